"""How the whole machine is at this moment, for people who look after it: facts, and what is to be made of them.

Belongs here: asking the database for what no single process knows, and judging it in words.
Does not belong here: metrics for machines (`exchange.measures`), alarms that wake somebody (`deploy/prometheus`).
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Any, Final

from msgspec import Struct

from exchange.database import Database, Row
from exchange.texts import BothLanguages
from matching.units import TimeUs

SECOND_US: Final = 1_000_000
DAY_US: Final = 86_400 * SECOND_US
SILENT_US_MAX: Final = 10 * SECOND_US
"""A holder of a shard that has not been heard of for so long does not work."""

BEHIND_SECONDS_MAX: Final = 10.0
KEPT_BYTES_MAX: Final = 1 << 30
BACKUP_AGE_US_MAX: Final = 2 * DAY_US
LATE_SHARE_MAX: Final = 1_000
"""One deadline in so many may be decided more than a second late before somebody should look."""

COPIES_MAX: Final = 100
SHARDS_MAX: Final = 1_024

SELECT_SHARDS = """
SELECT lease.shard, lease.term, lease.owner,
       (extract(epoch FROM lease.taken_at) * 1000000)::bigint AS taken_at_us,
       (extract(epoch FROM clock_timestamp() - pulse.at) * 1000000)::bigint AS silent_us,
       coalesce((SELECT max(position) FROM exchange.journal WHERE journal.shard = lease.shard), 0) AS position
  FROM exchange.lease AS lease LEFT JOIN exchange.pulse AS pulse USING (shard)
 ORDER BY lease.shard LIMIT $1
"""
SELECT_COPIES = """
SELECT application_name AS name, coalesce(sync_state, '') AS sync_state,
       coalesce(pg_wal_lsn_diff(pg_current_wal_flush_lsn(), flush_lsn), 0)::bigint AS behind_bytes,
       coalesce(extract(epoch FROM flush_lag), 0)::float8 AS behind_seconds
  FROM pg_stat_replication ORDER BY application_name, pid LIMIT $1
"""
SELECT_SLOTS = """
SELECT slot_name AS name, active AS is_active,
       coalesce(pg_wal_lsn_diff(pg_current_wal_flush_lsn(), restart_lsn), 0)::bigint AS kept_bytes
  FROM pg_replication_slots ORDER BY slot_name LIMIT $1
"""
SELECT_STORE = """
SELECT pg_database_size(current_database()) AS database_bytes,
       (SELECT count(*) FROM exchange.lot WHERE outcome IS NULL) AS lots_under_way,
       (SELECT count(*) FROM exchange.journal_archive) AS months_archived,
       (SELECT max(part) FROM exchange.journal_archive) AS archived_until,
       (SELECT position FROM exchange.audit_head) AS audit_position,
       (SELECT max(at_us) FROM exchange.audit WHERE operation = 'create_backup') AS backed_up_at_us
"""


class Shard(Struct, frozen=True):
    """A shard and its holder. `silent_us` is how long ago it was last heard of; None before it ever was."""

    shard: int
    term: int
    owner: str
    taken_at_us: TimeUs | None
    silent_us: int | None
    position: int


class Copy(Struct, frozen=True):
    """Somebody who receives the changes of the database."""

    name: str
    sync_state: str
    behind_bytes: int
    behind_seconds: float


class Slot(Struct, frozen=True):
    """A receiver for whom the database keeps changes, whether he is there or not."""

    name: str
    is_active: bool
    kept_bytes: int


class Lateness(Struct, frozen=True):
    """Deadlines that an engine has decided since it started, and how many of them more than a second late."""

    deadlines: int
    late: int


class Process(Struct, frozen=True):
    """What the process that answers knows of itself. `lateness` is None where there is no engine in it."""

    is_writable: bool
    connections: int
    slow_clients: int
    longest_pause_ms: int
    lateness: Lateness | None


class Store(Struct, frozen=True):
    """What the database says of everything that is kept."""

    shards: tuple[Shard, ...]
    copies: tuple[Copy, ...]
    slots: tuple[Slot, ...]
    database_bytes: int
    lots_under_way: int
    months_archived: int
    archived_until: str | None
    audit_position: int
    backed_up_at_us: TimeUs | None


class Refunds(Struct, frozen=True):
    """Refunds that have not left: how many are due soon, how many are late."""

    soon: int
    overdue: int


class Level(StrEnum):
    """What is to be made of a finding."""

    GOOD = "good"
    ATTENTION = "attention"
    BAD = "bad"


class Finding(Struct, frozen=True):
    """One thing about the machine in a sentence. `runbook` is the section of deploy/RUNBOOK.md that says what to do."""

    level: Level
    subject: str
    text: BothLanguages
    runbook: int | None = None


class Condition:
    """The database's part of how everything is.  Raises: StoreUnavailable."""

    def __init__(self, pool: Any) -> None:
        """Take a pool that the caller opens and closes."""
        self._database = Database(pool)

    async def read(self) -> Store:
        """Ask the database. Without the role pg_monitor the copies of others are not shown."""
        store = await self._database.row(SELECT_STORE)
        assert store is not None, "a question without a table has a row"
        return Store(
            shards=tuple(_shard(row) for row in await self._database.rows(SELECT_SHARDS, SHARDS_MAX)),
            copies=tuple(Copy(**row) for row in await self._database.rows(SELECT_COPIES, COPIES_MAX)),
            slots=tuple(Slot(**row) for row in await self._database.rows(SELECT_SLOTS, COPIES_MAX)),
            **store,
        )


def findings(store: Store, process: Process, refunds: Refunds, now_us: TimeUs) -> list[Finding]:
    """Judge everything, the worst first; what is in order is said as well."""
    found = [
        _of_commands(process),
        *(_of_shard(shard) for shard in store.shards),
        _of_lateness(process.lateness),
        *_of_copies(store),
        _of_backup(store, now_us),
        _of_refunds(refunds),
    ]
    order = [Level.BAD, Level.ATTENTION, Level.GOOD]
    return sorted(found, key=lambda finding: order.index(finding.level))


def _of_commands(process: Process) -> Finding:
    if process.is_writable:
        return Finding(Level.GOOD, "commands", BothLanguages("报价正常受理。", "Bids are taken."))
    return Finding(
        Level.BAD, "commands", BothLanguages("目前不受理报价。", "No bids are taken at present."), 2
    )


def _of_shard(shard: Shard) -> Finding:
    subject = f"shard {shard.shard}"
    if shard.silent_us is None or shard.silent_us > SILENT_US_MAX:
        seconds = "—" if shard.silent_us is None else f"{shard.silent_us // SECOND_US:,} s"
        text = BothLanguages(
            f"分片 {shard.shard} 的引擎没有声息（{seconds}）。",
            f"The engine of shard {shard.shard} is silent ({seconds}).",
        )
        return Finding(Level.BAD, subject, text, 1)
    text = BothLanguages(
        f"分片 {shard.shard} 的引擎在工作，日志位置 {shard.position:,}。",
        f"The engine of shard {shard.shard} works; its journal stands at {shard.position:,}.",
    )
    return Finding(Level.GOOD, subject, text)


def _of_lateness(lateness: Lateness | None) -> Finding:
    subject = "deadlines"
    if lateness is None:
        text = BothLanguages(
            "本进程中没有引擎；截止裁决的延迟见引擎的 /metrics。",
            "There is no engine in this process; how late deadlines are stands in the engine's /metrics.",
        )
        return Finding(Level.GOOD, subject, text)
    text = BothLanguages(
        f"启动以来裁决截止 {lateness.deadlines:,} 次，其中延迟超过 1 秒的 {lateness.late:,} 次。",
        f"Since the start {lateness.deadlines:,} deadlines were decided, {lateness.late:,} more than 1 s late.",
    )
    is_much = lateness.late * LATE_SHARE_MAX > lateness.deadlines
    return Finding(Level.ATTENTION if is_much else Level.GOOD, subject, text, 4 if is_much else None)


def _of_copies(store: Store) -> Iterator[Finding]:
    for copy in store.copies:
        text = BothLanguages(
            f"数据库副本 {copy.name} 落后 {copy.behind_seconds:.1f} 秒。",
            f"The database's copy {copy.name} is {copy.behind_seconds:.1f} s behind.",
        )
        is_behind = copy.behind_seconds > BEHIND_SECONDS_MAX
        yield Finding(Level.ATTENTION if is_behind else Level.GOOD, "copies", text, 7 if is_behind else None)
    for slot in store.slots:
        if not slot.is_active or slot.kept_bytes > KEPT_BYTES_MAX:
            megabytes = slot.kept_bytes >> 20
            text = BothLanguages(
                f"接收方 {slot.name} 未在接收变更，数据库已为其保留 {megabytes:,} MiB。",
                f"The receiver {slot.name} does not keep up; the database keeps {megabytes:,} MiB for it.",
            )
            yield Finding(Level.BAD, "copies", text, 8)


def _of_backup(store: Store, now_us: TimeUs) -> Finding:
    if store.backed_up_at_us is None:
        text = BothLanguages(
            "没有备份记录（luochui backup create）。", "No backup is on record (luochui backup create)."
        )
        return Finding(Level.ATTENTION, "backup", text, 8)
    hours = (now_us - store.backed_up_at_us) // (3_600 * SECOND_US)
    text = BothLanguages(
        f"上次完整备份在 {hours:,} 小时前。", f"The last whole backup was {hours:,} hours ago."
    )
    is_old = now_us - store.backed_up_at_us > BACKUP_AGE_US_MAX
    return Finding(Level.ATTENTION if is_old else Level.GOOD, "backup", text, 8 if is_old else None)


def _of_refunds(refunds: Refunds) -> Finding:
    text = BothLanguages(
        f"退款：逾期 {refunds.overdue:,} 笔，即将到期 {refunds.soon:,} 笔。",
        f"Refunds: {refunds.overdue:,} overdue, {refunds.soon:,} due soon.",
    )
    if refunds.overdue:
        return Finding(Level.BAD, "refunds", text, 10)
    return Finding(
        Level.ATTENTION if refunds.soon else Level.GOOD, "refunds", text, 10 if refunds.soon else None
    )


def _shard(row: Row) -> Shard:
    return Shard(**row)
