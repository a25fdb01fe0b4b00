"""Which account of the centre takes deposits, and how that is changed: by two persons.

Here belong the decision (pure) and the acts. Not here: SQL (deposit_accounts_postgres), entering accounts (registry).

The first account of a currency takes its deposits as soon as it is entered, by one person: until then bidders were told
not to pay, so nobody is led away from an account that he knows. Every later change is proposed by one and confirmed by
another: a stolen sign-in alone must not redirect what every bidder pays.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum

import msgspec

from ledger.bank import deposit_accounts_postgres as rows
from ledger.bank import postgres as account_rows
from ledger.bank.records import BankAccount, DepositAccountChange
from ledger.postgres import Desk, PostgresLedgerStore
from ledger.receipts import is_bookable_text
from ledger.units import Currency


class DepositAccountRefusal(StrEnum):
    """Why the account for deposits is not changed, in order of precedence."""

    REASON_MISSING = "reason_missing"
    REASON_NOT_BOOKABLE = "reason_not_bookable"
    PERSON_MISSING = "person_missing"
    BANK_ACCOUNT_UNKNOWN = "bank_account_unknown"
    TAKES_DEPOSITS_ALREADY = "takes_deposits_already"
    DEPOSIT_ACCOUNT_PROPOSED = "deposit_account_proposed"
    PROPOSAL_UNKNOWN = "proposal_unknown"
    ALREADY_DECIDED = "already_decided"
    SAME_PERSON = "same_person"


class DepositAccount(msgspec.Struct, frozen=True):
    """The account that takes deposits of its currency; `replaced` is the short name of the one before, if any."""

    account: BankAccount
    since_us: int
    replaced: str = ""


def deposit_accounts(
    accounts: Iterable[BankAccount], changes: Iterable[DepositAccountChange] = ()
) -> dict[Currency, DepositAccount]:
    """Return the account to which deposits are paid, of each currency that has one: the one answer to "where to pay".

    It is the one of the last confirmed change; without any, the account of the currency that was entered first.

    Args:
        accounts: of the centre.
        changes: in order of number; those that are not confirmed change nothing.
    """
    found: dict[Currency, DepositAccount] = {}
    by_name = {account.slug: account for account in accounts}
    for account in sorted(by_name.values(), key=lambda one: (one.opened_at_us, one.slug)):
        found.setdefault(account.currency, DepositAccount(account, account.opened_at_us))
    for change in changes:
        if change.is_confirmed and change.decided_at_us is not None:
            before = found[change.currency].account.slug
            found[change.currency] = DepositAccount(by_name[change.slug], change.decided_at_us, before)
    return found


class DepositAccounts:
    """Answers where deposits are paid to, and changes it.

    Args:
        store: the ledger in PostgreSQL.

    Raises: every method may raise LedgerUnavailable (repeat it) and LedgerStoreError.
    """

    def __init__(self, store: PostgresLedgerStore) -> None:
        self._store = store

    async def present(self) -> dict[Currency, DepositAccount]:
        """Return the account to which deposits are paid, by currency (see `deposit_accounts`)."""
        async with self._store.snapshot() as connection:
            accounts = await account_rows.bank_accounts(connection)
            return deposit_accounts(accounts, await rows.changes(connection))

    async def changes(self) -> list[DepositAccountChange]:
        """Return all changes that were ever proposed, in order of number."""
        async with self._store.snapshot() as connection:
            return await rows.changes(connection)

    async def propose(self, slug: str, by: int, reason: str) -> DepositAccountChange | DepositAccountRefusal:
        """Propose that an account takes the deposits of its currency; nothing changes yet.

        Refuses: DepositAccountRefusal up to DEPOSIT_ACCOUNT_PROPOSED; of each currency one change may wait.
        """

        async def work(desk: Desk) -> DepositAccountChange | DepositAccountRefusal:
            accounts = await account_rows.bank_accounts(desk.connection)
            known = await rows.changes(desk.connection)
            wanted = next((account for account in accounts if account.slug == slug), None)
            refusal = _reason_refusal(reason) or _proposal_refusal(wanted, accounts, known, by)
            if refusal is not None or wanted is None:
                return refusal or DepositAccountRefusal.BANK_ACCOUNT_UNKNOWN
            change = DepositAccountChange(
                proposal_id=len(known) + 1,
                currency=wanted.currency,
                slug=slug,
                reason=reason.strip(),
                proposed_by=by,
                proposed_at_us=desk.now_us,
            )
            await rows.add_proposal(desk.connection, change)
            return change

        return await self._store.at_desk(work)

    async def confirm(self, proposal_id: int, by: int) -> DepositAccountChange | DepositAccountRefusal:
        """Change the account for deposits as another person proposed: from now on all bidders are told the new one.

        Refuses: PERSON_MISSING, PROPOSAL_UNKNOWN, ALREADY_DECIDED, SAME_PERSON.
        """
        return await self._decide(proposal_id, by, is_confirmed=True)

    async def decline(
        self, proposal_id: int, by: int, reason: str
    ) -> DepositAccountChange | DepositAccountRefusal:
        """Decline a change, with the reason; its proposer may as well.

        Refuses: REASON_MISSING, REASON_NOT_BOOKABLE, PERSON_MISSING, PROPOSAL_UNKNOWN, ALREADY_DECIDED.
        """
        refusal = _reason_refusal(reason)
        return refusal or await self._decide(proposal_id, by, is_confirmed=False, reason=reason.strip())

    async def _decide(
        self, proposal_id: int, by: int, *, is_confirmed: bool, reason: str = ""
    ) -> DepositAccountChange | DepositAccountRefusal:
        async def work(desk: Desk) -> DepositAccountChange | DepositAccountRefusal:
            change = await rows.change(desk.connection, proposal_id)
            faults = (
                (by <= 0, DepositAccountRefusal.PERSON_MISSING),
                (change is None, DepositAccountRefusal.PROPOSAL_UNKNOWN),
                (
                    change is not None and change.is_confirmed is not None,
                    DepositAccountRefusal.ALREADY_DECIDED,
                ),
                (
                    is_confirmed and change is not None and change.proposed_by == by,
                    DepositAccountRefusal.SAME_PERSON,
                ),
            )
            refusal = next((refusal for is_fault, refusal in faults if is_fault), None)
            if refusal is not None or change is None:
                return refusal or DepositAccountRefusal.PROPOSAL_UNKNOWN
            decided = msgspec.structs.replace(
                change,
                is_confirmed=is_confirmed,
                decision_reason=reason,
                decided_by=by,
                decided_at_us=desk.now_us,
            )
            await rows.add_decision(desk.connection, decided)
            return decided

        return await self._store.at_desk(work)


def _proposal_refusal(
    wanted: BankAccount | None,
    accounts: Sequence[BankAccount],
    known: Sequence[DepositAccountChange],
    by: int,
) -> DepositAccountRefusal | None:
    if by <= 0:
        return DepositAccountRefusal.PERSON_MISSING
    if wanted is None:
        return DepositAccountRefusal.BANK_ACCOUNT_UNKNOWN
    if deposit_accounts(accounts, known)[wanted.currency].account.slug == wanted.slug:
        return DepositAccountRefusal.TAKES_DEPOSITS_ALREADY
    waits = any(change.currency == wanted.currency and change.is_confirmed is None for change in known)
    return DepositAccountRefusal.DEPOSIT_ACCOUNT_PROPOSED if waits else None


def _reason_refusal(reason: str) -> DepositAccountRefusal | None:
    if not reason.strip():
        return DepositAccountRefusal.REASON_MISSING
    return None if is_bookable_text(reason) else DepositAccountRefusal.REASON_NOT_BOOKABLE
