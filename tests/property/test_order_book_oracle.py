"""The order book against a second implementation of it, command by command."""

import random
from collections import Counter

from msgspec import structs

from matching import commands as command
from matching.details import Depth
from matching.events import Event, LotAwarded, OrdersMatched
from matching.lot import Decision, Lot, announce, announced, apply, decide
from matching.phases.order_book import MarketPhase
from matching.refusals import Refused
from matching.terms import CallAuctionTerms, LotTerms, OrderBookTerms, TradePrice
from matching.view import lot_view
from tests.oracle.naive_order_book import NaiveOrderBook, Trade
from tests.seeds import seed

COMMANDS = 100_000
COMMANDS_PER_LOT = 80
BIDDERS = 6
REFERENCE = 1000
LOT = 1
START_US = 1_750_000_000_000_000
END_US = START_US + 600_000_000


def random_terms(chance: random.Random) -> CallAuctionTerms | OrderBookTerms:
    common = {
        "duration_us": END_US - START_US,
        "tick": chance.choice((1, 1, 5)),
        "quantity_step": chance.choice((1, 1, 10)),
        "quantity_min": 10,
        "quantity_max": chance.choice((40, 99_999)),
        "band": chance.choice((100, 1000, None)),
        "orders_per_bidder_max": chance.choice((3, 200)),
    }
    if chance.random() < 0.35:
        return CallAuctionTerms(**common)  # type: ignore[arg-type]
    rule = chance.choice(tuple(TradePrice))
    return OrderBookTerms(**common, trade_price=rule)  # type: ignore[arg-type]


def opened(terms: CallAuctionTerms | OrderBookTerms) -> Lot:
    first = announce(command.AnnounceLot(LOT, 9, LotTerms("CNY", REFERENCE, START_US, (terms,))))
    assert not isinstance(first, Refused)
    lot = announced(LOT, first[0])  # type: ignore[arg-type]
    take_over(lot, first)
    for bidder in range(1, BIDDERS + 1):
        take_over(lot, decide(lot, command.AdmitBidder(LOT, bidder), START_US))
    take_over(lot, decide(lot, command.MeetDeadline(LOT, START_US), START_US))
    return lot


def take_over(lot: Lot, decision: Decision) -> None:
    assert not isinstance(decision, Refused), decision
    for happened in decision:
        apply(lot, happened, START_US)


def naive_market(terms: CallAuctionTerms | OrderBookTerms) -> NaiveOrderBook:
    band = terms.band
    lowest, highest = (terms.tick, 10**15) if band is None else (1000 - band // 10, 1000 + band // 10)
    return NaiveOrderBook(
        lowest=lowest,
        highest=highest,
        tick=terms.tick,
        quantity_min=terms.quantity_min,
        quantity_max=terms.quantity_max,
        quantity_step=terms.quantity_step,
        own_max=terms.orders_per_bidder_max,
        is_call=isinstance(terms, CallAuctionTerms),
        at_lowest_price=isinstance(terms, OrderBookTerms) and terms.trade_price is TradePrice.LOWEST,
    )


def random_command(
    chance: random.Random, lot: Lot
) -> command.PlaceOrder | command.CancelOrder | command.ReplaceOrder:
    assert isinstance(lot.phase, MarketPhase)
    bidder = chance.randint(1, BIDDERS)
    price = (
        REFERENCE + 5 * chance.randint(-3, 3) if chance.random() < 0.95 else chance.choice((-5, 0, 3, 1102))
    )
    quantity = 10 * chance.randint(1, 4) if chance.random() < 0.95 else chance.choice((0, 15, 41, 10**10))
    kind = chance.random()
    if kind < 0.72:
        side = chance.choice(tuple(command.Side))
        validity = chance.choice((*command.Validity, *[command.Validity.DAY] * 6))
        price = 0 if chance.random() < 0.08 else price
        return command.PlaceOrder(LOT, bidder, side, quantity, price, validity)
    open_orders = list(lot.phase.orders.items())
    order = chance.randint(0, lot.phase.last_order + 1)
    if open_orders and chance.random() < 0.9:
        order, found = chance.choice(open_orders)
        bidder = found.paddle if chance.random() < 0.95 else bidder
    if kind < 0.85:
        return command.CancelOrder(LOT, bidder, order)
    return command.ReplaceOrder(LOT, bidder, order, quantity, price)


def play(chance: random.Random, tally: Counter[str]) -> None:
    """Play one session by chance, and compare after every command."""
    terms = random_terms(chance)
    lot, naive = opened(terms), naive_market(terms)
    trades: list[Trade] = []
    for _ in range(COMMANDS_PER_LOT - 1):
        given = random_command(chance, lot)
        decision = decide(lot, given, START_US + 1)
        by_the_book = naive.give(given, given.bidder)
        refusal = decision.code if isinstance(decision, Refused) else None
        assert refusal is by_the_book, f"{given}: {decision} but by the book {by_the_book!r}"
        tally[refusal.name if refusal else f"{type(given).__name__} accepted"] += 1
        if isinstance(decision, list):
            take_over(lot, decision)
            trades += trades_of(decision)
        assert trades == naive.trades, f"after {given}"
        assert told(lot) == told_by_the_book(naive), f"after {given}"
        assert indicated(lot) == naive.indication(REFERENCE), f"after {given}"
    end(lot, naive, trades, tally)


def end(lot: Lot, naive: NaiveOrderBook, trades: list[Trade], tally: Counter[str]) -> None:
    decision = decide(lot, command.MeetDeadline(LOT, END_US), END_US)
    naive.end(REFERENCE)
    assert isinstance(decision, list)
    take_over(lot, decision)
    assert trades + trades_of(decision) == naive.trades
    outcome = decision[-1]
    awards = outcome.awards if isinstance(outcome, LotAwarded) else ()
    assert {award.paddle: (award.quantity, award.amount) for award in awards} == naive.net()
    tally[f"session ended with {type(outcome).__name__}"] += 1


def indicated(lot: Lot) -> tuple[int, int, int] | None:
    """Return what everybody sees of where a call would end."""
    detail = lot_view(lot).detail
    assert isinstance(detail, Depth)
    return None if detail.indication is None else structs.astuple(detail.indication)


def trades_of(decision: list[Event]) -> list[Trade]:
    return [
        (one.buy, one.sell, one.price, one.quantity) for one in decision if isinstance(one, OrdersMatched)
    ]


def told(lot: Lot) -> list[tuple[int, int, int]]:
    assert isinstance(lot.phase, MarketPhase)
    book = lot.phase.book
    levels = [level for side in (book.buys, book.sells) for level in side.best_first()]
    assert [level.quantity for level in levels] == [
        sum(order.quantity for order in level.orders.values()) for level in levels
    ]
    return [
        (number, order.price, order.quantity) for level in levels for number, order in level.orders.items()
    ]


def told_by_the_book(naive: NaiveOrderBook) -> list[tuple[int, int, int]]:
    return [
        (one.number, one.price, one.quantity) for side in (command.Side.BUY, command.Side.SELL)
        for one in naive.ranked(side)
    ]  # fmt: skip


def test_the_book_agrees_with_the_naive_book() -> None:
    first_seed = seed("LUOCHUI_TEST_SEED")
    print(f"seed {first_seed} (set LUOCHUI_TEST_SEED to play it again)")
    chance = random.Random(first_seed)
    tally: Counter[str] = Counter()
    while tally.total() < COMMANDS:
        play(chance, tally)
    print(dict(tally.most_common()))
    reached = {name for name in tally if tally[name] > 20}
    assert reached >= {
        "PlaceOrder accepted", "CancelOrder accepted", "ReplaceOrder accepted", "NOT_TAKEN_NOW", "AMOUNT_OUT_OF_RANGE",
        "QUANTITY_OUT_OF_RANGE", "ABOVE_OWN_SHARE", "ORDER_UNKNOWN", "OUTSIDE_PRICE_BAND", "CANNOT_BE_FILLED",
        "WOULD_TRADE_WITH_HIMSELF", "session ended with LotAwarded",
    }  # fmt: skip
