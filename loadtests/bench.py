"""Benchmarks, each beside its ceilings in the same run: `python -m loadtests.bench COMMAND [--json]`.

Belongs here: the list of commands. Figures are printed, never judged: there are no timed tests.
"""

from __future__ import annotations

import typer

from loadtests.bench_bids import bids
from loadtests.bench_close import close
from loadtests.bench_connect import connect
from loadtests.bench_fanout import fanout
from loadtests.bench_ledger import ledger
from loadtests.bench_matching import matching
from loadtests.bench_pages import pages
from loadtests.bench_recovery import recovery
from loadtests.bench_soak import soak

app = typer.Typer(add_completion=False, no_args_is_help=True)


@app.callback()
def root() -> None:
    """Measure the exchange beside its ceilings."""


app.command()(bids)
app.command()(matching)
app.command()(ledger)
app.command()(close)
app.command()(recovery)
app.command()(soak)
app.command()(fanout)
app.command()(connect)
app.command()(pages)

if __name__ == "__main__":
    app()
