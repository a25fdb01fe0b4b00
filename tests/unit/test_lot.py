"""A lot's announcement, its journal, its public view and its fingerprint; the scenarios stand in tests/tables."""

import os
import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from matching import commands as command
from matching import events as event
from matching.increments import Step
from matching.lot import BIDDERS_MAX, CLOSED_STATES, Lot, LotState, announce, announced, apply, decide, digest
from matching.phases.english import EnglishPhase
from matching.refusals import Refusal, Refused
from matching.terms import EnglishTerms, LotTerms
from matching.view import lot_view
from tests.tables.scenario import (
    HOST,
    LOT,
    START_US,
    Scenario,
    english,
    lot_terms,
    lot_under,
    moment_us,
    take_over,
)
from tests.terms_codes import refused_codes

README = Path(__file__).parents[2] / "matching" / "README.md"

SOLD = Scenario(
    lot_terms(english(window="1:00"), reserve=5000),
    """
    at    | who   | does            | then
    0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
    0:01  | A     | max 7777        | max A 7777, A 5000 proxy
    9:30  | B     | bid 5100        | B 5100, A 5200 proxy, extension 1 ends 10:30
    9:40  | host  | warn            | warning 1 by host
    10:30 | clock | deadline 10:30  | sold A 5200
    """,
)


def until(scenario: Scenario, rows: int) -> Lot:
    """Return the lot after the first rows of a scenario."""
    kept = scenario.table.strip().splitlines()[: rows + 1]
    return Scenario(scenario.terms, "\n".join(kept)).play()


@pytest.mark.parametrize(
    ("terms", "problem"),
    [
        (lot_terms(reserve=999), "RESERVE_BELOW_OPENING"),
        (lot_terms(english((Step(1, 5),))), "LADDER_NOT_FROM_ZERO"),
        (lot_terms(english(duration=None)), "NO_END"),
        (lot_terms(english(duration="0:00")), "DURATION_ZERO"),
        (lot_terms(english(window="0:10", extension="0:00")), "EXTENSION_ZERO"),
        (lot_terms(english(duration="1:00", hard_end="0:59")), "HARD_END_TOO_EARLY"),
        (lot_terms(english(countdown="0:00")), "FREEZE_COUNTDOWN_ZERO"),
        (lot_terms(english(), english(countdown="0:00")), "FREEZE_COUNTDOWN_ZERO"),
    ],
)
def test_unusable_terms_are_refused_with_the_problem(terms: LotTerms, problem: str) -> None:
    refused = announce(command.AnnounceLot(LOT, HOST, terms))
    assert isinstance(refused, Refused)
    assert refused.code is Refusal.TERMS_INVALID
    assert refused_codes(refused) == [problem]


def test_every_problem_of_the_terms_is_told_at_once() -> None:
    terms = lot_terms(english(duration="0:00", countdown="0:00"), reserve=1)
    refused = announce(command.AnnounceLot(LOT, HOST, terms))
    assert isinstance(refused, Refused)
    assert len(refused.detail.split("; ")) == 3


def test_announced_terms_do_not_tell_the_reserve() -> None:
    first = announce(command.AnnounceLot(LOT, HOST, lot_terms(reserve=5000)))
    assert not isinstance(first, Refused)
    assert first == [event.LotAnnounced(lot_terms(), HOST), event.ReserveSet(5000)]
    assert event.public_view(first[0]) is first[0]
    assert event.public_view(first[1]) == event.Withheld()


def test_a_lot_without_reserve_starts_with_one_event() -> None:
    assert announce(command.AnnounceLot(LOT, HOST, lot_terms())) == [event.LotAnnounced(lot_terms(), HOST)]


def test_a_lot_is_announced_by_its_first_event_only() -> None:
    lot = lot_under(lot_terms())
    with pytest.raises(AssertionError, match="announced once"):
        apply(lot, event.LotAnnounced(lot_terms(), HOST), START_US)


def test_no_two_lots_share_their_paddles() -> None:
    one, other = lot_under(lot_terms(), "A"), lot_under(lot_terms())
    assert one.paddles and not other.paddles


def test_a_lot_holds_only_so_many_bidders() -> None:
    lot = lot_under(lot_terms())
    lot.paddles = {bidder: bidder for bidder in range(1, BIDDERS_MAX + 1)}
    assert decide(lot, command.AdmitBidder(LOT, BIDDERS_MAX), START_US) == Refused(Refusal.ALREADY_ADMITTED)
    assert decide(lot, command.AdmitBidder(LOT, BIDDERS_MAX + 1), START_US) == Refused(
        Refusal.TOO_MANY_BIDDERS
    )
    del lot.paddles[BIDDERS_MAX]
    admitted = decide(lot, command.AdmitBidder(LOT, BIDDERS_MAX + 1), START_US)
    assert admitted == [event.BidderAdmitted(BIDDERS_MAX, BIDDERS_MAX + 1)]


def test_reasons_are_kept_without_the_spaces_around_them() -> None:
    lot = lot_under(lot_terms())
    assert decide(lot, command.WithdrawLot(LOT, HOST, "  court order "), START_US) == [
        event.LotWithdrawn("court order", HOST)
    ]
    assert decide(lot, command.WithdrawLot(LOT, HOST, "\t \n"), START_US) == Refused(Refusal.REASON_MISSING)


def test_the_clock_is_due_at_the_opening_the_end_and_the_resumption_only() -> None:
    lot = lot_under(lot_terms())
    assert lot.due_at_us == moment_us("0:00")
    take_over(lot, decide(lot, command.OpenLot(LOT, HOST), moment_us("0:01")), moment_us("0:01"))
    assert lot.due_at_us == moment_us("10:01")
    take_over(lot, decide(lot, command.PauseLot(LOT, HOST, "fog"), moment_us("0:02")), moment_us("0:02"))
    assert lot.due_at_us == 0
    take_over(lot, decide(lot, command.WithdrawLot(LOT, HOST, "fog"), moment_us("0:03")), moment_us("0:03"))
    assert lot.due_at_us == 0
    assert lot.is_closed


def test_a_withdrawn_lot_is_not_frozen_any_more() -> None:
    lot = lot_under(lot_terms())
    take_over(lot, decide(lot, command.OpenLot(LOT, HOST), START_US), START_US)
    frozen = decide(lot, command.MeetDeadline(LOT, moment_us("10:00")), moment_us("11:00"))
    take_over(lot, frozen, moment_us("11:00"))
    assert lot_view(lot).freeze_cause is event.FreezeCause.OUTAGE
    assert lot_view(lot).resumes_at_us == moment_us("11:30")
    take_over(lot, decide(lot, command.WithdrawLot(LOT, HOST, "fog"), moment_us("11:01")), moment_us("11:01"))
    view = lot_view(lot)
    assert (view.freeze_cause, view.freeze_reason, view.resumes_at_us) == (None, "", 0)


def test_the_view_before_the_opening_is_that_of_the_first_phase() -> None:
    view = lot_view(lot_under(lot_terms(english(250, window="1:00"), reserve=5000), "AB"))
    assert (view.state, view.price, view.leader) == (LotState.ANNOUNCED, 0, 0)
    assert (view.asking_price, view.increment, view.soft_close_window_us) == (1000, 250, 60_000_000)
    assert (view.bidders, view.bids, view.ends_at_us) == (2, 0, 0)
    assert (view.has_reserve, view.is_reserve_met) == (True, False)


def test_the_view_follows_the_lot() -> None:
    view = lot_view(until(SOLD, 4))
    assert (view.state, view.price, view.leader, view.asking_price) == (LotState.OPEN, 5200, 1, 5300)
    assert (view.bids, view.extensions, view.warnings) == (3, 1, 1)
    assert view.ends_at_us == moment_us("10:30")
    assert view.is_reserve_met
    closed = lot_view(until(SOLD, 5))
    assert (closed.state, closed.winner, closed.hammer_price) == (LotState.SOLD, 1, 5200)


def test_the_view_never_tells_a_limit_or_a_bidder() -> None:
    lot = until(SOLD, 4)
    assert isinstance(lot.phase, EnglishPhase)
    assert lot.phase.limit == 7777
    told = msgspec.json.encode(lot_view(lot))
    assert b"7777" not in told
    assert not any(str(bidder).encode() in told for bidder in lot.paddles)


def test_the_view_never_tells_a_reserve_that_is_not_met() -> None:
    lot = lot_under(lot_terms(reserve=123_456), "A")
    take_over(lot, decide(lot, command.OpenLot(LOT, HOST), START_US), START_US)
    take_over(lot, decide(lot, command.PlaceBid(LOT, 1065, 1000), START_US), START_US)
    assert lot.reserve_price == 123_456
    assert b"123456" not in msgspec.json.encode(lot_view(lot))


def test_bids_are_counted_through_all_phases() -> None:
    lot = Scenario(
        lot_terms(english(), english()),
        """
        at    | who   | does            | then
        0:00  | clock | deadline 0:00   | opened, phase 0 ends 10:00
        0:01  | A     | bid 1000        | A 1000
        10:00 | clock | deadline 10:00  | phase 1 ends 20:00
        10:01 | B     | bid 1100        | B 1100
        """,
    ).play()
    assert lot_view(lot).bids == 2
    assert lot_view(lot).phase == 1


def test_the_fingerprint_is_the_same_in_another_process() -> None:
    program = "from tests.unit.test_lot import *; print(digest(until(SOLD, 4)))"
    environment = os.environ | {"PYTHONHASHSEED": "77"}
    other = subprocess.run(
        [sys.executable, "-c", program],
        cwd=README.parents[1],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert other.stdout.strip() == digest(until(SOLD, 4))


def test_the_fingerprint_tells_lots_apart_that_only_a_limit_separates() -> None:
    one, other = until(SOLD, 4), until(SOLD, 4)
    assert digest(one) == digest(other)
    assert isinstance(one.phase, EnglishPhase)
    one.phase.limits[1] += 1
    assert digest(one) != digest(other)


@pytest.mark.parametrize("state", sorted(CLOSED_STATES))
def test_nothing_is_due_once_a_lot_is_over(state: LotState) -> None:
    lot = until(SOLD, 4)
    lot.state = state
    assert lot.is_closed
    assert lot.due_at_us == 0


def test_terms_survive_the_journal_and_refuse_what_they_do_not_know() -> None:
    terms = lot_terms(english((Step(0, 5), Step(100, 10)), hammer_after=2), english(), reserve=2000)
    assert msgspec.json.decode(msgspec.json.encode(terms), type=LotTerms) == terms
    first = msgspec.to_builtins(terms.programme[0])
    with pytest.raises(msgspec.ValidationError, match="unknown field"):
        msgspec.convert(first | {"extension": 5}, EnglishTerms)


@pytest.mark.parametrize(
    "change",
    [
        {"opening_price": 0},
        {"opening_price": 10**15 + 1},
        {"currency": "yuan"},
        {"programme": []},
        {"opens_at_us": -1},
        {"bidders_min": 0},
    ],
)
def test_terms_out_of_bounds_do_not_come_in(change: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(msgspec.to_builtins(lot_terms()) | change, LotTerms)


def test_codes_of_refusals_stand_in_their_order_of_precedence() -> None:
    codes = [refusal.value for refusal in Refusal]
    assert codes == sorted(set(codes))


def test_the_readme_tells_every_refusal_in_order() -> None:
    rows = re.findall(r"^\| (\d+) \| `([A-Z_]+)` \|", README.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert rows == [(str(refusal.value), refusal.name) for refusal in Refusal]


def test_the_first_event_starts_the_lot_and_still_has_to_be_applied() -> None:
    first = event.LotAnnounced(lot_terms(), HOST)
    lot = announced(LOT, first)
    assert (lot.id, lot.sequence) == (LOT, 0)
    apply(lot, first, START_US)
    assert (lot.sequence, lot.state) == (1, LotState.ANNOUNCED)


def test_an_announcement_is_bounded_and_leaves_all_but_the_sequence_as_it_was() -> None:
    lot = lot_under(lot_terms())
    before = msgspec.to_builtins(lot)
    for text in ("", " \n", "x" * 501):
        assert decide(lot, command.MakeAnnouncement(LOT, HOST, text), START_US) == Refused(
            Refusal.ANNOUNCEMENT_INVALID
        )
    said = decide(lot, command.MakeAnnouncement(LOT, HOST, " " + "x" * 500), START_US)
    assert said == [event.AnnouncementMade("x" * 500, HOST)]
    apply(lot, said[0], START_US)
    assert msgspec.to_builtins(lot) == before | {"sequence": before["sequence"] + 1}
