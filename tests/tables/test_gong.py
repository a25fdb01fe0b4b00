"""Called rounds that the first bid ends: pauses, raises, the hard stop, the race of two bids, both directions."""

import pytest
from msgspec import structs

from matching.details import Act, Rounds
from matching.increments import IncrementTable, fixed
from matching.lot import decide
from matching.terms import Direction, GongTerms
from matching.units import AMOUNT_MAX
from matching.view import lot_view
from tests.tables.scenario import Scenario, english, lot_terms, lot_under, span_us, steps, take_over
from tests.terms_codes import codes

ABSURD = AMOUNT_MAX + 1


def gong(
    step: int | IncrementTable = 100,
    *,
    length: str = "3:00",
    pause: str = "0:15",
    stop: str | None = "7:00:00",
    leader_may_raise: bool = True,
) -> GongTerms:
    """Return the terms of called rounds, spans written as in tables; the defaults are those of land leases."""
    return GongTerms(
        increments=fixed(step) if isinstance(step, int) else step,
        round_us=span_us(length),
        pause_us=span_us(pause),
        hard_end_after_us=None if stop is None else span_us(stop),
        leader_may_raise=leader_may_raise,
        resume_countdown_us=span_us("1:00"),
    )


GONG = {
    "a bid ends the round at once, a pause follows, and a round without a bid ends it all": Scenario(
        lot_terms(gong()),
        f"""
        at      | who   | does             | then
        0:00    | clock | deadline 0:00    | opened, phase 0 ends 0:15, pause 1 at 1000 ends 0:15
        0:10    | A     | bid 1000         | refused NOT_TAKEN_NOW
        0:15    | A     | bid 1000         | refused LOT_CLOSED
        0:15    | clock | deadline 0:15    | round 1 at 1000 ends 3:15
        1:00    | x     | bid 1000         | refused NOT_ADMITTED
        1:00    | A     | bid 0            | refused AMOUNT_OUT_OF_RANGE ask 1000 step 100 largest {AMOUNT_MAX}
        1:00    | A     | bid {ABSURD}     | refused AMOUNT_OUT_OF_RANGE ask 1000 step 100 largest {AMOUNT_MAX}
        1:00    | A     | bid 900          | refused BELOW_ASKING_PRICE ask 1000 step 100
        1:00    | A     | bid 1050         | refused NOT_ON_STEP ask 1000 step 100
        1:00    | A     | max 1000         | refused NOT_TAKEN_NOW
        1:00    | host  | hammer           | refused HAMMER_BELONGS_TO_CLOCK
        1:00    | A     | bid 1000         | A 1000, pause 2 at 1100 ends 1:15
        1:15    | clock | deadline 1:15    | round 2 at 1100 ends 4:15
        2:00    | B     | bid 1500         | B 1500, pause 3 at 1600 ends 2:15
        2:15    | clock | deadline 2:15    | round 3 at 1600 ends 5:15
        5:14.999999 | A | bid 1600         | A 1600, pause 4 at 1700 ends 5:29.999999
        5:29.999999 | clock | deadline 5:29.999999 | round 4 at 1700 ends 8:29.999999
        8:29.999999 | B | bid 1700         | refused LOT_CLOSED
        8:29.999999 | clock | deadline 8:29.999999 | sold A 1600
        """,
    ),
    "the last to bid wins, and he may go beyond his own bid": Scenario(
        lot_terms(gong()),
        """
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | opened, phase 0 ends 0:15, pause 1 at 1000 ends 0:15
        0:15  | clock | deadline 0:15 | round 1 at 1000 ends 3:15
        1:00  | A     | bid 1000      | A 1000, pause 2 at 1100 ends 1:15
        1:15  | clock | deadline 1:15 | round 2 at 1100 ends 4:15
        1:20  | A     | bid 1300      | A 1300, pause 3 at 1400 ends 1:35
        1:35  | clock | deadline 1:35 | round 3 at 1400 ends 4:35
        4:35  | clock | deadline 4:35 | sold A 1300
        """,
    ),
    "where the terms say so the leader may not": Scenario(
        lot_terms(gong(leader_may_raise=False)),
        """
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | opened, phase 0 ends 0:15, pause 1 at 1000 ends 0:15
        0:15  | clock | deadline 0:15 | round 1 at 1000 ends 3:15
        1:00  | A     | bid 1000      | A 1000, pause 2 at 1100 ends 1:15
        1:15  | clock | deadline 1:15 | round 2 at 1100 ends 4:15
        1:20  | A     | bid 1         | refused LEADER_MAY_NOT_RAISE
        1:20  | B     | bid 1100      | B 1100, pause 3 at 1200 ends 1:35
        """,
    ),
    "of two bids at one moment the first ends the round and the second finds the pause": Scenario(
        lot_terms(gong()),
        """
        at       | who   | does          | then
        0:00     | clock | deadline 0:00 | opened, phase 0 ends 0:15, pause 1 at 1000 ends 0:15
        0:15     | clock | deadline 0:15 | round 1 at 1000 ends 3:15
        1:00.5   | A     | bid 1000      | A 1000, pause 2 at 1100 ends 1:15.5
        1:00.5   | B     | bid 1000      | refused NOT_TAKEN_NOW
        1:00.5   | C     | bid 1100      | refused NOT_TAKEN_NOW
        1:15.5   | clock | deadline 1:15.5 | round 2 at 1100 ends 4:15.5
        1:15.5   | B     | bid 1000      | refused BELOW_ASKING_PRICE ask 1100 step 100
        4:15.5   | clock | deadline 4:15.5 | sold A 1000
        """,
    ),
    "without pauses the second of two bids is for a round that is over": Scenario(
        lot_terms(gong(pause="0:00")),
        """
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | opened, phase 0 ends 3:00, round 1 at 1000 ends 3:00
        1:00  | A     | bid 1000      | A 1000, round 2 at 1100 ends 4:00
        1:00  | B     | bid 1000      | refused BELOW_ASKING_PRICE ask 1100 step 100
        4:00  | clock | deadline 4:00 | sold A 1000
        """,
    ),
    "the hard stop at 17:00 cuts the round that runs": Scenario(
        lot_terms(gong()),
        """
        at      | who   | does             | then
        0:00    | clock | deadline 0:00    | opened, phase 0 ends 0:15, pause 1 at 1000 ends 0:15
        0:15    | clock | deadline 0:15    | round 1 at 1000 ends 3:15
        3:14    | A     | bid 1000         | A 1000, pause 2 at 1100 ends 3:29
        3:29    | clock | deadline 3:29    | round 2 at 1100 ends 6:29
        3:30    | host  | pause noise      | frozen host (noise)
        3:30    | host  | resume           | resumed by host ends 6:29
        6:28    | B     | bid 1100         | B 1100, pause 3 at 1200 ends 6:43
        6:43    | clock | deadline 6:43    | round 3 at 1200 ends 9:43
        """,
    ),
    "a round, and a pause, are cut by a hard stop near by": Scenario(
        lot_terms(gong(stop="4:00")),
        """
        at      | who   | does             | then
        0:00    | clock | deadline 0:00    | opened, phase 0 ends 0:15, pause 1 at 1000 ends 0:15
        0:15    | clock | deadline 0:15    | round 1 at 1000 ends 3:15
        3:00    | A     | bid 1000         | A 1000, pause 2 at 1100 ends 3:15
        3:15    | clock | deadline 3:15    | round 2 at 1100 ends 4:00
        3:50    | B     | bid 1100         | B 1100, pause 3 at 1200 ends 4:00
        4:00    | clock | deadline 4:00    | sold B 1100
        """,
    ),
    "a bid just before the hard stop counts, one at it does not": Scenario(
        lot_terms(gong(stop="3:00", pause="0:00")),
        """
        at          | who   | does             | then
        0:00        | clock | deadline 0:00    | opened, phase 0 ends 3:00, round 1 at 1000 ends 3:00
        2:59.999999 | A     | bid 1000         | A 1000, round 2 at 1100 ends 3:00
        3:00        | B     | bid 1100         | refused LOT_CLOSED
        3:00        | clock | deadline 3:00    | sold A 1000
        """,
    ),
    "a freeze moves the hard stop as far as the round": Scenario(
        lot_terms(gong(stop="4:00")),
        """
        at      | who   | does             | then
        0:00    | clock | deadline 0:00    | opened, phase 0 ends 0:15, pause 1 at 1000 ends 0:15
        0:15    | clock | deadline 0:15    | round 1 at 1000 ends 3:15
        1:15    | host  | pause noise      | frozen host (noise)
        1:16    | A     | bid 1000         | refused LOT_FROZEN (noise)
        11:15   | host  | resume           | resumed by host ends 13:15
        13:10   | A     | bid 1000         | A 1000, pause 2 at 1100 ends 13:25
        13:25   | clock | deadline 13:25   | round 2 at 1100 ends 14:00
        14:00   | clock | deadline 14:00   | sold A 1000
        """,
    ),
    "nobody bids in the first round": Scenario(
        lot_terms(gong()),
        """
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | opened, phase 0 ends 0:15, pause 1 at 1000 ends 0:15
        0:15  | clock | deadline 0:15 | round 1 at 1000 ends 3:15
        3:15  | clock | deadline 3:15 | passed no_bids
        """,
    ),
    "a purchase: the called price falls, down to one": Scenario(
        lot_terms(gong(40, pause="0:05"), opening=100, direction=Direction.FALLING),
        """
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | opened, phase 0 ends 0:05, pause 1 at 100 ends 0:05
        0:05  | clock | deadline 0:05 | round 1 at 100 ends 3:05
        0:06  | A     | bid 140       | refused ABOVE_ASKING_PRICE ask 100 step 40
        0:06  | A     | bid 70        | refused NOT_ON_STEP ask 100 step 40
        0:06  | A     | bid 0         | refused AMOUNT_OUT_OF_RANGE ask 100 step 40 largest 1
        0:06  | A     | bid 100       | A 100, pause 2 at 60 ends 0:11
        0:11  | clock | deadline 0:11 | round 2 at 60 ends 3:11
        0:12  | B     | bid 20        | B 20, sold B 20
        """,
    ),
    "it goes on from a price that was bid before, with a table of steps": Scenario(
        lot_terms(english(100, duration="1:00"), gong(steps(from_0=50, from_1300=200))),
        """
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | opened, phase 0 ends 1:00
        0:30  | A     | bid 1250      | A 1250
        1:00  | clock | deadline 1:00 | phase 1 ends 1:15, pause 1 at 1300 ends 1:15
        1:15  | clock | deadline 1:15 | round 1 at 1300 ends 4:15
        2:00  | B     | bid 1350      | refused NOT_ON_STEP ask 1300 step 200
        2:00  | B     | bid 1300      | B 1300, pause 2 at 1500 ends 2:15
        2:15  | clock | deadline 2:15 | round 2 at 1500 ends 5:15
        5:15  | clock | deadline 5:15 | sold B 1300
        """,
    ),
    "each bidder's last bid is kept in reserve, best first": Scenario(
        lot_terms(gong(pause="0:00"), reserve_places=2),
        """
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | opened, phase 0 ends 3:00, round 1 at 1000 ends 3:00
        0:01  | A     | bid 1000      | A 1000, round 2 at 1100 ends 3:01
        0:02  | B     | bid 1100      | B 1100, round 3 at 1200 ends 3:02
        0:03  | C     | bid 1200      | C 1200, round 4 at 1300 ends 3:03
        0:04  | A     | bid 1300      | A 1300, round 5 at 1400 ends 3:04
        3:04  | clock | deadline 3:04 | knocked down A 1300; then C 1200; then B 1100
        """,
    ),
    "a round whose end is decided too late freezes the lot": Scenario(
        lot_terms(gong(pause="0:00", stop="3:10")),
        """
        at      | who   | does            | then
        0:00    | clock | deadline 0:00   | opened, phase 0 ends 3:00, round 1 at 1000 ends 3:00
        3:05    | clock | deadline 3:00   | frozen outage until 3:35
        3:35    | clock | deadline 3:35   | resumed ends 4:35
        4:34    | A     | bid 1000        | A 1000, round 2 at 1100 ends 4:45
        4:45    | clock | deadline 4:45   | sold A 1000
        """,
    ),
    "beyond the largest amount there is no round": Scenario(
        lot_terms(gong(pause="0:00")),
        f"""
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | opened, phase 0 ends 3:00, round 1 at 1000 ends 3:00
        0:01  | A     | bid {AMOUNT_MAX} | A {AMOUNT_MAX}, sold A {AMOUNT_MAX}
        """,
    ),
}


@pytest.mark.parametrize("scenario", GONG.values(), ids=GONG)
def test_gong(scenario: Scenario) -> None:
    scenario.play()


def test_a_round_shows_its_price_and_a_pause_takes_nothing() -> None:
    lot = lot_under(lot_terms(gong()), "A")
    assert (lot_view(lot).asking_price, lot_view(lot).increment) == (1000, 100)
    table = "at|who|does|then\n0:00 | clock | deadline 0:00 | -\n0:15 | clock | deadline 0:15 | -"
    for is_pause, row in zip((True, False), Scenario(lot.terms, table).rows, strict=True):
        take_over(lot, decide(lot, row.command, row.at_us), row.at_us)
        view = lot_view(lot)
        assert view.detail == Rounds(1, 0, 1000, is_pause=is_pause)
        assert view.accepts == (() if is_pause else (Act.BID,))


def test_terms_that_make_no_sense_are_refused() -> None:
    terms = gong()
    assert terms.problems(1000, Direction.RISING) == []
    stopped = structs.replace(terms, round_us=0, hard_end_after_us=terms.pause_us)
    assert codes(stopped.problems(1000, Direction.RISING)) == [
        "ROUND_ZERO",
        "HARD_END_BEFORE_ROUND",
    ]
    assert codes(structs.replace(terms, increments=()).problems(1000, Direction.RISING)) == ["LADDER_EMPTY"]
