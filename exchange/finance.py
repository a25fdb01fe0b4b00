"""Finance's side of the exchange: the services over the ledger, built once, and what they do by themselves.

Belongs here: putting the ledger's services together, what is done again and again without a person.
Does not belong here: rules of money (`ledger`), who may call what (`gateways`).
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from typing import Final

import structlog

from exchange.measures import Measures
from exchange.ports import Clock
from ledger.bank.deposit_accounts import DepositAccounts
from ledger.bank.intake import BankIntake
from ledger.bank.registry import BankAccounts
from ledger.bank.suspense import Suspense
from ledger.clocks import Clocks, refund_due_at_us
from ledger.defaults import Defaults
from ledger.lot_rules import LotRules
from ledger.lot_settlements import LotSettlements
from ledger.own_deposits import OwnDeposits
from ledger.payouts import Payouts, PayoutState
from ledger.periods import Periods
from ledger.postgres import PostgresLedgerStore
from ledger.posting_search import PostingSearch
from ledger.proceeds import Proceeds
from ledger.receipt_entries import ReceiptEntries
from ledger.reconciliation import Reconciliation
from ledger.refund_clock import Level
from ledger.reversals import Reversals
from ledger.store import LedgerUnavailable

log = structlog.get_logger(__name__)

ROUND_SECONDS: Final = 5.0
COUNTED_EVERY_ROUNDS: Final = 12
STOPPED: Final = frozenset({PayoutState.DECLINED, PayoutState.CANCELLED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Finance:
    """The services that finance works with."""

    clock: Clock
    measures: Measures
    bank_accounts: BankAccounts
    deposit_accounts: DepositAccounts
    intake: BankIntake
    receipt_entries: ReceiptEntries
    suspense: Suspense
    payouts: Payouts
    clocks: Clocks
    defaults: Defaults
    periods: Periods
    reversals: Reversals
    postings: PostingSearch
    reconciliation: Reconciliation
    proceeds: Proceeds
    lot_rules: LotRules
    lot_settlements: LotSettlements
    own_deposits: OwnDeposits
    store: PostgresLedgerStore

    async def run(self) -> None:
        """Propose refunds as soon as they are owed, sound the alarms of their clocks, end what has run out; for ever.

        What a person has stopped waits for a person.
        """
        rounds = 0
        while True:
            try:
                await self.propose_refunds()
                await self.sound_alarms()
                await self.expire_holds()
                if rounds % COUNTED_EVERY_ROUNDS == 0:
                    await self.count_refunds()
            except LedgerUnavailable as error:
                log.warning("finance.round_delayed", error=str(error))
            except Exception:
                # The edge of a task: refunds that cannot be proposed wait for people and must not end bidding.
                log.exception("finance.round_failed")
            rounds += 1
            await asyncio.sleep(ROUND_SECONDS)

    async def count_refunds(self) -> None:
        """Count the refunds that have not left, by how much their clocks press.

        Raises: LedgerUnavailable.
        """
        due = await self.clocks.due(self.clock.now_us())
        self.measures.refunds = Counter({level.value: 0 for level in Level})
        self.measures.refunds.update(refund.level.value for refund in due)

    async def propose_refunds(self) -> int:
        """Propose what is owed back and return how many; looks first, so that an idle round stops no writer.

        Raises: LedgerUnavailable.
        """
        due = await self.payouts.due()
        if all(refund.last is not None and refund.last.state in STOPPED for refund in due):
            return 0
        return len((await self.payouts.propose_refunds_due()).proposed)

    async def expire_holds(self) -> int:
        """Give back what was promised for a time that is over, and return how many promises ended.

        Deposits and payouts are promised without a time: they end with their lot and by decisions. A hold with a
        `timeout_us` ends before the next posting, whoever makes it; in a quiet hour there is none, and its money would
        stay bound beyond its time.

        Raises: LedgerUnavailable, LedgerStoreError.
        """
        ended = await self.store.expire_due()
        if ended:
            log.info("finance.holds_expired", holds=ended)
        return ended

    async def sound_alarms(self) -> None:
        """Write an alarm for each refund whose clock is about to run out or has, once each, log it and count it.

        Raises: LedgerUnavailable.
        """
        for alert in await self.clocks.raise_alerts(self.clock.now_us()):
            self.measures.refund_alerts[alert.level.value] += 1
            log.warning(
                "finance.refund_alert",
                level=alert.level.value,
                lot=alert.lot_id,
                bidder=alert.bidder_id,
                owed=alert.owed,
                due_at_us=alert.due_at_us,
            )


def finance(store: PostgresLedgerStore, clock: Clock, measures: Measures) -> Finance:
    """Return finance's services over a ledger."""
    return Finance(
        clock=clock,
        measures=measures,
        bank_accounts=BankAccounts(store),
        deposit_accounts=DepositAccounts(store),
        intake=BankIntake(store),
        receipt_entries=ReceiptEntries(store),
        suspense=Suspense(store),
        payouts=Payouts(store, refund_due_at_us),
        clocks=Clocks(store),
        defaults=Defaults(store),
        periods=Periods(store),
        reversals=Reversals(store),
        postings=PostingSearch(store),
        reconciliation=Reconciliation(store),
        proceeds=Proceeds(store),
        lot_rules=LotRules(store),
        lot_settlements=LotSettlements(store),
        own_deposits=OwnDeposits(store),
        store=store,
    )
