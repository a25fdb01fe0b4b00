"""Swiss tariff quotas: 23 of 40 sealed auctions with the official allocations and payments, cleared by our rule.

The published rule is: best price first, each pays what he bid, and the bids at the price where the quota runs out share
the rest in proportion. How shares are rounded is not published. Ours for it is `Sharing.PUBLISHED_RATIO`: the ratio is
rounded down to six decimals, each bid gets that part of what it asks for, rounded half up to a kilogram, and the bid
that was entered first gets what this leaves. Payments are rounded to five Rappen, as all cash is in Switzerland.

What speaks for it: where several bids share and rounding each of them by itself does not add up, it is the bid with the
lowest number that differs (30988, 31443, 31700, 33631). The largest remainder, the rule one would expect, gives one
kilogram to another bid in 31443 (6964.545, 6964.545 and 1392.909 became 6965, 6965 and 1392) and in 31700 (4204.5 and
4204.5 went to the later bid). In 30988 (twice 16272.5) only a ratio that was cut off before it was used explains the
result; five to nine decimals do, and single-precision numbers. More digits than were used there could give a kilogram
to another bid elsewhere, which is why a few auctions may differ in the shares at the margin, and only there.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from msgspec import Struct

from matching.clearing import Bid, Clearing, cleared, margin, paid
from matching.terms.multi_unit import Sharing

FIVE_RAPPEN = 5
DECIMALS = 6


class Result(Struct, frozen=True):
    """One bid of the record with its official result; prices and payments in Rappen, quantities in kg."""

    number: int
    bid: Bid
    quantity: int
    payment: Decimal


class Auction(Struct, frozen=True):
    """One auction of the record, bids in the order in which they were entered."""

    name: str
    quota: int
    results: list[Result]

    @property
    def bids(self) -> list[Bid]:
        return [result.bid for result in self.results]

    @property
    def official(self) -> list[int]:
        return [result.quantity for result in self.results]


@pytest.fixture(scope="module")
def auctions(data_folder: Path) -> list[Auction]:
    file = data_folder / "swiss_trq" / "setofbids.csv"
    if not file.is_file():
        pytest.skip(f"no tariff quota auctions: {file} is absent")
    found: dict[str, Auction] = {}
    with file.open(encoding="utf-8", newline="") as rows:
        for row in csv.DictReader(rows):
            auction = found.setdefault(row["auction"], Auction(row["auction"], int(row["quotatot"]), []))
            bid = Bid(int(row["bidder"]), int(row["pb"]), int(row["qb"]))
            payment = Decimal(row["pr"]) * 100
            auction.results.append(Result(int(row["bid_id"]), bid, int(row["qr"]), payment))
    for auction in found.values():
        auction.results.sort(key=lambda result: result.number)
    return list(found.values())


def divided(auction: Auction, sharing: Sharing) -> Clearing:
    return cleared(auction.bids, auction.quota, 1, sharing, ratio_decimals=DECIMALS)


def agreed(auctions: list[Auction], rule: Callable[[Auction], list[int]]) -> list[Auction]:
    return [auction for auction in auctions if rule(auction) == auction.official]


def test_all_but_the_shares_at_the_margin_are_the_official_ones(auctions: list[Auction]) -> None:
    for auction in auctions:
        ours = divided(auction, Sharing.PUBLISHED_RATIO)
        assert ours.sold == sum(auction.official) == min(auction.quota, sum(b.quantity for b in auction.bids))
        edge = margin(auction.bids, auction.quota, 1)
        assert edge is None or ours.price == edge.price
        differing = {
            position
            for position, official in enumerate(auction.official)
            if ours.quantities[position] != official
        }
        assert differing <= set(edge.bids if edge is not None else ()), auction.name


def test_allocations_to_the_kilogram(auctions: list[Auction]) -> None:
    """All that are visible agree; see the module for why another may differ at the margin, and by how much."""
    by_ratio = agreed(auctions, lambda auction: list(divided(auction, Sharing.PUBLISHED_RATIO).quantities))
    by_remainder = agreed(auctions, lambda auction: list(divided(auction, Sharing.PRO_RATA).quantities))
    sharing = [a for a in auctions if len(getattr(margin(a.bids, a.quota, 1), "bids", ())) > 1]
    names = {auction.name for auction in by_ratio}
    others = [auction for auction in auctions if auction.name not in names]
    print(
        f"\nswiss_trq: {len(by_ratio)} of {len(auctions)} allocations to the kilogram"
        f" ({len(sharing)} shared at the margin); by the largest remainder {len(by_remainder)}"
    )
    for auction in others:
        ours = divided(auction, Sharing.PUBLISHED_RATIO).quantities
        pairs = [
            (result.number, one, result.quantity)
            for one, result in zip(ours, auction.results, strict=True)
            if one != result.quantity
        ]
        print(f"  {auction.name}: (bid, ours, official) {pairs}")
    assert len(by_ratio) >= len(auctions) * 9 // 10
    assert len(by_ratio) >= len(by_remainder)


def test_payments_to_the_cent(auctions: list[Auction]) -> None:
    """Every visible payment is quantity times price to five Rappen; 27 of the whole record are known to be odd."""
    results = [result for auction in auctions for result in auction.results]
    odd = [
        result for result in results if paid(result.bid.price, result.quantity, FIVE_RAPPEN) != result.payment
    ]
    exact = sum(result.bid.price * result.quantity == result.payment for result in results)
    print(
        f"\nswiss_trq: {len(results) - len(odd)} of {len(results)} payments to the cent ({exact} need no rounding)"
    )
    for result in odd:
        print(
            f"  bid {result.number}: {result.quantity} kg at {result.bid.price}, official {result.payment / 100}"
        )
    assert len(odd) <= 27
    assert all(
        abs(paid(one.bid.price, one.quantity, FIVE_RAPPEN) - one.payment) <= 100 + FIVE_RAPPEN for one in odd
    )
