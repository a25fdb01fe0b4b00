"""Lots as people write them into files: amounts with their currency, times by the centre's clock, lengths in hours.

The API takes whole minor units (分) and microseconds. A file may say the same so that nobody takes one for the other:
`"1,000,000 yuan"` or `"100 万元"`, `2026-12-01T10:00:00`, `"24 h"`. A bare number stays what it is in the API.

Belongs here: reading what a file says. Does not belong here: whether a lot may be so (`exchange.catalogue`).
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any, Final

from exchange.rulebooks.quantities import Money, NotAQuantity, read_quantity, span_us
from exchange.rulebooks.working_days import CENTRE_TIME
from gateways.amounts import NotAnAmount, read_amount

SECOND_US: Final = 1_000_000
AMOUNTS: Final = ("opening_price", "deposit", "valuation", "reserve_price")
"""Fields of every lot that are amounts of money; those of phases are read wherever a text is one."""

OF_TERMS: Final = ("opening_price", "reserve_price")
_IN_CURRENCY = re.compile(r"(?P<figure>[0-9][0-9,]*(?:\.[0-9]+)?)\s*(?P<currency>[A-Z]{3})")


class NotReadable(ValueError):
    """A field of a file cannot be read; `field` is its path, `written` what stands there."""

    def __init__(self, field: str, written: object) -> None:
        super().__init__(f"{field}: {written!r}")
        self.field = field
        self.written = written


def read_lot(written: dict[str, Any]) -> dict[str, Any]:
    """Return a lot as the API takes it.

    Raises: NotReadable, for an amount that is neither a whole number of minor units nor a text with its currency.
    """
    terms = written.get("terms")
    currency = terms.get("currency", "CNY") if isinstance(terms, dict) else "CNY"
    lot = {
        name: _read(name, value, currency) if _is_figure(name) else value for name, value in written.items()
    }
    if isinstance(terms, dict):
        lot["terms"] = {name: _read(f"terms.{name}", value, currency) for name, value in terms.items()}
    return lot


def _is_figure(name: str) -> bool:
    return name in AMOUNTS or name.endswith("_us")


def _read(path: str, value: Any, currency: str) -> Any:
    """Return a value of the terms as the API takes it; `path` is where it stands."""
    name = path.rpartition(".")[2]
    match value:
        case dict():
            return {key: _read(f"{path}.{key}", one, currency) for key, one in value.items()}
        case list():
            return [_read(f"{path}.{index}", one, currency) for index, one in enumerate(value)]
        case datetime() if name.endswith("_us"):
            at = value if value.tzinfo else value.replace(tzinfo=CENTRE_TIME)
            return round(at.timestamp() * SECOND_US)
        case date() | float():
            raise NotReadable(path, value)
        case str() if name.endswith("_us"):
            return _span(path, value)
        case str():
            amount = _amount(value, currency)
            if amount is None and name in AMOUNTS:
                raise NotReadable(path, value)
            return value if amount is None else amount
    return value


def _span(path: str, text: str) -> int:
    try:
        length = span_us(read_quantity(text))
    except NotAQuantity:
        length = None
    if length is None:
        raise NotReadable(path, text)
    return length


def _amount(text: str, currency: str) -> int | None:
    """Return an amount in minor units; None for a text that is none in this currency."""
    if currency == "CNY":
        try:
            quantity = read_quantity(text)
        except NotAQuantity:
            return None
        return quantity.minor if isinstance(quantity, Money) else None
    said = _IN_CURRENCY.fullmatch(text.strip())
    if said is None or said["currency"] != currency:
        return None
    try:
        return read_amount(said["figure"])
    except NotAnAmount:
        return None
