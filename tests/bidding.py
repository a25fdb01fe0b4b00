"""Bidders who go on bidding whatever happens to the exchange, and the comparison of what they heard with the record."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from gateways.client import ApiClient, LiveClient, Receipt
from tests.e2e.conftest import House
from tests.patience import PATIENCE_SECONDS, until

ATTEMPTS_MAX = 1_000


@dataclass
class Bidding:
    """One bidder who goes on bidding on a lot of his own, with every receipt that he got."""

    person: int
    token: str
    lot: int
    receipts: list[Receipt] = field(default_factory=list)
    intended: int = 0
    longest_pause_s: float = 0.0
    """Longest time from an intention to its receipt."""

    async def go_on(self, url: str, until: asyncio.Event) -> None:
        """Bid one step more each time, never the same twice, until told to stop."""
        async with LiveClient(
            url, token=self.token, patience_s=PATIENCE_SECONDS, attempts_max=ATTEMPTS_MAX
        ) as client:
            while not until.is_set():
                self.intended += 1
                since = time.monotonic()
                answer = await client.bid(self.lot, 990 + 10 * self.intended)
                assert isinstance(answer, Receipt), answer
                self.receipts.append(answer)
                self.longest_pause_s = max(self.longest_pause_s, time.monotonic() - since)


@asynccontextmanager
async def bidding_on(house: House) -> AsyncIterator[list[Bidding]]:
    """Let each bidder bid all the time; at the end compare every receipt with the record."""
    biddings = []
    for person in house.bidders:
        lot = await house.open_lot(leader_may_raise=True)
        biddings.append(Bidding(person.id, person.token, lot))
    enough = asyncio.Event()
    tasks = [asyncio.create_task(bidding.go_on(house.url, enough)) for bidding in biddings]
    try:
        await further(biddings)
        yield biddings
        await further(biddings)
    finally:
        enough.set()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await asyncio.gather(*tasks)
    for bidding in biddings:
        await check(house, bidding)


async def further(biddings: Sequence[Bidding], receipts: int = 20) -> None:
    """Wait until every bidder has got further receipts."""
    before = [len(bidding.receipts) for bidding in biddings]
    await until(
        lambda: all(
            len(bidding.receipts) >= count + receipts for bidding, count in zip(biddings, before, strict=True)
        )
    )


async def check(house: House, bidding: Bidding) -> None:
    """Every intention has exactly one receipt, every receipt its record, and no record is without one."""
    records: dict[int, dict[str, Any]] = {}
    async with ApiClient(house.url, token=house.operator) as api:
        while True:
            page = await api.records(bidding.lot, after=len(records))
            records |= {each["sequence"]: each for each in page["records"]}
            if not page["has_more"]:
                break
    bids = [record for record in records.values() if record["event"]["type"] == "BidPlaced"]
    assert [record["event"]["amount"] for record in bids] == [r.amount for r in bidding.receipts]
    assert [record["sequence"] for record in bids] == [r.sequence for r in bidding.receipts]
    assert [record["link"] for record in bids] == [r.link for r in bidding.receipts]
    assert len(bids) == bidding.intended
