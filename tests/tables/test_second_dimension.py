"""Capped prices: bids go on in a second dimension, and what follows once that is capped too."""

from __future__ import annotations

import msgspec
import pytest

from matching.commands import AnnounceLot
from matching.details import Act, Dimension
from matching.events import Place
from matching.lot import Lot, LotState, announce, decide
from matching.refusals import Refused
from matching.terms import Direction, LotTerms
from matching.units import QUANTITY_MAX
from matching.view import lot_view
from tests.tables.land_presets import (
    CAP,
    CAP_DONGGUAN,
    CAP_HOUSING,
    CAP_LOTTERY,
    CAP_PRESETS,
    CAP_SUZHOU,
    countdown,
    interval,
    listing,
    second,
)
from tests.tables.scenario import HOST, LOT, Row, Scenario, lot_terms, lot_under, take_over
from tests.terms_codes import refused_codes

BARE = lot_terms(countdown("4:00", cap_price=2000), second(500, 100))
OWN_CAP = lot_terms(countdown("4:00", cap_price=2000), second(500, 100, cap=800))
HALF_STEP = lot_terms(countdown("4:00", cap_price=2050), second(500, 100, cap=750))

SCENARIOS = {
    "at the cap the bids become quantities, and the highest has the lot at the cap price": Scenario(
        BARE,
        f"""
        at       | who   | does           | then
        0:00     | clock | deadline 0:00  | opened, phase 0 ends 4:00
        0:01     | A     | bid 1000       | A 1000, extension 1 ends 4:01
        0:02     | B     | bid 2100       | refused ABOVE_CAP ask 1100 step 100 largest 2000
        0:02     | B     | bid 2000       | B 2000, cap 2000, phase 1 ends 4:02
        0:03     | A     | bid 2100       | A 2100, extension 1 ends 4:03
        0:04     | C     | bid 2150       | refused BELOW_ASKING_PRICE ask 2200 step 100
        0:04     | C     | bid 2250       | refused NOT_ON_STEP ask 2200 step 100
        0:04     | C     | bid 0          | refused AMOUNT_OUT_OF_RANGE ask 2200 step 100 largest {QUANTITY_MAX}
        0:04     | C     | bid {QUANTITY_MAX + 1} | refused AMOUNT_OUT_OF_RANGE ask 2200 step 100 largest {QUANTITY_MAX}
        0:04     | C     | max 9000       | refused NOT_TAKEN_NOW
        0:04     | C     | say accept     | refused NOT_TAKEN_NOW
        0:04     | x     | bid 2200       | refused NOT_ADMITTED
        4:02.9   | C     | bid 2200       | C 2200, extension 2 ends 8:02.9
        8:02.9   | A     | bid 2300       | refused LOT_CLOSED
        8:02.9   | clock | deadline 8:02.9 | sold C 2000 at 2200
        """,
    ),
    "an amount meant for the price counts nothing in the second dimension": Scenario(
        BARE,
        """
        at       | who   | does                | then
        0:00     | clock | deadline 0:00       | opened, phase 0 ends 4:00
        0:01     | A     | bid 1000 in phase 1 | refused MEANT_FOR_ANOTHER_PHASE
        0:01     | x     | bid 1000 in phase 1 | refused MEANT_FOR_ANOTHER_PHASE
        0:01     | A     | bid 1000 in phase 0 | A 1000, extension 1 ends 4:01
        0:02     | B     | bid 2000 in phase 0 | B 2000, cap 2000, phase 1 ends 4:02
        0:02     | A     | bid 2000 in phase 0 | refused MEANT_FOR_ANOTHER_PHASE
        0:02     | A     | max 2000 in phase 0 | refused MEANT_FOR_ANOTHER_PHASE
        0:02     | A     | bid 2000 in phase 2 | refused MEANT_FOR_ANOTHER_PHASE
        0:03     | host  | pause power         | frozen host (power)
        0:03     | A     | bid 2000 in phase 0 | refused LOT_FROZEN (power)
        0:04     | host  | resume              | resumed by host ends 4:04
        0:05     | A     | bid 600 in phase 1  | A 600, extension 1 ends 4:05
        4:05     | B     | bid 700 in phase 0  | refused LOT_CLOSED
        4:05     | clock | deadline 4:05       | sold A 2000 at 600
        """,
    ),
    "the first quantity is the start or whole steps above it": Scenario(
        BARE,
        """
        at       | who   | does           | then
        0:00     | clock | deadline 0:00  | opened, phase 0 ends 4:00
        0:02     | B     | bid 2000       | B 2000, cap 2000, phase 1 ends 4:02
        0:03     | A     | bid 400        | refused BELOW_ASKING_PRICE ask 500 step 100
        0:03     | A     | bid 550        | refused NOT_ON_STEP ask 500 step 100
        0:03     | A     | bid 700        | A 700, extension 1 ends 4:03
        0:04     | A     | bid 800        | refused LEADER_MAY_NOT_RAISE
        0:04     | B     | bid 700        | refused BELOW_ASKING_PRICE ask 800 step 100
        0:05     | B     | bid 800        | B 800, extension 2 ends 4:05
        4:05     | clock | deadline 4:05  | sold B 2000 at 800
        """,
    ),
    "who reached the cap has the lot if nobody offers a quantity": Scenario(
        BARE,
        """
        at       | who   | does           | then
        0:00     | clock | deadline 0:00  | opened, phase 0 ends 4:00
        0:01     | A     | bid 1000       | A 1000, extension 1 ends 4:01
        0:02     | B     | bid 2000       | B 2000, cap 2000, phase 1 ends 4:02
        4:02     | clock | deadline 4:02  | sold B 2000
        """,
    ),
    "who reached the cap may open the second dimension himself, once": Scenario(
        BARE,
        """
        at       | who   | does           | then
        0:00     | clock | deadline 0:00  | opened, phase 0 ends 4:00
        0:02     | B     | bid 2000       | B 2000, cap 2000, phase 1 ends 4:02
        0:03     | B     | bid 500        | B 500, extension 1 ends 4:03
        0:04     | B     | bid 600        | refused LEADER_MAY_NOT_RAISE
        4:03     | clock | deadline 4:03  | sold B 2000 at 500
        """,
    ),
    "the leader may raise himself where the terms say so": Scenario(
        lot_terms(countdown("4:00", cap_price=2000), second(500, 100, leader_may_raise=True)),
        """
        at       | who   | does           | then
        0:00     | clock | deadline 0:00  | opened, phase 0 ends 4:00
        0:02     | B     | bid 2000       | B 2000, cap 2000, phase 1 ends 4:02
        0:03     | B     | bid 500        | B 500, extension 1 ends 4:03
        0:04     | B     | bid 600        | B 600, extension 2 ends 4:04
        """,
    ),
    "below the cap the second dimension is left out": Scenario(
        BARE,
        """
        at       | who   | does           | then
        0:00     | clock | deadline 0:00  | opened, phase 0 ends 4:00
        0:02     | B     | bid 1900       | B 1900, extension 1 ends 4:02
        4:02     | clock | deadline 4:02  | sold B 1900
        """,
    ),
    "nobody bids": Scenario(
        BARE,
        """
        at       | who   | does           | then
        0:00     | clock | deadline 0:00  | opened, phase 0 ends 4:00
        4:00     | clock | deadline 4:00  | passed no_bids
        """,
    ),
    "less than a step before its cap a price is capped, and so is a quantity": Scenario(
        HALF_STEP,
        """
        at       | who   | does           | then
        0:00     | clock | deadline 0:00  | opened, phase 0 ends 4:00
        0:01     | A     | bid 2000       | A 2000, cap 2000, phase 1 ends 4:01
        0:02     | B     | bid 800        | refused ABOVE_CAP ask 500 step 100 largest 700
        0:02     | B     | bid 600        | B 600, extension 1 ends 4:02
        0:03     | A     | bid 800        | refused ABOVE_CAP ask 700 step 100 largest 700
        0:03     | A     | bid 700        | A 700, cap 700, sold A 2000 at 700
        """,
    ),
    "at its own cap the second dimension is over at once": Scenario(
        OWN_CAP,
        """
        at       | who   | does           | then
        0:00     | clock | deadline 0:00  | opened, phase 0 ends 4:00
        0:01     | A     | bid 2000       | A 2000, cap 2000, phase 1 ends 4:01
        4:00.9   | B     | bid 800        | B 800, cap 800, sold B 2000 at 800
        4:00.9   | A     | bid 900        | refused LOT_CLOSED
        """,
    ),
    "a slip of the finger is refused": Scenario(
        lot_terms(countdown("4:00", cap_price=2000), second(500, 100, raise_steps_max=10)),
        """
        at       | who   | does           | then
        0:00     | clock | deadline 0:00  | opened, phase 0 ends 4:00
        0:01     | A     | bid 2000       | A 2000, cap 2000, phase 1 ends 4:01
        0:02     | B     | bid 1600       | refused ABOVE_LARGEST_RAISE ask 500 step 100 largest 1500
        0:02     | B     | bid 1500       | B 1500, extension 1 ends 4:02
        """,
    ),
    "extensions are bounded by number": Scenario(
        lot_terms(countdown("4:00", cap_price=2000), second(500, 100, extensions_max=1)),
        """
        at       | who   | does           | then
        0:00     | clock | deadline 0:00  | opened, phase 0 ends 4:00
        0:01     | A     | bid 2000       | A 2000, cap 2000, phase 1 ends 4:01
        0:02     | B     | bid 500        | B 500, extension 1 ends 4:02
        0:03     | A     | bid 600        | A 600
        4:02     | clock | deadline 4:02  | sold A 2000 at 600
        """,
    ),
    "extensions never pass the hard end, which moves with a freeze": Scenario(
        lot_terms(countdown("4:00", cap_price=2000), second(500, 100, hard_end_after_us=300_000_000)),
        """
        at       | who   | does           | then
        0:00     | clock | deadline 0:00  | opened, phase 0 ends 4:00
        0:01     | A     | bid 2000       | A 2000, cap 2000, phase 1 ends 4:01
        0:30     | B     | bid 500        | B 500, extension 1 ends 4:30
        1:30     | A     | bid 600        | A 600, extension 2 ends 5:01
        2:00     | B     | bid 700        | B 700
        2:01     | host  | pause power    | frozen host (power)
        2:10     | B     | bid 700        | refused LOT_FROZEN (power)
        10:01    | host  | resume         | resumed by host ends 14:01
        14:00    | A     | bid 800        | A 800
        14:01    | clock | deadline 14:01 | sold A 2000 at 800
        """,
    ),
    "a fixed end is not moved by a bid before its window": Scenario(
        lot_terms(
            countdown("4:00", cap_price=2000),
            msgspec.structs.replace(second(500, 100), soft_close_window_us=60_000_000),
        ),
        """
        at       | who   | does           | then
        0:00     | clock | deadline 0:00  | opened, phase 0 ends 4:00
        0:00     | A     | bid 2000       | A 2000, cap 2000, phase 1 ends 4:00
        2:59.9   | B     | bid 500        | B 500
        3:00     | A     | bid 600        | A 600, extension 1 ends 7:00
        """,
    ),
    "a purchase may fall to its floor and then rise in quantity": Scenario(
        lot_terms(
            countdown("4:00", cap_price=500),
            second(10, 5),
            direction=Direction.FALLING,
        ),
        """
        at       | who   | does           | then
        0:00     | clock | deadline 0:00  | opened, phase 0 ends 4:00
        0:01     | A     | bid 1000       | A 1000, extension 1 ends 4:01
        0:02     | B     | bid 500        | B 500, cap 500, phase 1 ends 4:02
        0:03     | A     | bid 10         | A 10, extension 1 ends 4:03
        0:04     | B     | bid 5          | refused BELOW_ASKING_PRICE ask 15 step 5
        4:03     | clock | deadline 4:03  | sold A 500 at 10
        """,
    ),
    "a later part of the programme goes on from the quantity reached": Scenario(
        lot_terms(
            listing("10:00", cap_price=2000),
            second(500, 100),
            interval("1:00", only_if_capped=True),
            countdown("4:00", cap_price=2000),
            second(500, 100),
        ),
        """
        at       | who   | does           | then
        0:00     | clock | deadline 0:00  | opened, phase 0 ends 10:00
        0:01     | A     | bid 2000       | A 2000, cap 2000, phase 1 ends 4:01
        0:02     | B     | bid 500        | B 500, extension 1 ends 4:02
        4:02     | clock | deadline 4:02  | phase 2 ends 5:02
        4:03     | A     | bid 600        | refused NOT_TAKEN_NOW
        5:02     | clock | deadline 5:02  | phase 4 ends 9:02
        5:03     | B     | bid 600        | refused LEADER_MAY_NOT_RAISE
        5:03     | A     | bid 500        | refused BELOW_ASKING_PRICE ask 600 step 100
        5:03     | A     | bid 600        | A 600, extension 1 ends 9:03
        9:03     | clock | deadline 9:03  | sold A 2000 at 600
        """,
    ),
    "a quantity that reached its cap is not bid on again": Scenario(
        lot_terms(
            listing("10:00", cap_price=2000),
            second(500, 100, cap=500),
            interval("1:00"),
            second(500, 100, cap=500),
        ),
        """
        at       | who   | does           | then
        0:00     | clock | deadline 0:00  | opened, phase 0 ends 10:00
        0:01     | A     | bid 2000       | A 2000, cap 2000, phase 1 ends 4:01
        0:02     | B     | bid 500        | B 500, cap 500, phase 2 ends 1:02
        1:02     | clock | deadline 1:02  | sold B 2000 at 500
        """,
    ),
    "only who was let through bids on": Scenario(
        lot_terms(
            listing("10:00", cap_price=2000),
            interval("1:00", own_bid_required=True, only_if_capped=True),
            second(500, 100),
        ),
        """
        at       | who   | does           | then
        0:00     | clock | deadline 0:00  | opened, phase 0 ends 10:00
        0:01     | A     | bid 1000       | A 1000
        0:02     | B     | bid 2000       | B 2000, cap 2000, phase 1 ends 1:02
        1:02     | clock | deadline 1:02  | phase 2 ends 5:02
        1:03     | C     | bid 500        | refused NOT_ELIGIBLE
        1:03     | C     | max 500        | refused NOT_ELIGIBLE
        1:03     | A     | bid 500        | A 500, extension 1 ends 5:03
        5:03     | clock | deadline 5:03  | sold A 2000 at 500
        """,
    ),
    "the max bid of him who reached the cap is spent": Scenario(
        lot_terms(
            msgspec.structs.replace(countdown("4:00", cap_price=2000), max_bids_allowed=True),
            second(500, 100),
        ),
        """
        at       | who   | does           | then
        0:00     | clock | deadline 0:00  | opened, phase 0 ends 4:00
        0:01     | A     | max 2000       | max A 2000, A 1000 proxy, extension 1 ends 4:01
        0:02     | B     | bid 1900       | B 1900, A 2000 proxy, cap 2000, phase 1 ends 4:02
        0:03     | A     | max 3000       | refused NOT_TAKEN_NOW
        0:04     | B     | bid 500        | B 500, extension 1 ends 4:04
        4:04     | clock | deadline 4:04  | sold B 2000 at 500
        """,
    ),
    "below the reserve a capped lot passes all the same": Scenario(
        msgspec.structs.replace(BARE, reserve_price=2500),
        """
        at       | who   | does           | then
        0:00     | clock | deadline 0:00  | opened, phase 0 ends 4:00
        0:01     | A     | bid 2000       | A 2000, cap 2000, phase 1 ends 4:01
        0:02     | B     | bid 500        | B 500, extension 1 ends 4:02
        4:02     | clock | deadline 4:02  | passed below_reserve
        """,
    ),
    "runners-up are called with their quantities, and then with their prices": Scenario(
        msgspec.structs.replace(BARE, reserve_places=9),
        """
        at       | who   | does           | then
        0:00     | clock | deadline 0:00  | opened, phase 0 ends 4:00
        0:01     | D     | bid 1000       | D 1000, extension 1 ends 4:01
        0:02     | C     | bid 1100       | C 1100, extension 2 ends 4:02
        0:03     | A     | bid 2000       | A 2000, cap 2000, phase 1 ends 4:03
        0:04     | B     | bid 500        | B 500, extension 1 ends 4:04
        0:05     | C     | bid 600        | C 600, extension 2 ends 4:05
        0:06     | B     | bid 800        | B 800, extension 3 ends 4:06
        4:06     | clock | deadline 4:06  | knocked down B 2000 at 800; then C 2000 at 600; then A 2000; then D 1000
        4:07     | host  | default broke  | defaulted by host B (broke),
                 |       |                | knocked down by host C 2000 at 600; then A 2000; then D 1000
        4:08     | host  | default broke  | defaulted by host C (broke), knocked down by host A 2000; then D 1000
        4:09     | host  | confirm        | sold by host A 2000
        """,
    ),
    "a freeze leaves at least the countdown": Scenario(
        BARE,
        """
        at       | who   | does           | then
        0:00     | clock | deadline 0:00  | opened, phase 0 ends 4:00
        0:01     | A     | bid 2000       | A 2000, cap 2000, phase 1 ends 4:01
        4:00     | host  | pause power    | frozen host (power)
        5:00     | host  | resume         | resumed by host ends 9:00
        9:00     | clock | deadline 9:00  | sold A 2000
        """,
    ),
    "a freeze may send the second dimension back to a preparation, where its bids stand": Scenario(
        lot_terms(
            listing("10:00", cap_price=2000),
            interval("1:00", only_if_capped=True, resume_at_phase=1),
            second(500, 100, cap=800, resume_at_phase=1),
        ),
        """
        at       | who   | does           | then
        0:00     | clock | deadline 0:00  | opened, phase 0 ends 10:00
        0:01     | A     | bid 2000       | A 2000, cap 2000, phase 1 ends 1:01
        1:01     | clock | deadline 1:01  | phase 2 ends 5:01
        1:02     | B     | bid 500        | B 500, extension 1 ends 5:02
        1:03     | host  | pause power    | frozen host (power)
        5:00     | host  | resume         | resumed by host ends 9:00, phase 1 ends 6:00
        6:00     | clock | deadline 6:00  | phase 2 ends 10:00
        6:01     | B     | bid 600        | refused LEADER_MAY_NOT_RAISE
        6:01     | A     | bid 600        | A 600, extension 1 ends 10:01
        10:01    | clock | deadline 10:01 | sold A 2000 at 600
        """,
    ),
}

PRESET_SCENARIOS = {
    "苏州 rented housing: the cap is reached in the countdown": Scenario(
        CAP_HOUSING,
        """
        at       | who   | does             | then
        0:00     | clock | deadline 0:00    | opened, phase 0 ends 2:00:00
        0:01     | A     | bid 1000         | A 1000
        2:00:00  | clock | deadline 2:00:00 | phase 1 ends 3:00:00
        3:00:00  | clock | deadline 3:00:00 | phase 2 ends 3:04:00
        3:01:00  | B     | bid 2000         | B 2000, cap 2000, phase 3 ends 3:05:00
        3:02:00  | A     | bid 500          | A 500, extension 1 ends 3:06:00
        3:06:00  | clock | deadline 3:06:00 | sold A 2000 at 500
        """,
    ),
    "苏州 rented housing: the cap is reached in the listing": Scenario(
        CAP_HOUSING,
        """
        at       | who   | does             | then
        0:00     | clock | deadline 0:00    | opened, phase 0 ends 2:00:00
        0:01     | A     | bid 2000         | A 2000, cap 2000, phase 3 ends 4:01
        0:02     | B     | bid 500          | B 500, extension 1 ends 4:02
        4:02     | clock | deadline 4:02    | sold B 2000 at 500
        """,
    ),
    "苏州 2016: the price does not reach its cap": Scenario(
        CAP_SUZHOU,
        """
        at       | who   | does             | then
        0:00     | clock | deadline 0:00    | opened, phase 0 ends 2:00:00
        0:01     | A     | bid 1000         | A 1000
        2:00:00  | clock | deadline 2:00:00 | phase 1 ends 3:00:00
        3:00:00  | clock | deadline 3:00:00 | phase 2 ends 3:04:00
        3:01:00  | B     | bid 1900         | B 1900, extension 1 ends 3:05:00
        3:05:00  | clock | deadline 3:05:00 | sold B 1900
        """,
    ),
    "苏州 2016: query, wait, one offer each": Scenario(
        CAP_SUZHOU,
        """
        at       | who   | does             | then
        0:00     | clock | deadline 0:00    | opened, phase 0 ends 2:00:00
        0:01     | A     | bid 2000         | A 2000, cap 2000, phase 3 ends 4:01
        0:02     | A     | bid 2100         | refused NOT_TAKEN_NOW
        0:03     | A     | say accept       | A says accept
        0:03     | B     | say accept       | B says accept
        0:03     | C     | say accept       | C says accept
        4:01     | D     | say accept       | refused LOT_CLOSED
        4:01     | clock | deadline 4:01    | phase 4 ends 8:01
        4:02     | A     | offer 2100       | refused NOT_TAKEN_NOW
        8:01     | clock | deadline 8:01    | phase 5 ends 12:01
        8:02     | D     | offer 2100       | refused NOT_ELIGIBLE
        8:03     | A     | offer 2100       | A offers 2100
        8:04     | B     | offer 2200       | B offers 2200
        8:05     | C     | offer 2400       | C offers 2400
        12:01    | clock | deadline 12:01   | revealed: A 2100; B 2200; C 2400,
                 |       |                  | ranked by 2233/1: B 2200; A 2100; C 2400, sold B 2200
        """,
    ),
    "苏州 2016: nobody offers, and the price that reached the cap wins": Scenario(
        CAP_SUZHOU,
        """
        at       | who   | does             | then
        0:00     | clock | deadline 0:00    | opened, phase 0 ends 2:00:00
        0:01     | A     | bid 2000         | A 2000, cap 2000, phase 3 ends 4:01
        0:03     | B     | say accept       | B says accept
        4:01     | clock | deadline 4:01    | phase 4 ends 8:01
        8:01     | clock | deadline 8:01    | phase 5 ends 12:01
        12:01    | clock | deadline 12:01   | revealed: , ranked: , sold A 2000
        """,
    ),
    "苏州 2016: nobody wants to go on": Scenario(
        CAP_SUZHOU,
        """
        at       | who   | does             | then
        0:00     | clock | deadline 0:00    | opened, phase 0 ends 2:00:00
        0:01     | A     | bid 2000         | A 2000, cap 2000, phase 3 ends 4:01
        4:01     | clock | deadline 4:01    | phase 4 ends 4:01
        4:01     | clock | deadline 4:01    | sold A 2000
        """,
    ),
    "东莞 2019: both caps, a pause, the cap accepted or presumed, one offer each": Scenario(
        CAP_DONGGUAN,
        """
        at       | who   | does             | then
        0:00     | clock | deadline 0:00    | opened, phase 0 ends 2:00:00
        0:01     | A     | bid 2000         | A 2000, cap 2000, phase 2 ends 4:01
        0:02     | B     | bid 3000         | B 3000, cap 3000, phase 3 ends 15:02
        0:03     | A     | bid 3500         | refused NOT_TAKEN_NOW
        15:02    | clock | deadline 15:02   | phase 4 ends 20:02
        16:00    | A     | say accept       | refused ALREADY_DECLARED
        16:00    | B     | say decline      | refused ALREADY_DECLARED
        16:00    | C     | say accept       | C says accept
        16:00    | D     | say decline      | D says decline
        20:02    | clock | deadline 20:02   | phase 5 ends 25:02
        21:00    | D     | offer 2400       | refused NOT_ELIGIBLE
        21:00    | E     | offer 2400       | refused NOT_ELIGIBLE
        21:00    | A     | offer 2400       | A offers 2400
        21:00    | B     | offer 2500       | B offers 2500
        21:00    | C     | offer 2900       | C offers 2900
        25:02    | clock | deadline 25:02   | revealed: A 2400; B 2500; C 2900,
                 |       |                  | ranked by 7800/3: B 2500; A 2400; C 2900, sold B 2500 at 3000
        """,
    ),
    "东莞 2019: below the second cap the greatest share wins": Scenario(
        CAP_DONGGUAN,
        """
        at       | who   | does             | then
        0:00     | clock | deadline 0:00    | opened, phase 0 ends 2:00:00
        0:01     | A     | bid 2000         | A 2000, cap 2000, phase 2 ends 4:01
        0:02     | B     | bid 2500         | B 2500, extension 1 ends 4:02
        4:02     | clock | deadline 4:02    | sold B 2000 at 2500
        """,
    ),
    "南昌: one who accepts the cap alone has the lot at it": Scenario(
        CAP_LOTTERY,
        """
        at       | who   | does             | then
        0:00     | clock | deadline 0:00    | opened, phase 0 ends 2:00:00
        0:01     | A     | bid 2000         | A 2000, cap 2000, phase 2 ends 5:01
        0:02     | A     | say decline      | A says decline
        0:03     | B     | say accept       | B says accept
        5:01     | clock | deadline 5:01    | phase 3 ends 5:01, entrants B
        5:01     | clock | deadline 5:01    | sold B 2000
        """,
    ),
    "南昌: nobody accepts, and the price that reached the cap wins": Scenario(
        CAP_LOTTERY,
        """
        at       | who   | does             | then
        0:00     | clock | deadline 0:00    | opened, phase 0 ends 2:00:00
        0:01     | A     | bid 2000         | A 2000, cap 2000, phase 2 ends 5:01
        5:01     | clock | deadline 5:01    | sold A 2000
        """,
    ),
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_second_dimension(name: str) -> None:
    SCENARIOS[name].play()


@pytest.mark.parametrize("name", PRESET_SCENARIOS)
def test_capped_presets(name: str) -> None:
    PRESET_SCENARIOS[name].play()


def _drawn(accepting: str) -> Lot:
    """Return a lot whose cap was reached, and accepted by some, up to the draw between them."""
    lot = lot_under(CAP_LOTTERY, "ABCD")
    rows = [("0:00", "clock", "deadline 0:00"), ("0:01", "A", "bid 2000")]
    rows += [("0:02", letter, "say accept") for letter in accepting]
    rows += [("5:01", "clock", "deadline 5:01"), ("6:00", "p", "commit 1"), ("6:00", "q", "commit 2")]
    for row in [Row(*cells, "") for cells in rows]:
        take_over(lot, decide(lot, row.command, row.at_us), row.at_us)
    return lot


def test_the_draw_is_among_those_who_accepted_the_cap_and_at_its_price() -> None:
    lot = _drawn("BCD")
    for row in [Row("6:01", "p", "show 1", ""), Row("6:01", "q", "show 2", "")]:
        take_over(lot, decide(lot, row.command, row.at_us), row.at_us)
    assert lot.state is LotState.SOLD
    assert lot.winner in (2, 3, 4)
    assert lot.hammer_price == CAP


def _capped() -> Lot:
    lot = lot_under(OWN_CAP, "AB")
    for row in [Row("0:00", "clock", "deadline 0:00", ""), Row("0:01", "A", "bid 2000", "")]:
        take_over(lot, decide(lot, row.command, row.at_us), row.at_us)
    return lot


def test_the_public_sees_price_unit_cap_and_quantity() -> None:
    lot = _capped()
    view = lot_view(lot)
    assert (view.format, view.accepts, view.leader, view.price) == ("second_dimension", (Act.BID,), 1, 2000)
    assert (view.asking_price, view.increment) == (500, 100)
    assert view.detail == Dimension(2000, "㎡", 800, 0)
    row = Row("0:02", "B", "bid 600", "")
    take_over(lot, decide(lot, row.command, row.at_us), row.at_us)
    view = lot_view(lot)
    assert (view.leader, view.price, view.asking_price) == (2, 2000, 700)
    assert view.detail == Dimension(2000, "㎡", 800, 600)


def test_what_is_left_to_the_next_phase() -> None:
    lot = _capped()
    row = Row("0:02", "B", "bid 600", "")
    take_over(lot, decide(lot, row.command, row.at_us), row.at_us)
    assert lot.phase is not None
    left = lot.phase.standing
    assert (left.leader, left.price, left.quantity, left.limit, left.bids) == (2, 2000, 600, 0, 2)
    assert left.places == (Place(2, 2000, quantity=600), Place(1, 2000))
    assert not left.is_capped
    assert lot.phase.unfinished.is_capped


@pytest.mark.parametrize("name", CAP_PRESETS)
def test_every_capped_preset_can_be_announced_and_written_down(name: str) -> None:
    terms = CAP_PRESETS[name]
    assert not isinstance(announce(AnnounceLot(LOT, HOST, terms)), Refused)
    assert msgspec.json.decode(msgspec.json.encode(terms), type=LotTerms) == terms


PROBLEMS = {
    "DURATION_ZERO": second(500, 100, span="0:00", resume_countdown_us=1),
    "EXTENSION_ZERO": second(500, 100, extension_us=0),
    "HARD_END_TOO_EARLY": second(500, 100, hard_end_after_us=1),
    "CAP_BELOW_START": second(500, 100, cap=400),
}


@pytest.mark.parametrize("problem", PROBLEMS)
def test_terms_that_make_no_sense_are_refused(problem: str) -> None:
    refused = announce(AnnounceLot(LOT, HOST, lot_terms(countdown("4:00"), PROBLEMS[problem])))
    assert refused_codes(refused) == [problem]
