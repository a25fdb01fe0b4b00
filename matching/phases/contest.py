"""What hidden and sealed offers share: who may offer, in which range, scores, the ranking and what it leaves.

Belongs here: everything after which it does not matter how the offers were kept secret.
Does not belong here: keeping them secret (`matching.phases.offers`, `matching.phases.sealed`), the arithmetic of
awards (`matching.award_rules`).
"""

from __future__ import annotations

from enum import IntEnum
from typing import Self

from msgspec import field, structs

from matching.award_rules import Ranking, price_paid, ranked, tied
from matching.commands import EnterScores, PhaseAct
from matching.details import Act, Offers, PhaseView
from matching.events import (
    Event,
    LotResumed,
    OffersRanked,
    OffersRevealed,
    OfferTakenBack,
    PassReason,
    PhaseBegan,
    Place,
    ReserveSet,
    Revealed,
    RoundBegan,
    ScoresEntered,
)
from matching.phases.entrants import is_among
from matching.phases.phase import Decided, Phase
from matching.phases.standing import Closing, Standing
from matching.refusals import Refusal, Refused
from matching.setting import Setting
from matching.terms import PhaseTerms
from matching.terms.awarding import CombinedScore, TieRule
from matching.terms.contest import Base, ContestTerms, MayOffer
from matching.units import AMOUNT_MAX, NOBODY, Amount, Line, Paddle, Quantity, StaffId, TimeUs

CLOCK: StaffId = 0
LAST_RANK = 100
"""Where an ordinary bidder stands behind every priority purchaser."""


class Stage(IntEnum):
    """How far the phase has come."""

    SUBMISSION = 0
    OPENING = 1
    SCORING = 2


def places_in(standing: Standing) -> tuple[Place, ...]:
    """Return the places that earlier phases left, the leader's among them even where they kept none."""
    leader = standing.leader
    if leader == NOBODY or any(place.paddle == leader for place in standing.places):
        return standing.places
    return (Place(leader, standing.price, quantity=standing.quantity), *standing.places)


def is_left_out(terms: ContestTerms, given: Standing) -> bool:
    """Tell whether the phase has nobody to ask, or its condition is not met."""
    if terms.only_if_capped and not given.is_capped:
        return True
    if terms.places_min and len(places_in(given)) < terms.places_min:
        return True
    match terms.who:
        case MayOffer.EVERYBODY:
            return False
        case MayOffer.ELIGIBLE:
            return given.eligible is not None and not given.eligible
        case MayOffer.LEADER | MayOffer.NOT_LEADER:
            return given.leader == NOBODY
        case MayOffer.PLACED:
            return not places_in(given)
        case MayOffer.TIED:
            return not given.tied


class ContestPhase(Phase, kw_only=True):
    """State of offers that are compared all at once. Prices are minor units, times microseconds.

    Nothing of an offer shows in leader, price, bids or view before the ranking; `leader` and `price` are those that
    the phase was given until then.
    """

    terms: ContestTerms
    sign: int = 1
    opening_price: Amount = 0
    reserve_price: Amount = 0
    eligible: tuple[Paddle, ...] | None = None
    """Whom the phase before named, in ascending order."""
    stage: Stage = Stage.SUBMISSION
    arrivals: dict[Paddle, int] = field(default_factory=dict)
    """Whose offer stands, and which in the order of time it is."""
    submissions: dict[Paddle, int] = field(default_factory=dict)
    """How often each bidder has offered, those taken back included."""
    arrived: int = 0
    """How many offers have come in so far."""
    points: dict[Paddle, Quantity] | None = None
    """What the experts gave, once they have."""
    revealed: tuple[Revealed, ...] | None = None
    ranking: tuple[Place, ...] | None = None

    @classmethod
    def begin(
        cls, terms: PhaseTerms, setting: Setting, index: int, standing: Standing, at_us: TimeUs
    ) -> list[Event]:
        """Return the event that starts the phase at `at_us`; none where it is left out."""
        assert isinstance(terms, ContestTerms)
        if is_left_out(terms, standing):
            return []
        return [PhaseBegan(index, at_us + terms.duration_us)]

    @classmethod
    def begun(
        cls, terms: PhaseTerms, setting: Setting, event: PhaseBegan, standing: Standing, at_us: TimeUs
    ) -> Self:
        """Return the phase that `event`, recorded at `at_us`, started."""
        phase = super().begun(terms, setting, event, standing, at_us)
        phase.sign = setting.sign
        phase.opening_price = setting.terms.opening_price
        phase.reserve_price = setting.reserve_price
        phase.eligible = None if standing.eligible is None else tuple(sorted(standing.eligible))
        return phase

    @classmethod
    def preview(cls, terms: PhaseTerms, setting: Setting) -> PhaseView:
        """Return what can be shown before the opening: the range and the unit."""
        assert isinstance(terms, ContestTerms)
        worst, _ = _range(terms, setting.sign, setting.terms.opening_price)
        return PhaseView(worst, terms.unit)

    @property
    def standing(self) -> Standing:
        """What the phase would leave: what it was given, until the offers are ranked."""
        if self.ranking is None:
            return self.given
        return self._standing_after(self.ranking, self.revealed or ())

    @property
    def range(self) -> tuple[Amount, Amount]:
        """The worst and the best amount that may be offered; the best is 0 without a bound.

        Where the range is counted from each bidder's own offer there is none for all: both are 0.
        """
        return (0, 0) if self.terms.base is Base.OWN else self.range_of(NOBODY)

    def range_of(self, paddle: Paddle) -> tuple[Amount, Amount]:
        """Return the worst and the best amount that a bidder may offer; the best is 0 without a bound."""
        return _range(self.terms, self.sign, self._base_of(paddle))

    def view(self, setting: Setting) -> PhaseView:
        """Return the range, and how many offers there are where that is public."""
        is_revealed = self.revealed is not None
        shows_count = self.terms.is_count_public or is_revealed
        offers = len(self.revealed or self.arrivals) if shows_count else -1
        detail = Offers(offers, is_revealed, self.ranking or ())
        is_open = self.stage is Stage.SUBMISSION and not is_revealed
        return PhaseView(self.range[0], self.terms.unit, self.acts if is_open else (), detail)

    @property
    def acts(self) -> tuple[Act, ...]:
        """What a bidder can do while offers are taken."""
        raise AssertionError("each way of keeping offers secret says what bidders do")

    def act(self, setting: Setting, command: PhaseAct, at_us: TimeUs) -> Decided:
        """Return what entering the scores makes happen.

        Refuses: NOT_TAKEN_NOW, SCORES_INVALID.
        """
        if not isinstance(command, EnterScores) or not self._takes_scores:
            return Refused(Refusal.NOT_TAKEN_NOW)
        paddles = [score.paddle for score in command.scores]
        rule = self.terms.award
        assert isinstance(rule, CombinedScore), "scores are only taken where the rule needs them"
        is_sound = (
            len(set(paddles)) == len(paddles)
            and all(paddle in setting.admitted for paddle in paddles)
            and all(0 <= score.points <= rule.points_max for score in command.scores)
        )
        if not paddles or not is_sound:
            return Refused(Refusal.SCORES_INVALID)
        events: list[Event] = [ScoresEntered(command.scores, command.by)]
        if self.stage is not Stage.SCORING:
            return events
        return self.closing(setting, events, {score.paddle: score.points for score in command.scores})

    def apply(self, event: Event, at_us: TimeUs) -> None:
        """Take over one of the phase's events."""
        match event:
            case OfferTakenBack(paddle=paddle):
                del self.arrivals[paddle]
            case RoundBegan():
                self.stage = Stage(event.number)
                self.ends_at_us = event.ends_at_us
            case ScoresEntered():
                self.points = {score.paddle: score.points for score in event.scores}
            case OffersRevealed():
                self.revealed = event.offers
            case OffersRanked():
                self.ranking = event.places
                left = self.standing
                self.leader, self.price, self.bids = left.leader, left.price, left.bids
            case ReserveSet():
                self.reserve_price = event.amount
            case LotResumed():
                super().apply(event, at_us)

    def submission_refusal(self, paddle: Paddle) -> Refused | None:
        """Tell why a bidder may not make an offer now, whatever it is."""
        if not self._may_offer(paddle):
            return Refused(Refusal.NOT_ELIGIBLE)
        if self.stage is not Stage.SUBMISSION:
            return Refused(Refusal.NOT_TAKEN_NOW)
        return None

    def revision_refusal(self, paddle: Paddle) -> Refused | None:
        """Tell why a bidder may not offer again."""
        made = self.submissions.get(paddle, 0)
        if made <= self.terms.revisions_max:
            return None
        return Refused(Refusal.REVISIONS_USED_UP if self.terms.revisions_max else Refusal.ALREADY_OFFERED)

    def decide_taking_back(self, paddle: Paddle) -> Decided:
        """Return the event of taking an offer back, or why that is refused.

        Refuses: NOT_ELIGIBLE, NOT_TAKEN_NOW, NO_OFFER, OFFER_BINDS.
        """
        refused = self.submission_refusal(paddle)
        if refused is not None:
            return refused
        if paddle not in self.arrivals:
            return Refused(Refusal.NO_OFFER)
        if not self.terms.may_take_back:
            return Refused(Refusal.OFFER_BINDS)
        return [OfferTakenBack(paddle)]

    def take_in(self, paddle: Paddle) -> None:
        """Note that an offer of a bidder has come in, and when in the order of time."""
        self.arrived += 1
        self.submissions[paddle] = self.submissions.get(paddle, 0) + 1
        if paddle not in self.arrivals or not self.terms.revision_keeps_time:
            self.arrivals[paddle] = self.arrived

    def amount_refusal(self, paddle: Paddle, lines: tuple[Line, ...]) -> Refused | None:
        """Tell why an offer of a bidder is not one: not a single amount, out of range, off the unit."""
        if len(lines) != 1 or lines[0].quantity != 1:
            return Refused(Refusal.LINES_INVALID)
        amount = lines[0].price
        worst, best = self.range_of(paddle)
        low, high = (worst, best) if self.sign > 0 else (best, worst)
        unit = self.terms.unit
        if not 0 < amount <= AMOUNT_MAX:
            return Refused(Refusal.AMOUNT_OUT_OF_RANGE, worst, unit, best or AMOUNT_MAX)
        if amount < low:
            return Refused(Refusal.BELOW_ASKING_PRICE, worst, unit, best)
        if amount % unit:
            return Refused(Refusal.NOT_ON_STEP, worst, unit, best)
        if high and amount > high:
            code = Refusal.ABOVE_CAP if self.sign > 0 else Refusal.ABOVE_ASKING_PRICE
            return Refused(code, worst, unit, best)
        return None

    def disclosed(
        self, setting: Setting, offers: tuple[Revealed, ...], by: StaffId, at_us: TimeUs
    ) -> list[Event] | Closing:
        """Return what follows when the offers are known: time for scores, or the ranking and the end."""
        revealed = OffersRevealed(offers, by)
        is_waiting = self.terms.award.needs_points and self.points is None and self.terms.waits_for_scores
        if is_waiting and any(self._is_valid(one) for one in offers):
            return [revealed, RoundBegan(Stage.SCORING, at_us + self.terms.scoring_us)]
        return self._ranked_closing(setting, [revealed], offers, self.points or {})

    def closing(self, setting: Setting, events: list[Event], points: dict[Paddle, Quantity]) -> Closing:
        """End the phase: reveal what is still hidden, and rank all offers."""
        if self.revealed is not None:
            return self._ranked_closing(setting, events, self.revealed, points)
        offers = self.hidden_offers
        return self._ranked_closing(setting, [*events, OffersRevealed(offers, CLOCK)], offers, points)

    @property
    def hidden_offers(self) -> tuple[Revealed, ...]:
        """The offers as they will be revealed, in the order of paddles; spoiled where nobody can read them."""
        return tuple(Revealed(paddle) for paddle in sorted(self.arrivals))

    @property
    def needs_scores_first(self) -> bool:
        """Tell whether scores are missing that have to be entered before the offers are known."""
        return self.terms.award.needs_points and not self.terms.waits_for_scores and self.points is None

    @property
    def _takes_scores(self) -> bool:
        if not self.terms.award.needs_points or self.points is not None:
            return False
        return self.stage is Stage.SCORING or not self.terms.waits_for_scores

    def _ranked_closing(
        self,
        setting: Setting,
        events: list[Event],
        offers: tuple[Revealed, ...],
        points: dict[Paddle, Quantity],
    ) -> Closing:
        ranking = self._ranking(setting, offers, points)
        told = OffersRanked(ranking.places, ranking.reference, ranking.divisor)
        return Closing([*events, told], self._standing_after(ranking.places, offers))

    def _ranking(
        self, setting: Setting, offers: tuple[Revealed, ...], points: dict[Paddle, Quantity]
    ) -> Ranking:
        """Rank the valid offers, and the earlier ones where they stand; of each bidder only the best."""
        valid = sorted(
            (one for one in offers if self._is_valid(one)), key=lambda one: self.arrivals[one.paddle]
        )
        places = [Place(one.paddle, one.lines[0].price) for one in valid]
        if self.terms.earlier_offers_stand:
            places = [*places_in(self.given), *places]
        if self.terms.ties is TieRule.RANK:
            places.sort(key=lambda place: setting.ranks.get(place.paddle, 0) or LAST_RANK)
        ranking = ranked(self.terms.award, self.sign, places, points)
        best = {place.paddle: place for place in reversed(ranking.places)}
        kept = tuple(place for place in ranking.places if best[place.paddle] is place)
        return structs.replace(ranking, places=kept)

    def _is_valid(self, offer: Revealed) -> bool:
        return bool(offer.lines) and self.amount_refusal(offer.paddle, offer.lines) is None

    def _standing_after(self, places: tuple[Place, ...], offers: tuple[Revealed, ...]) -> Standing:
        """Return what is left once the offers are ranked; with none, and none needed, the phase had no say.

        The offers themselves are handed on in the order in which they came, for a phase that divides a supply.
        """
        bids = self.given.bids + len(offers)
        legible = (one for one in offers if one.lines)
        in_time = tuple(sorted(legible, key=lambda one: self.arrivals[one.paddle]))
        given = structs.replace(self.given, offers=(*self.given.offers, *in_time))
        if len(places) < self.terms.offers_min:
            reason = PassReason.TOO_FEW_BIDDERS if offers else PassReason.NO_BIDS
            return structs.replace(given, bids=bids, pass_reason=reason)
        if not places:
            return structs.replace(given, bids=bids)
        floor = self.reserve_price or self.opening_price
        named = {place.paddle for place in places}
        return structs.replace(
            given,
            leader=places[0].paddle,
            price=price_paid(self.terms.award, self.sign, places, floor),
            limit=0,
            bids=bids,
            places=(*places, *(place for place in places_in(given) if place.paddle not in named)),
            tied=tied(self.terms.award, self.sign, places) if self.terms.ties is TieRule.DRAW else (),
            eligible=self._eligible_after(places),
        )

    def _eligible_after(self, places: tuple[Place, ...]) -> tuple[Paddle, ...] | None:
        if self.terms.leader_answers and self.given.leader != NOBODY:
            return (self.given.leader,)
        if self.terms.advances_max:
            return tuple(sorted(place.paddle for place in places[: self.terms.advances_max]))
        return self.given.eligible

    def _may_offer(self, paddle: Paddle) -> bool:
        given = self.given
        match self.terms.who:
            case MayOffer.EVERYBODY:
                return True
            case MayOffer.ELIGIBLE:
                return self._is_eligible(paddle)
            case MayOffer.LEADER:
                return paddle == given.leader
            case MayOffer.NOT_LEADER:
                return paddle != given.leader and self._is_eligible(paddle)
            case MayOffer.PLACED:
                return any(place.paddle == paddle for place in places_in(given))
            case MayOffer.TIED:
                return paddle in given.tied

    def _is_eligible(self, paddle: Paddle) -> bool:
        return self.eligible is None or is_among(self.eligible, paddle)

    def _base_of(self, paddle: Paddle) -> Amount:
        match self.terms.base:
            case Base.ABSOLUTE | Base.OPENING:
                return self.opening_price
            case Base.PRICE:
                return self.given.price or self.opening_price
            case Base.OWN:
                own = (place.amount for place in places_in(self.given) if place.paddle == paddle)
                return next(own, self.opening_price)


def _range(terms: ContestTerms, sign: int, base: Amount) -> tuple[Amount, Amount]:
    """Return the worst and the best amount, both of them offers and on the unit; the best is 0 without a bound."""
    is_absolute = terms.base is Base.ABSOLUTE
    worst = (terms.least if is_absolute else base + sign * terms.least) + sign * terms.least_is_excluded
    worst = _on_unit(worst, terms.unit, sign)
    if terms.most is None:
        return worst, 0
    best = (terms.most if is_absolute else base + sign * terms.most) - sign * terms.most_is_excluded
    return worst, max(0, _on_unit(best, terms.unit, -sign))


def _on_unit(amount: Amount, unit: Amount, sign: int) -> Amount:
    """Return the next whole multiple of the unit, upwards or downwards."""
    return -(-amount // unit) * unit if sign > 0 else amount // unit * unit
