"""One running exchange for the end-to-end tests, and the people in it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pytest

from gateways.client import ApiClient
from tests.closing import away_from_midnight
from tests.exchange_cluster import ExchangeCluster
from tests.exchange_process import ExchangeProcess, Running
from tests.live import Talk, host, lot_form
from tests.redis_server import running_redis
from tests.served import Served, served


@dataclass
class Person:
    """An account for a program."""

    id: int
    name: str
    token: str


class LateTalk(Talk):
    """A conversation with an exchange that shows everywhere what had happened before."""

    def __init__(self, exchange: Running, token: str, **options: object) -> None:
        super().__init__(exchange.url, token, **options)  # type: ignore[arg-type]
        self._exchange = exchange

    async def __aenter__(self) -> Self:
        await self._exchange.caught_up()
        return await super().__aenter__()


@dataclass
class House:
    """A running exchange with an operator and three bidders."""

    exchange: Running
    bidders: list[Person]
    gateways: int = 1

    @property
    def url(self) -> str:
        return self.exchange.url

    @property
    def operator(self) -> str:
        return self.exchange.operator_token

    def talk(self, bidder: int | None = None, **options: object) -> Talk:
        """Open a conversation as a bidder by his place, as the operator with -1, or as nobody."""
        token = "" if bidder is None else self.operator if bidder < 0 else self.bidders[bidder].token
        return LateTalk(self.exchange, token, **options)

    async def caught_up(self) -> None:
        """Wait until every way in shows what is on record by now."""
        await self.exchange.caught_up()

    async def open_lot(self, programme: list[dict[str, object]] | None = None, **form: object) -> int:
        """Publish a lot without deposit, admit the bidders and open it; `programme` in place of an English phase."""
        asked = lot_form(**form)  # type: ignore[arg-type]
        if programme is not None:
            asked["terms"]["programme"] = programme
        async with ApiClient(self.url, token=self.operator) as api:
            lot = await api.publish_lot(asked)
            await api.admit(lot, [person.id for person in self.bidders])
        async with self.talk(-1) as talk:
            answer = await talk.ask(host(lot, "open"))
            assert answer["type"] == "receipt", answer
        return lot


async def people_of(exchange: Running, count: int = 3) -> list[Person]:
    """Make accounts for bidders."""
    async with ApiClient(exchange.url, token=exchange.operator_token) as api:
        forms = [{"login": f"bidder-{n}", "name": f"bidder {n}", "roles": ["bidder"]} for n in range(count)]
        made = await api.create_accounts(forms)
    return [Person(a["id"], str(form["name"]), a["token"]) for a, form in zip(made, forms, strict=True)]


@pytest.fixture
async def floor(database_url: str, tmp_path: Path) -> AsyncIterator[Served]:
    """Give an exchange of its own, in this process."""
    await away_from_midnight()
    async with served(database_url, tmp_path) as floor:
        yield floor


@pytest.fixture(scope="session", params=["embedded", "clustered"])
def running_house(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """Run one exchange without the demo for all tests of this folder: in one process, and then in several."""
    folder = tmp_path_factory.mktemp("exchange")
    if request.param == "embedded":
        yield from _open_house(ExchangeProcess(folder, "--no-demo"), 1)
        return
    with running_redis() as redis:
        yield from _open_house(ExchangeCluster(folder, redis.url, gateways=2), 2)


def _open_house(exchange: ExchangeProcess | ExchangeCluster, gateways: int) -> Iterator[House]:
    try:
        exchange.start()
        yield House(exchange, asyncio.run(people_of(exchange)), gateways)
        assert exchange.stop() == 0
    finally:
        exchange.kill()


@pytest.fixture
async def house(running_house: House) -> AsyncIterator[House]:
    """The running exchange, which must have outlived the test."""
    yield running_house
    assert running_house.exchange.exit_code is None, running_house.exchange.output[-3000:]
