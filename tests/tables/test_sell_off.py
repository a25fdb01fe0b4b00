"""The judicial sell-off: a window of sixty days, and the auction that the first bid starts."""

import msgspec
import pytest

from matching.terms import DAY_US, Direction, EnglishTerms, LotTerms, SellOffTerms
from matching.terms.phase import HOUR_US
from matching.units import AMOUNT_MAX
from tests.tables.scenario import Scenario, english, lot_terms, span_us
from tests.terms_codes import codes

WINDOW = SellOffTerms()
AUCTION = english(duration="24:00:00", window="5:00", extension="5:00")

SELL_OFFS = {
    "a freeze that sends the programme back forgets that nobody has bid": Scenario(
        lot_terms(english(duration="1:00"), msgspec.structs.replace(WINDOW, resume_at_phase=0)),
        """
        at    | who   | does          | then
        0:00  | clock | deadline 0:00 | opened, phase 0 ends 1:00
        1:00  | clock | deadline 1:00 | phase 1 ends 1440:01:00
        2:00  | host  | pause fire    | frozen host (fire)
        3:00  | host  | resume        | resumed by host ends 1440:02:00, phase 0 ends 4:00
        3:30  | A     | bid 1000      | A 1000
        4:00  | clock | deadline 4:00 | sold A 1000
        """,
    ),
    "the first bid leads, and 24 hours of bidding begin": Scenario(
        lot_terms(WINDOW, AUCTION, opening=800_000),
        f"""
        at         | who   | does             | then
        0:00       | clock | deadline 0:00    | opened, phase 0 ends 1440:00:00
        0:01       | x     | bid 800000       | refused NOT_ADMITTED
        0:01       | A     | bid 0            | refused AMOUNT_OUT_OF_RANGE ask 800000 largest {AMOUNT_MAX}
        0:01       | A     | bid 799999       | refused BELOW_ASKING_PRICE ask 800000
        0:01       | A     | say accept       | refused NOT_TAKEN_NOW
        0:01       | host  | hammer           | refused HAMMER_BELONGS_TO_CLOCK
        500:00:00  | A     | bid 800000       | A 800000, phase 1 ends 524:00:00
        500:00:01  | A     | bid 800100       | refused LEADER_MAY_NOT_RAISE
        500:00:01  | B     | bid 800099       | refused BELOW_ASKING_PRICE ask 800100 step 100
        523:56:00  | B     | bid 800100       | B 800100, extension 1 ends 524:01:00
        524:01:00  | A     | bid 800200       | refused LOT_CLOSED
        524:01:00  | clock | deadline 524:01:00 | sold B 800100
        """,
    ),
    "one bid is enough": Scenario(
        lot_terms(WINDOW, AUCTION),
        """
        at          | who   | does                 | then
        0:00        | clock | deadline 0:00        | opened, phase 0 ends 1440:00:00
        1439:59:59.999999 | A | bid 1500           | A 1500, phase 1 ends 1463:59:59.999999
        1463:59:59.999999 | clock | deadline 1463:59:59.999999 | sold A 1500
        """,
    ),
    "nobody in sixty days: passed, and no auction begins": Scenario(
        lot_terms(WINDOW, AUCTION),
        """
        at         | who   | does                 | then
        0:00       | clock | deadline 0:00        | opened, phase 0 ends 1440:00:00
        1440:00:00 | A     | bid 1000             | refused LOT_CLOSED
        1440:00:00 | clock | deadline 1440:00:00  | passed no_bids
        """,
    ),
    "the first bid may be a max bid and goes on in the auction": Scenario(
        lot_terms(WINDOW, AUCTION),
        """
        at      | who   | does            | then
        0:00    | clock | deadline 0:00   | opened, phase 0 ends 1440:00:00
        0:01    | A     | max 999         | refused BELOW_ASKING_PRICE ask 1000
        0:01    | A     | max 2000        | max A 2000, A 1000 proxy, phase 1 ends 24:00:01
        0:02    | B     | bid 1500        | B 1500, A 1600 proxy
        0:03    | B     | bid 2100        | B 2100
        """,
    ),
    "a max bid that is not wanted": Scenario(
        lot_terms(SellOffTerms(max_bids_allowed=False), AUCTION),
        f"""
        at      | who   | does            | then
        0:00    | clock | deadline 0:00   | opened, phase 0 ends 1440:00:00
        0:01    | A     | max 0           | refused AMOUNT_OUT_OF_RANGE ask 1000 largest {AMOUNT_MAX}
        0:01    | A     | max 999         | refused MAX_BIDS_NOT_ALLOWED
        """,
    ),
    "a first max bid that reaches the reserve leads with it": Scenario(
        lot_terms(WINDOW, AUCTION, reserve=1500),
        """
        at      | who   | does            | then
        0:00    | clock | deadline 0:00   | opened, phase 0 ends 1440:00:00
        0:01    | A     | max 1500        | max A 1500, A 1500 proxy, phase 1 ends 24:00:01
        24:00:01 | clock | deadline 24:00:01 | sold A 1500
        """,
    ),
    "a freeze keeps what is left of the window": Scenario(
        lot_terms(WINDOW, AUCTION),
        """
        at       | who   | does            | then
        0:00     | clock | deadline 0:00   | opened, phase 0 ends 1440:00:00
        10:00:00 | host  | pause objection | frozen host (objection)
        11:00:00 | A     | bid 1000        | refused LOT_FROZEN (objection)
        34:00:00 | host  | resume          | resumed by host ends 1464:00:00
        35:00:00 | A     | bid 1000        | A 1000, phase 1 ends 59:00:00
        """,
    ),
    "a window that begins again after a freeze still sells": Scenario(
        lot_terms(SellOffTerms(resume_at_phase=0), AUCTION),
        """
        at       | who   | does            | then
        0:00     | clock | deadline 0:00   | opened, phase 0 ends 1440:00:00
        10:00:00 | host  | pause objection | frozen host (objection)
        34:00:00 | host  | resume          | resumed by host ends 1464:00:00, phase 0 ends 1474:00:00
        35:00:00 | A     | bid 1000        | A 1000, phase 1 ends 59:00:00
        59:00:00 | clock | deadline 59:00:00 | sold A 1000
        """,
    ),
    "a purchase asks for less": Scenario(
        lot_terms(WINDOW, AUCTION, direction=Direction.FALLING),
        """
        at      | who   | does            | then
        0:00    | clock | deadline 0:00   | opened, phase 0 ends 1440:00:00
        0:01    | A     | bid 1001        | refused ABOVE_ASKING_PRICE ask 1000
        0:01    | A     | bid -1          | refused AMOUNT_OUT_OF_RANGE ask 1000 largest 1
        0:01    | A     | max 700         | max A 700, A 1000 proxy, phase 1 ends 24:00:01
        0:02    | B     | bid 800         | B 800, A 700 proxy
        """,
    ),
    "where somebody leads there is nothing to wait for": Scenario(
        lot_terms(english(), WINDOW, AUCTION),
        """
        at      | who   | does            | then
        0:00    | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01    | A     | bid 1000        | A 1000
        10:00   | clock | deadline 10:00  | phase 2 ends 24:10:00
        """,
    ),
}


@pytest.mark.parametrize("name", SELL_OFFS)
def test_sell_offs(name: str) -> None:
    SELL_OFFS[name].play()


def test_the_defaults_are_those_of_the_rule() -> None:
    assert WINDOW.duration_us == 60 * DAY_US
    auction = EnglishTerms(AUCTION.increments)
    assert (auction.duration_us, auction.extension_us) == (24 * HOUR_US, span_us("5:00"))
    assert (auction.extensions_max, auction.hard_end_after_us) == (None, None)


def test_an_empty_window_is_no_window() -> None:
    assert codes(SellOffTerms(duration_us=0).problems(1000, Direction.RISING)) == ["WINDOW_ZERO"]


def test_terms_survive_the_journal() -> None:
    terms = lot_terms(SellOffTerms(duration_us=DAY_US), AUCTION)
    assert msgspec.json.decode(msgspec.json.encode(terms), type=LotTerms) == terms
