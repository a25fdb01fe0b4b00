"""Recorded auctions: reading a file of bid histories, and what the rule alone makes of each.

Belongs here: columns, amounts and times of a record, its terms as a lot, the rule run offline, why results differ.
Does not belong here: connections (see `gateways.replay`), terminals.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from enum import StrEnum
from pathlib import Path

from matching import commands
from matching.increments import IncrementTable, Step
from matching.lot import Lot, LotState, announce, announced, apply, decide
from matching.refusals import Refusal, Refused
from matching.terms import EnglishTerms, LotTerms
from matching.units import AMOUNT_MAX, Amount

COLUMNS = ("auctionid", "bid", "bidtime", "bidder", "openbid", "price")
MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "-", "?"})
CURRENCY = "USD"
DAY_S = 86_400
CENT = Decimal("0.01")

STEP_TABLE: IncrementTable = (
    Step(0, 5),
    Step(1_00, 25),
    Step(5_00, 50),
    Step(25_00, 1_00),
    Step(100_00, 2_50),
    Step(250_00, 5_00),
    Step(500_00, 10_00),
    Step(1_000_00, 25_00),
    Step(2_500_00, 50_00),
    Step(5_000_00, 100_00),
)
"""From a price in cents on, the step in cents. Source: the table that fits the recorded auctions."""


class ColumnsMissing(ValueError):
    """The file is not a table of bids."""


class Reason(StrEnum):
    """Why our price is not the recorded one; the first that applies."""

    MALFORMED = "malformed_record"
    """The record lacks what is needed to run the auction or to compare it."""
    HIDDEN_RESERVE = "hidden_reserve"
    """The recorded price is what a secret reserve of just that amount gives."""
    BELOW_MINIMUM = "bid_below_minimum"
    """The record holds a bid that lay below the minimum at its time; we refused it."""
    TOP_BID_AND_PRICE_DISAGREE = "top_bid_and_price_disagree"
    """No bid of the record reaches, or the highest one passes by, the recorded price."""
    RULE = "differs_from_the_rule"
    """The exchange gave another result than its own rule, run offline: a fault of ours."""
    UNEXPLAINED = "unexplained"


@dataclass(frozen=True, slots=True)
class RecordedBid:
    """One bid of the record: cents, and seconds since the auction began."""

    bidder: str
    limit: Amount
    at_s: float


@dataclass(frozen=True, slots=True)
class RecordedAuction:
    """One auction of the record; amounts in cents, 0 where the record says nothing usable."""

    id: str
    item: str
    opening_price: Amount
    price: Amount
    bids: tuple[RecordedBid, ...]
    problems: tuple[str, ...]

    @property
    def may_run(self) -> bool:
        """Tell whether there is enough to run it as a lot."""
        return self.opening_price > 0 and bool(self.bids)

    @property
    def bidders(self) -> list[str]:
        """The bidders in order of their first bid."""
        return list(dict.fromkeys(bid.bidder for bid in self.bids))

    @property
    def top(self) -> RecordedBid | None:
        """The highest bid; of equal ones the first. Its bidder led in the end."""
        return max(self.bids, key=lambda bid: bid.limit, default=None)

    @property
    def duration_s(self) -> float:
        """Seconds from the beginning to the last bid."""
        return self.bids[-1].at_s if self.bids else 0.0


@dataclass(frozen=True, slots=True)
class Result:
    """How an auction ended with us; price 0 and no leader when it found no buyer."""

    price: Amount
    leader: str
    refused: Mapping[str, int]

    @property
    def below_minimum(self) -> int:
        """Bids refused because they lay below the asking price."""
        return self.refused.get(Refusal.BELOW_ASKING_PRICE.name, 0)


def read_auctions(path: Path) -> list[RecordedAuction]:
    """Read a file of recorded bids; auctions in order of their first row.

    Rows that cannot be read are left out and named in the auction's problems. Bids are in order of time; equal
    times, and rows without a time, keep the order of the file.

    Raises: OSError, UnicodeDecodeError, ColumnsMissing.
    """
    rows: dict[str, list[tuple[int, Mapping[str, str]]]] = {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, restval="")
        reader.fieldnames = [name.strip().lower() for name in reader.fieldnames or ()]
        missing = [name for name in COLUMNS if name not in reader.fieldnames]
        if missing:
            raise ColumnsMissing(f"columns missing: {', '.join(missing)}")
        for row in reader:
            texts = {name: text.strip() for name, text in row.items() if isinstance(text, str)}
            if any(texts.values()):
                rows.setdefault(texts["auctionid"], []).append((reader.line_num, texts))
    return [_auction(auction, list_) for auction, list_ in rows.items()]


def lot_terms(auction: RecordedAuction, reserve_price: Amount = 0) -> LotTerms:
    """Return the terms under which the auction runs: max bids, the step table, a host who ends it."""
    phase = EnglishTerms(
        increments=STEP_TABLE,
        duration_us=None,
        soft_close_window_us=0,
        max_bids_allowed=True,
        host_may_hammer=True,
        fair_warnings_min=0,
    )
    return LotTerms(
        currency=CURRENCY,
        opening_price=auction.opening_price,
        opens_at_us=0,
        programme=(phase,),
        reserve_price=reserve_price,
    )


def rule_result(auction: RecordedAuction, reserve_price: Amount = 0) -> Result | None:
    """Run the auction by the rule alone, without any exchange; None when it cannot be a lot."""
    if not auction.may_run:
        return None
    first = announce(commands.AnnounceLot(1, 1, lot_terms(auction, reserve_price)))
    if isinstance(first, Refused):
        return None
    lot = announced(1, first[0])  # type: ignore[arg-type]
    for event in first:
        apply(lot, event, 0)
    numbers = {bidder: number for number, bidder in enumerate(auction.bidders, 1)}
    refused: Counter[str] = Counter()
    for at_us, command in enumerate(_commands(auction, numbers)):
        decision = decide(lot, command, at_us)
        if isinstance(decision, Refused):
            refused[decision.code.name] += 1
        else:
            for event in decision:
                apply(lot, event, at_us)
    return Result(lot.hammer_price, _leader(lot, auction.bidders), dict(refused))


def inferred_reserve(auction: RecordedAuction) -> Amount:
    """Return the secret reserve that would explain the recorded price; 0 when none is needed, or none does."""
    plain = rule_result(auction)
    if plain is None or not auction.price or plain.price == auction.price:
        return 0
    reserved = rule_result(auction, auction.price)
    return auction.price if reserved is not None and reserved.price == auction.price else 0


def reason_of(auction: RecordedAuction, ours: Result | None, reserve_price: Amount = 0) -> Reason | None:
    """Tell why our result differs from the record's price; None when it does not."""
    if ours is not None and ours != rule_result(auction, reserve_price):
        return Reason.RULE
    if ours is not None and ours.price and ours.price == auction.price:
        return None
    if ours is None or not auction.price:
        return Reason.MALFORMED
    if inferred_reserve(auction):
        return Reason.HIDDEN_RESERVE
    if auction.top is not None and auction.top.limit != auction.price:
        return Reason.TOP_BID_AND_PRICE_DISAGREE
    if ours.below_minimum:
        return Reason.BELOW_MINIMUM
    return Reason.MALFORMED if auction.problems else Reason.UNEXPLAINED


def _commands(auction: RecordedAuction, numbers: Mapping[str, int]) -> Iterator[commands.Command]:
    for number in numbers.values():
        yield commands.AdmitBidder(1, number)
    yield commands.OpenLot(1, 1)
    for bid in auction.bids:
        yield commands.LeaveMaxBid(1, numbers[bid.bidder], bid.limit)
    yield commands.HammerLot(1, 1)


def _leader(lot: Lot, bidders: list[str]) -> str:
    return bidders[lot.winner - 1] if lot.state is LotState.SOLD else ""


def _auction(auction: str, rows: list[tuple[int, Mapping[str, str]]]) -> RecordedAuction:
    problems: list[str] = [] if auction else ["rows without an auction id"]
    opening_price = _stated("openbid", rows, problems)
    price = _stated("price", rows, problems)
    bids: list[RecordedBid] = []
    for line, row in rows:
        bid = _bid(row, bids[-1].at_s if bids else 0.0)
        if isinstance(bid, str):
            problems.append(f"line {line}: {bid}")
        else:
            bids.append(bid)
    if opening_price and price and opening_price > price:
        problems.append("the opening price lies above the closing price")
    bids.sort(key=lambda bid: bid.at_s)  # stable: equal times keep the order of the file
    return RecordedAuction(
        auction, rows[0][1].get("item", ""), opening_price, price, tuple(bids), tuple(problems)
    )


def _bid(row: Mapping[str, str], earlier_s: float) -> RecordedBid | str:
    """Return the bid of a row, or what is wrong with it."""
    limit = _cents(row["bid"])
    if limit is None or not 0 < limit <= AMOUNT_MAX:
        return f"no usable bid: {row['bid']!r}"
    if row["bidder"].lower() in MISSING:
        return "no bidder"
    days = _number(row["bidtime"])
    at_s = earlier_s if days is None else max(float(days) * DAY_S, 0.0)
    return RecordedBid(row["bidder"], limit, at_s)


def _stated(column: str, rows: Iterable[tuple[int, Mapping[str, str]]], problems: list[str]) -> Amount:
    """Return the amount that the auction's rows state; where they differ, what most of them say."""
    stated = Counter(amount for _, row in rows if (amount := _cents(row[column])) and amount <= AMOUNT_MAX)
    if not stated:
        problems.append(f"no usable {column}")
        return 0
    if len(stated) > 1:
        problems.append(f"rows disagree on {column}")
    return stated.most_common(1)[0][0]


def _cents(text: str) -> Amount | None:
    """Return an amount in cents, rounded half up; None when it is none, or below zero."""
    number = _number(text)
    if number is None or number < 0 or number > AMOUNT_MAX:
        return None
    return int((number.quantize(CENT, ROUND_HALF_UP) * 100).to_integral_value())


def _number(text: str) -> Decimal | None:
    if text.lower() in MISSING:
        return None
    try:
        number = Decimal(text.replace(",", "").removeprefix("$").strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
