"""The simulated loop: virtual time, asyncio's order within a process, chance between processes, death."""

from __future__ import annotations

import asyncio
import random

import pytest

from tests.simulation.event_loop import Process, SimulatedLoop, Stuck


def new_loop(seed: int = 0, steps_max: int = 10_000) -> SimulatedLoop:
    return SimulatedLoop(random.Random(seed), steps_max)


async def note(notes: list[str], name: str, count: int) -> None:
    for number in range(count):
        notes.append(f"{name}{number}")
        await asyncio.sleep(0)


def order_of(seed: int) -> list[str]:
    loop, notes = new_loop(seed), list[str]()
    for name in "ab":
        Process(name, loop).start(note(notes, name, 5))
    loop.finish(asyncio.sleep(1))
    return notes


def test_time_jumps_to_the_next_timer() -> None:
    loop = new_loop()
    loop.finish(asyncio.sleep(86_400))
    assert loop.now_us == 86_400_000_000
    assert loop.steps < 10


def test_within_a_process_everything_happens_in_the_order_of_asyncio() -> None:
    loop, notes = new_loop(), list[str]()
    process = Process("one", loop)
    for name in "abc":
        process.start(note(notes, name, 2))
    loop.finish(asyncio.sleep(1))
    assert notes == ["a0", "b0", "c0", "a1", "b1", "c1"]


def test_between_processes_the_seed_decides() -> None:
    assert order_of(1) == order_of(1)
    assert len({tuple(order_of(seed)) for seed in range(20)}) > 10
    for seed in range(20):
        assert [each for each in order_of(seed) if each[0] == "a"] == [f"a{number}" for number in range(5)]


def test_a_killed_process_does_nothing_more_not_even_at_last() -> None:
    loop, notes = new_loop(), list[str]()

    async def work() -> None:
        try:
            await asyncio.sleep(10)
        finally:
            notes.append("finally")

    async def story() -> list[str]:
        process = Process("one", loop)
        process.start(work())
        await asyncio.sleep(1)
        process.kill()
        await asyncio.sleep(20)
        return list(notes)

    assert loop.finish(story()) == []


def test_a_process_that_stood_still_finds_everything_that_came_meanwhile() -> None:
    loop, notes = new_loop(), list[str]()

    async def story() -> None:
        process = Process("one", loop)
        process.pause()
        for name in "ab":
            process.call(1_000, notes.append, name)
        await asyncio.sleep(5)
        assert notes == []
        process.resume()
        await asyncio.sleep(0.001)

    loop.finish(story())
    assert sorted(notes) == ["a", "b"]


def test_a_story_that_cannot_go_on_ends() -> None:
    with pytest.raises(Stuck, match="nothing can happen"):
        new_loop().finish(asyncio.Event().wait())


def test_a_story_that_goes_round_in_circles_ends() -> None:
    async def turn() -> None:
        while True:
            await asyncio.sleep(0)

    with pytest.raises(Stuck, match="more than 100 steps"):
        new_loop(steps_max=100).finish(turn())


def test_what_a_callback_raises_is_noted() -> None:
    loop = new_loop()

    def fall() -> None:
        raise ValueError("fell")

    loop.world.call(5, fall)
    loop.finish(asyncio.sleep(1))
    assert len(loop.errors) == 1 and "ValueError('fell')" in loop.errors[0]
