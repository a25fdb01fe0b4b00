"""Payouts: money that leaves the ledger, proposed, approved by a second person, sent once, answered by the bank.

Here belongs everything between "this is owed" and "the bank has paid it"; the rest of the ledger uses what this
module names. Not here: what is owed (settlement, defaults, fees), bank statements, roles and pages.
"""

from ledger.payouts.proposals import propose
from ledger.payouts.records import Acted, Payout, PayoutKind, PayoutRefusal, PayoutState, PayoutWanted
from ledger.payouts.service import Payouts

__all__ = [
    "Acted",
    "Payout",
    "PayoutKind",
    "PayoutRefusal",
    "PayoutState",
    "PayoutWanted",
    "Payouts",
    "propose",
]
