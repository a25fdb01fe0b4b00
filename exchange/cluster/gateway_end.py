"""A gateway's end of the cluster: the trading hall as it looks from another process than the engines'.

Belongs here: sending commands where they belong, waiting for what becomes of them, the copies that a gateway shows.
Does not belong here: replaying rows (`exchange.follower`), how entries travel (carriers), sessions.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Protocol

import msgspec
import structlog
from msgspec import Struct

from exchange.asking import answered
from exchange.cluster.carrier import NOTES, Carrier
from exchange.cluster.counter import Counter, Shared, Waiting
from exchange.cluster.messages import Note, decode_note, encode
from exchange.follower import Follower, Tail
from exchange.measures import Measures
from exchange.ports import (
    Accepted,
    Answer,
    Archived,
    Busy,
    Clock,
    EventFeed,
    FeedEntry,
    Journal,
    JournalUnavailable,
    Reply,
    SnapshotStore,
    Unanswered,
)
from exchange.sequencer import party_of
from matching.commands import Command, amount_named
from matching.lot import Lot
from matching.units import LotId, TimeUs
from matching.view import LotView

log = structlog.get_logger(__name__)

SWEEP_SECONDS = 0.1
PLACES_SECONDS = 10.0
"""How often it is looked at least whether there are more shards."""

NOTE_KINDS_MAX = 100


class Placing(Protocol):
    """Knows which shard a lot belongs to."""

    def shard_of(self, lot: LotId) -> int:
        """Return the shard of a lot, as far as is known here."""

    async def refresh(self) -> None:
        """Learn what has changed.  Raises: JournalUnavailable."""

    @property
    def shards_in_use(self) -> int:
        """How many shards there are, as far as is known here."""


class OneShard:
    """All lots in shard 0."""

    shards_in_use = 1

    def shard_of(self, lot: LotId) -> int:
        """Return the one shard."""
        return 0

    async def refresh(self) -> None:
        """Learn nothing."""


class ShardLink(Struct, frozen=True):
    """How a gateway reaches one shard: its carrier and its journal."""

    carrier: Carrier
    journal: Journal


class HallLimits(Struct, frozen=True):
    """The bounds that a gateway's hall keeps."""

    commands_max: int = 20_000
    command_deadline_ms: int = 5_000


class RemoteHall:
    """`exchange.ports.Hall` over carriers and journals: `start`, then `run` until it raises."""

    def __init__(
        self,
        *,
        shards: Sequence[ShardLink],
        placement: Placing,
        snapshots: SnapshotStore,
        feed: EventFeed,
        clock: Clock,
        measures: Measures,
        limits: HallLimits | None = None,
        link_to: Callable[[int], ShardLink] | None = None,
    ) -> None:
        """Take what the hall stands on.

        Args:
            shards: the ways to the shards that there are, from 0.
            placement: which shard a lot belongs to, and how many there are by now.
            snapshots: of lots.
            feed: where what is on record is published.
            clock: of this process.
            measures: told of commands that were turned away.
            limits: the bounds of this hall.
            link_to: makes the way to a shard that is added while this runs; None: none is added.
        """
        self._placement = placement
        self._feed = feed
        self._clock = clock
        self._measures = measures
        self._limits = limits or HallLimits()
        self._shared = Shared(gateway=secrets.token_hex(8), limits=self._limits)
        self._follower = Follower(feed, snapshots, self._shared.by_command, self._recorded)
        self._links = list(shards)
        self._link_to = link_to
        self._counters = [self._counter(link) for link in shards]
        self._expected = len(self._counters)
        """Of so many shards the engines must be heard; one that was added may have none yet."""
        self._unshown: list[tuple[Waiting, Accepted]] = []
        self._listeners: dict[str, list[Callable[[bytes], None]]] = {}
        self._is_misplaced = asyncio.Event()
        self._errands: set[asyncio.Task[None]] = set()

    def _counter(self, link: ShardLink) -> Counter:
        return Counter(self._shared, link.carrier, Tail(self._follower, link.journal), self._answered)

    # -- what the gateway shows --------------------------------------------------------------------------------

    @property
    def epoch(self) -> str:
        """The identity of the journal."""
        return self._shared.epoch

    @property
    def is_writable(self) -> bool:
        """Whether the engines of all shards are heard and take commands, but for new ones that were never heard."""
        return all(
            counter.is_open
            for shard, counter in enumerate(self._counters)
            if shard < self._expected or counter.was_heard
        )

    def positions(self) -> list[tuple[int, int]]:
        """Return the shards, each with the position up to which its journal has been followed."""
        return [(shard, counter.tail.position) for shard, counter in enumerate(self._counters)]

    def view(self, lot_id: LotId) -> LotView | None:
        """Return the public state of a lot at hand."""
        return self._feed.view(lot_id)

    def lot(self, lot_id: LotId) -> Lot | None:
        """Return the whole state of a lot at hand, not to be changed."""
        held = self._follower.lots.get(lot_id)
        return None if held is None else held.lot

    def holds(self, lot_id: LotId) -> bool:
        """Tell whether the lot is at hand."""
        return lot_id in self._follower.lots

    async def load(self, lot_id: LotId) -> LotView | None:
        """Return the public state of any lot.  Raises: Archived, JournalUnavailable."""
        if lot_id not in self._follower.lots:
            # Whichever shard wrote them, the rows of a lot are found through any.
            await self._follower.load(self._links[0].journal, lot_id)
        return self._feed.view(lot_id)

    def now_us(self) -> TimeUs:
        """Return the clock's time, never earlier than what has been seen on record."""
        return max(self._clock.now_us(), self._follower.last_at_us)

    # -- the command bus ---------------------------------------------------------------------------------------

    def post(self, command_id: str, command: Command, reply: Reply) -> None:
        """Hand over a command; see `CommandBus.post`.  Raises: Busy."""
        shard = self._placement.shard_of(command.lot)
        if shard >= len(self._counters) or not self._counters[shard].post(command_id, command, reply):
            self._measures.busy += 1
            raise Busy(command_id)

    async def submit(self, command_id: str, command: Command) -> Answer:
        """Hand over a command and wait for its answer; see `CommandBus.submit`.  Raises: Busy, OutcomeUnknown."""
        # A little longer than `post` itself waits before it says so.
        seconds = self._limits.command_deadline_ms / 1000 + 1
        return await answered(self.post, command_id, command, seconds)

    # -- other gateways ----------------------------------------------------------------------------------------

    def tell_all(self, kind: str, payload: bytes) -> None:
        """Tell the other gateways something that may get lost, and may come more than once."""
        entry = encode(Note(self._shared.gateway, kind, payload))
        for link in self._links:
            link.carrier.send(NOTES, entry)

    def on_note(self, kind: str, listener: Callable[[bytes], None]) -> None:
        """Call `listener` with whatever another gateway tells of this kind."""
        self._listeners.setdefault(kind, []).append(listener)
        assert len(self._listeners) <= NOTE_KINDS_MAX, "kinds of notes are named in the code"

    def _heard_note(self, entry: bytes) -> None:
        try:
            note = decode_note(entry)
        except msgspec.DecodeError as error:
            log.warning("hall.entry_not_understood", error=str(error))
            return
        if note.sender != self._shared.gateway:
            for listener in self._listeners.get(note.kind, ()):
                listener(note.payload)

    # -- running -----------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Recover the lots that have not ended.  Raises: JournalUnavailable."""
        self._shared.epoch = await self._links[0].journal.epoch()
        await self._placement.refresh()
        for counter in self._counters:
            await counter.tail.start()
        log.info("hall.started", shards=len(self._links), lots=len(self._follower.lots))

    async def run(self) -> None:
        """Follow the journals, carry commands, answer; for ever."""
        stop_listening = self._feed.listen(self._published)
        try:
            async with asyncio.TaskGroup() as group:
                for counter in self._counters:
                    self._run_counter(counter, group)
                group.create_task(self._sweep())
                group.create_task(self._replace(group))
        finally:
            stop_listening()
            for errand in tuple(self._errands):
                errand.cancel()

    def _run_counter(self, counter: Counter, group: asyncio.TaskGroup) -> None:
        counter.listen()
        counter.carrier.listen(NOTES, self._heard_note)
        group.create_task(counter.carrier.run())
        group.create_task(counter.tail.run())

    async def _sweep(self) -> None:
        """Tell those whose time is up that nobody knows."""
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            for counter in self._counters:
                counter.expire()

    async def _replace(self, group: asyncio.TaskGroup) -> None:
        """See where lots lie, now and then and after an engine has turned commands away; follow new shards."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(PLACES_SECONDS):
                    await self._is_misplaced.wait()
            self._is_misplaced.clear()
            try:
                await self._placement.refresh()
                await self._add_shards(group)
            except JournalUnavailable as error:
                log.warning("hall.placement_unknown", error=str(error))
            await asyncio.sleep(SWEEP_SECONDS)

    async def _add_shards(self, group: asyncio.TaskGroup) -> None:
        """Follow the shards that have come since this hall began.  Raises: JournalUnavailable."""
        while self._link_to is not None and len(self._counters) < self._placement.shards_in_use:
            shard = len(self._counters)
            link = self._link_to(shard)
            counter = self._counter(link)
            await counter.tail.start()
            self._links.append(link)
            self._counters.append(counter)
            self._run_counter(counter, group)
            log.info("hall.shard_added", shard=shard)

    # -- answers -----------------------------------------------------------------------------------------------

    def _recorded(self, answer: Accepted) -> None:
        """Hand out a receipt whose records have just been published, to everybody who gave this very command."""
        for waiting in self._shared.asking((answer.lot, answer.command_id)):
            command = waiting.command
            if party_of(command) == answer.party and amount_named(command) == answer.amount:
                waiting.counter.finish(waiting, answer)

    def _answered(self, waiting: Waiting, answer: Answer | Unanswered) -> None:
        """Hand out what an engine has answered; a receipt only once its records are shown here."""
        if isinstance(answer, Accepted) and self._feed.offset(answer.lot) < answer.sequence:
            self._unshown.append((waiting, answer))
            if answer.lot in self._follower.lots:
                waiting.counter.tail.hurry()
            else:
                self._fetch(answer.lot)
            return
        if isinstance(answer, Busy):
            self._is_misplaced.set()
        waiting.counter.finish(waiting, answer)

    def _published(self, entries: Sequence[FeedEntry]) -> None:
        """After everybody has heard of the publication, hand out receipts that waited for it."""
        if self._unshown:
            asyncio.get_running_loop().call_soon(self._show)

    def _show(self) -> None:
        """Hand out the receipts whose records are shown by now."""
        unshown, self._unshown = self._unshown, []
        for waiting, answer in unshown:
            if self._feed.offset(answer.lot) >= answer.sequence:
                waiting.counter.finish(waiting, answer)
            elif waiting.counter.is_waiting(waiting):
                self._unshown.append((waiting, answer))

    def _fetch(self, lot: LotId) -> None:
        """Get a lot that has ended; if that fails, its receipts wait in vain and their time runs out."""

        async def fetch() -> None:
            try:
                await self.load(lot)
            except (Archived, JournalUnavailable) as error:
                log.warning("hall.lot_not_fetched", lot=lot, error=str(error))

        errand = asyncio.create_task(fetch())
        self._errands.add(errand)
        errand.add_done_callback(self._errands.discard)
