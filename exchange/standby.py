"""Waiting for a shard's holder to fall silent, and taking over then; and the sign of life that others wait for.

Belongs here: the wait, and the pulse of an engine whose callers are in its own process. Does not belong here: who
is silent, which the database's clock says (`Lease`), and what a new holder does first (`Engine.start`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from exchange.engine import Engine
from exchange.ports import ExchangeError, JournalUnavailable, Lease

log = structlog.get_logger(__name__)

PULSE_SECONDS = 0.5
PULSE_TIMEOUT_SECONDS = 5.0
ABSENT_AFTER_MS = 1_000
"""Silence in which a holder that lives would have been heard of: two pulses."""

LOOK_SECONDS = 0.1
LOOKS_PER_WAIT = 10
"""How often the holder is looked for within the silence that is borne."""


class HeldByAnother(ExchangeError):
    """Another engine works over this database, and would be ended by a second one."""


async def see_nobody_holds(quiet_ms: Callable[[], Awaitable[int | None]]) -> None:
    """Return unless the shard's holder is heard of; a holder that was killed is found silent within a second.

    Args:
        quiet_ms: asks how long ago the holder was heard of, None where there is none (`Lease.quiet_ms`).

    Raises: HeldByAnother, JournalUnavailable.
    """
    heard_ms = await quiet_ms()
    while heard_ms is not None and heard_ms < ABSENT_AFTER_MS:
        await asyncio.sleep(LOOK_SECONDS)
        before_ms, heard_ms = heard_ms, await quiet_ms()
        if heard_ms is not None and heard_ms < before_ms:
            raise HeldByAnother


async def term_when_quiet(lease: Lease, owner: str, *, standby_after_ms: int) -> int:
    """Return a term of the shard once its holder has been silent for long enough; wait for that, for ever.

    Of several who wait one gets the term, and the others wait for it to fall silent. While the database cannot
    be reached, nobody takes over: it could not tell whether the holder lives.

    Args:
        lease: of the shard to stand by for.
        owner: who takes over.
        standby_after_ms: the silence that is borne, by the database's clock.
    """
    log.info("standby.waiting", owner=owner, after_ms=standby_after_ms)
    while True:
        try:
            term = await lease.acquire_quiet(owner, standby_after_ms)
        except JournalUnavailable as error:
            log.warning("standby.database_unavailable", error=str(error))
            term = None
        if term is not None:
            log.warning("standby.took_over", owner=owner, term=term)
            return term
        await asyncio.sleep(standby_after_ms / 1000 / LOOKS_PER_WAIT)


async def keep_pulse(engine: Engine) -> None:
    """Say for ever that an engine lives.

    Raises: Fenced, when the shard has another holder: the engine must not be used any more.
    """
    while True:
        if engine.is_writable:
            try:
                async with asyncio.timeout(PULSE_TIMEOUT_SECONDS):
                    await engine.prove()
            except (JournalUnavailable, TimeoutError) as error:
                log.warning("engine.no_pulse", error=str(error))
        await asyncio.sleep(PULSE_SECONDS)
