"""Turns, gong, Dutch and Japanese clocks with bidders who know their limits, beside a plain second reckoning."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from matching import commands as command
from matching import events as event
from matching.increments import fixed
from matching.lot import Decision, Lot, LotState, announce, announced, apply, decide, digest
from matching.phases.gong import GongPhase
from matching.phases.turns import TurnsPhase
from matching.refusals import Refusal, Refused
from matching.terms import (
    SECOND_US,
    Direction,
    DutchTerms,
    GongTerms,
    JapaneseTerms,
    LotTerms,
    OffersTerms,
    PhaseTerms,
    TurnsTerms,
)
from matching.units import Amount, Line, Paddle, TimeUs

LOT, HOST, START_US = 7, 9, 1_750_000_000_000_000
OPENING = 1000
CHANCE = st.integers(0, 2**32).map(random.Random)
DIRECTION = st.sampled_from(Direction)
LIMITS = st.lists(st.integers(-3, 25), min_size=1, max_size=5)
"""How many steps of ten each bidder would go beyond the opening price; below zero he stays away."""


@dataclass
class Sale:
    """A lot with its journal, in which paddle n belongs to bidder n."""

    lot: Lot
    now_us: TimeUs = START_US
    journal: list[tuple[TimeUs, event.Event]] = field(default_factory=list)

    def give(self, given: command.Command) -> Decision:
        """Decide a command now and take over what happened."""
        decision = decide(self.lot, given, self.now_us)
        if not isinstance(decision, Refused):
            self.take_over(decision)
        return decision

    def take_over(self, events: list[event.Event]) -> None:
        """Apply events and keep them."""
        for happened in events:
            apply(self.lot, happened, self.now_us)
            self.journal.append((self.now_us, happened))

    def meet_deadline(self, late_us: TimeUs = 0) -> list[event.Event]:
        """Let the next deadline come."""
        due_at_us = self.lot.due_at_us
        self.now_us = due_at_us + late_us
        decision = self.give(command.MeetDeadline(LOT, due_at_us))
        assert not isinstance(decision, Refused)
        return decision

    @property
    def is_over(self) -> bool:
        """Tell whether the lot is sold or passed."""
        return self.lot.is_closed

    def check_replay(self) -> None:
        """The journal alone gives the same lot, and so does a snapshot."""
        copied = msgspec.msgpack.decode(
            msgspec.msgpack.encode(self.journal), type=list[tuple[int, event.Event]]
        )
        first = copied[0][1]
        assert isinstance(first, event.LotAnnounced)
        lot = announced(LOT, first)
        for at_us, happened in copied:
            apply(lot, happened, at_us)
        assert digest(lot) == digest(self.lot)
        assert digest(msgspec.msgpack.decode(msgspec.msgpack.encode(self.lot), type=Lot)) == digest(lot)


def sale(direction: Direction, bidders: int, *programme: PhaseTerms) -> Sale:
    """Return a lot that has just opened."""
    terms = LotTerms(
        currency="CNY",
        opening_price=OPENING,
        opens_at_us=START_US,
        programme=programme,  # type: ignore[arg-type]
        direction=direction,
    )
    first = announce(command.AnnounceLot(LOT, HOST, terms))
    assert not isinstance(first, Refused), first.detail
    assert isinstance(first[0], event.LotAnnounced)
    begun = Sale(announced(LOT, first[0]))
    begun.take_over(first)
    for bidder in range(1, bidders + 1):
        begun.give(command.AdmitBidder(LOT, bidder))
    begun.meet_deadline()
    return begun


def price_of(direction: Direction, steps: int, step: int = 10) -> Amount:
    """Return the price so many steps beyond the opening price."""
    return OPENING + direction.sign * steps * step


@given(DIRECTION, LIMITS, st.booleans())
@settings(max_examples=150, deadline=None)
def test_the_last_in_a_japanese_clock_pays_what_his_last_rival_refused_to_pass(
    direction: Direction, limits: list[int], must_confirm: bool
) -> None:
    clock = JapaneseTerms(increments=fixed(10), must_confirm=must_confirm)
    running = sale(direction, len(limits), clock)
    entered = {paddle: limit for paddle, limit in enumerate(limits, start=1) if limit >= 0}
    for paddle in entered:
        running.give(command.Declare(LOT, paddle, command.Word.ACCEPT))
    tick = -1
    while not running.is_over:
        running.meet_deadline()
        tick += 1
        for paddle, limit in entered.items() if not running.is_over else ():
            goes_on = limit > tick
            if goes_on == must_confirm:
                word = command.Word.ACCEPT if goes_on else command.Word.DECLINE
                running.give(command.Declare(LOT, paddle, word))
    running.check_replay()
    if not entered:
        assert running.lot.state is LotState.PASSED
        return
    ranked = sorted(entered, key=lambda paddle: -entered[paddle])
    second = entered[ranked[1]] if len(ranked) > 1 else 0
    assert (running.lot.winner, running.lot.hammer_price) == (ranked[0], price_of(direction, second))


@given(DIRECTION, LIMITS, st.integers(1, 12))
@settings(max_examples=100, deadline=None)
def test_the_keenest_stops_a_dutch_clock_at_his_limit(
    direction: Direction, limits: list[int], steps: int
) -> None:
    running = sale(direction, len(limits), DutchTerms(steps=steps, step=10))
    accepted: list[tuple[Paddle, Amount]] = []
    called = []
    while not running.is_over:
        events = running.meet_deadline()
        for number, round_began in enumerate(events):
            assert number == 0 and isinstance(round_began, event.RoundBegan | event.LotPassed)
        if running.is_over:
            break
        assert isinstance(events[0], event.RoundBegan)
        called.append(events[0].price)
        for paddle, limit in enumerate(limits, start=1):
            if limit >= 0 and direction.sign * called[-1] <= direction.sign * price_of(direction, -limit):
                decision = running.give(command.PlaceBid(LOT, paddle, called[-1]))
                if not isinstance(decision, Refused):
                    accepted.append((paddle, called[-1]))
    running.check_replay()
    assert called == [price_of(direction, -step) for step in range(len(called))]
    eager = {paddle: limit for paddle, limit in enumerate(limits, start=1) if 0 <= limit <= steps}
    if not eager:
        assert (running.lot.state, len(called)) == (LotState.PASSED, steps + 1)
        return
    first = min(eager, key=lambda paddle: (eager[paddle], paddle))
    assert accepted == [(first, price_of(direction, -eager[first]))]
    assert (running.lot.winner, running.lot.hammer_price) == accepted[0]


@given(DIRECTION, LIMITS, CHANCE, st.integers(0, 15), st.integers(20, 400))
@settings(max_examples=120, deadline=None)
def test_every_gong_answers_one_bid_and_none_sounds_after_the_hard_stop(
    direction: Direction, limits: list[int], chance: random.Random, pause_s: int, stop_s: int
) -> None:
    terms = GongTerms(
        increments=fixed(10),
        round_us=30 * SECOND_US,
        pause_us=pause_s * SECOND_US,
        hard_end_after_us=stop_s * SECOND_US,
    )
    running = sale(direction, len(limits), terms)
    stops_at_us = running.now_us + stop_s * SECOND_US
    price, winner, numbers = 0, 0, []
    while not running.is_over:
        assert running.now_us < running.lot.due_at_us <= stops_at_us
        phase = running.lot.phase
        assert isinstance(phase, GongPhase)
        was_pause = phase.is_pause
        running.now_us = chance.randint(running.now_us, running.lot.due_at_us - 1)
        called = price_of(direction, 0) if not price else price + direction.sign * 10
        takers = [paddle for paddle, limit in enumerate(limits, start=1) if _may(direction, limit, called)]
        chance.shuffle(takers)
        heard = [running.give(command.PlaceBid(LOT, paddle, called)) for paddle in takers]
        bids = [
            (taker, one) for taker, one in zip(takers, heard, strict=True) if not isinstance(one, Refused)
        ]
        assert len(bids) == (0 if was_pause or not takers else 1), "one is heard in a round, none in a pause"
        for taker, decision in bids:
            assert taker == takers[0], "the first one"
            price, winner = called, taker
            numbers += [one.number for one in decision if isinstance(one, event.RoundBegan)]
        if not bids:
            running.meet_deadline()
    running.check_replay()
    assert numbers == list(range(2, len(numbers) + 2))
    assert (running.lot.winner, running.lot.hammer_price) == (winner, price)


def _may(direction: Direction, limit: int, amount: Amount) -> bool:
    return limit >= 0 and direction.sign * amount <= direction.sign * price_of(direction, limit)


@dataclass
class Ladder:
    """Turn-based rounds, reckoned plainly: each bidder's public offer and when he made it."""

    sign: int
    offers: dict[Paddle, Amount] = field(default_factory=dict)
    made: dict[Paddle, int] = field(default_factory=dict)
    clock: int = 0

    def offer(self, paddle: Paddle, amount: Amount) -> None:
        """Make an offer public."""
        self.clock += 1
        self.offers[paddle], self.made[paddle] = amount, self.clock

    @property
    def best_first(self) -> list[Paddle]:
        """The bidders, best offer first, of equal ones the earlier."""
        return sorted(self.offers, key=lambda paddle: (-self.sign * self.offers[paddle], self.made[paddle]))


@given(DIRECTION, st.lists(st.integers(0, 5), min_size=1, max_size=5), CHANCE, st.integers(1, 4))
@settings(max_examples=150, deadline=None)
def test_turns_come_from_the_worst_offer_to_the_best_and_the_last_word_of_each_counts(
    direction: Direction, initial: list[int], chance: random.Random, rounds: int
) -> None:
    pause_us = chance.choice((0, SECOND_US))
    turns = TurnsTerms(step=10, rounds=rounds, first_pause_us=pause_us, pause_us=pause_us, turn_us=SECOND_US)
    running = sale(direction, len(initial), OffersTerms(), turns)
    ladder = Ladder(direction.sign)
    paddles = list(range(1, len(initial) + 1))
    chance.shuffle(paddles)
    for paddle in paddles:
        amount = price_of(direction, initial[paddle - 1])
        assert not isinstance(running.give(command.SubmitOffer(LOT, paddle, (Line(amount),))), Refused)
        ladder.offer(paddle, amount)
    running.meet_deadline()
    for _ in range(rounds):
        _skip_pause(running)
        for paddle in reversed(ladder.best_first):
            _take_turn(running, ladder, paddle, direction, chance)
    running.check_replay()
    best = ladder.best_first[0]
    assert running.is_over
    assert (running.lot.winner, running.lot.hammer_price) == (best, ladder.offers[best])


def _skip_pause(running: Sale) -> None:
    assert isinstance(running.lot.phase, TurnsPhase)
    if not running.lot.phase.turn:
        assert running.give(command.PlaceBid(LOT, 1, 1)) == Refused(Refusal.NOT_TAKEN_NOW)
        running.meet_deadline()


def _take_turn(
    running: Sale, ladder: Ladder, paddle: Paddle, direction: Direction, chance: random.Random
) -> None:
    """Let a bidder change his mind in his turn, others interfere, and the turn end."""
    phase = running.lot.phase
    assert isinstance(phase, TurnsPhase) and phase.turn == paddle
    word = 0
    for _ in range(chance.randint(0, 4)):
        amount = ladder.offers[paddle] + direction.sign * chance.choice((-10, 0, 9, 10, 11, 20))
        is_better = direction.sign * (amount - ladder.offers[paddle]) >= 10
        speaker = chance.choice((paddle, paddle, *ladder.offers))
        is_back = chance.random() < 0.2
        given = command.TakeBackOffer(LOT, speaker) if is_back else command.PlaceBid(LOT, speaker, amount)
        is_heard = not isinstance(running.give(given), Refused)
        assert is_heard == (speaker == paddle and (word > 0 if is_back else is_better))
        if is_heard:
            word = 0 if is_back else amount
        assert (phase.leader, phase.price) == (ladder.best_first[0], ladder.offers[ladder.best_first[0]])
    running.meet_deadline(late_us=chance.choice((0, SECOND_US)))
    if word:
        ladder.offer(paddle, word)
