"""How the soak judges its samples."""

from __future__ import annotations

import math

import pytest

from loadtests.bench_soak import Sample, judged, slope

MIB = 2**20


def samples(memory_per_second: float, wobble: float = 0.0, leak_per_second: float = 0.0) -> list[Sample]:
    return [
        Sample(
            second,
            int(100 * MIB + memory_per_second * second + wobble * (second % 10 - 4.5)),
            30 + second % 7 + int(leak_per_second * second),
            second % 7,
        )
        for second in range(0, 900, 5)
    ]


def test_a_slope_is_told_per_minute_with_its_error() -> None:
    steep = slope([0, 60, 120, 180], [5, 7, 9, 11])
    assert steep.per_minute == pytest.approx(2.0)
    assert steep.error == pytest.approx(0.0, abs=1e-9)
    assert math.isinf(slope([0, 60], [1, 2]).error)


def test_what_stays_is_flat_however_it_wobbles() -> None:
    report = judged(samples(0.0, wobble=MIB / 4))
    assert report["is_memory_flat"] and report["are_files_flat"]


def test_what_grows_is_not() -> None:
    report = judged(samples(MIB / 60, wobble=MIB / 4, leak_per_second=0.1))
    assert not report["is_memory_flat"] and not report["are_files_flat"]
    assert report["memory_kib_per_minute"] == pytest.approx(1024, rel=0.1)
    assert report["files_per_minute"] == pytest.approx(6, rel=0.1)
