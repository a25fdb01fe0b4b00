"""The lots of the demo centre as `lots.toml` writes them, and the lot that a template becomes in one of its rounds.

Belongs here: reading templates, codes, titles and terms of a round.
Does not belong here: when a round takes place (`schedule`), who bids (`robots`).
"""

from __future__ import annotations

import re
import tomllib
from enum import StrEnum
from importlib.resources import files
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from exchange.catalogue import BothLanguages, Category, NewLot
from matching.increments import IncrementTable, fixed
from matching.terms import MINUTE_US, SECOND_US, BidRule, EnglishTerms, LotTerms
from matching.units import Amount, AmountOrZero, DurationUs, PositiveAmount, TimeUs

CURRENCY = "CNY"
RAISE_STEPS_MAX = 100
"""A visitor may try things out, but not push a lot out of everybody's reach with one slip."""

RESUME_COUNTDOWN_US_MIN = MINUTE_US
CODE_PREFIX = "DEMO-"
_CODE = re.compile(r"DEMO-(?P<key>[a-z0-9-]+)-(?P<round>[0-9]{4,})")


class Rhythm(StrEnum):
    """How long the rounds of a template take."""

    FAST = "fast"
    MEDIUM = "medium"
    SLOW = "slow"


class Ending(StrEnum):
    """Who lets the hammer fall."""

    CLOCK = "clock"
    HOST = "host"


class Template(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A demo lot, of which each round is published anew. Amounts are minor units."""

    key: Annotated[str, Meta(pattern="^[a-z0-9-]{1,24}$")]
    rhythm: Rhythm
    minutes: Annotated[int, Meta(gt=0, le=24 * 60)]
    category: Category
    region: BothLanguages
    seller: BothLanguages
    title: BothLanguages
    description: BothLanguages
    opening_price: PositiveAmount
    deposit: PositiveAmount
    reference_value: PositiveAmount
    """What the robots take the lot to be worth."""
    step: AmountOrZero = 0
    steps: IncrementTable = ()
    """A step table in place of one step."""
    bid_rule: BidRule = BidRule.FREE
    reserve_price: AmountOrZero = 0
    soft_close_seconds: Annotated[int, Meta(ge=0, le=600)]
    extension_seconds: Annotated[int, Meta(ge=0, le=600)]
    extensions_max: Annotated[int, Meta(ge=0, le=1000)] | None = None
    max_bids_allowed: bool = True
    leader_may_raise: bool = False
    host_may_hammer: bool = False
    ends_by: Ending = Ending.CLOCK
    bidders_min: Annotated[int, Meta(ge=1, le=10)] = 1
    robots: Annotated[int, Meta(ge=0, le=6)]
    """How many robots come to a round."""
    appeal: Annotated[float, Meta(ge=0, le=1)] = 1.0
    """The chance that robots come to a round at all."""

    @property
    def duration_us(self) -> DurationUs:
        """How long a round is live, before extensions."""
        return self.minutes * MINUTE_US


class DemoLots(Struct, frozen=True, forbid_unknown_fields=True):
    """All templates, and the notice that stands under each description."""

    notice: BothLanguages
    lots: tuple[Template, ...]


def read_demo_lots() -> DemoLots:
    """Read the templates that ship with the exchange.

    Raises: msgspec.ValidationError, when the file does not say what a template needs.
    """
    text = files(__package__).joinpath("lots.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), DemoLots)


def round_code(key: str, number: int) -> str:
    """Return the code under which round `number` of a template stands in the catalogue."""
    return f"{CODE_PREFIX}{key}-{number:04d}"


def round_of_code(code: str) -> tuple[str, int] | None:
    """Return the template's key and the round that a code names; None for a code of another kind."""
    match = _CODE.fullmatch(code)
    return None if match is None else (match["key"], int(match["round"]))


def round_terms(template: Template, opens_at_us: TimeUs, duration_us: DurationUs) -> LotTerms:
    """Return the terms of a round that opens at `opens_at_us` and is live for `duration_us`, before extensions."""
    soft_close_us = template.soft_close_seconds * SECOND_US
    phase = EnglishTerms(
        increments=template.steps or fixed(template.step),
        bid_rule=template.bid_rule,
        duration_us=None if template.ends_by is Ending.HOST else duration_us,
        soft_close_window_us=soft_close_us,
        extension_us=template.extension_seconds * SECOND_US,
        extensions_max=template.extensions_max,
        resume_countdown_us=max(soft_close_us, RESUME_COUNTDOWN_US_MIN),
        max_bids_allowed=template.max_bids_allowed,
        leader_may_raise=template.leader_may_raise,
        raise_steps_max=RAISE_STEPS_MAX,
        host_may_hammer=template.host_may_hammer,
    )
    return LotTerms(
        currency=CURRENCY,
        opening_price=template.opening_price,
        opens_at_us=opens_at_us,
        programme=(phase,),
        reserve_price=template.reserve_price,
        bidders_min=template.bidders_min,
    )


def round_lot(template: Template, number: int, terms: LotTerms, notice: BothLanguages) -> NewLot:
    """Return round `number` of a template, ready to be published."""
    return NewLot(
        code=round_code(template.key, number),
        category=template.category,
        region=f"{template.region.zh} / {template.region.en}",
        title_zh=f"{template.title.zh}（第{number}轮）",
        title_en=f"{template.title.en} (round {number})",
        description_zh=f"{template.description.zh}\n{notice.zh}",
        description_en=f"{template.description.en}\n{notice.en}",
        seller_zh=template.seller.zh,
        seller_en=template.seller.en,
        terms=terms,
        deposit=template.deposit,
        is_demo=True,
    )


def opening_deposit_permille(template: Template) -> Amount:
    """Return the deposit in thousandths of the opening price.

    Source: 法释〔2016〕18号 art. 17 asks for 50 to 200.
    """
    return template.deposit * 1000 // template.opening_price
