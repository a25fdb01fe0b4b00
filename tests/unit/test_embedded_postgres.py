"""The embedded server over real folders: first and second starts, crashes, strangers' folders, long paths."""

import asyncio
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from exchange.embedded_postgres import EmbeddedPostgres, StartStep
from exchange.postgres_processes import MAJOR_VERSION
from exchange.postgres_troubles import (
    DataDirectoryForeign,
    DataDirectoryInUse,
    DataDirectoryOfOtherVersion,
    DataDirectoryUnreachable,
    ServerDidNotStart,
)

PROJECT = Path(__file__).resolve().parents[2]
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can take on another account")

STARTER = """
import asyncio, pathlib, sys, time
from exchange.embedded_postgres import EmbeddedPostgres
server = EmbeddedPostgres(pathlib.Path(sys.argv[1]))
asyncio.run(server.start())
print(server.process_id, flush=True)
time.sleep(60)
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """Give a folder that servers of any account can reach, and a path short enough for a socket."""
    path = Path(tempfile.mkdtemp(prefix="luochui-test-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder that is searched for programs before all others."""
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    return tmp_path


def forbid(programs: Path, name: str) -> None:
    """Make a program fail, as it does where the system does not allow what it asks for."""
    (programs / name).write_text("#!/bin/sh\nexit 1\n", encoding="ascii")
    (programs / name).chmod(0o755)


def is_alive(process_id: int) -> bool:
    """Say whether a process runs; one that has ended and only waits to be noticed does not."""
    try:
        status = Path(f"/proc/{process_id}/stat").read_text(encoding="ascii")
    except OSError:
        return False
    return status.rsplit(")", 1)[1].split()[0] != "Z"


def until_dead(process_id: int, patience_s: float = 120.0) -> bool:
    deadline_s = time.monotonic() + patience_s
    while is_alive(process_id) and time.monotonic() < deadline_s:
        time.sleep(0.02)
    return not is_alive(process_id)


async def run(url: str, statement: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


def start_elsewhere(folder: Path, *prefix: str) -> tuple[subprocess.Popen[str], int]:
    """Start a server from another process, and return that process and the server's id."""
    process = subprocess.Popen(
        [*prefix, sys.executable, "-c", STARTER, str(folder)], cwd=PROJECT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, int(process.stdout.readline() or 0)


async def test_data_survives_a_stop_and_the_second_start_makes_nothing_anew(folder: Path) -> None:
    steps: list[StartStep] = []
    server = EmbeddedPostgres(folder, report=steps.append)
    url = await server.start()
    await run(url, "CREATE TABLE stone AS SELECT 7 AS number")
    await server.stop()
    assert not server.is_running
    assert await server.start() == url
    assert await run(url, "SELECT number FROM stone") == 7
    await server.stop()
    assert steps == [
        StartStep.CREATING_CLUSTER,
        StartStep.STARTING_SERVER,
        StartStep.CREATING_DATABASE,
        StartStep.READY,
        StartStep.STARTING_SERVER,
        StartStep.READY,
    ]


async def test_the_server_is_durable_private_and_off_the_network(folder: Path) -> None:
    async with EmbeddedPostgres(folder) as server:
        url = server.dsn()
        shown = {
            name: await run(url, f"SHOW {name}")
            for name in ("fsync", "synchronous_commit", "listen_addresses")
        }
        version = await run(url, "SHOW server_version_num")
        socket = folder / "socket" / ".s.PGSQL.5432"
        modes = [stat.S_IMODE(path.stat().st_mode) for path in (socket, socket.parent, folder / "cluster")]
    assert shown == {"fsync": "on", "synchronous_commit": "on", "listen_addresses": ""}
    assert str(version).startswith(str(MAJOR_VERSION))
    assert modes == [0o700, 0o700, 0o700]
    assert not socket.exists()


async def test_a_killed_server_recovers_what_was_committed(folder: Path) -> None:
    server = EmbeddedPostgres(folder)
    url = await server.start()
    await run(url, "CREATE TABLE stone AS SELECT 7 AS number")
    server.kill()
    assert not server.is_running
    await server.start()
    assert await run(url, "SELECT number FROM stone") == 7
    await server.stop()


async def test_the_server_ends_with_a_killed_owner_and_the_next_start_follows_at_once(folder: Path) -> None:
    owner, server_id = start_elsewhere(folder)
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    async with EmbeddedPostgres(folder) as server:
        assert not is_alive(server_id)
        assert server.process_id != server_id


async def test_an_orphaned_server_is_ended_before_a_new_one_starts(folder: Path, programs: Path) -> None:
    # Without setpriv nothing tells the server that its owner has died.
    bare = programs / "bare"
    bare.mkdir()
    for name in ("sh", "unshare", "env"):
        program = shutil.which(name)
        assert program is not None
        (bare / name).symlink_to(program)
    owner, server_id = start_elsewhere(folder, "env", f"PATH={bare}")
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    assert is_alive(server_id)
    steps: list[StartStep] = []
    async with EmbeddedPostgres(folder, report=steps.append) as server:
        assert StartStep.ENDING_PREDECESSOR in steps
        assert not is_alive(server_id)
        assert await run(server.dsn(), "SELECT 1") == 1


async def test_a_stale_pid_file_with_the_number_of_a_living_stranger_is_no_obstacle(folder: Path) -> None:
    server = EmbeddedPostgres(folder)
    await server.start()
    pid_file = folder / "cluster" / "postmaster.pid"
    lines = pid_file.read_text(encoding="ascii").splitlines()
    server.kill()
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n", encoding="ascii")
    assert await run(await server.start(), "SELECT 1") == 1
    await server.stop()


async def test_half_a_cluster_is_not_taken_for_one(folder: Path) -> None:
    half = folder / "cluster.new-interrupted"
    half.mkdir()
    (half / "PG_VERSION").write_text(f"{MAJOR_VERSION}\n", encoding="ascii")
    async with EmbeddedPostgres(folder) as server:
        assert await run(server.dsn(), "SELECT 1") == 1
    assert not half.exists()


async def test_a_start_that_is_cancelled_leaves_nothing_running(folder: Path) -> None:
    reached = asyncio.Event()
    start = asyncio.create_task(EmbeddedPostgres(folder, report=lambda step: reached.set()).start())
    await reached.wait()
    await asyncio.sleep(0.1)
    start.cancel()
    with pytest.raises(asyncio.CancelledError):
        await start
    assert not (folder / "cluster").exists()
    async with EmbeddedPostgres(folder) as server:
        assert await run(server.dsn(), "SELECT 1") == 1


async def test_one_folder_serves_one_process_at_a_time(folder: Path) -> None:
    async with EmbeddedPostgres(folder) as server:
        with pytest.raises(DataDirectoryInUse, match=str(os.getpid())):
            await EmbeddedPostgres(folder).start()
        assert server.is_running
    async with EmbeddedPostgres(folder) as server:
        assert server.is_running


async def test_a_path_too_long_for_a_socket_gets_a_private_folder_elsewhere(folder: Path) -> None:
    distant = folder / ("long-" * 24)
    server = EmbeddedPostgres(distant)
    url = await server.start()
    place = Path((distant / "socket.path").read_text(encoding="utf-8"))
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert await run(url, "SELECT 1") == 1
    server.kill()
    assert await server.start() == url, "after a crash the same place is used again"
    await server.stop()
    assert not place.exists()


async def test_a_cluster_of_another_version_is_named(folder: Path) -> None:
    server = EmbeddedPostgres(folder)
    await server.start()
    await server.stop()
    (folder / "cluster" / "PG_VERSION").write_text("15\n", encoding="ascii")
    with pytest.raises(DataDirectoryOfOtherVersion, match="PostgreSQL 15"):
        await server.start()


async def test_a_folder_of_another_account_is_refused(folder: Path) -> None:
    foreign = folder if os.geteuid() == 0 else Path("/usr")
    if os.geteuid() == 0:
        os.chown(folder, 4242, -1)
    with pytest.raises(DataDirectoryForeign, match="belongs to"):
        await EmbeddedPostgres(foreign).start()


async def test_a_file_where_the_folder_should_be_is_refused(folder: Path) -> None:
    (folder / "file").touch()
    with pytest.raises(DataDirectoryUnreachable, match="cannot be used"):
        await EmbeddedPostgres(folder / "file" / "data").start()


async def test_a_server_that_does_not_start_gives_its_last_words(folder: Path) -> None:
    server = EmbeddedPostgres(folder, options={"shared_buffers": "plenty"})
    with pytest.raises(ServerDidNotStart, match="shared_buffers"):
        await server.start()
    assert not server.is_running


@needs_root
@pytest.mark.parametrize("place", ["", "closed/data"])
async def test_root_without_user_namespaces_still_runs_a_server(
    folder: Path, programs: Path, place: str
) -> None:
    forbid(programs, "unshare")
    (folder / "closed").mkdir(mode=0o700)
    server = EmbeddedPostgres(folder / place)
    await run(await server.start(), "CREATE TABLE stone AS SELECT 7 AS number")
    assert (folder / place / "cluster").stat().st_uid == 65534
    await server.stop()
    (programs / "unshare").unlink()
    assert await run(await server.start(), "SELECT number FROM stone") == 7, (
        "the owner decides, not the system"
    )
    await server.stop()


@needs_root
async def test_root_with_no_way_to_run_a_server_is_told_what_to_do(folder: Path, programs: Path) -> None:
    forbid(programs, "unshare")
    forbid(programs, "setpriv")
    with pytest.raises(DataDirectoryUnreachable, match="run as an ordinary user"):
        await EmbeddedPostgres(folder).start()
    assert folder.stat().st_uid == 0


@needs_root
async def test_an_ordinary_user_runs_a_server(folder: Path) -> None:
    # The project and its Python may lie where only root may go; the account is let through, no more.
    passing = ("--securebits=+no_setuid_fixup", "--inh-caps=+dac_override", "--ambient-caps=+dac_override")
    user_id = min(entry.pw_uid for entry in pwd.getpwall() if entry.pw_uid > 0)
    account = ("setpriv", f"--reuid={user_id}", f"--regid={user_id}", "--clear-groups", *passing)
    os.chown(folder, user_id, user_id)
    owner, server_id = start_elsewhere(folder, *account)
    assert Path(f"/proc/{server_id}").stat().st_uid == user_id
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    assert until_dead(server_id)
