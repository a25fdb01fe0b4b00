"""Asking with a command and waiting for its answer: `CommandBus.submit` in terms of `CommandBus.post`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from exchange.ports import Answer, OutcomeUnknown, Reply, Unanswered
from matching.commands import Command


async def answered(
    post: Callable[[str, Command, Reply], None], command_id: str, command: Command, seconds: float
) -> Answer:
    """Hand over a command and return its answer.  Raises: Busy, OutcomeUnknown when none comes in time."""
    answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

    def reply(told: Answer | Unanswered) -> None:
        if answer.done():
            return
        if isinstance(told, Unanswered):
            answer.set_exception(told)
        else:
            answer.set_result(told)

    post(command_id, command, reply)
    try:
        # Not `wait_for`: it loses a cancellation that comes together with the answer.
        async with asyncio.timeout(seconds):
            return await answer
    except TimeoutError:
        raise OutcomeUnknown(command_id) from None
