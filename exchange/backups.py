"""Backups of the database from which any moment can be brought back: whole copies, and every change since.

    FOLDER/base/2026-03-01T020000.123456Z/   a copy of the cluster, named by the moment at which it was complete
    FOLDER/wal/                              what `follow` receives: finished segments, and the one being written

Belongs here: making, listing, thinning out and restoring them with PostgreSQL's own programs. Does not belong here:
a server that others run and restore by their own means, dumps, and the archive of a sale's records.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import shlex
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg

from exchange.database import DRIVER_ERRORS
from exchange.embedded_postgres import EmbeddedPostgres
from exchange.postgres_processes import server_binaries
from exchange.postgres_troubles import EmbeddedPostgresError

SLOT = "luochui_backup"
"""Name of the replication slot, and of the receiver as `synchronous_standby_names` may call it."""

NAME_FORMAT = "%Y-%m-%dT%H%M%S.%fZ"
UNFINISHED = ".unfinished"
PAUSE_SECONDS = 2.0
RECOVERY_SECONDS_MAX = 86_400.0
END_SECONDS_MAX = 30.0

_MANIFEST_CHECKSUM = b'"Manifest-Checksum"'
_NOW = "SELECT clock_timestamp()"
_NEW_EPOCH = "UPDATE exchange.journal_identity SET epoch = DEFAULT"
_LAST_CHANGE = "SELECT pg_last_xact_replay_timestamp()"
_ENDED_EARLY = "recovery ended before configured recovery target was reached"


class BackupProblem(Exception):
    """A backup cannot be made or restored; the text says why and what to do, in both languages."""

    def __init__(self, message: str, message_zh: str) -> None:
        super().__init__(f"{message}\n{message_zh}")


@dataclass(frozen=True, slots=True)
class BaseBackup:
    """A whole copy of the cluster.

    Args:
        folder: where it lies.
        finished_at: when it was complete, by the server's clock; every later moment can be reached from it.
    """

    folder: Path
    finished_at: datetime

    @property
    def first_segment(self) -> str:
        """Return the file name of the first WAL segment that it needs."""
        label = (self.folder / "backup_label").read_text(encoding="utf-8")
        return label.split("(file ", 1)[1].split(")", 1)[0]


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore brought back: the copy it began with, and the last change that is in it, if any came after."""

    base: BaseBackup
    last_change_at: datetime | None


def bases(folder: Path) -> list[BaseBackup]:
    """Return the complete copies in a folder of backups, oldest first."""
    found = []
    for place in sorted((folder / "base").glob("*Z")):
        with contextlib.suppress(ValueError):
            found.append(BaseBackup(place, datetime.strptime(place.name, NAME_FORMAT).replace(tzinfo=UTC)))
    return found


def verify(copy: Path) -> None:
    """See that every file of a copy is as PostgreSQL's manifest says.

    Raises: BackupProblem with the first file that is not.
    Source: "Backup Manifest Format" in PostgreSQL's documentation. The wheel's own `pg_verifybackup` crashes.
    """
    manifest = (copy / "backup_manifest").read_bytes()
    signed = manifest[: manifest.rindex(_MANIFEST_CHECKSUM)]
    contents = json.loads(manifest)
    if hashlib.sha256(signed).hexdigest() != contents["Manifest-Checksum"]:
        raise _damaged(copy / "backup_manifest")
    for each in contents["Files"]:
        path = os.fsdecode(bytes.fromhex(each["Encoded-Path"])) if "Encoded-Path" in each else each["Path"]
        file = copy / path
        if not file.is_file() or file.stat().st_size != each["Size"] or _sha256(file) != each["Checksum"]:
            raise _damaged(file)


async def create(dsn: str, folder: Path) -> BaseBackup:
    """Copy the whole cluster while it works, check the copy, and only then give it its name.

    Cancelled or failed, it leaves an unfinished folder, which the next one removes.

    Raises: BackupProblem, EmbeddedPostgresError.
    """
    place = folder / "base"
    unfinished = place / UNFINISHED
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.rmtree(unfinished, ignore_errors=True)
    address, environment = _without_password(dsn)
    copy = ["pg_basebackup", "--dbname", address, "--pgdata", str(unfinished), "--checkpoint", "fast"]
    await _done([*copy, "--wal-method", "stream", "--manifest-checksums", "SHA256"], environment)
    await asyncio.to_thread(verify, unfinished)
    finished_at = await _server_time(dsn)
    base = BaseBackup(place / finished_at.strftime(NAME_FORMAT), finished_at)
    unfinished.rename(base.folder)
    return base


async def follow(
    address_of: Callable[[], str], folder: Path, report: Callable[[str], None], *, slot: str = SLOT
) -> None:
    """Receive every change into the folder as it is written, for ever, over outages of the server and of the folder.

    Cancelled, it lets the receiver write down what it has. Two must not work into one folder.

    Args:
        address_of: gives the server's address anew for each attempt.
        folder: of backups.
        report: told why a receiver has ended, in the words of its program.
        slot: under which the server keeps what has not been received yet.
    """
    wal = folder / "wal"
    while True:
        try:
            wal.mkdir(mode=0o700, parents=True, exist_ok=True)
            address, environment = _without_password(address_of())
            receiver = ["pg_receivewal", "--dbname", address, "--slot", slot]
            environment["PGAPPNAME"] = slot
            await _done([*receiver, "--create-slot", "--if-not-exists"], environment)
            await _done([*receiver, "--directory", str(wal), "--synchronous", "--no-loop"], environment)
        except (BackupProblem, OSError) as problem:
            report(str(problem))
        await asyncio.sleep(PAUSE_SECONDS)


async def thin_out(folder: Path, keep: int) -> list[BaseBackup]:
    """Remove all but the newest copies, and the changes that only they needed; return what was removed.

    Raises: BackupProblem, EmbeddedPostgresError.
    """
    assert keep > 0, "the last copy is never removed"
    everything = bases(folder)
    removed, kept = everything[:-keep], everything[-keep:]
    for base in removed:
        shutil.rmtree(base.folder)
    if kept and (folder / "wal").is_dir():
        await _done(["pg_archivecleanup", str(folder / "wal"), kept[0].first_segment])
    return removed


async def restore(folder: Path, data_dir: Path, to: datetime | None) -> Restored:
    """Build the database anew as it was at a moment, and leave it stopped in a data folder that has none.

    The journal gets a new epoch: clients that have seen more than what is left start from a snapshot. Cancelled or
    failed, it leaves `postgres.restoring` in the data folder, which the next one removes.

    Args:
        folder: of backups.
        data_dir: of the exchange that will work with it; has no `postgres/cluster`.
        to: with a time zone; the last change that was committed by then is the last one there. None: all there is.

    Raises: BackupProblem, EmbeddedPostgresError.
    """
    place = data_dir / "postgres"
    if (place / "cluster").exists():
        raise BackupProblem(
            f"{place} holds a database: move it aside first, nothing is overwritten.",
            f"{place} 中已有数据库：请先移走，恢复不覆盖任何数据。",
        )
    base = _base_before(folder, to)
    await asyncio.to_thread(verify, base.folder)
    work = data_dir / "postgres.restoring"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(mode=0o700, parents=True)
    cluster = await asyncio.to_thread(shutil.copytree, base.folder, work / "cluster", symlinks=True)
    cluster.chmod(0o700)
    _take_unfinished_segments(folder / "wal", cluster / "pg_wal")
    (cluster / "recovery.signal").touch()
    last_change_at = await _recovered(work, folder / "wal", to)
    if place.exists():
        place.rename(data_dir / f"postgres.before-{datetime.now(UTC).strftime(NAME_FORMAT)}")
    work.rename(place)
    return Restored(base, last_change_at)


async def _recovered(work: Path, wal: Path, to: datetime | None) -> datetime | None:
    """Let the server replay the changes and take up a new timeline; return the time of the last change."""
    options = {
        "restore_command": f'cp {shlex.quote(str(wal.absolute()))}/"%f" "%p" 2>/dev/null',
        "recovery_target_action": "promote",
        # Until it is done nobody is let in, so that ready means restored.
        "hot_standby": "off",
    }
    if to is not None:
        options["recovery_target_time"] = to.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f+00")
    postgres = EmbeddedPostgres(work, options=options, start_timeout_s=RECOVERY_SECONDS_MAX)
    try:
        connection = await asyncpg.connect(await postgres.start())
        try:
            await connection.execute(_NEW_EPOCH)
            last_change_at: datetime | None = await connection.fetchval(_LAST_CHANGE)
        finally:
            await connection.close()
    except EmbeddedPostgresError as error:
        if _ENDED_EARLY in postgres.log_file.read_text(encoding="utf-8", errors="replace"):
            raise BackupProblem(
                "What was received ends before that moment; without --to all of it is restored.",
                "已接收的变更早于该时刻即告结束；不带 --to 可恢复全部内容。",
            ) from error
        raise
    finally:
        await postgres.stop()
    return last_change_at


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _damaged(file: Path) -> BackupProblem:
    return BackupProblem(
        f"{file} is not what was copied: use another copy.", f"{file} 与备份时不一致：请改用另一份备份。"
    )


def _base_before(folder: Path, to: datetime | None) -> BaseBackup:
    usable = [base for base in bases(folder) if to is None or base.finished_at <= to]
    if not usable:
        raise BackupProblem(
            f"{folder} holds no copy that was complete by then.", f"{folder} 中没有在该时刻之前完成的备份。"
        )
    return usable[-1]


def _take_unfinished_segments(wal: Path, into: Path) -> None:
    """Take the segments that were being received, each where it holds more than the copy that came with the base."""
    for partial in wal.glob("*.partial"):
        own = into / partial.stem
        if not own.exists() or _written_bytes(own) < _written_bytes(partial):
            shutil.copyfile(partial, own)
            own.chmod(0o600)


def _written_bytes(segment: Path) -> int:
    """Return how much of a segment is written: receivers fill the rest with zeros."""
    return len(segment.read_bytes().rstrip(b"\0"))


def _without_password(dsn: str) -> tuple[str, dict[str, str]]:
    """Return an address that may stand in a list of processes, and the variables that belong to it."""
    parts = urlsplit(dsn)
    if not parts.password:
        return dsn, {}
    place = f"{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}"
    address = parts._replace(netloc=f"{quote(parts.username or '', safe='%')}@{place}")
    return urlunsplit(address), {"PGPASSWORD": parts.password}


async def _server_time(dsn: str) -> datetime:
    try:
        connection = await asyncpg.connect(dsn)
    except DRIVER_ERRORS as error:
        raise BackupProblem(f"The database does not answer: {error}.", "数据库没有应答。") from error
    try:
        now: datetime = await connection.fetchval(_NOW)
        return now.astimezone(UTC)
    finally:
        await connection.close()


async def _done(command: list[str], environment: Mapping[str, str] | None = None) -> None:
    """Run a program of PostgreSQL to its end; cancelled, ask it to end and wait until it has.

    Raises: BackupProblem with its last words, ServerBinariesMissing.
    """
    process = await asyncio.create_subprocess_exec(
        str(server_binaries() / command[0]),
        *command[1:],
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "LC_ALL": "C", **(environment or {})},
        start_new_session=True,
    )
    try:
        _, said = await process.communicate()
    except BaseException:
        await asyncio.shield(_ended(process))
        raise
    if process.returncode != 0:
        last_words = said.decode("utf-8", "replace").strip()[-2_000:] or f"exit code {process.returncode}"
        raise BackupProblem(f"{command[0]}: {last_words}", f"{command[0]} 未能完成，见上。")


async def _ended(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.communicate(), END_SECONDS_MAX)
    except TimeoutError:
        process.kill()
        await process.wait()
