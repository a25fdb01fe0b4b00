"""The quantities that rules are written in. Whole numbers only.

Belongs here: names of quantities with their units and bounds.
Does not belong here: arithmetic of a particular rule.
"""

from __future__ import annotations

from typing import Annotated, TypeAlias

from msgspec import Meta, Struct

AMOUNT_MAX = 10**15
"""Largest amount anyone may name, in minor units: ten million million yuan. It fits a JavaScript number."""

FIGURE_MAX = 2**53 - 1
"""Largest figure that any receipt names; what would be larger is told as this."""

TIME_US_MAX = 2**53 - 1
"""Latest time, in microseconds since the Unix epoch, that a JavaScript number carries exactly (year 2255)."""

REASON_CHARACTERS_MAX = 500
ANNOUNCEMENT_CHARACTERS_MAX = 500

Amount: TypeAlias = int
"""Money in minor units (分, cents) of the lot's currency."""

TimeUs: TypeAlias = int
"""A moment in whole microseconds since the Unix epoch, UTC: exact in PostgreSQL and in a JavaScript number."""

DurationUs: TypeAlias = int
"""A span in whole microseconds."""

LotId: TypeAlias = int
Paddle: TypeAlias = int
"""A bidder's public number inside one lot, from 1; 0 means nobody."""

BidderId: TypeAlias = int
"""The account that a bid belongs to; never public while a lot is under way."""

StaffId: TypeAlias = int
Sequence: TypeAlias = int
"""Position of a record in its lot's journal: from 1, without gaps."""

Rank: TypeAlias = Annotated[int, Meta(ge=0, le=99)]
"""Place among priority purchasers (优先购买权): 1 comes before 2; 0 is an ordinary bidder, after all of them."""

ItemId: TypeAlias = int
"""One of the things sold together in a lot, from 1; 0 where there is only one."""

OrderId: TypeAlias = int
"""An order in an order book, from 1 in the order of arrival."""

NOBODY: Paddle = 0

QUANTITY_MAX = 10**12
Quantity = Annotated[int, Meta(ge=0, le=QUANTITY_MAX)]
"""A number of the smallest units that a lot is divided into (kg, t, ㎡, shares, hundredths of a point)."""

BasisPoints = Annotated[int, Meta(ge=0, le=10_000)]
"""Hundredths of a percent."""

Digest = Annotated[str, Meta(pattern="^[0-9a-f]{64}$", max_length=64)]
"""SHA-256 in lowercase hexadecimal, or 32 bytes written that way."""

PositiveAmount = Annotated[int, Meta(gt=0, le=AMOUNT_MAX)]
AmountOrZero = Annotated[int, Meta(ge=0, le=AMOUNT_MAX)]
Moment = Annotated[int, Meta(ge=0, le=TIME_US_MAX)]
Span = Annotated[int, Meta(ge=0, le=400 * 86_400_000_000)]
NonZeroQuantity = Annotated[int, Meta(gt=0, le=QUANTITY_MAX)]


class Line(Struct, frozen=True, array_like=True):
    """So much for each of so many units; one line with quantity 1 is a plain offer."""

    price: PositiveAmount
    quantity: NonZeroQuantity = 1


class Partner(Struct, frozen=True, array_like=True):
    """Somebody who buys jointly with the bidder in front (联合竞买), and his share in basis points."""

    bidder: BidderId
    share: BasisPoints


def value_of(lines: tuple[Line, ...]) -> Amount:
    """Return what lines are worth together, in minor units, at most `FIGURE_MAX`."""
    return min(sum(line.price * line.quantity for line in lines), FIGURE_MAX)


Reason = Annotated[str, Meta(max_length=REASON_CHARACTERS_MAX)]
AnnouncementText = Annotated[str, Meta(max_length=ANNOUNCEMENT_CHARACTERS_MAX)]
