"""What it costs to tell many watchers one thing: our gateway, and servers that only pass messages on.

Belongs here: the events, and processor time and pauses for them. Does not belong here: sockets of watchers
(`loadtests.swarm`), other servers (`loadtests.peers`), printing.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from statistics import median
from typing import Any, Final

import aiohttp

from gateways.client import LiveClient, Receipt
from loadtests.conditions import own_processor_seconds, processor_seconds
from loadtests.exchange_process import RunningExchange
from loadtests.load import LoadFailed
from loadtests.peers import running_peer
from loadtests.swarm import Seen, Swarm, running_swarm

FIRST_AMOUNT: Final = 10**6
SETTLE_S: Final = 1.0
SPACING_S_MIN: Final = 0.3
SPACING_S_PER_WATCHER: Final = 40e-6
"""Between single events: long enough that one has reached everybody before the next."""
IDLE_S: Final = 2.0
PAUSE_S: Final = 0.01
"""What no pause of the event loop should exceed."""

Event = Callable[[], Awaitable[int]]
"""Makes one event and returns its sequence."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What some events cost the server in processor seconds beyond idling, and what the swarm saw of them."""

    events: int
    watchers: int
    processor_s: float
    seen: Seen

    alone_s: float = 0.0
    """Of one event by itself, at the same pace, were nobody told of it."""

    @property
    def us_per_delivery(self) -> float:
        """Return microseconds for each frame that reached a watcher, without those of making the event."""
        telling_s = max(self.processor_s - self.alone_s * self.events, 0.0)
        return telling_s * 1e6 / self.seen.deliveries if self.seen.deliveries else 0.0

    @property
    def us_per_delivery_with_event(self) -> float:
        """Return microseconds for each frame that reached a watcher, with those of making the event."""
        return self.processor_s * 1e6 / self.seen.deliveries if self.seen.deliveries else 0.0

    @property
    def us_per_event(self) -> float:
        """Return microseconds for each event, made and told to all watchers."""
        return self.processor_s * 1e6 / self.events


def figures_of(costs: list[Cost]) -> dict[str, Any]:
    """Return what a report shows of some repetitions."""
    each = sorted(cost.us_per_delivery for cost in costs)
    with_event = [cost.us_per_delivery_with_event for cost in costs]
    per_event = sorted(cost.us_per_event for cost in costs)
    return {
        "us_per_delivery": round(median(each), 2),
        "us_per_delivery_min": round(each[0], 2),
        "us_per_delivery_max": round(each[-1], 2),
        "us_per_delivery_with_event": round(median(with_event), 2),
        "us_per_event": round(median(per_event)),
        "events": sum(cost.events for cost in costs),
        "deliveries": sum(cost.seen.deliveries for cost in costs),
        "bytes_per_delivery": round(median(cost.seen.bytes / max(cost.seen.deliveries, 1) for cost in costs)),
        "faults": sum(cost.seen.faults for cost in costs),
        "behind": sum(cost.seen.behind for cost in costs),
        "latency": costs[-1].seen.latencies.summary(),
    }


async def _measured(
    swarm: Swarm, event: Event, events: int, spacing_s: float, processor: Callable[[], float]
) -> Cost:
    """Make events at a steady pace and return what they cost beyond idling for as long."""
    idle = await _idling(processor)
    await swarm.begin()
    used, began = processor(), time.perf_counter()
    sequence = await _paced(event, events, spacing_s)
    seen = await swarm.until(sequence)
    seconds = time.perf_counter() - began
    return Cost(events, seen.connected, max(processor() - used - idle * seconds, 0.0), seen)


async def _idling(processor: Callable[[], float]) -> float:
    """Return the processor seconds that pass in a second in which nothing happens."""
    used, began = processor(), time.perf_counter()
    await asyncio.sleep(IDLE_S)
    return (processor() - used) / (time.perf_counter() - began)


async def _paced(event: Event, events: int, spacing_s: float) -> int:
    """Make events at a steady pace; returns the sequence of the last."""
    began, sequence = time.perf_counter(), 0
    for number in range(events):
        await asyncio.sleep(max(began + number * spacing_s - time.perf_counter(), 0.0))
        sequence = await event()
    return sequence


def events_for(watchers: int, events: int, deliveries: int) -> int:
    """Return how many single events make at least so many events and so many deliveries."""
    return max(events, -(-deliveries // watchers))


def spacing_s(watchers: int) -> float:
    """Return the time between two single events."""
    return max(SPACING_S_MIN, watchers * SPACING_S_PER_WATCHER)


async def measured_peer(
    name: str, watchers: int, sample: bytes, events: int, repetitions: int
) -> dict[str, Any]:
    """Measure a server that passes on frames like `sample`, one after the other.

    Raises: PeerFailed, SwarmFailed.
    """
    lot = int(_named(sample, b"lot"))
    greeting = _again(sample, 1).replace(b'"type":"state"', b'"type":"snapshot"', 1)
    async with (
        running_peer(name, greeting) as peer,
        running_swarm(peer.url, [lot], watchers, sample_every=watchers + 1) as swarm,
    ):
        joined = await swarm.connect()
        sequence = 1

        async def event() -> int:
            nonlocal sequence
            sequence += 1
            await peer.say(_again(sample, sequence))
            return sequence

        await asyncio.sleep(SETTLE_S)
        costs = [
            await _measured(
                swarm, event, events, spacing_s(watchers), lambda: processor_seconds(peer.process_id)
            )
            for _ in range(repetitions)
        ]
    # The same records again and again cannot lead up to the position, so only the positions count.
    faults = sum(cost.seen.gaps + cost.seen.doubles for cost in costs)
    return figures_of(costs) | {"connected": joined.connected, "faults": faults}


class OurFloor:
    """Our gateway with one lot in it, that a bidder bids on as often as he is asked to."""

    def __init__(self, exchange: RunningExchange, lot: int, bidder: LiveClient) -> None:
        self._exchange = exchange
        self._bidder = bidder
        self._amount = FIRST_AMOUNT
        self.lot = lot
        self.waits_ms: list[float] = []
        """How long each bid waited for its receipt."""

    async def event(self) -> int:
        """Bid, and return the sequence of the record.  Raises: LoadFailed, ClientProblem."""
        self._amount += 1
        began = time.perf_counter()
        answer = await self._bidder.bid(self.lot, self._amount)
        self.waits_ms.append((time.perf_counter() - began) * 1_000)
        if not isinstance(answer, Receipt):
            raise LoadFailed(f"a bid was refused: {answer.code}")
        return answer.sequence

    async def alone_s(self, events: int, between_s: float) -> float:
        """Return the processor seconds of one event while nobody watches: the bid, its commit, its receipt.

        Beyond idling, and at the pace at which it will be made: one that comes rarely finds the caches cold.
        """
        process = self._exchange.process_id
        idle = await _idling(lambda: own_processor_seconds(process))
        used, began = own_processor_seconds(process), time.perf_counter()
        await _paced(self.event, events, between_s)
        await asyncio.sleep(between_s)
        seconds = time.perf_counter() - began
        return max(own_processor_seconds(process) - used - idle * seconds, 0.0) / events

    async def measured(self, swarm: Swarm, events: int, between_s: float, alone_s: float) -> Cost:
        """Make events at a steady pace; see `Cost`."""
        process = self._exchange.process_id
        cost = await _measured(swarm, self.event, events, between_s, lambda: own_processor_seconds(process))
        return replace(cost, alone_s=alone_s)

    async def pauses(self) -> Pauses:
        """Return the pauses of the loop since it started."""
        text = await self._metrics()
        return Pauses(_counts(text, "luochui_loop_pause_seconds"), _counts(text, "luochui_loop_held_seconds"))

    async def tick_ms(self) -> float:
        """Return the present time between two rounds."""
        found = re.search(r"^luochui_tick_seconds (\S+)$", await self._metrics(), re.MULTILINE)
        return round(float(found[1]) * 1_000, 1) if found else 0.0

    async def _metrics(self) -> str:
        async with (
            aiohttp.ClientSession(self._exchange.url) as http,
            http.get("/metrics") as answer,
        ):
            return await answer.text()


@dataclass(frozen=True, slots=True)
class Pauses:
    """How many pauses there were up to each bound in seconds, and how many as far as the server itself worked."""

    all: dict[str, int]
    held: dict[str, int]


def _counts(text: str, name: str) -> dict[str, int]:
    found = re.findall(rf'^{name}_bucket\{{le="([^"]+)"\}} (\S+)$', text, re.MULTILINE)
    return {bound: int(float(count)) for bound, count in found}


def pauses_between(before: Pauses, after: Pauses) -> dict[str, Any]:
    """Return how many pauses there were and how many over 10 ms, and below which bound the longest was.

    `held_over_10_ms` are those in which the server may have worked for so long itself; in the others it was kept
    from its core by whoever else ran on the machine.
    """
    total, over, longest = _over(before.all, after.all)
    return {
        "beats": total,
        "over_10_ms": over,
        "held_over_10_ms": _over(before.held, after.held)[1],
        "longest_below_s": longest,
    }


def _over(before: dict[str, int], after: dict[str, int]) -> tuple[int, int, str]:
    counts = {bound: after[bound] - before.get(bound, 0) for bound in after}
    total = counts.get("+Inf", 0)
    within = next((count for bound, count in counts.items() if float(bound) >= PAUSE_S), 0)
    return total, total - within, next((bound for bound, count in counts.items() if count == total), "")


def _named(frame: bytes, field: bytes) -> bytes:
    found = re.search(rb'"%s":(\d+)' % field, frame)
    assert found is not None, field
    return found[1]


def _again(sample: bytes, sequence: int) -> bytes:
    """Return a frame with a position and a time of its own, otherwise like the sample."""
    frame = re.sub(rb'"offset":\d+', b'"offset":%d' % sequence, sample, count=1)
    return re.sub(
        rb'"server_time_us":\d+', b'"server_time_us":%d' % (time.time_ns() // 1_000), frame, count=1
    )


async def sampled_frame(url: str, lot: int, make_event: Event) -> bytes:
    """Return a state frame as our gateway sends it, for others to send as well.  Raises: LoadFailed."""
    async with aiohttp.ClientSession() as http, http.ws_connect(f"{url}/api/v1/live") as socket:
        await socket.send_json({"type": "subscribe", "lot": lot, "view": "state"})
        while not (await socket.receive_str(timeout=10)).startswith('{"type":"snapshot"'):
            pass
        await make_event()
        while not (text := await socket.receive_str(timeout=10)).startswith('{"type":"state"'):
            pass
        return text.encode()
