"""A lot as the engine holds it: its state, the end of its hash chain, and the answers it has given.

Belongs here: turning events into records and back, what is to be shown of them, remembering answers.
Does not belong here: deciding (`matching`), storing (`Journal`).
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

import msgspec
from msgspec import Struct

from exchange.ports import Answer, FeedEntry, Own, Snapshot
from exchange.records import GENESIS, JournalRow, Record, chained, encode
from matching import lot as rules
from matching.details import NOTHING_OF_HIS_OWN
from matching.events import (
    OUTCOME_EVENTS,
    OWN_ENDING_EVENTS,
    OWN_EVENTS,
    BidderAdmitted,
    Event,
    LotAnnounced,
    paddle_of,
    public_view,
)
from matching.lot import Lot
from matching.terms import AnyPhaseTerms, LotTerms
from matching.units import NOBODY, BidderId, LotId, Paddle, TimeUs
from matching.view import PublicRecord, lot_view

ANSWERS_MAX = 200_000
"""Answers remembered per lot. A bid older than that can be repeated without harm: its amount has been passed."""

ANSWERS_FORGOTTEN_AT_ONCE = 1_000

PROGRAMMES_MAX = 10_000
"""Programmes that are remembered, so that lots to come can share them."""


class HeldLot(Struct):
    """A lot in the hands of the engine."""

    lot: Lot
    link: bytes = GENESIS
    answers: dict[str, Answer] = msgspec.field(default_factory=dict)
    bidders: list[BidderId] = msgspec.field(default_factory=list)
    """The bidder behind paddle n stands at n - 1."""
    scheduled_us: TimeUs = 0
    """The deadline that stands in the engine's schedule for this lot."""
    snapshot_sequence: int = 0
    secrets: dict[BidderId, Own] | None = None
    """Who has last been told of something that he has left in secret, and what; None for nobody."""

    def take(self, event: Event, at_us: TimeUs, command_id: str, position: int) -> JournalRow:
        """Apply the next event and return its row for the journal."""
        lot = self.lot
        rules.apply(lot, event, at_us)
        body = encode(Record(lot.id, lot.sequence, at_us, command_id, event))
        self.link = chained(self.link, body)
        if type(event) is BidderAdmitted:
            self.bidders.append(event.bidder)
        is_outcome = type(event) in OUTCOME_EVENTS
        return JournalRow(position, lot.id, lot.sequence, at_us, is_outcome, body, self.link)

    def replay(self, row: JournalRow, record: Record) -> None:
        """Take over a record that is already in the journal."""
        assert record.sequence == self.lot.sequence + 1, "a lot's records follow each other without gaps"
        rules.apply(self.lot, record.event, record.at_us)
        self.link = row.link
        if isinstance(record.event, BidderAdmitted):
            self.bidders.append(record.event.bidder)

    def remember(self, answer: Answer) -> None:
        """Keep an answer for repeats, letting go of the oldest beyond the bound."""
        self.answers[answer.command_id] = answer
        if len(self.answers) > ANSWERS_MAX:
            # Many at once: finding the first key of a dict walks over all that were deleted before it.
            for oldest in list(islice(self.answers, ANSWERS_FORGOTTEN_AT_ONCE)):
                del self.answers[oldest]

    @property
    def leader(self) -> Paddle:
        """Who leads now."""
        phase = self.lot.phase
        return NOBODY if phase is None else phase.leader

    def bidder_of(self, paddle: Paddle) -> BidderId:
        """Return who stands behind a paddle; 0 for nobody."""
        return self.bidders[paddle - 1] if paddle else 0

    def own(self, bidder: BidderId) -> Own:
        """Return the bidder's own place."""
        paddle = self.lot.paddles[bidder]
        phase = self.lot.phase
        offer = NOTHING_OF_HIS_OWN if phase is None else phase.own_of(paddle)
        rank = self.lot.ranks.get(paddle, 0)
        return Own(paddle, offer.limit, rank, offer.lines, offer.handle, offer.item_bids, offer.held)

    def entry(self, records: list[PublicRecord], own: Iterable[BidderId], outbid: BidderId = 0) -> FeedEntry:
        """Return what to publish of the lot as it stands now."""
        places = {bidder: self.own(bidder) for bidder in own}
        for bidder, place in places.items():
            self._note(bidder, place)
        return FeedEntry(self.lot.id, self.lot.sequence, records, lot_view(self.lot), places, outbid)

    def _note(self, bidder: BidderId, place: Own) -> None:
        """Remember who is told of something that may be over without an act of his."""
        secrets = self.secrets or {}
        if place.limit or place.lines or place.handle or place.item_bids or place.held:
            secrets[bidder] = place
        else:
            secrets.pop(bidder, None)
        self.secrets = secrets or None

    @property
    def changed_unasked(self) -> list[BidderId]:
        """Bidders who have been told of something of their own that is no longer so."""
        return [bidder for bidder, told in (self.secrets or {}).items() if self.own(bidder) != told]

    @property
    def grown(self) -> int:
        """How many records the lot has had since its last snapshot."""
        return self.lot.sequence - self.snapshot_sequence

    def needs_snapshot(self, every: int) -> bool:
        """Tell whether the lot has ended, or grown by `every` records since its last snapshot."""
        return self.grown >= every or (self.lot.is_closed and self.grown > 0)

    def snapshot(self) -> Snapshot:
        """Return the lot as it stands, for a faster start."""
        self.snapshot_sequence = self.lot.sequence
        return Snapshot(self.lot.id, self.lot.sequence, self.link, msgspec.msgpack.encode(self.lot))


class Touched(Struct):
    """A lot to which something has happened since it was last published, and what of that is to be shown."""

    held: HeldLot
    led: Paddle
    """Who led when it was last published."""
    records: list[PublicRecord] = msgspec.field(default_factory=list)
    own: set[BidderId] = msgspec.field(default_factory=set)

    def show(self, sequence: int, at_us: TimeUs, event: Event) -> None:
        """Note an event that the lot has just taken over."""
        self.records.append(PublicRecord(sequence, at_us, public_view(event)))
        if type(event) in OWN_EVENTS:
            self.own.add(self.held.bidder_of(paddle_of(event)))
        elif type(event) in OWN_ENDING_EVENTS:
            self.own.update(self.held.changed_unasked)

    @property
    def entry(self) -> FeedEntry:
        """What to publish of it."""
        displaced = self.led if self.led != self.held.leader else NOBODY
        return self.held.entry(self.records, self.own, self.held.bidder_of(displaced))


def restored(snapshot: Snapshot) -> HeldLot:
    """Return the lot that a snapshot holds."""
    lot = msgspec.msgpack.decode(snapshot.state, type=Lot)
    assert lot.sequence == snapshot.sequence, "a snapshot is of the sequence it names"
    return HeldLot(lot, snapshot.link, bidders=list(lot.paddles), snapshot_sequence=snapshot.sequence)


def started(lot_id: LotId, first: Record) -> HeldLot:
    """Return the lot that its first record starts; the record still has to be replayed."""
    assert isinstance(first.event, LotAnnounced), "a lot's first record announces it"
    lot = rules.announced(lot_id, first.event)
    lot.terms = _with_shared_programme(lot.terms)
    return HeldLot(lot)


_programmes: dict[tuple[AnyPhaseTerms, ...], tuple[AnyPhaseTerms, ...]] = {}
"""One object for each programme: of many lots under one rulebook all share the phases' parameters."""


def _with_shared_programme(terms: LotTerms) -> LotTerms:
    if len(_programmes) >= PROGRAMMES_MAX:
        _programmes.clear()
    programme = _programmes.setdefault(terms.programme, terms.programme)
    return terms if programme is terms.programme else msgspec.structs.replace(terms, programme=programme)
