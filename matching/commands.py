"""What can be asked of a lot. Identity is filled in from the session, never from what a client wrote.

Belongs here: one struct for each thing that a person, the procedure or the clock can ask, with its bounds.
Does not belong here: which phase takes it, and when.

What a bidder gives may say which phase of the programme it is meant for: the same words and figures mean something else
in the next one, and a command can be overtaken by its beginning. None: whichever runs when it is decided.

What does not carry the price that it is about itself (a word, bids on items, taking back) may also say which round or
question of that phase it answers, by the moment at which that one ends, `ends_at_us`: the next one ends later, also
where a freeze sends the programme back and a question is put again. 0: what the lot asked first. None: as above.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, TypeAlias

from msgspec import Meta, Struct

from matching.terms import LotTerms
from matching.terms.phase import PhaseNumber
from matching.units import (
    FIGURE_MAX,
    Amount,
    AmountOrZero,
    BidderId,
    Digest,
    ItemId,
    Line,
    LotId,
    OrderId,
    Paddle,
    Partner,
    Quantity,
    Rank,
    StaffId,
    TimeUs,
    value_of,
)

LINES_MAX = 50
ITEMS_MAX = 200
OPENINGS_MAX = 100_000

Lines: TypeAlias = Annotated[tuple[Line, ...], Meta(min_length=1, max_length=LINES_MAX)]


class AnnounceLot(Struct, frozen=True, tag=True):
    """Put a lot on the timeline under its terms; it opens by itself at `terms.opens_at_us`."""

    lot: LotId
    by: StaffId
    terms: LotTerms


class AdmitBidder(Struct, frozen=True, tag=True, omit_defaults=True):
    """Give a bidder, whose deposit is held, a paddle; `partners` bid jointly under it, each with a share."""

    lot: LotId
    bidder: BidderId
    rank: Rank = 0
    partners: tuple[Partner, ...] = ()


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
    """Let a frozen lot go on, with at least the fresh countdown of its phase, at once or after the notice it owes."""

    lot: LotId
    by: StaffId


class WithdrawLot(Struct, frozen=True, tag=True):
    """End a lot without a sale, with a reason that is published: 撤回 before the opening, 终止 after it."""

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


class SetReserve(Struct, frozen=True, tag=True):
    """Enter the secret reserve of a lot whose terms let the named person do so late, once."""

    lot: LotId
    by: StaffId
    amount: Amount


class ConfirmSale(Struct, frozen=True, tag=True):
    """Say that the buyer of a lot that was knocked down has signed; the runners-up are free."""

    lot: LotId
    by: StaffId


class DeclareDefault(Struct, frozen=True, tag=True):
    """Say that the buyer does not honour his bid (悔拍); the next in reserve is called, if there is one."""

    lot: LotId
    by: StaffId
    reason: str


class MakeAnnouncement(Struct, frozen=True, tag=True):
    """Say something to everybody in the room; it goes on record and changes nothing else."""

    lot: LotId
    by: StaffId
    text: str


class PlaceBid(Struct, frozen=True, tag=True, gc=False):
    """Offer exactly `amount`: minor units, or what the phase bids in once the price is capped (㎡, basis points)."""

    lot: LotId
    bidder: BidderId
    amount: Amount
    phase: PhaseNumber | None = None


class LeaveMaxBid(Struct, frozen=True, tag=True, gc=False):
    """Let the exchange bid for the bidder, as little as leads, up to `limit` minor units."""

    lot: LotId
    bidder: BidderId
    limit: Amount
    phase: PhaseNumber | None = None


class Word(StrEnum):
    """What a bidder can declare."""

    ACCEPT = "accept"
    """Go on, take the cap price, match the price, enter the draw, stay: whatever the phase has asked."""
    DECLINE = "decline"
    """Leave: the match, the clock, the draw."""
    WAIVE = "waive"
    """Sit one round out, using up a waiver."""


class Declare(Struct, frozen=True, tag=True):
    """Answer what the phase has asked."""

    lot: LotId
    bidder: BidderId
    word: Word
    phase: PhaseNumber | None = None
    ends_at_us: TimeUs | None = None


class SubmitOffer(Struct, frozen=True, tag=True):
    """Make, or replace, an offer that nobody sees before the phase reveals all offers together."""

    lot: LotId
    bidder: BidderId
    lines: Lines
    phase: PhaseNumber | None = None


class SealOffer(Struct, frozen=True, tag=True):
    """Make, or replace, an offer of which even the exchange knows only the digest of its ciphertext."""

    lot: LotId
    bidder: BidderId
    handle: Digest
    phase: PhaseNumber | None = None


class TakeBackOffer(Struct, frozen=True, tag=True):
    """Take back a hidden or sealed offer before its deadline, where the rules allow it."""

    lot: LotId
    bidder: BidderId
    phase: PhaseNumber | None = None
    ends_at_us: TimeUs | None = None


class Side(StrEnum):
    """Which side of a market an order stands on."""

    BUY = "buy"
    SELL = "sell"


class Validity(StrEnum):
    """How long an order lives."""

    DAY = "day"
    """Until it is filled, cancelled, or the session ends."""
    IMMEDIATE = "immediate"
    """Immediate or cancel: what cannot be filled at once lapses."""
    WHOLE = "whole"
    """Fill or kill: all at once or nothing."""


class PlaceOrder(Struct, frozen=True, tag=True, omit_defaults=True, gc=False):
    """Buy or sell `quantity` at `price` minor units a unit or better; price 0 is a market order."""

    lot: LotId
    bidder: BidderId
    side: Side
    quantity: Quantity
    price: Amount = 0
    validity: Validity = Validity.DAY
    phase: PhaseNumber | None = None


class CancelOrder(Struct, frozen=True, tag=True, gc=False):
    """Take back what is left of an order."""

    lot: LotId
    bidder: BidderId
    order: OrderId
    phase: PhaseNumber | None = None


class ReplaceOrder(Struct, frozen=True, tag=True, gc=False):
    """Give an order a new price and a new open quantity."""

    lot: LotId
    bidder: BidderId
    order: OrderId
    quantity: Quantity
    price: Amount
    phase: PhaseNumber | None = None


class ItemBid(Struct, frozen=True, array_like=True):
    """`amount` minor units for one of the items of a lot, or `quantity` units of it at the round's price."""

    item: ItemId
    amount: AmountOrZero
    quantity: Quantity = 1


ItemBidList: TypeAlias = Annotated[tuple[ItemBid, ...], Meta(min_length=1, max_length=ITEMS_MAX)]


class BidOnItems(Struct, frozen=True, tag=True):
    """Bid on several items of one lot at once; all of it is taken or nothing."""

    lot: LotId
    bidder: BidderId
    bids: ItemBidList
    phase: PhaseNumber | None = None
    ends_at_us: TimeUs | None = None


class Opening(Struct, frozen=True):
    """What was inside a sealed offer. Without lines it could not be opened and counts as spoiled."""

    handle: Digest
    lines: tuple[Line, ...] = ()


OpeningList: TypeAlias = Annotated[tuple[Opening, ...], Meta(max_length=OPENINGS_MAX)]


class OpenOffers(Struct, frozen=True, tag=True):
    """Open the sealed offers, all together, after their deadline."""

    lot: LotId
    by: StaffId
    openings: OpeningList


class Score(Struct, frozen=True, array_like=True):
    """What a bidder was given for everything but the price, in hundredths of a point."""

    paddle: Paddle
    points: Quantity


ScoreList: TypeAlias = Annotated[tuple[Score, ...], Meta(max_length=OPENINGS_MAX)]


class EnterScores(Struct, frozen=True, tag=True):
    """Enter the scores that the experts gave."""

    lot: LotId
    by: StaffId
    scores: ScoreList


class CommitSeed(Struct, frozen=True, tag=True):
    """Bind a party of the draw to its seed: the SHA-256 of what it will reveal."""

    lot: LotId
    by: int
    commitment: Digest


class RevealSeed(Struct, frozen=True, tag=True):
    """Reveal the seed that was committed to, 32 bytes in hexadecimal."""

    lot: LotId
    by: int
    seed: Digest


BeaconOutput: TypeAlias = Annotated[str, Meta(min_length=32, max_length=256, pattern="^[0-9a-f]+$")]


class PublishBeacon(Struct, frozen=True, tag=True):
    """Enter the output of the public beacon round that the terms named beforehand, in hexadecimal."""

    lot: LotId
    by: StaffId
    round: int
    output: BeaconOutput


class MeetDeadline(Struct, frozen=True, tag=True):
    """Say that the moment `due_at_us` has come: an opening, an end or a resumption."""

    lot: LotId
    due_at_us: TimeUs


BidderCommand: TypeAlias = (
    PlaceBid
    | LeaveMaxBid
    | Declare
    | SubmitOffer
    | SealOffer
    | TakeBackOffer
    | PlaceOrder
    | CancelOrder
    | ReplaceOrder
    | BidOnItems
)
RoundCommand: TypeAlias = Declare | TakeBackOffer | BidOnItems
"""What may say which round or question it answers."""
PhaseAct: TypeAlias = OpenOffers | EnterScores | CommitSeed | RevealSeed | PublishBeacon
"""What staff, or a party of a draw, can ask of the running phase."""
HostCommand: TypeAlias = (
    OpenLot
    | PauseLot
    | ResumeLot
    | WithdrawLot
    | GiveFairWarning
    | HammerLot
    | SetReserve
    | ConfirmSale
    | DeclareDefault
    | MakeAnnouncement
)
Command: TypeAlias = BidderCommand | HostCommand | PhaseAct | AnnounceLot | AdmitBidder | MeetDeadline

BIDDER_COMMANDS = frozenset(
    {
        PlaceBid,
        LeaveMaxBid,
        Declare,
        SubmitOffer,
        SealOffer,
        TakeBackOffer,
        PlaceOrder,
        CancelOrder,
        ReplaceOrder,
        BidOnItems,
    }
)


def amount_named(command: Command) -> Amount:
    """Return the one figure that, with the party, tells a repeated command from another with the same id.

    The first event of the command names the same figure (`matching.events.amount_named`).
    """
    match command:
        case PlaceBid(amount=amount) | SetReserve(amount=amount) | LeaveMaxBid(limit=amount):
            return amount
        case SubmitOffer(lines=lines):
            return value_of(lines)
        case BidOnItems(bids=bids):
            return min(sum(bid.amount * bid.quantity for bid in bids), FIGURE_MAX)
        case PlaceOrder(price=price, quantity=quantity) | ReplaceOrder(price=price, quantity=quantity):
            return min(price * quantity or quantity, FIGURE_MAX)
        case _:
            return 0
