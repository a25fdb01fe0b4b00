"""What the centre says of itself, over a real database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import msgspec
import pytest

from exchange.adapters.clock import SimulatedClock
from exchange.centre import REMEMBERED_FOR_US, Centre, CentreCard, Lines, VersionMoved
from exchange.people import Account, People, Role
from tests.procedure import CHEAP

START_US = 1_800_000_000_000_000


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[asyncpg.Pool]:
    async with asyncpg.create_pool(database_url, min_size=1, max_size=4) as pool:
        yield pool


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock(START_US)


@pytest.fixture
def centre(pool: asyncpg.Pool, clock: SimulatedClock) -> Centre:
    return Centre(pool, clock)


@pytest.fixture
async def boss(pool: asyncpg.Pool, clock: SimulatedClock) -> Account:
    return await People(pool, clock, hasher=CHEAP).create("boss", "王主任", [Role.ADMIN])


def card(name: str) -> CentreCard:
    return CentreCard(name=Lines(name, name), phone="0591-12345", map_link="https://map.example/{latitude}")


async def test_before_anybody_has_entered_anything_the_centre_has_a_name(centre: Centre) -> None:
    now = await centre.current()
    assert now.version == 0 and now.card.name.en and now.card.name.zh
    assert await centre.versions(2**53, 10) == []


async def test_each_change_is_a_version_with_who_when_and_why(
    centre: Centre, boss: Account, clock: SimulatedClock, pool: asyncpg.Pool
) -> None:
    assert await centre.change(card("first"), 0, boss.id, "founded") == 1
    assert (await centre.current()).card == card("first"), "seen at once where it was changed"
    elsewhere = Centre(pool, clock)
    await elsewhere.current()
    clock.advance(1_000_000)
    assert await centre.change(card("second"), 1, boss.id, "moved") == 2
    assert (await elsewhere.current()).version == 1
    clock.advance(REMEMBERED_FOR_US)
    now = await elsewhere.current()
    assert (now.version, now.by_name, now.reason) == (2, "王主任", "moved")
    assert [one.version for one in await centre.versions(2**53, 10)] == [2, 1]
    assert [one.card.name.en for one in await centre.versions(2, 10)] == ["first"]
    with pytest.raises(asyncpg.RestrictViolationError):
        await pool.execute("DELETE FROM exchange.centre_version")


async def test_of_two_who_change_it_at_once_one_looks_again(centre: Centre, boss: Account) -> None:
    tried = await asyncio.gather(
        *(centre.change(card(name), 0, boss.id, "x") for name in ("first", "second")), return_exceptions=True
    )
    assert sorted(map(str, map(type, tried))) == sorted(map(str, (int, VersionMoved)))
    with pytest.raises(ValueError):
        await centre.change(CentreCard(name=Lines("只有中文", " ")), 1, boss.id, "x")


async def test_a_card_holds_only_what_pages_can_show() -> None:
    for wrong in (
        {"map_link": "javascript:alert(1)"},
        {"map_link": "http://map.example"},
        {"phone": "1\n2"},
        {"phone": "1" * 201},
        {"fax": "1"},
        {"name": {"zh": "x", "en": "y", "fr": "z"}},
    ):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(wrong, CentreCard)


async def test_when_the_database_is_away_the_centre_still_has_its_name(
    centre: Centre, boss: Account, clock: SimulatedClock, pool: asyncpg.Pool
) -> None:
    await centre.change(card("first"), 0, boss.id, "founded")
    await centre.current()
    clock.advance(REMEMBERED_FOR_US)
    await pool.close()
    assert (await centre.current()).card == card("first")
