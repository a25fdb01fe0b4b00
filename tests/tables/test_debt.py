"""Several items for one debt: sold side by side, and no more of them than the debt takes."""

# ruff: noqa: E501 - the end tells who has which item

from __future__ import annotations

import msgspec
import pytest

from matching.commands import AnnounceLot
from matching.increments import fixed
from matching.lot import announce
from matching.terms import BidRule, DebtTerms, Direction, SaleItem, SaleOrder
from matching.units import AMOUNT_MAX
from matching.view import lot_view
from tests.tables.scenario import HOST, LOT, Scenario, lot_terms, span_us
from tests.terms_codes import refused_codes

FOUR = (SaleItem(1, 1000), SaleItem(2, 600), SaleItem(3, 500), SaleItem(4, 2000))


def sale(
    debt: int = 1500,
    *,
    window: str = "0:00",
    countdown: str | None = None,
    items: tuple[SaleItem, ...] = FOUR,
    **terms: object,
) -> DebtTerms:
    """Return the terms of a sale of ten minutes in steps of 100, spans written as in tables."""
    return DebtTerms(
        items=items,
        increments=fixed(100),
        debt=debt,
        duration_us=span_us("10:00"),
        soft_close_window_us=span_us(window),
        extension_us=span_us("1:00"),
        covered_countdown_us=None if countdown is None else span_us(countdown),
        **terms,  # type: ignore[arg-type]
    )


SALES = {
    "what is listed behind the item that covers the debt is stopped": Scenario(
        lot_terms(sale(debt=1400, costs=100)),
        f"""
        at    | who   | does                | then
        0:00  | clock | deadline 0:00       | opened, phase 0 ends 10:00
        0:01  | A     | bid 1000            | refused NOT_TAKEN_NOW
        0:01  | A     | items 1=999         | refused BELOW_ASKING_PRICE ask 1000 step 100 (item 1)
        0:01  | A     | items 1=0           | refused AMOUNT_OUT_OF_RANGE ask 1000 step 100 largest {AMOUNT_MAX} (item 1)
        0:01  | A     | items 5=1000        | refused ITEM_UNKNOWN (item 5)
        0:01  | A     | items 1=1000x2      | refused QUANTITY_OUT_OF_RANGE largest 1 (item 1)
        0:01  | A     | items 1=1000 1=1100 | refused LINES_INVALID (an item is named twice)
        0:01  | A     | items 1=1000 2=599  | refused BELOW_ASKING_PRICE ask 600 step 100 (item 2)
        0:02  | A     | items 1=1000 3=500  | A items 1=1000x1 3=500x1, closed 1: 1 A 1000; 3 A 500
        0:03  | B     | items 4=2000        | refused ITEM_UNKNOWN (item 4)
        0:04  | A     | items 1=1200        | refused LEADER_MAY_NOT_RAISE (item 1)
        0:05  | B     | items 1=1099        | refused BELOW_ASKING_PRICE ask 1100 step 100 (item 1)
        0:06  | B     | items 2=600 until 3:00 | B items 2=600x1, closed 2: 2 B 600
        0:07  | C     | items 3=600         | refused ITEM_UNKNOWN (item 3)
        0:08  | C     | items 1=1500        | C items 1=1500x1, closed 3: 1 C 1500
        0:09  | A     | items 2=700         | refused ITEM_UNKNOWN (item 2)
        9:59.999999 | A | items 1=1600      | A items 1=1600x1, closed 4: 1 A 1600
        10:00 | B     | items 1=1700        | refused LOT_CLOSED
        10:00 | clock | deadline 10:00      | awarded: A 1 of item 1 for 1600
        """,
    ),
    "while the debt is not covered everything with a bid is sold": Scenario(
        lot_terms(sale(debt=5000)),
        """
        at    | who   | does                | then
        0:00  | clock | deadline 0:00       | opened, phase 0 ends 10:00
        0:02  | A     | items 1=1000 4=2000 | A items 1=1000x1 4=2000x1, closed 1: 1 A 1000; 4 A 2000
        0:03  | B     | items 3=500         | B items 3=500x1, closed 2: 3 B 500
        10:00 | clock | deadline 10:00      | awarded: A 1 of item 1 for 1000; B 1 of item 3 for 500; A 1 of item 4 for 2000
        """,
    ),
    "exactly the debt is enough, one less is not": Scenario(
        lot_terms(sale(debt=1600)),
        """
        at    | who   | does                | then
        0:00  | clock | deadline 0:00       | opened, phase 0 ends 10:00
        0:02  | A     | items 1=1000 3=599  | A items 1=1000x1 3=599x1, closed 1: 1 A 1000; 3 A 599
        0:03  | B     | items 4=2000        | B items 4=2000x1, closed 2: 4 B 2000
        0:04  | C     | items 2=600         | C items 2=600x1, closed 3: 2 C 600
        0:05  | B     | items 3=699         | refused ITEM_UNKNOWN (item 3)
        10:00 | clock | deadline 10:00      | awarded: A 1 of item 1 for 1000; C 1 of item 2 for 600
        """,
    ),
    "the dearest first: as few as possible are sold": Scenario(
        lot_terms(sale(debt=2100, order=SaleOrder.DEAREST)),
        """
        at    | who   | does                | then
        0:00  | clock | deadline 0:00       | opened, phase 0 ends 10:00
        0:02  | A     | items 1=1000 2=600 3=600 | A items 1=1000x1 2=600x1 3=600x1, closed 1: 1 A 1000; 2 A 600; 3 A 600
        0:03  | B     | items 4=2000        | B items 4=2000x1, closed 2: 4 B 2000
        0:04  | C     | items 2=700         | C items 2=700x1, closed 3: 2 C 700
        10:00 | clock | deadline 10:00      | awarded: B 1 of item 4 for 2000; A 1 of item 1 for 1000
        """,
    ),
    "the debtor may agree that all is sold": Scenario(
        lot_terms(sale(debt=500, sells_all=True, countdown="1:00")),
        """
        at    | who   | does                | then
        0:00  | clock | deadline 0:00       | opened, phase 0 ends 10:00
        0:02  | A     | items 1=1000        | A items 1=1000x1, closed 1: 1 A 1000
        0:03  | B     | items 4=2000        | B items 4=2000x1, closed 2: 4 B 2000
        10:00 | clock | deadline 10:00      | awarded: A 1 of item 1 for 1000; B 1 of item 4 for 2000
        """,
    ),
    "once the debt is covered the countdown runs, and starts again with each bid": Scenario(
        lot_terms(sale(debt=1500, countdown="1:00")),
        """
        at    | who   | does                | then
        0:00  | clock | deadline 0:00       | opened, phase 0 ends 10:00
        0:02  | A     | items 1=1000        | A items 1=1000x1, closed 1: 1 A 1000
        0:03  | B     | items 2=600         | B items 2=600x1, closed 2: 2 B 600, extension 1 ends 1:03
        1:02.999999 | A | items 2=700       | A items 2=700x1, closed 3: 2 A 700, extension 2 ends 2:02.999999
        2:02.999999 | B | items 2=800       | refused LOT_CLOSED
        2:03  | clock | deadline 2:02.999999 | awarded: A 1 of item 1 for 1000; A 1 of item 2 for 700
        """,
    ),
    "a late bid on any item moves the end of all": Scenario(
        lot_terms(sale(debt=9000, window="1:00")),
        """
        at    | who   | does                | then
        0:00  | clock | deadline 0:00       | opened, phase 0 ends 10:00
        8:59  | A     | items 1=1000        | A items 1=1000x1, closed 1: 1 A 1000
        9:30  | A     | items 3=500         | A items 3=500x1, closed 2: 3 A 500, extension 1 ends 10:30
        10:29 | B     | items 1=1100 2=600  | B items 1=1100x1 2=600x1, closed 3: 1 B 1100; 2 B 600, extension 2 ends 11:29
        11:29 | clock | deadline 11:29      | awarded: B 1 of item 1 for 1100; B 1 of item 2 for 600; A 1 of item 3 for 500
        """,
    ),
    "whole steps, where the terms want them": Scenario(
        lot_terms(sale(bid_rule=BidRule.STEP_MULTIPLE)),
        """
        at    | who   | does                | then
        0:00  | clock | deadline 0:00       | opened, phase 0 ends 10:00
        0:01  | A     | items 1=1050        | refused NOT_ON_STEP ask 1000 step 100 (item 1)
        0:02  | A     | items 1=1200        | A items 1=1200x1, closed 1: 1 A 1200
        0:03  | B     | items 1=1350        | refused NOT_ON_STEP ask 1300 step 100 (item 1)
        """,
    ),
    "nobody bids": Scenario(
        lot_terms(sale()),
        """
        at    | who   | does                | then
        0:00  | clock | deadline 0:00       | opened, phase 0 ends 10:00
        0:01  | A     | say accept          | refused NOT_TAKEN_NOW
        0:02  | x     | items 1=1000        | refused NOT_ADMITTED
        0:03  | host  | hammer              | refused HAMMER_BELONGS_TO_CLOCK
        10:00 | clock | deadline 10:00      | passed no_bids
        """,
    ),
    "a freeze keeps what remained, at least the countdown": Scenario(
        lot_terms(sale(debt=1000, countdown="1:00", resume_countdown_us=span_us("2:00"))),
        """
        at    | who   | does                | then
        0:00  | clock | deadline 0:00       | opened, phase 0 ends 10:00
        0:02  | A     | items 1=1000        | A items 1=1000x1, closed 1: 1 A 1000, extension 1 ends 1:02
        0:30  | host  | pause power cut     | frozen host (power cut)
        0:31  | B     | items 1=1100        | refused LOT_FROZEN (power cut)
        5:00  | host  | resume              | resumed by host ends 7:00
        6:00  | B     | items 1=1100        | B items 1=1100x1, closed 2: 1 B 1100
        7:00  | clock | deadline 7:00       | awarded: B 1 of item 1 for 1100
        """,
    ),
}


@pytest.mark.parametrize("name", SALES)
def test_sales(name: str) -> None:
    SALES[name].play()


WRONG_TERMS = {
    "LADDER_EMPTY": msgspec.structs.replace(sale(), increments=()),
    "ITEM_TWICE": sale(items=(SaleItem(1, 5), SaleItem(1, 6))),
    "DURATION_ZERO": msgspec.structs.replace(sale(), duration_us=0),
    "EXTENSION_ZERO": msgspec.structs.replace(sale(window="1:00"), extension_us=0),
    "COVERED_COUNTDOWN_ZERO": sale(countdown="0:00"),
}


@pytest.mark.parametrize("problem", WRONG_TERMS)
def test_terms_that_make_no_sense_are_refused(problem: str) -> None:
    answer = announce(AnnounceLot(LOT, HOST, lot_terms(WRONG_TERMS[problem])))
    assert refused_codes(answer) == [problem]


def test_a_debt_is_not_covered_by_purchases() -> None:
    answer = announce(AnnounceLot(LOT, HOST, lot_terms(sale(), direction=Direction.FALLING)))
    assert refused_codes(answer) == ["DEBT_PRICES_RISE"]


def test_the_view_shows_where_items_stand_and_which_are_still_for_sale() -> None:
    table = """
        at    | who   | does                | then
        0:00  | clock | deadline 0:00       | opened, phase 0 ends 10:00
        0:02  | A     | items 1=1000 2=600  | A items 1=1000x1 2=600x1, closed 1: 1 A 1000; 2 A 600
    """
    view = lot_view(Scenario(lot_terms(sale()), table).play())
    assert (view.accepts, view.bids) == (("bid_on_items",), 2)
    assert msgspec.to_builtins(view.detail) == {
        "kind": "items",
        "number": 1,
        "items": ([1, 1, 1000, 0], [2, 1, 600, 0], [3, 0, 500, 0], [4, 0, 2000, 0]),
        "open_items": (1, 2),
    }
