"""What every lot may know whatever its format: a reserve entered late, freezes with notice, withdrawal, runners-up."""

from __future__ import annotations

import msgspec
import pytest

from matching import commands as command
from matching import events as event
from matching.lot import Lot, LotState, announce, decide
from matching.refusals import Refusal, Refused
from matching.terms import Direction, LateReserve, LotTerms
from matching.units import AMOUNT_MAX, Partner
from matching.view import lot_view
from tests.tables.land_presets import FUJIAN, SHANTOU, TAICANG, countdown, listing
from tests.tables.scenario import (
    HOST,
    LOT,
    START_US,
    Row,
    Scenario,
    bidder_of,
    english,
    lot_terms,
    lot_under,
    span_us,
    take_over,
)
from tests.terms_codes import refused_codes

BY_ANOTHER = msgspec.structs.replace(
    SHANTOU, late_reserve=LateReserve(by=HOST + 1, opens_before_us=span_us("30:00"))
)

LATE_RESERVE = {
    "太仓: within half an hour before the listing ends, in the gap": Scenario(
        TAICANG,
        """
        at           | who   | does              | then
        0:00         | host  | reserve 1500      | refused LOT_NOT_OPEN_YET
        0:00         | clock | deadline 0:00     | opened, phase 0 ends 2:00:00
        1:59:00      | host  | reserve 1500      | refused RESERVE_NOT_NOW
        1:59:01      | A     | bid 1400          | A 1400
        2:00:00      | clock | deadline 2:00:00  | phase 1 ends 3:00:00
        2:29:59.9    | host  | reserve 1500      | refused RESERVE_NOT_NOW
        2:30:00      | host  | reserve 999       | refused RESERVE_OUT_OF_RANGE ask 1000
        2:30:00      | host  | reserve 1500      | reserve 1500 by host
        2:30:01      | host  | reserve 1500      | refused RESERVE_ALREADY_SET
        2:30:01      | host  | reserve 1         | refused RESERVE_ALREADY_SET
        2:40:00      | A     | say accept        | A says accept
        2:40:00      | B     | say accept        | B says accept
        3:00:00      | clock | deadline 3:00:00  | phase 2 ends 3:04:00
        3:00:01      | host  | reserve 1600      | refused RESERVE_ALREADY_SET
        3:04:00      | clock | deadline 3:04:00  | passed below_reserve
        """,
    ),
    "at the reserve the lot is sold": Scenario(
        TAICANG,
        """
        at           | who   | does              | then
        0:00         | clock | deadline 0:00     | opened, phase 0 ends 2:00:00
        1:59:01      | A     | bid 1400          | A 1400
        2:00:00      | clock | deadline 2:00:00  | phase 1 ends 3:00:00
        2:59:59.9    | host  | reserve 1500      | reserve 1500 by host
        2:59:59.9    | A     | say accept        | A says accept
        2:59:59.9    | B     | say accept        | B says accept
        3:00:00      | clock | deadline 3:00:00  | phase 2 ends 3:04:00
        3:01:00      | B     | bid 1500          | B 1500, extension 1 ends 3:05:00
        3:05:00      | clock | deadline 3:05:00  | sold B 1500
        """,
    ),
    "none is entered, and then there is none": Scenario(
        TAICANG,
        """
        at           | who   | does              | then
        0:00         | clock | deadline 0:00     | opened, phase 0 ends 2:00:00
        1:59:01      | A     | bid 1000          | A 1000
        2:00:00      | clock | deadline 2:00:00  | phase 1 ends 3:00:00
        3:00:00      | host  | reserve 1500      | refused LOT_CLOSED
        3:00:00      | clock | deadline 3:00:00  | sold A 1000
        """,
    ),
    "福建 art. 32: before the last hour, which does not count": Scenario(
        FUJIAN,
        """
        at           | who   | does              | then
        0:00         | clock | deadline 0:00     | opened, phase 0 ends 3:00:00
        1:59:59.999999 | host | reserve 1500     | reserve 1500 by host
        2:00:00      | A     | bid 1400          | A 1400
        3:00:00      | clock | deadline 3:00:00  | passed below_reserve
        """,
    ),
    "福建 art. 32: in the last hour it is too late": Scenario(
        FUJIAN,
        """
        at           | who   | does              | then
        0:00         | clock | deadline 0:00     | opened, phase 0 ends 3:00:00
        2:00:00      | host  | reserve 1500      | refused RESERVE_NOT_NOW
        2:00:00      | A     | bid 1400          | A 1400
        3:00:00      | clock | deadline 3:00:00  | sold A 1400
        """,
    ),
    "only the person whom the terms name, before anything else is looked at": Scenario(
        BY_ANOTHER,
        """
        at           | who   | does              | then
        0:00         | clock | deadline 0:00     | opened, phase 0 ends 2:00:00
        0:01         | host  | reserve 1         | refused NOT_THE_NAMED_PERSON
        1:45:00      | host  | reserve 1500      | refused NOT_THE_NAMED_PERSON
        """,
    ),
    "where the terms name nobody no reserve is entered late": Scenario(
        lot_terms(listing("10:00")),
        """
        at           | who   | does              | then
        0:00         | clock | deadline 0:00     | opened, phase 0 ends 10:00
        9:00         | host  | reserve 1500      | refused RESERVE_NOT_NOW
        """,
    ),
    "the time for it is counted back from the end, which a freeze moves": Scenario(
        SHANTOU,
        f"""
        at           | who   | does              | then
        0:00         | clock | deadline 0:00     | opened, phase 0 ends 2:00:00
        1:00:00      | host  | pause power       | frozen host (power)
        1:40:00      | host  | reserve 1500      | refused LOT_FROZEN (power)
        2:00:00      | host  | resume            | resumed by host ends 3:00:00
        2:29:59.9    | host  | reserve 1500      | refused RESERVE_NOT_NOW
        2:30:00      | host  | reserve 0         | refused RESERVE_OUT_OF_RANGE ask 1000
        2:30:00      | host  | reserve {AMOUNT_MAX + 1} | refused RESERVE_OUT_OF_RANGE ask 1000
        2:30:00      | host  | reserve 1000      | reserve 1000 by host
        """,
    ),
    "the max bid of the leader goes to a reserve that comes after it": Scenario(
        lot_terms(
            english(duration="10:00"), late_reserve=LateReserve(by=HOST, opens_before_us=span_us("5:00"))
        ),
        """
        at           | who   | does              | then
        0:00         | clock | deadline 0:00     | opened, phase 0 ends 10:00
        0:01         | A     | max 2000          | max A 2000, A 1000 proxy
        6:00         | host  | reserve 1500      | reserve 1500 by host
        10:00        | clock | deadline 10:00    | A 1500 proxy, sold A 1500
        """,
    ),
    "where prices fall the reserve is the most that is paid": Scenario(
        lot_terms(
            listing("10:00"),
            direction=Direction.FALLING,
            late_reserve=LateReserve(by=HOST, opens_before_us=span_us("5:00")),
        ),
        """
        at           | who   | does              | then
        0:00         | clock | deadline 0:00     | opened, phase 0 ends 10:00
        0:01         | A     | bid 900           | A 900
        6:00         | host  | reserve 1001      | refused RESERVE_OUT_OF_RANGE ask 1000
        6:00         | host  | reserve 800       | reserve 800 by host
        10:00        | clock | deadline 10:00    | passed below_reserve
        """,
    ),
}

FREEZE = {
    "福建 art. 55: a freeze in the listing extends it by as long": Scenario(
        FUJIAN,
        """
        at           | who   | does              | then
        0:00         | clock | deadline 0:00     | opened, phase 0 ends 3:00:00
        1:00:00      | host  | pause power       | frozen host (power)
        1:40:00      | host  | resume            | resumed by host ends 3:40:00
        3:40:00      | clock | deadline 3:40:00  | passed no_bids
        """,
    ),
    "福建 art. 55: a freeze in its last hour leaves what remained, less than an hour": Scenario(
        FUJIAN,
        """
        at           | who   | does              | then
        0:00         | clock | deadline 0:00     | opened, phase 0 ends 3:00:00
        2:10:00      | A     | bid 1000          | A 1000
        2:20:00      | host  | pause power       | frozen host (power)
        3:20:00      | host  | resume            | resumed by host ends 4:00:00
        3:30:00      | B     | bid 1100          | B 1100
        4:00:00      | clock | deadline 4:00:00  | phase 1 ends 4:15:00
        """,
    ),
    "the last hour is an hour of the listing: what stood still does not count": Scenario(
        FUJIAN,
        """
        at           | who   | does              | then
        0:00         | clock | deadline 0:00     | opened, phase 0 ends 3:00:00
        1:59:59      | A     | bid 1000          | A 1000
        2:20:00      | host  | pause power       | frozen host (power)
        3:20:00      | host  | resume            | resumed by host ends 4:00:00
        3:30:00      | B     | bid 1100          | B 1100
        4:00:00      | clock | deadline 4:00:00  | sold B 1100
        """,
    ),
    "福建 art. 55: at the very end of the listing the fresh countdown remains": Scenario(
        FUJIAN,
        """
        at           | who   | does              | then
        0:00         | clock | deadline 0:00     | opened, phase 0 ends 3:00:00
        2:59:59      | host  | pause power       | frozen host (power)
        3:10:00      | host  | resume            | resumed by host ends 3:15:00
        """,
    ),
    "福建 ch. 8: after more than an hour a day's notice": Scenario(
        FUJIAN,
        """
        at           | who   | does              | then
        0:00         | clock | deadline 0:00     | opened, phase 0 ends 3:00:00
        1:00:00      | host  | pause power       | frozen host (power)
        2:00:00.000001 | host | resume           | resumes by host 26:00:00.000001
        2:00:01      | host  | resume            | refused RESUMPTION_UNDER_NOTICE
        2:00:02      | A     | bid 1000          | refused LOT_FROZEN (power)
        26:00:00     | clock | deadline 26:00:00.000001 | refused DEADLINE_NOT_DUE
        26:00:00.000001 | clock | deadline 26:00:00.000001 | resumed ends 28:00:00.000001
        26:00:01     | A     | bid 1000          | A 1000
        """,
    ),
    "under notice the host may hold the lot if the fault comes back, and begins anew": Scenario(
        FUJIAN,
        """
        at           | who   | does              | then
        0:00         | clock | deadline 0:00     | opened, phase 0 ends 3:00:00
        1:00:00      | host  | pause power       | frozen host (power)
        1:00:01      | host  | pause power       | refused LOT_FROZEN (power)
        3:00:00      | host  | resume            | resumes by host 27:00:00
        20:00:00     | host  | pause             | refused REASON_MISSING
        20:00:00     | host  | pause power again | frozen host (power again)
        27:00:00     | clock | deadline 27:00:00 | refused DEADLINE_NOT_DUE
        27:00:00     | host  | resume            | resumes by host 51:00:00
        51:00:00     | clock | deadline 51:00:00 | resumed ends 53:00:00
        """,
    ),
    "福建 art. 55: after a freeze in the preparation it begins anew": Scenario(
        FUJIAN,
        """
        at           | who   | does              | then
        0:00         | clock | deadline 0:00     | opened, phase 0 ends 3:00:00
        2:10:00      | A     | bid 1000          | A 1000
        2:11:00      | B     | bid 1100          | B 1100
        3:00:00      | clock | deadline 3:00:00  | phase 1 ends 3:15:00
        3:14:00      | host  | pause power       | frozen host (power)
        3:30:00      | host  | resume            | resumed by host ends 3:35:00, phase 1 ends 3:45:00
        3:45:00      | clock | deadline 3:45:00  | phase 2 ends 3:50:00
        """,
    ),
    "福建 art. 55: after a freeze in the auction the preparation begins anew, and bids stand": Scenario(
        FUJIAN,
        """
        at           | who   | does              | then
        0:00         | clock | deadline 0:00     | opened, phase 0 ends 3:00:00
        2:10:00      | A     | bid 1000          | A 1000
        2:11:00      | B     | bid 1100          | B 1100
        3:00:00      | clock | deadline 3:00:00  | phase 1 ends 3:15:00
        3:15:00      | clock | deadline 3:15:00  | phase 2 ends 3:20:00
        3:16:00      | C     | bid 1200          | C 1200, extension 1 ends 3:21:00
        3:17:00      | host  | pause power       | frozen host (power)
        4:17:00      | host  | resume            | resumed by host ends 4:22:00, phase 1 ends 4:32:00
        4:20:00      | A     | bid 1300          | refused NOT_TAKEN_NOW
        4:32:00      | clock | deadline 4:32:00  | phase 2 ends 4:37:00
        4:33:00      | A     | bid 1249          | refused BELOW_ASKING_PRICE ask 1250 step 50
        4:33:00      | A     | bid 1250          | A 1250, extension 1 ends 4:38:00
        4:38:00      | clock | deadline 4:38:00  | sold A 1250
        """,
    ),
    "福建: a short outage resumes by itself, in the auction with a fresh preparation": Scenario(
        FUJIAN,
        """
        at           | who   | does              | then
        0:00         | clock | deadline 0:00     | opened, phase 0 ends 3:00:00
        2:10:00      | A     | bid 1000          | A 1000
        2:11:00      | B     | bid 1100          | B 1100
        3:00:00      | clock | deadline 3:00:00  | phase 1 ends 3:15:00
        3:15:00      | clock | deadline 3:15:00  | phase 2 ends 3:20:00
        3:30:00      | clock | deadline 3:20:00  | frozen outage until 3:30:30
        3:30:30      | clock | deadline 3:30:30  | resumed ends 3:35:30, phase 1 ends 3:45:30
        """,
    ),
    "福建: an outage of more than an hour is under notice at once, which the host cannot cut short": Scenario(
        FUJIAN,
        """
        at           | who   | does              | then
        0:00         | clock | deadline 0:00     | opened, phase 0 ends 3:00:00
        2:10:00      | A     | bid 1000          | A 1000
        4:00:00.000001 | clock | deadline 3:00:00 | frozen outage until 28:00:00.000001
        4:10:00      | host  | resume            | refused RESUMPTION_UNDER_NOTICE
        28:00:00.000001 | clock | deadline 28:00:00.000001 | resumed ends 28:05:00.000001
        """,
    ),
    "福建: the host may end a short outage at once, and hold a lot that it would let go": Scenario(
        FUJIAN,
        """
        at           | who   | does              | then
        0:00         | clock | deadline 0:00     | opened, phase 0 ends 3:00:00
        3:20:00      | clock | deadline 3:00:00  | frozen outage until 3:20:30
        3:20:10      | host  | pause fire        | frozen host (fire)
        3:20:30      | clock | deadline 3:20:30  | refused DEADLINE_NOT_DUE
        4:00:00      | host  | resume            | resumed by host ends 4:05:00
        """,
    ),
    "without a rule about notice a lot resumes whenever the host says so": Scenario(
        SHANTOU,
        """
        at           | who   | does              | then
        0:00         | clock | deadline 0:00     | opened, phase 0 ends 2:00:00
        1:00:00      | host  | pause power       | frozen host (power)
        25:00:00     | host  | resume            | resumed by host ends 26:00:00
        """,
    ),
}

PLACED = lot_terms(countdown("4:00"), reserve_places=2)

ENDS = {
    "withdrawn before the opening": Scenario(
        SHANTOU,
        """
        at           | who   | does              | then
        0:00         | host  | withdraw          | refused REASON_MISSING
        0:00         | host  | withdraw title    | withdrawn by host (title)
        0:00         | clock | deadline 0:00     | refused DEADLINE_NOT_DUE
        0:01         | host  | open              | refused LOT_CLOSED
        """,
    ),
    "terminated while it is open": Scenario(
        SHANTOU,
        """
        at           | who   | does              | then
        0:00         | clock | deadline 0:00     | opened, phase 0 ends 2:00:00
        0:01         | A     | bid 1000          | A 1000
        0:02         | host  | withdraw court    | withdrawn by host (court)
        0:03         | B     | bid 1100          | refused LOT_CLOSED
        2:00:00      | clock | deadline 2:00:00  | refused DEADLINE_NOT_DUE
        """,
    ),
    "terminated in an inquiry, and frozen": Scenario(
        SHANTOU,
        """
        at           | who   | does              | then
        0:00         | clock | deadline 0:00     | opened, phase 0 ends 2:00:00
        0:01         | A     | bid 1000          | A 1000
        2:00:00      | clock | deadline 2:00:00  | phase 1 ends 2:05:00
        2:01:00      | host  | pause dispute     | frozen host (dispute)
        2:02:00      | host  | withdraw dispute  | withdrawn by host (dispute)
        2:03:00      | A     | say accept        | refused LOT_CLOSED
        """,
    ),
    "terminated under notice of resumption": Scenario(
        FUJIAN,
        """
        at           | who   | does              | then
        0:00         | clock | deadline 0:00     | opened, phase 0 ends 3:00:00
        0:01:00      | host  | pause dispute     | frozen host (dispute)
        2:00:00      | host  | resume            | resumes by host 26:00:00
        3:00:00      | host  | withdraw dispute  | withdrawn by host (dispute)
        26:00:00     | clock | deadline 26:00:00 | refused DEADLINE_NOT_DUE
        """,
    ),
    "the sale waits for confirmation, and the runners-up with it": Scenario(
        PLACED,
        """
        at           | who   | does              | then
        0:00         | clock | deadline 0:00     | opened, phase 0 ends 4:00
        0:01         | A     | bid 1000          | A 1000, extension 1 ends 4:01
        0:02         | B     | bid 1100          | B 1100, extension 2 ends 4:02
        0:03         | A     | bid 1200          | A 1200, extension 3 ends 4:03
        0:04         | C     | bid 1300          | C 1300, extension 4 ends 4:04
        0:05         | D     | bid 1400          | D 1400, extension 5 ends 4:05
        1:00         | host  | confirm           | refused LOT_NOT_KNOCKED_DOWN
        1:00         | host  | default debts     | refused LOT_NOT_KNOCKED_DOWN
        4:05         | clock | deadline 4:05     | knocked down D 1400; then C 1300; then A 1200
        4:06         | A     | bid 1500          | refused LOT_CLOSED
        4:06         | host  | pause fire        | refused LOT_CLOSED
        4:06         | host  | hammer            | refused LOT_CLOSED
        4:06         | host  | default           | refused REASON_MISSING
        5:00         | host  | confirm           | sold by host D 1400
        5:01         | host  | confirm           | refused LOT_NOT_KNOCKED_DOWN
        5:01         | host  | default debts     | refused LOT_NOT_KNOCKED_DOWN
        5:01         | host  | withdraw error    | refused LOT_CLOSED
        """,
    ),
    "who defaults is followed by the runners-up in their order, and then by nobody": Scenario(
        PLACED,
        """
        at           | who   | does              | then
        0:00         | clock | deadline 0:00     | opened, phase 0 ends 4:00
        0:01         | A     | bid 1000          | A 1000, extension 1 ends 4:01
        0:02         | B     | bid 1100          | B 1100, extension 2 ends 4:02
        0:03         | A     | bid 1200          | A 1200, extension 3 ends 4:03
        0:04         | C     | bid 1300          | C 1300, extension 4 ends 4:04
        4:04         | clock | deadline 4:04     | knocked down C 1300; then A 1200; then B 1100
        5:00         | host  | default debts     | defaulted by host C (debts), knocked down by host A 1200; then B 1100
        6:00         | host  | default silence   | defaulted by host A (silence), knocked down by host B 1100
        7:00         | host  | default flight    | defaulted by host B (flight), passed by host defaulted
        8:00         | host  | default flight    | refused LOT_NOT_KNOCKED_DOWN
        """,
    ),
    "one who is called may be confirmed": Scenario(
        PLACED,
        """
        at           | who   | does              | then
        0:00         | clock | deadline 0:00     | opened, phase 0 ends 4:00
        0:01         | A     | bid 1000          | A 1000, extension 1 ends 4:01
        0:02         | B     | bid 1100          | B 1100, extension 2 ends 4:02
        4:02         | clock | deadline 4:02     | knocked down B 1100; then A 1000
        5:00         | host  | default debts     | defaulted by host B (debts), knocked down by host A 1000
        6:00         | host  | confirm           | sold by host A 1000
        """,
    ),
    "runners-up below the reserve are not bound": Scenario(
        msgspec.structs.replace(PLACED, reserve_price=1200),
        """
        at           | who   | does              | then
        0:00         | clock | deadline 0:00     | opened, phase 0 ends 4:00
        0:01         | A     | bid 1000          | A 1000, extension 1 ends 4:01
        0:02         | B     | bid 1200          | B 1200, extension 2 ends 4:02
        0:03         | C     | bid 1300          | C 1300, extension 3 ends 4:03
        4:03         | clock | deadline 4:03     | knocked down C 1300; then B 1200
        """,
    ),
    "a lot that waits for confirmation can be withdrawn": Scenario(
        PLACED,
        """
        at           | who   | does              | then
        0:00         | clock | deadline 0:00     | opened, phase 0 ends 4:00
        0:01         | A     | bid 1000          | A 1000, extension 1 ends 4:01
        4:01         | clock | deadline 4:01     | knocked down A 1000
        5:00         | host  | withdraw collusion | withdrawn by host (collusion)
        5:01         | host  | confirm           | refused LOT_NOT_KNOCKED_DOWN
        """,
    ),
    "who stands in reserve after a land listing has bid in it or in the countdown": Scenario(
        msgspec.structs.replace(SHANTOU, reserve_places=3),
        """
        at           | who   | does              | then
        0:00         | clock | deadline 0:00     | opened, phase 0 ends 2:00:00
        1:00:00      | A     | bid 1000          | A 1000
        1:00:01      | B     | bid 1100          | B 1100
        1:00:02      | C     | bid 1200          | C 1200
        2:00:00      | clock | deadline 2:00:00  | phase 1 ends 2:05:00
        2:01:00      | A     | say accept        | A says accept
        2:05:00      | clock | deadline 2:05:00  | phase 2 ends 2:10:00
        2:06:00      | A     | bid 1300          | A 1300, extension 1 ends 2:11:00
        2:11:00      | clock | deadline 2:11:00  | knocked down A 1300; then C 1200; then B 1100
        """,
    ),
    "too few bidders, however high they bid": Scenario(
        lot_terms(countdown("4:00"), bidders_min=3),
        """
        at           | who   | does              | then
        0:00         | clock | deadline 0:00     | opened, phase 0 ends 4:00
        0:01         | A     | bid 1000          | A 1000, extension 1 ends 4:01
        0:02         | B     | bid 1100          | B 1100, extension 2 ends 4:02
        4:02         | clock | deadline 4:02     | passed too_few_bidders
        """,
    ),
    "enough bidders, though one of them is silent": Scenario(
        lot_terms(countdown("4:00"), bidders_min=3),
        """
        at           | who    | does              | then
        0:00         | clock  | deadline 0:00     | opened, phase 0 ends 4:00
        0:01         | A      | bid 1000          | A 1000, extension 1 ends 4:01
        0:02         | B      | bid 1100          | B 1100, extension 2 ends 4:02
        4:01.9       | office | admit C           | paddle 3
        4:02         | clock  | deadline 4:02     | sold B 1100
        """,
    ),
    "without bids it does not matter how many bidders there are": Scenario(
        lot_terms(countdown("4:00"), bidders_min=3),
        """
        at           | who    | does              | then
        0:00         | clock  | deadline 0:00     | opened, phase 0 ends 4:00
        4:00         | clock  | deadline 4:00     | passed no_bids
        """,
    ),
}


@pytest.mark.parametrize("name", LATE_RESERVE)
def test_late_reserve(name: str) -> None:
    LATE_RESERVE[name].play()


@pytest.mark.parametrize("name", FREEZE)
def test_freeze(name: str) -> None:
    FREEZE[name].play()


@pytest.mark.parametrize("name", ENDS)
def test_ends(name: str) -> None:
    ENDS[name].play()


def _give(lot: Lot, *rows: tuple[str, str, str]) -> Lot:
    for cells in rows:
        row = Row(*cells, "")
        take_over(lot, decide(lot, row.command, row.at_us), row.at_us)
    return lot


def test_a_late_reserve_is_secret_and_that_there_is_one_is_not() -> None:
    lot = _give(lot_under(SHANTOU, "AB"), ("0:00", "clock", "deadline 0:00"), ("0:01", "A", "bid 1000"))
    assert not lot_view(lot).has_reserve
    assert lot_view(lot).is_reserve_met
    _give(lot, ("1:45:00", "host", "reserve 123456"))
    view = lot_view(lot)
    assert (view.has_reserve, view.is_reserve_met) == (True, False)
    assert b"123456" not in msgspec.json.encode(view)
    assert not event.is_public(event.ReserveSet(123456, HOST))


def test_a_default_is_kept_with_its_order() -> None:
    lot = _give(
        lot_under(PLACED, "AB"),
        ("0:00", "clock", "deadline 0:00"),
        ("0:01", "A", "bid 1000"),
        ("0:02", "B", "bid 1100"),
        ("4:02", "clock", "deadline 4:02"),
    )
    assert (lot.state, lot.winner, lot.runners_up) == (LotState.KNOCKED_DOWN, 2, (event.Place(1, 1000),))
    assert not lot.is_closed
    _give(lot, ("5:00", "host", "default debts"), ("6:00", "host", "default debts"))
    assert (lot.state, lot.winner, lot.hammer_price, lot.runners_up) == (LotState.PASSED, 0, 0, ())
    assert lot.defaulted == (2, 1)


PROBLEMS = {
    "RESERVE_TWICE": lot_terms(
        listing("10:00"), reserve=2000, late_reserve=LateReserve(by=HOST, opens_before_us=1)
    ),
    "RESERVE_TIME_EMPTY": lot_terms(
        listing("10:00"), late_reserve=LateReserve(by=HOST, opens_before_us=1, closes_before_us=1)
    ),
    "RESERVE_PHASE_MISSING": lot_terms(
        listing("10:00"), late_reserve=LateReserve(by=HOST, opens_before_us=1, phase=1)
    ),
    "NOTICE_WITHOUT_LENGTH": lot_terms(listing("10:00"), late_resume_notice_us=1),
    "RESUMES_FORWARD": lot_terms(listing("10:00", resume_at_phase=1), listing("10:00")),
}


@pytest.mark.parametrize("problem", PROBLEMS)
def test_terms_that_make_no_sense_are_refused(problem: str) -> None:
    refused = announce(command.AnnounceLot(LOT, HOST, PROBLEMS[problem]))
    assert refused_codes(refused) == [problem]


def _admit(lot: Lot, letter: str, **shares: int) -> list[event.Event] | Refused:
    partners = tuple(Partner(bidder_of(name), share) for name, share in shares.items())
    at_us = START_US - 1
    decided = decide(lot, command.AdmitBidder(LOT, bidder_of(letter), partners=partners), at_us)
    if not isinstance(decided, Refused):
        take_over(lot, decided, at_us)
    return decided


def _joint(terms: LotTerms = PLACED) -> Lot:
    lot = lot_under(terms)
    _admit(lot, "A", B=3000, C=2000)
    _admit(lot, "D")
    return lot


def test_joint_bidders_have_one_paddle_and_the_lead_bidder_bids() -> None:
    lot = _give(_joint(), ("0:00", "clock", "deadline 0:00"), ("0:01", "A", "bid 1000"))
    assert lot.paddles == {bidder_of("A"): 1, bidder_of("D"): 2}
    assert lot.partners == {bidder_of("B"): 1, bidder_of("C"): 1}
    assert lot.phase is not None
    assert lot.phase.leader == 1
    partner = Row("0:02", "B", "bid 1100", "")
    assert decide(lot, partner.command, partner.at_us) == Refused(Refusal.LEAD_BIDDER_BIDS)
    stranger = Row("0:02", "X", "bid 1100", "")
    assert decide(lot, stranger.command, stranger.at_us) == Refused(Refusal.NOT_ADMITTED)


def test_nobody_bids_twice_under_two_paddles() -> None:
    lot = _joint()
    for letter, partners in [
        ("A", {}),
        ("B", {}),
        ("E", {"B": 1000}),
        ("E", {"D": 1000}),
        ("D", {"F": 1000}),
    ]:
        assert _admit(lot, letter, **partners) == Refused(Refusal.ALREADY_ADMITTED), (letter, partners)


@pytest.mark.parametrize("shares", [{"F": 0}, {"F": 10_000}, {"F": 5000, "G": 5000}, {"E": 1000}])
def test_shares_leave_something_for_everyone(shares: dict[str, int]) -> None:
    assert _admit(_joint(), "E", **shares) == Refused(Refusal.SHARES_INVALID)


def test_a_partner_named_twice_is_refused() -> None:
    twice = (Partner(bidder_of("F"), 1000), Partner(bidder_of("F"), 1000))
    given = command.AdmitBidder(LOT, bidder_of("E"), partners=twice)
    assert decide(_joint(), given, START_US) == Refused(Refusal.SHARES_INVALID)


def test_the_largest_shares_that_leave_one_for_the_lead_are_taken() -> None:
    assert not isinstance(_admit(_joint(), "E", F=5000, G=4999), Refused)


def test_joint_bidders_count_as_one_bidder() -> None:
    lot = _joint(lot_terms(countdown("4:00"), bidders_min=3))
    _give(
        lot, ("0:00", "clock", "deadline 0:00"), ("0:01", "A", "bid 1000"), ("4:01", "clock", "deadline 4:01")
    )
    assert lot.state is LotState.PASSED
