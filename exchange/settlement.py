"""After the hammer: what the journal says of a lot's end becomes postings in the ledger, exactly once.

Settlement reads the journal behind a cursor of its own. The cursor moves in the transaction that moves the money,
so a crash between any two steps is mended by doing the step again. Belongs here: that reading.
Does not belong here: what an outcome does to a deposit (`ledger.settlement`).
"""

from __future__ import annotations

import asyncio
from typing import Final

import structlog

from exchange.catalogue import Catalogue
from exchange.notices import Notices
from exchange.ports import ExchangeError, Journal, LotBook
from exchange.record_notices import Heard, tell
from exchange.records import JournalRow
from exchange.sign_up import SignUps
from ledger.lot_settlements import LotSettlements
from ledger.postgres import PostgresLedgerStore
from ledger.settlement import LotOutcome, Purchase, SettlementRefusal
from ledger.store import Cursor, LedgerStoreError, LedgerUnavailable
from matching.events import Event, LotAwarded, LotKnockedDown, LotSold, WinnerDefaulted
from matching.lot import Lot
from matching.terms import Direction
from matching.units import Amount, Paddle, TimeUs
from matching.view import lot_view

log = structlog.get_logger(__name__)

CURSOR: Final = "settlement"
PAGE_ROWS: Final = 200
POLL_INTERVAL_S: Final = 1.0


def cursor_of(shard: int) -> str:
    """Return the name under which the ledger keeps how far a shard is settled."""
    return f"{CURSOR}:{shard}" if shard else CURSOR


class Settlement:
    """Settles lots in the order in which they ended."""

    def __init__(
        self,
        *,
        journal: Journal,
        book: LotBook,
        ledger: PostgresLedgerStore,
        catalogue: Catalogue,
        sign_ups: SignUps,
        notices: Notices,
        outcome_recorded: asyncio.Event,
        shard: int = 0,
    ) -> None:
        """Take what is read and what is written.

        Args:
            journal: of the shard whose lots are settled.
            outcome_recorded: set by the engine when a lot has ended; cleared here.
        """
        self._journal = journal
        self._book = book
        self._ledger = ledger
        self._settlements = LotSettlements(ledger)
        self._catalogue = catalogue
        self._sign_ups = sign_ups
        self._notices = notices
        self._outcome_recorded = outcome_recorded
        self._cursor = cursor_of(shard)
        self._position: int | None = None

    async def run(self) -> None:
        """Settle, for ever, what ends; what fails for want of a database is done again a second later."""
        while True:
            try:
                await self.settle_due()
            except (ExchangeError, LedgerUnavailable, LedgerStoreError) as error:
                log.warning("settlement.delayed", error=str(error) or type(error).__name__)
            await self._wait()

    async def settle_due(self) -> int:
        """Settle every lot that has ended and is not settled; return how many outcomes were read.

        Raises: JournalUnavailable, StoreUnavailable, LedgerUnavailable, LedgerStoreError; call it again then.
        """
        position, self._position = self._position, None
        if position is None:
            position = await self._ledger.cursor(self._cursor)
        done = 0
        while rows := await self._journal.read_outcomes(position, PAGE_ROWS):
            for row in rows:
                await self._settle(row)
            position = rows[-1].position
            done += len(rows)
        self._position = position
        return done

    async def _settle(self, row: JournalRow) -> None:
        """Settle one lot. The catalogue comes first: the cursor, once moved, does not come back to it."""
        view = await self._book.load(row.lot)
        lot = self._book.lot(row.lot)
        assert view is not None and lot is not None, "the journal holds every lot that it says has ended"
        ended = lot_view(lot)
        await self._catalogue.close(ended, row.at_us)
        await tell(self._notices, Heard(row.lot, row.sequence, row.at_us, row.event, ended))
        await self._sign_ups.close(lot.id, lot.paddles)
        outcome = lot_outcome(lot, row, await self._bidding_ended_at_us(lot, row))
        answer = await self._settlements.settle(outcome, Cursor(self._cursor, row.position))
        if isinstance(answer, SettlementRefusal):
            log.error("settlement.refused", lot=row.lot, position=row.position, reason=answer.value)
        elif answer.is_new:
            log.info("settlement.done", lot=row.lot, applied=answer.applied, released=answer.released)

    async def _bidding_ended_at_us(self, lot: Lot, outcome: JournalRow) -> TimeUs:
        """Return when the hammer first fell on a lot that was knocked down; for any other, when it ended.

        From that hammer to the end of the lot the journal holds only who was called, who defaulted and who signed.
        """
        if not lot.terms.reserve_places:
            return outcome.at_us
        ended_at_us, last = outcome.at_us, outcome.sequence - 1
        while last > 0:
            after = max(0, last - PAGE_ROWS)
            for row in reversed(await self._journal.read_lot(lot.id, after, last - after)):
                if not isinstance(row.event, LotKnockedDown | WinnerDefaulted):
                    return ended_at_us
                ended_at_us = row.at_us
            last = after
        return ended_at_us

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(POLL_INTERVAL_S):
                await self._outcome_recorded.wait()
        except TimeoutError:
            return
        self._outcome_recorded.clear()


def lot_outcome(lot: Lot, row: JournalRow, bidding_ended_at_us: TimeUs = 0) -> LotOutcome:
    """Return what the ledger needs to know of a lot's last record.

    Args:
        lot: as it ended.
        row: its last record.
        bidding_ended_at_us: 0 where that was the moment of the last record.
    """
    behind = {paddle: bidder for bidder, paddle in lot.paddles.items()}
    return LotOutcome(
        lot_id=row.lot,
        source_sequence=row.sequence,
        purchases=tuple(Purchase(behind[paddle], amount) for paddle, amount in owed(row.event).items()),
        defaulted_bidder_ids=tuple(behind[paddle] for paddle in lot.defaulted),
        currency=lot.terms.currency,
        decided_at_us=row.at_us,
        bidding_ended_at_us=bidding_ended_at_us,
        is_purchase=lot.terms.direction is Direction.FALLING,
    )


def owed(outcome: Event) -> dict[Paddle, Amount]:
    """Return what each buyer owes by a lot's last event; who only sold owes nothing."""
    if isinstance(outcome, LotSold):
        return {outcome.paddle: outcome.price}
    totals: dict[Paddle, Amount] = {}
    if isinstance(outcome, LotAwarded):
        for award in outcome.awards:
            totals[award.paddle] = totals.get(award.paddle, 0) + award.amount
    return {paddle: total for paddle, total in totals.items() if total > 0}
