"""A Japanese clock: the price ticks on, bidders leave it for good, and the last one has won.

Whoever enters has accepted the first price, and whoever has not left when a tick ends has accepted the next. All who
leave during one tick leave at once, when it ends, at its price; which of them spoke first does not count. So the last
one pays the price of the tick at which his last rival left, and where all who are left leave with the same tick, they
are tied at a price that each of them has accepted.

Source: the form as auction theory knows it (the "button" auction).
"""

from __future__ import annotations

from typing import Self

from msgspec import structs

from matching.commands import BidderCommand, Declare, Word
from matching.details import Act, PhaseView, Rounds
from matching.events import BidPlaced, Declared, Event, OffersRanked, PhaseBegan, Place, RoundBegan
from matching.increments import increment_at
from matching.phases.phase import Decided, Phase, going_on
from matching.phases.standing import Closing, Standing
from matching.refusals import Refusal, Refused
from matching.setting import Setting
from matching.terms.awarding import TieRule
from matching.terms.japanese import JapaneseTerms
from matching.terms.phase import PhaseTerms
from matching.units import AMOUNT_MAX, NOBODY, Amount, Paddle, TimeUs

LAST_RANK = 100
"""Where an ordinary bidder stands behind every priority purchaser."""


class JapanesePhase(Phase, kw_only=True, tag="japanese"):
    """State of a Japanese clock. Prices are minor units, times microseconds."""

    terms: JapaneseTerms
    sign: int
    """+1 where the price climbs, -1 where it falls."""
    called: Amount
    """The price of the tick; while bidders enter, the first one."""
    number: int = 0
    """The tick that runs; 0 while bidders enter."""
    left_at: dict[Paddle, Amount]
    """At which price each bidder has left, 0 while he has not; in the order of entering."""
    declared: dict[Paddle, bool]
    """Who has spoken in this tick, and whether he goes on."""
    ranking: tuple[Place, ...] = ()
    """Everybody who entered, best first, once the clock has stopped."""

    @classmethod
    def begin(
        cls, terms: PhaseTerms, setting: Setting, index: int, standing: Standing, at_us: TimeUs
    ) -> list[Event]:
        """Return the event that lets bidders enter; none when there is no price to begin with."""
        assert isinstance(terms, JapaneseTerms)
        is_possible = 0 < _first_called(terms, setting, standing) <= AMOUNT_MAX
        return [PhaseBegan(index, at_us + terms.entry_us)] if is_possible else []

    @classmethod
    def begun(
        cls, terms: PhaseTerms, setting: Setting, event: PhaseBegan, standing: Standing, at_us: TimeUs
    ) -> Self:
        """Return the phase that `event` started: nobody has entered yet."""
        assert isinstance(terms, JapaneseTerms)
        return cls(
            terms=terms,
            **going_on(event, standing),
            sign=setting.sign,
            called=_first_called(terms, setting, standing),
            left_at={},
            declared={},
        )

    @classmethod
    def preview(cls, terms: PhaseTerms, setting: Setting) -> PhaseView:
        """Return what can be shown before the opening: the first price and the first step."""
        assert isinstance(terms, JapaneseTerms)
        opening_price = setting.terms.opening_price
        return PhaseView(opening_price, increment_at(terms.increments, opening_price))

    @property
    def is_first_round(self) -> bool:
        """Tell whether bidders enter: the first tick already asks for the second price."""
        return self.number == 0

    @property
    def standing(self) -> Standing:
        """The last one leads, and everybody who entered has a place; before the end, what was given."""
        return self._standing_with(self.ranking) if self.ranking else self.given

    @property
    def increment(self) -> Amount:
        """How far the next tick moves the price."""
        return increment_at(self.terms.increments, self.called)

    def view(self, setting: Setting) -> PhaseView:
        """Return the tick and its price; the pause is the time for entering."""
        is_entry = self.number == 0
        detail = Rounds(self.number, self.terms.ticks_max, self.called, is_pause=is_entry, words=self._words)
        return PhaseView(self.called, self.increment, (Act.DECLARE,), detail)

    def decide(self, setting: Setting, command: BidderCommand, paddle: Paddle, at_us: TimeUs) -> Decided:
        """Take down that a bidder enters, goes on or leaves. Changes nothing.

        Refuses: NOT_ELIGIBLE, ALREADY_DECLARED, NOT_TAKEN_NOW.
        """
        if not self._may_declare(paddle):
            return Refused(Refusal.NOT_ELIGIBLE)
        if not isinstance(command, Declare):
            return Refused(Refusal.NOT_TAKEN_NOW)
        if paddle in self.declared:
            return Refused(Refusal.ALREADY_DECLARED)
        is_word = command.word in self._words
        return [Declared(paddle, command.word)] if is_word else Refused(Refusal.NOT_TAKEN_NOW)

    def meet_deadline(self, setting: Setting, at_us: TimeUs) -> list[Event] | Closing:
        """Return the next tick, or the end when one is left, nobody, or no price is left that could be called."""
        staying, following = self.staying, self._following
        if len(staying) > 1 and following:
            return [RoundBegan(self.number + 1, at_us + self.terms.tick_us, following)]
        if not staying and not self.number:
            return Closing([], self.given)
        ranking = self._ranking(setting)
        return Closing(
            [OffersRanked(ranking), BidPlaced(ranking[0].paddle, self.called)], self._standing_with(ranking)
        )

    def apply(self, event: Event, at_us: TimeUs) -> None:
        """Take over one of the phase's events."""
        match event:
            case Declared():
                self.declared[event.paddle] = event.word is Word.ACCEPT
            case RoundBegan():
                self._begin_tick(event)
            case OffersRanked():
                self.ranking = event.places
            case BidPlaced():
                self.leader, self.price = event.paddle, event.amount
                self.bids += 1
            case _:
                super().apply(event, at_us)

    @property
    def inside(self) -> tuple[Paddle, ...]:
        """Who has entered and not left before this tick, in the order of entering."""
        return tuple(paddle for paddle, amount in self.left_at.items() if not amount)

    @property
    def staying(self) -> tuple[Paddle, ...]:
        """Who will be in the clock when this tick is over, as far as they have spoken, in the order of entering."""
        if not self.number:
            return tuple(paddle for paddle, enters in self.declared.items() if enters)
        goes_on_unasked = not self.terms.must_confirm
        return tuple(paddle for paddle in self.inside if self.declared.get(paddle, goes_on_unasked))

    @property
    def _following(self) -> Amount:
        """The price of the next tick; 0 when there is none."""
        if not self.number:
            return self.called
        amount = self.called + self.sign * self.increment
        is_last = self.number >= self.terms.ticks_max or not 0 < amount <= AMOUNT_MAX
        return 0 if is_last else amount

    @property
    def _last_ones(self) -> tuple[Paddle, ...]:
        """Who would share the first place if the clock stopped with this tick: one who stays, or all at once."""
        return self.staying or self.inside

    def _begin_tick(self, event: RoundBegan) -> None:
        staying = self.staying
        if self.number:
            self.left_at.update((paddle, self.called) for paddle in self.inside if paddle not in staying)
        else:
            self.left_at = dict.fromkeys(staying, 0)
        self.declared = {}
        self.number, self.called, self.ends_at_us = event.number, event.price, event.ends_at_us

    def _may_declare(self, paddle: Paddle) -> bool:
        if self.number:
            return self.left_at.get(paddle) == 0
        return self.given.eligible is None or paddle in self.given.eligible

    @property
    def _words(self) -> tuple[Word, ...]:
        """What a bidder can say now."""
        if not self.number:
            return (Word.ACCEPT,)
        return (Word.ACCEPT, Word.DECLINE) if self.terms.must_confirm else (Word.DECLINE,)

    def _ranking(self, setting: Setting) -> tuple[Place, ...]:
        """Put the last ones first, then the others as far as they went; equal ones by the tie rule."""
        entered = self.left_at or dict.fromkeys(self.staying, 0)
        first = set(self._last_ones)
        places = [Place(paddle, amount or self.called) for paddle, amount in entered.items()]
        if self.terms.ties is TieRule.RANK:
            places.sort(key=lambda place: setting.ranks.get(place.paddle, 0) or LAST_RANK)
        places.sort(key=lambda place: (place.paddle not in first, -self.sign * place.amount))
        return tuple(places)

    def _standing_with(self, ranking: tuple[Place, ...]) -> Standing:
        last_ones = self._last_ones
        is_tied = self.terms.ties is TieRule.DRAW and len(last_ones) > 1
        return structs.replace(
            self.given,
            leader=ranking[0].paddle,
            price=ranking[0].amount,
            limit=0,
            bids=self.given.bids + 1,
            places=ranking,
            tied=last_ones if is_tied else (),
        )


def _first_called(terms: JapaneseTerms, setting: Setting, standing: Standing) -> Amount:
    """Return the first price: the opening price, or a step beyond the leading price."""
    if standing.leader == NOBODY:
        return setting.terms.opening_price
    return standing.price + setting.sign * increment_at(terms.increments, standing.price)
