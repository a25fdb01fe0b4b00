"""The command line `luochui`."""

import typer

from exchange import __version__

app = typer.Typer(name="luochui", no_args_is_help=True, add_completion=False)


@app.callback(invoke_without_command=True)
def root(version: bool = typer.Option(False, "--version", help="Print the version and end.")) -> None:
    """Luochui 落槌, an open real-time auction exchange."""
    if version:
        typer.echo(__version__)
        raise typer.Exit
