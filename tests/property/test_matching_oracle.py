"""The rules against a second implementation of them, command by command."""

import random
from collections import Counter

from matching import commands as command
from matching.events import LotAnnounced
from matching.lot import Lot, announce, announced, apply, decide
from matching.phases.english import EnglishPhase
from matching.refusals import Refused
from matching.terms import EnglishTerms, LotTerms
from matching.view import lot_view
from tests.oracle.moves import BIDDERS, HOST, LOT, START_US, Move, random_move, random_terms
from tests.oracle.naive_auction import NaiveAuction
from tests.seeds import seed

COMMANDS = 120_000
COMMANDS_PER_LOT = 60
AFTER_THE_END = 4


def play(terms: LotTerms, chance: random.Random, tally: Counter[str]) -> None:
    """Play one lot with moves by chance, and compare after every command."""
    first = announce(command.AnnounceLot(LOT, HOST, terms))
    assert not isinstance(first, Refused) and isinstance(first[0], LotAnnounced)
    lot = announced(LOT, first[0])
    naive = NaiveAuction(terms)
    now_us = START_US
    for happened in first:
        apply(lot, happened, now_us)
    for bidder in range(1, chance.choice((2, BIDDERS, BIDDERS, BIDDERS + 1))):
        tally[give(lot, naive, Move("admit", "none", bidder, "zero", "0"), now_us)] += 1
    left = COMMANDS_PER_LOT
    while left:
        move = random_move(chance, lot, now_us)
        now_us = move.at_us(lot, now_us)
        tally[give(lot, naive, move, now_us)] += 1
        left = min(left, AFTER_THE_END) - 1 if lot.is_closed else left - 1


def give(lot: Lot, naive: NaiveAuction, move: Move, at_us: int) -> str:
    """Give one move to both, compare, and say what came out."""
    given = move.command(lot)
    decision = decide(lot, given, at_us)
    naive_refusal = naive.give(given, at_us)
    if isinstance(decision, Refused):
        assert decision.code is naive_refusal, (
            f"{given} at {at_us}: {decision} but by the book {naive_refusal!r}"
        )
        return decision.code.name
    assert naive_refusal is None, f"{given} at {at_us}: {decision} but by the book {naive_refusal!r}"
    for happened in decision:
        apply(lot, happened, at_us)
    found, expected = told(lot), told_by_the_book(naive)
    wrong = {name: (found[name], expected[name]) for name in found if found[name] != expected[name]}
    assert not wrong, f"after {given} at {at_us}: {decision} but by the book {wrong}"
    return f"{move.kind} accepted, {lot.state.value}"


def told(lot: Lot) -> dict[str, object]:
    view = lot_view(lot)
    return {
        "state": view.state.value,
        "leader": view.leader,
        "price": view.price,
        "asking": view.asking_price,
        "limit": lot.phase.limit if isinstance(lot.phase, EnglishPhase) else 0,
        "ends": view.ends_at_us,
        "due": lot.due_at_us,
        "extensions": view.extensions,
        "warnings": view.warnings,
        "phase": view.phase,
        "bidders": view.bidders,
        "winner": view.winner,
        "hammer price": view.hammer_price,
        "runners-up": [(place.paddle, place.amount) for place in view.runners_up],
        "awards": [(award.paddle, award.quantity, award.amount) for award in view.awards],
        "tied": sorted(lot.phase.standing.tied) if isinstance(lot.phase, EnglishPhase) else [],
    }


def told_by_the_book(naive: NaiveAuction) -> dict[str, object]:
    now = naive.now
    return {
        "state": now.state,
        "leader": now.leader,
        "price": now.price,
        "asking": naive.asking_price,
        "limit": now.limit if isinstance(now.terms, EnglishTerms) else 0,
        "ends": now.ends_at_us,
        "due": now.due_at_us,
        "extensions": now.extensions,
        "warnings": now.warnings,
        "phase": now.index,
        "bidders": len(now.paddles),
        "winner": now.winner,
        "hammer price": now.hammer_price,
        "runners-up": now.runners_up,
        "awards": now.awards,
        "tied": sorted(naive.tied(now)) if isinstance(now.terms, EnglishTerms) else [],
    }


def test_rules_agree_with_the_naive_auction() -> None:
    first_seed = seed("LUOCHUI_TEST_SEED")
    tally: Counter[str] = Counter()
    lots = 0
    while tally.total() < COMMANDS:
        lot_seed = first_seed + lots
        chance = random.Random(lot_seed)
        try:
            play(random_terms(chance), chance, tally)
        except AssertionError as failure:
            raise AssertionError(
                f"seed {lot_seed} (set LUOCHUI_TEST_SEED to play it again): {failure}"
            ) from failure
        lots += 1
    print(f"seed {first_seed}: {tally.total()} commands in {lots} lots", dict(tally.most_common()))
    missing = EXPECTED_REFUSALS - set(tally)
    assert not missing, f"seed {first_seed}: chance never led to {missing}"


EXPECTED_REFUSALS = {
    "LOT_ALREADY_ANNOUNCED",
    "LOT_CLOSED",
    "LOT_NOT_OPEN_YET",
    "LOT_FROZEN",
    "LOT_ALREADY_OPEN",
    "LOT_NOT_FROZEN",
    "NOT_ADMITTED",
    "ALREADY_ADMITTED",
    "AMOUNT_OUT_OF_RANGE",
    "MAX_BIDS_NOT_ALLOWED",
    "LEADER_MAY_NOT_RAISE",
    "MAX_BID_NOT_RAISED",
    "BELOW_ASKING_PRICE",
    "NOT_ON_STEP",
    "ABOVE_LARGEST_RAISE",
    "REASON_MISSING",
    "ABOVE_ASKING_PRICE",
    "ABOVE_CAP",
    "NOT_ELIGIBLE",
    "ALREADY_DECLARED",
    "NOT_TAKEN_NOW",
    "LOT_NOT_KNOCKED_DOWN",
    "HAMMER_BELONGS_TO_CLOCK",
    "FAIR_WARNINGS_MISSING",
    "DEADLINE_NOT_DUE",
}
