"""Offers that the exchange keeps hidden until their time is over, and then reveals and ranks together.

An offer is recorded when it is made, in an event that only its bidder sees. Source: see `matching.terms.offers`.
"""

from __future__ import annotations

from msgspec import field

from matching.commands import BidderCommand, SubmitOffer, TakeBackOffer
from matching.details import Act, OwnOffer
from matching.events import Event, OfferSubmitted, OfferTakenBack, Revealed, RoundBegan
from matching.phases.contest import CLOCK, ContestPhase, Stage
from matching.phases.phase import Decided
from matching.phases.standing import Closing
from matching.refusals import Refusal, Refused
from matching.setting import Setting
from matching.terms.offers import OffersTerms
from matching.units import Amount, Line, Paddle, TimeUs


class OffersPhase(ContestPhase, kw_only=True, tag="offers"):
    """State of one phase of hidden offers."""

    terms: OffersTerms
    offers: dict[Paddle, tuple[Line, ...]] = field(default_factory=dict)
    taken: dict[Amount, Paddle] = field(default_factory=dict)
    """Whose each amount is, where no two may be alike."""

    @property
    def acts(self) -> tuple[Act, ...]:
        """What a bidder can do while offers are taken."""
        return (Act.OFFER, Act.TAKE_BACK) if self.terms.may_take_back else (Act.OFFER,)

    @property
    def hidden_offers(self) -> tuple[Revealed, ...]:
        """The offers as they will be revealed, in the order of paddles."""
        return tuple(Revealed(paddle, self.offers[paddle]) for paddle in sorted(self.offers))

    def own_of(self, paddle: Paddle) -> OwnOffer:
        """Return the offer of a bidder."""
        return OwnOffer(lines=self.offers.get(paddle, ()))

    def decide(self, setting: Setting, command: BidderCommand, paddle: Paddle, at_us: TimeUs) -> Decided:
        """Return the event of an offer, or of taking it back, or why that is refused. Changes nothing.

        Refuses: NOT_ELIGIBLE, NOT_TAKEN_NOW, AMOUNT_OUT_OF_RANGE, BELOW_ASKING_PRICE, NOT_ON_STEP,
            ABOVE_ASKING_PRICE, ABOVE_CAP, ALREADY_OFFERED, NO_OFFER, OFFER_BINDS, LINES_INVALID,
            REVISIONS_USED_UP; and, when nothing else stands against the offer, AMOUNT_TAKEN: it must cost an
            offer to learn that somebody has made the same.
        """
        if isinstance(command, TakeBackOffer):
            return self.decide_taking_back(paddle)
        if not isinstance(command, SubmitOffer):
            return Refused(Refusal.NOT_TAKEN_NOW)
        refused = (
            self.submission_refusal(paddle)
            or self.amount_refusal(paddle, command.lines)
            or self.revision_refusal(paddle)
        )
        if refused is not None:
            return refused
        if self.terms.distinct_amounts and command.lines[0].price in self.taken:
            return Refused(Refusal.AMOUNT_TAKEN)
        return [OfferSubmitted(paddle, command.lines)]

    def meet_deadline(self, setting: Setting, at_us: TimeUs) -> list[Event] | Closing:
        """Reveal and rank the offers; where scores that come first are missing, wait for them, offers hidden."""
        if self.stage is Stage.SCORING:
            return self.closing(setting, [], {})
        if self.needs_scores_first and self.offers and self.terms.scoring_us:
            return [RoundBegan(Stage.SCORING, at_us + self.terms.scoring_us)]
        return self.disclosed(setting, self.hidden_offers, CLOCK, at_us)

    def apply(self, event: Event, at_us: TimeUs) -> None:
        """Take over one of the phase's events."""
        super().apply(event, at_us)
        match event:
            case OfferSubmitted(paddle=paddle, lines=lines):
                self.take_in(paddle)
                self.offers[paddle] = lines
                if self.terms.distinct_amounts:
                    self.taken[lines[0].price] = paddle
            case OfferTakenBack(paddle=paddle):
                del self.offers[paddle]
