"""A ledger of very many postings for tests of memory: written by the database itself, consistent in every leg.

Belongs here: the rows. They carry no real hash chain, so nothing that verifies the chain can use them.
"""

import asyncpg

ACCOUNTS = """
INSERT INTO ledger.account (code, currency, flags, debits_posted, credits_posted, version)
SELECT 'assets:bank:cny', 'CNY', 2, sum(n), 0, count(*) FROM generate_series(1, $1::bigint) n
UNION ALL
SELECT 'liabilities:deposit:lot-' || n % 1000 || ':bidder-1', 'CNY', 1, 0, sum(n), count(*)
FROM generate_series(1, $1::bigint) n GROUP BY n % 1000
"""

TRANSFERS = """
INSERT INTO ledger.transfer (
    sequence, id, kind, debit, credit, amount, currency, purpose, flags, event_at_us, reference, memo,
    recorded_at_us, hash
)
SELECT n, gen_random_uuid(), 'posted', 'assets:bank:cny', 'liabilities:deposit:lot-' || n % 1000 || ':bidder-1', n,
    'CNY', 'deposit_received', 0, 1700000000000000 + n * 1000000, n::text, '=memo of posting ' || n,
    1700000000000000 + n * 1000000, sha256(n::text::bytea)
FROM generate_series(1, $1::bigint) n
"""

ENTRIES = """
INSERT INTO ledger.entry (
    sequence, side, account, account_version, currency, pending_change, posted_change, debits_pending, debits_posted,
    credits_pending, credits_posted, recorded_at_us
)
SELECT n, 'debit', 'assets:bank:cny', n, 'CNY', 0, n, 0, n * (n + 1) / 2, 0, 0, 1700000000000000 + n * 1000000
FROM generate_series(1, $1::bigint) n
UNION ALL
SELECT n, 'credit', 'liabilities:deposit:lot-' || n % 1000 || ':bidder-1',
    row_number() OVER account, 'CNY', 0, n, 0, 0, 0, sum(n) OVER account, 1700000000000000 + n * 1000000
FROM generate_series(1, $1::bigint) n WINDOW account AS (PARTITION BY n % 1000 ORDER BY n)
"""

EMPTY = "TRUNCATE ledger.account, ledger.transfer, ledger.entry CASCADE"


async def fill(database_url: str, postings: int) -> None:
    """Write receipts of 1, 2, 3 ... minor units for a thousand deposits, a second apart, in place of what is there."""
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute("SET session_replication_role = replica")
        await connection.execute(EMPTY)
        for statement in (ACCOUNTS, TRANSFERS, ENTRIES):
            await connection.execute(statement, postings)
        await connection.execute(
            "UPDATE ledger.head SET sequence = $1, hash = $2, recorded_at_us = $3",
            postings,
            bytes(32),
            1_700_000_000_000_000 + postings * 1_000_000,
        )
        await connection.execute("ANALYZE")
    finally:
        await connection.close()
