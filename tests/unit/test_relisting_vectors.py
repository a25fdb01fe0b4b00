"""Recorded relistings of an enterprise's auctions, held against the reduction that a court's second sale may have.

The seller is no court and was bound to nothing; the material shows what the check says of real price paths.
"""

from __future__ import annotations

import csv
import itertools
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from exchange.categories import Category
from exchange.rulebooks.compliance import violations
from exchange.rulebooks.drafting import SAMPLE_NOW_US, Subject, drafted, relisting_price
from exchange.rulebooks.library import shipped
from exchange.rulebooks.parameters import Earlier
from exchange.rulebooks.rulebook import Rulebook
from matching.terms import DAY_US

UNSOLD = "1"


def relistings(folder: Path) -> Iterator[tuple[int, int]]:
    """Yield the start prices, in minor units, of an unsold auction and of the next one of the same product."""
    file = folder / "cn_relist_auctions" / "auction.csv"
    if not file.is_file():
        pytest.skip(f"no recorded relistings: {file} is absent")
    with file.open(encoding="utf-8", newline="") as opened:
        rows = list(csv.DictReader(opened))
    rows.sort(key=lambda row: (datetime.strptime(row["createtime"], "%d/%m/%Y %H:%M:%S"), row["id"]))  # noqa: DTZ007
    products = defaultdict(list)
    for row in rows:
        products[row["productid"]].append(row)
    for listed in products.values():
        for earlier, later in itertools.pairwise(listed):
            if earlier["outbidstate"] == UNSOLD:
                yield int(earlier["price"]) * 100, int(later["price"]) * 100


def is_within_limit(second: Rulebook, earlier_price: int, price: int) -> bool:
    thing = Subject(
        category=Category.OTHER,
        opening_price=price,
        now_us=SAMPLE_NOW_US,
        earlier=Earlier(1, earlier_price, SAMPLE_NOW_US - DAY_US),
    )
    broken = {one.parameter for one in violations(second, drafted(second, thing))}
    assert broken <= {"reduction"}
    return not broken


def test_recorded_relistings_are_judged_by_the_cross_product(data_folder: Path) -> None:
    second = shipped().get("judicial-second")
    assert second is not None
    within = counted = lawful_defaults = 0
    for earlier_price, price in relistings(data_folder):
        counted += 1
        judged = is_within_limit(second, earlier_price, price)
        assert judged == (earlier_price * 80 <= price * 100 <= earlier_price * 100)
        within += judged
        default = relisting_price(second, Category.OTHER, earlier_price)
        lawful_defaults += is_within_limit(second, earlier_price, default)
    print(f"{within} of {counted} recorded relistings fall by at most 20 % and do not rise")
    assert counted and lawful_defaults == counted and 0 < within < counted
