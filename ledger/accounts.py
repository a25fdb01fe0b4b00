"""Accounts and the chart of accounts of a trading centre.

Here belong what an account is, which accounts the centre has and how their codes are spelled.
Not here: how transfers change an account (rules) and where accounts are kept (store adapters).
"""

import re
from enum import IntFlag
from typing import Final

import msgspec

from ledger.units import Amount, Currency, is_currency

AccountCode = str

CODE_PATTERN: Final = re.compile(r"(assets|liabilities|equity|income|expenses)(:[a-z0-9][a-z0-9-]*)+")
CODE_LENGTH_MAX: Final = 120


class AccountFlags(IntFlag):
    """Promises that an account keeps at every moment."""

    NONE = 0
    DEBITS_MUST_NOT_EXCEED_CREDITS = 1
    CREDITS_MUST_NOT_EXCEED_DEBITS = 2


class Account(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A named balance in one currency, with what is promised (pending) beside what has moved (posted).

    `version` counts the entries of the account, from 0 without gaps.
    """

    code: AccountCode
    currency: Currency
    flags: AccountFlags = AccountFlags.NONE
    is_closed: bool = False
    debits_pending: Amount = 0
    debits_posted: Amount = 0
    credits_pending: Amount = 0
    credits_posted: Amount = 0
    version: int = 0

    @property
    def available_credit(self) -> Amount:
        """Credit that is neither spent nor promised; what a liability can still pay out."""
        return self.credits_posted - self.debits_posted - self.debits_pending

    @property
    def available_debit(self) -> Amount:
        """Debit that is neither used nor promised; what an asset can still pay out."""
        return self.debits_posted - self.credits_posted - self.credits_pending

    @property
    def balance(self) -> Amount:
        """Posted debits less posted credits: positive for an asset, negative for a debt."""
        return self.debits_posted - self.credits_posted

    def would_debits_exceed_credits(self, amount: Amount) -> bool:
        """Tell whether one more debit of this amount would break the account's promise."""
        is_bound = AccountFlags.DEBITS_MUST_NOT_EXCEED_CREDITS in self.flags
        return is_bound and self.debits_pending + self.debits_posted + amount > self.credits_posted

    def would_credits_exceed_debits(self, amount: Amount) -> bool:
        """Tell whether one more credit of this amount would break the account's promise."""
        is_bound = AccountFlags.CREDITS_MUST_NOT_EXCEED_DEBITS in self.flags
        return is_bound and self.credits_pending + self.credits_posted + amount > self.debits_posted


class AccountConflict(Exception):
    """An account is to be opened with a currency or promise other than it has."""

    def __init__(self, code: AccountCode, field: str) -> None:
        super().__init__(f"account {code} exists with different {field}")
        self.code = code
        self.field = field


def is_account_code(text: str) -> bool:
    """Tell whether a text is spelled as an account code: kind first, then lower-case parts."""
    return len(text) <= CODE_LENGTH_MAX and CODE_PATTERN.fullmatch(text) is not None


def new_account(code: AccountCode, currency: Currency, flags: AccountFlags) -> Account:
    """Describe an account that is to be opened, empty.

    Raises: ValueError for a code or currency that cannot be booked.
    """
    if not is_account_code(code):
        raise ValueError(f"not an account code: {code!r}")
    if not is_currency(currency):
        raise ValueError(f"not a currency of the ledger: {currency!r}")
    return Account(code=code, currency=currency, flags=flags)


def check_same_definition(existing: Account, wanted: Account) -> None:
    """Let an account be opened again only as what it already is.

    Raises: AccountConflict naming the first difference.
    """
    if existing.currency != wanted.currency:
        raise AccountConflict(wanted.code, "currency")
    if existing.flags != wanted.flags:
        raise AccountConflict(wanted.code, "flags")


def bank_clearing(currency: Currency) -> Account:
    """Describe the money at the bank, per currency; it can pay out no more than came in."""
    return new_account(
        f"assets:bank:{currency.lower()}", currency, AccountFlags.CREDITS_MUST_NOT_EXCEED_DEBITS
    )


def bank_account(slug: str, currency: Currency) -> Account:
    """Describe the money on one account at a bank, by the account's short name."""
    return new_account(f"assets:bank:{slug}", currency, AccountFlags.CREDITS_MUST_NOT_EXCEED_DEBITS)


def suspense(currency: Currency) -> Account:
    """Describe the account of receipts that nobody could assign yet."""
    return _liability(f"liabilities:suspense:{currency.lower()}", currency)


def deposit(lot_id: int, bidder_id: int, currency: Currency) -> Account:
    """Describe what the centre holds for one bidder and one lot."""
    return _liability(f"liabilities:deposit:lot-{lot_id}:bidder-{bidder_id}", currency)


def price_payable(lot_id: int, currency: Currency) -> Account:
    """Describe what the centre owes the seller of a lot out of the price."""
    return _liability(f"liabilities:price-payable:lot-{lot_id}", currency)


def refund_payable(lot_id: int, bidder_id: int, currency: Currency) -> Account:
    """Describe what the centre must pay back to one bidder of one lot."""
    return _liability(f"liabilities:refund-payable:lot-{lot_id}:bidder-{bidder_id}", currency)


def payout_in_transit(currency: Currency) -> Account:
    """Describe what the centre has told its bank to pay and the bank has not yet paid."""
    return _liability(f"liabilities:payout-in-transit:{currency.lower()}", currency)


def forfeited(lot_id: int, currency: Currency) -> Account:
    """Describe what bidders of a lot have lost and nobody has been given yet."""
    return _liability(f"liabilities:forfeited:lot-{lot_id}", currency)


def treasury_payable(currency: Currency) -> Account:
    """Describe what the centre must hand over to the treasury."""
    return _liability(f"liabilities:treasury-payable:{currency.lower()}", currency)


def commission_income(currency: Currency) -> Account:
    """Describe the commissions that the centre has earned; what is earned can be paid out, no more."""
    return _earned(f"income:commission:{currency.lower()}", currency)


def service_fee_income(currency: Currency) -> Account:
    """Describe the fees and costs that the centre has been paid for its services."""
    return _earned(f"income:service-fee:{currency.lower()}", currency)


def interest_expense(currency: Currency) -> Account:
    """Describe the interest that the centre gives on deposits; a reversal takes back no more than was given."""
    code = f"expenses:interest:{currency.lower()}"
    return new_account(code, currency, AccountFlags.CREDITS_MUST_NOT_EXCEED_DEBITS)


def _earned(code: AccountCode, currency: Currency) -> Account:
    return new_account(code, currency, AccountFlags.DEBITS_MUST_NOT_EXCEED_CREDITS)


def _liability(code: AccountCode, currency: Currency) -> Account:
    return new_account(code, currency, AccountFlags.DEBITS_MUST_NOT_EXCEED_CREDITS)
