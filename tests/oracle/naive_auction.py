"""A second auction, slow and plain: it keeps the list of what was accepted and works everything out again from there.

Written from the rules as matching/README.md tells them, with nothing of `matching.lot` or `matching.phases`. Every word
of a bidder is a contest between him and whoever leads; a refusal is the first of all that apply.

Belongs here: the rules a second time, for English bidding, the sell-off and the right of first refusal.
Does not belong here: events, speed, anything clever.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from matching import commands as command
from matching.commands import Word
from matching.refusals import Refusal
from matching.terms import (
    BidRule,
    Direction,
    EnglishTerms,
    EqualLimits,
    FirstRefusalTerms,
    LotTerms,
    PriorityRule,
    SellOffTerms,
    SeveralMatch,
)
from matching.units import AMOUNT_MAX, Amount, BidderId, Paddle, Rank, TimeUs

CLOSED = ("sold", "passed", "withdrawn")
ENDED = (*CLOSED, "knocked_down")

Terms: TypeAlias = EnglishTerms | FirstRefusalTerms | SellOffTerms
Place: TypeAlias = tuple[Paddle, Amount]


@dataclass(frozen=True)
class Instruction:
    """What one bidder once said: exactly `amount`, or up to `amount`."""

    paddle: Paddle
    amount: Amount
    is_max: bool


@dataclass
class Picture:
    """Everything that can be said of the lot after the accepted commands."""

    state: str = "announced"
    due_at_us: TimeUs = 0
    paddles: dict[BidderId, Paddle] = field(default_factory=dict)
    ranks: dict[Paddle, Rank] = field(default_factory=dict)
    index: int = 0
    terms: Terms | None = None
    leader: Paddle = 0
    price: Amount = 0
    limit: Amount = 0
    """How far the leader has said that he goes."""
    firsts: list[Paddle] = field(default_factory=list)
    """Who left max bids in this phase, in the order of their first."""
    offers: list[Place] = field(default_factory=list)
    """All that was ever bid, by people or for them."""
    bids_before: int = 0
    spoken_at_us: dict[Paddle, TimeUs] = field(default_factory=dict)
    recent: set[Paddle] = field(default_factory=set)
    eligible: set[Paddle] | None = None
    is_capped: bool = False
    tied: list[Paddle] = field(default_factory=list)
    """Who shared the lead when the phase before ended."""
    answers: dict[Paddle, Word] = field(default_factory=dict)
    holders: dict[Paddle, Rank] = field(default_factory=dict)
    awards: list[tuple[Paddle, int, Amount]] = field(default_factory=list)
    nobody_wanted_it: bool = False
    ends_at_us: TimeUs = 0
    hard_end_us: TimeUs = 0
    frozen_at_us: TimeUs = 0
    frozen_by_outage: bool = False
    extensions: int = 0
    warnings: int = 0
    winner: Paddle = 0
    hammer_price: Amount = 0
    runners_up: list[Place] = field(default_factory=list)


def step_at(terms: EnglishTerms, price: Amount) -> Amount:
    """Return the increment of the last row that the price reaches."""
    return [row.increment for row in terms.increments if row.threshold <= price][-1]


class NaiveAuction:
    """One lot, by the book."""

    def __init__(self, terms: LotTerms) -> None:
        self.terms = terms
        self.way = 1 if terms.direction is Direction.RISING else -1
        self.too_little = Refusal.BELOW_ASKING_PRICE if self.way > 0 else Refusal.ABOVE_ASKING_PRICE
        self.too_much = Refusal.ABOVE_CAP if self.way > 0 else Refusal.BELOW_ASKING_PRICE
        self.accepted: list[tuple[TimeUs, command.Command]] = []
        self.now = self.picture()

    def give(self, given: command.Command, at_us: TimeUs) -> Refusal | None:
        """Accept a command, or return the first reason why not."""
        reasons = self.reasons(given, at_us)
        if reasons:
            return min(reasons, key=list(Refusal).index)
        self.accepted.append((at_us, given))
        self.now = self.picture()
        return None

    @property
    def asking_price(self) -> Amount:
        """The least next bid, as the public is told it."""
        return self.asked(self.now)

    def asked(self, now: Picture) -> Amount:
        """Return the least next bid of somebody without priority; what phases other than bidding show."""
        if isinstance(now.terms, FirstRefusalTerms):
            return now.price
        if now.terms is None or not now.leader or isinstance(now.terms, SellOffTerms):
            return self.terms.opening_price
        if not now.terms.first_step_up and len(now.offers) == now.bids_before:
            return now.price
        asking = now.price + self.way * step_at(now.terms, now.price)
        if now.terms.buy_now_price and self.is_beyond(asking, now.terms.buy_now_price):
            asking = now.terms.buy_now_price
        return max(asking, 0)

    def is_beyond(self, one: Amount, other: Amount) -> bool:
        """Tell whether one amount is better for the lot than another."""
        return one > other if self.way > 0 else one < other

    def better(self, *amounts: Amount) -> Amount:
        """Return the amount that is best for the lot."""
        return max(amounts) if self.way > 0 else min(amounts)

    def worse(self, *amounts: Amount) -> Amount:
        """Return the amount that is worst for the lot."""
        return min(amounts) if self.way > 0 else max(amounts)

    # Reasons: each is asked for itself, whatever the others say.

    def reasons(self, given: command.Command, at_us: TimeUs) -> list[Refusal]:
        """List every refusal that applies to the command."""
        now = self.now
        match given:
            case command.PlaceBid(bidder=bidder, amount=amount):
                return self._not_open(at_us) + self._against_amount(bidder, amount, is_max=False)
            case command.LeaveMaxBid(bidder=bidder, limit=limit):
                return self._not_open(at_us) + self._against_amount(bidder, limit, is_max=True)
            case command.Declare(bidder=bidder, word=word):
                return self._not_open(at_us) + self._against_word(bidder, word)
            case command.MeetDeadline(due_at_us=due_at_us):
                is_due = now.due_at_us == due_at_us and 0 < due_at_us <= at_us
                return [] if is_due else [Refusal.DEADLINE_NOT_DUE]
            case command.AdmitBidder(bidder=bidder):
                ended = [Refusal.LOT_CLOSED] * (now.state in ENDED)
                return ended + [Refusal.ALREADY_ADMITTED] * (bidder in now.paddles)
            case command.OpenLot():
                return self._closed() + [Refusal.LOT_ALREADY_OPEN] * (now.state != "announced")
            case command.ResumeLot():
                return self._closed() + [Refusal.LOT_NOT_FROZEN] * (now.state != "frozen")
            case command.WithdrawLot(reason=reason):
                return self._closed() + [Refusal.REASON_MISSING] * (not reason.strip())
            case command.PauseLot(reason=reason):
                may_hold = now.state == "frozen" and now.frozen_by_outage
                unspoken = [Refusal.REASON_MISSING] * (not reason.strip())
                return unspoken if may_hold else self._not_open(at_us) + unspoken
            case command.GiveFairWarning():
                return self._not_open(at_us)
            case command.HammerLot():
                return self._not_open(at_us) + self._against_hammer()
            case command.ConfirmSale():
                return [Refusal.LOT_NOT_KNOCKED_DOWN] * (now.state != "knocked_down")
            case command.DeclareDefault(reason=reason):
                unspoken = [Refusal.REASON_MISSING] * (not reason.strip())
                return [Refusal.LOT_NOT_KNOCKED_DOWN] * (now.state != "knocked_down") + unspoken
            case command.MakeAnnouncement(text=text):
                return self._closed() + [Refusal.ANNOUNCEMENT_INVALID] * (not 1 <= len(text.strip()) <= 500)
        return [Refusal.LOT_ALREADY_ANNOUNCED]

    def _closed(self) -> list[Refusal]:
        return [Refusal.LOT_CLOSED] * (self.now.state in CLOSED)

    def _not_open(self, at_us: TimeUs) -> list[Refusal]:
        now = self.now
        is_over = now.state == "open" and now.ends_at_us != 0 and not at_us < now.ends_at_us
        return [
            *[Refusal.LOT_CLOSED] * (is_over or now.state in ENDED),
            *[Refusal.LOT_NOT_OPEN_YET] * (now.state == "announced"),
            *[Refusal.LOT_FROZEN] * (now.state == "frozen"),
        ]

    def _against_hammer(self) -> list[Refusal]:
        terms = self.now.terms
        if terms is None:
            return []
        if not isinstance(terms, EnglishTerms):
            return [Refusal.HAMMER_BELONGS_TO_CLOCK]
        return [
            *[Refusal.HAMMER_BELONGS_TO_CLOCK] * (not terms.host_may_hammer),
            *[Refusal.FAIR_WARNINGS_MISSING] * (self.now.warnings < terms.fair_warnings_min),
        ]

    def _against_person(self, bidder: BidderId) -> list[Refusal]:
        """Admitted, and among those whom the phase is for."""
        now = self.now
        paddle = now.paddles.get(bidder, 0)
        is_for = now.holders if isinstance(now.terms, FirstRefusalTerms) else now.eligible
        is_out = is_for is not None and paddle not in is_for
        return [Refusal.NOT_ADMITTED] * (not paddle) + [Refusal.NOT_ELIGIBLE] * is_out

    def _against_word(self, bidder: BidderId, word: Word) -> list[Refusal]:
        now = self.now
        found = self._against_person(bidder)
        if not isinstance(now.terms, FirstRefusalTerms):
            return [*found, Refusal.NOT_TAKEN_NOW]
        has_answered = now.paddles.get(bidder) in now.answers
        return [
            *found,
            *[Refusal.ALREADY_DECLARED] * has_answered,
            *[Refusal.NOT_TAKEN_NOW] * (word is Word.WAIVE),
        ]

    def _against_amount(self, bidder: BidderId, amount: Amount, *, is_max: bool) -> list[Refusal]:
        now = self.now
        terms = now.terms
        found = self._against_person(bidder)
        if terms is None or isinstance(terms, FirstRefusalTerms):
            return [*found, Refusal.NOT_TAKEN_NOW]
        found += [Refusal.AMOUNT_OUT_OF_RANGE] * (amount <= 0 or amount > AMOUNT_MAX)
        found += [Refusal.MAX_BIDS_NOT_ALLOWED] * (is_max and not terms.max_bids_allowed)
        if isinstance(terms, SellOffTerms):
            too_little = self.is_beyond(self.terms.opening_price, amount)
            return found + [self.too_little] * too_little
        paddle = now.paddles.get(bidder, 0)
        if now.leader and paddle == now.leader and not self.abreast(now):
            found += self._against_leader(terms, amount, is_max)
        elif not self._is_enough(terms, amount, paddle, is_max):
            found.append(self.too_little)
        return found + self._against_figure(terms, amount)

    def _against_leader(self, terms: EnglishTerms, amount: Amount, is_max: bool) -> list[Refusal]:
        if is_max:
            return [Refusal.MAX_BID_NOT_RAISED] * (not self.is_beyond(amount, self.now.limit))
        may_raise = terms.leader_may_raise or 0 < terms.buy_now_price == amount
        too_little = self.is_beyond(self.asking_price, amount)
        return [Refusal.LEADER_MAY_NOT_RAISE] * (not may_raise) + [self.too_little] * too_little

    def _against_figure(self, terms: EnglishTerms, amount: Amount) -> list[Refusal]:
        if amount == terms.buy_now_price:
            return []
        step = step_at(terms, self.now.price)
        off_step = (amount - (self.now.price or self.terms.opening_price)) % step != 0
        found = [Refusal.NOT_ON_STEP] * (terms.bid_rule is BidRule.STEP_MULTIPLE and off_step)
        if terms.raise_steps_max is not None:
            largest = max(self.asking_price + self.way * terms.raise_steps_max * step, 1)
            found += [Refusal.ABOVE_LARGEST_RAISE] * self.is_beyond(amount, largest)
        ceiling = terms.cap_price or terms.buy_now_price
        return found + [self.too_much] * (ceiling > 0 and self.is_beyond(amount, ceiling))

    def _is_enough(self, terms: EnglishTerms, amount: Amount, paddle: Paddle, is_max: bool) -> bool:
        """What is asked of everybody; or, of a priority purchaser, what is bid already."""
        if not self.is_beyond(self.asking_price, amount):
            return True
        now = self.now
        if not now.leader or not self._may_stand_beside(terms, paddle):
            return False
        return amount == now.price or (is_max and self.is_beyond(amount, now.price))

    def _may_stand_beside(self, terms: EnglishTerms, paddle: Paddle) -> bool:
        now = self.now
        if self.precedes(now, paddle, now.leader):
            return True
        return self._are_equals(now, terms, paddle) and dict(now.offers).get(paddle) != now.price

    def _are_equals(self, now: Picture, terms: EnglishTerms, paddle: Paddle) -> bool:
        """Whether a bidder may share the lead, until a draw, with whoever leads."""
        rank = now.ranks.get(paddle, 0)
        same = rank > 0 and rank == now.ranks.get(now.leader, 0)
        return same and terms.priority is PriorityRule.EQUAL_PRICE_DRAW

    # Priority.

    def precedes(self, now: Picture, one: Paddle, other: Paddle) -> bool:
        """Tell whether the rules put one bidder before another at the same price."""
        if not isinstance(now.terms, EnglishTerms) or now.terms.priority is PriorityRule.NONE:
            return False
        ordinary = 1000
        return (now.ranks.get(one) or ordinary) < (now.ranks.get(other) or ordinary)

    def tied(self, now: Picture) -> list[Paddle]:
        """Return between whom a draw has to decide: those abreast, also those of before while nobody bids on."""
        return self.abreast(now) or (now.tied if len(now.offers) == now.bids_before else [])

    def abreast(self, now: Picture) -> list[Paddle]:
        """Return those who share the lead."""
        terms = now.terms
        rank = now.ranks.get(now.leader, 0)
        if (
            not isinstance(terms, EnglishTerms)
            or terms.priority is not PriorityRule.EQUAL_PRICE_DRAW
            or not rank
        ):
            return []
        best = dict(now.offers)
        equals = [paddle for paddle in best if best[paddle] == now.price and now.ranks.get(paddle) == rank]
        return equals if len(equals) > 1 else []

    # The picture: read again from the first accepted command to the last.

    def picture(self) -> Picture:
        """Work out the state of the lot from the accepted commands alone."""
        now = Picture(due_at_us=self.terms.opens_at_us)
        for at_us, given in self.accepted:
            self._read(now, given, at_us)
        return now

    def _read(self, now: Picture, given: command.Command, at_us: TimeUs) -> None:
        match given:
            case command.AdmitBidder(bidder=bidder, rank=rank):
                now.paddles[bidder] = len(now.paddles) + 1
                now.ranks[now.paddles[bidder]] = rank
            case command.PlaceBid(bidder=bidder, amount=amount):
                self._hear(now, Instruction(now.paddles[bidder], amount, is_max=False), at_us)
            case command.LeaveMaxBid(bidder=bidder, limit=limit):
                self._hear(now, Instruction(now.paddles[bidder], limit, is_max=True), at_us)
            case command.Declare(bidder=bidder, word=word):
                now.answers[now.paddles[bidder]] = word
                now.leader = (self._matchers(now) or [now.leader])[0]
                if len(now.answers) == len(now.holders):
                    self._finish_phase(now, at_us)
            case command.GiveFairWarning():
                now.warnings += 1
            case command.OpenLot():
                self._start(now, 0, at_us)
            case command.HammerLot():
                self._finish_phase(now, at_us)
            case command.PauseLot():
                self._freeze(now, at_us, resumes_at_us=0)
            case command.ResumeLot():
                self._resume(now, at_us)
            case command.WithdrawLot():
                now.state, now.due_at_us = "withdrawn", 0
                now.winner = now.hammer_price = 0
            case command.ConfirmSale():
                now.state = "sold"
            case command.DeclareDefault():
                self._call_next(now)
            case command.MeetDeadline(due_at_us=due_at_us):
                self._read_deadline(now, due_at_us, at_us)

    def _read_deadline(self, now: Picture, due_at_us: TimeUs, at_us: TimeUs) -> None:
        if now.state == "announced":
            self._start(now, 0, at_us)
        elif now.state == "frozen":
            self._resume(now, at_us)
        elif at_us - due_at_us > self.terms.outage_tolerance_us:
            self._freeze(now, at_us, resumes_at_us=at_us + self.terms.outage_notice_us)
        else:
            self._finish_phase(now, at_us)

    # Phases, one after the other.

    def _start(self, now: Picture, index: int, at_us: TimeUs) -> None:
        """Begin the first phase from `index` on whose conditions are met, or come to the outcome."""
        for place, terms in enumerate(self.terms.programme):
            assert isinstance(terms, EnglishTerms | FirstRefusalTerms | SellOffTerms)
            if place >= index and not now.nobody_wanted_it and self._is_wanted(now, terms):
                self._begin(now, place, terms, at_us)
                return
        self._conclude(now)

    def _is_wanted(self, now: Picture, terms: Terms) -> bool:
        match terms:
            case SellOffTerms():
                return now.leader == 0
            case FirstRefusalTerms():
                return now.leader != 0 and self._reaches_reserve(now.price) and bool(self._holders(now))
        entrants = len(now.paddles) if now.eligible is None else len(now.eligible)
        enough = entrants >= terms.entrants_min and len(now.recent) >= terms.recent_min
        return enough and not now.is_capped and not now.awards and not self._is_final(now, terms)

    def _holders(self, now: Picture) -> dict[Paddle, Rank]:
        leading = now.ranks.get(now.leader, 0) or 1000
        return {paddle: rank for paddle, rank in now.ranks.items() if 0 < rank < leading}

    def _begin(self, now: Picture, index: int, terms: Terms, at_us: TimeUs) -> None:
        now.state, now.index, now.terms = "open", index, terms
        lasts_us = terms.window_us if isinstance(terms, FirstRefusalTerms) else terms.duration_us
        now.ends_at_us = now.due_at_us = 0 if lasts_us is None else at_us + lasts_us
        now.hard_end_us = now.extensions = now.warnings = 0
        now.answers, now.holders, now.spoken_at_us, now.firsts = {}, {}, {}, []
        now.bids_before = len(now.offers)
        if isinstance(terms, FirstRefusalTerms):
            now.holders = self._holders(now)
        elif isinstance(terms, EnglishTerms):
            now.hard_end_us = 0 if terms.hard_end_after_us is None else at_us + terms.hard_end_after_us
            self._carry_limit(now, terms)

    def _carry_limit(self, now: Picture, terms: EnglishTerms) -> None:
        """The leader's max bid goes on where there are max bids, as far as the new phase's prices go."""
        ceiling = terms.cap_price or terms.buy_now_price
        if now.limit == now.price or not terms.max_bids_allowed:
            now.limit = now.price
            return
        now.limit = self.worse(now.limit, ceiling) if ceiling else now.limit
        now.firsts = [now.leader]

    def _finish_phase(self, now: Picture, at_us: TimeUs) -> None:
        match now.terms:
            case SellOffTerms():
                now.nobody_wanted_it = now.leader == 0
            case FirstRefusalTerms():
                self._settle_first_refusal(now, now.terms)
            case EnglishTerms():
                now.tied = self.tied(now)
                now.is_capped = now.leader != 0 and self._is_final(now, now.terms)
                since_us = now.ends_at_us - now.terms.recent_window_us
                if now.terms.recent_window_us:
                    now.recent = {paddle for paddle, spoken in now.spoken_at_us.items() if spoken >= since_us}
        self._start(now, now.index + 1, at_us)

    def _settle_first_refusal(self, now: Picture, terms: FirstRefusalTerms) -> None:
        matchers = self._matchers(now)
        if terms.several is SeveralMatch.BIDDING:
            now.eligible = set(matchers)
        if not matchers:
            return
        for paddle in reversed(matchers):
            now.offers.append((paddle, now.price))
        now.leader, now.limit, now.tied = matchers[0], now.price, []
        if terms.several is SeveralMatch.PRO_RATA and len(matchers) > 1:
            units = self._parts(terms.units, self._weights(now, terms, matchers))
            amounts = self._parts(now.price, units)
            awards = zip(matchers, units, amounts, strict=True)
            now.awards = [(paddle, quantity, amount) for paddle, quantity, amount in awards if quantity]

    def _matchers(self, now: Picture) -> list[Paddle]:
        """Who took the price, the earliest rank first, then the earliest answer."""
        matched = [paddle for paddle, word in now.answers.items() if word is Word.ACCEPT]
        return sorted(matched, key=lambda paddle: now.holders[paddle])

    def _weights(self, now: Picture, terms: FirstRefusalTerms, matchers: list[Paddle]) -> list[int]:
        shares = {stake.rank: stake.share for stake in terms.stakes}
        weights = [shares.get(now.holders[paddle], 0) for paddle in matchers]
        return weights if sum(weights) else [1 for _ in matchers]

    @staticmethod
    def _parts(whole: int, weights: list[int]) -> list[int]:
        """Hand out one after the other what is left after whole parts, each to whom it is owed most."""
        parts = [whole * weight // sum(weights) for weight in weights]
        owed = [whole * weight % sum(weights) for weight in weights]
        while sum(parts) < whole:
            most = owed.index(max(owed))
            parts[most] += 1
            owed[most] = -1
        return parts

    # Bids.

    def _hear(self, now: Picture, said: Instruction, at_us: TimeUs) -> None:
        if isinstance(now.terms, SellOffTerms):
            self._lead(now, said, self._first_price(said))
            self._finish_phase(now, at_us)
            return
        assert isinstance(now.terms, EnglishTerms)
        bids = len(now.offers)
        if said.is_max and said.paddle not in now.firsts:
            now.firsts.append(said.paddle)
        if said.paddle == now.leader and not (said.is_max and self.abreast(now)):
            self._hear_leader(now, said)
        else:
            self._contest(now, now.terms, said)
        if len(now.offers) == bids:
            return
        for paddle, _ in now.offers[bids:]:
            now.spoken_at_us[paddle] = at_us
        now.warnings = 0
        if self._is_final(now, now.terms):
            self._finish_phase(now, at_us)
        else:
            self._extend(now, now.terms, at_us)

    def _hear_leader(self, now: Picture, said: Instruction) -> None:
        """He bids over himself, or raises his limit: in silence, but for the reserve."""
        now.limit = self.better(now.limit, said.amount)
        if not said.is_max:
            self._stand(now, said.paddle, said.amount)
        elif not self._reaches_reserve(now.price) and self._reaches_reserve(said.amount):
            self._stand(now, said.paddle, self.terms.reserve_price)

    def _contest(self, now: Picture, terms: EnglishTerms, said: Instruction) -> None:
        """Newcomer against leader: the one who yields bids all he has, the other as little as leads."""
        if not now.leader:
            self._lead(now, said, self._first_price(said))
        elif self._yields(now, terms, said):
            price = self._price_over(now, terms, said) if said.is_max else said.amount
            if said.is_max and now.limit != now.price:
                now.offers.append((now.leader, now.limit))
            self._lead(now, said, price)
        else:
            now.offers.append((said.paddle, said.amount))
            is_enough = (
                said.amount if self.precedes(now, now.leader, said.paddle) else self._over(terms, said.amount)
            )
            self._stand(now, now.leader, self.worse(now.limit, is_enough))

    def _yields(self, now: Picture, terms: EnglishTerms, said: Instruction) -> bool:
        """Whether the leader yields to what was said."""
        if said.amount != now.limit:
            return self.is_beyond(said.amount, now.limit)
        if now.limit == now.price or self.precedes(now, said.paddle, now.leader):
            return True
        if self.precedes(now, now.leader, said.paddle) or not said.is_max:
            return False
        by_bidder = terms.equal_limits is EqualLimits.EARLIER_BIDDER
        return by_bidder and now.firsts.index(said.paddle) < now.firsts.index(now.leader)

    def _price_over(self, now: Picture, terms: EnglishTerms, said: Instruction) -> Amount:
        """As little as leads over somebody who goes no further than his limit."""
        asking = self.asked(now)
        may_start_there = asking == now.price == now.limit and not self._are_equals(now, terms, said.paddle)
        same_is_enough = self.precedes(now, said.paddle, now.leader) or may_start_there
        least = now.limit if same_is_enough else self._over(terms, now.limit)
        if self.terms.reserve_price and self._reaches_reserve(said.amount):
            least = self.better(least, self.terms.reserve_price)
        return self.worse(said.amount, least)

    def _first_price(self, said: Instruction) -> Amount:
        if not said.is_max:
            return said.amount
        reserve = self.terms.reserve_price
        return reserve if reserve and self._reaches_reserve(said.amount) else self.terms.opening_price

    def _over(self, terms: EnglishTerms, amount: Amount) -> Amount:
        return amount + self.way * (terms.proxy_raise or step_at(terms, amount))

    def _lead(self, now: Picture, said: Instruction, price: Amount) -> None:
        now.limit = said.amount
        self._stand(now, said.paddle, price)

    def _stand(self, now: Picture, paddle: Paddle, price: Amount) -> None:
        now.leader, now.price = paddle, price
        now.offers.append((paddle, price))

    def _is_final(self, now: Picture, terms: EnglishTerms) -> bool:
        """Whether the price is where the phase ends: bought, or not a step from the cap."""
        if not now.leader:
            return False
        if terms.buy_now_price:
            return not self.is_beyond(terms.buy_now_price, now.price)
        next_price = now.price + self.way * step_at(terms, now.price)
        return terms.cap_price > 0 and self.is_beyond(next_price, terms.cap_price)

    def _reaches_reserve(self, amount: Amount) -> bool:
        return not self.terms.reserve_price or not self.is_beyond(self.terms.reserve_price, amount)

    # Time.

    def _extend(self, now: Picture, terms: EnglishTerms, at_us: TimeUs) -> None:
        counted_out = terms.extensions_max is not None and now.extensions == terms.extensions_max
        if not now.ends_at_us or at_us < now.ends_at_us - terms.soft_close_window_us or counted_out:
            return
        wanted = at_us + terms.extension_us
        if now.hard_end_us and wanted > now.hard_end_us:
            wanted = now.hard_end_us
        if wanted > now.ends_at_us:
            now.ends_at_us = now.due_at_us = wanted
            now.extensions += 1

    def _freeze(self, now: Picture, at_us: TimeUs, resumes_at_us: TimeUs) -> None:
        if now.state == "open":
            now.frozen_at_us = at_us
        now.state, now.due_at_us, now.frozen_by_outage = "frozen", resumes_at_us, resumes_at_us > 0

    def _resume(self, now: Picture, at_us: TimeUs) -> None:
        assert now.terms is not None
        now.state, now.warnings, now.due_at_us = "open", 0, 0
        if now.ends_at_us:
            left = max(now.ends_at_us - now.frozen_at_us, now.terms.resume_countdown_us)
            later = at_us + left - now.ends_at_us
            now.hard_end_us += later if now.hard_end_us else 0
            now.spoken_at_us = {paddle: spoken + later for paddle, spoken in now.spoken_at_us.items()}
            now.ends_at_us = now.due_at_us = at_us + left

    # The outcome.

    def _conclude(self, now: Picture) -> None:
        now.due_at_us = 0
        enough = len(now.paddles) >= self.terms.bidders_min
        if not now.leader or now.nobody_wanted_it or not enough or not self._reaches_reserve(now.price):
            now.state, now.awards = "passed", []
        elif now.awards:
            now.state = "sold"
        else:
            now.winner, now.hammer_price = now.leader, now.price
            now.state = "knocked_down" if self.terms.reserve_places else "sold"
            now.runners_up = self._after_winner(now)

    def _after_winner(self, now: Picture) -> list[Place]:
        """The others by the last that each of them bid, the last word first; below the reserve nobody is called."""
        last_said = {paddle: position for position, (paddle, _) in enumerate(now.offers)}
        others = sorted(
            (paddle for paddle in last_said if paddle != now.winner), key=lambda paddle: -last_said[paddle]
        )
        places = [now.offers[last_said[paddle]] for paddle in others]
        return [place for place in places if self._reaches_reserve(place[1])][: self.terms.reserve_places]

    def _call_next(self, now: Picture) -> None:
        if now.runners_up:
            now.winner, now.hammer_price = now.runners_up.pop(0)
        else:
            now.state = "passed"
            now.winner = now.hammer_price = 0
