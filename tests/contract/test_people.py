"""Accounts, passwords, sessions and tokens over a real database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
from argon2 import PasswordHasher

from exchange.accounts import Accounts
from exchange.adapters.clock import SimulatedClock
from exchange.database import StoreUnavailable
from exchange.people import (
    REMEMBERED_FOR_US,
    SESSIONS_PER_ACCOUNT_MAX,
    TOKENS_PER_ACCOUNT_MAX,
    Account,
    LoginTaken,
    NewAccount,
    People,
    Role,
    Session,
    TooManyTokens,
    fingerprint,
)
from tests.procedure import CHEAP

START_US = 1_800_000_000_000_000
HOUR_US = 3_600_000_000
PASSWORD = "a long password"


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock(START_US)


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[asyncpg.Pool]:
    async with asyncpg.create_pool(database_url, min_size=1, max_size=4) as pool:
        yield pool


@pytest.fixture
def people(pool: asyncpg.Pool, clock: SimulatedClock) -> People:
    return People(pool, clock, session_hours=12, hasher=CHEAP)


@pytest.fixture
def office(pool: asyncpg.Pool, clock: SimulatedClock, people: People) -> Accounts:
    return Accounts(pool, clock, people)


async def close(pool: asyncpg.Pool, account: Account) -> None:
    """Close an account as another process would."""
    await pool.execute("UPDATE exchange.account SET is_active = false WHERE id = $1", account.id)


async def signed_in(people: People, login: str = "anna") -> Session:
    session = await people.sign_in(login, PASSWORD)
    assert session is not None
    return session


async def test_a_right_password_begins_a_session_that_names_the_account(people: People) -> None:
    made = await people.create("anna", "Anna 安娜", [Role.BIDDER, Role.HOST], PASSWORD)
    session = await signed_in(people, " Anna ")
    assert session.account == made
    assert session.expires_at_us == START_US + 12 * HOUR_US
    assert await people.by_session(session.token) == made


async def test_a_wrong_password_an_unknown_login_and_a_closed_account_get_nothing(
    people: People, pool: asyncpg.Pool
) -> None:
    anna = await people.create("anna", "Anna", [Role.BIDDER], PASSWORD)
    await people.create("robot", "Robot", [Role.BIDDER])
    assert await people.sign_in("anna", "another password") is None
    assert await people.sign_in("nobody", PASSWORD) is None
    assert await people.sign_in("robot", PASSWORD) is None
    await close(pool, anna)
    assert await people.sign_in("anna", PASSWORD) is None


async def test_an_unknown_login_costs_a_verification_like_a_known_one(
    pool: asyncpg.Pool, clock: SimulatedClock
) -> None:
    class Counting(PasswordHasher):
        verified = 0

        def verify(self, *given: object, **named: object) -> bool:  # type: ignore[override]
            Counting.verified += 1
            return super().verify(*given, **named)  # type: ignore[arg-type]

    people = People(pool, clock, hasher=Counting(time_cost=1, memory_cost=8, parallelism=1))
    await people.create("anna", "Anna", [Role.BIDDER], PASSWORD)
    for login in ("anna", "nobody"):
        before = Counting.verified
        assert await people.sign_in(login, "wrong") is None
        assert Counting.verified == before + 1


async def test_a_hash_of_lower_cost_is_renewed_at_the_next_sign_in(
    people: People, pool: asyncpg.Pool, clock: SimulatedClock
) -> None:
    await people.create("anna", "Anna", [Role.BIDDER], PASSWORD)
    stronger = People(pool, clock, hasher=PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    await signed_in(stronger)
    stored = await pool.fetchval("SELECT password_hash FROM exchange.account")
    assert "t=2" in stored
    await signed_in(stronger)


async def test_what_is_stored_signs_nobody_in(people: People, pool: asyncpg.Pool) -> None:
    anna = await people.create("anna", "Anna", [Role.BIDDER], PASSWORD)
    session, token = await signed_in(people), await people.issue_token(anna.id, "test")
    stored = [await pool.fetchval("SELECT token_sha256 FROM exchange.session")]
    stored.append(await pool.fetchval("SELECT token_sha256 FROM exchange.api_token"))
    assert stored == [fingerprint(session.token), fingerprint(token)]
    text = await pool.fetchval("SELECT string_agg(t::text, ' ') FROM exchange.session t")
    text += await pool.fetchval("SELECT string_agg(t::text, ' ') FROM exchange.api_token t")
    text += await pool.fetchval("SELECT string_agg(t::text, ' ') FROM exchange.account t")
    assert session.token not in text and token not in text and PASSWORD not in text


async def test_signing_out_is_at_once_also_while_somebody_asks(people: People) -> None:
    await people.create("anna", "Anna", [Role.BIDDER], PASSWORD)
    for _ in range(20):
        session = await signed_in(people)
        asking = [people.by_session(session.token) for _ in range(4)]
        await asyncio.gather(*asking[:2], people.sign_out(session.token), *asking[2:])
        assert await people.by_session(session.token) is None


async def test_another_process_believes_a_revoked_session_for_a_few_seconds_at_most(
    people: People, pool: asyncpg.Pool, clock: SimulatedClock
) -> None:
    await people.create("anna", "Anna", [Role.BIDDER], PASSWORD)
    session = await signed_in(people)
    elsewhere = People(pool, clock, hasher=CHEAP)
    assert await elsewhere.by_session(session.token) is not None
    await people.sign_out(session.token)
    clock.advance(REMEMBERED_FOR_US)
    assert await elsewhere.by_session(session.token) is None


async def test_a_session_ends_by_the_clock_to_the_microsecond(people: People, clock: SimulatedClock) -> None:
    await people.create("anna", "Anna", [Role.BIDDER], PASSWORD)
    session = await signed_in(people)
    clock.advance(12 * HOUR_US - 1)
    assert await people.by_session(session.token) is not None
    clock.advance(1)
    assert await people.by_session(session.token) is None


async def test_beyond_the_bound_the_oldest_session_ends(people: People, clock: SimulatedClock) -> None:
    await people.create("anna", "Anna", [Role.BIDDER], PASSWORD)
    sessions = []
    for _ in range(SESSIONS_PER_ACCOUNT_MAX + 1):
        clock.advance(1)
        sessions.append(await signed_in(people))
    assert await people.by_session(sessions[0].token) is None
    assert await people.by_session(sessions[1].token) is not None


async def test_a_proof_checked_a_moment_ago_needs_no_database(
    database_url: str, clock: SimulatedClock
) -> None:
    async with asyncpg.create_pool(database_url, min_size=1, max_size=2) as pool:
        people = People(pool, clock, hasher=CHEAP)
        anna = await people.create("anna", "Anna", [Role.BIDDER], PASSWORD)
        token = await people.issue_token(anna.id, "test")
        assert await people.by_token(token) == anna
    assert await people.by_token(token) == anna
    clock.advance(REMEMBERED_FOR_US)
    with pytest.raises(StoreUnavailable):
        await people.by_token(token)


async def test_a_closed_account_is_out_at_once_and_may_come_back(people: People, office: Accounts) -> None:
    anna = await people.create("anna", "Anna", [Role.BIDDER], PASSWORD)
    session, token = await signed_in(people), await people.issue_token(anna.id, "test")
    assert await people.by_session(session.token) == await people.by_token(token) == anna
    unused = await people.issue_token(anna.id, "never shown")
    heard: list[bytes] = []
    people.listen(heard.append)
    boss = await people.create("boss", "Boss", [Role.ADMIN])
    assert await office.keep_out(anna.id, boss.id, "identity in doubt") is None
    assert sorted(heard) == sorted(map(fingerprint, (session.token, token, unused)))
    assert await people.by_session(session.token) is None
    assert await people.by_token(token) is None
    await office.let_in(anna.id, boss.id, "identity proven")
    assert len(heard) == 3, "to let somebody in revokes nothing"
    assert await people.by_token(token) == anna
    assert await people.by_session(session.token) is None, "whoever held that sign-in may not be she"


async def test_names_are_read_once(people: People, pool: asyncpg.Pool) -> None:
    anna = await people.create("anna", "Anna 安娜", [Role.HOST])
    ben = await people.create("ben", "Ben", [Role.HOST])
    assert await people.names([]) == {}
    assert await people.names([anna.id, 999]) == {anna.id: "Anna 安娜"}
    await pool.execute("UPDATE exchange.account SET name = 'somebody else'")
    assert await people.names({anna.id, ben.id}) == {anna.id: "Anna 安娜", ben.id: "somebody else"}


async def test_tokens_are_named_bounded_and_revocable(people: People) -> None:
    anna = await people.create("anna", "Anna", [Role.BIDDER])
    heard: list[bytes] = []
    stop = people.listen(heard.append)
    first = await people.issue_token(anna.id, "laptop")
    assert await people.by_token(first) == anna
    assert await people.by_token("lc_" + "x" * 43) is None
    assert await people.by_token(first.removeprefix("lc_")) is None
    names = await people.tokens(anna.id)
    assert [name.label for name in names] == ["laptop"]
    assert not await people.revoke_token(anna.id + 1, names[0].id)
    assert await people.revoke_token(anna.id, names[0].id)
    assert await people.by_token(first) is None
    assert heard == [fingerprint(first)]
    stop()
    many = await people.issue_tokens([anna.id] * TOKENS_PER_ACCOUNT_MAX, "many")
    with pytest.raises(TooManyTokens):
        await people.issue_token(anna.id, "one too many")
    assert await people.revoke_token(anna.id, (await people.tokens(anna.id))[0].id)
    assert await people.by_token(many[0]) is None
    assert await people.issue_token(anna.id, "room again") is not None
    assert len(heard) == 1, "who stopped listening hears no more"


async def test_many_accounts_are_made_in_order_and_all_or_none(people: People) -> None:
    new = [NewAccount(f"robot-{n}", f"Robot {n}", (Role.BIDDER,)) for n in range(300)]
    made = await people.create_many(new, is_demo=True)
    assert [one.login for one in made] == [one.login for one in new]
    assert all(one.is_demo and one.roles == (Role.BIDDER,) for one in made)
    more = [NewAccount(login, login, (Role.BIDDER,)) for login in ("fresh", "robot-7", "robot-1")]
    with pytest.raises(LoginTaken) as refused:
        await people.create_many(more)
    assert refused.value.logins == ("robot-1", "robot-7")
    assert await people.by_login("fresh") is None
    with pytest.raises(LoginTaken):
        await people.create_many([more[0], more[0]])


@pytest.mark.parametrize("login", ["", "a", "Anna", "an na", "-anna", "x" * 65, "安娜", "anna\n"])
async def test_a_login_that_cannot_be_one_is_not_made(people: People, login: str) -> None:
    with pytest.raises(ValueError):
        await people.create(login, "Anna", [Role.BIDDER], PASSWORD)


async def test_a_password_must_have_some_length(people: People) -> None:
    for password in ("seven77", "x" * 201):
        with pytest.raises(ValueError):
            await people.create("anna", "Anna", [Role.BIDDER], password)


async def test_accounts_are_listed_in_pages_and_found_by_role(people: People, pool: asyncpg.Pool) -> None:
    anna = await people.create("anna", "Anna", [Role.BIDDER])
    ben = await people.create("ben", "Ben", [Role.HOST])
    carl = await people.create("carl", "Carl", [Role.BIDDER])
    await close(pool, carl)
    assert await people.accounts(0, 2) == [anna, ben]
    assert [one.login for one in await people.accounts(ben.id, 2)] == ["carl"]
    assert await people.with_role([anna.id, ben.id, carl.id, 999], Role.BIDDER) == {anna.id}
    assert await people.get(999) is None
