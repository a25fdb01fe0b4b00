"""Which requests to the HTTP API leave an entry in the record of acts, and what it says.

On record come: whatever staff change; every sign-in, also one that failed; whatever somebody changes about his own
proofs; and what was refused for want of a role. Bids do not come through the HTTP API, they are in the journal.

No act is without its entry: the entry is added in the transaction that makes the act durable
(`gateways.api.carrying_out`), or, where the act is in books of their own, before it.

Belongs here: choosing, gathering, bounding. Does not belong here: how entries are kept (`exchange.audit`).
"""

from __future__ import annotations

import re
import secrets
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

import structlog
from aiohttp import web
from msgspec.structs import replace

from exchange.audit import BEGUN, Audit, Entry, Said
from exchange.database import StoreFailed, StoreUnavailable
from exchange.people import Account
from matching.units import TimeUs

log = structlog.get_logger(__name__)

DONE: Final = "OK"
MINUTE_US: Final = 60_000_000
REQUEST: Final = web.RequestKey("luochui_request", str)
REQUEST_HEADER: Final = "X-Request-Id"
REQUEST_NAME: Final = re.compile(r"[A-Za-z0-9-]{8,64}")

ENTRIES_PER_PERSON_MAX: Final = 30
ENTRIES_OF_OTHERS_MAX: Final = 3_000
"""A minute, of those who are not staff, in one process: who is refused again and again fills no disk with it."""


@dataclass(slots=True)
class Act:
    """What comes to be known of a request while it is answered.

    Args:
        account: who asks; of a sign-in, who has signed in.
        login: what somebody claims to be who has not proven it.
        about: what the entry says beside that; handlers add to it.
    """

    account: Account | None = None
    login: str = ""
    about: dict[str, Said] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Manner:
    """How an operation comes on record: whether it asks for a change, and whether it is noted whoever asks."""

    operation: str
    is_change: bool
    is_noted: bool


class Auditing:
    """Adds entries for requests, each at most once, and few of those who are not staff."""

    def __init__(self, audit: Audit) -> None:
        self._audit = audit
        self._room = Room()

    def is_begun_on_record(self, act: Act, manner: Manner) -> bool:
        """Tell whether an act has its entry before it is done: what staff change in other books than ours."""
        is_staff = act.account is not None and act.account.is_staff
        return is_staff and manner.is_change

    async def begin(self, request: web.Request, act: Act, manner: Manner, now_us: TimeUs) -> int:
        """Add the entry of an act that is about to be done, and return its position.

        Raises: StoreUnavailable, StoreFailed; then it must not be done.
        """
        return await self._audit.add(self._entry(request, act, manner, BEGUN, now_us))

    async def add(
        self, request: web.Request, act: Act, manner: Manner, code: str, now_us: TimeUs, begun: int = 0
    ) -> None:
        """Add the entry of a request, if it is to have one; within a change, in its transaction.

        Raises: StoreUnavailable, StoreFailed.
        """
        account = act.account
        is_staff = account is not None and account.is_staff
        on_record = is_on_record(
            code, is_staff=is_staff, is_change=manner.is_change, is_noted=manner.is_noted
        )
        if not on_record:
            return
        person = request.remote or "" if account is None else f"account {account.id}"
        if not is_staff and not self._room.has_one(person, now_us):
            return
        entry = self._entry(request, act, manner, code, now_us)
        await self._audit.add(replace(entry, unsaid=self._room.left_out(), begun=begun))

    async def note(
        self, request: web.Request, act: Act, manner: Manner, code: str, now_us: TimeUs, begun: int = 0
    ) -> None:
        """Add the entry of what is over, as `add` does; one that cannot be added goes to the log instead.

        Nothing was changed, or the act is on record already as begun.
        """
        try:
            await self.add(request, act, manner, code, now_us, begun)
        except (StoreUnavailable, StoreFailed) as error:
            log.error("audit.not_written", error=str(error), operation=manner.operation, code=code)

    def _entry(self, request: web.Request, act: Act, manner: Manner, code: str, now_us: TimeUs) -> Entry:
        account = act.account
        return Entry(
            at_us=now_us,
            operation=manner.operation,
            code=code,
            account=None if account is None else account.id,
            login=act.login if account is None else account.login,
            roles=() if account is None else tuple(role.value for role in account.roles),
            address=request.remote or "",
            request=name_of(request),
            about=act.about,
        )


class Room:
    """How many entries those who are not staff may leave in a minute; beyond that they are only counted."""

    def __init__(self) -> None:
        self._minute = 0
        self._entries: Counter[str] = Counter()
        self._left_out = 0

    def has_one(self, person: str, now_us: TimeUs) -> bool:
        """Tell whether there is room for an entry of somebody, and take it."""
        minute = now_us // MINUTE_US
        if minute != self._minute:
            self._minute = minute
            self._entries.clear()
        if self._entries[person] >= ENTRIES_PER_PERSON_MAX or self._entries.total() >= ENTRIES_OF_OTHERS_MAX:
            self._left_out += 1
            return False
        self._entries[person] += 1
        return True

    def left_out(self) -> int:
        """Return how many entries there was no room for since the last time this was asked."""
        left_out, self._left_out = self._left_out, 0
        return left_out


def is_on_record(code: str, *, is_staff: bool, is_change: bool, is_noted: bool) -> bool:
    """Tell whether a request leaves an entry."""
    if code == "NOT_ALLOWED":
        return True
    if is_noted:
        return code in (DONE, "WRONG_CREDENTIALS")
    return is_staff and is_change


def name_of(request: web.Request) -> str:
    """Return the name of a request: as a proxy before us called it, else a new one."""
    if REQUEST not in request:
        given = request.headers.get(REQUEST_HEADER, "")
        request[REQUEST] = given if REQUEST_NAME.fullmatch(given) else secrets.token_hex(8)
    return request[REQUEST]
