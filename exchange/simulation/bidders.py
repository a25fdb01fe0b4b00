"""What simulated bidders do: a pure policy over what the public sees of a lot, with chance given.

A bidder has a limit that he never passes, and an appetite for the second dimension and for units. He learns the
bounds of an offer as people do: from the refusal of the one before.

Belongs here: commands of bidders. Does not belong here: time (`play`), staff (`clerk`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from random import Random

from msgspec import Struct, structs

from matching.commands import (
    BidderCommand,
    BidOnItems,
    Declare,
    ItemBid,
    LeaveMaxBid,
    PlaceBid,
    PlaceOrder,
    RoundCommand,
    SealOffer,
    Side,
    SubmitOffer,
    Word,
)
from matching.details import Act, Asked, Dimension, Items, Question, Rounds, Supply
from matching.events import ItemStanding
from matching.increments import increment_at
from matching.lot import Lot
from matching.refusals import Refusal, Refused
from matching.terms.debt import DebtTerms
from matching.terms.english import PriorityRule
from matching.terms.simultaneous import SimultaneousTerms
from matching.units import AMOUNT_MAX, Amount, BidderId, Digest, Line, LotId, Paddle, Quantity
from matching.view import LotView

LIMIT_PERCENT_MIN = 90
LIMIT_PERCENT_MAX = 160
"""What the lot is worth to a bidder, in percent of the opening price where prices rise."""

STEPS_UP = (0, 0, 0, 0, 1, 1, 2, 4, 8)
"""How many steps beyond the asking price a bidder goes; mostly none."""

MAX_BID_PERCENT = 10
BIDS_AT_A_LOOK_PERCENT = 65
YES_PERCENT = 85
STAYS_OUT_PERCENT = 25
"""How often somebody who might make an offer, or place an order, lets it be for now."""

QUANTITY_STEPS_MAX = 24
"""How far a bidder goes in the second dimension, in steps."""


NOWHERE = (-1, -1)

SETTLED = frozenset(
    {
        Refusal.NOT_ELIGIBLE,
        Refusal.ALREADY_DECLARED,
        Refusal.ALREADY_OFFERED,
        Refusal.REVISIONS_USED_UP,
        Refusal.CANNOT_BE_FILLED,
    }
)
"""Refusals after which a person does not try again."""


class Bidder(Struct):
    """Somebody who takes part. Limits are minor units; `sealed` is what only he and, at the opening, staff know."""

    id: BidderId
    paddle: Paddle
    rank: int
    limit: Amount
    quantity_steps: int
    sealed: dict[Digest, Amount] = {}
    seed: Digest = ""
    """His contribution to a draw."""
    rests: tuple[int, int] = NOWHERE
    """The phase, and the round in it, in which he has said what he had to say."""


def bidders(
    lot: LotId, count: int, priority: int, reference: Amount, sign: int, chance: Random
) -> list[Bidder]:
    """Return those who take part; the first `priority` of them are priority purchasers, ranks in turn 1 and 2."""
    return [
        Bidder(
            id=100 + number,
            paddle=number,
            rank=0 if number > priority else 1 + (number - 1) % 2,
            limit=_limit(reference, sign, chance),
            quantity_steps=chance.randint(1, QUANTITY_STEPS_MAX),
            sealed={},
            seed=hashlib.sha256(f"{lot} {number} {chance.getrandbits(64)}".encode()).hexdigest(),
        )
        for number in range(1, count + 1)
    ]


def next_command(lot: Lot, view: LotView, bidder: Bidder, chance: Random) -> BidderCommand | None:
    """Return what a bidder does at a look at the lot; None for nothing."""
    wishes = [(act, wish) for act, wish in WISHES.items() if act in view.accepts]
    if not wishes or bidder.rests == here(view):
        return None
    if len(wishes) > 1 and wishes[0][0] is Act.BID and chance.randrange(100) < MAX_BID_PERCENT:
        wishes = wishes[1:]
    given = wishes[0][1](lot, view, bidder, chance)
    return None if given is None else _meant_for(given, view)


def _meant_for(given: BidderCommand, view: LotView) -> BidderCommand:
    """Return the command for the phase, and where it does not carry its price the round, that the bidder looked at."""
    if isinstance(given, RoundCommand):
        return structs.replace(given, phase=view.phase, ends_at_us=view.ends_at_us)
    return structs.replace(given, phase=view.phase)


def here(view: LotView) -> tuple[int, int]:
    """Return the phase that runs, and the round in it, 0 where it has none."""
    return view.phase, view.detail.number if isinstance(view.detail, Rounds) else 0


def is_all_said(view: LotView, refused: Refused | None) -> bool:
    """Tell whether a bidder who got this answer has nothing to add for now: an answer given, a turn used, no way in."""
    if refused is not None:
        return refused.code in SETTLED
    return isinstance(view.detail, Asked) or (isinstance(view.detail, Rounds) and view.detail.turn != 0)


def second_try(command: BidderCommand, refused: Refused, bidder: Bidder, sign: int) -> BidderCommand | None:
    """Return the offer that a bidder makes once a refusal has told him the bounds; None when they pass his limit."""
    if not isinstance(command, PlaceBid | SubmitOffer | LeaveMaxBid) or not refused.asking_price:
        return None
    amount = refused.asking_price
    if not _affords(bidder, amount, sign):
        return None
    if isinstance(command, SubmitOffer):
        return SubmitOffer(command.lot, bidder.id, (Line(amount, command.lines[0].quantity),))
    if isinstance(command, LeaveMaxBid):
        return LeaveMaxBid(command.lot, bidder.id, amount)
    return PlaceBid(command.lot, bidder.id, amount)


def _limit(reference: Amount, sign: int, chance: Random) -> Amount:
    percent = chance.randint(LIMIT_PERCENT_MIN, LIMIT_PERCENT_MAX)
    return reference * (percent if sign > 0 else 200 - percent) // 100


def _affords(bidder: Bidder, amount: Amount, sign: int) -> bool:
    return sign * amount <= sign * bidder.limit


def _bid(lot: Lot, view: LotView, bidder: Bidder, chance: Random) -> BidderCommand | None:
    turn = view.detail.turn if isinstance(view.detail, Rounds) else 0
    if turn not in (0, bidder.paddle) or (view.leader == bidder.paddle and not turn):
        return None
    if not turn and chance.randrange(100) >= BIDS_AT_A_LOOK_PERCENT:
        return None
    if isinstance(view.detail, Dimension):
        return _bid_of_quantity(lot, view, bidder)
    steps = chance.choice(STEPS_UP)
    wanted = [view.asking_price + lot.sign * steps * view.increment, view.asking_price]
    if _may_match(lot, view, bidder):
        wanted.insert(chance.choice((0, 2)), view.price)
    for amount in wanted:
        if 0 < amount <= AMOUNT_MAX and _affords(bidder, amount, lot.sign):
            return PlaceBid(lot.id, bidder.id, amount)
    return None


def _may_match(lot: Lot, view: LotView, bidder: Bidder) -> bool:
    """Tell whether a priority purchaser may bid the leading price itself."""
    leads = lot.ranks.get(view.leader, 0)
    rule = getattr(lot.phase and lot.phase.terms, "priority", PriorityRule.NONE)
    if not bidder.rank or not view.leader or rule is PriorityRule.NONE:
        return False
    return (
        not leads or leads > bidder.rank or (leads == bidder.rank and rule is PriorityRule.EQUAL_PRICE_DRAW)
    )


def _bid_of_quantity(lot: Lot, view: LotView, bidder: Bidder) -> BidderCommand | None:
    first = getattr(lot.phase and lot.phase.terms, "start", view.asking_price)
    most = first + bidder.quantity_steps * max(view.increment, 1)
    return PlaceBid(lot.id, bidder.id, view.asking_price) if 0 < view.asking_price <= most else None


def _max_bid(lot: Lot, view: LotView, bidder: Bidder, chance: Random) -> BidderCommand | None:
    if view.leader == bidder.paddle or not _affords(bidder, view.asking_price, lot.sign):
        return None
    increment = max(view.increment, 1)
    steps = abs(bidder.limit - view.asking_price) // increment
    return LeaveMaxBid(lot.id, bidder.id, view.asking_price + lot.sign * (steps // 2) * increment)


def _declare(lot: Lot, view: LotView, bidder: Bidder, chance: Random) -> BidderCommand | None:
    detail = view.detail
    price = detail.price if isinstance(detail, Rounds) else (view.price or view.asking_price)
    affords = _affords(bidder, price, lot.sign)
    if isinstance(detail, Asked):
        if detail.paddles and bidder.paddle not in detail.paddles:
            return None
        says_yes = affords and chance.randrange(100) < YES_PERCENT
        if detail.question is Question.STAY and affords:
            return Declare(lot.id, bidder.id, Word.ACCEPT)
        return Declare(lot.id, bidder.id, Word.ACCEPT if says_yes else Word.DECLINE)
    if affords:
        return Declare(lot.id, bidder.id, Word.ACCEPT)
    is_staying = view.format == "japanese"
    return Declare(lot.id, bidder.id, Word.DECLINE) if is_staying else None


def _offer(lot: Lot, view: LotView, bidder: Bidder, chance: Random) -> BidderCommand | None:
    own = lot.phase.own_of(bidder.paddle) if lot.phase is not None else None
    if own is not None and own.lines:
        return None
    if chance.randrange(100) < STAYS_OUT_PERCENT:
        return None
    amount = _offered(lot, view, bidder, chance)
    if not _affords(bidder, amount, lot.sign):
        return None
    if isinstance(view.detail, Supply):
        return SubmitOffer(lot.id, bidder.id, (Line(amount, _wanted_quantity(lot, view.detail, chance)),))
    return SubmitOffer(lot.id, bidder.id, (Line(amount, 1),))


def _seal(lot: Lot, view: LotView, bidder: Bidder, chance: Random) -> BidderCommand | None:
    if bidder.sealed:
        return None
    amount = _offered(lot, view, bidder, chance)
    if not _affords(bidder, amount, lot.sign):
        return None
    handle = hashlib.sha256(f"{lot.id} {bidder.paddle} {amount} {bidder.seed}".encode()).hexdigest()
    bidder.sealed[handle] = amount
    return SealOffer(lot.id, bidder.id, handle)


def _offered(lot: Lot, view: LotView, bidder: Bidder, chance: Random) -> Amount:
    """Return an amount between the least that can be offered and the bidder's limit, on the unit."""
    least = view.asking_price or view.price or lot.terms.opening_price
    unit = max(view.increment, 1)
    room = max(lot.sign * (bidder.limit - least), 0)
    beyond = room * chance.randint(10, 90) // 100
    amount = least + lot.sign * (beyond // unit) * unit
    return max(amount, 1)


def _wanted_quantity(lot: Lot, supply: Supply, chance: Random) -> Quantity:
    terms = lot.phase and lot.phase.terms
    size = max(getattr(terms, "lot_size", 1), 1)
    least = -(-getattr(terms, "line_min", 1) // size) * size
    most = max(min(getattr(terms, "bidder_max", None) or supply.supply, supply.supply * 4 // 10), least)
    return least + (most - least) * chance.randint(5, 100) // 100 // size * size


def _order(lot: Lot, view: LotView, bidder: Bidder, chance: Random) -> BidderCommand | None:
    if chance.randrange(100) < STAYS_OUT_PERCENT:
        return None
    terms = lot.phase and lot.phase.terms
    tick = max(getattr(terms, "tick", 1), 1)
    step = max(getattr(terms, "quantity_step", 1), 1)
    reference = lot.terms.opening_price
    side = Side.BUY if bidder.paddle % 2 else Side.SELL
    drift = chance.randint(-reference * 4 // 100, reference * 4 // 100)
    lean = reference // 100 * (1 if side is Side.BUY else -1)
    price = max((reference + drift + lean) // tick * tick, tick)
    least = max(getattr(terms, "quantity_min", 1), 1)
    most = min(getattr(terms, "quantity_max", 10_000), 2_000)
    quantity = least + chance.randint(0, max(most - least, 0)) // step * step
    return PlaceOrder(lot.id, bidder.id, side, quantity, price)


def _bid_on_items(lot: Lot, view: LotView, bidder: Bidder, chance: Random) -> BidderCommand | None:
    if not isinstance(view.detail, Items):
        return None
    wanted = []
    for item in view.detail.items:
        if item.paddle == bidder.paddle or item.item not in view.detail.open_items:
            continue
        price = _next_price(lot, item)
        if _affords_item(lot, bidder, item.item, price) and chance.randrange(100) < BIDS_AT_A_LOOK_PERCENT:
            wanted.append(ItemBid(item.item, price))
    return BidOnItems(lot.id, bidder.id, tuple(wanted)) if wanted else None


def _next_price(lot: Lot, item: ItemStanding) -> Amount:
    """Return the least that leads on an item."""
    terms = lot.phase and lot.phase.terms
    if not item.paddle:
        return item.price
    if isinstance(terms, SimultaneousTerms):
        return item.price + lot.sign * terms.step_from(item.price)
    assert isinstance(terms, DebtTerms), "these are the ways to sell several items"
    return item.price + lot.sign * increment_at(terms.increments, item.price)


def _affords_item(lot: Lot, bidder: Bidder, item: int, price: Amount) -> bool:
    """Tell whether an item is worth its price to a bidder: each of them prefers other items."""
    opening = next(
        (
            one.opening_price
            for one in getattr(lot.phase and lot.phase.terms, "items", ())
            if one.item == item
        ),
        lot.terms.opening_price,
    )
    taste = 60 + int.from_bytes(hashlib.sha256(f"{bidder.seed} {item}".encode()).digest()[:2]) % 61
    return price * lot.terms.opening_price * 100 <= opening * bidder.limit * taste


Wish = Callable[[Lot, LotView, Bidder, Random], BidderCommand | None]

WISHES: dict[Act, Wish] = {
    Act.BID: _bid,
    Act.MAX_BID: _max_bid,
    Act.DECLARE: _declare,
    Act.OFFER: _offer,
    Act.SEAL: _seal,
    Act.ORDER: _order,
    Act.BID_ON_ITEMS: _bid_on_items,
}
"""What a bidder wants where a phase lets him; the first that it accepts counts."""
