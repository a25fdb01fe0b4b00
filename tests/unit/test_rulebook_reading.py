"""Reading rulebooks: every mistake is told, with its line and what may stand there instead."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from exchange.rulebooks import reading
from exchange.rulebooks.library import RulebooksUnusable, library, shipped
from exchange.rulebooks.reading import BYTES_MAX, Finding, RulebookUnreadable, read_rulebook
from exchange.rulebooks.rulebook import Sureness

GOOD = """\
name = "village-hall"
title = { zh = "村集体物品", en = "Village goods" }
basis = { zh = "村规", en = "Village rules" }
notes = { zh = "说明", en = "Notes" }

[sample]
opening_price = "1,000 yuan"

[[phase]]
phase = "english"
increments = [["0 yuan", "1 % of the opening price"]]
duration = "1 h"

[[limit]]
parameter = "deposit"
min = "5 % of the opening price"
max = "20 % of the opening price"
default = "10 % of the opening price"
article = { zh = "第一条", en = "art. 1" }
sure = "verified"

[[limit]]
parameter = "english.duration"
min = "30 min"
article = { zh = "第二条", en = "art. 2" }
sure = "second-hand"
"""


def findings(text: str) -> list[Finding]:
    with pytest.raises(RulebookUnreadable) as refused:
        read_rulebook(text)
    return list(refused.value.findings)


def changed(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new, 1)


def test_a_good_rulebook_is_read() -> None:
    rulebook = read_rulebook(GOOD)
    assert rulebook.name == "village-hall" and not rulebook.is_shipped
    assert [limit.sure for limit in rulebook.limits] == [Sureness.VERIFIED, Sureness.SECOND_HAND]
    assert len(rulebook.digest) == 64
    assert read_rulebook(GOOD + "\n").digest != rulebook.digest


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("name = ", "name ", 1, "TOML"),
        ('name = "village-hall"', 'name = "Village Hall"', 1, "match"),
        ('zh = "村规", ', "", 3, "zh"),
        ('phase = "english"', 'phase = "englich"', 10, "did you mean english"),
        ('duration = "1 h"', 'duratoin = "1 h"', 12, "did you mean duration"),
        ('duration = "1 h"', 'duration = "0 s"', 9, "the duration is zero"),
        ('duration = "1 h"', 'duration = "20 min"', 22, "its own sample lot breaks it"),
        ('duration = "1 h"', 'duration = "soon"', 12, "duration"),
        ('"deposit"', '"depositt"', 15, "did you mean deposit"),
        ('"english.duration"', '"english.duratoin"', 23, "did you mean english.duration"),
        ('"english.duration"', '"deposit"', 23, "limited twice"),
        (
            'duration = "1 h"',
            'duration = "1 h"\n[[phase]]\nphase = "english"\nincrements = [[0, 1]]',
            26,
            "several",
        ),
        ('phase = "english"', 'phase = "english"\ncalled = "lot"', 11, "the lot itself"),
        ('min = "5 %', 'min = "25 %', 16, "no lot could keep it"),
        ('default = "10 %', 'default = "21 %', 18, "outside its own limit"),
        ('default = "10 % of the opening price"', 'default = "0.001 %"', 18, "no figure"),
        ('min = "30 min"', "", 22, "it limits nothing"),
        ('min = "30 min"', 'min = "30 min"\nis = "1 h"', 25, "leaves no room"),
        ('sure = "verified"', 'sure = "certainly"', 20, "certainly"),
        ('sure = "verified"', 'shure = "verified"', 20, "did you mean sure"),
        ('"1 % of the opening price"', '"1 % of the valuation"', 9, "lacks the valuation"),
        ('opening_price = "1,000 yuan"', 'opening_price = "much"', 6, "no figure"),
        ('opening_price = "1,000 yuan"', 'opening_price = "1,000 yuan"\ncolour = "red"', 8, "colour"),
    ],
)
def test_each_mistake_is_told_with_its_line(old: str, new: str, line: int, words: str) -> None:
    found = findings(changed(old, new))
    assert [one for one in found if words in one.text.en], [str(one) for one in found]
    assert next(one.line for one in found if words in one.text.en) == line
    assert all(one.text.zh for one in found)


def test_several_mistakes_are_told_at_once_in_the_order_of_lines() -> None:
    text = changed('phase = "english"', 'phase = "englich"').replace('default = "10 %', 'default = "21 %', 1)
    assert [one.line for one in findings(text)] == [10, 18]


def test_a_rulebook_without_a_phase_and_a_file_too_long_are_refused() -> None:
    start = GOOD.index("[[phase]]")
    assert "phase" in findings(GOOD[:start] + "phase = []\n")[0].text.en
    assert "longer" in findings(GOOD + "#" * BYTES_MAX)[0].text.en


def test_a_centre_adds_its_own_rulebooks_from_a_folder(tmp_path: Path) -> None:
    (tmp_path / "village.toml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "notes.txt").write_text("no rulebook", encoding="utf-8")
    held = library(tmp_path)
    own = held.get("village-hall")
    assert own is not None and not own.is_shipped
    assert held.all()[-1] is own and len(held.all()) == len(shipped().all()) + 1
    assert library(None).get("village-hall") is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (changed('"village-hall"', '"judicial-first"'), "another rulebook"),
        (changed("[sample]", 'followed_by = "nothing"\n[sample]'), "there is no rulebook"),
        (changed('phase = "english"', 'phase = "englich"'), "did you mean"),
    ],
)
def test_a_folder_with_a_file_that_is_none_is_unusable(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "own.toml").write_text(text, encoding="utf-8")
    with pytest.raises(RulebooksUnusable, match=words):
        library(tmp_path)


def test_a_folder_that_cannot_be_read_is_unusable(tmp_path: Path) -> None:
    with pytest.raises(RulebooksUnusable):
        library(tmp_path / "absent")
    (tmp_path / "own.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(RulebooksUnusable):
        library(tmp_path)


def test_the_example_in_the_readme_can_be_read_and_its_table_names_all_that_ships() -> None:
    readme = Path(reading.__file__).with_name("README.md").read_text(encoding="utf-8")
    example = readme.split("```toml\n")[1].split("```")[0]
    assert read_rulebook(example).name == "village-hall"
    table = readme.split("## What ships")[1]
    assert re.findall(r"^\| `([a-z0-9-]+)` \|", table, re.M) == [one.name for one in shipped().all()]
