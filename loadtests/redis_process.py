"""A Redis of one's own for the length of a measurement, on a Unix socket in a temporary folder.

Belongs here: starting it, waiting until it answers, ending it. Does not belong here: what goes through it.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

from loadtests.exchange_process import ExchangeFailed

READY_TIMEOUT_S = 20.0


def has_redis() -> bool:
    """Tell whether there is a Redis to run."""
    return shutil.which("redis-server") is not None


@contextlib.asynccontextmanager
async def running_redis() -> AsyncIterator[str]:
    """Run `redis-server`, keeping nothing on disk, and give its address.

    Raises: ExchangeFailed.
    """
    with tempfile.TemporaryDirectory(prefix="luochui-bench-", ignore_cleanup_errors=True) as folder:
        path = Path(folder) / "redis.sock"
        command = ["redis-server", "--port", "0", "--unixsocket", str(path), "--save", "", "--dir", folder]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            until_s = time.monotonic() + READY_TIMEOUT_S
            while not path.exists():
                if process.poll() is not None or time.monotonic() > until_s:
                    raise ExchangeFailed("redis-server did not start")
                await asyncio.sleep(0.05)
            yield f"unix://{path}"
        finally:
            process.terminate()
            await asyncio.to_thread(process.wait)
