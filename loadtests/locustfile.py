"""Bidders for locust who really bid: `locust -f loadtests/locustfile.py --host http://127.0.0.1:8080`.

The crowd follows the shape of a lot's last minute: some early, then more and more. Every bidder has an account and
a live connection of his own; locust's figures are the time from sending a bid to its durable answer.

`LUOCHUI_TOKEN` is an operator's token (`operator.token` in the data folder); `LUOCHUI_LOAD_SECONDS` is the length
of the run, 60 by default.
"""

from __future__ import annotations

import os
import random
import secrets
import select
import time
from typing import Any, ClassVar

import orjson
import requests
import websocket
from locust import LoadTestShape, User, between, events, task
from locust.env import Environment
from locust.exception import StopUser

from gateways.client import API_PREFIX, new_command_id
from gateways.wire import JSON_PROTOCOL

ACCOUNTS = 200
STEP = 100
TIMEOUT_S = 10.0
RUN_SECONDS = float(os.environ.get("LUOCHUI_LOAD_SECONDS", "60"))

FINAL_MINUTE = ((0.5, 10), (0.75, 25), (0.9, 60), (1.0, 100))
"""Up to this share of the run, so many bidders at once: late bids come from a crowd that grows to the end."""


class HotLot:
    """The lot that everybody wants, made once for the run, and the accounts that were admitted to it."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self._token = token
        self.lot = int(self._post("/lots", _new_lot())["lot"])
        accounts = self._post("/accounts/bulk", {"accounts": _accounts(), "with_tokens": True})["accounts"]
        self._post(f"/lots/{self.lot}/admissions", {"bidders": [account["id"] for account in accounts]})
        self._free = [str(account["token"]) for account in accounts]

    def take_token(self) -> str | None:
        """Give an account that nobody bids with; None when all are taken."""
        return self._free.pop() if self._free else None

    def give_back(self, token: str) -> None:
        """Let somebody else have the account."""
        self._free.append(token)

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        headers = {"Authorization": f"Bearer {self._token}"}
        answer = requests.post(f"{self.url}{API_PREFIX}{path}", json=body, headers=headers, timeout=TIMEOUT_S)
        answer.raise_for_status()
        return answer.json()


class BidderUser(User):
    """A bidder who watches the asking price and bids it, now and then a few steps more."""

    wait_time = between(0.05, 0.5)
    hot_lot: ClassVar[HotLot]

    def on_start(self) -> None:
        """Connect and see where the lot stands."""
        token = self.hot_lot.take_token()
        if token is None:
            raise StopUser
        self._token = token
        self._asking_price = STEP
        address = self.hot_lot.url.replace("http", "ws", 1)
        began_s = time.perf_counter()
        self._socket = websocket.create_connection(
            f"{address}{API_PREFIX}/live",
            timeout=TIMEOUT_S,
            header=[f"Authorization: Bearer {token}"],
            subprotocols=[JSON_PROTOCOL],
        )
        hello = self._receive("hello")
        self._report("connect", began_s, len(orjson.dumps(hello)), None)
        self._send({"type": "subscribe", "lot": self.hot_lot.lot, "view": "state"})
        self._asking_price = self._receive("snapshot")["state"]["asking_price"]

    def on_stop(self) -> None:
        """Leave."""
        self._socket.close()
        self.hot_lot.give_back(self._token)

    @task
    def bid(self) -> None:
        """Bid what is asked for, or a little more, and wait for the durable answer."""
        self._take_news()
        command_id = new_command_id()
        amount = self._asking_price + random.choice((0, 0, 0, 1, 2)) * STEP
        began_s = time.perf_counter()
        try:
            self._send({"type": "bid", "id": command_id, "lot": self.hot_lot.lot, "amount": amount})
            answer = self._answer(command_id)
        except (websocket.WebSocketException, OSError) as problem:
            self._report("bid", began_s, 0, problem)
            raise StopUser from problem
        if answer["type"] == "error":
            self._report("bid", began_s, 0, ConnectionError(answer["code"]))
        else:
            self._asking_price = answer.get("asking_price") or self._asking_price
            name = "bid accepted" if answer["type"] == "receipt" else f"bid refused {answer['code']}"
            self._report(name, began_s, len(orjson.dumps(answer)), None)

    def _answer(self, command_id: str) -> dict[str, Any]:
        """Return the answer to a command; take the news that come before it."""
        while (frame := self._frame()).get("id") != command_id:
            self._take(frame)
        return frame

    def _take_news(self) -> None:
        """Take what has arrived since the last bid."""
        sock = self._socket.sock
        while sock is not None and select.select([sock], [], [], 0)[0]:
            self._take(self._frame())

    def _take(self, frame: dict[str, Any]) -> None:
        if frame["type"] == "state":
            self._asking_price = frame["state"]["asking_price"]

    def _receive(self, kind: str) -> dict[str, Any]:
        while (frame := self._frame())["type"] != kind:
            pass
        return frame

    def _frame(self) -> dict[str, Any]:
        frame: dict[str, Any] = orjson.loads(self._socket.recv())
        return frame

    def _send(self, frame: dict[str, Any]) -> None:
        self._socket.send(orjson.dumps(frame).decode())

    def _report(self, name: str, began_s: float, length: int, problem: Exception | None) -> None:
        self.environment.events.request.fire(
            request_type="WebSocket",
            name=name,
            response_time=(time.perf_counter() - began_s) * 1000,
            response_length=length,
            exception=problem,
            context={},
        )


class FinalMinute(LoadTestShape):
    """More and more bidders towards the end, then nobody."""

    def tick(self) -> tuple[int, float] | None:
        """Return how many bidders there are now and how fast they come; None when it is over."""
        share = self.get_run_time() / RUN_SECONDS  # type: ignore[no-untyped-call]
        return next(((bidders, 50.0) for until, bidders in FINAL_MINUTE if share < until), None)


@events.test_start.add_listener  # type: ignore[untyped-decorator]
def make_lot(environment: Environment, **_: Any) -> None:
    """Make the lot before the first bidder comes."""
    url = (environment.host or "http://127.0.0.1:8080").rstrip("/")
    token = os.environ.get("LUOCHUI_TOKEN", "")
    if not token:
        raise SystemExit("LUOCHUI_TOKEN must hold an operator's token (operator.token in the data folder)")
    BidderUser.hot_lot = HotLot(url, token)
    time.sleep(1.5)  # until the clock has opened the lot


def _new_lot() -> dict[str, Any]:
    phase = {
        "phase": "english",
        "increments": [[0, STEP]],
        "duration_us": int((RUN_SECONDS + 30) * 1_000_000),
        "soft_close_window_us": 5_000_000,
        "extension_us": 5_000_000,
        "host_may_hammer": True,
    }
    opens_at_us = time.time_ns() // 1000 + 1_000_000
    return {
        "category": "other",
        "title_zh": "负载测试标的",
        "title_en": "Lot under load",
        "terms": {"currency": "CNY", "opening_price": STEP, "opens_at_us": opens_at_us, "programme": [phase]},
        "deposit": 0,
    }


def _accounts() -> list[dict[str, Any]]:
    run = secrets.token_hex(3)
    return [
        {"login": f"locust-{run}-{number}", "name": f"Locust {number}", "roles": ["bidder"]}
        for number in range(ACCOUNTS)
    ]
