"""The centre's accounts at banks, and the keys with which banks sign.

Here belongs their registration. Not here: which of them takes deposits (deposit_accounts), files (intake), checking
signatures (webhook), accounts that payouts are paid from (payouts keep their own list).
"""

import re
import secrets
from typing import Final

import msgspec

from ledger.accounts import Account, bank_account, bank_clearing
from ledger.bank import postgres as rows
from ledger.bank.records import BankAccount, BankAccountRefusal, BankKey
from ledger.bank.webhook import SECRET_BYTES
from ledger.postgres import Desk, PostgresLedgerStore
from ledger.receipts import is_bookable_text
from ledger.units import Currency, is_currency

SLUG: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
NUMBER: Final = re.compile(r"[0-9A-Z][0-9A-Z-]{0,33}")
OFFSET_MINUTES_MAX: Final = 14 * 60
KEY_ID_BYTES: Final = 8
CHINA_OFFSET_MINUTES: Final = 480


class NewBankAccount(msgspec.Struct, frozen=True, kw_only=True):
    """A bank account to be registered.

    Args:
        slug: short name, lower case letters, digits and hyphens.
        number: IBAN or account number; blanks do not count.
        currency: ISO 4217.
        bank_name: of the bank.
        holder: as the bank knows the centre.
        utc_offset_minutes: of the bank's clock.
        is_main: book its money on the currency's own account `assets:bank:<currency>` and not on one of its own.
    """

    slug: str
    number: str
    currency: Currency
    bank_name: str = ""
    holder: str = ""
    utc_offset_minutes: int = CHINA_OFFSET_MINUTES
    is_main: bool = False


class BankAccounts:
    """Keeps the centre's bank accounts and keys.

    Args:
        store: the ledger in PostgreSQL.

    Raises: every method may raise LedgerUnavailable and LedgerStoreError.
    """

    def __init__(self, store: PostgresLedgerStore) -> None:
        self._store = store

    async def register(self, new: NewBankAccount, by: int) -> BankAccount | BankAccountRefusal:
        """Register an account; the same again is answered with what is there.

        Refuses: BankAccountRefusal up to NUMBER_TAKEN.
        """
        wanted = _tidy(new)
        refusal = _refusal(wanted, by)
        if refusal is not None:
            return refusal

        async def work(desk: Desk) -> BankAccount | BankAccountRefusal:
            existing = await rows.bank_account(desk.connection, wanted.slug)
            account = _described(wanted, by, desk.now_us)
            if existing is not None:
                return existing if _is_same(existing, account) else BankAccountRefusal.BANK_ACCOUNT_DIFFERS
            of_number = await rows.bank_accounts_of_number(desk.connection, wanted.number)
            if any(other.currency == wanted.currency for other in of_number):
                return BankAccountRefusal.NUMBER_TAKEN
            await desk.post((), (_ledger_account(wanted),))
            await rows.add_bank_account(desk.connection, account)
            return account

        return await self._store.at_desk(work)

    async def accounts(self) -> list[BankAccount]:
        """Return all accounts in order of their short names."""
        async with self._store.snapshot() as connection:
            return await rows.bank_accounts(connection)

    async def make_key(self, slug: str, by: int) -> BankKey | BankAccountRefusal:
        """Make a key for an account; its secret is in this answer and in no other.

        Refuses: PERSON_MISSING, BANK_ACCOUNT_UNKNOWN.
        """
        key_id, secret = secrets.token_hex(KEY_ID_BYTES), secrets.token_bytes(SECRET_BYTES)

        async def work(desk: Desk) -> BankKey | BankAccountRefusal:
            if by <= 0:
                return BankAccountRefusal.PERSON_MISSING
            if await rows.bank_account(desk.connection, slug) is None:
                return BankAccountRefusal.BANK_ACCOUNT_UNKNOWN
            key = BankKey(key_id=key_id, slug=slug, secret=secret, made_by=by, made_at_us=desk.now_us)
            await rows.add_key(desk.connection, key)
            return key

        return await self._store.at_desk(work)

    async def end_key(self, key_id: str, by: int) -> BankKey | BankAccountRefusal:
        """End a key: what is signed with it is not believed any more.

        Refuses: PERSON_MISSING, KEY_UNKNOWN.
        """

        async def work(desk: Desk) -> BankKey | BankAccountRefusal:
            if by <= 0:
                return BankAccountRefusal.PERSON_MISSING
            if await rows.key(desk.connection, key_id) is None:
                return BankAccountRefusal.KEY_UNKNOWN
            await rows.end_key(desk.connection, key_id, by, desk.now_us)
            key = await rows.key(desk.connection, key_id)
            assert key is not None, "keys are never deleted"
            return _without_secret(key)

        return await self._store.at_desk(work)

    async def keys(self, slug: str) -> list[BankKey]:
        """Return the keys of an account without their secrets, in order of making."""
        async with self._store.snapshot() as connection:
            return [_without_secret(key) for key in await rows.keys(connection, slug)]

    async def live_key(self, key_id: str) -> BankKey | None:
        """Return a key that has not ended, with its secret: for checking a signature and nothing else."""
        async with self._store.snapshot() as connection:
            key = await rows.key(connection, key_id)
        return key if key is not None and key.ended_at_us is None else None


def _without_secret(key: BankKey) -> BankKey:
    return msgspec.structs.replace(key, secret=b"")


def _tidy(new: NewBankAccount) -> NewBankAccount:
    return msgspec.structs.replace(
        new,
        number="".join(new.number.split()).upper(),
        bank_name=new.bank_name.strip(),
        holder=new.holder.strip(),
    )


def _refusal(new: NewBankAccount, by: int) -> BankAccountRefusal | None:
    faults = (
        (SLUG.fullmatch(new.slug) is None, BankAccountRefusal.SLUG_MALFORMED),
        (NUMBER.fullmatch(new.number) is None, BankAccountRefusal.NUMBER_MALFORMED),
        (
            not all(is_bookable_text(text) for text in (new.bank_name, new.holder)),
            BankAccountRefusal.TEXT_NOT_BOOKABLE,
        ),
        (not is_currency(new.currency), BankAccountRefusal.CURRENCY_UNKNOWN),
        (abs(new.utc_offset_minutes) > OFFSET_MINUTES_MAX, BankAccountRefusal.UTC_OFFSET_OUT_OF_RANGE),
        (by <= 0, BankAccountRefusal.PERSON_MISSING),
        (not new.is_main and is_currency(new.slug.upper()), BankAccountRefusal.SLUG_MALFORMED),
    )
    return next((refusal for is_fault, refusal in faults if is_fault), None)


def _ledger_account(new: NewBankAccount) -> Account:
    return bank_clearing(new.currency) if new.is_main else bank_account(new.slug, new.currency)


def _described(new: NewBankAccount, by: int, at_us: int) -> BankAccount:
    return BankAccount(
        slug=new.slug,
        number=new.number,
        bank_name=new.bank_name,
        holder=new.holder,
        currency=new.currency,
        account=_ledger_account(new).code,
        utc_offset_minutes=new.utc_offset_minutes,
        opened_by=by,
        opened_at_us=at_us,
    )


def _is_same(one: BankAccount, other: BankAccount) -> bool:
    return msgspec.structs.replace(other, opened_by=one.opened_by, opened_at_us=one.opened_at_us) == one
