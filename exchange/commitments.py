"""What a bidder commits himself to when he signs up for a lot: the text, and the digest that is kept with the sign-up.

Belongs here: the sentences, and how their digest is made. Does not belong here: who signs up and when (`sign_up`).
"""

from __future__ import annotations

import hashlib
from typing import Final

from msgspec import Struct

from exchange.lot_sheets import LotSheet
from exchange.texts import BothLanguages

POINTS: Final = (
    BothLanguages(
        "本人（本单位）已阅读本标的的公告、标的说明、竞价规则和附件，了解标的现状，自愿按现状参加竞买。",
        "I have read this lot's notice, description, terms and documents, and take it in the condition it is in.",
    ),
    BothLanguages(
        "本人（本单位）具备公告要求的竞买资格，所提供的信息真实、完整。",
        "I am eligible as the notice asks, and what I have stated of myself is true and complete.",
    ),
    BothLanguages(
        "保证金由本人（本单位）自己的银行账户在截止时间前缴纳；他人代缴或逾期到账的，不作为竞买保证金。",
        "The deposit comes from my own bank account before the deadline; other money, or late money, does not count.",
    ),
    BothLanguages(
        "每一次报价（含代理报价）一经系统受理即不可撤回；是否在截止前，以系统受理的先后和时间为准。",
        "A bid, or a max bid, cannot be withdrawn once it is accepted; whether it is in time is decided by when the "
        "exchange takes it.",
    ),
    BothLanguages(
        "竞得后按公告规定的期限签订成交确认书和合同，并付清价款；违约的，保证金按规则处理，不予退还的部分以规则为准。",
        "If the lot is knocked down to me I sign and pay within the time that the notice sets; if I do not, the rules "
        "say what becomes of the deposit.",
    ),
    BothLanguages(
        "不与他人串通报价，不扰乱竞价秩序。",
        "I do not collude with other bidders and do not disturb the bidding.",
    ),
)


class Commitment(Struct, frozen=True):
    """The text of a lot's commitment; `sha256` is that of `zh`, an empty line, `en` and a line's end, in UTF-8."""

    text: BothLanguages
    sha256: str


def commitment(sheet: LotSheet) -> Commitment:
    """Return what somebody commits himself to who signs up for a lot; the same for the same lot, for ever."""
    text = BothLanguages(_chinese(sheet), _english(sheet))
    return Commitment(text, hashlib.sha256(f"{text.zh}\n\n{text.en}\n".encode()).hexdigest())


def _chinese(sheet: LotSheet) -> str:
    card, rules = sheet.card, sheet.rules
    title = "" if rules.rulebook_title is None else f"《{rules.rulebook_title.zh}》"
    under = "适用公告所列规则"
    if rules.rulebook:
        under = f"适用规则：{title}{rules.rulebook}（SHA-256 {rules.rulebook_digest}）"
    points = [f"{number}. {point.zh}" for number, point in enumerate(POINTS, 1)]
    return "\n".join((f"竞买承诺：{card.title.zh}（{card.code}）", under, *points))


def _english(sheet: LotSheet) -> str:
    card, rules = sheet.card, sheet.rules
    title = "" if rules.rulebook_title is None else f"{rules.rulebook_title.en}, "
    under = "Under the terms in the notice"
    if rules.rulebook:
        under = f"Under the rulebook {title}{rules.rulebook} (SHA-256 {rules.rulebook_digest})"
    points = [f"{number}. {point.en}" for number, point in enumerate(POINTS, 1)]
    return "\n".join((f"Bidder's commitment: {card.title.en} ({card.code})", under, *points))
