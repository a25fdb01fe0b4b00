"""Every "no" that the rules can say, as one closed list in order of precedence.

When several refusals apply, the one that stands first in `Refusal` is given. Codes are grouped by subject
(1xx lot, 2xx person, 3xx bid, 4xx host, 5xx command) and are never reused.
"""

from __future__ import annotations

from enum import IntEnum

from msgspec import Struct

from matching.units import Amount


class Refusal(IntEnum):
    """Why a command changed nothing."""

    LOT_UNKNOWN = 101
    LOT_ALREADY_ANNOUNCED = 102
    TERMS_INVALID = 103
    LOT_CLOSED = 104
    LOT_NOT_OPEN_YET = 105
    LOT_FROZEN = 106
    LOT_ALREADY_OPEN = 107
    LOT_NOT_FROZEN = 108
    NOT_ADMITTED = 201
    ALREADY_ADMITTED = 202
    TOO_MANY_BIDDERS = 203
    AMOUNT_OUT_OF_RANGE = 301
    MAX_BIDS_NOT_ALLOWED = 302
    LEADER_MAY_NOT_RAISE = 303
    MAX_BID_NOT_RAISED = 304
    BELOW_ASKING_PRICE = 305
    NOT_ON_STEP = 306
    ABOVE_LARGEST_RAISE = 307
    REASON_MISSING = 401
    HAMMER_BELONGS_TO_CLOCK = 402
    FAIR_WARNINGS_MISSING = 403
    DEADLINE_NOT_DUE = 501
    COMMAND_ID_REUSED = 502


class Refused(Struct, frozen=True, omit_defaults=True):
    """A refusal with what would have been accepted, so that the person can act on it.

    `asking_price` and `increment` are minor units; `largest` is the greatest acceptable amount, 0 when unbounded;
    `missing` counts fair warnings still due.
    """

    code: Refusal
    asking_price: Amount = 0
    increment: Amount = 0
    largest: Amount = 0
    missing: int = 0
    detail: str = ""
