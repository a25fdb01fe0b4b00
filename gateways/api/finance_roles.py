"""Who may do what with the centre's money. Persons are told apart by the services: nobody checks what he made."""

from __future__ import annotations

from exchange.people import FINANCE_ROLES, Role
from gateways.api.operation import only

READERS = only(*FINANCE_ROLES)
"""Whoever reads the books; an auditor does nothing else."""

CASHIERS = only(Role.FINANCE, Role.CASHIER)
"""出纳: receipts, bank files, payee accounts, proposals."""

CHECKERS = only(Role.FINANCE, Role.CHECKER)
"""复核: approves and confirms what somebody else made."""

ACCOUNTANTS = only(Role.FINANCE, Role.ACCOUNTANT)
"""会计: periods, reversals, reconciliation."""

MAKERS = only(Role.FINANCE, Role.CASHIER, Role.ACCOUNTANT)
"""Whoever may propose what somebody else confirms."""
