"""A swarm of watchers, tens of thousands of raw sockets: `python -m loadtests.swarm --watchers 20000 --lot N`.

What may limit it: a process here has at most `ulimit -n` files, so the swarm takes several processes (a gateway must,
too); one source address has some 28,000 ports towards one listener, so towards 127.x the swarm takes a new one for
each 10,000; a gateway lets in `connections_per_address_max`, and `at_once` stays below its backlog.

Belongs here: leading the processes of the swarm, adding up what they saw. Does not belong here: sockets.
"""

from __future__ import annotations

import asyncio
import resource
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any

import msgspec
import orjson
import typer

from loadtests.conditions import conditions, own_processor_seconds
from loadtests.latencies import Latencies
from loadtests.swarm_worker import Order, Plan

SPARE_FILES = 200
"""Descriptors that a process of the swarm, or a gateway, needs for itself."""
AT_ONCE = 100
"""Handshakes under way at once, over the whole swarm: below the backlog that servers usually grant."""
CONNECT_TIMEOUT_S = 300.0
ANSWER_TIMEOUT_S = 60.0
SAMPLE_EVERY = 100
LINE_BYTES_MAX = 16 * 1024 * 1024


class SwarmFailed(Exception):
    """A process of the swarm ended, or did not answer in time."""


@dataclass(frozen=True, slots=True)
class Joined:
    """How connecting went. `opened` is until the handshake's answer, `joined` until the lot's snapshot."""

    connected: int
    refused: dict[str, int]
    seconds: float
    opened: Latencies
    joined: Latencies

    def figures(self) -> dict[str, Any]:
        """Return what a report shows; times in milliseconds."""
        return {
            "connected": self.connected,
            "refused": self.refused,
            "seconds": round(self.seconds, 3),
            "handshakes_per_second": round(self.joined.count / self.seconds) if self.seconds else 0,
            "opened": self.opened.summary(),
            "joined": self.joined.summary(),
        }


@dataclass(frozen=True, slots=True)
class Seen:
    """What the swarm saw since `begin`, added up over its processes.

    `deliveries` are frames with news, `reads` the system calls that brought them; `gaps`, `doubles` and `misread` are
    faults, checked on every frame of every watcher, the last on every frame of a sample; `restarts` are snapshots that
    a joined watcher was sent unasked. `lost` counts connections that ended, by close code (1006 for none). `behind`
    are the joined watchers who have no news of the sequence that was asked for.
    """

    connected: int = 0
    behind: int = 0
    deliveries: int = 0
    reads: int = 0
    bytes: int = 0
    sampled: int = 0
    restarts: int = 0
    gaps: int = 0
    doubles: int = 0
    misread: int = 0
    lost: dict[int, int] = field(default_factory=dict)
    latencies: Latencies = field(default_factory=Latencies)
    processor_s: float = 0.0

    @property
    def faults(self) -> int:
        """What must be 0."""
        return self.gaps + self.doubles + self.misread

    def figures(self) -> dict[str, Any]:
        """Return what a report shows; processor time of the swarm in microseconds for each delivery."""
        counted = {
            name: getattr(self, name)
            for name in ("connected", "behind", "deliveries", "reads", "bytes", "sampled", "restarts")
        }
        faults = {"gaps": self.gaps, "doubles": self.doubles, "misread": self.misread}
        return {
            **counted,
            **faults,
            "lost": {str(code): count for code, count in self.lost.items()},
            "latency": self.latencies.summary(),
            "swarm_us_per_delivery": per_delivery_us(self.processor_s, self.deliveries),
        }


def per_delivery_us(processor_s: float, deliveries: int) -> float:
    """Return processor time for each delivery in microseconds; 0.0 without deliveries."""
    return round(processor_s * 1e6 / deliveries, 2) if deliveries else 0.0


class Swarm:
    """Watchers of some lots, spread over processes; `running_swarm` makes it."""

    def __init__(self, processes: Sequence[asyncio.subprocess.Process], watchers: int) -> None:
        self._processes = processes
        self.watchers = watchers

    async def connect(
        self, watchers: int | None = None, at_once: int = AT_ONCE, timeout_s: float = CONNECT_TIMEOUT_S
    ) -> Joined:
        """Bring the swarm to so many joined watchers; those who were connected before come back to their position.

        Args:
            watchers: in the whole swarm; None for all.
            at_once: handshakes under way at once in the whole swarm; as many as watchers for a storm.

        Raises: SwarmFailed.
        """
        wanted = _shares(self.watchers if watchers is None else watchers, len(self._processes))
        pace = [max(share, 1) for share in _shares(at_once, len(self._processes))]
        began_s = time.perf_counter()
        orders = [
            Order("connect", count=count, at_once=share, timeout_s=timeout_s)
            for count, share in zip(wanted, pace, strict=True)
        ]
        answers = await self._ask(orders, timeout_s + ANSWER_TIMEOUT_S)
        return Joined(
            connected=sum(answer["connected"] for answer in answers),
            refused=dict(sum((Counter(answer["refused"]) for answer in answers), Counter())),
            seconds=time.perf_counter() - began_s,
            opened=_merged(answers, "opened"),
            joined=_merged(answers, "joined"),
        )

    async def begin(self) -> None:
        """Count anew from here.  Raises: SwarmFailed."""
        await self._ask([Order("begin")] * len(self._processes))

    async def seen(self, sequence: int = 0) -> Seen:
        """Return what was seen since `begin`, and who has no news of `sequence`.  Raises: SwarmFailed."""
        answers = await self._ask([Order("report", sequence=sequence)] * len(self._processes))
        totals = {
            name: sum(answer[name] for answer in answers)
            for name in Seen.__dataclass_fields__
            if name not in ("lost", "latencies")
        }
        lost = sum((Counter({int(k): n for k, n in answer["lost"].items()}) for answer in answers), Counter())
        return Seen(**totals, lost=dict(lost), latencies=_merged(answers, "latencies"))

    async def until(self, sequence: int, timeout_s: float = ANSWER_TIMEOUT_S) -> Seen:
        """Wait, within a bound, until every watcher has news of `sequence`; the answer tells who has not.

        Raises: SwarmFailed.
        """
        until_s = time.monotonic() + timeout_s
        while (seen := await self.seen(sequence)).behind and time.monotonic() < until_s:
            await asyncio.sleep(0.1)
        return seen

    async def drop(self) -> int:
        """Cut every connection without a word; returns how many there were.  Raises: SwarmFailed."""
        return sum(answer["dropped"] for answer in await self._ask([Order("drop")] * len(self._processes)))

    async def _ask(
        self, orders: Sequence[Order], timeout_s: float = ANSWER_TIMEOUT_S
    ) -> list[dict[str, Any]]:
        asked = (_answer(process, order) for process, order in zip(self._processes, orders, strict=True))
        try:
            async with asyncio.timeout(timeout_s):
                return list(await asyncio.gather(*asked))
        except TimeoutError:
            raise SwarmFailed(f"no answer within {timeout_s:.0f} s") from None


@asynccontextmanager
async def running_swarm(
    url: str,
    lots: Sequence[int],
    watchers: int,
    *,
    view: str = "state",
    processes: int | None = None,
    sample_every: int = SAMPLE_EVERY,
) -> AsyncIterator[Swarm]:
    """Start the processes of a swarm, not yet connected, and end them with the block.

    Args:
        url: of the gateway, as http://host:port.
        lots: watcher n follows lot n modulo their number.
        watchers: at most so many.
        view: what they subscribe to, as `wire.View` names it.
        processes: None for as few as the limit of open files allows.
        sample_every: every so-many-th watcher reads each frame wholly.

    Raises: SwarmFailed, while the block asks the swarm.
    """
    count = processes or -(-watchers // watchers_per_process_max())
    started: list[asyncio.subprocess.Process] = []
    try:
        first = 0
        for share in _shares(watchers, count):
            plan = Plan(url, tuple(lots), view, first, sample_every)
            started.append(await _start(plan))
            first += share
        yield Swarm(started, watchers)
    finally:
        await asyncio.gather(*(_end(process) for process in started))


def watchers_per_process_max() -> int:
    """Return how many sockets a process of the swarm can hold."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0] - SPARE_FILES


async def _start(plan: Plan) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "loadtests.swarm_worker",
        msgspec.json.encode(plan).decode(),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=LINE_BYTES_MAX,
    )


async def _answer(process: asyncio.subprocess.Process, order: Order) -> dict[str, Any]:
    assert process.stdin is not None and process.stdout is not None
    try:
        process.stdin.write(msgspec.json.encode(order) + b"\n")
        await process.stdin.drain()
        line = await process.stdout.readline()
    except ConnectionError:
        line = b""
    if not line:
        raise SwarmFailed(f"a process of the swarm ended with {await process.wait()}")
    answer: dict[str, Any] = orjson.loads(line)
    return answer


async def _end(process: asyncio.subprocess.Process) -> None:
    """Close the process's input, which ends it; kill it when it does not end."""
    assert process.stdin is not None
    process.stdin.close()
    try:
        async with asyncio.timeout(10):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def _shares(count: int, parts: int) -> list[int]:
    """Divide a number as evenly as whole numbers go."""
    return [count // parts + (part < count % parts) for part in range(parts)]


def _merged(answers: Sequence[Mapping[str, Any]], name: str) -> Latencies:
    return Latencies().merge(Latencies(dict(answer[name])) for answer in answers)


def main(
    lot: Annotated[int, typer.Option(min=1, help="The lot to watch.")],
    watchers: Annotated[int, typer.Option(min=1, help="How many watch.")] = 1_000,
    url: Annotated[str, typer.Option(help="The gateway.")] = "http://127.0.0.1:8080",
    view: Annotated[str, typer.Option(help="state, or full for every event.")] = "state",
    seconds: Annotated[float, typer.Option(min=0.1, help="How long to watch.")] = 30.0,
    at_once: Annotated[int, typer.Option(min=1, help="Handshakes under way at once.")] = AT_ONCE,
    server: Annotated[int, typer.Option(help="The gateway's process id, for its processor time.")] = 0,
    processes: Annotated[
        int | None, typer.Option(min=1, help="Of the swarm; none: as few as can be.")
    ] = None,
) -> None:
    """Let watchers connect, watch for a while, and print what they saw; ends with 1 when anything was amiss."""
    try:
        report = asyncio.run(_watched(url, lot, watchers, view, seconds, at_once, server, processes))
    except (asyncio.CancelledError, KeyboardInterrupt):
        raise typer.Exit(130) from None
    except SwarmFailed as failure:
        typer.echo(str(failure), err=True)
        raise typer.Exit(1) from failure
    sys.stdout.buffer.write(orjson.dumps(report, option=orjson.OPT_INDENT_2) + b"\n")
    if report["gaps"] or report["doubles"] or report["misread"] or report["connected"] < watchers:
        raise typer.Exit(1)


async def _watched(
    url: str,
    lot: int,
    watchers: int,
    view: str,
    seconds: float,
    at_once: int,
    server: int,
    processes: int | None,
) -> dict[str, Any]:
    this = asyncio.current_task()
    assert this is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, this.cancel)  # ends the children too
    circumstances = conditions()
    async with running_swarm(url, [lot], watchers, view=view, processes=processes) as swarm:
        joined = await swarm.connect(at_once=at_once)
        print(f"{joined.connected:,} connected", file=sys.stderr, flush=True)
        await swarm.begin()
        before_s = own_processor_seconds(server) if server else 0.0
        await asyncio.sleep(seconds)
        server_s = own_processor_seconds(server) - before_s if server else 0.0
        seen = await swarm.seen()
    return {
        "joining": joined.figures(),
        **seen.figures(),
        "server_us_per_delivery": per_delivery_us(server_s, seen.deliveries),
        "seconds": seconds,
        "conditions": circumstances,
    }


if __name__ == "__main__":
    typer.run(main)
