"""Step tables and the asking price."""

import pytest

from matching.increments import STEPS_MAX, Step, fixed, increment_at, table_problems

TABLE = (Step(0, 5), Step(100, 25), Step(500, 50))


@pytest.mark.parametrize(
    ("price", "increment"),
    [(0, 5), (1, 5), (99, 5), (100, 25), (101, 25), (499, 25), (500, 50), (10**15, 50)],
)
def test_a_row_applies_from_its_threshold_on(price: int, increment: int) -> None:
    assert increment_at(TABLE, price) == increment


@pytest.mark.parametrize("price", [0, 1, 10**15])
def test_a_fixed_step_is_the_same_everywhere(price: int) -> None:
    assert increment_at(fixed(100), price) == 100


@pytest.mark.parametrize("table", [TABLE, fixed(1), tuple(Step(row, 1) for row in range(STEPS_MAX))])
def test_a_sound_table_has_no_problems(table: tuple[Step, ...]) -> None:
    assert table_problems(table) == []


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ((), "LADDER_EMPTY"),
        ((Step(1, 5),), "LADDER_NOT_FROM_ZERO"),
        ((Step(0, 5), Step(100, 5), Step(100, 6)), "LADDER_NOT_RISING"),
        ((Step(0, 5), Step(200, 5), Step(100, 6)), "LADDER_NOT_RISING"),
        (tuple(Step(row, 1) for row in range(STEPS_MAX + 1)), "LADDER_TOO_LONG"),
    ],
)
def test_an_unusable_table_is_named(table: tuple[Step, ...], problem: str) -> None:
    (found,) = table_problems(table)
    assert found.code == problem and found.field == "increments"


def test_every_problem_is_reported_at_once() -> None:
    table = tuple(Step(row, 1) for row in range(STEPS_MAX + 1, 0, -1))
    assert len(table_problems(table)) == 3
