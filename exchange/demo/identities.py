"""Who the bidders of the demo centre are: invented, with numbers that are formed as they must be and belong to nobody.

The region 99 of their numbers is no region of China, and they were born in 1900.

Belongs here: what they declare, and which of it the centre has confirmed. Does not belong here: their accounts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from stdnum.cn import ric, uscc

from exchange.identities import Identities
from exchange.identity_documents import BidderKind, Declaration, Document
from exchange.people import Account

COMPANIES: Final = frozenset({"bidder4"})
CO_OPERATIVES: Final = frozenset({"bidder5"})
WAITING: Final = frozenset({"bidder3", "bidder5"})
"""Whose declarations wait to be confirmed, so that the office has something to look at."""

ELSEWHERE: Final = "990000"


def declaration(account: Account) -> Declaration:
    """Return what a demo bidder declares of himself: the same for the same account."""
    telephone = f"000{account.id:08d}"
    if account.login in COMPANIES | CO_OPERATIVES:
        kind = BidderKind.LEGAL_PERSON if account.login in COMPANIES else BidderKind.ORGANISATION
        return Declaration(
            kind, account.name, Document.CREDIT_CODE, credit_code(account.id), telephone,
            "演示代表人 / Demo representative", "演示经办人 / Demo agent", ELSEWHERE,
        )  # fmt: skip
    return Declaration(
        BidderKind.PERSON, account.name, Document.RESIDENT_ID, resident_id(account.id), telephone
    )


async def declare_all(identities: Identities, bidders: Sequence[Account], clerk: int) -> None:
    """Let demo bidders declare who they are, and the centre confirm most of them, unless they have at an earlier start.

    Raises: StoreUnavailable.
    """
    for bidder in bidders:
        standing = await identities.standing(bidder.id)
        if standing is not None:
            continue
        declared = await identities.declare(bidder.id, declaration(bidder), bidder.id)
        assert not isinstance(declared, str), f"the demo declares what cannot be: {declared}"
        if bidder.login not in WAITING:
            await identities.review(declared.identity.id, True, "", clerk)


def resident_id(number: int) -> str:
    """Return a number formed as that of a resident identity card."""
    begins = f"99{number % 10_000:04d}19000101{number % 1_000:03d}"
    return begins + ric.calc_check_digit(begins + "0")


def credit_code(number: int) -> str:
    """Return a number formed as a unified social credit code."""
    begins = f"99000000DEM{number % 1_000_000:06d}"
    return begins + uscc.calc_check_digit(begins + "0")
