"""What administrators do with accounts, over a real database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from exchange.accounts import AccountMissing, AccountRefusal, Accounts, AccountSearch, ChangeKind
from exchange.adapters.clock import SimulatedClock
from exchange.people import Account, NewAccount, Origin, People, Role, SamePassword
from tests.procedure import CHEAP

START_US = 1_800_000_000_000_000
PASSWORD = "a long password"


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[asyncpg.Pool]:
    async with asyncpg.create_pool(database_url, min_size=1, max_size=6) as pool:
        yield pool


@pytest.fixture
def people(pool: asyncpg.Pool) -> People:
    return People(pool, SimulatedClock(START_US), session_hours=12, hasher=CHEAP)


@pytest.fixture
def accounts(pool: asyncpg.Pool, people: People) -> Accounts:
    return Accounts(pool, SimulatedClock(START_US), people)


@pytest.fixture
async def boss(people: People) -> Account:
    return await people.create("boss", "王主任", [Role.ADMIN], PASSWORD)


async def test_accounts_are_found_by_text_number_role_and_standing_in_pages(
    people: People, accounts: Accounts, boss: Account
) -> None:
    made = await people.create_many(
        [NewAccount(f"b-{n:02}", f"竞买人 {n}", (Role.BIDDER,)) for n in range(30)]
    )
    host = await people.create("host-1", "HOST 100%_主持", [Role.HOST, Role.FINANCE])
    everybody = await accounts.search(AccountSearch(limit=10, offset=25))
    assert (len(everybody.accounts), everybody.total) == (7, 32)
    for text, logins in (
        ("主持", ["host-1"]),
        ("HOST", ["host-1"]),
        ("%_", ["host-1"]),
        (str(host.id), ["host-1"]),
        ("nobody", []),
        ("b-07", ["b-07"]),
    ):
        assert [one.login for one in (await accounts.search(AccountSearch(text))).accounts] == logins, text
    assert (await accounts.search(AccountSearch(role=Role.FINANCE))).total == 1
    await accounts.keep_out(made[3].id, boss.id, "no papers")
    assert [one.login for one in (await accounts.search(AccountSearch(is_active=False))).accounts] == ["b-03"]
    assert (await accounts.search(AccountSearch(role=Role.BIDDER, is_active=True))).total == 29


async def test_roles_change_with_a_history_and_at_once_also_for_who_is_signed_in(
    people: People, accounts: Accounts, boss: Account
) -> None:
    anna = await people.create("anna", "Anna", [Role.BIDDER], PASSWORD)
    session = await people.sign_in("anna", PASSWORD)
    assert session is not None and await people.by_session(session.token) == anna
    heard: list[bytes] = []
    people.listen(heard.append)
    roles = (Role.HOST, Role.AUDITOR)
    assert await accounts.set_roles(anna.id, roles, boss.id, "joins the hall") is None
    assert len(heard) == 1, "the live connection of the old roles ends"
    changed = await people.by_session(session.token)
    assert changed is not None and changed.roles == roles
    assert await accounts.set_roles(anna.id, roles[::-1], boss.id, "the same") is None
    (change,) = await accounts.changes(anna.id)
    assert (change.kind, change.roles_before, change.roles_after) == (ChangeKind.ROLES, (Role.BIDDER,), roles)
    assert (change.by_name, change.changed_at_us, change.reason) == ("王主任", START_US, "joins the hall")


async def test_nobody_takes_his_own_admin_role_and_the_last_admin_stays(
    people: People, accounts: Accounts, boss: Account
) -> None:
    other = await people.create("other", "Other", [Role.ADMIN, Role.HOST])
    bidder = await people.create("anna", "Anna", [Role.BIDDER])
    assert await accounts.set_roles(boss.id, [Role.HOST], boss.id, "x") is AccountRefusal.OWN_ACCOUNT
    assert await accounts.keep_out(boss.id, boss.id, "x") is AccountRefusal.OWN_ACCOUNT
    assert await accounts.reset_password(boss.id, boss.id, "x") is AccountRefusal.OWN_ACCOUNT
    assert await accounts.set_roles(boss.id, [Role.ADMIN, Role.HOST], boss.id, "also hosts") is None
    assert await accounts.keep_out(other.id, boss.id, "left us") is None
    assert await accounts.set_roles(boss.id, [Role.HOST], bidder.id, "x") is AccountRefusal.LAST_ADMIN
    assert await accounts.keep_out(boss.id, bidder.id, "x") is AccountRefusal.LAST_ADMIN
    assert await accounts.keep_out(bidder.id, boss.id, "fraud") is None
    assert (
        await accounts.set_roles(other.id, [Role.HOST], boss.id, "one who is kept out counts for nothing")
        is None
    )


async def test_two_admins_who_keep_each_other_out_at_once_leave_one(
    people: People, accounts: Accounts, boss: Account
) -> None:
    for n in range(5):
        other = await people.create(f"other-{n}", "Other", [Role.ADMIN])
        await asyncio.gather(
            accounts.keep_out(boss.id, other.id, "x"), accounts.keep_out(other.id, boss.id, "x")
        )
        inside = (await accounts.search(AccountSearch(role=Role.ADMIN, is_active=True))).accounts
        assert len(inside) == 1
        await accounts.let_in(boss.id, other.id, "again")
        if inside[0].id != boss.id:
            await accounts.keep_out(other.id, boss.id, "x")


async def test_what_was_changed_of_an_account_can_be_changed_by_nobody(
    pool: asyncpg.Pool, people: People, accounts: Accounts, boss: Account
) -> None:
    anna = await people.create("anna", "Anna", [Role.BIDDER])
    await accounts.keep_out(anna.id, boss.id, "fraud")
    for statement in (
        "UPDATE exchange.account_change SET reason = ''",
        "DELETE FROM exchange.account_change",
    ):
        with pytest.raises(asyncpg.RestrictViolationError):
            await pool.execute(statement)


async def test_a_reset_password_ends_sign_ins_and_must_be_changed_first(
    pool: asyncpg.Pool, people: People, accounts: Accounts, boss: Account
) -> None:
    anna = await people.create("anna", "Anna", [Role.BIDDER], PASSWORD)
    old, token = await people.sign_in("anna", PASSWORD), await people.issue_token(anna.id, "robot")
    assert old is not None and await people.by_session(old.token) == anna
    made = await accounts.reset_password(anna.id, boss.id, "forgotten, papers seen")
    assert isinstance(made, str) and len(made) == 23
    assert await people.by_session(old.token) is None
    assert await people.sign_in("anna", PASSWORD) is None
    session = await people.sign_in("anna", made)
    assert session is not None and session.account.must_change_password
    program = await people.by_token(token)
    assert program is not None and not program.must_change_password, "a program goes on"
    stored = await pool.fetchval("SELECT string_agg(c::text, ' ') FROM exchange.account_change c")
    assert made not in stored and "forgotten" in stored

    assert await people.change_password(session.account, "something else", PASSWORD) is None
    with pytest.raises(SamePassword):
        await people.change_password(session.account, made, made)
    with pytest.raises(ValueError):
        await people.change_password(session.account, made, "short")
    chosen = await people.change_password(session.account, made, "my own password")
    assert chosen is not None and not chosen.account.must_change_password
    assert await people.by_session(session.token) is None
    assert await people.by_session(chosen.token) == anna
    with pytest.raises(AccountMissing):
        await accounts.reset_password(anna.id + 1, boss.id, "x")


async def test_sign_ins_are_known_by_where_they_come_from_and_ended_one_by_one(
    people: People, accounts: Accounts
) -> None:
    anna = await people.create("anna", "Anna", [Role.BIDDER], PASSWORD)
    ben = await people.create("ben", "Ben", [Role.BIDDER], PASSWORD)
    here = await people.sign_in("anna", PASSWORD, Origin("192.0.2.1", "Browser " * 100))
    there = await people.sign_in("anna", PASSWORD, Origin("192.0.2.2", "Telephone"))
    assert here is not None and there is not None
    listed = {one.address: one for one in await people.sign_ins(anna.id, here.token)}
    assert listed["192.0.2.1"].is_this and not listed["192.0.2.2"].is_this
    assert len(listed["192.0.2.1"].program) == 200
    found = await accounts.get(anna.id)
    assert found is not None and (found.sign_ins, found.signed_in_at_us) == (2, START_US)
    assert not await people.end_sign_in(ben.id, listed["192.0.2.2"].id), "of another account"
    assert await people.end_sign_in(anna.id, listed["192.0.2.2"].id)
    assert await people.by_session(there.token) is None
    assert await people.by_session(here.token) == anna
    assert await people.end_sign_ins(anna.id) == 1
    assert await people.by_session(here.token) is None
