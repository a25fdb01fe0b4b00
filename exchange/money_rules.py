"""From a lot's rulebook to the money rule that the ledger keeps for the lot.

Belongs here: that translation. Does not belong here: what a rule does (`ledger`), reading rulebooks (`rulebooks`).
"""

from __future__ import annotations

from typing import Final

import structlog
from msgspec.structs import replace

from exchange.rulebooks.quantities import clock_of
from exchange.rulebooks.rulebook import Duty, Rulebook
from ledger.fees import RATE_BASIS_POINTS_MAX, FeeTerms
from ledger.lot_rules import LotRules
from ledger.money_rule import LotRule, RuleRefusal, standard_rule
from matching.units import BasisPoints, LotId, StaffId

log = structlog.get_logger(__name__)

COMMISSION_MAX: Final[BasisPoints] = RATE_BASIS_POINTS_MAX
"""What the buyer may be made to pay on top of the price, at most (Auction Law, art. 56 and 57)."""


class MoneyRules:
    """Registers the money rules of lots that are published."""

    def __init__(self, rules: LotRules) -> None:
        """Take the ledger's registration of rules."""
        self._rules = rules

    async def register(
        self, lot_id: LotId, rulebook: Rulebook | None, digest: str, commission: BasisPoints, by: StaffId
    ) -> None:
        """Register a lot's rule; the first stays, also when the rulebook's file has changed since.

        Raises: LedgerUnavailable, LedgerStoreError.
        """
        answer = await self._rules.register(money_rule(lot_id, rulebook, digest, commission), by)
        if isinstance(answer, RuleRefusal):
            log.warning("money_rules.refused", lot=lot_id, reason=answer.value)


def money_rule(lot_id: LotId, rulebook: Rulebook | None, digest: str, commission: BasisPoints) -> LotRule:
    """Return the rule of a lot: what its rulebook says of money, and the standard rule for the rest.

    Args:
        lot_id: the lot.
        rulebook: None for a lot without one.
        digest: SHA-256 of the rulebook's file as it was when the lot was published.
        commission: what the buyer pays on top of the price.
    """
    rule = replace(standard_rule(lot_id), buyer_commission=FeeTerms(basis_points=commission))
    if rulebook is None:
        return rule
    rule = replace(rule, rulebook=rulebook.name, rulebook_digest=digest)
    duty = rulebook.refund_duty
    rule = rule if duty is None else _with_clock(rule, duty)
    return _with_terms(rule, rulebook)


def _with_clock(rule: LotRule, duty: Duty) -> LotRule:
    clock = None if duty.within is None else clock_of(duty.within)
    assert clock is not None and duty.refund_from is not None, "a rulebook that was read has a whole clock"
    return replace(
        rule,
        refund_clock=clock,
        refund_from=duty.refund_from,
        article_zh=duty.article.zh,
        article_en=duty.article.en,
    )


def _with_terms(rule: LotRule, rulebook: Rulebook) -> LotRule:
    money = rulebook.money
    if money is None:
        return rule
    return replace(
        rule,
        default_order=money.default_order,
        forfeits_to=money.forfeits_to,
        interest_basis_points=money.interest_basis_points,
        seller_commission=money.seller_commission,
        service_fee=money.service_fee,
    )
