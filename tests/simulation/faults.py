"""What can go wrong, how often in one simulation, and how often it did.

Each seed switches a part of the faults off and the others up or down: some runs are nearly quiet, some see little
else than one kind of trouble. Runs that always mix everything find less, because one fault hides the next.

Belongs here: kinds, rates, counts. Does not belong here: what a fault does.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from enum import StrEnum


class Fault(StrEnum):
    """Everything that this world does to the exchange."""

    MESSAGE_LOST = "message lost"
    MESSAGE_DOUBLED = "message doubled"
    MESSAGE_LATE = "message late and out of order"
    ENTRY_LOST = "entry between engine and gateway lost"
    ENTRY_DOUBLED = "entry between engine and gateway doubled"
    ENTRY_LATE = "entry between engine and gateway late"
    WIRE_CUT = "process cut off from the wire"
    WIRE_FLUSHED = "everything on the wire lost"
    REQUEST_LOST = "database request lost before it arrived"
    CONNECTION_CUT = "connection cut while the database went on"
    ANSWER_LOST = "answer of the database lost after the commit"
    ROLLED_BACK = "transaction rolled back"
    REQUEST_SLOW = "transaction slow"
    DISK_FULL = "append failed for good"
    DATABASE_FLICKERED = "way to the database bad for a while"
    DATABASE_CRASHED = "database crashed"
    DATABASE_CRASHED_AT_COMMIT = "database crashed as it forced its log"
    TAIL_TORN = "tail of the log torn in the crash"
    SNAPSHOT_LOST = "snapshot lost"
    ENGINE_KILLED = "engine killed"
    ENGINE_KILLED_AT_REQUEST = "engine killed as it asked the database"
    ENGINE_KILLED_AT_COMMIT = "engine killed as its append became durable"
    ENGINE_PAUSED = "engine paused"
    GATEWAY_KILLED = "gateway killed"
    GATEWAY_PAUSED = "gateway paused"
    ENGINE_TAKEN_OVER = "engine taken over while it lived"
    CLOCK_FORWARD = "clock jumped forward"
    CLOCK_BACK = "clock jumped back"
    LEDGER_LOST = "ledger gone before a posting"
    LEDGER_ANSWER_LOST = "ledger gone after a posting"
    TREASURER_KILLED = "settlement killed"


ORDINARY: dict[Fault, float] = {
    Fault.MESSAGE_LOST: 0.03,
    Fault.MESSAGE_DOUBLED: 0.03,
    Fault.MESSAGE_LATE: 0.05,
    Fault.ENTRY_LOST: 0.02,
    Fault.ENTRY_DOUBLED: 0.02,
    Fault.ENTRY_LATE: 0.02,
    Fault.WIRE_CUT: 0.03,
    Fault.WIRE_FLUSHED: 0.03,
    Fault.REQUEST_LOST: 0.01,
    Fault.CONNECTION_CUT: 0.02,
    Fault.ANSWER_LOST: 0.02,
    Fault.ROLLED_BACK: 0.01,
    Fault.REQUEST_SLOW: 0.03,
    Fault.DISK_FULL: 0.002,
    Fault.DATABASE_FLICKERED: 0.05,
    Fault.DATABASE_CRASHED: 0.02,
    Fault.DATABASE_CRASHED_AT_COMMIT: 0.004,
    Fault.TAIL_TORN: 0.4,
    Fault.SNAPSHOT_LOST: 0.2,
    Fault.ENGINE_KILLED: 0.03,
    Fault.ENGINE_KILLED_AT_REQUEST: 0.006,
    Fault.ENGINE_KILLED_AT_COMMIT: 0.006,
    Fault.ENGINE_PAUSED: 0.03,
    Fault.GATEWAY_KILLED: 0.03,
    Fault.GATEWAY_PAUSED: 0.03,
    Fault.ENGINE_TAKEN_OVER: 0.03,
    Fault.CLOCK_FORWARD: 0.02,
    Fault.CLOCK_BACK: 0.02,
    Fault.LEDGER_LOST: 0.05,
    Fault.LEDGER_ANSWER_LOST: 0.05,
    Fault.TREASURER_KILLED: 0.02,
}
"""How likely each is when there is an occasion for it: a message, a request, half a second of a machine's life."""


class Faults:
    """The faults of one simulation."""

    def __init__(self, chance: random.Random, emphasis: Mapping[Fault, float]) -> None:
        """Choose the rates by chance, but for those that are given."""
        self.counts: Counter[Fault] = Counter()
        self.are_over = False
        """From some moment on everything works, so that all that was begun can be finished."""
        self._chance = chance
        by_chance = {
            fault: rate * chance.choice((0.0, 0.0, 0.3, 1.0, 1.0, 3.0)) for fault, rate in ORDINARY.items()
        }
        self._rates = by_chance | dict(emphasis)

    def strikes(self, fault: Fault) -> bool:
        """Tell whether it happens on this occasion, and count it."""
        rate = self._rates[fault]
        if not rate or self.are_over or self._chance.random() >= rate:
            return False
        self.counts[fault] += 1
        return True
