"""What a rehearsal looks like afterwards: what happened, how fast the host reacted, what was refused and why.

Belongs here: keeping the story as it is told, and putting it together.
Does not belong here: marks; a host draws his own conclusions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from statistics import median_low
from typing import Final

from msgspec import Struct

from exchange.ports import FeedEntry, RefusalRow
from exchange.rehearsal.crowd import ROBOTS_FROM
from exchange.rehearsal.incidents import Incident, IncidentKind
from matching.events import BidderAdmitted, BidPlaced, LotFrozen, LotOpened
from matching.lot import CLOSED_STATES
from matching.units import BidderId, DurationUs, Paddle, StaffId, TimeUs
from matching.view import LotView, PublicRecord

CLERK: Final[StaffId] = ROBOTS_FROM - 1
"""Whoever announces the lot and opens sealed offers, so that the host need not. No act of his is the host's."""

ASKS_FOR_A_PAUSE: Final = frozenset({IncidentKind.FAULT})
ASKS_FOR_AN_ACT: Final = frozenset({IncidentKind.FAULT, IncidentKind.COMPLAINT})
ACTS_MAX: Final = 500


class ActDone(Struct, frozen=True):
    """What the host did: `event` names its record; `after_us` is the time since the last bid before it, 0 for none."""

    sequence: int
    at_us: TimeUs
    event: str
    after_us: DurationUs


class IncidentSeen(Struct, frozen=True):
    """An incident and what the host did about it.

    `reaction_us` is the time until an act that answers it; 0 where nothing did, or where nothing was asked of him.
    """

    number: int
    kind: IncidentKind
    is_scripted: bool
    at_us: TimeUs
    paddles: tuple[Paddle, ...]
    asks_for_act: bool
    is_answered: bool
    reaction_us: DurationUs
    answered_by: str


class RefusedFor(Struct, frozen=True):
    """How often something was refused for one reason, to hosts and to bidders."""

    code: str
    of_host: int
    of_bidders: int


class Review(Struct, frozen=True):
    """A rehearsal as it went so far. Times are microseconds, 0 for not yet; amounts minor units."""

    view: LotView
    opened_at_us: TimeUs
    ended_at_us: TimeUs
    bids_of_robots: int
    bids_of_people: int
    acts: tuple[ActDone, ...]
    incidents: tuple[IncidentSeen, ...]
    refusals: tuple[RefusedFor, ...]
    reaction_us: DurationUs
    """The median over the incidents that were answered; 0 without any."""


class Chronicle:
    """Keeps the story while it happens: a listener of the rehearsal's feed."""

    def __init__(self) -> None:
        self.opened_at_us: TimeUs = 0
        self.ended_at_us: TimeUs = 0
        self.bids_of_robots = 0
        self.bids_of_people = 0
        self.acts: list[ActDone] = []
        self._bid_at_us: TimeUs = 0
        self._robots: set[Paddle] = set()
        self._bidders: set[BidderId] = set()
        self._counted = 0
        self._of_host: Counter[str] = Counter()
        self._of_bidders: Counter[str] = Counter()

    def admitted(self, bidder: BidderId, paddle: Paddle) -> None:
        """Note who has a paddle."""
        self._bidders.add(bidder)
        if bidder >= ROBOTS_FROM:
            self._robots.add(paddle)

    def hear(self, entries: Sequence[FeedEntry]) -> None:
        """Take over what has just happened."""
        for entry in entries:
            for record in entry.records:
                self._take(record)
            if entry.view.state in CLOSED_STATES and not self.ended_at_us and entry.records:
                self.ended_at_us = entry.records[-1].at_us

    def review(self, view: LotView, refused: Sequence[RefusalRow], incidents: Iterable[Incident]) -> Review:
        """Return how it went so far.

        Args:
            view: where the lot stands.
            refused: every refused command, oldest first; those that were there before are not counted again.
            incidents: what was made to happen.
        """
        self._count(refused[self._counted :])
        self._counted = len(refused)
        seen = tuple(self._seen(incident) for incident in incidents)
        reactions = [one.reaction_us for one in seen if one.is_answered]
        return Review(
            view=view,
            opened_at_us=self.opened_at_us,
            ended_at_us=self.ended_at_us,
            bids_of_robots=self.bids_of_robots,
            bids_of_people=self.bids_of_people,
            acts=tuple(self.acts),
            incidents=seen,
            refusals=self._refusals(),
            reaction_us=median_low(reactions) if reactions else 0,
        )

    def _take(self, record: PublicRecord) -> None:
        event = record.event
        by: StaffId = getattr(event, "by", 0)
        if isinstance(event, BidPlaced):
            self._bid_at_us = record.at_us
            if event.paddle in self._robots:
                self.bids_of_robots += 1
            else:
                self.bids_of_people += 1
        elif 0 < by < CLERK and not isinstance(event, BidderAdmitted) and len(self.acts) < ACTS_MAX:
            after_us = record.at_us - self._bid_at_us if self._bid_at_us else 0
            self.acts.append(ActDone(record.sequence, record.at_us, type(event).__name__, after_us))
        if isinstance(event, LotOpened):
            self.opened_at_us = record.at_us

    def _seen(self, incident: Incident) -> IncidentSeen:
        asks = incident.kind in ASKS_FOR_AN_ACT and incident.at_us > 0
        answer = next((act for act in self.acts if asks and _answers(act, incident)), None)
        return IncidentSeen(
            number=incident.number,
            kind=incident.kind,
            is_scripted=incident.is_scripted,
            at_us=incident.at_us,
            paddles=incident.paddles,
            asks_for_act=asks,
            is_answered=answer is not None,
            reaction_us=0 if answer is None else answer.at_us - incident.at_us,
            answered_by="" if answer is None else answer.event,
        )

    def _count(self, refused: Iterable[RefusalRow]) -> None:
        for row in refused:
            counts = self._of_bidders if row.party in self._bidders else self._of_host
            counts[row.refused.code.name] += 1

    def _refusals(self) -> tuple[RefusedFor, ...]:
        host, bidders = self._of_host, self._of_bidders
        codes = sorted(host.keys() | bidders.keys(), key=lambda code: (-host[code], -bidders[code], code))
        return tuple(RefusedFor(code, host[code], bidders[code]) for code in codes)


def _answers(act: ActDone, incident: Incident) -> bool:
    """Tell whether an act of the host answers what an incident asks for."""
    is_wanted = incident.kind not in ASKS_FOR_A_PAUSE or act.event == LotFrozen.__name__
    return is_wanted and act.at_us > incident.at_us
