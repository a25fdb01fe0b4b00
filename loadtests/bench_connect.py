"""`bench connect`: handshakes, memory for each connection, and thousands that come back at once.

Belongs here: the command and its report. Does not belong here: measuring (`loadtests.connect`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any

import typer
import uvloop
from rich.table import Table

from loadtests.bench_fanout import FAILURES, OURS, SETTINGS_OPEN
from loadtests.conditions import conditions
from loadtests.connect import measured_floor, measured_peer_connections
from loadtests.exchange_process import running_exchange
from loadtests.peers import peers_here
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


def connect(
    as_json: AsJson = False,
    connections: Annotated[int, typer.Option(min=1, max=19_000, help="How many connect.")] = 15_000,
    repetitions: Annotated[int, typer.Option(min=1, max=20, help="Storms, one after the other.")] = 3,
    peer: Annotated[
        list[str] | None, typer.Option(help="Only these servers beside ours; none for all that are here.")
    ] = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Handshakes a second, memory for each connection, and 15,000 connections that come back at once."""
    here = peers_here()
    peers = here if peer is None else [name for name in here if name in peer]
    try:
        report = uvloop.run(_report(connections, repetitions, peers, database_url))
    except (asyncio.CancelledError, KeyboardInterrupt):
        raise typer.Exit(130) from None
    except FAILURES as failure:
        typer.echo(str(failure), err=True)
        raise typer.Exit(1) from failure
    show(report, as_json, _print)


async def _report(
    connections: int, repetitions: int, peers: Sequence[str], database_url: str | None
) -> Report:
    end_children_when_told()
    circumstances = conditions() | {
        "shared_by": "the server under measurement, the swarm and PostgreSQL run on these cores",
        "connections": connections,
        "repetitions": repetitions,
        "servers": [OURS, *peers],
        "handshake": "ours includes a subscription and its snapshot, and a hello; the others only greet",
    }
    say(f"{connections:,} connections: {OURS}")
    async with running_exchange(database_url, SETTINGS_OPEN) as exchange:
        servers: dict[str, dict[str, Any]] = {OURS: await measured_floor(exchange, connections, repetitions)}
    for name in peers:
        say(f"{connections:,} connections: {name}")
        servers[name] = await measured_peer_connections(name, connections)
    circumstances["load_average_after"] = conditions()["load_average_before"]
    return {"servers": servers, "conditions": circumstances}


def _print(report: Report) -> None:
    console = console_of_width()
    table = Table(title="Connections", header_style="bold")
    for heading in (
        "",
        "a second",
        "processor µs",
        "kB each",
        "joined p50 ms",
        "p99 ms",
        "max ms",
        "refused",
    ):
        table.add_column(heading, justify="right" if heading else "left")
    for name, row in report["servers"].items():
        table.add_row(name, *_cells(row, f"{row['kb_per_connection']:.1f}"))
        for number, storm in enumerate(row.get("storms", ()), 1):
            table.add_row(f"{name}, all at once, {number}", *_cells(storm, ""))
    console.print(table)
    ours = report["servers"][OURS]
    for number, storm in enumerate(ours["storms"], 1):
        console.print(
            f"  storm {number}: {storm['connected']:,} back after {storm['seconds']} s; pauses over 10 ms: "
            f"{storm['pauses']['over_10_ms']} of {storm['pauses']['beats']}, "
            f"{storm['pauses']['held_over_10_ms']} of them by its own work, longest below "
            f"{storm['pauses']['longest_below_s']} s; {storm['receipts']} bids meanwhile waited "
            f"{storm['receipt_ms_median']} ms in the middle, {storm['receipt_ms_max']} ms at most"
        )
    told = ours["told"]
    console.print(
        f"  clients are told to come back within {told['reconnect_min_ms']} to {told['reconnect_max_ms']} ms"
    )
    console.print(f"  after the storms {ours['kb_per_connection_after_storms']} kB for each connection")
    show_conditions(console, report)


def _cells(row: dict[str, Any], memory: str) -> tuple[str, ...]:
    joined = (f"{row['joined'].get(key, 0.0):.1f}" for key in ("p50_ms", "p99_ms", "max_ms"))
    return (
        f"{row['handshakes_per_second']:,}",
        f"{row['processor_us_per_handshake']:.0f}",
        memory,
        *joined,
        f"{sum(row['refused'].values()):,}",
    )
