"""The seams of the exchange: what the engine needs from the world, and what the world may ask of the engine.

Each port has an adapter for production and one in memory; one suite of contract tests runs over all of them.

Belongs here: protocols with their contracts, and the values and exceptions that cross them.
Does not belong here: drivers, SQL, sockets.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from typing import Protocol, TypeAlias

from msgspec import Struct

from exchange.records import JournalRow
from matching.commands import Command, ItemBid
from matching.lot import Lot
from matching.refusals import Refused
from matching.units import Amount, BidderId, Line, LotId, Paddle, Rank, TimeUs
from matching.view import LotView, PublicRecord


class Accepted(Struct, frozen=True, gc=False):
    """A command that is on durable record. The same id and body always get the same answer.

    `sequence` and `link` are those of the command's first record; `paddle` is the bidder's, 0 for staff.
    Where the lot stands by now is not part of it: that is for the feed to say.
    """

    command_id: str
    lot: LotId
    sequence: int
    at_us: TimeUs
    party: int
    amount: Amount
    link: bytes
    paddle: Paddle
    is_repeat: bool = False


class Rejected(Struct, frozen=True, gc=False):
    """A command that changed nothing; the refusal is on durable record."""

    command_id: str
    lot: LotId
    at_us: TimeUs
    party: int
    amount: Amount
    refused: Refused
    is_repeat: bool = False


Answer: TypeAlias = Accepted | Rejected


class ExchangeError(Exception):
    """Anything that the exchange promises and could not keep."""


class Unanswered(ExchangeError):
    """A command that the exchange could not answer, by its id."""

    def __init__(self, command_id: str = "") -> None:
        super().__init__(command_id)
        self.command_id = command_id


class Busy(Unanswered):
    """Nothing of the command is, or will be, among the records of its lot; it may be sent again."""


class OutcomeUnknown(Unanswered):
    """Nobody can say yet whether the command is on record; ask again with the same id."""


class JournalUnavailable(ExchangeError):
    """The journal cannot be reached. An append under way may or may not have become durable."""


class JournalFailed(ExchangeError):
    """The journal refused an append for a reason that waiting will not cure, such as a full disk."""


class Fenced(ExchangeError):
    """Another engine holds a later term of the shard; this one must end."""


class Archived(ExchangeError):
    """Records of a lot that ended long ago lie in a file of the archive; `luochui journal restore` brings them back."""

    def __init__(self, lot: LotId, file: str) -> None:
        super().__init__(f"records of lot {lot} lie in {file}")
        self.lot = lot
        self.file = file


Reply: TypeAlias = Callable[[Answer | Unanswered], None]
"""Called exactly once, on the event loop, after the commit and its publication. It must not raise or block."""


class Clock(Protocol):
    """Tells the time that the exchange goes by."""

    def now_us(self) -> TimeUs:
        """Return microseconds since the Unix epoch. May step backwards; the engine does not follow it there."""


class CommandBus(Protocol):
    """Carries commands to the engine that owns the lot, and answers back.

    Ordering: commands of one caller for one lot arrive in the order of their calls. Durability: none before the answer.
    Idempotency: by command id, in the engine. Cancelling `submit` does not take the command back.
    """

    def post(self, command_id: str, command: Command, reply: Reply) -> None:
        """Hand over a command.

        Raises: Busy, when the inbox is full or the engine cannot write; `reply` is then never called.
        """

    async def submit(self, command_id: str, command: Command) -> Answer:
        """Hand over a command and wait for its answer.

        Raises: Busy, OutcomeUnknown.
        """


class LotBook(Protocol):
    """The lots as far as this process knows them: the engine's own, or a copy that follows its journal."""

    def view(self, lot_id: LotId) -> LotView | None:
        """Return the public state of a lot; None for one that is not at hand."""

    def lot(self, lot_id: LotId) -> Lot | None:
        """Return the whole state of a lot, not to be changed; None for one that is not at hand."""

    async def load(self, lot_id: LotId) -> LotView | None:
        """Return the public state of any lot, also of one that ended long ago; None for an unknown one.

        Raises: JournalUnavailable.
        """


class Hall(CommandBus, LotBook, Protocol):
    """What every way in needs of the trading: the engine in this process, or another process's engines from afar."""

    @property
    def epoch(self) -> str:
        """The identity of the journal."""

    @property
    def is_writable(self) -> bool:
        """Whether commands are taken now."""

    def holds(self, lot_id: LotId) -> bool:
        """Tell whether commands for a lot can be sent as it is; one that has ended may have to be loaded first."""

    def now_us(self) -> TimeUs:
        """Return the exchange's time, never earlier than anything it has recorded."""


class Own(Struct, frozen=True):
    """What only the bidder himself may know of his place in a lot."""

    paddle: Paddle
    limit: Amount = 0
    """His max bid, 0 for none."""
    rank: Rank = 0
    """His rank among priority purchasers, 0 for none."""
    lines: tuple[Line, ...] = ()
    """His hidden offer."""
    handle: str = ""
    """The handle of his sealed offer."""
    item_bids: tuple[ItemBid, ...] = ()
    """His bids of the round that runs."""
    held: tuple[ItemBid, ...] = ()
    """What he holds in a clock since its last round, each at the price that it has come to."""


class FeedEntry(Struct, frozen=True):
    """What one batch did to one lot: its new public records, in order and without gaps, and the state after them."""

    lot: LotId
    offset: int
    """Sequence of the last record that `view` takes into account."""
    records: list[PublicRecord]
    view: LotView
    own: dict[BidderId, Own]
    """Bidders whose own place changed."""
    outbid: BidderId = 0
    """Who led before the batch and does not lead after it. Whoever led only within it reads that in his receipt."""


Listener: TypeAlias = Callable[[Sequence[FeedEntry]], None]


class EventFeed(Protocol):
    """Spreads what is durable, and remembers the latest of it: what may be shown is what the feed knows.

    Ordering: per lot, by sequence. Durability: none; the journal is the fallback.
    """

    def publish(self, entries: Sequence[FeedEntry]) -> None:
        """Tell all listeners, and remember. Never called with anything that is not committed."""

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` for each publication from now on; the answer ends that."""

    def since(self, lot: LotId, offset: int) -> list[PublicRecord] | None:
        """Return all records of the lot after `offset`; None when not all of them are remembered."""

    def view(self, lot: LotId) -> LotView | None:
        """Return the public state of a lot as last published; None for a lot not published here."""

    def offset(self, lot: LotId) -> int:
        """Return the sequence up to which the lot is published; 0 for a lot not published here."""

    def own(self, lot: LotId, bidder: BidderId) -> Own | None:
        """Return a bidder's own place in a lot as last published; None when he has none."""

    def forget(self, lot: LotId) -> None:
        """Let go of everything remembered of a lot."""


class RefusalRow(Struct, frozen=True, gc=False):
    """A refused command as the side record keeps it, so that a complaint can be answered."""

    lot: LotId
    command_id: str
    party: int
    at_us: TimeUs
    amount: Amount
    refused: Refused


class Batch(Struct):
    """What one step of the engine wants on record, all or nothing."""

    rows: list[JournalRow]
    refusals: list[RefusalRow]


class Journal(Protocol):
    """The durable, ordered, append-only record: the truth from which everything is rebuilt.

    One object is the journal of one shard. Positions count from 1 over all records of the shard, sequences from 1
    within a lot, both without gaps. A lot that was moved has its records in several shards.
    """

    async def append(self, term: int, batch: Batch) -> None:
        """Make the batch durable as one, checking in the same transaction that `term` is still the shard's.

        Raises: Fenced (nothing was written; also when a lot lies in another shard), JournalUnavailable (in doubt),
            JournalFailed (nothing was written).
        Cancelling it leaves the outcome in doubt.
        """

    async def head(self) -> int:
        """Return the last position; 0 for an empty journal. Raises: JournalUnavailable."""

    async def read_from(self, position: int, limit: int) -> list[JournalRow]:
        """Return at most `limit` rows after `position`, ascending, over all lots. Raises: JournalUnavailable."""

    async def read_outcomes(self, position: int, limit: int) -> list[JournalRow]:
        """Like `read_from`, but only rows whose event ends a lot."""

    async def read_lot(self, lot: LotId, after: int, limit: int) -> list[JournalRow]:
        """Return at most `limit` rows of one lot after sequence `after`, whichever shards wrote them.

        Raises: Archived, when the first of them lies in an archive file; JournalUnavailable.
        """

    async def open_lots(self) -> list[LotId]:
        """Return the lots placed in the shard that have begun and not ended, ascending. Raises: JournalUnavailable."""

    async def first_sequence_since(self, lot: LotId, at_us: TimeUs) -> int:
        """Return the sequence of the lot's first row at or after `at_us`; 0 when there is none."""

    async def read_refusals(self, lot: LotId, since_us: TimeUs, limit: int) -> list[RefusalRow]:
        """Return at most `limit` refusals of a lot at or after `since_us`, oldest first."""

    def read_lots(self, known: Mapping[LotId, int], since_us: TimeUs) -> AsyncIterator[list[JournalRow]]:
        """Yield, in portions, the rows of many lots after the sequence that is known of each.

        Rows at or after `since_us` are among them, known or not. Rows of one lot come together and ascending; of a lot
        of which nothing is known all rows come. No rows of an archived lot's file come.

        Raises: JournalUnavailable.
        """

    def read_refusals_of(self, lots: Sequence[LotId], since_us: TimeUs) -> AsyncIterator[list[RefusalRow]]:
        """Yield, in portions, the refusals of many lots at or after `since_us`, those of one lot oldest first.

        Raises: JournalUnavailable.
        """

    async def epoch(self) -> str:
        """Return the identity of this journal, the same for all its life."""


class Outside(Protocol):
    """What lies beyond an engine's own process: gateways that speak to it from afar, over something that can be cut."""

    @property
    def is_heard(self) -> bool:
        """Whether what bidders say out there reaches the engine now. While it does not, nothing may be decided."""

    def tell(self, rows: Sequence[JournalRow]) -> None:
        """Tell what has just become durable, or, without rows, that the engine has rebuilt its lots."""


class Snapshot(Struct, frozen=True):
    """A lot as it stood after `sequence`, with the link of that record."""

    lot: LotId
    sequence: int
    link: bytes
    state: bytes


class SnapshotStore(Protocol):
    """Keeps the latest snapshot of each lot. Losing one costs time at the next start, nothing else."""

    async def save(self, snapshots: Iterable[Snapshot]) -> None:
        """Keep the snapshots unless later ones are there. Raises: JournalUnavailable."""

    async def load(self, lot: LotId) -> Snapshot | None:
        """Return the latest snapshot of a lot. Raises: JournalUnavailable."""

    async def load_all(self, lots: Sequence[LotId]) -> list[Snapshot]:
        """Return the latest snapshots of those lots that have one, in any order. Raises: JournalUnavailable."""


class Lease(Protocol):
    """The right to write a shard, with a term that only grows."""

    async def acquire(self, owner: str) -> int:
        """Take the shard over and return the new term. From then on appends of earlier terms are refused.

        Raises: JournalUnavailable.
        """

    async def acquire_quiet(self, owner: str, quiet_ms: int) -> int | None:
        """Take the shard over if its holder has not been heard of for `quiet_ms`; None otherwise.

        Of several who try at once one gets a term. Raises: JournalUnavailable.
        """

    async def renew(self, owner: str) -> int:
        """Return a new term for the owner who holds the shard, after every append under way has ended, either way.

        An append in doubt is settled by this: it is either on record, or can never be.

        Raises: Fenced, when another owner has taken over; JournalUnavailable.
        """

    async def pulse(self, term: int) -> None:
        """Say that the holder of `term` lives, having made sure that at a moment after the call it still is the holder.

        Raises: Fenced, when the term is over; JournalUnavailable.
        """

    async def quiet_ms(self) -> int | None:
        """Return how long the shard's holder has not been heard of, by the database's clock; None: never held.

        Raises: JournalUnavailable.
        """
