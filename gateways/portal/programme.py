"""The programme of a lot in words: each phase with its main parameters.

Belongs here: which parameter of a format is told, and how. Does not belong here: what the parameters do (`matching`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

from msgspec import Struct

from gateways.portal.texts import Language
from gateways.portal.writing import amount_text, quantity_text, share_text, span_text, unit_text
from matching.terms import LotTerms


class Row(Struct, frozen=True):
    """One parameter: what it is called, and what it says, in one line or several."""

    label: str
    lines: tuple[str, ...]


class PhaseText(Struct, frozen=True):
    """A phase in words; `format` is its name as the rules have it."""

    format: str
    title: str
    rows: tuple[Row, ...]


class _Phase:
    """One phase and its reader. `terms` is of the type that its format has."""

    def __init__(self, terms: Any, currency: str, language: Language) -> None:
        self.terms = terms
        self.language = language
        self.say = language.say
        self._currency = currency

    def money(self, minor: int) -> str:
        return amount_text(minor, self._currency)

    def quantity(self, quantity: int) -> str:
        """Return so many of what is bid for beside money; a bare number where that is no unit."""
        unit = getattr(self.terms, "unit", "")
        return quantity_text(quantity, unit if isinstance(unit, str) else "", self.language)

    def span(self, span_us: int) -> str:
        return span_text(span_us, self.language)


Teller: TypeAlias = Callable[[_Phase], tuple[str, Sequence[str]]]
"""Says one parameter: key of its label, and lines; without lines it is left out."""


def programme_text(terms: LotTerms, language: Language) -> tuple[PhaseText, ...]:
    """Return each phase of a lot in words."""
    return tuple(_phase_text(_Phase(phase, terms.currency, language)) for phase in terms.programme)


def _phase_text(phase: _Phase) -> PhaseText:
    name = str(phase.terms.__struct_config__.tag)
    told = (tell(phase) for tell in (*_CONDITIONS, *_TOLD[name]))
    rows = tuple(Row(phase.say(label), tuple(lines)) for label, lines in told if lines)
    return PhaseText(name, phase.say(f"format_{name}"), rows)


def _some(text: str | None) -> tuple[str, ...]:
    return (text,) if text else ()


def _time(field: str, label: str = "") -> Teller:
    def tell(phase: _Phase) -> tuple[str, Sequence[str]]:
        span_us = getattr(phase.terms, field)
        return label or f"term_{field}", _some(span_us and phase.span(span_us))

    return tell


def _money(field: str) -> Teller:
    def tell(phase: _Phase) -> tuple[str, Sequence[str]]:
        minor = getattr(phase.terms, field)
        return f"term_{field}", _some(minor and phase.money(minor))

    return tell


def _count(field: str) -> Teller:
    def tell(phase: _Phase) -> tuple[str, Sequence[str]]:
        count = getattr(phase.terms, field)
        return f"term_{field}", _some(count and f"{count:,}")

    return tell


def _quantity(field: str) -> Teller:
    def tell(phase: _Phase) -> tuple[str, Sequence[str]]:
        quantity = getattr(phase.terms, field)
        return f"term_{field}", _some(quantity and phase.quantity(quantity))

    return tell


def _share(field: str) -> Teller:
    def tell(phase: _Phase) -> tuple[str, Sequence[str]]:
        share = getattr(phase.terms, field)
        return f"term_{field}", _some(share and share_text(share))

    return tell


def _word(field: str) -> Teller:
    def tell(phase: _Phase) -> tuple[str, Sequence[str]]:
        word = getattr(phase.terms, field)
        return f"term_{field}", _some("" if word == "none" else phase.say(f"{field}_{word}"))

    return tell


def _condition(field: str) -> Teller:
    return lambda phase: (
        "term_condition",
        _some(phase.say(f"term_{field}") if getattr(phase.terms, field, False) else ""),
    )


def _increments(phase: _Phase) -> tuple[str, Sequence[str]]:
    table = phase.terms.increments
    if len(table) == 1:
        return "increment", [phase.money(table[0].increment)]
    return "increment", [
        phase.say(
            "increment_from", threshold=phase.money(step.threshold), increment=phase.money(step.increment)
        )
        for step in table
    ]


def _bid_rule(phase: _Phase) -> tuple[str, Sequence[str]]:
    return "bid_rule", [phase.say(f"rule_{phase.terms.bid_rule}")]


def _duration(phase: _Phase) -> tuple[str, Sequence[str]]:
    span_us = phase.terms.duration_us
    return "duration", [phase.say("host_hammers") if span_us is None else phase.span(span_us)]


def _soft_close(phase: _Phase) -> tuple[str, Sequence[str]]:
    window_us = phase.terms.soft_close_window_us
    if not window_us:
        return "soft_close", [phase.say("none")]
    extension = phase.span(phase.terms.extension_us)
    return "soft_close", [phase.say("soft_close_text", window=phase.span(window_us), extension=extension)]


def _max_bids(phase: _Phase) -> tuple[str, Sequence[str]]:
    return "max_bids", [phase.say("allowed" if phase.terms.max_bids_allowed else "not_allowed")]


def _inquiry(phase: _Phase) -> tuple[str, Sequence[str]]:
    inquiry = phase.terms.inquiry
    return "term_inquiry", _some("" if inquiry == "nothing" else phase.say(f"question_{inquiry}"))


def _range(phase: _Phase) -> tuple[str, Sequence[str]]:
    terms, say = phase.terms, phase.say
    if not terms.least and terms.most is None:
        return "term_range", [say(f"range_{'beyond' if terms.least_is_excluded else 'on'}_{terms.base}")]
    bounds = [
        say("range_above" if terms.least_is_excluded else "range_from", amount=phase.money(terms.least))
    ]
    if terms.most is not None:
        key = "range_below" if terms.most_is_excluded else "range_to"
        bounds.append(say(key, amount=phase.money(terms.most)))
    return "term_range", [say(f"range_of_{terms.base}", range=say("range_and").join(bounds))]


def _award(phase: _Phase) -> tuple[str, Sequence[str]]:
    return "term_award", [phase.say(f"award_{phase.terms.award.__struct_config__.tag}")]


def _distinct(phase: _Phase) -> tuple[str, Sequence[str]]:
    is_asked = getattr(phase.terms, "distinct_amounts", False)
    return "term_distinct", _some(phase.say("term_distinct_text") if is_asked else "")


def _beacon(phase: _Phase) -> tuple[str, Sequence[str]]:
    beacon = phase.terms.beacon
    return "term_beacon", _some(beacon and phase.language.half(beacon.source))


def _supply(phase: _Phase) -> tuple[str, Sequence[str]]:
    return "term_supply", [phase.quantity(phase.terms.supply)]


def _hints(phase: _Phase) -> tuple[str, Sequence[str]]:
    return "term_hints", _some(" · ".join(map(phase.span, phase.terms.hints_after_us)))


def _items(phase: _Phase) -> tuple[str, Sequence[str]]:
    return "term_items", [
        phase.say("term_item", item=one.item, price=phase.money(one.opening_price))
        for one in phase.terms.items
    ]


def _units_of_items(phase: _Phase) -> tuple[str, Sequence[str]]:
    if not phase.terms.is_clock:
        return _items(phase)
    return "term_items", [
        phase.say("term_item_units", item=one.item, price=phase.money(one.opening_price), n=one.supply)
        for one in phase.terms.items
    ]


def _unit_bid(phase: _Phase) -> tuple[str, Sequence[str]]:
    return "term_unit_bid", [unit_text(phase.terms.unit, phase.language)]


_CONDITIONS: Final = (_condition("only_if_capped"), _condition("only_if_uncapped"))
_DURATION: Final = _time("duration_us", "duration")
_BIDDING: Final = (_increments, _bid_rule, _duration, _soft_close)
_OFFERING: Final = (
    _DURATION, _word("who"), _range, _money("unit"), _award, _count("revisions_max"), _distinct
)  # fmt: skip
_TRADING: Final = (_DURATION, _money("tick"), _count("quantity_max"), _share("band"))

_TOLD: Final[dict[str, tuple[Teller, ...]]] = {
    "call_auction": _TRADING,
    "debt": (_items, _money("debt"), _money("costs"), _word("order"), *_BIDDING, _time("covered_countdown_us")),
    "draw": (
        _word("entrants"), _count("places"), _time("entry_us"), _time("commit_us"), _time("reveal_us"), _beacon
    ),
    "dutch": (
        _count("steps"), _money("step"), _share("step_share"), _time("tick_us"), _time("first_pause_us"),
        _money("stop_price"),
    ),
    "english": (
        *_BIDDING, _max_bids, _word("priority"), _money("cap_price"), _money("buy_now_price"),
        _count("entrants_min"),
    ),
    "first_refusal": (_time("window_us"), _word("several")),
    "gong": (_increments, _time("round_us"), _time("pause_us"), _time("hard_end_after_us")),
    "interval": (_time("duration_us"), _inquiry),
    "japanese": (_increments, _time("entry_us"), _time("tick_us")),
    "multi_unit": (
        _supply, _DURATION, _word("pricing"), _word("precedence"), _word("sharing"), _quantity("lot_size"),
        _quantity("line_min"), _quantity("bidder_max"), _money("price_step"), _hints,
    ),
    "offers": _OFFERING,
    "order_book": (*_TRADING, _word("trade_price")),
    "sealed": _OFFERING,
    "second_dimension": (
        _unit_bid, _quantity("start"), _quantity("step"), _quantity("cap"), _DURATION, _soft_close
    ),
    "sell_off": (_DURATION,),
    "simultaneous": (
        _units_of_items, _time("round_us"), _time("pause_us"), _money("increment_min"),
        _share("increment_basis_points"), _share("activity_basis_points"), _count("waivers"),
    ),
    "turns": (
        _count("rounds"), _money("step"), _time("first_pause_us"), _time("pause_us"), _time("turn_us")
    ),
}  # fmt: skip
"""What is told of each format, in its order."""
