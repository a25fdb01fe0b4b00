"""The window of a judicial sell-off (网络司法变卖): it waits for one bid, and that bid starts the auction.

Belongs here: the window. Does not belong here: the auction, which is the phase that follows.

Source: see `matching.terms.sell_off`.
"""

from __future__ import annotations

from msgspec import structs

from matching.commands import BidderCommand, LeaveMaxBid, PlaceBid
from matching.details import Act, PhaseView
from matching.events import BidPlaced, Event, MaxBidLeft, PassReason, PhaseBegan, Place
from matching.phases.phase import Decided, Phase
from matching.phases.standing import Closing, Standing
from matching.refusals import Refusal, Refused
from matching.setting import Setting
from matching.terms.phase import Direction, PhaseTerms
from matching.terms.sell_off import SellOffTerms
from matching.units import AMOUNT_MAX, NOBODY, Amount, Paddle, TimeUs

_TOO_LITTLE = {
    Direction.RISING: Refusal.BELOW_ASKING_PRICE,
    Direction.FALLING: Refusal.ABOVE_ASKING_PRICE,
}


class SellOffPhase(Phase, kw_only=True, tag="sell_off"):
    """State of a window: empty until it is over. Prices are minor units, times microseconds."""

    terms: SellOffTerms
    limit: Amount = 0
    """How far the first bidder lets the exchange bid for him."""

    @classmethod
    def begin(
        cls, terms: PhaseTerms, setting: Setting, index: int, standing: Standing, at_us: TimeUs
    ) -> list[Event]:
        """Return the event that opens the window; none where somebody leads already."""
        assert isinstance(terms, SellOffTerms)
        return [] if standing.leader else [PhaseBegan(index, at_us + terms.duration_us)]

    @property
    def standing(self) -> Standing:
        """The first bid, or that nobody wanted the lot."""
        if self.leader == NOBODY:
            return structs.replace(self.given, pass_reason=PassReason.NO_BIDS)
        return structs.replace(
            self.given,
            leader=self.leader,
            price=self.price,
            limit=self.limit if self.limit != self.price else 0,
            bids=self.bids,
            places=(Place(self.leader, self.price),),
            pass_reason=None,
        )

    @property
    def unfinished(self) -> Standing:
        """What was given: a window that is sent back has not found out yet that nobody wants the lot."""
        return self.given

    def view(self, setting: Setting) -> PhaseView:
        """Return the price at which the lot is to be had."""
        accepts = (Act.BID, Act.MAX_BID) if self.terms.max_bids_allowed else (Act.BID,)
        return PhaseView(setting.terms.opening_price, accepts=accepts)

    def decide(self, setting: Setting, command: BidderCommand, paddle: Paddle, at_us: TimeUs) -> Decided:
        """Return the first bid and with it the end of the window, or why it is refused.

        Refuses: NOT_ELIGIBLE, NOT_TAKEN_NOW, AMOUNT_OUT_OF_RANGE, MAX_BIDS_NOT_ALLOWED, BELOW_ASKING_PRICE,
            ABOVE_ASKING_PRICE where prices fall.
        """
        if self.given.eligible is not None and paddle not in self.given.eligible:
            return Refused(Refusal.NOT_ELIGIBLE)
        match command:
            case PlaceBid(amount=amount):
                refused = self._amount_refusal(setting, amount)
                return refused or self._ended([BidPlaced(paddle, amount)], at_us)
            case LeaveMaxBid(limit=limit):
                refused = self._limit_refusal(setting, limit)
                return refused or self._ended(_led_at_least(setting, paddle, limit), at_us)
        return Refused(Refusal.NOT_TAKEN_NOW)

    def apply(self, event: Event, at_us: TimeUs) -> None:
        """Take over one of the phase's events."""
        match event:
            case MaxBidLeft(limit=limit):
                self.limit = limit
            case BidPlaced(paddle=paddle, amount=amount):
                self.leader = paddle
                self.price = amount
                self.bids += 1
            case _:
                super().apply(event, at_us)

    def _amount_refusal(self, setting: Setting, amount: Amount) -> Refused | None:
        opening = setting.terms.opening_price
        if not 0 < amount <= AMOUNT_MAX:
            return Refused(
                Refusal.AMOUNT_OUT_OF_RANGE, opening, largest=AMOUNT_MAX if setting.sign > 0 else 1
            )
        if setting.sign * amount < setting.sign * opening:
            return Refused(_TOO_LITTLE[setting.terms.direction], opening)
        return None

    def _limit_refusal(self, setting: Setting, limit: Amount) -> Refused | None:
        refused = self._amount_refusal(setting, limit)
        if self.terms.max_bids_allowed or (refused and refused.code is Refusal.AMOUNT_OUT_OF_RANGE):
            return refused
        return Refused(Refusal.MAX_BIDS_NOT_ALLOWED)

    def _ended(self, events: list[Event], at_us: TimeUs) -> Closing:
        later = structs.replace(self)
        for event in events:
            later.apply(event, at_us)
        return Closing(events, later.standing)


def _led_at_least(setting: Setting, paddle: Paddle, limit: Amount) -> list[Event]:
    """A max bid leads at the opening price, or at the reserve if it reaches that."""
    least, reserve = setting.terms.opening_price, setting.reserve_price
    if reserve and setting.sign * limit >= setting.sign * reserve:
        least = reserve
    return [MaxBidLeft(paddle, limit), BidPlaced(paddle, least, is_proxy=True)]
