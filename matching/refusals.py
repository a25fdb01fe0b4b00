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
    LOT_NOT_KNOCKED_DOWN = 109
    RESUMPTION_UNDER_NOTICE = 110
    MEANT_FOR_ANOTHER_PHASE = 111
    MEANT_FOR_ANOTHER_ROUND = 112
    NOT_ADMITTED = 201
    ALREADY_ADMITTED = 202
    TOO_MANY_BIDDERS = 203
    LEAD_BIDDER_BIDS = 204
    SHARES_INVALID = 205
    NOT_ELIGIBLE = 206
    NOT_YOUR_TURN = 207
    ALREADY_DECLARED = 208
    NOT_THE_NAMED_PERSON = 209
    NOT_TAKEN_NOW = 300
    AMOUNT_OUT_OF_RANGE = 301
    MAX_BIDS_NOT_ALLOWED = 302
    LEADER_MAY_NOT_RAISE = 303
    MAX_BID_NOT_RAISED = 304
    BELOW_ASKING_PRICE = 305
    NOT_ON_STEP = 306
    ABOVE_LARGEST_RAISE = 307
    ABOVE_ASKING_PRICE = 308
    PRICE_CAP_REACHED = 309
    ABOVE_CAP = 310
    AMOUNT_TAKEN = 311
    ALREADY_OFFERED = 312
    NO_OFFER = 313
    OFFER_BINDS = 314
    LINES_INVALID = 315
    QUANTITY_OUT_OF_RANGE = 316
    ABOVE_OWN_SHARE = 317
    REVISIONS_USED_UP = 318
    ORDER_UNKNOWN = 319
    OUTSIDE_PRICE_BAND = 320
    CANNOT_BE_FILLED = 321
    WOULD_TRADE_WITH_HIMSELF = 322
    ITEM_UNKNOWN = 323
    NOT_ENOUGH_ELIGIBILITY = 324
    NO_WAIVER_LEFT = 325
    REASON_MISSING = 401
    HAMMER_BELONGS_TO_CLOCK = 402
    FAIR_WARNINGS_MISSING = 403
    RESERVE_ALREADY_SET = 404
    RESERVE_NOT_NOW = 405
    RESERVE_OUT_OF_RANGE = 406
    OPENING_INVALID = 407
    SCORES_INVALID = 408
    SEED_INVALID = 409
    BEACON_INVALID = 410
    ANNOUNCEMENT_INVALID = 411
    DEADLINE_NOT_DUE = 501
    COMMAND_ID_REUSED = 502


class Refused(Struct, frozen=True, omit_defaults=True):
    """A refusal with what would have been accepted, so that the person can act on it.

    `asking_price` and `increment` are minor units; `largest` is the greatest acceptable amount, 0 when unbounded
    (where prices fall, `asking_price` is the greatest and `largest` the least); `missing` counts what is still due.
    """

    code: Refusal
    asking_price: Amount = 0
    increment: Amount = 0
    largest: Amount = 0
    missing: int = 0
    detail: str = ""
