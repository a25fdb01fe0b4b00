"""What kinds of things are sold.

Belongs here: the closed list. Does not belong here: what a rulebook asks of each.
"""

from __future__ import annotations

from enum import StrEnum


class Category(StrEnum):
    """What kind of thing a lot is."""

    LAND = "land"
    MINING = "mining"
    FOREST = "forest"
    RURAL = "rural"
    EQUITY = "equity"
    VEHICLE = "vehicle"
    CONFISCATED = "confiscated"
    EMISSION = "emission"
    PROPERTY = "property"
    OTHER = "other"
