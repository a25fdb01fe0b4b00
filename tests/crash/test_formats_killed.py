"""kill -9 in the middle of sales of many formats, over the live connection: each goes on and ends as its rules say."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from gateways.client import ApiClient
from tests.e2e.conftest import House, people_of
from tests.exchange_process import ExchangeProcess
from tests.live import Frame, Talk, host
from tests.patience import PATIENCE_SECONDS

SECOND_US = 1_000_000
SPANS_S = (7, 30, 120)
"""How long a lot takes bids, the longer the slower the machine is: everybody has to have spoken before the kill. What
comes back late is frozen and resumes by itself."""

RESUME_COUNTDOWN_US = {"order_book": 10 * SECOND_US}
"""Where somebody speaks after the start he must have the time."""

OVER = ("LOT_CLOSED", "NOT_TAKEN_NOW")


def handle(number: int) -> str:
    """Return the digest that stands for a ciphertext."""
    return hashlib.sha256(f"ciphertext {number}".encode()).hexdigest()


def programme(name: str, span_us: int) -> dict[str, Any]:
    """Return the one phase of a lot; those that end by themselves do so after a span."""
    items = [{"item": 1, "opening_price": 1_000}, {"item": 2, "opening_price": 500}]
    phases: dict[str, dict[str, Any]] = {
        "offers": {"duration_us": span_us},
        "sealed": {"duration_us": span_us, "opening_us": 60 * SECOND_US},
        "dutch": {"steps": 5, "step": 100, "tick_us": 60 * SECOND_US, "first_pause_us": 0},
        "multi_unit": {"supply": 10, "unit": "t", "duration_us": span_us},
        "order_book": {"duration_us": span_us},
        "simultaneous": {"items": items, "round_us": span_us, "rounds_max": 1, "activity_basis_points": 0},
    }
    return {"phase": name, "resume_countdown_us": RESUME_COUNTDOWN_US.get(name, SECOND_US)} | phases[name]


BEFORE: dict[str, list[tuple[int, Frame]]] = {
    "offers": [
        (0, {"type": "offer", "lines": [[1_200, 1]]}),
        (1, {"type": "offer", "lines": [[1_300, 1]]}),
    ],
    "sealed": [(0, {"type": "seal", "handle": handle(0)}), (1, {"type": "seal", "handle": handle(1)})],
    "dutch": [],
    "multi_unit": [
        (0, {"type": "offer", "lines": [[1_200, 6], [1_100, 6]]}),
        (1, {"type": "offer", "lines": [[1_150, 3]]}),
    ],
    "order_book": [(0, {"type": "order", "side": "sell", "quantity": 5, "price": 1_000})],
    "simultaneous": [
        (0, {"type": "item_bids", "bids": [[1, 1_000], [2, 500]]}),
        (1, {"type": "item_bids", "bids": [[2, 600]]}),
    ],
}
"""Who says what before the kill."""

AFTER: dict[str, list[tuple[int, Frame]]] = {
    "dutch": [(2, {"type": "bid", "amount": 1_000})],
    "order_book": [(1, {"type": "order", "side": "buy", "quantity": 3, "price": 1_100})],
}

OUTCOMES: dict[str, Frame] = {
    "offers": {"winner": 2, "hammer_price": 1_300},
    "sealed": {"winner": 1, "hammer_price": 2_500},
    "dutch": {"winner": 3, "hammer_price": 1_000},
    "multi_unit": {
        "awards": [
            {"paddle": 1, "quantity": 7, "amount": 7_700, "price": 1_100},
            {"paddle": 2, "quantity": 3, "amount": 3_300, "price": 1_100},
        ]
    },
    "order_book": {
        "awards": [
            {"paddle": 1, "quantity": -3, "amount": -3_000},
            {"paddle": 2, "quantity": 3, "amount": 3_000},
        ]
    },
    "simultaneous": {
        "awards": [
            {"paddle": 1, "quantity": 1, "amount": 1_000, "item": 1},
            {"paddle": 2, "quantity": 1, "amount": 600, "item": 2},
        ]
    },
}


class TooSlow(Exception):
    """A lot was over before everybody had spoken."""


def form(name: str, span_s: int) -> Frame:
    """Return a lot of a format, opened by its host."""
    terms = {
        "currency": "CNY",
        "opening_price": 1_000,
        "opens_at_us": 0,
        "outage_notice_us": SECOND_US,
        "programme": [programme(name, span_s * SECOND_US)],
    }
    return {"category": "other", "title_zh": f"标的 {name}", "title_en": name, "deposit": 0, "terms": terms}


async def opened(house: House, span_s: int) -> dict[str, int]:
    """Publish a lot of each format, admit everybody and open it."""
    async with ApiClient(house.url, token=house.operator) as api:
        lots = {name: await api.publish_lot(form(name, span_s)) for name in OUTCOMES}
        for lot in lots.values():
            await api.admit(lot, [person.id for person in house.bidders])
    async with house.talk(-1) as talk:
        for lot in lots.values():
            assert (await talk.ask(host(lot, "open")))["type"] == "receipt"
    return lots


async def begun(house: House) -> tuple[dict[str, int], list[Any]]:
    """Open lots and let everybody say what he says before the kill."""
    for span_s in SPANS_S:
        lots = await opened(house, span_s)
        with suppress(TooSlow):
            return lots, await say(house, lots, BEFORE)
    raise AssertionError(f"nine lines could not be said in {SPANS_S[-1]} seconds")


async def say(house: House, lots: dict[str, int], script: dict[str, list[tuple[int, Frame]]]) -> list[Any]:
    """Let everybody say his lines, once the lot is not frozen; return (who, frame, receipt) of each.

    Raises: TooSlow.
    """
    said = []
    for name, lines in script.items():
        for bidder, line in lines:
            frame = {"id": secrets.token_hex(16), "lot": lots[name]} | line
            async with house.talk(bidder) as talk, asyncio.timeout(PATIENCE_SECONDS):
                while (receipt := await talk.ask(frame)).get("code") == "LOT_FROZEN":
                    frame["id"] = secrets.token_hex(16)
                    await asyncio.sleep(0.02)
            if receipt.get("code") in OVER:
                raise TooSlow
            assert receipt["type"] == "receipt", (frame, receipt)
            said.append((bidder, frame, receipt))
    return said


async def until(talk: Talk, lot: int, wanted: str) -> Frame:
    """Follow a lot until its state is as wanted, or until an opening of sealed offers is due."""
    frame = await talk.subscribe(lot)
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while frame["state"]["state"] != wanted and not (wanted == "opening" and _waits_for_opening(frame)):
        assert time.monotonic() < give_up_at, frame["state"]
        frame = await talk.hear("events", "snapshot")
    state: Frame = frame["state"]
    return state


def _waits_for_opening(frame: Frame) -> bool:
    return any(record["event"]["type"] == "RoundBegan" for record in frame["records"])


async def test_sales_of_every_kind_go_on_after_a_kill(tmp_path: Path) -> None:
    exchange = ExchangeProcess(tmp_path / "data", "--no-demo")
    exchange.start()
    try:
        house = House(exchange, await people_of(exchange))
        lots, said = await begun(house)
        exchange.kill()
        exchange.start()
        for bidder, frame, receipt in said:
            async with house.talk(bidder) as talk:
                again = await talk.ask(frame)
            assert again["is_repeat"] and again["link"] == receipt["link"], (receipt, again)
        await say(house, lots, AFTER)
        async with house.talk(-1) as talk:
            await until(talk, lots["sealed"], "opening")
            openings = [
                {"handle": handle(0), "lines": [[2_500, 1]]},
                {"handle": handle(1), "lines": [[1_700, 1]]},
            ]
            answer = await talk.ask({"type": "openings", "lot": lots["sealed"], "openings": openings})
            assert answer["type"] == "receipt", answer
        for name, lot in lots.items():
            async with house.talk(-1) as talk:
                state = await until(talk, lot, "sold")
            assert {key: state[key] for key in OUTCOMES[name]} == OUTCOMES[name], (name, state)
        async with ApiClient(house.url, token=house.operator) as api:
            assert (await api.call("GET", "/ledger/verification"))["is_sound"]
        assert exchange.stop() == 0
    finally:
        if exchange.exit_code is None:
            exchange.kill()
    await check_journal(tmp_path / "data")


async def check_journal(data_dir: Path) -> None:
    """Let the command line recompute everything, every outcome included."""
    command = [sys.executable, "-m", "gateways.cli", "journal", "verify", "--data-dir", str(data_dir)]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
