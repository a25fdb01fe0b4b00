"""Land listings: a free phase, then a gap, an inquiry or a preparation, then a countdown that starts with each bid."""

from __future__ import annotations

import msgspec
import pytest

from matching.commands import AnnounceLot
from matching.details import Act, Asked, Question
from matching.lot import Lot, announce, decide
from matching.refusals import Refused
from matching.terms import Direction, Inquiry, IntervalTerms, LotTerms, Presumed
from matching.view import lot_view
from tests.tables.land_presets import (
    DEZHOU,
    FUJIAN,
    PRESETS,
    QINZHOU,
    SHANTOU,
    SUZHOU_PARK,
    TAICANG,
    countdown,
    interval,
    listing,
)
from tests.tables.scenario import HOST, LOT, Row, Scenario, lot_terms, lot_under, take_over
from tests.terms_codes import refused_codes

ON_THE_SPOT = lot_terms(
    listing("10:00"),
    interval(
        "1:00",
        Inquiry.GO_ON,
        presumed=Presumed.LEADER,
        ends_early_when_all_answered=True,
        own_bid_required=True,
    ),
    countdown("4:00", entrants_min=2),
)

SCENARIOS = {
    "太仓: whoever says in the gap that he goes on bids, whether he has bid before or not": Scenario(
        TAICANG,
        """
        at           | who   | does              | then
        0:00         | clock | deadline 0:00     | opened, phase 0 ends 2:00:00
        0:10         | A     | say accept        | refused NOT_TAKEN_NOW
        1:00:00      | A     | bid 1000          | A 1000
        1:59:59.9    | B     | bid 1100          | B 1100
        2:00:00      | A     | bid 1200          | refused LOT_CLOSED
        2:00:00      | clock | deadline 2:00:00  | phase 1 ends 3:00:00
        2:00:01      | A     | bid 1200          | refused NOT_TAKEN_NOW
        2:00:02      | A     | say waive         | refused NOT_TAKEN_NOW
        2:00:03      | x     | say accept        | refused NOT_ADMITTED
        2:10:00      | A     | say accept        | A says accept
        2:10:01      | A     | say decline       | refused ALREADY_DECLARED
        2:11:00      | B     | say decline       | B says decline
        2:59:59.9    | C     | say accept        | C says accept
        3:00:00      | D     | say accept        | refused LOT_CLOSED
        3:00:00      | clock | deadline 3:00:00  | phase 2 ends 3:04:00
        3:00:01      | B     | bid 1200          | refused NOT_ELIGIBLE
        3:00:01      | D     | bid 1200          | refused NOT_ELIGIBLE
        3:00:01      | C     | bid 1100          | refused BELOW_ASKING_PRICE ask 1200 step 100
        3:00:01      | C     | bid 1250          | refused NOT_ON_STEP ask 1200 step 100
        3:00:02      | C     | bid 1200          | C 1200, extension 1 ends 3:04:02
        3:04:01.9    | A     | bid 1400          | A 1400, extension 2 ends 3:08:01.9
        3:08:01.9    | C     | bid 1500          | refused LOT_CLOSED
        3:08:01.9    | clock | deadline 3:08:01.9 | sold A 1400
        """,
    ),
    "太仓: with fewer than two who go on the highest bid of the listing wins": Scenario(
        TAICANG,
        """
        at           | who   | does              | then
        0:00         | clock | deadline 0:00     | opened, phase 0 ends 2:00:00
        1:00:00      | A     | bid 1000          | A 1000
        1:00:01      | B     | bid 1100          | B 1100
        2:00:00      | clock | deadline 2:00:00  | phase 1 ends 3:00:00
        2:10:00      | A     | say accept        | A says accept
        3:00:00      | clock | deadline 3:00:00  | sold B 1100
        """,
    ),
    "太仓: if nobody bids in the first countdown the highest bid of the listing wins": Scenario(
        TAICANG,
        """
        at           | who   | does              | then
        0:00         | clock | deadline 0:00     | opened, phase 0 ends 2:00:00
        1:00:00      | A     | bid 1000          | A 1000
        2:00:00      | clock | deadline 2:00:00  | phase 1 ends 3:00:00
        2:10:00      | B     | say accept        | B says accept
        2:10:00      | C     | say accept        | C says accept
        3:00:00      | clock | deadline 3:00:00  | phase 2 ends 3:04:00
        3:04:00      | clock | deadline 3:04:00  | sold A 1000
        """,
    ),
    "太仓: the listing may have no bid, and the timed bidding then starts at the opening price": Scenario(
        TAICANG,
        """
        at           | who   | does              | then
        0:00         | clock | deadline 0:00     | opened, phase 0 ends 2:00:00
        2:00:00      | clock | deadline 2:00:00  | phase 1 ends 3:00:00
        2:10:00      | B     | say accept        | B says accept
        2:10:00      | C     | say accept        | C says accept
        3:00:00      | clock | deadline 3:00:00  | phase 2 ends 3:04:00
        3:00:01      | C     | bid 900           | refused BELOW_ASKING_PRICE ask 1000 step 100
        3:00:01      | C     | bid 1000          | C 1000, extension 1 ends 3:04:01
        3:04:01      | clock | deadline 3:04:01  | sold C 1000
        """,
    ),
    "太仓: nobody bids and nobody goes on": Scenario(
        TAICANG,
        """
        at           | who   | does              | then
        0:00         | clock | deadline 0:00     | opened, phase 0 ends 2:00:00
        2:00:00      | clock | deadline 2:00:00  | phase 1 ends 3:00:00
        3:00:00      | clock | deadline 3:00:00  | passed no_bids
        """,
    ),
    "太仓: a bidder who is admitted in the gap can still go on": Scenario(
        TAICANG,
        """
        at           | who    | does              | then
        0:00         | clock  | deadline 0:00     | opened, phase 0 ends 2:00:00
        1:00:00      | A      | bid 1000          | A 1000
        2:00:00      | clock  | deadline 2:00:00  | phase 1 ends 3:00:00
        2:30:00      | office | admit B           | paddle 2
        2:30:01      | B      | say accept        | B says accept
        2:30:02      | A      | say accept        | A says accept
        3:00:00      | clock  | deadline 3:00:00  | phase 2 ends 3:04:00
        """,
    ),
    "苏州工业园区: everybody goes on unasked": Scenario(
        SUZHOU_PARK,
        """
        at           | who   | does              | then
        0:00         | clock | deadline 0:00     | opened, phase 0 ends 2:00:00
        1:00:00      | A     | bid 1000          | A 1000
        2:00:00      | clock | deadline 2:00:00  | phase 1 ends 3:00:00
        2:30:00      | B     | say accept        | refused NOT_TAKEN_NOW
        2:30:00      | B     | bid 1100          | refused NOT_TAKEN_NOW
        3:00:00      | clock | deadline 3:00:00  | phase 2 ends 3:04:00
        3:01:00      | B     | bid 1100          | B 1100, extension 1 ends 3:05:00
        3:05:00      | clock | deadline 3:05:00  | sold B 1100
        """,
    ),
    "苏州工业园区: one bidder alone has the lot when the gap is over": Scenario(
        SUZHOU_PARK,
        """
        at           | who   | does              | then
        0:00         | clock | deadline 0:00     | opened, phase 0 ends 2:00:00
        1:00:00      | A     | bid 1000          | A 1000
        2:00:00      | clock | deadline 2:00:00  | phase 1 ends 3:00:00
        3:00:00      | clock | deadline 3:00:00  | sold A 1000
        """,
    ),
    "福建 art. 33 (3): two bid in the last hour, so there is an auction, open to everybody": Scenario(
        FUJIAN,
        """
        at           | who   | does              | then
        0:00         | clock | deadline 0:00     | opened, phase 0 ends 3:00:00
        1:00:00      | A     | bid 1000          | A 1000
        1:59:59.9    | A     | bid 1100          | refused LEADER_MAY_NOT_RAISE
        2:00:00      | B     | bid 1133          | B 1133
        2:30:00      | A     | bid 1200          | refused BELOW_ASKING_PRICE ask 1233 step 100
        2:59:59.9    | A     | bid 1234          | A 1234
        3:00:00      | clock | deadline 3:00:00  | phase 1 ends 3:15:00
        3:14:59      | B     | bid 1500          | refused NOT_TAKEN_NOW
        3:15:00      | clock | deadline 3:15:00  | phase 2 ends 3:20:00
        3:16:00      | C     | bid 1283          | refused BELOW_ASKING_PRICE ask 1284 step 50
        3:16:00      | C     | bid 1284          | C 1284, extension 1 ends 3:21:00
        3:21:00      | clock | deadline 3:21:00  | sold C 1284
        """,
    ),
    "福建 art. 33 (2): only one bids in the last hour, and has the lot": Scenario(
        FUJIAN,
        """
        at           | who   | does              | then
        0:00         | clock | deadline 0:00     | opened, phase 0 ends 3:00:00
        1:00:00      | A     | bid 1000          | A 1000
        1:59:59.999999 | B   | bid 1100          | B 1100
        2:30:00      | A     | bid 1200          | A 1200
        3:00:00      | clock | deadline 3:00:00  | sold A 1200
        """,
    ),
    "福建 art. 33 (1): one bidder in the whole listing has the lot": Scenario(
        FUJIAN,
        """
        at           | who   | does              | then
        0:00         | clock | deadline 0:00     | opened, phase 0 ends 3:00:00
        1:00:00      | A     | bid 1000          | A 1000
        3:00:00      | clock | deadline 3:00:00  | sold A 1000
        """,
    ),
    "福建 art. 34: nobody bids": Scenario(
        FUJIAN,
        """
        at           | who   | does              | then
        0:00         | clock | deadline 0:00     | opened, phase 0 ends 3:00:00
        3:00:00      | clock | deadline 3:00:00  | passed no_bids
        """,
    ),
    "福建 art. 42 (1): nobody bids in the first countdown": Scenario(
        FUJIAN,
        """
        at           | who   | does              | then
        0:00         | clock | deadline 0:00     | opened, phase 0 ends 3:00:00
        2:30:00      | A     | bid 1000          | A 1000
        2:31:00      | B     | bid 1100          | B 1100
        3:00:00      | clock | deadline 3:00:00  | phase 1 ends 3:15:00
        3:15:00      | clock | deadline 3:15:00  | phase 2 ends 3:20:00
        3:20:00      | clock | deadline 3:20:00  | sold B 1100
        """,
    ),
    "汕头: only who has bid is asked, and only who says yes bids on": Scenario(
        SHANTOU,
        """
        at           | who   | does              | then
        0:00         | clock | deadline 0:00     | opened, phase 0 ends 2:00:00
        1:00:00      | A     | bid 1000          | A 1000
        1:00:01      | B     | bid 1100          | B 1100
        1:00:02      | A     | bid 1200          | A 1200
        1:00:03      | C     | bid 1300          | C 1300
        2:00:00      | clock | deadline 2:00:00  | phase 1 ends 2:05:00
        2:01:00      | D     | say accept        | refused NOT_ELIGIBLE
        2:01:00      | D     | bid 1400          | refused NOT_ELIGIBLE
        2:01:00      | B     | bid 1400          | refused NOT_TAKEN_NOW
        2:02:00      | A     | say accept        | A says accept
        2:04:59.9    | B     | say accept        | B says accept
        2:05:00      | C     | say accept        | refused LOT_CLOSED
        2:05:00      | clock | deadline 2:05:00  | phase 2 ends 2:10:00
        2:06:00      | C     | bid 1400          | refused NOT_ELIGIBLE
        2:06:00      | D     | bid 1400          | refused NOT_ELIGIBLE
        2:06:00      | B     | bid 1400          | B 1400, extension 1 ends 2:11:00
        2:11:00      | clock | deadline 2:11:00  | sold B 1400
        """,
    ),
    "汕头: nobody says yes, and the highest bid of the listing wins": Scenario(
        SHANTOU,
        """
        at           | who   | does              | then
        0:00         | clock | deadline 0:00     | opened, phase 0 ends 2:00:00
        1:00:00      | A     | bid 1000          | A 1000
        1:00:01      | B     | bid 1100          | B 1100
        2:00:00      | clock | deadline 2:00:00  | phase 1 ends 2:05:00
        2:01:00      | A     | say decline       | A says decline
        2:05:00      | clock | deadline 2:05:00  | sold B 1100
        """,
    ),
    "汕头: nobody has bid, so nobody can be asked": Scenario(
        SHANTOU,
        """
        at           | who   | does              | then
        0:00         | clock | deadline 0:00     | opened, phase 0 ends 2:00:00
        2:00:00      | clock | deadline 2:00:00  | phase 1 ends 2:00:00
        2:00:00      | A     | say accept        | refused LOT_CLOSED
        2:00:00      | clock | deadline 2:00:00  | passed no_bids
        """,
    ),
    "钦州: an hour of free bidding, then five minutes": Scenario(
        QINZHOU,
        """
        at           | who   | does              | then
        0:00         | clock | deadline 0:00     | opened, phase 0 ends 1:00:00
        0:30         | A     | bid 1000          | A 1000
        59:59.9      | B     | bid 1100          | B 1100
        1:00:00      | clock | deadline 1:00:00  | phase 1 ends 1:05:00
        1:04:59      | C     | bid 1200          | C 1200, extension 1 ends 1:09:59
        1:09:59      | clock | deadline 1:09:59  | sold C 1200
        """,
    ),
    "德州: only who has bid in the listing goes on": Scenario(
        DEZHOU,
        """
        at           | who   | does              | then
        0:00         | clock | deadline 0:00     | opened, phase 0 ends 2:00:00
        1:00:00      | A     | bid 1000          | A 1000
        1:00:01      | B     | bid 1100          | B 1100
        2:00:00      | clock | deadline 2:00:00  | phase 1 ends 2:05:00
        2:01:00      | A     | say accept        | refused NOT_TAKEN_NOW
        2:05:00      | clock | deadline 2:05:00  | phase 2 ends 2:10:00
        2:06:00      | C     | bid 1200          | refused NOT_ELIGIBLE
        2:06:00      | A     | bid 1200          | A 1200, extension 1 ends 2:11:00
        2:11:00      | clock | deadline 2:11:00  | sold A 1200
        """,
    ),
    "the leader need not answer, and the last answer ends the inquiry": Scenario(
        ON_THE_SPOT,
        """
        at           | who   | does              | then
        0:00         | clock | deadline 0:00     | opened, phase 0 ends 10:00
        1:00         | A     | bid 1000          | A 1000
        1:01         | B     | bid 1100          | B 1100
        1:02         | C     | bid 1200          | C 1200
        10:00        | clock | deadline 10:00    | phase 1 ends 11:00
        10:01        | C     | say accept        | refused ALREADY_DECLARED
        10:02        | B     | say decline       | B says decline
        10:03        | A     | say accept        | A says accept, phase 2 ends 14:03
        10:04        | B     | bid 1300          | refused NOT_ELIGIBLE
        10:05        | A     | bid 1300          | A 1300, extension 1 ends 14:05
        10:06        | C     | bid 1400          | C 1400, extension 2 ends 14:06
        14:06        | clock | deadline 14:06    | sold C 1400
        """,
    ),
    "the last answer may end the lot": Scenario(
        ON_THE_SPOT,
        """
        at           | who   | does              | then
        0:00         | clock | deadline 0:00     | opened, phase 0 ends 10:00
        1:00         | A     | bid 1000          | A 1000
        1:01         | B     | bid 1100          | B 1100
        10:00        | clock | deadline 10:00    | phase 1 ends 11:00
        10:01        | A     | say decline       | A says decline, sold B 1100
        """,
    ),
    "where only the leader could go on the inquiry is over at once": Scenario(
        ON_THE_SPOT,
        """
        at           | who   | does              | then
        0:00         | clock | deadline 0:00     | opened, phase 0 ends 10:00
        1:00         | A     | bid 1000          | A 1000
        10:00        | clock | deadline 10:00    | phase 1 ends 10:00
        10:00.1      | clock | deadline 10:00    | sold A 1000
        """,
    ),
    "an inquiry goes on after a freeze with the answers that were given": Scenario(
        SHANTOU,
        """
        at           | who   | does              | then
        0:00         | clock | deadline 0:00     | opened, phase 0 ends 2:00:00
        1:00:00      | A     | bid 1000          | A 1000
        1:00:01      | B     | bid 1100          | B 1100
        2:00:00      | clock | deadline 2:00:00  | phase 1 ends 2:05:00
        2:01:00      | A     | say accept        | A says accept
        2:02:00      | host  | pause power       | frozen host (power)
        2:03:00      | B     | say accept        | refused LOT_FROZEN (power)
        2:12:00      | host  | resume            | resumed by host ends 2:17:00
        2:13:00      | A     | say accept        | refused ALREADY_DECLARED
        2:14:00      | B     | say accept        | B says accept
        2:17:00      | clock | deadline 2:17:00  | phase 2 ends 2:22:00
        """,
    ),
    "an inquiry that is begun again asks everybody again": Scenario(
        lot_terms(
            listing("10:00"),
            interval("5:00", Inquiry.GO_ON, resume_at_phase=1),
            countdown("4:00", entrants_min=2),
        ),
        """
        at           | who   | does              | then
        0:00         | clock | deadline 0:00     | opened, phase 0 ends 10:00
        1:00         | A     | bid 1000          | A 1000
        10:00        | clock | deadline 10:00    | phase 1 ends 15:00
        11:00        | A     | say accept        | A says accept
        12:00        | host  | pause power       | frozen host (power)
        30:00        | host  | resume            | resumed by host ends 35:00, phase 1 ends 35:00
        31:00        | A     | say decline       | A says decline
        31:01        | B     | say accept        | B says accept
        35:00        | clock | deadline 35:00    | sold A 1000
        """,
    ),
    "an inquiry among those whom an inquiry before let through": Scenario(
        lot_terms(
            listing("10:00"),
            interval("5:00", Inquiry.GO_ON),
            interval("5:00", Inquiry.GO_ON, presumed=Presumed.BIDDERS),
            countdown("4:00", entrants_min=1),
        ),
        """
        at           | who   | does              | then
        0:00         | clock | deadline 0:00     | opened, phase 0 ends 10:00
        1:00         | A     | bid 1000          | A 1000
        1:01         | C     | bid 1100          | C 1100
        10:00        | clock | deadline 10:00    | phase 1 ends 15:00
        11:00        | B     | say accept        | B says accept
        11:01        | C     | say accept        | C says accept
        15:00        | clock | deadline 15:00    | phase 2 ends 20:00
        16:00        | A     | say accept        | refused NOT_ELIGIBLE
        16:00        | C     | say accept        | refused ALREADY_DECLARED
        20:00        | clock | deadline 20:00    | phase 3 ends 24:00
        21:00        | B     | bid 1200          | refused NOT_ELIGIBLE
        21:00        | A     | bid 1200          | refused NOT_ELIGIBLE
        24:00        | clock | deadline 24:00    | sold C 1100
        """,
    ),
    "a purchase by listing falls": Scenario(
        msgspec.structs.replace(SHANTOU, direction=Direction.FALLING, late_reserve=None),
        """
        at           | who   | does              | then
        0:00         | clock | deadline 0:00     | opened, phase 0 ends 2:00:00
        1:00:00      | A     | bid 1000          | A 1000
        1:00:01      | B     | bid 900           | B 900
        2:00:00      | clock | deadline 2:00:00  | phase 1 ends 2:05:00
        2:02:00      | A     | say accept        | A says accept
        2:05:00      | clock | deadline 2:05:00  | phase 2 ends 2:10:00
        2:06:00      | A     | bid 900           | refused ABOVE_ASKING_PRICE ask 800 step 100
        2:06:00      | A     | bid 800           | A 800, extension 1 ends 2:11:00
        2:11:00      | clock | deadline 2:11:00  | sold A 800
        """,
    ),
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_land(name: str) -> None:
    SCENARIOS[name].play()


def _play(lot: Lot, rows: list[tuple[str, str, str]]) -> Lot:
    for at, who, does in rows:
        row = Row(at, who, does, "")
        take_over(lot, decide(lot, row.command, row.at_us), row.at_us)
    return lot


def _in_inquiry(terms: LotTerms) -> Lot:
    bids = [("0:00", "clock", "deadline 0:00"), ("1:00", "A", "bid 1000"), ("1:01", "B", "bid 1100")]
    return _play(lot_under(terms, "ABC"), [*bids, ("2:00:00", "clock", "deadline 2:00:00")])


def test_the_public_sees_the_question_and_how_many_said_yes() -> None:
    lot = _in_inquiry(SHANTOU)
    view = lot_view(lot)
    assert (view.format, view.accepts, view.leader, view.price) == ("interval", (Act.DECLARE,), 2, 1100)
    assert (view.asking_price, view.increment) == (0, 0)
    assert view.detail == Asked(Question.GO_ON, 0, (1, 2))
    _play(lot, [("2:01:00", "A", "say accept"), ("2:01:00", "B", "say decline")])
    assert lot_view(lot).detail == Asked(Question.GO_ON, 1, (1, 2))
    assert lot_view(_in_inquiry(TAICANG)).detail == Asked(Question.GO_ON, 0)


def test_a_gap_takes_nothing_and_asks_nothing() -> None:
    view = lot_view(_in_inquiry(SUZHOU_PARK))
    assert (view.format, view.accepts, view.detail) == ("interval", (), None)


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_can_be_announced_and_written_down(name: str) -> None:
    terms = PRESETS[name]
    assert not isinstance(announce(AnnounceLot(LOT, HOST, terms)), Refused)
    assert msgspec.json.decode(msgspec.json.encode(terms), type=LotTerms) == terms


PROBLEMS = {
    "DURATION_ZERO": IntervalTerms(duration_us=0),
    "NEVER_RUNS": IntervalTerms(only_if_capped=True, only_if_uncapped=True),
    "ASKS_NOTHING": IntervalTerms(presumed=Presumed.LEADER),
    "CAP_NOT_THERE": IntervalTerms(inquiry=Inquiry.TAKE_CAP),
}


@pytest.mark.parametrize("problem", PROBLEMS)
def test_terms_that_make_no_sense_are_refused(problem: str) -> None:
    refused = announce(AnnounceLot(LOT, HOST, lot_terms(listing("10:00"), PROBLEMS[problem])))
    assert refused_codes(refused) == [problem]


def test_an_interval_that_ends_early_has_to_ask_something() -> None:
    terms = IntervalTerms(ends_early_when_all_answered=True)
    refused = announce(AnnounceLot(LOT, HOST, lot_terms(listing("10:00"), terms)))
    assert isinstance(refused, Refused)
    assert refused_codes(refused) == ["ASKS_NOTHING"]
