"""Bugs in the moving of lots, put in on purpose: the simulation has to find them all.

Belongs here: engines, movers and journals with one mistake each. Does not belong here: how fast it is found.
"""

from __future__ import annotations

from exchange.engine import Departure, Engine
from exchange.lots import HeldLot
from exchange.moving import Mover
from exchange.ports import Batch
from matching.units import LotId
from tests.simulation.shards import MovingParts, ShardJournal


class UnfencedJournal(ShardJournal):
    """Takes an append for any lot: the second half of the fence is not there."""

    async def append(self, term: int, batch: Batch) -> None:
        """Append wherever the lots lie."""
        await self._way.there()
        self.require_term(term)
        self.rows += batch.rows
        self.refusals += batch.refusals


class ForgetsToLetGo(Engine):
    """Hands a lot over, and goes on deciding for it."""

    def _is_elsewhere(self, lot: LotId) -> bool:
        return False

    async def _depart(self, departure: Departure) -> None:
        held = self._sequencer.lots.get(departure.lot)
        await super()._depart(departure)
        if held is not None:
            self._sequencer.lots[held.lot.id] = held


class MovesAtOnce(Mover):
    """Takes up what comes without reading what the other engine has written last."""

    async def look(self) -> None:
        """Take up lots as they were when this engine let go of them."""
        engine, places = self._engine, self._placement.places
        left: dict[LotId, HeldLot] = places.__dict__.setdefault("left", {})
        await self._placement.refresh()
        for lot in await places.arrived(self._shard):
            if not engine.holds(lot) and lot in left:
                engine._sequencer.lots[lot] = left[lot]
            elif not engine.holds(lot):
                await engine.adopt(lot)
        for move in await places.leaving(self._shard):
            held = engine._sequencer.lots.get(move.lot)
            if held is not None:
                left[move.lot] = held
            if not await engine.release(move.lot, move.to):
                await places.forget_move(move.lot)


PLANTED: dict[str, MovingParts] = {
    "no fence for places, and an engine that keeps what it gave away": MovingParts(
        engine=ForgetsToLetGo, journal=UnfencedJournal
    ),
    "an engine that keeps what it gave away": MovingParts(engine=ForgetsToLetGo),
    "takes up a lot without reading its record": MovingParts(mover=MovesAtOnce),
}
