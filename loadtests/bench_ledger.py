"""`bench ledger`: transfers in batches, beside a transaction with row locks for each.

Belongs here: the command and its report. Does not belong here: measuring (`loadtests.ledger_rates`).
"""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import typer
import uvloop
from rich.table import Table

from loadtests.conditions import conditions
from loadtests.exchange_process import ExchangeFailed, running_exchange
from loadtests.ledger_rates import measured_million, measured_rates
from loadtests.reporting import (
    AsJson,
    DatabaseUrl,
    console_of_width,
    end_children_when_told,
    rate_cells,
    say,
    show,
    show_conditions,
)
from loadtests.row_lock import server_settings


def ledger(
    as_json: AsJson = False,
    accounts: Annotated[int, typer.Option(min=3, max=500_000, help="Accounts to spread over.")] = 1_000,
    repetitions: Annotated[int, typer.Option(min=1, help="Of each measurement, in turns.")] = 5,
    seconds: Annotated[float, typer.Option(min=0.2, help="Length of each measurement.")] = 1.0,
    million: Annotated[
        bool, typer.Option("--million", help="Export and verify a million transfers.")
    ] = False,
    database_url: DatabaseUrl = None,
) -> None:
    """Transfers in batches, spread and with one hot account, beside a transaction with row locks for each."""
    try:
        report = uvloop.run(_ledger_report(accounts, repetitions, seconds, million, database_url))
    except (asyncio.CancelledError, KeyboardInterrupt):
        raise typer.Exit(130) from None
    except ExchangeFailed as failure:
        typer.echo(str(failure), err=True)
        raise typer.Exit(1) from failure
    show(report, as_json, _print_ledger)


async def _ledger_report(
    accounts: int, repetitions: int, seconds: float, with_million: bool, database_url: str | None
) -> dict[str, Any]:
    end_children_when_told()
    circumstances = conditions()
    say("starting an exchange, for its database")
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
        report = {"rates": await measured_rates(url, accounts, repetitions, seconds, say)}
        if with_million:
            report["million"] = await measured_million(url, accounts, say)
    circumstances["load_average_after"] = conditions()["load_average_before"]
    return report | {"conditions": circumstances}


def _print_ledger(report: dict[str, Any]) -> None:
    console = console_of_width()
    table = Table(title="Transfers recorded", header_style="bold")
    table.add_column("")
    for heading in ("a second", "min", "max", "to the best with row locks"):
        table.add_column(heading, justify="right")
    for layout, figures in report["rates"].items():
        for size, row in figures["batches"].items():
            ratio = f"{figures['batches_to_best_row_lock'][size]}×"
            table.add_row(f"{layout}, batches of {size}", *rate_cells(row), ratio)
        for count, row in figures["row_lock_connections"].items():
            table.add_row(f"{layout}, row locks, {count} connections", *rate_cells(row), "")
    console.print(table)
    for name, figures in report.get("million", {}).items():
        console.print(f"  a million, {name.replace('_', ' ')}: {figures}")
    show_conditions(console, report)
