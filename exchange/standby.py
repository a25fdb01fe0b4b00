"""Waiting for a shard's holder to fall silent, and taking over then; and the sign of life that others wait for.

Belongs here: the wait, and the pulse of an engine whose callers are in its own process. Does not belong here: who
is silent, which the database's clock says (`Lease`), and what a new holder does first (`Engine.start`).
"""

from __future__ import annotations

import asyncio

import structlog

from exchange.engine import Engine
from exchange.ports import JournalUnavailable, Lease

log = structlog.get_logger(__name__)

PULSE_SECONDS = 0.5
PULSE_TIMEOUT_SECONDS = 5.0
LOOKS_PER_WAIT = 10
"""How often the holder is looked for within the silence that is borne."""


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
