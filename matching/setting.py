"""What a phase may know of the lot that runs it: its terms, its bidders and their ranks, its reserve.

Belongs here: facts of a lot that every format may build on.
Does not belong here: the life of the lot (`matching.lot`), the state of a format (`matching.phases`).
"""

from __future__ import annotations

from msgspec import Struct

from matching.terms import LotTerms
from matching.units import Amount, BidderId, LotId, Paddle, Rank


class Setting(Struct):
    """The surroundings of a phase. A phase reads it and never changes it."""

    id: LotId
    terms: LotTerms
    reserve_price: Amount = 0
    """Secret limit of the price in minor units; 0 for none."""
    paddles: dict[BidderId, Paddle] = {}
    """The paddle of each bidder, in the order of admission: paddles are 1 to len(paddles)."""
    ranks: dict[Paddle, Rank] = {}
    """The rank of each priority purchaser; an ordinary bidder is not among them."""

    @property
    def admitted(self) -> range:
        """Every paddle of the lot."""
        return range(1, len(self.paddles) + 1)

    @property
    def sign(self) -> int:
        """Return +1 where more is better, -1 where less is."""
        return self.terms.direction.sign
