"""The curve of late bids: it is what the recorded auctions say, and it can be asked at every moment."""

from __future__ import annotations

from pathlib import Path

import pytest

from loadtests.late_bids import (
    BIDS,
    LATE_BIDS,
    SECONDS_LEFT,
    bids_a_second,
    derived,
    intensity,
    seconds_left_in,
)


def test_the_figures_are_those_of_the_recorded_auctions(data_folder: Path) -> None:
    found = seconds_left_in(data_folder / "ebay" / "auctions.csv")
    assert (len(found), derived(found)) == (BIDS, LATE_BIDS)


def test_bids_at_the_end_itself_count_among_the_last() -> None:
    assert derived([0.0, 4.9, 5.0, 5.1, 90_000.0])[:3] == (0, 3, 4)


def test_the_rate_is_that_of_the_span_in_which_a_moment_lies() -> None:
    assert bids_a_second(0) == bids_a_second(4.99) == pytest.approx(13 / 5)
    assert bids_a_second(5) == pytest.approx(20 / 5)
    assert bids_a_second(86_399) == pytest.approx((2_759 - 845) / (86_400 - 3_600))
    assert bids_a_second(-0.1) == bids_a_second(SECONDS_LEFT[-1]) == 0.0


def test_the_intensity_reaches_its_peak_a_quarter_of_a_minute_before_the_end() -> None:
    assert intensity(17) == 1.0
    assert all(0 < intensity(second) <= 1 for second in range(3_600))
