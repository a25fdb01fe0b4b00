"""What a program knows of one lot, as a pure function of the frames that came: reduce(room, frame) -> room.

Belongs here: the room and how frames change it. Does not belong here: connections, asking again, deciding what to bid.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from gateways.client.answers import Frame

RECORDS_MAX: Final = 500
CLOSED: Final = frozenset({"knocked_down", "sold", "passed", "withdrawn"})


@dataclass(frozen=True, slots=True)
class Room:
    """One lot as somebody in it sees it. Amounts are minor units, times microseconds; 0 where there is none.

    `view` is the lot's public state, empty until the first snapshot; `offset` the sequence of the last record that it
    takes into account; `records` the latest, oldest first; `you` one's own place; `outbid` the price that took the
    lead from one, 0 while nobody has.
    """

    lot: int
    view: Frame = field(default_factory=dict)
    epoch: str = ""
    offset: int = 0
    records: tuple[Frame, ...] = ()
    you: Frame | None = None
    outbid: int = 0
    bidders_online: int = 0
    watchers: int = 0

    @property
    def state(self) -> str:
        """announced, open, frozen, knocked_down, sold, passed or withdrawn; empty until the first snapshot."""
        return str(self.view.get("state", ""))

    @property
    def is_closed(self) -> bool:
        """Tell whether nobody can bid any more."""
        return self.state in CLOSED

    @property
    def price(self) -> int:
        """The leading price."""
        return self._number("price")

    @property
    def asking_price(self) -> int:
        """The lowest bid that is accepted now; the highest where prices fall."""
        return self._number("asking_price")

    @property
    def phase(self) -> int:
        """The phase of the programme that runs, from 0; what a bidder gives is meant for one of them."""
        return self._number("phase")

    @property
    def ends_at_us(self) -> int:
        """The end as it stands, by the server's clock; 0 where only the host ends it."""
        return self._number("ends_at_us")

    @property
    def paddle(self) -> int:
        """One's own paddle."""
        return 0 if self.you is None else int(self.you["paddle"])

    @property
    def item_bids(self) -> list[list[int]]:
        """One's own bids of the simultaneous round that runs, each as item, amount and quantity."""
        return [] if self.you is None else list(self.you.get("item_bids", ()))

    @property
    def held(self) -> list[list[int]]:
        """What one holds in a clock since its last round, each [item, price now, quantity]."""
        return [] if self.you is None else list(self.you.get("held", ()))

    @property
    def is_mine(self) -> bool:
        """Tell whether one leads, or, once it has ended, has won."""
        who = self._number("winner" if self.is_closed else "leader")
        return self.paddle > 0 and who == self.paddle

    def _number(self, name: str) -> int:
        value: Any = self.view.get(name, 0)
        return int(value)


def reduce(room: Room, frame: Frame) -> Room:
    """Take a frame over and return the room after it; frames of other lots and kinds leave it as it is."""
    if frame.get("lot") != room.lot:
        return room
    match frame["type"]:
        case "snapshot":
            is_continued = frame["is_recovered"] and room.epoch == frame["epoch"]
            before = room.records if is_continued else ()
            changed = replace(room, epoch=frame["epoch"], you=frame["you"], records=before)
            return _moved(changed, frame)
        case "events" | "state":
            return _moved(room, frame)
        case "outbid":
            is_old = room.is_mine and room.price > frame["price"]
            return room if is_old else replace(room, outbid=int(frame["price"]))
        case "you":
            own = {key: value for key, value in frame.items() if key not in ("type", "lot")}
            return replace(room, you=own)
        case "presence":
            return replace(room, bidders_online=frame["bidders_online"], watchers=frame["watchers"])
    return room


def _moved(room: Room, frame: Frame) -> Room:
    """Take over a state with its records. Losing the lead shows in the state too, should the notice be lost."""
    led = room.is_mine
    moved = replace(
        room,
        view=frame["state"],
        offset=frame["offset"],
        records=_joined(room.records, frame.get("records", ())),
    )
    if moved.is_mine or moved.is_closed:
        return replace(moved, outbid=0)
    return replace(moved, outbid=moved.price) if led or room.outbid else moved


def _joined(known: tuple[Frame, ...], added: Sequence[Frame]) -> tuple[Frame, ...]:
    last = known[-1]["sequence"] if known else 0
    if added and added[0]["sequence"] <= last:
        added = [record for record in added if record["sequence"] > last]
    return (*known, *added)[-RECORDS_MAX:]
