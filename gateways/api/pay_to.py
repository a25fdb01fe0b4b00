"""Where deposits are paid to, as everybody is told: by the deposit step, the notice of a lot, the page of the centre.

Belongs here: the one way from the accounts that finance has registered to what people read.
Does not belong here: which of several accounts it is (`ledger.bank.registry`).
"""

from __future__ import annotations

from msgspec import Struct

from gateways.api.services import Services


class PayTo(Struct, frozen=True):
    """The centre's account for deposits in a currency; `number` is an IBAN or account number without blanks."""

    bank: str
    holder: str
    number: str
    currency: str


async def pay_to(services: Services, currency: str = "") -> list[PayTo]:
    """Return where deposits are paid to: in one currency, none or one; without one, in every currency that has one.

    Raises: LedgerUnavailable, LedgerStoreError.
    """
    accounts = await services.finance.bank_accounts.for_deposits()
    return [
        PayTo(one.bank_name, one.holder, one.number, one.currency)
        for one in sorted(accounts.values(), key=lambda one: one.currency)
        if currency in ("", one.currency)
    ]
