"""Where lots lie, in PostgreSQL.

Belongs here: reading the map, moving a lot under its shard's lock, adding shards. Does not belong here: the fence
itself, which is a trigger of the journal.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

import asyncpg

from exchange.adapters.answering import READ_SECONDS_MAX, lent
from exchange.ports import Fenced
from exchange.shards import Layout, Map, Move, MoveRefusal, ShardState
from matching.units import LotId

_LAYOUTS = "SELECT from_lot, shards FROM exchange.shard_layout ORDER BY from_lot"
_MOVED = "SELECT lot_id, shard FROM exchange.lot_place"
_LEAVING = """
SELECT lot_id, to_shard FROM exchange.lot_move WHERE exchange.shard_of(lot_id) = $1 ORDER BY asked_at, lot_id"""
_LAST_IS_OUTCOME = (
    "(SELECT is_outcome FROM exchange.journal WHERE journal.lot_id = {} ORDER BY sequence DESC LIMIT 1)"
)
_ARRIVED = f"""
SELECT lot_id FROM exchange.lot_place
 WHERE shard = $1 AND {_LAST_IS_OUTCOME.format("lot_place.lot_id")} = false ORDER BY lot_id"""
# The lease's row is what appends lock: the move comes after every append under way, and later ones see it.
_LOCK_TERM = "SELECT FROM exchange.lease WHERE shard = $1 AND term = $2 FOR UPDATE"
_END_TERM = "UPDATE exchange.lease SET term = term + 1 WHERE shard = $1"
_PLACE = """
INSERT INTO exchange.lot_place (lot_id, shard) VALUES ($1, $2)
ON CONFLICT (lot_id) DO UPDATE SET shard = EXCLUDED.shard, placed_at = clock_timestamp()"""
_DONE = "DELETE FROM exchange.lot_move WHERE lot_id = $1"
_LOT = f"""
SELECT {_LAST_IS_OUTCOME.format("$1")} AS has_ended, exchange.shard_of($1) AS shard,
       EXISTS (SELECT FROM exchange.lease WHERE shard = $2) AS is_shard"""
_ASK = """
INSERT INTO exchange.lot_move (lot_id, to_shard) VALUES ($1, $2)
ON CONFLICT (lot_id) DO UPDATE SET to_shard = EXCLUDED.to_shard, asked_at = clock_timestamp()"""
_LIST = """
SELECT shard, term, owner,
       (extract(epoch FROM clock_timestamp() - greatest(taken_at, pulse.at)) * 1000)::bigint AS quiet_ms,
       (SELECT count(*) FROM exchange.journal AS first
          JOIN exchange.shard_layout AS layout ON first.lot_id >= from_lot AND first.lot_id < before_lot
          LEFT JOIN exchange.lot_place AS place USING (lot_id)
         WHERE sequence = 1 AND coalesce(place.shard, first.lot_id % layout.shards) = lease.shard
           AND NOT EXISTS (SELECT FROM exchange.journal AS ended
                            WHERE ended.is_outcome AND ended.lot_id = first.lot_id)) AS open_lots,
       shard < (SELECT shards FROM exchange.shard_layout ORDER BY from_lot DESC LIMIT 1) AS takes_new_lots
  FROM exchange.lease LEFT JOIN exchange.pulse USING (shard, term) ORDER BY shard"""
_LAST_LOT = """
SELECT greatest((SELECT max(id) FROM exchange.lot), (SELECT max(lot_id) FROM exchange.journal),
                (SELECT max(from_lot) FROM exchange.shard_layout), 0)"""

LOTS_OF_NOTICE = 1_000
"""How many lots ahead a new layout begins: every process has read it long before a lot of that number is published."""


class PostgresPlaces:
    """The placement tables."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    def _lent(self) -> AbstractAsyncContextManager[asyncpg.Connection]:
        return lent(self._pool, READ_SECONDS_MAX)

    async def read(self) -> Map:
        """Return the placement as of one moment."""
        async with (
            self._lent() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            layouts = await connection.fetch(_LAYOUTS)
            moved = await connection.fetch(_MOVED)
        return Map([Layout(*row.values()) for row in layouts], dict(tuple(row.values()) for row in moved))

    async def leaving(self, shard: int) -> list[Move]:
        """Return the moves that were asked for."""
        async with self._lent() as connection:
            return [Move(*row.values()) for row in await connection.fetch(_LEAVING, shard)]

    async def arrived(self, shard: int) -> list[LotId]:
        """Return the open lots with a place of their own in the shard."""
        async with self._lent() as connection:
            return [row[0] for row in await connection.fetch(_ARRIVED, shard)]

    async def forget_move(self, lot: LotId) -> None:
        """Drop what was asked for a lot."""
        async with self._lent() as connection:
            await connection.execute(_DONE, lot)

    async def release(self, lot: LotId, shard: int, term: int, to: int) -> None:
        """Place a lot elsewhere, under the shard's lock and its term."""
        async with self._lent() as connection, connection.transaction():
            if await connection.fetchrow(_LOCK_TERM, shard, term) is None:
                raise Fenced(f"term {term} of shard {shard} is over")
            await _place(connection, lot, to)

    async def ask(self, lot: LotId, to: int) -> MoveRefusal | None:
        """Ask the holder of a lot's shard to move it; None: it is asked.

        Refuses: MoveRefusal.  Raises: JournalUnavailable.
        """
        async with self._lent() as connection:
            known = await connection.fetchrow(_LOT, lot, to)
            refusal = _refusal(known, to)
            if refusal is None:
                await connection.execute(_ASK, lot, to)
            return refusal

    async def move_from_silent(self, lot: LotId, to: int) -> None:
        """Carry a move out in place of a shard's holder that is gone; should it come back, its term is over.

        Raises: JournalUnavailable.
        """
        async with self._lent() as connection, connection.transaction():
            shard: int = await connection.fetchval("SELECT exchange.shard_of($1)", lot)
            await connection.execute(_END_TERM, shard)
            await _place(connection, lot, to)

    async def shard_of(self, lot: LotId) -> int:
        """Return where a lot lies now.  Raises: JournalUnavailable."""
        async with self._lent() as connection:
            shard: int = await connection.fetchval("SELECT exchange.shard_of($1)", lot)
            return shard

    async def states(self) -> list[ShardState]:
        """Return all shards.  Raises: JournalUnavailable."""
        async with self._lent() as connection:
            return [ShardState(*row.values()) for row in await connection.fetch(_LIST)]

    async def grow(self, shards: int) -> LotId | None:
        """Spread new lots over so many shards, from the lot number that is returned on; None: it is so already.

        Raises: JournalUnavailable.
        """
        async with self._lent() as connection, connection.transaction():
            await connection.execute("LOCK TABLE exchange.shard_layout IN EXCLUSIVE MODE")
            now = (await connection.fetch(_LAYOUTS))[-1]
            if now["shards"] == shards:
                return None
            from_lot: LotId = await connection.fetchval(_LAST_LOT) + LOTS_OF_NOTICE
            await connection.execute(
                "INSERT INTO exchange.lease (shard) SELECT generate_series(0, $1 - 1) ON CONFLICT DO NOTHING",
                shards,
            )
            await connection.execute(
                "UPDATE exchange.shard_layout SET before_lot = $2 WHERE from_lot = $1",
                now["from_lot"],
                from_lot,
            )
            await connection.execute(
                "INSERT INTO exchange.shard_layout VALUES ($1, $2, $3)", from_lot, 2**63 - 1, shards
            )
            return from_lot


async def _place(connection: asyncpg.Connection, lot: LotId, to: int) -> None:
    await connection.execute(_PLACE, lot, to)
    await connection.execute(_DONE, lot)


def _refusal(known: asyncpg.Record, to: int) -> MoveRefusal | None:
    if known["has_ended"] is None:
        return MoveRefusal.LOT_UNKNOWN
    if known["has_ended"]:
        return MoveRefusal.LOT_CLOSED
    if not known["is_shard"]:
        return MoveRefusal.SHARD_UNKNOWN
    return MoveRefusal.ALREADY_THERE if known["shard"] == to else None
