"""Where deposits are paid to, as everybody is told: by the deposit step, the notice of a lot, the page of the centre.

Belongs here: the one way from the accounts that finance has registered to what people read.
Does not belong here: which of several accounts it is (`ledger.bank.deposit_accounts`).
"""

from __future__ import annotations

from msgspec import Struct

from gateways.api.services import Services


class PayTo(Struct, frozen=True):
    """The centre's account for deposits in a currency; `number` is an IBAN or account number without blanks.

    `since_us` is since when deposits are paid there; `replaces_another`: until then they were paid elsewhere.
    """

    bank: str
    holder: str
    number: str
    currency: str
    since_us: int
    replaces_another: bool


async def pay_to(services: Services, currency: str = "") -> list[PayTo]:
    """Return where deposits are paid to: in one currency, none or one; without one, in every currency that has one.

    Raises: LedgerUnavailable, LedgerStoreError.
    """
    accounts = await services.finance.deposit_accounts.present()
    return [
        PayTo(
            one.account.bank_name,
            one.account.holder,
            one.account.number,
            currency_of,
            one.since_us,
            bool(one.replaced),
        )
        for currency_of, one in sorted(accounts.items())
        if currency in ("", currency_of)
    ]
