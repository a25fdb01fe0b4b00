"""In what capacity a bidder takes part in a lot: as a priority purchaser of some rank, alone or jointly with others.

Belongs here: what staff have entered after looking at the papers. Does not belong here: what a rank is good for
(`matching`), signing up and paying (`exchange.sign_up`).
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from msgspec import Struct

from exchange.database import Database
from exchange.ports import Clock
from matching.lot import WHOLE
from matching.units import BidderId, LotId, Partner, Rank, StaffId

PARTNERS_MAX = 50

SELECT_CAPACITIES = """
SELECT c.account, c.rank, p.account AS partner, p.share
  FROM exchange.capacity c LEFT JOIN exchange.joint_partner p ON p.lot = c.lot AND p.lead = c.account
 WHERE c.lot = $1 AND c.account = ANY($2::bigint[]) ORDER BY c.account, p.account
"""
SELECT_TAKEN = """
SELECT count(*) FROM (
    SELECT account FROM exchange.joint_partner WHERE lot = $1 AND lead <> $2 AND account = ANY($3::bigint[])
    UNION ALL
    SELECT account FROM exchange.sign_up WHERE lot = $1 AND account <> $2 AND account = ANY($3::bigint[])
) AS taken
"""
SELECT_IS_PARTNER = "SELECT count(*) FROM exchange.joint_partner WHERE lot = $1 AND account = $2"
SELECT_PADDLE = "SELECT count(*) FROM exchange.sign_up WHERE lot = $1 AND account = $2 AND state = 'admitted'"
ENTER_CAPACITY = """
WITH gone AS (
    DELETE FROM exchange.joint_partner WHERE lot = $1 AND lead = $2 AND account <> ALL($6::bigint[])
), entered AS (
    INSERT INTO exchange.capacity (lot, account, rank, entered_by, entered_at_us) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (lot, account) DO UPDATE
       SET rank = excluded.rank, entered_by = excluded.entered_by, entered_at_us = excluded.entered_at_us
    RETURNING lot, account
)
INSERT INTO exchange.joint_partner (lot, account, lead, share)
SELECT entered.lot, partner.account, entered.account, partner.share
  FROM entered, unnest($6::bigint[], $7::smallint[]) AS partner (account, share)
ON CONFLICT (lot, account) DO UPDATE SET share = excluded.share
"""


class Capacity(Struct, frozen=True):
    """A bidder's rank among priority purchasers, 0 for none, and his partners with their shares in basis points."""

    rank: Rank = 0
    partners: tuple[Partner, ...] = ()


ORDINARY = Capacity()


class CapacityRefusal(StrEnum):
    """Why a capacity is not entered, in order of precedence."""

    ALREADY_ADMITTED = "ALREADY_ADMITTED"
    SHARES_INVALID = "SHARES_INVALID"
    BIDS_JOINTLY = "BIDS_JOINTLY"


class Capacities:
    """Capacities over PostgreSQL. Every method raises StoreUnavailable when the database does not answer."""

    def __init__(self, pool: Any, clock: Clock) -> None:
        """Take a pool that the caller opens and closes."""
        self._database = Database(pool)
        self._clock = clock

    async def enter(
        self, lot: LotId, bidder: BidderId, capacity: Capacity, by: StaffId
    ) -> Capacity | CapacityRefusal:
        """Enter, or change, in what capacity a bidder takes part. The lot and all accounts have to exist.

        Refuses: ALREADY_ADMITTED (he has his paddle), SHARES_INVALID, BIDS_JOINTLY (a partner takes part otherwise).
        """
        if await self._database.value(SELECT_PADDLE, lot, bidder):
            return CapacityRefusal.ALREADY_ADMITTED
        accounts = [partner.bidder for partner in capacity.partners]
        shares = [partner.share for partner in capacity.partners]
        if not _are_sound(bidder, accounts, shares):
            return CapacityRefusal.SHARES_INVALID
        if await self._database.value(SELECT_TAKEN, lot, bidder, accounts) or await self.is_partner(
            lot, bidder
        ):
            return CapacityRefusal.BIDS_JOINTLY
        now_us = self._clock.now_us()
        async with self._database.transaction() as statements:
            await statements.run(ENTER_CAPACITY, lot, bidder, capacity.rank, by, now_us, accounts, shares)
        return await self.of(lot, bidder)

    async def of(self, lot: LotId, bidder: BidderId) -> Capacity:
        """Return in what capacity a bidder takes part: an ordinary one, unless something else was entered."""
        return (await self.of_all(lot, [bidder]))[bidder]

    async def of_all(self, lot: LotId, bidders: Sequence[BidderId]) -> dict[BidderId, Capacity]:
        """Return the capacity of each of several bidders."""
        known = dict.fromkeys(bidders, ORDINARY)
        for row in await self._database.rows(SELECT_CAPACITIES, lot, list(bidders)):
            partners = known[row["account"]].partners
            if row["partner"] is not None:
                partners += (Partner(row["partner"], row["share"]),)
            known[row["account"]] = Capacity(row["rank"], partners)
        return known

    async def is_partner(self, lot: LotId, bidder: BidderId) -> bool:
        """Tell whether somebody bids jointly under the lead of another."""
        return bool(await self._database.value(SELECT_IS_PARTNER, lot, bidder))


def _are_sound(lead: BidderId, accounts: Sequence[int], shares: Sequence[int]) -> bool:
    distinct = len({lead, *accounts}) == len(accounts) + 1
    return distinct and len(accounts) <= PARTNERS_MAX and all(shares) and sum(shares) < WHOLE
