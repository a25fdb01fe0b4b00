"""What holds in every order book: nothing crosses, nothing is made or lost, and the journal is the state."""

from __future__ import annotations

import random

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from matching import commands as command
from matching.call_auction import clearing, trades_at
from matching.details import Depth
from matching.events import Event, LotAwarded, OrderPlaced, OrderReplaced, OrdersMatched
from matching.lot import Lot, announce, announced, apply, decide, digest
from matching.order_book import Order, OrderBook, in_priority
from matching.phases.order_book import MarketPhase
from matching.refusals import Refused
from matching.terms import CallAuctionTerms, LotTerms, OrderBookTerms, TradePrice
from matching.units import OrderId, Paddle
from matching.view import lot_view

LOT = 1
BIDDERS = 5
OPENS_US = 1_750_000_000_000_000
SESSION_US = 60_000_000
PROGRAMMES = (
    (OrderBookTerms(duration_us=SESSION_US),),
    (OrderBookTerms(duration_us=SESSION_US, trade_price=TradePrice.LOWEST),),
    (CallAuctionTerms(duration_us=SESSION_US), OrderBookTerms(duration_us=SESSION_US)),
    (CallAuctionTerms(duration_us=SESSION_US), OrderBookTerms(duration_us=SESSION_US),
     CallAuctionTerms(duration_us=SESSION_US)),
)  # fmt: skip

orders = st.builds(
    command.PlaceOrder,
    st.just(LOT),
    st.integers(1, BIDDERS),
    st.sampled_from(command.Side),
    st.integers(1, 9),
    st.sampled_from((0, 990, 995, 1000, 1005, 1010)),
    st.sampled_from((*command.Validity, command.Validity.DAY, command.Validity.DAY)),
)
changes = st.builds(
    command.CancelOrder, st.just(LOT), st.integers(1, BIDDERS), st.integers(1, 12)
) | st.builds(
    command.ReplaceOrder,
    st.just(LOT),
    st.integers(1, BIDDERS),
    st.integers(1, 12),
    st.integers(1, 9),
    st.sampled_from((990, 1000, 1010)),
)
sessions = st.tuples(st.sampled_from(PROGRAMMES), st.lists(orders | orders | changes, max_size=40))


class Market:
    """A lot that keeps its journal."""

    def __init__(self, programme: tuple[CallAuctionTerms | OrderBookTerms, ...]) -> None:
        first = announce(command.AnnounceLot(LOT, 9, LotTerms("CNY", 1000, OPENS_US, programme)))
        assert not isinstance(first, Refused)
        self.journal: list[tuple[Event, int]] = []
        self.lot = announced(LOT, first[0])  # type: ignore[arg-type]
        self._take_over(first, OPENS_US)
        for bidder in range(1, BIDDERS + 1):
            self.give(command.AdmitBidder(LOT, bidder), OPENS_US)
        self.meet_deadline()

    def give(self, asked: command.Command, at_us: int) -> list[Event]:
        """Decide and apply; a refusal gives nothing."""
        decision = decide(self.lot, asked, at_us)
        if isinstance(decision, Refused):
            return []
        self._take_over(decision, at_us)
        return decision

    def meet_deadline(self) -> list[Event]:
        due_at_us = self.lot.due_at_us
        return self.give(command.MeetDeadline(LOT, due_at_us), due_at_us)

    def _take_over(self, events: list[Event], at_us: int) -> None:
        for happened in events:
            apply(self.lot, happened, at_us)
            self.journal.append((happened, at_us))

    @property
    def phase(self) -> MarketPhase:
        assert isinstance(self.lot.phase, MarketPhase)
        return self.lot.phase


def played(
    programme: tuple[CallAuctionTerms | OrderBookTerms, ...], asked: list[command.BidderCommand]
) -> Market:
    """Spread the commands over the sessions, and end the last."""
    market = Market(programme)
    share = len(asked) // len(programme) + 1
    for number in range(len(programme)):
        for one in asked[number * share : (number + 1) * share]:
            market.give(one, OPENS_US + number * SESSION_US + 1)
            sound(market)
        market.meet_deadline()
    assert market.lot.is_closed
    return market


def sound(market: Market) -> None:
    phase = market.phase
    book = phase.book
    assert all(order.quantity > 0 for order in phase.orders.values())
    assert {*book.buys.keys} == {*book.buys.levels} and book.buys.keys == sorted(book.buys.keys)
    assert {*book.sells.keys} == {*book.sells.levels} and book.sells.keys == sorted(book.sells.keys)
    if isinstance(phase.terms, OrderBookTerms) and book.buys.keys and book.sells.keys:
        assert book.buys.keys[-1] < -book.sells.keys[-1], "the book is crossed"
    assert sum(position.quantity for position in phase.positions.values()) == 0
    assert sum(position.amount for position in phase.positions.values()) == 0


@given(sessions)
@settings(max_examples=150, deadline=None)
def test_units_and_money_are_neither_made_nor_lost(
    session: tuple[tuple[OrderBookTerms, ...], list[command.BidderCommand]],
) -> None:
    market = played(*session)
    assert not market.phase.orders, "what is open lapses"
    trades = [happened for happened, _ in market.journal if isinstance(happened, OrdersMatched)]
    outcome = market.journal[-1][0]
    if trades:
        assert isinstance(outcome, LotAwarded)
        assert sum(award.quantity for award in outcome.awards) == 0
        assert sum(award.amount for award in outcome.awards) == 0
    assert market.phase.volume == sum(trade.quantity for trade in trades)


@given(sessions)
@settings(max_examples=100, deadline=None)
def test_nobody_trades_beyond_his_limit_or_with_himself(
    session: tuple[tuple[OrderBookTerms, ...], list[command.BidderCommand]],
) -> None:
    market = Market(session[0])
    limits: dict[OrderId, tuple[Paddle, int]] = {}
    for asked in session[1]:
        for happened in market.give(asked, OPENS_US + 1):
            if isinstance(happened, OrdersMatched):
                assert limits[happened.buy][0] != limits[happened.sell][0]
                assert limits[happened.buy][1] == 0 or limits[happened.buy][1] >= happened.price
                assert limits[happened.sell][1] <= happened.price
            elif isinstance(happened, OrderPlaced | OrderReplaced):
                limits[happened.order] = (happened.paddle, happened.price)


@given(sessions)
@settings(max_examples=100, deadline=None)
def test_the_journal_is_the_state(
    session: tuple[tuple[OrderBookTerms, ...], list[command.BidderCommand]],
) -> None:
    market = played(*session)
    again = announced(LOT, market.journal[0][0])  # type: ignore[arg-type]
    for happened, at_us in market.journal:
        apply(again, happened, at_us)
    assert digest(again) == digest(market.lot)


@given(sessions)
@settings(max_examples=100, deadline=None)
def test_a_snapshot_goes_on_the_same_way(
    session: tuple[tuple[OrderBookTerms, ...], list[command.BidderCommand]],
) -> None:
    market = Market(session[0])
    half = len(session[1]) // 2
    for asked in session[1][:half]:
        market.give(asked, OPENS_US + 1)
    copy = msgspec.msgpack.decode(msgspec.msgpack.encode(market.lot), type=Lot)
    assert digest(copy) == digest(market.lot)
    assert lot_view(copy) == lot_view(market.lot)
    for asked in session[1][half:]:
        decision = decide(copy, asked, OPENS_US + 1)
        assert decision == decide(market.lot, asked, OPENS_US + 1)
        if isinstance(decision, list):
            for happened in decision:
                apply(copy, happened, OPENS_US + 1)
                apply(market.lot, happened, OPENS_US + 1)
    assert digest(copy) == digest(market.lot)
    assert isinstance(lot_view(copy).detail, Depth)


limits_of_call = st.lists(st.tuples(st.sampled_from((0, *range(95, 106))), st.integers(1, 20)), max_size=12)


@given(limits_of_call, limits_of_call, st.integers(90, 110))
@settings(max_examples=300, deadline=None)
def test_no_other_limit_of_a_call_fills_more(
    buys: list[tuple[int, int]], sells: list[tuple[int, int]], reference: int
) -> None:
    def filled(price: int) -> int:
        asked = sum(quantity for limit, quantity in buys if not limit or limit >= price)
        return min(asked, sum(quantity for limit, quantity in sells if limit <= price))

    cleared = clearing(buys, sells, reference)
    limits = {limit for limit, _ in (*buys, *sells) if limit} or {reference}
    if cleared is None:
        assert not any(map(filled, limits))
        return
    assert cleared.price in limits
    assert cleared.quantity == filled(cleared.price) == max(map(filled, limits))
    book = OrderBook({})
    for number, (limit, quantity) in enumerate(buys, 1):
        book.enter(number, Order(number, command.Side.BUY, limit, quantity))
    for number, (limit, quantity) in enumerate(sells, 101):
        book.enter(number, Order(number, command.Side.SELL, limit, quantity))
    trades = trades_at(cleared.price, cleared.quantity, in_priority(book.buys), in_priority(book.sells))
    assert sum(trade.quantity for trade in trades) == cleared.quantity
    assert len(trades) <= len(buys) + len(sells) - 1
    for trade in trades:
        buy, sell = book.fill(trade.buy, trade.quantity), book.fill(trade.sell, trade.quantity)
        assert sell.price <= cleared.price and (not buy.price or buy.price >= cleared.price)


def test_a_deep_book_costs_no_more_than_a_shallow_one() -> None:
    """Deciding and applying touch only the best levels: counted in looked-at orders, not in time."""
    chance = random.Random(1)
    book = OrderBook({})
    for number in range(1, 20_001):
        book.enter(number, Order(number % 50 + 1, command.Side.SELL, chance.randint(1001, 3000), 5))
    best = next(iter(in_priority(book.sells)))[1]
    looked_at = 0

    class Counted(dict[int, Order]):
        def items(self):  # type: ignore[no-untyped-def]
            nonlocal looked_at
            for pair in super().items():
                looked_at += 1
                yield pair

    for level in book.sells.levels.values():
        level.orders = Counted(level.orders)
    trades = book.matches(20_001, Order(99, command.Side.BUY, 3000, 12))
    assert trades is not None and [trade.quantity for trade in trades] == [5, 5, 2]
    assert trades[0].price == best.price
    assert looked_at == 3
