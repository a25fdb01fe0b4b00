"""Hidden offers for parts of a supply, revealed and cleared together at the end.

    offers --hints, deadline--> cleared
                    `--a draw with a beacon--> waiting for its round --PublishBeacon--> cleared

Offers that earlier phases collected (`Standing.offers`, else the places) stand here from the beginning; one that the
terms would have refused does not count. A draw is held only where it decides something: among the bidders at the
clearing price, when it cannot serve them all. Its arithmetic is in `matching.draws`; the seed of the terms counts as
that of staff 0.

Belongs here: who offers what, and when. Does not belong here: dividing the supply (`matching.clearing`).

Source: see `matching.terms.multi_unit`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from msgspec import field, structs

from matching.clearing import Bid, Clearing, cleared, margin, paid, trimmed_mean
from matching.commands import BidderCommand, PhaseAct, PublishBeacon, SubmitOffer, TakeBackOffer
from matching.details import Act, OwnOffer, PhaseView, Supply
from matching.draws import beacon_value, draw_seed, drawn_order, entrants_commitment
from matching.events import (
    Award,
    BeaconPublished,
    EntrantsDrawn,
    EntrantsFixed,
    Event,
    HintPublished,
    LotResumed,
    OffersRanked,
    OffersRevealed,
    OfferSubmitted,
    OfferTakenBack,
    PassReason,
    PhaseBegan,
    Place,
    ReserveSet,
    Revealed,
    RoundBegan,
)
from matching.phases.phase import Decided, Phase, going_on
from matching.phases.standing import Closing, Standing
from matching.refusals import Refusal, Refused
from matching.setting import Setting
from matching.terms.multi_unit import (
    MultiUnitTerms,
    Precedence,
    Pricing,
    ReserveRule,
    Undersubscription,
)
from matching.terms.phase import PhaseTerms
from matching.units import AMOUNT_MAX, NOBODY, Amount, Digest, Line, LotId, Paddle, Quantity, Rank, TimeUs

CLOCK = 0
LAST_RANK = 100
"""Where an ordinary bidder stands behind every priority purchaser."""

Offers = dict[Paddle, tuple[Line, ...]]


class MultiUnitPhase(Phase, kw_only=True, tag="multi_unit"):
    """State of hidden offers for parts of a supply. Prices are minor units for one unit, times microseconds.

    Nothing of an offer shows in leader, price, bids or view before all are revealed, but for the hints.
    """

    terms: MultiUnitTerms
    lot: LotId
    sign: int
    opening_price: Amount
    reserve_price: Amount
    moments: tuple[TimeUs, ...]
    """When hints are due and, last, the end; those that are past are left out."""
    offers: Offers = field(default_factory=dict)
    """Offers that stand, in the order of time."""
    submissions: dict[Paddle, int] = field(default_factory=dict)
    """How often each bidder has offered, those taken back included."""
    hint: Amount = 0
    entrants: tuple[Paddle, ...] = ()
    """Among whom a draw decides."""
    commitment: str = ""
    beacon_round: int = 0
    """Which round is awaited, 0 for none."""
    drawn: tuple[Paddle, ...] = ()
    ranking: tuple[Place, ...] | None = None
    """Every line that counts, best first, once the supply is divided: its price and quantity."""

    @classmethod
    def begin(
        cls, terms: PhaseTerms, setting: Setting, index: int, standing: Standing, at_us: TimeUs
    ) -> list[Event]:
        """Return the event that starts the phase; where it takes no offers itself, it ends at once."""
        assert isinstance(terms, MultiUnitTerms)
        return [PhaseBegan(index, at_us + _spans(terms)[0])]

    @classmethod
    def begun(
        cls, terms: PhaseTerms, setting: Setting, event: PhaseBegan, standing: Standing, at_us: TimeUs
    ) -> Self:
        """Return the phase that `event`, recorded at `at_us`, started."""
        assert isinstance(terms, MultiUnitTerms)
        return cls(
            terms=terms,
            **going_on(event, standing),
            lot=setting.id,
            sign=setting.sign,
            opening_price=setting.terms.opening_price,
            reserve_price=setting.reserve_price,
            moments=tuple(at_us + span for span in _spans(terms)),
            offers=_collected(terms, setting, standing),
        )

    @classmethod
    def preview(cls, terms: PhaseTerms, setting: Setting) -> PhaseView:
        """Return what can be shown before the opening: floor or ceiling, step, supply."""
        assert isinstance(terms, MultiUnitTerms)
        detail = Supply(terms.supply, terms.unit, 0 if terms.is_count_public else -1)
        return PhaseView(setting.terms.opening_price, terms.price_step, detail=detail)

    @property
    def is_taking(self) -> bool:
        """Tell whether offers are taken."""
        return not self.beacon_round and self.ranking is None

    @property
    def has_called_ends(self) -> bool:
        """An offer stands through the hints, whose moments are ends as well."""
        return False

    @property
    def standing(self) -> Standing:
        """What the phase was given, and the offers; who gets what, once the supply is divided."""
        if self.ranking is None:
            return structs.replace(self.given, offers=_revealed(self.offers))
        return self._standing_after(self.ranking)

    def own_of(self, paddle: Paddle) -> OwnOffer:
        """Return the offer of a bidder."""
        return OwnOffer(lines=self.offers.get(paddle, ()))

    def view(self, setting: Setting) -> PhaseView:
        """Return the supply, the last hint, and how many offers there are where that is public."""
        shows_count = self.terms.is_count_public or not self.is_taking
        count = len(self.offers) if shows_count else -1
        detail = Supply(self.terms.supply, self.terms.unit, count, self.hint)
        return PhaseView(self.opening_price, self.terms.price_step, self._acts, detail)

    def decide(self, setting: Setting, command: BidderCommand, paddle: Paddle, at_us: TimeUs) -> Decided:
        """Return the event of an offer, or of taking it back, or why that is refused. Changes nothing.

        Refuses: NOT_ELIGIBLE, NOT_TAKEN_NOW, AMOUNT_OUT_OF_RANGE, BELOW_ASKING_PRICE, NOT_ON_STEP,
            ABOVE_ASKING_PRICE, ALREADY_OFFERED, NO_OFFER, OFFER_BINDS, LINES_INVALID, QUANTITY_OUT_OF_RANGE,
            ABOVE_OWN_SHARE, REVISIONS_USED_UP.
        """
        if not isinstance(command, SubmitOffer | TakeBackOffer):
            return Refused(Refusal.NOT_TAKEN_NOW)
        if self.given.eligible is not None and paddle not in self.given.eligible:
            return Refused(Refusal.NOT_ELIGIBLE)
        if not self.is_taking:
            return Refused(Refusal.NOT_TAKEN_NOW)
        if isinstance(command, TakeBackOffer):
            return self._taking_back(paddle)
        refused = self._submission_refusal(paddle, command.lines)
        return [OfferSubmitted(paddle, command.lines)] if refused is None else refused

    def act(self, setting: Setting, command: PhaseAct, at_us: TimeUs) -> Decided:
        """Return what the beacon's output, for which the draw waits, makes happen.

        Refuses: NOT_TAKEN_NOW, BEACON_INVALID.
        """
        beacon = self.terms.beacon
        if not isinstance(command, PublishBeacon) or beacon is None or not self.beacon_round:
            return Refused(Refusal.NOT_TAKEN_NOW)
        if command.round != self.beacon_round:
            return Refused(Refusal.BEACON_INVALID, detail=f"round {self.beacon_round} decides")
        if at_us < beacon.comes_out_at_us(command.round):
            return Refused(Refusal.BEACON_INVALID, detail="that round has not come out yet")
        value = beacon_value(command.output)
        if value is None:
            return Refused(Refusal.BEACON_INVALID, detail="32, 48, 64 or 96 bytes are expected")
        published = BeaconPublished(command.round, command.output, command.by)
        return self._drawn_closing(
            setting, [published], self.entrants, self.commitment, (command.round, value)
        )

    def meet_deadline(self, setting: Setting, at_us: TimeUs) -> list[Event] | Closing:
        """Publish a hint; at the end reveal the offers and divide the supply, after a draw where one decides."""
        if len(self.moments) > 1:
            return [self._hint()]
        revealed = OffersRevealed(tuple(sorted(_revealed(self.offers), key=lambda one: one.paddle)), CLOCK)
        events: list[Event] = [revealed] if self.terms.duration_us else []
        entrants = self._tied_at_margin()
        if self.terms.precedence is not Precedence.DRAW or not entrants:
            return self._closing(events, self._ranked(setting.ranks, ()))
        commitment = entrants_commitment(self.lot, self.index, entrants)
        events.append(EntrantsFixed(entrants, commitment))
        if self.terms.beacon is None:
            return self._drawn_closing(setting, events, entrants, commitment, None)
        return [*events, RoundBegan(self.terms.beacon.round_after(at_us), 0, is_pause=True)]

    def apply(self, event: Event, at_us: TimeUs) -> None:
        """Take over one of the phase's events."""
        match event:
            case OfferSubmitted():
                self._take_in(event.paddle, event.lines)
            case OfferTakenBack():
                del self.offers[event.paddle]
            case HintPublished():
                self.hint = event.price
                self.moments = self.moments[1:]
                self.ends_at_us = self.moments[0]
            case ReserveSet():
                self.reserve_price = event.amount
            case EntrantsFixed():
                self.entrants, self.commitment = event.entrants, event.commitment
            case RoundBegan():
                self.beacon_round = event.number
                self.ends_at_us = 0
            case EntrantsDrawn():
                self.drawn = event.order
            case OffersRanked():
                self.ranking = event.places
                left = self.standing
                self.leader, self.price, self.bids = left.leader, left.price, left.bids
            case LotResumed():
                later_us = event.ends_at_us - self.ends_at_us
                self.moments = tuple(moment + later_us for moment in self.moments)
                super().apply(event, at_us)

    @property
    def _acts(self) -> tuple[Act, ...]:
        if not self.is_taking or not self.terms.duration_us:
            return ()
        return (Act.OFFER, Act.TAKE_BACK) if self.terms.may_take_back else (Act.OFFER,)

    def _submission_refusal(self, paddle: Paddle, lines: tuple[Line, ...]) -> Refused | None:
        terms = self.terms
        made = self.submissions.get(paddle, 0)
        used_up = terms.revisions_max is not None and made > terms.revisions_max
        refused = _price_refusal(terms, self.sign, self.opening_price, lines)
        if refused is None and used_up and not terms.revisions_max:
            return Refused(Refusal.ALREADY_OFFERED)
        refused = refused or _quantity_refusal(terms, lines)
        return refused or (Refused(Refusal.REVISIONS_USED_UP) if used_up else None)

    def _taking_back(self, paddle: Paddle) -> Decided:
        if paddle not in self.offers:
            return Refused(Refusal.NO_OFFER)
        if not self.terms.may_take_back:
            return Refused(Refusal.OFFER_BINDS)
        return [OfferTakenBack(paddle)]

    def _take_in(self, paddle: Paddle, lines: tuple[Line, ...]) -> None:
        self.submissions[paddle] = self.submissions.get(paddle, 0) + 1
        if not self.terms.revision_keeps_time:
            self.offers.pop(paddle, None)
        self.offers[paddle] = lines

    def _hint(self) -> HintPublished:
        """Return the mean to publish, 0 where there are too few offers."""
        prices = [line.price for lines in self.offers.values() for line in lines]
        is_safe = len(self.offers) >= self.terms.hint_offers_min
        mean = trimmed_mean(prices, self.terms.hint_trim) if is_safe else 0
        return HintPublished(mean, len(self.offers))

    def _bids(self) -> list[Bid]:
        """Return every line, in the order of time."""
        return [
            Bid(paddle, line.price, line.quantity) for paddle, lines in self.offers.items() for line in lines
        ]

    def _tied_at_margin(self) -> tuple[Paddle, ...]:
        """Return who stands at the price at which the supply runs out; nobody where only one does."""
        counting = [bid for bid in self._bids() if self._counts(bid.price)]
        edge = margin(counting, self.terms.supply, self.sign)
        if edge is None or len(edge.bids) < 2:
            return ()
        return tuple(sorted(counting[position].paddle for position in edge.bids))

    def _ranked(self, ranks: dict[Paddle, Rank], drawn: tuple[Paddle, ...]) -> tuple[Place, ...]:
        """Return all lines best first, equal prices in the order in which they are served.

        A draw is held at one price only; elsewhere its order decides nothing.
        """
        merits = {paddle: position for position, paddle in enumerate(drawn)}
        if self.terms.precedence is Precedence.RANK:
            merits = {paddle: ranks.get(paddle, 0) or LAST_RANK for paddle in self.offers}
        bids = sorted(self._bids(), key=lambda bid: (-self.sign * bid.price, merits.get(bid.paddle, 0)))
        return tuple(Place(bid.paddle, bid.price, quantity=bid.quantity) for bid in bids)

    def _drawn_closing(
        self,
        setting: Setting,
        before: list[Event],
        entrants: tuple[Paddle, ...],
        commitment: Digest,
        beacon: tuple[int, Digest] | None,
    ) -> Closing:
        declared = {} if self.terms.seed is None else {CLOCK: self.terms.seed}
        seed = draw_seed(commitment, beacon, declared, {})
        order = drawn_order(entrants, seed, len(entrants))
        events: list[Event] = [*before, EntrantsDrawn(order, seed)]
        return self._closing(events, self._ranked(setting.ranks, order))

    def _closing(self, events: list[Event], ranking: tuple[Place, ...]) -> Closing:
        standing = self._standing_after(ranking)
        return Closing([*events, OffersRanked(ranking, standing.price)], standing)

    def _standing_after(self, ranking: tuple[Place, ...]) -> Standing:
        counting = [place for place in ranking if self._counts(place.amount)]
        bids = [Bid(place.paddle, place.amount, place.quantity) for place in counting]
        terms = self.terms
        result = cleared(bids, terms.supply, self.sign, terms.sharing, terms.lot_size, terms.ratio_decimals)
        reason = self._pass_reason(ranking, result)
        awards = () if reason is not None else _awards(terms, self.sign, bids, result)
        return structs.replace(
            self.given,
            leader=NOBODY,
            price=result.price if awards else 0,
            limit=0,
            bids=self.given.bids + len(self.offers),
            places=_best_of_each(ranking),
            quantity=result.sold if awards else 0,
            offers=_revealed(self.offers),
            awards=awards,
            pass_reason=reason,
        )

    def _pass_reason(self, ranking: tuple[Place, ...], result: Clearing) -> PassReason | None:
        if not ranking:
            return PassReason.NO_BIDS
        is_short = result.sold < self.terms.supply
        if is_short and self.terms.undersubscription is Undersubscription.CANCEL:
            return PassReason.UNDERSUBSCRIBED
        is_within = result.sold and self._is_within_reserve(result.price)
        return None if is_within else PassReason.BELOW_RESERVE

    def _counts(self, price: Amount) -> bool:
        return self.terms.reserve_rule is ReserveRule.CANCELS or self._is_within_reserve(price)

    def _is_within_reserve(self, price: Amount) -> bool:
        return not self.reserve_price or self.sign * price >= self.sign * self.reserve_price


def _spans(terms: MultiUnitTerms) -> tuple[int, ...]:
    """Return the moments of hints and end, counted from the beginning."""
    return (*terms.hints_after_us, terms.duration_us)


def _collected(terms: MultiUnitTerms, setting: Setting, standing: Standing) -> Offers:
    """Return the offers that earlier phases left, without those that the terms would have refused."""
    singles = (Revealed(one.paddle, (Line(one.amount, one.quantity or 1),)) for one in standing.places)
    sign, opening = setting.sign, setting.terms.opening_price
    return {
        one.paddle: one.lines
        for one in (standing.offers or singles)
        if _price_refusal(terms, sign, opening, one.lines) is None
        and _quantity_refusal(terms, one.lines) is None
    }


def _revealed(offers: Offers) -> tuple[Revealed, ...]:
    return tuple(Revealed(paddle, lines) for paddle, lines in offers.items())


def _best_of_each(ranking: Iterable[Place]) -> tuple[Place, ...]:
    best: dict[Paddle, Place] = {}
    for place in ranking:
        best.setdefault(place.paddle, place)
    return tuple(best.values())


def _price_refusal(
    terms: MultiUnitTerms, sign: int, opening: Amount, lines: tuple[Line, ...]
) -> Refused | None:
    """Tell which price of an offer cannot be: absurd, beyond floor or ceiling, off the step."""
    step = terms.price_step
    prices = [line.price for line in lines]
    worth = sum(max(line.price, opening) * line.quantity for line in lines)
    if worth > AMOUNT_MAX or any(not 0 < price <= AMOUNT_MAX for price in prices):
        return Refused(Refusal.AMOUNT_OUT_OF_RANGE, opening, step, AMOUNT_MAX)
    if sign > 0 and any(price < opening for price in prices):
        return Refused(Refusal.BELOW_ASKING_PRICE, opening, step)
    if any((price - opening) % step for price in prices):
        return Refused(Refusal.NOT_ON_STEP, opening, step)
    if sign < 0 and any(price > opening for price in prices):
        return Refused(Refusal.ABOVE_ASKING_PRICE, opening, step)
    return None


def _quantity_refusal(terms: MultiUnitTerms, lines: tuple[Line, ...]) -> Refused | None:
    """Tell what is wrong with the lines themselves: too many, two at one price, too few or too many units."""
    if not 0 < len(lines) <= terms.lines_max or len({line.price for line in lines}) < len(lines):
        return Refused(Refusal.LINES_INVALID)
    quantities = [line.quantity for line in lines]
    if any(
        quantity % terms.lot_size or not terms.line_min <= quantity <= terms.supply for quantity in quantities
    ):
        return Refused(Refusal.QUANTITY_OUT_OF_RANGE, terms.line_min, terms.lot_size, terms.supply)
    if terms.bidder_max is not None and sum(quantities) > terms.bidder_max:
        return Refused(Refusal.ABOVE_OWN_SHARE, largest=terms.bidder_max)
    return None


def _awards(terms: MultiUnitTerms, sign: int, bids: list[Bid], result: Clearing) -> tuple[Award, ...]:
    """Return what each bidder gets and pays; where prices fall he delivers and is paid, and both are negative."""
    won: dict[Paddle, list[tuple[Amount, Quantity]]] = {}
    for bid, quantity in zip(bids, result.quantities, strict=True):
        if quantity:
            price = result.price if terms.pricing is Pricing.UNIFORM else bid.price
            won.setdefault(bid.paddle, []).append((price, quantity))
    return tuple(_award(terms, sign, paddle, parts) for paddle, parts in won.items())


def _award(terms: MultiUnitTerms, sign: int, paddle: Paddle, parts: list[tuple[Amount, Quantity]]) -> Award:
    if len({price for price, _ in parts}) == 1:
        price = parts[0][0]
        quantity = sum(quantity for _, quantity in parts)
        return Award(paddle, sign * quantity, sign * paid(price, quantity, terms.payment_unit), price)
    amount = sum(paid(price, quantity, terms.payment_unit) for price, quantity in parts)
    return Award(paddle, sign * sum(quantity for _, quantity in parts), sign * amount)
