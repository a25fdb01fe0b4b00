"""Bidders, watchers and a host for locust: `locust -f loadtests/locustfile.py --host http://127.0.0.1:8080 --headless`.

Bidders come as they came to recorded auctions (`loadtests.late_bids`): the run is the last part of an auction with a
fixed end, and how many bid at a moment follows the curve. Locust's figures are the time from sending a command to its
durable answer, and for news the time from their making to their reading (bidders read when they bid). A gap, a double,
a record of one's own that never comes, or a refusal that nobody may get is a failure.

`LUOCHUI_TOKEN` is an operator's token (`operator.token` in the data folder). `LUOCHUI_LOAD_SECONDS` is how much of the
auction's end is played (60), `LUOCHUI_LOAD_BIDDERS` how many bid at its peak (100), `LUOCHUI_LOAD_WATCHERS` how many
watch (100). An exchange lets in 500 connections from one address unless `connections_per_address_max` says more.
"""

from __future__ import annotations

import os
import random
import secrets
import time
from typing import Any, ClassVar

import requests
import websocket
from locust import LoadTestShape, User, between, constant, events, task
from locust.env import Environment
from locust.exception import StopUser

from gateways.client import API_PREFIX
from loadtests.late_bids import intensity
from loadtests.locust_floor import TIMEOUT_S, Floor

RUN_SECONDS = float(os.environ.get("LUOCHUI_LOAD_SECONDS", "60"))
PEAK_BIDDERS = int(os.environ.get("LUOCHUI_LOAD_BIDDERS", "100"))
WATCHERS = int(os.environ.get("LUOCHUI_LOAD_WATCHERS", "100"))
AFTER_S = 3.0
"""After the end, for the last news to arrive."""
SPAWNED_A_SECOND = 50.0
STEP = 100
VISIT_S = (3.0, 20.0)
EXPECTED = frozenset({"BELOW_ASKING_PRICE", "LEADER_MAY_NOT_RAISE", "LOT_CLOSED", "LOT_NOT_OPEN_YET"})
"""Refusals that a fair race has losers for."""


class Refused(Exception):
    """An answer that nobody should get."""


class House:
    """What the operator can do over HTTP, and the lot that everybody wants, made once for the run."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self.token = token
        self.lot = self.publish("Lot under load", RUN_SECONDS, soon_s=1.0)
        accounts = self._post("/accounts/bulk", {"accounts": _accounts(), "with_tokens": True})["accounts"]
        self._post(f"/lots/{self.lot}/admissions", {"bidders": [account["id"] for account in accounts]})
        self._free = [str(account["token"]) for account in accounts]

    def take_token(self) -> str | None:
        """Give an account that nobody bids with; None when all are taken."""
        return self._free.pop() if self._free else None

    def give_back(self, token: str) -> None:
        """Let somebody else have the account."""
        self._free.append(token)

    def publish(self, title: str, seconds: float, soon_s: float) -> int:
        """Publish a lot that opens soon, by itself, and return its number."""
        return int(self._post("/lots", _new_lot(title, seconds, soon_s))["lot"])

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = requests.post(f"{self.url}{API_PREFIX}{path}", json=body, headers=headers, timeout=TIMEOUT_S)
        answer.raise_for_status()
        return answer.json()


class _Visitor(User):
    """Somebody with a connection."""

    abstract = True
    house: ClassVar[House]

    def _report(self, name: str, seconds: float, length: int, problem: Exception | None) -> None:
        self.environment.events.request.fire(
            request_type=type(self).__name__,
            name=name,
            response_time=seconds * 1000,
            response_length=length,
            exception=problem,
            context={},
        )

    def _come(self, floor: Floor) -> Floor:
        try:
            floor.connect()
        except (websocket.WebSocketException, OSError) as problem:
            self._report("connect", 0.0, 0, problem)
            raise StopUser from problem
        return floor

    def _give(self, floor: Floor, name: str, frame: dict[str, Any]) -> dict[str, Any]:
        """Give a command and report how long its durable answer took, and an answer that nobody should get."""
        began_s = time.perf_counter()
        try:
            answer = floor.command(frame)
        except (websocket.WebSocketException, OSError) as problem:
            self._report(name, time.perf_counter() - began_s, 0, problem)
            raise StopUser from problem
        code = answer.get("code", "")
        wrong = Refused(code) if code and code not in EXPECTED else None
        outcome = f"{name} refused {code}" if code else name
        self._report(outcome, time.perf_counter() - began_s, 0, wrong)
        return answer


class BidderUser(_Visitor):
    """A bidder who follows every event, and bids the asking price or a few steps more."""

    wait_time = between(0.05, 0.5)

    def on_start(self) -> None:
        """Take an account and come."""
        token = self.house.take_token()
        if token is None:
            raise StopUser
        try:
            self._floor = self._come(Floor(self.house.url, self.house.lot, "full", self._report, token))
        except StopUser:
            self.house.give_back(token)
            raise
        self._token = token

    def on_stop(self) -> None:
        """Go, when all of one's own has been seen; who never came has nothing to leave."""
        if hasattr(self, "_floor"):
            self._floor.leave()
            self.house.give_back(self._token)

    @task
    def bid(self) -> None:
        """Read the news, and bid."""
        try:
            self._floor.take_news(0.0)
        except (websocket.WebSocketException, OSError) as problem:
            self._report("news", 0.0, 0, problem)
            raise StopUser from problem
        state = self._floor.state
        if state["state"] == "open":
            amount = state["asking_price"] + random.choice((0, 0, 0, 1, 2)) * STEP
            self._give(self._floor, "bid", {"type": "bid", "amount": amount})


class WatcherUser(_Visitor):
    """Somebody without an account, who watches for a while, goes, and comes back to where he was."""

    fixed_count = WATCHERS
    wait_time = constant(0)

    def on_start(self) -> None:
        """Choose how much to be told, and come."""
        view = random.choice(("state", "full"))
        self._floor = self._come(Floor(self.house.url, self.house.lot, view, self._report))
        self._goes_at_s = time.monotonic() + random.uniform(*VISIT_S)

    def on_stop(self) -> None:
        """Go, if he came."""
        if hasattr(self, "_floor"):
            self._floor.leave()

    @task
    def watch(self) -> None:
        """Take the news of a second; now and then leave and come back."""
        try:
            self._floor.take_news(1.0)
        except (websocket.WebSocketException, OSError) as problem:
            self._report("news", 0.0, 0, problem)
            raise StopUser from problem
        if time.monotonic() > self._goes_at_s:
            self._floor.leave()
            self._come(self._floor)
            self._goes_at_s = time.monotonic() + random.uniform(*VISIT_S)


class HostUser(_Visitor):
    """The host, who publishes lots beside the one that everybody wants, opens them and lets the hammer fall."""

    fixed_count = 1
    wait_time = between(0.5, 1.5)

    @task
    def hold_an_auction(self) -> None:
        """Publish, open, warn and hammer one lot, to which nobody comes."""
        began_s = time.perf_counter()
        try:
            lot = self.house.publish("Lot nobody wants", RUN_SECONDS, soon_s=3_600.0)
        except requests.RequestException as problem:
            self._report("publish", time.perf_counter() - began_s, 0, problem)
            return
        self._report("publish", time.perf_counter() - began_s, 0, None)
        floor = self._come(Floor(self.house.url, lot, "full", self._report, self.house.token))
        for act in ("open", "fair_warning", "hammer"):
            self._give(floor, act, {"type": "host", "act": act})
        floor.leave()


class LastPart(LoadTestShape):
    """As many bidders at a moment as the curve says, watchers and a host throughout, then nobody."""

    def tick(self) -> tuple[int, float] | None:
        """Return how many users there are now and how fast they come; None when it is over."""
        ran_s = self.get_run_time()  # type: ignore[no-untyped-call]
        if ran_s > RUN_SECONDS + AFTER_S:
            return None
        share = intensity(max(RUN_SECONDS - ran_s, 0.0))
        return max(round(PEAK_BIDDERS * share), 1) + WATCHERS + HostUser.fixed_count, SPAWNED_A_SECOND


@events.test_start.add_listener  # type: ignore[untyped-decorator]
def make_lot(environment: Environment, **_: Any) -> None:
    """Make the lot before the first bidder comes."""
    url = (environment.host or "http://127.0.0.1:8080").rstrip("/")
    token = os.environ.get("LUOCHUI_TOKEN", "")
    if not token:
        raise SystemExit("LUOCHUI_TOKEN must hold an operator's token (operator.token in the data folder)")
    _Visitor.house = House(url, token)
    time.sleep(1.5)  # until the clock has opened the lot


def _new_lot(title: str, seconds: float, soon_s: float) -> dict[str, Any]:
    phase = {
        "phase": "english",
        "increments": [[0, STEP]],
        "duration_us": int(seconds * 1_000_000),
        "soft_close_window_us": 0,
        "host_may_hammer": True,
        "fair_warnings_min": 1,
    }
    opens_at_us = time.time_ns() // 1000 + int(soon_s * 1_000_000)
    return {
        "category": "other",
        "title_zh": "负载测试标的",
        "title_en": title,
        "terms": {"currency": "CNY", "opening_price": STEP, "opens_at_us": opens_at_us, "programme": [phase]},
        "deposit": 0,
    }


def _accounts() -> list[dict[str, Any]]:
    run = secrets.token_hex(3)
    return [
        {"login": f"locust-{run}-{number}", "name": f"Locust {number}", "roles": ["bidder"]}
        for number in range(PEAK_BIDDERS + 1)
    ]
