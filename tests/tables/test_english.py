"""English bidding: amounts and steps, soft close, reserve, max bids, fair warnings and the hammer."""

import pytest

from matching.terms import Direction, EnglishTerms, EqualLimits, LateReserve
from matching.units import AMOUNT_MAX
from matching.view import lot_view
from tests.tables.scenario import Scenario, english, lot_terms, span_us, steps
from tests.terms_codes import codes

ABSURD = AMOUNT_MAX + 1

BIDS = {
    "the opening price is the first bid, then a step more": Scenario(
        lot_terms(),
        f"""
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | x     | bid 1000        | refused NOT_ADMITTED
        0:01  | x     | bid -5          | refused NOT_ADMITTED
        0:01  | A     | bid 0           | refused AMOUNT_OUT_OF_RANGE ask 1000 step 100 largest {AMOUNT_MAX}
        0:01  | A     | bid -1          | refused AMOUNT_OUT_OF_RANGE ask 1000 step 100 largest {AMOUNT_MAX}
        0:01  | A     | bid {ABSURD}    | refused AMOUNT_OUT_OF_RANGE ask 1000 step 100 largest {AMOUNT_MAX}
        0:01  | A     | bid 999         | refused BELOW_ASKING_PRICE ask 1000 step 100
        0:01  | A     | bid 1000        | A 1000
        0:02  | B     | bid 1000        | refused BELOW_ASKING_PRICE ask 1100 step 100
        0:02  | B     | bid 1099        | refused BELOW_ASKING_PRICE ask 1100 step 100
        0:02  | B     | bid 1100        | B 1100
        0:02  | A     | bid 1275        | A 1275
        0:03  | B     | bid 1374        | refused BELOW_ASKING_PRICE ask 1375 step 100
        0:03  | B     | bid {AMOUNT_MAX} | B {AMOUNT_MAX}
        """,
    ),
    "step multiples count from the price that leads": Scenario(
        lot_terms(english(100, multiples=True), opening=1050),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | bid 1100        | refused NOT_ON_STEP ask 1050 step 100
        0:01  | A     | bid 1040        | refused BELOW_ASKING_PRICE ask 1050 step 100
        0:01  | A     | bid 1250        | A 1250
        0:02  | B     | bid 1400        | refused NOT_ON_STEP ask 1350 step 100
        0:02  | B     | max 1400        | refused NOT_ON_STEP ask 1350 step 100
        0:02  | B     | bid 1550        | B 1550
        """,
    ),
    "a step table rises with the price": Scenario(
        lot_terms(english(steps(from_0=5, from_100=25, from_500=50)), opening=90),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | bid 90          | A 90
        0:02  | B     | bid 94          | refused BELOW_ASKING_PRICE ask 95 step 5
        0:02  | B     | bid 99          | B 99
        0:03  | A     | bid 103         | refused BELOW_ASKING_PRICE ask 104 step 5
        0:03  | A     | bid 104         | A 104
        0:04  | B     | bid 128         | refused BELOW_ASKING_PRICE ask 129 step 25
        0:04  | B     | bid 500         | B 500
        0:05  | A     | bid 549         | refused BELOW_ASKING_PRICE ask 550 step 50
        0:05  | A     | bid 550         | A 550
        """,
    ),
    "the leader may not raise himself": Scenario(
        lot_terms(),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | bid 1000        | A 1000
        0:02  | A     | bid 1100        | refused LEADER_MAY_NOT_RAISE
        0:02  | A     | bid 1           | refused LEADER_MAY_NOT_RAISE
        0:03  | B     | bid 1100        | B 1100
        0:04  | A     | bid 1200        | A 1200
        """,
    ),
    "the leader may raise himself where the terms say so": Scenario(
        lot_terms(english(leader_may_raise=True)),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | bid 1000        | A 1000
        0:02  | A     | bid 1050        | refused BELOW_ASKING_PRICE ask 1100 step 100
        0:02  | A     | bid 1100        | A 1100
        0:03  | A     | max 2000        | max A 2000
        0:04  | A     | bid 1500        | A 1500
        0:05  | B     | bid 1600        | B 1600, A 1700 proxy
        0:06  | A     | bid 2500        | A 2500
        0:07  | B     | max 2600        | max B 2600, B 2600 proxy
        """,
    ),
    "a slip of the finger is refused": Scenario(
        lot_terms(english(raise_steps_max=10)),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | bid 2001        | refused ABOVE_LARGEST_RAISE ask 1000 step 100 largest 2000
        0:01  | A     | max 2001        | refused ABOVE_LARGEST_RAISE ask 1000 step 100 largest 2000
        0:01  | A     | bid 2000        | A 2000
        0:02  | B     | bid 3101        | refused ABOVE_LARGEST_RAISE ask 2100 step 100 largest 3100
        0:02  | B     | max 3100        | max B 3100, B 2100 proxy
        0:03  | B     | max 3201        | refused ABOVE_LARGEST_RAISE ask 3101 step 100 largest 3200
        0:03  | B     | max 3200        | max B 3200
        """,
    ),
    "of several reasons the first in the list is given": Scenario(
        lot_terms(english(max_bids=False, multiples=True, raise_steps_max=1)),
        f"""
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | x     | max 0           | refused NOT_ADMITTED
        0:01  | A     | max 0           | refused AMOUNT_OUT_OF_RANGE ask 1000 step 100 largest {AMOUNT_MAX}
        0:01  | A     | max 5           | refused MAX_BIDS_NOT_ALLOWED
        0:01  | A     | bid 1000        | A 1000
        0:02  | A     | bid 0           | refused AMOUNT_OUT_OF_RANGE ask 1100 step 100 largest {AMOUNT_MAX}
        0:02  | A     | bid 1005        | refused LEADER_MAY_NOT_RAISE
        0:02  | B     | bid 1005        | refused BELOW_ASKING_PRICE ask 1100 step 100
        0:02  | B     | bid 9999        | refused NOT_ON_STEP ask 1100 step 100
        0:02  | B     | bid 9900        | refused ABOVE_LARGEST_RAISE ask 1100 step 100 largest 1200
        """,
    ),
}

SOFT_CLOSE = {
    "a late bid moves the end, and one before the window does not": Scenario(
        lot_terms(english(window="5:00", extension="5:00")),
        """
        at           | who   | does            | then
        0:00         | clock | deadline 0:00   | opened, phase 0 ends 10:00
        4:59.999999  | A     | bid 1000        | A 1000
        5:00         | B     | bid 1100        | B 1100
        5:00.000001  | A     | bid 1200        | A 1200, extension 1 ends 10:00.000001
        9:00         | B     | bid 1300        | B 1300, extension 2 ends 14:00
        10:00        | clock | deadline 10:00  | refused DEADLINE_NOT_DUE
        13:59.999999 | A     | bid 1400        | A 1400, extension 3 ends 18:59.999999
        18:59.999999 | B     | bid 1500        | refused LOT_CLOSED
        18:59.999999 | clock | deadline 18:59.999999 | sold A 1400
        """,
    ),
    "the window includes its first moment": Scenario(
        lot_terms(english(window="1:00", extension="2:00")),
        """
        at           | who   | does            | then
        0:00         | clock | deadline 0:00   | opened, phase 0 ends 10:00
        8:59.999999  | A     | bid 1000        | A 1000
        9:00         | B     | bid 1100        | B 1100, extension 1 ends 11:00
        """,
    ),
    "an extension never brings the end nearer": Scenario(
        lot_terms(english(window="5:00", extension="1:00")),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        6:00  | A     | bid 1000        | A 1000
        9:00  | B     | bid 1100        | B 1100
        9:01  | A     | bid 1200        | A 1200, extension 1 ends 10:01
        """,
    ),
    "a refused bid does not move the end": Scenario(
        lot_terms(english(window="5:00", extension="5:00")),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        9:00  | A     | bid 999         | refused BELOW_ASKING_PRICE ask 1000 step 100
        9:59  | x     | bid 1000        | refused NOT_ADMITTED
        10:00 | clock | deadline 10:00  | passed no_bids
        """,
    ),
    "extensions can be counted out": Scenario(
        lot_terms(english(window="1:00", extension="1:00", extensions_max=2)),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        9:30  | A     | bid 1000        | A 1000, extension 1 ends 10:30
        10:00 | B     | bid 1100        | B 1100, extension 2 ends 11:00
        10:30 | A     | bid 1200        | A 1200
        11:00 | clock | deadline 11:00  | sold A 1200
        """,
    ),
    "no extension passes the hard end": Scenario(
        lot_terms(english(window="1:00", extension="1:00", hard_end="10:40")),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        9:30  | A     | bid 1000        | A 1000, extension 1 ends 10:30
        10:00 | B     | bid 1100        | B 1100, extension 2 ends 10:40
        10:20 | A     | bid 1200        | A 1200
        10:40 | B     | bid 1300        | refused LOT_CLOSED
        10:40 | clock | deadline 10:40  | sold A 1200
        """,
    ),
    "every bid restarts a countdown": Scenario(
        lot_terms(english(duration="5:00", window="5:00", extension="5:00")),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 5:00
        0:00  | A     | bid 1000        | A 1000
        0:01  | B     | bid 1100        | B 1100, extension 1 ends 5:01
        4:00  | A     | bid 1200        | A 1200, extension 2 ends 9:00
        9:00  | clock | deadline 9:00   | sold A 1200
        """,
    ),
    "max bids extend when the price moves, and not in silence": Scenario(
        lot_terms(english(window="1:00", extension="1:00")),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        9:10  | A     | max 2000        | max A 2000, A 1000 proxy, extension 1 ends 10:10
        9:20  | A     | max 3000        | max A 3000
        9:30  | B     | max 2000        | max B 2000, B 2000 proxy, A 2100 proxy, extension 2 ends 10:30
        """,
    ),
}

RESERVE = {
    "a lot below its reserve passes": Scenario(
        lot_terms(reserve=5000),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | bid 1000        | A 1000
        0:02  | B     | bid 4999        | B 4999
        10:00 | clock | deadline 10:00  | passed below_reserve
        """,
    ),
    "a bid at the reserve sells": Scenario(
        lot_terms(reserve=5000),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | bid 5000        | A 5000
        10:00 | clock | deadline 10:00  | sold A 5000
        """,
    ),
    "a max bid that reaches the reserve raises the price to it": Scenario(
        lot_terms(reserve=5000),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | max 5000        | max A 5000, A 5000 proxy
        10:00 | clock | deadline 10:00  | sold A 5000
        """,
    ),
    "a max bid below the reserve leads at the opening price": Scenario(
        lot_terms(reserve=5000),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | max 4999        | max A 4999, A 1000 proxy
        0:02  | B     | bid 1100        | B 1100, A 1200 proxy
        0:03  | B     | max 8000        | max B 8000, A 4999 proxy, B 5099 proxy
        10:00 | clock | deadline 10:00  | sold B 5099
        """,
    ),
    "a rival's max bid jumps over the leader to the reserve": Scenario(
        lot_terms(reserve=5000),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | bid 1000        | A 1000
        0:02  | B     | max 6000        | max B 6000, B 5000 proxy
        0:03  | A     | bid 5100        | A 5100, B 5200 proxy
        """,
    ),
    "the leader raises his limit to the reserve, no longer in silence": Scenario(
        lot_terms(english(window="1:00", extension="1:00"), reserve=5000),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | max 2000        | max A 2000, A 1000 proxy
        0:02  | A     | max 3000        | max A 3000
        9:30  | A     | max 5000        | max A 5000, A 5000 proxy, extension 1 ends 10:30
        9:40  | A     | max 6500        | max A 6500
        10:30 | clock | deadline 10:30  | sold A 5000
        """,
    ),
    "without a bid the reason is that nobody bid": Scenario(
        lot_terms(reserve=5000, bidders_min=3),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        10:00 | clock | deadline 10:00  | passed no_bids
        """,
    ),
    "too few bidders comes before a missed reserve": Scenario(
        lot_terms(reserve=5000, bidders_min=3),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | bid 1000        | A 1000
        10:00 | clock | deadline 10:00  | passed too_few_bidders
        """,
    ),
}

MAX_BIDS = {
    "the first max bid leads at the opening price": Scenario(
        lot_terms(),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | max 999         | refused BELOW_ASKING_PRICE ask 1000 step 100
        0:01  | A     | max 3000        | max A 3000, A 1000 proxy
        10:00 | clock | deadline 10:00  | sold A 1000
        """,
    ),
    "a higher max bid leads a step above the lower one": Scenario(
        lot_terms(),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | max 3000        | max A 3000, A 1000 proxy
        0:02  | B     | max 5000        | max B 5000, A 3000 proxy, B 3100 proxy
        """,
    ),
    "a higher max bid less than a step above leads at its limit": Scenario(
        lot_terms(),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | max 3000        | max A 3000, A 1000 proxy
        0:02  | B     | max 3050        | max B 3050, A 3000 proxy, B 3050 proxy
        0:03  | A     | max 3100        | refused BELOW_ASKING_PRICE ask 3150 step 100
        """,
    ),
    "a lower max bid is answered with a step more": Scenario(
        lot_terms(),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | max 3000        | max A 3000, A 1000 proxy
        0:02  | B     | max 2000        | max B 2000, B 2000 proxy, A 2100 proxy
        0:03  | C     | max 2950        | max C 2950, C 2950 proxy, A 3000 proxy
        """,
    ),
    "of equal max bids the earlier leads": Scenario(
        lot_terms(),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | B     | max 3000        | max B 3000, B 1000 proxy
        0:02  | A     | max 3000        | max A 3000, A 3000 proxy, B 3000 proxy
        10:00 | clock | deadline 10:00  | sold B 3000
        """,
    ),
    "a bid against a standing max bid": Scenario(
        lot_terms(),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | max 3000        | max A 3000, A 1000 proxy
        0:02  | B     | bid 2000        | B 2000, A 2100 proxy
        0:03  | B     | bid 2950        | B 2950, A 3000 proxy
        0:04  | B     | bid 3000        | refused BELOW_ASKING_PRICE ask 3100 step 100
        0:05  | B     | bid 3100        | B 3100
        """,
    ),
    "a bid equal to a standing max bid yields to it": Scenario(
        lot_terms(),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | max 3000        | max A 3000, A 1000 proxy
        0:02  | B     | bid 3000        | B 3000, A 3000 proxy
        10:00 | clock | deadline 10:00  | sold A 3000
        """,
    ),
    "a bid above a standing max bid leads at what was bid": Scenario(
        lot_terms(),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | max 3000        | max A 3000, A 1000 proxy
        0:02  | B     | bid 3001        | B 3001
        """,
    ),
    "the leader raises his limit in silence, and never lowers it": Scenario(
        lot_terms(),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | bid 1000        | A 1000
        0:02  | A     | max 1000        | refused MAX_BID_NOT_RAISED ask 1001 step 100
        0:02  | A     | max 3000        | max A 3000
        0:03  | A     | max 3000        | refused MAX_BID_NOT_RAISED ask 3001 step 100
        0:03  | A     | max 2000        | refused MAX_BID_NOT_RAISED ask 3001 step 100
        0:04  | A     | max 3001        | max A 3001
        0:05  | B     | bid 3000        | B 3000, A 3001 proxy
        """,
    ),
    "the leader's limit keeps to the steps as well": Scenario(
        lot_terms(english(100, multiples=True)),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | bid 1000        | A 1000
        0:02  | A     | max 1000        | refused MAX_BID_NOT_RAISED ask 1100 step 100
        0:02  | A     | max 1250        | refused NOT_ON_STEP ask 1100 step 100
        0:02  | A     | max 1300        | max A 1300
        0:03  | A     | max 1350        | refused NOT_ON_STEP ask 1400 step 100
        0:04  | B     | bid 1300        | B 1300, A 1300 proxy
        """,
    ),
    "he who was outbid leaves a new max bid, even a lower one than his first": Scenario(
        lot_terms(),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | max 3000        | max A 3000, A 1000 proxy
        0:02  | B     | max 5000        | max B 5000, A 3000 proxy, B 3100 proxy
        0:03  | A     | max 2900        | refused BELOW_ASKING_PRICE ask 3200 step 100
        0:03  | A     | max 4000        | max A 4000, A 4000 proxy, B 4100 proxy
        0:04  | A     | max 6000        | max A 6000, B 5000 proxy, A 5100 proxy
        """,
    ),
    "the steps of a table apply at the price that is answered": Scenario(
        lot_terms(english(steps(from_0=5, from_100=25)), opening=50),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | max 300         | max A 300, A 50 proxy
        0:02  | B     | bid 99          | B 99, A 104 proxy
        0:03  | B     | bid 129         | B 129, A 154 proxy
        0:04  | B     | max 400         | max B 400, A 300 proxy, B 325 proxy
        """,
    ),
    "max bids can be switched off": Scenario(
        lot_terms(english(max_bids=False)),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | max 3000        | refused MAX_BIDS_NOT_ALLOWED
        0:02  | A     | bid 3000        | A 3000
        0:03  | A     | max 4000        | refused MAX_BIDS_NOT_ALLOWED
        """,
    ),
}

HAMMER = {
    "the clock's hammer is not the host's": Scenario(
        lot_terms(),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | bid 1000        | A 1000
        0:02  | host  | warn            | warning 1 by host
        0:03  | host  | hammer          | refused HAMMER_BELONGS_TO_CLOCK
        """,
    ),
    "three fair warnings since the last bid, then the hammer": Scenario(
        lot_terms(english(duration=None, hammer_after=3)),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends -
        0:01  | A     | bid 1000        | A 1000
        0:02  | host  | hammer          | refused FAIR_WARNINGS_MISSING missing 3
        0:02  | host  | warn            | warning 1 by host
        0:03  | host  | warn            | warning 2 by host
        0:04  | host  | hammer          | refused FAIR_WARNINGS_MISSING missing 1
        0:05  | B     | bid 1100        | B 1100
        0:06  | host  | hammer          | refused FAIR_WARNINGS_MISSING missing 3
        0:07  | host  | warn            | warning 1 by host
        0:08  | host  | warn            | warning 2 by host
        0:09  | host  | warn            | warning 3 by host
        0:10  | A     | bid 1           | refused BELOW_ASKING_PRICE ask 1200 step 100
        0:11  | host  | hammer          | sold by host B 1100
        """,
    ),
    "a limit raised in silence does not undo the warnings": Scenario(
        lot_terms(english(duration=None, hammer_after=1)),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends -
        0:01  | A     | bid 1000        | A 1000
        0:02  | host  | warn            | warning 1 by host
        0:03  | A     | max 4000        | max A 4000
        0:04  | host  | hammer          | sold by host A 1000
        """,
    ),
    "after a freeze the host warns again": Scenario(
        lot_terms(english(duration=None, hammer_after=1)),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends -
        0:01  | A     | bid 1000        | A 1000
        0:02  | host  | warn            | warning 1 by host
        0:03  | host  | pause fog       | frozen host (fog)
        0:30  | host  | resume          | resumed by host ends -
        0:31  | host  | hammer          | refused FAIR_WARNINGS_MISSING missing 1
        0:32  | host  | warn            | warning 1 by host
        0:33  | host  | hammer          | sold by host A 1000
        """,
    ),
    "the host's hammer knows the reserve and the silence": Scenario(
        lot_terms(english(duration=None, hammer_after=0), reserve=5000),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends -
        0:01  | A     | bid 1000        | A 1000
        0:02  | host  | hammer          | passed by host below_reserve
        """,
    ),
    "the host may hammer before the clock where the terms say so": Scenario(
        lot_terms(english(duration="10:00", hammer_after=0)),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:02  | host  | hammer          | passed by host no_bids
        0:03  | clock | deadline 10:00  | refused DEADLINE_NOT_DUE
        """,
    ),
}


FALLING = {
    "a purchase: the ceiling first, then a step less": Scenario(
        lot_terms(direction=Direction.FALLING),
        f"""
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | bid 0           | refused AMOUNT_OUT_OF_RANGE ask 1000 step 100 largest 1
        0:01  | A     | bid {ABSURD}    | refused AMOUNT_OUT_OF_RANGE ask 1000 step 100 largest 1
        0:01  | A     | bid 1001        | refused ABOVE_ASKING_PRICE ask 1000 step 100
        0:01  | A     | bid 1000        | A 1000
        0:02  | B     | bid 901         | refused ABOVE_ASKING_PRICE ask 900 step 100
        0:02  | A     | bid 900         | refused LEADER_MAY_NOT_RAISE
        0:02  | B     | bid 900         | B 900
        0:03  | A     | bid 150         | A 150
        0:04  | B     | bid 51          | refused ABOVE_ASKING_PRICE ask 50 step 100
        0:04  | B     | bid 50          | B 50
        0:05  | A     | bid 1           | refused ABOVE_ASKING_PRICE step 100
        10:00 | clock | deadline 10:00  | sold B 50
        """,
    ),
    "max bids go down as little as leads": Scenario(
        lot_terms(direction=Direction.FALLING),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | max 1001        | refused ABOVE_ASKING_PRICE ask 1000 step 100
        0:01  | A     | max 300         | max A 300, A 1000 proxy
        0:02  | A     | max 300         | refused MAX_BID_NOT_RAISED ask 299 step 100
        0:02  | B     | bid 800         | B 800, A 700 proxy
        0:03  | C     | max 350         | max C 350, C 350 proxy, A 300 proxy
        0:04  | B     | max 200         | max B 200, B 200 proxy
        0:05  | A     | bid 200         | refused ABOVE_ASKING_PRICE ask 100 step 100
        10:00 | clock | deadline 10:00  | sold B 200
        """,
    ),
    "of equal limits the earlier leads, also downwards": Scenario(
        lot_terms(direction=Direction.FALLING),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | max 300         | max A 300, A 1000 proxy
        0:02  | B     | max 300         | max B 300, B 300 proxy, A 300 proxy
        0:03  | B     | max 100         | max B 100, B 200 proxy
        """,
    ),
    "multiples and slips of the finger, downwards": Scenario(
        lot_terms(english(100, multiples=True, raise_steps_max=2), direction=Direction.FALLING),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | bid 950         | refused NOT_ON_STEP ask 1000 step 100
        0:01  | A     | bid 700         | refused ABOVE_LARGEST_RAISE ask 1000 step 100 largest 800
        0:01  | A     | bid 800         | A 800
        0:02  | A     | max 750         | refused NOT_ON_STEP ask 700 step 100
        0:02  | A     | max 500         | max A 500
        0:03  | A     | max 500         | refused MAX_BID_NOT_RAISED ask 400 step 100
        0:04  | B     | bid 600         | B 600, A 500 proxy
        0:05  | B     | bid 100         | refused ABOVE_LARGEST_RAISE ask 400 step 100 largest 200
        """,
    ),
    "a secret maximum": Scenario(
        lot_terms(direction=Direction.FALLING, reserve=600),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | max 601         | max A 601, A 1000 proxy
        0:02  | A     | max 500         | max A 500, A 600 proxy
        10:00 | clock | deadline 10:00  | sold A 600
        """,
    ),
    "above the secret maximum nothing is bought": Scenario(
        lot_terms(direction=Direction.FALLING, reserve=600),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | bid 601         | A 601
        10:00 | clock | deadline 10:00  | passed below_reserve
        """,
    ),
    "a late bid extends, and runners-up are called upwards": Scenario(
        lot_terms(english(window="1:00"), direction=Direction.FALLING, reserve_places=1),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | bid 1000        | A 1000
        0:02  | B     | bid 900         | B 900
        9:30  | C     | bid 800         | C 800, extension 1 ends 10:30
        10:30 | clock | deadline 10:30  | knocked down C 800; then B 900
        11:00 | host  | default no bank | defaulted by host C (no bank), knocked down by host B 900
        """,
    ),
}

CAP = {
    "a bid at the cap ends the phase at once": Scenario(
        lot_terms(english(cap_price=1500, window="1:00")),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | bid 1501        | refused ABOVE_CAP ask 1000 step 100 largest 1500
        0:01  | A     | bid 1000        | A 1000
        9:30  | B     | bid 1500        | B 1500, cap 1500, sold B 1500
        9:31  | A     | bid 1500        | refused LOT_CLOSED
        """,
    ),
    "so does a bid that leaves less than a step": Scenario(
        lot_terms(english(cap_price=1500)),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | bid 1400        | A 1400
        0:02  | B     | bid 1500        | B 1500, cap 1500, sold B 1500
        """,
    ),
    "one more step would pass the cap": Scenario(
        lot_terms(english(cap_price=1500)),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | bid 1401        | A 1401, cap 1401, sold A 1401
        """,
    ),
    "on steps the largest is the last step before the cap": Scenario(
        lot_terms(english(cap_price=1550, multiples=True)),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | bid 1550        | refused NOT_ON_STEP ask 1000 step 100
        0:01  | A     | bid 1600        | refused ABOVE_CAP ask 1000 step 100 largest 1500
        0:02  | A     | max 1600        | refused ABOVE_CAP ask 1000 step 100 largest 1500
        0:03  | A     | bid 1500        | A 1500, cap 1500, sold A 1500
        """,
    ),
    "two max bids at the cap: the earlier has it": Scenario(
        lot_terms(english(cap_price=1500)),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | max 1500        | max A 1500, A 1000 proxy
        0:02  | B     | max 1500        | max B 1500, B 1500 proxy, A 1500 proxy, cap 1500, sold A 1500
        """,
    ),
    "a leader may not raise his limit above the cap": Scenario(
        lot_terms(english(cap_price=1500)),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | max 1200        | max A 1200, A 1000 proxy
        0:02  | A     | max 1501        | refused ABOVE_CAP ask 1201 step 100 largest 1500
        """,
    ),
    "a falling price has a floor": Scenario(
        lot_terms(english(cap_price=500), direction=Direction.FALLING),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | bid 499         | refused BELOW_ASKING_PRICE ask 1000 step 100 largest 500
        0:01  | A     | bid 600         | A 600
        0:02  | B     | bid 500         | B 500, cap 500, sold B 500
        """,
    ),
    "a capped price leaves no second English phase": Scenario(
        lot_terms(english(cap_price=1500), english(cap_price=1500)),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | bid 1500        | A 1500, cap 1500, sold A 1500
        """,
    ),
    "an uncapped price goes on to it, where the cap holds": Scenario(
        lot_terms(english(cap_price=1500), english(50, cap_price=1500)),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | max 1500        | max A 1500, A 1000 proxy
        10:00 | clock | deadline 10:00  | phase 1 ends 20:00
        10:01 | B     | bid 1450        | B 1450, A 1500 proxy, cap 1500, sold A 1500
        """,
    ),
    "a max bid from before is held to the cap": Scenario(
        lot_terms(english(), english(cap_price=1500)),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | max 9000        | max A 9000, A 1000 proxy
        10:00 | clock | deadline 10:00  | phase 1 ends 20:00
        10:01 | B     | max 1500        | max B 1500, B 1500 proxy, A 1500 proxy, cap 1500, sold A 1500
        """,
    ),
    "a price already beyond the cap is not bid upon": Scenario(
        lot_terms(english(), english(cap_price=1500)),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | bid 1600        | A 1600
        10:00 | clock | deadline 10:00  | sold A 1600
        """,
    ),
}

BUY_NOW = {
    "whoever bids the buy-now price has the lot at once": Scenario(
        lot_terms(english(buy_now_price=1550, multiples=True, raise_steps_max=3)),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | bid 1000        | A 1000
        0:02  | B     | bid 1600        | refused ABOVE_LARGEST_RAISE ask 1100 step 100 largest 1400
        0:02  | B     | bid 1550        | B 1550, sold B 1550
        """,
    ),
    "nobody pays more than the buy-now price": Scenario(
        lot_terms(english(buy_now_price=1550)),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | bid 1551        | refused ABOVE_CAP ask 1000 step 100 largest 1550
        0:01  | A     | bid 1500        | A 1500
        0:02  | B     | bid 1549        | refused BELOW_ASKING_PRICE ask 1550 step 100
        0:02  | B     | bid 1550        | B 1550, sold B 1550
        """,
    ),
    "the leader too may buy": Scenario(
        lot_terms(english(buy_now_price=1550)),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | bid 1000        | A 1000
        0:02  | A     | bid 1100        | refused LEADER_MAY_NOT_RAISE
        0:02  | A     | bid 1550        | A 1550, sold A 1550
        """,
    ),
    "a max bid buys only when it is driven there": Scenario(
        lot_terms(english(buy_now_price=1550)),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | max 1551        | refused ABOVE_CAP ask 1000 step 100 largest 1550
        0:01  | A     | max 1550        | max A 1550, A 1000 proxy
        0:02  | B     | bid 1500        | B 1500, A 1550 proxy, sold A 1550
        """,
    ),
    "what is bought is bid upon no more": Scenario(
        lot_terms(english(buy_now_price=1550), english()),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | bid 1550        | A 1550, sold A 1550
        """,
    ),
    "sold to whom asks least": Scenario(
        lot_terms(english(buy_now_price=450), direction=Direction.FALLING),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | bid 500         | A 500
        0:02  | B     | bid 449         | refused BELOW_ASKING_PRICE ask 450 step 100 largest 450
        0:02  | B     | bid 450         | B 450, sold B 450
        """,
    ),
}

PROXY_RULES = {
    "equal limits: whoever named the limit first": Scenario(
        lot_terms(),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | max 2000        | max A 2000, A 1000 proxy
        0:02  | B     | max 3000        | max B 3000, A 2000 proxy, B 2100 proxy
        0:03  | A     | max 3000        | max A 3000, A 3000 proxy, B 3000 proxy
        10:00 | clock | deadline 10:00  | sold B 3000
        """,
    ),
    "equal limits: whoever left his first max bid earlier": Scenario(
        lot_terms(english(equal_limits=EqualLimits.EARLIER_BIDDER)),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | max 2000        | max A 2000, A 1000 proxy
        0:02  | B     | max 3000        | max B 3000, A 2000 proxy, B 2100 proxy
        0:03  | C     | max 3000        | max C 3000, C 3000 proxy, B 3000 proxy
        """,
    ),
    "equal limits: the earlier bidder takes the lead back at the limit": Scenario(
        lot_terms(english(equal_limits=EqualLimits.EARLIER_BIDDER)),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | max 2000        | max A 2000, A 1000 proxy
        0:02  | B     | max 3000        | max B 3000, A 2000 proxy, B 2100 proxy
        0:03  | A     | max 3000        | max A 3000, B 3000 proxy, A 3000 proxy
        10:00 | clock | deadline 10:00  | sold A 3000
        """,
    ),
    "a cent more than the rival is enough where the terms say so": Scenario(
        lot_terms(english(proxy_raise=1)),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | max 3000        | max A 3000, A 1000 proxy
        0:02  | B     | bid 2000        | B 2000, A 2001 proxy
        0:03  | B     | bid 2100        | refused BELOW_ASKING_PRICE ask 2101 step 100
        0:03  | B     | max 4000        | max B 4000, A 3000 proxy, B 3001 proxy
        0:04  | A     | max 4000        | max A 4000, A 4000 proxy, B 4000 proxy
        """,
    ),
    "the greater limit exceeds the lesser by a step: the lesser and a step": Scenario(
        lot_terms(english(100)),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | max 3000        | max A 3000, A 1000 proxy
        0:02  | B     | max 3100        | max B 3100, A 3000 proxy, B 3100 proxy
        """,
    ),
}

ENTRY = {
    "two bidders in the last hour bring the timed phase": Scenario(
        lot_terms(
            english(duration="24:00:00", recent_window_us=span_us("1:00:00")),
            english(duration="5:00", recent_min=2),
        ),
        """
        at       | who   | does               | then
        0:00     | clock | deadline 0:00      | opened, phase 0 ends 24:00:00
        22:00:00 | A     | bid 1000           | A 1000
        23:00:00 | B     | bid 1100           | B 1100
        23:59:59 | C     | bid 1200           | C 1200
        24:00:00 | clock | deadline 24:00:00  | phase 1 ends 24:05:00
        24:01:00 | A     | bid 1300           | A 1300
        24:05:00 | clock | deadline 24:05:00  | sold A 1300
        """,
    ),
    "with one alone in the last hour the highest bid has it": Scenario(
        lot_terms(
            english(duration="24:00:00", recent_window_us=span_us("1:00:00")),
            english(duration="5:00", recent_min=2),
        ),
        """
        at       | who   | does               | then
        0:00     | clock | deadline 0:00      | opened, phase 0 ends 24:00:00
        22:59:59.999999 | A | bid 1000         | A 1000
        23:00:00 | B     | bid 1100           | B 1100
        24:00:00 | clock | deadline 24:00:00  | sold B 1100
        """,
    ),
    "one who bid twice in the last hour is one": Scenario(
        lot_terms(
            english(duration="24:00:00", leader_may_raise=True, recent_window_us=span_us("1:00:00")),
            english(duration="5:00", recent_min=2),
        ),
        """
        at       | who   | does               | then
        0:00     | clock | deadline 0:00      | opened, phase 0 ends 24:00:00
        23:10:00 | A     | bid 1000           | A 1000
        23:20:00 | A     | bid 1100           | A 1100
        24:00:00 | clock | deadline 24:00:00  | sold A 1100
        """,
    ),
    "hours of a freeze are no hours of the listing": Scenario(
        lot_terms(
            english(duration="24:00:00", recent_window_us=span_us("1:00:00")),
            english(duration="5:00", recent_min=2),
        ),
        """
        at       | who   | does               | then
        0:00     | clock | deadline 0:00      | opened, phase 0 ends 24:00:00
        23:10:00 | A     | bid 1000           | A 1000
        23:20:00 | host  | pause flood        | frozen host (flood)
        33:20:00 | host  | resume             | resumed by host ends 34:00:00
        33:30:00 | B     | bid 1100           | B 1100
        34:00:00 | clock | deadline 34:00:00  | phase 1 ends 34:05:00
        """,
    ),
    "too few admitted: the phase is left out": Scenario(
        lot_terms(english(), english(entrants_min=3)),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | bid 1000        | A 1000
        0:02  | B     | bid 1100        | B 1100
        10:00 | clock | deadline 10:00  | sold B 1100
        """,
    ),
    "enough are admitted in the end": Scenario(
        lot_terms(english(), english(entrants_min=3)),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | bid 1000        | A 1000
        0:02  | B     | bid 1100        | B 1100
        0:03  | host  | admit C         | paddle 3
        10:00 | clock | deadline 10:00  | phase 1 ends 20:00
        """,
    ),
    "the timed phase begins a step of its own above the listing": Scenario(
        lot_terms(english(100), english(250)),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | bid 1000        | A 1000
        10:00 | clock | deadline 10:00  | phase 1 ends 20:00
        10:01 | B     | bid 1249        | refused BELOW_ASKING_PRICE ask 1250 step 250
        10:02 | B     | bid 1250        | B 1250
        """,
    ),
    "or at the listing's price, once": Scenario(
        lot_terms(english(100), english(250, first_step_up=False)),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | bid 1000        | A 1000
        10:00 | clock | deadline 10:00  | phase 1 ends 20:00
        10:01 | B     | bid 999         | refused BELOW_ASKING_PRICE ask 1000 step 250
        10:01 | A     | bid 1000        | refused LEADER_MAY_NOT_RAISE
        10:02 | B     | bid 1000        | B 1000
        10:03 | A     | bid 1000        | refused BELOW_ASKING_PRICE ask 1250 step 250
        10:04 | A     | bid 1250        | A 1250
        """,
    ),
    "at the listing's price a standing max bid answers": Scenario(
        lot_terms(english(100), english(250, first_step_up=False)),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | max 1100        | max A 1100, A 1000 proxy
        10:00 | clock | deadline 10:00  | phase 1 ends 20:00
        10:02 | B     | bid 1000        | B 1000, A 1100 proxy
        """,
    ),
}

PLACES = {
    "runners-up by their own best offers, the later of equal ones first": Scenario(
        lot_terms(reserve_places=2),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | C     | bid 1000        | C 1000
        0:02  | A     | max 3000        | max A 3000, A 1100 proxy
        0:03  | B     | max 3000        | max B 3000, B 3000 proxy, A 3000 proxy
        0:04  | D     | bid 3100        | D 3100
        10:00 | clock | deadline 10:00  | knocked down D 3100; then A 3000; then B 3000
        20:00 | host  | default debt    | defaulted by host D (debt), knocked down by host A 3000; then B 3000
        21:00 | host  | confirm         | sold by host A 3000
        """,
    ),
    "who was outbid is called at all that he was ready to pay": Scenario(
        lot_terms(reserve_places=1),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | max 3000        | max A 3000, A 1000 proxy
        0:02  | B     | max 5000        | max B 5000, A 3000 proxy, B 3100 proxy
        10:00 | clock | deadline 10:00  | knocked down B 3100; then A 3000
        """,
    ),
    "offers of an earlier phase count": Scenario(
        lot_terms(english(), english(), reserve_places=2, reserve=1100),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | bid 1000        | A 1000
        0:02  | B     | bid 1100        | B 1100
        0:03  | C     | bid 1200        | C 1200
        10:00 | clock | deadline 10:00  | phase 1 ends 20:00
        10:01 | D     | bid 1300        | D 1300
        10:02 | B     | bid 1400        | B 1400
        20:00 | clock | deadline 20:00  | knocked down B 1400; then D 1300; then C 1200
        """,
    ),
    "a phase without bids hands on what it was given": Scenario(
        lot_terms(english(), english(), reserve_places=2),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | bid 1000        | A 1000
        0:02  | B     | bid 1100        | B 1100
        10:00 | clock | deadline 10:00  | phase 1 ends 20:00
        20:00 | clock | deadline 20:00  | knocked down B 1100; then A 1000
        """,
    ),
}

LATE_RESERVE = LateReserve(by=9, opens_before_us=span_us("5:00"))

LATE_RESERVES = {
    "a max bid goes to a reserve that was entered after it": Scenario(
        lot_terms(late_reserve=LATE_RESERVE),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | max 3000        | max A 3000, A 1000 proxy
        6:00  | host  | reserve 2500    | reserve 2500 by host
        10:00 | clock | deadline 10:00  | A 2500 proxy, sold A 2500
        """,
    ),
    "a max bid that does not reach it stays where it is": Scenario(
        lot_terms(late_reserve=LATE_RESERVE),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | max 2499        | max A 2499, A 1000 proxy
        6:00  | host  | reserve 2500    | reserve 2500 by host
        10:00 | clock | deadline 10:00  | passed below_reserve
        """,
    ),
    "nor does a reserve move the price of him who bids himself": Scenario(
        lot_terms(english(hammer_after=0), late_reserve=LATE_RESERVE),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | bid 2500        | A 2500
        6:00  | host  | reserve 2500    | reserve 2500 by host
        6:01  | host  | hammer          | sold by host A 2500
        """,
    ),
}


@pytest.mark.parametrize("name", BIDS)
def test_bids(name: str) -> None:
    BIDS[name].play()


@pytest.mark.parametrize("name", SOFT_CLOSE)
def test_soft_close(name: str) -> None:
    SOFT_CLOSE[name].play()


@pytest.mark.parametrize("name", RESERVE)
def test_reserve(name: str) -> None:
    RESERVE[name].play()


@pytest.mark.parametrize("name", MAX_BIDS)
def test_max_bids(name: str) -> None:
    MAX_BIDS[name].play()


@pytest.mark.parametrize("name", HAMMER)
def test_hammer(name: str) -> None:
    HAMMER[name].play()


@pytest.mark.parametrize("name", FALLING)
def test_falling(name: str) -> None:
    FALLING[name].play()


@pytest.mark.parametrize("name", CAP)
def test_cap(name: str) -> None:
    CAP[name].play()


@pytest.mark.parametrize("name", BUY_NOW)
def test_buy_now(name: str) -> None:
    BUY_NOW[name].play()


@pytest.mark.parametrize("name", PROXY_RULES)
def test_proxy_rules(name: str) -> None:
    PROXY_RULES[name].play()


@pytest.mark.parametrize("name", ENTRY)
def test_entry(name: str) -> None:
    ENTRY[name].play()


@pytest.mark.parametrize("name", PLACES)
def test_places(name: str) -> None:
    PLACES[name].play()


@pytest.mark.parametrize("name", LATE_RESERVES)
def test_late_reserves(name: str) -> None:
    LATE_RESERVES[name].play()


@pytest.mark.parametrize(
    ("phase", "problem"),
    [
        (english(cap_price=999), "CAP_WRONG_SIDE"),
        (english(buy_now_price=999), "BUY_NOW_WRONG_SIDE"),
        (
            english(cap_price=2000, buy_now_price=1500),
            "CAP_AND_BUY_NOW",
        ),
        (english(recent_window_us=1, hammer_after=0), "RECENT_NEEDS_CLOCK"),
    ],
)
def test_what_makes_no_sense_is_told(phase: EnglishTerms, problem: str) -> None:
    assert codes(phase.problems(1000, Direction.RISING)) == [problem]


def test_a_floor_lies_below_the_opening_price() -> None:
    assert english(cap_price=999).problems(1000, Direction.FALLING) == []
    assert english(cap_price=1001).problems(1000, Direction.FALLING) != []


def test_the_view_of_a_price_that_cannot_fall_further_asks_for_nothing() -> None:
    lot = Scenario(
        lot_terms(direction=Direction.FALLING),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | bid 50          | A 50
        """,
    ).play()
    assert lot_view(lot).asking_price == 0
