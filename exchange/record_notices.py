"""Notices that follow from a lot's own records: that it stands still, that it goes on, how it ended.

How lots end is told by `exchange.settlement`, which reads every outcome; what happens between is heard here as the
engine publishes it. After a start, a lot that stands still is told of if its notice was cut off.

Belongs here: which record becomes a notice, and that none is told twice. Does not belong here: the words
(`exchange.notice_texts`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final

import structlog
from msgspec import Struct

from exchange.catalogue import Catalogue
from exchange.lot_search import Search
from exchange.notice_texts import of_event
from exchange.notices import BY_THE_EXCHANGE, Notices
from exchange.ports import EventFeed, ExchangeError, FeedEntry, Journal
from matching.events import Event, LotFrozen, LotResumed
from matching.lot import LotState
from matching.units import LotId, TimeUs
from matching.view import LotView

log = structlog.get_logger(__name__)

WAITING_MAX: Final = 10_000
FROZEN_MAX: Final = 200
TAIL_RECORDS: Final = 200
"""How far back the record is looked for that froze a lot: little happens while it stands still."""

RETRY_SECONDS: Final = 1.0


class Heard(Struct, frozen=True):
    """A record that a notice tells of, and the lot as it stood after it."""

    lot: LotId
    sequence: int
    at_us: TimeUs
    event: Event
    view: LotView


async def tell(notices: Notices, heard: Heard) -> None:
    """Publish what a record of a lot means to the public, if anything; done again, it changes nothing."""
    notice = of_event(heard.event, heard.view)
    if notice is not None:
        by = getattr(heard.event, "by", BY_THE_EXCHANGE)
        await notices.tell(heard.lot, heard.sequence, notice, by, heard.at_us)


class StandstillNotices:
    """Publishes that lots stand still and go on, as it hears it. It listens from the moment it is made."""

    def __init__(self, feed: EventFeed, journal: Journal, catalogue: Catalogue, notices: Notices) -> None:
        """Take what is heard and where notices are kept."""
        self._feed = feed
        self._journal = journal
        self._catalogue = catalogue
        self._notices = notices
        self._waiting: asyncio.Queue[Heard] = asyncio.Queue(WAITING_MAX)
        feed.listen(self._hear)

    async def run(self) -> None:
        """Publish for ever; what fails for want of a database is done again a second later."""
        await _done(self.mend)
        while True:
            await _done(partial(tell, self._notices, await self._waiting.get()))

    async def mend(self) -> None:
        """Tell of every lot that stands still and of which that was not told.

        Raises: StoreUnavailable, JournalUnavailable.
        """
        found = await self._catalogue.search(Search(state=LotState.FROZEN, limit=FROZEN_MAX))
        for card in found.cards:
            after = max(0, self._feed.offset(card.lot) - TAIL_RECORDS)
            rows = await self._journal.read_lot(card.lot, after, TAIL_RECORDS)
            frozen = [row for row in rows if isinstance(row.event, LotFrozen)]
            for row in frozen[-1:]:
                await tell(self._notices, Heard(row.lot, row.sequence, row.at_us, row.event, card.view))

    def _hear(self, entries: Sequence[FeedEntry]) -> None:
        for entry in entries:
            for record in entry.records:
                if isinstance(record.event, LotFrozen | LotResumed):
                    self._take(Heard(entry.lot, record.sequence, record.at_us, record.event, entry.view))

    def _take(self, heard: Heard) -> None:
        if self._waiting.full():
            log.error("notice.not_told", lot=heard.lot, sequence=heard.sequence)
            return
        self._waiting.put_nowait(heard)


async def _done(work: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            return await work()
        except ExchangeError as error:
            log.warning("notice.delayed", error=str(error) or type(error).__name__)
        await asyncio.sleep(RETRY_SECONDS)
