"""The ledger's services over one database, and the life of one lot's deposits, in a line each."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
from msgspec.structs import replace

from ledger.clocks import Clocks
from ledger.defaults import CaseActed, Defaults
from ledger.deposits import Deposits, Held
from ledger.forfeits import Claim
from ledger.lot_rules import LotRules, Registered
from ledger.lot_settlements import LotSettlements
from ledger.money_rule import LotRule, standard_rule
from ledger.postgres import PostgresLedgerStore
from ledger.proceeds import Proceeds
from ledger.receipts import ReceiptResult
from ledger.records import BankReceipt, Deposit
from ledger.register import DepositRow
from ledger.settlement import LotOutcome, Purchase, Settled
from ledger.store import Cursor
from ledger.verify import verify

LOT, ANNA, BEN, CARL = 31, 7, 8, 9
MAKER, CHECKER = 101, 102
DEPOSIT, PRICE = 100_000, 900_000
NOW_US = 1_760_000_000_000_000


class House:
    """The ledger's services over one database."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.pool = pool
        self.store = PostgresLedgerStore(pool)
        self.deposits = Deposits(self.store, lambda: NOW_US)
        self.rules = LotRules(self.store)
        self.settlements = LotSettlements(self.store)
        self.defaults = Defaults(self.store)
        self.proceeds = Proceeds(self.store)
        self.clocks = Clocks(self.store)

    async def rule(self, **changes: object) -> LotRule:
        """Register the lot's rule: the standard one but for the changes."""
        rule: LotRule = replace(standard_rule(LOT), **changes)
        assert isinstance(await self.rules.register(rule, MAKER), Registered)
        return rule

    async def paid(self, bidder: int, amount: int, at_us: int = NOW_US, receipt_id: str = "") -> None:
        """Let money of a bidder arrive."""
        opened = await self.deposits.open(LOT, bidder, DEPOSIT, "CNY", f"Bidder {bidder}")
        assert isinstance(opened, Deposit)
        receipt = BankReceipt(
            receipt_id=receipt_id or f"R-{bidder}",
            reference=opened.reference,
            amount=amount,
            currency="CNY",
            payer_name=f"Bidder {bidder}",
            received_at_us=at_us,
        )
        assert (await self.deposits.receive(receipt)).result is ReceiptResult.CREDITED

    async def held(self, bidder: int, paid: int = DEPOSIT, at_us: int = NOW_US) -> None:
        """Let a bidder pay and hold his deposit."""
        await self.paid(bidder, paid, at_us)
        assert isinstance(await self.deposits.hold(LOT, bidder), Held)

    async def ended(
        self,
        *,
        defaulted: tuple[int, ...] = (),
        buyer: int | None = None,
        price: int = PRICE,
        at_us: int = NOW_US,
        bidding_ended_at_us: int = 0,
    ) -> Settled:
        """Settle the lot."""
        outcome = LotOutcome(
            lot_id=LOT,
            source_sequence=12,
            purchases=() if buyer is None else (Purchase(buyer, price),),
            defaulted_bidder_ids=defaulted,
            decided_at_us=at_us,
            bidding_ended_at_us=bidding_ended_at_us,
        )
        answer = await self.settlements.settle(outcome, Cursor("settlement", 12))
        assert isinstance(answer, Settled)
        return answer

    async def row(self, bidder: int) -> DepositRow:
        """Return a bidder's line of the register."""
        (row,) = await self.deposits.register(LOT, bidder)
        return row

    async def credit(self, code: str) -> int:
        """Return what an account has to its credit, 0 for one that is not open."""
        async with self.store.reading() as reader:
            account = await reader.account(code)
        return 0 if account is None else account.credits_posted - account.debits_posted

    async def posted(self, claims: list[Claim], bidder: int = ANNA) -> CaseActed:
        """Settle a default by two persons."""
        proposed = await self.defaults.settle_default(LOT, bidder, claims, MAKER)
        assert isinstance(proposed, CaseActed), proposed
        posted = await self.defaults.post(LOT, bidder, CHECKER)
        assert isinstance(posted, CaseActed), posted
        return posted

    async def postings(self) -> int:
        """Return how many transfers there are."""
        count: int = await self.pool.fetchval("SELECT count(*) FROM ledger.transfer")
        return count

    async def faults(self) -> list[str]:
        """Return everything that is wrong with the books, defaults and fees included."""
        return [*(await verify(self.store)).discrepancies, *await self.defaults.discrepancies()]


@asynccontextmanager
async def sound_house(database_url: str) -> AsyncIterator[House]:
    """Open a house, and verify its books when it is left."""
    async with asyncpg.create_pool(database_url, min_size=1, max_size=4) as pool:
        house = House(pool)
        yield house
        assert await house.faults() == []
