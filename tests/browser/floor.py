"""An exchange without the demo for tests of the bidding room: bidders, lots, the record; and what a page says to it.

Belongs here: what stands before anybody bids, and what is compared afterwards. Does not belong here: bidding.
"""

from __future__ import annotations

import json
from itertools import count
from typing import Any

from msgspec import to_builtins
from playwright.async_api import WebSocket, expect

from gateways.client import ApiClient, LiveClient, Receipt
from gateways.wire import HostAct
from matching.terms import MINUTE_US
from tests.browser.people import PASSWORD, Person
from tests.exchange_process import ExchangeProcess
from tests.identities import of_person
from tests.live import lot_form

Frame = dict[str, Any]

NUMBERS = count(5_000)
"""Of identity documents: a number of its own for every bidder, however many floors look at one exchange."""

UNIT = "㎡"
CAPPED: list[dict[str, Any]] = [
    {"phase": "english", "increments": [[0, 10_00]], "duration_us": None, "host_may_hammer": True,
     "cap_price": 1_000_00, "max_bids_allowed": False},
    {"phase": "second_dimension", "unit": UNIT, "start": 500, "step": 100, "cap": 9_000,
     "duration_us": 30 * MINUTE_US, "soft_close_window_us": 0},
]  # fmt: skip
"""A price that is capped, and then an area that is bid in."""


class Floor:
    """What the operator of a running exchange sets up and looks at."""

    def __init__(self, exchange: ExchangeProcess) -> None:
        self.exchange = exchange
        self._bidders: dict[str, int] = {}

    async def admit(self, lot: int, *logins: str) -> None:
        """Admit bidders without deposit, in this order; those who are not there yet get an account."""
        async with self._operator() as api:
            for login in logins:
                if login not in self._bidders:
                    form = {
                        "login": login,
                        "name": f"竞买人 {login} / {login}",
                        "roles": ["bidder"],
                        "password": PASSWORD,
                        "identity": to_builtins(of_person(f"竞买人 {login} / {login}", next(NUMBERS))),
                    }
                    self._bidders[login] = (await api.call("POST", "/accounts", form))["account"]["id"]
            await api.admit(lot, [self._bidders[login] for login in logins])

    async def entitle(self, lot: int, login: str, rank: int) -> None:
        """Enter the priority of a bidder who has an account already, before he is admitted."""
        async with self._operator() as api:
            path = f"/lots/{lot}/bidders/{self._bidders[login]}/capacity"
            await api.call("PUT", path, {"rank": rank, "partners": []})

    async def publish(self, title: str, terms: Frame | None = None, **phase: Any) -> int:
        """Publish a lot that opens at ¥1,000 with steps of ¥10 and is hammered by the host, unless changed."""
        form = lot_form(title, **{"increments": [[0, 10_00]], "bid_rule": "step_multiple"} | phase)
        form["terms"] |= {"opening_price": 1_000_00} | (terms or {})
        async with self._operator() as api:
            return await api.publish_lot(form)

    async def act(self, lot: int, act: HostAct, reason: str = "") -> None:
        """Let the operator do what a host does."""
        async with LiveClient(self.exchange.url, token=self.exchange.operator_token) as host:
            answer = await host.host(lot, act, reason)
        assert isinstance(answer, Receipt), answer

    async def open_lot(self, title: str, *logins: str, **phase: Any) -> int:
        """Publish a lot, admit bidders and open it."""
        lot = await self.publish(title, **phase)
        await self.admit(lot, *logins)
        await self.act(lot, HostAct.OPEN)
        return lot

    async def records(self, lot: int, kind: str = "") -> list[Frame]:
        """Return what is on record of a lot, or the events of one kind, in their order and without gaps."""
        async with self._operator() as api:
            page = await api.records(lot)
        assert not page["has_more"]
        assert [record["sequence"] for record in page["records"]] == [
            *range(1, len(page["records"]) + 1)
        ]  # fmt: skip
        return [record for record in page["records"] if kind in ("", record["event"]["type"])]

    def _operator(self) -> ApiClient:
        return ApiClient(self.exchange.url, token=self.exchange.operator_token)


class Said:
    """Every command that a page has sent, over all its connections."""

    def __init__(self, person: Person) -> None:
        self.bids: list[Frame] = []
        person.page.on("websocket", self._follow)

    def _follow(self, socket: WebSocket) -> None:
        socket.on("framesent", self._hear)

    def _hear(self, payload: str | bytes) -> None:
        frame = json.loads(payload)
        if frame["type"] == "bid":
            self.bids.append(frame)


async def in_the_room(person: Person, login: str, lot: int) -> None:
    """Sign in and sit down in the bidding room, ready to bid."""
    await person.sign_in_unseen(login)
    await person.visit(f"/lots/{lot}")
    await expect(person.at("#bid-asking")).to_be_enabled()
    await expect(person.at("#connection")).to_have_attribute("data-state", "live")
    await person.page.evaluate("window.hasStayed = true")
