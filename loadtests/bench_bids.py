"""`bench bids`: one hot lot over real WebSockets, beside a bare echo and one transaction for each bid.

With `--clustered` also through an engine and gateways in processes of their own, over a socket and over Redis.

Belongs here: the order of the measurements and their report. Does not belong here: the load (`loadtests.load`).
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from contextlib import AsyncExitStack
from dataclasses import asdict
from typing import Annotated, Any

import typer
import uvloop
from rich.table import Table

from gateways.client import ClientProblem
from gateways.wire import View
from loadtests.conditions import Usage, conditions
from loadtests.exchange_process import SETTINGS, ExchangeFailed, RunningExchange, running_exchange
from loadtests.hot_lot import BIDDERS, MISMATCHES_SHOWN, Watchers, make_hot_lot, missing_bids
from loadtests.load import Bidder, Echoed, Load, LoadFailed, Tally, measure, open_bidders
from loadtests.redis_process import has_redis, running_redis
from loadtests.reporting import (
    AsJson,
    DatabaseUrl,
    console_of_width,
    end_children_when_told,
    say,
    show,
    show_conditions,
)
from loadtests.row_lock import measure_row_lock, server_settings

IN_FLIGHT = (1, 8)
WATCHING = (View.FULL, View.STATE, View.STATE)
ROW_LOCK_SHARE = 0.4
"""Of the seconds of one measurement, what each number of connections of the row-lock loop gets."""


def bids(
    as_json: AsJson = False,
    seconds: Annotated[float, typer.Option(min=0.5, help="Length of each measurement.")] = 10.0,
    warm_up: Annotated[float, typer.Option(min=0.0, help="Seconds before each that do not count.")] = 2.0,
    bidders: Annotated[int, typer.Option(min=1, max=400, help="Bidders, one connection each.")] = BIDDERS,
    clustered: Annotated[
        bool, typer.Option("--clustered", help="Also with engine and gateways in processes of their own.")
    ] = False,
    gateways: Annotated[int, typer.Option(min=1, max=16, help="Gateways of the clustered exchange.")] = 1,
    database_url: DatabaseUrl = None,
) -> None:
    """One hot lot over real WebSockets, a bare echo, and one transaction for each bid with the row locked."""
    try:
        bench = _Bench(seconds, warm_up, bidders, database_url)
        report = uvloop.run(bench.run(gateways if clustered else 0))
    except (asyncio.CancelledError, KeyboardInterrupt):
        raise typer.Exit(130) from None
    except (ExchangeFailed, ClientProblem, LoadFailed) as failure:
        typer.echo(str(failure), err=True)
        raise typer.Exit(1) from failure
    show(report, as_json, _print)
    if report["record"]["problems"]:
        raise typer.Exit(1)


class _Bench:
    def __init__(self, seconds: float, warm_up_s: float, bidders: int, database_url: str | None) -> None:
        self._seconds = seconds
        self._warm_up_s = warm_up_s
        self._bidders = bidders
        self._database_url = database_url

    async def run(self, gateways: int) -> dict[str, Any]:
        """Return the whole report, with a cluster of so many gateways, if any."""
        end_children_when_told()
        circumstances = conditions()
        say("starting an exchange")
        async with running_exchange(self._database_url) as exchange:
            circumstances |= {
                "postgresql": await server_settings(exchange.database_url),
                "exchange_settings": SETTINGS,
                "bidders": self._bidders,
                "seconds": self._seconds,
                "warm_up_seconds": self._warm_up_s,
            }
            echo = {str(count): await self._echo(count) for count in IN_FLIGHT}
            measured, record = await self._hot_lot(exchange)
            say("one transaction for each bid, the row locked")
            row_lock = await measure_row_lock(exchange.database_url, self._seconds * ROW_LOCK_SHARE)
        clustered = await self._clustered(gateways, record) if gateways else {}
        circumstances |= {"gateways": gateways, "load_average_after": conditions()["load_average_before"]}
        return {
            "bids": measured,
            "clustered": clustered,
            "echo": echo,
            "row_lock": [asdict(rate) for rate in row_lock],
            "ratios": _ratios(measured, echo, max(rate.rate for rate in row_lock))
            | _cluster_ratios(measured, clustered),
            "record": record,
            "conditions": circumstances,
        }

    async def _clustered(self, gateways: int, record: dict[str, Any]) -> dict[str, Any]:
        """Measure the same through gateways, over each carrier that can be had here, and add to the record."""
        measured: dict[str, Any] = {}
        async with AsyncExitStack() as stack:
            carriers: dict[str, dict[str, str]] = {"socket": {}}
            if has_redis():
                carriers["redis"] = {"LUOCHUI_REDIS_URL": await stack.enter_async_context(running_redis())}
            for carrier, settings in carriers.items():
                say(f"starting an engine and {gateways} gateways over {carrier}")
                async with running_exchange(self._database_url, SETTINGS | settings, gateways) as exchange:
                    measured[carrier], found = await self._hot_lot(exchange)
                for name, value in found.items():
                    record[name] += value
        return measured

    async def _echo(self, in_flight: int) -> dict[str, Any]:
        """Measure a bare echo in a process of its own, with the same client and frames."""
        say(f"bare echo, {in_flight} in flight")
        command = [sys.executable, "-m", "loadtests.echo"]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            assert process.stdout is not None
            url = f"http://127.0.0.1:{int(process.stdout.readline())}"
            return await self._measured(Load(1), Echoed, url, ["-"] * self._bidders, in_flight, process.pid)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            await asyncio.to_thread(process.wait)

    async def _hot_lot(self, exchange: RunningExchange) -> tuple[dict[str, Any], dict[str, Any]]:
        """Measure bids with each number in flight, on a fresh lot each, and check the records afterwards."""
        measured: dict[str, Any] = {}
        problems: list[str] = []
        acknowledged = 0
        for in_flight in IN_FLIGHT:
            say(f"bids, {in_flight} in flight")
            hot = await make_hot_lot(exchange.url, exchange.token, self._bidders)
            load = Load(hot.lot)
            async with Watchers(exchange.url, hot.lot, WATCHING) as watchers:
                figures = await self._measured(
                    load, Bidder, exchange.url, hot.tokens, in_flight, exchange.process_id
                )
                receipts = load.acknowledged()
                await watchers.until(max(receipts, default=0))
            figures["watchers"] = [asdict(seen) for seen in watchers.seen]
            problems += watchers.problems()
            measured[str(in_flight)] = figures
            say(f"reading the record: {len(receipts)} bids were acknowledged")
            problems += await missing_bids(exchange.url, exchange.token, hot.lot, receipts)
            acknowledged += len(receipts)
        return measured, {
            "acknowledged": acknowledged,
            "problems": problems[:MISMATCHES_SHOWN],
            "problems_total": len(problems),
        }

    async def _measured(
        self, load: Load, kind: type[Bidder], url: str, tokens: list[str], in_flight: int, server: int
    ) -> dict[str, Any]:
        connections = await open_bidders(kind, load, url, tokens)
        usage = Usage(server)
        try:
            tally = await measure(load, connections, in_flight, self._warm_up_s, self._seconds)
            cores = usage.cores()
        finally:
            for connection in connections:
                connection.close()
        return _figures(tally) | {"cores_busy": cores, "frame_bytes": load.frame_bytes}


def _figures(tally: Tally) -> dict[str, Any]:
    return {
        "per_second": round(tally.rate),
        "p50_ms": round(tally.percentile_ms(0.5), 3),
        "p99_ms": round(tally.percentile_ms(0.99), 3),
        "answered": tally.answered,
        "refused": tally.refused,
        "refusals": tally.refusals,
        "errors": tally.errors,
        "other_frames": tally.others,
        "seconds": round(tally.seconds, 3),
    }


def _ratios(measured: dict[str, Any], echo: dict[str, Any], row_lock: float) -> dict[str, float]:
    ratios = {
        f"bids_to_echo_{count}_in_flight": round(
            measured[str(count)]["per_second"] / echo[str(count)]["per_second"], 3
        )
        for count in IN_FLIGHT
    }
    for count in IN_FLIGHT:
        name = f"bids_{count}_in_flight_to_row_lock"
        ratios[name] = round(measured[str(count)]["per_second"] / row_lock, 1)
    return ratios


def _cluster_ratios(measured: dict[str, Any], clustered: dict[str, Any]) -> dict[str, float]:
    return {
        f"clustered_over_{carrier}_to_one_process_{count}_in_flight": round(
            figures[str(count)]["per_second"] / measured[str(count)]["per_second"], 3
        )
        for carrier, figures in clustered.items()
        for count in IN_FLIGHT
    }


def _print(report: dict[str, Any]) -> None:
    console = console_of_width()
    table = Table(title="One hot lot", header_style="bold")
    table.add_column("")
    for heading in ("a second", "p50 ms", "p99 ms", "refused", "cores: server, client, rest"):
        table.add_column(heading, justify="right")
    clustered = [(f"bids, clustered over {carrier}", row) for carrier, row in report["clustered"].items()]
    for name, figures in (("bare echo", report["echo"]), ("bids", report["bids"]), *clustered):
        for count, row in figures.items():
            cores = "  ".join(f"{busy:.2f}" for busy in row["cores_busy"].values())
            table.add_row(f"{name}, {count} in flight", *_cells(row), f"{row['refused']:,}", cores)
    for rate in report["row_lock"]:
        name = f"one transaction a bid, {rate['connections']} connections"
        table.add_row(name, *_cells(rate | {"per_second": rate["rate"]}), "–", "")
    console.print(table)
    for name, ratio in report["ratios"].items():
        console.print(f"  {name.replace('_', ' ')}: {ratio}")
    record = report["record"]
    verdict = "; ".join(record["problems"]) or "all on record under their sequence, without gaps"
    console.print(f"  {record['acknowledged']:,} bids acknowledged: {verdict}")
    show_conditions(console, report)


def _cells(row: dict[str, Any]) -> tuple[str, str, str]:
    return f"{row['per_second']:,.0f}", f"{row['p50_ms']:.2f}", f"{row['p99_ms']:.2f}"
