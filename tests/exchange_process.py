"""A whole exchange in processes of its own, for tests that start, kill and restart the real thing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from tests.kept_numbers import free_port

READY_SECONDS = 120.0
END_SECONDS = 120.0
ANSWER_SECONDS = 10.0


class Running(Protocol):
    """What tests need of a running exchange, in whatever processes it is."""

    data_dir: Path
    url: str

    @property
    def exit_code(self) -> int | None:
        """How it ended; None while all of it runs."""

    @property
    def operator_token(self) -> str:
        """The token that the exchange leaves for its operator."""

    @property
    def output(self) -> str:
        """What it has printed."""

    async def caught_up(self) -> None:
        """Wait until every way in shows what is on record by now."""

    def stop(self) -> int:
        """Interrupt it, as Ctrl-C would, and return its exit code."""

    def kill(self) -> None:
        """End it without any warning: kill -9."""


class Program:
    """One process of `luochui`, whose output goes into a file of the data folder.

    Args:
        data_dir: its folder.
        name: of the file of its output.
        arguments: of the command line.
        within: words before the command, for one that runs elsewhere.
    """

    def __init__(self, data_dir: Path, name: str, *arguments: str, within: tuple[str, ...] = ()) -> None:
        self.data_dir = data_dir
        self.name = name
        self._arguments = arguments
        self._within = within
        self._process: subprocess.Popen[bytes] | None = None

    def launch(self) -> None:
        """Start it and return at once."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        with self._output_file.open("ab") as output:
            self._process = subprocess.Popen(
                [*self._within, sys.executable, "-m", "gateways.cli", *self._arguments,
                 "--data-dir", str(self.data_dir)],
                stdout=output, stderr=output, start_new_session=True, cwd=self.data_dir,
                env={**os.environ, "LUOCHUI_LOG_FORMAT": "json"},
            )  # fmt: skip

    @property
    def process_id(self) -> int:
        """The process that was launched last."""
        assert self._process is not None
        return self._process.pid

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    def stop(self) -> int:
        """Interrupt it, as Ctrl-C would, and return its exit code."""
        self.signal(signal.SIGINT)
        return self.wait()

    def wait(self, seconds: float = END_SECONDS) -> int:
        """Wait until it has ended by itself and return its exit code."""
        assert self._process is not None
        return self._process.wait(seconds)

    def kill(self) -> None:
        """End it without any warning: kill -9."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    @property
    def exit_code(self) -> int | None:
        """How it ended; None while it runs."""
        assert self._process is not None
        return self._process.poll()

    @property
    def output(self) -> str:
        """What it has printed, in all its lives."""
        return self._output_file.read_text()

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Wait for a condition while it runs."""
        give_up_at = time.monotonic() + READY_SECONDS
        while not condition():
            assert self.exit_code is None, f"{self.name} ended with {self.exit_code}:\n{self.output[-3000:]}"
            assert time.monotonic() < give_up_at, f"{self.name} is not ready:\n{self.output[-3000:]}"
            time.sleep(0.05)

    @property
    def _output_file(self) -> Path:
        return self.data_dir / f"{self.name}.log"


class ExchangeProcess(Program):
    """`luochui run` on a port and in a data folder of its own."""

    def __init__(self, data_dir: Path, *flags: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        super().__init__(data_dir, "output", "run", "--port", str(self.port), *flags)

    def start(self) -> None:
        """Start it and wait until it takes commands."""
        self.launch()
        self.wait_until(lambda: is_ready(self.url))

    async def caught_up(self) -> None:
        """Return at once: there is one way in, and it shows what is on record."""

    @property
    def operator_token(self) -> str:
        """The token that the exchange leaves for its operator."""
        return operator_token(self.data_dir)


def is_ready(url: str) -> bool:
    """Tell whether an exchange takes commands."""
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=ANSWER_SECONDS) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def operator_token(data_dir: Path) -> str:
    """Return the token that an exchange leaves in its data folder."""
    return (data_dir / "operator.token").read_text().strip()
