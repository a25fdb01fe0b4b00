"""Registering the money rule of a lot, and telling it.

A rule is registered once, when the lot is published, and stays: whoever paid a deposit paid it under that rule.
Here belongs the service. Not here: what a rule is and when it is sound (money_rule), where it comes from.
"""

import msgspec

from ledger import lot_rows
from ledger.money_rule import LotRule, RuleRefusal, rule_refusal, standard_rule
from ledger.postgres import Desk, PostgresLedgerStore


class Registered(msgspec.Struct, frozen=True, kw_only=True):
    """A rule is registered; `is_new` is False when it had been before."""

    rule: LotRule
    is_new: bool


class LotRules:
    """Registers and tells the money rules of lots.

    Raises: every method may raise LedgerUnavailable and LedgerStoreError; repeat it then.
    """

    def __init__(self, store: PostgresLedgerStore) -> None:
        self._store = store

    async def register(self, rule: LotRule, by: int) -> Registered | RuleRefusal:
        """Register a lot's rule, once: the same again changes nothing, another is refused.

        Args:
            rule: of a lot that nobody has deposited for yet.
            by: who publishes the lot.

        Refuses: RuleRefusal.
        """
        refusal = rule_refusal(rule)
        if refusal is not None:
            return refusal

        async def work(desk: Desk) -> Registered | RuleRefusal:
            known = await lot_rows.lot_rule(desk.connection, rule.lot_id)
            if known is None:
                await lot_rows.add_lot_rule(desk.connection, rule, by, desk.now_us)
                return Registered(rule=rule, is_new=True)
            if known != rule:
                return RuleRefusal.EXISTS_WITH_OTHER_TERMS
            return Registered(rule=rule, is_new=False)

        return await self._store.at_desk(work)

    async def of(self, lot_id: int) -> LotRule:
        """Return the rule of a lot, the standard rule where none was registered."""
        async with self._store.snapshot() as connection:
            return await lot_rows.lot_rule(connection, lot_id) or standard_rule(lot_id)
