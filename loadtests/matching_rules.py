"""How many commands a second the rules decide and take over, format by format, in one process and without I/O.

A lot of each format is played once by chance, which gives the stream of commands; what is measured is that stream
again, on the lot as it was before its first command. The order book runs beside another engine on the same stream.

Belongs here: the streams and their measurement. Does not belong here: the report (see `loadtests.bench_matching`).
"""

from __future__ import annotations

import gc
import hashlib
import random
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

import msgspec
from lightmatchingengine.lightmatchingengine import LightMatchingEngine
from lightmatchingengine.lightmatchingengine import Side as PeerSide

from matching import commands as command
from matching.details import Act, Asked, Detail, Drawing, Offers, Rounds
from matching.events import OrdersMatched
from matching.increments import fixed
from matching.lot import Lot, announce, announced, apply, decide
from matching.order_book import Order, OrderBook
from matching.phases.order_book import MarketPhase
from matching.refusals import Refused
from matching.terms import (
    SECOND_US,
    CallAuctionTerms,
    DebtTerms,
    DrawTerms,
    DutchTerms,
    EnglishTerms,
    Entrants,
    FirstRefusalTerms,
    GongTerms,
    IntervalTerms,
    JapaneseTerms,
    LotTerms,
    MultiUnitTerms,
    OffersTerms,
    OrderBookTerms,
    PhaseTerms,
    SealedTerms,
    SecondDimensionTerms,
    SellOffTerms,
    SimultaneousTerms,
    TurnsTerms,
)
from matching.terms.interval import Inquiry
from matching.terms.items import SaleItem
from matching.terms.simultaneous import RoundItem
from matching.units import Line, TimeUs
from matching.view import lot_view

BIDDERS = 100
OPENING_PRICE = 10_000
STEP = 100
LOT = 1
STAFF = 9
PARTIES = (11, 12)
OPENS_US = 1_750_000_000_000_000
ITEMS = 20
TRIES_MAX = 40
"""So many refusals in a row, and the player waits for the deadline."""

Sitting = list[tuple[command.Command, TimeUs]]
"""The commands that one lot was given, and when."""


@dataclass(frozen=True)
class Format:
    """The programme of a lot of one format, and how it is typically bid for."""

    programme: tuple[PhaseTerms, ...]
    commands_a_turn: int = 10**9
    """So many commands of bidders come before the next deadline."""
    quiet_share: float = 0.0
    """How often the deadline comes although somebody could do something."""
    ranked: int = 0
    """So many bidders have priority."""


ENGLISH = EnglishTerms(increments=fixed(STEP))
SHORT_ENGLISH = EnglishTerms(increments=fixed(STEP), duration_us=60 * SECOND_US)
BOOK = OrderBookTerms(orders_per_bidder_max=10_000)

FORMATS: dict[str, Format] = {
    "english": Format((ENGLISH,)),
    "interval": Format((IntervalTerms(inquiry=Inquiry.GO_ON), ENGLISH), BIDDERS),
    "second_dimension": Format(
        (
            EnglishTerms(increments=fixed(STEP), cap_price=OPENING_PRICE + STEP),
            SecondDimensionTerms(unit="㎡", start=100, step=10),
        )
    ),
    "call_auction": Format((CallAuctionTerms(orders_per_bidder_max=10_000), BOOK), 2000),
    "order_book": Format((BOOK,)),
    "first_refusal": Format((SHORT_ENGLISH, FirstRefusalTerms()), 50, ranked=5),
    "sell_off": Format((SellOffTerms(), ENGLISH), 500),
    "multi_unit": Format((MultiUnitTerms(supply=10_000, unit="t", revisions_max=20),), 500),
    "offers": Format((OffersTerms(revisions_max=5),), 300),
    "sealed": Format((SealedTerms(revisions_max=5),), 300),
    "draw": Format(
        (
            DrawTerms(
                entrants=Entrants.ADMITTED,
                parties=PARTIES,
                parties_min=2,
                commit_us=60 * SECOND_US,
                reveal_us=60 * SECOND_US,
            ),
        ),
    ),
    "turns": Format((OffersTerms(), TurnsTerms(step=STEP)), 60),
    "japanese": Format((JapaneseTerms(increments=fixed(STEP)),), 60, quiet_share=0.2),
    "gong": Format((GongTerms(increments=fixed(STEP)),), 1),
    "dutch": Format((DutchTerms(step_share=100),), quiet_share=0.97),
    "simultaneous": Format(
        (
            SimultaneousTerms(
                items=tuple(RoundItem(number, 1000) for number in range(1, ITEMS + 1)),
                round_us=60 * SECOND_US,
                activity_basis_points=0,
                increment_basis_points=500,
                start_points=ITEMS,
                rounds_max=20,
            ),
        ),
        200,
    ),
    "debt": Format(
        (
            DebtTerms(
                items=tuple(SaleItem(number, 1000) for number in range(1, ITEMS + 1)),
                increments=fixed(STEP),
                debt=10**9,
            ),
        ),
    ),
}
"""A lot of every format."""


@dataclass(frozen=True)
class Stream:
    """What is measured: a lot as it stands before the first command, and what it was given, sitting by sitting."""

    start: bytes
    sittings: list[Sitting]

    @property
    def commands(self) -> int:
        return sum(len(sitting) for sitting in self.sittings)


class Player:
    """Plays one lot by chance, the way people would, and keeps what it was given."""

    def __init__(self, lot: Lot, chance: random.Random, format_: Format) -> None:
        self.lot = lot
        self.given: Sitting = []
        self._chance = chance
        self._format = format_
        self._now_us = OPENS_US
        self._handles: dict[int, str] = {}
        self._is_staff_done = False
        self._turn = 0

    def play(self, commands_max: int) -> Sitting:
        """Play until the lot is closed, or so many commands were given."""
        while not self.lot.is_closed and len(self.given) < commands_max:
            self._until_deadline(commands_max)
            if self.lot.due_at_us and not self.lot.is_closed and len(self.given) < commands_max:
                self._give(command.MeetDeadline(LOT, self.lot.due_at_us))
                self._is_staff_done = False
        return self.given

    def _until_deadline(self, commands_max: int) -> None:
        """Let everybody do what there is to do before the lot's next moment."""
        most = min(commands_max, len(self.given) + self._format.commands_a_turn)
        refused = 0
        while not self.lot.is_closed and len(self.given) < most and refused < TRIES_MAX:
            given = self._act_of_staff() or self._command_of_bidder()
            if given is None or self._chance.random() < self._format.quiet_share:
                return
            is_taken = self._give(given)
            refused = 0 if is_taken else refused + 1
            if not is_taken and not isinstance(given, command.BidderCommand):
                self._is_staff_done = True

    def _give(self, given: command.Command) -> bool:
        due_at_us = self.lot.due_at_us
        self._now_us += 10
        if isinstance(given, command.MeetDeadline):
            self._now_us = max(self._now_us, due_at_us)
        elif due_at_us and self._now_us >= due_at_us:
            return False
        self.given.append((given, self._now_us))
        is_taken = _given(self.lot, given, self._now_us)
        if is_taken and isinstance(given, command.SealOffer):
            self._handles[given.bidder] = given.handle
        return is_taken

    def _command_of_bidder(self) -> command.BidderCommand | None:
        shown = lot_view(self.lot)
        if not shown.accepts:
            return None
        bidder = self._bidder(shown.detail)
        acts: list[Act] = [act for act in shown.accepts if act is not Act.TAKE_BACK] or [Act.TAKE_BACK]
        act = acts[-1] if len(acts) > 1 and self._chance.random() < 0.2 else acts[0]
        return self._asked(act, bidder, shown.asking_price or OPENING_PRICE, shown.increment or STEP)

    def _bidder(self, detail: Detail | None) -> int:
        """Return who does something now: whose turn it is, whom the lot asks, or anybody."""
        self._turn += 1
        if isinstance(detail, Rounds) and detail.turn:
            return detail.turn
        if isinstance(detail, Asked) and detail.paddles:
            return detail.paddles[self._turn % len(detail.paddles)]
        if isinstance(detail, Asked | Offers | Rounds):
            return self._turn % BIDDERS + 1
        return self._chance.randint(1, BIDDERS)

    def _asked(self, act: Act, bidder: int, asking_price: int, step: int) -> command.BidderCommand:
        chance = self._chance
        match act:
            case Act.BID:
                late = chance.random() < 0.1
                return command.PlaceBid(
                    LOT, bidder, max(asking_price + step * chance.randint(0, 2) - step * late, 1)
                )
            case Act.MAX_BID:
                return command.LeaveMaxBid(LOT, bidder, asking_price + step * chance.randint(0, 20))
            case Act.DECLARE:
                return command.Declare(LOT, bidder, self._word())
            case Act.OFFER:
                line = Line(OPENING_PRICE + STEP * chance.randint(0, 50), self._units())
                return command.SubmitOffer(LOT, bidder, (line,))
            case Act.SEAL:
                return command.SealOffer(LOT, bidder, hashlib.sha256(chance.randbytes(8)).hexdigest())
            case Act.ORDER:
                return random_order(chance, bidder, 20.0)
            case Act.BID_ON_ITEMS:
                return command.BidOnItems(LOT, bidder, (self._item_bid(),))
            case Act.TAKE_BACK:
                return command.TakeBackOffer(LOT, bidder)

    def _word(self) -> command.Word:
        """Yes, mostly; on a clock that somebody has entered, no, for whoever says nothing stays."""
        detail = lot_view(self.lot).detail
        leaves = isinstance(detail, Rounds) and detail.number > 0
        return command.Word.DECLINE if leaves or self._chance.random() < 0.2 else command.Word.ACCEPT

    def _units(self) -> int:
        phase = self.lot.phase
        return self._chance.randint(1, 400) if phase and isinstance(phase.terms, MultiUnitTerms) else 1

    def _item_bid(self) -> command.ItemBid:
        detail = lot_view(self.lot).detail
        item = self._chance.randint(1, ITEMS)
        stood = next((one.price for one in getattr(detail, "items", ()) if one.item == item), 0)
        return command.ItemBid(item, max(stood * 105 // 100 + STEP, 1000))

    def _act_of_staff(self) -> command.Command | None:
        phase = self.lot.phase
        if phase is None or self._is_staff_done:
            return None
        shown = phase.view(self.lot)
        if isinstance(shown.detail, Drawing):
            return self._seed_of_party(shown.detail)
        is_over = isinstance(shown.detail, Offers) and not shown.accepts and not shown.detail.is_revealed
        if isinstance(phase.terms, SealedTerms) and is_over:
            openings = (
                command.Opening(handle, (Line(OPENING_PRICE + STEP * bidder),))
                for bidder, handle in self._handles.items()
            )
            return command.OpenOffers(LOT, STAFF, tuple(openings))
        return None

    def _seed_of_party(self, detail: Drawing) -> command.Command | None:
        if detail.committed < len(PARTIES):
            party = PARTIES[detail.committed]
            return command.CommitSeed(LOT, party, hashlib.sha256(bytes.fromhex(seed_of(party))).hexdigest())
        if detail.revealed < len(PARTIES):
            return command.RevealSeed(LOT, PARTIES[detail.revealed], seed_of(PARTIES[detail.revealed]))
        return None


def seed_of(party: int) -> str:
    """Return the seed of a party of a draw."""
    return f"{party:064x}"


def random_order(chance: random.Random, bidder: int, ticks_away: float) -> command.PlaceOrder:
    """Return an order near the reference price; one half of the bidders buys, the other sells."""
    is_buy = bidder <= BIDDERS // 2
    away = 1 + min(int(chance.expovariate(1 / ticks_away)), OPENING_PRICE // 10 - 2)
    away = -chance.randint(0, 5) if chance.random() < 0.1 else away
    side = command.Side.BUY if is_buy else command.Side.SELL
    price = OPENING_PRICE - away if is_buy else OPENING_PRICE + away
    return command.PlaceOrder(LOT, bidder, side, chance.randint(1, 100), price)


def opened(format_: Format) -> Lot:
    """Return an open lot with its bidders."""
    terms = LotTerms("CNY", OPENING_PRICE, OPENS_US, format_.programme)  # type: ignore[arg-type]
    first = announce(command.AnnounceLot(LOT, STAFF, terms))
    assert not isinstance(first, Refused), first.detail
    lot = announced(LOT, first[0])  # type: ignore[arg-type]
    for happened in first:
        apply(lot, happened, OPENS_US)
    for bidder in range(1, BIDDERS + 1):
        rank = bidder if bidder <= format_.ranked else 0
        _given(lot, command.AdmitBidder(LOT, bidder, rank), OPENS_US)
    _given(lot, command.OpenLot(LOT, STAFF), OPENS_US)
    return lot


def _given(lot: Lot, given: command.Command, at_us: TimeUs) -> bool:
    decision = decide(lot, given, at_us)
    if isinstance(decision, Refused):
        return False
    for happened in decision:
        apply(lot, happened, at_us)
    return True


def stream_of(name: str, commands: int, seed: int = 1) -> Stream:
    """Return a stream of at least so many commands, over as many lots of the format as that takes."""
    format_ = FORMATS[name]
    start = msgspec.msgpack.encode(opened(format_))
    chance = random.Random(seed)
    sittings: list[Sitting] = []
    left = commands
    while left > 0:
        sitting = Player(_lot(start), chance, format_).play(left)
        assert sitting, f"a lot of {name} takes no command"
        sittings.append(sitting)
        left -= len(sitting)
    return Stream(start, sittings)


def book_stream(commands: int, open_orders: int, ticks_away: float, seed: int = 1) -> Stream:
    """Return a stream for the order book: 45 % cancel, 10 % of the orders meet others, `open_orders` to begin with."""
    chance = random.Random(seed)
    lot = opened(FORMATS["order_book"])
    assert isinstance(lot.phase, MarketPhase)
    while len(lot.phase.orders) < open_orders:
        _given(lot, random_order(chance, chance.randint(1, BIDDERS), ticks_away), OPENS_US)
    start = msgspec.msgpack.encode(lot)
    sitting: Sitting = []
    candidates = list(lot.phase.orders)
    while len(sitting) < commands:
        given: command.Command = random_order(chance, chance.randint(1, BIDDERS), ticks_away)
        if candidates and chance.random() < 0.45:
            place = chance.randrange(len(candidates))
            candidates[place], candidates[-1] = candidates[-1], candidates[place]
            order = lot.phase.orders.get(candidates[-1])
            if order is None:
                candidates.pop()
                continue
            given = command.CancelOrder(LOT, order.paddle, candidates.pop())
        assert _given(lot, given, OPENS_US), "the stream has no command that is refused"
        if isinstance(given, command.PlaceOrder):
            candidates.append(lot.phase.last_order)
        sitting.append((given, OPENS_US))
    return Stream(start, [sitting])


def _lot(start: bytes) -> Lot:
    return msgspec.msgpack.decode(start, type=Lot)


def rules_seconds(stream: Stream) -> float:
    """Return how long it takes to decide the stream and to take over what comes of it."""
    lots = [_lot(stream.start) for _ in stream.sittings]
    for lot in lots:
        getattr(lot.phase, "book", None)
    gc.collect()
    began_s = time.perf_counter()
    for lot, sitting in zip(lots, stream.sittings, strict=True):
        for given, at_us in sitting:
            decision = decide(lot, given, at_us)
            if not isinstance(decision, Refused):
                for happened in decision:
                    apply(lot, happened, at_us)
    return time.perf_counter() - began_s


def structure_seconds(stream: Stream) -> float:
    """Return how long our order book takes by itself, without lot, rules and events of orders."""
    book, last_order = _filled_book(stream)
    [sitting] = stream.sittings
    gc.collect()
    began_s = time.perf_counter()
    for given, _ in sitting:
        if type(given) is command.PlaceOrder:
            last_order += 1
            order = Order(given.bidder, given.side, given.price, given.quantity)
            trades = book.matches(last_order, order) if book.is_crossed_by(given.side, given.price) else ()
            book.enter(last_order, order)
            for trade in trades or ():
                book.fill(trade.buy, trade.quantity)
                book.fill(trade.sell, trade.quantity)
        elif type(given) is command.CancelOrder:
            book.remove(given.order)
    return time.perf_counter() - began_s


def _filled_book(stream: Stream) -> tuple[OrderBook, int]:
    phase = _lot(stream.start).phase
    assert isinstance(phase, MarketPhase)
    return phase.book, phase.last_order


class Peer:
    """The other engine with the orders that stand in our book; its numbers of orders are its own."""

    def __init__(self, stream: Stream) -> None:
        self.engine = LightMatchingEngine()
        book, last_order = _filled_book(stream)
        numbers = {order: self._add(*_peer_order(found)) for order, found in book.orders.items()}
        shift = self.engine.curr_order_id - last_order
        self.operations = [
            _peer_order(given)
            if isinstance(given, command.PlaceOrder)
            else numbers.get(given.order, given.order + shift)
            for given, _ in stream.sittings[0]
            if isinstance(given, command.PlaceOrder | command.CancelOrder)
        ]

    def _add(self, price: int, quantity: int, side: int) -> int:
        order, _ = self.engine.add_order("lot", price, quantity, side)
        number: int = order.order_id
        return number

    def volume(self) -> int:
        """Run the stream, and return how many units changed hands."""
        total = 0
        for operation in self.operations:
            if isinstance(operation, tuple):
                side = operation[2]
                _, trades = self.engine.add_order("lot", *operation)
                total += sum(trade.trade_qty for trade in trades if trade.trade_side == side)
            else:
                assert self.engine.cancel_order(operation, "lot") is not None, "an order was not there"
        return total


def _peer_order(order: Order | command.PlaceOrder) -> tuple[int, int, int]:
    side = PeerSide.BUY if order.side is command.Side.BUY else PeerSide.SELL
    return order.price, order.quantity, side


def peer_seconds(stream: Stream) -> float:
    """Return how long the other engine takes for the stream."""
    peer = Peer(stream)
    add_order, cancel_order = peer.engine.add_order, peer.engine.cancel_order
    gc.collect()
    began_s = time.perf_counter()
    for operation in peer.operations:
        if type(operation) is tuple:
            price, quantity, side = operation
            add_order("lot", price, quantity, side)
        else:
            cancel_order(operation, "lot")
    return time.perf_counter() - began_s


@dataclass
class Rates:
    """Commands a second over the repetitions."""

    commands: int
    seconds: list[float] = field(default_factory=list)

    def figures(self) -> dict[str, int]:
        rates = [self.commands / one for one in self.seconds]
        return {
            "per_second": round(statistics.median(rates)),
            "per_second_min": round(min(rates)),
            "per_second_max": round(max(rates)),
            "commands": self.commands,
        }


def facts(stream: Stream) -> dict[str, Any]:
    """Return what a stream is like: how much of it was accepted, and what came of it."""
    accepted = events = volume = 0
    for sitting in stream.sittings:
        lot = _lot(stream.start)
        for given, at_us in sitting:
            decision = decide(lot, given, at_us)
            if isinstance(decision, Refused):
                continue
            accepted += 1
            events += len(decision)
            volume += sum(one.quantity for one in decision if isinstance(one, OrdersMatched))
            for happened in decision:
                apply(lot, happened, at_us)
    figures: dict[str, Any] = {
        "lots": len(stream.sittings),
        "accepted_share": round(accepted / stream.commands, 3),
        "events_per_command": round(events / stream.commands, 2),
    }
    return figures | ({"volume": volume} if volume else {})


BOOKS = {"deep": (5000, 150.0), "near": (500, 20.0)}
"""Order books of two kinds: how many orders are open, and how many ticks they stand off on average."""

CONTENDERS: dict[str, Callable[[Stream], float]] = {
    "rules": rules_seconds,
    "structure": structure_seconds,
    "lightmatchingengine": peer_seconds,
}


def measured_formats(
    commands: int, repetitions: int, say: Callable[[str], None]
) -> dict[str, dict[str, Any]]:
    """Measure every format, in turn, so that a busy moment of the machine hits all of them alike."""
    streams = {}
    for name in FORMATS:
        say(f"playing {name}")
        streams[name] = stream_of(name, commands)
    rates = {name: Rates(stream.commands) for name, stream in streams.items()}
    for number in _repetitions(repetitions, say):
        for name, stream in streams.items():
            seconds = rules_seconds(stream)
            if number:
                rates[name].seconds.append(seconds)
    return {name: rates[name].figures() | facts(stream) for name, stream in streams.items()}


def measured_books(commands: int, repetitions: int, say: Callable[[str], None]) -> dict[str, dict[str, Any]]:
    """Measure the order book beside the other engine, which has to come to the same trades."""
    report: dict[str, dict[str, Any]] = {}
    for kind, (open_orders, ticks_away) in BOOKS.items():
        say(f"order book, {kind}")
        stream = book_stream(commands, open_orders, ticks_away)
        rates = {name: Rates(commands) for name in CONTENDERS}
        for number in _repetitions(repetitions, say):
            for name, seconds_of in CONTENDERS.items():
                seconds = seconds_of(stream)
                if number:
                    rates[name].seconds.append(seconds)
        report[kind] = _book_report(stream, rates)
    return report


def _book_report(stream: Stream, rates: dict[str, Rates]) -> dict[str, Any]:
    book, _ = _filled_book(stream)
    like = facts(stream)
    same = Peer(stream).volume() == like.get("volume", 0)
    figures: dict[str, Any] = {name: rate.figures() for name, rate in rates.items()}
    peer = figures["lightmatchingengine"]["per_second"]
    return figures | {
        "stream": like
        | {"open_orders": len(book.orders), "levels": len(book.buys.keys) + len(book.sells.keys)},
        "same_volume_as_peer": same,
        "rules_to_peer": round(figures["rules"]["per_second"] / peer, 2),
        "structure_to_peer": round(figures["structure"]["per_second"] / peer, 2),
    }


def _repetitions(repetitions: int, say: Callable[[str], None]) -> Iterator[int]:
    """Count from 0, which warms up and is not counted."""
    for number in range(repetitions + 1):
        say(f"repetition {number} of {repetitions}" if number else "warming up")
        yield number


def peer_version() -> str:
    """Return the version of the other engine."""
    return version("lightmatchingengine")
