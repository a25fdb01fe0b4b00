"""The money rule of a lot: when refunds are due, with what interest, who gets forfeits, what is charged.

Here belong its shape, what makes one sound, and the rule of a lot that has none of its own.
Not here: registering it (lot_rules), where it comes from (the procedure), what it does (clocks, defaults, fees).
"""

from enum import StrEnum
from typing import Final

import msgspec

from ledger.fees import NO_FEE, RATE_BASIS_POINTS_MAX, FeeKind, FeeTerms
from ledger.forfeits import Party, default_order
from ledger.receipts import is_bookable_text
from ledger.refund_clock import ClockStart, RefundClock

INTEREST_BASIS_POINTS_MAX: Final = 2_400
"""A rate beyond it was mistyped: no bank gives 24 percent on a deposit."""


class InterestFrom(StrEnum):
    """From which moment a deposit earns interest."""

    RECEIVED = "received"
    BIDDING_ENDED = "bidding_ended"


class LotRule(msgspec.Struct, frozen=True, kw_only=True):
    """What happens to money in one lot.

    Args:
        lot_id: the lot.
        rulebook: its name, empty when the lot has none; `rulebook_digest` is the SHA-256 of its file then.
        refund_clock: within what time refunds are paid, and `refund_from` from what moment.
        article_zh, article_en: where that time is prescribed, for people.
        interest_basis_points: of a year, on deposits that go back or to the price; 0 for none.
        default_order: name of the order in which a defaulter's deposit is used (see forfeits.ORDERS).
        forfeits_to: who gets what is left of it.
        seller_commission, service_fee: taken out of the price at settlement.
        buyer_commission: what the buyer pays on top; it is kept for his bill and not booked by itself.
    """

    lot_id: int
    rulebook: str = ""
    rulebook_digest: str = ""
    refund_clock: RefundClock
    refund_from: ClockStart
    article_zh: str = ""
    article_en: str = ""
    interest_basis_points: int = 0
    interest_from: InterestFrom = InterestFrom.RECEIVED
    default_order: str
    forfeits_to: Party
    seller_commission: FeeTerms = NO_FEE
    service_fee: FeeTerms = NO_FEE
    buyer_commission: FeeTerms = NO_FEE

    @property
    def fees(self) -> tuple[tuple[FeeKind, FeeTerms], ...]:
        """What the seller owes, in the order in which it is booked; nothing that is not charged."""
        both = (
            (FeeKind.SELLER_COMMISSION, self.seller_commission),
            (FeeKind.SERVICE_FEE, self.service_fee),
        )
        return tuple((kind, terms) for kind, terms in both if not terms.is_none)


class RuleRefusal(StrEnum):
    """Why a rule is not registered, in order of precedence."""

    TEXT_NOT_BOOKABLE = "text_not_bookable"
    ORDER_UNKNOWN = "order_unknown"
    INTEREST_OUT_OF_RANGE = "interest_out_of_range"
    COMMISSION_ABOVE_LEGAL_MAX = "commission_above_legal_max"
    EXISTS_WITH_OTHER_TERMS = "exists_with_other_terms"


def standard_rule(lot_id: int) -> LotRule:
    """Return the rule of a lot whose rulebook says nothing of money, or that has none.

    Five working days from the settlement, as most of the country's trading rules have it; no interest, no fees;
    of a defaulter's deposit what is proven by claims is kept, and the rest is his (Auction Law, art. 39).
    """
    return LotRule(
        lot_id=lot_id,
        refund_clock=RefundClock.working_days(5),
        refund_from=ClockStart.SETTLEMENT,
        article_zh="无规则书条款：按通行做法五个工作日",
        article_en="no rule names it: five working days, as is usual",
        default_order="auction-law",
        forfeits_to=Party.BIDDER,
    )


def rule_refusal(rule: LotRule) -> RuleRefusal | None:
    """Tell why a rule is not sound; None when it is."""
    texts = (rule.rulebook, rule.rulebook_digest, rule.article_zh, rule.article_en)
    sides = (rule.seller_commission, rule.buyer_commission)
    faults = (
        (not all(is_bookable_text(text) for text in texts), RuleRefusal.TEXT_NOT_BOOKABLE),
        (default_order(rule.default_order) is None, RuleRefusal.ORDER_UNKNOWN),
        (
            not 0 <= rule.interest_basis_points <= INTEREST_BASIS_POINTS_MAX,
            RuleRefusal.INTEREST_OUT_OF_RANGE,
        ),
        (
            any(side.basis_points > RATE_BASIS_POINTS_MAX for side in sides),
            RuleRefusal.COMMISSION_ABOVE_LEGAL_MAX,
        ),
    )
    return next((refusal for is_fault, refusal in faults if is_fault), None)
