"""Holding lots against the shipped rulebooks: what breaks which article, and that every default keeps its own."""

from __future__ import annotations

import re
from typing import Any

import pytest
from msgspec import structs

from exchange.categories import Category
from exchange.rulebooks.compliance import Violation, violations
from exchange.rulebooks.drafting import SAMPLE_NOW_US, Subject, drafted, relisting_price, sample
from exchange.rulebooks.explanation import explanation
from exchange.rulebooks.library import shipped
from exchange.rulebooks.parameters import Draft, Earlier, known_parameters
from exchange.rulebooks.rulebook import Rulebook, Sureness
from matching.terms import (
    DAY_US,
    HOUR_US,
    MINUTE_US,
    Direction,
    EnglishTerms,
    LateReserve,
    terms_problems,
)
from matching.terms.multi_unit import MultiUnitTerms

CHINESE = re.compile("[\u4e00-\u9fff]")
RULEBOOKS = shipped().all()
PRESETS = {
    "judicial-first", "judicial-second", "judicial-selloff", "land-taicang", "land-fujian", "land-shantou",
    "land-cap-suzhou", "land-cap-dongguan", "land-cap-lottery", "mining-listing", "mining-auction",
    "property-dynamic", "property-continuous", "property-rofr", "rural-priority", "emission-uniform-sh",
    "emission-uniform-gd", "emission-uniform-eu", "carbon-book", "confiscated-goods", "dutch-hybrid", "gong",
    "turns-3",
}  # fmt: skip


def rulebook(name: str) -> Rulebook:
    found = shipped().get(name)
    assert found is not None
    return found


def broken(name: str, draft: Draft) -> list[Violation]:
    return violations(rulebook(name), draft)


def changed(draft: Draft, phase: int = 0, **changes: Any) -> Draft:
    """Return a lot with other figures, of the lot, of its terms or of a phase."""
    of_draft = {key: changes.pop(key) for key in list(changes) if key in Draft.__struct_fields__}
    terms = draft.terms
    of_terms = {key: changes.pop(key) for key in list(changes) if key in terms.__struct_fields__}
    programme = list(terms.programme)
    programme[phase] = structs.replace(programme[phase], **changes)
    terms = structs.replace(terms, programme=tuple(programme), **of_terms)
    return structs.replace(draft, terms=terms, **of_draft)


def test_all_presets_ship() -> None:
    assert {one.name for one in RULEBOOKS} >= PRESETS


@pytest.mark.parametrize("one", RULEBOOKS, ids=lambda one: one.name)
def test_the_default_lot_keeps_its_rulebook_and_can_be_announced(one: Rulebook) -> None:
    draft = sample(one)
    assert terms_problems(draft.terms) == []
    assert violations(one, draft) == []


@pytest.mark.parametrize("one", RULEBOOKS, ids=lambda one: one.name)
def test_a_rulebook_speaks_both_languages_and_names_an_article_for_every_limit(one: Rulebook) -> None:
    told = explanation(one)
    for text in (told.title, told.notes, told.basis):
        assert text.zh.strip() and text.en.strip() and text.zh != text.en
    for line in (*told.limits, *told.duties):
        assert line.name.zh and line.name.en and line.article.zh and line.article.en
    for phase in told.phases:
        assert CHINESE.search(phase.name.zh) and not CHINESE.search(phase.name.en + phase.called), (
            phase.called
        )
    for line in told.limits:
        assert CHINESE.search(line.name.zh) and not re.search("[a-z]{2}", line.name.zh), line.parameter
        assert (
            line.allowed.zh and line.allowed.en and not re.search("[a-z]_", line.allowed.zh + line.allowed.en)
        )
    assert all(limit.parameter in known_parameters(one) or "." in limit.parameter for limit in one.limits)


@pytest.mark.parametrize(
    ("name", "changes", "parameter", "given", "allowed", "article"),
    [
        ("judicial-first", {"deposit": 175_000_00}, "deposit", "25 % of the opening price (175,000 yuan)",
         "at least 5 % of the opening price and at most 20 % of the opening price", "art. 17"),
        ("judicial-first", {"deposit": 34_999_99}, "deposit", "4.99 % of the opening price (34,999.99 yuan)",
         "at least 5 %", "art. 17"),
        ("judicial-first", {"deposit": 140_000_01}, "deposit", "20.01 % of the opening price (140,000.01 yuan)",
         "at most 20 %", "art. 17"),
        ("judicial-first", {"valuation": 1_000_000_01}, "opening_price",
         "69.99 % of the valuation (700,000 yuan)", "at least 70 % of the valuation", "art. 10"),
        ("judicial-first", {"valuation": 0}, "opening_price", "700,000 yuan, without the valuation",
         "at least 70 %", "art. 10"),
        ("judicial-first", {"reserve_price": 800_000_00}, "reserve_price", "800,000 yuan", "0 yuan", "art. 10"),
        ("judicial-first", {"bidders_min": 2}, "lot.bidders_min", "2", "1", "art. 11"),
        ("judicial-first", {"duration_us": 23 * HOUR_US}, "english.duration", "23 h", "at least 24 h", "art. 20"),
        ("judicial-first", {"extension_us": 3 * MINUTE_US}, "english.extension", "3 min", "5 min", "art. 20"),
        ("judicial-first", {"extensions_max": 10}, "english.extensions_max", "10", "none", "art. 20"),
        ("judicial-first", {"buy_now_price": 900_000_00}, "english.buy_now_price", "900,000 yuan", "0 yuan",
         "art. 20"),
        ("judicial-first", {"late_reserve": LateReserve(by=7, opens_before_us=HOUR_US)}, "lot.late_reserve",
         "given", "none", "art. 10"),
        ("judicial-first", {"direction": Direction.FALLING}, "lot.direction", "falling", "rising", "art. 20"),
        ("plates-shenzhen", {"currency": "USD"}, "opening_price", "USD 10,000", "10,000 yuan", "a reserve"),
        ("judicial-first", {"commission": 100}, "commission", "1 %", "0 %", "no commission"),
        ("judicial-first", {"opens_at_us": 0}, "notice", "without the time of opening", "at least 30 days", "12"),
        ("judicial-second", {"opening_price": 490_000_00, "deposit": 49_000_00}, "reduction", "30 %",
         "at most 20 %", "art. 26"),
        ("judicial-second", {"opening_price": 700_000_01, "deposit": 70_000_00}, "reduction", "-0.01 %",
         "at least 0 %", "art. 26"),
        ("judicial-second", {"earlier": None}, "reduction", "without the earlier lot that passed",
         "at most 20 %", "art. 26"),
        ("confiscated-goods", {"commission": 501}, "commission", "5.01 %", "at most 5 %", "art. 57"),
        ("mining-auction", {"bidders_min": 2}, "lot.bidders_min", "2", "at least 3", "art. 17"),
        ("land-taicang", {"late_reserve": LateReserve(by=7, opens_before_us=HOUR_US, phase=1)},
         "lot.late_reserve.opens_before", "1 h", "at most 30 min", "Taicang"),
        ("land-taicang", {"deposit": 20_000_000_00}, "deposit", "16.66 % of the opening price (20,000,000 yuan)",
         "at least 20 %", "No. 34"),
        ("emission-uniform-gd", {"bidder_max": 250_001}, "issue.bidder_max", "50.01 % of the supply (250,001)",
         "at most 50 % of the supply", "Guangdong"),
        ("carbon-book", {"quantity_max": 100_000}, "session.quantity_max", "100,000".replace(",", ""),
         "at most 99999", "below 100,000 t"),
    ],
)  # fmt: skip
def test_what_breaks_a_rulebook_is_told_with_its_article(
    name: str, changes: dict[str, Any], parameter: str, given: str, allowed: str, article: str
) -> None:
    found = broken(name, changed(sample(rulebook(name)), **changes))
    assert parameter in [one.parameter for one in found]
    one = next(one for one in found if one.parameter == parameter)
    assert one.given.en == given
    assert allowed in one.allowed.en and article in one.article.en
    assert one.given.zh and one.allowed.zh and one.article.zh
    assert one.article.en in str(one)


@pytest.mark.parametrize(
    ("category", "days", "is_enough"),
    [
        (Category.VEHICLE, 15, True),
        (Category.VEHICLE, 14, False),
        (Category.VEHICLE, 10, False),
        (Category.PROPERTY, 30, True),
        (Category.PROPERTY, 29, False),
    ],
)
def test_movables_need_fifteen_days_of_notice_and_real_estate_thirty(
    category: Category, days: int, is_enough: bool
) -> None:
    draft = changed(
        sample(rulebook("judicial-first")), category=category, opens_at_us=SAMPLE_NOW_US + days * DAY_US
    )
    found = [one for one in broken("judicial-first", draft) if one.parameter == "notice"]
    assert (found == []) == is_enough
    if found:
        assert found[0].given.en == f"{days} days" and "art. 12" in found[0].article.en


def test_an_earlier_notice_counts_and_one_to_come_does_not() -> None:
    draft = changed(sample(rulebook("judicial-first")), opens_at_us=SAMPLE_NOW_US + 2 * DAY_US)
    assert broken("judicial-first", structs.replace(draft, notice_at_us=SAMPLE_NOW_US - 28 * DAY_US)) == []
    late = structs.replace(sample(rulebook("judicial-first")), notice_at_us=SAMPLE_NOW_US + DAY_US)
    assert {one.parameter for one in broken("judicial-first", late)} == {"notice_at_us", "notice"}


def test_a_court_takes_deposits_until_bidding_ends() -> None:
    draft = structs.replace(sample(rulebook("judicial-first")), deposit_by_us=SAMPLE_NOW_US + DAY_US)
    (violation,) = broken("judicial-first", draft)
    assert (violation.parameter, violation.given.zh, violation.allowed.zh) == ("deposit_deadline", "有", "无")
    assert "art. 18" in violation.article.en


def test_a_listing_shorter_than_ten_working_days_is_refused() -> None:
    draft = sample(rulebook("mining-listing"))
    listing = draft.terms.programme[0]
    # Two weeks have ten working days, but the Tomb-Sweeping holiday of 2026 lies in these.
    assert isinstance(listing, EnglishTerms) and listing.duration_us == 15 * DAY_US
    short = broken("mining-listing", changed(draft, duration_us=14 * DAY_US))
    assert [(one.parameter, one.given.en) for one in short] == [("listing_period", "9 working days")]
    assert short[0].sure is Sureness.SECOND_HAND


def test_a_notice_across_a_holiday_is_longer() -> None:
    draft = sample(rulebook("mining-auction"))
    assert (draft.terms.opens_at_us - draft.now_us) // DAY_US == 29
    golden_week = Subject(
        category=Category.MINING, opening_price=8_000_000_00, now_us=SAMPLE_NOW_US + 203 * DAY_US
    )
    later = drafted(rulebook("mining-auction"), golden_week)
    assert (later.terms.opens_at_us - later.now_us) // DAY_US > 29
    assert violations(rulebook("mining-auction"), later) == []


def test_another_programme_is_refused_before_anything_else() -> None:
    land = sample(rulebook("land-taicang"))
    found = broken("judicial-first", land)
    assert found[0].parameter == "programme"
    assert found[0].given.en == "english → interval → english" and found[0].allowed.en == "english"


def test_several_violations_come_in_the_order_of_the_rulebook() -> None:
    draft = changed(
        sample(rulebook("judicial-first")), deposit=1, duration_us=HOUR_US, bidders_min=3, commission=1
    )
    order = ["lot.bidders_min", "deposit", "english.duration", "commission"]
    assert [one.parameter for one in broken("judicial-first", draft)] == order


@pytest.mark.parametrize("price", [1_00, 99_00, 100_00, 123_456_00, 1_001_00, 10**13])
def test_the_legal_reduction_never_goes_below_its_limit(price: int) -> None:
    second = rulebook("judicial-second")
    lower = relisting_price(second, Category.PROPERTY, price)
    grain = 100 if lower >= 100_00 else 1
    assert lower % grain == 0 and lower * 100 >= price * 80 and (lower - grain) * 100 < price * 80
    subject = Subject(
        category=Category.PROPERTY,
        opening_price=lower,
        now_us=SAMPLE_NOW_US,
        valuation=price,
        earlier=Earlier(1, price, SAMPLE_NOW_US - DAY_US),
    )
    assert "reduction" not in [one.parameter for one in violations(second, drafted(second, subject))]


def test_a_sale_after_more_than_thirty_days_is_no_second_auction() -> None:
    draft = sample(rulebook("judicial-second"))
    assert draft.earlier is not None
    late = structs.replace(
        draft, earlier=structs.replace(draft.earlier, ended_at_us=SAMPLE_NOW_US - 16 * DAY_US)
    )
    found = broken("judicial-second", late)
    assert [(one.parameter, one.given.en) for one in found] == [("relisting", "31 days")]


def test_a_share_of_the_supply_follows_the_supply() -> None:
    draft = sample(rulebook("emission-uniform-gd"))
    terms = draft.terms.programme[0]
    assert isinstance(terms, MultiUnitTerms)
    assert (
        broken("emission-uniform-gd", changed(draft, supply=2 * terms.supply, bidder_max=terms.supply)) == []
    )


@pytest.mark.parametrize("guide_price", [100_000_000_00, 87_654_321_00, 87_654_321_07])
def test_a_cap_may_be_rounded_to_the_fen_and_no_further(guide_price: int) -> None:
    rules = rulebook("land-cap-suzhou")
    thing = Subject(
        category=Category.LAND, opening_price=80_000_000_00, now_us=SAMPLE_NOW_US, valuation=guide_price
    )
    draft = drafted(rules, thing)
    assert violations(rules, draft) == []
    cap = -(-guide_price * 125 // 100)
    assert [getattr(one, "cap_price", cap) for one in draft.terms.programme] == [cap] * 6
    off = changed(draft, phase=2, cap_price=cap + 1)
    assert [one.parameter for one in violations(rules, off)] == ["countdown.cap_price"]


def test_a_count_over_days_that_are_not_announced_says_so() -> None:
    rules = rulebook("mining-auction")
    far_us = SAMPLE_NOW_US + 30 * 365 * DAY_US
    draft = drafted(rules, Subject(category=Category.MINING, opening_price=8_000_000_00, now_us=far_us))
    assert violations(rules, draft) == []
    found = violations(rules, changed(draft, opens_at_us=far_us + 2 * DAY_US))
    assert found[0].parameter == "notice" and "not announced yet" in found[0].given.en
    assert "尚未公布" in found[0].given.zh
