"""The sequencer: the one place where the order of everything that happens to the lots of a shard is decided.

Synchronous and without I/O, clock or randomness: the same lots, commands and times give the same steps.
A step is only a proposal until its batch is durable; the engine tells nobody of it before.

Belongs here: order, deadlines, idempotency.
Does not belong here: rules (`matching`), the loop that makes steps durable (`exchange.engine`).
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from typing import TypeAlias

import msgspec
from msgspec import Struct

from exchange.lots import HeldLot, Touched, started
from exchange.ports import Accepted, Answer, Batch, RefusalRow, Rejected, Reply
from exchange.records import NO_COMMAND, JournalRow, Record
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
from matching.events import Event, paddle_of
from matching.refusals import Refusal, Refused
from matching.units import NOBODY, LotId, Paddle, TimeUs


class Envelope(Struct, frozen=True, gc=False):
    """A command on its way, with whom to tell."""

    command_id: str
    command: Command
    reply: Reply


class LatenessUs(Struct, frozen=True):
    """How late a deadline was decided, in microseconds."""

    lot: LotId
    late_us: int


class Step(Struct):
    """What one step decided: the batch for the journal, and what to tell once it is durable."""

    batch: Batch = msgspec.field(default_factory=lambda: Batch([], []))
    replies: list[tuple[Reply, Answer]] = msgspec.field(default_factory=list)
    touched: dict[LotId, Touched] = msgspec.field(default_factory=dict)
    deadlines: list[LatenessUs] = msgspec.field(default_factory=list)
    postponed: list[Envelope] = msgspec.field(default_factory=list)
    """Commands that come next, in this order, as more deadlines were due than one step meets."""

    @property
    def is_empty(self) -> bool:
        """Tell whether there is nothing to put on record."""
        return not self.batch.rows and not self.batch.refusals


Deadline: TypeAlias = tuple[TimeUs, LotId]


class Sequencer:
    """The lots of a shard, the position of the last record, and the deadlines to come."""

    def __init__(self, lots: dict[LotId, HeldLot], position: int, now_us: TimeUs) -> None:
        self.lots = lots
        self.position = position
        self.now_us = now_us
        """The time of the last step; a clock that steps back is not followed."""
        self._schedule: list[Deadline] = []
        for held in lots.values():
            self._plan_deadline(held)

    @property
    def next_deadline_us(self) -> TimeUs | None:
        """The moment by which the next step must be made; None when nothing is due ever."""
        return self._schedule[0][0] if self._schedule else None

    def adopt(self, held: HeldLot, last_at_us: TimeUs) -> None:
        """Go on with a lot that others have recorded so far; time does not go back behind its last record."""
        self.lots[held.lot.id] = held
        self.now_us = max(self.now_us, last_at_us)
        self._plan_deadline(held)

    def step(self, envelopes: Iterable[Envelope], now_us: TimeUs, deadlines_max: int | None = None) -> Step:
        """Meet the deadlines that are due, then decide the commands in their order.

        Args:
            envelopes: commands in the order of their arrival.
            now_us: the clock's time; taken as the last step's when it lies before that.
            deadlines_max: at most so many, the earliest; when more are due the commands are postponed, for they come
                after every deadline that is due.
        """
        self.now_us = max(self.now_us, now_us)
        step = Step()
        self._meet_deadlines(step, deadlines_max)
        if self._is_due:
            step.postponed.extend(envelopes)
        else:
            for envelope in envelopes:
                step.replies.append((envelope.reply, self._answer(step, envelope)))
        for touched in step.touched.values():
            self._plan_deadline(touched.held)
        return step

    @property
    def _is_due(self) -> bool:
        """Whether a deadline is due that has not been met, or an entry that no longer holds stands first."""
        return bool(self._schedule) and self._schedule[0][0] <= self.now_us

    def _meet_deadlines(self, step: Step, deadlines_max: int | None) -> None:
        while self._is_due and len(step.deadlines) != deadlines_max:
            due_at_us, lot_id = heapq.heappop(self._schedule)
            held = self.lots.get(lot_id)
            if held is None or held.scheduled_us != due_at_us:
                continue
            held.scheduled_us = 0
            decision = rules.decide(held.lot, MeetDeadline(lot_id, due_at_us), self.now_us)
            assert isinstance(decision, list), "the schedule holds only deadlines that are due"
            self._take_events(step, held, decision, NO_COMMAND)
            step.deadlines.append(LatenessUs(lot_id, self.now_us - due_at_us))
            self._plan_deadline(held)

    def _plan_deadline(self, held: HeldLot) -> None:
        """Put the lot's next deadline into the schedule; an entry that no longer holds is skipped when met."""
        due_at_us = held.lot.due_at_us
        if due_at_us and due_at_us != held.scheduled_us:
            heapq.heappush(self._schedule, (due_at_us, held.lot.id))
        held.scheduled_us = due_at_us

    def _answer(self, step: Step, envelope: Envelope) -> Answer:
        command = envelope.command
        held = self.lots.get(command.lot)
        if held is None:
            return self._answer_for_new_lot(step, envelope)
        party, amount = party_of(command), amount_named(command)
        known = held.answers.get(envelope.command_id)
        if known is not None:
            if known.party == party and known.amount == amount:
                return msgspec.structs.replace(known, is_repeat=True)
            return self._rejected(envelope, party, amount, Refused(Refusal.COMMAND_ID_REUSED))
        decision = rules.decide(held.lot, command, self.now_us)
        if isinstance(decision, Refused):
            return self._refuse(step, held, envelope, party, amount, decision)
        return self._accept(step, held, envelope, party, amount, decision)

    def _answer_for_new_lot(self, step: Step, envelope: Envelope) -> Answer:
        """A lot that is not held can only be announced."""
        command = envelope.command
        party, amount = party_of(command), amount_named(command)
        if not isinstance(command, AnnounceLot):
            return self._rejected(envelope, party, amount, Refused(Refusal.LOT_UNKNOWN))
        decision = rules.announce(command)
        if isinstance(decision, Refused):
            return self._rejected(envelope, party, amount, decision)
        first = Record(command.lot, 1, self.now_us, envelope.command_id, decision[0])
        held = self.lots[command.lot] = started(command.lot, first)
        return self._accept(step, held, envelope, party, amount, decision)

    def _accept(
        self, step: Step, held: HeldLot, envelope: Envelope, party: int, amount: int, events: list[Event]
    ) -> Answer:
        row = self._take_events(step, held, events, envelope.command_id)
        paddle = _paddle_in(held, envelope.command, events[0])
        answer = Accepted(
            envelope.command_id, row.lot, row.sequence, row.at_us, party, amount, row.link, paddle
        )
        held.remember(answer)
        return answer

    def _refuse(
        self, step: Step, held: HeldLot, envelope: Envelope, party: int, amount: int, refused: Refused
    ) -> Answer:
        answer = self._rejected(envelope, party, amount, refused)
        held.remember(answer)
        step.batch.refusals.append(
            RefusalRow(held.lot.id, envelope.command_id, party, self.now_us, amount, refused)
        )
        return answer

    def _take_events(self, step: Step, held: HeldLot, events: list[Event], command_id: str) -> JournalRow:
        """Apply the events of one decision and add them to the batch; return the first one's row."""
        touched = step.touched.get(held.lot.id)
        if touched is None:
            touched = step.touched[held.lot.id] = Touched(held, held.leader)
        rows = step.batch.rows
        first = len(rows)
        for event in events:
            self.position += 1
            row = held.take(event, self.now_us, command_id, self.position)
            rows.append(row)
            touched.show(row.sequence, row.at_us, event)
        return rows[first]

    def _rejected(self, envelope: Envelope, party: int, amount: int, refused: Refused) -> Rejected:
        return Rejected(envelope.command_id, envelope.command.lot, self.now_us, party, amount, refused)


def party_of(command: Command) -> int:
    """Who stands behind a command: with its id and the figure it names, what makes a repeat a repeat."""
    party: int = getattr(command, "bidder" if type(command) in BIDDER_COMMANDS else "by", 0)
    return party


def _paddle_in(held: HeldLot, command: Command, first: Event) -> Paddle:
    """Return the bidder's paddle that a receipt names; 0 for staff's, who have none."""
    if isinstance(command, CommitSeed | RevealSeed):
        return paddle_of(first)
    return held.lot.paddles.get(getattr(command, "bidder", 0), NOBODY)
