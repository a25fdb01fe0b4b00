"""The engine's end of the cluster: takes commands off the carrier, tells rows and answers, keeps the pulse.

Belongs here: what stands between an engine and gateways in other processes.
Does not belong here: deciding (`exchange.engine`), how entries travel (carriers).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial

import msgspec
import structlog
from msgspec import Struct

from exchange.cluster.carrier import COMMANDS, ROWS, Carrier, answers_for
from exchange.cluster.messages import Answers, Given, Told, decode_given, encode
from exchange.engine import Engine
from exchange.ports import (
    Accepted,
    Answer,
    Archived,
    Busy,
    Clock,
    JournalUnavailable,
    OutcomeUnknown,
    Rejected,
    Unanswered,
)
from exchange.records import JournalRow
from matching.commands import Command
from matching.units import LotId

log = structlog.get_logger(__name__)

BEAT_SECONDS = 0.25
PULSE_SECONDS = 0.5
UNREAD_MS = 10_000
"""How far back a new engine reads commands: older ones have expired."""

GATEWAYS_MAX = 1_000
WAITING_FOR_LOTS_MAX = 10_000


class _Waiting(Struct):
    """A command for a lot that has to be fetched first."""

    gateway: str
    number: int
    command_id: str
    command: Command


class _Collected(Struct):
    """The answers of one turn to one gateway."""

    repeated: list[tuple[int, Accepted]] = msgspec.field(default_factory=list)
    rejected: list[tuple[int, Rejected]] = msgspec.field(default_factory=list)
    busy: list[int] = msgspec.field(default_factory=list)
    unknown: list[int] = msgspec.field(default_factory=list)


class EngineEnd:
    """`exchange.ports.Outside` over a carrier.

    Give it to the engine as its `outside`, then let `run` run beside the engine's own.
    """

    def __init__(self, *, carrier: Carrier, clock: Clock, shard: int = 0) -> None:
        self._carrier = carrier
        self._clock = clock
        self._shard = shard
        self._engine: Engine | None = None
        self._numbers: dict[str, int] = {}
        self._answers: dict[str, _Collected] = {}
        self._waiting: dict[LotId, list[_Waiting]] = {}
        self._waiting_count = 0
        self._fetches: set[asyncio.Task[None]] = set()

    # -- what the engine sees ----------------------------------------------------------------------------------

    @property
    def is_heard(self) -> bool:
        """Whether gateways can be heard now."""
        return self._carrier.is_up

    def tell(self, rows: Sequence[JournalRow]) -> None:
        """Tell all gateways what has become durable."""
        if self._engine is None:
            return
        self._say(self._engine, list(rows))

    # -- running -----------------------------------------------------------------------------------------------

    async def run(self, engine: Engine) -> None:
        """Serve gateways for ever, over a started engine.

        Raises: Fenced.
        """
        self._engine = engine
        self._carrier.listen(COMMANDS, partial(self._heard, engine), UNREAD_MS)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._carrier.run())
                group.create_task(self._beats(engine))
                group.create_task(self._pulses(engine))
        finally:
            self._engine = None
            for fetch in tuple(self._fetches):
                fetch.cancel()

    async def _beats(self, engine: Engine) -> None:
        """Let gateways know that there is an engine, and how far it has come."""
        while True:
            self._say(engine, [])
            await asyncio.sleep(BEAT_SECONDS)

    def _say(self, engine: Engine, rows: list[JournalRow]) -> None:
        told = Told(
            engine.epoch, engine.term, engine.position, engine.is_writable, rows, self._clock.now_us()
        )
        self._carrier.send(ROWS, encode(told))

    async def _pulses(self, engine: Engine) -> None:
        """Keep the lease as long as gateways are heard: an engine that is deaf leaves it to one that is not."""
        while True:
            if self._carrier.is_up and engine.is_writable:
                try:
                    await engine.prove()
                except JournalUnavailable as error:
                    log.warning("engine.no_pulse", shard=self._shard, error=str(error))
            await asyncio.sleep(PULSE_SECONDS)

    # -- commands ----------------------------------------------------------------------------------------------

    def _heard(self, engine: Engine, entry: bytes) -> None:
        try:
            given = decode_given(entry)
        except msgspec.DecodeError as error:
            log.warning("engine.entry_not_understood", shard=self._shard, error=str(error))
            return
        if given.epoch != engine.epoch or given.term > engine.term:
            return  # another exchange's, or there is a successor, and it is for him
        if given.first <= self._numbers.get(given.gateway, 0):
            return  # a second copy, or overtaken: whoever waits for it asks again
        self._note_number(given)
        if given.term < engine.first_term:
            self._turn_away(given)
        elif given.expires_at_us >= self._clock.now_us():
            self._take(engine, given)

    def _note_number(self, given: Given) -> None:
        self._numbers.pop(given.gateway, None)
        self._numbers[given.gateway] = given.first + len(given.commands) - 1
        if len(self._numbers) > GATEWAYS_MAX:
            del self._numbers[next(iter(self._numbers))]

    def _turn_away(self, given: Given) -> None:
        """Answer what was given to a former engine: it may have called the command busy, so nobody decides it now.

        What that engine did record of it lies before the position that goes with our answers.
        """
        for number, (command_id, _) in enumerate(given.commands, given.first):
            self._answered(given.gateway, number, Busy(command_id))

    def _take(self, engine: Engine, given: Given) -> None:
        gateway, holds, waiting = given.gateway, engine.holds, self._waiting
        for number, (command_id, command) in enumerate(given.commands, given.first):
            if holds(command.lot) and command.lot not in waiting:
                self._post(engine, gateway, number, command_id, command)
            else:
                self._wait_for_lot(engine, _Waiting(gateway, number, command_id, command))

    def _post(self, engine: Engine, gateway: str, number: int, command_id: str, command: Command) -> None:
        try:
            engine.post(command_id, command, partial(self._answered, gateway, number))
        except Busy as busy:
            self._answered(gateway, number, busy)

    def _wait_for_lot(self, engine: Engine, waiting: _Waiting) -> None:
        """Fetch a lot that has ended, so that a repeat gets its first answer; what follows keeps its order."""
        if self._waiting_count >= WAITING_FOR_LOTS_MAX:
            self._answered(waiting.gateway, waiting.number, Busy(waiting.command_id))
            return
        self._waiting_count += 1
        lot = waiting.command.lot
        if lot in self._waiting:
            self._waiting[lot].append(waiting)
            return
        self._waiting[lot] = [waiting]
        fetch = asyncio.create_task(self._fetch(engine, lot))
        self._fetches.add(fetch)
        fetch.add_done_callback(self._fetches.discard)

    async def _fetch(self, engine: Engine, lot: LotId) -> None:
        try:
            await engine.load(lot)
            is_there = True
        except (Archived, JournalUnavailable):
            is_there = False
        waiting = self._waiting.pop(lot)
        self._waiting_count -= len(waiting)
        for one in waiting:
            if is_there:
                self._post(engine, one.gateway, one.number, one.command_id, one.command)
            else:
                self._answered(one.gateway, one.number, Busy(one.command_id))

    # -- answers -----------------------------------------------------------------------------------------------

    def _answered(self, gateway: str, number: int, answer: Answer | Unanswered) -> None:
        """Collect an answer; all of one turn leave together, after the rows of that turn."""
        if type(answer) is Accepted and not answer.is_repeat:
            return  # the gateway reads it in the rows
        answers = self._answers.get(gateway)
        if answers is None:
            if not self._answers:
                asyncio.get_running_loop().call_soon(self._send_answers)
            answers = self._answers[gateway] = _Collected()
        if isinstance(answer, Accepted):
            answers.repeated.append((number, answer))
        elif isinstance(answer, Rejected):
            answers.rejected.append((number, answer))
        elif isinstance(answer, OutcomeUnknown):
            answers.unknown.append(number)
        else:
            answers.busy.append(number)

    def _send_answers(self) -> None:
        collected, self._answers = self._answers, {}
        position = 0 if self._engine is None else self._engine.position
        for gateway, of in collected.items():
            answers = Answers(position, of.repeated, of.rejected, of.busy, of.unknown)
            self._carrier.send(answers_for(gateway), encode(answers))
