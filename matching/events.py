"""What has happened to a lot: the facts that its journal holds, and what of them the public sees.

Some facts are withheld while a lot is under way: who stands behind a paddle, the reserve, the limit of a max bid.
In public they appear as `Withheld`, so that positions stay without gaps and the hash chain can still be checked.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TypeAlias

from msgspec import Struct

from matching.terms import LotTerms
from matching.units import Amount, BidderId, Paddle, StaffId, TimeUs


class FreezeCause(StrEnum):
    """Why a lot stands still."""

    HOST = "host"
    OUTAGE = "outage"


class PassReason(StrEnum):
    """Why a lot found no buyer (流拍)."""

    NO_BIDS = "no_bids"
    BELOW_RESERVE = "below_reserve"
    TOO_FEW_BIDDERS = "too_few_bidders"


class LotAnnounced(Struct, frozen=True, tag=True):
    """The lot is on the timeline; `terms` are public, a reserve is not among them."""

    terms: LotTerms
    by: StaffId


class ReserveSet(Struct, frozen=True, tag=True):
    """A secret minimum price is in force."""

    amount: Amount


class BidderAdmitted(Struct, frozen=True, tag=True):
    """`bidder` bids in this lot under `paddle`."""

    paddle: Paddle
    bidder: BidderId


class LotOpened(Struct, frozen=True, tag=True):
    """Bidding may begin; `by` is 0 when the clock opened the lot."""

    by: StaffId


class PhaseBegan(Struct, frozen=True, tag=True):
    """Phase `index` of the programme runs; `ends_at_us` is 0 when only the host ends it."""

    index: int
    ends_at_us: TimeUs


class BidPlaced(Struct, frozen=True, tag=True, omit_defaults=True):
    """`paddle` leads with `amount`; `is_proxy` when the exchange bid for him under his max bid."""

    paddle: Paddle
    amount: Amount
    is_proxy: bool = False


class MaxBidLeft(Struct, frozen=True, tag=True):
    """`paddle` lets the exchange bid for him up to `limit`."""

    paddle: Paddle
    limit: Amount


class LotExtended(Struct, frozen=True, tag=True):
    """A late bid moved the end; `extension` counts from 1."""

    ends_at_us: TimeUs
    extension: int


class FairWarningGiven(Struct, frozen=True, tag=True):
    """The host called the leading price for the `warning`-th time since the last bid."""

    warning: int
    by: StaffId


class LotFrozen(Struct, frozen=True, tag=True):
    """The lot stands still; it resumes by itself at `resumes_at_us` unless that is 0."""

    cause: FreezeCause
    reason: str
    by: StaffId
    resumes_at_us: TimeUs


class LotResumed(Struct, frozen=True, tag=True):
    """The lot goes on; its new end is `ends_at_us`, 0 when only the host ends it."""

    ends_at_us: TimeUs
    by: StaffId


class LotSold(Struct, frozen=True, tag=True):
    """The hammer fell: `paddle` has the lot for `price`; `by` is 0 when the clock let it fall."""

    paddle: Paddle
    price: Amount
    by: StaffId


class LotPassed(Struct, frozen=True, tag=True):
    """The lot ended without a buyer."""

    reason: PassReason
    by: StaffId


class LotWithdrawn(Struct, frozen=True, tag=True):
    """The lot was taken out of sale."""

    reason: str
    by: StaffId


class Withheld(Struct, frozen=True, tag=True):
    """A fact that is not public while the lot is under way."""


Event: TypeAlias = (
    LotAnnounced
    | ReserveSet
    | BidderAdmitted
    | LotOpened
    | PhaseBegan
    | BidPlaced
    | MaxBidLeft
    | LotExtended
    | FairWarningGiven
    | LotFrozen
    | LotResumed
    | LotSold
    | LotPassed
    | LotWithdrawn
)
PublicEvent: TypeAlias = Event | Withheld

PRIVATE_EVENTS = frozenset({ReserveSet, BidderAdmitted, MaxBidLeft})
OUTCOME_EVENTS = frozenset({LotSold, LotPassed, LotWithdrawn})

_WITHHELD = Withheld()


def is_public(event: Event) -> bool:
    """Tell whether anyone may see the event while its lot is under way."""
    return type(event) not in PRIVATE_EVENTS


def public_view(event: Event) -> PublicEvent:
    """Return the event as the public sees it."""
    return _WITHHELD if type(event) in PRIVATE_EVENTS else event
