"""A Redis of one's own, on a Unix socket in a folder of its own, that can be stopped, killed and started again."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

READY_SECONDS = 60.0


class RedisServer:
    """`redis-server` without persistence."""

    def __init__(self, program: str, folder: Path, *options: str) -> None:
        self._program = program
        self._options = options
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"unix://{folder / 'redis.sock'}"

    @property
    def is_running(self) -> bool:
        """Whether it has been started and not ended."""
        return self._process is not None

    def start(self) -> None:
        """Start it and wait until it answers."""
        options = ["--port", "0", "--unixsocket", str(self._folder / "redis.sock"), "--save", ""]
        self._process = subprocess.Popen(
            [self._program, *options, *self._options, "--appendonly", "no", "--dir", str(self._folder)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        give_up_at = time.monotonic() + READY_SECONDS
        while not self._answers():
            assert self._process.poll() is None, "redis-server has ended"
            assert time.monotonic() < give_up_at, "redis-server does not answer"
            time.sleep(0.02)

    def flush(self) -> None:
        """Let it forget everything."""
        assert self._asked(b"FLUSHALL") == b"+OK\r\n"

    def pause(self) -> None:
        """Let it stand still, with all its connections open."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it without any warning."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _answers(self) -> bool:
        try:
            return self._asked(b"PING").startswith((b"+PONG", b"-NOAUTH"))
        except OSError:
            return False

    def _asked(self, command: bytes) -> bytes:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(READY_SECONDS)
            connection.connect(str(self._folder / "redis.sock"))
            connection.sendall(command + b"\r\n")
            return connection.recv(100)


def redis_program() -> str:
    """Return where `redis-server` is; skip the test where it is absent."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server is absent")
    return program


@contextmanager
def running_redis(*options: str) -> Iterator[RedisServer]:
    """Run a Redis with further options; skip the test where the program is absent."""
    program = redis_program()
    with tempfile.TemporaryDirectory(prefix="lr-", ignore_cleanup_errors=True) as folder:
        server = RedisServer(program, Path(folder), *options)
        try:
            server.start()
            yield server
        finally:
            server.kill()
