"""Under which conditions a figure was measured, so that it can be judged.

Belongs here: machine, versions, load, and who else was busy. What does not: figures.
"""

from __future__ import annotations

import os
import platform
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

PACKAGES = ("aiohttp", "uvloop", "msgspec", "asyncpg")
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_SCHEDULER_CLOCK = 2
"""What `clock_getcpuclockid` adds to a process's number for the time that the scheduler has given it."""
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def conditions() -> dict[str, Any]:
    """Return what is known before a measurement begins."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": len(os.sched_getaffinity(0)),
        "processor": _processor(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in PACKAGES},
        "load_average_before": os.getloadavg(),
        "shared_by": "load client, exchange and PostgreSQL all run on these cores",
    }


@dataclass(frozen=True, slots=True)
class _Process:
    name: str
    parent: int


class Usage:
    """Who used the processor since this was made: the server, the load client, and everybody else."""

    def __init__(self, server: int) -> None:
        self._server = server
        self._began_s = time.perf_counter()
        self._before = self._seconds()

    def cores(self) -> dict[str, float]:
        """Return the cores that were busy on average, for each."""
        elapsed_s = time.perf_counter() - self._began_s
        used = [now - before for now, before in zip(self._seconds(), self._before, strict=True)]
        server, client, everybody = (seconds / elapsed_s for seconds in used)
        others = max(everybody - server - client, 0.0)
        return {"server": round(server, 2), "client": round(client, 2), "others": round(others, 2)}

    def _seconds(self) -> tuple[float, float, float]:
        return processor_seconds(self._server), time.process_time(), _busy_seconds()


def processor_seconds(process_id: int) -> float:
    """Return the processor time that a process and everything below it have used so far."""
    now, seconds = _processes(), 0.0
    for number in now:
        if _is_below(number, process_id, now):
            with suppress(OSError):  # it ended meanwhile
                seconds += own_processor_seconds(number)
    return seconds


def own_processor_seconds(process_id: int) -> float:
    """Return the processor time that a process has used so far by itself, without its children.

    From the process's own clock, to the nanosecond: /proc counts in hundredths of a second, which is more than an
    event costs.

    Raises: OSError, when there is no such process.
    """
    return time.clock_gettime((~process_id << 3) | _SCHEDULER_CLOCK)


def resident_bytes(process_id: int) -> int:
    """Return the memory that a process holds, as the system counts it.  Raises: OSError."""
    return int(_fields_of(process_id)[21]) * PAGE_BYTES


def open_files(process_id: int) -> int:
    """Return how many descriptors a process holds.  Raises: OSError."""
    return sum(1 for _ in Path(f"/proc/{process_id}/fd").iterdir())


def _fields_of(process_id: int) -> list[str]:
    """Return the fields of /proc/PID/stat from the third on."""
    return Path(f"/proc/{process_id}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()


def _is_below(number: int, ancestor: int, processes: dict[int, _Process]) -> bool:
    while number in processes and number != ancestor:
        number = processes[number].parent
    return number == ancestor


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")


def _busy_seconds() -> float:
    """Return the time that all processors together have worked since the machine started; 0 without /proc."""
    try:
        first = Path("/proc/stat").read_text(encoding="utf-8").splitlines()[0].split()
    except OSError:
        return 0.0
    user, nice, system, _, _, interrupts, soft_interrupts = (int(ticks) for ticks in first[1:8])
    return (user + nice + system + interrupts + soft_interrupts) / TICKS_PER_SECOND


def _processes() -> dict[int, _Process]:
    """Return every process that /proc shows; none where there is no /proc."""
    found: dict[int, _Process] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            head, _, rest = (folder / "stat").read_text(encoding="utf-8").rpartition(")")
        except OSError:
            continue  # it ended meanwhile
        found[int(folder.name)] = _Process(head.partition("(")[2], int(rest.split()[1]))
    return found
