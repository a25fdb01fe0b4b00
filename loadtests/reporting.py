"""How the benchmarks report: progress on standard error, tables for people, JSON for machines.

Belongs here: what every benchmark prints with. Does not belong here: figures, measuring.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from collections.abc import Callable, Mapping
from typing import Annotated, Any, TypeAlias

import orjson
import structlog
import typer
from rich.console import Console

WIDTH = 120

Report: TypeAlias = dict[str, Any]
AsJson = Annotated[bool, typer.Option("--json", help="For machines, on standard output.")]
DatabaseUrl = Annotated[str | None, typer.Option(help="PostgreSQL instead of the embedded one.")]


def show(report: Report, as_json: bool, tables: Callable[[Report], None]) -> None:
    """Print a report as JSON, or by its own tables."""
    if as_json:
        sys.stdout.buffer.write(orjson.dumps(report, option=orjson.OPT_INDENT_2) + b"\n")
        sys.stdout.buffer.flush()
    else:
        tables(report)


def say(text: str) -> None:
    """Tell whoever waits what is being done."""
    print(text, file=sys.stderr, flush=True)


def keep_log_off_the_report() -> None:
    """Let what the exchange logs in this process go to standard error, and only warnings."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def console_of_width() -> Console:
    """Return where tables go: as wide as the terminal, or as a page."""
    console = Console()
    if not console.is_terminal:
        console.width = WIDTH
    return console


def show_conditions(console: Console, report: Report) -> None:
    """Print under which conditions the figures were measured."""
    console.print_json(orjson.dumps(report["conditions"]).decode())


def rate_cells(row: Mapping[str, Any]) -> tuple[str, str, str]:
    """Return the middle, lowest and highest rate of some repetitions."""
    return f"{row['per_second']:,}", f"{row['per_second_min']:,}", f"{row['per_second_max']:,}"


def end_children_when_told() -> None:
    """Let SIGTERM cancel the task that runs now, so that the processes it has started end, too."""
    this = asyncio.current_task()
    assert this is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, this.cancel)
