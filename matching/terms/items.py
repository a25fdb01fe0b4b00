"""Several things that are sold side by side in one lot.

Belongs here: what identifies such a thing, and the check that a list of them is sound.
Does not belong here: how they are bid for (`matching.terms.simultaneous`, `matching.terms.debt`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta, Struct

from matching.problems import Fault, Problem
from matching.units import PositiveAmount

ITEMS_MAX = 200

ItemNumber = Annotated[int, Meta(ge=1, le=1_000_000)]


class SaleItem(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One of the things for sale, and the price at which bidding for it starts, in minor units."""

    item: ItemNumber
    opening_price: PositiveAmount


def item_problems(items: Sequence[SaleItem]) -> list[Problem]:
    """List what makes a list of items unusable; empty when it is sound."""
    if len({item.item for item in items}) < len(items):
        return [Problem(Fault.ITEM_TWICE, "items")]
    return []
