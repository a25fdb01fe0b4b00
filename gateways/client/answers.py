"""What the exchange says, as values: receipts, refusals, news of a lot; and the id that a command is known by."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from gateways.client.problems import words

Frame: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Receipt:
    """The command is on durable record; amounts are minor units and describe the lot right after it."""

    id: str
    lot: int
    sequence: int
    at_us: int
    amount: int
    link: str
    is_leading: bool
    price: int
    asking_price: int
    is_repeat: bool


@dataclass(frozen=True, slots=True)
class Refusal:
    """The command changed nothing; what would be accepted stands beside the code."""

    id: str
    lot: int
    code: str
    asking_price: int = 0
    increment: int = 0
    largest: int = 0
    missing: int = 0
    detail: str = ""

    @property
    def words(self) -> str:
        """What the code means, and what to do next."""
        return words(self.code)


Answer: TypeAlias = Receipt | Refusal


@dataclass(frozen=True, slots=True)
class Update:
    """News of a lot: a `snapshot`, the next `events`, or the latest `state`.

    `is_recovered` is False when earlier news are lost to us and `state` is a fresh start.
    """

    kind: str
    lot: int
    epoch: str
    offset: int
    server_time_us: int
    state: Frame
    records: list[Frame] = field(default_factory=list)
    you: Frame | None = None
    is_recovered: bool = True


def new_command_id() -> str:
    """Return 128 random bits in hexadecimal: one for each intention."""
    return secrets.token_hex(16)


def receipt_of(frame: Frame) -> Receipt:
    """Read a receipt."""
    return Receipt(
        frame["id"],
        frame["lot"],
        frame["sequence"],
        frame["at_us"],
        frame["amount"],
        frame["link"],
        frame["is_leading"],
        frame["price"],
        frame["asking_price"],
        frame["is_repeat"],
    )


def refusal_of(frame: Frame) -> Refusal:
    """Read a refusal."""
    return Refusal(
        frame["id"],
        frame["lot"],
        frame["code"],
        frame.get("asking_price", 0),
        frame.get("increment", 0),
        frame.get("largest", 0),
        frame.get("missing", 0),
        frame.get("detail", ""),
    )


def update_of(frame: Frame) -> Update:
    """Read news of a lot."""
    return Update(
        frame["type"],
        frame["lot"],
        frame["epoch"],
        frame["offset"],
        frame["server_time_us"],
        frame["state"],
        frame.get("records", []),
        frame.get("you"),
        frame.get("is_recovered", True),
    )
