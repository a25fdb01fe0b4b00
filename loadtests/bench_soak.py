"""`bench soak`: an ordinary house for many minutes; do memory and open files of the exchange stay where they are?

Belongs here: the command, the samples, their slope and the judgement. Does not belong here: the life of the house.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import aiohttp
import typer
import uvloop
from rich.table import Table

from gateways.client import ClientProblem
from loadtests.conditions import conditions, open_files, own_processor_seconds, resident_bytes
from loadtests.exchange_process import SETTINGS, ExchangeFailed, RunningExchange, running_exchange
from loadtests.house_life import Crowd, House
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
from loadtests.row_lock import server_settings
from loadtests.swarm import SwarmFailed

SAMPLE_S = 5.0
REST_S = 20.0
"""After the last has gone, until the exchange is looked at for the last time."""
JUDGED_SHARE = 0.5
"""The last part of the samples, whose slope is judged: before, caches fill up to their bounds."""
GROWTH_AN_HOUR_MAX = 0.05
"""Growth that one would still call flat, as a share of the memory at the end of the run."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The exchange's process at one moment."""

    second: float
    resident_bytes: int
    files: int
    connections: int


@dataclass(frozen=True, slots=True)
class Slope:
    """A straight line through samples, with its standard error, per minute."""

    per_minute: float
    error: float


def slope(seconds: Sequence[float], values: Sequence[float]) -> Slope:
    """Return the slope of least squares; fewer than three samples say nothing, which is an infinite error."""
    count = len(values)
    if count < 3:
        return Slope(0.0, math.inf)
    middle, mean = sum(seconds) / count, sum(values) / count
    spread = sum((second - middle) ** 2 for second in seconds)
    steep = sum((x - middle) * (y - mean) for x, y in zip(seconds, values, strict=True)) / spread
    rest = sum((y - mean - steep * (x - middle)) ** 2 for x, y in zip(seconds, values, strict=True))
    return Slope(steep * 60, math.sqrt(rest / (count - 2) / spread) * 60)


def soak(
    as_json: AsJson = False,
    minutes: Annotated[float, typer.Option(min=0.1, help="How long.")] = 15.0,
    bidders: Annotated[int, typer.Option(min=1, max=500, help="Who bid, and come and go.")] = 20,
    watchers: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many at once.")] = 300,
    lots_per_second: Annotated[float, typer.Option(min=0.1, max=50, help="Lots that open, and end.")] = 3.0,
    database_url: DatabaseUrl = None,
) -> None:
    """Bidders, watchers and hosts coming and going for a long time; the slope of memory and open files."""
    crowd = Crowd(bidders=bidders, watchers=watchers, lots_per_second=lots_per_second)
    try:
        report = uvloop.run(_report(minutes * 60, crowd, database_url))
    except (asyncio.CancelledError, KeyboardInterrupt):
        raise typer.Exit(130) from None
    except (ExchangeFailed, ClientProblem, SwarmFailed) as failure:
        typer.echo(str(failure), err=True)
        raise typer.Exit(1) from failure
    show(report, as_json, _print)
    if report["life"]["problems"] or report["life"]["faults"]:
        raise typer.Exit(1)


async def _report(seconds: float, crowd: Crowd, database_url: str | None) -> Report:
    end_children_when_told()
    circumstances = conditions() | {"crowd": str(crowd), "minutes": seconds / 60}
    settings = SETTINGS | {"LUOCHUI_CONNECTIONS_PER_ADDRESS_MAX": "100000"}
    circumstances["exchange_settings"] = settings
    async with running_exchange(database_url, settings) as exchange, aiohttp.ClientSession() as http:
        circumstances["postgresql"] = await server_settings(exchange.database_url)
        began_s = time.monotonic()
        samples = [await _sample(exchange, http, began_s)]
        processor_s = own_processor_seconds(exchange.process_id)
        async with House(exchange.url, exchange.token, crowd).living() as life:
            while time.monotonic() - began_s < seconds:
                await asyncio.sleep(SAMPLE_S)
                samples.append(await _sample(exchange, http, began_s))
                if len(samples) % 12 == 0:
                    say(f"{_told(samples[-1])}; {life.bids:,} bids, {life.ended:,} lots ended")
        processor_s = own_processor_seconds(exchange.process_id) - processor_s
        say("everybody goes")
        await asyncio.sleep(REST_S)
        at_rest = await _sample(exchange, http, began_s)
    circumstances["load_average_after"] = conditions()["load_average_before"]
    return {
        "life": life.figures(),
        "judged": judged(samples),
        "start": _figures(samples[0]),
        "end": _figures(samples[-1]),
        "at_rest": _figures(at_rest),
        "processor_share": round(processor_s / seconds, 3),
        "samples": [_figures(sample) for sample in samples],
        "conditions": circumstances,
    }


async def _sample(exchange: RunningExchange, http: aiohttp.ClientSession, began_s: float) -> Sample:
    connections = await _metric(exchange, http, "luochui_connections")
    process = exchange.process_id
    second = time.monotonic() - began_s
    return Sample(second, resident_bytes(process), open_files(process), int(connections))


async def _metric(exchange: RunningExchange, http: aiohttp.ClientSession, name: str) -> float:
    headers = {"Authorization": f"Bearer {exchange.token}"}
    async with http.get(f"{exchange.url}/metrics", headers=headers) as answer:
        for line in (await answer.text()).splitlines():
            if line.startswith(f"{name} "):
                return float(line.split()[1])
    raise ExchangeFailed(f"the exchange shows no {name}")


def judged(samples: Sequence[Sample]) -> dict[str, Any]:
    """Judge the last part: memory, and files beyond those of the connections, which come and go."""
    late = samples[int(len(samples) * (1 - JUDGED_SHARE)) :]
    seconds = [sample.second for sample in late]
    memory = slope(seconds, [sample.resident_bytes for sample in late])
    files = slope(seconds, [sample.files - sample.connections for sample in late])
    growth = max(memory.per_minute, 0.0) * 60 / late[-1].resident_bytes
    return {
        "samples": len(late),
        "from_s": round(seconds[0]),
        "memory_kib_per_minute": round(memory.per_minute / 1024, 2),
        "memory_kib_per_minute_error": round(memory.error / 1024, 2) if late[2:] else None,
        "memory_growth_an_hour": round(growth, 4),
        "is_memory_flat": growth <= GROWTH_AN_HOUR_MAX,
        "files_per_minute": round(files.per_minute, 3),
        "files_per_minute_error": round(files.error, 3) if late[2:] else None,
        "are_files_flat": abs(files.per_minute) <= max(2 * files.error, 0.1),
    }


def _figures(sample: Sample) -> dict[str, Any]:
    return {
        "second": round(sample.second),
        "resident_mib": round(sample.resident_bytes / 2**20, 2),
        "files": sample.files,
        "connections": sample.connections,
    }


def _told(sample: Sample) -> str:
    figures = _figures(sample)
    minute, memory = figures["second"] / 60, figures["resident_mib"]
    return f"{minute:.1f} min: {memory} MiB, {figures['files']} files, {figures['connections']} connections"


def _print(report: Report) -> None:
    console = console_of_width()
    table = Table(title="The exchange's process", header_style="bold")
    for heading in ("", "s", "MiB", "files", "connections"):
        table.add_column(heading, justify="right" if heading else "left")
    minutes = [sample for number, sample in enumerate(report["samples"]) if number % 12 == 0]
    for name, sample in [("", each) for each in minutes] + [
        ("end", report["end"]),
        ("at rest", report["at_rest"]),
    ]:
        table.add_row(name, *(str(value) for value in sample.values()))
    console.print(table)
    judged, life = report["judged"], report["life"]
    console.print(
        f"  memory, from second {judged['from_s']}: {judged['memory_kib_per_minute']} KiB a minute "
        f"(± {judged['memory_kib_per_minute_error']}), {judged['memory_growth_an_hour']:.1%} an hour: "
        f"{'flat' if judged['is_memory_flat'] else 'NOT flat'}"
    )
    console.print(
        f"  files beside connections: {judged['files_per_minute']} a minute (± {judged['files_per_minute_error']}): "
        f"{'flat' if judged['are_files_flat'] else 'NOT flat'}"
    )
    console.print(
        f"  {life['bids']:,} bids, {life['opened']:,} lots opened and {life['ended']:,} ended, "
        f"{life['visits']:,} visits of bidders, {life['watched']:,} of watchers with {life['deliveries']:,} deliveries "
        f"and {life['faults']} faults; {report['processor_share']:.0%} of a core"
    )
    console.print(f"  refused: {life['refused']}; problems: {life['problems'] or 'none'}")
    show_conditions(console, report)
