"""The record of acts over a real database: what it keeps, and how it shows that somebody touched it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import msgspec
import pytest

from exchange.audit import TEXT_CHARACTERS_MAX, Audit, Entry, EntrySearch

START_US = 1_800_000_000_000_000


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[asyncpg.Pool]:
    async with asyncpg.create_pool(database_url, min_size=1, max_size=8) as pool:
        yield pool


@pytest.fixture
def audit(pool: asyncpg.Pool) -> Audit:
    return Audit(pool)


def entry(n: int = 0, **other: object) -> Entry:
    fields: dict[str, object] = {
        "at_us": START_US + n,
        "operation": "publish_lot",
        "code": "OK",
        "account": 7,
    }
    return msgspec.convert(fields | other, Entry)


async def force(pool: asyncpg.Pool, statement: str, *values: object) -> None:
    """Do what only somebody can who owns the database."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("ALTER TABLE exchange.audit DISABLE TRIGGER USER")
        await connection.execute(statement, *values)
        await connection.execute("ALTER TABLE exchange.audit ENABLE TRIGGER USER")


async def test_entries_are_numbered_and_chained_also_when_many_write_at_once(audit: Audit) -> None:
    report = await audit.verify()
    assert report.is_sound and (report.entries, report.position, report.link) == (0, 0, "")
    positions = await asyncio.gather(*(audit.add(entry(n)) for n in range(60)))
    assert sorted(positions) == list(range(1, 61))
    report = await audit.verify()
    assert report.is_sound and (report.entries, report.position) == (60, 60)
    (latest,) = await audit.search(EntrySearch(limit=1))
    assert (latest.position, latest.link) == (60, report.link)


async def test_entries_are_found_by_account_operation_lot_time_and_page(audit: Audit) -> None:
    await audit.add(entry(0, about={"lot": 3, "reason": "because"}))
    await audit.add(entry(10, account=None, login="somebody", operation="sign_in", code="WRONG_CREDENTIALS"))
    await audit.add(entry(20, account=8, operation="set_roles", roles=["admin"], about={"account": 7}))
    for search, positions in (
        (EntrySearch(), [3, 2, 1]),
        (EntrySearch(before=3), [2, 1]),
        (EntrySearch(limit=1), [3]),
        (EntrySearch(account=7), [1]),
        (EntrySearch(operation="sign_in"), [2]),
        (EntrySearch(lot=3), [1]),
        (EntrySearch(from_us=START_US + 10, until_us=START_US + 20), [2]),
        (EntrySearch(lot=4), []),
    ):
        assert [kept.position for kept in await audit.search(search)] == positions, search
    assert await audit.operations() == ["publish_lot", "set_roles", "sign_in"]


async def test_an_entry_grows_no_longer_than_it_may(audit: Audit) -> None:
    about = {f"key {n}": "x" * 10_000 for n in range(50)}
    await audit.add(entry(login="y" * 10_000, about=about))
    (kept,) = await audit.search(EntrySearch())
    assert len(kept.entry.login) == TEXT_CHARACTERS_MAX
    assert len(kept.entry.about) == 20
    assert len(msgspec.json.encode(kept.entry)) < 20_000


async def test_nobody_changes_or_deletes_an_entry_in_passing(audit: Audit, pool: asyncpg.Pool) -> None:
    await audit.add(entry())
    for statement in (
        "UPDATE exchange.audit SET code = ''",
        "UPDATE exchange.audit SET body = ''",
        "DELETE FROM exchange.audit",
        "TRUNCATE exchange.audit",
    ):
        with pytest.raises((asyncpg.RestrictViolationError, asyncpg.UndefinedColumnError)):
            await pool.execute(statement)


@pytest.mark.parametrize(
    ("statement", "position", "what"),
    [
        ("UPDATE exchange.audit SET body = convert_to(replace(convert_from(body, 'UTF8'), 'OK', 'NO'), 'UTF8') "
         "WHERE position = 4", 4, "has been changed"),
        ("UPDATE exchange.audit SET account = 9 WHERE position = 4", 4, "columns"),
        ("UPDATE exchange.audit SET lot = 9 WHERE position = 4", 4, "columns"),
        ("DELETE FROM exchange.audit WHERE position IN (4, 5)", 6, "entries 4 to 5 are missing"),
        ("DELETE FROM exchange.audit WHERE position > 7", 7, "had reached 9"),
        ("DELETE FROM exchange.audit WHERE position = 1", 2, "entries 1 to 1 are missing"),
        ("UPDATE exchange.audit SET link = sha256('x') WHERE position = 9", 9, "has been changed"),
        ("UPDATE exchange.audit SET body = 'not an entry' WHERE position = 5", 5, "has been changed"),
        ("UPDATE exchange.audit_head SET position = 8", 8, ""),
        ("DELETE FROM exchange.audit_head", 0, "the end of the chain is missing"),
    ],
)  # fmt: skip
async def test_whatever_the_owner_of_the_database_does_shows(
    audit: Audit, pool: asyncpg.Pool, statement: str, position: int, what: str
) -> None:
    for n in range(9):
        await audit.add(entry(n))
    await force(pool, statement)
    report = await audit.verify()
    assert not report.is_sound
    assert report.flaws[0].position == position and what in report.flaws[0].what.en


async def test_a_chain_written_anew_shows_against_a_place_that_was_noted(
    audit: Audit, pool: asyncpg.Pool
) -> None:
    for n in range(3):
        await audit.add(entry(n))
    (noted,) = await audit.search(EntrySearch(limit=1))
    await force(pool, "DELETE FROM exchange.audit")
    await pool.execute("UPDATE exchange.audit_head SET position = 0, link = ''")
    for n in range(4):
        await audit.add(entry(n, account=9))
    assert (await audit.verify()).is_sound
    report = await audit.verify(noted)
    assert [flaw.position for flaw in report.flaws] == [3]
    later = msgspec.structs.replace(noted, position=99)
    assert [flaw.position for flaw in (await audit.verify(later)).flaws] == [99]
