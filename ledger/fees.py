"""What the centre may charge for a sale: commissions by rate or by the legal scale, and service fees.

Here belongs the arithmetic, in whole minor units and without float; a fee is rounded once, half up, at its very end.
Not here: when a fee is booked (settlement), and what lot asks for which (lot_rules).
"""

import re
from enum import StrEnum
from typing import Final

import msgspec

from ledger.accounts import Account, commission_income, service_fee_income
from ledger.transfers import Purpose
from ledger.units import Amount, Currency

RATE_BASIS_POINTS_MAX: Final = 500
"""An auctioneer takes at most five percent of the price from each side.

Source: Auction Law (拍卖法), art. 56 and 57.
"""

COURT_SCALE: Final = "court"
SCALE_CURRENCY: Final = "CNY"
_WHOLE: Final = 10_000
_FEN: Final = 100

_COURT_BANDS: Final[tuple[tuple[Amount | None, int], ...]] = (
    (2_000_000 * _FEN, 500),
    (10_000_000 * _FEN, 300),
    (50_000_000 * _FEN, 200),
    (100_000_000 * _FEN, 100),
    (None, 50),
)
"""Upper end of each band of the price in fen, and what is taken of the part in it, in basis points.

Source: Provisions on auction and sale in civil enforcement (民事执行中拍卖、变卖财产的规定, 2020), art. 29.
"""

_WRITTEN: Final = re.compile(r"rate:(0|[1-9][0-9]{0,4})|scale:court")


class FeeKind(StrEnum):
    """What the seller owes the centre out of the price."""

    SELLER_COMMISSION = "seller_commission"
    SERVICE_FEE = "service_fee"


class FeeTerms(msgspec.Struct, frozen=True, kw_only=True):
    """How a fee follows from the price: basis points of it, or a legal scale when one is named."""

    basis_points: int = 0
    scale: str = ""

    @property
    def is_none(self) -> bool:
        """Tell whether nothing is charged."""
        return not self.scale and self.basis_points == 0


NO_FEE: Final = FeeTerms()


class FeeDue(msgspec.Struct, frozen=True, kw_only=True):
    """What is charged for a sold lot, in minor units."""

    kind: FeeKind
    amount: Amount
    currency: Currency


def read_fee_terms(text: str) -> FeeTerms:
    """Return the terms that a text spells: empty, `rate:<basis points>` or `scale:court`.

    Raises: ValueError for any other text.
    """
    if not text:
        return NO_FEE
    found = _WRITTEN.fullmatch(text)
    if found is None or (found[1] is not None and int(found[1]) > _WHOLE):
        raise ValueError(f"not the terms of a fee: {text!r}")
    return FeeTerms(scale=COURT_SCALE) if found[1] is None else FeeTerms(basis_points=int(found[1]))


def fee_text(terms: FeeTerms) -> str:
    """Spell the terms of a fee, the opposite of `read_fee_terms`."""
    if terms.is_none:
        return ""
    return f"scale:{terms.scale}" if terms.scale else f"rate:{terms.basis_points}"


def fee(terms: FeeTerms, price: Amount) -> Amount:
    """Return what is charged of a price, both in minor units; half a minor unit is rounded up.

    With the scale each part of the price is charged at the rate of its own band.
    """
    assert price >= 0, "a price is never negative"
    if not terms.scale:
        return _rounded(price * terms.basis_points)
    taken, below = 0, 0
    for end, basis_points in _COURT_BANDS:
        part = price - below if end is None else min(price, end) - below
        if part <= 0:
            break
        taken += part * basis_points
        below += part
    return _rounded(taken)


def fee_account(kind: FeeKind, currency: Currency) -> Account:
    """Return the income that a kind of fee is booked to."""
    if kind is FeeKind.SELLER_COMMISSION:
        return commission_income(currency)
    return service_fee_income(currency)


def fee_purpose(kind: FeeKind) -> Purpose:
    """Return why money moves when a kind of fee is booked."""
    is_commission = kind is FeeKind.SELLER_COMMISSION
    return Purpose.COMMISSION_BOOKED if is_commission else Purpose.SERVICE_FEE_BOOKED


def _rounded(basis_points_of_minor: int) -> Amount:
    return (basis_points_of_minor + _WHOLE // 2) // _WHOLE
