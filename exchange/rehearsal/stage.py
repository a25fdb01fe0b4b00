"""One rehearsal: an exchange of its own over the memory adapters, with one lot, robots and a director.

Belongs here: putting it together, its beat, its bounds, who is admitted.
Does not belong here: sockets and sessions (`gateways.rehearsals`).
"""

from __future__ import annotations

import asyncio
import secrets
from random import Random
from typing import Final

from msgspec import Struct

from exchange.adapters.memory import MemoryJournal, MemoryLease, MemorySnapshots
from exchange.adapters.ring import RingFeed
from exchange.engine import Engine, EngineLimits
from exchange.measures import Measures
from exchange.ports import Accepted, Clock, ExchangeError, RefusalRow, Rejected, Unanswered
from exchange.rehearsal.crowd import Crowd, robots_for
from exchange.rehearsal.incidents import Director, Incident, IncidentKind
from exchange.rehearsal.review import CLERK, Chronicle, Review
from exchange.rehearsal.scene import Scene
from exchange.simulation.clerk import wishes
from matching.commands import (
    AdmitBidder,
    AnnounceLot,
    Command,
    ConfirmSale,
    GiveFairWarning,
    HammerLot,
    SetReserve,
)
from matching.lot import CLOSED_STATES, LotState, decide
from matching.refusals import Refusal, Refused
from matching.terms import SECOND_US
from matching.units import NOBODY, BidderId, LotId, Paddle, TimeUs
from matching.view import LotView

LOT: Final[LotId] = 1
LENGTH_US_MAX: Final = 2 * 3_600 * SECOND_US
RECORDS_MAX: Final = 20_000
"""Records and refusals together; a rehearsal that has more is over."""

PEOPLE_MAX: Final = 50
"""Colleagues who may take a paddle."""

BEAT_SECONDS: Final = 0.25
LIMITS: Final = EngineLimits(inbox_commands_max=1_000, batch_commands_max=200)
OF_THE_HOST: Final = (ConfirmSale, GiveFairWarning, HammerLot, SetReserve)
"""What the host is here to practise; everything else that staff would do the clerk does."""


class Cast(Struct, frozen=True, kw_only=True):
    """How a scene is played: `is_scripted` says whether things go wrong by themselves too."""

    robots: int
    pace: int
    seed: int
    is_scripted: bool


class TermsUnusable(ExchangeError):
    """The scene cannot be announced under its terms."""


class NoPaddle(ExchangeError):
    """Somebody cannot be admitted any more; `refusal` says why."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.name)
        self.refusal = refusal


class Rehearsal:
    """A lot in full dress. `begin`, then `run` until cancelled."""

    def __init__(self, scene: Scene, cast: Cast, clock: Clock) -> None:
        """Set the stage.

        Args:
            scene: what is played, under terms that have been shortened already.
            cast: how.
            clock: the time that it goes by.
        """
        self.scene = scene
        self.cast = cast
        self.measures = Measures()
        self.feed = RingFeed()
        lease = MemoryLease()
        self._journal = MemoryJournal(lease)
        self.hall = Engine(
            clock=clock,
            journal=self._journal,
            snapshots=MemorySnapshots(),
            lease=lease,
            feed=self.feed,
            measures=self.measures,
            limits=LIMITS,
            owner="rehearsal",
        )
        self._clock = clock
        self._chance = Random(f"clerk {cast.seed}")
        robots = robots_for(scene.terms, cast.robots, scene.priority_bidders, cast.seed)
        self.crowd = Crowd(robots, LOT, self.hall, self.hall, cast.pace)
        self.director = Director(
            self.crowd,
            LOT,
            self.hall,
            seed=cast.seed,
            pace=cast.pace,
            is_scripted=cast.is_scripted,
        )
        self._chronicle = Chronicle()
        self._people: set[BidderId] = set()
        self.began_at_us: TimeUs = clock.now_us()

    @property
    def journal(self) -> MemoryJournal:
        """The rehearsal's own journal."""
        return self._journal

    @property
    def view(self) -> LotView:
        """Where the lot stands."""
        view = self.hall.view(LOT)
        assert view is not None, "a rehearsal shows its lot from its beginning on"
        return view

    @property
    def is_over(self) -> bool:
        """Whether its time, or the room for its records, is used up."""
        records = len(self._journal.rows) + len(self._journal.refusals)
        return self._clock.now_us() - self.began_at_us > LENGTH_US_MAX or records > RECORDS_MAX

    async def begin(self) -> asyncio.Task[None]:
        """Announce the lot, admit the robots, and return the engine at work.  Raises: TermsUnusable."""
        self.feed.listen(self._chronicle.hear)
        await self.hall.start()
        deciding = asyncio.create_task(self.hall.run(), name="rehearsal's engine")
        try:
            answer = await self._give(AnnounceLot(LOT, CLERK, self.scene.terms))
            if isinstance(answer, Rejected):
                raise TermsUnusable(answer.refused.code.name)
            for robot in self.crowd.robots:
                await self._admit(robot.id, robot.seat.rank)
        except BaseException:
            deciding.cancel()
            raise
        self.crowd.begin(self._clock.now_us())
        return deciding

    async def run(self) -> None:
        """Let robots, director and clerk act, for ever."""
        while True:
            await self.beat()
            await asyncio.sleep(BEAT_SECONDS)

    async def beat(self) -> None:
        """Do what is due now."""
        if self.view.state in CLOSED_STATES and self.view.state is not LotState.KNOCKED_DOWN:
            return
        await self.crowd.step(self.hall.now_us())
        await self.director.step(self.hall.now_us())
        await self._let_clerk_act()

    async def admit(self, bidder: BidderId) -> Paddle:
        """Give a colleague a paddle, or return the one that he has.  Raises: NoPaddle, Busy, OutcomeUnknown."""
        if bidder not in self._people and len(self._people) >= PEOPLE_MAX:
            raise NoPaddle(Refusal.TOO_MANY_BIDDERS)
        paddle = await self._admit(bidder, 0)
        self._people.add(bidder)
        return paddle

    def paddle_of(self, bidder: BidderId) -> Paddle:
        """Return somebody's paddle; 0 for nobody's."""
        own = self.feed.own(LOT, bidder)
        return NOBODY if own is None else own.paddle

    async def cause(self, kind: IncidentKind) -> Incident | None:
        """Make something go wrong; None where that cannot happen now."""
        return await self.director.cause(kind, self.hall.now_us())

    def review(self) -> Review:
        """Return how it went so far."""
        return self._chronicle.review(self.view, self._journal.refusals, self.director.incidents)

    def refusals(self) -> list[RefusalRow]:
        """Return every command that was refused, oldest first."""
        return self._journal.refusals

    async def _admit(self, bidder: BidderId, rank: int) -> Paddle:
        """Admit somebody once.  Raises: NoPaddle, Busy, OutcomeUnknown."""
        known = self.paddle_of(bidder)
        if known:
            return known
        answer = await self._give(AdmitBidder(LOT, bidder, rank))
        if isinstance(answer, Rejected):
            raise NoPaddle(answer.refused.code)
        paddle = self.paddle_of(bidder)
        self._chronicle.admitted(bidder, paddle)
        return paddle

    async def _give(self, command: Command) -> Accepted | Rejected:
        return await self.hall.submit(secrets.token_hex(16), command)

    async def _let_clerk_act(self) -> None:
        """Open sealed offers, enter scores, give what a draw needs: what is not the host's own to practise."""
        lot, now_us = self.hall.lot(LOT), self.hall.now_us()
        if lot is None or lot.state is not LotState.OPEN:
            return
        players = [robot.player for robot in self.crowd.robots]
        wanted = [
            one
            for one in wishes(lot, players, now_us, self._chance, CLERK)
            if not isinstance(one, OF_THE_HOST)
        ]
        due = next((one for one in wanted if not isinstance(decide(lot, one, now_us), Refused)), None)
        if due is not None:
            try:
                await self._give(due)
            except Unanswered:
                return  # the next beat tries again
