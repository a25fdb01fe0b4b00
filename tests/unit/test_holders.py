"""Whoever starts over a database looks first whether another exchange works there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from exchange.standby import ABSENT_AFTER_MS, HeldByAnother, see_nobody_holds


def heard(*quiet_ms: int | None) -> Callable[[], Awaitable[int | None]]:
    """Say one after the other how long ago a holder was heard of."""
    told = iter(quiet_ms)

    async def quiet() -> int | None:
        return next(told)

    return quiet


@pytest.mark.parametrize(
    "quiet_ms",
    [(None,), (ABSENT_AFTER_MS,), (90_000,), (700, 810, ABSENT_AFTER_MS + 20), (400, None)],
    ids=["nobody", "silent", "long gone", "killed just now", "leaves"],
)
async def test_a_holder_that_is_not_heard_of_is_nobody(quiet_ms: tuple[int | None, ...]) -> None:
    await see_nobody_holds(heard(*quiet_ms))


async def test_a_holder_that_gives_a_sign_of_life_keeps_its_shard() -> None:
    with pytest.raises(HeldByAnother):
        await see_nobody_holds(heard(300, 410, 20))
