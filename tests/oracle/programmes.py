"""Lots and commands by chance: programmes over every registered phase, and commands of every kind for them.

Parameters are told by the types of the terms alone, so that a new parameter is tried without being named here; a
change that the terms themselves call a problem is dropped. Commands are aimed at what the lot shows and holds, and
only those are given that could come in from outside.

Belongs here: making lots and commands. Does not belong here: what must hold for them.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import inspect, structs

from matching import commands as command
from matching.details import Act
from matching.increments import Step
from matching.lot import Lot, LotState
from matching.terms import (
    DAY_US,
    SECOND_US,
    Beacon,
    CallAuctionTerms,
    DebtTerms,
    Direction,
    DrawTerms,
    DutchTerms,
    EnglishTerms,
    Entrants,
    FirstRefusalTerms,
    GongTerms,
    IntervalTerms,
    JapaneseTerms,
    LateReserve,
    LotTerms,
    MultiUnitTerms,
    OffersTerms,
    OrderBookTerms,
    PhaseTerms,
    RoundItem,
    SaleItem,
    SealedTerms,
    SecondDimensionTerms,
    SellOffTerms,
    SimultaneousTerms,
    TurnsTerms,
    terms_problems,
)
from matching.units import AMOUNT_MAX, Amount, Line, Partner, TimeUs
from matching.view import lot_view

LOT = 7
HOST = 9
NOTARY = 31
START_US = 1_750_000_000_000_000
BIDDERS = 5
OPENING = 100_000
STEP = 1000
SPAN_US = 20 * SECOND_US
SPANS_US = (0, 1, SECOND_US, 5 * SECOND_US, SPAN_US, 60 * SECOND_US)
ITEMS = (1, 2)
AWAITED = ("handles", "commitments", "beacon_round", "points")
"""What a phase keeps that waits for an act of staff."""

_FROM_OUTSIDE: msgspec.msgpack.Decoder[Any] = msgspec.msgpack.Decoder(command.Command)
_INCREMENTS = (Step(0, STEP), Step(2 * OPENING, 5 * STEP))
_BEACON = Beacon("a beacon", START_US, 3 * SECOND_US)

PLAIN: dict[type[PhaseTerms], PhaseTerms] = {
    CallAuctionTerms: CallAuctionTerms(duration_us=SPAN_US),
    DebtTerms: DebtTerms(
        items=tuple(SaleItem(item, OPENING // 2) for item in ITEMS),
        increments=_INCREMENTS,
        debt=OPENING,
        duration_us=SPAN_US,
    ),
    DrawTerms: DrawTerms(
        entrants=Entrants.ADMITTED,
        parties=(HOST, NOTARY),
        parties_min=2,
        commit_us=SPAN_US,
        reveal_us=SPAN_US,
    ),
    DutchTerms: DutchTerms(steps=5, step=STEP, tick_us=SPAN_US, first_pause_us=SECOND_US),
    EnglishTerms: EnglishTerms(
        increments=_INCREMENTS, duration_us=SPAN_US, soft_close_window_us=5 * SECOND_US
    ),
    FirstRefusalTerms: FirstRefusalTerms(window_us=SPAN_US),
    GongTerms: GongTerms(increments=_INCREMENTS, round_us=SPAN_US, pause_us=SECOND_US),
    IntervalTerms: IntervalTerms(duration_us=SPAN_US),
    JapaneseTerms: JapaneseTerms(increments=_INCREMENTS, entry_us=SPAN_US, tick_us=SPAN_US),
    MultiUnitTerms: MultiUnitTerms(supply=100, unit="t", duration_us=SPAN_US),
    OffersTerms: OffersTerms(duration_us=SPAN_US),
    OrderBookTerms: OrderBookTerms(duration_us=SPAN_US),
    SealedTerms: SealedTerms(duration_us=SPAN_US, opening_us=SPAN_US),
    SecondDimensionTerms: SecondDimensionTerms(unit="㎡", start=10, step=5, duration_us=SPAN_US),
    SellOffTerms: SellOffTerms(duration_us=60 * DAY_US),
    SimultaneousTerms: SimultaneousTerms(
        items=tuple(RoundItem(item, OPENING // 2) for item in ITEMS),
        round_us=SPAN_US,
        activity_basis_points=5000,
    ),
    TurnsTerms: TurnsTerms(step=STEP, first_pause_us=SECOND_US, pause_us=SECOND_US, turn_us=5 * SECOND_US),
}
"""Parameters of every format that make a short, sound phase; chance changes them."""

_CAPPED = EnglishTerms(increments=_INCREMENTS, duration_us=SPAN_US)
BEFORE: dict[type[PhaseTerms], Callable[[Direction], PhaseTerms]] = {
    TurnsTerms: lambda direction: PLAIN[OffersTerms],
    FirstRefusalTerms: lambda direction: PLAIN[EnglishTerms],
    SecondDimensionTerms: lambda direction: structs.replace(
        _CAPPED, cap_price=OPENING + direction.sign * 2 * STEP
    ),
}
"""What has to come before a phase for it not to be left out."""


def random_terms(chance: random.Random, wanted: type[PhaseTerms]) -> LotTerms:
    """Return the terms of a lot that goes through a phase of the wanted kind, and through others by chance."""
    while True:
        direction = chance.choice(list(Direction))
        kinds = [chance.choice(list(PLAIN)) for _ in range(chance.choice((0, 0, 1, 2)))]
        before = [BEFORE[wanted](direction)] if wanted in BEFORE else []
        programme = [*before, random_phase(chance, PLAIN[wanted], direction)]
        programme += [random_phase(chance, PLAIN[kind], direction) for kind in kinds]
        if chance.random() < 0.2:
            programme.insert(0, random_phase(chance, PLAIN[chance.choice(list(PLAIN))], direction))
        terms = _lot_terms(chance, programme, direction)
        if not terms_problems(terms):
            return terms


def _secret_reserve(chance: random.Random, sign: int) -> Amount:
    """Return a reserve that owes nothing to what a lot shows: where it shows up all the same, it has leaked."""
    return OPENING + sign * chance.randrange(OPENING // 4, OPENING // 2)


def _lot_terms(chance: random.Random, programme: list[PhaseTerms], direction: Direction) -> LotTerms:
    reserve = _secret_reserve(chance, direction.sign)
    late = LateReserve(HOST, SPAN_US, phase=chance.randrange(len(programme)))
    reserves: dict[str, Any] = chance.choice(({}, {"reserve_price": reserve}, {"late_reserve": late}))
    prompt: dict[str, Any] = {"prompt_resume_within_us": SECOND_US, "late_resume_notice_us": 5 * SECOND_US}
    return LotTerms(
        currency="CNY",
        opening_price=OPENING,
        opens_at_us=START_US + SECOND_US,
        programme=tuple(programme),  # type: ignore[arg-type]
        direction=direction,
        bidders_min=chance.choice((1, 1, 1, 3)),
        reserve_places=chance.choice((0, 0, 2)),
        **reserves,
        **(prompt if chance.random() < 0.2 else {}),
    )


def random_phase(chance: random.Random, plain: PhaseTerms, direction: Direction) -> PhaseTerms:
    """Return a phase some of whose parameters chance has chosen, as far as the terms find no fault with them."""
    terms = plain
    fields = inspect.type_info(type(plain)).fields  # type: ignore[attr-defined]
    for _ in range(chance.choice((0, 1, 2, 4))):
        field = chance.choice(fields)
        changed = structs.replace(terms, **{field.encode_name: random_value(chance, field.type, field.name)})
        if not changed.problems(OPENING, direction):
            terms = changed
    return terms


def random_value(chance: random.Random, kind: inspect.Type, name: str) -> Any:
    """Return a value that a parameter of this type can have."""
    match kind:
        case inspect.BoolType():
            return chance.random() < 0.5
        case inspect.IntType():
            return _random_whole(chance, kind, name)
        case inspect.EnumType(cls=cls):
            return chance.choice(list(cls))
        case inspect.NoneType():
            return None
        case inspect.UnionType(types=types):
            return random_value(chance, chance.choice(types), name)
        case inspect.StrType(pattern=pattern):
            return f"{chance.getrandbits(256):064x}" if pattern else "kg"
        case inspect.VarTupleType(item_type=item_type, min_length=least):
            count = chance.randint(least or 0, (least or 0) + 2)
            values = [random_value(chance, item_type, name) for _ in range(count)]
            return tuple(sorted(values)) if isinstance(item_type, inspect.IntType) else tuple(values)
        case inspect.StructType(cls=cls) if cls is Beacon:
            return _BEACON
        case inspect.StructType(cls=cls, fields=fields):
            return cls(**{field.name: random_value(chance, field.type, field.name) for field in fields})
    raise AssertionError(f"no chance for {kind}")


def _random_whole(chance: random.Random, kind: inspect.IntType, name: str) -> int:
    """Return a whole number: a span where the name says so, else one that means something here, or an edge."""
    least = kind.ge if kind.ge is not None else kind.gt + 1 if kind.gt is not None else 0
    most = kind.le if kind.le is not None else kind.lt - 1 if kind.lt is not None else AMOUNT_MAX
    wanted = chance.choice((0, 1, 1, 2, 3, 5, 50, STEP, OPENING, OPENING + STEP, OPENING - STEP, 5000, HOST))
    if name.endswith("_us"):
        wanted = chance.choice(SPANS_US)
    return int(min(max(wanted, least), most))


class Commands:
    """Commands by chance for one lot."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.odd: set[Amount] = set()
        """Amounts that chance made up: nothing that a lot shows comes to them by itself."""

    def moment(self, lot: Lot, now_us: TimeUs) -> TimeUs:
        """Return when the next command is decided."""
        due_us, chance = lot.due_at_us, self.chance
        if due_us and due_us <= now_us:
            return now_us
        wait = 1.0 if lot.state is LotState.ANNOUNCED else chance.random()
        if wait < 0.93 or not due_us or due_us > now_us + DAY_US:
            return now_us + chance.choice((0, 0, 1, SECOND_US // 20, SECOND_US // 4))
        if wait < 0.95:
            return due_us - 1
        return due_us + chance.choice((0, 0, 0, 0, 0, SECOND_US, SECOND_US, 4 * SECOND_US))

    def next(self, lot: Lot, now_us: TimeUs) -> command.Command:
        """Return a command that could have come in from outside."""
        if lot.due_at_us and now_us >= lot.due_at_us and self.chance.random() < 0.85:
            return command.MeetDeadline(LOT, lot.due_at_us)
        while True:
            given = self._any(lot)
            try:
                received: command.Command = _FROM_OUTSIDE.decode(msgspec.msgpack.encode(given))
            except msgspec.ValidationError:
                continue
            return received

    def _any(self, lot: Lot) -> command.Command:
        if lot.state is LotState.ANNOUNCED or self.chance.random() < 0.08:
            return self._of_the_house(lot)
        if lot.state is LotState.FROZEN:
            return self.chance.choice((command.ResumeLot(LOT, HOST), self._of_the_house(lot)))
        if lot.state is LotState.KNOCKED_DOWN:
            return self.chance.choice((command.DeclareDefault(LOT, HOST, "gone"), self._of_the_house(lot)))
        if self.chance.random() < (0.5 if any(hasattr(lot.phase, name) for name in AWAITED) else 0.03):
            return self._act_of_staff(lot)
        acts = lot_view(lot).accepts
        act = (
            self.chance.choice(acts) if acts and self.chance.random() < 0.9 else self.chance.choice(list(Act))
        )
        return self._of_a_bidder(lot, act)

    def _of_the_house(self, lot: Lot) -> command.Command:
        chance = self.chance
        ranks = (0, 0, 1, 2)
        partners = (Partner(chance.randint(50, 90), chance.choice((0, 3000, 9999))),)
        return chance.choice(
            (
                command.AdmitBidder(
                    LOT,
                    chance.randint(1, BIDDERS + 1),
                    chance.choice(ranks),
                    partners if chance.random() < 0.2 else (),
                ),
                command.PauseLot(LOT, HOST, chance.choice((" ", "checking"))),
                command.OpenLot(LOT, HOST),
                command.ResumeLot(LOT, HOST),
                command.GiveFairWarning(LOT, HOST),
                command.HammerLot(LOT, HOST),
                command.SetReserve(LOT, chance.choice((HOST, NOTARY)), self._reserve(lot)),
                command.ConfirmSale(LOT, HOST),
                command.DeclareDefault(LOT, HOST, chance.choice((" ", "gone"))),
                command.MakeAnnouncement(LOT, HOST, chance.choice((" ", "x" * 501, "all is well"))),
                command.MeetDeadline(LOT, lot.due_at_us + chance.choice((0, 1))),
                command.AnnounceLot(LOT, HOST, lot.terms),
                command.WithdrawLot(LOT, HOST, "" if chance.random() < 0.9 else "void"),
            )
        )

    def _act_of_staff(self, lot: Lot) -> command.Command:
        chance = self.chance
        party = chance.choice((HOST, NOTARY, *range(1, BIDDERS + 1)))
        awaited = getattr(lot.phase, "beacon_round", 0)
        return chance.choice(
            (
                command.OpenOffers(LOT, HOST, self._openings(lot)),
                command.EnterScores(LOT, HOST, self._scores(lot)),
                command.CommitSeed(LOT, party, hashlib.sha256(bytes.fromhex(_seed_of(party))).hexdigest()),
                command.RevealSeed(LOT, party, _seed_of(party + (chance.random() < 0.1))),
                command.PublishBeacon(
                    LOT, HOST, awaited + (chance.random() < 0.1), f"{chance.getrandbits(256):064x}"
                ),
            )
        )

    def _of_a_bidder(self, lot: Lot, act: Act) -> command.BidderCommand:
        chance = self.chance
        bidder = self._bidder(lot)
        match act:
            case Act.BID:
                return command.PlaceBid(LOT, bidder, self._amount(lot))
            case Act.MAX_BID:
                return command.LeaveMaxBid(LOT, bidder, self._amount(lot))
            case Act.DECLARE:
                return command.Declare(LOT, bidder, chance.choice(list(command.Word)))
            case Act.OFFER:
                return command.SubmitOffer(LOT, bidder, self._lines(lot))
            case Act.SEAL:
                return command.SealOffer(LOT, bidder, f"{chance.getrandbits(256):064x}")
            case Act.TAKE_BACK:
                return command.TakeBackOffer(LOT, bidder)
            case Act.ORDER:
                return self._order(lot, bidder)
            case Act.BID_ON_ITEMS:
                return command.BidOnItems(LOT, bidder, self._item_bids(lot))

    def _bidder(self, lot: Lot) -> int:
        """Return a bidder, most often the one whose turn it is, where it is somebody's."""
        turn = getattr(lot.phase, "turn", 0)
        if turn and self.chance.random() < 0.7:
            return next(bidder for bidder, paddle in lot.paddles.items() if paddle == turn)
        is_stranger = self.chance.random() < 0.03
        return BIDDERS + 1 if is_stranger else self.chance.choice(list(lot.paddles))

    def _order(self, lot: Lot, bidder: int) -> command.BidderCommand:
        chance = self.chance
        price = OPENING + chance.randint(-5, 5) * STEP // 2
        quantity, order = chance.randint(1, 9), chance.randint(1, 12)
        side = chance.choice(list(command.Side))
        validity = chance.choice(list(command.Validity))
        return chance.choice(
            (
                command.PlaceOrder(LOT, bidder, side, quantity, price),
                command.PlaceOrder(LOT, bidder, side, quantity, chance.choice((0, price)), validity),
                command.PlaceOrder(LOT, bidder, side, chance.choice((0, 10**6)), self._amount(lot)),
                command.CancelOrder(LOT, bidder, order),
                command.ReplaceOrder(LOT, bidder, order, quantity, price),
            )
        )

    def _amount(self, lot: Lot) -> Amount:
        """Return an amount near to what is asked for, often an odd one that nobody else names."""
        chance, sign = self.chance, lot.sign
        view = lot_view(lot)
        asked = view.asking_price or view.price or OPENING
        step = view.increment or STEP
        cap = getattr(lot.phase and lot.phase.terms, "cap_price", 0) or asked
        near = (
            asked,
            asked,
            asked,
            asked + sign * step,
            asked + 3 * sign * step,
            asked - sign,
            view.price,
            cap,
        )
        if chance.random() < 0.3:
            odd = asked + sign * chance.randint(4 * STEP, 40 * STEP)
            self.odd.add(odd)
            return odd
        return chance.choice((*near, 0, -1, AMOUNT_MAX, AMOUNT_MAX + 1))

    def _reserve(self, lot: Lot) -> Amount:
        """Return a reserve, now and then one that cannot be."""
        chance, secret = self.chance, _secret_reserve(self.chance, lot.sign)
        return chance.choice((secret, secret, secret, OPENING - lot.sign, 0, -1, AMOUNT_MAX + 1))

    def _lines(self, lot: Lot) -> tuple[Line, ...]:
        chance = self.chance
        if chance.random() < 0.5:
            return (Line(self._amount(lot)),)
        count = chance.randint(1, 3)
        return tuple(Line(self._amount(lot), chance.choice((1, 2, 10, 37, 100))) for _ in range(count))

    def _item_bids(self, lot: Lot) -> tuple[command.ItemBid, ...]:
        chance = self.chance
        standings = getattr(lot.phase, "standings", {})
        bids = []
        for item in chance.sample((*ITEMS, 3), chance.randint(1, 2)):
            price = standings[item].price if item in standings else OPENING // 2
            raised = price + lot.sign * chance.choice((0, 0, STEP, STEP, chance.randint(1, 30_000)))
            bids.append(command.ItemBid(item, raised, chance.choice((0, 1, 1, 1, 2))))
        return tuple(bids)

    def _openings(self, lot: Lot) -> tuple[command.Opening, ...]:
        """Return openings of the offers that are sealed; now and then not quite of those."""
        handles = list(getattr(lot.phase, "handles", {}).values())
        if handles and self.chance.random() < 0.1:
            handles[0] = "0" * 64
        return tuple(
            command.Opening(handle, self._lines(lot) if self.chance.random() < 0.9 else ())
            for handle in handles
        )

    def _scores(self, lot: Lot) -> tuple[command.Score, ...]:
        paddles = [paddle for paddle in lot.admitted if self.chance.random() < 0.9]
        return tuple(command.Score(paddle, self.chance.randint(0, 9000)) for paddle in paddles)


def _seed_of(party: int) -> str:
    return hashlib.sha256(party.to_bytes(8, "big")).hexdigest()
