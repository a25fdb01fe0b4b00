"""What holds in every draw, whoever commits, withholds, freezes or is late."""

from __future__ import annotations

import random

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from matching import commands as command
from matching.draws import drawn_order, seed_commitment
from matching.events import EntrantsDrawn, EntrantsFixed, Event, RoundBegan, SeedCommitted, SeedRevealed
from matching.lot import Lot, LotState, digest
from matching.phases.draw import DrawPhase, Stage
from matching.refusals import Refused
from matching.terms import MINUTE_US, SECOND_US, Beacon, DrawTerms, Entrants, LotTerms
from tests.oracle.moves import HOST, LOT, START_US
from tests.property.test_matching_invariants import Course, begun, replayed
from tests.unit.test_beacon_draws import recomputed

CHANCE = st.integers(0, 2**32).map(random.Random)
PARTIES = (501, 502, 503)
BEACON = Beacon(source="recorded", genesis_us=START_US, period_us=30 * SECOND_US)
SEEDS = tuple(f"{number:064x}" for number in range(6))


def random_terms(chance: random.Random) -> LotTerms:
    """Return the terms of a draw by a beacon, by seeds, or by both."""
    has_beacon = chance.random() < 0.5
    takes_seeds = not has_beacon or chance.random() < 0.6
    phase = DrawTerms(
        entrants=Entrants.ADMITTED,
        places=chance.choice((1, 3, 10)),
        entry_us=chance.choice((0, MINUTE_US)),
        beacon=BEACON if has_beacon else None,
        parties=PARTIES if takes_seeds else (),
        entrants_may_commit=takes_seeds and chance.random() < 0.5,
        parties_min=2 if not has_beacon else 0,
        commit_us=MINUTE_US if takes_seeds else 0,
        reveal_us=MINUTE_US if takes_seeds else 0,
        attempts_max=chance.choice((1, 2, 3)),
    )
    return LotTerms(currency="CNY", opening_price=1000, opens_at_us=START_US, programme=(phase,))


def _deadline(lot: Lot, now_us: int) -> tuple[command.Command, int]:
    due_at_us = lot.due_at_us
    return command.MeetDeadline(LOT, due_at_us), max(due_at_us, now_us)


def _move(chance: random.Random, lot: Lot, bidders: int, now_us: int) -> tuple[command.Command, int]:
    """Return what somebody does next, and when; parties mostly know what they have committed to."""
    kind = chance.random()
    if kind < 0.2:
        return _deadline(lot, now_us)
    by = chance.choice((*PARTIES, *range(1, bidders + 1), 99))
    seed = SEEDS[by % len(SEEDS)] if chance.random() < 0.9 else chance.choice(SEEDS)
    now_us += chance.choice((0, 1, SECOND_US))
    phase = lot.phase
    if kind < 0.25:
        return chance.choice((command.PauseLot(LOT, HOST, "why"), command.ResumeLot(LOT, HOST))), now_us
    if isinstance(phase, DrawPhase) and phase.stage is Stage.BEACON:
        number = phase.beacon_round
        return command.PublishBeacon(LOT, HOST, number, f"{number:064x}"), max(
            now_us, BEACON.comes_out_at_us(number)
        )
    if isinstance(phase, DrawPhase) and phase.stage is Stage.ENTRY:
        return command.Declare(LOT, by, chance.choice(tuple(command.Word))), now_us
    if kind < 0.6:
        return command.CommitSeed(LOT, by, seed_commitment(seed)), now_us
    return command.RevealSeed(LOT, by, seed), now_us


def held(chance: random.Random, moves: int = 60) -> Course:
    """Return a draw as far as chance took it."""
    bidders = chance.randint(0, 5)
    course = begun(random_terms(chance), bidders)
    now_us = START_US
    for _ in range(moves):
        if course.lot.is_closed:
            break
        given_command, now_us = _move(chance, course.lot, bidders, now_us)
        course.give(given_command, now_us)
    return course


def _events(course: Course) -> list[Event]:
    return [happened for _, happened in course.journal]


@given(CHANCE)
@settings(max_examples=150)
def test_the_winner_is_drawn_from_the_list_and_a_stranger_agrees(chance: random.Random) -> None:
    course = held(chance)
    events = _events(course)
    draws = [happened for happened in events if isinstance(happened, EntrantsDrawn)]
    assert recomputed(events, LOT) == len(draws) <= 1
    lists = [happened.entrants for happened in events if isinstance(happened, EntrantsFixed)]
    if draws:
        order = draws[0].order
        assert len(set(order)) == len(order) <= len(lists[0])
        assert set(order) <= set(lists[0])
    if course.lot.state is LotState.SOLD:
        assert course.lot.winner == (draws[0].order[0] if draws else lists[0][0])
        assert course.lot.phase is not None
        assert course.lot.phase.standing.leader == course.lot.winner
        assert course.lot.hammer_price == 1000


@given(CHANCE)
@settings(max_examples=150)
def test_without_a_beacon_nobody_can_withhold_his_seed_from_a_draw(chance: random.Random) -> None:
    course = held(chance)
    terms = course.lot.terms.programme[0]
    assert isinstance(terms, DrawTerms)
    committed: set[tuple[int, int]] = set()
    shown: set[tuple[int, int]] = set()
    before = 0
    for happened in _events(course):
        match happened:
            case RoundBegan(number=number):
                if before % 3 == 2 and number % 3 == 1:
                    committed, shown = set(), set()
                before = number
            case SeedCommitted(by, _, paddle):
                committed.add((by, paddle))
            case SeedRevealed(by, _, paddle):
                assert (by, paddle) in committed
                shown.add((by, paddle))
            case EntrantsDrawn() if terms.beacon is None:
                assert shown == committed
                assert len(shown) >= terms.parties_min


@given(CHANCE, st.sampled_from(("msgpack", "json")))
@settings(max_examples=80)
def test_journal_and_snapshot_are_the_draw(chance: random.Random, form: str) -> None:
    course = held(chance)
    assert digest(replayed(course.journal)) == digest(course.lot)
    coder = msgspec.msgpack if form == "msgpack" else msgspec.json
    copy = Course(coder.decode(coder.encode(course.lot), type=Lot), list(course.journal))
    assert digest(copy.lot) == digest(course.lot)
    if not course.lot.is_closed:
        given_command, at_us = _deadline(course.lot, START_US)
        assert copy.give(given_command, at_us) == course.give(given_command, at_us)
        assert digest(copy.lot) == digest(course.lot)


@given(CHANCE)
@settings(max_examples=60)
def test_from_the_end_on_nothing_is_taken(chance: random.Random) -> None:
    course = held(chance, moves=chance.randint(0, 30))
    due_at_us = course.lot.due_at_us
    if course.lot.state is not LotState.OPEN or not due_at_us:
        return
    for late in (
        command.CommitSeed(LOT, PARTIES[0], seed_commitment(SEEDS[0])),
        command.RevealSeed(LOT, PARTIES[0], SEEDS[0]),
        command.Declare(LOT, 1, command.Word.ACCEPT),
    ):
        assert isinstance(course.give(late, due_at_us), Refused)


@given(st.sets(st.integers(1, 10_000), max_size=40), st.binary(min_size=32, max_size=32), st.integers(0, 50))
def test_an_order_is_a_shuffle_of_which_fewer_places_are_the_beginning(
    entrants: set[int], seed: bytes, places: int
) -> None:
    whole = drawn_order(entrants, seed.hex(), len(entrants))
    assert sorted(whole) == sorted(entrants)
    assert drawn_order(sorted(entrants, reverse=True), seed.hex(), places) == whole[:places]
