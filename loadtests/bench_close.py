"""`bench close`: thousands of lots due in the same second, beside a bare COPY of the same records.

Belongs here: the command and its report. Does not belong here: measuring (`loadtests.engine.closings`).
"""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import msgspec
import typer
import uvloop
from rich.table import Table

from loadtests.conditions import conditions
from loadtests.engine.closings import PreparationTooSlow, measured_closings
from loadtests.engine.room import ENGINE_FAILURES, EngineLimits, opened_room
from loadtests.reporting import (
    AsJson,
    DatabaseUrl,
    Report,
    console_of_width,
    end_children_when_told,
    keep_log_off_the_report,
    say,
    show,
    show_conditions,
)
from loadtests.row_lock import server_settings

TARGET_MS = 250


def close(
    as_json: AsJson = False,
    lots: Annotated[int, typer.Option(min=1, max=100_000, help="Lots that end.")] = 10_000,
    spread_ms: Annotated[int, typer.Option(min=0, max=60_000, help="Their ends lie this far apart.")] = 900,
    repetitions: Annotated[int, typer.Option(min=1, max=50, help="Each with fresh lots.")] = 3,
    database_url: DatabaseUrl = None,
) -> None:
    """Lots that all end in the same second: how late each is decided and told, and in which order."""
    try:
        report = uvloop.run(_report(lots, spread_ms, repetitions, database_url))
    except (asyncio.CancelledError, KeyboardInterrupt):
        raise typer.Exit(130) from None
    except (*ENGINE_FAILURES, PreparationTooSlow) as failure:
        typer.echo(str(failure), err=True)
        raise typer.Exit(1) from failure
    show(report, as_json, _print)
    if any(run["out_of_order"] or run["not_closed"] for run in report["runs"]):
        raise typer.Exit(1)


async def _report(lots: int, spread_ms: int, repetitions: int, database_url: str | None) -> Report:
    end_children_when_told()
    keep_log_off_the_report()
    circumstances = conditions() | {
        "shared_by": "engine and PostgreSQL run on these cores; the engine in the process that measures it"
    }
    limits = EngineLimits()
    runs: list[dict[str, Any]] = []
    async with opened_room(database_url) as room:
        circumstances["postgresql"] = await server_settings(room.database_url)
        for repetition in range(repetitions):
            say(f"repetition {repetition + 1} of {repetitions}")
            first_lot = 1 + repetition * lots
            closings = await measured_closings(
                room, lots, spread_ms * 1_000, limits, say, first_lot=first_lot
            )
            runs.append(closings.figures())
    circumstances |= {
        "lots": lots,
        "bidders_of_each_lot": 2,
        "bids_of_each_lot": 1,
        "engine_limits": msgspec.to_builtins(limits),
        "load_average_after": conditions()["load_average_before"],
    }
    return {"runs": runs, "target_ms": TARGET_MS, "conditions": circumstances}


def _print(report: Report) -> None:
    console = console_of_width()
    table = Table(title="Lots that end in the same second, ms after they were due", header_style="bold")
    for heading in ("", "p50", "p99", "p99.9", "max"):
        table.add_column(heading, justify="right" if heading else "left")
    for number, run in enumerate(report["runs"], 1):
        for what in ("decided", "told"):
            table.add_row(f"{number}: {what}", *(f"{value:.1f}" for value in run[what].values()))
    console.print(table)
    for number, run in enumerate(report["runs"], 1):
        console.print(
            f"  {number}: {run['lots']:,} lots due within {run['spread_ms']:.0f} ms, {run['sold']:,} sold; "
            f"out of order {run['out_of_order']}, not closed {run['not_closed']}; all told after "
            f"{run['seconds']} s; {run['commits']} commits of {run['records_per_commit'].get('median', 0)} records "
            f"(most {run['records_per_commit'].get('max', 0)}); longest pause {run['longest_pause_ms']} ms; "
            f"the same rows by COPY alone: {run['copy_seconds']} s"
        )
    console.print(f"  target: decided within {report['target_ms']} ms")
    show_conditions(console, report)
