"""The local rules of land listings and of capped prices as programmes, with the figures of each place.

Spans are written as in tables. The listing is short, so that tables can be read; the rest is as published.
Amounts are whole figures of the tables; a step of 100 and an opening price of 1000 stand for the terms of a lot.

Belongs here: the parameter sets that the tables and properties of land listings share.
"""

from __future__ import annotations

from matching.terms import (
    DrawTerms,
    EnglishTerms,
    Inquiry,
    IntervalTerms,
    LateReserve,
    LotTerms,
    OffersTerms,
    Presumed,
    SecondDimensionTerms,
)
from matching.terms.awarding import ClosestToAverage
from matching.terms.contest import Base, MayOffer
from matching.terms.draw import Entrants
from tests.tables.scenario import HOST, english, lot_terms, span_us


def listing(span: str, step: int = 100, **more: object) -> EnglishTerms:
    """Return a free phase of `span` with a fixed end."""
    return english(step, duration=span, multiples=True, max_bids=False, countdown="5:00", **more)  # type: ignore[arg-type]


def countdown(span: str, step: int = 100, **more: object) -> EnglishTerms:
    """Return timed bidding: every bid starts a countdown of `span` again."""
    return english(
        step,
        duration=span,
        window=span,
        extension=span,
        countdown=span,
        multiples=True,
        max_bids=False,
        **more,  # type: ignore[arg-type]
    )


def interval(span: str, inquiry: Inquiry = Inquiry.NOTHING, **more: object) -> IntervalTerms:
    """Return a time of `span` in which nobody bids."""
    return IntervalTerms(duration_us=span_us(span), inquiry=inquiry, **more)  # type: ignore[arg-type]


def second(start: int, step: int, cap: int = 0, span: str = "4:00", **more: object) -> SecondDimensionTerms:
    """Return bidding in a second dimension under a countdown of `span`, in square metres unless told otherwise."""
    given = {
        "unit": "㎡",
        "duration_us": span_us(span),
        "soft_close_window_us": span_us(span),
        "extension_us": span_us(span),
        "resume_countdown_us": span_us(span),
    } | more
    return SecondDimensionTerms(start=start, step=step, cap=cap, **given)  # type: ignore[arg-type]


HALF_HOUR_BEFORE = span_us("30:00")

TAICANG = lot_terms(
    listing("2:00:00"),
    interval("1:00:00", Inquiry.GO_ON),
    countdown("4:00", entrants_min=2),
    late_reserve=LateReserve(by=HOST, opens_before_us=HALF_HOUR_BEFORE, phase=1),
)
"""太仓: no bids in the last hour of the listing, in which bidders say whether they go on; two at least; four minutes.
The reserve is entered within half an hour before the listing ends."""

SUZHOU_PARK = lot_terms(
    listing("2:00:00"),
    interval("1:00:00"),
    countdown("4:00", entrants_min=2),
    late_reserve=LateReserve(by=HOST, opens_before_us=HALF_HOUR_BEFORE, phase=1),
)
"""苏州工业园区: the same, but whoever has paid his deposit goes on unasked."""

FUJIAN = lot_terms(
    english(100, duration="3:00:00", max_bids=False, countdown="5:00", recent_window_us=span_us("1:00:00")),
    interval("15:00", recent_min=2, resume_at_phase=1),
    english(
        50,
        duration="5:00",
        window="5:00",
        extension="5:00",
        countdown="5:00",
        max_bids=False,
        recent_min=2,
        resume_at_phase=1,
    ),
    late_reserve=LateReserve(
        by=HOST, opens_before_us=span_us("3:00:00"), closes_before_us=span_us("1:00:00")
    ),
    prompt_resume_within_us=span_us("1:00:00"),
    late_resume_notice_us=span_us("24:00:00"),
)
"""福建 2012: bids to the end of the listing, any amount from the asking price on; if two bid in its last hour, 15
minutes of preparation (art. 33, 40) and a countdown of five minutes with a step of its own (art. 36, 41, 43); the
reserve before the last hour, once (art. 32); freezes as in ch. 8."""

SHANTOU = lot_terms(
    listing("2:00:00"),
    interval("5:00", Inquiry.GO_ON, own_bid_required=True),
    countdown("5:00", entrants_min=1),
    late_reserve=LateReserve(by=HOST, opens_before_us=HALF_HOUR_BEFORE),
)
"""汕头: who has bid is asked for five minutes, and who says yes bids on; five minutes."""

QINZHOU = lot_terms(listing("1:00:00"), countdown("5:00"))
"""钦州 2021: an hour of free bidding, then five minutes, everybody; a reserve is optional."""

DEZHOU = lot_terms(
    listing("2:00:00"),
    interval("5:00", own_bid_required=True),
    countdown("5:00", entrants_min=1),
)
"""德州, mining rights: only who has bid in the listing goes on. The spans are not known; these stand for them."""

PRESETS: dict[str, LotTerms] = {
    "taicang": TAICANG,
    "suzhou_park": SUZHOU_PARK,
    "fujian": FUJIAN,
    "shantou": SHANTOU,
    "qinzhou": QINZHOU,
    "dezhou": DEZHOU,
}

GUIDE = 1600
CAP = GUIDE * 125 // 100

CAP_HOUSING = lot_terms(
    listing("2:00:00", cap_price=CAP),
    interval("1:00:00", only_if_uncapped=True),
    countdown("4:00", entrants_min=2, cap_price=CAP),
    second(500, 100),
)
"""苏州: at the cap of the price the bids become square metres of rented housing, from 500 in steps of 100."""

CAP_SUZHOU = lot_terms(
    listing("2:00:00", cap_price=CAP),
    interval("1:00:00", only_if_uncapped=True),
    countdown("4:00", entrants_min=2, cap_price=CAP),
    interval("4:00", Inquiry.GO_ON, only_if_capped=True),
    interval("4:00", only_if_capped=True),
    OffersTerms(
        duration_us=span_us("4:00"),
        who=MayOffer.ELIGIBLE,
        base=Base.ABSOLUTE,
        least=CAP,
        least_is_excluded=True,
        most=GUIDE * 150 // 100,
        distinct_amounts=True,
        only_if_capped=True,
        award=ClosestToAverage(),
    ),
)
"""苏州 2016: at guide price + 25 % bidding stops; query, wait and one offer each, four minutes each."""

CAP_DONGGUAN = lot_terms(
    listing("2:00:00", cap_price=CAP),
    countdown("4:00", cap_price=CAP),
    second(500, 500, cap=3000, unit="0.01 %"),
    interval("15:00", only_if_capped=True),
    interval("5:00", Inquiry.TAKE_CAP, presumed=Presumed.BIDDERS, only_if_capped=True),
    OffersTerms(
        duration_us=span_us("5:00"),
        who=MayOffer.ELIGIBLE,
        base=Base.PRICE,
        only_if_capped=True,
        award=ClosestToAverage(mean_unit=0),
    ),
)
"""东莞 2019: price, then self-held share, each to its cap; a pause of 15 minutes, five for accepting the cap, where
whoever has bid need not; one offer each."""

CAP_LOTTERY = lot_terms(
    listing("2:00:00", cap_price=CAP),
    countdown("4:00", cap_price=CAP),
    interval("5:00", Inquiry.TAKE_CAP, only_if_capped=True),
    DrawTerms(
        entrants=Entrants.ELIGIBLE,
        only_if_capped=True,
        places=1,
        parties=(ord("p") + 1000, ord("q") + 1000),
        parties_min=2,
        commit_us=span_us("5:00"),
        reveal_us=span_us("5:00"),
    ),
)
"""南昌: who accepts the price at its cap takes part in the draw, and one alone wins at once."""

CAP_PRESETS: dict[str, LotTerms] = {
    "housing": CAP_HOUSING,
    "suzhou": CAP_SUZHOU,
    "dongguan": CAP_DONGGUAN,
    "lottery": CAP_LOTTERY,
}
