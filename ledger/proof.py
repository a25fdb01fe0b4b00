"""The whole proof of the books: the ledger recomputed, and what each of its parts promises beside the postings.

Here belongs putting the checks together. Not here: the checks themselves (`ledger.verify`, and the parts).
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import msgspec

from ledger.bank.suspense import Suspense
from ledger.defaults import Defaults
from ledger.payouts import Payouts
from ledger.periods import Periods
from ledger.postgres import PostgresLedgerStore
from ledger.verify import DISCREPANCIES_LISTED_MAX, AdmissionsNow, Check, Report, verify

EVERY_PROMISE: Final = 1
"""What a part's check examines: all that the part promises, as one."""


async def prove(store: PostgresLedgerStore, admissions: AdmissionsNow | None = None) -> Report:
    """Verify the ledger, then payouts, suspense, defaults and closed periods.

    Args:
        store: the ledger; written to by others meanwhile, or not.
        admissions: what the procedure knows, where there is one.

    Raises: LedgerUnavailable; whatever `admissions` raises.
    """
    report = await verify(store, admissions)
    parts: Mapping[str, Callable[[], Awaitable[list[str]]]] = {
        "payouts": Payouts(store).discrepancies,
        "suspense": Suspense(store).discrepancies,
        "defaults": Defaults(store).discrepancies,
        "periods": Periods(store).discrepancies,
    }
    checks = [_check(name, await discrepancies()) for name, discrepancies in parts.items()]
    return msgspec.structs.replace(report, checks=(*report.checks, *checks))


def _check(name: str, found: list[str]) -> Check:
    return Check(
        name=name,
        examined=EVERY_PROMISE,
        discrepancy_count=len(found),
        discrepancies=tuple(found[:DISCREPANCIES_LISTED_MAX]),
    )
