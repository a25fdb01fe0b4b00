"""English bidding with soft close, step tables, max bids and an optional host's hammer.

The leading price only rises. At most one max bid stands at any time, the leader's: a lower one has been
outbid and a higher one leads. Ties go to the earlier instruction.

Source: 法释〔2016〕18号 art. 20 (extension); proxy rule: the leader pays the strongest rival plus one step,
never more than his own limit.
"""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct

from matching.commands import BidderCommand, PlaceBid
from matching.events import (
    BidPlaced,
    Event,
    FairWarningGiven,
    LotExtended,
    LotResumed,
    MaxBidLeft,
    PhaseBegan,
)
from matching.increments import increment_at
from matching.phases.standing import Closing, Standing
from matching.refusals import Refusal, Refused
from matching.terms import BidRule, EnglishTerms, LotTerms
from matching.units import AMOUNT_MAX, NOBODY, Amount, Paddle, TimeUs

Decision: TypeAlias = list[Event] | Refused


class EnglishPhase(Struct, tag="english"):
    """State of one English phase. Prices are minor units, times microseconds."""

    terms: EnglishTerms
    index: int
    opening_price: Amount
    reserve_price: Amount
    ends_at_us: TimeUs
    hard_end_us: TimeUs
    leader: Paddle
    price: Amount
    limits: dict[Paddle, Amount]
    """The highest max bid of each paddle. Only the leader's can lie above the price: any other was outbid."""
    bids: int = 0
    extensions: int = 0
    warnings: int = 0

    @classmethod
    def begin(
        cls, terms: EnglishTerms, lot_terms: LotTerms, index: int, standing: Standing, at_us: TimeUs
    ) -> PhaseBegan:
        """Return the event that starts the phase at `at_us`."""
        return PhaseBegan(index, 0 if terms.duration_us is None else at_us + terms.duration_us)

    @classmethod
    def begun(
        cls,
        terms: EnglishTerms,
        lot_terms: LotTerms,
        event: PhaseBegan,
        standing: Standing,
        reserve_price: Amount,
        at_us: TimeUs,
    ) -> EnglishPhase:
        """Return the phase that `event`, recorded at `at_us`, started."""
        hard_end_us = 0 if terms.hard_end_after_us is None else at_us + terms.hard_end_after_us
        return cls(
            terms=terms,
            index=event.index,
            opening_price=lot_terms.opening_price,
            reserve_price=reserve_price,
            ends_at_us=event.ends_at_us,
            hard_end_us=hard_end_us,
            leader=standing.leader,
            price=standing.price,
            limits={standing.leader: standing.limit} if standing.limit and terms.max_bids_allowed else {},
            bids=standing.bids,
        )

    @property
    def standing(self) -> Standing:
        """Who leads, and at what price."""
        limit = self.limit
        return Standing(self.leader, self.price, limit if limit > self.price else 0, self.bids)

    @property
    def due_at_us(self) -> TimeUs:
        """When the clock ends the phase; 0 when only the host does."""
        return self.ends_at_us

    @property
    def limit(self) -> Amount:
        """How far the leader's instructions go: his max bid, or the price itself."""
        return max(self.limits.get(self.leader, 0), self.price)

    @property
    def increment(self) -> Amount:
        """The step that applies now."""
        return increment_at(self.terms.increments, self.price)

    @property
    def asking_price(self) -> Amount:
        """The lowest next bid: the opening price, then the leading price plus one step."""
        if self.leader == NOBODY:
            return self.opening_price
        return self.price + increment_at(self.terms.increments, self.price)

    def decide(self, command: BidderCommand, paddle: Paddle, at_us: TimeUs) -> Decision:
        """Return the events of a bid or max bid, or why it is refused. Changes nothing.

        Refuses: AMOUNT_OUT_OF_RANGE, MAX_BIDS_NOT_ALLOWED, LEADER_MAY_NOT_RAISE, MAX_BID_NOT_RAISED,
            BELOW_ASKING_PRICE, NOT_ON_STEP, ABOVE_LARGEST_RAISE.
        """
        if isinstance(command, PlaceBid):
            return self._decide_bid(command.amount, paddle, at_us)
        return self._decide_max_bid(command.limit, paddle, at_us)

    def meet_deadline(self, at_us: TimeUs) -> Closing:
        """Return the end of the phase: its one deadline has come."""
        return Closing([], self.standing)

    def hammer(self) -> Closing | Refused:
        """Return the end of the phase, or why the host may not let the hammer fall now.

        Refuses: HAMMER_BELONGS_TO_CLOCK, FAIR_WARNINGS_MISSING.
        """
        if not self.terms.host_may_hammer:
            return Refused(Refusal.HAMMER_BELONGS_TO_CLOCK)
        missing = self.terms.fair_warnings_min - self.warnings
        if missing > 0:
            return Refused(Refusal.FAIR_WARNINGS_MISSING, missing=missing)
        return Closing([], self.standing)

    def resumed_end_us(self, frozen_at_us: TimeUs, at_us: TimeUs) -> TimeUs:
        """Return the end after a freeze: what remained, but at least the fresh countdown."""
        if not self.ends_at_us:
            return 0
        remaining_us = max(self.ends_at_us - frozen_at_us, 0)
        return at_us + max(remaining_us, self.terms.resume_countdown_us)

    def apply(self, event: Event) -> None:
        """Take over one of the phase's events."""
        match event:
            case BidPlaced():
                self.leader = event.paddle
                self.price = event.amount
                self.bids += 1
                self.warnings = 0
            case MaxBidLeft():
                self.limits[event.paddle] = event.limit
            case LotExtended():
                self.ends_at_us = event.ends_at_us
                self.extensions = event.extension
            case LotResumed():
                if self.hard_end_us:
                    self.hard_end_us += event.ends_at_us - self.ends_at_us
                self.ends_at_us = event.ends_at_us
                self.warnings = 0
            case FairWarningGiven():
                self.warnings = event.warning

    def _decide_bid(self, amount: Amount, paddle: Paddle, at_us: TimeUs) -> Decision:
        if not 0 < amount <= AMOUNT_MAX:
            return self._out_of_range()
        is_leader = paddle == self.leader
        if is_leader and not self.terms.leader_may_raise:
            return Refused(Refusal.LEADER_MAY_NOT_RAISE)
        refused = self._amount_refusal(amount)
        if refused is not None:
            return refused
        events: list[Event] = [BidPlaced(paddle, amount)]
        if not is_leader and amount <= self.limit:
            events.append(self._proxy_answer(amount))
        return self._with_extension(events, at_us)

    def _decide_max_bid(self, limit: Amount, paddle: Paddle, at_us: TimeUs) -> Decision:
        if not 0 < limit <= AMOUNT_MAX:
            return self._out_of_range()
        if not self.terms.max_bids_allowed:
            return Refused(Refusal.MAX_BIDS_NOT_ALLOWED)
        if paddle == self.leader:
            return self._decide_own_limit(limit, paddle, at_us)
        refused = self._amount_refusal(limit)
        if refused is not None:
            return refused
        events: list[Event] = [MaxBidLeft(paddle, limit)]
        if limit > self.limit:
            if self.limit > self.price:
                events.append(BidPlaced(self.leader, self.limit, is_proxy=True))
            events.append(BidPlaced(paddle, self._leading_price(limit), is_proxy=True))
        else:
            events += [BidPlaced(paddle, limit, is_proxy=True), self._proxy_answer(limit)]
        return self._with_extension(events, at_us)

    def _decide_own_limit(self, limit: Amount, paddle: Paddle, at_us: TimeUs) -> Decision:
        """The leader raises his limit: in silence, unless it now reaches the reserve."""
        least = self._least_raised_limit()
        if limit <= self.limit:
            return Refused(Refusal.MAX_BID_NOT_RAISED, least, self.increment)
        refused = self._step_refusal(limit, least)
        if refused is not None:
            return refused
        events: list[Event] = [MaxBidLeft(paddle, limit)]
        if self.price < self.reserve_price <= limit:
            events.append(BidPlaced(paddle, self.reserve_price, is_proxy=True))
            return self._with_extension(events, at_us)
        return events

    def _least_raised_limit(self) -> Amount:
        """The lowest limit to which the leader may raise his max bid."""
        if self.terms.bid_rule is BidRule.FREE:
            return self.limit + 1
        increment = self.increment
        return self.price + ((self.limit - self.price) // increment + 1) * increment

    def _out_of_range(self) -> Refused:
        return Refused(Refusal.AMOUNT_OUT_OF_RANGE, self.asking_price, self.increment, AMOUNT_MAX)

    def _amount_refusal(self, amount: Amount) -> Refused | None:
        asking_price = self.asking_price
        if amount < asking_price:
            return Refused(Refusal.BELOW_ASKING_PRICE, asking_price, self.increment)
        if self.terms.takes_any_amount:
            return None
        return self._step_refusal(amount, asking_price)

    def _step_refusal(self, amount: Amount, least: Amount) -> Refused | None:
        """Check `amount` against the steps; `least` is what a refusal names as acceptable."""
        terms = self.terms
        if terms.bid_rule is BidRule.STEP_MULTIPLE and (amount - least) % self.increment:
            return Refused(Refusal.NOT_ON_STEP, least, self.increment)
        if terms.raise_steps_max is not None:
            largest = self.asking_price + terms.raise_steps_max * self.increment
            if amount > largest:
                return Refused(Refusal.ABOVE_LARGEST_RAISE, least, self.increment, largest)
        return None

    def _proxy_answer(self, amount: Amount) -> BidPlaced:
        """The leader's max bid answers a rival's `amount` that it reaches: one step more, within the limit."""
        assert amount <= self.limit, "a rival above the limit leads; nothing answers him"
        answer = min(self.limit, amount + increment_at(self.terms.increments, amount))
        return BidPlaced(self.leader, answer, is_proxy=True)

    def _leading_price(self, limit: Amount) -> Amount:
        """The least that leads for a max bid above the leader's: his limit plus a step, or the reserve."""
        least = self.opening_price
        if self.leader:
            outbid = self.limit
            least = outbid + increment_at(self.terms.increments, outbid)
        if limit >= self.reserve_price:
            least = max(least, self.reserve_price)
        return min(limit, least)

    def _with_extension(self, events: list[Event], at_us: TimeUs) -> list[Event]:
        """Add the moved end when a bid comes inside the soft-close window."""
        terms = self.terms
        if not self.ends_at_us or self.ends_at_us - at_us > terms.soft_close_window_us:
            return events
        if terms.extensions_max is not None and self.extensions >= terms.extensions_max:
            return events
        ends_at_us = at_us + terms.extension_us
        if self.hard_end_us:
            ends_at_us = min(ends_at_us, self.hard_end_us)
        if ends_at_us > self.ends_at_us:
            events.append(LotExtended(ends_at_us, self.extensions + 1))
        return events
