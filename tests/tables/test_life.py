"""The life that every lot shares: opening, admission, freezes, outages, withdrawal, programme, outcome."""

import pytest

from tests.tables.scenario import Scenario, english, lot_terms

TIMED = lot_terms(english(duration="10:00"))
BY_HOST = lot_terms(english(duration="10:00"), opens=None)
HARD_END = lot_terms(
    english(duration="10:00", window="1:00", extension="1:00", hard_end="10:30", countdown="0:10")
)

SCENARIOS = {
    "the clock opens the lot, and only when it is due": Scenario(
        TIMED,
        """
        at       | who    | does           | then
        0:00     | A      | bid 1000       | refused LOT_NOT_OPEN_YET
        0:00     | clock  | deadline 0:01  | refused DEADLINE_NOT_DUE
        0:00     | clock  | deadline 0:00  | opened, phase 0 ends 10:00
        0:00     | clock  | deadline 0:00  | refused DEADLINE_NOT_DUE
        0:00     | A      | bid 1000       | A 1000
        """,
    ),
    "an opening decided late gives the whole duration all the same": Scenario(
        TIMED,
        """
        at       | who    | does           | then
        1:00:00  | clock  | deadline 0:00  | opened, phase 0 ends 1:10:00
        """,
    ),
    "the host opens a lot without an opening time": Scenario(
        BY_HOST,
        """
        at       | who    | does           | then
        0:30     | clock  | deadline -     | refused DEADLINE_NOT_DUE
        0:30     | host   | open           | opened by host, phase 0 ends 10:30
        0:31     | host   | open           | refused LOT_ALREADY_OPEN
        """,
    ),
    "a lot is announced once": Scenario(
        BY_HOST,
        """
        at       | who    | does           | then
        0:00     | host   | announce       | refused LOT_ALREADY_ANNOUNCED
        0:01     | host   | open           | opened by host, phase 0 ends 10:01
        0:02     | host   | announce       | refused LOT_ALREADY_ANNOUNCED
        """,
    ),
    "before it opens a lot can only be opened, withdrawn or joined": Scenario(
        BY_HOST,
        """
        at       | who    | does           | then
        0:00     | A      | bid 1000       | refused LOT_NOT_OPEN_YET
        0:00     | A      | max 1000       | refused LOT_NOT_OPEN_YET
        0:00     | x      | bid 0          | refused LOT_NOT_OPEN_YET
        0:00     | host   | pause fog      | refused LOT_NOT_OPEN_YET
        0:00     | host   | resume         | refused LOT_NOT_FROZEN
        0:00     | host   | warn           | refused LOT_NOT_OPEN_YET
        0:00     | host   | hammer         | refused LOT_NOT_OPEN_YET
        0:00     | office | admit B        | paddle 2
        0:00     | host   | withdraw error | withdrawn by host (error)
        """,
    ),
    "a lot that is over accepts nothing": Scenario(
        TIMED,
        """
        at       | who    | does           | then
        0:00     | clock  | deadline 0:00  | opened, phase 0 ends 10:00
        10:00    | clock  | deadline 10:00 | passed no_bids
        10:00    | clock  | deadline 10:00 | refused DEADLINE_NOT_DUE
        10:01    | A      | bid 1000       | refused LOT_CLOSED
        10:01    | A      | max 1000       | refused LOT_CLOSED
        10:01    | host   | open           | refused LOT_CLOSED
        10:01    | host   | pause late     | refused LOT_CLOSED
        10:01    | host   | pause          | refused LOT_CLOSED
        10:01    | host   | resume         | refused LOT_CLOSED
        10:01    | host   | withdraw late  | refused LOT_CLOSED
        10:01    | host   | withdraw       | refused LOT_CLOSED
        10:01    | host   | warn           | refused LOT_CLOSED
        10:01    | host   | hammer         | refused LOT_CLOSED
        10:01    | office | admit A        | refused LOT_CLOSED
        10:01    | office | admit B        | refused LOT_CLOSED
        """,
    ),
    "admission gives paddles in order, once, until the lot is over": Scenario(
        TIMED,
        """
        at       | who    | does           | then
        0:00     | office | admit B        | paddle 1
        0:00     | office | admit B        | refused ALREADY_ADMITTED
        0:00     | clock  | deadline 0:00  | opened, phase 0 ends 10:00
        0:01     | C      | bid 1000       | refused NOT_ADMITTED
        0:02     | office | admit C        | paddle 2
        0:03     | C      | bid 1000       | C 1000
        0:04     | host   | pause check    | frozen host (check)
        0:05     | office | admit D        | paddle 3
        """,
    ),
    "a bid is in time before the end, and late at it": Scenario(
        TIMED,
        """
        at           | who    | does           | then
        0:00         | clock  | deadline 0:00  | opened, phase 0 ends 10:00
        9:59.999999  | A      | bid 1000       | A 1000
        10:00        | B      | bid 1100       | refused LOT_CLOSED
        10:00        | B      | max 1100       | refused LOT_CLOSED
        10:00        | clock  | deadline 10:00 | sold A 1000
        """,
    ),
    "once the end has come only the clock acts": Scenario(
        lot_terms(english(duration="10:00", hammer_after=0)),
        """
        at           | who    | does           | then
        0:00         | clock  | deadline 0:00  | opened, phase 0 ends 10:00
        1:00         | A      | bid 1000       | A 1000
        10:00        | host   | pause late     | refused LOT_CLOSED
        10:00        | host   | warn           | refused LOT_CLOSED
        10:00        | host   | hammer         | refused LOT_CLOSED
        10:00        | clock  | deadline 10:00 | sold A 1000
        """,
    ),
    "a deadline is met neither early nor twice": Scenario(
        TIMED,
        """
        at           | who    | does           | then
        0:00         | clock  | deadline 0:00  | opened, phase 0 ends 10:00
        9:59.999999  | clock  | deadline 10:00 | refused DEADLINE_NOT_DUE
        10:00.5      | clock  | deadline 10:00 | passed no_bids
        """,
    ),
    "a freeze stops the clock": Scenario(
        TIMED,
        """
        at       | who    | does           | then
        0:00     | clock  | deadline 0:00  | opened, phase 0 ends 10:00
        1:00     | A      | bid 1000       | A 1000
        4:00     | host   | pause  fire    | frozen host (fire)
        4:00     | host   | pause fire     | refused LOT_FROZEN (fire)
        4:10     | B      | bid 1100       | refused LOT_FROZEN (fire)
        4:10     | x      | bid 1          | refused LOT_FROZEN (fire)
        4:10     | host   | warn           | refused LOT_FROZEN (fire)
        4:10     | host   | hammer         | refused LOT_FROZEN (fire)
        4:10     | host   | open           | refused LOT_ALREADY_OPEN
        20:00    | clock  | deadline 10:00 | refused DEADLINE_NOT_DUE
        34:00    | host   | resume         | resumed by host ends 40:00
        34:00    | host   | resume         | refused LOT_NOT_FROZEN
        34:01    | clock  | deadline 10:00 | refused DEADLINE_NOT_DUE
        39:59    | B      | bid 1100       | B 1100
        40:00    | clock  | deadline 40:00 | sold B 1100
        """,
    ),
    "after a freeze at least the countdown remains": Scenario(
        TIMED,
        """
        at       | who    | does           | then
        0:00     | clock  | deadline 0:00  | opened, phase 0 ends 10:00
        9:59     | host   | pause fog      | frozen host (fog)
        9:59.5   | host   | resume         | resumed by host ends 11:59.5
        """,
    ),
    "a freeze needs a reason, a withdrawal too": Scenario(
        TIMED,
        """
        at       | who    | does           | then
        0:00     | host   | withdraw       | refused REASON_MISSING
        0:00     | clock  | deadline 0:00  | opened, phase 0 ends 10:00
        0:01     | host   | pause          | refused REASON_MISSING
        0:01     | host   | withdraw       | refused REASON_MISSING
        0:01     | host   | withdraw court order | withdrawn by host (court order)
        """,
    ),
    "the host speaks to the room, and neither the clock nor a warning is moved by it": Scenario(
        lot_terms(english(duration="10:00", window="1:00", extension="1:00", hammer_after=1), opens="0:00"),
        """
        at       | who    | does           | then
        0:00     | host   | speak a viewing is at nine | spoken by host (a viewing is at nine)
        0:00     | clock  | deadline 0:00  | opened, phase 0 ends 10:00
        0:01     | host   | speak          | refused ANNOUNCEMENT_INVALID
        9:30     | A      | bid 1000       | A 1000, extension 1 ends 10:30
        9:31     | host   | warn           | warning 1 by host
        9:32     | host   | speak the seller confirms the area | spoken by host (the seller confirms the area)
        9:33     | host   | pause fog      | frozen host (fog)
        9:34     | host   | speak please wait | spoken by host (please wait)
        9:35     | host   | resume         | resumed by host ends 11:35
        11:35    | host   | speak the end has come | spoken by host (the end has come)
        11:35    | clock  | deadline 11:35 | sold A 1000
        11:36    | host   | speak too late | refused LOT_CLOSED
        """,
    ),
    "a frozen lot can be withdrawn": Scenario(
        TIMED,
        """
        at       | who    | does           | then
        0:00     | clock  | deadline 0:00  | opened, phase 0 ends 10:00
        0:01     | A      | bid 1000       | A 1000
        0:02     | host   | pause doubt    | frozen host (doubt)
        0:03     | host   | withdraw forged title | withdrawn by host (forged title)
        """,
    ),
    "a freeze moves the hard end as far as the end": Scenario(
        HARD_END,
        """
        at       | who    | does           | then
        0:00     | clock  | deadline 0:00  | opened, phase 0 ends 10:00
        5:00     | host   | pause fog      | frozen host (fog)
        25:00    | host   | resume         | resumed by host ends 30:00
        29:50    | A      | bid 1000       | A 1000, extension 1 ends 30:30
        30:29    | B      | bid 1100       | B 1100
        30:30    | clock  | deadline 30:30 | sold B 1100
        """,
    ),
    "an end decided late is an outage: frozen, and resumed with notice and a countdown": Scenario(
        TIMED,
        """
        at           | who    | does            | then
        0:00         | clock  | deadline 0:00   | opened, phase 0 ends 10:00
        1:00         | A      | bid 1000        | A 1000
        10:03.000001 | clock  | deadline 10:00  | frozen outage until 10:33.000001
        10:10        | B      | bid 1100        | refused LOT_FROZEN
        10:10        | clock  | deadline 10:00  | refused DEADLINE_NOT_DUE
        10:33        | clock  | deadline 10:33.000001 | refused DEADLINE_NOT_DUE
        10:34        | clock  | deadline 10:33.000001 | resumed ends 12:34
        12:00        | B      | bid 1100        | B 1100
        12:34        | clock  | deadline 12:34  | sold B 1100
        """,
    ),
    "an end decided within the tolerance closes": Scenario(
        TIMED,
        """
        at       | who    | does            | then
        0:00     | clock  | deadline 0:00   | opened, phase 0 ends 10:00
        1:00     | A      | bid 1000        | A 1000
        10:03    | clock  | deadline 10:00  | sold A 1000
        """,
    ),
    "the host may resume after an outage before the clock does": Scenario(
        TIMED,
        """
        at       | who    | does            | then
        0:00     | clock  | deadline 0:00   | opened, phase 0 ends 10:00
        10:30    | clock  | deadline 10:00  | frozen outage until 11:00
        10:40    | host   | resume          | resumed by host ends 12:40
        11:00    | clock  | deadline 11:00  | refused DEADLINE_NOT_DUE
        """,
    ),
    "the host may hold a lot that an outage froze": Scenario(
        TIMED,
        """
        at       | who    | does            | then
        0:00     | clock  | deadline 0:00   | opened, phase 0 ends 10:00
        10:30    | clock  | deadline 10:00  | frozen outage until 11:00
        10:40    | host   | pause           | refused REASON_MISSING
        10:40    | host   | pause checking  | frozen host (checking)
        10:41    | host   | pause again     | refused LOT_FROZEN (checking)
        11:00    | clock  | deadline 11:00  | refused DEADLINE_NOT_DUE
        15:00    | host   | resume          | resumed by host ends 17:00
        """,
    ),
    "two outages in a row freeze twice": Scenario(
        TIMED,
        """
        at       | who    | does            | then
        0:00     | clock  | deadline 0:00   | opened, phase 0 ends 10:00
        10:30    | clock  | deadline 10:00  | frozen outage until 11:00
        11:00    | clock  | deadline 11:00  | resumed ends 13:00
        14:00    | clock  | deadline 13:00  | frozen outage until 14:30
        14:30    | clock  | deadline 14:30  | resumed ends 16:30
        16:30    | clock  | deadline 16:30  | passed no_bids
        """,
    ),
    "one bidder is enough unless the terms want more": Scenario(
        lot_terms(english(duration="10:00"), bidders_min=2),
        """
        at       | who    | does            | then
        0:00     | clock  | deadline 0:00   | opened, phase 0 ends 10:00
        1:00     | A      | bid 1000        | A 1000
        10:00    | clock  | deadline 10:00  | passed too_few_bidders
        """,
    ),
    "as many bidders as the terms want, if only one of them bids": Scenario(
        lot_terms(english(duration="10:00"), bidders_min=2),
        """
        at       | who    | does            | then
        0:00     | office | admit B         | paddle 2
        0:00     | clock  | deadline 0:00   | opened, phase 0 ends 10:00
        1:00     | A      | bid 1000        | A 1000
        10:00    | clock  | deadline 10:00  | sold A 1000
        """,
    ),
    "a second phase continues from the first one's standing, with its own steps": Scenario(
        lot_terms(english(duration="10:00"), english(500, duration="1:00", window="1:00", extension="1:00")),
        """
        at       | who    | does            | then
        0:00     | clock  | deadline 0:00   | opened, phase 0 ends 10:00
        1:00     | A      | bid 1000        | A 1000
        10:00    | clock  | deadline 10:00  | phase 1 ends 11:00
        10:00    | A      | bid 1500        | refused LEADER_MAY_NOT_RAISE
        10:01    | B      | bid 1100        | refused BELOW_ASKING_PRICE ask 1500 step 500
        10:30    | B      | bid 1500        | B 1500, extension 1 ends 11:30
        11:29    | A      | bid 2000        | A 2000, extension 2 ends 12:29
        11:30    | clock  | deadline 11:30  | refused DEADLINE_NOT_DUE
        12:29    | clock  | deadline 12:29  | sold A 2000
        """,
    ),
    "a phase in which nobody bids hands on what it was given": Scenario(
        lot_terms(english(duration="10:00"), english(500, duration="1:00")),
        """
        at       | who    | does            | then
        0:00     | clock  | deadline 0:00   | opened, phase 0 ends 10:00
        1:00     | A      | bid 1000        | A 1000
        10:00    | clock  | deadline 10:00  | phase 1 ends 11:00
        11:00    | clock  | deadline 11:00  | sold A 1000
        """,
    ),
    "without a bid in the first phase the second opens at the opening price": Scenario(
        lot_terms(english(duration="10:00"), english(500, duration="1:00")),
        """
        at       | who    | does            | then
        0:00     | clock  | deadline 0:00   | opened, phase 0 ends 10:00
        10:00    | clock  | deadline 10:00  | phase 1 ends 11:00
        10:30    | B      | bid 999         | refused BELOW_ASKING_PRICE ask 1000 step 500
        10:30    | B      | bid 1000        | B 1000
        11:00    | clock  | deadline 11:00  | sold B 1000
        """,
    ),
    "a max bid stands on in the next phase": Scenario(
        lot_terms(english(duration="10:00"), english(500, duration="1:00")),
        """
        at       | who    | does            | then
        0:00     | clock  | deadline 0:00   | opened, phase 0 ends 10:00
        1:00     | A      | max 3000        | max A 3000, A 1000 proxy
        10:00    | clock  | deadline 10:00  | phase 1 ends 11:00
        10:10    | B      | bid 1500        | B 1500, A 2000 proxy
        10:20    | B      | bid 3100        | B 3100
        11:00    | clock  | deadline 11:00  | sold B 3100
        """,
    ),
    "a max bid lapses where the next phase knows none": Scenario(
        lot_terms(english(duration="10:00"), english(500, duration="1:00", max_bids=False)),
        """
        at       | who    | does            | then
        0:00     | clock  | deadline 0:00   | opened, phase 0 ends 10:00
        1:00     | A      | max 3000        | max A 3000, A 1000 proxy
        10:00    | clock  | deadline 10:00  | phase 1 ends 11:00
        10:05    | B      | max 1500        | refused MAX_BIDS_NOT_ALLOWED
        10:10    | B      | bid 1500        | B 1500
        11:00    | clock  | deadline 11:00  | sold B 1500
        """,
    ),
    "the host's hammer may end one phase, the clock the next": Scenario(
        lot_terms(english(duration=None, hammer_after=1), english(duration="1:00")),
        """
        at       | who    | does            | then
        0:00     | clock  | deadline 0:00   | opened, phase 0 ends -
        1:00     | A      | bid 1000        | A 1000
        1:10     | host   | hammer          | refused FAIR_WARNINGS_MISSING missing 1
        1:10     | host   | warn            | warning 1 by host
        1:20     | host   | hammer          | phase 1 ends 2:20
        1:30     | host   | hammer          | refused HAMMER_BELONGS_TO_CLOCK
        2:20     | clock  | deadline 2:20   | sold A 1000
        """,
    ),
    "an outage at the end of a phase freezes before the next one": Scenario(
        lot_terms(english(duration="10:00"), english(duration="1:00")),
        """
        at       | who    | does            | then
        0:00     | clock  | deadline 0:00   | opened, phase 0 ends 10:00
        10:10    | clock  | deadline 10:00  | frozen outage until 10:40
        10:40    | clock  | deadline 10:40  | resumed ends 12:40
        12:40    | clock  | deadline 12:40  | phase 1 ends 13:40
        """,
    ),
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_life(name: str) -> None:
    SCENARIOS[name].play()
