"""Rounds at a called price, each ended at once by the first bid, with pauses between them and a hard stop.

Whoever bid last wins. A bid accepts the called price or goes beyond it by whole steps.

Source: land leases held in called rounds.
"""

from __future__ import annotations

from typing import Self

from msgspec import structs

from matching.commands import BidderCommand, PlaceBid
from matching.details import Act, PhaseView, Rounds
from matching.events import BidPlaced, Event, LotResumed, PhaseBegan, Place, RoundBegan
from matching.increments import increment_at
from matching.phases.phase import Decided, Phase, going_on
from matching.phases.standing import Closing, Standing
from matching.refusals import Refusal, Refused
from matching.setting import Setting
from matching.terms.gong import GongTerms
from matching.terms.phase import PhaseTerms
from matching.units import AMOUNT_MAX, NOBODY, Amount, Paddle, TimeUs


class GongPhase(Phase, kw_only=True, tag="gong"):
    """State of called rounds. Prices are minor units, times microseconds."""

    terms: GongTerms
    sign: int
    """+1 where more is better, -1 where less is."""
    hard_end_us: TimeUs
    """When the phase ends whatever runs; 0 for never."""
    called: Amount
    """The price of the round, or of the round that the pause comes before."""
    number: int = 1
    is_pause: bool = True
    best: dict[Paddle, Amount]
    """The last bid of each bidder, in the order in which they were made."""

    @classmethod
    def begin(
        cls, terms: PhaseTerms, setting: Setting, index: int, standing: Standing, at_us: TimeUs
    ) -> list[Event]:
        """Return the events that start the phase; none when no price is left that could be called."""
        assert isinstance(terms, GongTerms)
        called = _first_called(terms, setting, standing)
        if not 0 < called <= AMOUNT_MAX:
            return []
        first = _next(terms, 1, called, _hard_end_us(terms, at_us), at_us)
        return [PhaseBegan(index, first.ends_at_us), first]

    @classmethod
    def begun(
        cls, terms: PhaseTerms, setting: Setting, event: PhaseBegan, standing: Standing, at_us: TimeUs
    ) -> Self:
        """Return the phase that `event`, recorded at `at_us`, started. Leader, price and bids go on."""
        assert isinstance(terms, GongTerms)
        return cls(
            terms=terms,
            **going_on(event, standing),
            sign=setting.sign,
            hard_end_us=_hard_end_us(terms, at_us),
            called=_first_called(terms, setting, standing),
            best=_best_of(standing),
        )

    @classmethod
    def preview(cls, terms: PhaseTerms, setting: Setting) -> PhaseView:
        """Return what can be shown before the opening: the first price and the first step."""
        assert isinstance(terms, GongTerms)
        opening_price = setting.terms.opening_price
        return PhaseView(opening_price, increment_at(terms.increments, opening_price))

    @property
    def standing(self) -> Standing:
        """Whoever bid last leads."""
        return self._standing_with(self.leader, self.price, self.bids, self.best)

    @property
    def increment(self) -> Amount:
        """The step by which a bid may go beyond the called price."""
        return increment_at(self.terms.increments, self.called)

    def view(self, setting: Setting) -> PhaseView:
        """Return the round and its price."""
        detail = Rounds(self.number, 0, self.called, is_pause=self.is_pause)
        return PhaseView(self.called, self.increment, () if self.is_pause else (Act.BID,), detail)

    def decide(self, setting: Setting, command: BidderCommand, paddle: Paddle, at_us: TimeUs) -> Decided:
        """Return the bid that ends the round, and the pause after it, or why it is refused. Changes nothing.

        Refuses: NOT_ELIGIBLE, NOT_TAKEN_NOW, AMOUNT_OUT_OF_RANGE, LEADER_MAY_NOT_RAISE, BELOW_ASKING_PRICE,
            NOT_ON_STEP, ABOVE_ASKING_PRICE.
        """
        if self.given.eligible is not None and paddle not in self.given.eligible:
            return Refused(Refusal.NOT_ELIGIBLE)
        if self.is_pause or not isinstance(command, PlaceBid):
            return Refused(Refusal.NOT_TAKEN_NOW)
        refused = self._refusal_of(command.amount, paddle)
        return self._gong(command.amount, paddle, at_us) if refused is None else refused

    def meet_deadline(self, setting: Setting, at_us: TimeUs) -> list[Event] | Closing:
        """Return the round after a pause; a round without a bid, or the hard stop, ends the phase."""
        is_stopped = self.hard_end_us and at_us >= self.hard_end_us
        if is_stopped or not self.is_pause:
            return Closing([], self.standing)
        return [_round(self.terms, self.number, self.called, self.hard_end_us, at_us)]

    def apply(self, event: Event, at_us: TimeUs) -> None:
        """Take over one of the phase's events."""
        match event:
            case BidPlaced():
                self.leader, self.price = event.paddle, event.amount
                self.bids += 1
                self.best.pop(event.paddle, None)
                self.best[event.paddle] = event.amount
            case RoundBegan():
                self.number, self.called = event.number, event.price
                self.is_pause, self.ends_at_us = event.is_pause, event.ends_at_us
            case LotResumed():
                if self.hard_end_us:
                    self.hard_end_us += event.ends_at_us - self.ends_at_us
                super().apply(event, at_us)
            case _:
                super().apply(event, at_us)

    def _refusal_of(self, amount: Amount, paddle: Paddle) -> Refused | None:
        called, step = self.called, self.increment
        if not 0 < amount <= AMOUNT_MAX:
            return Refused(Refusal.AMOUNT_OUT_OF_RANGE, called, step, AMOUNT_MAX if self.sign > 0 else 1)
        if paddle == self.leader and not self.terms.leader_may_raise:
            return Refused(Refusal.LEADER_MAY_NOT_RAISE)
        if self.sign > 0 and amount < called:
            return Refused(Refusal.BELOW_ASKING_PRICE, called, step)
        if (amount - called) % step:
            return Refused(Refusal.NOT_ON_STEP, called, step)
        if self.sign < 0 and amount > called:
            return Refused(Refusal.ABOVE_ASKING_PRICE, called, step)
        return None

    def _gong(self, amount: Amount, paddle: Paddle, at_us: TimeUs) -> list[Event] | Closing:
        placed = BidPlaced(paddle, amount)
        called = amount + self.sign * increment_at(self.terms.increments, amount)
        if 0 < called <= AMOUNT_MAX:
            return [placed, _next(self.terms, self.number + 1, called, self.hard_end_us, at_us)]
        best = {other: bid for other, bid in self.best.items() if other != paddle} | {paddle: amount}
        return Closing([placed], self._standing_with(paddle, amount, self.bids + 1, best))

    def _standing_with(
        self, leader: Paddle, price: Amount, bids: int, best: dict[Paddle, Amount]
    ) -> Standing:
        places = tuple(Place(paddle, amount) for paddle, amount in reversed(best.items()))
        if bids == self.given.bids:
            return structs.replace(self.given, places=places)
        return structs.replace(
            self.given, leader=leader, price=price, limit=0, bids=bids, places=places, tied=()
        )


def _best_of(standing: Standing) -> dict[Paddle, Amount]:
    """Return the offers that the phase before left, the leader's last, as bids made in this phase are."""
    best = {place.paddle: place.amount for place in reversed(standing.places)}
    if standing.leader:
        best.pop(standing.leader, None)
        best[standing.leader] = standing.price
    return best


def _first_called(terms: GongTerms, setting: Setting, standing: Standing) -> Amount:
    """Return the price of the first round: the opening price, or a step beyond the leading price."""
    if standing.leader == NOBODY:
        return setting.terms.opening_price
    return standing.price + setting.sign * increment_at(terms.increments, standing.price)


def _hard_end_us(terms: GongTerms, begun_at_us: TimeUs) -> TimeUs:
    return 0 if terms.hard_end_after_us is None else begun_at_us + terms.hard_end_after_us


def _next(terms: GongTerms, number: int, called: Amount, hard_end_us: TimeUs, at_us: TimeUs) -> RoundBegan:
    """Return the pause before a round, or the round itself where there are no pauses."""
    if not terms.pause_us:
        return _round(terms, number, called, hard_end_us, at_us)
    return RoundBegan(number, _cut(at_us + terms.pause_us, hard_end_us), called, is_pause=True)


def _round(terms: GongTerms, number: int, called: Amount, hard_end_us: TimeUs, at_us: TimeUs) -> RoundBegan:
    return RoundBegan(number, _cut(at_us + terms.round_us, hard_end_us), called)


def _cut(ends_at_us: TimeUs, hard_end_us: TimeUs) -> TimeUs:
    return min(ends_at_us, hard_end_us) if hard_end_us else ends_at_us
