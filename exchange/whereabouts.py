"""Where a lot is, how it can be looked at, and whom to ask: what a visitor of the thing itself has to know.

Belongs here: those facts and their bounds. Does not belong here: maps (`gateways`), photos (`exchange.lot_files`).
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from exchange.texts import BothLanguages
from matching.problems import Fault, Problem

ADDRESS_CHARACTERS_MAX = 300

LatitudeE6 = Annotated[int, Meta(ge=-90_000_000, le=90_000_000)]
LongitudeE6 = Annotated[int, Meta(ge=-180_000_000, le=180_000_000)]
VisitorText = Annotated[str, Meta(max_length=1_000)]
"""How and when to inspect a lot (看样、踏勘), or whom to ask."""


class Place(Struct, frozen=True, forbid_unknown_fields=True):
    """A point on the map, in millionths of a degree (WGS-84, north and east positive), and its address in words."""

    latitude_e6: LatitudeE6
    longitude_e6: LongitudeE6
    address: BothLanguages


def place_problems(place: Place | None) -> list[Problem]:
    """List what is wrong with a place; empty when nothing is."""
    if place is not None and max(len(place.address.zh), len(place.address.en)) > ADDRESS_CHARACTERS_MAX:
        return [Problem(Fault.ADDRESS_TOO_LONG, "place.address", ADDRESS_CHARACTERS_MAX)]
    return []
