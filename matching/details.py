"""What the public sees of a running phase beyond leader, price and deadline: one small shape for each family.

Belongs here: shapes. Does not belong here: anything that is withheld.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TypeAlias

from msgspec import Struct

from matching.commands import ItemBid, Word
from matching.events import ItemStanding, Place
from matching.units import Amount, ItemId, Line, Paddle, Quantity, TimeUs


class Act(StrEnum):
    """What a bidder can do in a phase as it stands now."""

    BID = "bid"
    MAX_BID = "max_bid"
    DECLARE = "declare"
    OFFER = "offer"
    SEAL = "seal"
    TAKE_BACK = "take_back"
    ORDER = "order"
    BID_ON_ITEMS = "bid_on_items"


class Question(StrEnum):
    """What a phase asks everybody, or those whom it names, to declare."""

    GO_ON = "go_on"
    TAKE_CAP = "take_cap"
    MATCH = "match"
    STAY = "stay"


class Asked(Struct, frozen=True, tag="asked", tag_field="kind"):
    """A question is open: to `paddles`, or to everybody when there are none; so many have said yes."""

    question: Question
    accepted: int
    paddles: tuple[Paddle, ...] = ()


class Rounds(Struct, frozen=True, tag="rounds", tag_field="kind"):
    """A phase in rounds: round `number` of `rounds` (0: without end), called at `price`, and whose turn it is."""

    number: int
    rounds: int
    price: Amount
    turn: Paddle = 0
    is_pause: bool = False
    words: tuple[Word, ...] = ()
    """What those who take part can say in it."""


class Dimension(Struct, frozen=True, tag="dimension", tag_field="kind"):
    """The price is capped and bids are made in something else: `unit` names it, `quantity` is what leads."""

    price: Amount
    unit: str
    cap: Quantity = 0
    quantity: Quantity = 0


class Offers(Struct, frozen=True, tag="offers", tag_field="kind"):
    """Hidden or sealed offers. `offers` counts them where the rules make that public, else it is -1.

    `ranking` is empty until they are ranked.
    """

    offers: int
    is_revealed: bool
    ranking: tuple[Place, ...] = ()


class Drawing(Struct, frozen=True, tag="drawing", tag_field="kind"):
    """A draw among `entrants`: who has bound himself to a seed, who has shown it, and which beacon round decides."""

    entrants: tuple[Paddle, ...]
    commitment: str
    committed: int
    revealed: int
    beacon_round: int
    seeds_until_us: TimeUs = 0


class Supply(Struct, frozen=True, tag="supply", tag_field="kind"):
    """Units of one kind for sale; `hint` is the latest published mean of the offers, 0 for none."""

    supply: Quantity
    unit: str
    offers: int
    hint: Amount = 0


class Level(Struct, frozen=True, array_like=True):
    """All orders at one price."""

    price: Amount
    quantity: Quantity
    orders: int


class Indication(Struct, frozen=True):
    """What a call auction would come to if it ended now; `surplus` is left over, positive when buyers are left."""

    price: Amount
    quantity: Quantity
    surplus: int


class Depth(Struct, frozen=True, tag="depth", tag_field="kind"):
    """The best levels of an order book, best first, its last trade, and what a call that collects would come to."""

    buys: tuple[Level, ...]
    sells: tuple[Level, ...]
    last_price: Amount
    volume: Quantity
    indication: Indication | None = None
    """None in continuous matching, where no orders would meet, where the terms hide it, and in a very wide book."""


class Items(Struct, frozen=True, tag="items", tag_field="kind"):
    """Several things side by side, after the last round that was closed."""

    number: int
    items: tuple[ItemStanding, ...]
    open_items: tuple[ItemId, ...]


class OwnOffer(Struct, frozen=True, omit_defaults=True):
    """What a bidder has left in secret: the limit of his max bid, his hidden offer, the handle of his sealed one.

    And, of simultaneous rounds, his bids of the round that runs; of a clock also what he holds since the last round,
    each at the price that the clock has come to.
    """

    limit: Amount = 0
    lines: tuple[Line, ...] = ()
    handle: str = ""
    item_bids: tuple[ItemBid, ...] = ()
    held: tuple[ItemBid, ...] = ()


NOTHING_OF_HIS_OWN = OwnOffer()

Detail: TypeAlias = Asked | Rounds | Dimension | Offers | Drawing | Supply | Depth | Items


class PhaseView(Struct, frozen=True):
    """What a phase shows of itself. Amounts are minor units; `asking_price` is 0 when nothing is asked for."""

    asking_price: Amount = 0
    increment: Amount = 0
    accepts: tuple[Act, ...] = ()
    detail: Detail | None = None
