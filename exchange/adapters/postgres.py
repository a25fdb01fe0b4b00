"""Journal and snapshots in PostgreSQL: the truth of the exchange.

Belongs here: their SQL, and the translation of driver errors into the ports' exceptions.
Does not belong here: the lease (`exchange.adapters.lease`), the procedure's tables, the ledger's.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from typing import Any

import asyncpg
import msgspec

from exchange.adapters.answering import READ_SECONDS_MAX, UNREACHABLE, hung_up_after, lent, reaching
from exchange.adapters.attentive import CONNECT_SECONDS_MAX, AttentiveConnection
from exchange.ports import Archived, Batch, Fenced, JournalFailed, JournalUnavailable, RefusalRow, Snapshot
from exchange.records import JournalRow
from exchange.settings import Settings
from matching.refusals import Refused
from matching.units import LotId, TimeUs

SHARD = 0

_WRITE_UNDER = """
SELECT set_config('luochui.shard', $1, false), set_config('luochui.term', $2, false),
       set_config('synchronous_commit', 'on', false), set_config('application_name', $3, false)"""
_NOT_THE_WRITER = frozenset({"LC001", "LC002"})
"""SQL states of the fence: the term is over; a lot lies in another shard."""
_HEAD = "SELECT coalesce(max(position), 0) FROM exchange.journal WHERE shard = $1"
_ROW = "SELECT position, lot_id, sequence, at_us, is_outcome, body, link FROM exchange.journal "
_READ_FROM = _ROW + "WHERE shard = $1 AND position > $2 ORDER BY position LIMIT $3"
_READ_OUTCOMES = _ROW + "WHERE is_outcome AND shard = $1 AND position > $2 ORDER BY position LIMIT $3"
_READ_LOT = _ROW + "WHERE lot_id = $1 AND sequence > $2 ORDER BY sequence LIMIT $3"
_OPEN_LOTS = """
SELECT lot_id FROM exchange.journal AS first
  JOIN exchange.shard_layout AS layout ON lot_id >= from_lot AND lot_id < before_lot
  LEFT JOIN exchange.lot_place AS place USING (lot_id)
 WHERE sequence = 1 AND coalesce(place.shard, lot_id % layout.shards) = $1
   AND NOT EXISTS (SELECT FROM exchange.journal AS ended WHERE ended.is_outcome AND ended.lot_id = first.lot_id)
 ORDER BY lot_id"""
_ARCHIVED_IN = """
SELECT file FROM exchange.archived_lot JOIN exchange.journal_archive USING (part)
 WHERE lot_id = $1 AND $2 BETWEEN first_sequence AND last_sequence"""
_FIRST_SINCE = "SELECT coalesce(min(sequence), 0) FROM exchange.journal WHERE lot_id = $1 AND at_us >= $2"
# Of a lot of which nothing is known no row is looked for that lies before the horizon: all of them come anyway.
_READ_LOTS = """
SELECT record.* FROM unnest($1::bigint[], $2::bigint[]) AS wanted (lot, known)
 CROSS JOIN LATERAL (SELECT CASE WHEN known > 0 THEN least(known, coalesce((
        SELECT sequence FROM exchange.journal WHERE lot_id = lot AND at_us < $3 ORDER BY sequence DESC LIMIT 1
    ), 0)) ELSE 0 END AS after) AS begin
 CROSS JOIN LATERAL (
        SELECT position, lot_id, sequence, at_us, is_outcome, body, link FROM exchange.journal
         WHERE lot_id = lot AND sequence > after ORDER BY sequence) AS record"""
_READ_REFUSALS_OF = """
SELECT lot_id, command_id, party, at_us, amount, refused FROM exchange.refusal
 WHERE lot_id = ANY($1) AND at_us >= $2 ORDER BY lot_id, at_us"""
_READ_REFUSALS = """
SELECT lot_id, command_id, party, at_us, amount, refused FROM exchange.refusal
 WHERE lot_id = $1 AND at_us >= $2 ORDER BY at_us LIMIT $3"""
_SAVE_SNAPSHOT = """
INSERT INTO exchange.snapshot AS kept (lot_id, sequence, link, state) VALUES ($1, $2, $3, $4)
ON CONFLICT (lot_id) DO UPDATE SET sequence = EXCLUDED.sequence, link = EXCLUDED.link, state = EXCLUDED.state
 WHERE kept.sequence < EXCLUDED.sequence"""
_LOAD_SNAPSHOT = "SELECT lot_id, sequence, link, state FROM exchange.snapshot WHERE lot_id = $1"
_LOAD_SNAPSHOTS = "SELECT lot_id, sequence, link, state FROM exchange.snapshot WHERE lot_id = ANY($1)"

PORTION_ROWS = 5_000
"""How many rows a reader of many lots holds at once."""

_JOURNAL_COLUMNS = ("position", "lot_id", "sequence", "at_us", "is_outcome", "body", "link", "shard")
_REFUSAL_COLUMNS = ("lot_id", "command_id", "party", "at_us", "amount", "code", "refused")

_encode_refused = msgspec.json.Encoder().encode
_decode_refused = msgspec.json.Decoder(Refused).decode


class PostgresJournal:
    """The journal table as one shard sees it. Appends go through one connection of its own; reads through the pool.

    The connection keeps its term in its session, so `dsn` must not lead through a pooler in transaction mode.
    """

    def __init__(self, dsn: str, pool: asyncpg.Pool, shard: int = SHARD, timeout_ms: int = 10_000) -> None:
        self._dsn = dsn
        self._pool = pool
        self._shard = shard
        self._timeout_seconds = timeout_ms / 1000
        self._connection: asyncpg.Connection | None = None
        self._written_term = 0

    async def append(self, term: int, batch: Batch) -> None:
        """Append in one transaction by binary COPY; the table's own fence checks the term in it."""
        try:
            async with asyncio.timeout(self._timeout_seconds):
                await _append(await self._writer(term), batch, self._shard)
        except asyncio.CancelledError:
            await self.close()  # cut off in the middle of its protocol, the connection is of no further use
            raise
        except UNREACHABLE as error:
            await self.close()
            raise JournalUnavailable(str(error)) from error
        except asyncpg.PostgresError as error:
            await self.close()
            if error.sqlstate in _NOT_THE_WRITER:
                raise Fenced(f"term {term} of shard {self._shard}: {error}") from error
            raise JournalFailed(f"{type(error).__name__}: {error}") from error

    async def close(self) -> None:
        """Let go of the writing connection; an append under way is rolled back by the server."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()

    async def head(self) -> int:
        """Return the last position."""
        position: int = await self._value(_HEAD, self._shard)
        return position

    async def read_from(self, position: int, limit: int) -> list[JournalRow]:
        """Return rows after `position`."""
        return await self._rows(_READ_FROM, self._shard, position, limit)

    async def read_outcomes(self, position: int, limit: int) -> list[JournalRow]:
        """Return rows after `position` that end a lot."""
        return await self._rows(_READ_OUTCOMES, self._shard, position, limit)

    async def read_lot(self, lot: LotId, after: int, limit: int) -> list[JournalRow]:
        """Return rows of one lot after sequence `after`, whichever shards wrote them."""
        rows = await self._rows(_READ_LOT, lot, after, limit)
        if not rows or rows[0].sequence != after + 1:
            await self._require_present(lot, after + 1)
        return rows

    async def open_lots(self) -> list[LotId]:
        """Return the lots that have begun and not ended."""
        return [row[0] for row in await self._fetch(_OPEN_LOTS, self._shard)]

    async def first_sequence_since(self, lot: LotId, at_us: TimeUs) -> int:
        """Return the first sequence at or after a moment."""
        sequence: int = await self._value(_FIRST_SINCE, lot, at_us)
        return sequence

    async def read_refusals(self, lot: LotId, since_us: TimeUs, limit: int) -> list[RefusalRow]:
        """Return refusals at or after a moment."""
        return [_refusal(row) for row in await self._fetch(_READ_REFUSALS, lot, since_us, limit)]

    async def read_lots(
        self, known: Mapping[LotId, int], since_us: TimeUs
    ) -> AsyncIterator[list[JournalRow]]:
        """Yield the rows of many lots, whichever shards wrote them, through one cursor."""
        portions = self._portions(_READ_LOTS, list(known), list(known.values()), since_us)
        async for portion in portions:
            yield [JournalRow(*row) for row in portion]

    async def read_refusals_of(
        self, lots: Sequence[LotId], since_us: TimeUs
    ) -> AsyncIterator[list[RefusalRow]]:
        """Yield the refusals of many lots through one cursor."""
        async for portion in self._portions(_READ_REFUSALS_OF, list(lots), since_us):
            yield [_refusal(row) for row in portion]

    async def epoch(self) -> str:
        """Return the journal's identity."""
        epoch: str = await self._value("SELECT epoch FROM exchange.journal_identity")
        return epoch

    async def _require_present(self, lot: LotId, sequence: int) -> None:
        """Raise Archived when a record lies in a file of the archive."""
        file: str | None = await self._value(_ARCHIVED_IN, lot, sequence)
        if file is not None:
            raise Archived(lot, file)

    async def _portions(self, query: str, *arguments: Any) -> AsyncIterator[list[asyncpg.Record]]:
        """Yield what a query finds, without ever holding more than a portion of it."""
        seconds = READ_SECONDS_MAX
        async with reaching(), self._pool.acquire(timeout=seconds) as connection:
            transaction = connection.transaction(readonly=True)
            with hung_up_after(connection, seconds):
                await transaction.start()
            try:
                with hung_up_after(connection, seconds):
                    cursor = await connection.cursor(query, *arguments)
                    portion = await cursor.fetch(PORTION_ROWS)
                while portion:
                    yield portion
                    with hung_up_after(connection, seconds):
                        portion = await cursor.fetch(PORTION_ROWS)
            finally:
                with hung_up_after(connection, seconds):
                    await transaction.rollback()

    async def _rows(self, query: str, *arguments: Any) -> list[JournalRow]:
        return [JournalRow(*row.values()) for row in await self._fetch(query, *arguments)]

    async def _fetch(self, query: str, *arguments: Any) -> list[asyncpg.Record]:
        async with lent(self._pool, READ_SECONDS_MAX) as connection:
            rows: list[asyncpg.Record] = await connection.fetch(query, *arguments, timeout=READ_SECONDS_MAX)
            return rows

    async def _value(self, query: str, *arguments: Any) -> Any:
        async with lent(self._pool, READ_SECONDS_MAX) as connection:
            return await connection.fetchval(query, *arguments, timeout=READ_SECONDS_MAX)

    async def _writer(self, term: int) -> asyncpg.Connection:
        """Return the writing connection, which the database's fence knows by its term."""
        if self._connection is None or self._connection.is_closed():
            self._connection = await asyncpg.connect(self._dsn, connection_class=AttentiveConnection)
            self._written_term = 0
        if self._written_term != term:
            name = writer_name(self._shard)
            await self._connection.execute(_WRITE_UNDER, str(self._shard), str(term), name)
            self._written_term = term
        return self._connection


class PostgresSnapshots:
    """The snapshot table."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def save(self, snapshots: Iterable[Snapshot]) -> None:
        """Keep snapshots unless later ones are there."""
        rows = [(snapshot.lot, snapshot.sequence, snapshot.link, snapshot.state) for snapshot in snapshots]
        async with lent(self._pool, READ_SECONDS_MAX) as connection:
            await connection.executemany(_SAVE_SNAPSHOT, rows)

    async def load(self, lot: LotId) -> Snapshot | None:
        """Return the latest snapshot."""
        async with lent(self._pool, READ_SECONDS_MAX) as connection:
            row = await connection.fetchrow(_LOAD_SNAPSHOT, lot)
            return None if row is None else Snapshot(*row.values())

    async def load_all(self, lots: Sequence[LotId]) -> list[Snapshot]:
        """Return the latest snapshots of many lots."""
        async with lent(self._pool, READ_SECONDS_MAX) as connection:
            return [Snapshot(*row) for row in await connection.fetch(_LOAD_SNAPSHOTS, list(lots))]


def pool_options(settings: Settings) -> dict[str, Any]:
    """Return what a pool must know: how its connections notice that they are lost, and, behind a pooler in
    transaction mode, that no statement outlives its transaction.
    """
    pooled = {"statement_cache_size": 0} if settings.journal_url else {}
    return {"connection_class": AttentiveConnection, "timeout": CONNECT_SECONDS_MAX, **pooled}


async def shards_of(pool: asyncpg.Pool) -> range:
    """Return the shards that there are, from 0.  Raises: JournalUnavailable."""
    async with lent(pool, READ_SECONDS_MAX) as connection:
        return range(await connection.fetchval("SELECT max(shard) + 1 FROM exchange.lease"))


def writer_name(shard: int) -> str:
    """Return the name under which PostgreSQL lists the session that writes a shard."""
    return f"luochui writer of shard {shard}"


async def _append(connection: asyncpg.Connection, batch: Batch, shard: int) -> None:
    """Write a batch as one transaction. A COPY alone is one already, which spares two round trips."""
    if not batch.refusals:
        await _copy(connection, "journal", _JOURNAL_COLUMNS, _journal_values(batch.rows, shard))
        return
    async with connection.transaction():
        if batch.rows:
            await _copy(connection, "journal", _JOURNAL_COLUMNS, _journal_values(batch.rows, shard))
        await _copy(connection, "refusal", _REFUSAL_COLUMNS, map(_refusal_values, batch.refusals))


async def _copy(
    connection: asyncpg.Connection, table: str, columns: Sequence[str], records: Iterable[tuple[Any, ...]]
) -> None:
    await connection.copy_records_to_table(table, schema_name="exchange", columns=columns, records=records)


def _journal_values(rows: Iterable[JournalRow], shard: int) -> Iterator[tuple[Any, ...]]:
    for row in rows:
        yield row.position, row.lot, row.sequence, row.at_us, row.is_outcome, row.body, row.link, shard


def _refusal_values(row: RefusalRow) -> tuple[Any, ...]:
    refused = row.refused
    encoded = _encode_refused(refused)
    return row.lot, row.command_id, row.party, row.at_us, row.amount, int(refused.code), encoded


def _refusal(row: asyncpg.Record) -> RefusalRow:
    lot, command_id, party, at_us, amount, refused = row.values()
    return RefusalRow(lot, command_id, party, at_us, amount, _decode_refused(refused))
