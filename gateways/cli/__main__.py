"""Run the command line as `python -m gateways.cli`."""

from gateways.cli import app

app()
