"""Lots played under every shipped rulebook: they end, the story is the same for the same seed, and it can be told."""

from __future__ import annotations

import typing

import msgspec
import pytest

from exchange.rulebooks.library import shipped
from exchange.rulebooks.rulebook import Rulebook
from exchange.simulation.play import Story, play
from gateways.cli.charts import HEIGHT, WIDTH, bar, course
from gateways.cli.language import Language
from gateways.cli.simulate import prices
from gateways.cli.story import PASS_REASONS, WORDS, Teller
from matching.commands import Word
from matching.events import BidPlaced, Event, LotPassed, LotSold, PassReason, PhaseBegan, RoundBegan
from matching.lot import LotState, announced, apply, digest

RULEBOOKS = shipped().all()
SEEDS = (1, 2)
UNTOLD = {"LotAnnounced"}


def told(story: Story) -> bytes:
    return msgspec.json.encode([(moment.at_us, moment.event) for moment in story.moments])


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("one", RULEBOOKS, ids=lambda one: one.name)
def test_a_lot_under_every_rulebook_comes_to_an_end(one: Rulebook, seed: int) -> None:
    story = play(one, one.sample.bidders, seed)
    assert story.lot.state in (LotState.SOLD, LotState.PASSED)
    assert [moment.at_us for moment in story.moments] == sorted(moment.at_us for moment in story.moments)
    first, *others = story.moments
    lot = announced(story.lot.id, first.event)  # type: ignore[arg-type]
    for moment in story.moments:
        apply(lot, moment.event, moment.at_us)
    assert others and digest(lot) == digest(story.lot)


@pytest.mark.parametrize("one", RULEBOOKS, ids=lambda one: one.name)
def test_the_same_seed_tells_the_same_story_and_another_one_another(one: Rulebook) -> None:
    assert told(play(one, 5, 3)) == told(play(one, 5, 3))
    assert len({told(play(one, 5, seed)) for seed in range(4, 8)}) > 1


def test_nobody_wins_above_his_own_limit() -> None:
    rulebook = next(one for one in RULEBOOKS if one.name == "judicial-first")
    for seed in range(20):
        story = play(rulebook, 5, seed)
        limits = {person.paddle: person.limit for person in story.people}
        bids = [moment.event for moment in story.moments if isinstance(moment.event, BidPlaced)]
        assert all(bid.amount <= limits[bid.paddle] for bid in bids)


def test_one_bidder_is_enough_for_a_court() -> None:
    rulebook = next(one for one in RULEBOOKS if one.name == "judicial-first")
    outcomes = {play(rulebook, 1, seed).lot.state for seed in range(12)}
    assert LotState.SOLD in outcomes


def test_chains_run_to_their_last_link() -> None:
    """Over a few seeds the programmes of several phases show every phase that they have."""
    for name, phases in (("land-fujian", 3), ("land-cap-lottery", 3), ("rural-priority", 2), ("turns-3", 2)):
        rulebook = next(one for one in RULEBOOKS if one.name == name)
        seen = {
            moment.event.index
            for seed in range(30)
            for moment in play(rulebook, rulebook.sample.bidders, seed).moments
            if isinstance(moment.event, PhaseBegan)
        }
        assert seen == set(range(phases)), name


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("one", RULEBOOKS, ids=lambda one: one.name)
def test_every_event_of_a_story_is_told(one: Rulebook, language: Language) -> None:
    story = play(one, one.sample.bidders, 2)
    called = [plan.called for plan in one.phases]
    teller = Teller(called, [plan.phase for plan in one.phases], "CNY", language)
    silent = {type(moment.event).__name__ for moment in story.moments if not teller.tell(moment.event)}
    assert silent == set()


def test_every_reason_and_every_word_has_words() -> None:
    assert set(PASS_REASONS) == set(PassReason)
    assert set(WORDS) == set(Word)
    teller = Teller(["sealed"], ["sealed"], "CNY", Language.EN)
    teller.tell(PhaseBegan(0, 9))
    assert "opened" in teller.tell(RoundBegan(1, 9)) and "points" in teller.tell(RoundBegan(2, 9))
    for reason in PassReason:
        assert teller.tell(LotPassed(reason, 0)).startswith("passed: ")
    assert "120" in teller.tell(LotSold(1, 100_00, 0, 120))
    assert len(typing.get_args(Event)) > 30


def test_a_chart_shows_the_course_of_a_price() -> None:
    rows = course([1, 2, 3, 4])
    assert len(rows) == HEIGHT and all(len(row) == 4 for row in rows)
    assert rows[0] == "   █" and rows[-1][0] == "▁"
    assert course([]) == [] and course([7, 7])[0].strip() == ""
    wide = course(list(range(1_000)))
    assert all(len(row) == WIDTH for row in wide) and wide[0].endswith("█")
    assert bar(0, 10) == "" and bar(10, 10, 8) == "█" * 8 and bar(1, 1_000, 8) == "█"


def test_prices_end_where_the_cap_begins() -> None:
    rulebook = next(one for one in RULEBOOKS if one.name == "land-cap-dongguan")
    story = play(rulebook, 7, 1)
    assert prices(story) and max(prices(story)) <= story.draft.valuation
