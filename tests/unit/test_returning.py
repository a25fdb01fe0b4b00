"""The delays after which clients are told to come back."""

from __future__ import annotations

import json

import pytest

from gateways.live.returning import RETURNS_PER_SECOND, SPREAD_MS_MAX, delay_of, farewell
from gateways.wire import CloseCode


@pytest.mark.parametrize(
    ("clients", "spread_ms"), [(0, 400), (1, 400), (400, 400), (15_000, 15_000), (10**6, 60_000)]
)
def test_the_more_are_lost_the_wider_they_are_spread(clients: int, spread_ms: int) -> None:
    delay = delay_of(clients)
    assert 0 < delay.min_ms < delay.max_ms and delay.max_ms - delay.min_ms == spread_ms <= SPREAD_MS_MAX
    assert clients / RETURNS_PER_SECOND <= spread_ms / 1_000 or spread_ms == SPREAD_MS_MAX


def test_who_comes_second_comes_after_the_first() -> None:
    first = delay_of(2_000)
    assert delay_of(10, first.max_ms).min_ms == first.max_ms


@pytest.mark.parametrize("code", CloseCode)
def test_a_farewell_says_when_to_come_back_if_at_all_and_fits_a_close_frame(code: CloseCode) -> None:
    text = farewell(code, delay_of(10**9, 10**6))
    assert len(text.encode()) <= 123
    said = json.loads(text)
    assert said["code"] == code.name and (said["reconnect_max_ms"] > 0) == code.may_return
