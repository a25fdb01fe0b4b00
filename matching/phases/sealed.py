"""Sealed offers: until they are opened, all that is known of an offer is the digest of its ciphertext.

    submission --deadline--> opening --OpenOffers, or its deadline--> (scoring -->) ranked

Whoever opens gives what was inside each of the sealed offers, of all of them at once. Source: see
`matching.terms.sealed`.
"""

from __future__ import annotations

from msgspec import field

from matching.commands import BidderCommand, Opening, OpenOffers, PhaseAct, SealOffer, TakeBackOffer
from matching.details import Act, OwnOffer
from matching.events import Event, OfferSealed, OfferTakenBack, Revealed, RoundBegan
from matching.phases.contest import ContestPhase, Stage
from matching.phases.phase import Decided
from matching.phases.standing import Closing
from matching.refusals import Refusal, Refused
from matching.setting import Setting
from matching.terms.sealed import SealedTerms
from matching.units import Digest, Paddle, TimeUs


class SealedPhase(ContestPhase, kw_only=True, tag="sealed"):
    """State of one phase of sealed offers."""

    terms: SealedTerms
    handles: dict[Paddle, Digest] = field(default_factory=dict)
    holders: dict[Digest, Paddle] = field(default_factory=dict)
    """Whose each handle is."""

    @property
    def acts(self) -> tuple[Act, ...]:
        """What a bidder can do while offers are taken."""
        return (Act.SEAL, Act.TAKE_BACK) if self.terms.may_take_back else (Act.SEAL,)

    def own_of(self, paddle: Paddle) -> OwnOffer:
        """Return the handle of a bidder's offer."""
        return OwnOffer(handle=self.handles.get(paddle, ""))

    def decide(self, setting: Setting, command: BidderCommand, paddle: Paddle, at_us: TimeUs) -> Decided:
        """Return the event of a sealed offer, or of taking it back, or why that is refused. Changes nothing.

        Refuses: NOT_ELIGIBLE, NOT_TAKEN_NOW, AMOUNT_TAKEN (somebody else has sealed just this ciphertext),
            ALREADY_OFFERED, NO_OFFER, OFFER_BINDS, REVISIONS_USED_UP.
        """
        if isinstance(command, TakeBackOffer):
            return self.decide_taking_back(paddle)
        if not isinstance(command, SealOffer):
            return Refused(Refusal.NOT_TAKEN_NOW)
        refused = self.submission_refusal(paddle)
        if refused is not None:
            return refused
        if self.holders.get(command.handle, paddle) != paddle:
            return Refused(Refusal.AMOUNT_TAKEN)
        return self.revision_refusal(paddle) or [OfferSealed(paddle, command.handle)]

    def act(self, setting: Setting, command: PhaseAct, at_us: TimeUs) -> Decided:
        """Return what opening the offers, or entering the scores, makes happen.

        Refuses: NOT_TAKEN_NOW, OPENING_INVALID (not one opening for each sealed offer, or scores are due before),
            SCORES_INVALID.
        """
        if not isinstance(command, OpenOffers):
            return super().act(setting, command, at_us)
        if self.stage is not Stage.OPENING:
            return Refused(Refusal.NOT_TAKEN_NOW)
        missing = len(self.holders.keys() - {opening.handle for opening in command.openings})
        if missing or len(command.openings) != len(self.holders):
            return Refused(Refusal.OPENING_INVALID, missing=missing)
        if self.needs_scores_first:
            return Refused(Refusal.OPENING_INVALID, detail="the scores come before the opening")
        return self.disclosed(setting, self._opened(command.openings), command.by, at_us)

    def meet_deadline(self, setting: Setting, at_us: TimeUs) -> list[Event] | Closing:
        """Let the opening begin if there is something to open; at its end, what is not opened is spoiled."""
        if self.stage is Stage.SUBMISSION and self.handles:
            return [RoundBegan(Stage.OPENING, at_us + self.terms.opening_us)]
        return self.closing(setting, [], {})

    def apply(self, event: Event, at_us: TimeUs) -> None:
        """Take over one of the phase's events."""
        super().apply(event, at_us)
        match event:
            case OfferSealed(paddle=paddle, handle=handle):
                self.take_in(paddle)
                self._let_go(paddle)
                self.handles[paddle] = handle
                self.holders[handle] = paddle
            case OfferTakenBack(paddle=paddle):
                self._let_go(paddle)

    def _let_go(self, paddle: Paddle) -> None:
        """Forget the handle that a bidder had."""
        handle = self.handles.pop(paddle, None)
        if handle is not None:
            del self.holders[handle]

    def _opened(self, openings: tuple[Opening, ...]) -> tuple[Revealed, ...]:
        """Return what was inside, in the order of paddles."""
        lines = {opening.handle: opening.lines for opening in openings}
        return tuple(Revealed(paddle, lines[self.handles[paddle]]) for paddle in sorted(self.handles))
