"""Which step of a payout may follow which, by whom, and what each moves in the ledger.

Here belong the pure decisions; the database repeats the most important of them as triggers.
Not here: I/O, SQL, messages of the bank.
"""

import re
from collections.abc import Collection, Mapping
from typing import Final
from uuid import UUID

from stdnum import iban

from ledger.accounts import Account, AccountCode, payout_in_transit
from ledger.payouts.records import (
    PayingAccount,
    Payout,
    PayoutKind,
    PayoutRefusal,
    PayoutState,
    PayoutWanted,
    end_to_end_id,
)
from ledger.receipts import is_bookable_text
from ledger.transfers import ENTIRE_AMOUNT, Kind, Purpose, Transfer, derived_id
from ledger.units import Amount, Currency, is_currency

SYSTEM: Final = 0
"""Who acts when nobody does: the exchange itself."""

PAYOUT_AMOUNT_MAX: Final[Amount] = 10**15
"""Greatest amount of one payout, in minor units; a file of the bank carries 18 digits in all."""

SOURCES: Final[Mapping[PayoutKind, tuple[str, ...]]] = {
    PayoutKind.REFUND: ("liabilities:refund-payable:",),
    PayoutKind.SUSPENSE_RETURN: ("liabilities:suspense:",),
    PayoutKind.SELLER: ("liabilities:price-payable:",),
    PayoutKind.TREASURY: ("liabilities:treasury-payable:", "liabilities:forfeited:"),
    PayoutKind.FEE: ("income:",),
}
"""Beginnings of the accounts that each kind is paid out of."""

NEXT_STATES: Final[Mapping[PayoutState, frozenset[PayoutState]]] = {
    PayoutState.PROPOSED: frozenset(
        {PayoutState.PROPOSED, PayoutState.APPROVED, PayoutState.DECLINED, PayoutState.CANCELLED}
    ),
    PayoutState.APPROVED: frozenset({PayoutState.DECLINED, PayoutState.CANCELLED, PayoutState.BATCHED}),
    PayoutState.BATCHED: frozenset({PayoutState.SENT, PayoutState.CANCELLED}),
    PayoutState.SENT: frozenset({PayoutState.PAID, PayoutState.REJECTED}),
    PayoutState.PAID: frozenset({PayoutState.RETURNED}),
    PayoutState.DECLINED: frozenset(),
    PayoutState.CANCELLED: frozenset(),
    PayoutState.REJECTED: frozenset(),
    PayoutState.RETURNED: frozenset(),
}
"""The legal steps; entering an account leaves a payout proposed, and a file is cancelled as a whole."""

UNPAID_ENDS: Final = frozenset(
    {PayoutState.DECLINED, PayoutState.CANCELLED, PayoutState.REJECTED, PayoutState.RETURNED}
)
STOPPED_BY_PERSON: Final = frozenset({PayoutState.DECLINED, PayoutState.CANCELLED})
"""After these the system proposes nothing of its own: only a person starts again what a person stopped."""

REASONS_BESIDE_ACCOUNT: Final = frozenset({"AM04", "AM14", "AM23", "CUST", "DT01", "ED05", "TM01"})
"""The bank's reasons that say nothing against the payee's account: no cover, limits, on request, dates, settlement
failed, cut-off. After every other reason a person enters the account anew.

Source: ISO 20022 external code set, status reasons.
"""

ACCOUNT_NUMBER: Final = re.compile(r"[0-9A-Za-z](?:[0-9A-Za-z-]{0,32}[0-9A-Za-z])?")
LIKE_IBAN: Final = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{10,30}")
BIC: Final = re.compile(r"[A-Z]{6}[A-Z2-9][A-NP-Z0-9](?:[A-Z0-9]{3})?")
CHINA_BANK: Final = re.compile(r"[0-9]{12}")
NOT_IN_XML: Final = re.compile("[\ufdd0-\ufdef\ufffe\uffff]")


# What is asked for


def is_plain_text(text: str) -> bool:
    """Tell whether a text can stand in a record and in a message to the bank."""
    return is_bookable_text(text) and NOT_IN_XML.search(text) is None


def plain_number(text: str) -> str:
    """Return an account or bank number without the blanks that people type into it."""
    return "".join(text.split()).upper()


def is_account_number(text: str) -> bool:
    """Tell whether a text can stand as an account in a payment: an IBAN with its check digits, or a number."""
    if LIKE_IBAN.fullmatch(text):
        return is_iban(text)
    return ACCOUNT_NUMBER.fullmatch(text) is not None


def is_iban(text: str) -> bool:
    """Tell whether a text is an IBAN with the right check digits, without blanks (ISO 13616)."""
    return LIKE_IBAN.fullmatch(text) is not None and bool(iban.is_valid(text, check_country=False))


def is_bank(text: str) -> bool:
    """Tell whether a text names a bank: a BIC or the twelve digits of China's payment system."""
    return BIC.fullmatch(text) is not None or CHINA_BANK.fullmatch(text) is not None


def tidy(wanted: PayoutWanted) -> PayoutWanted:
    """Return what is asked for with numbers in their plain form and the cause filled in."""
    fields = {name: getattr(wanted, name) for name in wanted.__struct_fields__}
    fields["payee_name"] = wanted.payee_name.strip()
    fields["payee_account"] = plain_number(wanted.payee_account)
    fields["payee_bank"] = plain_number(wanted.payee_bank)
    if wanted.kind is PayoutKind.SUSPENSE_RETURN and wanted.receipt_id:
        fields["cause"] = f"receipt:{wanted.receipt_id}"
    return PayoutWanted(**fields)


def wanted_refusal(wanted: PayoutWanted) -> PayoutRefusal | None:
    """Tell why nothing can be paid as asked for, whatever the ledger holds; None when it can."""
    texts = (wanted.payee_name, wanted.cause, wanted.receipt_id or "")
    is_return = wanted.kind is PayoutKind.SUSPENSE_RETURN
    faults = (
        (wanted.amount <= 0, PayoutRefusal.AMOUNT_NOT_POSITIVE),
        (wanted.amount > PAYOUT_AMOUNT_MAX, PayoutRefusal.AMOUNT_TOO_LARGE),
        (not is_currency(wanted.currency), PayoutRefusal.CURRENCY_UNKNOWN),
        (not all(is_plain_text(text) for text in texts), PayoutRefusal.TEXT_NOT_BOOKABLE),
        (not wanted.payee_name, PayoutRefusal.PAYEE_NAME_MISSING),
    )
    refusal = next((refusal for is_fault, refusal in faults if is_fault), None)
    if refusal is not None:
        return refusal
    if wanted.payee_account and (found := account_refusal(wanted.payee_account, wanted.payee_bank)):
        return found
    if is_return and not wanted.receipt_id:
        return PayoutRefusal.RECEIPT_MISSING
    if not wanted.source_account.startswith(SOURCES[wanted.kind]):
        return PayoutRefusal.SOURCE_NOT_OF_KIND
    return None


def account_refusal(payee_account: str, payee_bank: str) -> PayoutRefusal | None:
    """Tell what is wrong with an account to pay to; None when nothing is."""
    if not is_account_number(payee_account):
        return PayoutRefusal.PAYEE_ACCOUNT_MALFORMED
    if payee_bank and not is_bank(payee_bank):
        return PayoutRefusal.PAYEE_BANK_MALFORMED
    return None


def source_refusal(wanted: PayoutWanted, source: Account | None) -> PayoutRefusal | None:
    """Tell why an account of the ledger cannot pay what is asked for; None when it can."""
    if source is None:
        return PayoutRefusal.SOURCE_UNKNOWN
    if source.currency != wanted.currency:
        return PayoutRefusal.SOURCE_OF_OTHER_CURRENCY
    if source.is_closed or source.available_credit < wanted.amount:
        return PayoutRefusal.SOURCE_HAS_TOO_LITTLE
    return None


def is_same_wish(wanted: PayoutWanted, payout: Payout) -> bool:
    """Tell whether a payout is what is asked for: the account may have been entered since."""
    return (wanted.kind, wanted.source_account, wanted.amount, wanted.currency, wanted.payee_name) == (
        payout.kind,
        payout.source_account,
        payout.amount,
        payout.currency,
        payout.payee_name,
    )


# Steps


def may_become(payout: Payout, state: PayoutState) -> bool:
    """Tell whether a step is legal."""
    return state in NEXT_STATES[payout.state]


def entry_refusal(payout: Payout, payee_account: str, payee_bank: str, by: int) -> PayoutRefusal | None:
    """Tell why a person may not say where the money goes; None when he may."""
    if payout.state is not PayoutState.PROPOSED:
        return PayoutRefusal.STATE_DIFFERS
    return PayoutRefusal.PERSON_MISSING if by <= SYSTEM else account_refusal(payee_account, payee_bank)


def approval_refusal(payout: Payout, by: int) -> PayoutRefusal | None:
    """Tell why a person may not approve; None when he may."""
    faults = (
        (payout.state is not PayoutState.PROPOSED, PayoutRefusal.STATE_DIFFERS),
        (by <= SYSTEM, PayoutRefusal.PERSON_MISSING),
        (by in (payout.proposed_by, payout.account_entered_by), PayoutRefusal.SAME_PERSON),
        (not payout.payee_account, PayoutRefusal.PAYEE_ACCOUNT_MISSING),
    )
    return next((refusal for is_fault, refusal in faults if is_fault), None)


def stop_refusal(payout: Payout, state: PayoutState, by: int, reason: str) -> PayoutRefusal | None:
    """Tell why a payout cannot be declined or cancelled; None when it can."""
    faults = (
        (not is_plain_text(reason), PayoutRefusal.TEXT_NOT_BOOKABLE),
        (payout.state is PayoutState.BATCHED or not may_become(payout, state), PayoutRefusal.STATE_DIFFERS),
        (by <= SYSTEM, PayoutRefusal.PERSON_MISSING),
        (not reason.strip(), PayoutRefusal.REASON_MISSING),
    )
    return next((refusal for is_fault, refusal in faults if is_fault), None)


def has_two_persons(payout: Payout, *others: int) -> bool:
    """Tell whether at least two people had a hand in a payout before it leaves.

    Args:
        payout: approved, with whoever proposed it and entered its account.
        others: who made its batch and who sends it; 0 for the system.
    """
    hands = {payout.proposed_by, payout.account_entered_by, payout.approved_by or SYSTEM, *others}
    return len(hands - {SYSTEM}) >= 2


def keeps_account(previous: Payout) -> bool:
    """Tell whether the account of a payout that ended unpaid still stands for the next one."""
    is_refused = previous.state in (PayoutState.REJECTED, PayoutState.RETURNED)
    return not is_refused or previous.reason_code in REASONS_BESIDE_ACCOUNT


def only_account(known: Collection[tuple[str, str]]) -> tuple[str, str]:
    """Return the account and bank that all of a deposit came from; empty when they differ or one is unknown."""
    accounts = {(plain_number(number), plain_number(bank)) for number, bank in known}
    if len({number for number, _ in accounts}) != 1:
        return "", ""
    number = next(number for number, _ in accounts)
    banks = {bank for _, bank in accounts}
    bank = banks.pop() if len(banks) == 1 else ""
    return (number, bank if is_bank(bank) else "") if is_account_number(number) else ("", "")


# What moves


def reservation(payout_id: int, wanted: PayoutWanted, at_us: int) -> Transfer:
    """Return the pending transfer that speaks for the money, so that nothing else can."""
    return Transfer(
        id=transfer_id(payout_id, PayoutState.PROPOSED),
        kind=Kind.PENDING,
        debit=wanted.source_account,
        credit=payout_in_transit(wanted.currency).code,
        amount=wanted.amount,
        currency=wanted.currency,
        purpose=Purpose.PAYOUT_SENT,
        event_at_us=at_us,
        reference=end_to_end_id(payout_id),
        memo=wanted.payee_name,
    )


def reservation_end(payout: Payout, state: PayoutState, at_us: int) -> Transfer:
    """Return what ends the reservation: a post when the payout is sent, a void when it is stopped."""
    is_sent = state is PayoutState.SENT
    return Transfer(
        id=transfer_id(payout.payout_id, state),
        kind=Kind.POST if is_sent else Kind.VOID,
        pending_id=transfer_id(payout.payout_id, PayoutState.PROPOSED),
        amount=ENTIRE_AMOUNT if is_sent else 0,
        event_at_us=at_us,
    )


def payment(payout: Payout, bank: AccountCode, at_us: int, memo: str) -> Transfer:
    """Return the transfer of a payout that the bank has paid."""
    transit = payout_in_transit(payout.currency).code
    return _moved(payout, PayoutState.PAID, transit, bank, Purpose.PAYOUT_PAID, at_us, memo)


def rejection(payout: Payout, at_us: int, memo: str) -> Transfer:
    """Return the transfer that makes rejected money owed again."""
    transit = payout_in_transit(payout.currency).code
    source = payout.source_account
    return _moved(payout, PayoutState.REJECTED, transit, source, Purpose.PAYOUT_REJECTED, at_us, memo)


def taking_back(payout: Payout, suspense: AccountCode, at_us: int, memo: str) -> Transfer:
    """Return the transfer that makes paid money, sent back by the payee's bank into suspense, owed again."""
    source = payout.source_account
    return _moved(payout, PayoutState.RETURNED, suspense, source, Purpose.PAYOUT_RETURNED, at_us, memo)


def transfer_id(payout_id: int, state: PayoutState) -> UUID:
    """Return the id of the transfer with which a payout reaches a state: one for each, for ever."""
    return derived_id("payout", payout_id, state.value)


def _moved(
    payout: Payout,
    state: PayoutState,
    debit: AccountCode,
    credit: AccountCode,
    purpose: Purpose,
    at_us: int,
    memo: str,
) -> Transfer:
    return Transfer(
        id=transfer_id(payout.payout_id, state),
        debit=debit,
        credit=credit,
        amount=payout.amount,
        currency=payout.currency,
        purpose=purpose,
        event_at_us=at_us,
        reference=payout.end_to_end_id,
        memo=memo,
    )


def paying_account_refusal(paying: PayingAccount) -> PayoutRefusal | None:
    """Tell why an account cannot be paid from; None when it can."""
    texts = (paying.holder, paying.number)
    faults = (
        (not is_currency(paying.currency), PayoutRefusal.CURRENCY_UNKNOWN),
        (not all(is_plain_text(text) for text in texts), PayoutRefusal.TEXT_NOT_BOOKABLE),
        (not paying.holder.strip(), PayoutRefusal.PAYEE_NAME_MISSING),
        (not is_account_number(paying.number), PayoutRefusal.PAYEE_ACCOUNT_MALFORMED),
        (bool(paying.bank) and not is_bank(paying.bank), PayoutRefusal.PAYEE_BANK_MALFORMED),
        (not paying.account.startswith("assets:bank:"), PayoutRefusal.SOURCE_NOT_OF_KIND),
    )
    return next((refusal for is_fault, refusal in faults if is_fault), None)


def currency_total(payouts: Collection[Payout]) -> tuple[Currency, Amount]:
    """Return the one currency of payouts and what they amount to."""
    currencies = {payout.currency for payout in payouts}
    assert len(currencies) == 1, "a file of the bank has one currency"
    return currencies.pop(), sum(payout.amount for payout in payouts)
