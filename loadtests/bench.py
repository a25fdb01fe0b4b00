"""Benchmarks, each beside its ceilings in the same run: `python -m loadtests.bench bids|matching|ledger [--json]`.

Belongs here: the order of the measurements and the report. Figures are printed, never judged: there are no
timed tests.
"""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from dataclasses import asdict
from typing import Annotated, Any

import orjson
import typer
import uvloop
from rich.console import Console
from rich.table import Table

from gateways.client import ClientProblem
from gateways.wire import View
from loadtests.conditions import Usage, conditions
from loadtests.exchange_process import SETTINGS, ExchangeFailed, RunningExchange, running_exchange
from loadtests.hot_lot import BIDDERS, MISMATCHES_SHOWN, Watchers, make_hot_lot, missing_bids
from loadtests.ledger_rates import measured_million, measured_rates
from loadtests.load import Bidder, Echoed, Load, LoadFailed, Tally, measure, open_bidders
from loadtests.matching_rules import measured_books, measured_formats, peer_version
from loadtests.row_lock import measure_row_lock, server_settings

IN_FLIGHT = (1, 8)
WATCHING = (View.FULL, View.STATE, View.STATE)
ROW_LOCK_SHARE = 0.4
"""Of the seconds of one measurement, what each number of connections of the row-lock loop gets."""

WIDTH = 120

app = typer.Typer(add_completion=False, no_args_is_help=True)


@app.callback()
def root() -> None:
    """Measure the exchange beside its ceilings."""


@app.command()
def bids(
    as_json: Annotated[bool, typer.Option("--json", help="For machines, on standard output.")] = False,
    seconds: Annotated[float, typer.Option(min=0.5, help="Length of each measurement.")] = 10.0,
    warm_up: Annotated[float, typer.Option(min=0.0, help="Seconds before each that do not count.")] = 2.0,
    bidders: Annotated[int, typer.Option(min=1, max=400, help="Bidders, one connection each.")] = BIDDERS,
    database_url: Annotated[str | None, typer.Option(help="PostgreSQL instead of the embedded one.")] = None,
) -> None:
    """One hot lot over real WebSockets, a bare echo, and one transaction for each bid with the row locked."""
    try:
        report = uvloop.run(_Bench(seconds, warm_up, bidders, database_url).run())
    except (asyncio.CancelledError, KeyboardInterrupt):
        raise typer.Exit(130) from None
    except (ExchangeFailed, ClientProblem, LoadFailed) as failure:
        typer.echo(str(failure), err=True)
        raise typer.Exit(1) from failure
    if as_json:
        sys.stdout.buffer.write(orjson.dumps(report, option=orjson.OPT_INDENT_2) + b"\n")
    else:
        _print(report)
    if report["record"]["problems"]:
        raise typer.Exit(1)


@app.command()
def matching(
    as_json: Annotated[bool, typer.Option("--json", help="For machines, on standard output.")] = False,
    commands: Annotated[int, typer.Option(min=100, help="Commands of each stream.")] = 20_000,
    repetitions: Annotated[int, typer.Option(min=1, help="Of each stream, in turn with the others.")] = 7,
) -> None:
    """Commands decided and taken over, format by format, in one process; the order book beside another engine."""
    circumstances = conditions() | {
        "shared_by": "one process and one thread, without I/O",
        "lightmatchingengine": peer_version(),
        "commands": commands,
        "repetitions": repetitions,
    }
    report = {
        "formats": measured_formats(commands, repetitions, _say),
        "order_book": measured_books(commands, repetitions, _say),
        "conditions": circumstances,
    }
    circumstances["load_average_after"] = conditions()["load_average_before"]
    if as_json:
        sys.stdout.buffer.write(orjson.dumps(report, option=orjson.OPT_INDENT_2) + b"\n")
    else:
        _print_rules(report)
    if not all(book["same_volume_as_peer"] for book in report["order_book"].values()):
        raise typer.Exit(1)


@app.command()
def ledger(
    as_json: Annotated[bool, typer.Option("--json", help="For machines, on standard output.")] = False,
    accounts: Annotated[int, typer.Option(min=3, max=500_000, help="Accounts to spread over.")] = 1_000,
    repetitions: Annotated[int, typer.Option(min=1, help="Of each measurement, in turns.")] = 5,
    seconds: Annotated[float, typer.Option(min=0.2, help="Length of each measurement.")] = 1.0,
    million: Annotated[
        bool, typer.Option("--million", help="Export and verify a million transfers.")
    ] = False,
    database_url: Annotated[str | None, typer.Option(help="PostgreSQL instead of the embedded one.")] = None,
) -> None:
    """Transfers in batches, spread and with one hot account, beside a transaction with row locks for each."""
    try:
        report = uvloop.run(_ledger_report(accounts, repetitions, seconds, million, database_url))
    except (asyncio.CancelledError, KeyboardInterrupt):
        raise typer.Exit(130) from None
    except ExchangeFailed as failure:
        typer.echo(str(failure), err=True)
        raise typer.Exit(1) from failure
    if as_json:
        sys.stdout.buffer.write(orjson.dumps(report, option=orjson.OPT_INDENT_2) + b"\n")
    else:
        _print_ledger(report)


async def _ledger_report(
    accounts: int, repetitions: int, seconds: float, with_million: bool, database_url: str | None
) -> dict[str, Any]:
    this = asyncio.current_task()
    assert this is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, this.cancel)  # ends the children too
    circumstances = conditions()
    _say("starting an exchange, for its database")
    async with running_exchange(database_url) as exchange:
        url = exchange.database_url
        circumstances |= {
            "shared_by": "poster and PostgreSQL run on these cores, beside an idle exchange",
            "postgresql": await server_settings(url),
            "accounts": accounts,
            "repetitions": repetitions,
            "seconds": seconds,
            "poster": "one process, one connection, batch after batch; a commit for each batch",
        }
        report = {"rates": await measured_rates(url, accounts, repetitions, seconds, _say)}
        if with_million:
            report["million"] = await measured_million(url, accounts, _say)
    circumstances["load_average_after"] = conditions()["load_average_before"]
    return report | {"conditions": circumstances}


class _Bench:
    def __init__(self, seconds: float, warm_up_s: float, bidders: int, database_url: str | None) -> None:
        self._seconds = seconds
        self._warm_up_s = warm_up_s
        self._bidders = bidders
        self._database_url = database_url

    async def run(self) -> dict[str, Any]:
        """Return the whole report."""
        this = asyncio.current_task()
        assert this is not None
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, this.cancel)  # ends the children too
        circumstances = conditions()
        _say("starting an exchange")
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
            _say("one transaction for each bid, the row locked")
            row_lock = await measure_row_lock(exchange.database_url, self._seconds * ROW_LOCK_SHARE)
        circumstances["load_average_after"] = conditions()["load_average_before"]
        return {
            "bids": measured,
            "echo": echo,
            "row_lock": [asdict(rate) for rate in row_lock],
            "ratios": _ratios(measured, echo, max(rate.rate for rate in row_lock)),
            "record": record,
            "conditions": circumstances,
        }

    async def _echo(self, in_flight: int) -> dict[str, Any]:
        """Measure a bare echo in a process of its own, with the same client and frames."""
        _say(f"bare echo, {in_flight} in flight")
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
            _say(f"bids, {in_flight} in flight")
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
            _say(f"reading the record: {len(receipts)} bids were acknowledged")
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


def _print(report: dict[str, Any]) -> None:
    console = _console()
    table = Table(title="One hot lot", header_style="bold")
    table.add_column("")
    for heading in ("a second", "p50 ms", "p99 ms", "refused", "cores: server, client, rest"):
        table.add_column(heading, justify="right")
    for name, figures in (("bare echo", report["echo"]), ("bids", report["bids"])):
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
    console.print_json(orjson.dumps(report["conditions"]).decode())


def _print_rules(report: dict[str, Any]) -> None:
    console = _console()
    formats = Table(title="Decided and taken over", header_style="bold")
    books = Table(title="Order book beside lightmatchingengine, on the same stream", header_style="bold")
    for table in (formats, books):
        table.add_column("")
        for heading in ("a second", "min", "max"):
            table.add_column(heading, justify="right")
    formats.add_column("accepted", justify="right")
    for name, row in report["formats"].items():
        formats.add_row(name, *_rate_cells(row), f"{row['accepted_share']:.0%}")
    for kind, book in report["order_book"].items():
        stood = f"{book['stream']['open_orders']:,} open orders, {book['stream']['levels']:,} levels"
        for name in ("rules", "structure", "lightmatchingengine"):
            books.add_row(f"{kind} book ({stood}): {name}", *_rate_cells(book[name]))
    for table in (formats, books):
        console.print(table)
    for kind, book in report["order_book"].items():
        console.print(
            f"  {kind} book, rules to peer: {book['rules_to_peer']}, structure: {book['structure_to_peer']}"
        )
    console.print_json(orjson.dumps(report["conditions"]).decode())


def _print_ledger(report: dict[str, Any]) -> None:
    console = _console()
    table = Table(title="Transfers recorded", header_style="bold")
    table.add_column("")
    for heading in ("a second", "min", "max", "to the best with row locks"):
        table.add_column(heading, justify="right")
    for layout, figures in report["rates"].items():
        for size, row in figures["batches"].items():
            ratio = f"{figures['batches_to_best_row_lock'][size]}×"
            table.add_row(f"{layout}, batches of {size}", *_rate_cells(row), ratio)
        for count, row in figures["row_lock_connections"].items():
            table.add_row(f"{layout}, row locks, {count} connections", *_rate_cells(row), "")
    console.print(table)
    for name, figures in report.get("million", {}).items():
        console.print(f"  a million, {name.replace('_', ' ')}: {figures}")
    console.print_json(orjson.dumps(report["conditions"]).decode())


def _rate_cells(row: dict[str, Any]) -> tuple[str, str, str]:
    return f"{row['per_second']:,}", f"{row['per_second_min']:,}", f"{row['per_second_max']:,}"


def _console() -> Console:
    console = Console()
    if not console.is_terminal:
        console.width = WIDTH
    return console


def _cells(row: dict[str, Any]) -> tuple[str, str, str]:
    return f"{row['per_second']:,.0f}", f"{row['p50_ms']:.2f}", f"{row['p99_ms']:.2f}"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    app()
