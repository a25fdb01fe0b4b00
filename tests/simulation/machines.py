"""A machine that runs an engine: it stands by behind another, takes over, proves its term, and ends when it is fenced.

Belongs here: the life of an engine's process.
Does not belong here: when it dies (`world`), what it is asked (`people`).
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

from exchange.cluster.engine_end import EngineEnd
from exchange.engine import Engine, EngineLimits
from exchange.ports import JournalUnavailable, Lease
from tests.simulation.doors import COMMAND_DEADLINE_MS, Door, Surroundings

STANDBY_AFTER_MS = 1_500
PULSE_SECONDS = 0.5
POLL_SECONDS = 0.4


class Machine(Door):
    """Runs one engine process after the other."""

    def __init__(
        self,
        name: str,
        chance: random.Random,
        around: Surroundings,
        lease: Lease,
        new_engine: Callable[..., Engine],
        new_end: Callable[..., EngineEnd],
    ) -> None:
        super().__init__(name, around)
        self.engine: Engine | None = None
        """The engine that serves here; None while none does."""
        self.may_take_over = False
        """Whether the next engine takes the shard from whoever holds it."""
        self._lease = lease
        self._new_engine = new_engine
        self._new_end = new_end
        self._limits = EngineLimits(
            command_deadline_ms=COMMAND_DEADLINE_MS,
            snapshot_every_records=chance.choice((3, 10, 10_000)),
            batch_commands_max=chance.choice((3, 2_000)),
        )

    def die(self) -> None:
        """End the process where it stands."""
        super().die()
        self.engine = None

    async def serve(self) -> None:
        """Wait until the shard is free, then trade.  Raises: Fenced, JournalFailed, JournalUnavailable."""
        await self._stand_by()
        outside = None if self.end is None else self._new_end(carrier=self.end, clock=self.clock)
        engine = self._new_engine(
            clock=self.clock,
            journal=self.journal,
            snapshots=self.around.snapshots,
            lease=self._lease,
            feed=self.feed,
            measures=self.around.measures,
            limits=self._limits,
            owner=f"{self.name}/{self.starts}",
            outside=outside,
        )
        await engine.start()
        self.around.trace.note(self.name, "serves", "term", engine.term)
        self.hall = self.engine = engine
        async with asyncio.TaskGroup() as group:
            group.create_task(engine.run())
            group.create_task(self._prove(engine) if outside is None else outside.run(engine))

    async def _stand_by(self) -> None:
        """Wait until the shard's holder is silent, and this machine is heard."""
        while not (self.may_take_over or await self._is_free()):
            await asyncio.sleep(POLL_SECONDS)
        self.may_take_over = False

    async def _is_free(self) -> bool:
        try:
            quiet_ms = await self._lease.quiet_ms()
        except JournalUnavailable:
            return False
        is_heard = self.end is None or self.end.is_up
        return is_heard and (quiet_ms is None or quiet_ms >= STANDBY_AFTER_MS)

    async def _prove(self, engine: Engine) -> None:
        """Say now and then that the engine lives; find out when it is not the shard's any more.  Raises: Fenced."""
        while True:
            await asyncio.sleep(PULSE_SECONDS)
            try:
                await engine.prove()
            except JournalUnavailable:
                continue
