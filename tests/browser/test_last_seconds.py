"""kill -9 in the last ten seconds of a lot: its bidders see one end, and every bid that was acknowledged is there."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.async_api import expect

from gateways.wire import HostAct
from tests.browser.floor import Floor
from tests.browser.people import OF_THE_NETWORK, Building, Person
from tests.exchange_process import ExchangeProcess

pytestmark = [pytest.mark.browser, pytest.mark.slow]

FORGIVEN = OF_THE_NETWORK
SECOND_US = 1_000_000
SPANS_S = (12, 40, 120)
"""How long a lot is open, the longer the slower the machine is: both have to have bid before the kill."""

LEFT_S = 4
"""How much of it has to be left then."""

UNDER_TEN_SECONDS = re.compile(r"^\d\.\d\D")


@pytest.fixture
def floor(tmp_path: Path) -> Iterator[Floor]:
    """Run an exchange that a test may kill."""
    process = ExchangeProcess(tmp_path / "exchange", "--no-demo")
    process.start()
    yield Floor(process)
    process.stop()


async def published(floor: Floor, span_s: int) -> int:
    """Publish a lot that ends by itself, and by nothing else, so long after it was opened."""
    lot = await floor.publish(
        "Killed before the end",
        {"outage_tolerance_us": SECOND_US // 2, "outage_notice_us": 600 * SECOND_US},
        duration_us=span_s * SECOND_US,
        soft_close_window_us=0,
        resume_countdown_us=2 * SECOND_US,
        host_may_hammer=False,
    )
    await floor.admit(lot, "anna", "bela")
    return lot


async def bids_before_the_end(floor: Floor, anna: Person, bela: Person) -> tuple[int, list[int]]:
    """Let both bid well before a lot ends; return it with the numbers of their records."""
    for span_s in SPANS_S:
        lot = await published(floor, span_s)
        for person in (anna, bela):
            await person.visit(f"/lots/{lot}")
            await expect(person.at("#bidding")).to_be_visible()
            await person.page.evaluate("window.hasStayed = true")
        await floor.act(lot, HostAct.OPEN)
        with suppress(TimeoutError):
            async with asyncio.timeout(span_s - LEFT_S):
                await bid_and_outbid(anna, bela)
                return lot, [await sequence_of(person) for person in (anna, bela)]
    raise AssertionError(f"two bids took longer than {SPANS_S[-1]} seconds")


async def bid_and_outbid(anna: Person, bela: Person) -> None:
    """One bids, the other outbids him, and both are told."""
    await anna.page.click("#bid-asking")
    await bela.sees("#bid-asking", "¥1,010")  # the price alone is that of the opening, too
    await bela.at("#bid-asking").tap()
    await bela.sees("#outcomes .outcome-good", "¥1,010")
    await anna.sees("#banner", "outbid")


async def test_both_bidders_see_one_end_after_the_exchange_was_killed(
    floor: Floor, building: Building
) -> None:
    await published(floor, SPANS_S[0])  # with it they get their accounts
    anna = await building.person()
    bela = await building.person("zh-CN", 360, 740, has_touch=True)
    await anna.sign_in_unseen("anna")
    await bela.sign_in_unseen("bela")
    lot, acknowledged = await bids_before_the_end(floor, anna, bela)
    await asyncio.gather(
        *(expect(each.at("#countdown")).to_have_text(UNDER_TEN_SECONDS) for each in (anna, bela))
    )

    floor.exchange.kill()
    for person in (anna, bela):
        await expect(person.at("#connection")).to_have_attribute("data-state", "recovering")
        await expect(person.at("#bid-asking")).to_be_disabled()
        await person.sees("#price", "¥1,010")
    await anna.sees("#bid-hint", "Not connected")
    await anna.sees("#countdown", "hammer")
    await expect(anna.at("#bidding")).to_be_visible()
    floor.exchange.start()
    await anna.sees("#banner", "outage")
    await bela.sees("#banner", "系统故障后已暂停")
    await floor.act(lot, HostAct.RESUME)

    await anna.sees("#banner", "Sold for ¥1,010 to paddle 2")
    await bela.sees("#banner", "恭喜")
    for person in (anna, bela):
        await expect(person.at("#timeline [data-event=LotSold]")).to_have_count(1)
        await expect(person.at("#timeline [data-event=BidPlaced]")).to_have_count(2)
        await expect(person.at("#bidding")).to_be_hidden()
        assert await person.page.evaluate("window.hasStayed")
    records = await floor.records(lot)
    kinds = [record["event"]["type"] for record in records]
    course = [kind for kind in kinds if kind in ("BidPlaced", "LotFrozen", "LotResumed", "LotSold")]
    assert course == ["BidPlaced", "BidPlaced", "LotFrozen", "LotResumed", "LotSold"], kinds
    assert [records[number - 1]["event"]["amount"] for number in acknowledged] == [1_000_00, 1_010_00]


async def sequence_of(person: Person) -> int:
    """Return the number of the record that a bidder's receipt names."""
    return int(await person.at("#outcomes .outcome-good").first.get_attribute("data-sequence") or 0)
