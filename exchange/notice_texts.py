"""What the exchange itself says in notices: that a lot is put up, stands still, goes on, and how it ended.

Belongs here: the sentences, in Chinese and in English, made of facts that are public.
Does not belong here: when a notice is published (`exchange.notices`), who stands behind a paddle.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final, TypeAlias

from exchange.categories import Category
from exchange.notices import NewNotice, NoticeKind
from exchange.rulebooks.working_days import CENTRE_TIME
from exchange.texts import BothLanguages, halves
from ledger.exports.uppercase import uppercase_amount
from ledger.units import MINOR_DIGITS
from matching.details import Dimension, Supply
from matching.events import (
    Event,
    FreezeCause,
    LotAwarded,
    LotFrozen,
    LotPassed,
    LotResumed,
    LotSold,
    LotWithdrawn,
    PassReason,
)
from matching.terms import Direction
from matching.units import Amount, Quantity, TimeUs
from matching.view import LotView

if TYPE_CHECKING:
    from exchange.lot_sheets import NewLot

Line: TypeAlias = tuple[str, str, str, str]
"""A fact: what it is and what it says, in Chinese and in English."""

GRANTED: Final = frozenset({Category.LAND, Category.MINING, Category.EMISSION})
"""What the state grants (出让); everything else is transferred (转让)."""

PASS_REASONS: Final = {
    PassReason.NO_BIDS: ("无人报价", "nobody bid"),
    PassReason.BELOW_RESERVE: ("最高报价未达到保留价", "the highest bid did not reach the reserve price"),
    PassReason.TOO_FEW_BIDDERS: ("竞买人数不足", "there were too few bidders"),
    PassReason.DEFAULTED: ("竞得人未履约", "the buyer did not honour the bid"),
    PassReason.UNDERSUBSCRIBED: ("认购数量不足", "less was asked for than was offered"),
    PassReason.NOT_DRAWN: ("摇号未能按公告进行", "the draw could not be held as announced"),
}
AWARDS_LISTED_MAX: Final = 50
UNITS: Final = {"t": "吨", "kg": "公斤", "m²": "平方米", "plate": "个指标", "share": "股"}
"""What units that rulebooks write as signs are called in Chinese."""


def announcement(new: NewLot, rulebook: BothLanguages | None) -> NewNotice:
    """Return the notice with which a lot is put up; `rulebook` is the title of the one that it keeps."""
    category, terms = new.category, new.terms
    region = halves(new.region)
    seller = BothLanguages(new.seller_zh, new.seller_en)
    price, asked = money(terms.opening_price, terms.currency), money(new.deposit, terms.currency)
    opens = moment(terms.opens_at_us) if terms.opens_at_us else BothLanguages("由主持人开启", "by the host")
    is_rising = terms.direction is Direction.RISING
    first = ("起始价", "Opening price") if is_rising else ("最高限价", "Highest price")
    lines: list[Line] = [
        ("转让方（出让人）", seller.zh or seller.en, "Seller", seller.en or seller.zh),
        ("地区", region.zh, "Region", region.en),
        (first[0], price.zh, first[1], price.en),
        ("竞价开始", opens.zh, "Bidding opens", opens.en),
    ]
    if new.place is not None:
        address = new.place.address
        lines.append(("坐落", address.zh or address.en, "Address", address.en or address.zh))
    if new.deposit:
        lines.append(("竞买保证金", asked.zh, "Deposit", asked.en))
    if new.deposit_by_us:
        until = moment(new.deposit_by_us)
        lines.append(("保证金到账截止", until.zh, "Deposit to arrive by", until.en))
    if new.commission:
        share = f"{new.commission // 100}.{new.commission % 100:02d} %"
        lines.append(("佣金", f"成交价的 {share}", "Commission", f"{share} of the price"))
    if rulebook is not None:
        lines.append(("适用规则", rulebook.zh, "Rules", rulebook.en))
    lines.append(
        ("看样", new.inspection_zh or new.inspection_en, "Inspection", new.inspection_en or new.inspection_zh)
    )
    lines.append(("联系方式", new.contact_zh or new.contact_en, "Contact", new.contact_en or new.contact_zh))
    word = "出让公告" if category in GRANTED else "转让公告"
    return NewNotice(
        NoticeKind.ANNOUNCEMENT,
        BothLanguages(f"{word}：{new.title_zh}", f"Notice of sale: {new.title_en}"),
        _body(BothLanguages(new.description_zh, new.description_en), lines),
    )


def of_event(event: Event, view: LotView) -> NewNotice | None:
    """Return what a record of a lot means to the public, its title to be followed by the lot's own.

    Args:
        event: what the record holds; None is the answer for one that no notice tells of.
        view: the lot as it stood after the record.
    """
    match event:
        case LotFrozen():
            return _suspension(event)
        case LotResumed():
            return _resumption(event)
        case LotSold():
            return _sold(event, view)
        case LotAwarded():
            return _awarded(event, view)
        case LotPassed():
            return _result([*_bidding(view), ("结果", _passed(event)[0], "Outcome", _passed(event)[1])])
        case LotWithdrawn():
            return _withdrawn(event)
    return None


def money(minor: Amount, currency: str) -> BothLanguages:
    """Return an amount for reading; renminbi also in Chinese capital numerals."""
    digits = MINOR_DIGITS.get(currency, 2)
    whole, part = divmod(minor, 10**digits)
    figure = f"{whole:,}.{part:0{digits}d}" if digits else f"{whole:,}"
    capital = uppercase_amount(minor, currency)
    chinese = f"{figure} 元（{capital}）" if capital else f"{currency} {figure}"
    return BothLanguages(chinese, f"{currency} {figure}")


def moment(at_us: TimeUs) -> BothLanguages:
    """Return a moment for reading, at the centre, to the second."""
    at = datetime.fromtimestamp(at_us // 1_000_000, CENTRE_TIME)
    clock = f"{at:%H:%M:%S}"
    return BothLanguages(
        f"{at.year}年{at.month}月{at.day}日 {clock}（北京时间）",
        f"{at:%Y-%m-%d} {clock} (Beijing time, UTC+8)",
    )


def _sold(event: LotSold, view: LotView) -> NewNotice:
    price = money(event.price, view.currency)
    lines: list[Line] = [
        ("结果", "成交", "Outcome", "sold"),
        ("竞得人竞买号", str(event.paddle), "Paddle of the buyer", str(event.paddle)),
        ("成交价", price.zh, "Hammer price", price.en),
    ]
    if event.quantity:
        reached = _quantity(event.quantity, view)
        lines.append(("竞得数量", reached.zh, "Quantity reached", reached.en))
    return _result([*lines, *_bidding(view)])


def _awarded(event: LotAwarded, view: LotView) -> NewNotice:
    bought = [award for award in event.awards if award.amount > 0]
    lines: list[Line] = [("结果", "成交", "Outcome", "sold")]
    for award in bought[:AWARDS_LISTED_MAX]:
        paid, quantity = money(award.amount, view.currency), _quantity(award.quantity, view)
        lines.append(
            (
                f"竞买号 {award.paddle}",
                f"{quantity.zh}，共 {paid.zh}",
                f"Paddle {award.paddle}",
                f"{quantity.en}, {paid.en} in all",
            )
        )
    if len(bought) > AWARDS_LISTED_MAX:
        more = str(len(bought) - AWARDS_LISTED_MAX)
        lines.append(("其余竞得人", f"{more} 个", "Further buyers", more))
    return _result([*lines, *_bidding(view)])


def _quantity(quantity: Quantity, view: LotView) -> BothLanguages:
    """Return so many of what is bid for beside money, in the unit that the lot's rules name."""
    unit = view.detail.unit if isinstance(view.detail, Dimension | Supply) else ""
    called = halves(unit) if unit else BothLanguages("份", "units")
    # 0.01 % as a unit would read as another figure behind the count: 150 × 0.01 %.
    figure = f"{quantity:,} ×" if unit[:1].isdecimal() else f"{quantity:,}"
    return BothLanguages(f"{figure} {UNITS.get(called.zh, called.zh)}", f"{figure} {called.en}")


def _passed(event: LotPassed) -> tuple[str, str]:
    chinese, english = PASS_REASONS[event.reason]
    return f"流拍（{chinese}）", f"passed: {english}"


def _bidding(view: LotView) -> list[Line]:
    opening = money(view.opening_price, view.currency)
    return [
        ("起始价", opening.zh, "Opening price", opening.en),
        ("竞买人数", str(view.bidders), "Bidders", str(view.bidders)),
        ("报价次数", str(view.bids), "Bids", str(view.bids)),
    ]


def _result(lines: Sequence[Line]) -> NewNotice:
    return NewNotice(
        NoticeKind.RESULT, BothLanguages("结果公示：", "Result: "), _body(BothLanguages("", ""), lines)
    )


def _withdrawn(event: LotWithdrawn) -> NewNotice:
    lines: list[Line] = [
        ("结果", "终止，标的已撤回", "Outcome", "withdrawn from sale"),
        ("原因", event.reason, "Reason", event.reason),
        ("保证金", "按规定退还", "Deposits", "are returned as the rules say"),
    ]
    title = BothLanguages("终止公告：", "Termination: ")
    return NewNotice(NoticeKind.TERMINATION, title, _body(BothLanguages("", ""), lines))


def _suspension(event: LotFrozen) -> NewNotice:
    is_outage = event.cause is FreezeCause.OUTAGE
    why = ("系统故障", "a fault of the system") if is_outage else (event.reason, event.reason)
    goes_on = BothLanguages("另行公告", "to be announced")
    if event.resumes_at_us:
        goes_on = moment(event.resumes_at_us)
    lines: list[Line] = [
        ("状态", "竞价中止，期间不接受报价", "State", "bidding stands still; no bids are taken"),
        ("原因", why[0], "Reason", why[1]),
        ("恢复时间", goes_on.zh, "Goes on", goes_on.en),
    ]
    title = BothLanguages("中止公告：", "Suspension: ")
    return NewNotice(NoticeKind.SUSPENSION, title, _body(BothLanguages("", ""), lines))


def _resumption(event: LotResumed) -> NewNotice:
    ends = moment(event.ends_at_us) if event.ends_at_us else BothLanguages("由主持人决定", "the host decides")
    lines: list[Line] = [
        ("状态", "竞价恢复，接受报价", "State", "bidding goes on"),
        ("现阶段截止", ends.zh, "This phase ends", ends.en),
    ]
    title = BothLanguages("恢复公告：", "Resumption: ")
    return NewNotice(NoticeKind.RESUMPTION, title, _body(BothLanguages("", ""), lines))


def _body(first: BothLanguages, lines: Sequence[Line]) -> BothLanguages:
    """Return a text and under it the facts that are known, one a line."""
    chinese = "\n".join(f"{name}：{text}" for name, text, _, _ in lines if text)
    english = "\n".join(f"{name}: {text}" for _, _, name, text in lines if text)
    parts = ((first.zh, chinese), (first.en, english))
    return BothLanguages(*("\n\n".join(part for part in pair if part) for pair in parts))
