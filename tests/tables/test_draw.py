"""Draws: who enters, seeds that are committed and shown, the beacon, and who is called after the first."""

from __future__ import annotations

import msgspec
import pytest

from matching.commands import AnnounceLot
from matching.events import SeedCommitted, SeedRevealed, is_public
from matching.lot import announce
from matching.phases.draw import DrawPhase
from matching.terms import (
    MINUTE_US,
    SECOND_US,
    Beacon,
    Direction,
    DrawTerms,
    EnglishTerms,
    Entrants,
    OffersTerms,
    PriorityRule,
)
from matching.terms.awarding import TieRule
from matching.view import lot_view
from tests.tables.scenario import HOST, LOT, START_US, Scenario, bidder_of, english, lot_terms
from tests.terms_codes import refused_codes

NOTARY, SELLER = bidder_of("n"), bidder_of("s")
OUTPUT = "5a" * 32
SIGNATURE = "c3" * 48
RISING_OFFERS = "A 1500; B 1500; C 1200"
FIXED = "entrants AB, round 3 ends -"
FALLING_OFFERS = "A 900; B 900; C 950"
BEACON = Beacon(source="a beacon every half minute", genesis_us=START_US, period_us=30 * SECOND_US)


def draw(entrants: Entrants = Entrants.ADMITTED, **terms: object) -> DrawTerms:
    """Return the terms of a draw by the beacon."""
    named: dict[str, object] = {"beacon": BEACON} | terms
    return DrawTerms(entrants=entrants, **named)  # type: ignore[arg-type]


def draw_by_parties(entrants: Entrants = Entrants.ADMITTED, **terms: object) -> DrawTerms:
    """Return the terms of a draw by the seeds of notary and seller, without a beacon."""
    named: dict[str, object] = {"parties": (NOTARY, SELLER), "parties_min": 2} | terms
    return DrawTerms(entrants=entrants, commit_us=MINUTE_US, reveal_us=MINUTE_US, **named)  # type: ignore[arg-type]


def equal_price_bidding() -> EnglishTerms:
    """Return English bidding in which several of one rank may stand at one price."""
    return msgspec.structs.replace(english(max_bids=False), priority=PriorityRule.EQUAL_PRICE_DRAW)


def capped_bidding(cap_price: int) -> EnglishTerms:
    """Return English bidding that stops at a cap."""
    return msgspec.structs.replace(english(max_bids=False), cap_price=cap_price)


BEACON_DRAWS = {
    "the first round after the list was fixed decides": Scenario(
        lot_terms(draw()),
        f"""
        at    | who   | does               | then
        0:00  | clock | deadline 0:00      | opened, phase 0 ends -, entrants ABCD, round 3 ends -
        0:01  | A     | bid 1000           | refused NOT_TAKEN_NOW
        0:01  | B     | say accept         | refused NOT_TAKEN_NOW
        0:01  | C     | offer 1000         | refused NOT_TAKEN_NOW
        0:01  | D     | items 1=1000       | refused NOT_TAKEN_NOW
        0:01  | n     | commit 1           | refused NOT_THE_NAMED_PERSON
        0:01  | n     | show 1             | refused NOT_THE_NAMED_PERSON
        0:01  | host  | unseal 1=5         | refused NOT_TAKEN_NOW
        0:01  | host  | hammer             | refused HAMMER_BELONGS_TO_CLOCK
        0:02  | host  | beacon 1 {OUTPUT}  | refused BEACON_INVALID (round 2 decides)
        0:02  | host  | beacon 3 {OUTPUT}  | refused BEACON_INVALID (round 2 decides)
        0:29.999999 | host | beacon 2 {OUTPUT} | refused BEACON_INVALID (that round has not come out yet)
        0:30  | host  | beacon 2 {OUTPUT}5a | refused BEACON_INVALID (32, 48, 64 or 96 bytes are expected)
        0:30  | host  | beacon 2 {OUTPUT}5 | refused BEACON_INVALID (32, 48, 64 or 96 bytes are expected)
        0:30  | host  | beacon 2 {OUTPUT}  | beacon 2 {OUTPUT}, drawn BCA, sold B 1000
        0:31  | host  | beacon 2 {OUTPUT}  | refused LOT_CLOSED
        """,
    ),
    "a round named beforehand decides, if it is still to come": Scenario(
        lot_terms(draw(beacon=msgspec.structs.replace(BEACON, round=9))),
        f"""
        at    | who   | does                 | then
        0:00  | clock | deadline 0:00        | opened, phase 0 ends -, entrants AB, round 3 ends -
        0:30  | host  | beacon 2 {OUTPUT}    | refused BEACON_INVALID (round 9 decides)
        3:59  | A     | say accept           | refused NOT_TAKEN_NOW
        3:59  | B     | say accept           | refused NOT_TAKEN_NOW
        4:00  | host  | beacon 9 {SIGNATURE} | beacon 9 {SIGNATURE}, drawn BA, sold B 1000
        """,
    ),
    "a round that came out before the list was fixed does not decide": Scenario(
        lot_terms(
            english(duration="10:00"),
            draw(beacon=msgspec.structs.replace(BEACON, round=9, delay_us=45 * SECOND_US)),
        ),
        f"""
        at    | who   | does               | then
        0:00  | clock | deadline 0:00      | opened, phase 0 ends 10:00
        0:01  | A     | bid 1000           | A 1000
        0:02  | B     | bid 1100           | B 1100
        10:00 | clock | deadline 10:00     | phase 1 ends -, entrants AB, round 3 ends -
        11:00 | host  | beacon 9 {OUTPUT}  | refused BEACON_INVALID (round 23 decides)
        11:00 | host  | beacon 23 {OUTPUT} | beacon 23 {OUTPUT}, drawn AB, sold A 1100
        """,
    ),
    "there is no deadline for the beacon: only the host can end the wait, in public": Scenario(
        lot_terms(draw()),
        f"""
        at      | who   | does               | then
        0:00    | clock | deadline 0:00      | opened, phase 0 ends -, entrants AB, round 3 ends -
        0:01    | A     | say accept         | refused NOT_TAKEN_NOW
        0:01    | B     | say accept         | refused NOT_TAKEN_NOW
        5:00:00 | clock | deadline -         | refused DEADLINE_NOT_DUE
        5:00:00 | host  | pause a dispute    | frozen host (a dispute)
        5:00:01 | host  | beacon 2 {OUTPUT}  | refused LOT_FROZEN (a dispute)
        5:00:02 | host  | resume             | resumed by host ends -
        5:00:03 | host  | withdraw no beacon | withdrawn by host (no beacon)
        """,
    ),
}

SEEDS = {
    "two parties commit, then show": Scenario(
        lot_terms(draw_by_parties()),
        f"""
        at    | who   | does              | then
        0:00  | clock | deadline 0:00     | opened, phase 0 ends 1:00, entrants ABC, round 1 ends 1:00
        0:01  | A     | commit 5          | refused NOT_THE_NAMED_PERSON
        0:01  | B     | commit 5          | refused NOT_THE_NAMED_PERSON
        0:01  | C     | bid 1000          | refused NOT_TAKEN_NOW
        0:01  | n     | show 1            | refused NOT_TAKEN_NOW
        0:02  | n     | commit 1          | committed n
        0:03  | n     | commit 2          | refused ALREADY_DECLARED
        0:03  | s     | commit 1          | refused SEED_INVALID (a copy of another party's commitment)
        0:04  | s     | commit 2          | committed s, round 2 ends 1:04
        0:05  | s     | commit 3          | refused ALREADY_DECLARED
        0:06  | n     | show 2            | refused SEED_INVALID
        0:06  | n     | show 1            | shown n 1
        0:07  | n     | show 1            | refused ALREADY_DECLARED
        0:07  | host  | beacon 2 {OUTPUT} | refused NOT_TAKEN_NOW
        1:03.999999 | s | show 2          | shown s 2, drawn ABC, sold A 1000
        """,
    ),
    "commitments and seeds are taken before their time is over, not at it": Scenario(
        lot_terms(draw_by_parties(parties=(NOTARY, SELLER, HOST))),
        """
        at    | who   | does              | then
        0:00  | clock | deadline 0:00     | opened, phase 0 ends 1:00, entrants AB, round 1 ends 1:00
        0:02  | A     | bid 1000          | refused NOT_TAKEN_NOW
        0:02  | B     | bid 1000          | refused NOT_TAKEN_NOW
        0:02  | n     | commit 1          | committed n
        0:59.999999 | s | commit 2        | committed s
        1:00  | host  | commit 3          | refused LOT_CLOSED
        1:00  | clock | deadline 1:00     | round 2 ends 2:00
        1:01  | host  | commit 3          | refused NOT_TAKEN_NOW
        1:02  | host  | show 3            | refused SEED_INVALID
        1:03  | n     | show 1            | shown n 1
        2:00  | s     | show 2            | refused LOT_CLOSED
        2:01  | clock | deadline 2:00     | round 4 ends 3:01
        """,
    ),
    "without a beacon whoever does not show is left out, and new seeds are asked for": Scenario(
        lot_terms(draw_by_parties(parties=(NOTARY, SELLER, HOST))),
        """
        at    | who   | does              | then
        0:00  | clock | deadline 0:00     | opened, phase 0 ends 1:00, entrants AB, round 1 ends 1:00
        0:01  | A     | bid 1000          | refused NOT_TAKEN_NOW
        0:01  | B     | bid 1000          | refused NOT_TAKEN_NOW
        0:02  | n     | commit 1          | committed n
        0:03  | s     | commit 2          | committed s
        0:04  | host  | commit 3          | committed host, round 2 ends 1:04
        0:05  | n     | show 1            | shown n 1
        0:05  | host  | show 3            | shown host 3
        1:04  | clock | deadline 1:04     | round 4 ends 2:04
        1:05  | s     | commit 4          | refused NOT_ELIGIBLE
        1:06  | host  | commit 5          | committed host
        1:07  | n     | commit 6          | committed n, round 5 ends 2:07
        1:08  | s     | show 2            | refused NOT_ELIGIBLE
        1:09  | host  | show 5            | shown host 5
        1:10  | n     | show 6            | shown n 6, drawn BA, sold B 1000
        """,
    ),
    "where too few are left to show, there is no draw": Scenario(
        lot_terms(draw_by_parties()),
        """
        at    | who   | does              | then
        0:00  | clock | deadline 0:00     | opened, phase 0 ends 1:00, entrants AB, round 1 ends 1:00
        0:01  | A     | bid 1000          | refused NOT_TAKEN_NOW
        0:01  | B     | bid 1000          | refused NOT_TAKEN_NOW
        0:02  | n     | commit 1          | committed n
        0:03  | s     | commit 2          | committed s, round 2 ends 1:03
        0:05  | n     | show 1            | shown n 1
        1:03  | clock | deadline 1:03     | entrants , passed not_drawn
        """,
    ),
    "too few commitments: the time is given again, what was committed stays": Scenario(
        lot_terms(draw_by_parties(attempts_max=2)),
        """
        at    | who   | does              | then
        0:00  | clock | deadline 0:00     | opened, phase 0 ends 1:00, entrants AB, round 1 ends 1:00
        0:01  | A     | bid 1000          | refused NOT_TAKEN_NOW
        0:01  | B     | bid 1000          | refused NOT_TAKEN_NOW
        0:02  | n     | commit 1          | committed n
        1:00  | clock | deadline 1:00     | round 4 ends 2:00
        1:01  | n     | commit 1          | refused ALREADY_DECLARED
        2:00  | clock | deadline 2:00     | entrants , passed not_drawn
        """,
    ),
    "with a beacon a seed that is not shown is left out": Scenario(
        lot_terms(draw_by_parties(beacon=BEACON)),
        f"""
        at    | who   | does              | then
        0:00  | clock | deadline 0:00     | opened, phase 0 ends 1:00, entrants ABC, round 1 ends 1:00
        0:01  | A     | bid 1000          | refused NOT_TAKEN_NOW
        0:01  | B     | bid 1000          | refused NOT_TAKEN_NOW
        0:01  | C     | bid 1000          | refused NOT_TAKEN_NOW
        0:02  | n     | commit 1          | committed n
        0:03  | s     | commit 2          | committed s, round 2 ends 1:03
        0:05  | n     | show 1            | shown n 1
        0:31  | host  | beacon 2 {OUTPUT} | refused NOT_TAKEN_NOW
        1:03  | clock | deadline 1:03     | round 3 ends -
        1:04  | s     | show 2            | refused NOT_TAKEN_NOW
        1:30  | host  | beacon 4 {OUTPUT} | beacon 4 {OUTPUT}, drawn ABC, sold A 1000
        """,
    ),
    "with a beacon nobody need give a seed": Scenario(
        lot_terms(draw_by_parties(beacon=BEACON, attempts_max=1)),
        f"""
        at    | who   | does              | then
        0:00  | clock | deadline 0:00     | opened, phase 0 ends 1:00, entrants AB, round 1 ends 1:00
        0:01  | A     | bid 1000          | refused NOT_TAKEN_NOW
        0:01  | B     | bid 1000          | refused NOT_TAKEN_NOW
        1:00  | clock | deadline 1:00     | round 3 ends -
        1:30  | host  | beacon 4 {OUTPUT} | beacon 4 {OUTPUT}, drawn BA, sold B 1000
        """,
    ),
    "entrants may give seeds too": Scenario(
        lot_terms(
            equal_price_bidding(),
            draw_by_parties(Entrants.TIED, parties=(NOTARY,), entrants_may_commit=True),
        ),
        """
        at    | who   | does              | then
        0:00  | clock | deadline 0:00     | opened, phase 0 ends 10:00
        0:01  | C     | bid 1000          | C 1000
        0:01  | A     | bid 1000          | A 1000
        0:02  | B     | bid 1000          | B 1000
        0:03  | n     | commit 1          | refused NOT_TAKEN_NOW
        10:00 | clock | deadline 10:00    | phase 1 ends 11:00, entrants AB, round 1 ends 11:00
        10:01 | C     | commit 1          | refused NOT_ELIGIBLE
        10:01 | x     | commit 1          | refused NOT_THE_NAMED_PERSON
        10:01 | A     | commit 1          | committed paddle 1
        10:02 | B     | commit 2          | committed paddle 2
        10:03 | n     | commit 3          | committed n, round 2 ends 11:03
        10:04 | A     | show 1            | shown paddle 1 1
        10:04 | n     | show 3            | shown n 3
        10:04 | B     | show 2            | shown paddle 2 2, drawn BA, sold B 1000
        """,
        ranks={"A": 1, "B": 1},
    ),
    "a freeze leaves what remained, at least the countdown": Scenario(
        lot_terms(draw_by_parties(resume_countdown_us=20 * SECOND_US)),
        """
        at    | who   | does              | then
        0:00  | clock | deadline 0:00     | opened, phase 0 ends 1:00, entrants AB, round 1 ends 1:00
        0:01  | A     | bid 1000          | refused NOT_TAKEN_NOW
        0:01  | B     | bid 1000          | refused NOT_TAKEN_NOW
        0:02  | n     | commit 1          | committed n
        0:30  | host  | pause fire alarm  | frozen host (fire alarm)
        0:31  | s     | commit 2          | refused LOT_FROZEN (fire alarm)
        9:00  | host  | resume            | resumed by host ends 9:30
        9:25  | host  | pause again       | frozen host (again)
        9:30  | host  | resume            | resumed by host ends 9:50
        9:49  | s     | commit 2          | committed s, round 2 ends 10:49
        10:53 | clock | deadline 10:49    | frozen outage until 11:23
        11:23 | clock | deadline 11:23    | resumed ends 11:43
        11:42 | s     | show 2            | shown s 2
        11:42 | n     | show 1            | shown n 1, drawn BA, sold B 1000
        """,
    ),
}

ENTRY = {
    "those who take the cap enter, and pay it (Nanchang)": Scenario(
        lot_terms(capped_bidding(1300), draw(only_if_capped=True, entry_us=5 * MINUTE_US), reserve_places=2),
        f"""
        at    | who   | does              | then
        0:00  | clock | deadline 0:00     | opened, phase 0 ends 10:00
        0:01  | A     | bid 1200          | A 1200
        0:02  | B     | bid 1300          | B 1300, cap 1300, phase 1 ends 5:02
        0:03  | A     | bid 1400          | refused NOT_TAKEN_NOW
        0:03  | A     | say waive         | refused NOT_TAKEN_NOW
        0:03  | A     | say accept        | A says accept
        0:04  | A     | say decline       | refused ALREADY_DECLARED
        0:05  | B     | say decline       | B says decline
        0:06  | C     | say accept        | C says accept
        5:01.999999 | D | say accept      | D says accept
        5:02  | clock | deadline 5:02     | entrants ACD, round 3 ends -
        5:30 | host | beacon 12 {OUTPUT} | beacon 12 {OUTPUT}, drawn DCA, knocked down D 1300; then C 1300; then A 1300
        5:31  | host  | default no money  | defaulted by host D (no money), knocked down by host C 1300; then A 1300
        5:32  | host  | default no money  | defaulted by host C (no money), knocked down by host A 1300
        5:33  | host  | default no money  | defaulted by host A (no money), passed by host defaulted
        """,
    ),
    "one who takes the cap has it without a draw": Scenario(
        lot_terms(capped_bidding(1300), draw(only_if_capped=True, entry_us=5 * MINUTE_US)),
        """
        at    | who   | does              | then
        0:00  | clock | deadline 0:00     | opened, phase 0 ends 10:00
        0:02  | B     | bid 1300          | B 1300, cap 1300, phase 1 ends 5:02
        0:03  | A     | say accept        | A says accept
        5:02  | clock | deadline 5:02     | entrants A, sold A 1300
        """,
    ),
    "who enters says so before the time is over, not when it is": Scenario(
        lot_terms(draw(entry_us=MINUTE_US)),
        """
        at    | who   | does              | then
        0:00  | clock | deadline 0:00     | opened, phase 0 ends 1:00
        0:59.999999 | A | say accept      | A says accept
        1:00  | B     | say accept        | refused LOT_CLOSED
        1:00  | clock | deadline 1:00     | entrants A, sold A 1000
        """,
    ),
    "nobody takes the cap: the lot passes": Scenario(
        lot_terms(capped_bidding(1300), draw(only_if_capped=True, entry_us=5 * MINUTE_US)),
        """
        at    | who   | does              | then
        0:00  | clock | deadline 0:00     | opened, phase 0 ends 10:00
        0:02  | B     | bid 1300          | B 1300, cap 1300, phase 1 ends 5:02
        5:02  | clock | deadline 5:02     | entrants , passed no_bids
        """,
    ),
    "below the cap there is no draw": Scenario(
        lot_terms(capped_bidding(1300), draw(only_if_capped=True, entry_us=5 * MINUTE_US)),
        """
        at    | who   | does              | then
        0:00  | clock | deadline 0:00     | opened, phase 0 ends 10:00
        0:02  | B     | bid 1200          | B 1200
        0:02  | C     | bid 1000          | refused BELOW_ASKING_PRICE ask 1300 step 100
        10:00 | clock | deadline 10:00    | sold B 1200
        """,
    ),
    "bids above the cap are void: the price is what the terms say": Scenario(
        lot_terms(english(max_bids=False), draw(entry_us=5 * MINUTE_US, price=1200)),
        f"""
        at    | who   | does               | then
        0:00  | clock | deadline 0:00      | opened, phase 0 ends 10:00
        0:02  | B     | bid 1400           | B 1400
        10:00 | clock | deadline 10:00     | phase 1 ends 15:00
        10:01 | B     | say accept         | B says accept
        10:01 | A     | say accept         | A says accept
        15:00 | clock | deadline 15:00     | entrants AB, round 3 ends -
        15:30 | host  | beacon 32 {OUTPUT} | beacon 32 {OUTPUT}, drawn BA, sold B 1200
        """,
    ),
    "nobody is there to draw from": Scenario(
        lot_terms(draw()),
        """
        at    | who   | does              | then
        0:00  | clock | deadline 0:00     | opened, passed no_bids
        """,
    ),
    "only those concerned are asked": Scenario(
        lot_terms(english(max_bids=False), draw(Entrants.PLACES, entry_us=MINUTE_US)),
        """
        at    | who   | does              | then
        0:00  | clock | deadline 0:00     | opened, phase 0 ends 10:00
        0:02  | B     | bid 1400          | B 1400
        10:00 | clock | deadline 10:00    | phase 1 ends 11:00
        10:01 | A     | say accept        | refused NOT_ELIGIBLE
        10:01 | B     | say accept        | B says accept
        11:00 | clock | deadline 11:00    | entrants B, sold B 1400
        """,
    ),
    "the only one admitted has the lot at the opening price": Scenario(
        lot_terms(draw()),
        """
        at    | who   | does              | then
        0:00  | clock | deadline 0:00     | opened, phase 0 ends 0:00, entrants A
        0:00  | A     | bid 1000          | refused LOT_CLOSED
        0:00  | clock | deadline 0:00     | sold A 1000
        """,
    ),
}

TIES = {
    "rural priority: three of one rank at one price are drawn first, second, third": Scenario(
        lot_terms(equal_price_bidding(), draw(Entrants.TIED), reserve_places=2),
        f"""
        at    | who   | does               | then
        0:00  | clock | deadline 0:00      | opened, phase 0 ends 10:00
        0:01  | E     | bid 1000           | E 1000
        0:02  | A     | bid 1000           | A 1000
        0:03  | B     | bid 1000           | B 1000
        0:04  | C     | bid 1000           | C 1000
        10:00 | clock | deadline 10:00     | phase 1 ends -, entrants ABC, round 3 ends -
        10:30 | host | beacon 22 {OUTPUT} | beacon 22 {OUTPUT}, drawn BAC, knocked down B 1000; then A 1000; then C 1000
        10:31 | host  | default gone       | defaulted by host B (gone), knocked down by host A 1000; then C 1000
        10:32 | host  | default gone       | defaulted by host A (gone), knocked down by host C 1000
        10:33 | host  | default gone       | defaulted by host C (gone), passed by host defaulted
        """,
        ranks={"A": 1, "B": 1, "C": 1},
    ),
    "no tie, no draw": Scenario(
        lot_terms(equal_price_bidding(), draw(Entrants.TIED)),
        """
        at    | who   | does               | then
        0:00  | clock | deadline 0:00      | opened, phase 0 ends 10:00
        0:01  | E     | bid 1000           | E 1000
        0:02  | A     | bid 1000           | A 1000
        10:00 | clock | deadline 10:00     | sold A 1000
        """,
        ranks={"A": 1},
    ),
    "equal offers are drawn, and who offered less may follow (rising)": Scenario(
        lot_terms(
            OffersTerms(duration_us=MINUTE_US, ties=TieRule.DRAW),
            draw(Entrants.TIED, others_follow=True),
            reserve_places=3,
        ),
        f"""
        at    | who   | does               | then
        0:00  | clock | deadline 0:00      | opened, phase 0 ends 1:00
        0:01  | A     | offer 1500         | A offers 1500
        0:02  | B     | offer 1500         | B offers 1500
        0:03  | C     | offer 1200         | C offers 1200
        1:00 | clock | deadline 1:00 | revealed: {RISING_OFFERS}, ranked: {RISING_OFFERS}, phase 1 ends -, {FIXED}
        1:30 | host | beacon 4 {OUTPUT} | beacon 4 {OUTPUT}, drawn BA, knocked down B 1500; then A 1500; then C 1200
        """,
    ),
    "equal offers are drawn (falling)": Scenario(
        lot_terms(
            OffersTerms(duration_us=MINUTE_US, ties=TieRule.DRAW),
            draw(Entrants.TIED),
            direction=Direction.FALLING,
        ),
        f"""
        at    | who   | does               | then
        0:00  | clock | deadline 0:00      | opened, phase 0 ends 1:00
        0:01  | A     | offer 900          | A offers 900
        0:02  | B     | offer 900          | B offers 900
        0:03  | C     | offer 950          | C offers 950
        1:00 | clock | deadline 1:00 | revealed: {FALLING_OFFERS}, ranked: {FALLING_OFFERS}, phase 1 ends -, {FIXED}
        1:30  | host  | beacon 4 {OUTPUT}  | beacon 4 {OUTPUT}, drawn BA, sold B 900
        """,
    ),
}


@pytest.mark.parametrize("name", BEACON_DRAWS)
def test_beacon(name: str) -> None:
    BEACON_DRAWS[name].play()


@pytest.mark.parametrize("name", SEEDS)
def test_seeds(name: str) -> None:
    SEEDS[name].play()


@pytest.mark.parametrize("name", ENTRY)
def test_entry(name: str) -> None:
    ENTRY[name].play()


@pytest.mark.parametrize("name", TIES)
def test_ties(name: str) -> None:
    TIES[name].play()


WRONG_TERMS = {
    "DRAW_NEEDS_PARTIES": DrawTerms(parties=(1,), parties_min=1, commit_us=1, reveal_us=1),
    "PARTIES_TOO_FEW": DrawTerms(parties=(1, 2), parties_min=3, commit_us=1, reveal_us=1),
    "PARTY_TWICE": DrawTerms(parties=(1, 1), beacon=BEACON, commit_us=1, reveal_us=1),
    "SEED_TIME_ZERO": DrawTerms(parties=(1,), beacon=BEACON, commit_us=1),
    "SEED_TIME_UNUSED": DrawTerms(beacon=BEACON, commit_us=1),
    "FREEZE_COUNTDOWN_ZERO": DrawTerms(beacon=BEACON, resume_countdown_us=0),
}


@pytest.mark.parametrize("problem", WRONG_TERMS)
def test_terms_that_make_no_sense_are_refused(problem: str) -> None:
    answer = announce(AnnounceLot(LOT, HOST, lot_terms(WRONG_TERMS[problem])))
    assert refused_codes(answer) == [problem]


def test_the_view_tells_the_question_and_then_how_far_the_draw_has_come() -> None:
    table = """
        at    | who   | does              | then
        0:00  | clock | deadline 0:00     | opened, phase 0 ends 1:00
        0:01  | A     | say accept        | A says accept
        0:02  | B     | say accept        | B says accept
        0:02  | C     | say decline       | C says decline
    """
    fixed = """
        1:00  | clock | deadline 1:00     | entrants AB, round 1 ends 2:00
        1:01  | n     | commit 1          | committed n
    """
    terms = lot_terms(draw_by_parties(entry_us=MINUTE_US, beacon=msgspec.structs.replace(BEACON, round=9)))
    asked = lot_view(Scenario(terms, table).play())
    assert asked.accepts == ("declare",)
    assert msgspec.to_builtins(asked.detail) == {
        "kind": "asked", "question": "go_on", "accepted": 2, "paddles": (),
    }  # fmt: skip
    lot = Scenario(terms, table + fixed).play()
    drawing = msgspec.to_builtins(lot_view(lot).detail)
    assert isinstance(lot.phase, DrawPhase)
    assert drawing.pop("commitment") == lot.phase.commitment
    assert drawing == {
        "kind": "drawing", "entrants": (1, 2), "committed": 1, "revealed": 0,
        "beacon_round": 9, "seeds_until_us": START_US + 2 * MINUTE_US,
    }  # fmt: skip


def test_a_seed_of_a_bidder_is_public_under_his_paddle_alone() -> None:
    assert all(is_public(event) for event in (SeedCommitted(0, "0" * 64, 1), SeedRevealed(0, "0" * 64, 1)))
    lot = SEEDS["entrants may give seeds too"].play()
    assert isinstance(lot.phase, DrawPhase)
    assert sorted(lot.phase.seeds) == [-2, -1, NOTARY]
