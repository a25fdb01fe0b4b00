"""`bench fanout`: one event told to thousands of watchers, beside other servers; and fifty events a second.

Belongs here: the command, the order of the measurements, the report. Does not belong here: measuring
(`loadtests.fanout`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any, Final

import typer
import uvloop
from rich.table import Table

from gateways.client import ClientProblem, LiveClient
from loadtests.conditions import conditions
from loadtests.exchange_process import SETTINGS, ExchangeFailed, running_exchange
from loadtests.fanout import (
    Cost,
    OurFloor,
    events_for,
    figures_of,
    measured_peer,
    pauses_between,
    sampled_frame,
    spacing_s,
)
from loadtests.hot_lot import make_hot_lot
from loadtests.load import LoadFailed
from loadtests.peers import NCHAN, TRANSPORT, PeerFailed, peers_here
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
from loadtests.swarm import Swarm, SwarmFailed, running_swarm

WATCHERS: Final = (1_000, 5_000, 15_000)
OURS: Final = "luochui"
SETTINGS_OPEN: Final = SETTINGS | {"LUOCHUI_CONNECTIONS_PER_ADDRESS_MAX": "1000000"}
FAILURES: Final = (ExchangeFailed, ClientProblem, LoadFailed, PeerFailed, SwarmFailed)
SETTLE_S: Final = 1.0
HEADINGS: Final = ("", "µs a delivery", "min", "max", "with the event", "bytes", "p50 ms", "p99 ms", "max ms")
COSTS: Final = ("us_per_delivery", "us_per_delivery_min", "us_per_delivery_max", "us_per_delivery_with_event")


def fanout(
    as_json: AsJson = False,
    watchers: Annotated[
        list[int] | None, typer.Option(min=1, help="How many watch; may be repeated.")
    ] = None,
    events: Annotated[int, typer.Option(min=1, help="Single events of each repetition, at least.")] = 10,
    deliveries: Annotated[
        int, typer.Option(min=1, help="At least, of each; processor time is told in hundredths of a second.")
    ] = 30_000,
    repetitions: Annotated[int, typer.Option(min=1, max=50, help="Of each measurement.")] = 3,
    per_second: Annotated[
        float, typer.Option(min=0.1, help="Events a second when they are frequent.")
    ] = 50.0,
    seconds: Annotated[float, typer.Option(min=0.1, help="How long they are frequent.")] = 10.0,
    peer: Annotated[
        list[str] | None, typer.Option(help="Only these servers beside ours; none for all that are here.")
    ] = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Processor time to tell 1,000, 5,000 and 15,000 watchers of an event, beside nchan, websockets and ws."""
    bench = _Bench(
        watchers or WATCHERS, events, deliveries, repetitions, per_second, seconds, peer, database_url
    )
    try:
        report = uvloop.run(bench.run())
    except (asyncio.CancelledError, KeyboardInterrupt):
        raise typer.Exit(130) from None
    except FAILURES as failure:
        typer.echo(str(failure), err=True)
        raise typer.Exit(1) from failure
    show(report, as_json, _print)
    if any(row["faults"] for rows in report["single"].values() for row in rows.values()):
        raise typer.Exit(1)


class _Bench:
    def __init__(
        self,
        watchers: Sequence[int],
        events: int,
        deliveries: int,
        repetitions: int,
        per_second: float,
        seconds: float,
        peers: Sequence[str] | None,
        database_url: str | None,
    ) -> None:
        self._watchers = watchers
        self._events = events
        self._deliveries = deliveries
        self._repetitions = repetitions
        self._per_second = per_second
        self._seconds = seconds
        here = peers_here()
        self._peers = here if peers is None else [name for name in here if name in peers]
        self._database_url = database_url

    async def run(self) -> Report:
        """Return the whole report."""
        end_children_when_told()
        circumstances = conditions() | {
            "shared_by": "the server under measurement, its watchers and PostgreSQL run on these cores",
            "events_at_least": self._events,
            "deliveries_at_least": self._deliveries,
            "repetitions": self._repetitions,
            "servers": [OURS, *self._peers],
            "frame": "every server sends frames of ours of the same size; only ours is asked for a lot's position",
        }
        single: dict[str, dict[str, Any]] = {}
        frequent: dict[str, dict[str, Any]] = {}
        load: list[float] = []
        for count in self._watchers:
            rows = single[str(count)] = {}
            rows[OURS], frequent[str(count)], sample = await self._ours(count)
            for name in self._peers:
                say(f"{count:,} watchers: {name}")
                events = events_for(count, self._events, self._deliveries)
                rows[name] = await measured_peer(name, count, sample, events, self._repetitions)
            load.append(conditions()["load_average_before"][0])
        circumstances |= {"load_average_after_each": load}
        return {
            "single": single,
            "frequent": frequent,
            "ratios": _ratios(single, frequent),
            "conditions": circumstances,
        }

    async def _ours(self, watchers: int) -> tuple[dict[str, Any], dict[str, Any], bytes]:
        say(f"{watchers:,} watchers: starting an exchange")
        async with running_exchange(self._database_url, SETTINGS_OPEN) as exchange:
            hot = await make_hot_lot(exchange.url, exchange.token, 1)
            async with (
                LiveClient(exchange.url, token=hot.tokens[0]) as bidder,
                running_swarm(exchange.url, [hot.lot], watchers) as swarm,
            ):
                floor = OurFloor(exchange, hot.lot, bidder)
                await floor.event()
                sample = await sampled_frame(exchange.url, hot.lot, floor.event)
                return *await self._measured(swarm, floor, watchers), sample

    async def _measured(
        self, swarm: Swarm, floor: OurFloor, watchers: int
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        frequent = max(round(self._per_second * self._seconds), 1)
        events = events_for(watchers, self._events, self._deliveries)
        alone_s = await floor.alone_s(frequent, 1 / self._per_second)
        rare_s = await floor.alone_s(events, spacing_s(watchers))
        joined = await swarm.connect()
        await asyncio.sleep(SETTLE_S)
        say(f"{watchers:,} watchers: single events")
        before = await floor.pauses()
        costs = [
            await floor.measured(swarm, events, spacing_s(watchers), rare_s) for _ in range(self._repetitions)
        ]
        after = await floor.pauses()
        single = figures_of(costs) | {
            "connected": joined.connected,
            "event_alone_us": round(rare_s * 1e6),
            "pauses": pauses_between(before, after),
        }
        say(f"{watchers:,} watchers: {self._per_second:g} events a second")
        floor.waits_ms.clear()
        often = await floor.measured(swarm, frequent, 1 / self._per_second, alone_s)
        pauses = pauses_between(after, await floor.pauses())
        return single, _frequent(often, single["us_per_delivery"]) | {
            "pauses": pauses,
            "tick_ms": await floor.tick_ms(),
            "receipt_ms": _percentiles(floor.waits_ms),
        }


def _frequent(cost: Cost, us_per_delivery: float) -> dict[str, Any]:
    one_write_us = us_per_delivery * cost.watchers + cost.alone_s * 1e6
    return figures_of([cost]) | {
        "event_alone_us": round(cost.alone_s * 1e6),
        "one_write_per_event_us": round(one_write_us),
        "times_cheaper": round(one_write_us / cost.us_per_event, 1) if cost.us_per_event else 0.0,
        "deliveries_per_event_and_watcher": round(cost.seen.deliveries / (cost.events * cost.watchers), 3),
    }


def _percentiles(waits_ms: list[float]) -> dict[str, float]:
    ordered = sorted(waits_ms)
    last = len(ordered) - 1
    return {
        name: round(ordered[min(int(len(ordered) * share), last)], 2)
        for name, share in (("p50", 0.5), ("p99", 0.99), ("max", 1.0))
    }


def _ratios(single: dict[str, dict[str, Any]], frequent: dict[str, dict[str, Any]]) -> dict[str, float]:
    ratios: dict[str, float] = {}
    for count, rows in single.items():
        ours = rows[OURS]
        for name in (NCHAN, TRANSPORT):
            if name in rows and (theirs := rows[name]["us_per_delivery"]):
                ratios[f"{count} watchers, to {name}"] = round(ours["us_per_delivery"] / theirs, 2)
                ratios[f"{count} watchers, with the bid itself, to {name}"] = round(
                    ours["us_per_delivery_with_event"] / theirs, 2
                )
        ratios[f"{count} watchers, frequent events cheaper by"] = frequent[count]["times_cheaper"]
    return ratios


def _print(report: Report) -> None:
    console = console_of_width()
    table = Table(title="One event told to each watcher", header_style="bold")
    for heading in HEADINGS:
        table.add_column(heading, justify="right" if heading else "left")
    for count, rows in report["single"].items():
        for server, row in rows.items():
            took = (row["latency"].get(key, 0.0) for key in ("p50_ms", "p99_ms", "max_ms"))
            table.add_row(
                f"{int(count):,} watchers: {server}",
                *(f"{row[name]:.2f}" for name in COSTS),
                f"{row['bytes_per_delivery']:,}",
                *(f"{value:.1f}" for value in took),
            )
    console.print(table)
    for count, rows in report["single"].items():
        console.print(
            f"  {int(count):,} watchers: a single bid alone costs {rows[OURS]['event_alone_us']:,} µs, which is not "
            "part of a delivery; what the others spend on taking a message in is part of theirs"
        )
    for count, row in report["frequent"].items():
        console.print(
            f"  {int(count):,} watchers, {row['events']} frequent events: {row['us_per_event']:,} µs an event, "
            f"{row['times_cheaper']}× cheaper than a write for each ({row['one_write_per_event_us']:,} µs), "
            f"{row['event_alone_us']:,} µs of it the bid; "
            f"tick {row['tick_ms']} ms; pauses over 10 ms: {row['pauses']['over_10_ms']} of {row['pauses']['beats']}, "
            f"{row['pauses']['held_over_10_ms']} of them by its own work, "
            f"longest below {row['pauses']['longest_below_s']} s; receipts {row['receipt_ms']} ms"
        )
    for name, ratio in report["ratios"].items():
        console.print(f"  {name}: {ratio}")
    show_conditions(console, report)
