"""What a bidder's browser fetches before the first price stays small, on a phone in the country too."""

from pathlib import Path

import pytest

from loadtests.page_weights import BUILT, page_weights

ROOM_BYTES_MAX = 250_000


def test_the_bidding_room_is_light_before_its_charts() -> None:
    if not (BUILT / "manifest.json").exists():
        pytest.skip("no pages: they are not built (make setup builds them)")
    room = page_weights()["lot"]
    assert room.at_once <= room.before_charts <= ROOM_BYTES_MAX
    assert room.before_charts < room.whole


def test_a_file_counts_once_and_charts_apart(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text(
        """{"src/pages/lot.ts": {"file": "lot.js", "isEntry": true, "imports": ["_a", "_b"],
            "dynamicImports": ["src/lot/BidCurve.vue", "src/lot/Later.vue"], "css": ["lot.css"]},
            "_a": {"file": "a.js", "imports": ["_b"]}, "_b": {"file": "b.js"},
            "src/lot/Later.vue": {"file": "later.js", "imports": ["_a"]},
            "src/lot/BidCurve.vue": {"file": "curve.js", "imports": ["_b", "_echarts"]},
            "_echarts": {"file": "echarts.js"}}"""
    )
    for name in ("lot.js", "lot.css", "a.js", "b.js", "later.js", "curve.js", "echarts.js"):
        (tmp_path / name).write_text("x")
    one = page_weights(tmp_path)["lot"].whole // 7
    weight = page_weights(tmp_path)["lot"]
    assert (weight.at_once, weight.before_charts, weight.whole) == (4 * one, 5 * one, 7 * one)
