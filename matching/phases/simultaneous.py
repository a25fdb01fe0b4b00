"""Simultaneous rounds: every item is open in every round, bids are hidden within the round, and activity keeps rights.

Two ways to the price. In multiple rounds bidders name it: the best new bid on an item leads. In a clock it is called,
and bidders name how many units they want, at which price up to the one that the clock reaches in the round.

A bid binds: within its round it can be raised, never lowered or taken back. In a clock the last word of a round counts.

Belongs here: the course of the rounds. Does not belong here: the activity rule (`matching.activity`), demand in a clock
(`matching.clock_demand`).

Source: see `matching.terms.simultaneous`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Self

from msgspec import Struct, structs

from matching.activity import Rights, rights_after
from matching.clock_demand import Change, ClockItem, ClockRound, Demands
from matching.commands import BidderCommand, BidOnItems, Declare, ItemBid, Word
from matching.details import Act, Items, OwnOffer, PhaseView
from matching.draws import tie_order
from matching.events import (
    Award,
    Declared,
    Event,
    ItemsBid,
    ItemStanding,
    PhaseBegan,
    RoundBegan,
    RoundClosed,
)
from matching.phases.phase import Decided, Phase, going_on
from matching.phases.standing import Closing, Standing
from matching.refusals import Refusal, Refused
from matching.setting import Setting
from matching.terms.phase import PhaseTerms
from matching.terms.simultaneous import RoundItem, SimultaneousTerms
from matching.units import AMOUNT_MAX, NOBODY, Amount, ItemId, LotId, Paddle, Quantity, TimeUs


class RoundBid(Struct, frozen=True, array_like=True):
    """A bid of the round that runs; `turn` counts the submissions of the phase, so that equal ones have an order."""

    amount: Amount
    quantity: Quantity
    turn: int


class RoundResult(Struct, frozen=True):
    """What a round comes to."""

    items: tuple[ItemStanding, ...]
    rights: dict[Paddle, Rights]
    demands: Demands
    is_last: bool


class SimultaneousPhase(Phase, kw_only=True, tag="simultaneous"):
    """State of simultaneous rounds. Times are microseconds, prices minor units."""

    terms: SimultaneousTerms
    lot: LotId
    sign: int
    standings: dict[ItemId, ItemStanding]
    """Where each item stands after the last round that was closed."""
    rights: dict[Paddle, Rights]
    """Who may bid for how much; empty until the first round is closed."""
    pending: dict[Paddle, dict[ItemId, RoundBid]]
    """The bids of the round that runs. Hidden."""
    waived: dict[Paddle, bool]
    """Who has waived in the round that runs."""
    demands: Demands
    """What each bidder holds in a clock."""
    number: int = 0
    is_pause: bool = False
    turns: int = 0

    @classmethod
    def begin(
        cls, terms: PhaseTerms, setting: Setting, index: int, standing: Standing, at_us: TimeUs
    ) -> list[Event]:
        """Return the events that start the phase and its first round."""
        assert isinstance(terms, SimultaneousTerms)
        ends_at_us = at_us + terms.round_us
        return [PhaseBegan(index, ends_at_us), RoundBegan(1, ends_at_us)]

    @classmethod
    def begun(
        cls, terms: PhaseTerms, setting: Setting, event: PhaseBegan, standing: Standing, at_us: TimeUs
    ) -> Self:
        """Return the phase that `event` started."""
        assert isinstance(terms, SimultaneousTerms)
        return cls(
            terms=terms,
            **going_on(event, standing),
            lot=setting.id,
            sign=setting.sign,
            standings={item.item: _at_opening(item) for item in terms.items},
            rights={},
            pending={},
            waived={},
            demands={},
        )

    @classmethod
    def preview(cls, terms: PhaseTerms, setting: Setting) -> PhaseView:
        """Return the items at their opening prices."""
        assert isinstance(terms, SimultaneousTerms)
        return PhaseView(detail=Items(0, tuple(_at_opening(item) for item in terms.items), ()))

    @property
    def is_first_round(self) -> bool:
        """Tell whether the round at the opening prices runs."""
        return self.number == 1

    @property
    def standing(self) -> Standing:
        """Who has which items, and how many units of them."""
        return self._standing_of(self.standings.values(), self.demands)

    def view(self, setting: Setting) -> PhaseView:
        """Return the items after the last round that was closed."""
        items = tuple(self.standings.values())
        if self.is_pause:
            return PhaseView(detail=Items(self.number, items, ()))
        accepts = (Act.BID_ON_ITEMS,) if self.terms.is_clock else (Act.BID_ON_ITEMS, Act.DECLARE)
        return PhaseView(accepts=accepts, detail=Items(self.number, items, tuple(self.standings)))

    def own_of(self, paddle: Paddle) -> OwnOffer:
        """Return a bidder's bids of the round that runs, and what he holds in a clock."""
        bids = self.pending.get(paddle, {})
        held = self.demands.get(paddle, {})
        return OwnOffer(
            item_bids=tuple(ItemBid(item, bid.amount, bid.quantity) for item, bid in bids.items()),
            held=tuple(
                ItemBid(item, self.standings[item].price, units) for item, units in held.items() if units
            ),
        )

    def decide(self, setting: Setting, command: BidderCommand, paddle: Paddle, at_us: TimeUs) -> Decided:
        """Return the event of bids on items, or of a waiver.

        Refuses: NOT_ELIGIBLE, ALREADY_DECLARED, NOT_TAKEN_NOW, AMOUNT_OUT_OF_RANGE, LEADER_MAY_NOT_RAISE,
            BELOW_ASKING_PRICE, ABOVE_ASKING_PRICE, ALREADY_OFFERED, OFFER_BINDS, LINES_INVALID,
            QUANTITY_OUT_OF_RANGE, ITEM_UNKNOWN, NOT_ENOUGH_ELIGIBILITY, NO_WAIVER_LEFT.
        """
        rights = self._rights_of(paddle)
        if rights is None:
            return Refused(Refusal.NOT_ELIGIBLE)
        match command:
            case BidOnItems(bids=bids):
                return self._decide_bids(bids, paddle, rights)
            case Declare(word=word):
                return self._decide_waiver(word, paddle, rights)
        return Refused(Refusal.NOT_TAKEN_NOW)

    def meet_deadline(self, setting: Setting, at_us: TimeUs) -> list[Event] | Closing:
        """Close the round; begin the pause or the next one, unless it was the last."""
        if self.is_pause:
            return [RoundBegan(self.number + 1, at_us + self.terms.round_us)]
        result = self._result((paddle, self._rights_of(paddle)) for paddle in setting.admitted)
        eligibility = tuple((paddle, held.points, held.waivers) for paddle, held in result.rights.items())
        closed = RoundClosed(self.number, result.items, eligibility)
        if result.is_last:
            return Closing([closed], self._standing_of(result.items, result.demands))
        if self.terms.pause_us:
            return [closed, RoundBegan(self.number, at_us + self.terms.pause_us, is_pause=True)]
        return [closed, RoundBegan(self.number + 1, at_us + self.terms.round_us)]

    def apply(self, event: Event, at_us: TimeUs) -> None:
        """Take over one of the phase's events."""
        match event:
            case ItemsBid():
                self._take_bids(event)
            case Declared():
                self.waived[event.paddle] = True
            case RoundClosed():
                self._close_round(event)
            case RoundBegan():
                self.number = event.number
                self.is_pause = event.is_pause
                self.ends_at_us = event.ends_at_us
            case _:
                super().apply(event, at_us)

    def _take_bids(self, event: ItemsBid) -> None:
        self.turns += 1
        fresh = {bid.item: RoundBid(bid.amount, bid.quantity, self.turns) for bid in event.bids}
        before = {} if self.terms.is_clock else self.pending.get(event.paddle, {})
        self.pending[event.paddle] = before | fresh

    def _close_round(self, event: RoundClosed) -> None:
        rights = {paddle: Rights(points, waivers) for paddle, points, waivers in event.eligibility}
        if self.terms.is_clock:
            self.demands = self._clock_round({paddle: self._rights_of(paddle) for paddle in rights}).demands
        self.bids += sum(map(len, self.pending.values()))
        self.standings = {standing.item: standing for standing in event.items}
        self.rights = rights
        self.pending = {}
        self.waived = {}

    def _rights_of(self, paddle: Paddle) -> Rights | None:
        """Return what a bidder may do in the round that runs; None for one who has no part in the phase."""
        if self.rights:
            return self.rights.get(paddle)
        if self.given.eligible is not None and paddle not in self.given.eligible:
            return None
        return Rights(self.terms.points_at_start(paddle), self.terms.waivers)

    def _decide_waiver(self, word: Word, paddle: Paddle, rights: Rights) -> Decided:
        if paddle in self.waived:
            return Refused(Refusal.ALREADY_DECLARED)
        if word is not Word.WAIVE or self.is_pause or self.terms.is_clock:
            return Refused(Refusal.NOT_TAKEN_NOW)
        if paddle in self.pending:
            return Refused(Refusal.ALREADY_OFFERED)
        if not rights.waivers:
            return Refused(Refusal.NO_WAIVER_LEFT)
        return [Declared(paddle, word)]

    def _decide_bids(self, bids: tuple[ItemBid, ...], paddle: Paddle, rights: Rights) -> Decided:
        if paddle in self.waived:
            return Refused(Refusal.ALREADY_DECLARED)
        if self.is_pause:
            return Refused(Refusal.NOT_TAKEN_NOW)
        refusals = list(self._refusals(bids, paddle, rights))
        if refusals:
            return min(refusals, key=lambda refused: refused.code)
        return [ItemsBid(paddle, bids)]

    def _refusals(self, bids: tuple[ItemBid, ...], paddle: Paddle, rights: Rights) -> Iterator[Refused]:
        """Yield what speaks against bids, in no order."""
        items = {item.item: item for item in self.terms.items}
        if len({bid.item for bid in bids}) < len(bids):
            yield Refused(Refusal.LINES_INVALID, detail="an item is named twice")
        for bid in bids:
            item = items.get(bid.item)
            if item is None:
                yield Refused(Refusal.ITEM_UNKNOWN, detail=f"item {bid.item}")
            elif self.terms.is_clock:
                yield from self._clock_refusals(bid, item)
            else:
                yield from self._bid_refusals(bid, paddle)
        known = [bid for bid in bids if bid.item in items]
        missing = self._activity_with(known, paddle) - rights.points
        if missing > 0:
            yield Refused(Refusal.NOT_ENOUGH_ELIGIBILITY, missing=missing)

    def _bid_refusals(self, bid: ItemBid, paddle: Paddle) -> Iterator[Refused]:
        standing = self.standings[bid.item]
        detail = f"item {bid.item}"
        asking_price, increment = self._asking_price(standing)
        if not 0 < bid.amount <= AMOUNT_MAX:
            yield Refused(Refusal.AMOUNT_OUT_OF_RANGE, asking_price, increment, AMOUNT_MAX, detail=detail)
        if paddle == standing.paddle:
            yield Refused(Refusal.LEADER_MAY_NOT_RAISE, detail=detail)
        if self.sign * bid.amount < self.sign * asking_price:
            code = Refusal.BELOW_ASKING_PRICE if self.sign > 0 else Refusal.ABOVE_ASKING_PRICE
            yield Refused(code, asking_price, increment, detail=detail)
        before = self.pending.get(paddle, {}).get(bid.item)
        if before is not None and self.sign * bid.amount < self.sign * before.amount:
            yield Refused(Refusal.OFFER_BINDS, before.amount, detail=detail)
        if bid.quantity != 1:
            yield Refused(Refusal.QUANTITY_OUT_OF_RANGE, largest=1, detail=detail)

    def _clock_refusals(self, bid: ItemBid, item: RoundItem) -> Iterator[Refused]:
        """In the first round there is only the opening price, and whatever is named counts at it."""
        price = self.standings[item.item].price
        clock_price = self.terms.clock_price(price)
        detail = f"item {item.item}"
        is_price_asked = self.number > 1 and bid.amount > 0
        if is_price_asked and bid.amount < price:
            yield Refused(Refusal.BELOW_ASKING_PRICE, price, largest=clock_price, detail=detail)
        if is_price_asked and bid.amount > clock_price:
            yield Refused(Refusal.ABOVE_ASKING_PRICE, clock_price, largest=price, detail=detail)
        if bid.quantity > item.supply:
            yield Refused(Refusal.QUANTITY_OUT_OF_RANGE, largest=item.supply, detail=detail)

    def _asking_price(self, standing: ItemStanding) -> tuple[Amount, Amount]:
        """Return the least good new bid on an item, and the step that leads to it."""
        step = self.terms.step_from(standing.price)
        if standing.paddle == NOBODY:
            return standing.price, step
        return standing.price + self.sign * step, step

    def _activity_with(self, bids: Iterable[ItemBid], paddle: Paddle) -> int:
        """Return how many points a bidder would use with these bids."""
        points = {item.item: item.points for item in self.terms.items}
        if self.terms.is_clock:
            return sum(points[bid.item] * bid.quantity for bid in bids)
        used = {bid.item for bid in bids} | self._items_used(paddle)
        return sum(points[item] for item in used)

    def _items_used(self, paddle: Paddle) -> set[ItemId]:
        """Return on which items a bidder leads or has bid in this round."""
        leads = {standing.item for standing in self.standings.values() if standing.paddle == paddle}
        return leads | set(self.pending.get(paddle, {}))

    def _result(self, held: Iterable[tuple[Paddle, Rights | None]]) -> RoundResult:
        """Work the round out. Changes nothing."""
        rights = {paddle: its for paddle, its in held if its is not None}
        if self.terms.is_clock:
            return self._result_of_clock(rights)
        used = self._activities()
        share = self.terms.activity_basis_points
        after = {
            paddle: rights_after(its, used.get(paddle, 0), share, has_waived=paddle in self.waived)
            for paddle, its in rights.items()
        }
        is_last = not (self.pending or self.waived) or self.number >= self.terms.rounds_max
        items = tuple(self._led_by_best(standing) for standing in self.standings.values())
        return RoundResult(items, after, {}, is_last)

    def _activities(self) -> dict[Paddle, int]:
        """Return the points used by everybody who leads on an item or has bid in this round."""
        leaders = {standing.paddle for standing in self.standings.values()} - {NOBODY}
        return {paddle: self._activity_with((), paddle) for paddle in leaders | set(self.pending)}

    def _led_by_best(self, standing: ItemStanding) -> ItemStanding:
        """Return how an item stands with the bids of the round."""
        bids = {paddle: bids[standing.item] for paddle, bids in self.pending.items() if standing.item in bids}
        if not bids:
            return standing
        best = max(self.sign * bid.amount for bid in bids.values())
        turns = {paddle: bid.turn for paddle, bid in bids.items() if self.sign * bid.amount == best}
        if self.terms.tie_seed is None:
            leader = min(turns, key=lambda paddle: turns[paddle])
        else:
            leader = self._shuffled(turns, self.terms.tie_seed, standing.item)[0]
        return ItemStanding(standing.item, leader, self.sign * best)

    def _shuffled(self, paddles: Iterable[Paddle], seed: str, item: ItemId = 0) -> tuple[Paddle, ...]:
        return tie_order(paddles, seed, self.lot, self.index, self.number, item)

    def _result_of_clock(self, rights: dict[Paddle, Rights]) -> RoundResult:
        clock = self._clock_round(dict(rights))
        share = self.terms.activity_basis_points
        after = {
            paddle: rights_after(its, clock.activity(paddle), share, has_waived=False)
            for paddle, its in rights.items()
        }
        items = tuple(
            ItemStanding(item, NOBODY, self._price_after(clock, item), clock.total(item))
            for item in clock.items
        )
        has_excess = any(clock.total(item.item) > item.supply for item in self.terms.items)
        is_last = not has_excess or self.number >= self.terms.rounds_max
        return RoundResult(items, after, clock.demands, is_last)

    def _price_after(self, clock: ClockRound, item: ItemId) -> Amount:
        """The first round only asks what is wanted at the opening price; the clock starts after it."""
        return clock.price_after(item) if self.number > 1 else self.standings[item].price

    def _clock_round(self, rights: dict[Paddle, Rights | None]) -> ClockRound:
        """Work out the demand of the round."""
        points = {paddle: its.points for paddle, its in rights.items() if its is not None}
        items = [self._clock_item(item) for item in self.terms.items]
        if self.number == 1:
            asked = {
                paddle: {item: bid.quantity for item, bid in sorted(bids.items())}
                for paddle, bids in sorted(self.pending.items())
            }
            return ClockRound(items, asked, points)
        clock = ClockRound(items, self.demands, points)
        clock.run(self._changes())
        return clock

    def _clock_item(self, item: RoundItem) -> ClockItem:
        price = self.standings[item.item].price
        return ClockItem(item.item, item.supply, item.points, price, self.terms.clock_price(price))

    def _changes(self) -> Iterator[Change]:
        """Yield what everybody asks for; who does not name an item wants none of it, from the price it begins with."""
        paddles = sorted(self.demands.keys() | self.pending.keys())
        turns = self._turns(paddles)
        for paddle in paddles:
            bids = self.pending.get(paddle, {})
            held = self.demands.get(paddle, {})
            for item, standing in self.standings.items():
                bid = bids.get(item)
                if bid is None:
                    bid = RoundBid(standing.price, 0, 0)
                if bid.quantity != held.get(item, 0):
                    price = bid.amount or self.terms.clock_price(standing.price)
                    yield Change(paddle, item, bid.quantity, price, turns[paddle])

    def _turns(self, paddles: list[Paddle]) -> dict[Paddle, int]:
        """Return the order among those who ask for a change at the same moment of the clock; the silent come last."""
        if self.terms.tie_seed is not None:
            order = self._shuffled(paddles, self.terms.tie_seed)
            return {paddle: place for place, paddle in enumerate(order)}
        last = self.turns + 1
        said = {paddle: max(bid.turn for bid in bids.values()) for paddle, bids in self.pending.items()}
        return {paddle: said.get(paddle, last) for paddle in paddles}

    def _standing_of(self, items: Iterable[ItemStanding], demands: Demands) -> Standing:
        awards = self._clock_awards(items, demands) if self.terms.is_clock else _awards(items)
        bids = self.bids + sum(map(len, self.pending.values()))
        return structs.replace(self.given, bids=bids, awards=(*self.given.awards, *awards))

    def _clock_awards(self, items: Iterable[ItemStanding], demands: Demands) -> Iterator[Award]:
        """Yield what everybody gets; an item of which more is wanted than there is stays unsold."""
        supplies = {item.item: item.supply for item in self.terms.items}
        for standing in items:
            if standing.demand <= supplies[standing.item]:
                for paddle, wanted in demands.items():
                    units = wanted.get(standing.item, 0)
                    if units:
                        yield Award(paddle, units, units * standing.price, standing.price, standing.item)


def _at_opening(item: RoundItem) -> ItemStanding:
    return ItemStanding(item.item, NOBODY, item.opening_price)


def _awards(items: Iterable[ItemStanding]) -> Iterator[Award]:
    for standing in items:
        if standing.paddle != NOBODY:
            yield Award(standing.paddle, 1, standing.price, item=standing.item)
