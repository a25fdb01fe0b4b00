"""`bench matching`: the rules by themselves, format by format, and the order book beside another engine.

Belongs here: the command and its report. Does not belong here: measuring (`loadtests.matching_rules`).
"""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.table import Table

from loadtests.conditions import conditions
from loadtests.matching_rules import measured_books, measured_formats, peer_version
from loadtests.reporting import AsJson, console_of_width, rate_cells, say, show, show_conditions


def matching(
    as_json: AsJson = False,
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
        "formats": measured_formats(commands, repetitions, say),
        "order_book": measured_books(commands, repetitions, say),
        "conditions": circumstances,
    }
    circumstances["load_average_after"] = conditions()["load_average_before"]
    show(report, as_json, _print_rules)
    if not all(book["same_volume_as_peer"] for book in report["order_book"].values()):
        raise typer.Exit(1)


def _print_rules(report: dict[str, Any]) -> None:
    console = console_of_width()
    formats = Table(title="Decided and taken over", header_style="bold")
    books = Table(title="Order book beside lightmatchingengine, on the same stream", header_style="bold")
    for table in (formats, books):
        table.add_column("")
        for heading in ("a second", "min", "max"):
            table.add_column(heading, justify="right")
    formats.add_column("accepted", justify="right")
    for name, row in report["formats"].items():
        formats.add_row(name, *rate_cells(row), f"{row['accepted_share']:.0%}")
    for kind, book in report["order_book"].items():
        stood = f"{book['stream']['open_orders']:,} open orders, {book['stream']['levels']:,} levels"
        for name in ("rules", "structure", "lightmatchingengine"):
            books.add_row(f"{kind} book ({stood}): {name}", *rate_cells(book[name]))
    for table in (formats, books):
        console.print(table)
    for kind, book in report["order_book"].items():
        console.print(
            f"  {kind} book, rules to peer: {book['rules_to_peer']}, structure: {book['structure_to_peer']}"
        )
    show_conditions(console, report)
