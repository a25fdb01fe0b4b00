"""Continuous matching: limit, market, immediate and whole orders, cancelling, replacing, bounds, the end."""

# ruff: noqa: E501 - an end of a session tells everybody's trades and awards in one row

from typing import Any

import pytest

from matching.commands import PlaceOrder, Side
from matching.details import Act, Depth, Level
from matching.lot import LotState
from matching.order_book import Order
from matching.phases.order_book import OPEN_ORDERS_MAX, ORDERS_MAX, MarketPhase
from matching.refusals import Refusal, Refused
from matching.setting import Setting
from matching.terms import Direction, LotTerms, OrderBookTerms, TradePrice, terms_problems
from matching.terms.order_book import ORDER_VALUE_MAX
from matching.units import AMOUNT_MAX
from matching.view import lot_view
from tests.tables.scenario import Scenario, lot_terms, lot_under, moment_us, span_us
from tests.terms_codes import codes


def book(duration: str = "10:00", **terms: Any) -> OrderBookTerms:
    return OrderBookTerms(duration_us=span_us(duration), **terms)


def market(*phases: OrderBookTerms, opening: int = 1000, **more: Any) -> LotTerms:
    return lot_terms(*(phases or (book(),)), opening=opening, **more)


HALF = ORDER_VALUE_MAX // 2
ABSURD = AMOUNT_MAX + 1
OPENED = "0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00"

MATCHING = {
    "the better price first, then the earlier order; at the price of the order that stood": Scenario(
        market(),
        f"""
        at    | who   | does            | then
        {OPENED}
        0:01  | A     | sell 10 @ 1010  | order 1 A sell 10 @ 1010
        0:02  | B     | sell 10 @ 1000  | order 2 B sell 10 @ 1000
        0:03  | C     | sell 10 @ 1000  | order 3 C sell 10 @ 1000
        0:04  | D     | buy 15 @ 1005   | order 4 D buy 15 @ 1005, trade 4x2 10 @ 1000, trade 4x3 5 @ 1000
        0:05  | D     | buy 20 @ 1010   | order 5 D buy 20 @ 1010, trade 5x3 5 @ 1000, trade 5x1 10 @ 1010
        0:06  | A     | sell 9 @ 1005   | order 6 A sell 9 @ 1005, trade 5x6 5 @ 1010
        10:00 | clock | deadline 10:00  | order 6 lapsed 4, awarded: A -15 for -15150; B -10 for -10000; C -10 for -10000; D 35 for 35150
        """,
    ),
    "at the lowest price where the terms say so": Scenario(
        market(book(trade_price=TradePrice.LOWEST)),
        f"""
        at    | who   | does            | then
        {OPENED}
        0:01  | A     | buy 10 @ 1010   | order 1 A buy 10 @ 1010
        0:02  | B     | sell 4 @ 1000   | order 2 B sell 4 @ 1000, trade 1x2 4 @ 1000
        0:03  | B     | sell 2 @ market | order 3 B sell 2 @ market, trade 1x3 2 @ 1010
        0:04  | B     | sell 9 @ 1010   | order 4 B sell 9 @ 1010, trade 1x4 4 @ 1010
        0:05  | A     | buy 5 @ 1020    | order 5 A buy 5 @ 1020, trade 5x4 5 @ 1010
        """,
    ),
    "a market order takes what there is, and its rest lapses": Scenario(
        market(),
        f"""
        at    | who   | does            | then
        {OPENED}
        0:01  | A     | buy 5 @ market  | refused CANNOT_BE_FILLED
        0:02  | B     | sell 3 @ 1000   | order 1 B sell 3 @ 1000
        0:03  | B     | sell 3 @ 1100   | order 2 B sell 3 @ 1100
        0:04  | A     | buy 9 @ market  | order 3 A buy 9 @ market, trade 3x1 3 @ 1000, trade 3x2 3 @ 1100, order 3 lapsed 3
        0:05  | B     | sell 3 @ market | refused CANNOT_BE_FILLED
        """,
    ),
    "an immediate order fills at once, and its rest lapses": Scenario(
        market(),
        f"""
        at    | who   | does                     | then
        {OPENED}
        0:01  | A     | sell 5 @ 1000            | order 1 A sell 5 @ 1000
        0:02  | B     | buy 5 @ 999 immediate    | refused CANNOT_BE_FILLED
        0:02  | B     | buy 4 @ 1000 immediate   | order 2 B buy 4 @ 1000 immediate, trade 2x1 4 @ 1000
        0:03  | B     | buy 4 @ 1000 immediate   | order 3 B buy 4 @ 1000 immediate, trade 3x1 1 @ 1000, order 3 lapsed 3
        """,
    ),
    "a whole order fills all at once or is refused": Scenario(
        market(),
        f"""
        at    | who   | does                | then
        {OPENED}
        0:01  | A     | buy 5 @ 1000        | order 1 A buy 5 @ 1000
        0:01  | A     | buy 5 @ 990         | order 2 A buy 5 @ 990
        0:02  | B     | sell 6 @ 1000 whole | refused CANNOT_BE_FILLED missing 1
        0:02  | B     | sell 11 @ 990 whole | refused CANNOT_BE_FILLED missing 1
        0:02  | B     | sell 6 @ 1001 whole | refused CANNOT_BE_FILLED
        0:03  | B     | sell 7 @ 990 whole  | order 3 B sell 7 @ 990 whole, trade 1x3 5 @ 1000, trade 2x3 2 @ 990
        0:03  | B     | sell 3 @ market whole | order 4 B sell 3 @ market whole, trade 2x4 3 @ 990
        """,
    ),
    "nobody trades with himself": Scenario(
        market(),
        f"""
        at    | who   | does                | then
        {OPENED}
        0:01  | A     | sell 5 @ 1000       | order 1 A sell 5 @ 1000
        0:02  | B     | sell 5 @ 1010       | order 2 B sell 5 @ 1010
        0:03  | B     | buy 5 @ 1010        | order 3 B buy 5 @ 1010, trade 3x1 5 @ 1000
        0:04  | B     | buy 1 @ 1010        | refused WOULD_TRADE_WITH_HIMSELF
        0:04  | B     | buy 9 @ market whole | refused CANNOT_BE_FILLED missing 4
        0:04  | B     | buy 5 @ market whole | refused WOULD_TRADE_WITH_HIMSELF
        0:05  | B     | buy 1 @ 1009        | order 4 B buy 1 @ 1009
        0:06  | B     | replace 4 1 @ 1010  | refused WOULD_TRADE_WITH_HIMSELF
        """,
    ),
}

CHANGES = {
    "less at the same price keeps its time, anything else loses it": Scenario(
        market(),
        f"""
        at    | who   | does               | then
        {OPENED}
        0:01  | A     | sell 5 @ 1000      | order 1 A sell 5 @ 1000
        0:02  | B     | sell 5 @ 1000      | order 2 B sell 5 @ 1000
        0:03  | A     | replace 1 3 @ 1000 | order 1 now 3 @ 1000
        0:04  | C     | buy 1 @ 1000       | order 3 C buy 1 @ 1000, trade 3x1 1 @ 1000
        0:05  | A     | replace 1 3 @ 1000 | order 1 now 3 @ 1000
        0:06  | C     | buy 1 @ 1000       | order 4 C buy 1 @ 1000, trade 4x2 1 @ 1000
        0:07  | B     | replace 2 4 @ 1010 | order 2 now 4 @ 1010
        0:08  | B     | replace 2 4 @ 1000 | order 2 now 4 @ 1000
        0:09  | C     | buy 1 @ 1000       | order 5 C buy 1 @ 1000, trade 5x1 1 @ 1000
        """,
    ),
    "a replaced order meets what it now reaches, under its old number": Scenario(
        market(),
        f"""
        at    | who   | does               | then
        {OPENED}
        0:01  | A     | sell 5 @ 1010      | order 1 A sell 5 @ 1010
        0:02  | B     | buy 5 @ 1000       | order 2 B buy 5 @ 1000
        0:03  | B     | replace 2 8 @ 1015 | order 2 now 8 @ 1015, trade 2x1 5 @ 1010
        0:04  | B     | cancel 2           | order 2 cancelled 3
        0:05  | B     | cancel 2           | refused ORDER_UNKNOWN
        """,
    ),
    "only the bidder himself changes an open order": Scenario(
        market(),
        f"""
        at    | who   | does               | then
        {OPENED}
        0:01  | A     | sell 5 @ 1010      | order 1 A sell 5 @ 1010
        0:02  | B     | cancel 1           | refused ORDER_UNKNOWN
        0:02  | B     | replace 1 1 @ 1010 | refused ORDER_UNKNOWN
        0:02  | A     | cancel 2           | refused ORDER_UNKNOWN
        0:02  | A     | replace 9 0 @ 1010 | refused QUANTITY_OUT_OF_RANGE ask 1 step 1 largest 99999
        0:02  | A     | replace 9 1 @ 5    | refused ORDER_UNKNOWN
        0:02  | A     | replace 1 1 @ 5    | refused OUTSIDE_PRICE_BAND ask 900 step 1 largest 1100
        0:02  | x     | cancel 1           | refused NOT_ADMITTED
        0:03  | A     | cancel 1           | order 1 cancelled 5
        0:04  | A     | bid 1000           | refused NOT_TAKEN_NOW
        """,
    ),
}

BOUNDS = {
    "price band of ten per cent, tick and largest order of the national carbon market": Scenario(
        market(opening=5055),
        f"""
        at    | who   | does               | then
        {OPENED}
        0:01  | A     | sell 5 @ 4549      | refused OUTSIDE_PRICE_BAND ask 4550 step 1 largest 5561
        0:01  | A     | sell 5 @ 5562      | refused OUTSIDE_PRICE_BAND ask 4550 step 1 largest 5561
        0:01  | A     | sell 5 @ 4550      | order 1 A sell 5 @ 4550
        0:01  | A     | sell 5 @ 5561      | order 2 A sell 5 @ 5561
        0:01  | B     | sell 0 @ 5000      | refused QUANTITY_OUT_OF_RANGE ask 1 step 1 largest 99999
        0:01  | B     | sell 100000 @ 5000 | refused QUANTITY_OUT_OF_RANGE ask 1 step 1 largest 99999
        0:01  | B     | sell 99999 @ 5000  | order 3 B sell 99999 @ 5000
        """,
    ),
    "block trades: thirty per cent": Scenario(
        market(
            book(band=3000, tick=100, quantity_min=100_000, quantity_step=1000, quantity_max=1_000_000),
            opening=5000,
        ),
        f"""
        at    | who   | does               | then
        {OPENED}
        0:01  | A     | sell 100000 @ 3500 | order 1 A sell 100000 @ 3500
        0:01  | A     | sell 100000 @ 6500 | order 2 A sell 100000 @ 6500
        0:01  | A     | sell 100000 @ 3400 | refused OUTSIDE_PRICE_BAND ask 3500 step 100 largest 6500
        0:01  | A     | sell 100000 @ 3550 | refused OUTSIDE_PRICE_BAND ask 3500 step 100 largest 6500
        0:01  | A     | sell 99000 @ 6500  | refused QUANTITY_OUT_OF_RANGE ask 100000 step 1000 largest 1000000
        0:01  | A     | sell 100500 @ 6500 | refused QUANTITY_OUT_OF_RANGE ask 100000 step 1000 largest 1000000
        """,
    ),
    "amounts are amounts": Scenario(
        market(book(band=None)),
        f"""
        at    | who   | does                     | then
        {OPENED}
        0:01  | A     | sell 1 @ -1              | refused AMOUNT_OUT_OF_RANGE ask 1 step 1 largest {ORDER_VALUE_MAX}
        0:01  | A     | sell 1 @ {ABSURD} | refused AMOUNT_OUT_OF_RANGE ask 1 step 1 largest {ORDER_VALUE_MAX}
        0:01  | A     | sell 2 @ {HALF} | order 1 A sell 2 @ {HALF}
        0:01  | A     | sell 3 @ {HALF} | refused AMOUNT_OUT_OF_RANGE ask 1 step 1 largest {ORDER_VALUE_MAX}
        0:01  | A     | sell -5 @ 1000           | refused QUANTITY_OUT_OF_RANGE ask 1 step 1 largest 99999
        """,
    ),
    "so many open orders for each": Scenario(
        market(book(orders_per_bidder_max=2)),
        f"""
        at    | who   | does                   | then
        {OPENED}
        0:01  | A     | sell 5 @ 1010          | order 1 A sell 5 @ 1010
        0:01  | A     | sell 5 @ 1010          | order 2 A sell 5 @ 1010
        0:01  | A     | sell 5 @ 1010          | refused ABOVE_OWN_SHARE largest 2
        0:01  | A     | sell 5 @ 990 immediate | refused CANNOT_BE_FILLED
        0:01  | B     | buy 5 @ 1010           | order 3 B buy 5 @ 1010, trade 3x1 5 @ 1010
        0:01  | A     | sell 5 @ 1010          | order 4 A sell 5 @ 1010
        """,
    ),
}

SESSIONS = {
    "just before the end it is taken, at the end refused; what is open lapses": Scenario(
        market(),
        f"""
        at         | who   | does           | then
        {OPENED}
        9:59.99999 | A     | sell 5 @ 1010  | order 1 A sell 5 @ 1010
        9:59.99999 | B     | buy 3 @ 1010   | order 2 B buy 3 @ 1010, trade 2x1 3 @ 1010
        10:00      | A     | sell 5 @ 1010  | refused LOT_CLOSED
        10:00      | A     | cancel 1       | refused LOT_CLOSED
        10:00      | clock | deadline 10:00 | order 1 lapsed 2, awarded: A -3 for -3030; B 3 for 3030
        """,
    ),
    "no trade, no sale": Scenario(
        market(),
        f"""
        at    | who   | does           | then
        {OPENED}
        0:01  | A     | sell 5 @ 1010  | order 1 A sell 5 @ 1010
        0:01  | B     | buy 5 @ 1009   | order 2 B buy 5 @ 1009
        10:00 | clock | deadline 10:00 | order 1 lapsed 5, order 2 lapsed 5, passed no_bids
        """,
    ),
    "nobody at all": Scenario(
        market(),
        f"""
        at    | who   | does           | then
        {OPENED}
        10:00 | clock | deadline 10:00 | passed no_bids
        """,
    ),
    "too few bidders": Scenario(
        market(bidders_min=3),
        f"""
        at    | who   | does           | then
        {OPENED}
        0:01  | A     | sell 5 @ 1000  | order 1 A sell 5 @ 1000
        0:01  | B     | buy 5 @ 1000   | order 2 B buy 5 @ 1000, trade 2x1 5 @ 1000
        10:00 | clock | deadline 10:00 | passed too_few_bidders
        """,
    ),
    "a freeze keeps the book and moves the end": Scenario(
        market(book(resume_countdown_us=span_us("2:00"))),
        f"""
        at    | who   | does            | then
        {OPENED}
        0:01  | A     | sell 5 @ 1010   | order 1 A sell 5 @ 1010
        1:00  | host  | pause fire      | frozen host (fire)
        2:00  | A     | cancel 1        | refused LOT_FROZEN (fire)
        2:00  | B     | buy 5 @ 1010    | refused LOT_FROZEN (fire)
        3:00  | host  | resume          | resumed by host ends 12:00
        11:59 | B     | buy 5 @ 1010    | order 2 B buy 5 @ 1010, trade 2x1 5 @ 1010
        12:00 | clock | deadline 12:00  | awarded: A -5 for -5050; B 5 for 5050
        """,
    ),
    "a second session goes on with the book and the positions": Scenario(
        market(book(), book()),
        f"""
        at    | who   | does            | then
        {OPENED}
        0:01  | A     | sell 5 @ 1010   | order 1 A sell 5 @ 1010
        0:02  | B     | buy 2 @ 1010    | order 2 B buy 2 @ 1010, trade 2x1 2 @ 1010
        10:00 | clock | deadline 10:00  | phase 1 ends 20:00
        10:01 | A     | sell 5 @ 1010   | order 3 A sell 5 @ 1010
        10:02 | B     | buy 4 @ 1010    | order 4 B buy 4 @ 1010, trade 4x1 3 @ 1010, trade 4x3 1 @ 1010
        10:03 | C     | buy 1 @ 1000    | order 5 C buy 1 @ 1000
        10:04 | B     | sell 6 @ 1000   | order 6 B sell 6 @ 1000, trade 5x6 1 @ 1000
        20:00 | clock | deadline 20:00  | order 3 lapsed 4, order 6 lapsed 5, awarded: A -6 for -6060; B 5 for 5060; C 1 for 1000
        """,
    ),
}


ALL = {**MATCHING, **CHANGES, **BOUNDS, **SESSIONS}


@pytest.mark.parametrize("name", ALL)
def test_order_book(name: str) -> None:
    ALL[name].play()


def test_the_best_five_levels_the_last_price_and_the_volume_are_public() -> None:
    sells = "".join(
        f"0:01 | A | sell 2 @ {price} | order {price - 1000} A sell 2 @ {price}\n"
        for price in range(1001, 1008)
    )
    scenario = Scenario(
        market(),
        f"""
        at    | who   | does            | then
        {OPENED}
        {sells}
        0:02  | B     | sell 7 @ 1002   | order 8 B sell 7 @ 1002
        0:03  | C     | buy 3 @ 1001    | order 9 C buy 3 @ 1001, trade 9x1 2 @ 1001
        """,
    )
    view = lot_view(scenario.play())
    assert view.accepts == (Act.ORDER,)
    assert (view.price, view.leader, view.bids, view.increment) == (1001, 0, 9, 1)
    assert view.detail == Depth(
        buys=(Level(1001, 1, 1),),
        sells=(Level(1002, 9, 2), Level(1003, 2, 1), Level(1004, 2, 1), Level(1005, 2, 1), Level(1006, 2, 1)),
        last_price=1001,
        volume=2,
    )


@pytest.mark.parametrize(
    ("terms", "problem"),
    [
        (book(duration="0:00"), "DURATION_ZERO"),
        (book(tick=300), "PRICE_OFF_TICK"),
        (book(quantity_min=10, quantity_max=5), "QUANTITY_MIN_ABOVE_MAX"),
        (book(quantity_min=10, quantity_step=4), "QUANTITY_MIN_OFF_STEP"),
        (book(quantity_max=ORDER_VALUE_MAX // 1000 + 1), "ORDER_WORTH_TOO_MUCH"),
    ],
)
def test_terms_that_make_no_sense(terms: OrderBookTerms, problem: str) -> None:
    assert codes(terms_problems(market(terms))) == [problem]


def test_a_book_has_no_direction() -> None:
    assert codes(terms_problems(market(direction=Direction.FALLING))) == ["BOOK_HAS_NO_DIRECTION"]


@pytest.mark.parametrize(
    ("reference", "band", "tick", "expected"),
    [
        (1000, 1000, 1, (900, 1100)),
        (5055, 1000, 1, (4550, 5561)),  # 4549.5 and 5560.5: half a tick goes up
        (1000, 3000, 1, (700, 1300)),
        (1000, 0, 1, (1000, 1000)),
        (1000, 10_000, 5, (5, 2000)),
        (1000, 333, 100, (1000, 1000)),
        (1000, None, 300, (300, AMOUNT_MAX // 300 * 300)),
    ],
)
def test_price_range(reference: int, band: int | None, tick: int, expected: tuple[int, int]) -> None:
    assert book(band=band, tick=tick).price_range(reference) == expected


@pytest.mark.parametrize("full", [{"last_order": ORDERS_MAX}, {"orders": OPEN_ORDERS_MAX}])
def test_a_full_book_takes_nothing_more(full: dict[str, int]) -> None:
    lot = Scenario(
        market(), f"at | who | does | then\n{OPENED}\n0:01 | A | buy 1 @ 1000 | order 1 A buy 1 @ 1000"
    ).play()
    assert lot.state is LotState.OPEN and isinstance(lot.phase, MarketPhase)
    lot.phase.last_order = full.get("last_order", 1)
    for number in range(2, full.get("orders", 1) + 1):
        lot.phase.orders[number] = Order(1, Side.SELL, 1000, 1)
    order = PlaceOrder(lot.id, 1, Side.SELL, 1, 1000)
    refused = lot.phase.decide(Setting(lot.id, lot.terms), order, 1, moment_us("0:02"))
    assert isinstance(refused, Refused) and refused.code is Refusal.NOT_TAKEN_NOW


def test_nothing_is_taken_before_the_opening() -> None:
    view = lot_view(lot_under(market(), "A"))
    assert (view.increment, view.accepts, view.detail) == (1, (), None)
