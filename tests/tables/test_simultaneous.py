"""Simultaneous rounds: hidden bids on several items, rights that activity keeps, waivers, ties, and the clock."""

# ruff: noqa: E501 - the end of a round tells where every item and every bidder stands

from __future__ import annotations

import msgspec
import pytest

from matching.commands import AnnounceLot
from matching.events import ItemsBid, is_public
from matching.lot import announce
from matching.terms import (
    MINUTE_US,
    SECOND_US,
    Direction,
    ItemTies,
    PaddlePoints,
    RoundItem,
    SimultaneousTerms,
)
from matching.units import AMOUNT_MAX
from matching.view import lot_view
from tests.tables.scenario import HOST, LOT, Scenario, english, lot_terms
from tests.terms_codes import refused_codes

SEED = "5a" * 32
THREE = (RoundItem(1, 1000, points=10), RoundItem(2, 500, points=5), RoundItem(3, 500, points=5))


def rounds(
    items: tuple[RoundItem, ...] = THREE, activity: int = 10_000, step: int = 100, **terms: object
) -> SimultaneousTerms:
    """Return the terms of rounds of one minute."""
    return SimultaneousTerms(
        items=items,
        round_us=MINUTE_US,
        activity_basis_points=activity,
        increment_min=step,
        **terms,  # type: ignore[arg-type]
    )


ROUNDS = {
    "what is meant for one round is not taken in another": Scenario(
        lot_terms(rounds(waivers=3)),
        """
        at    | who   | does                     | then
        0:00  | clock | deadline 0:00            | opened, phase 0 ends 1:00, round 1 ends 1:00
        0:01  | A     | items 1=1000 until 2:00  | refused MEANT_FOR_ANOTHER_ROUND
        0:02  | A     | items 1=1000 until -     | A items 1=1000x1
        0:03  | B     | items 2=500 until 1:00   | B items 2=500x1
        1:00  | clock | deadline 1:00            | closed 1: 1 A 1000; 2 B 500; 3 - 500; A 20/2; B 20/2, round 2 ends 2:00
        1:01  | B     | items 3=500 until -      | refused MEANT_FOR_ANOTHER_ROUND
        1:01  | B     | items 3=500 until 1:00   | refused MEANT_FOR_ANOTHER_ROUND
        1:01  | B     | say waive until 1:00     | refused MEANT_FOR_ANOTHER_ROUND
        1:02  | A     | say waive until 2:00     | A says waive
        """,
    ),
    "all items stay open until a round brings nothing": Scenario(
        lot_terms(rounds()),
        f"""
        at    | who   | does                | then
        0:00  | clock | deadline 0:00       | opened, phase 0 ends 1:00, round 1 ends 1:00
        0:01  | A     | bid 1000            | refused NOT_TAKEN_NOW
        0:01  | x     | items 1=1000        | refused NOT_ADMITTED
        0:01  | A     | items 1=999         | refused BELOW_ASKING_PRICE ask 1000 step 100 (item 1)
        0:01  | A     | items 4=999         | refused ITEM_UNKNOWN (item 4)
        0:01  | A     | items 1=1000x2      | refused QUANTITY_OUT_OF_RANGE largest 1 (item 1)
        0:01  | A     | items 1=1000 1=1100 | refused LINES_INVALID (an item is named twice)
        0:01  | A     | items 1=1000 3=1    | refused BELOW_ASKING_PRICE ask 500 step 100 (item 3)
        0:02  | A     | items 1=1000 2=500  | A items 1=1000x1 2=500x1
        0:03  | B     | items 1=1000        | B items 1=1000x1
        0:04  | B     | items 2=650 3=500   | B items 2=650x1 3=500x1
        0:59.999999 | C | items 3=700       | C items 3=700x1
        1:00  | clock | deadline 1:00       | closed 1: 1 A 1000; 2 B 650; 3 C 700; A 15/0; B 20/0; C 5/0, round 2 ends 2:00
        1:01  | A     | items 1=1200        | refused LEADER_MAY_NOT_RAISE (item 1)
        1:01  | B     | items 1=1099        | refused BELOW_ASKING_PRICE ask 1100 step 100 (item 1)
        1:02  | A     | items 2=750         | A items 2=750x1
        1:03  | C     | items 1=1100        | refused NOT_ENOUGH_ELIGIBILITY missing 10
        1:04  | B     | items 1=1100 3=800  | B items 1=1100x1 3=800x1
        2:00  | clock | deadline 2:00       | closed 2: 1 B 1100; 2 A 750; 3 B 800; A 15/0; B 20/0; C 5/0, round 3 ends 3:00
        2:10  | A     | items 1={AMOUNT_MAX} | A items 1={AMOUNT_MAX}x1
        3:00  | clock | deadline 3:00       | closed 3: 1 A {AMOUNT_MAX}; 2 A 750; 3 B 800; A 15/0; B 15/0; C 0/0, round 4 ends 4:00
        3:01  | C     | items 2=850         | refused NOT_ENOUGH_ELIGIBILITY missing 5
        3:02  | B     | items 2=850         | B items 2=850x1
        4:00  | clock | deadline 4:00       | closed 4: 1 A {AMOUNT_MAX}; 2 B 850; 3 B 800; A 15/0; B 10/0; C 0/0, round 5 ends 5:00
        5:00  | clock | deadline 5:00       | closed 5: 1 A {AMOUNT_MAX}; 2 B 850; 3 B 800; A 10/0; B 10/0; C 0/0, awarded: A 1 of item 1 for {AMOUNT_MAX}; B 1 of item 2 for 850; B 1 of item 3 for 800
        """,
    ),
    "bids are taken before the end of a round, not at it": Scenario(
        lot_terms(rounds()),
        """
        at    | who   | does                | then
        0:00  | clock | deadline 0:00       | opened, phase 0 ends 1:00, round 1 ends 1:00
        0:59.999999 | C | items 3=700       | C items 3=700x1
        1:00  | C     | items 3=800         | refused LOT_CLOSED
        1:00  | C     | say waive           | refused LOT_CLOSED
        1:00  | clock | deadline 1:00       | closed 1: 1 - 1000; 2 - 500; 3 C 700; C 5/0; D 0/0, round 2 ends 2:00
        1:00  | D     | items 3=800         | refused NOT_ENOUGH_ELIGIBILITY missing 5
        """,
    ),
    "a bid binds: within its round it is raised, not lowered or taken back": Scenario(
        lot_terms(rounds(rounds_max=1)),
        """
        at    | who   | does                | then
        0:00  | clock | deadline 0:00       | opened, phase 0 ends 1:00, round 1 ends 1:00
        0:02  | A     | items 1=1500        | A items 1=1500x1
        0:03  | A     | items 1=1400        | refused OFFER_BINDS ask 1500 (item 1)
        0:03  | A     | take back           | refused NOT_TAKEN_NOW
        0:04  | B     | items 1=1600        | B items 1=1600x1
        0:05  | A     | items 1=1600        | A items 1=1600x1
        0:06  | A     | items 2=500         | A items 2=500x1
        1:00  | clock | deadline 1:00       | closed 1: 1 B 1600; 2 A 500; 3 - 500; A 15/0; B 10/0, awarded: B 1 of item 1 for 1600; A 1 of item 2 for 500
        """,
    ),
    "nobody bids": Scenario(
        lot_terms(rounds()),
        """
        at    | who   | does                | then
        0:00  | clock | deadline 0:00       | opened, phase 0 ends 1:00, round 1 ends 1:00
        0:01  | A     | say accept          | refused NOT_TAKEN_NOW
        1:00  | clock | deadline 1:00       | closed 1: 1 - 1000; 2 - 500; 3 - 500; A 0/0, passed no_bids
        """,
    ),
    "prices fall in a purchase": Scenario(
        lot_terms(rounds(step=50, rounds_max=3), direction=Direction.FALLING),
        """
        at    | who   | does                | then
        0:00  | clock | deadline 0:00       | opened, phase 0 ends 1:00, round 1 ends 1:00
        0:01  | A     | items 1=1001        | refused ABOVE_ASKING_PRICE ask 1000 step 50 (item 1)
        0:01  | A     | items 1=1000        | A items 1=1000x1
        0:02  | A     | items 1=980         | A items 1=980x1
        0:03  | A     | items 1=990         | refused OFFER_BINDS ask 980 (item 1)
        0:04  | B     | items 1=985 2=400   | B items 1=985x1 2=400x1
        1:00  | clock | deadline 1:00       | closed 1: 1 A 980; 2 B 400; 3 - 500; A 10/0; B 15/0, round 2 ends 2:00
        1:01  | B     | items 1=931         | refused ABOVE_ASKING_PRICE ask 930 step 50 (item 1)
        1:01  | B     | items 1=930         | B items 1=930x1
        2:00  | clock | deadline 2:00       | closed 2: 1 B 930; 2 B 400; 3 - 500; A 10/0; B 15/0, round 3 ends 3:00
        3:00  | clock | deadline 3:00       | closed 3: 1 B 930; 2 B 400; 3 - 500; A 0/0; B 15/0, awarded: B 1 of item 1 for 930; B 1 of item 2 for 400
        """,
    ),
    "the step is a share of the price, rounded up, or the least raise": Scenario(
        lot_terms(rounds((RoundItem(1, 1005), RoundItem(2, 10)), step=7, increment_basis_points=1000)),
        """
        at    | who   | does                | then
        0:00  | clock | deadline 0:00       | opened, phase 0 ends 1:00, round 1 ends 1:00
        0:01  | A     | items 1=1005 2=10   | A items 1=1005x1 2=10x1
        0:02  | B     | items 1=1005 2=9    | refused BELOW_ASKING_PRICE ask 10 step 7 (item 2)
        0:03  | B     | items 1=1005 2=10   | B items 1=1005x1 2=10x1
        1:00  | clock | deadline 1:00       | closed 1: 1 A 1005; 2 A 10; A 2/0; B 2/0, round 2 ends 2:00
        1:01  | B     | items 1=1105        | refused BELOW_ASKING_PRICE ask 1106 step 101 (item 1)
        1:01  | B     | items 2=16          | refused BELOW_ASKING_PRICE ask 17 step 7 (item 2)
        1:01  | B     | items 1=1106 2=17   | B items 1=1106x1 2=17x1
        2:00  | clock | deadline 2:00       | closed 2: 1 B 1106; 2 B 17; A 2/0; B 2/0, round 3 ends 3:00
        """,
    ),
    "between rounds there is a pause, and a freeze keeps the countdown": Scenario(
        lot_terms(rounds(pause_us=30 * SECOND_US, resume_countdown_us=20 * SECOND_US)),
        """
        at    | who   | does                | then
        0:00  | clock | deadline 0:00       | opened, phase 0 ends 1:00, round 1 ends 1:00
        0:01  | A     | items 1=1000        | A items 1=1000x1
        0:50  | host  | pause alarm         | frozen host (alarm)
        0:51  | A     | items 1=1000        | refused LOT_FROZEN (alarm)
        5:00  | host  | resume              | resumed by host ends 5:20
        5:20  | clock | deadline 5:20       | closed 1: 1 A 1000; 2 - 500; 3 - 500; A 10/0, pause 1 ends 5:50
        5:21  | A     | items 2=500         | refused NOT_TAKEN_NOW
        5:22  | A     | say waive           | refused NOT_TAKEN_NOW
        5:23  | host  | hammer              | refused HAMMER_BELONGS_TO_CLOCK
        5:50  | clock | deadline 5:50       | round 2 ends 6:50
        6:50  | clock | deadline 6:50       | closed 2: 1 A 1000; 2 - 500; 3 - 500; A 10/0, awarded: A 1 of item 1 for 1000
        """,
    ),
}

RIGHTS = {
    "points are lost with activity, and a waiver keeps them": Scenario(
        lot_terms(rounds(activity=8000, waivers=2)),
        """
        at    | who   | does                | then
        0:00  | clock | deadline 0:00       | opened, phase 0 ends 1:00, round 1 ends 1:00
        0:01  | A     | items 1=1000 2=500  | A items 1=1000x1 2=500x1
        0:02  | A     | say waive           | refused ALREADY_OFFERED
        0:03  | B     | items 3=500         | B items 3=500x1
        0:04  | C     | say waive           | C says waive
        0:05  | C     | say waive           | refused ALREADY_DECLARED
        0:06  | C     | items 3=500         | refused ALREADY_DECLARED
        1:00  | clock | deadline 1:00       | closed 1: 1 A 1000; 2 A 500; 3 B 500; A 20/1; B 20/1; C 20/1, round 2 ends 2:00
        1:01  | C     | say waive           | C says waive
        2:00  | clock | deadline 2:00       | closed 2: 1 A 1000; 2 A 500; 3 B 500; A 20/0; B 20/0; C 20/0, round 3 ends 3:00
        2:01  | C     | say waive           | refused NO_WAIVER_LEFT
        2:02  | C     | items 2=600         | C items 2=600x1
        3:00  | clock | deadline 3:00       | closed 3: 1 A 1000; 2 C 600; 3 B 500; A 18/0; B 6/0; C 6/0, round 4 ends 4:00
        3:01  | B     | items 1=1100        | refused NOT_ENOUGH_ELIGIBILITY missing 9
        3:02  | A     | items 3=600         | A items 3=600x1
        4:00  | clock | deadline 4:00       | closed 4: 1 A 1000; 2 C 600; 3 A 600; A 18/0; B 6/0; C 6/0, round 5 ends 5:00
        5:00  | clock | deadline 5:00       | closed 5: 1 A 1000; 2 C 600; 3 A 600; A 18/0; B 0/0; C 6/0, awarded: A 1 of item 1 for 1000; C 1 of item 2 for 600; A 1 of item 3 for 600
        """,
    ),
    "an unasked waiver does not keep the rounds going": Scenario(
        lot_terms(rounds(waivers=5)),
        """
        at    | who   | does                | then
        0:00  | clock | deadline 0:00       | opened, phase 0 ends 1:00, round 1 ends 1:00
        0:01  | A     | items 1=1000        | A items 1=1000x1
        1:00  | clock | deadline 1:00       | closed 1: 1 A 1000; 2 - 500; 3 - 500; A 20/4, round 2 ends 2:00
        2:00  | clock | deadline 2:00       | closed 2: 1 A 1000; 2 - 500; 3 - 500; A 20/3, awarded: A 1 of item 1 for 1000
        """,
    ),
    "points are given by paddle, and who comes after the first round has none": Scenario(
        lot_terms(rounds(start_points=10, points_by_paddle=(PaddlePoints(2, 20),))),
        """
        at    | who   | does                | then
        0:00  | clock | deadline 0:00       | opened, phase 0 ends 1:00, round 1 ends 1:00
        0:01  | A     | items 1=1000 2=500  | refused NOT_ENOUGH_ELIGIBILITY missing 5
        0:01  | A     | items 1=1000        | A items 1=1000x1
        0:02  | A     | items 2=500         | refused NOT_ENOUGH_ELIGIBILITY missing 5
        0:03  | B     | items 2=500 3=500   | B items 2=500x1 3=500x1
        0:04  | B     | items 1=1000        | B items 1=1000x1
        0:05  | host  | admit C             | paddle 3
        0:06  | C     | items 1=1000        | C items 1=1000x1
        1:00  | clock | deadline 1:00       | closed 1: 1 A 1000; 2 B 500; 3 B 500; A 10/0; B 20/0; C 10/0, round 2 ends 2:00
        1:01  | host  | admit D             | paddle 4
        1:02  | D     | items 1=1100        | refused NOT_ELIGIBLE
        1:02  | D     | say waive           | refused NOT_ELIGIBLE
        """,
    ),
}

TIES = {
    "equal bids: the earlier leads": Scenario(
        lot_terms(rounds(rounds_max=1)),
        """
        at    | who   | does                | then
        0:00  | clock | deadline 0:00       | opened, phase 0 ends 1:00, round 1 ends 1:00
        0:01  | A     | items 1=1000        | A items 1=1000x1
        0:02  | B     | items 1=1100        | B items 1=1100x1
        0:03  | A     | items 1=1100        | A items 1=1100x1
        0:04  | C     | items 1=1100        | C items 1=1100x1
        1:00  | clock | deadline 1:00       | closed 1: 1 B 1100; 2 - 500; 3 - 500; A 10/0; B 10/0; C 10/0, awarded: B 1 of item 1 for 1100
        """,
    ),
    "equal bids: the declared seed decides, for each item": Scenario(
        lot_terms(rounds(rounds_max=1, ties=ItemTies.SEED, tie_seed=SEED)),
        """
        at    | who   | does                | then
        0:00  | clock | deadline 0:00       | opened, phase 0 ends 1:00, round 1 ends 1:00
        0:01  | A     | items 1=1000 2=500 3=500 | A items 1=1000x1 2=500x1 3=500x1
        0:02  | B     | items 1=1000 2=500 3=500 | B items 1=1000x1 2=500x1 3=500x1
        0:02  | C     | items 1=1000 2=500 3=500 | C items 1=1000x1 2=500x1 3=500x1
        1:00  | clock | deadline 1:00       | closed 1: 1 B 1000; 2 B 500; 3 A 500; A 20/0; B 20/0; C 20/0, awarded: B 1 of item 1 for 1000; B 1 of item 2 for 500; A 1 of item 3 for 500
        """,
    ),
}

TWO_KINDS = (RoundItem(1, 1000, points=1, supply=5), RoundItem(2, 400, points=1, supply=3))


def clock(items: tuple[RoundItem, ...] = TWO_KINDS, **terms: object) -> SimultaneousTerms:
    """Return the terms of clock rounds in which a price rises by a fifth."""
    named: dict[str, object] = {"is_clock": True, "increment_basis_points": 2000} | terms
    return rounds(items, 10_000, 1, **named)


CLOCK = {
    "the clock runs while more is wanted than there is": Scenario(
        lot_terms(clock()),
        """
        at    | who   | does                  | then
        0:00  | clock | deadline 0:00         | opened, phase 0 ends 1:00, round 1 ends 1:00
        0:01  | A     | items 1=0x6           | refused QUANTITY_OUT_OF_RANGE largest 5 (item 1)
        0:01  | A     | items 1=0x5 2=0x4     | refused QUANTITY_OUT_OF_RANGE largest 3 (item 2)
        0:01  | A     | say waive             | refused NOT_TAKEN_NOW
        0:02  | A     | items 1=0x4 2=0x2     | A items 1=0x4 2=0x2
        0:03  | B     | items 1=1000x4 2=0x1  | B items 1=1000x4 2=0x1
        0:04  | B     | items 1=1000x3 2=0x1  | B items 1=1000x3 2=0x1
        1:00  | clock | deadline 1:00         | closed 1: 1 - 1000; 2 - 400; A 6/0; B 4/0, round 2 ends 2:00
        1:01  | A     | items 1=999x4         | refused BELOW_ASKING_PRICE ask 1000 largest 1200 (item 1)
        1:01  | A     | items 1=1201x4        | refused ABOVE_ASKING_PRICE ask 1200 largest 1000 (item 1)
        1:02  | A     | items 1=0x4 2=0x2     | A items 1=0x4 2=0x2
        1:03  | B     | items 1=0x3 2=0x2     | refused NOT_ENOUGH_ELIGIBILITY missing 1
        1:04  | B     | items 1=1150x2 2=0x1  | B items 1=1150x2 2=0x1
        2:00  | clock | deadline 2:00         | closed 2: 1 - 1200; 2 - 400; A 6/0; B 3/0, round 3 ends 3:00
        2:01  | A     | items 1=1300x1 2=0x2  | A items 1=1300x1 2=0x2
        2:02  | B     | items 1=0x2 2=0x1     | B items 1=0x2 2=0x1
        3:00  | clock | deadline 3:00         | closed 3: 1 - 1300; 2 - 400; A 5/0; B 3/0, awarded: A 3 of item 1 @ 1300 for 3900; B 2 of item 1 @ 1300 for 2600; A 2 of item 2 @ 400 for 800; B 1 of item 2 @ 400 for 400
        """,
    ),
    "who says nothing gives up what others still want": Scenario(
        lot_terms(clock()),
        """
        at    | who   | does                  | then
        0:00  | clock | deadline 0:00         | opened, phase 0 ends 1:00, round 1 ends 1:00
        0:02  | A     | items 1=0x4           | A items 1=0x4
        0:03  | B     | items 1=0x3           | B items 1=0x3
        1:00  | clock | deadline 1:00         | closed 1: 1 - 1000; 2 - 400; A 4/0; B 3/0, round 2 ends 2:00
        1:02  | A     | items 1=0x4           | A items 1=0x4
        2:00  | clock | deadline 2:00         | closed 2: 1 - 1000; 2 - 400; A 4/0; B 1/0, awarded: A 4 of item 1 @ 1000 for 4000; B 1 of item 1 @ 1000 for 1000
        """,
    ),
    "of two who give up at the same price the earlier is let go first": Scenario(
        lot_terms(clock()),
        """
        at    | who   | does                  | then
        0:00  | clock | deadline 0:00         | opened, phase 0 ends 1:00, round 1 ends 1:00
        0:02  | A     | items 1=0x3           | A items 1=0x3
        0:03  | B     | items 1=0x3           | B items 1=0x3
        1:00  | clock | deadline 1:00         | closed 1: 1 - 1000; 2 - 400; A 3/0; B 3/0, round 2 ends 2:00
        1:02  | B     | items 1=1100x2        | B items 1=1100x2
        1:03  | A     | items 1=1100x2        | A items 1=1100x2
        2:00  | clock | deadline 2:00         | closed 2: 1 - 1100; 2 - 400; A 3/0; B 2/0, awarded: A 3 of item 1 @ 1100 for 3300; B 2 of item 1 @ 1100 for 2200
        """,
    ),
    "units move from one item to the other": Scenario(
        lot_terms(clock()),
        """
        at    | who   | does                  | then
        0:00  | clock | deadline 0:00         | opened, phase 0 ends 1:00, round 1 ends 1:00
        0:02  | A     | items 1=0x4           | A items 1=0x4
        0:03  | B     | items 1=0x3           | B items 1=0x3
        1:00  | clock | deadline 1:00         | closed 1: 1 - 1000; 2 - 400; A 4/0; B 3/0, round 2 ends 2:00
        1:02  | A     | items 1=1050x2 2=400x2 | A items 1=1050x2 2=400x2
        1:03  | B     | items 1=0x3           | B items 1=0x3
        2:00  | clock | deadline 2:00         | closed 2: 1 - 1050; 2 - 400; A 4/0; B 3/0, awarded: A 2 of item 1 @ 1050 for 2100; B 3 of item 1 @ 1050 for 3150; A 2 of item 2 @ 400 for 800
        """,
    ),
    "when the rounds are used up, what more is wanted of than there is stays unsold": Scenario(
        lot_terms(clock(rounds_max=1)),
        """
        at    | who   | does                  | then
        0:00  | clock | deadline 0:00         | opened, phase 0 ends 1:00, round 1 ends 1:00
        0:02  | A     | items 1=0x4 2=0x1     | A items 1=0x4 2=0x1
        0:03  | B     | items 1=0x3           | B items 1=0x3
        1:00  | clock | deadline 1:00         | closed 1: 1 - 1000; 2 - 400; A 5/0; B 3/0, awarded: A 1 of item 2 @ 400 for 400
        """,
    ),
    "nobody wants anything": Scenario(
        lot_terms(clock()),
        """
        at    | who   | does                  | then
        0:00  | clock | deadline 0:00         | opened, phase 0 ends 1:00, round 1 ends 1:00
        0:02  | A     | items 1=0x0           | A items 1=0x0
        1:00  | clock | deadline 1:00         | closed 1: 1 - 1000; 2 - 400; A 0/0, passed no_bids
        """,
    ),
}


@pytest.mark.parametrize("name", ROUNDS)
def test_rounds(name: str) -> None:
    ROUNDS[name].play()


@pytest.mark.parametrize("name", RIGHTS)
def test_rights(name: str) -> None:
    RIGHTS[name].play()


@pytest.mark.parametrize("name", TIES)
def test_ties(name: str) -> None:
    TIES[name].play()


@pytest.mark.parametrize("name", CLOCK)
def test_clock(name: str) -> None:
    CLOCK[name].play()


WRONG_TERMS = {
    "ITEM_TWICE": rounds((RoundItem(1, 5), RoundItem(1, 6))),
    "ROUND_ZERO": msgspec.structs.replace(rounds(), round_us=0),
    "TIES_AND_SEED": rounds(ties=ItemTies.SEED),
    "CLOCK_HAS_NO_WAIVERS": clock(waivers=1),
    "UNITS_NEED_CLOCK": rounds(TWO_KINDS),
}


@pytest.mark.parametrize("problem", WRONG_TERMS)
def test_terms_that_make_no_sense_are_refused(problem: str) -> None:
    answer = announce(AnnounceLot(LOT, HOST, lot_terms(WRONG_TERMS[problem])))
    assert refused_codes(answer) == [problem]


def test_the_clock_only_rises() -> None:
    answer = announce(AnnounceLot(LOT, HOST, lot_terms(clock(), direction=Direction.FALLING)))
    assert refused_codes(answer) == ["CLOCK_RISES"]


def test_what_was_bid_in_the_round_is_hidden_until_it_is_closed() -> None:
    table = """
        at    | who   | does                | then
        0:00  | clock | deadline 0:00       | opened, phase 0 ends 1:00, round 1 ends 1:00
        0:00  | A     | take back           | refused NOT_TAKEN_NOW
    """
    bid = "    0:01  | A     | items 1=1000        | A items 1=1000x1\n"
    untouched, touched = (
        lot_view(Scenario(lot_terms(rounds()), text).play()) for text in (table, table + bid)
    )
    assert not is_public(ItemsBid(1, ()))
    assert untouched == touched
    assert touched.accepts == ("bid_on_items", "declare")
    assert msgspec.to_builtins(touched.detail) == {
        "kind": "items", "number": 1, "items": ([1, 0, 1000, 0], [2, 0, 500, 0], [3, 0, 500, 0]),
        "open_items": (1, 2, 3),
    }  # fmt: skip


def test_bidding_before_leaves_everybody_in() -> None:
    Scenario(
        lot_terms(english(duration="1:00"), rounds()),
        """
        at    | who   | does                | then
        0:00  | clock | deadline 0:00       | opened, phase 0 ends 1:00
        0:01  | A     | bid 1000            | A 1000
        1:00  | clock | deadline 1:00       | phase 1 ends 2:00, round 1 ends 2:00
        1:01  | B     | items 2=500         | B items 2=500x1
        """,
    ).play()
