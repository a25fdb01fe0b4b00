"""Open lots that change their shard: an engine lets go of what was asked away from it, and takes up what comes.

The journal is all that the two engines share. The one that lets go does so between two of its appends; the other
recovers the lot from the journal, exactly as at a start. In between, whoever bids is told to come again.

Belongs here: looking, once a second. Does not belong here: the map (`exchange.shards`), the taking up itself
(`Engine.adopt`).
"""

from __future__ import annotations

import asyncio

import structlog

from exchange.engine import Engine
from exchange.ports import JournalUnavailable
from exchange.shards import Placement

log = structlog.get_logger(__name__)

LOOK_SECONDS = 1.0


class Mover:
    """Carries out, for the engine of one shard, the moves that concern it."""

    def __init__(self, engine: Engine, placement: Placement, shard: int) -> None:
        self._engine = engine
        self._placement = placement
        self._shard = shard

    async def run(self) -> None:
        """Look for ever.

        Raises: Fenced, when the shard has another holder: the engine must not be used any more.
        """
        while True:
            try:
                await self.look()
            except JournalUnavailable as error:
                log.warning("moving.delayed", shard=self._shard, error=str(error))
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Take up what has come, and let go of what was asked for.  Raises: JournalUnavailable, Fenced."""
        engine, places = self._engine, self._placement.places
        await self._placement.refresh()
        for lot in await places.arrived(self._shard):
            if not engine.holds(lot):
                await engine.adopt(lot)
        for move in await places.leaving(self._shard):
            if not await engine.release(move.lot, move.to):
                await places.forget_move(move.lot)
