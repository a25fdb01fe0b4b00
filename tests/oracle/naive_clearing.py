"""Dividing a supply a second time, slow and plain: unit by unit and with fractions, from the prose of the rules.

It shares nothing with `matching.clearing` and `matching.phases.multi_unit` but the names of the parameters and the
arithmetic of draws, which has an oracle of its own. Refusals are not looked for one after the other: all that apply are
collected, and the smallest code is the answer.

Belongs here: what the rules say. Does not belong here: anything clever.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import product

from matching.commands import SubmitOffer, TakeBackOffer
from matching.draws import draw_seed, drawn_order, entrants_commitment
from matching.events import PassReason
from matching.refusals import Refusal
from matching.terms import LotTerms, MultiUnitTerms
from matching.terms.multi_unit import Precedence, Pricing, ReserveRule, Sharing, Undersubscription
from matching.units import AMOUNT_MAX
from matching.vickrey import PackageBid

Wish = tuple[int, int, int]
"""(paddle, price, quantity)."""


def rounded(figure: Fraction) -> int:
    """Half up."""
    return math.floor(figure + Fraction(1, 2))


def divided(
    wishes: list[Wish], supply: int, sign: int, sharing: Sharing, lot_size: int = 1, decimals: int = 6
) -> list[int]:
    """Go through the prices from the best to the worst and give while there is something."""
    given = [0] * len(wishes)
    left = supply
    for price in sorted({price for _, price, _ in wishes}, reverse=sign > 0):
        here = [number for number, wish in enumerate(wishes) if wish[1] == price]
        wanted = [wishes[number][2] // lot_size for number in here]
        if sum(wanted) <= left // lot_size:
            shares = wanted
        elif sharing is Sharing.IN_TURN:
            shares = one_by_one(wanted, left // lot_size)
        elif sharing is Sharing.PRO_RATA:
            shares = in_proportion(wanted, left // lot_size)
        else:
            shares = by_ratio(wanted, left // lot_size, decimals)
        for number, share in zip(here, shares, strict=True):
            given[number] = share * lot_size
            left -= share * lot_size
    return given


def one_by_one(wanted: list[int], left: int) -> list[int]:
    """Hand out the units one after the other to the first who still wants one."""
    given = [0] * len(wanted)
    for _ in range(left):
        given[next(number for number, wish in enumerate(wanted) if given[number] < wish)] += 1
    return given


def in_proportion(wanted: list[int], left: int) -> list[int]:
    """Exact shares; then one unit at a time to whoever lacks most of his, the first of them."""
    exact = [Fraction(wish * left, sum(wanted)) for wish in wanted]
    given = [math.floor(share) for share in exact]
    while sum(given) < left:
        lacking = [share - got for share, got in zip(exact, given, strict=True)]
        given[lacking.index(max(lacking))] += 1
    return given


def by_ratio(wanted: list[int], left: int, decimals: int) -> list[int]:
    """The published ratio from the last to the first, within what everybody wants and what remains possible."""
    ratio = Fraction(math.floor(Fraction(left, sum(wanted)) * 10**decimals), 10**decimals)
    given: list[int] = []
    for number in reversed(range(len(wanted))):
        remaining = left - sum(given)
        possible = range(max(0, remaining - sum(wanted[:number])), min(wanted[number], remaining) + 1)
        wish = rounded(wanted[number] * ratio)
        given.append(min(possible, key=lambda share: abs(share - wish)))
    return given[::-1]


def best_price_in_money(orders: list[tuple[int, int]], supply: int, reserve: Fraction) -> Fraction:
    """Try every price that can be the answer: every limit, and what the money of the best orders pays for it all."""
    limits = {Fraction(money, units) for money, units in orders}
    sums = [
        Fraction(sum(money for money, units in orders if Fraction(money, units) >= limit), supply)
        for limit in limits
    ]
    sold_out = [
        price
        for price in (*limits, *sums)
        if price >= reserve
        and sum(money for money, units in orders if Fraction(money, units) >= price) >= supply * price
    ]
    return max(sold_out, default=reserve)


def best_packages(groups: list[list[PackageBid]], supply: dict[int, int]) -> int:
    """What the best choice of one bid or none from each group is worth, out of all choices."""
    best = 0
    for choice in product(*([None, *group] for group in groups)):
        chosen = [bid for bid in choice if bid is not None]
        used: dict[int, int] = {}
        for bid in chosen:
            for item, quantity in bid.items.items():
                used[item] = used.get(item, 0) + quantity
        if all(quantity <= supply.get(item, 0) for item, quantity in used.items()):
            best = max(best, sum(bid.value for bid in chosen))
    return best


@dataclass
class NaiveMultiUnit:
    """One lot with one multi-unit phase, from its opening to its end."""

    lot: int
    terms: LotTerms
    opened_at_us: int
    ranks: dict[int, int] = field(default_factory=dict)
    offers: list[tuple[int, tuple[tuple[int, int], ...]]] = field(default_factory=list)
    made: dict[int, int] = field(default_factory=dict)
    awards: dict[int, tuple[int, int]] = field(default_factory=dict)
    """(units, money) of each paddle."""
    passed: PassReason | None = None

    @property
    def rules(self) -> MultiUnitTerms:
        phase = self.terms.programme[0]
        assert isinstance(phase, MultiUnitTerms)
        return phase

    @property
    def sign(self) -> int:
        return self.terms.direction.sign

    def refusal(self, given: SubmitOffer | TakeBackOffer, paddle: int, at_us: int) -> Refusal | None:
        """Of all that speaks against a command, the smallest code."""
        reasons = self._against_offering(given, paddle) if isinstance(given, SubmitOffer) else []
        has_offer = any(holder == paddle for holder, _ in self.offers)
        if isinstance(given, TakeBackOffer) and not has_offer:
            reasons.append(Refusal.NO_OFFER)
        if isinstance(given, TakeBackOffer) and not self.rules.may_take_back:
            reasons.append(Refusal.OFFER_BINDS)
        if at_us >= self.opened_at_us + self.rules.duration_us:
            reasons.append(Refusal.LOT_CLOSED)
        return min(reasons, default=None)

    def take(self, given: SubmitOffer | TakeBackOffer, paddle: int) -> None:
        """Take a command that nothing speaks against."""
        place = next((number for number, one in enumerate(self.offers) if one[0] == paddle), None)
        if isinstance(given, TakeBackOffer):
            assert place is not None
            del self.offers[place]
            return
        self.made[paddle] = self.made.get(paddle, 0) + 1
        offer = (paddle, tuple((line.price, line.quantity) for line in given.lines))
        if place is not None and self.rules.revision_keeps_time:
            self.offers[place] = offer
            return
        self.offers = [one for one in self.offers if one[0] != paddle] + [offer]

    def hint(self) -> int:
        """The trimmed mean as it would be published now."""
        prices = sorted(price for _, lines in self.offers for price, _ in lines)
        if len(self.offers) < self.rules.hint_offers_min:
            return 0
        for _ in range(len(prices) * self.rules.hint_trim // 10_000):
            prices = prices[1:-1]
        return rounded(Fraction(sum(prices), len(prices)))

    def end(self) -> None:
        """Divide the supply."""
        rules = self.rules
        reserve = self.terms.reserve_price
        wishes = [(paddle, price, quantity) for paddle, lines in self.offers for price, quantity in lines]
        counting = [wish for wish in wishes if not reserve or self.sign * wish[1] >= self.sign * reserve]
        if rules.reserve_rule is ReserveRule.CANCELS:
            counting = wishes
        counting = self._in_precedence(counting)
        given = divided(
            counting, rules.supply, self.sign, rules.sharing, rules.lot_size, rules.ratio_decimals
        )
        prices = [wish[1] for wish, share in zip(counting, given, strict=True) if share]
        worst = (min(prices) if self.sign > 0 else max(prices)) if prices else 0
        self.passed = self._pass_reason(wishes, sum(given), worst)
        if self.passed is None:
            self._award(counting, given, worst)

    def _against_offering(self, given: SubmitOffer, paddle: int) -> list[Refusal]:
        rules, opening = self.rules, self.terms.opening_price
        prices = [line.price for line in given.lines]
        quantities = [line.quantity for line in given.lines]
        worth = sum(max(line.price, opening) * line.quantity for line in given.lines)
        again = self.made.get(paddle, 0)
        against = {
            Refusal.AMOUNT_OUT_OF_RANGE: worth > AMOUNT_MAX or min(prices) < 1,
            Refusal.BELOW_ASKING_PRICE: self.sign > 0 and min(prices) < opening,
            Refusal.NOT_ON_STEP: any(abs(price - opening) % rules.price_step for price in prices),
            Refusal.ABOVE_ASKING_PRICE: self.sign < 0 and max(prices) > opening,
            Refusal.ALREADY_OFFERED: again > 0 and rules.revisions_max == 0,
            Refusal.LINES_INVALID: len(prices) > rules.lines_max or len(set(prices)) < len(prices),
            Refusal.QUANTITY_OUT_OF_RANGE: min(quantities) < rules.line_min
            or max(quantities) > rules.supply
            or any(quantity % rules.lot_size for quantity in quantities),
            Refusal.ABOVE_OWN_SHARE: rules.bidder_max is not None and sum(quantities) > rules.bidder_max,
            Refusal.REVISIONS_USED_UP: rules.revisions_max is not None and again > rules.revisions_max,
        }
        return [code for code, applies in against.items() if applies]

    def _in_precedence(self, wishes: list[Wish]) -> list[Wish]:
        if self.rules.precedence is Precedence.RANK:
            return sorted(wishes, key=lambda wish: self.ranks.get(wish[0], 1000))
        if self.rules.precedence is Precedence.DRAW:
            edge = self._crowded_price(wishes)
            entrants = sorted({paddle for paddle, price, _ in wishes if price == edge})
            if len(entrants) > 1:
                assert self.rules.seed is not None
                seed = draw_seed(entrants_commitment(self.lot, 0, entrants), None, {0: self.rules.seed}, {})
                order = drawn_order(entrants, seed, len(entrants))
                return sorted(wishes, key=lambda wish: order.index(wish[0]) if wish[0] in order else 0)
        return wishes

    def _crowded_price(self, wishes: list[Wish]) -> int:
        """The price at which some get less than they want although others there get something; 0 for none."""
        for price in {price for _, price, _ in wishes}:
            better = sum(q for _, other, q in wishes if self.sign * other > self.sign * price)
            here = sum(q for _, other, q in wishes if other == price)
            if better < self.rules.supply < better + here:
                return price
        return 0

    def _pass_reason(self, wishes: list[Wish], sold: int, worst: int) -> PassReason | None:
        reserve = self.terms.reserve_price
        if not wishes:
            return PassReason.NO_BIDS
        if sold < self.rules.supply and self.rules.undersubscription is Undersubscription.CANCEL:
            return PassReason.UNDERSUBSCRIBED
        if not sold or (reserve and self.sign * worst < self.sign * reserve):
            return PassReason.BELOW_RESERVE
        return None

    def _award(self, wishes: list[Wish], given: list[int], worst: int) -> None:
        unit = self.rules.payment_unit
        is_uniform = self.rules.pricing is Pricing.UNIFORM
        units: dict[int, int] = {}
        money: dict[int, int] = {}
        for (paddle, price, _), share in zip(wishes, given, strict=True):
            if share:
                units[paddle] = units.get(paddle, 0) + share
                money[paddle] = money.get(paddle, 0) + rounded(Fraction(price * share, unit)) * unit
        for paddle, quantity in units.items():
            amount = rounded(Fraction(worst * quantity, unit)) * unit if is_uniform else money[paddle]
            self.awards[paddle] = (self.sign * quantity, self.sign * amount)
