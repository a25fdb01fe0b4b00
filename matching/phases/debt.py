"""Several items sold side by side for one debt, no more of them than the debt takes.

Every item is bid for in the open, in English fashion, and all end together. As soon as the standing prices cover debt
and costs, what is not needed is not sold. Each accepted submission is told as a round of its own: the items that it
changed, with who leads on them now.

Belongs here: which items are needed, and when the sale ends. Does not belong here: a single thing for sale
(`matching.phases.english`).

Source: see `matching.terms.debt`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Self

from msgspec import structs

from matching.commands import BidderCommand, BidOnItems, ItemBid
from matching.details import Act, Items, PhaseView
from matching.events import Award, Event, ItemsBid, ItemStanding, LotExtended, PhaseBegan, RoundClosed
from matching.increments import increment_at
from matching.phases.phase import Decided, Phase, going_on
from matching.phases.standing import Standing
from matching.refusals import Refusal, Refused
from matching.setting import Setting
from matching.terms.debt import DebtTerms, SaleOrder
from matching.terms.english import BidRule
from matching.terms.items import SaleItem
from matching.terms.phase import PhaseTerms
from matching.units import AMOUNT_MAX, NOBODY, Amount, ItemId, Paddle, TimeUs


class DebtPhase(Phase, kw_only=True, tag="debt"):
    """State of a sale for a debt. Times are microseconds, prices minor units."""

    terms: DebtTerms
    standings: dict[ItemId, ItemStanding]
    """Where each item stands, in the order of the list; its opening price before the first bid."""
    rounds: int = 0
    extensions: int = 0

    @classmethod
    def begin(
        cls, terms: PhaseTerms, setting: Setting, index: int, standing: Standing, at_us: TimeUs
    ) -> list[Event]:
        """Return the event that starts the phase."""
        assert isinstance(terms, DebtTerms)
        return [PhaseBegan(index, at_us + terms.duration_us)]

    @classmethod
    def begun(
        cls, terms: PhaseTerms, setting: Setting, event: PhaseBegan, standing: Standing, at_us: TimeUs
    ) -> Self:
        """Return the phase that `event` started."""
        assert isinstance(terms, DebtTerms)
        return cls(
            terms=terms,
            **going_on(event, standing),
            standings={item.item: _at_opening(item) for item in terms.items},
        )

    @classmethod
    def preview(cls, terms: PhaseTerms, setting: Setting) -> PhaseView:
        """Return the items at their opening prices."""
        assert isinstance(terms, DebtTerms)
        return PhaseView(detail=Items(0, tuple(_at_opening(item) for item in terms.items), ()))

    @property
    def has_called_ends(self) -> bool:
        """Bids carry their prices, and each may put the end off."""
        return False

    @property
    def standing(self) -> Standing:
        """Who has which of the items that are needed."""
        sold = (self.standings[item] for item in self._items_needed())
        awards = [Award(one.paddle, 1, one.price, item=one.item) for one in sold]
        return structs.replace(self.given, bids=self.bids, awards=(*self.given.awards, *awards))

    @property
    def is_covered(self) -> bool:
        """Tell whether the standing prices cover debt and costs, and so nothing more need be sold."""
        return not self.terms.sells_all and self._proceeds() >= self.terms.target

    def view(self, setting: Setting) -> PhaseView:
        """Return where the items stand, and which can still be bid for."""
        items = tuple(self.standings.values())
        return PhaseView(accepts=(Act.BID_ON_ITEMS,), detail=Items(self.rounds, items, self._open_items()))

    def decide(self, setting: Setting, command: BidderCommand, paddle: Paddle, at_us: TimeUs) -> Decided:
        """Return the events of bids on items, all of them or none.

        Refuses: NOT_ELIGIBLE, NOT_TAKEN_NOW, AMOUNT_OUT_OF_RANGE, LEADER_MAY_NOT_RAISE, BELOW_ASKING_PRICE,
            NOT_ON_STEP, LINES_INVALID, QUANTITY_OUT_OF_RANGE, ITEM_UNKNOWN.
        """
        if self.given.eligible is not None and paddle not in self.given.eligible:
            return Refused(Refusal.NOT_ELIGIBLE)
        if not isinstance(command, BidOnItems):
            return Refused(Refusal.NOT_TAKEN_NOW)
        refusals = list(self._refusals(command.bids, paddle))
        if refusals:
            return min(refusals, key=lambda refused: refused.code)
        changed = tuple(ItemStanding(bid.item, paddle, bid.amount) for bid in command.bids)
        events: list[Event] = [ItemsBid(paddle, command.bids), RoundClosed(self.rounds + 1, changed, ())]
        ends_at_us = self._end_after(changed, at_us)
        if ends_at_us != self.ends_at_us:
            events.append(LotExtended(ends_at_us, self.extensions + 1))
        return events

    def apply(self, event: Event, at_us: TimeUs) -> None:
        """Take over one of the phase's events."""
        match event:
            case RoundClosed():
                self.rounds = event.number
                self.bids += len(event.items)
                self.standings |= {standing.item: standing for standing in event.items}
            case LotExtended():
                self.ends_at_us = event.ends_at_us
                self.extensions = event.extension
            case _:
                super().apply(event, at_us)

    def _refusals(self, bids: tuple[ItemBid, ...], paddle: Paddle) -> Iterator[Refused]:
        """Yield what speaks against bids, in no order."""
        if len({bid.item for bid in bids}) < len(bids):
            yield Refused(Refusal.LINES_INVALID, detail="an item is named twice")
        open_items = set(self._open_items())
        for bid in bids:
            detail = f"item {bid.item}"
            if bid.item not in open_items:
                yield Refused(Refusal.ITEM_UNKNOWN, detail=detail)
                continue
            if bid.quantity != 1:
                yield Refused(Refusal.QUANTITY_OUT_OF_RANGE, largest=1, detail=detail)
            yield from self._amount_refusals(bid, self.standings[bid.item], paddle)

    def _amount_refusals(self, bid: ItemBid, standing: ItemStanding, paddle: Paddle) -> Iterator[Refused]:
        detail = f"item {bid.item}"
        step = increment_at(self.terms.increments, standing.price)
        asking_price = standing.price if standing.paddle == NOBODY else standing.price + step
        if not 0 < bid.amount <= AMOUNT_MAX:
            yield Refused(Refusal.AMOUNT_OUT_OF_RANGE, asking_price, step, AMOUNT_MAX, detail=detail)
        if paddle == standing.paddle:
            yield Refused(Refusal.LEADER_MAY_NOT_RAISE, detail=detail)
        if bid.amount < asking_price:
            yield Refused(Refusal.BELOW_ASKING_PRICE, asking_price, step, detail=detail)
        if self.terms.bid_rule is BidRule.STEP_MULTIPLE and (bid.amount - asking_price) % step:
            yield Refused(Refusal.NOT_ON_STEP, asking_price, step, detail=detail)

    def _proceeds(self, changed: Iterable[ItemStanding] = ()) -> Amount:
        """Return what all items with a bid would bring, with these changes."""
        standings = self.standings | {standing.item: standing for standing in changed}
        return sum(standing.price for standing in standings.values() if standing.paddle != NOBODY)

    def _items_needed(self) -> list[ItemId]:
        """Return what is sold if nothing more is bid: items in the order of sale until the target is reached."""
        with_bids = [standing for standing in self.standings.values() if standing.paddle != NOBODY]
        if self.terms.sells_all:
            return [standing.item for standing in with_bids]
        if self.terms.order is SaleOrder.DEAREST:
            with_bids.sort(key=lambda standing: -standing.price)
        needed = []
        missing = self.terms.target
        for standing in with_bids:
            if missing <= 0:
                break
            needed.append(standing.item)
            missing -= standing.price
        return needed

    def _open_items(self) -> tuple[ItemId, ...]:
        """Return what can be bid for: in the order of the list nothing behind the item that covers the debt."""
        items = tuple(self.standings)
        if self.terms.order is SaleOrder.DEAREST or not self.is_covered:
            return items
        return items[: items.index(self._items_needed()[-1]) + 1]

    def _end_after(self, changed: tuple[ItemStanding, ...], at_us: TimeUs) -> TimeUs:
        """Return the end after a submission that changes items."""
        terms = self.terms
        countdown_us = terms.covered_countdown_us
        is_covered = not terms.sells_all and self._proceeds(changed) >= terms.target
        if is_covered and countdown_us is not None:
            return at_us + countdown_us
        if self.ends_at_us - at_us > terms.soft_close_window_us:
            return self.ends_at_us
        return max(self.ends_at_us, at_us + terms.extension_us)


def _at_opening(item: SaleItem) -> ItemStanding:
    return ItemStanding(item.item, NOBODY, item.opening_price)
