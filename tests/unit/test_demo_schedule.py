"""The plan of the demo centre, run over a simulated day."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from exchange.demo.schedule import PACES, Publication, Staged, free_end, publications
from exchange.demo.templates import EnglishTemplate, ProgrammeTemplate, Rhythm, read_demo_lots
from matching.lot import CLOSED_STATES, LotState
from matching.terms import MINUTE_US, SECOND_US

TEMPLATES = read_demo_lots().templates
BY_KEY = {template.key: template for template in TEMPLATES}
START_US = 1_790_000_000_000_000
TICK_US = 5 * SECOND_US
HOUR_US = 60 * MINUTE_US


class Stage:
    """A centre without an engine: lots open and end by the simulated clock, ends move as late bids would move them."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)
        self.now_us = START_US
        self.lots: dict[str, tuple[Publication, LotState, int]] = {}
        self.closed: list[tuple[int, str]] = []
        self.published = 0

    def tick(self, *, is_watched: bool = True) -> None:
        self._move()
        staged = [
            Staged(key, plan.number, state, ends_at_us)
            for key, (plan, state, ends_at_us) in self.lots.items()
        ]
        for plan in publications(TEMPLATES, staged, self.now_us, is_watched=is_watched):
            assert plan.opens_at_us >= self.now_us
            assert plan.number == (self.lots[plan.key][0].number + 1 if plan.key in self.lots else 1)
            self.lots[plan.key] = (plan, LotState.ANNOUNCED, plan.opens_at_us + plan.duration_us)
            self.published += 1
        self._move()

    def _move(self) -> None:
        for key, (plan, state, ends_at_us) in self.lots.items():
            template = BY_KEY[key]
            extension_us = 0
            if isinstance(template, EnglishTemplate):
                extension_us = template.extension_seconds * SECOND_US
            if state is LotState.ANNOUNCED and plan.opens_at_us <= self.now_us:
                self.lots[key] = (plan, LotState.OPEN, ends_at_us)
            elif state is LotState.OPEN and 0 < ends_at_us - self.now_us < extension_us:
                if self.chance.random() < 5 * SECOND_US / extension_us:
                    self.lots[key] = (plan, state, self.now_us + extension_us)
            elif state is LotState.OPEN and ends_at_us <= self.now_us:
                outcome = LotState.SOLD if self.chance.random() < 0.9 else LotState.PASSED
                self.lots[key] = (plan, outcome, ends_at_us)
                self.closed.append((ends_at_us, key))

    def of(self, *states: LotState) -> list[tuple[Publication, int]]:
        return [(plan, ends_at_us) for plan, state, ends_at_us in self.lots.values() if state in states]

    def about_to_close(self) -> int:
        return sum(ends_at_us - self.now_us <= MINUTE_US for _, ends_at_us in self.of(LotState.OPEN))


def test_a_day_of_the_demo_centre() -> None:
    stage = Stage(1)
    moments = near_hammer = opening_soon = opening_in_an_hour = 0
    while stage.now_us < START_US + 24 * HOUR_US:
        stage.tick()
        if stage.now_us > START_US + 2 * MINUTE_US:
            moments += 1
            announced = stage.of(LotState.ANNOUNCED)
            assert announced
            assert len(stage.of(LotState.OPEN)) >= 6
            assert stage.closed
            near_hammer += stage.about_to_close() >= 1
            opening_soon += any(plan.opens_at_us - stage.now_us <= 2 * MINUTE_US for plan, _ in announced)
            opening_in_an_hour += any(plan.opens_at_us - stage.now_us > HOUR_US for plan, _ in announced)
        stage.now_us += TICK_US
    assert moments > 17_000
    assert near_hammer / moments > 0.97
    assert opening_soon / moments > 0.95
    assert opening_in_an_hour / moments > 0.9
    short = {template.key for template in TEMPLATES if template.duration_us < 20 * HOUR_US}
    assert {key for _, key in stage.closed} >= short
    assert stage.published < 4_500, "a day stays bounded"


def test_a_first_visitor_finds_lots_live_and_a_hammer_within_two_minutes() -> None:
    stage = Stage(2)
    stage.tick()
    assert len(stage.lots) == len(TEMPLATES)
    for rhythm in Rhythm:
        live = [plan for plan, _ in stage.of(LotState.OPEN) if BY_KEY[plan.key].rhythm is rhythm]
        assert len(live) >= {Rhythm.LONG: 1, Rhythm.FORMATS: 2}.get(rhythm, 3), rhythm
    assert min(plan.opens_at_us for plan, _ in stage.of(LotState.ANNOUNCED)) <= START_US + MINUTE_US
    assert max(plan.opens_at_us for plan, _ in stage.of(LotState.ANNOUNCED)) > START_US + HOUR_US
    first_end_us = min(ends_at_us for plan, ends_at_us in stage.of(LotState.OPEN))
    assert first_end_us - START_US <= 2 * MINUTE_US
    assert all(plan.opens_at_us >= START_US for plan, _, _ in stage.lots.values()), "no history is made up"


def test_an_unwatched_centre_rests_its_fast_lots_and_wakes_at_once() -> None:
    stage = Stage(3)
    for _ in range(12 * 30):
        stage.tick(is_watched=False)
        stage.now_us += TICK_US
    assert {BY_KEY[key].rhythm for key in stage.lots} == {
        Rhythm.OPENING,
        Rhythm.MEDIUM,
        Rhythm.SLOW,
        Rhythm.LONG,
    }
    assert len(stage.of(LotState.OPEN)) >= 3
    stage.tick(is_watched=True)
    fast = [(plan, end) for plan, end in stage.of(LotState.OPEN) if BY_KEY[plan.key].rhythm is Rhythm.FAST]
    assert len(fast) >= 3
    assert min(end for _, end in fast) - stage.now_us <= 2 * MINUTE_US


def test_after_an_outage_the_centre_goes_on_by_the_same_plan() -> None:
    stage = Stage(4)
    for _ in range(12 * 20):
        stage.tick()
        stage.now_us += TICK_US
    stage.now_us += 9 * HOUR_US
    for _ in range(12 * 15):
        stage.tick()
        stage.now_us += TICK_US
    assert len(stage.of(LotState.OPEN)) >= 6
    assert stage.of(LotState.ANNOUNCED)


def test_planning_twice_for_the_same_moment_adds_nothing() -> None:
    first = publications(TEMPLATES, [], START_US)
    staged = [
        Staged(one.key, one.number, LotState.ANNOUNCED, one.opens_at_us + one.duration_us) for one in first
    ]
    assert publications(TEMPLATES, staged, START_US) == []


def test_the_next_round_waits_for_the_pause() -> None:
    template = next(one for one in TEMPLATES if one.rhythm is Rhythm.FAST)
    closed = Staged(template.key, 7, LotState.PASSED, START_US)
    pause_us = PACES[Rhythm.FAST].pause_us
    assert pause_us is not None
    assert publications([template], [closed], START_US + pause_us - 1) == []
    (following,) = publications([template], [closed], START_US + pause_us)
    assert following.number == 8


def test_the_lots_of_the_opening_are_sold_within_a_minute_and_never_come_again() -> None:
    opening = [template for template in TEMPLATES if template.rhythm is Rhythm.OPENING]
    plans = publications(opening, [], START_US)
    assert len(plans) == len(opening) >= 5
    assert all(plan.opens_at_us == START_US for plan in plans)
    assert max(plan.opens_at_us + plan.duration_us for plan in plans) <= START_US + 45 * SECOND_US
    over = [Staged(plan.key, plan.number, LotState.SOLD, START_US) for plan in plans]
    assert publications(opening, over, START_US + 9_999 * HOUR_US) == []


def test_rounds_are_never_shorter_than_their_pace_allows() -> None:
    for plan in publications(TEMPLATES, [], START_US):
        template = BY_KEY[plan.key]
        if isinstance(template, ProgrammeTemplate):
            assert plan.duration_us == template.duration_us
        else:
            assert PACES[template.rhythm].live_us_min <= plan.duration_us <= template.duration_us


@given(
    st.lists(st.integers(0, 10_000), max_size=20),
    st.integers(0, 10_000),
    st.integers(1, 500),
)
def test_a_free_end_is_the_first_that_keeps_the_distance(
    ends: list[int], earliest: int, distance: int
) -> None:
    def is_free(moment: int) -> bool:
        return all(abs(moment - end) >= distance for end in ends)

    found = free_end(ends, earliest, distance)
    assert found >= earliest
    assert is_free(found)
    assert not any(is_free(moment) for moment in range(earliest, found))


def test_closed_states_are_those_of_the_rules() -> None:
    live = Staged("sedan", 1, LotState.FROZEN, START_US)
    assert LotState.FROZEN not in CLOSED_STATES
    template = BY_KEY["sedan"]
    assert publications([template], [live], START_US + HOUR_US) == []
