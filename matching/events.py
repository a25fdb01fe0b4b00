"""What has happened to a lot: the facts that its journal holds, and what of them the public sees.

Some facts are withheld while a lot is under way: who stands behind a paddle, the reserve, the limit of a max bid.
In public they appear as `Withheld`, so that positions stay without gaps and the hash chain can still be checked.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TypeAlias

from msgspec import Struct

from matching.commands import ItemBid, Score, Side, Validity, Word
from matching.terms import LotTerms
from matching.units import (
    FIGURE_MAX,
    NOBODY,
    Amount,
    BidderId,
    Digest,
    ItemId,
    Line,
    OrderId,
    Paddle,
    Partner,
    Quantity,
    Rank,
    StaffId,
    TimeUs,
    value_of,
)


class FreezeCause(StrEnum):
    """Why a lot stands still."""

    HOST = "host"
    OUTAGE = "outage"


class PassReason(StrEnum):
    """Why a lot found no buyer (流拍)."""

    NO_BIDS = "no_bids"
    BELOW_RESERVE = "below_reserve"
    TOO_FEW_BIDDERS = "too_few_bidders"
    DEFAULTED = "defaulted"
    """The buyer, and whoever was called after him, did not honour the bid."""
    UNDERSUBSCRIBED = "undersubscribed"
    """Less was asked for than was offered, and the rules then sell nothing."""
    NOT_DRAWN = "not_drawn"
    """The draw that should have decided could not be held as it was announced."""


class LotAnnounced(Struct, frozen=True, tag=True):
    """The lot is on the timeline; `terms` are public, a reserve is not among them."""

    terms: LotTerms
    by: StaffId


class ReserveSet(Struct, frozen=True, tag=True, omit_defaults=True):
    """A secret limit of the price is in force; `by` is 0 when the lot was announced with it."""

    amount: Amount
    by: StaffId = 0


class BidderAdmitted(Struct, frozen=True, tag=True, omit_defaults=True):
    """`bidder` bids in this lot under `paddle`, for `partners` too; `rank` is his priority, 0 for none."""

    paddle: Paddle
    bidder: BidderId
    rank: Rank = 0
    partners: tuple[Partner, ...] = ()


class LotOpened(Struct, frozen=True, tag=True):
    """Bidding may begin; `by` is 0 when the clock opened the lot."""

    by: StaffId


class PhaseBegan(Struct, frozen=True, tag=True):
    """Phase `index` of the programme runs; `ends_at_us` is when the clock acts on it next, 0 for never."""

    index: int
    ends_at_us: TimeUs


class BidPlaced(Struct, frozen=True, tag=True, omit_defaults=True, gc=False):
    """`paddle` leads with `amount`; `is_proxy` when the exchange bid for him under his max bid."""

    paddle: Paddle
    amount: Amount
    is_proxy: bool = False


class MaxBidLeft(Struct, frozen=True, tag=True, gc=False):
    """`paddle` lets the exchange bid for him up to `limit`."""

    paddle: Paddle
    limit: Amount


class LotExtended(Struct, frozen=True, tag=True, gc=False):
    """A late bid moved the end; `extension` counts from 1."""

    ends_at_us: TimeUs
    extension: int


class FairWarningGiven(Struct, frozen=True, tag=True):
    """The host called the leading price for the `warning`-th time since the last bid."""

    warning: int
    by: StaffId


class AnnouncementMade(Struct, frozen=True, tag=True):
    """The host said something to everybody in the room."""

    text: str
    by: StaffId


class CapReached(Struct, frozen=True, tag=True):
    """The price has come as far as it may go; from here on the programme decides otherwise.

    In a second dimension it is the quantity: `price` is in whatever the phase bids in, as in `BidPlaced`.
    """

    price: Amount


class RoundBegan(Struct, frozen=True, tag=True, omit_defaults=True):
    """A round, turn or tick of the phase began.

    `number` counts from 1; `price` is what it is called at, 0 for none; `paddle` is whose turn it is, 0 for
    everybody's; the clock ends it at `ends_at_us`. `is_pause` when nothing is taken until then.
    """

    number: int
    ends_at_us: TimeUs
    price: Amount = 0
    paddle: Paddle = 0
    is_pause: bool = False


class Declared(Struct, frozen=True, tag=True):
    """`paddle` answered what the phase had asked."""

    paddle: Paddle
    word: Word


class OfferSubmitted(Struct, frozen=True, tag=True):
    """`paddle` made, or replaced, an offer that stays hidden until all are revealed."""

    paddle: Paddle
    lines: tuple[Line, ...]


class OfferSealed(Struct, frozen=True, tag=True):
    """`paddle` left, or replaced, a sealed offer; `handle` is the digest of its ciphertext."""

    paddle: Paddle
    handle: Digest


class OfferTakenBack(Struct, frozen=True, tag=True):
    """`paddle` took his offer back."""

    paddle: Paddle


class Revealed(Struct, frozen=True, omit_defaults=True):
    """An offer as it was made; without lines it was spoiled."""

    paddle: Paddle
    lines: tuple[Line, ...] = ()


class OffersRevealed(Struct, frozen=True, tag=True):
    """All offers of the phase, in the order of paddles; `by` is 0 when the clock revealed them."""

    offers: tuple[Revealed, ...]
    by: StaffId


class ScoresEntered(Struct, frozen=True, tag=True):
    """What each bidder was given for everything but the price."""

    scores: tuple[Score, ...]
    by: StaffId


class Place(Struct, frozen=True, omit_defaults=True):
    """A bidder's place in a ranking: his offer in minor units, and what it scored in hundredths of a point.

    `quantity` is what he offered in the second dimension, where the price was capped.
    """

    paddle: Paddle
    amount: Amount
    score: int = 0
    quantity: Quantity = 0


class OffersRanked(Struct, frozen=True, tag=True, omit_defaults=True):
    """Offers in the order that the published rule gives them, best first.

    `reference` is the figure that the rule computed on the way (an average, a base price) over `divisor`, so that it
    stays exact: a mean of 13.6 may stand as 68 over 5.
    """

    places: tuple[Place, ...]
    reference: Amount = 0
    divisor: int = 1


class HintPublished(Struct, frozen=True, tag=True):
    """A figure about the offers so far that the rules make public: their (trimmed) mean, and how many there are."""

    price: Amount
    offers: int


class ItemsBid(Struct, frozen=True, tag=True):
    """`paddle` bid on several items; hidden until the round is closed."""

    paddle: Paddle
    bids: tuple[ItemBid, ...]


class ItemStanding(Struct, frozen=True, array_like=True):
    """Who leads on an item and at what price; in a clock, how much of it is asked for at that price."""

    item: ItemId
    paddle: Paddle
    price: Amount
    demand: Quantity = 0


class RoundClosed(Struct, frozen=True, tag=True):
    """A round over several items is over: where each of them stands, and what every bidder may still bid for.

    `eligibility` holds (paddle, points, waivers left).
    """

    number: int
    items: tuple[ItemStanding, ...]
    eligibility: tuple[tuple[Paddle, int, int], ...]


class SeedCommitted(Struct, frozen=True, tag=True, omit_defaults=True):
    """A party of the draw is bound to a seed it has not shown yet; a bidder is named by his paddle, `by` is then 0."""

    by: int
    commitment: Digest
    paddle: Paddle = 0


class SeedRevealed(Struct, frozen=True, tag=True, omit_defaults=True):
    """A party of the draw has shown the seed that it was bound to; a bidder is named by his paddle, `by` is then 0."""

    by: int
    seed: Digest
    paddle: Paddle = 0


class BeaconPublished(Struct, frozen=True, tag=True):
    """The output of the public beacon round that was named beforehand."""

    round: int
    output: str
    by: StaffId


class EntrantsFixed(Struct, frozen=True, tag=True):
    """Who takes part in the draw, in the order that is shuffled, and the SHA-256 that commits to that list.

    An empty list says that there is no draw: nobody entered, or it could not be held.
    """

    entrants: tuple[Paddle, ...]
    commitment: Digest


class EntrantsDrawn(Struct, frozen=True, tag=True):
    """The draw: entrants in the order drawn, and the seed that anyone can recompute it from."""

    order: tuple[Paddle, ...]
    seed: Digest


class OrderPlaced(Struct, frozen=True, tag=True, omit_defaults=True, gc=False):
    """An order came into the book; price 0 is a market order."""

    paddle: Paddle
    order: OrderId
    side: Side
    quantity: Quantity
    price: Amount = 0
    validity: Validity = Validity.DAY


class OrdersMatched(Struct, frozen=True, tag=True, gc=False):
    """`quantity` units changed hands at `price` each; `buy` and `sell` are the orders."""

    buy: OrderId
    sell: OrderId
    price: Amount
    quantity: Quantity


class OrderCancelled(Struct, frozen=True, tag=True, omit_defaults=True, gc=False):
    """What was left of an order is gone; `is_lapse` when nobody asked for that (unfilled IOC, end of session)."""

    paddle: Paddle
    order: OrderId
    quantity: Quantity
    is_lapse: bool = False


class OrderReplaced(Struct, frozen=True, tag=True, gc=False):
    """An order has a new price and open quantity."""

    paddle: Paddle
    order: OrderId
    quantity: Quantity
    price: Amount


class BookUncrossed(Struct, frozen=True, tag=True):
    """A call auction found its price; `surplus` is what is left over at it, positive when buyers are left."""

    price: Amount
    quantity: Quantity
    surplus: int


class LotFrozen(Struct, frozen=True, tag=True):
    """The lot stands still; it resumes by itself at `resumes_at_us` unless that is 0."""

    cause: FreezeCause
    reason: str
    by: StaffId
    resumes_at_us: TimeUs


class ResumptionAnnounced(Struct, frozen=True, tag=True):
    """The lot stays frozen until `resumes_at_us`, and then goes on by itself: notice has to be given."""

    resumes_at_us: TimeUs
    by: StaffId


class LotResumed(Struct, frozen=True, tag=True):
    """The lot goes on; its new end is `ends_at_us`, 0 when only the host ends it."""

    ends_at_us: TimeUs
    by: StaffId


class LotKnockedDown(Struct, frozen=True, tag=True, omit_defaults=True):
    """The hammer fell, and the sale waits to be confirmed; `runners_up` stay bound until then, best first.

    `quantity` is what was reached in the second dimension, where the price was capped.
    """

    paddle: Paddle
    price: Amount
    by: StaffId
    runners_up: tuple[Place, ...] = ()
    quantity: Quantity = 0


class WinnerDefaulted(Struct, frozen=True, tag=True):
    """`paddle`, to whom the lot was knocked down, does not honour his bid."""

    paddle: Paddle
    reason: str
    by: StaffId


class LotSold(Struct, frozen=True, tag=True, omit_defaults=True):
    """`paddle` has the lot for `price`; `by` is 0 when the clock let the hammer fall.

    `quantity` is what was reached in the second dimension, where the price was capped.
    """

    paddle: Paddle
    price: Amount
    by: StaffId
    quantity: Quantity = 0


class Award(Struct, frozen=True, omit_defaults=True):
    """What one bidder gets, and pays in all, in minor units; negative where he sold and is paid.

    `price` is for one unit where all have the same, else 0; `item` is 0 where there is only one kind of thing.
    """

    paddle: Paddle
    quantity: int
    amount: Amount
    price: Amount = 0
    item: ItemId = 0


class LotAwarded(Struct, frozen=True, tag=True):
    """Units or items went to several bidders."""

    awards: tuple[Award, ...]
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
    | AnnouncementMade
    | CapReached
    | RoundBegan
    | Declared
    | OfferSubmitted
    | OfferSealed
    | OfferTakenBack
    | OffersRevealed
    | ScoresEntered
    | OffersRanked
    | HintPublished
    | ItemsBid
    | RoundClosed
    | SeedCommitted
    | SeedRevealed
    | BeaconPublished
    | EntrantsFixed
    | EntrantsDrawn
    | OrderPlaced
    | OrdersMatched
    | OrderCancelled
    | OrderReplaced
    | BookUncrossed
    | LotFrozen
    | ResumptionAnnounced
    | LotResumed
    | LotKnockedDown
    | WinnerDefaulted
    | LotSold
    | LotAwarded
    | LotPassed
    | LotWithdrawn
)
PublicEvent: TypeAlias = Event | Withheld

PRIVATE_EVENTS = frozenset(
    {
        ReserveSet,
        BidderAdmitted,
        MaxBidLeft,
        OfferSubmitted,
        OfferSealed,
        OfferTakenBack,
        ScoresEntered,
        ItemsBid,
    }
)
OWN_EVENTS = frozenset({BidderAdmitted, MaxBidLeft, OfferSubmitted, OfferSealed, OfferTakenBack, ItemsBid})
"""Events after which the bidder behind their paddle is told his own place."""

OWN_ENDING_EVENTS = frozenset({PhaseBegan, RoundBegan, RoundClosed})
"""Events with which what a bidder has left in secret may be over: it belonged to a phase, a turn or a round."""

OUTCOME_EVENTS = frozenset({LotSold, LotAwarded, LotPassed, LotWithdrawn})

_WITHHELD = Withheld()


def is_public(event: Event) -> bool:
    """Tell whether anyone may see the event while its lot is under way."""
    return type(event) not in PRIVATE_EVENTS


def public_view(event: Event) -> PublicEvent:
    """Return the event as the public sees it."""
    return _WITHHELD if type(event) in PRIVATE_EVENTS else event


def paddle_of(event: Event) -> Paddle:
    """Return the paddle that an event names, 0 for none."""
    paddle: Paddle = getattr(event, "paddle", NOBODY)
    return paddle


def amount_named(event: Event) -> Amount:
    """Return the figure that the first event of a command names, as `matching.commands.amount_named` does."""
    match event:
        case BidPlaced(amount=amount) | ReserveSet(amount=amount) | MaxBidLeft(limit=amount):
            return amount
        case OfferSubmitted(lines=lines):
            return value_of(lines)
        case ItemsBid(bids=bids):
            return min(sum(bid.amount * bid.quantity for bid in bids), FIGURE_MAX)
        case OrderPlaced(price=price, quantity=quantity) | OrderReplaced(price=price, quantity=quantity):
            return min(price * quantity or quantity, FIGURE_MAX)
        case _:
            return 0
