"""Under which conditions a figure was measured, so that it can be judged.

Belongs here: machine, versions, load, and who else was busy. What does not: figures.
"""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

PACKAGES = ("aiohttp", "uvloop", "msgspec", "asyncpg")
NEIGHBOURS_SHOWN = 5
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


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
    seconds: float


class Neighbours:
    """Other programs on the machine, by the processor time they take while we measure."""

    def __init__(self) -> None:
        self._before = _processes()

    def busiest(self) -> list[dict[str, Any]]:
        """Return the busiest processes since the beginning that are neither ours nor started by us."""
        now = _processes()
        used = [
            (process.seconds - (self._before[number].seconds if number in self._before else 0.0), number)
            for number, process in now.items()
            if not _is_ours(number, now)
        ]
        return [
            {"name": now[number].name, "process": number, "seconds": round(seconds, 2)}
            for seconds, number in sorted(used, reverse=True)[:NEIGHBOURS_SHOWN]
            if seconds >= 0.1
        ]


def processor_seconds(process_id: int) -> float:
    """Return the processor time that a process and everything below it have used so far."""
    now = _processes()
    return sum(process.seconds for number, process in now.items() if _is_below(number, process_id, now))


def _is_ours(number: int, processes: dict[int, _Process]) -> bool:
    return _is_below(number, os.getpid(), processes)


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


def _processes() -> dict[int, _Process]:
    """Return every process that /proc shows; none where there is no /proc."""
    found: dict[int, _Process] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            head, _, rest = (folder / "stat").read_text(encoding="utf-8").rpartition(")")
        except OSError:
            continue  # it ended meanwhile
        fields = rest.split()
        seconds = (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND
        found[int(folder.name)] = _Process(head.partition("(")[2], int(fields[1]), seconds)
    return found
