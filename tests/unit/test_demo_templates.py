"""The texts and terms of the demo lots: complete in both languages, lawful where a figure of the law applies."""

from __future__ import annotations

import re

import msgspec
import pytest

from exchange.demo.templates import (
    Ending,
    EnglishTemplate,
    ProgrammeTemplate,
    Rhythm,
    Template,
    opening_deposit_permille,
    read_demo_lots,
    round_code,
    round_lot,
    round_of_code,
    round_terms,
)
from exchange.lot_sheets import draft_of, lot_problems
from exchange.rulebooks.compliance import violations
from exchange.rulebooks.library import shipped
from matching.terms import DAY_US, MultiUnitTerms, terms_problems
from matching.terms.order_book import MarketTerms

DEMO = read_demo_lots()
HAN = re.compile(r"[\u4e00-\u9fff]")
MINUTES = {Rhythm.OPENING: (1, 1), Rhythm.FAST: (3, 5), Rhythm.MEDIUM: (10, 20), Rhythm.SLOW: (60, 600)}
OPENS_AT_US = 1_790_000_000_000_000
each_template = pytest.mark.parametrize("template", DEMO.templates, ids=lambda template: template.key)
each_english = pytest.mark.parametrize("template", DEMO.lots, ids=lambda template: template.key)
each_format = pytest.mark.parametrize("template", DEMO.formats, ids=lambda template: template.key)


def test_about_thirty_lots_of_all_kinds() -> None:
    assert 34 <= len(DEMO.lots) <= 46
    assert len({template.key for template in DEMO.lots}) == len(DEMO.lots)
    assert len({template.title.zh for template in DEMO.lots}) == len(DEMO.lots)
    assert len({template.category for template in DEMO.lots}) == 10
    assert {template.rhythm for template in DEMO.templates} == set(Rhythm)
    assert len({template.key for template in DEMO.templates}) == len(DEMO.templates)
    assert len({template.title.zh for template in DEMO.templates}) == len(DEMO.templates)


def test_formats_are_shown_in_ten_lots_and_two_keep_a_rulebook() -> None:
    formats = {
        phase["phase"] for template in DEMO.formats if not template.rulebook for phase in template.phases
    }
    assert formats >= {
        "interval", "draw", "dutch", "offers", "multi_unit", "call_auction", "order_book", "turns", "debt",
        "first_refusal",
    }  # fmt: skip
    assert sum(template.rhythm is Rhythm.FORMATS for template in DEMO.formats) >= 8
    assert {template.rulebook for template in DEMO.formats} == {"", "judicial-first", "land-taicang"}
    assert all(bool(template.rulebook) == (template.rhythm is Rhythm.LONG) for template in DEMO.formats)


@each_template
def test_texts_are_complete_in_both_languages(template: Template) -> None:
    for text in (template.region, template.seller, template.title, template.description):
        assert HAN.search(text.zh), text
        assert re.search(r"[A-Za-z]{3}", text.en) and not HAN.search(text.en), text
    assert 2 <= template.description.zh.count("。") <= 5
    assert 2 <= len(re.findall(r"\.(?:\s|$)", template.description.en)) <= 5


@each_english
def test_terms_are_sound_and_figures_lawful(template: EnglishTemplate) -> None:
    terms = round_terms(template, 1_000_000, template.duration_us)
    assert terms_problems(terms) == []
    assert 50 <= opening_deposit_permille(template) <= 200
    assert template.opening_price < template.reference_value < 2 * template.opening_price
    assert bool(template.step) != bool(template.steps)
    if template.reserve_price:
        assert template.opening_price < template.reserve_price < template.reference_value * 6 // 5
    shortest, longest = MINUTES[template.rhythm]
    assert shortest <= template.minutes <= longest
    assert (template.ends_by is Ending.HOST) <= template.host_may_hammer
    assert template.robots >= template.bidders_min


@each_format
def test_programmes_are_sound_and_as_long_as_they_say(template: ProgrammeTemplate) -> None:
    terms = round_terms(template, OPENS_AT_US, template.duration_us)
    assert terms_problems(terms) == []
    if not isinstance(terms.programme[0], MultiUnitTerms | MarketTerms):
        assert 50 <= opening_deposit_permille(template) <= 200
    if template.rhythm is Rhythm.FORMATS:
        assert 3 <= template.minutes <= 5
    assert template.robots > len(template.ranks)


@each_format
def test_a_lot_that_names_a_rulebook_keeps_it(template: ProgrammeTemplate) -> None:
    terms = round_terms(template, OPENS_AT_US, template.duration_us)
    lot = round_lot(template, 1, terms, DEMO.notice_of(template))
    assert lot.rulebook == template.rulebook
    if not template.rulebook:
        assert (lot.notice_at_us, DEMO.notice_of(template)) == (0, DEMO.notice)
        return
    rulebook = shipped().get(template.rulebook)
    assert rulebook is not None
    assert violations(rulebook, draft_of(lot, None, OPENS_AT_US)) == []
    assert lot.notice_at_us == OPENS_AT_US - template.notice_days * DAY_US
    assert "实际并无此前公告" in lot.description_zh
    assert "there was no such notice" in lot.description_en


@each_template
def test_a_round_says_what_it_is(template: Template) -> None:
    terms = round_terms(template, OPENS_AT_US, template.duration_us)
    lot = round_lot(template, 3, terms, DEMO.notice_of(template))
    assert lot.is_demo
    assert "第3轮" in lot.title_zh and "round 3" in lot.title_en
    assert "演示标的" in lot.description_zh and "demonstration lot" in lot.description_en
    assert lot_problems(lot, OPENS_AT_US - DAY_US) == []
    assert msgspec.convert(msgspec.to_builtins(lot), type(lot)) == lot, "bounds of the catalogue hold"


def test_every_feature_of_the_format_is_shown() -> None:
    lots = DEMO.lots
    assert any(template.steps for template in lots)
    assert any(template.bid_rule == "step_multiple" for template in lots)
    assert any(template.reserve_price for template in lots)
    assert any(not template.max_bids_allowed for template in lots)
    assert any(template.leader_may_raise for template in lots)
    assert any(template.extensions_max is not None for template in lots)
    assert any(template.bidders_min > 1 for template in lots)
    assert any(template.ends_by is Ending.HOST for template in lots)
    assert any(template.host_may_hammer and template.ends_by is Ending.CLOCK for template in lots)
    assert any(template.appeal < 1 for template in lots)


def test_codes_name_template_and_round() -> None:
    for template in DEMO.lots:
        assert round_of_code(round_code(template.key, 12)) == (template.key, 12)
    assert round_of_code(round_code("sedan", 123_456)) == ("sedan", 123_456)
    assert round_of_code("LC-2026-000001") is None
    assert round_of_code("DEMO-sedan") is None
