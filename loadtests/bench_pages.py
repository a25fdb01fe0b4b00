"""`bench pages`: what the pages cost the browser they run in: first price, work for each event, memory, bytes.

Belongs here: the command, what happens to the pages, the report. Does not belong here: asking the browser
(`loadtests.browser`), weighing files (`loadtests.page_weights`).
"""

from __future__ import annotations

import asyncio
import contextlib
import statistics
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Final

import typer
from playwright.async_api import Error as BrowserError
from rich.table import Table

from gateways.client import ApiClient, ClientProblem, LiveClient, Receipt
from loadtests.bench_soak import slope
from loadtests.browser import BrowserFailed, Chromium, Holdings, Memory, Watched, Work, running_chromium
from loadtests.conditions import conditions
from loadtests.exchange_process import ExchangeFailed, RunningExchange, running_exchange
from loadtests.hot_lot import HotLot, make_hot_lot
from loadtests.load import LoadFailed
from loadtests.page_weights import page_weights
from loadtests.reporting import (
    AsJson,
    DatabaseUrl,
    Report,
    console_of_width,
    end_children_when_told,
    say,
    show,
    show_conditions,
)

LOGIN: Final = ("bidder-at-the-page", "a long password")
FLOOR: Final = "frames read and decoded, nothing drawn"
BARE_DOCUMENT: Final = "/livez"
READ_FRAMES: Final = """
(lot) => new Promise((done) => {
  const socket = new WebSocket(`ws://${location.host}/api/v1/live`, ["luochui.v1.json"]);
  socket.onmessage = ({ data }) => {
    const frame = JSON.parse(data);
    const subscribe = { type: "subscribe", lot, view: "full", epoch: "", offset: -1 };
    if (frame.type === "hello") socket.send(JSON.stringify(subscribe));
    if (frame.type === "snapshot") done(true);
    if ("offset" in frame) window.offset = frame.offset;
  };
})
"""
WORK_COLUMNS: Final = ("", "events", "ms an event", "min", "max", "scripts", "layout", "style", "idle", "long tasks",
                       "longest ms")  # fmt: skip
SETTLE_S: Final = 1.0
SAMPLE_S_MIN: Final = 5.0
SAMPLES: Final = 120
"""As many, or one each `SAMPLE_S_MIN` in a short run."""
JUDGED_SHARE: Final = 0.5
"""The last part of the samples of memory: before, lists fill up to their bounds and scripts are compiled."""
FAILURES: Final = (ExchangeFailed, ClientProblem, LoadFailed, BrowserFailed, BrowserError, FileNotFoundError)


def pages(
    as_json: AsJson = False,
    loads: Annotated[int, typer.Option(min=1, max=100, help="Cold loads of each document.")] = 10,
    per_second: Annotated[float, typer.Option(min=1, max=500, help="Bids a second on the lot.")] = 50.0,
    seconds: Annotated[float, typer.Option(min=1, help="For each page, idle and busy.")] = 10.0,
    repetitions: Annotated[int, typer.Option(min=1, max=20, help="Of the work for each event.")] = 3,
    minutes: Annotated[float, typer.Option(min=0.1, help="How long memory is watched.")] = 2.0,
    database_url: DatabaseUrl = None,
) -> None:
    """Time to the first live price, work for each of 50 events a second, memory at that rate, bytes of each page."""
    bench = _Bench(loads, per_second, seconds, repetitions, minutes * 60)
    try:
        report = asyncio.run(bench.run(database_url))
    except (asyncio.CancelledError, KeyboardInterrupt):
        raise typer.Exit(130) from None
    except FAILURES as failure:
        typer.echo(str(failure), err=True)
        raise typer.Exit(1) from failure
    show(report, as_json, _print)
    if report["behind"]:
        raise typer.Exit(1)


@dataclass(slots=True)
class _Bids:
    """What was bid so far; `amount` is the last one that was acknowledged."""

    count: int = 0
    amount: int = 0


class _Bench:
    def __init__(
        self, loads: int, per_second: float, seconds: float, repetitions: int, memory_s: float
    ) -> None:
        self._loads = loads
        self._per_second = per_second
        self._seconds = seconds
        self._repetitions = repetitions
        self._memory_s = memory_s
        self._behind: list[str] = []

    async def run(self, database_url: str | None) -> Report:
        """Return the whole report."""
        end_children_when_told()
        circumstances = conditions() | {
            "shared_by": "browser, exchange, bidder and PostgreSQL all run on these cores",
            "wanted_per_second": self._per_second,
            "seconds": self._seconds,
            "repetitions": self._repetitions,
            "memory_minutes": self._memory_s / 60,
            "loads": self._loads,
        }
        weights = {name: asdict(weight) for name, weight in page_weights().items()}
        async with (
            running_exchange(database_url) as exchange,
            running_chromium(exchange.url) as chromium,
        ):
            circumstances["chromium"] = chromium.version
            hot = await make_hot_lot(exchange.url, exchange.token, 1)
            await _admit_reader(exchange, hot)
            async with LiveClient(exchange.url, token=hot.tokens[0]) as bidder:
                bids = _Bids()
                await _bid(bidder, hot.lot, bids)
                first_price = await self._first_price(chromium, hot.lot)
                work = await self._work(chromium, bidder, hot.lot, bids)
                memory = await self._memory(chromium, bidder, hot.lot, bids)
        circumstances["load_average_after"] = conditions()["load_average_before"]
        return {
            "first_price": first_price,
            "work": work,
            "memory": memory,
            "weights": weights,
            "behind": self._behind,
            "conditions": circumstances,
        }

    # -- the first price ---------------------------------------------------------------------------------------

    async def _first_price(self, chromium: Chromium, lot: int) -> dict[str, Any]:
        """Load the room and a bare document in turn, each time with an empty cache."""
        say(f"{self._loads} cold loads")
        prices, bare = [], []
        for _ in range(self._loads):
            bare.append(await chromium.bare_load_ms(BARE_DOCUMENT))
            prices.append(await chromium.first_price_ms(f"/lots/{lot}"))
        return {"room": _milliseconds(prices), "bare document": _milliseconds(bare)}

    # -- work for each event -----------------------------------------------------------------------------------

    async def _work(self, chromium: Chromium, bidder: LiveClient, lot: int, bids: _Bids) -> dict[str, Any]:
        rows: dict[str, list[dict[str, Any]]] = {}
        for repetition in range(self._repetitions):
            for name, path, login in _views(lot):
                say(f"work {repetition + 1} of {self._repetitions}: {name}")
                async with chromium.opened(path, login) as watched:
                    if name == FLOOR:
                        await watched.page.evaluate(READ_FRAMES, lot)
                    else:
                        await watched.page.locator("#price").wait_for()
                    row = await self._busy_and_idle(watched, bidder, lot, bids)
                    await self._check(watched, name, lot, bids)
                    rows.setdefault(name, []).append(row)
        return {name: _work_figures(found) for name, found in rows.items()}

    async def _busy_and_idle(
        self, watched: Watched, bidder: LiveClient, lot: int, bids: _Bids
    ) -> dict[str, Any]:
        """Let a page be for a while, then let it follow the bids for as long."""
        await asyncio.sleep(SETTLE_S)
        idle = await _work_during(watched, asyncio.sleep(self._seconds))
        await watched.long_tasks_ms()
        before = bids.count
        busy = await _work_during(watched, self._bid_for(self._seconds, bidder, lot, bids))
        return {"events": bids.count - before, "idle": idle, "busy": busy,
                "idle_s": self._seconds, "long": await watched.long_tasks_ms()}  # fmt: skip

    async def _bid_for(self, seconds: float, bidder: LiveClient, lot: int, bids: _Bids) -> None:
        """Bid as often as wanted for so long."""
        stop = asyncio.Event()
        asyncio.get_running_loop().call_later(seconds, stop.set)
        await self._bid_until(stop, bidder, lot, bids)

    async def _bid_until(self, stop: asyncio.Event, bidder: LiveClient, lot: int, bids: _Bids) -> None:
        """Bid as often as wanted until told to stop; who is late does not hurry up afterwards."""
        while not stop.is_set():
            began_s = time.monotonic()
            await _bid(bidder, lot, bids)
            await asyncio.sleep(max(0.0, 1 / self._per_second - (time.monotonic() - began_s)))

    async def _check(self, watched: Watched, name: str, lot: int, bids: _Bids) -> None:
        """Note a page that does not come to show the last bid."""
        if name == FLOOR:
            return
        wanted = f"{bids.amount / 100:,.2f}".rstrip("0").rstrip(".")
        if not await watched.shows("#price", wanted):
            self._behind.append(f"{name}: {await watched.page.inner_text('#price')}, not {wanted}")

    # -- memory ------------------------------------------------------------------------------------------------

    async def _memory(self, chromium: Chromium, bidder: LiveClient, lot: int, bids: _Bids) -> dict[str, Any]:
        say(f"memory: {self._memory_s / 60:g} minutes")
        samples: list[tuple[float, Memory]] = []
        held: list[Holdings] = []
        before = bids.count
        every_s = max(SAMPLE_S_MIN, self._memory_s / SAMPLES)
        async with chromium.opened(f"/lots/{lot}", LOGIN) as watched:
            await watched.page.locator("#price").wait_for()
            began_s = time.monotonic()
            while (second := time.monotonic() - began_s) < self._memory_s:
                samples.append((second, await self._at_rest(watched, lot, bids)))
                if not held and second >= self._memory_s * (1 - JUDGED_SHARE):
                    held.append(await watched.holdings())
                async with self._bidding(bidder, lot, bids):
                    await asyncio.sleep(every_s)
            samples.append((second, await self._at_rest(watched, lot, bids)))
            held.append(await watched.holdings())
            await self._check(watched, "the room, after a long time", lot, bids)
        return _memory_figures(samples, held, bids.count - before)

    async def _at_rest(self, watched: Watched, lot: int, bids: _Bids) -> Memory:
        """Measure a page that has shown the last bid: what it works on is not what it keeps."""
        await self._check(watched, "the room, before its memory is measured", lot, bids)
        return await watched.memory()

    @contextlib.asynccontextmanager
    async def _bidding(self, bidder: LiveClient, lot: int, bids: _Bids) -> AsyncIterator[None]:
        stop = asyncio.Event()
        task = asyncio.create_task(self._bid_until(stop, bidder, lot, bids))
        try:
            yield
        finally:
            stop.set()
            await task


def _views(lot: int) -> Sequence[tuple[str, str, tuple[str, str] | None]]:
    return (
        (FLOOR, BARE_DOCUMENT, LOGIN),
        ("the room, a bidder", f"/lots/{lot}", LOGIN),
        ("the room, a watcher", f"/lots/{lot}", None),
        ("the hall's screen", f"/hall?lots={lot}", None),
    )


async def _admit_reader(exchange: RunningExchange, hot: HotLot) -> None:
    """Admit somebody with a password: a browser has no token."""
    login, password = LOGIN
    form = {"login": login, "name": "读者 / Reader", "roles": ["bidder"], "password": password}
    async with ApiClient(exchange.url, token=exchange.token) as api:
        account = (await api.call("POST", "/accounts", form))["account"]
        await api.admit(hot.lot, [account["id"]])


async def _bid(bidder: LiveClient, lot: int, bids: _Bids) -> None:
    answer = await bidder.bid(lot, bids.amount + 1)
    if not isinstance(answer, Receipt):
        raise LoadFailed(f"the bid of {bids.amount + 1} was refused: {answer.code}")
    bids.count += 1
    bids.amount = answer.amount


async def _work_during(watched: Watched, meanwhile: Any) -> Work:
    before = await watched.work()
    await meanwhile
    return (await watched.work()).since(before)


def _milliseconds(values: Sequence[float]) -> dict[str, float]:
    return {
        "median_ms": round(statistics.median(values), 1),
        "min_ms": round(min(values), 1),
        "max_ms": round(max(values), 1),
    }


def _work_figures(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return what an event cost beyond the page's idling, in the middle of the repetitions, and their range."""
    costs = [1000 * (row["busy"].tasks_s - row["idle"].tasks_s) / max(row["events"], 1) for row in rows]
    middle = sorted(rows, key=lambda row: float(row["busy"].tasks_s))[len(rows) // 2]
    parts = {
        name: round(1000 * getattr(middle["busy"], f"{name}_s") / max(middle["events"], 1), 3)
        for name in ("scripts", "layout", "style")
    }
    long = [duration for row in rows for duration in row["long"]]
    return {
        "events": sum(row["events"] for row in rows),
        "ms_per_event": round(statistics.median(costs), 3),
        "ms_per_event_min": round(min(costs), 3),
        "ms_per_event_max": round(max(costs), 3),
        "of_it_ms": parts,
        "idle_share": round(statistics.median(row["idle"].tasks_s / row["idle_s"] for row in rows), 4),
        "long_tasks": len(long),
        "longest_task_ms": round(max(long, default=0.0), 1),
    }


def _memory_figures(
    samples: Sequence[tuple[float, Memory]], held: Sequence[Holdings], events: int
) -> dict[str, Any]:
    late = samples[int(len(samples) * (1 - JUDGED_SHARE)) :]
    heap = slope([second for second, _ in late], [memory.heap_bytes for _, memory in late])
    nodes = slope([second for second, _ in late], [memory.nodes for _, memory in late])
    return {
        "events": events,
        "samples": len(late),
        "from_s": round(late[0][0]),
        "to_s": round(late[-1][0]),
        "heap_mib_at_first": round(samples[0][1].heap_bytes / 2**20, 2),
        "heap_mib_at_last": round(samples[-1][1].heap_bytes / 2**20, 2),
        "heap_mib_per_hour": round(heap.per_minute * 60 / 2**20, 2),
        "heap_mib_per_hour_error": round(heap.error * 60 / 2**20, 2) if late[2:] else None,
        "nodes_at_last": samples[-1][1].nodes,
        "nodes_per_hour": round(nodes.per_minute * 60),
        "listeners_at_last": samples[-1][1].listeners,
        "heap_mib_max": round(max(memory.heap_bytes for _, memory in late) / 2**20, 2),
        "heap_mib_at_middle": round(late[0][1].heap_bytes / 2**20, 2),
        "added_kib": {
            name: round(bytes_ / 1024, 1) for name, bytes_ in asdict(held[-1].since(held[0])).items()
        },
    }


def _print(report: Report) -> None:
    console = console_of_width()
    for title, row in report["first_price"].items():
        what = "first live price of the room" if title == "room" else "load of a bare document"
        console.print(f"  {what}, cold: {row['median_ms']} ms ({row['min_ms']} to {row['max_ms']})")
    table = Table(title="Main thread, beyond the same page idle", header_style="bold")
    for heading in (
        "",
        "events",
        "ms an event",
        "min",
        "max",
        "scripts",
        "layout",
        "style",
        "idle",
        "long tasks",
        "longest ms",
    ):
        table.add_column(heading, justify="right" if heading else "left")
    for name, row in report["work"].items():
        cost = (
            row["ms_per_event"],
            row["ms_per_event_min"],
            row["ms_per_event_max"],
            *row["of_it_ms"].values(),
        )
        cells = (row["events"], *cost, f"{row['idle_share']:.1%}", row["long_tasks"], row["longest_task_ms"])
        table.add_row(name, *(str(cell) for cell in cells))
    console.print(table)
    memory = report["memory"]
    console.print(
        f"  heap of a bidder's room after a collection: {memory['heap_mib_at_first']} MiB at first, "
        f"{memory['heap_mib_at_last']} MiB after {memory['events']:,} events in {memory['to_s']} s; from second "
        f"{memory['from_s']} {memory['heap_mib_per_hour']} MiB an hour (± {memory['heap_mib_per_hour_error']}), "
        f"{memory['nodes_at_last']:,} nodes ({memory['nodes_per_hour']:+,} an hour)"
    )
    added = memory["added_kib"]
    console.print(
        f"  second half: {memory['heap_mib_at_middle']} MiB at its beginning, at most {memory['heap_mib_max']}; added "
        f"{added['objects']:+} KiB of the page's own data, {added['code']:+} of compiled scripts, "
        f"{added['browser']:+} of the browser's"
    )
    weights = Table(title="Scripts and styles of each page, gzip, kB", header_style="bold")
    for heading in ("", "at once", "before charts", "with charts"):
        weights.add_column(heading, justify="right" if heading else "left")
    for name, weight in sorted(report["weights"].items()):
        weights.add_row(name, *(f"{bytes_ / 1000:.1f}" for bytes_ in weight.values()))
    console.print(weights)
    for problem in report["behind"]:
        console.print(f"  [bold]behind[/bold]: {problem}")
    show_conditions(console, report)
