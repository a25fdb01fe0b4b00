"""The right of first refusal (场内行权): after the price is found, holders say whether they take the lot at it.

Holders are the priority purchasers who come before the leader. They are asked together, answer once, and bind
themselves by it; the phase ends when all have answered, or the window does.

Belongs here: question, answers and what follows from them.
Does not belong here: further bidding between holders (an English phase with `entrants_min=2` after this one).

Source: see `matching.terms.first_refusal`.
"""

from __future__ import annotations

from typing import Self

from msgspec import field, structs

from matching.commands import BidderCommand, Declare, Word
from matching.details import Act, Asked, PhaseView, Question
from matching.events import Award, Declared, Event, PhaseBegan, Place
from matching.phases.phase import Decided, Phase, going_on
from matching.phases.standing import Closing, Standing
from matching.refusals import Refusal, Refused
from matching.setting import Setting
from matching.terms.first_refusal import FirstRefusalTerms, SeveralMatch
from matching.terms.phase import PhaseTerms
from matching.units import NOBODY, Paddle, Quantity, Rank, TimeUs


class FirstRefusalPhase(Phase, kw_only=True, tag="first_refusal"):
    """State of one window. Prices are minor units, times microseconds."""

    terms: FirstRefusalTerms
    holders: dict[Paddle, Rank]
    """Who is asked, in the order of paddles, and with which rank."""
    answers: dict[Paddle, Word] = field(default_factory=dict)
    """Who has answered, in the order of answers."""

    @classmethod
    def begin(
        cls, terms: PhaseTerms, setting: Setting, index: int, standing: Standing, at_us: TimeUs
    ) -> list[Event]:
        """Return the event that opens the window; none where there is no sale, or nobody to ask."""
        assert isinstance(terms, FirstRefusalTerms)
        if not _is_sale(setting, standing) or not _holders(setting, standing.leader):
            return []
        return [PhaseBegan(index, at_us + terms.window_us)]

    @classmethod
    def begun(
        cls, terms: PhaseTerms, setting: Setting, event: PhaseBegan, standing: Standing, at_us: TimeUs
    ) -> Self:
        """Return the window that `event`, recorded at `at_us`, opened. Who is admitted later, is not asked."""
        assert isinstance(terms, FirstRefusalTerms)
        return cls(
            terms=terms,
            **going_on(event, standing),
            holders=_holders(setting, standing.leader),
        )

    @property
    def matchers(self) -> list[Paddle]:
        """Who takes the lot at the price: the earliest rank first, then the earliest answer."""
        matched = [paddle for paddle, word in self.answers.items() if word is Word.ACCEPT]
        return sorted(matched, key=self.holders.__getitem__)

    @property
    def standing(self) -> Standing:
        """The winner: the first of those who matched, else whoever led; or what each of them gets."""
        matchers = self.matchers
        bidding = self.terms.several is SeveralMatch.BIDDING
        eligible = tuple(sorted(matchers)) if bidding else self.given.eligible
        if not matchers:
            return structs.replace(self.given, eligible=eligible)
        others = tuple(place for place in self.given.places if place.paddle not in matchers)
        is_shared = self.terms.several is SeveralMatch.PRO_RATA and len(matchers) > 1
        return structs.replace(
            self.given,
            leader=self.leader,
            limit=0,
            places=(*(Place(paddle, self.price) for paddle in matchers), *others),
            tied=(),
            eligible=eligible,
            awards=self._awards(matchers) if is_shared else self.given.awards,
        )

    def view(self, setting: Setting) -> PhaseView:
        """Return the question, who is asked, and how many have said yes."""
        asked = Asked(Question.MATCH, len(self.matchers), tuple(self.holders))
        return PhaseView(self.price, accepts=(Act.DECLARE,), detail=asked)

    def decide(self, setting: Setting, command: BidderCommand, paddle: Paddle, at_us: TimeUs) -> Decided:
        """Return a holder's answer, and the end of the phase if it was the last; or why it is refused.

        Refuses: NOT_ELIGIBLE, ALREADY_DECLARED, NOT_TAKEN_NOW.
        """
        if paddle not in self.holders:
            return Refused(Refusal.NOT_ELIGIBLE)
        if not isinstance(command, Declare):
            return Refused(Refusal.NOT_TAKEN_NOW)
        if paddle in self.answers:
            return Refused(Refusal.ALREADY_DECLARED)
        if command.word is Word.WAIVE:
            return Refused(Refusal.NOT_TAKEN_NOW)
        declared = Declared(paddle, command.word)
        if len(self.answers) + 1 < len(self.holders):
            return [declared]
        later = structs.replace(self, answers=dict(self.answers))
        later.apply(declared, at_us)
        return Closing([declared], later.standing)

    def apply(self, event: Event, at_us: TimeUs) -> None:
        """Take over one of the phase's events."""
        match event:
            case Declared(paddle=paddle, word=word):
                self.answers[paddle] = word
                self.leader = next(iter(self.matchers), self.given.leader)
            case _:
                super().apply(event, at_us)

    def _awards(self, matchers: list[Paddle]) -> tuple[Award, ...]:
        """Share units and price out; whoever would get no unit, gets and pays nothing."""
        stakes = {stake.rank: stake.share for stake in self.terms.stakes}
        weights = [stakes.get(self.holders[paddle], 0) for paddle in matchers]
        units = shared_out(self.terms.units, weights if any(weights) else [1] * len(matchers))
        amounts = shared_out(self.price, units)
        shares = zip(matchers, units, amounts, strict=True)
        return tuple(Award(paddle, quantity, amount) for paddle, quantity, amount in shares if quantity)


def shared_out(whole: Quantity, weights: list[int]) -> list[int]:
    """Divide `whole` in proportion to `weights`, to the unit.

    Everybody gets the whole part of his share; what is left goes, one by one, to the largest fractions, of equal ones
    to the first. The parts add up to `whole`.
    """
    total = sum(weights)
    parts = [whole * weight // total for weight in weights]
    by_fraction = sorted(range(len(weights)), key=lambda place: -(whole * weights[place] % total))
    for place in by_fraction[: whole - sum(parts)]:
        parts[place] += 1
    return parts


def _is_sale(setting: Setting, standing: Standing) -> bool:
    """Whether somebody leads, and with a price that reaches the reserve."""
    if standing.leader == NOBODY:
        return False
    return not setting.reserve_price or setting.sign * standing.price >= setting.sign * setting.reserve_price


def _holders(setting: Setting, leader: Paddle) -> dict[Paddle, Rank]:
    """The priority purchasers who come before the leader."""
    leading = setting.ranks.get(leader, 0)
    return {paddle: rank for paddle, rank in sorted(setting.ranks.items()) if leading == 0 or rank < leading}
