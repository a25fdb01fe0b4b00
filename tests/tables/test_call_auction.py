"""The call auction: orders are collected, meet at one price at the end, and go on into the session that follows."""

# ruff: noqa: E501 - an end of a session tells everybody's trades and awards in one row

from typing import Any

import pytest
from msgspec import structs

from matching.details import Depth, Indication, Level
from matching.refusals import Refusal
from matching.terms import CallAuctionTerms, LotTerms, OrderBookTerms
from matching.view import lot_view
from tests.tables.scenario import Scenario, lot_terms, span_us


def call(duration: str = "10:00", **terms: Any) -> CallAuctionTerms:
    return CallAuctionTerms(duration_us=span_us(duration), **terms)


def continuous(duration: str = "10:00", **terms: Any) -> OrderBookTerms:
    return OrderBookTerms(duration_us=span_us(duration), **terms)


def market(*phases: CallAuctionTerms | OrderBookTerms) -> LotTerms:
    return lot_terms(*(phases or (call(),)), opening=1000)


OPENED = "0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00"

SCENARIOS = {
    "the largest volume decides": Scenario(
        market(),
        f"""
        at    | who   | does            | then
        {OPENED}
        0:01  | A     | sell 10 @ 1010  | order 1 A sell 10 @ 1010
        0:02  | B     | sell 10 @ 990   | order 2 B sell 10 @ 990
        0:03  | C     | buy 15 @ 1010   | order 3 C buy 15 @ 1010
        0:04  | D     | buy 5 @ 1020    | order 4 D buy 5 @ 1020
        10:00 | clock | deadline 10:00  | uncrossed 20 @ 1010 surplus 0, trade 4x2 5 @ 1010, trade 3x2 5 @ 1010, trade 3x1 10 @ 1010, awarded: A -10 for -10100; B -10 for -10100; C 15 for 15150; D 5 for 5050
        """,
    ),
    "then the smallest surplus": Scenario(
        market(),
        f"""
        at    | who   | does            | then
        {OPENED}
        0:01  | A     | buy 10 @ 1010   | order 1 A buy 10 @ 1010
        0:02  | B     | buy 5 @ 1005    | order 2 B buy 5 @ 1005
        0:03  | C     | sell 10 @ 1000  | order 3 C sell 10 @ 1000
        10:00 | clock | deadline 10:00  | uncrossed 10 @ 1010 surplus 0, trade 1x3 10 @ 1010, order 2 lapsed 5, awarded: A 10 for 10100; C -10 for -10100
        """,
    ),
    "where buyers are left, the highest price": Scenario(
        market(),
        f"""
        at    | who   | does            | then
        {OPENED}
        0:01  | A     | buy 10 @ 1010   | order 1 A buy 10 @ 1010
        0:02  | B     | sell 4 @ 990    | order 2 B sell 4 @ 990
        10:00 | clock | deadline 10:00  | uncrossed 4 @ 1010 surplus 6, trade 1x2 4 @ 1010, order 1 lapsed 6, awarded: A 4 for 4040; B -4 for -4040
        """,
    ),
    "where sellers are left, the lowest price": Scenario(
        market(),
        f"""
        at    | who   | does            | then
        {OPENED}
        0:01  | A     | buy 4 @ 1010    | order 1 A buy 4 @ 1010
        0:02  | B     | sell 10 @ 990   | order 2 B sell 10 @ 990
        10:00 | clock | deadline 10:00  | uncrossed 4 @ 990 surplus -6, trade 1x2 4 @ 990, order 2 lapsed 6, awarded: A 4 for 3960; B -4 for -3960
        """,
    ),
    "else the price nearest to the reference price": Scenario(
        market(),
        f"""
        at    | who   | does            | then
        {OPENED}
        0:01  | A     | buy 4 @ 1020    | order 1 A buy 4 @ 1020
        0:02  | B     | sell 4 @ 990    | order 2 B sell 4 @ 990
        10:00 | clock | deadline 10:00  | uncrossed 4 @ 990 surplus 0, trade 1x2 4 @ 990, awarded: A 4 for 3960; B -4 for -3960
        """,
    ),
    "and of two equally near the higher": Scenario(
        market(),
        f"""
        at    | who   | does            | then
        {OPENED}
        0:01  | A     | buy 4 @ 1010    | order 1 A buy 4 @ 1010
        0:02  | B     | sell 4 @ 990    | order 2 B sell 4 @ 990
        10:00 | clock | deadline 10:00  | uncrossed 4 @ 1010 surplus 0, trade 1x2 4 @ 1010, awarded: A 4 for 4040; B -4 for -4040
        """,
    ),
    "market orders come first, and meet at the reference price when there is no limit at all": Scenario(
        market(),
        f"""
        at    | who   | does            | then
        {OPENED}
        0:01  | A     | buy 4 @ market  | order 1 A buy 4 @ market
        0:02  | B     | sell 6 @ market | order 2 B sell 6 @ market
        10:00 | clock | deadline 10:00  | uncrossed 4 @ 1000 surplus -2, trade 1x2 4 @ 1000, order 2 lapsed 2, awarded: A 4 for 4000; B -4 for -4000
        """,
    ),
    "market orders go before limits, within them time": Scenario(
        market(),
        f"""
        at    | who   | does            | then
        {OPENED}
        0:01  | A     | buy 4 @ 1010    | order 1 A buy 4 @ 1010
        0:02  | B     | buy 4 @ market  | order 2 B buy 4 @ market
        0:03  | C     | buy 4 @ 1010    | order 3 C buy 4 @ 1010
        0:04  | D     | sell 9 @ 1010   | order 4 D sell 9 @ 1010
        10:00 | clock | deadline 10:00  | uncrossed 9 @ 1010 surplus 3, trade 2x4 4 @ 1010, trade 1x4 4 @ 1010, trade 3x4 1 @ 1010, order 3 lapsed 3, awarded: A 4 for 4040; B 4 for 4040; C 1 for 1010; D -9 for -9090
        """,
    ),
    "nothing meets, nothing is sold": Scenario(
        market(),
        f"""
        at    | who   | does            | then
        {OPENED}
        0:01  | A     | buy 4 @ 990     | order 1 A buy 4 @ 990
        0:02  | B     | sell 6 @ 991    | order 2 B sell 6 @ 991
        10:00 | clock | deadline 10:00  | order 1 lapsed 4, order 2 lapsed 6, passed no_bids
        """,
    ),
    "what is taken and what is not": Scenario(
        market(call(orders_bind_before_us=span_us("1:00"))),
        f"""
        at    | who   | does               | then
        {OPENED}
        0:01  | A     | buy 4 @ 1000 immediate | refused NOT_TAKEN_NOW
        0:01  | A     | buy 4 @ 1000 whole | refused NOT_TAKEN_NOW
        0:01  | A     | bid 1000           | refused NOT_TAKEN_NOW
        0:01  | A     | buy 4 @ 1101       | refused OUTSIDE_PRICE_BAND ask 900 step 1 largest 1100
        0:01  | A     | buy 4 @ 1000       | order 1 A buy 4 @ 1000
        0:02  | A     | sell 4 @ 1000      | refused WOULD_TRADE_WITH_HIMSELF
        0:02  | A     | sell 4 @ market    | refused WOULD_TRADE_WITH_HIMSELF
        0:02  | A     | sell 4 @ 1001      | order 2 A sell 4 @ 1001
        0:03  | A     | replace 1 4 @ 1001 | refused WOULD_TRADE_WITH_HIMSELF
        0:03  | A     | replace 1 5 @ 999  | order 1 now 5 @ 999
        0:04  | A     | replace 2 5 @ 1000 | order 2 now 5 @ 1000
        0:05  | A     | cancel 2           | order 2 cancelled 5
        8:59  | A     | sell 3 @ 1010      | order 3 A sell 3 @ 1010
        8:59  | B     | cancel 3           | refused ORDER_UNKNOWN
        9:00  | A     | cancel 3           | refused OFFER_BINDS
        9:00  | B     | replace 3 1 @ 999  | refused OFFER_BINDS
        9:59  | B     | buy 4 @ 1010       | order 4 B buy 4 @ 1010
        10:00 | B     | buy 4 @ 1010       | refused LOT_CLOSED
        10:00 | clock | deadline 10:00     | uncrossed 3 @ 1010 surplus 1, trade 4x3 3 @ 1010, order 1 lapsed 5, order 4 lapsed 1, awarded: A -3 for -3030; B 3 for 3030
        """,
    ),
    "a call, a session, and a call at its end": Scenario(
        market(call(), continuous(), call("1:00")),
        f"""
        at    | who   | does            | then
        {OPENED}
        0:01  | A     | buy 10 @ 1010   | order 1 A buy 10 @ 1010
        0:02  | B     | sell 4 @ 990    | order 2 B sell 4 @ 990
        0:03  | C     | buy 9 @ market  | order 3 C buy 9 @ market
        10:00 | clock | deadline 10:00  | uncrossed 4 @ 1010 surplus 15, trade 3x2 4 @ 1010, order 3 lapsed 5, phase 1 ends 20:00
        10:01 | D     | sell 3 @ 1005   | order 4 D sell 3 @ 1005, trade 1x4 3 @ 1010
        10:02 | D     | sell 3 @ 1020   | order 5 D sell 3 @ 1020
        10:03 | B     | buy 3 @ 1015    | order 6 B buy 3 @ 1015
        20:00 | clock | deadline 20:00  | phase 2 ends 21:00
        20:01 | C     | buy 3 @ 1025    | order 7 C buy 3 @ 1025
        20:02 | B     | replace 6 3 @ 1020 | order 6 now 3 @ 1020
        20:03 | D     | cancel 6        | refused ORDER_UNKNOWN
        21:00 | clock | deadline 21:00  | uncrossed 3 @ 1025 surplus 0, trade 7x5 3 @ 1025, order 1 lapsed 7, order 6 lapsed 3, awarded: A 3 for 3030; B -4 for -4040; C 7 for 7115; D -6 for -6105
        """,
    ),
    "after a freeze the continuous session begins again with a call": Scenario(
        market(call(), continuous(resume_at_phase=0)),
        f"""
        at    | who   | does            | then
        {OPENED}
        0:01  | A     | buy 10 @ 1010   | order 1 A buy 10 @ 1010
        10:00 | clock | deadline 10:00  | phase 1 ends 20:00
        10:01 | B     | sell 4 @ 1010   | order 2 B sell 4 @ 1010, trade 1x2 4 @ 1010
        11:00 | host  | pause fire      | frozen host (fire)
        12:00 | host  | resume          | resumed by host ends 21:00, phase 0 ends 22:00
        12:01 | B     | sell 4 @ 1000   | order 3 B sell 4 @ 1000
        12:02 | A     | replace 1 5 @ 1010 | order 1 now 5 @ 1010
        22:00 | clock | deadline 22:00  | uncrossed 4 @ 1010 surplus 1, trade 1x3 4 @ 1010, phase 1 ends 32:00
        32:00 | clock | deadline 32:00  | order 1 lapsed 1, awarded: A 8 for 8080; B -8 for -8080
        """,
    ),
    "a call that is frozen": Scenario(
        market(call(orders_bind_before_us=span_us("1:00"), resume_countdown_us=span_us("2:00"))),
        f"""
        at    | who   | does            | then
        {OPENED}
        0:01  | A     | buy 10 @ 1010   | order 1 A buy 10 @ 1010
        9:30  | host  | pause fire      | frozen host (fire)
        9:40  | A     | cancel 1        | refused LOT_FROZEN (fire)
        11:00 | host  | resume          | resumed by host ends 13:00
        11:59 | A     | replace 1 5 @ 1010 | order 1 now 5 @ 1010
        12:00 | A     | cancel 1        | refused OFFER_BINDS
        13:00 | clock | deadline 13:00  | order 1 lapsed 5, passed no_bids
        """,
    ),
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_call_auction(name: str) -> None:
    SCENARIOS[name].play()


def test_market_orders_stand_above_all_limits_in_the_view() -> None:
    scenario = Scenario(
        market(),
        f"""
        at    | who   | does            | then
        {OPENED}
        0:01  | A     | buy 10 @ 1010   | order 1 A buy 10 @ 1010
        0:02  | B     | buy 4 @ market  | order 2 B buy 4 @ market
        0:03  | C     | sell 4 @ 1000   | order 3 C sell 4 @ 1000
        """,
    )
    shown = Depth(
        buys=(Level(0, 4, 1), Level(1010, 10, 1)), sells=(Level(1000, 4, 1),), last_price=0, volume=0,
        indication=Indication(1010, 4, 10),
    )  # fmt: skip
    assert lot_view(scenario.play()).detail == shown


def test_every_refusal_of_an_order_has_its_row() -> None:
    told = "".join(scenario.table for scenario in SCENARIOS.values())
    for refusal in (Refusal.NOT_TAKEN_NOW, Refusal.OFFER_BINDS, Refusal.WOULD_TRADE_WITH_HIMSELF):
        assert f"refused {refusal.name}" in told


def test_what_a_call_would_come_to_is_hidden_where_the_terms_say_so() -> None:
    rows = f"""
        at    | who   | does            | then
        {OPENED}
        0:01  | B     | buy 4 @ 1010    | order 1 B buy 4 @ 1010
        0:02  | C     | sell 4 @ 1000   | order 2 C sell 4 @ 1000
        """
    shown, hidden = (
        lot_view(Scenario(market(call(shows_indication=shows)), rows).play()).detail
        for shows in (True, False)
    )
    assert isinstance(shown, Depth) and isinstance(hidden, Depth)
    assert shown.indication == Indication(1000, 4, 0)
    assert hidden == structs.replace(shown, indication=None)
