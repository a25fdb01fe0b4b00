"""Where a gateway hands commands in for one shard, and where their answers come back.

Belongs here: numbering, batching and expiry of commands, hearing the engine.
Does not belong here: several shards (`exchange.cluster.gateway_end`), replaying rows (`exchange.follower`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Protocol

import msgspec
import structlog
from msgspec import Struct

from exchange.cluster.carrier import COMMANDS, ROWS, Carrier, answers_for
from exchange.cluster.messages import Given, decode_answers, decode_told, encode
from exchange.follower import CommandKey, Tail
from exchange.ports import Answer, Busy, OutcomeUnknown, Reply, Unanswered
from matching.commands import Command

log = structlog.get_logger(__name__)

ENGINE_SILENCE_SECONDS = 3.0
"""After so long without a beat the engine counts as gone, and commands are turned away at once."""


class Limits(Protocol):
    """What bounds a gateway's commands."""

    @property
    def commands_max(self) -> int:
        """How many may be under way."""

    @property
    def command_deadline_ms(self) -> int:
        """How long one may be under way."""


class Waiting(Struct, eq=False, gc=False):
    """A command under way, and who waits for what becomes of it."""

    counter: Counter
    number: int
    command_id: str
    command: Command
    reply: Reply
    expires_at: float


class Shared(Struct, eq=False):
    """What the counters of one gateway share."""

    gateway: str
    limits: Limits
    epoch: str = ""
    count: int = 0
    """Commands under way, over all shards."""
    by_command: dict[CommandKey, Waiting] = msgspec.field(default_factory=dict)
    """The commands for whose records somebody waits; of one that was given more than once, the first that waits."""
    again: dict[CommandKey, dict[Waiting, None]] = msgspec.field(default_factory=dict)
    """The others of those that were given more than once, in order."""

    def enter(self, waiting: Waiting) -> None:
        """Note that somebody waits for a command."""
        self.count += 1
        key = (waiting.command.lot, waiting.command_id)
        if self.by_command.setdefault(key, waiting) is not waiting:
            self.again.setdefault(key, {})[waiting] = None

    def leave(self, waiting: Waiting) -> None:
        """Note that somebody waits no more; whoever gave the same command again still does."""
        self.count -= 1
        key = (waiting.command.lot, waiting.command_id)
        others = self.again.get(key)
        if self.by_command[key] is not waiting:
            assert others is not None, "who waits is the first, or one of the others"
            del others[waiting]
        elif others:
            self.by_command[key] = next(iter(others))
            del others[self.by_command[key]]
        else:
            del self.by_command[key]
        if others is not None and not others:
            del self.again[key]

    def asking(self, key: CommandKey) -> list[Waiting]:
        """Return everybody who waits for a command."""
        first = self.by_command.get(key)
        return [] if first is None else [first, *self.again.get(key, ())]


Answered = Callable[[Waiting, Answer | Unanswered], None]


class Counter:
    """The commands of one gateway for one shard."""

    def __init__(self, shared: Shared, carrier: Carrier, tail: Tail, answered: Answered) -> None:
        self._shared = shared
        self._answered = answered
        self._waiting: dict[int, Waiting] = {}
        self._number = 0
        self._unsent: list[Waiting] = []
        self._term = 0
        self._takes_commands = False
        self._beaten_at = float("-inf")
        self._engine_now_us = 0
        """What the engine's clock showed at `_beaten_at`, or a little before."""
        self.carrier = carrier
        self.tail = tail

    def listen(self) -> None:
        """Hear the engine from now on."""
        self.carrier.listen(ROWS, self._heard_rows)
        self.carrier.listen(answers_for(self._shared.gateway), self._heard_answers)

    @property
    def is_open(self) -> bool:
        """Whether there is an engine that takes commands, as far as can be known here."""
        return (
            self._takes_commands
            and self.carrier.is_up
            and asyncio.get_running_loop().time() - self._beaten_at < ENGINE_SILENCE_SECONDS
        )

    @property
    def was_heard(self) -> bool:
        """Whether an engine of this shard was ever heard here."""
        return self._beaten_at > float("-inf")

    # -- commands ----------------------------------------------------------------------------------------------

    def post(self, command_id: str, command: Command, reply: Reply) -> bool:
        """Send a command with whatever else comes in this turn of the loop; False: it is not taken."""
        shared = self._shared
        if shared.count >= shared.limits.commands_max:
            return False
        if not self._unsent:
            if not self.is_open:
                return False
            loop = asyncio.get_running_loop()
            self._expires_at = loop.time() + shared.limits.command_deadline_ms / 1000
            loop.call_soon(self._send)
        self._number += 1
        waiting = Waiting(self, self._number, command_id, command, reply, self._expires_at)
        self._unsent.append(waiting)
        self._waiting[waiting.number] = waiting
        shared.enter(waiting)
        return True

    def _send(self) -> None:
        unsent, self._unsent = self._unsent, []
        shared = self._shared
        beaten_ago_us = int((asyncio.get_running_loop().time() - self._beaten_at) * 1e6)
        given = Given(
            shared.epoch,
            shared.gateway,
            self._term,
            self._engine_now_us + beaten_ago_us + shared.limits.command_deadline_ms * 1000,
            unsent[0].number,
            [(waiting.command_id, waiting.command) for waiting in unsent],
        )
        if not self.carrier.send(COMMANDS, encode(given)):
            for waiting in unsent:
                self.finish(waiting, Busy(waiting.command_id))

    def is_waiting(self, waiting: Waiting) -> bool:
        """Tell whether somebody still waits."""
        return waiting.number in self._waiting

    def finish(self, waiting: Waiting, answer: Answer | Unanswered) -> None:
        """Answer a command, once."""
        if self._waiting.pop(waiting.number, None) is None:
            return
        self._shared.leave(waiting)
        waiting.reply(answer)

    def expire(self) -> None:
        """Tell those whose time is up that the outcome is not known."""
        now = asyncio.get_running_loop().time()
        late = []
        for waiting in self._waiting.values():
            if waiting.expires_at > now:
                break
            late.append(waiting)
        for waiting in late:
            self.finish(waiting, OutcomeUnknown(waiting.command_id))

    # -- the engine --------------------------------------------------------------------------------------------

    def _heard_rows(self, entry: bytes) -> None:
        try:
            told = decode_told(entry)
        except msgspec.DecodeError as error:
            log.warning("hall.entry_not_understood", error=str(error))
            return
        if told.epoch != self._shared.epoch:
            return
        if told.term >= self._term:
            self._term = told.term
            self._takes_commands = told.is_writable
            self._engine_now_us = told.now_us
            self._beaten_at = asyncio.get_running_loop().time()
        self.tail.hear(told.rows, told.position)

    def _heard_answers(self, entry: bytes) -> None:
        try:
            answers = decode_answers(entry)
        except msgspec.DecodeError as error:
            log.warning("hall.entry_not_understood", error=str(error))
            return
        for number, accepted in answers.repeated:
            self._hand_out(number, accepted)
        for number, rejected in answers.rejected:
            self._hand_out(number, rejected)
        self._give_up(answers.unknown, OutcomeUnknown)
        if answers.busy:
            self.tail.when_reached(answers.position, partial(self._give_up, answers.busy, Busy))

    def _hand_out(self, number: int, answer: Answer) -> None:
        waiting = self._waiting.get(number)
        if waiting is not None:
            self._answered(waiting, answer)

    def _give_up(self, numbers: list[int], answer: type[Unanswered]) -> None:
        for number in numbers:
            waiting = self._waiting.get(number)
            if waiting is not None:
                self._answered(waiting, answer(waiting.command_id))
