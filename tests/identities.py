"""Declarations of invented bidders, for tests whose subject is something else."""

from __future__ import annotations

from exchange.demo.identities import credit_code, resident_id
from exchange.identities import Identities, Standing
from exchange.identity_documents import BidderKind, Declaration, Document
from exchange.people import Account


def of_person(name: str, number: int) -> Declaration:
    """Return what a natural person declares; another number is another person."""
    return Declaration(BidderKind.PERSON, name, Document.RESIDENT_ID, resident_id(number), "138 0000 0000")


def of_company(name: str, number: int) -> Declaration:
    """Return what a company declares."""
    return Declaration(
        BidderKind.LEGAL_PERSON, name, Document.CREDIT_CODE, credit_code(number), "010-12345678",
        "王代表", "李经办", "530000",
    )  # fmt: skip


async def declared(identities: Identities, account: Account) -> Standing:
    """Let a bidder declare that he is a person of his account's name."""
    standing = await identities.declare(account.id, of_person(account.name, account.id), account.id)
    assert isinstance(standing, Standing), standing
    return standing
