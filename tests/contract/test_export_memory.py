"""An export's memory does not grow with the ledger: ten times the rows, the same peak, in a process of its own."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ledger.exports import Format
from tests.large_ledger import fill

FEW, MANY = 20_000, 200_000
GROWTH_KIB_MAX = 24 * 1024
"""What may be held at most beyond the small export: pages, a group of rows, buffers of the driver."""

JOURNAL_BYTES_MIN = 20 * MANY


def peak_kib(database_url: str, format: Format, file: Path) -> int:
    """Take the journal out in a process of its own and return the most memory that it had."""
    command = [
        *(sys.executable, "-m", "gateways.cli", "ledger", "export", "journal", "--format", format.value),
        *("--output", str(file), "--database-url", database_url),
    ]
    said = file.with_suffix(".log")
    with said.open("wb") as log:
        process = subprocess.Popen(command, stderr=log)
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, said.read_text()
    return usage.ru_maxrss


@pytest.mark.slow
def test_memory_is_flat_in_every_format(database_url: str, tmp_path: Path) -> None:
    file = tmp_path / "journal"
    asyncio.run(fill(database_url, FEW))
    small = {format: peak_kib(database_url, format, file) for format in Format}
    asyncio.run(fill(database_url, MANY))
    for format in Format:
        large = peak_kib(database_url, format, file)
        assert file.stat().st_size > JOURNAL_BYTES_MIN, format
        assert large - small[format] < GROWTH_KIB_MAX, format
