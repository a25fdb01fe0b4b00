"""What finance reads when the ledger refuses an act or a file: a sentence for each code, in both languages.

Belongs here: words for the ledger's own codes. Does not belong here: when they are given (`ledger`), what comes
from the bank and goes to it (`gateways.bank_messages`), the codes of HTTP itself (`gateways.messages`).
"""

from __future__ import annotations

from typing import Final

from gateways.message import Message

API: Final = {
    "NOT_ON_FILE": Message(
        "没有这条记录。",
        "There is no such record.",
        "请核对编号后重新查询。",
        "Check the number and look again.",
    ),
    "REFUSED_BY_LEDGER": Message(
        "账簿不接受此操作。",
        "The ledger does not do this.",
        "请查看所列原因；账簿没有任何变动。",
        "Read the reason that is given; nothing has changed.",
    ),
    "NOTICE_NOT_BELIEVED": Message(
        "无法证实报文来自银行。",
        "It is not proven that this notice is the bank's.",
        "请按所列原因检查密钥、时间戳与签名。",
        "Check key, timestamp and signature.",
    ),
    "FILE_REFUSED": Message(
        "文件未被接收。",
        "The file was not taken.",
        "请按所列原因更正；文件中没有任何内容入账。",
        "Correct what is named; nothing of the file was booked.",
    ),
}

PAYOUTS: Final = {
    "payee_name_missing": Message(
        "缺少收款人名称。", "The payee has no name.", "请补上收款人名称。", "Add the payee's name."
    ),
    "payee_account_malformed": Message(
        "收款账号格式有误。",
        "The payee's account is not a possible account number.",
        "请核对账号或 IBAN。",
        "Check the account number or IBAN.",
    ),
    "payee_bank_malformed": Message(
        "收款银行代码有误。",
        "The payee's bank is neither a BIC nor twelve digits.",
        "请填写 BIC 或十二位联行号。",
        "Enter the BIC, or the twelve digits of the bank.",
    ),
    "receipt_missing": Message(
        "没有可退的待查款项。",
        "No receipt in suspense covers this.",
        "请核对银行流水号与金额。",
        "Check the receipt's number and the amount.",
    ),
    "source_not_of_kind": Message(
        "该账户不能用于此类付款。",
        "This kind of payout is not paid out of that account.",
        "请核对付款种类与账户。",
        "Check the kind of payout and the account.",
    ),
    "source_unknown": Message(
        "账簿中没有该账户。",
        "The ledger has no such account.",
        "请核对账户代码。",
        "Check the account's code.",
    ),
    "source_of_other_currency": Message(
        "账户币种与付款币种不符。",
        "The account is in another currency than the payout.",
        "请选择同币种账户。",
        "Choose an account in the same currency.",
    ),
    "cause_has_other_payout": Message(
        "该事由已有另一笔付款。",
        "Another payout was made for this cause.",
        "请查看已有付款，避免重复支付。",
        "Look at the payout that is there; nothing is paid twice.",
    ),
    "source_has_too_little": Message(
        "账户可用余额不足。",
        "The account has less than this.",
        "请核对金额，并查看已在途的付款。",
        "Check the amount and what is promised already.",
    ),
    "payout_unknown": Message(
        "没有这笔付款。", "There is no such payout.", "请核对付款编号。", "Check the payout's number."
    ),
    "batch_unknown": Message(
        "没有这个付款批次。", "There is no such batch.", "请核对批次编号。", "Check the batch's number."
    ),
    "paying_account_unknown": Message(
        "没有登记这个付款账户。",
        "No account to pay from has this name.",
        "请先登记本中心的付款账户。",
        "Enter the centre's account first.",
    ),
    "paying_account_differs": Message(
        "同名付款账户已登记，但内容不同。",
        "The account to pay from is entered with other details.",
        "请使用另一个名称登记。",
        "Enter it under another name.",
    ),
    "version_unknown": Message(
        "不支持该 pain.001 版本。",
        "Files of this version are not made.",
        "请选择 001.001.03 或 001.001.09。",
        "Choose 001.001.03 or 001.001.09.",
    ),
    "state_differs": Message(
        "当前状态不允许此操作。",
        "This cannot be done to it as it stands.",
        "可能他人已处理；请刷新后查看。",
        "Somebody may have been quicker: load it again.",
    ),
    "nothing_to_batch": Message(
        "没有已复核、待付的款项。",
        "No approved payout waits for a file.",
        "请先由第二人复核。",
        "Have payouts approved first.",
    ),
    "batch_withdrawn": Message(
        "该批次已经撤回。",
        "The batch has been withdrawn.",
        "其中的款项须重新提出、复核并制作新文件。",
        "Propose and approve its payouts anew; they go into another file.",
    ),
    "withdrawal_proposed": Message(
        "已有人提出撤回该批次。",
        "Somebody wants the batch withdrawn.",
        "请由另一人确认或否决撤回。",
        "Let another person confirm or decline that first.",
    ),
    "withdrawal_not_proposed": Message(
        "没有人提出撤回该批次。",
        "Nobody wants the batch withdrawn.",
        "请先由一人提出并说明理由。",
        "Let one person propose it first, with the reason.",
    ),
    "batch_already_sent": Message(
        "该批次已经发送。", "The batch has been sent.", "无需再次发送。", "There is nothing more to do."
    ),
    "person_missing": Message(
        "此操作必须由具体人员办理。",
        "Only a person can do this.",
        "请以本人账户登录后办理。",
        "Sign in with an account of your own.",
    ),
    "same_person": Message(
        "经办人不能复核自己经办的事项。",
        "Nobody confirms what he made himself.",
        "请由另一人复核。",
        "Let another person do it.",
    ),
    "payee_account_missing": Message(
        "尚未填写收款账号。",
        "It is not known where the money goes.",
        "请先填写收款账号。",
        "Enter the payee's account first.",
    ),
    "reason_missing": Message("须说明理由。", "A reason is needed.", "请填写理由。", "Say why."),
    "receipt_not_the_return": Message(
        "该笔到账与原付款不符，不能记为退回。",
        "That receipt is not this payout come back.",
        "请核对流水号、金额与币种。",
        "Check the receipt's number, amount and currency.",
    ),
}

CLOCKS: Final = {
    "lot_not_settled": Message(
        "该标的尚未结算。",
        "The lot has not been settled.",
        "请在标的结束后办理。",
        "Come back when the lot has ended.",
    ),
    "signed_in_the_future": Message(
        "签约时间晚于现在。",
        "The contract was signed later than now.",
        "请核对签约时间。",
        "Check the time of signing.",
    ),
    "signed_before_bidding_ended": Message(
        "签约时间早于竞价结束。",
        "The contract was signed before bidding ended.",
        "请核对签约时间。",
        "Check the time of signing.",
    ),
    "exists_with_other_moment": Message(
        "该标的的签约时间已登记，且不同。",
        "Another time of signing is on file.",
        "签约时间只能登记一次；请核对。",
        "It is entered once; check which one is right.",
    ),
}

DEFAULTS: Final = {
    "not_defaulted": Message(
        "该竞买人没有违约记录。",
        "This bidder did not default.",
        "请核对标的与竞买人。",
        "Check the lot and the bidder.",
    ),
    "no_deposit_held": Message(
        "没有可处置的冻结保证金。",
        "No deposit is held for this bidder.",
        "无需处置。",
        "There is nothing to divide.",
    ),
    "already_settled": Message(
        "该违约已处置完毕。",
        "This default has been settled.",
        "无需再次处置。",
        "There is nothing more to do.",
    ),
    "other_proposal_open": Message(
        "已有另一份处置方案待复核。",
        "Another proposal waits for a second person.",
        "请先复核或否决该方案。",
        "Post or decline that one first.",
    ),
    "nothing_proposed": Message(
        "没有待复核的处置方案。",
        "Nothing was proposed to divide.",
        "请先提出处置方案。",
        "Propose how it is divided first.",
    ),
    "reason_not_bookable": Message(
        "理由文字过长或含控制字符。",
        "The reason is too long or contains control characters.",
        "请更正理由。",
        "Write it shorter and plainly.",
    ),
    "claim_amount_not_positive": Message(
        "主张金额须大于零。", "A claim must be above zero.", "请更正金额。", "Correct the amount."
    ),
    "claim_ground_missing": Message(
        "缺少主张的依据。", "A claim has no ground.", "请填写依据。", "Say what it is based on."
    ),
    "claim_ground_not_bookable": Message(
        "依据文字过长或含控制字符。",
        "A claim's ground is too long or contains control characters.",
        "请更正依据。",
        "Write it shorter and plainly.",
    ),
    "claim_twice": Message(
        "同类主张只能有一项。",
        "Two claims are of the same kind.",
        "请合并同类主张。",
        "Add them up into one.",
    ),
    "claim_not_of_order": Message(
        "该标的的规则不支持此类主张。",
        "The lot's order knows no such claim.",
        "请查看该标的适用的清偿顺序。",
        "Look at the order that the lot's rulebook names.",
    ),
}

PERIODS: Final = {
    "time_zone_differs": Message(
        "时区设置与账簿不一致。",
        "The books were closed in another time zone.",
        "请恢复原时区设置。",
        "Set the time zone back.",
    ),
    "already_closed": Message(
        "该期间已经结账。",
        "The period is closed.",
        "更正请在开放日冲销。",
        "Reverse on an open day what was wrong.",
    ),
    "not_over": Message(
        "该期间尚未结束。", "The period is not over.", "请在结束后结账。", "Close it when it is over."
    ),
    "earlier_period_open": Message(
        "此前的期间尚未结账。", "An earlier period is open.", "请按顺序结账。", "Close them in order."
    ),
    "days_open": Message(
        "该月仍有未结账的日期。", "A day of the month is open.", "请先逐日结账。", "Close its days first."
    ),
    "statement_missing": Message(
        "缺少该日的银行对账单。",
        "A bank statement of the day is missing.",
        "请导入对账单，或说明理由后强制结账。",
        "Take it in, or close with a reason.",
    ),
    "not_reconciled": Message(
        "银行与账簿尚有差异。",
        "Bank and books differ.",
        "请先对账，或说明理由后强制结账。",
        "Reconcile first, or close with a reason.",
    ),
    "not_proposed": Message(
        "尚未有人提出结账。",
        "Nobody has proposed to close it.",
        "请先由会计提出结账。",
        "Let an accountant propose it first.",
    ),
}

NOTES: Final = {
    "part_paid": Message(
        "保证金未缴足。", "The deposit is not whole yet.", "等待补足余款。", "The rest is still to come."
    ),
    "overpaid": Message(
        "缴款多于应缴。",
        "More was paid than is required.",
        "多缴部分将随保证金退还。",
        "It goes back with the deposit.",
    ),
    "booked_in_parts": Message(
        "此前已逐笔入账。", "Its parts were booked before.", "未重复入账。", "Nothing was booked twice."
    ),
    "booked_as_one": Message(
        "此前已整笔入账。",
        "It was booked as one before.",
        "无需再次入账。",
        "It is not booked a second time.",
    ),
    "parts_replace_one": Message(
        "明细已替换此前的整笔待查款。",
        "The parts replace what lay in suspense as one.",
        "请核对各笔明细。",
        "See each of the parts.",
    ),
    "corrected_reference": Message(
        "更正一位后与子账号相符。",
        "The reference is right but for a slip of the pen.",
        "核对后一键入账。",
        "Assign it if you agree.",
    ),
    "same_payer_and_amount": Message(
        "付款人与金额均相符。", "Payer and amount fit.", "请确认后入账。", "One click assigns it."
    ),
    "same_payer": Message(
        "付款人相符。", "The payer fits.", "请核对金额后入账。", "Look at the amount, then assign it."
    ),
    "named_deposit": Message(
        "附言写明了该保证金。",
        "The payment names this deposit.",
        "请确认后处理。",
        "Agree or choose otherwise.",
    ),
    "no_deposit_found": Message(
        "未找到对应的保证金。", "No deposit fits.", "可一键提出退款。", "One click proposes to return it."
    ),
    "not_acceptable": Message(
        "按规则不能接收。", "The rules do not let it be taken.", "请提出退款。", "It has to be returned."
    ),
    "own_payout_returned": Message(
        "这是本中心付款被退回。",
        "It is a payout of ours come back.",
        "请记回原付款。",
        "Join it with the payout.",
    ),
}

RECONCILIATION: Final = {
    "note_missing": Message("须写明说明。", "A note is missing.", "请填写说明。", "Say why, in a few words."),
    "note_not_bookable": Message(
        "说明过长或含控制字符。",
        "The note is too long or contains control characters.",
        "请更正说明。",
        "Write a shorter, plain note.",
    ),
    "lines_missing": Message(
        "没有选择任何记录。", "No lines are named.", "请选择要匹配的记录。", "Choose the lines."
    ),
    "line_unknown": Message(
        "所选记录不属于该账户。",
        "A line is not of this account.",
        "请刷新后重选。",
        "Load it again and choose anew.",
    ),
    "line_already_matched": Message(
        "所选记录已经匹配。", "A line is matched already.", "请刷新后查看。", "Load the list again."
    ),
    "sums_differ": Message(
        "两边合计不相等。",
        "Both sides do not add up to the same.",
        "请补选记录，或提出差额处理。",
        "Choose the lines that are missing, or propose a write-off.",
    ),
    "nothing_to_write_off": Message(
        "没有需要处理的差额。", "There is no difference to book.", "无需处理。", "Match the lines instead."
    ),
    "proposal_unknown": Message(
        "没有这份提议。", "There is no such proposal.", "请核对编号。", "Check the proposal's number."
    ),
    "already_decided": Message(
        "该提议已有结论。", "The proposal was decided.", "请刷新后查看。", "Look who decided it, and how."
    ),
    "opening_differs": Message(
        "期初余额与账簿不符。",
        "The first opening balance is not in the books.",
        "请由会计提出期初差额处理。",
        "Propose to book the opening balance.",
    ),
    "statement_gap": Message(
        "对账单之间有缺口。",
        "Something is missing between statements.",
        "请补齐对账单。",
        "Ask for what lies between.",
    ),
    "duplicate_in_bank": Message(
        "银行记录疑似重复。",
        "The bank says it twice.",
        "请与银行核对。",
        "Ask the bank which of them is real.",
    ),
    "duplicate_in_books": Message(
        "账簿记录疑似重复。", "The books say it twice.", "请冲销多记的一笔。", "Reverse the one too many."
    ),
    "in_bank_not_in_books": Message(
        "银行已记、账簿未记。",
        "It is at the bank and not in the books.",
        "请查明后补记。",
        "Find out what it is.",
    ),
    "in_books_not_in_bank": Message(
        "账簿已记、银行未记。",
        "It is in the books and not at the bank.",
        "请等待下一份对账单，或查明。",
        "Wait for the next statement, or look into it.",
    ),
    "day_differs": Message(
        "已匹配，但日期不同。", "It is matched, on another day.", "无需处理。", "It explains itself."
    ),
}

REVERSALS: Final = {
    "posting_unknown": Message(
        "没有这笔分录。", "There is no such posting.", "请核对转账编号。", "Check the transfer's id."
    ),
    "is_reversal": Message(
        "冲销分录不能再冲销。", "A reversal is not reversed.", "请重新记一笔。", "Book it anew instead."
    ),
    "moved_nothing": Message(
        "该分录没有移动资金。", "The posting moved nothing.", "无需冲销。", "There is nothing to undo."
    ),
    "has_own_procedure": Message(
        "该分录须经专门程序更正。",
        "What it belongs to has a procedure of its own.",
        "付款请否决、撤销或登记退回；冻结随标的结束。",
        "Decline, cancel or take back a payout; a hold ends with its lot.",
    ),
    "hold_has_ended": Message(
        "该冻结已经结束。", "The hold has ended.", "请冲销其后的分录。", "Reverse what came after it."
    ),
    "already_reversed": Message(
        "该分录已经冲销。", "The posting was reversed.", "无需再次冲销。", "It is undone once and for all."
    ),
    "has_left_suspense": Message(
        "该笔待查款项已被处理。",
        "The money has left suspense.",
        "请先冲销入账，或撤销退款。",
        "Reverse the assignment or stop the return first.",
    ),
    "takes_deposits_already": Message(
        "保证金已由该账户收取。",
        "This account takes the deposits already.",
        "无需更换。",
        "There is nothing to change.",
    ),
    "deposit_account_proposed": Message(
        "已有一项更换保证金账户的提议待复核。",
        "A change of the account for deposits waits for a second person.",
        "请先复核或否决该提议。",
        "Confirm or decline that one first.",
    ),
    "already_proposed": Message(
        "已有人提出冲销该分录。",
        "A reversal of it waits for a second person.",
        "请复核或否决该提议。",
        "Confirm or decline that one.",
    ),
    "breaks_promise": Message(
        "冲销会使账户透支：款项已继续流转。",
        "The money has gone on; undoing it would overdraw an account.",
        "请先冲销其后的分录。",
        "Reverse first what it went on with.",
    ),
}

PROCEEDS: Final = {
    "nothing_payable": Message(
        "没有可付的款项。",
        "Nothing is payable from there.",
        "可能已全部提出付款，或价款尚未到账。",
        "It may be in payouts already, or the price has not come in.",
    ),
}

FINANCE_MESSAGES: Final = (
    API | PAYOUTS | CLOCKS | DEFAULTS | NOTES | PERIODS | RECONCILIATION | REVERSALS | PROCEEDS
)
