"""`bench recovery`: how fast an engine starts over a million records, and what a hundred thousand waiting lots weigh.

Belongs here: the command and its report. Does not belong here: measuring (`loadtests.engine.starts`).
"""

from __future__ import annotations

import asyncio
import statistics
from typing import Annotated, Any

import msgspec
import typer
import uvloop
from rich.table import Table

from loadtests.conditions import conditions
from loadtests.engine.history import HistoryFailed, schedule, trade
from loadtests.engine.room import ENGINE_FAILURES, EngineLimits, Room, opened_room
from loadtests.engine.starts import measured_start, replay_ceilings, same_lots_either_way
from loadtests.reporting import (
    AsJson,
    Report,
    console_of_width,
    end_children_when_told,
    keep_log_off_the_report,
    say,
    show,
    show_conditions,
)
from loadtests.row_lock import server_settings

TARGET_S = 3
COMPARED_LOTS = 25


def recovery(
    as_json: AsJson = False,
    records: Annotated[int, typer.Option(min=1_000, help="Records in the journal.")] = 1_000_000,
    lots: Annotated[int, typer.Option(min=1, help="Open lots that they belong to.")] = 1_000,
    scheduled: Annotated[int, typer.Option(min=1, help="Lots that only wait to open.")] = 100_000,
    repetitions: Annotated[int, typer.Option(min=1, max=50, help="Starts, each in a fresh process.")] = 5,
) -> None:
    """Start over a million records, with and without snapshots; memory and start of lots that only wait."""
    try:
        report = uvloop.run(_report(records, lots, scheduled, repetitions))
    except (asyncio.CancelledError, KeyboardInterrupt):
        raise typer.Exit(130) from None
    except (*ENGINE_FAILURES, HistoryFailed) as failure:
        typer.echo(str(failure), err=True)
        raise typer.Exit(1) from failure
    show(report, as_json, _print)
    if not report["same_lots_either_way"]:
        raise typer.Exit(1)


async def _report(records: int, lots: int, scheduled: int, repetitions: int) -> Report:
    end_children_when_told()
    keep_log_off_the_report()
    circumstances = conditions() | {
        "shared_by": "engine and PostgreSQL run on these cores; each start in a process of its own",
        "lots": lots,
        "repetitions": repetitions,
    }
    limits = EngineLimits()
    circumstances["engine_limits"] = msgspec.to_builtins(limits)
    async with opened_room(None) as room:
        circumstances["postgresql"] = await server_settings(room.database_url)
        say("a day of trading, decided by the rules")
        made = await trade(room, lots, records, limits, say)
        circumstances["records"] = made
        kept = await room.pool.fetchrow("SELECT count(*), sum(length(state)) FROM exchange.snapshot")
        circumstances |= {"snapshots": kept[0], "snapshot_bytes": int(kept[1] or 0)}
        is_same = await same_lots_either_way(room.pool, room.database_url, COMPARED_LOTS)
        from_snapshots = await _starts(room, repetitions, "from snapshots")
        ceilings = await replay_ceilings(room.pool, room.database_url)
        await room.pool.execute("DELETE FROM exchange.snapshot")
        whole = await _starts(room, repetitions, "whole replay", forgetting=True)
        for each in whole["each"]:
            each["records_per_second"] = round(made / each["seconds"])
    async with opened_room(None) as room:
        say("lots that wait to open")
        await schedule(room, scheduled, limits, say)
        waiting = await _starts(room, repetitions, "lots that wait")
    circumstances["load_average_after"] = conditions()["load_average_before"]
    return {
        "from_snapshots": from_snapshots,
        "whole_replay": whole,
        "ceilings": ceilings,
        "same_lots_either_way": is_same,
        "scheduled": waiting,
        "target_s": TARGET_S,
        "conditions": circumstances,
    }


async def _starts(room: Room, repetitions: int, what: str, forgetting: bool = False) -> dict[str, Any]:
    each = []
    for repetition in range(repetitions):
        say(f"start {repetition + 1} of {repetitions}, {what}")
        each.append(await asyncio.to_thread(measured_start, room.database_url))
        if forgetting:
            await room.pool.execute("DELETE FROM exchange.snapshot")
    seconds = sorted(start["seconds"] for start in each)
    return {"median_s": statistics.median(seconds), "min_s": seconds[0], "max_s": seconds[-1], "each": each}


def _print(report: Report) -> None:
    console = console_of_width()
    table = Table(title="Until commands are taken", header_style="bold")
    for heading in ("", "median s", "min", "max", "lots", "records", "answers", "bytes a lot"):
        table.add_column(heading, justify="right" if heading else "left")
    for name in ("from_snapshots", "whole_replay", "scheduled"):
        starts = report[name]
        last = starts["each"][-1]
        times = (f"{starts[key]:.2f}" for key in ("median_s", "min_s", "max_s"))
        weights = (f"{last[key]:,}" for key in ("lots", "position", "answers", "resident_bytes_per_lot"))
        table.add_row(name.replace("_", " "), *times, *weights)
    console.print(table)
    rates = sorted(each["records_per_second"] for each in report["whole_replay"]["each"])
    ceilings = report["ceilings"]
    read, decoded = (round(ceilings["records"] / ceilings[key]) for key in ("read_s", "decode_s"))
    console.print(
        f"  whole replay: {rates[len(rates) // 2]:,} records a second ({rates[0]:,} to {rates[-1]:,})"
    )
    console.print(
        f"  ceilings: reading the rows alone {read:,} a second, decoding them alone {decoded:,} a second"
    )
    console.print(
        f"  the same lots from snapshots as from all their records: {report['same_lots_either_way']}"
    )
    console.print(f"  target: from snapshots within {report['target_s']} s")
    show_conditions(console, report)
