"""The Dutch clock: its prices, accepting one exactly, the floor, the timetable, both directions, and the hybrid."""

# ruff: noqa: E501 - the ends of hidden offers tell offers and ranking in one row

import pytest
from msgspec import structs

from matching.details import Act, Rounds
from matching.lot import LotState, decide
from matching.terms import Direction, DutchTerms, IntervalTerms, OffersTerms
from matching.terms.contest import Base, MayOffer
from matching.units import AMOUNT_MAX
from matching.view import lot_view
from tests.tables.scenario import Scenario, english, lot_terms, lot_under, span_us, take_over, written

ABSURD = AMOUNT_MAX + 1


def dutch(
    *,
    steps: int = 80,
    step: int = 0,
    share: int = 0,
    tick: str = "5:00",
    first: str = "0:30",
    stop: int = 0,
    keeps_timetable: bool = False,
    goes_on: bool = False,
) -> DutchTerms:
    """Return the terms of a clock, spans written as in tables; `share` of the opening price in basis points."""
    return DutchTerms(
        steps=steps,
        step=step,
        step_share=share,
        tick_us=span_us(tick),
        first_pause_us=span_us(first),
        stop_price=stop,
        keeps_timetable=keeps_timetable,
        passes_if_unaccepted=not goes_on,
        resume_countdown_us=span_us("1:00"),
    )


def pause(length: str = "0:20") -> IntervalTerms:
    """Return a pause between phases."""
    return IntervalTerms(duration_us=span_us(length))


SEALED = OffersTerms(
    duration_us=span_us("10:00"),
    who=MayOffer.NOT_LEADER,
    base=Base.PRICE,
    least_is_excluded=True,
    revisions_max=1000,
    may_take_back=True,
    earlier_offers_stand=True,
    leader_answers=True,
)
"""Everybody but the winner of the clock, and more than he."""

BEST_BID = OffersTerms(
    duration_us=span_us("5:00"),
    who=MayOffer.ELIGIBLE,
    base=Base.OWN,
    least_is_excluded=True,
    revisions_max=1000,
    may_take_back=True,
    earlier_offers_stand=True,
    places_min=2,
)
"""The winner of the clock once more, if anybody else has offered."""

HYBRID = (dutch(share=100, keeps_timetable=True), pause(), SEALED, pause(), BEST_BID)
"""405 minutes of clock in 81 prices, 1 % apart; then 10 minutes of sealed offers and 5 of the best bid."""

CLOCK = {
    "the first to accept the price exactly wins at once": Scenario(
        lot_terms(dutch(share=100)),
        f"""
        at       | who   | does           | then
        0:00     | clock | deadline 0:00  | opened, phase 0 ends 0:30, pause 1 at 1000 ends 0:30
        0:29     | A     | bid 1000       | refused NOT_TAKEN_NOW
        0:30     | clock | deadline 0:30  | round 1 at 1000 ends 5:30
        5:30     | clock | deadline 5:30  | round 2 at 990 ends 10:30
        6:00     | x     | bid 990        | refused NOT_ADMITTED
        6:00     | A     | bid 0          | refused AMOUNT_OUT_OF_RANGE ask 990 largest 990
        6:00     | A     | bid {ABSURD}   | refused AMOUNT_OUT_OF_RANGE ask 990 largest 990
        6:00     | A     | bid 989        | refused BELOW_ASKING_PRICE ask 990
        6:00     | A     | bid 1000       | refused ABOVE_ASKING_PRICE ask 990
        6:00     | A     | max 990        | refused NOT_TAKEN_NOW
        6:00     | A     | say accept     | refused NOT_TAKEN_NOW
        6:00     | host  | hammer         | refused HAMMER_BELONGS_TO_CLOCK
        6:00     | A     | bid 990        | A 990, sold A 990
        6:00     | B     | bid 990        | refused LOT_CLOSED
        """,
    ),
    "a price stands until its tick ends, and not a moment longer": Scenario(
        lot_terms(dutch(step=100, steps=3, tick="1:00", first="0:00")),
        """
        at          | who   | does          | then
        0:00        | clock | deadline 0:00 | opened, phase 0 ends 1:00, round 1 at 1000 ends 1:00
        1:00        | A     | bid 1000      | refused LOT_CLOSED
        1:00        | A     | bid 900       | refused LOT_CLOSED
        1:00.1      | clock | deadline 1:00 | round 2 at 900 ends 2:00.1
        1:00.1      | A     | bid 1000      | refused ABOVE_ASKING_PRICE ask 900
        2:00.099999 | A     | bid 900       | A 900, sold A 900
        """,
    ),
    "nobody accepts any price": Scenario(
        lot_terms(dutch(step=300, steps=2, tick="1:00", first="0:00")),
        """
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | opened, phase 0 ends 1:00, round 1 at 1000 ends 1:00
        1:00  | clock | deadline 1:00 | round 2 at 700 ends 2:00
        2:00  | clock | deadline 2:00 | round 3 at 400 ends 3:00
        3:00  | clock | deadline 3:00 | passed no_bids
        """,
    ),
    "nobody accepts any price: what would follow does not": Scenario(
        lot_terms(dutch(step=300, steps=1, tick="1:00", first="0:00"), english(100)),
        """
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | opened, phase 0 ends 1:00, round 1 at 1000 ends 1:00
        1:00  | clock | deadline 1:00 | round 2 at 700 ends 2:00
        2:00  | clock | deadline 2:00 | passed no_bids
        """,
    ),
    "a freeze lets the clock begin again, where the terms say so": Scenario(
        lot_terms(structs.replace(dutch(step=300, steps=1, tick="1:00", first="0:00"), resume_at_phase=0)),
        """
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | opened, phase 0 ends 1:00, round 1 at 1000 ends 1:00
        1:00  | clock | deadline 1:00 | round 2 at 700 ends 2:00
        1:30  | host  | pause smoke   | frozen host (smoke)
        1:40  | host  | resume        | resumed by host ends 2:40, phase 0 ends 2:40, round 1 at 1000 ends 2:40
        2:00  | A     | bid 1000      | A 1000, sold A 1000
        """,
    ),
    "the floor is the last price": Scenario(
        lot_terms(dutch(step=300, steps=80, tick="1:00", first="0:00", stop=350)),
        """
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | opened, phase 0 ends 1:00, round 1 at 1000 ends 1:00
        1:00  | clock | deadline 1:00 | round 2 at 700 ends 2:00
        2:00  | clock | deadline 2:00 | round 3 at 400 ends 3:00
        3:00  | clock | deadline 3:00 | round 4 at 350 ends 4:00
        3:01  | A     | bid 350       | A 350, sold A 350
        """,
    ),
    "a purchase: the price climbs from low until somebody accepts": Scenario(
        lot_terms(dutch(share=1000, tick="1:00", first="0:10", stop=1250), direction=Direction.FALLING),
        """
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | opened, phase 0 ends 0:10, pause 1 at 1000 ends 0:10
        0:10  | clock | deadline 0:10 | round 1 at 1000 ends 1:10
        1:10  | clock | deadline 1:10 | round 2 at 1100 ends 2:10
        2:10  | clock | deadline 2:10 | round 3 at 1200 ends 3:10
        2:20  | A     | bid 1100      | refused BELOW_ASKING_PRICE ask 1200
        3:10  | clock | deadline 3:10 | round 4 at 1250 ends 4:10
        3:20  | A     | bid 1250      | A 1250, sold A 1250
        """,
    ),
    "with a timetable the next phase waits for the planned end of the clock": Scenario(
        lot_terms(
            dutch(step=100, steps=2, tick="1:00", first="0:30", keeps_timetable=True),
            english(100, duration="1:00"),
        ),
        """
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | opened, phase 0 ends 0:30, pause 1 at 1000 ends 0:30
        0:30  | clock | deadline 0:30 | round 1 at 1000 ends 1:30
        1:30  | clock | deadline 1:30 | round 2 at 900 ends 2:30
        1:40  | A     | bid 900       | A 900, pause 2 at 900 ends 3:30
        1:40  | B     | bid 900       | refused NOT_TAKEN_NOW
        3:30  | clock | deadline 3:30 | phase 1 ends 4:30
        3:40  | B     | bid 1000      | B 1000
        4:30  | clock | deadline 4:30 | sold B 1000
        """,
    ),
    "a freeze moves the tick and the planned end": Scenario(
        lot_terms(dutch(step=100, steps=2, tick="1:00", first="0:00", keeps_timetable=True)),
        """
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | opened, phase 0 ends 1:00, round 1 at 1000 ends 1:00
        0:30  | host  | pause smoke   | frozen host (smoke)
        0:40  | A     | bid 1000      | refused LOT_FROZEN (smoke)
        2:30  | host  | resume        | resumed by host ends 3:30
        3:29  | A     | bid 1000      | A 1000, pause 1 at 1000 ends 5:30
        5:30  | clock | deadline 5:30 | sold A 1000
        """,
    ),
    "somebody leads already: the clock is left out": Scenario(
        lot_terms(english(100, duration="1:00"), dutch(step=100, steps=2)),
        """
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | opened, phase 0 ends 1:00
        0:30  | A     | bid 1000      | A 1000
        1:00  | clock | deadline 1:00 | sold A 1000
        """,
    ),
    "the clock, and English bidding after it where nobody accepted": Scenario(
        lot_terms(
            dutch(step=100, steps=1, tick="1:00", first="0:00", goes_on=True), english(100, duration="1:00")
        ),
        """
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | opened, phase 0 ends 1:00, round 1 at 1000 ends 1:00
        1:00  | clock | deadline 1:00 | round 2 at 900 ends 2:00
        2:00  | clock | deadline 2:00 | phase 1 ends 3:00
        """,
    ),
}


def hybrid_table(after: str) -> str:
    """Return the table of a hybrid in which A accepts 970,000 at the fourth price, and `after` follows."""
    return f"""
        at      | who   | does             | then
        0:00    | clock | deadline 0:00    | opened, phase 0 ends 0:30, pause 1 at 1000000 ends 0:30
        0:30    | clock | deadline 0:30    | round 1 at 1000000 ends 5:30
        5:30    | clock | deadline 5:30    | round 2 at 990000 ends 10:30
        10:30   | clock | deadline 10:30   | round 3 at 980000 ends 15:30
        15:30   | clock | deadline 15:30   | round 4 at 970000 ends 20:30
        16:00   | A     | bid 970000       | A 970000, pause 4 at 970000 ends 6:45:30
        6:45:30 | clock | deadline 6:45:30 | phase 1 ends 6:45:50
        6:45:40 | B     | offer 980000     | refused NOT_TAKEN_NOW
        6:45:50 | clock | deadline 6:45:50 | phase 2 ends 6:55:50
        {after}
        """


HYBRIDS = {
    "405 minutes of clock, sealed offers, the best bid of the winner of the clock": Scenario(
        lot_terms(*HYBRID, opening=1_000_000),
        hybrid_table(
            """
        6:46:00 | A     | offer 990000     | refused NOT_ELIGIBLE
        6:46:00 | B     | offer 970000     | refused BELOW_ASKING_PRICE ask 970001 step 1
        6:46:00 | B     | offer 970001     | B offers 970001
        6:46:30 | B     | offer 985000     | B offers 985000
        6:47:00 | C     | offer 979000     | C offers 979000
        6:48:00 | C     | take back        | C takes back
        6:49:00 | C     | offer 980000     | C offers 980000
        6:55:50 | clock | deadline 6:55:50 | revealed: B 985000; C 980000, ranked: B 985000; C 980000; A 970000, phase 3 ends 6:56:10
        6:56:10 | clock | deadline 6:56:10 | phase 4 ends 7:01:10
        6:57:00 | B     | offer 999000     | refused NOT_ELIGIBLE
        6:57:00 | A     | offer 970000     | refused BELOW_ASKING_PRICE ask 970001 step 1
        6:57:00 | A     | offer 990000     | A offers 990000
        7:01:10 | clock | deadline 7:01:10 | revealed: A 990000, ranked: A 990000; B 985000; C 980000, sold A 990000
            """
        ),
    ),
    "of equal sealed offers the earlier wins": Scenario(
        lot_terms(*HYBRID, opening=1_000_000),
        hybrid_table(
            """
        6:47:00 | C     | offer 985000     | C offers 985000
        6:48:00 | B     | offer 985000     | B offers 985000
        6:55:50 | clock | deadline 6:55:50 | revealed: B 985000; C 985000, ranked: C 985000; B 985000; A 970000, phase 3 ends 6:56:10
        6:56:10 | clock | deadline 6:56:10 | phase 4 ends 7:01:10
        7:01:10 | clock | deadline 7:01:10 | revealed: , ranked: C 985000; B 985000; A 970000, sold C 985000
            """
        ),
    ),
    "a best bid equal to a sealed offer came later": Scenario(
        lot_terms(*HYBRID, opening=1_000_000),
        hybrid_table(
            """
        6:48:00 | B     | offer 985000     | B offers 985000
        6:55:50 | clock | deadline 6:55:50 | revealed: B 985000, ranked: B 985000; A 970000, phase 3 ends 6:56:10
        6:56:10 | clock | deadline 6:56:10 | phase 4 ends 7:01:10
        6:57:00 | A     | offer 985000     | A offers 985000
        7:01:10 | clock | deadline 7:01:10 | revealed: A 985000, ranked: B 985000; A 985000, sold B 985000
            """
        ),
    ),
    "without a sealed offer the winner of the clock is not asked again": Scenario(
        lot_terms(*HYBRID, opening=1_000_000),
        hybrid_table(
            """
        6:55:50 | clock | deadline 6:55:50 | revealed: , ranked: A 970000, phase 3 ends 6:56:10
        6:56:10 | clock | deadline 6:56:10 | sold A 970000
            """
        ),
    ),
}


@pytest.mark.parametrize("scenario", CLOCK.values(), ids=CLOCK)
def test_dutch(scenario: Scenario) -> None:
    scenario.play()


@pytest.mark.parametrize("scenario", HYBRIDS.values(), ids=HYBRIDS)
def test_dutch_hybrid(scenario: Scenario) -> None:
    scenario.play()


def test_eighty_steps_of_a_hundredth_take_405_minutes_and_then_the_auction_has_failed() -> None:
    lot = lot_under(lot_terms(*HYBRID, opening=1_000_000), "A")
    prices = []
    while lot.due_at_us:
        at_us = lot.due_at_us
        row = Scenario(
            lot.terms, f"at|who|does|then\n{written(at_us)}|clock|deadline {written(at_us)}|-"
        ).rows[0]
        take_over(lot, decide(lot, row.command, at_us), at_us)
        detail = lot_view(lot).detail
        if isinstance(detail, Rounds) and not detail.is_pause and lot.due_at_us:
            assert lot.due_at_us - at_us == span_us("5:00")
            prices.append(detail.price)
    assert prices == [1_000_000 - 10_000 * step for step in range(81)]
    assert (written(at_us), lot.state) == ("6:45:30", LotState.PASSED)


def test_a_tick_shows_its_price_and_how_many_there_are() -> None:
    lot = lot_under(lot_terms(dutch(share=100)), "A")
    assert (lot_view(lot).asking_price, lot_view(lot).increment) == (1000, 10)
    table = "at|who|does|then\n0:00 | clock | deadline 0:00 | -\n0:30 | clock | deadline 0:30 | -"
    for is_pause, row in zip((True, False), Scenario(lot.terms, table).rows, strict=True):
        take_over(lot, decide(lot, row.command, row.at_us), row.at_us)
        view = lot_view(lot)
        assert view.detail == Rounds(1, 81, 1000, is_pause=is_pause)
        assert view.accepts == (() if is_pause else (Act.BID,))


@pytest.mark.parametrize(
    ("opening", "share", "step"),
    [(1000, 100, 10), (1049, 100, 10), (1050, 100, 11), (50, 100, 1), (33_333, 150, 500)],
)
def test_the_step_is_rounded_half_up_once(opening: int, share: int, step: int) -> None:
    assert dutch(share=share).step_at(opening) == step


NO_SENSE = {
    "a share that rounds to nothing": (dutch(share=1), 1000, Direction.RISING, "STEP_SHARE_TOO_SMALL"),
    "no step at all": (dutch(), 1000, Direction.RISING, "STEP_TWICE"),
    "two steps": (dutch(step=1, share=1), 1000, Direction.RISING, "STEP_TWICE"),
    "more steps than the price has": (
        dutch(step=10, steps=100),
        1000,
        Direction.RISING,
        "PRICE_FALLS_TO_NOTHING",
    ),
    "beyond all amounts": (dutch(step=AMOUNT_MAX, steps=1), 1, Direction.FALLING, "PRICE_BEYOND_ALL"),
    "a floor above the opening price": (dutch(step=10, stop=1000), 1000, Direction.RISING, "STOP_WRONG_SIDE"),
    "a ceiling below the opening price": (
        dutch(step=10, stop=900),
        1000,
        Direction.FALLING,
        "STOP_WRONG_SIDE",
    ),
    "no time": (dutch(step=10, tick="0:00"), 1000, Direction.RISING, "TICK_ZERO"),
}


@pytest.mark.parametrize(("terms", "opening", "direction", "code"), NO_SENSE.values(), ids=NO_SENSE)
def test_terms_that_make_no_sense_are_refused(
    terms: DutchTerms, opening: int, direction: Direction, code: str
) -> None:
    (problem,) = terms.problems(opening, direction)
    assert problem.code == code


def test_terms_that_make_sense_are_not_refused() -> None:
    assert dutch(share=100).problems(1_000_000, Direction.RISING) == []
    assert dutch(step=10, steps=99).problems(1000, Direction.RISING) == []
    assert dutch(step=10, steps=5000, stop=1).problems(1000, Direction.RISING) == []
    assert dutch(step=10, steps=5000, stop=2000).problems(1000, Direction.FALLING) == []
