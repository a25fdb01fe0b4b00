"""What somebody agrees to who makes an account for himself: terms of use and what becomes of his data, by digest.

Belongs here: the sentences. Does not belong here: who agreed and when (`registration`).
"""

from __future__ import annotations

import hashlib
from typing import Final

from exchange.commitments import Commitment
from exchange.texts import BothLanguages

TITLE: Final = BothLanguages("用户协议与个人信息说明", "Terms of use, and what becomes of your data")
POINTS: Final = (
    BothLanguages(
        "注册免费。任何地区的自然人、法人和其他组织均可注册；注册不是竞买资格，资格以各标的公告为准。",
        "Registering is free and open to people and organisations of any region. It does not make you eligible for a "
        "lot: each lot's notice says who is.",
    ),
    BothLanguages(
        "所填身份信息应当真实，并与银行账户户名一致；变更后须重新填报。一个证件号码只用于一个竞买账户。",
        "What you state of yourself is true and in the name of your bank account; when it changes you state it anew. "
        "One identity number stands behind one bidding account.",
    ),
    BothLanguages(
        "请自行保管密码；以本账户作出的报名和报价视为本人（本单位）行为。发现他人使用的，请立即修改密码并联系交易中心。",
        "Keep your password to yourself: sign-ups and bids made with this account count as yours. If somebody else "
        "uses it, change the password at once and tell the trading centre.",
    ),
    BothLanguages(
        "收集的信息：姓名或名称、证件种类和号码、联系电话；单位另有代表人和经办人；所在地选填。"
        "用途仅限核验身份、收退保证金、签署成交文件和依法处理异议。",
        "What is collected: name, kind and number of a document, a telephone; of organisations also who "
        "represents them and who acts; the region only if you like. It serves to check who bids, to take and return "
        "deposits, to sign "
        "the papers of a sale, and to answer objections under the law.",
    ),
    BothLanguages(
        "竞价过程只公开竞买号。证件号码和电话在系统中遮盖显示，工作人员查看全文须说明理由并留痕；"
        "除依法应当提供的外，不提供给他人。",
        "While bidding goes on the public sees paddle numbers only. Numbers and telephones are shown masked; staff who "
        "read them in full give a reason, which stays on record. Nobody else gets them unless the law requires it.",
    ),
    BothLanguages(
        "报名、报价和成交记录依法保存，不能删除。您可以随时查看、更正本人信息；撤回同意或注销账户请联系交易中心，"
        "已形成的交易记录不受影响。",
        "Records of sign-ups, bids and sales are kept as the law requires and cannot be deleted. You can see "
        "and correct what is on file of you at any time; to withdraw consent or close the account speak to the "
        "trading centre. "
        "Records of what has happened stay.",
    ),
)


def terms_of_use() -> Commitment:
    """Return the terms in both languages with the digest by which they are kept."""
    text = BothLanguages(
        "\n".join((TITLE.zh, *(f"{number}. {point.zh}" for number, point in enumerate(POINTS, 1)))),
        "\n".join((TITLE.en, *(f"{number}. {point.en}" for number, point in enumerate(POINTS, 1)))),
    )
    return Commitment(text, hashlib.sha256(f"{text.zh}\n\n{text.en}\n".encode()).hexdigest())
