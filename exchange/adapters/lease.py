"""The lease of a shard in PostgreSQL: who may write it, and when he was last heard of.

No statement of it waits longer than a limit of its own. One that was given up may be carried out late; so it names the
term on which it builds, and changes nothing where somebody, perhaps the same owner, has gone on since.

Belongs here: its SQL. Does not belong here: the fence itself, which is a trigger of the journal.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import asyncpg

from exchange.adapters.answering import lent
from exchange.adapters.postgres import SHARD, writer_name
from exchange.ports import Fenced, JournalUnavailable

_BEGIN = "INSERT INTO exchange.lease (shard) VALUES ($1) ON CONFLICT DO NOTHING"
_TERM = "SELECT term FROM exchange.lease WHERE shard = $1"
_ACQUIRE = """
UPDATE exchange.lease SET term = term + 1, owner = $2, taken_at = clock_timestamp()
 WHERE shard = $1 AND term = $3 RETURNING term"""
_ACQUIRE_QUIET = """
UPDATE exchange.lease SET term = term + 1, owner = $2, taken_at = clock_timestamp()
 WHERE shard = $1
   AND (taken_at IS NULL OR clock_timestamp() - $3 * interval '1 millisecond' >= greatest(
        taken_at, (SELECT pulse.at FROM exchange.pulse WHERE pulse.shard = lease.shard)))
RETURNING term"""
_LEAVE = """
WITH forgotten AS (DELETE FROM exchange.pulse WHERE shard = $1 AND term = $2)
UPDATE exchange.lease SET taken_at = NULL WHERE shard = $1 AND term = $2"""
_TERM_OF_OWNER = "SELECT term FROM exchange.lease WHERE shard = $1 AND owner = $2"
_RENEW = """
UPDATE exchange.lease SET term = term + 1, taken_at = clock_timestamp()
 WHERE shard = $1 AND owner = $2 AND term = $3 RETURNING term"""
# A writer that was stopped, or cut off without a word, may wait for its client for ever, with the lease's row locked.
# One that does not wait for its client ends by itself; above all, one that waits for the synchronous copy must not be
# ended: PostgreSQL would then show what it has committed to all, as if the copy had it.
_END_WRITERS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
 WHERE datname = current_database() AND application_name = $2 AND wait_event_type = 'Client'
   AND EXISTS (SELECT FROM exchange.lease WHERE shard = $1 AND ($3::text IS NULL OR owner = $3))"""
_PULSE = """
INSERT INTO exchange.pulse AS last (shard, term, at)
SELECT shard, term, clock_timestamp() FROM exchange.lease WHERE shard = $1 AND term = $2
ON CONFLICT (shard) DO UPDATE SET term = EXCLUDED.term, at = EXCLUDED.at RETURNING shard"""
_QUIET_MS = """
SELECT (extract(epoch FROM clock_timestamp() - greatest(lease.taken_at, pulse.at)) * 1000)::bigint
  FROM exchange.lease LEFT JOIN exchange.pulse USING (shard) WHERE shard = $1"""

_PATIENCE = "SELECT set_config('lock_timeout', $1, true)"

ROUNDS = 10
"""In how many parts the time for one take-over is spent; each looks anew at who stands in the way."""

ATTEMPTS_MAX = 10
"""How often a shard is taken from under somebody who raises its term at the same time."""


class PostgresLease:
    """The lease row of one shard; whoever takes a shard first makes it.

    Args:
        pool: where connections come from.
        shard: whose lease it is.
        timeout_ms: how long the answer to one statement is waited for.
    """

    def __init__(self, pool: asyncpg.Pool, shard: int = SHARD, timeout_ms: int = 5_000) -> None:
        self._pool = pool
        self._shard = shard
        self._timeout_ms = timeout_ms
        self._timeout_seconds = timeout_ms / 1000

    async def acquire(self, owner: str) -> int:
        """Take the shard over; waits for an append under way, and fences every later one of the old term."""
        await self._ask(_BEGIN)
        for _ in range(ATTEMPTS_MAX):
            known = await self._ask(_TERM)
            term = await self._raise_term(_ACQUIRE, owner, known)
            if term is not None:
                return term
        raise JournalUnavailable(f"the term of shard {self._shard} is raised all the time")

    async def acquire_quiet(self, owner: str, quiet_ms: int) -> int | None:
        """Take the shard over from a silent holder. Of two who try, the second meets the term of the first."""
        quiet = await self.quiet_ms()
        if quiet is not None and quiet < quiet_ms:
            return None
        if quiet is None:
            await self._ask(_BEGIN)
        return await self._raise_term(_ACQUIRE_QUIET, owner, quiet_ms)

    async def leave(self, term: int) -> None:
        """Say that the holder of a term writes no more, so that nobody waits for his silence. Fences nobody.

        Raises: JournalUnavailable.
        """
        await self._ask(_LEAVE, term)

    async def renew(self, owner: str) -> int:
        """Raise the term of the shard's owner; the row's lock waits for an append under way, which is ended."""
        known: int | None = await self._ask(_TERM_OF_OWNER, owner)
        if known is None:
            raise Fenced(f"shard {self._shard} has another owner than {owner}")
        term = await self._raise_term(_RENEW, owner, known, writers_of=owner)
        if term is None:
            raise JournalUnavailable(f"term {known} of shard {self._shard} has just been raised")
        return term

    async def pulse(self, term: int) -> None:
        """Write the moment down, unless the term is over."""
        if await self._ask(_PULSE, term) is None:
            raise Fenced(f"term {term} of shard {self._shard} is over")

    async def quiet_ms(self) -> int | None:
        """Return how long ago the last pulse was, or the take-over if that came later."""
        quiet: int | None = await self._ask(_QUIET_MS)
        return quiet

    async def _raise_term(self, statement: str, *values: Any, writers_of: str | None = None) -> int | None:
        """Return the term that a statement makes; None where somebody has gone on since.

        Waits for the shard's row in rounds, and ends in each whoever keeps it from us: a writer that was at work in one
        round may stand still in the next.  Raises: JournalUnavailable.
        """
        for _ in range(ROUNDS):
            await self._end_writers(writers_of)
            with suppress(asyncpg.LockNotAvailableError):
                async with lent(self._pool, self._timeout_seconds) as connection, connection.transaction():
                    await connection.execute(_PATIENCE, str(max(1, self._timeout_ms // ROUNDS)))
                    term: int | None = await connection.fetchval(
                        statement, self._shard, *values, timeout=self._timeout_seconds
                    )
                    return term
        raise JournalUnavailable(f"somebody keeps the lease of shard {self._shard}")

    async def _end_writers(self, owner: str | None = None) -> None:
        """End the database sessions that write the shard; with an owner, only as long as the shard is his."""
        await self._ask(_END_WRITERS, writer_name(self._shard), owner)

    async def _ask(self, statement: str, *values: Any) -> Any:
        """Return the first value that a statement about the shard gives, in time.  Raises: JournalUnavailable."""
        seconds = self._timeout_seconds
        async with lent(self._pool, seconds) as connection:
            return await connection.fetchval(statement, self._shard, *values, timeout=seconds)
