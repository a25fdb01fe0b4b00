"""A second auction, slow and plain: it keeps the list of what was accepted and works everything out again from there.

Written from the rules as matching/README.md tells them, with nothing of `matching.lot` or `matching.phases`: the price
is the second-price rule over all instructions, a refusal is the first of all that apply.

Belongs here: the rules a second time. Does not belong here: events, speed, anything clever.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from matching import commands as command
from matching.refusals import Refusal
from matching.terms import BidRule, EnglishTerms, LotTerms
from matching.units import AMOUNT_MAX, Amount, BidderId, Paddle, TimeUs

CLOSED = ("sold", "passed", "withdrawn")


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
    index: int = 0
    terms: EnglishTerms | None = None
    instructions: list[Instruction] = field(default_factory=list)
    ends_at_us: TimeUs = 0
    hard_end_us: TimeUs = 0
    frozen_at_us: TimeUs = 0
    frozen_by_outage: bool = False
    extensions: int = 0
    warnings: int = 0
    winner: Paddle = 0
    hammer_price: Amount = 0


def step_at(terms: EnglishTerms, price: Amount) -> Amount:
    """Return the increment of the last row that the price reaches."""
    return [row.increment for row in terms.increments if row.threshold <= price][-1]


def strength(instructions: list[Instruction], paddle: Paddle) -> Amount:
    """Return the most that a paddle ever named; 0 for nothing."""
    return max((said.amount for said in instructions if said.paddle == paddle), default=0)


def leader(instructions: list[Instruction]) -> Paddle:
    """Return who named the most, the earliest of equals; 0 for nobody."""
    if not instructions:
        return 0
    most = max(said.amount for said in instructions)
    return next(said.paddle for said in instructions if said.amount == most)


def is_silent(instructions: list[Instruction], position: int) -> bool:
    """Tell whether an instruction only raised the limit of him who led anyhow."""
    said = instructions[position]
    return said.is_max and leader(instructions[:position]) == said.paddle


def price(instructions: list[Instruction], terms: EnglishTerms, opening: Amount, reserve: Amount) -> Amount:
    """Return the leading price: what the strongest rival makes the leader pay, as of the last word that was heard."""
    if not instructions:
        return 0
    last = next(place for place in reversed(range(len(instructions))) if not is_silent(instructions, place))
    heard = instructions[: last + 1]
    leading = leader(heard)
    rivals = [said.amount for said in heard if said.paddle != leading]
    if heard[-1].paddle == leading and not heard[-1].is_max:
        paid = heard[-1].amount
    elif rivals:
        paid = min(strength(heard, leading), max(rivals) + step_at(terms, max(rivals)))
    else:
        paid = opening
    return max(paid, reserve) if strength(instructions, leading) >= reserve else paid


class NaiveAuction:
    """One lot, by the book."""

    def __init__(self, terms: LotTerms) -> None:
        self.terms = terms
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
    def leader(self) -> Paddle:
        """Who leads now."""
        return leader(self.now.instructions)

    @property
    def price(self) -> Amount:
        """What he would pay."""
        return self._price(self.now, self.now.instructions)

    @property
    def asking_price(self) -> Amount:
        """The lowest next bid."""
        if self.now.terms is None or not self.leader:
            return self.terms.opening_price
        return self.price + step_at(self.now.terms, self.price)

    @property
    def limit(self) -> Amount:
        """How far the leader has said that he goes."""
        return strength(self.now.instructions, self.leader)

    # Reasons: each is asked for itself, whatever the others say.

    def reasons(self, given: command.Command, at_us: TimeUs) -> list[Refusal]:
        """List every refusal that applies to the command."""
        now = self.now
        match given:
            case command.PlaceBid(bidder=bidder, amount=amount):
                return self._not_open(at_us) + self._against_amount(bidder, amount, is_max=False)
            case command.LeaveMaxBid(bidder=bidder, limit=limit):
                return self._not_open(at_us) + self._against_amount(bidder, limit, is_max=True)
            case command.MeetDeadline(due_at_us=due_at_us):
                is_due = now.due_at_us == due_at_us and 0 < due_at_us <= at_us
                return [] if is_due else [Refusal.DEADLINE_NOT_DUE]
            case command.AdmitBidder(bidder=bidder):
                return self._closed() + [Refusal.ALREADY_ADMITTED] * (bidder in now.paddles)
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
        return [Refusal.LOT_ALREADY_ANNOUNCED]

    def _closed(self) -> list[Refusal]:
        return [Refusal.LOT_CLOSED] * (self.now.state in CLOSED)

    def _not_open(self, at_us: TimeUs) -> list[Refusal]:
        now = self.now
        is_over = now.state == "open" and now.ends_at_us != 0 and not at_us < now.ends_at_us
        return [
            *[Refusal.LOT_CLOSED] * (is_over or now.state in CLOSED),
            *[Refusal.LOT_NOT_OPEN_YET] * (now.state == "announced"),
            *[Refusal.LOT_FROZEN] * (now.state == "frozen"),
        ]

    def _against_hammer(self) -> list[Refusal]:
        terms = self.now.terms
        if terms is None:
            return []
        return [
            *[Refusal.HAMMER_BELONGS_TO_CLOCK] * (not terms.host_may_hammer),
            *[Refusal.FAIR_WARNINGS_MISSING] * (self.now.warnings < terms.fair_warnings_min),
        ]

    def _against_amount(self, bidder: BidderId, amount: Amount, *, is_max: bool) -> list[Refusal]:
        terms = self.now.terms
        found = [] if bidder in self.now.paddles else [Refusal.NOT_ADMITTED]
        if terms is None:
            return found
        leads = self.leader != 0 and self.now.paddles.get(bidder) == self.leader
        asking, grid = self.asking_price, self.price or self.terms.opening_price
        step = step_at(terms, self.price)
        largest = None if terms.raise_steps_max is None else asking + terms.raise_steps_max * step
        applies = {
            Refusal.AMOUNT_OUT_OF_RANGE: amount <= 0 or amount > AMOUNT_MAX,
            Refusal.MAX_BIDS_NOT_ALLOWED: is_max and not terms.max_bids_allowed,
            Refusal.LEADER_MAY_NOT_RAISE: leads and not is_max and not terms.leader_may_raise,
            Refusal.MAX_BID_NOT_RAISED: leads and is_max and amount <= self.limit,
            Refusal.BELOW_ASKING_PRICE: amount < asking and not (leads and is_max),
            Refusal.NOT_ON_STEP: terms.bid_rule is BidRule.STEP_MULTIPLE and (amount - grid) % step != 0,
            Refusal.ABOVE_LARGEST_RAISE: largest is not None and amount > largest,
        }
        return found + [refusal for refusal, is_so in applies.items() if is_so]

    # The picture: read again from the first accepted command to the last.

    def picture(self) -> Picture:
        """Work out the state of the lot from the accepted commands alone."""
        now = Picture(due_at_us=self.terms.opens_at_us)
        for at_us, given in self.accepted:
            self._read(now, given, at_us)
        return now

    def _read(self, now: Picture, given: command.Command, at_us: TimeUs) -> None:
        match given:
            case command.AdmitBidder(bidder=bidder):
                now.paddles[bidder] = len(now.paddles) + 1
            case command.PlaceBid(bidder=bidder, amount=amount):
                self._hear(now, Instruction(now.paddles[bidder], amount, is_max=False), at_us)
            case command.LeaveMaxBid(bidder=bidder, limit=limit):
                self._hear(now, Instruction(now.paddles[bidder], limit, is_max=True), at_us)
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

    def _start(self, now: Picture, index: int, at_us: TimeUs) -> None:
        terms = self.terms.programme[index]
        now.instructions = self._carried(now, terms)
        now.state, now.index, now.terms = "open", index, terms
        now.ends_at_us = 0 if terms.duration_us is None else at_us + terms.duration_us
        now.due_at_us = now.ends_at_us
        now.hard_end_us = 0 if terms.hard_end_after_us is None else at_us + terms.hard_end_after_us
        now.extensions = now.warnings = 0

    def _carried(self, now: Picture, terms: EnglishTerms) -> list[Instruction]:
        """The standing of the phase before, as instructions: its price as a bid, what goes beyond it as a max bid."""
        leading = leader(now.instructions)
        if not leading:
            return []
        carried = [Instruction(leading, self._price(now, now.instructions), is_max=False)]
        if terms.max_bids_allowed:
            carried.append(Instruction(leading, strength(now.instructions, leading), is_max=True))
        return carried

    def _hear(self, now: Picture, said: Instruction, at_us: TimeUs) -> None:
        before = self._price(now, now.instructions), leader(now.instructions)
        now.instructions = [*now.instructions, said]
        after = self._price(now, now.instructions), leader(now.instructions)
        if before != after or not is_silent(now.instructions, len(now.instructions) - 1):
            now.warnings = 0
            self._extend(now, at_us)

    def _extend(self, now: Picture, at_us: TimeUs) -> None:
        terms = now.terms
        assert terms is not None
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
            if now.hard_end_us:
                now.hard_end_us += at_us + left - now.ends_at_us
            now.ends_at_us = now.due_at_us = at_us + left

    def _finish_phase(self, now: Picture, at_us: TimeUs) -> None:
        if now.index + 1 < len(self.terms.programme):
            self._start(now, now.index + 1, at_us)
            return
        now.due_at_us = 0
        leading, paid = leader(now.instructions), self._price(now, now.instructions)
        enough = len(now.paddles) >= self.terms.bidders_min and paid >= self.terms.reserve_price
        now.state = "sold" if leading and enough else "passed"
        if now.state == "sold":
            now.winner, now.hammer_price = leading, paid

    def _price(self, now: Picture, instructions: list[Instruction]) -> Amount:
        if now.terms is None:
            return 0
        return price(instructions, now.terms, self.terms.opening_price, self.terms.reserve_price)
