"""What a host wants to see beside the live floor: what was refused and why, and who signed up and is still to come.

Belongs here: counting what is on record. Does not belong here: who is connected (`gateways.live.presence`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct

from exchange.database import Database
from exchange.ports import Clock
from matching.refusals import Refusal
from matching.terms import LateReserve
from matching.units import BidderId, LotId, Paddle, TimeUs

COUNTED_MAX: Final = 50_000
"""So many of a lot's latest refusals are counted."""

RECENT_US: Final = 600_000_000
RECENT_MAX: Final = 1_000
LOTS_MAX: Final = 500
PADDLES_TOLD: Final = 5

# Codes from 400 on are of host's acts and of commands as such: no business of the bidders.
SELECT_REFUSALS: Final = """
WITH latest AS (
    SELECT code, party, at_us FROM exchange.refusal WHERE lot_id = $1 AND at_us >= $2 AND code < 400
     ORDER BY at_us DESC LIMIT $3
)
SELECT code, count(*) AS refused, count(DISTINCT party) AS bidders,
       (array_agg(at_us ORDER BY at_us DESC))[1:3] AS last_at_us,
       (array_agg(party ORDER BY at_us DESC))[1:50] AS parties
  FROM latest JOIN exchange.account ON account.id = party AND 'bidder' = ANY (roles)
 GROUP BY code ORDER BY refused DESC, code
"""
SELECT_LOTS: Final = """
SELECT id AS lot,
       late_reserve,
       count(account) FILTER (WHERE state = 'awaiting_deposit') AS awaiting_deposit,
       count(account) FILTER (WHERE state = 'admission_pending') AS admission_pending,
       count(account) FILTER (WHERE state = 'admitted') AS admitted,
       (SELECT count(*) FROM (
            SELECT FROM exchange.refusal JOIN exchange.account AS asker ON asker.id = party AND 'bidder' = ANY (roles)
             WHERE lot_id = lot.id AND at_us >= $1 AND code < 400 LIMIT $2) AS recent) AS refused
  FROM (SELECT id, (terms -> 'late_reserve')::text AS late_reserve FROM exchange.lot
         WHERE outcome IS NULL AND is_announced ORDER BY id DESC LIMIT $3) AS lot
  LEFT JOIN exchange.sign_up ON sign_up.lot = lot.id
 GROUP BY id, late_reserve ORDER BY id
"""


class RefusedForReason(Struct, frozen=True):
    """What bidders were refused for one reason: how often, how many of them, and the latest.

    `paddles` are of those refused last, as far as they are admitted; `last_at_us` the latest moments, the last first.
    """

    code: str
    count: int
    bidders: int
    paddles: tuple[Paddle, ...]
    last_at_us: tuple[TimeUs, ...]


class Refusals(Struct, frozen=True):
    """What bidders were refused in a lot, the most frequent reason first.

    `is_all` is False when only the latest 50,000 were counted.
    """

    lot: LotId
    total: int
    is_all: bool
    reasons: list[RefusedForReason]


class LotAtDesk(Struct, frozen=True):
    """A lot under way: its sign-ups by where they stand, and what was refused in it in the last ten minutes.

    `refused` counts to 1,000; `late_reserve` says when one is taken while the lot is open, as published.
    """

    lot: LotId
    awaiting_deposit: int
    admission_pending: int
    admitted: int
    refused: int
    late_reserve: LateReserve | None


class HostDesk:
    """The desk over PostgreSQL.  Methods raise StoreUnavailable."""

    def __init__(self, pool: Any, clock: Clock) -> None:
        """Take a pool that the caller opens and closes."""
        self._database = Database(pool)
        self._clock = clock

    async def refusals(self, lot: LotId, since_us: TimeUs, paddles: Mapping[BidderId, Paddle]) -> Refusals:
        """Return what bidders were refused in a lot at or after a moment.

        Args:
            paddles: who of the bidders has which paddle.
        """
        rows = await self._database.rows(SELECT_REFUSALS, lot, since_us, COUNTED_MAX)
        reasons = [
            RefusedForReason(
                Refusal(row["code"]).name,
                row["refused"],
                row["bidders"],
                _known(row["parties"], paddles),
                tuple(row["last_at_us"]),
            )
            for row in rows
        ]
        total = sum(reason.count for reason in reasons)
        return Refusals(lot, total, total < COUNTED_MAX, reasons)

    async def lots(self) -> list[LotAtDesk]:
        """Return the lots under way, at most 500, the latest."""
        since_us = self._clock.now_us() - RECENT_US
        rows = await self._database.rows(SELECT_LOTS, since_us, RECENT_MAX, LOTS_MAX)
        return [LotAtDesk(**{**row, "late_reserve": _late_reserve(row["late_reserve"])}) for row in rows]


def _late_reserve(text: str | None) -> LateReserve | None:
    return None if text is None else msgspec.json.decode(text, type=LateReserve | None)


def _known(parties: Iterable[BidderId], paddles: Mapping[BidderId, Paddle]) -> tuple[Paddle, ...]:
    """Return the paddles of the first few parties that have one, each once."""
    found = dict.fromkeys(paddles[party] for party in parties if party in paddles)
    return tuple(found)[:PADDLES_TOLD]
