"""Rounds in which bidders move one after another, from the worst offer to the best, so that the best moves last.

What a bidder offers in his turn stays hidden, and can be replaced or taken back, until the turn ends. The phase ranks
by amount alone; of equal amounts the one offered earlier is better, so that its bidder moves later.

Source: three-round turn auctions of public purchases, and their rising form for leases.
"""

from __future__ import annotations

from typing import Self

from msgspec import structs

from matching.commands import BidderCommand, PlaceBid, TakeBackOffer
from matching.details import NOTHING_OF_HIS_OWN, Act, OwnOffer, PhaseView, Rounds
from matching.events import (
    BidPlaced,
    Event,
    OfferSubmitted,
    OfferTakenBack,
    PhaseBegan,
    Place,
    RoundBegan,
)
from matching.phases.contest import places_in
from matching.phases.phase import Decided, Phase
from matching.phases.standing import Closing, Standing
from matching.refusals import Refusal, Refused
from matching.setting import Setting
from matching.terms.phase import PhaseTerms
from matching.terms.turns import TurnsTerms
from matching.units import AMOUNT_MAX, NOBODY, Amount, Line, Paddle, TimeUs


class TurnsPhase(Phase, kw_only=True, tag="turns"):
    """State of rounds with turns. Prices are minor units, times microseconds."""

    terms: TurnsTerms
    sign: int
    """+1 where more is better, -1 where less is."""
    ranking: tuple[Place, ...]
    """The public offers, best first; of equal ones the earlier first."""
    number: int = 1
    """The round that runs, or that the pause comes before."""
    turn: Paddle = NOBODY
    """Who may offer now; nobody in a pause."""
    to_come: tuple[Paddle, ...] = ()
    """Who has his turn in this round after him, in that order."""
    offered: Amount = 0
    """What the bidder in turn has offered, hidden until his turn ends; 0 for nothing."""

    @classmethod
    def begin(
        cls, terms: PhaseTerms, setting: Setting, index: int, standing: Standing, at_us: TimeUs
    ) -> list[Event]:
        """Return the events that start the phase with its first pause; none when nobody has made an offer."""
        assert isinstance(terms, TurnsTerms)
        ranking = _ranked_in(standing, setting.sign)
        if not ranking:
            return []
        first = _round_start(terms, 1, terms.first_pause_us, ranking, at_us)
        return [PhaseBegan(index, first.ends_at_us), first]

    @classmethod
    def begun(
        cls, terms: PhaseTerms, setting: Setting, event: PhaseBegan, standing: Standing, at_us: TimeUs
    ) -> Self:
        """Return the phase that `event`, recorded at `at_us`, started; the best offer leads."""
        assert isinstance(terms, TurnsTerms)
        ranking = _ranked_in(standing, setting.sign)
        return cls(
            terms=terms,
            index=event.index,
            ends_at_us=event.ends_at_us,
            given=standing,
            sign=setting.sign,
            ranking=ranking,
            leader=ranking[0].paddle,
            price=ranking[0].amount,
            bids=standing.bids,
        )

    @property
    def is_first_round(self) -> bool:
        """Tell whether the first turns are taken."""
        return self.number == 1

    @property
    def standing(self) -> Standing:
        """The best offer leads; all of them are places."""
        return self._standing_with(self.ranking, self.bids)

    @property
    def own_amount(self) -> Amount:
        """The public offer of the bidder in turn; 0 in a pause."""
        return _amount_of(self.ranking, self.turn) if self.turn else 0

    @property
    def asking_price(self) -> Amount:
        """The least betterment that the bidder in turn can offer; 0 when there is none."""
        return max(self.own_amount + self.sign * self.terms.step, 0) if self.turn else 0

    def own_of(self, paddle: Paddle) -> OwnOffer:
        """Return what the bidder in turn has offered so far."""
        if not self.offered or paddle != self.turn:
            return NOTHING_OF_HIS_OWN
        return OwnOffer(lines=(Line(self.offered),))

    def view(self, setting: Setting) -> PhaseView:
        """Return the round, whose turn it is, and from which amount he starts."""
        is_pause = self.turn == NOBODY
        detail = Rounds(self.number, self.terms.rounds, self.own_amount, self.turn, is_pause)
        accepts = () if is_pause else (Act.BID, Act.TAKE_BACK)
        return PhaseView(self.asking_price, self.terms.step, accepts, detail)

    def decide(self, setting: Setting, command: BidderCommand, paddle: Paddle, at_us: TimeUs) -> Decided:
        """Return the hidden offer of the bidder in turn, or its removal, or why there is none. Changes nothing.

        Refuses: NOT_ELIGIBLE, NOT_YOUR_TURN, NOT_TAKEN_NOW, AMOUNT_OUT_OF_RANGE, BELOW_ASKING_PRICE,
            ABOVE_ASKING_PRICE, NO_OFFER.
        """
        if all(place.paddle != paddle for place in self.ranking):
            return Refused(Refusal.NOT_ELIGIBLE)
        if self.turn not in (NOBODY, paddle):
            return Refused(Refusal.NOT_YOUR_TURN)
        if self.turn == NOBODY:
            return Refused(Refusal.NOT_TAKEN_NOW)
        if isinstance(command, PlaceBid):
            return self._decide_offer(command.amount, paddle)
        if isinstance(command, TakeBackOffer):
            return [OfferTakenBack(paddle)] if self.offered else Refused(Refusal.NO_OFFER)
        return Refused(Refusal.NOT_TAKEN_NOW)

    def meet_deadline(self, setting: Setting, at_us: TimeUs) -> list[Event] | Closing:
        """Return what follows a pause or a turn: the offer made in it becomes public, and the next one begins."""
        events: list[Event] = []
        ranking = self.ranking
        if self.offered:
            events.append(BidPlaced(self.turn, self.offered))
            ranking = _bettered(ranking, self.turn, self.offered, self.sign)
        if self.to_come:
            return [*events, _turn(self.terms, self.number, self.to_come[0], ranking, at_us)]
        if self.turn == NOBODY:
            return [_turn(self.terms, self.number, ranking[-1].paddle, ranking, at_us)]
        if self.number < self.terms.rounds:
            return [*events, _round_start(self.terms, self.number + 1, self.terms.pause_us, ranking, at_us)]
        return Closing(events, self._standing_with(ranking, self.bids + len(events)))

    def apply(self, event: Event, at_us: TimeUs) -> None:
        """Take over one of the phase's events."""
        match event:
            case OfferSubmitted():
                self.offered = event.lines[0].price
            case OfferTakenBack():
                self.offered = 0
            case BidPlaced():
                self.ranking = _bettered(self.ranking, event.paddle, event.amount, self.sign)
                self.leader, self.price = self.ranking[0].paddle, self.ranking[0].amount
                self.bids += 1
                self.offered = 0
            case RoundBegan():
                self._begin_round(event)
            case _:
                super().apply(event, at_us)

    def _begin_round(self, event: RoundBegan) -> None:
        """Let a pause or a turn begin; with the first turn of a round its order is fixed, the worst offer first."""
        if event.is_pause:
            self.to_come = ()
        elif self.to_come:
            self.to_come = self.to_come[1:]
        else:
            self.to_come = tuple(place.paddle for place in reversed(self.ranking[:-1]))
        self.number, self.turn, self.ends_at_us = event.number, event.paddle, event.ends_at_us
        self.offered = 0

    def _decide_offer(self, amount: Amount, paddle: Paddle) -> Decided:
        asking_price, step = self.asking_price, self.terms.step
        if not 0 < amount <= AMOUNT_MAX:
            return Refused(
                Refusal.AMOUNT_OUT_OF_RANGE, asking_price, step, AMOUNT_MAX if self.sign > 0 else 1
            )
        if self.sign > 0 and amount < asking_price:
            return Refused(Refusal.BELOW_ASKING_PRICE, asking_price, step)
        if self.sign < 0 and amount > asking_price:
            return Refused(Refusal.ABOVE_ASKING_PRICE, asking_price, step)
        return [OfferSubmitted(paddle, (Line(amount),))]

    def _standing_with(self, ranking: tuple[Place, ...], bids: int) -> Standing:
        best = ranking[0]
        return structs.replace(
            self.given, leader=best.paddle, price=best.amount, limit=0, bids=bids, places=ranking, tied=()
        )


def _ranked_in(standing: Standing, sign: int) -> tuple[Place, ...]:
    """Return the offers that the phase before left, of those who may take part from here on."""
    places = places_in(standing)
    if standing.eligible is not None:
        eligible = set(standing.eligible)
        places = tuple(place for place in places if place.paddle in eligible)
    return _ranked(places, sign)


def _ranked(places: tuple[Place, ...], sign: int) -> tuple[Place, ...]:
    """Order offers by amount, best first; equal ones stay in the order in which they came."""
    return tuple(sorted(places, key=lambda place: -sign * place.amount))


def _bettered(ranking: tuple[Place, ...], paddle: Paddle, amount: Amount, sign: int) -> tuple[Place, ...]:
    """Return the ranking once `paddle` offers `amount`: behind every other offer that is as good."""
    (own,) = (place for place in ranking if place.paddle == paddle)
    others = (place for place in ranking if place.paddle != paddle)
    return _ranked((*others, structs.replace(own, amount=amount)), sign)


def _amount_of(ranking: tuple[Place, ...], paddle: Paddle) -> Amount:
    return next(place.amount for place in ranking if place.paddle == paddle)


def _round_start(
    terms: TurnsTerms, number: int, pause_us: TimeUs, ranking: tuple[Place, ...], at_us: TimeUs
) -> RoundBegan:
    """Return the pause before a round, or without one the turn of the worst offer."""
    if pause_us:
        return RoundBegan(number, at_us + pause_us, is_pause=True)
    return _turn(terms, number, ranking[-1].paddle, ranking, at_us)


def _turn(
    terms: TurnsTerms, number: int, paddle: Paddle, ranking: tuple[Place, ...], at_us: TimeUs
) -> RoundBegan:
    """Return the beginning of a turn, called at the amount that its bidder has to better."""
    return RoundBegan(number, at_us + terms.turn_us, _amount_of(ranking, paddle), paddle)
