"""Quantities as a rulebook writes them: `24 h`, `20 working days`, `5 % of the opening price`, `1.2 万元`.

Belongs here: reading and writing them, exactly, in whole numbers.
Does not belong here: which quantity a parameter takes.
"""

from __future__ import annotations

import re
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

from msgspec import Struct

from exchange.texts import BothLanguages
from ledger.refund_clock import NUMBER_MAX, RefundClock
from ledger.units import MINOR_DIGITS
from matching.terms import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from matching.units import Amount, DurationUs

WHOLE = 10_000
"""All of something, in basis points."""

MINOR_UNITS = 100
YUAN = "CNY"
"""The currency that rulebooks write their amounts in."""


class Base(StrEnum):
    """What a share is a share of."""

    OPENING_PRICE = "opening price"
    VALUATION = "valuation"
    EARLIER_PRICE = "earlier opening price"
    SUPPLY = "supply"
    """No price: the units of a lot that is divided."""

    @property
    def zh(self) -> str:
        """Return its Chinese name."""
        return {
            Base.OPENING_PRICE: "起始价",
            Base.VALUATION: "评估价",
            Base.EARLIER_PRICE: "前次起始价",
            Base.SUPPLY: "发放量",
        }[self]


class Money(Struct, frozen=True, tag="money"):
    """So many minor units."""

    minor: Amount


class Share(Struct, frozen=True, tag="share"):
    """A share in basis points, of something that is named or of what the parameter itself is about."""

    basis_points: int
    of: Base | None = None


class Duration(Struct, frozen=True, tag="duration"):
    """A span of time in microseconds."""

    us: DurationUs


class Days(Struct, frozen=True, tag="days"):
    """A number of days, or of working days."""

    number: int
    are_working: bool = False


class Count(Struct, frozen=True, tag="count"):
    """A plain number."""

    number: int


class Choice(Struct, frozen=True, tag="choice"):
    """A word; `none` for nothing."""

    word: str


Quantity: TypeAlias = Money | Share | Duration | Days | Count | Choice

_NUMBER = r"(?P<number>[0-9][0-9,_]*(?:\.[0-9]+)?)"
_BASES = {
    "opening price": Base.OPENING_PRICE,
    "起始价": Base.OPENING_PRICE,
    "起拍价": Base.OPENING_PRICE,
    "valuation": Base.VALUATION,
    "评估价": Base.VALUATION,
    "earlier opening price": Base.EARLIER_PRICE,
    "前次起始价": Base.EARLIER_PRICE,
    "supply": Base.SUPPLY,
    "发放量": Base.SUPPLY,
}
_SHARE = re.compile(_NUMBER + r"\s*[%％](?:\s*of\s+(?:the\s+)?(?P<of>[a-z ]+))?")
_SHARE_ZH = re.compile(r"(?P<of>起始价|起拍价|评估价|前次起始价|发放量)的?\s*" + _NUMBER + r"\s*[%％]")
_MONEY = re.compile(_NUMBER + r"\s*(?P<times>[万亿]?)\s*(?:yuan|CNY|元)")
_DAYS = re.compile(
    r"(?P<number>[0-9]+)\s*(?P<working>working\s+days?|个?工作日)|(?P<plain>[0-9]+)\s*(?:days?|d|日|天)"
)
_PART = re.compile(
    r"([0-9]+(?:\.[0-9]+)?)\s*(ms|minutes?|mins?|m|seconds?|secs?|s|hours?|h|毫秒|小时|时|分钟|分|秒)"
)
_TIMES = {"": 1, "万": 10_000, "亿": 100_000_000}
_UNITS = {
    "ms": 1_000,
    "毫": 1_000,
    "s": SECOND_US,
    "秒": SECOND_US,
    "m": MINUTE_US,
    "分": MINUTE_US,
    "h": HOUR_US,
}
_UNITS |= {"小": HOUR_US, "时": HOUR_US}


class NotAQuantity(ValueError):
    """The text is no quantity that a rulebook can mean, or is finer than the smallest unit."""


def read_quantity(written: object) -> Quantity:
    """Return what a value of a rulebook says; a text that is no quantity is a word to choose.

    Raises: NotAQuantity, for a number with a fraction and for a figure finer than the smallest unit.
    """
    if isinstance(written, bool):
        return Choice("true" if written else "false")
    if isinstance(written, int):
        return Count(written)
    if not isinstance(written, str):
        raise NotAQuantity(f"{written!r}")
    text = written.strip()
    return _share(text) or _money(text) or _days(text) or _duration(text) or Choice(text)


def span_us(quantity: Quantity) -> DurationUs | None:
    """Return the length of a span of time; None for what is none, and for working days, whose length varies."""
    match quantity:
        case Duration(us=us):
            return us
        case Days(number=number, are_working=False):
            return number * DAY_US
    return None


def clock_of(quantity: Quantity) -> RefundClock | None:
    """Return a time as the ledger's clocks count it; None for what is no whole number of hours or days."""
    match quantity:
        case Duration(us=us) if us > 0 and us % HOUR_US == 0 and us // HOUR_US <= NUMBER_MAX:
            return RefundClock.hours(us // HOUR_US)
        case Days(number=number, are_working=are_working) if 1 <= number <= NUMBER_MAX:
            return RefundClock.working_days(number) if are_working else RefundClock.days(number)
    return None


def described(quantity: Quantity) -> BothLanguages:
    """Return a quantity in words."""
    match quantity:
        case Money(minor=minor):
            return money_words(minor, YUAN)
        case Share(basis_points=points, of=None):
            return BothLanguages(f"{percent_text(points)}%", f"{percent_text(points)} %")
        case Share(basis_points=points, of=Base() as of):
            return BothLanguages(
                f"{of.zh}的 {percent_text(points)}%", f"{percent_text(points)} % of the {of}"
            )
        case Duration(us=us):
            return _span_text(us)
        case Days(number=number, are_working=True):
            return BothLanguages(f"{number} 个工作日", f"{number} working day{_s(number)}")
        case Days(number=number):
            return BothLanguages(f"{number} 日", f"{number} day{_s(number)}")
        case Count(number=number):
            return BothLanguages(str(number), str(number))
        case Choice(word=word):
            return BothLanguages(_WORDS_ZH.get(word, word), _WORDS_EN.get(word, word.replace("_", " ")))
    raise AssertionError("every quantity can be described")


def percent_text(basis_points: int) -> str:
    """Return basis points as percent: 20, 0.5, 12.34."""
    whole, part = divmod(basis_points, 100)
    return f"{whole}.{part:02d}".rstrip("0").rstrip(".")


def money_words(minor: Amount, currency: str) -> BothLanguages:
    """Return an amount in words of its currency: 12,300 yuan, USD 12,300.50."""
    if currency == YUAN:
        return BothLanguages(f"{money_text(minor)} 元", f"{money_text(minor)} yuan")
    digits = MINOR_DIGITS.get(currency, 2)
    whole, part = divmod(minor, 10**digits)
    figure = f"{currency} {whole:,}" + (f".{part:0{digits}d}" if part else "")
    return BothLanguages(figure, figure)


def money_text(minor: Amount) -> str:
    """Return minor units as yuan: 12,300 or 12,300.50."""
    whole, part = divmod(minor, MINOR_UNITS)
    return f"{whole:,}.{part:02d}" if part else f"{whole:,}"


_WORDS_ZH = {
    "absolute": "绝对数额",
    "opening": "起始价",
    "own": "本人报价",
    "price": "价格",
    "admitted": "全部获准参加者",
    "tied": "并列者",
    "eligible": "有资格者",
    "not_leader": "领先者以外的人",
    "in_turn": "轮流",
    "take_cap": "是否接受最高限价",
    "go_on": "是否继续竞价",
    "closest_to_average": "最接近平均价",
    "combined_score": "综合评分最高",
    "before_opening": "开启报价前",
    "after_opening": "开启报价后",
    "true": "是",
    "false": "否",
    "none": "无",
    "given": "有",
    "rising": "上涨",
    "falling": "下降",
    "step_multiple": "加价幅度的整数倍",
    "equal_price": "可报相同价格",
    "equal_price_draw": "可报相同价格，同顺位抽签",
    "bidders": "已报价者",
    "leader": "领先者",
    "rank": "按顺位",
    "pro_rata": "按比例",
    "bidding": "继续竞价",
    "time": "时间优先",
    "draw": "随机",
    "uniform": "统一成交价",
    "pay_as_bid": "各按报价",
    "sell": "按申报量成交",
    "cancel": "取消",
    "cancels": "未达则取消",
}
_WORDS_EN = {"true": "yes", "false": "no"}


def _share(text: str) -> Share | None:
    found = _SHARE_ZH.fullmatch(text) or _SHARE.fullmatch(text)
    if found is None:
        return None
    of = found["of"]
    if of is not None and of.strip() not in _BASES:
        raise NotAQuantity(text)
    return Share(_whole(found["number"], 100, text), None if of is None else _BASES[of.strip()])


def _money(text: str) -> Money | None:
    found = _MONEY.fullmatch(text)
    return (
        None if found is None else Money(_whole(found["number"], _TIMES[found["times"]] * MINOR_UNITS, text))
    )


def _days(text: str) -> Days | None:
    found = _DAYS.fullmatch(text)
    if found is None:
        return None
    return Days(int(found["number"] or found["plain"]), found["working"] is not None)


def _duration(text: str) -> Duration | None:
    parts = _PART.findall(text)
    if not parts or _PART.sub("", text).strip():
        return None
    return Duration(sum(_whole(number, _unit_us(unit), text) for number, unit in parts))


def _unit_us(unit: str) -> DurationUs:
    return _UNITS["ms"] if unit == "ms" else _UNITS[unit[0]]


def _whole(number: str, times: int, text: str) -> int:
    exact = Decimal(re.sub("[,_]", "", number)) * times
    if exact != exact.to_integral_value():
        raise NotAQuantity(text)
    return int(exact)


def _span_text(us: DurationUs) -> BothLanguages:
    units = (
        (DAY_US, "日", " d"),
        (HOUR_US, "小时", " h"),
        (MINUTE_US, "分钟", " min"),
        (SECOND_US, "秒", " s"),
    )
    if us and us % DAY_US == 0 and us > DAY_US:
        return BothLanguages(f"{us // DAY_US} 日", f"{us // DAY_US} days")
    zh, en, rest = [], [], us
    for length, name_zh, name_en in units[1:]:
        number, rest = divmod(rest, length)
        if number:
            zh.append(f"{number} {name_zh}")
            en.append(f"{number}{name_en}")
    if rest or not zh:
        zh.append(f"{rest} 微秒" if rest else "0 秒")
        en.append(f"{rest} µs" if rest else "0 s")
    return BothLanguages(" ".join(zh), " ".join(en))


def _s(number: int) -> str:
    return "" if number == 1 else "s"
