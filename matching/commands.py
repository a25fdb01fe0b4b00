"""What can be asked of a lot. Identity is filled in from the session, never from what a client wrote."""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct

from matching.terms import LotTerms
from matching.units import Amount, BidderId, LotId, StaffId, TimeUs


class AnnounceLot(Struct, frozen=True, tag=True):
    """Put a lot on the timeline under its terms; it opens by itself at `terms.opens_at_us`."""

    lot: LotId
    by: StaffId
    terms: LotTerms


class AdmitBidder(Struct, frozen=True, tag=True):
    """Give a bidder, whose deposit is held, a paddle."""

    lot: LotId
    bidder: BidderId


class OpenLot(Struct, frozen=True, tag=True):
    """Open an announced lot now."""

    lot: LotId
    by: StaffId


class PauseLot(Struct, frozen=True, tag=True):
    """Freeze an open lot, with a reason that is published."""

    lot: LotId
    by: StaffId
    reason: str


class ResumeLot(Struct, frozen=True, tag=True):
    """Let a frozen lot go on, with at least the fresh countdown of its phase."""

    lot: LotId
    by: StaffId


class WithdrawLot(Struct, frozen=True, tag=True):
    """End a lot without a sale, with a reason that is published."""

    lot: LotId
    by: StaffId
    reason: str


class GiveFairWarning(Struct, frozen=True, tag=True):
    """Say that the hammer is about to fall (first, second, third call)."""

    lot: LotId
    by: StaffId


class HammerLot(Struct, frozen=True, tag=True):
    """Let the hammer fall, where the phase leaves that to the host."""

    lot: LotId
    by: StaffId


class PlaceBid(Struct, frozen=True, tag=True):
    """Offer exactly `amount` minor units."""

    lot: LotId
    bidder: BidderId
    amount: Amount


class LeaveMaxBid(Struct, frozen=True, tag=True):
    """Let the exchange bid for the bidder, as little as leads, up to `limit` minor units."""

    lot: LotId
    bidder: BidderId
    limit: Amount


class MeetDeadline(Struct, frozen=True, tag=True):
    """Say that the moment `due_at_us` has come: an opening, an end or a resumption."""

    lot: LotId
    due_at_us: TimeUs


BidderCommand: TypeAlias = PlaceBid | LeaveMaxBid
HostCommand: TypeAlias = OpenLot | PauseLot | ResumeLot | WithdrawLot | GiveFairWarning | HammerLot
Command: TypeAlias = BidderCommand | HostCommand | AnnounceLot | AdmitBidder | MeetDeadline
