"""What the HTTP API needs of the exchange, handed over once by the composition root."""

from __future__ import annotations

from dataclasses import dataclass, field

from aiohttp import web

from exchange.catalogue import Catalogue, LotBook
from exchange.people import People
from exchange.ports import Clock, Journal
from exchange.sign_up import SignUps
from gateways.identity import SignInLimit
from ledger.deposits import Deposits
from ledger.store import LedgerStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The parts that handlers speak to.

    Args:
        epoch: identity of the journal, for clients that go on from a position.
        is_demo: whether the demo bank is open.
        public_origins: origins beside our own whose pages may act.
    """

    people: People
    catalogue: Catalogue
    sign_ups: SignUps
    deposits: Deposits
    ledger: LedgerStore
    book: LotBook
    journal: Journal
    clock: Clock
    epoch: str
    is_demo: bool
    public_origins: tuple[str, ...] = ()
    sign_in_limit: SignInLimit = field(default_factory=lambda: SignInLimit(10))


SERVICES = web.AppKey("services", Services)
