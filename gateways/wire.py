"""The frames of the live protocol, version 1: what travels on the WebSocket, in JSON or msgpack.

Belongs here: shapes, bounds, close codes, codecs. `gateways/README.md` tells the conversation.
Does not belong here: sockets, sessions, deciding anything.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import Annotated, Final, TypeAlias, get_args

import msgspec
from msgspec import Meta, Struct

from matching.commands import (
    BeaconOutput,
    ItemBid,
    ItemBidList,
    Lines,
    OpeningList,
    ScoreList,
    Side,
    Validity,
    Word,
)
from matching.terms.phase import PhaseNumber
from matching.units import (
    Amount,
    AmountOrZero,
    AnnouncementText,
    Digest,
    Line,
    LotId,
    NonZeroQuantity,
    Paddle,
    Rank,
    Reason,
    Sequence,
    TimeUs,
)
from matching.view import LotView, PublicRecord

VERSION = 1
JSON_PROTOCOL = "luochui.v1.json"
MSGPACK_PROTOCOL = "luochui.v1.msgpack"

COMMAND_ID_CHARACTERS = 32
CommandId = Annotated[
    str,
    Meta(
        min_length=COMMAND_ID_CHARACTERS,
        max_length=COMMAND_ID_CHARACTERS,
        description="32 lowercase hexadecimal digits",
    ),
]
"""128 random bits in lowercase hexadecimal, made by the client once per intention; a retry carries the same."""


def is_command_id(text: str) -> bool:
    """Tell whether a text of the right length is hexadecimal; several times faster than a pattern in the decoder."""
    return not text.strip("0123456789abcdef")


WireLot = Annotated[int, Meta(gt=0, lt=2**53)]
WireOrder = WireLot
WireAmount = Annotated[int, Meta(gt=-(2**53), lt=2**53)]
"""Wide on purpose: an absurd amount is for the rules to refuse, with what would be acceptable."""


WirePhase = Annotated[
    PhaseNumber,
    Meta(description="the phase it is meant for, as the lot's state tells it; without it, the first"),
]
"""In another phase it is refused (`MEANT_FOR_ANOTHER_PHASE`): the same figure may count something else there."""

WireEnd = Annotated[
    int,
    Meta(
        ge=0,
        lt=2**53,
        description="the round or question it answers, by its `ends_at_us` as the lot's state tells it; without it, "
        "the first of the lot",
    ),
]
"""In another one it is refused (`MEANT_FOR_ANOTHER_ROUND`): the same word may say yes to another price there."""

RTT_MS_MAX: Final = 60_000
RoundTripMs = Annotated[int, Meta(ge=0, le=RTT_MS_MAX)]


class View(StrEnum):
    """How much of a lot a subscriber gets."""

    FULL = "full"
    """Every event, in order, without gaps."""
    STATE = "state"
    """The latest state with the last few records, at most once in a tick."""


class _ClientFrame(Struct, frozen=True, tag_field="type", forbid_unknown_fields=True):
    pass


class Subscribe(_ClientFrame, frozen=True, tag="subscribe"):
    """Follow a lot; with the position of an earlier subscription, from there on."""

    lot: WireLot
    view: View = View.FULL
    epoch: str = ""
    offset: int = -1


class Unsubscribe(_ClientFrame, frozen=True, tag="unsubscribe"):
    """Stop following a lot."""

    lot: WireLot


class Ping(_ClientFrame, frozen=True, tag="ping"):
    """Ask for the server's time; `sent` comes back unchanged.

    `rtt_ms` is the last round trip that the client measured, 0 for none yet: hosts see it beside the bidder.
    """

    sent: float = 0
    rtt_ms: RoundTripMs = 0


class Bid(_ClientFrame, frozen=True, tag="bid"):
    """Offer exactly `amount` minor units."""

    id: CommandId
    lot: WireLot
    amount: WireAmount
    phase: WirePhase = 0


class MaxBid(_ClientFrame, frozen=True, tag="max_bid"):
    """Leave a max bid of `limit` minor units."""

    id: CommandId
    lot: WireLot
    limit: WireAmount
    phase: WirePhase = 0


class Declare(_ClientFrame, frozen=True, tag="declare"):
    """Answer what the lot asks: accept, decline or waive."""

    id: CommandId
    lot: WireLot
    word: Word
    phase: WirePhase = 0
    ends_at_us: WireEnd = 0


class Offer(_ClientFrame, frozen=True, tag="offer"):
    """Make, or replace, an offer that stays hidden until all are revealed; `lines` are [price, quantity] pairs."""

    id: CommandId
    lot: WireLot
    lines: Lines
    phase: WirePhase = 0


class Seal(_ClientFrame, frozen=True, tag="seal"):
    """Leave, or replace, a sealed offer: the SHA-256 of its ciphertext, in hexadecimal."""

    id: CommandId
    lot: WireLot
    handle: Digest
    phase: WirePhase = 0


class TakeBack(_ClientFrame, frozen=True, tag="take_back"):
    """Take back a hidden or sealed offer."""

    id: CommandId
    lot: WireLot
    phase: WirePhase = 0
    ends_at_us: WireEnd = 0


class Order(_ClientFrame, frozen=True, tag="order"):
    """Buy or sell `quantity` units at `price` minor units each, or better; price 0 is a market order."""

    id: CommandId
    lot: WireLot
    side: Side
    quantity: NonZeroQuantity
    price: AmountOrZero = 0
    validity: Validity = Validity.DAY
    phase: WirePhase = 0


class CancelOrder(_ClientFrame, frozen=True, tag="cancel_order"):
    """Take back what is left of an order."""

    id: CommandId
    lot: WireLot
    order: WireOrder
    phase: WirePhase = 0


class ReplaceOrder(_ClientFrame, frozen=True, tag="replace_order"):
    """Give an order a new price and a new open quantity."""

    id: CommandId
    lot: WireLot
    order: WireOrder
    quantity: NonZeroQuantity
    price: AmountOrZero
    phase: WirePhase = 0


class ItemBids(_ClientFrame, frozen=True, tag="item_bids"):
    """Bid on several items of a lot at once; `bids` are [item, amount] or [item, amount, quantity]."""

    id: CommandId
    lot: WireLot
    bids: ItemBidList
    phase: WirePhase = 0
    ends_at_us: WireEnd = 0


class CommitSeed(_ClientFrame, frozen=True, tag="commit_seed"):
    """Bind yourself to a seed of the draw: its SHA-256."""

    id: CommandId
    lot: WireLot
    commitment: Digest


class RevealSeed(_ClientFrame, frozen=True, tag="reveal_seed"):
    """Show the seed that you are bound to: 32 bytes in hexadecimal."""

    id: CommandId
    lot: WireLot
    seed: Digest


class Openings(_ClientFrame, frozen=True, tag="openings"):
    """Open the sealed offers, all together; for hosts."""

    id: CommandId
    lot: WireLot
    openings: OpeningList


class Scores(_ClientFrame, frozen=True, tag="scores"):
    """Enter what each bidder was given for everything but the price, as [paddle, hundredths of a point]; for hosts."""

    id: CommandId
    lot: WireLot
    scores: ScoreList


class Beacon(_ClientFrame, frozen=True, tag="beacon"):
    """Enter the output of the beacon round that the lot's terms name; for hosts."""

    id: CommandId
    lot: WireLot
    round: WireLot
    output: BeaconOutput


class HostAct(StrEnum):
    """What a host can do to a lot."""

    OPEN = "open"
    PAUSE = "pause"
    RESUME = "resume"
    WITHDRAW = "withdraw"
    FAIR_WARNING = "fair_warning"
    HAMMER = "hammer"
    RESERVE = "reserve"
    CONFIRM = "confirm"
    DEFAULT = "default"
    ANNOUNCE = "announce"


class Host(_ClientFrame, frozen=True, tag="host"):
    """Act on a lot as its host. Pausing, withdrawing and declaring a default need a reason, which is published;
    entering the reserve needs the amount, an announcement to the room its text."""

    id: CommandId
    lot: WireLot
    act: HostAct
    reason: Reason = ""
    amount: WireAmount = 0
    text: AnnouncementText = ""


BidderFrame: TypeAlias = (
    Bid | MaxBid | Declare | Offer | Seal | TakeBack | Order | CancelOrder | ReplaceOrder | ItemBids
)
AIMED_FRAMES: Final = frozenset(str(kind.__struct_config__.tag) for kind in get_args(BidderFrame))
"""Types of the frames that say which phase they are meant for: all that a bidder gives."""
ROUND_FRAMES: Final = frozenset(str(kind.__struct_config__.tag) for kind in (Declare, TakeBack, ItemBids))
"""Types of those that also say which round or question they answer: their price does not stand in them."""
PartyFrame: TypeAlias = CommitSeed | RevealSeed
"""What bidders and staff alike may send."""
StaffFrame: TypeAlias = Host | Openings | Scores | Beacon
CommandFrame: TypeAlias = BidderFrame | PartyFrame | StaffFrame
ClientFrame: TypeAlias = Subscribe | Unsubscribe | Ping | CommandFrame


class Limits(Struct, frozen=True):
    """The bounds that the server keeps for this connection."""

    frame_bytes_max: int
    frames_per_second: int
    frames_burst: int
    subscriptions_max: int


class Who(Struct, frozen=True):
    """The account behind a session."""

    account: int
    name: str
    roles: tuple[str, ...]


class You(Struct, frozen=True):
    """What only the subscriber himself may know of his place in a lot: his paddle, max bid, rank and secret offer.

    `item_bids` are his bids of the round that runs, which are hidden from everybody else until it is closed; `held`
    what he holds in a clock since its last round, each at the price that it has come to.
    """

    paddle: Paddle
    limit: Amount = 0
    rank: Rank = 0
    lines: tuple[Line, ...] = ()
    handle: str = ""
    item_bids: tuple[ItemBid, ...] = ()
    held: tuple[ItemBid, ...] = ()


class _ServerFrame(Struct, frozen=True, tag_field="type"):
    pass


class Hello(_ServerFrame, frozen=True, tag="hello"):
    """First frame of every connection.

    Who loses the connection without a word waits for a random time between `reconnect_min_ms` and
    `reconnect_max_ms` before coming back. `tick_ms` is how often followers of a state are told, at present.
    """

    version: int
    epoch: str
    server_time_us: TimeUs
    who: Who | None
    heartbeat_ms: int
    tick_ms: int
    reconnect_min_ms: int
    reconnect_max_ms: int
    limits: Limits


class Snapshot(_ServerFrame, frozen=True, tag="snapshot"):
    """Where a lot stands at `offset`, with its latest records; what follows continues from there.

    `view` is what the subscriber gets from now on: `state` where a lot has too many guests for every event.
    `is_recovered` is True when the client's position was honoured: `records` then hold all that it missed.
    """

    lot: LotId
    epoch: str
    offset: Sequence
    view: View
    is_recovered: bool
    state: LotView
    records: list[PublicRecord]
    you: You | None
    server_time_us: TimeUs


class Events(_ServerFrame, frozen=True, tag="events"):
    """Records that follow each other without gaps; `offset` is the position of the last."""

    lot: LotId
    epoch: str
    offset: Sequence
    server_time_us: TimeUs
    state: LotView
    records: list[PublicRecord]


class State(_ServerFrame, frozen=True, tag="state"):
    """Latest state for a subscriber who does not get every event.

    `records` are the latest, at most 20: they may repeat some that came before, and leave others out.
    """

    lot: LotId
    epoch: str
    offset: Sequence
    server_time_us: TimeUs
    state: LotView
    records: list[PublicRecord]


class ReceiptFrame(_ServerFrame, frozen=True, tag="receipt"):
    """The command is on durable record at `sequence`, with its link of the lot's hash chain.

    `is_leading`, `price` and `asking_price` say where the lot stands by now: other bids may have come in the same
    moment.
    """

    id: str
    lot: LotId
    sequence: Sequence
    at_us: TimeUs
    amount: Amount
    link: str
    is_leading: bool
    price: Amount
    asking_price: Amount
    is_repeat: bool


class RefusalFrame(_ServerFrame, frozen=True, tag="refusal"):
    """The command changed nothing; what would be accepted stands beside the reason."""

    id: str
    lot: LotId
    code: str
    retryable: bool
    asking_price: Amount = 0
    increment: Amount = 0
    largest: Amount = 0
    missing: int = 0
    detail: str = ""


class Yours(_ServerFrame, frozen=True, tag="you"):
    """The bidder's own place in a lot has changed: he was admitted, left a max bid, or made a secret offer.

    He bid on items, too; and the phase or round is over to which what he left in secret belonged.
    """

    lot: LotId
    paddle: Paddle
    limit: Amount
    rank: Rank = 0
    lines: tuple[Line, ...] = ()
    handle: str = ""
    item_bids: tuple[ItemBid, ...] = ()
    held: tuple[ItemBid, ...] = ()


class Outbid(_ServerFrame, frozen=True, tag="outbid"):
    """Somebody else leads now; sent to the bidder who led, whatever he is subscribed to."""

    lot: LotId
    price: Amount
    asking_price: Amount
    server_time_us: TimeUs


class BidderOnline(Struct, frozen=True):
    """A bidder who is connected: his last round trip, 0 before he measured one, and when he was last heard."""

    paddle: Paddle
    rtt_ms: int
    heard_at_us: TimeUs


class Presence(_ServerFrame, frozen=True, tag="presence"):
    """How many are there; for hosts, at most once a second.

    `bidders_online` counts each bidder once. Who follows the lot in full gets them named in `online` too, by paddle, at
    most 300.
    """

    lot: LotId
    bidders_online: int
    watchers: int
    online: tuple[BidderOnline, ...] = ()


class Pong(_ServerFrame, frozen=True, tag="pong"):
    """The server's time, with what the client sent."""

    sent: float
    server_time_us: TimeUs


class Error(_ServerFrame, frozen=True, tag="error"):
    """The frame could not be taken; nothing changed."""

    code: str
    retryable: bool
    detail: str = ""
    id: str = ""


ServerFrame: TypeAlias = (
    Hello | Snapshot | Events | State | ReceiptFrame | RefusalFrame | Yours | Outbid | Presence | Pong | Error
)


class ErrorCode(StrEnum):
    """Why a frame, a connection or a request was not taken. Refusals of the rules have codes of their own."""

    MALFORMED = "MALFORMED"
    FRAME_TOO_LARGE = "FRAME_TOO_LARGE"
    RATE_LIMITED = "RATE_LIMITED"
    NOT_SIGNED_IN = "NOT_SIGNED_IN"
    NOT_ALLOWED = "NOT_ALLOWED"
    FOREIGN_ORIGIN = "FOREIGN_ORIGIN"
    TOO_MANY_SUBSCRIPTIONS = "TOO_MANY_SUBSCRIPTIONS"
    TOO_MANY_CONNECTIONS = "TOO_MANY_CONNECTIONS"
    LOT_UNKNOWN = "LOT_UNKNOWN"
    BUSY = "BUSY"
    OUTCOME_UNKNOWN = "OUTCOME_UNKNOWN"
    UNKNOWN_PROTOCOL = "UNKNOWN_PROTOCOL"


class CloseCode(IntEnum):
    """Why the server ended a connection. 44xx: come back; 45xx: do not come back without a change."""

    SHUTTING_DOWN = 4400
    SLOW_CONSUMER = 4401
    BEHIND = 4402
    FRAME_TOO_LARGE = 4500
    TOO_MANY_BAD_FRAMES = 4501
    TOO_FAST = 4502
    SIGNED_OUT = 4503
    OVER = 4504

    @property
    def may_return(self) -> bool:
        """Tell whether the client may come back as it is."""
        return self < 4_500


CLOSE_MEANINGS: Final = {
    CloseCode.SHUTTING_DOWN: "This gateway closes; others, or the next one here, go on.",
    CloseCode.SLOW_CONSUMER: "Too much waited for you, or for too long; your position brings back what you missed.",
    CloseCode.BEHIND: "You have seen more of a lot than this gateway has; others are further on.",
    CloseCode.FRAME_TOO_LARGE: "A frame was longer than `limits.frame_bytes_max`.",
    CloseCode.TOO_MANY_BAD_FRAMES: "Frame after frame could not be understood.",
    CloseCode.TOO_FAST: "You went on sending faster than `limits.frames_per_second`.",
    CloseCode.SIGNED_OUT: "The sign-in or the token that opened this connection has ended: sign in again.",
    CloseCode.OVER: "What this connection was for is over: a rehearsal that has ended.",
}


class Farewell(Struct, frozen=True):
    """The reason in a close frame, as JSON: the name of its code, and how long to wait before coming back.

    The wait is random between the two; both are 0 where the code says not to come back.
    """

    code: str
    reconnect_min_ms: int
    reconnect_max_ms: int


RETRYABLE = frozenset({ErrorCode.BUSY, ErrorCode.RATE_LIMITED, ErrorCode.OUTCOME_UNKNOWN})

decode_json = msgspec.json.Decoder(ClientFrame).decode
decode_msgpack = msgspec.msgpack.Decoder(ClientFrame).decode
encode_json = msgspec.json.Encoder().encode
encode_msgpack = msgspec.msgpack.Encoder().encode
