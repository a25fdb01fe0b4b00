"""What a robot bidder does next: a pure policy over a lot's public state, with chance given.

Each robot has, per round, a private valuation that it never exceeds. It lets the price grow with the time of the
round, answers people at once up to that valuation, and thinks faster when the end is near.

Belongs here: who comes to a round, what a robot bids, when it looks again.
Does not belong here: accounts, money, sending commands (`floor`).
"""

from __future__ import annotations

from random import Random

from msgspec import Struct

from exchange.demo.templates import EnglishTemplate, Template
from matching.commands import BidderCommand, LeaveMaxBid, PlaceBid
from matching.lot import CLOSED_STATES, LotState
from matching.terms import SECOND_US, BidRule
from matching.units import Amount, BidderId, Digest, DurationUs, Paddle, Rank, TimeUs
from matching.view import LotView

VALUATION_PERCENT_MIN = 80
VALUATION_PERCENT_MAX = 145
"""Of the reference value; the bound of 160 that the demo promises leaves room for nothing else."""

HEADROOM = 0.1
"""Share of the way from the opening price to the valuation that is open from the first moment."""

PACING_EXPONENT = 1.4
"""Above 1: more of the way is left for the end of the round."""

PACING_ENDS_AT = 0.9
"""Share of the round after which robots hold nothing back: the soft close decides, but does not go on for long."""

THINKING_US_MIN = 2 * SECOND_US
THINKING_US_MEAN_MIN = 7 * SECOND_US
THINKING_US_MEAN_MAX = 45 * SECOND_US
LOOKS_TO_THE_END = 6
"""A robot looks about this often in what remains of a round."""

UNTIMED_ROUND_US = 240 * SECOND_US
"""A round that only the host ends is played as if it lasted this long."""

MAX_BID_CHANCE = 0.12
ROUND_AMOUNT_CHANCE = 0.12
EXTRA_STEPS = (0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 4)
"""Steps that a robot adds to the asking price; most of the time none."""

NEVER: TimeUs = 0


class Seat(Struct, frozen=True):
    """A robot in one round. `valuation` is the most that it pays, in minor units; `seed` is what it adds to a draw."""

    bidder: BidderId
    valuation: Amount
    rank: Rank = 0
    seed: Digest = ""


class Move(Struct, frozen=True):
    """What a robot does now, if anything, and when it looks again; NEVER when the round is over for it."""

    command: BidderCommand | None
    looks_at_us: TimeUs


def seats(template: Template, robots: list[BidderId], chance: Random) -> list[Seat]:
    """Return the robots that come to a round and what the lot is worth to each; empty for a round they leave out.

    Args:
        template: the lot.
        robots: accounts of all robots, in an order that does not change.
        chance: seeded by the round, so that the same round gives the same seats after a restart.
    """
    if chance.random() >= template.appeal:
        return []
    coming = chance.sample(robots, min(template.robots, len(robots)))
    if isinstance(template, EnglishTemplate):
        return [Seat(bidder, _valuation(template, chance)) for bidder in coming]
    ranks = (*template.ranks, *[0] * len(coming))
    worth: dict[Rank, Amount] = {}
    found = []
    for bidder, rank in zip(coming, ranks, strict=False):
        # Priority purchasers of one rank are neighbours who go equally far, so that draws between them are seen.
        value = _valuation(template, chance)
        valuation = worth.setdefault(rank, value) if rank else value
        found.append(Seat(bidder, valuation, rank, f"{chance.getrandbits(256):064x}"))
    return found


def next_move(
    view: LotView, seat: Seat, paddle: Paddle, is_against_person: bool, now_us: TimeUs, chance: Random
) -> Move:
    """Return what a robot does at `now_us`.

    Args:
        view: public state of the lot.
        seat: the robot and its valuation.
        paddle: the robot's own paddle.
        is_against_person: whether somebody who is no robot leads.
        now_us: the moment of deciding.
        chance: the source of everything that the robot leaves to chance.
    """
    if view.state in CLOSED_STATES or view.asking_price > seat.valuation:
        return Move(None, NEVER)
    if view.state is not LotState.OPEN:
        return Move(None, begins_at_us(view, now_us) + thinking_us(THINKING_US_MEAN_MIN, chance))
    looks_at_us = now_us + thinking_us(mean_thinking_us(view, now_us), chance)
    is_urgent = is_against_person or view.warnings > 0
    ceiling = seat.valuation if is_urgent else pacing_ceiling(view, seat.valuation, now_us)
    if view.leader == paddle or view.asking_price > ceiling:
        return Move(None, looks_at_us)
    if view.max_bids_allowed and chance.random() < MAX_BID_CHANCE:
        limit = on_step(view, chance.randint(view.asking_price, ceiling), ceiling)
        return Move(LeaveMaxBid(view.lot, seat.bidder, limit), looks_at_us)
    return Move(PlaceBid(view.lot, seat.bidder, _amount(view, ceiling, chance)), looks_at_us)


def pacing_ceiling(view: LotView, valuation: Amount, now_us: TimeUs) -> Amount:
    """Return how far a robot goes by now against other robots: the price grows with the time of the round."""
    if view.opening_price >= valuation:
        return valuation
    length_us = (view.ends_at_us - view.opens_at_us) or 1
    if not view.ends_at_us:
        length_us = UNTIMED_ROUND_US
    passed = min(max((now_us - view.opens_at_us) / (length_us * PACING_ENDS_AT), 0.0), 1.0)
    share = HEADROOM + (1 - HEADROOM) * passed**PACING_EXPONENT
    return view.opening_price + int((valuation - view.opening_price) * share)


def on_step(view: LotView, wanted: Amount, ceiling: Amount) -> Amount:
    """Return the amount at or below `wanted`, and within what the lot accepts, that lies on a step."""
    asking = view.asking_price
    largest = asking + view.raise_steps_max * view.increment if view.raise_steps_max else ceiling
    steps = (min(wanted, ceiling, largest) - asking) // view.increment
    return asking + max(steps, 0) * view.increment


def _amount(view: LotView, ceiling: Amount, chance: Random) -> Amount:
    if view.bid_rule is BidRule.FREE and chance.random() < ROUND_AMOUNT_CHANCE:
        coarse = view.increment * 5
        rounded = -(-view.asking_price // coarse) * coarse
        if rounded <= ceiling:
            return rounded
    wanted = view.asking_price + chance.choice(EXTRA_STEPS) * view.increment
    return on_step(view, wanted, ceiling)


def _valuation(template: Template, chance: Random) -> Amount:
    return template.reference_value * chance.randint(VALUATION_PERCENT_MIN, VALUATION_PERCENT_MAX) // 100


def begins_at_us(view: LotView, now_us: TimeUs) -> TimeUs:
    """Return when bidding begins, or begins again; a moment that is not known is looked for soon."""
    known_us = view.opens_at_us if view.state is LotState.ANNOUNCED else view.resumes_at_us
    return max(known_us, now_us)


def mean_thinking_us(view: LotView, now_us: TimeUs) -> DurationUs:
    """Return how long a robot thinks in the mean: the shorter, the nearer the end is."""
    if not view.ends_at_us:
        return THINKING_US_MEAN_MIN
    wanted_us = (view.ends_at_us - now_us) // LOOKS_TO_THE_END
    return min(max(wanted_us, THINKING_US_MEAN_MIN), THINKING_US_MEAN_MAX)


def thinking_us(mean_us: DurationUs, chance: Random) -> DurationUs:
    """Return how long a robot thinks this time, in microseconds."""
    spread_us = mean_us - THINKING_US_MIN
    return THINKING_US_MIN + int(chance.expovariate(1) * spread_us)
