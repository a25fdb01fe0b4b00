"""Changes that requests make, each a transaction, and the answers to those that their callers named.

Belongs here: keeping and finding answers, so that the same id gets the first one. Does not belong here: which requests
have an id (`gateways.api.carrying_out`), commands to the engine, which keeps its own.
"""

from __future__ import annotations

from typing import Any, Final

from msgspec import Struct

from exchange.database import Change, Database
from matching.units import TimeUs

KEPT_FOR_US: Final = 30 * 86_400_000_000
"""Nobody retries for longer than a month."""

FORGOTTEN_AT_ONCE: Final = 100

LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"
SELECT_ONE: Final = """
SELECT request_hmac, status, answer FROM exchange.kept_answer WHERE account = $1 AND command_sha256 = $2
"""
INSERT_ONE: Final = """
INSERT INTO exchange.kept_answer (account, command_sha256, request_hmac, status, answer, answered_at_us)
VALUES ($1, $2, $3, $4, $5, $6)
"""
FORGET_OLD: Final = """
DELETE FROM exchange.kept_answer WHERE (account, command_sha256) IN (
    SELECT account, command_sha256 FROM exchange.kept_answer WHERE answered_at_us < $1
     ORDER BY answered_at_us LIMIT $2 FOR UPDATE SKIP LOCKED
)
"""


class KeptAnswer(Struct, frozen=True):
    """What a request was answered with. `request` is its HMAC; `answer` None where it could be read only once."""

    request: bytes
    status: int
    answer: bytes | None


class Changes:
    """Changes and their answers over PostgreSQL.

    Every method raises StoreUnavailable when the database does not answer.
    """

    def __init__(self, pool: Any) -> None:
        """Take a pool that the caller opens and closes."""
        self._pool = pool
        self._database = Database(pool)

    def one(self) -> Change:
        """Return a change to be made, in which all stores over the same pool take part."""
        return Change(self._pool)

    async def find(self, account: int, command: bytes) -> KeptAnswer | None:
        """Return the answer to what an account asked under an id, given as its SHA-256.

        Whoever asks at the same time waits for it.

        Belongs at the beginning of a change, which holds the id until it ends.
        """
        async with self._database.transaction() as statements:
            await statements.value(LOCK, f"{account} {command.hex()}")
            row = await statements.row(SELECT_ONE, account, command)
        return None if row is None else KeptAnswer(row["request_hmac"], row["status"], row["answer"])

    async def keep(self, account: int, command: bytes, answer: KeptAnswer, now_us: TimeUs) -> None:
        """Keep an answer, and let go of some that nobody asks for any more.

        Raises: NotUnique, when there is one already.
        """
        async with self._database.transaction() as statements:
            kept = (answer.request, answer.status, answer.answer)
            await statements.run(INSERT_ONE, account, command, *kept, now_us)
            await statements.run(FORGET_OLD, now_us - KEPT_FOR_US, FORGOTTEN_AT_ONCE)
