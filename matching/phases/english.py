"""English bidding with soft close, step tables, max bids, priority purchasers and an optional host's hammer.

The leading price only moves the lot's way: up in a sale, down in a purchase. At most one max bid stands beyond it at
any time, the leader's: a lesser one has been outbid and a greater one leads. Ties go to the priority purchaser, then to
the earlier instruction.

Source: 法释〔2016〕18号 art. 20 (extension), art. 21 (priority at equal price); proxy rule: the leader pays the
strongest rival plus one step, never more than his own limit.
"""

from __future__ import annotations

from itertools import takewhile
from typing import Self

from msgspec import field, structs

from matching.commands import BidderCommand, LeaveMaxBid, PlaceBid
from matching.details import Act, OwnOffer, PhaseView
from matching.events import (
    BidderAdmitted,
    BidPlaced,
    CapReached,
    Event,
    FairWarningGiven,
    LotExtended,
    LotResumed,
    MaxBidLeft,
    PhaseBegan,
    Place,
    ReserveSet,
)
from matching.increments import increment_at
from matching.phases.entrants import is_among
from matching.phases.phase import Decided, Phase
from matching.phases.standing import Closing, Standing
from matching.refusals import Refusal, Refused
from matching.setting import Setting
from matching.terms import BidRule, EnglishTerms, EqualLimits, PhaseTerms, PriorityRule
from matching.units import AMOUNT_MAX, NOBODY, Amount, Paddle, Rank, TimeUs


class EnglishPhase(Phase, kw_only=True, tag="english"):
    """State of one English phase. Prices are minor units, times microseconds."""

    terms: EnglishTerms
    opening_price: Amount
    reserve_price: Amount
    hard_end_us: TimeUs
    limits: dict[Paddle, Amount]
    """The greatest max bid of each paddle, in the order in which they left their first.
    Only the leader's can lie beyond the price: any other was outbid."""
    extensions: int = 0
    sign: int = 1
    """+1 where prices rise, -1 where they fall."""
    eligible: tuple[Paddle, ...] | None = None
    """Who may bid, in ascending order; None for everybody."""
    ranks: dict[Paddle, Rank] = field(default_factory=dict)
    """The priority purchasers, where the phase knows any."""
    offers: dict[Paddle, Amount] = field(default_factory=dict)
    """The best offer of each paddle, from the worst to the best: whoever bids, leads."""
    offered_at_us: dict[Paddle, TimeUs] = field(default_factory=dict)
    """When each paddle bid last, where the phase has to remember that."""

    @classmethod
    def begin(
        cls, terms: PhaseTerms, setting: Setting, index: int, standing: Standing, at_us: TimeUs
    ) -> list[Event]:
        """Return the event that starts the phase at `at_us`.

        None where the price is capped, the lot is divided among buyers, or too few take part.
        """
        assert isinstance(terms, EnglishTerms)
        entrants = setting.admitted if standing.eligible is None else standing.eligible
        if (
            standing.is_capped
            or standing.awards
            or len(entrants) < terms.entrants_min
            or len(standing.recent) < terms.recent_min
            or (standing.leader and _is_stopped(terms, setting.sign, standing.price))
        ):
            return []
        return [PhaseBegan(index, 0 if terms.duration_us is None else at_us + terms.duration_us)]

    @classmethod
    def begun(
        cls, terms: PhaseTerms, setting: Setting, event: PhaseBegan, standing: Standing, at_us: TimeUs
    ) -> Self:
        """Return the phase that `event`, recorded at `at_us`, started."""
        assert isinstance(terms, EnglishTerms)
        hard_end_us = 0 if terms.hard_end_after_us is None else at_us + terms.hard_end_after_us
        return cls(
            terms=terms,
            index=event.index,
            given=standing,
            opening_price=setting.terms.opening_price,
            reserve_price=setting.reserve_price,
            ends_at_us=event.ends_at_us,
            hard_end_us=hard_end_us,
            leader=standing.leader,
            price=standing.price,
            limits=_carried_limit(terms, setting.sign, standing),
            bids=standing.bids,
            sign=setting.sign,
            eligible=None if standing.eligible is None else tuple(sorted(standing.eligible)),
            ranks={} if terms.priority is PriorityRule.NONE else dict(setting.ranks),
            offers=_carried_offers(standing),
        )

    @classmethod
    def preview(cls, terms: PhaseTerms, setting: Setting) -> PhaseView:
        """Return what can be shown before the opening: the opening price and the first step."""
        assert isinstance(terms, EnglishTerms)
        return PhaseView(setting.terms.opening_price, terms.increments[0].increment)

    @property
    def standing(self) -> Standing:
        """Who leads, at what price, and who comes after him."""
        limit = self.limit
        has_bids = self.bids > self.given.bids
        return structs.replace(
            self.given,
            leader=self.leader,
            price=self.price,
            limit=limit if limit != self.price else 0,
            bids=self.bids,
            places=self._places() if has_bids else self.given.places,
            tied=self._tied() if has_bids else self.given.tied or self._tied(),
            is_capped=bool(self.leader) and _is_stopped(self.terms, self.sign, self.price),
            recent=self._recent() if self.terms.recent_window_us else self.given.recent,
        )

    @property
    def limit(self) -> Amount:
        """How far the leader's instructions go: his max bid, or the price itself."""
        limit = self.limits.get(self.leader)
        return self.price if limit is None else self._further(limit, self.price)

    @property
    def increment(self) -> Amount:
        """The step that applies now."""
        return increment_at(self.terms.increments, self.price)

    @property
    def asking_price(self) -> Amount:
        """The least next bid: the opening price, then a step beyond the leading one; 0 where nothing is left below."""
        if self.leader == NOBODY:
            return self.opening_price
        terms = self.terms
        price = self.price
        if not terms.first_step_up and self.bids == self.given.bids:
            return price
        asking = price + self.sign * increment_at(terms.increments, price)
        if terms.buy_now_price:
            asking = self._nearer(asking, terms.buy_now_price)
        return asking if asking > 0 else 0

    def own_of(self, paddle: Paddle) -> OwnOffer:
        """Return the max bid that a bidder has left."""
        return OwnOffer(self.limits.get(paddle, 0))

    def view(self, setting: Setting) -> PhaseView:
        """Return asking price and step."""
        accepts = (Act.BID, Act.MAX_BID) if self.terms.max_bids_allowed else (Act.BID,)
        return PhaseView(self.asking_price, self.increment, accepts)

    def decide(self, setting: Setting, command: BidderCommand, paddle: Paddle, at_us: TimeUs) -> Decided:
        """Return the events of a bid or max bid, or why it is refused. Changes nothing.

        Refuses: NOT_ELIGIBLE, NOT_TAKEN_NOW, AMOUNT_OUT_OF_RANGE, MAX_BIDS_NOT_ALLOWED, LEADER_MAY_NOT_RAISE,
            MAX_BID_NOT_RAISED, BELOW_ASKING_PRICE, NOT_ON_STEP, ABOVE_LARGEST_RAISE, ABOVE_CAP; where prices fall
            ABOVE_ASKING_PRICE for too much and BELOW_ASKING_PRICE for less than the floor.
        """
        if self.eligible is not None and not is_among(self.eligible, paddle):
            return Refused(Refusal.NOT_ELIGIBLE)
        if isinstance(command, PlaceBid):
            return self._decide_bid(command.amount, paddle, at_us)
        if isinstance(command, LeaveMaxBid):
            return self._decide_max_bid(command.limit, paddle, at_us)
        return Refused(Refusal.NOT_TAKEN_NOW)

    def meet_deadline(self, setting: Setting, at_us: TimeUs) -> list[Event] | Closing:
        """Return the end of the phase."""
        return self._closing(self._last_word(), at_us)

    def hammer(self, setting: Setting, at_us: TimeUs) -> Closing | Refused:
        """Return the end of the phase, or why the host may not let the hammer fall now.

        Refuses: HAMMER_BELONGS_TO_CLOCK, FAIR_WARNINGS_MISSING.
        """
        if not self.terms.host_may_hammer:
            return Refused(Refusal.HAMMER_BELONGS_TO_CLOCK)
        missing = self.terms.fair_warnings_min - self.warnings
        if missing > 0:
            return Refused(Refusal.FAIR_WARNINGS_MISSING, missing=missing)
        return self._closing(self._last_word(), at_us)

    def apply(self, event: Event, at_us: TimeUs) -> None:
        """Take over one of the phase's events."""
        match event:
            case BidPlaced():
                self._take_bid(event, at_us)
            case MaxBidLeft():
                self.limits[event.paddle] = event.limit
            case LotExtended():
                self.ends_at_us = event.ends_at_us
                self.extensions = event.extension
            case LotResumed():
                self._take_resumption(event)
            case FairWarningGiven():
                self.warnings = event.warning
            case ReserveSet():
                self.reserve_price = event.amount
            case BidderAdmitted():
                if event.rank and self.terms.priority is not PriorityRule.NONE:
                    self.ranks[event.paddle] = event.rank

    def _take_bid(self, event: BidPlaced, at_us: TimeUs) -> None:
        paddle = event.paddle
        self.leader = paddle
        self.price = event.amount
        self.bids += 1
        self.warnings = 0
        self.offers.pop(paddle, None)
        self.offers[paddle] = event.amount
        if self.terms.recent_window_us:
            self.offered_at_us[paddle] = at_us

    def _take_resumption(self, event: LotResumed) -> None:
        """Move the end, and with it the hard end and the times from which the end is counted back."""
        moved_us = event.ends_at_us - self.ends_at_us
        if self.hard_end_us:
            self.hard_end_us += moved_us
        for paddle in self.offered_at_us:
            self.offered_at_us[paddle] += moved_us
        self.ends_at_us = event.ends_at_us
        self.warnings = 0

    # Bids.

    def _decide_bid(self, amount: Amount, paddle: Paddle, at_us: TimeUs) -> Decided:
        if not 0 < amount <= AMOUNT_MAX:
            return self._out_of_range()
        is_leader = paddle == self.leader
        if is_leader and not self._leader_may_bid(amount):
            return Refused(Refusal.LEADER_MAY_NOT_RAISE)
        refused = self._amount_refusal(amount, paddle)
        if refused is not None:
            return refused
        events: list[Event] = [BidPlaced(paddle, amount)]
        if self.limits and not is_leader and self._is_answered(amount, paddle):
            events.append(self._proxy_answer(amount, paddle))
        return self._heard(events, at_us)

    def _leader_may_bid(self, amount: Amount) -> bool:
        """Whether the leader may outbid himself: by rule, or because he buys, or because he does not lead alone."""
        terms = self.terms
        return terms.leader_may_raise or amount == terms.buy_now_price != 0 or len(self._tied()) > 1

    def _is_answered(self, amount: Amount, paddle: Paddle) -> bool:
        """Whether the leader's max bid keeps him in the lead against `amount` of a rival."""
        beyond = (self.limit - amount) * self.sign
        if beyond:
            return beyond > 0
        return amount != self.price and not self._outranks(paddle, self.leader)

    def _proxy_answer(self, amount: Amount, paddle: Paddle) -> BidPlaced:
        """The leader's max bid answers a rival's `amount`: the same where he has priority, else more, in his limit."""
        answer = amount if self._outranks(self.leader, paddle) else self._answer_to(amount)
        return BidPlaced(self.leader, self._nearer(self.limit, answer), is_proxy=True)

    # Max bids.

    def _decide_max_bid(self, limit: Amount, paddle: Paddle, at_us: TimeUs) -> Decided:
        if not 0 < limit <= AMOUNT_MAX:
            return self._out_of_range()
        if not self.terms.max_bids_allowed:
            return Refused(Refusal.MAX_BIDS_NOT_ALLOWED)
        if paddle == self.leader and len(self._tied()) < 2:
            return self._decide_own_limit(limit, paddle, at_us)
        refused = self._amount_refusal(limit, paddle, is_limit=True)
        if refused is not None:
            return refused
        events: list[Event] = [MaxBidLeft(paddle, limit)]
        if self._takes_lead(limit, paddle):
            if self.limit != self.price:
                events.append(BidPlaced(self.leader, self.limit, is_proxy=True))
            events.append(BidPlaced(paddle, self._leading_price(limit, paddle), is_proxy=True))
        else:
            events += [BidPlaced(paddle, limit, is_proxy=True), self._proxy_answer(limit, paddle)]
        return self._heard(events, at_us)

    def _decide_own_limit(self, limit: Amount, paddle: Paddle, at_us: TimeUs) -> Decided:
        """The leader raises his limit: in silence, unless it now reaches the reserve."""
        least = self._least_raised_limit()
        if (limit - self.limit) * self.sign <= 0:
            return Refused(Refusal.MAX_BID_NOT_RAISED, least, self.increment)
        refused = self._step_refusal(limit, least)
        if refused is not None:
            return refused
        events: list[Event] = [MaxBidLeft(paddle, limit)]
        if self._falls_short(self.price) and not self._falls_short(limit):
            events.append(BidPlaced(paddle, self.reserve_price, is_proxy=True))
            return self._heard(events, at_us)
        return events

    def _least_raised_limit(self) -> Amount:
        """The least limit to which the leader may raise his max bid."""
        if self.terms.bid_rule is BidRule.FREE:
            return self.limit + self.sign
        increment = self.increment
        steps = (self.limit - self.price) * self.sign // increment + 1
        return self.price + self.sign * steps * increment

    def _takes_lead(self, limit: Amount, paddle: Paddle) -> bool:
        """Whether a max bid of somebody else than the leader takes the lead from him."""
        if self.leader == NOBODY:
            return True
        beyond = (limit - self.limit) * self.sign
        if beyond:
            return beyond > 0
        if limit == self.price or self._outranks(paddle, self.leader):
            return True
        if self.terms.equal_limits is EqualLimits.EARLIER_LIMIT or self._outranks(self.leader, paddle):
            return False
        return paddle == next(
            earlier for earlier in (*self.limits, paddle) if earlier in (paddle, self.leader)
        )

    def _leading_price(self, limit: Amount, paddle: Paddle) -> Amount:
        """What a max bid leads with when it takes the lead: the outbid limit, a step beyond it, or the reserve."""
        outbid = self.limit
        if self.leader == NOBODY:
            least = self.opening_price
        elif self._leads_at_same(paddle):
            least = outbid
        else:
            least = self._answer_to(outbid)
        if not self._falls_short(limit):
            least = self._further(least, self.reserve_price or least)
        return self._nearer(limit, least)

    def _leads_at_same(self, paddle: Paddle) -> bool:
        """Whether `paddle` leads alone with no more than the leader goes to: by rank, or as the first of the phase."""
        may_start_there = self.asking_price == self.price == self.limit
        return self._outranks(paddle, self.leader) or (may_start_there and not self._is_equal(paddle))

    # Priority.

    def _outranks(self, paddle: Paddle, other: Paddle) -> bool:
        """Whether `paddle` is a priority purchaser and comes before `other`."""
        rank = self.ranks.get(paddle, 0)
        return rank > 0 and not 0 < self.ranks.get(other, 0) <= rank

    def _may_match(self, paddle: Paddle) -> bool:
        """Whether `paddle` may bid what is bid already."""
        if self._outranks(paddle, self.leader):
            return True
        return self._is_equal(paddle) and self.offers.get(paddle) != self.price

    def _is_equal(self, paddle: Paddle) -> bool:
        """Whether `paddle` is of the leader's rank, and equals may stand at one price."""
        rank = self.ranks.get(paddle, 0)
        is_drawn = self.terms.priority is PriorityRule.EQUAL_PRICE_DRAW
        return is_drawn and rank > 0 and rank == self.ranks.get(self.leader, 0)

    def _tied(self) -> tuple[Paddle, ...]:
        """Those of the leader's rank who stand at his price with him, the earliest first."""
        rank = self.ranks.get(self.leader, 0)
        if not rank or self.terms.priority is not PriorityRule.EQUAL_PRICE_DRAW:
            return ()
        abreast = takewhile(lambda paddle: self.offers[paddle] == self.price, reversed(self.offers))
        tied = [paddle for paddle in abreast if self.ranks.get(paddle, 0) == rank]
        return tuple(reversed(tied)) if len(tied) > 1 else ()

    # Amounts.

    def _out_of_range(self) -> Refused:
        largest = AMOUNT_MAX if self.sign > 0 else 1
        return Refused(Refusal.AMOUNT_OUT_OF_RANGE, self.asking_price, self.increment, largest)

    def _amount_refusal(self, amount: Amount, paddle: Paddle, *, is_limit: bool = False) -> Refused | None:
        """Check what a bidder names against all that is asked of it, in the order of the refusals."""
        asking_price = self.asking_price
        if (amount - asking_price) * self.sign >= 0 or self._is_match(amount, paddle, is_limit):
            return None if self.terms.takes_any_amount else self._step_refusal(amount, asking_price)
        if self.ranks and self.leader and self._may_match(paddle) and (amount - self.price) * self.sign < 0:
            asking_price = self.price
        if self.sign > 0:
            return Refused(Refusal.BELOW_ASKING_PRICE, asking_price, self.increment)
        too_high = Refused(Refusal.ABOVE_ASKING_PRICE, asking_price, self.increment)
        return self._step_refusal(amount, asking_price) or too_high

    def _is_match(self, amount: Amount, paddle: Paddle, is_limit: bool) -> bool:
        """Whether a priority purchaser names the leading price, or as his limit something between it and the next."""
        if not self.ranks or not self.leader or not self._may_match(paddle):
            return False
        return amount == self.price or (is_limit and (amount - self.price) * self.sign > 0)

    def _step_refusal(self, amount: Amount, least: Amount) -> Refused | None:
        """Check `amount` against steps and cap; `least` is what a refusal names as acceptable."""
        terms = self.terms
        if amount == terms.buy_now_price:
            return None
        increment = self.increment
        ceiling = terms.cap_price or terms.buy_now_price
        is_beyond_ceiling = ceiling and (amount - ceiling) * self.sign > 0
        if is_beyond_ceiling and self.sign < 0:
            floor = self._largest_within(ceiling, least)
            return Refused(Refusal.BELOW_ASKING_PRICE, least, increment, floor)
        grid = self.price or self.opening_price
        if terms.bid_rule is BidRule.STEP_MULTIPLE and (amount - grid) % increment:
            return Refused(Refusal.NOT_ON_STEP, least, increment)
        if terms.raise_steps_max is not None:
            largest = self._raise_max(terms.raise_steps_max * increment)
            if (amount - largest) * self.sign > 0:
                return Refused(Refusal.ABOVE_LARGEST_RAISE, least, increment, largest)
        if is_beyond_ceiling:
            return Refused(Refusal.ABOVE_CAP, least, increment, self._largest_within(ceiling, least))
        return None

    def _raise_max(self, raise_max: Amount) -> Amount:
        return max(self.asking_price + self.sign * raise_max, 1)

    def _largest_within(self, ceiling: Amount, least: Amount) -> Amount:
        """The furthest that a bid may go under a ceiling: the ceiling itself, or the last step before it."""
        if self.terms.bid_rule is BidRule.FREE or self.terms.buy_now_price:
            return ceiling
        return ceiling - self.sign * ((ceiling - least) * self.sign % self.increment)

    def _answer_to(self, amount: Amount) -> Amount:
        """What a max bid answers a rival's `amount`, its own limit left aside."""
        terms = self.terms
        return amount + self.sign * (terms.proxy_raise or increment_at(terms.increments, amount))

    def _falls_short(self, amount: Amount) -> bool:
        """Whether there is a reserve that `amount` does not reach."""
        return self.reserve_price != 0 and (amount - self.reserve_price) * self.sign < 0

    def _further(self, one: Amount, other: Amount) -> Amount:
        return max(one, other) if self.sign > 0 else min(one, other)

    def _nearer(self, one: Amount, other: Amount) -> Amount:
        return min(one, other) if self.sign > 0 else max(one, other)

    # What follows a bid.

    def _heard(self, events: list[Event], at_us: TimeUs) -> Decided:
        """Add what a bid brings about: the end of the phase at cap or buy-now price, or a moved end."""
        terms = self.terms
        if terms.cap_price or terms.buy_now_price:
            last = events[-1]
            assert isinstance(last, BidPlaced), "what is heard is a bid"
            if _is_stopped(terms, self.sign, last.amount):
                return self._closing(events + [CapReached(last.amount)] * bool(terms.cap_price), at_us)
        if not self.ends_at_us or self.ends_at_us - at_us > terms.soft_close_window_us:
            return events
        return self._with_extension(events, at_us)

    def _with_extension(self, events: list[Event], at_us: TimeUs) -> list[Event]:
        """Add the moved end after a bid that came inside the soft-close window."""
        terms = self.terms
        if terms.extensions_max is not None and self.extensions >= terms.extensions_max:
            return events
        ends_at_us = at_us + terms.extension_us
        if self.hard_end_us:
            ends_at_us = min(ends_at_us, self.hard_end_us)
        if ends_at_us > self.ends_at_us:
            events.append(LotExtended(ends_at_us, self.extensions + 1))
        return events

    # The end.

    def _last_word(self) -> list[Event]:
        """The leader's max bid goes to a reserve that was entered only after he had left it."""
        if self.leader and self._falls_short(self.price) and not self._falls_short(self.limit):
            return [BidPlaced(self.leader, self.reserve_price, is_proxy=True)]
        return []

    def _closing(self, events: list[Event], at_us: TimeUs) -> Closing:
        if not events:
            return Closing(events, self.standing)
        later = structs.replace(
            self,
            limits=dict(self.limits),
            offers=dict(self.offers),
            offered_at_us=dict(self.offered_at_us),
        )
        for event in events:
            later.apply(event, at_us)
        return Closing(events, later.standing)

    def _places(self) -> tuple[Place, ...]:
        return tuple(Place(paddle, amount) for paddle, amount in reversed(self.offers.items()))

    def _recent(self) -> tuple[Paddle, ...]:
        """Who bid shortly before the end, in ascending order."""
        since_us = self.ends_at_us - self.terms.recent_window_us
        return tuple(sorted(paddle for paddle, at_us in self.offered_at_us.items() if at_us >= since_us))


def _is_stopped(terms: EnglishTerms, sign: int, price: Amount) -> bool:
    """Whether the leading price is where the phase ends: bought, at the cap, or less than a step from it."""
    if terms.buy_now_price:
        return (price - terms.buy_now_price) * sign >= 0
    if not terms.cap_price:
        return False
    return (price - terms.cap_price) * sign + increment_at(terms.increments, price) > 0


def _carried_limit(terms: EnglishTerms, sign: int, standing: Standing) -> dict[Paddle, Amount]:
    """The leader's max bid from the phase before, as far as the prices of this one go."""
    if not standing.limit or not terms.max_bids_allowed:
        return {}
    ceiling = terms.cap_price or terms.buy_now_price
    limit = min(standing.limit * sign, ceiling * sign) * sign if ceiling else standing.limit
    return {standing.leader: limit}


def _carried_offers(standing: Standing) -> dict[Paddle, Amount]:
    """The offers of the phases before, from the worst to the best; the leader comes last whatever the ranking said."""
    offers = {place.paddle: place.amount for place in reversed(standing.places)}
    if standing.leader:
        offers.pop(standing.leader, None)
        offers[standing.leader] = standing.price
    return offers
