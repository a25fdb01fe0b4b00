"""A bare conversation with the live floor, for tests that want to see every frame."""

from __future__ import annotations

import asyncio
import secrets
from types import TracebackType
from typing import Any, Self

import aiohttp
import msgpack
import orjson

from tests.frame_schemas import check_frame
from tests.patience import PATIENCE_SECONDS

Frame = dict[str, Any]


class Talk:
    """One connection: says frames, hears frames. `async with Talk(url, token)`; the hello is in `hello`."""

    def __init__(self, url: str, token: str = "", *, is_binary: bool = False, **headers: str) -> None:
        self._url = url
        self._headers = headers | ({"Authorization": f"Bearer {token}"} if token else {})
        self._is_binary = is_binary
        self.hello: Frame = {}

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(headers=self._headers)
        protocol = "luochui.v1.msgpack" if self._is_binary else "luochui.v1.json"
        try:
            self.socket = await self._session.ws_connect(
                f"{self._url}/api/v1/live", protocols=(protocol,), max_msg_size=0
            )
            self.hello = await self.hear()
        except BaseException:
            await self._session.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.socket.close()
        await self._session.close()

    async def say(self, frame: Frame | str | bytes) -> None:
        """Send a frame, or raw data."""
        if isinstance(frame, dict):
            check_frame(frame)
            frame = msgpack.packb(frame) if self._is_binary else orjson.dumps(frame).decode()
        if isinstance(frame, str):
            await self.socket.send_str(frame)
        else:
            await self.socket.send_bytes(frame)

    async def hear(self, *types: str) -> Frame:
        """Return the next frame, or the next of the given types."""
        while True:
            message = await asyncio.wait_for(self.socket.receive(), PATIENCE_SECONDS)
            if message.type not in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
                raise ConnectionError(self.socket.close_code)
            frame: Frame = msgpack.unpackb(message.data) if self._is_binary else orjson.loads(message.data)
            check_frame(frame)
            if not types or frame["type"] in types:
                return frame

    async def ask(self, frame: Frame) -> Frame:
        """Send a command, with a new id unless it has one, and return its answer."""
        frame = {"id": secrets.token_hex(16)} | frame
        await self.say(frame)
        while True:
            answer = await self.hear("receipt", "refusal", "error")
            if answer.get("id") == frame["id"]:
                return answer

    async def subscribe(self, lot: int, **position: Any) -> Frame:
        """Follow a lot and return the snapshot."""
        await self.say({"type": "subscribe", "lot": lot, **position})
        return await self.hear("snapshot")


def bid(lot: int, amount: int) -> Frame:
    """A bid."""
    return {"type": "bid", "lot": lot, "amount": amount}


def host(lot: int, act: str, reason: str = "") -> Frame:
    """An act of the host."""
    return {"type": "host", "lot": lot, "act": act, "reason": reason}


def announcement(lot: int, text: str) -> Frame:
    """What the host says to the room."""
    return {"type": "host", "lot": lot, "act": "announce", "text": text}


def lot_form(title: str = "标的 lot", deposit: int = 0, **phase: Any) -> Frame:
    """A lot that a host opens and hammers: opening price 1,000, step 10, unless changed."""
    english = {
        "phase": "english",
        "increments": [[0, 10]],
        "duration_us": None,
        "host_may_hammer": True,
        "fair_warnings_min": 0,
    } | phase
    terms = {"currency": "CNY", "opening_price": 1_000, "opens_at_us": 0, "programme": [english]}
    return {"category": "other", "title_zh": title, "title_en": title, "deposit": deposit, "terms": terms}
