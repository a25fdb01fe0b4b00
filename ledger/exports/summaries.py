"""Daily and monthly reports: what came in, was held, applied, forfeited and went out, and the balances after it.

Here belongs the pure fold over movements that are summed per day already. Not here: SQL (postgres).
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from ledger.units import Amount, Currency

EPOCH: Final = date(1970, 1, 1)
BANK: Final = "assets:bank"
DEPOSIT: Final = "liabilities:deposit"
SUSPENSE: Final = "liabilities:suspense"
REFUND: Final = "liabilities:refund-payable"
PRICE: Final = "liabilities:price-payable"
FORFEITED: Final = "liabilities:forfeited"
TREASURY: Final = "liabilities:treasury-payable"
IN_TRANSIT: Final = "liabilities:payout-in-transit"
INCOME: Final = "income:"

BALANCES: Final = {
    DEPOSIT: "deposits_balance",
    SUSPENSE: "suspense_balance",
    REFUND: "refunds_balance",
    PRICE: "prices_balance",
    FORFEITED: "forfeited_balance",
    TREASURY: "treasury_balance",
    IN_TRANSIT: "in_transit_balance",
}
"""Which balance an account belongs to, by the first two parts of its code; what is not here is `other_balance`."""


@dataclass(frozen=True, slots=True)
class DaySum:
    """What one kind of movement between two classes of accounts came to on one day.

    Args:
        day_number: days since the Unix epoch, at the centre.
        debit: first two parts of the debited account's code.
        credit: of the credited one.
        moved: minor units that moved for good.
        held: minor units newly held.
        unheld: minor units of holds that ended, whatever became of them.
        count: how many postings.
        is_reversal: whether they take back what was posted wrongly, from the account that it went to.
    """

    day_number: int
    currency: Currency
    debit: str
    credit: str
    moved: Amount
    held: Amount
    unheld: Amount
    count: int
    is_reversal: bool = False


def period_rows(
    sums: Iterable[DaySum], name_of: Callable[[date], str], names: Callable[[str], bool]
) -> Iterator[dict[str, Any]]:
    """Fold days to the rows of a report, in order of period and currency.

    Args:
        sums: in order of day.
        name_of: names the period of a day: the day itself, or its month.
        names: tells whether a period is wanted; the balances carry what was before it.
    """
    books: dict[Currency, _Book] = {}
    period = ""
    for each in sums:
        name = name_of(EPOCH + timedelta(days=each.day_number))
        if name != period:
            yield from _rows(books, period, names)
            period = name
        books.setdefault(each.currency, _Book()).add(each)
    yield from _rows(books, period, names)


def _rows(
    books: dict[Currency, "_Book"], period: str, names: Callable[[str], bool]
) -> Iterator[dict[str, Any]]:
    for currency, book in sorted(books.items()):
        flows = book.taken_flows()
        if flows["postings"] and names(period):
            yield {"period": period, "currency": currency, **flows, **book.balances()}


class _Book:
    """The flows of the open period and the balances so far, of one currency."""

    def __init__(self) -> None:
        self._flows: Counter[str] = Counter()
        self._balances: Counter[str] = Counter()
        self._held = 0

    def add(self, each: DaySum) -> None:
        self._flows["postings"] += each.count
        for name in _flow_names(each):
            self._flows[name] += -each.moved if each.is_reversal else each.moved
        if each.debit == DEPOSIT:
            self._flows["holds_placed"] += each.held
            self._flows["holds_ended"] += each.unheld
            self._held += each.held - each.unheld
        self._balances[each.debit] += each.moved
        self._balances[each.credit] -= each.moved

    def taken_flows(self) -> Counter[str]:
        flows, self._flows = self._flows, Counter()
        return Counter({name: flows[name] for name in FLOWS})

    def balances(self) -> dict[str, Amount]:
        """Return what is at the bank and, as amounts owed, what it is owed for; both sides are equal."""
        owed = dict.fromkeys((*BALANCES.values(), "other_balance"), 0)
        for account, balance in self._balances.items():
            if account != BANK:
                owed[BALANCES.get(account, "other_balance")] -= balance
        return {"bank_balance": self._balances[BANK], "held_balance": self._held, **owed}


FLOWS: Final = (
    "postings",
    "received",
    "to_suspense",
    "holds_placed",
    "holds_ended",
    "applied_to_price",
    "forfeited",
    "released",
    "income",
    "paid_out",
    "paid_back_in",
)


def _flow_names(each: DaySum) -> Iterator[str]:
    """Yield the flows that a movement counts in, by where the money came from and went to.

    A reversal goes the other way and counts, negative, in the flow that it takes back.
    """
    debit, credit = (each.credit, each.debit) if each.is_reversal else (each.debit, each.credit)
    if debit == BANK:
        yield _inflow(credit)
    if credit == BANK:
        yield "paid_out"
    if debit == DEPOSIT and credit in _FROM_DEPOSIT:
        yield _FROM_DEPOSIT[credit]
    if credit.startswith(INCOME):
        yield "income"


def _inflow(credit: str) -> str:
    if credit == DEPOSIT:
        return "received"
    return "to_suspense" if credit == SUSPENSE else "paid_back_in"


_FROM_DEPOSIT: Final = {PRICE: "applied_to_price", FORFEITED: "forfeited", REFUND: "released"}
