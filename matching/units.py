"""The quantities that rules are written in. Whole numbers only.

Belongs here: names of quantities with their units and bounds.
Does not belong here: arithmetic of a particular rule.
"""

from __future__ import annotations

from typing import Annotated, TypeAlias

from msgspec import Meta

AMOUNT_MAX = 10**15
"""Largest amount anyone may name, in minor units: ten million million yuan. It fits a JavaScript number."""

TIME_US_MAX = 2**53 - 1
"""Latest time, in microseconds since the Unix epoch, that a JavaScript number carries exactly (year 2255)."""

REASON_CHARACTERS_MAX = 500

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

NOBODY: Paddle = 0

PositiveAmount = Annotated[int, Meta(gt=0, le=AMOUNT_MAX)]
AmountOrZero = Annotated[int, Meta(ge=0, le=AMOUNT_MAX)]
Moment = Annotated[int, Meta(ge=0, le=TIME_US_MAX)]
Span = Annotated[int, Meta(ge=0, le=400 * 86_400_000_000)]
Reason = Annotated[str, Meta(max_length=REASON_CHARACTERS_MAX)]
