"""Who may not take part when a thing is sold again, because he won it before and did not honour his bid.

Only where the rulebook of the new sale says so: the law bars a defaulter from judicial sales anew, and from no others.

Belongs here: finding the earlier sales of a lot and their defaulters. Does not belong here: who defaulted and what
becomes of his deposit (`ledger.defaults`), signing up.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from exchange.catalogue import Catalogue
from exchange.database import Database
from ledger.defaults import Defaults
from matching.units import BidderId, LotId

SELECT_EARLIER = """
WITH RECURSIVE earlier AS (
    SELECT relisted_from AS lot FROM exchange.lot WHERE id = $1 AND relisted_from IS NOT NULL
    UNION
    SELECT before.relisted_from FROM exchange.lot before JOIN earlier ON before.id = earlier.lot
     WHERE before.relisted_from IS NOT NULL
)
SELECT lot FROM earlier
"""
SELECT_RULEBOOK = "SELECT rulebook FROM exchange.lot WHERE id = $1"


class Defaulters:
    """Defaulters over PostgreSQL and the ledger. Raises StoreUnavailable or LedgerUnavailable; repeat it then."""

    def __init__(self, pool: Any, catalogue: Catalogue, defaults: Defaults) -> None:
        """Take a pool that the caller opens and closes."""
        self._database = Database(pool)
        self._catalogue = catalogue
        self._defaults = defaults

    async def barred(self, lot: LotId, bidders: Sequence[BidderId]) -> list[BidderId]:
        """Return who of some bidders may not take part in a lot, whichever earlier sale of it he defaulted in."""
        rulebook = self._catalogue.rulebook(await self._database.value(SELECT_RULEBOOK, lot) or "")
        if rulebook is None or not rulebook.bars_defaulters:
            return []
        earlier = [row["lot"] for row in await self._database.rows(SELECT_EARLIER, lot)]
        if not earlier:
            return []
        defaulters = await self._defaults.defaulters(earlier)
        return [bidder for bidder in bidders if bidder in defaulters]
