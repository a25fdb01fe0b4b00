"""What finance reads when something from the bank is not taken as it stands: receipts, statements, answers to payments.

Belongs here: words, in both languages, for each code of a receipt, a statement's line, a file of results and what is
done with money in suspense. Does not belong here: when they are given (`ledger.bank`, `ledger.payouts`), acts inside
the centre (`gateways.finance_messages`).
"""

from __future__ import annotations

from typing import Final

from gateways.message import Message

RECEIPTS: Final = {
    "unknown_reference": Message(
        "没有与该子账号对应的保证金。",
        "No deposit has this reference.",
        "款项已记入待查；请核对子账号后由财务处理。",
        "The money is in suspense; check the reference and let finance assign it.",
    ),
    "payment_returned": Message(
        "这是本中心付出的款项被银行退回。",
        "This is a payment of the centre that came back.",
        "款项已记入待查；请财务将其记回原付款。",
        "The money is in suspense; finance joins it with the payout that it came from.",
    ),
    "ambiguous_reference": Message(
        "附言中有多个有效的子账号。",
        "The payment names more than one deposit.",
        "款项已记入待查，由财务核对后入账。",
        "The money is in suspense for finance to assign.",
    ),
    "wrong_currency": Message(
        "币种与标的不符。",
        "The currency is not the lot's.",
        "款项已记入待查，由财务处理。",
        "The money is in suspense for finance to deal with.",
    ),
    "lot_closed": Message(
        "款项到账时标的已经结束。",
        "The money came after the lot had ended.",
        "款项已记入待查，由财务退还。",
        "The money is in suspense; finance returns it.",
    ),
    "deadline_passed": Message(
        "款项到账时已过保证金缴纳截止时间。",
        "The money came after the deadline for the deposit.",
        "款项已记入待查，由财务退还。",
        "The money is in suspense; finance returns it.",
    ),
    "payer_mismatch": Message(
        "付款人与竞买人不一致。",
        "The payer is not the bidder.",
        "保证金须由竞买人本人账户缴纳；款项已记入待查。",
        "A deposit must come from the bidder's own account; the money is in suspense.",
    ),
    "receipt_id_missing": Message(
        "银行回单没有编号。",
        "The receipt has no id.",
        "请补上银行的回单编号。",
        "Add the bank's own id of the receipt.",
    ),
    "text_not_bookable": Message(
        "文字过长或含有控制字符。",
        "A text is too long or contains control characters.",
        "请更正后重新录入。",
        "Correct it and enter it again.",
    ),
    "amount_not_positive": Message(
        "金额须大于零。", "The amount must be above zero.", "请更正金额。", "Correct the amount."
    ),
    "amount_too_large": Message(
        "金额超出单笔上限。",
        "The amount is above what one payment may carry.",
        "请核对金额的位数。",
        "Check the amount's digits.",
    ),
    "currency_unknown": Message(
        "账簿不支持该币种。", "The ledger does not book this currency.", "请核对币种。", "Check the currency."
    ),
    "received_at_out_of_range": Message(
        "到账时间不在可记账的范围内。",
        "The time of receipt lies outside what can be booked.",
        "请核对到账时间。",
        "Check the time of receipt.",
    ),
    "exists_with_different_reference": Message(
        "同一编号的回单已入账，但子账号不同。",
        "A receipt of this id is booked with another reference.",
        "请与银行核对回单。",
        "Check the receipt with the bank.",
    ),
    "exists_with_different_amount": Message(
        "同一编号的回单已入账，但金额不同。",
        "A receipt of this id is booked with another amount.",
        "请与银行核对回单。",
        "Check the receipt with the bank.",
    ),
    "exists_with_different_currency": Message(
        "同一编号的回单已入账，但币种不同。",
        "A receipt of this id is booked with another currency.",
        "请与银行核对回单。",
        "Check the receipt with the bank.",
    ),
    "exists_with_different_payer_name": Message(
        "同一编号的回单已入账，但付款人不同。",
        "A receipt of this id is booked with another payer.",
        "请与银行核对回单。",
        "Check the receipt with the bank.",
    ),
    "exists_with_different_received_at": Message(
        "同一编号的回单已入账，但到账时间不同。",
        "A receipt of this id is booked with another time.",
        "请与银行核对回单。",
        "Check the receipt with the bank.",
    ),
}

STATEMENTS: Final = {
    "empty": Message("文件是空的。", "The file is empty.", "请核对所选文件。", "Check which file you chose."),
    "format_unknown": Message(
        "无法识别的文件格式。",
        "The file is neither XML, JSON nor CSV.",
        "请上传 camt.053、camt.054 或 CSV 文件。",
        "Send camt.053, camt.054 or CSV.",
    ),
    "wrong_encoding": Message(
        "文字编码有误。",
        "The text is not in the encoding that it claims.",
        "请以 UTF-8 或 GB18030 保存后重新上传。",
        "Save it as UTF-8 or GB18030 and send it again.",
    ),
    "not_csv": Message(
        "文件不是有效的 CSV。", "The file is not CSV.", "请核对所列行。", "Check the line that is named."
    ),
    "not_json": Message(
        "报文不是有效的 JSON。", "The notice is not JSON.", "请与银行核对接口。", "Ask the bank."
    ),
    "too_complex": Message(
        "文件结构过于复杂。",
        "The file is built too intricately.",
        "请核对文件来源。",
        "Find out who made the file.",
    ),
    "column_missing": Message(
        "CSV 缺少必需的列。", "A column is missing.", "请补上所列的列。", "Add the column that is named."
    ),
    "column_unknown": Message(
        "CSV 含有无法识别的列。",
        "A column is unknown.",
        "请按说明更正表头。",
        "Correct the heading that is named.",
    ),
    "value_too_long": Message(
        "有内容过长。",
        "A value is too long.",
        "请按所列行号更正。",
        "Shorten the value in the line that is named.",
    ),
    "date_malformed": Message(
        "日期格式有误。", "A date cannot be read.", "请写作 2026-03-01。", "Write it as 2026-03-01."
    ),
    "currency_missing": Message(
        "没有写明币种。", "The currency is missing.", "请补上币种。", "Add the currency."
    ),
    "amount_malformed": Message(
        "金额格式有误。", "An amount cannot be read.", "请写作 12300.50。", "Write it as 12300.50."
    ),
    "amount_negative": Message(
        "金额不能为负。", "An amount is negative.", "请以借贷标志表示方向。", "Say credit or debit instead."
    ),
    "amount_too_precise": Message(
        "金额小数位数过多。",
        "An amount has more decimals than its currency.",
        "请核对所列行的金额。",
        "Check the amount in the line that is named.",
    ),
    "too_many_movements": Message(
        "文件中的明细过多。",
        "The file has too many movements.",
        "请分成多个文件。",
        "Split it into several files.",
    ),
    "duplicate_bank_reference": Message(
        "文件中银行流水号重复。",
        "A bank reference stands twice in the file.",
        "请与银行核对；若确为不同款项，请勾选允许重复。",
        "Ask the bank; if they are different payments, say so when you send it.",
    ),
    "duplicate_end_to_end_id": Message(
        "文件中端到端标识重复。",
        "An end-to-end id stands twice in the file.",
        "请与银行核对是否重复付款。",
        "Ask the bank whether it is one payment.",
    ),
    "not_balanced": Message(
        "对账单不平：期初加发生额不等于期末。",
        "The statement does not balance: opening and movements do not give the closing.",
        "请按所列差额与银行核对。",
        "Take the difference that is named to the bank.",
    ),
    "currency_differs": Message(
        "币种与登记账户不符。",
        "The currency is not that of the account.",
        "请核对账户与币种。",
        "Check the account and its currency.",
    ),
    "account_unknown": Message(
        "对账单的账户未登记。",
        "The statement is of an account that is not entered.",
        "请先登记该银行账户。",
        "Enter the bank account first.",
    ),
    "account_not_of_sender": Message(
        "报文涉及的账户不属于该发送方。",
        "The sender may not speak of this account.",
        "请核对银行密钥所属账户。",
        "Check which account the key belongs to.",
    ),
    "message_id_reused": Message(
        "同一报文编号已用于另一份文件。",
        "Another file came under the same message id.",
        "请与银行核对。",
        "Ask the bank which one counts.",
    ),
    "statement_already_taken": Message(
        "该对账单已经导入。",
        "This statement was taken before.",
        "无需重复导入。",
        "There is nothing more to do.",
    ),
    "receipt_differs": Message(
        "同一流水号已入账，但内容不同。",
        "A movement is booked already with other details.",
        "请与银行核对该流水。",
        "Ask the bank about that movement.",
    ),
    "receipt_not_bookable": Message(
        "有款项无法入账。",
        "A movement cannot be booked.",
        "请按所列原因核对。",
        "See the reason that is named.",
    ),
    "balance_missing": Message(
        "对账单缺少余额。",
        "The statement names no balances.",
        "无法核对余额，请向银行索取完整对账单。",
        "Completeness cannot be proven; ask for a full statement.",
    ),
    "parts_do_not_add_up": Message(
        "汇总入账的明细合计与总额不符。",
        "The parts of a collective booking do not add up.",
        "已按整笔处理，请与银行核对。",
        "It was taken as one; ask the bank.",
    ),
    "repeated_end_to_end_id": Message(
        "端到端标识重复出现。",
        "An end-to-end id is repeated.",
        "请核对是否重复付款。",
        "Look whether somebody paid twice.",
    ),
    "chain_broken": Message(
        "期初余额与上一份期末不符，可能缺少对账单。",
        "The opening is not the closing before: a statement may be missing.",
        "请补齐缺少的对账单。",
        "Take in the statement between.",
    ),
    "credit_reversed": Message(
        "银行冲回了一笔入账。",
        "The bank took a credit back.",
        "请核对并在对账中处理。",
        "Deal with it in reconciliation.",
    ),
}

SUSPENSE: Final = {
    "receipt_unknown": Message(
        "没有这笔到账。", "There is no such receipt.", "请核对流水号。", "Check the receipt's number."
    ),
    "not_in_suspense": Message(
        "该笔到账不在待查款项中。",
        "The receipt is not in suspense.",
        "无需处理。",
        "There is nothing to work off.",
    ),
    "already_worked_off": Message(
        "该笔待查款已处理。",
        "Somebody has worked this receipt off.",
        "请刷新后查看结果。",
        "Load it again to see how.",
    ),
    "deposit_unknown": Message(
        "没有对应的保证金。",
        "There is no such deposit.",
        "请核对标的与竞买人。",
        "Check the lot and bidder again.",
    ),
    "slug_malformed": Message(
        "账户简称有误。",
        "The short name is malformed.",
        "请使用小写字母、数字和连字符。",
        "Use lower-case letters, digits and hyphens.",
    ),
    "number_malformed": Message(
        "银行账号有误。",
        "The account's number is malformed.",
        "请核对账号。",
        "Check the number of the account.",
    ),
    "utc_offset_out_of_range": Message(
        "时差超出范围。", "There is no such offset from UTC.", "中国为 480 分钟。", "China's is 480 minutes."
    ),
    "bank_account_differs": Message(
        "同名银行账户已登记，但内容不同。",
        "The bank account is entered with other details.",
        "请使用另一简称。",
        "Choose another short name.",
    ),
    "number_taken": Message(
        "该账号已用另一简称登记。",
        "The number is entered under another name.",
        "请使用已登记的账户。",
        "Use the account that is there.",
    ),
    "bank_account_unknown": Message(
        "没有登记这个银行账户。", "No bank account has this name.", "请核对简称。", "Check the short name."
    ),
    "key_unknown": Message(
        "没有有效的银行密钥。",
        "No such key is in force.",
        "请登记新密钥并告知银行。",
        "Make a new key and give it to the bank.",
    ),
    "signature_missing": Message(
        "报文没有签名。",
        "The notice is not signed.",
        "请与银行核对接口。",
        "The sender must sign what he sends.",
    ),
    "timestamp_malformed": Message(
        "时间戳有误。",
        "The timestamp is malformed.",
        "应为自 1970 年起的整秒数。",
        "It is whole seconds since the Unix epoch.",
    ),
    "signature_wrong": Message(
        "签名不符。",
        "The signature does not fit.",
        "请核对密钥与签名方法。",
        "Check the key and what is signed.",
    ),
    "timestamp_too_old": Message(
        "报文已过期。", "The notice is too old.", "请重新签名后发送。", "Sign it anew and send it again."
    ),
    "timestamp_in_future": Message(
        "报文时间晚于现在。",
        "The notice comes from the future.",
        "请校准发送方时钟。",
        "Set the sender's clock.",
    ),
}

RESULT_FILES: Final = {
    # An empty, garbled or tangled file is told in the words for statements.
    "too_large": Message(
        "文件超过大小上限。",
        "The file is above the largest size.",
        "请向银行索取分拆的文件。",
        "Ask for smaller files.",
    ),
    "not_xml": Message(
        "文件不是有效的 XML。",
        "The file is not XML.",
        "请核对文件是否完整。",
        "Check whether the file is whole.",
    ),
    "doctype_not_allowed": Message(
        "文件含有文档类型声明，已拒收。",
        "The file declares a document type, which is never taken.",
        "请向银行索取不含 DTD 与实体的文件。",
        "Ask the bank for a file without entities.",
    ),
    "message_unknown": Message(
        "无法识别的报文类型。",
        "The message is of a kind that is not read here.",
        "付款回执请用 pain.002 或 camt.054，对账单请用 camt.053、camt.054 或 CSV。",
        "Results come as pain.002 or camt.054, statements as camt.053, camt.054 or CSV.",
    ),
    "element_missing": Message(
        "文件缺少必需的内容。",
        "The file lacks a necessary element.",
        "请与银行核对。",
        "Ask the bank about it.",
    ),
    "value_malformed": Message(
        "文件中有内容格式错误。",
        "A value in the file is malformed.",
        "请按所列行号核对。",
        "See the line that is named.",
    ),
}

RESULT_LINES: Final = {
    "paid": Message("已付讫。", "Paid.", "无需处理。", "Nothing is to be done."),
    "rejected": Message(
        "银行拒付。",
        "The bank rejected it.",
        "款项恢复为应退，请按原因处理。",
        "It is owed again; see the bank's reason.",
    ),
    "repeated": Message(
        "此前已知，未重复处理。",
        "Known already; nothing changed.",
        "无需再处理。",
        "Nothing more is to be done.",
    ),
    "underway": Message(
        "银行处理中。", "The bank is still at work on it.", "请等待最终结果。", "Wait for the final answer."
    ),
    "status_unknown": Message(
        "无法识别的银行状态。",
        "The bank's word is not known.",
        "请向银行查询。",
        "Ask the bank what it means.",
    ),
    "other_batch": Message(
        "该款项属于另一批次。",
        "The payout went with another batch.",
        "请与银行核对。",
        "Clear it up with the bank.",
    ),
    "amount_differs": Message(
        "金额不符。", "The amounts differ.", "请与银行逐笔核对。", "Compare it with the bank item by item."
    ),
    "file_contradicts_itself": Message(
        "文件前后矛盾。",
        "The file contradicts itself.",
        "请向银行查询该文件。",
        "Ask the bank about the file.",
    ),
    "bank_saw_duplicate": Message(
        "银行视为重复付款。",
        "The bank took it for a duplicate.",
        "请先核实原付款是否已付，再行处理。",
        "Find out whether the first one was paid.",
    ),
    "not_sent": Message(
        "该款项尚未标记为已发送。",
        "It is not marked as sent.",
        "请核对批次是否已发送。",
        "Check whether its batch went out.",
    ),
    "contradicts_state": Message(
        "与已记录的结果矛盾。",
        "It contradicts what was recorded before.",
        "请向银行书面查询。",
        "Ask the bank in writing.",
    ),
    "returned": Message(
        "收款行已退回。",
        "The payee's bank sent it back.",
        "请在待查收款中找到该笔到账并记回。",
        "Join it with the receipt in suspense.",
    ),
    "bank_has_too_little": Message(
        "账面银行存款不足以记账。",
        "The bank account of the books holds too little.",
        "请先导入银行对账单。",
        "Take in the bank's statement first.",
    ),
}

BANK_MESSAGES: Final = RECEIPTS | RESULT_FILES | RESULT_LINES | STATEMENTS | SUSPENSE
