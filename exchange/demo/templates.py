"""The lots of the demo centre as `lots.toml` and `formats.toml` write them, and the lot that a template becomes.

Belongs here: reading templates, codes, titles and terms of a round.
Does not belong here: when a round takes place (`schedule`), who bids (`robots`).
"""

from __future__ import annotations

import re
import tomllib
from enum import StrEnum
from importlib.resources import files
from typing import Annotated, Any, TypeAlias

import msgspec
from msgspec import Meta, Struct

from exchange.categories import Category
from exchange.demo.regions import demo_place
from exchange.lot_sheets import NewLot
from exchange.rulebooks.drafting import Subject, drafted
from exchange.rulebooks.library import shipped
from exchange.rulebooks.programme import Occasion, phase_terms
from exchange.rulebooks.quantities import Base
from exchange.rulebooks.rulebook import PhasePlan
from exchange.texts import BothLanguages
from matching.increments import IncrementTable, fixed
from matching.terms import DAY_US, MINUTE_US, SECOND_US, BidRule, EnglishTerms, LotTerms
from matching.units import Amount, AmountOrZero, DurationUs, PositiveAmount, Rank, TimeUs

CURRENCY = "CNY"
RAISE_STEPS_MAX = 100
"""A visitor may try things out, but not push a lot out of everybody's reach with one slip."""

RESUME_COUNTDOWN_US_MIN = MINUTE_US
CODE_PREFIX = "DEMO-"
_CODE = re.compile(r"DEMO-(?P<key>[a-z0-9-]+)-(?P<round>[0-9]{4,})")


class Rhythm(StrEnum):
    """How long the rounds of a template take."""

    OPENING = "opening"
    """Once, in the first minute of a new centre: what is sold then is the past that a first visitor finds."""
    FAST = "fast"
    MEDIUM = "medium"
    SLOW = "slow"
    FORMATS = "formats"
    """The lots of other formats: as fast, but as long as their phases are."""
    LONG = "long"
    """Under a rulebook that ships with the exchange, in full length."""


class Ending(StrEnum):
    """Who lets the hammer fall."""

    CLOCK = "clock"
    HOST = "host"


class TemplateBase(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A demo lot, of which each round is published anew. Amounts are minor units."""

    key: Annotated[str, Meta(pattern="^[a-z0-9-]{1,24}$")]
    rhythm: Rhythm
    minutes: Annotated[int, Meta(gt=0, le=15 * 24 * 60)]
    """How long a round is live, before extensions; where phases depend on what happens, about so long."""
    category: Category
    region: BothLanguages
    seller: BothLanguages
    title: BothLanguages
    description: BothLanguages
    opening_price: PositiveAmount
    deposit: PositiveAmount
    reference_value: PositiveAmount
    """What the robots take the lot, or a unit of it, to be worth."""
    bidders_min: Annotated[int, Meta(ge=1, le=10)] = 1
    robots: Annotated[int, Meta(ge=0, le=6)]
    """How many robots come to a round."""
    appeal: Annotated[float, Meta(ge=0, le=1)] = 1.0
    """The chance that robots come to a round at all."""

    @property
    def duration_us(self) -> DurationUs:
        """How long a round is live, before extensions."""
        return self.minutes * MINUTE_US


class EnglishTemplate(TemplateBase, frozen=True, kw_only=True):
    """A demo lot with one phase of English bidding, which may be shortened to fill a gap of the schedule."""

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


class ProgrammeTemplate(TemplateBase, frozen=True, kw_only=True):
    """A demo lot with a programme of phases, as long as they are: its own, or that of a rulebook that it keeps."""

    phases: tuple[dict[str, Any], ...] = ()
    """Phases of its own, written as in a rulebook."""
    rulebook: str = ""
    """The rulebook under which it is published; it has no phases of its own then."""
    valuation: AmountOrZero = 0
    notice_days: Annotated[int, Meta(ge=0, le=60)] = 0
    """How long before the opening the notice counts as published: invented, like the rest of the lot."""
    reserve_places: Annotated[int, Meta(ge=0, le=10)] = 0
    ranks: tuple[Rank, ...] = ()
    """Ranks of the first robots that come, as priority purchasers."""


Template: TypeAlias = EnglishTemplate | ProgrammeTemplate


class DemoLots(Struct, frozen=True, forbid_unknown_fields=True):
    """All templates, and the notices that stand under each description."""

    notice: BothLanguages
    lots: tuple[EnglishTemplate, ...]
    full_length_notice: BothLanguages = BothLanguages("", "")
    """For lots that keep a rulebook, and so its times."""
    formats: tuple[ProgrammeTemplate, ...] = ()

    @property
    def templates(self) -> tuple[Template, ...]:
        """Every template."""
        return (*self.lots, *self.formats)

    def notice_of(self, template: Template) -> BothLanguages:
        """Return the notice that stands under a description."""
        is_full_length = isinstance(template, ProgrammeTemplate) and template.rulebook
        return self.full_length_notice if is_full_length else self.notice


def read_demo_lots() -> DemoLots:
    """Read the templates that ship with the exchange.

    Raises: msgspec.ValidationError, when a file does not say what a template needs.
    """
    written = {}
    for name in ("lots.toml", "formats.toml"):
        written.update(tomllib.loads(files(__package__).joinpath(name).read_text(encoding="utf-8")))
    return msgspec.convert(written, DemoLots)


def round_code(key: str, number: int) -> str:
    """Return the code under which round `number` of a template stands in the catalogue."""
    return f"{CODE_PREFIX}{key}-{number:04d}"


def round_of_code(code: str) -> tuple[str, int] | None:
    """Return the template's key and the round that a code names; None for a code of another kind."""
    match = _CODE.fullmatch(code)
    return None if match is None else (match["key"], int(match["round"]))


def round_terms(template: Template, opens_at_us: TimeUs, duration_us: DurationUs) -> LotTerms:
    """Return the terms of a round that opens at `opens_at_us`.

    One phase of English bidding is live for `duration_us`, before extensions; a programme as long as its phases are.
    """
    if isinstance(template, ProgrammeTemplate):
        return (
            _rulebook_terms(template, opens_at_us) if template.rulebook else _own_terms(template, opens_at_us)
        )
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


def _own_terms(template: ProgrammeTemplate, opens_at_us: TimeUs) -> LotTerms:
    prices = {Base.OPENING_PRICE: template.opening_price, Base.VALUATION: template.valuation}
    occasion = Occasion(prices, opens_at_us)
    return LotTerms(
        currency=CURRENCY,
        opening_price=template.opening_price,
        opens_at_us=opens_at_us,
        programme=tuple(phase_terms(_plan(table), occasion) for table in template.phases),
        bidders_min=template.bidders_min,
        reserve_places=template.reserve_places,
    )


def _plan(table: dict[str, Any]) -> PhasePlan:
    name = table["phase"]
    return PhasePlan(phase=name, called=name, terms={key: table[key] for key in table if key != "phase"})


def _rulebook_terms(template: ProgrammeTemplate, opens_at_us: TimeUs) -> LotTerms:
    rulebook = shipped().get(template.rulebook)
    assert rulebook is not None, "demo lots name rulebooks that ship with the exchange"
    subject = Subject(
        category=template.category,
        opening_price=template.opening_price,
        now_us=_notice_at_us(template, opens_at_us),
        valuation=template.valuation,
        opens_at_us=opens_at_us,
    )
    return drafted(rulebook, subject).terms


def _notice_at_us(template: Template, opens_at_us: TimeUs) -> TimeUs:
    """When the notice counts as published; 0 for the moment in which the lot is published."""
    if isinstance(template, ProgrammeTemplate) and template.notice_days:
        return opens_at_us - template.notice_days * DAY_US
    return 0


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
        rulebook=template.rulebook if isinstance(template, ProgrammeTemplate) else "",
        valuation=template.valuation if isinstance(template, ProgrammeTemplate) else 0,
        notice_at_us=_notice_at_us(template, terms.opens_at_us),
        place=demo_place(template.region, template.key),
        inspection_zh="公告期内工作日 9:00–16:00，须提前一个工作日预约（演示，并无实物）。",
        inspection_en="On working days from 9 to 16, by appointment (a demonstration: there is no such thing).",
        contact_zh="演示交易中心 受理窗口 000-00000000",
        contact_en="Demo trading centre, desk, 000-00000000",
    )


def opening_deposit_permille(template: Template) -> Amount:
    """Return the deposit in thousandths of the opening price.

    Source: 法释〔2016〕18号 art. 17 asks for 50 to 200.
    """
    return template.deposit * 1000 // template.opening_price
