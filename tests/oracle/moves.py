"""Moves: commands told relative to where a lot stands, so that chance hits the edges of the rules often.

Belongs here: turning a move, and the lot it is made in, into a command and the moment at which it is decided.
Does not belong here: where moves come from (a seeded generator, or hypothesis), what they must lead to.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from matching import commands as command
from matching.commands import HostCommand
from matching.increments import IncrementTable, Step, fixed
from matching.lot import Lot, LotState
from matching.phases.english import EnglishPhase
from matching.phases.first_refusal import FirstRefusalPhase
from matching.terms import (
    SECOND_US,
    BidRule,
    Direction,
    EnglishTerms,
    EqualLimits,
    FirstRefusalTerms,
    LotTerms,
    PhaseTerms,
    PriorityRule,
    SellOffTerms,
    SeveralMatch,
    Stake,
)
from matching.units import AMOUNT_MAX, Amount, BidderId, Rank, TimeUs

LOT = 7
HOST = 9
START_US = 1_750_000_000_000_000

KINDS = {
    "bid": 400,
    "max": 300,
    "deadline": 12,
    "admit": 30,
    "resume": 6,
    "warn": 40,
    "hammer": 12,
    "open": 4,
    "pause": 12,
    "withdraw": 1,
    "announce": 3,
    "say": 2,
    "confirm": 2,
    "default": 2,
    "speak": 4,
}
KINDS_BEFORE_OPENING = KINDS | {"admit": 100, "open": 400, "deadline": 800}
KINDS_IN_A_FREEZE = KINDS | {"resume": 700, "deadline": 700, "pause": 100}
KINDS_WHEN_DUE = KINDS | {"deadline": 3000}
KINDS_WHEN_ASKED = KINDS | {"say": 1000, "bid": 100, "max": 100}
KINDS_AT_THE_HAMMER = KINDS | {"default": 500, "confirm": 40, "bid": 40, "max": 40}
AIMS = {
    "asking": 30,
    "limit": 8,
    "price": 14,
    "reserve": 6,
    "ceiling": 8,
    "opening": 3,
    "largest": 3,
    "zero": 1,
    "absurd": 1,
}
OFFSETS = {"0": 30, "+1": 8, "-1": 6, "+step": 15, "+3 steps": 12, "+20 steps": 8, "-step": 3}
WAITS = {
    "none": 200,
    "tick": 100,
    "second": 300,
    "minute": 4,
    "before window": 10,
    "window": 10,
    "before due": 10,
    "due": 8,
    "tolerated": 1,
    "outage": 1,
}
WAITS_FOR_A_DEADLINE = WAITS | {"due": 900, "tolerated": 250, "outage": 250}
BIDDERS = 5
RANKS: dict[BidderId, Rank] = {3: 1, 4: 1, 5: 2}
"""Who has priority; everybody else is an ordinary bidder."""


@dataclass(frozen=True)
class Move:
    """One relative step: who wants what, aimed at which amount, after which wait."""

    kind: str
    wait: str
    bidder: int
    aim: str
    offset: str

    def at_us(self, lot: Lot, now_us: TimeUs) -> TimeUs:
        """Return the moment of the move, never before `now_us`."""
        return max(now_us, self._wanted_us(lot, now_us))

    def _wanted_us(self, lot: Lot, now_us: TimeUs) -> TimeUs:
        due_us = lot.due_at_us
        tolerance_us = lot.terms.outage_tolerance_us
        window_us = lot.phase.terms.soft_close_window_us if isinstance(lot.phase, EnglishPhase) else 0
        match self.wait:
            case "tick":
                return now_us + 1
            case "second":
                return now_us + SECOND_US
            case "minute":
                return now_us + 60 * SECOND_US
        if not due_us:
            return now_us
        match self.wait:
            case "before window":
                return due_us - window_us - 1
            case "window":
                return due_us - window_us
            case "before due":
                return due_us - 1
            case "due":
                return due_us
            case "tolerated":
                return due_us + tolerance_us
            case "outage":
                return due_us + tolerance_us + 1
        return now_us

    def command(self, lot: Lot) -> command.Command:
        """Return the command that the move means in this lot."""
        match self.kind:
            case "bid":
                return command.PlaceBid(LOT, self.bidder, self.amount(lot))
            case "max":
                return command.LeaveMaxBid(LOT, self.bidder, self.amount(lot))
            case "deadline":
                return command.MeetDeadline(LOT, lot.due_at_us + (1 if self.offset == "+1" else 0))
            case "admit":
                return admission(self.bidder)
            case "say":
                return command.Declare(LOT, self.bidder, WORDS.get(self.offset, command.Word.ACCEPT))
            case "announce":
                return command.AnnounceLot(LOT, HOST, lot.terms)
        return self._host_command()

    def _host_command(self) -> HostCommand:
        reason = " " if self.offset == "-1" else "checking"
        match self.kind:
            case "open":
                return command.OpenLot(LOT, HOST)
            case "pause":
                return command.PauseLot(LOT, HOST, reason)
            case "resume":
                return command.ResumeLot(LOT, HOST)
            case "withdraw":
                return command.WithdrawLot(LOT, HOST, reason)
            case "warn":
                return command.GiveFairWarning(LOT, HOST)
            case "confirm":
                return command.ConfirmSale(LOT, HOST)
            case "default":
                return command.DeclareDefault(LOT, HOST, reason)
            case "speak":
                return command.MakeAnnouncement(LOT, HOST, reason)
        return command.HammerLot(LOT, HOST)

    def amount(self, lot: Lot) -> Amount:
        """Return the amount that the move aims at, off by its offset in the direction of the lot."""
        phase = lot.phase
        terms = (lot.terms.programme[0] if phase is None else phase.terms) if not lot.is_closed else None
        bidding = terms if isinstance(terms, EnglishTerms) else EnglishTerms(fixed(10))
        running = phase if isinstance(phase, EnglishPhase) else None
        step = bidding.increments[0].increment if running is None else running.increment
        asking = lot.terms.opening_price if running is None else running.asking_price
        aims = {
            "asking": asking,
            "limit": asking if running is None else running.limit,
            "price": asking if running is None else running.price,
            "reserve": lot.reserve_price,
            "ceiling": bidding.cap_price or bidding.buy_now_price or asking,
            "opening": lot.terms.opening_price,
            "largest": asking + lot.sign * (bidding.raise_steps_max or 10) * step,
            "zero": 0,
            "absurd": AMOUNT_MAX,
        }
        offsets = {
            "+1": 1,
            "-1": -1,
            "+step": step,
            "+3 steps": 3 * step,
            "+20 steps": 20 * step,
            "-step": -step,
        }
        return aims[self.aim] + lot.sign * offsets.get(self.offset, 0)


WORDS = {"-1": command.Word.DECLINE, "+step": command.Word.DECLINE, "-step": command.Word.WAIVE}


def admission(bidder: BidderId, account: BidderId | None = None) -> command.AdmitBidder:
    """Return the admission of a bidder with his rank, under an `account` of another number if one is given."""
    return command.AdmitBidder(LOT, account or bidder, RANKS.get(bidder, 0))


def random_move(chance: random.Random, lot: Lot, now_us: TimeUs) -> Move:
    """Return a move; those that lead somewhere are likely, none is impossible."""
    is_due = 0 < lot.due_at_us <= now_us
    kind = _drawn(chance, KINDS_WHEN_DUE if is_due else _kinds(lot))
    return Move(
        kind=kind,
        wait=_drawn(chance, WAITS_FOR_A_DEADLINE if kind == "deadline" and not is_due else WAITS),
        bidder=chance.randint(1, BIDDERS),
        aim=_drawn(chance, AIMS),
        offset=_drawn(chance, OFFSETS),
    )


def _kinds(lot: Lot) -> dict[str, int]:
    if lot.state is LotState.FROZEN:
        return KINDS_IN_A_FREEZE
    if lot.state is LotState.KNOCKED_DOWN:
        return KINDS_AT_THE_HAMMER
    if lot.state is LotState.OPEN and isinstance(lot.phase, FirstRefusalPhase):
        return KINDS_WHEN_ASKED
    return KINDS_BEFORE_OPENING if lot.state is LotState.ANNOUNCED else KINDS


def _drawn(chance: random.Random, weights: dict[str, int]) -> str:
    return chance.choices(list(weights), list(weights.values()))[0]


TABLES: tuple[IncrementTable, ...] = (
    fixed(1),
    fixed(10),
    fixed(25),
    (Step(0, 5), Step(120, 25), Step(400, 50)),
    (Step(0, 50), Step(150, 10)),
)


def random_terms(chance: random.Random) -> LotTerms:
    """Return sound terms of a lot: English phases, perhaps after a sell-off, perhaps with a right of first refusal."""
    direction = chance.choice((Direction.RISING, Direction.RISING, Direction.FALLING))
    opening, reserves = (
        (100, (100, 130, 255, 600)) if direction is Direction.RISING else (1000, (1000, 970, 845, 300))
    )
    return LotTerms(
        currency="CNY",
        opening_price=opening,
        opens_at_us=chance.choice((0, START_US + SECOND_US)),
        programme=random_programme(chance, direction),  # type: ignore[arg-type]
        reserve_price=chance.choice((0, 0, 0, 0, *reserves)),
        bidders_min=chance.choice((1, 1, 2, 4)),
        outage_tolerance_us=chance.choice((0, 3 * SECOND_US)),
        outage_notice_us=chance.choice((0, 30 * SECOND_US)),
        direction=direction,
        reserve_places=chance.choice((0, 0, 1, 3)),
    )


def random_programme(chance: random.Random, direction: Direction) -> tuple[PhaseTerms, ...]:
    """Return one to four phases."""
    programme: list[PhaseTerms] = [random_english(chance, direction)]
    if chance.random() < 0.4:
        programme.append(random_english(chance, direction, is_conditional=True))
    if chance.random() < 0.25:
        programme.insert(chance.randint(1, len(programme)), random_first_refusal(chance))
    if chance.random() < 0.1:
        programme.insert(0, SellOffTerms(duration_us=60 * SECOND_US, max_bids_allowed=chance.random() < 0.8))
    return tuple(programme)


def random_first_refusal(chance: random.Random) -> FirstRefusalTerms:
    """Return the terms of a right of first refusal."""
    several = chance.choice(tuple(SeveralMatch))
    is_shared = several is SeveralMatch.PRO_RATA
    return FirstRefusalTerms(
        window_us=chance.choice((20 * SECOND_US, 60 * SECOND_US)),
        several=several,
        units=chance.choice((1, 7, 100)) if is_shared else 0,
        stakes=chance.choice(((), (Stake(1, 2500),), (Stake(1, 2500), Stake(2, 1111)))) if is_shared else (),
    )


def random_english(
    chance: random.Random, direction: Direction, *, is_conditional: bool = False
) -> EnglishTerms:
    """Return the terms of an English phase; one that is conditional may be left out."""
    may_hammer = chance.random() < 0.4
    duration_us = chance.choice((60 * SECOND_US, 60 * SECOND_US, None if may_hammer else 20 * SECOND_US))
    ceiling = chance.choice((180, 455, 900) if direction is Direction.RISING else (905, 540, 200))
    stop = chance.choice((None, None, None, "cap_price", "buy_now_price"))
    return EnglishTerms(
        increments=chance.choice(TABLES),
        bid_rule=chance.choice((BidRule.FREE, BidRule.FREE, BidRule.STEP_MULTIPLE)),
        duration_us=duration_us,
        soft_close_window_us=chance.choice((0, 10 * SECOND_US, 60 * SECOND_US)),
        extension_us=chance.choice((5 * SECOND_US, 10 * SECOND_US, 60 * SECOND_US)),
        extensions_max=chance.choice((None, None, 0, 2)),
        hard_end_after_us=chance.choice((None, None, 60 * SECOND_US, 75 * SECOND_US)),
        resume_countdown_us=chance.choice((1, 15 * SECOND_US)),
        max_bids_allowed=chance.random() < 0.85,
        equal_limits=chance.choice(tuple(EqualLimits)),
        proxy_raise=chance.choice((0, 0, 1, 7)),
        leader_may_raise=chance.random() < 0.4,
        raise_steps_max=chance.choice((None, None, 10, 40)),
        host_may_hammer=may_hammer,
        fair_warnings_min=chance.choice((0, 1, 3)),
        priority=chance.choice(tuple(PriorityRule)),
        first_step_up=chance.random() < 0.8,
        recent_window_us=0 if may_hammer else chance.choice((0, 10 * SECOND_US, 60 * SECOND_US)),
        entrants_min=chance.choice((0, 0, 2, 4) if is_conditional else (0, 0, 0, 0, 0, 3)),
        recent_min=chance.choice((0, 0, 1, 2)) if is_conditional else 0,
        **{} if stop is None else {stop: ceiling},
    )
