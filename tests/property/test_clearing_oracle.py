"""The division of a supply against a second implementation of it: bare bids, and whole lots command by command."""

from __future__ import annotations

import random
from collections import Counter
from fractions import Fraction

from matching.clearing import Bid, MoneyOrder, cleared, cleared_by_money
from matching.commands import AdmitBidder, AnnounceLot, MeetDeadline, OpenLot, SubmitOffer, TakeBackOffer
from matching.events import HintPublished, LotAnnounced
from matching.lot import Lot, LotState, announce, announced, apply, decide
from matching.refusals import Refused
from matching.terms import Direction, LotTerms, MultiUnitTerms
from matching.terms.multi_unit import Precedence, Pricing, ReserveRule, Sharing, Undersubscription
from matching.units import AMOUNT_MAX, Line
from matching.vickrey import PackageBid, cleared_packages
from tests.oracle.naive_clearing import NaiveMultiUnit, best_packages, best_price_in_money, divided

BIDS = 60_000
COMMANDS = 60_000
COMMANDS_PER_LOT = 30
LOT, HOST, START_US, SPAN_US = 7, 9, 1_750_000_000_000_000, 1_000_000
BIDDERS = 5


def test_bids_are_served_alike() -> None:
    chance = random.Random(20_251)
    compared = 0
    while compared < BIDS:
        lot_size = chance.choice((1, 1, 1, 5))
        bids = [
            Bid(paddle, chance.randint(1, 6), lot_size * chance.randint(1, chance.choice((3, 12, 40))))
            for paddle in range(chance.randint(0, 12))
        ]
        supply = lot_size * chance.randint(1, chance.choice((10, 120)))
        sharing, sign, decimals = (
            chance.choice(list(Sharing)),
            chance.choice((1, -1)),
            chance.choice((1, 2, 6)),
        )
        ours = cleared(bids, supply, sign, sharing, lot_size, decimals)
        wishes = [(bid.paddle, bid.price, bid.quantity) for bid in bids]
        naive = divided(wishes, supply, sign, sharing, lot_size, decimals)
        assert list(ours.quantities) == naive, (bids, supply, sign, sharing, lot_size, decimals)
        assert ours.sold == sum(naive) == min(supply, sum(bid.quantity for bid in bids))
        compared += len(bids) + 1


def test_money_finds_the_same_price() -> None:
    chance = random.Random(20_252)
    for _ in range(1_500):
        orders = [
            (chance.randint(1, 40), chance.randint(1, 20)) for _ in range(chance.choice((0, 1, 2, 3, 5, 8)))
        ]
        supply = chance.randint(1, 30)
        reserve = Fraction(chance.randint(1, 20), chance.randint(1, 20))
        ours = cleared_by_money([MoneyOrder(*order) for order in orders], supply, reserve)
        assert ours.price == best_price_in_money(orders, supply, reserve), (orders, supply, reserve)
        spent = sum(ours.money)
        assert spent <= supply * ours.price
        assert spent == supply * ours.price or ours.price == reserve


def test_packages_are_worth_as_much() -> None:
    chance = random.Random(20_253)
    for _ in range(300):
        supply = {item: chance.randint(1, 3) for item in (1, 2)}
        groups = [
            [package(chance, paddle) for _ in range(chance.randint(1, 3))]
            for paddle in (chance.randint(1, 3) for _ in range(chance.randint(0, 5)))
        ]
        ours = cleared_packages(groups, supply)
        assert ours.value == best_packages(groups, supply)
        for paddle, payment in ours.payments.items():
            without = [[bid for bid in group if bid.paddle != paddle] for group in groups]
            own = sum(groups[g][b].value for g, b in ours.winners if groups[g][b].paddle == paddle)
            assert payment == best_packages(without, supply) - (ours.value - own)
            assert 0 <= payment <= own


def package(chance: random.Random, paddle: int) -> PackageBid:
    items = {item: chance.randint(0, 2) for item in (1, 2)}
    return PackageBid(paddle, chance.randint(0, 9) if any(items.values()) else 0, items)


def random_terms(chance: random.Random) -> LotTerms:
    """Return terms that make sense together, with small figures so that much collides."""
    direction = chance.choice(list(Direction))
    lot_size = chance.choice((1, 1, 5))
    supply = lot_size * chance.randint(2, 12)
    precedence = chance.choice(list(Precedence))
    is_drawn = precedence is Precedence.DRAW
    phase = MultiUnitTerms(
        supply=supply,
        unit="t",
        duration_us=SPAN_US,
        pricing=chance.choice(list(Pricing)),
        precedence=precedence,
        sharing=Sharing.IN_TURN if is_drawn else chance.choice(list(Sharing)),
        ratio_decimals=chance.choice((1, 6)),
        seed=f"{chance.randrange(2**256):064x}" if is_drawn else None,
        reserve_rule=chance.choice(list(ReserveRule)),
        undersubscription=chance.choice(list(Undersubscription)),
        lot_size=lot_size,
        line_min=lot_size * chance.choice((1, 1, 2)),
        lines_max=chance.randint(1, 3),
        bidder_max=chance.choice((None, lot_size * chance.randint(2, 8))),
        price_step=chance.choice((1, 2)),
        revisions_max=chance.choice((None, 0, 1, 2)),
        revision_keeps_time=chance.random() < 0.3,
        may_take_back=chance.random() < 0.5,
        hints_after_us=chance.choice(((), (SPAN_US // 2,))),
        hint_offers_min=chance.randint(1, 3),
        hint_trim=chance.choice((0, 1000, 3000)),
        payment_unit=chance.choice((1, 1, 5)),
    )
    sign = direction.sign
    reserve = chance.choice((0, 0, 100 + 2 * sign * chance.randint(0, 3)))
    return LotTerms("CNY", 100, 0, (phase,), reserve_price=reserve, direction=direction)


def random_lines(chance: random.Random, terms: LotTerms) -> tuple[Line, ...]:
    """Return lines near the bounds of the terms, mostly within them."""
    phase = terms.programme[0]
    assert isinstance(phase, MultiUnitTerms)
    lines = []
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        away = phase.price_step * chance.randint(0, 4) + (chance.random() < 0.05)
        price = 100 + terms.direction.sign * (away if chance.random() < 0.95 else -away)
        quantity = phase.line_min + phase.lot_size * chance.randint(0, 4) - (chance.random() < 0.05)
        lines.append(
            Line(chance.choice((0, AMOUNT_MAX)) if chance.random() < 0.02 else price, max(quantity, 1))
        )
    return tuple(lines)


def opened(terms: LotTerms, chance: random.Random) -> tuple[Lot, NaiveMultiUnit]:
    first = announce(AnnounceLot(LOT, HOST, terms))
    assert not isinstance(first, Refused), first
    assert isinstance(first[0], LotAnnounced)
    lot = announced(LOT, first[0])
    naive = NaiveMultiUnit(LOT, terms, START_US)
    for happened in first:
        apply(lot, happened, START_US)
    for paddle in range(1, BIDDERS + 1):
        rank = chance.choice((0, 0, 1, 2))
        naive.ranks |= {paddle: rank} if rank else {}
        happen(lot, AdmitBidder(LOT, 100 + paddle, rank), START_US)
    happen(lot, OpenLot(LOT, HOST), START_US)
    return lot, naive


def happen(lot: Lot, command: AdmitBidder | OpenLot | MeetDeadline, at_us: int) -> list[object]:
    decided = decide(lot, command, at_us)
    assert not isinstance(decided, Refused), (command, decided)
    for one in decided:
        apply(lot, one, at_us)
    return list(decided)


def meet(lot: Lot, naive: NaiveMultiUnit, at_us: int) -> None:
    """Let the clock act on both, and compare what it publishes or how the lot ends."""
    happened = happen(lot, MeetDeadline(LOT, lot.due_at_us), at_us)
    hints = [one for one in happened if isinstance(one, HintPublished)]
    if hints:
        assert hints[0] == HintPublished(naive.hint(), len(naive.offers))
        return
    naive.end()
    awards = {award.paddle: (award.quantity, award.amount) for award in lot.awards}
    assert awards == naive.awards, (lot.terms, naive.offers)
    assert lot.state is (LotState.SOLD if naive.passed is None else LotState.PASSED)


def play(chance: random.Random, tally: Counter[str]) -> None:
    terms = random_terms(chance)
    lot, naive = opened(terms, chance)
    at_us = START_US
    for _ in range(COMMANDS_PER_LOT):
        ahead = chance.choice((0, 1, SPAN_US // 20, SPAN_US // 20))
        at_us = lot.due_at_us - 1 if chance.random() < 0.01 and at_us < lot.due_at_us else at_us + ahead
        while not lot.is_closed and at_us >= lot.due_at_us:
            if chance.random() < 0.3:
                refused = decide(lot, SubmitOffer(LOT, 101, (Line(100, 5),)), at_us)
                assert isinstance(refused, Refused) and refused.code == 104, "from the moment it is due"
            meet(lot, naive, at_us)
        paddle = chance.randint(1, BIDDERS)
        command = (
            TakeBackOffer(LOT, 100 + paddle)
            if chance.random() < 0.1
            else SubmitOffer(LOT, 100 + paddle, random_lines(chance, terms))
        )
        tally[give(lot, naive, command, paddle, at_us)] += 1
    while not lot.is_closed:
        meet(lot, naive, lot.due_at_us)
    tally[naive.passed.value if naive.passed else "awarded"] += 1


def give(
    lot: Lot, naive: NaiveMultiUnit, command: SubmitOffer | TakeBackOffer, paddle: int, at_us: int
) -> str:
    decided = decide(lot, command, at_us)
    expected = naive.refusal(command, paddle, at_us)
    if isinstance(decided, Refused):
        assert decided.code is expected, (command, decided, expected, lot.terms)
        return decided.code.name
    assert expected is None, (command, decided, expected, lot.terms)
    naive.take(command, paddle)
    for one in decided:
        apply(lot, one, at_us)
    return type(command).__name__


def test_lots_agree_command_by_command() -> None:
    chance = random.Random(20_254)
    tally: Counter[str] = Counter()
    for _ in range(COMMANDS // COMMANDS_PER_LOT):
        play(chance, tally)
    reached = {name for name, count in tally.items() if count >= 20}
    wanted = {
        "SubmitOffer", "TakeBackOffer", "LOT_CLOSED", "AMOUNT_OUT_OF_RANGE", "BELOW_ASKING_PRICE", "NOT_ON_STEP",
        "ABOVE_ASKING_PRICE", "ALREADY_OFFERED", "NO_OFFER", "OFFER_BINDS", "LINES_INVALID",
        "QUANTITY_OUT_OF_RANGE", "ABOVE_OWN_SHARE", "REVISIONS_USED_UP",
        "awarded", "undersubscribed", "below_reserve",
    }  # fmt: skip
    assert wanted <= reached, wanted - reached
