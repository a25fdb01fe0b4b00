"""Programmes in words: every format of every lot, in both languages."""

from __future__ import annotations

import re

import pytest

from gateways.portal.phrases import PHRASES
from gateways.portal.programme import programme_text
from gateways.portal.programme_phrases import PROGRAMME_PHRASES
from gateways.portal.texts import Language
from matching.increments import Step
from matching.terms import MINUTE_US, EnglishTerms, LotTerms
from tests.programmes import all_terms

MISSING = re.compile(r"[a-z]+_[a-z_]+|\bNone\b(?!$)|[{}]")


@pytest.mark.parametrize("language", Language)
def test_every_format_is_told_in_words(language: Language) -> None:
    for terms in all_terms():
        for phase in programme_text(terms, language):
            assert phase.rows, phase.format
            for row in phase.rows:
                words = " ".join((phase.title, row.label, *row.lines))
                assert "".join(row.lines) and not MISSING.search(words), words


def test_increments_and_what_the_rules_presume_are_told() -> None:
    english = EnglishTerms(
        increments=(Step(0, 100), Step(10_000, 50_000)), soft_close_window_us=2 * MINUTE_US
    )
    terms = LotTerms(currency="CNY", opening_price=100, opens_at_us=0, programme=(english,))
    (phase,) = programme_text(terms, Language.EN)
    told = {row.label: row.lines for row in phase.rows}
    assert told["Increment"] == ("from ¥0: ¥1", "from ¥100: ¥500")
    assert told["Duration"] == ("1 d",)
    assert told["Soft close"] == ("A bid in the last 2 min moves the end to 5 min after it",)
    (phase,) = programme_text(terms, Language.ZH)
    assert (phase.title, phase.rows[0].label) == ("增价竞价", "加价幅度")


def test_every_phrase_exists_in_both_languages_with_the_same_values() -> None:
    assert not PHRASES.keys() & PROGRAMME_PHRASES.keys()
    for key, (chinese, english) in (PHRASES | PROGRAMME_PHRASES).items():
        assert chinese and english, key
        assert set(re.findall(r"{(\w+)}", chinese)) == set(re.findall(r"{(\w+)}", english)), key
