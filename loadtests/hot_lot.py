"""One lot that a hundred bidders want at once: making it, watching it, checking its record.

Belongs here: what has to stand before the load, and what has to hold afterwards.
Does not belong here: the load itself (see `loadtests.load`).
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gateways.client import ApiClient, ClientProblem, LiveClient, Refusal, Subscription
from gateways.wire import HostAct, View
from loadtests.load import LoadFailed

BIDDERS = 100
RECORDS_PAGE = 1_000
MISMATCHES_SHOWN = 5
CATCH_UP_TIMEOUT_S = 20.0


@dataclass(frozen=True, slots=True)
class HotLot:
    """An open lot with step 1, free amounts, and its admitted bidders' tokens."""

    lot: int
    tokens: list[str]


async def make_hot_lot(url: str, token: str, bidders: int = BIDDERS) -> HotLot:
    """Publish the lot, make and admit its bidders, and open it.

    Raises: ClientProblem, LoadFailed.
    """
    run = secrets.token_hex(3)
    wanted = [
        {"login": f"load-{run}-{number}", "name": f"Load {number}", "roles": ["bidder"]}
        for number in range(bidders)
    ]
    async with ApiClient(url, token=token) as api, LiveClient(url, token=token) as host:
        accounts = await api.create_accounts(wanted)
        lot = await api.publish_lot(new_lot())
        await api.admit(lot, [account["id"] for account in accounts])
        answer = await host.host(lot, HostAct.OPEN)
        if isinstance(answer, Refusal):
            raise LoadFailed(f"the lot did not open: {answer.code} {answer.detail}")
    return HotLot(lot, [account["token"] for account in accounts])


def new_lot() -> dict[str, Any]:
    """Return a lot whose rules stand in nobody's way: with eight bids in flight a bidder follows himself."""
    phase = {
        "phase": "english",
        "increments": [[0, 1]],
        "bid_rule": "free",
        "duration_us": None,
        "soft_close_window_us": 0,
        "leader_may_raise": True,
        "host_may_hammer": True,
        "fair_warnings_min": 0,
    }
    return {
        "category": "other",
        "region": "",
        "title_zh": "负载测试标的",
        "title_en": "Lot under load",
        "description_zh": "性能测试所用的标的。",
        "description_en": "A lot for measuring.",
        "seller_zh": "性能测试",
        "seller_en": "Benchmark",
        "terms": {"currency": "CNY", "opening_price": 1, "opens_at_us": 0, "programme": [phase]},
        "deposit": 0,
        "is_demo": False,
    }


@dataclass(slots=True)
class Watch:
    """What a subscriber saw while the load was on."""

    view: str
    updates: int = 0
    records: int = 0
    gaps: int = 0
    resynchronisations: int = 0
    reconnections: int = 0
    last_offset: int = 0
    failure: str = ""


@dataclass(slots=True)
class Watchers:
    """Subscribers of a lot beside its bidders."""

    url: str
    lot: int
    views: tuple[View, ...]
    seen: list[Watch] = field(default_factory=list)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def __aenter__(self) -> Watchers:
        for view in self.views:
            watch = Watch(str(view))
            self.seen.append(watch)
            self._tasks.append(asyncio.create_task(self._watch(view, watch)))
        return self

    async def __aexit__(self, *error: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def until(self, sequence: int) -> None:
        """Wait until every watcher has news of this record, within reason."""
        until_s = time.monotonic() + CATCH_UP_TIMEOUT_S
        while time.monotonic() < until_s:
            if all(watch.last_offset >= sequence or watch.failure for watch in self.seen):
                return
            await asyncio.sleep(0.05)

    def problems(self) -> list[str]:
        """Return what no watcher may see."""
        wrong = [f"a watcher ({watch.view}) failed: {watch.failure}" for watch in self.seen if watch.failure]
        wrong += [f"a watcher saw {watch.gaps} gaps" for watch in self.seen if watch.gaps]
        return wrong

    async def _watch(self, view: View, watch: Watch) -> None:
        try:
            async with LiveClient(self.url) as client:
                subscription = await client.subscribe(self.lot, view)
                try:
                    await _follow(subscription, watch)
                finally:
                    watch.reconnections = client.reconnections
        except ClientProblem as problem:
            watch.failure = str(problem)


async def _follow(subscription: Subscription, watch: Watch) -> None:
    expected = 0
    async for update in subscription:
        watch.updates += 1
        watch.last_offset = update.offset
        if watch.view == View.STATE:
            continue
        if update.kind == "snapshot":
            watch.resynchronisations += not update.is_recovered and expected > 0
        for record in update.records if update.kind == "events" or update.is_recovered else ():
            watch.gaps += expected > 0 and record["sequence"] != expected
            watch.records += 1
            expected = record["sequence"] + 1
        expected = update.offset + 1


async def missing_bids(url: str, token: str, lot: int, acknowledged: Mapping[int, int]) -> list[str]:
    """Read the whole record of the lot and return what is not there as it was acknowledged.

    Args:
        acknowledged: the amount of every bid that got a receipt, by the receipt's sequence.

    Raises: ClientProblem.
    """
    wrong: list[str] = []
    found, after = 0, 0
    async with ApiClient(url, token=token) as api:
        while True:
            page = await api.records(lot, after, RECORDS_PAGE)
            for record in page["records"]:
                if record["sequence"] != after + 1:
                    wrong.append(f"after record {after} comes {record['sequence']}")
                after = record["sequence"]
                if after in acknowledged:
                    found += 1
                    if record["event"].get("amount") != acknowledged[after]:
                        wrong.append(f"record {after} is not the bid of {acknowledged[after]}")
            if not page["records"] or not page["has_more"]:
                break
    if found != len(acknowledged):
        wrong.append(f"{len(acknowledged) - found} acknowledged bids are not on record")
    return wrong
