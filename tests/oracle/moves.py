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
from matching.terms import SECOND_US, BidRule, EnglishTerms, LotTerms
from matching.units import AMOUNT_MAX, Amount, TimeUs

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
}
KINDS_BEFORE_OPENING = KINDS | {"admit": 100, "open": 400, "deadline": 800}
KINDS_IN_A_FREEZE = KINDS | {"resume": 700, "deadline": 700, "pause": 100}
KINDS_WHEN_DUE = KINDS | {"deadline": 3000}
AIMS = {
    "asking": 30,
    "limit": 8,
    "price": 4,
    "reserve": 6,
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
        window_us = 0 if lot.phase is None else lot.phase.terms.soft_close_window_us
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
                return command.AdmitBidder(LOT, self.bidder)
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
        return command.HammerLot(LOT, HOST)

    def amount(self, lot: Lot) -> Amount:
        """Return the amount that the move aims at, off by its offset."""
        phase = lot.phase
        step = lot.terms.programme[0].increments[0].increment if phase is None else phase.increment
        asking = lot.terms.opening_price if phase is None else phase.asking_price
        steps_max = lot.terms.programme[0 if phase is None else phase.index].raise_steps_max or 10
        aims = {
            "asking": asking,
            "limit": asking if phase is None else phase.limit,
            "price": asking if phase is None else phase.price,
            "reserve": lot.reserve_price,
            "opening": lot.terms.opening_price,
            "largest": asking + steps_max * step,
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
        return aims[self.aim] + offsets.get(self.offset, 0)


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
    """Return sound terms of a lot with one or two phases."""
    programme = tuple(random_english(chance) for _ in range(chance.choice((1, 1, 2))))
    return LotTerms(
        currency="CNY",
        opening_price=100,
        opens_at_us=chance.choice((0, START_US + SECOND_US)),
        programme=programme,
        reserve_price=chance.choice((0, 0, 100, 130, 255, 600)),
        bidders_min=chance.choice((1, 1, 2, 4)),
        outage_tolerance_us=chance.choice((0, 3 * SECOND_US)),
        outage_notice_us=chance.choice((0, 30 * SECOND_US)),
    )


def random_english(chance: random.Random) -> EnglishTerms:
    """Return the terms of an English phase."""
    may_hammer = chance.random() < 0.5
    duration_us = chance.choice((60 * SECOND_US, 60 * SECOND_US, None if may_hammer else 20 * SECOND_US))
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
        leader_may_raise=chance.random() < 0.4,
        raise_steps_max=chance.choice((None, None, 10, 40)),
        host_may_hammer=may_hammer,
        fair_warnings_min=chance.choice((0, 1, 3)),
    )
