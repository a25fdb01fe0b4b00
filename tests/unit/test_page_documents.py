"""The documents around the built pages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gateways.pages import OF_THIS_CONTENT, PagesNotBuilt, document

MANIFEST = {
    "src/pages/lot.ts": {"file": "lot-aaaaaaaa.js", "imports": ["shared.ts"], "css": ["lot-bbbbbbbb.css"]},
    "shared.ts": {"file": "shared-cccccccc.js", "imports": ["deep.ts"]},
    "deep.ts": {"file": "deep-dddddddd.js", "css": ["deep-eeeeeeee.css"]},
}


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """Build pages, as far as their manifest goes."""
    (tmp_path / "manifest.json").write_text(json.dumps(MANIFEST))
    return tmp_path


def test_a_document_loads_all_that_its_page_needs_and_nothing_inline(built: Path) -> None:
    text = document("lot", "竞价室 <1>", built)
    for file in (
        "lot-aaaaaaaa.js",
        "shared-cccccccc.js",
        "deep-dddddddd.js",
        "lot-bbbbbbbb.css",
        "deep-eeeeeeee.css",
    ):
        assert text.count(f"/assets/{file}") == 1
    assert "<title>竞价室 &lt;1&gt;</title>" in text
    assert "<style" not in text and "<script>" not in text


def test_pages_that_are_not_built_say_how_they_are(tmp_path: Path, built: Path) -> None:
    with pytest.raises(PagesNotBuilt, match="no page hall"):
        document("hall", "", built)
    with pytest.raises(PagesNotBuilt, match="no built pages"):
        document("lot", "", tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("name", "is_fixed"),
    [
        ("lot-C6E3GvvE.css", True),
        ("lot-0GVZ_gRm.js", True),
        ("luochui-client.js", False),
        ("seal.svg", False),
    ],
)
def test_only_a_file_named_after_its_content_is_kept_for_ever(name: str, is_fixed: bool) -> None:
    assert (OF_THIS_CONTENT.search(f"/assets/{name}") is not None) is is_fixed
