"""Rehearsals without sockets: terms made short, robots and incidents by seed, the review."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from msgspec import structs

from exchange.adapters.clock import SimulatedClock
from exchange.ports import Accepted, Rejected
from exchange.rehearsal.crowd import ROBOTS_FROM, robots_for
from exchange.rehearsal.incidents import IncidentKind
from exchange.rehearsal.scene import PLAIN_HALL, SPAN_US_MAX, Scene, rehearsed
from exchange.rehearsal.stage import LENGTH_US_MAX, LOT, PEOPLE_MAX, Cast, NoPaddle, Rehearsal
from exchange.rulebooks.drafting import sample
from exchange.rulebooks.library import shipped
from matching.commands import Command, ConfirmSale, GiveFairWarning, HammerLot, OpenLot, PauseLot, ResumeLot
from matching.increments import fixed
from matching.lot import LotState
from matching.terms import MINUTE_US, SECOND_US, EnglishTerms, LotTerms, terms_problems
from tests.loop_time import LoopTime

NOW_US = 1_760_000_000_000_000
HOST = 77
BEATS_MAX = 4_000

TIMED = LotTerms(
    currency="CNY",
    opening_price=1_000_00,
    opens_at_us=0,
    programme=(
        EnglishTerms(
            increments=fixed(10_00),
            duration_us=2 * MINUTE_US,
            soft_close_window_us=10 * SECOND_US,
            extension_us=10 * SECOND_US,
            extensions_max=5,
        ),
    ),
)


class Stage:
    """A rehearsal under a clock that only moves when told."""

    def __init__(self, rehearsal: Rehearsal, clock: SimulatedClock, time: LoopTime) -> None:
        self.rehearsal = rehearsal
        self.clock = clock
        self._time = time

    async def give(self, command: Command) -> Accepted | Rejected:
        """Act as the host."""
        return await self.rehearsal.hall.submit(secrets.token_hex(16), command)

    async def pass_by(self, seconds: float) -> None:
        """Let time pass in beats."""
        for _ in range(int(seconds * 4)):
            self.clock.advance(SECOND_US // 4)
            await self._time.passes(0.25)
            await self.rehearsal.beat()

    async def until_closed(self) -> None:
        """Let time pass until the lot has ended."""
        for _ in range(BEATS_MAX):
            if self.rehearsal.review().ended_at_us:
                return
            await self.pass_by(0.25)
        raise AssertionError(f"the rehearsed lot did not end: {self.rehearsal.view}")


@asynccontextmanager
async def staged(
    time: LoopTime, terms: LotTerms = TIMED, *, robots: int = 6, seed: int = 1, is_scripted: bool = False
) -> AsyncIterator[Stage]:
    clock = SimulatedClock(NOW_US)
    scene = structs.replace(PLAIN_HALL, terms=terms)
    rehearsal = Rehearsal(scene, Cast(robots=robots, pace=1, seed=seed, is_scripted=is_scripted), clock)
    deciding = await rehearsal.begin()
    try:
        yield Stage(rehearsal, clock, time)
    finally:
        deciding.cancel()
        with suppress(asyncio.CancelledError):
            await deciding


@pytest.fixture
async def time(monkeypatch: pytest.MonkeyPatch) -> LoopTime:
    return LoopTime(monkeypatch)


async def course_of(time: LoopTime, seed: int) -> list[object]:
    """Play a rehearsal with a script to its end and return all that happened in it."""
    async with staged(time, seed=seed, is_scripted=True) as stage:
        await stage.give(OpenLot(LOT, HOST))
        await stage.until_closed()
        rows = stage.rehearsal.journal.rows
        kinds = [(one.kind, one.at_us, one.paddles) for one in stage.rehearsal.director.incidents]
        return [*((row.at_us, row.event) for row in rows), *kinds]


@pytest.mark.parametrize("name", [rulebook.name for rulebook in shipped().all()])
@pytest.mark.parametrize("pace", [1, 20])
def test_every_rulebook_can_be_rehearsed_at_any_pace(name: str, pace: int) -> None:
    rulebook = shipped().get(name)
    assert rulebook is not None
    terms = rehearsed(sample(rulebook).terms, pace, HOST)
    assert terms_problems(terms) == []
    assert terms.opens_at_us == 0
    spans = [getattr(phase, "duration_us", None) or 0 for phase in terms.programme]
    assert max(spans) <= SPAN_US_MAX


def test_the_real_reserve_is_replaced_by_an_invented_one() -> None:
    real = structs.replace(TIMED, reserve_price=1_777_00)
    assert rehearsed(real, 1, HOST).reserve_price == 1_050_00
    assert rehearsed(TIMED, 1, HOST, has_reserve=True).reserve_price == 1_050_00
    assert rehearsed(TIMED, 1, HOST).reserve_price == 0


def test_the_same_seed_brings_the_same_robots() -> None:
    first, again, other = [robots_for(TIMED, 12, 0, seed) for seed in (3, 3, 4)]
    assert [(one.seat, one.temper) for one in first] == [(one.seat, one.temper) for one in again]
    assert [one.seat for one in first] != [one.seat for one in other]
    assert all(one.id >= ROBOTS_FROM for one in first)


async def test_the_same_seed_gives_the_same_rehearsal(time: LoopTime) -> None:
    first = await course_of(time, 5)
    assert first == await course_of(time, 5)
    assert first != await course_of(time, 6)


async def test_robots_bid_early_and_at_the_very_end(time: LoopTime) -> None:
    async with staged(time, robots=10) as stage:
        await stage.pass_by(5)
        assert stage.rehearsal.view.state is LotState.ANNOUNCED
        await stage.give(OpenLot(LOT, HOST))
        await stage.until_closed()
        review = stage.rehearsal.review()
        assert review.bids_of_robots > 10 and review.bids_of_people == 0
        assert stage.rehearsal.view.extensions > 0
        assert review.view.state is LotState.SOLD


async def test_the_host_ends_a_plain_sale_and_reads_how_it_went(time: LoopTime) -> None:
    async with staged(time, PLAIN_HALL.terms) as stage:
        await stage.give(OpenLot(LOT, HOST))
        await stage.pass_by(30)
        fault = await stage.rehearsal.cause(IncidentKind.FAULT)
        assert fault is not None
        await stage.pass_by(3)
        assert isinstance(await stage.give(HammerLot(LOT, HOST)), Rejected)
        await stage.give(PauseLot(LOT, HOST, "设备故障"))
        await stage.give(ResumeLot(LOT, HOST))
        for _ in range(300):
            await stage.pass_by(1)
            view = stage.rehearsal.view
            await stage.give(HammerLot(LOT, HOST) if view.warnings >= 3 else GiveFairWarning(LOT, HOST))
            if stage.rehearsal.review().ended_at_us:
                break
        review = stage.rehearsal.review()
        (seen,) = review.incidents
        assert seen.asks_for_act and seen.answered_by == "LotFrozen"
        assert 3 * SECOND_US <= seen.reaction_us < 4 * SECOND_US
        assert review.reaction_us == seen.reaction_us
        assert [each.event for each in review.acts[:3]] == ["LotOpened", "LotFrozen", "LotResumed"]
        assert any(each.of_host for each in review.refusals)
        assert review.view.state is LotState.SOLD


@pytest.mark.parametrize("kind", IncidentKind)
async def test_every_incident_can_be_caused(time: LoopTime, kind: IncidentKind) -> None:
    async with staged(time, robots=4) as stage:
        assert await stage.rehearsal.cause(kind) is None, "nothing goes wrong before the lot is open"
        await stage.give(OpenLot(LOT, HOST))
        await stage.pass_by(10)
        refused = len(stage.rehearsal.refusals())
        incident = await stage.rehearsal.cause(kind)
        assert incident is not None and len(incident.paddles) == {"fault": 0, "two_at_once": 2}.get(kind, 1)
        if kind in (IncidentKind.TWO_AT_ONCE, IncidentKind.WRONG_AMOUNT):
            assert len(stage.rehearsal.refusals()) > refused
        if kind is IncidentKind.DISCONNECT:
            assert sum(not robot.is_here for robot in stage.rehearsal.crowd.robots) == 1
        await stage.until_closed()
        assert incident.at_us
        assert (
            all(robot.is_here for robot in stage.rehearsal.crowd.robots)
            or kind is not IncidentKind.DISCONNECT
        )


async def test_colleagues_get_paddles_within_a_bound_and_time_runs_out(time: LoopTime) -> None:
    async with staged(time, robots=2) as stage:
        rehearsal = stage.rehearsal
        paddle = await rehearsal.admit(HOST)
        assert paddle == await rehearsal.admit(HOST) == rehearsal.paddle_of(HOST) == 3
        for number in range(1, PEOPLE_MAX):
            await rehearsal.admit(1_000 + number)
        with pytest.raises(NoPaddle, match="TOO_MANY_BIDDERS"):
            await rehearsal.admit(5_000)
        assert not rehearsal.is_over
        stage.clock.advance(LENGTH_US_MAX + 1)
        assert rehearsal.is_over


async def test_sealed_offers_are_opened_by_the_clerk(time: LoopTime) -> None:
    rulebook = shipped().get("tender-scored")
    assert rulebook is not None
    terms = rehearsed(sample(rulebook).terms, 20, HOST)
    async with staged(time, terms) as stage:
        await stage.give(OpenLot(LOT, HOST))
        for _ in range(BEATS_MAX):
            if stage.rehearsal.view.state is LotState.KNOCKED_DOWN:
                break
            await stage.pass_by(0.25)
        assert isinstance(await stage.give(ConfirmSale(LOT, HOST)), Accepted)
        review = stage.rehearsal.review()
        assert [act.event for act in review.acts] == ["LotOpened", "LotSold"] and review.ended_at_us


def test_a_scene_needs_no_more_than_a_title_and_terms() -> None:
    assert Scene(title=PLAIN_HALL.title, terms=TIMED).copied_from == 0
