"""The gateway processes of one machine: started, watched, replaced one after the other, ended.

A child holds one end of a socket as its standard input. It says over it that it serves; when the other end is gone,
so is its supervisor, and it ends by itself: no gateway outlives the engine that it was started for.

Belongs here: the life of these processes. Does not belong here: what a gateway does, where it listens.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog

log = structlog.get_logger(__name__)

READY = b"ready\n"
START_SECONDS_MAX = 60.0
"""How long a gateway may take until it serves."""

FIRST_PAUSE_SECONDS = 0.2
PAUSE_SECONDS_MAX = 10.0
"""A gateway that keeps ending is started again after pauses that double up to this."""

STEADY_SECONDS = 30.0
"""A gateway that has lived this long is started again after the first pause."""

END_SECONDS = 10.0
"""How long a gateway may take to end beyond the time that it has for its clients."""


class GatewayDidNotStart(Exception):
    """A gateway ended, or did not serve, before anybody could use it."""


@dataclass(frozen=True, slots=True)
class Launch:
    """How a gateway is started.

    Args:
        command: program and arguments.
        environment: all its variables.
        drain_seconds: what it takes at most to see its clients out.
    """

    command: Sequence[str]
    environment: Mapping[str, str]
    drain_seconds: float


class Gateway:
    """One gateway process."""

    def __init__(self, process: asyncio.subprocess.Process, tie: socket.socket, launch: Launch) -> None:
        self._process = process
        self._tie = tie
        self._end_seconds = launch.drain_seconds + END_SECONDS

    @property
    def process_id(self) -> int:
        """Return the id of the process."""
        return self._process.pid

    async def until_ready(self) -> None:
        """Wait until it serves.  Raises: GatewayDidNotStart."""
        try:
            async with asyncio.timeout(START_SECONDS_MAX):
                said = await asyncio.get_running_loop().sock_recv(self._tie, len(READY))
        except (TimeoutError, OSError):
            said = b""
        if said != READY:
            await self.end()
            raise GatewayDidNotStart(f"exit code {self._process.returncode}")

    async def ended(self) -> int:
        """Wait until it has ended and return its exit code."""
        code = await self._process.wait()
        self._tie.close()
        return code

    async def end(self) -> None:
        """Ask it to see its clients out and end; make it end when it does not."""
        self._signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(self._end_seconds):
                await self.ended()
        except TimeoutError:
            log.warning("gateway.did_not_end", process=self.process_id)
            self._signal(signal.SIGKILL)
            await self.ended()

    def _signal(self, number: signal.Signals) -> None:
        if self._process.returncode is None:
            self._process.send_signal(number)


async def launched(launch: Launch) -> Gateway:
    """Start a gateway process; it does not serve yet."""
    ours, theirs = socket.socketpair()
    with theirs:
        process = await asyncio.create_subprocess_exec(
            *launch.command, stdin=theirs.fileno(), env=dict(launch.environment), start_new_session=True
        )
    ours.setblocking(False)
    return Gateway(process, ours, launch)


class Supervisor:
    """Keeps a number of gateways up: `start`, then `run` beside the engine, at last `stop`."""

    def __init__(self, launches: Sequence[Launch]) -> None:
        self._launches = tuple(launches)
        self._gateways: list[Gateway | None] = [None] * len(self._launches)
        self._replacing = asyncio.Lock()
        self._is_stopping = False

    @property
    def process_ids(self) -> list[int]:
        """Return the processes that serve now."""
        return [gateway.process_id for gateway in self._gateways if gateway is not None]

    async def start(self) -> None:
        """Start all gateways together and return when each of them serves.  Raises: GatewayDidNotStart."""
        starting = [asyncio.create_task(self._begin(place)) for place in range(len(self._launches))]
        await _all_of(starting)

    async def run(self) -> None:
        """Start again, for ever, what ends."""
        async with asyncio.TaskGroup() as group:
            for place in range(len(self._launches)):
                group.create_task(self._keep_up(place))

    async def replace_all(self) -> None:
        """Replace the gateways one after the other: a new one serves before the old one sees its clients out."""
        async with self._replacing:
            for place, launch in enumerate(self._launches):
                if self._is_stopping:
                    return
                successor = await launched(launch)
                try:
                    await successor.until_ready()
                except GatewayDidNotStart as error:
                    log.error("gateway.not_replaced", place=place, error=str(error))
                    return
                former, self._gateways[place] = self._gateways[place], successor
                log.info("gateway.replaced", place=place, process=successor.process_id)
                if former is not None:
                    await former.end()

    async def stop(self) -> None:
        """End all gateways together, each after it has seen its clients out."""
        self._is_stopping = True
        gateways = [gateway for gateway in self._gateways if gateway is not None]
        await asyncio.gather(*(gateway.end() for gateway in gateways))

    async def _begin(self, place: int) -> None:
        gateway = self._gateways[place] = await launched(self._launches[place])
        await gateway.until_ready()

    async def _keep_up(self, place: int) -> None:
        loop = asyncio.get_running_loop()
        pause = FIRST_PAUSE_SECONDS
        while True:
            gateway = self._gateways[place]
            since = loop.time()
            code = None if gateway is None else await gateway.ended()
            if self._is_stopping:
                return
            if self._gateways[place] is not gateway:
                continue  # it was replaced, and its successor serves
            log.error("gateway.died", place=place, exit_code=code)
            pause = FIRST_PAUSE_SECONDS if loop.time() - since > STEADY_SECONDS else pause
            await asyncio.sleep(pause)
            pause = min(2 * pause, PAUSE_SECONDS_MAX)
            if self._is_stopping or self._gateways[place] is not gateway:
                continue
            try:
                await self._begin(place)
            except GatewayDidNotStart as error:
                log.error("gateway.not_started", place=place, error=str(error))


async def _all_of(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Wait for all; when one fails, its error is raised once the others have ended too."""
    await asyncio.wait(tasks)
    for task in tasks:
        task.result()


# -- the child's side ------------------------------------------------------------------------------------------


class Tie:
    """A gateway's bond to the supervisor that started it, over its standard input."""

    def __init__(self) -> None:
        self._socket = socket.socket(fileno=os.dup(0))
        self._socket.setblocking(False)

    async def say_ready(self) -> None:
        """Tell the supervisor that this gateway serves."""
        try:
            await asyncio.get_running_loop().sock_sendall(self._socket, READY)
        except OSError as error:
            log.warning("gateway.nobody_to_tell", error=str(error))

    async def broken(self) -> None:
        """Return when the supervisor is gone."""
        try:
            while await asyncio.get_running_loop().sock_recv(self._socket, 64):
                pass
        except OSError as error:
            log.warning("gateway.tie_broken", error=str(error))
