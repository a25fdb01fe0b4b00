"""What makes terms unusable is said in both languages, beside its field, with what would be accepted."""

from __future__ import annotations

import pytest

from exchange.terms_sentences import WORDS
from exchange.terms_words import in_words
from matching.problems import Fault, Problem
from matching.terms import EnglishTerms, LotTerms, terms_problems


@pytest.mark.parametrize("fault", Fault)
def test_everything_is_said_in_both_languages(fault: Fault) -> None:
    said = in_words(Problem(fault, "reserve_price", 300_000_000))
    for text in (said.text, said.allowed):
        assert text.zh and text.en and "{" not in text.zh + text.en
    assert all(ord(sign) < 0x2E80 for sign in said.text.en + said.allowed.en), "English holds no Chinese"
    has_bound = "{bound}" in WORDS[fault].allowed_zh
    assert has_bound == ("{bound}" in WORDS[fault].allowed_en)


def test_a_figure_that_would_be_accepted_is_told_in_its_unit() -> None:
    terms = LotTerms(
        currency="CNY",
        opening_price=1_000_000,
        opens_at_us=0,
        programme=(EnglishTerms(increments=()),),
        reserve_price=1,
    )
    reserve, ladder = (in_words(problem.within("terms")) for problem in terms_problems(terms))
    assert (reserve.code, reserve.field) == ("RESERVE_BELOW_OPENING", "terms.reserve_price")
    assert (reserve.allowed.zh, reserve.allowed.en) == (
        "不低于 10,000 元，或不填",
        "at least 10,000 yuan, or none",
    )
    dollars = in_words(Problem(Fault.RESERVE_BELOW_OPENING, "reserve_price", 1_000_050), "USD")
    assert dollars.allowed.zh == "不低于 USD 10,000.50，或不填"
    assert ladder.field == "terms.programme.0.increments"
    late = in_words(Problem(Fault.HARD_END_TOO_EARLY, "hard_end_after_us", 600_000_000))
    assert (late.allowed.zh, late.allowed.en) == ("不短于 10 分钟", "at least 10 min")
