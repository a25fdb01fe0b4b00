"""What must always hold: an auditor who sees every commit, every answer and every publication, and believes none.

He keeps the lots himself, record by record, and recomputes each decision from the command that its sender says he gave.
So he knows at any moment what the record holds, and compares everything that anybody is told with it.

Belongs here: the promises of the exchange, as checks. Does not belong here: anything that makes them break.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

import msgspec
from msgspec import Struct, structs

from exchange.cluster.carrier import UP_SECONDS_MAX
from exchange.lots import HeldLot, started
from exchange.ports import (
    Accepted,
    Answer,
    Batch,
    Busy,
    FeedEntry,
    RefusalRow,
    Rejected,
    Snapshot,
    Unanswered,
)
from exchange.records import GENESIS, NO_COMMAND, JournalRow, Record, chained, public_record
from exchange.sequencer import party_of
from matching import lot as rules
from matching.commands import (
    BIDDER_COMMANDS,
    AnnounceLot,
    Command,
    CommitSeed,
    MeetDeadline,
    RevealSeed,
    amount_named,
)
from matching.events import Event, FreezeCause, LotFrozen, paddle_of
from matching.lot import LotState, digest
from matching.refusals import Refusal, Refused
from matching.units import NOBODY, LotId, TimeUs
from matching.view import LotView, lot_view
from tests.simulation.event_loop import Process
from tests.simulation.trace import Trace

DEAF_US_MAX = int(UP_SECONDS_MAX * 1e6) + 100_000
"""How long an engine may not know that nobody reaches it."""


class Violated(AssertionError):
    """The exchange broke a promise."""


class Told(Struct):
    """What became of one command: how often it reached an engine, and what people heard."""

    command: Command
    arrived: int = 0
    turned_away: int = 0
    """How often an engine said that nothing of it is, or will be, on record."""
    answer: Answer | None = None


class Auditor:
    """Knows what is on record, and what everybody was told."""

    def __init__(
        self,
        trace: Trace,
        clock_of: Callable[[str], TimeUs],
        latest_us: Callable[[], TimeUs],
        deaf_us: Callable[[str], int],
    ) -> None:
        """Take where he learns what engines cannot be trusted to say of themselves.

        Args:
            clock_of: what the clock of the machine shows on which a process of that name runs.
            latest_us: the latest time that any machine's clock can have shown so far.
            deaf_us: for how long a process of that name has been cut off from everybody.
        """
        self.lots: dict[LotId, HeldLot] = {}
        self.told: dict[str, Told] = {}
        self.rows: list[JournalRow] = []
        self.may_lose_refusals = False
        """Whether gateways stand between people and engines: they learn of records, not of refusals."""
        self.halt: Callable[[], None] = lambda: None
        """Stops the simulation where it stands."""
        self.checked = 0
        """How many things were compared."""
        self._trace = trace
        self._clock_of = clock_of
        self._latest_us = latest_us
        self._deaf_us = deaf_us
        self._records: dict[tuple[LotId, int], Record] = {}
        self._refused: dict[str, RefusalRow] = {}
        self._on_record: dict[str, JournalRow] = {}
        self._views: dict[tuple[LotId, int], LotView] = {}
        self.violations: list[str] = []

    def violated(self, what: str) -> None:
        """Note that a promise was broken; the simulation ends after the step."""
        self._trace.note("auditor", "VIOLATED", what)
        self.violations.append(what)
        self.halt()

    def expect(self, is_so: bool, otherwise: str, *details: object) -> bool:
        """Compare."""
        self.checked += 1
        if not is_so:
            self.violated(" ".join([otherwise, *map(str, details)]))
        return is_so

    def lot_as_recorded(self, lot: LotId) -> rules.Lot | None:
        """Return a lot as the record makes it; None before its first record."""
        held = self.lots.get(lot)
        return None if held is None else held.lot

    # -- the journal -------------------------------------------------------------------------------------------

    def decided(self, process: Process, batch: Batch) -> None:
        """Compare the time that an engine gives to its records with its clock."""
        now_us = self._clock_of(process.name)
        for at_us in {row.at_us for row in batch.rows} | {row.at_us for row in batch.refusals}:
            self.expect(
                now_us <= at_us <= self._latest_us(), f"{process.name} decides at a time that is not now"
            )
        if self._deaf_us(process.name) > DEAF_US_MAX:
            by_clock = [row.sequence for row in batch.rows if not row.record.command]
            self.expect(not by_clock, f"{process.name} hears nobody, and decides for the clock")

    def committed(self, rows: Sequence[JournalRow], refusals: Sequence[RefusalRow]) -> None:
        """Check the records that have just become durable against all before them."""
        expected: deque[Event] = deque()
        for row in rows:
            record = row.record
            self.expect(
                row.position == len(self.rows) + 1, f"position {row.position} follows {len(self.rows)}"
            )
            last_us = self.rows[-1].at_us if self.rows else 0
            self.expect(row.at_us >= last_us, f"record {row.position} is dated before the one before it")
            self.rows.append(row)
            self._records[row.lot, row.sequence] = record
            self._take(row, record, expected)
        self.expect(not expected, f"only a part of a decision is on record; missing {expected}")
        for refusal in refusals:
            self._take_refusal(refusal)
        for lot in {row.lot for row in rows}:
            held = self.lots[lot]
            self._views[lot, held.lot.sequence] = lot_view(held.lot)

    def _take(self, row: JournalRow, record: Record, expected: deque[Event]) -> None:
        held = self.lots.get(row.lot)
        if held is None:
            held = self.lots[row.lot] = started(row.lot, record)
            held.link = GENESIS
        lot = held.lot
        place = f"record {row.sequence} of lot {row.lot}"
        is_next = self.expect(row.sequence == lot.sequence + 1, f"{place} follows record {lot.sequence}")
        self.expect(row.link == chained(held.link, row.body), f"{place} breaks the chain")
        if not expected:
            expected += self._due_decision(held, row, record, place)
        wanted = expected.popleft() if expected else None
        self.expect(record.event == wanted, f"{place} is {record.event}, and should be {wanted}")
        if is_next:
            held.replay(row, record)

    def _due_decision(self, held: HeldLot, row: JournalRow, record: Record, place: str) -> list[Event]:
        """Return the events of the decision that this record begins, recomputed."""
        if record.command == NO_COMMAND:
            return self._due_deadline(held.lot, record, place)
        told = self.told.get(record.command)
        first = self._on_record.setdefault(record.command, row)
        self.expect(first is row, f"{place} is the second of command {record.command}")
        if not self.expect(told is not None, f"{place} is of a command that nobody gave: {record.command}"):
            return []
        assert told is not None
        self._check_turned_away(record.command, told)
        command = told.command
        if type(command) in BIDDER_COMMANDS:
            due_us = held.lot.due_at_us
            is_in_time = held.lot.state is LotState.OPEN and not 0 < due_us <= record.at_us
            self.expect(is_in_time, f"{place} is a bid at {record.at_us}, the end was at {due_us}")
        is_first = row.sequence == 1
        decision = (
            rules.announce(command)
            if is_first and isinstance(command, AnnounceLot)
            else rules.decide(held.lot, command, record.at_us)
        )
        if isinstance(decision, Refused):
            self.violated(f"{place} accepts what is to be refused as {decision.code.name}: {command}")
            return []
        return decision

    def _due_deadline(self, lot: rules.Lot, record: Record, place: str) -> list[Event]:
        due_us = lot.due_at_us
        late_us = record.at_us - due_us
        if not self.expect(due_us > 0 and late_us >= 0, f"{place} acts for the clock, due is {due_us}"):
            return []
        is_outage = isinstance(record.event, LotFrozen) and record.event.cause is FreezeCause.OUTAGE
        must_freeze = lot.state is LotState.OPEN and late_us > lot.terms.outage_tolerance_us
        self.expect(is_outage == must_freeze, f"{place}: decided {late_us} us late, frozen: {is_outage}")
        decision = rules.decide(lot, MeetDeadline(lot.id, due_us), record.at_us)
        assert isinstance(decision, list), "a deadline that is due is met"
        return decision

    def _take_refusal(self, row: RefusalRow) -> None:
        told = self.told.get(row.command_id)
        if not self.expect(told is not None, f"a refusal of a command that nobody gave: {row}"):
            return
        assert told is not None
        self.expect(row.command_id not in self._refused, f"command {row.command_id} is refused twice")
        self.expect(row.command_id not in self._on_record, f"command {row.command_id} is taken and refused")
        self._refused[row.command_id] = row
        self._check_turned_away(row.command_id, told)

    # -- answers -----------------------------------------------------------------------------------------------

    def arrives(self, command_id: str) -> Callable[[Answer | Unanswered], None]:
        """Hear that a command reached an engine; the answer is to be called with what the engine says."""
        told = self.told[command_id]
        told.arrived += 1
        answers = 0

        def answered(answer: Answer | Unanswered) -> None:
            nonlocal answers
            answers += 1
            self.expect(answers == 1, f"command {command_id} is answered twice at one asking")
            if isinstance(answer, Busy):
                told.turned_away += 1
                self._check_turned_away(command_id, told)

        return answered

    def _check_turned_away(self, command_id: str, told: Told) -> None:
        """Busy means that nothing is on record, nor ever will be.

        Through gateways a refusal can get lost with the engine that gave it: its successor says busy, and whoever asks
        again hears the refusal. It has changed nothing, so nobody was misled.
        """
        is_refused = command_id in self._refused and not self.may_lose_refusals
        if command_id in self._on_record or is_refused:
            self.expect(
                told.arrived > told.turned_away,
                f"command {command_id} is on record, and was only ever answered busy",
            )

    def hears(self, command_id: str, answer: Answer) -> None:
        """Compare an answer that somebody heard with the record, and with what he heard before."""
        told = self.told[command_id]
        command = told.command
        self.expect(
            (answer.command_id, answer.lot, answer.party, answer.amount)
            == (command_id, command.lot, party_of(command), amount_named(command)),
            f"the answer is to something else: {answer} to {command}",
        )
        if isinstance(answer, Accepted):
            self._check_accepted(answer)
        elif not self._check_rejected(answer):
            return
        first, told.answer = told.answer, structs.replace(answer, is_repeat=False)
        self.expect(first in (None, told.answer), f"told {first} first, and then {told.answer}")

    def _check_accepted(self, answer: Accepted) -> None:
        row = self._on_record.get(answer.command_id)
        if not self.expect(row is not None, f"acknowledged, and not on record: {answer}"):
            return
        assert row is not None
        self.expect(
            (answer.lot, answer.sequence, answer.at_us, answer.link)
            == (row.lot, row.sequence, row.at_us, row.link),
            f"acknowledged {answer}, but on record is {row.sequence} of lot {row.lot}",
        )
        command = self.told[answer.command_id].command
        paddle = self.lots[row.lot].lot.paddles.get(getattr(command, "bidder", 0), NOBODY)
        if isinstance(command, CommitSeed | RevealSeed):
            paddle = paddle_of(row.event)
        self.expect(answer.paddle == paddle, f"paddle {answer.paddle} instead of {paddle} for {answer}")

    def _check_rejected(self, answer: Rejected) -> bool:
        """Compare a refusal with the side record; False for one that says nothing final."""
        code = answer.refused.code
        if code is Refusal.LOT_UNKNOWN:
            return False
        self.expect(answer.command_id not in self._on_record, f"refused, and yet on record: {answer}")
        row = self._refused.get(answer.command_id)
        same = (
            None if row is None else (row.lot, row.party, row.at_us, row.amount, row.refused),
            (answer.lot, answer.party, answer.at_us, answer.amount, answer.refused),
        )
        self.expect(same[0] == same[1], f"refused {answer}, but on record is {row}")
        return True

    # -- what is shown -----------------------------------------------------------------------------------------

    def published(self, who: str, entries: Sequence[FeedEntry]) -> None:
        """Compare what an engine publishes with the record."""
        for entry in entries:
            shown = self._views.get((entry.lot, entry.offset))
            if shown is None and (entry.lot, entry.offset) in self._records:
                shown = self._view_at(entry.lot, entry.offset)
            self.expect(shown == entry.view, f"{who} shows lot {entry.lot} at {entry.offset} as it is not")
            numbers = [record.sequence for record in entry.records]
            first = entry.offset - len(numbers) + 1
            self.expect(numbers == list(range(first, entry.offset + 1)), f"{who} shows records {numbers}")
            for record in entry.records:
                recorded = self._records.get((entry.lot, record.sequence))
                is_same = recorded is not None and public_record(recorded) == record
                self.expect(is_same, f"{who} shows record {record.sequence} of lot {entry.lot} as it is not")

    def _view_at(self, lot: LotId, sequence: int) -> LotView:
        """Return what is public of a lot between two records of one batch."""
        view = self._views[lot, sequence] = lot_view(self._held_at(lot, sequence).lot)
        return view

    def check_snapshot(self, snapshot: Snapshot) -> None:
        """Compare a snapshot with what the record makes of its lot."""
        held = self._held_at(snapshot.lot, snapshot.sequence)
        is_same = (held.link, held.lot.sequence) == (snapshot.link, snapshot.sequence)
        is_same = is_same and msgspec.msgpack.encode(held.lot) == snapshot.state
        self.expect(
            is_same, f"the snapshot of lot {snapshot.lot} at {snapshot.sequence} is of something else"
        )

    def _held_at(self, lot: LotId, sequence: int) -> HeldLot:
        rows = [row for row in self.rows if row.lot == lot and row.sequence <= sequence]
        held = started(lot, rows[0].record)
        for row in rows:
            held.replay(row, row.record)
        return held

    def is_as_recorded(self, lot: rules.Lot) -> bool:
        """Tell whether a lot that somebody holds is the one that the record makes."""
        return digest(self.lots[lot.id].lot) == digest(lot)
