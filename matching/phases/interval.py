"""A time in which nobody bids: a gap, a preparation, or an inquiry that decides who goes on.

It leaves leader and price as they were, and says who may take part from here on. If nobody goes on, the phases that
want entrants are left out, and the highest bid so far wins.

Source: see `matching.terms.interval`; 39号令 and its local rules: at the end of a listing it is asked who goes on.
"""

from __future__ import annotations

from typing import Self

from msgspec import field, structs

from matching.commands import BidderCommand, Declare, Word
from matching.details import Act, Asked, PhaseView, Question
from matching.events import Declared, Event, PhaseBegan
from matching.phases.entrants import ascending, is_among
from matching.phases.phase import Decided, Phase
from matching.phases.standing import Closing, Standing
from matching.refusals import Refusal, Refused
from matching.setting import Setting
from matching.terms.interval import Inquiry, IntervalTerms, Presumed
from matching.terms.phase import PhaseTerms
from matching.units import Paddle, TimeUs

PADDLES_SHOWN_MAX = 1000
"""A longer list of those asked is not repeated in every view."""


class IntervalPhase(Phase, kw_only=True, tag="interval"):
    """State of one interval. Times are microseconds."""

    terms: IntervalTerms
    asked: tuple[Paddle, ...] | None = None
    """Who may go on, in ascending order; None for everybody admitted."""
    presumed: tuple[Paddle, ...] = ()
    """Those among them whose yes is taken for granted, in ascending order."""
    answers: dict[Paddle, bool] = field(default_factory=dict)
    accepted: int = 0
    """How many have said yes, or need not."""

    @classmethod
    def begin(
        cls, terms: PhaseTerms, setting: Setting, index: int, standing: Standing, at_us: TimeUs
    ) -> list[Event]:
        """Return the event that starts the interval; none where its conditions are not met.

        Where nobody is left to wait for, it is over at once, so that what follows knows who goes on.
        """
        assert isinstance(terms, IntervalTerms)
        is_out = terms.only_if_uncapped if standing.is_capped else terms.only_if_capped
        if is_out or len(standing.recent) < terms.recent_min:
            return []
        return [
            PhaseBegan(index, at_us if _is_settled(terms, setting, standing) else at_us + terms.duration_us)
        ]

    @classmethod
    def begun(
        cls, terms: PhaseTerms, setting: Setting, event: PhaseBegan, standing: Standing, at_us: TimeUs
    ) -> Self:
        """Return the interval that `event`, recorded at `at_us`, started."""
        assert isinstance(terms, IntervalTerms)
        phase = super().begun(terms, setting, event, standing, at_us)
        phase.asked = _asked(terms, standing)
        phase.presumed = _presumed(terms, standing)
        phase.accepted = len(phase.presumed)
        return phase

    @property
    def standing(self) -> Standing:
        """What was given, and who goes on."""
        return structs.replace(self.given, eligible=self._eligible())

    @property
    def unfinished(self) -> Standing:
        """What was given: whoever was asked is asked again."""
        return self.given

    def view(self, setting: Setting) -> PhaseView:
        """Return the question, and how many have said yes."""
        if self.terms.inquiry is Inquiry.NOTHING:
            return PhaseView()
        named = self.asked or ()
        shown = named if len(named) <= PADDLES_SHOWN_MAX else ()
        question = Question(self.terms.inquiry.value)
        return PhaseView(accepts=(Act.DECLARE,), detail=Asked(question, self.accepted, shown))

    def decide(self, setting: Setting, command: BidderCommand, paddle: Paddle, at_us: TimeUs) -> Decided:
        """Return a bidder's answer, and the end of the interval where it was the last one.

        Refuses: NOT_ELIGIBLE, ALREADY_DECLARED, NOT_TAKEN_NOW.
        """
        if self.terms.inquiry is Inquiry.NOTHING:
            return Refused(Refusal.NOT_TAKEN_NOW)
        if self.asked is not None and not is_among(self.asked, paddle):
            return Refused(Refusal.NOT_ELIGIBLE)
        if not isinstance(command, Declare):
            return Refused(Refusal.NOT_TAKEN_NOW)
        if paddle in self.answers or is_among(self.presumed, paddle):
            return Refused(Refusal.ALREADY_DECLARED)
        if command.word is Word.WAIVE:
            return Refused(Refusal.NOT_TAKEN_NOW)
        answer = Declared(paddle, command.word)
        missing = len(setting.admitted if self.asked is None else self.asked)
        missing -= len(self.presumed) + len(self.answers)
        if missing > 1 or not self.terms.ends_early_when_all_answered:
            return [answer]
        later = structs.replace(self, answers=dict(self.answers))
        later.apply(answer, at_us)
        return Closing([answer], later.standing)

    def apply(self, event: Event, at_us: TimeUs) -> None:
        """Take over an answer, or a new end."""
        if isinstance(event, Declared):
            says_yes = event.word is Word.ACCEPT
            self.answers[event.paddle] = says_yes
            self.accepted += says_yes
        else:
            super().apply(event, at_us)

    def _eligible(self) -> tuple[Paddle, ...] | None:
        if self.terms.inquiry is Inquiry.NOTHING:
            return self.asked
        yes = (paddle for paddle, says_yes in self.answers.items() if says_yes)
        return tuple(sorted((*self.presumed, *yes)))


def _asked(terms: IntervalTerms, standing: Standing) -> tuple[Paddle, ...] | None:
    """Who may go on, as far as it does not depend on an answer."""
    if not terms.own_bid_required:
        return None if standing.eligible is None else tuple(sorted(standing.eligible))
    return ascending(_bidders(standing), standing.eligible)


def _presumed(terms: IntervalTerms, standing: Standing) -> tuple[Paddle, ...]:
    match terms.presumed:
        case Presumed.NOBODY:
            return ()
        case Presumed.LEADER:
            return ascending({standing.leader}, standing.eligible)
        case Presumed.BIDDERS:
            return ascending(_bidders(standing), standing.eligible)


def _bidders(standing: Standing) -> set[Paddle]:
    return {place.paddle for place in standing.places} | {standing.leader}


def _is_settled(terms: IntervalTerms, setting: Setting, standing: Standing) -> bool:
    """Whether waiting could change nothing: nobody may go on, or everybody is presumed to."""
    asked = _asked(terms, standing)
    if asked == ():
        return True
    if terms.inquiry is Inquiry.NOTHING:
        return False
    everybody = len(setting.admitted if asked is None else asked)
    return terms.ends_early_when_all_answered and 0 < everybody == len(_presumed(terms, standing))
