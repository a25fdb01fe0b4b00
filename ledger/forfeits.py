"""Who gets a defaulter's deposit: the named orders, and the waterfall that divides it to the last minor unit.

Here belongs what is decided without looking at anything: orders with their articles, claims, shares.
Not here: two persons, postings and records (defaults).
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final

import msgspec

from ledger.receipts import is_bookable_text
from ledger.units import Amount, is_amount


class Party(StrEnum):
    """Who can get a part of a defaulter's deposit."""

    CENTRE = "centre"
    SELLER = "seller"
    TREASURY = "treasury"
    BIDDER = "bidder"


class ClaimKind(StrEnum):
    """What somebody may claim out of a defaulter's deposit."""

    COSTS = "costs"
    SHORTFALL = "shortfall"
    DEBTS = "debts"
    COMMISSION = "commission"
    SERVICE_FEE = "service_fee"


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """What is claimed, in minor units, and on what ground (a decision, an invoice, the record of the next sale)."""

    kind: ClaimKind
    amount: Amount
    ground: str


class DefaultOrder(msgspec.Struct, frozen=True, kw_only=True):
    """The order in which claims are met, to whom each of them goes, and who gets the rest unless a rule says so."""

    name: str
    steps: tuple[tuple[ClaimKind, Party], ...]
    remainder: Party
    article_zh: str
    article_en: str

    def party(self, kind: ClaimKind) -> Party | None:
        """Return who gets what is claimed of a kind; None when the order knows no such claim."""
        return dict(self.steps).get(kind)


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a defaulter's deposit: for a claim, or the rest of it when `kind` is None.

    `claimed` is what the claim asks for; `amount` what it gets.
    """

    kind: ClaimKind | None
    party: Party
    claimed: Amount
    amount: Amount


class ClaimRefusal(StrEnum):
    """Why claims cannot be met under an order, in order of precedence."""

    CLAIM_AMOUNT_NOT_POSITIVE = "claim_amount_not_positive"
    CLAIM_GROUND_MISSING = "claim_ground_missing"
    CLAIM_GROUND_NOT_BOOKABLE = "claim_ground_not_bookable"
    CLAIM_TWICE = "claim_twice"
    CLAIM_NOT_OF_ORDER = "claim_not_of_order"


_COSTS, _SHORTFALL, _DEBTS = ClaimKind.COSTS, ClaimKind.SHORTFALL, ClaimKind.DEBTS
_COMMISSION, _SERVICE_FEE = ClaimKind.COMMISSION, ClaimKind.SERVICE_FEE

ORDERS: Final[Mapping[str, DefaultOrder]] = {
    order.name: order
    for order in (
        DefaultOrder(
            name="judicial-online",
            steps=((_COSTS, Party.SELLER), (_SHORTFALL, Party.SELLER), (_DEBTS, Party.SELLER)),
            remainder=Party.SELLER,
            article_zh="法释〔2016〕18号第24条：依次用于支付费用损失、弥补差价、冲抵债务",
            article_en="Fa Shi [2016] No. 18, art. 24: costs and losses, then the shortfall, then debts",
        ),
        DefaultOrder(
            name="judicial-house",
            steps=((_SHORTFALL, Party.SELLER), (_COSTS, Party.SELLER), (_COMMISSION, Party.CENTRE)),
            remainder=Party.BIDDER,
            article_zh="民事拍卖变卖规定（2020）第22条：差价、费用损失及佣金，剩余退还",
            article_en="Civil Enforcement Auction Provisions (2020), art. 22: shortfall, costs, commission",
        ),
        DefaultOrder(
            name="treasury",
            steps=(),
            remainder=Party.TREASURY,
            article_zh="39号令及成交确认书：保证金转作定金，竞得人拒签合同不予退还，上缴财政",
            article_en="Order 39 and the confirmation of sale: the deposit is earnest money and goes to the treasury",
        ),
        DefaultOrder(
            name="property",
            steps=((_SERVICE_FEE, Party.CENTRE),),
            remainder=Party.SELLER,
            article_zh="产权交易规则：扣除交易服务费后补偿转让方",
            article_en="rules of property exchanges: the exchange's fee, the rest compensates the seller",
        ),
        DefaultOrder(
            name="rural",
            steps=((_SERVICE_FEE, Party.CENTRE), (_COSTS, Party.CENTRE), (_SHORTFALL, Party.SELLER)),
            remainder=Party.SELLER,
            article_zh="农村产权交易规则：扣除服务费和费用后归转出方",
            article_en="rules of rural property: fee and costs of the centre, the rest to the collective that lets",
        ),
        DefaultOrder(
            name="tender",
            steps=(),
            remainder=Party.SELLER,
            article_zh="招标投标法实施条例第74条：投标保证金不予退还",
            article_en="Implementing Regulations of the Tendering Law, art. 74: the deposit is not returned",
        ),
        DefaultOrder(
            name="auction-law",
            steps=((_COMMISSION, Party.CENTRE), (_SHORTFALL, Party.SELLER), (_COSTS, Party.SELLER)),
            remainder=Party.BIDDER,
            article_zh="拍卖法第39条：第一次拍卖中双方的佣金、再行拍卖的差额",
            article_en="Auction Law, art. 39: both commissions of the first sale, the shortfall of the next",
        ),
    )
}
"""Every order by its name. How sure each article is stands in ledger/MONEY_RULES.md."""


def default_order(name: str) -> DefaultOrder | None:
    """Return the order of a name, None for an unknown one."""
    return ORDERS.get(name)


def claims_refusal(claims: Sequence[Claim], order: DefaultOrder) -> ClaimRefusal | None:
    """Tell why claims cannot be met under an order; None when they can. No claims at all are as good as any."""
    kinds = [claim.kind for claim in claims]
    faults = (
        (
            any(claim.amount <= 0 or not is_amount(claim.amount) for claim in claims),
            ClaimRefusal.CLAIM_AMOUNT_NOT_POSITIVE,
        ),
        (any(not claim.ground.strip() for claim in claims), ClaimRefusal.CLAIM_GROUND_MISSING),
        (
            any(not is_bookable_text(claim.ground) for claim in claims),
            ClaimRefusal.CLAIM_GROUND_NOT_BOOKABLE,
        ),
        (len(set(kinds)) < len(kinds), ClaimRefusal.CLAIM_TWICE),
        (any(order.party(kind) is None for kind in kinds), ClaimRefusal.CLAIM_NOT_OF_ORDER),
    )
    return next((refusal for is_fault, refusal in faults if is_fault), None)


def shares(
    forfeited: Amount, claims: Sequence[Claim], order: DefaultOrder, remainder: Party
) -> tuple[Share, ...]:
    """Divide a deposit: each claim in the order's turn gets what is left up to itself, the rest goes to one party.

    What claims ask for beyond the deposit stays a debt of the defaulter, outside this ledger.

    Args:
        forfeited: what was held, in minor units.
        claims: in any order, checked by `claims_refusal`.
        order: whose turn it is when.
        remainder: who gets the rest.

    Returns: a share for each claim, nothing for claims that come too late included, then the rest if there is any.
    """
    claimed = {claim.kind: claim.amount for claim in claims}
    left = forfeited
    found: list[Share] = []
    for kind, party in order.steps:
        if kind in claimed:
            amount = min(claimed[kind], left)
            left -= amount
            found.append(Share(kind=kind, party=party, claimed=claimed[kind], amount=amount))
    if left:
        found.append(Share(kind=None, party=remainder, claimed=0, amount=left))
    return tuple(found)
