"""The robots in the demo centre's office: they take the demo bank's statements and pay robots back.

Two of them, because nobody confirms what he made; everything goes through the services of real use. What concerns
visitors is left to visitors, and some refunds of robots too, so that a visitor at the finance desk has work.

Belongs here: what is done by itself at the desk of a demo. Does not belong here: what a real desk does by itself
(`exchange.finance`), what the bank writes (`exchange.demo.bank_papers`).
"""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Final

import structlog

from exchange.demo.accounts import ROBOT_CASHIER, ROBOT_CHECKER, ROBOTS, made
from exchange.demo.bank_account import DemoBankAccount
from exchange.demo.books import SLUG, open_books
from exchange.finance import Finance
from exchange.people import People
from exchange.ports import ExchangeError
from ledger.accounting_days import DAY, TIME_ZONE, accounting_day
from ledger.bank.records import IntakeRefused
from ledger.payouts import Acted, Payout, PayoutState
from ledger.payouts.initiation import VERSIONS
from ledger.payouts.records import Batched
from ledger.payouts.service import PAGE_PAYOUTS
from ledger.store import LedgerUnavailable

log = structlog.get_logger(__name__)

ROUND_SECONDS: Final = 30.0
LEFT_TO_VISITORS: Final = 5
"""So many refunds of robots, the oldest, wait for a visitor; in the end they are overdue, as they would be anywhere."""
PAID_TOGETHER: Final = 25
"""So many more wait before the robots pay them with one file."""
DAYS_CAUGHT_UP: Final = 31


class DemoOffice:
    """Two robots at the finance desk. `open` once, then `run` until cancelled."""

    def __init__(self, people: People, finance: Finance) -> None:
        """Take where accounts are made, and finance's services."""
        self._people = people
        self._finance = finance
        self._bank = DemoBankAccount(finance)
        self._cashier = self._checker = 0
        self._told_up_to = date.min
        self._robots: frozenset[int] = frozenset()

    async def open(self) -> None:
        """Hire the robots, and open the centre's account at the demo bank.

        Raises: StoreUnavailable, LedgerUnavailable, LedgerStoreError.
        """
        self._cashier = (await made(self._people, ROBOT_CASHIER, None)).id
        self._checker = (await made(self._people, ROBOT_CHECKER, None)).id
        self._robots = frozenset([(await made(self._people, robot, None)).id for robot in ROBOTS])
        await open_books(self._finance, self._cashier)

    async def run(self) -> None:
        """Do what is due, again and again; nothing that fails in it ends it."""
        while True:
            try:
                await self.work()
            except (ExchangeError, LedgerUnavailable) as error:
                log.warning("demo.office_delayed", error=str(error) or type(error).__name__)
            except Exception:
                # The edge of a task: the demonstration must never take the exchange down with it.
                log.exception("demo.office_failed")
            await asyncio.sleep(ROUND_SECONDS)

    async def work(self) -> None:
        """Take the statements of days that are over, and pay robots back.

        Raises: LedgerUnavailable, LedgerStoreError.
        """
        if await self._bank.is_open():
            await self._take_statements()
            await self._pay_robots()

    async def _take_statements(self) -> None:
        yesterday = accounting_day(self._finance.clock.now_us(), TIME_ZONE) - DAY
        if yesterday == self._told_up_to:
            return
        for day in await self._bank.untold_days(yesterday - DAYS_CAUGHT_UP * DAY, yesterday):
            await self._take_statement(day)
        self._told_up_to = yesterday

    async def _take_statement(self, day: date) -> None:
        file = await self._bank.statement(day)
        answer = await self._finance.intake.take(file.content, self._cashier, name=file.name)
        if isinstance(answer, IntakeRefused):
            log.warning("demo.statement_refused", day=str(day), problem=answer.problem.value)
            return
        await self._finance.reconciliation.reconcile(self._cashier)

    async def _pay_robots(self) -> None:
        waiting = await self._robots_refunds()
        due = waiting[LEFT_TO_VISITORS:]
        if len(due) < PAID_TOGETHER:
            return
        approved = await self._finance.payouts.approve_all([one.payout_id for one in due], self._checker)
        ready = [number for number, answer in approved.items() if isinstance(answer, Acted)]
        if not ready:
            return
        made_now = await self._finance.payouts.make_batch(SLUG, VERSIONS[0], self._cashier, ready)
        if not isinstance(made_now, Batched):
            log.warning("demo.robots_not_paid", refusal=made_now.value)
            return
        batch = made_now.batch
        await self._finance.payouts.send_batch(batch.batch_id, self._cashier)
        answer = await self._bank.answer(batch)
        await self._finance.payouts.read_results(answer.content, self._cashier)

    async def _robots_refunds(self) -> list[Payout]:
        """Return the first page of robots' refunds that wait to be approved and say where to, the oldest first."""
        found = await self._finance.payouts.payouts(PayoutState.PROPOSED, limit=PAGE_PAYOUTS)
        return [one for one in found if one.bidder_id in self._robots and one.payee_account]
