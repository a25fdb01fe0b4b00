"""The way between people and machines: messages are late, lost, doubled and overtake each other.

Belongs here: the fate of a message. Does not belong here: what messages say.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from tests.simulation.event_loop import Process
from tests.simulation.faults import Fault, Faults

LATE_US_MAX = 4_000_000


class Network:
    """Carries calls from one process to another."""

    def __init__(self, chance: random.Random, faults: Faults) -> None:
        self._chance = chance
        self._faults = faults

    def send(self, to: Process, deliver: Callable[..., object], *arguments: object) -> None:
        """Let `deliver` be called inside the other process, once, twice or never."""
        strikes = self._faults.strikes
        if strikes(Fault.MESSAGE_LOST):
            return
        to.call(self._travel_us(), deliver, *arguments)
        if strikes(Fault.MESSAGE_DOUBLED):
            to.call(self._travel_us(), deliver, *arguments)

    def _travel_us(self) -> int:
        if self._faults.strikes(Fault.MESSAGE_LATE):
            return int(self._chance.random() * LATE_US_MAX)
        return int(self._chance.random() ** 3 * 30_000) + 100
