"""A whole exchange as a process of its own, for tests that start, kill and restart the real thing."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

READY_SECONDS = 60.0


class ExchangeProcess:
    """`luochui run` on a port and in a data folder of its own."""

    def __init__(self, data_dir: Path, *flags: str) -> None:
        self.data_dir = data_dir
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._flags = flags
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it takes commands."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        with (self.data_dir / "output.log").open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "gateways.cli", "run", "--port", str(self.port),
                 "--data-dir", str(self.data_dir), *self._flags],
                stdout=output, stderr=output, start_new_session=True, cwd=self.data_dir,
                env={**os.environ, "LUOCHUI_LOG_FORMAT": "json"},
            )  # fmt: skip
        self._wait_until_ready()

    def stop(self) -> int:
        """Interrupt it, as Ctrl-C would, and return its exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGINT)
        return self._process.wait(30)

    def wait(self, seconds: float = 30.0) -> int:
        """Wait until it has ended by itself and return its exit code."""
        assert self._process is not None
        return self._process.wait(seconds)

    def kill(self) -> None:
        """End it without any warning: kill -9."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    @property
    def exit_code(self) -> int | None:
        """How it ended; None while it runs."""
        assert self._process is not None
        return self._process.poll()

    @property
    def operator_token(self) -> str:
        """The token that the exchange leaves for its operator."""
        return (self.data_dir / "operator.token").read_text().strip()

    @property
    def output(self) -> str:
        """What it has printed."""
        return (self.data_dir / "output.log").read_text()

    def _wait_until_ready(self) -> None:
        give_up_at = time.monotonic() + READY_SECONDS
        while time.monotonic() < give_up_at:
            assert self.exit_code is None, f"the exchange ended with {self.exit_code}:\n{self.output[-3000:]}"
            if self._is_ready():
                return
            time.sleep(0.05)
        raise AssertionError(f"not ready after {READY_SECONDS} s:\n{self.output[-3000:]}")

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False


def free_port() -> int:
    """Return a TCP port that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
