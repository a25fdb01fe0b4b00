"""What every test with a browser stands on: an exchange of its file's own, and Chromium, whose consoles stay silent.

A file whose test provokes complaints names them: `FORGIVEN`, a pattern.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.browser.floor import Floor
from tests.browser.people import Building, open_building
from tests.exchange_process import ExchangeProcess


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ExchangeProcess]:
    """Run a whole exchange with its demo accounts and lots."""
    process = ExchangeProcess(tmp_path_factory.mktemp("exchange"), "--demo")
    process.start()
    yield process
    process.stop()


@pytest.fixture(scope="module")
def floor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Floor]:
    """Run an exchange without the demo."""
    process = ExchangeProcess(tmp_path_factory.mktemp("exchange"), "--no-demo")
    process.start()
    yield Floor(process)
    process.stop()


@pytest.fixture
async def building(request: pytest.FixtureRequest) -> AsyncIterator[Building]:
    """Open one Chromium before `floor` where the test has that, else before `exchange`."""
    has_floor = "floor" in request.fixturenames
    running = request.getfixturevalue("floor").exchange if has_floor else request.getfixturevalue("exchange")
    async with open_building(running.url) as building:
        yield building
        forgiven = getattr(request.module, "FORGIVEN", None)
        assert [one for one in building.complaints if not (forgiven and forgiven.search(one))] == []
