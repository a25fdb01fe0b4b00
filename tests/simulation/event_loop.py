"""An event loop without time, threads or sockets: everything happens in one order, which a seed decides.

Time is virtual: when nothing can run, it jumps to the next timer. What runs belongs to a `Process`, as on real
machines: within a process callbacks run in asyncio's own order, between processes chance decides who is next. A process
can stand still while its timers come due (SIGSTOP, a virtual machine that is moved) and can die at any await without
a word (SIGKILL): then nothing of it ever runs again, no `finally`, no `except`.

Belongs here: scheduling. Does not belong here: what is simulated.
"""

from __future__ import annotations

import asyncio
import contextvars
import heapq
import random
from asyncio import Handle, TimerHandle
from collections import deque
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar, TypeVarTuple

from exchange.ports import ExchangeError

T = TypeVar("T")
_Ts = TypeVarTuple("_Ts")

LATE_US_MAX = 3_000
"""Timers of processes may fire this much late, as those of a busy machine do."""


class Process:
    """Something that runs, stands still and dies by itself; whatever it starts belongs to it."""

    def __init__(self, name: str, loop: SimulatedLoop) -> None:
        self.name = name
        self.is_alive = True
        self.is_paused = False
        self.ready: deque[Handle] = deque()
        self._loop = loop
        self.context = contextvars.Context()
        self.context.run(_RUNNING.set, self)

    def start(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Start a task of this process."""
        return self._loop.create_task(work, context=self.context)

    def call(self, delay_us: int, callback: Callable[..., object], *arguments: object) -> None:
        """Call back inside this process after a span; never, if it is dead by then."""
        handle = Handle(callback, arguments, self._loop, self.context)
        self._loop.set_timer(self._loop.now_us + delay_us, handle, self)

    async def wait(self, delay_us: int) -> None:
        """Wait for a span, as `asyncio.sleep` does, with less ado."""
        over = self._loop.create_future()
        self.call(delay_us, _end, over)
        await over

    def pause(self) -> None:
        """Stand still: what becomes ready waits."""
        self.is_paused = True
        self._loop.take_out(self)

    def resume(self) -> None:
        """Go on with everything that has become ready meanwhile."""
        self.is_paused = False
        if self.is_alive and self.ready:
            self._loop.put_in(self)

    def kill(self) -> None:
        """End at once, in the middle of whatever it waits for."""
        self.is_alive = False
        self._loop.take_out(self)
        self.ready.clear()


_RUNNING: contextvars.ContextVar[Process] = contextvars.ContextVar("running")


def running_process() -> Process:
    """Return the process to which the running code belongs."""
    return _RUNNING.get()


class Stuck(Exception):
    """Nothing can run and no timer is set, or far too much has run: the simulation does not come to its end."""


class SimulatedLoop(asyncio.BaseEventLoop):
    """The loop of one simulation."""

    def __init__(self, chance: random.Random, steps_max: int) -> None:
        super().__init__()
        self.now_us = 0
        """Virtual time, in microseconds."""
        self.steps = 0
        """Callbacks run so far."""
        self.errors: list[str] = []
        """What callbacks raised."""
        self.is_halted = False
        """Set to stop after the callback that runs now, wherever that leaves everything."""
        self._all_tasks: list[asyncio.Task[Any]] = []
        self._chance = chance
        self._steps_max = steps_max
        self._timers: list[tuple[int, float, int, Handle, Process]] = []
        self._timers_made = 0
        self._runnable: list[Process] = []
        self.world = Process("world", self)
        """Whoever is outside of every machine."""
        self.set_task_factory(_new_task)
        self.set_exception_handler(self._note)

    def finish(self, work: Coroutine[Any, Any, T]) -> T:
        """Run until the work of the world is done, then take everything apart; return what it gives.

        Raises: Stuck, and whatever the work raises.
        """
        try:
            return self.world.context.copy().run(self.run_until_complete, work)
        finally:
            self._dismantle()

    # -- what asyncio asks of a loop ---------------------------------------------------------------------------

    def time(self) -> float:
        """Return virtual seconds."""
        return self.now_us / 1e6

    def call_soon(
        self,
        callback: Callable[[*_Ts], object],
        *args: *_Ts,
        context: contextvars.Context | None = None,
    ) -> Handle:
        """Let a callback run, after everything that is ready in its process."""
        handle = Handle(callback, args, self, context)
        process = self._process_of(context)
        if process.is_alive:
            self._enqueue(process, handle)
        return handle

    def call_at(
        self,
        when: float,
        callback: Callable[[*_Ts], object],
        *args: *_Ts,
        context: contextvars.Context | None = None,
    ) -> TimerHandle:
        """Let a callback run at a moment, or a little late; of timers of one moment chance chooses the first."""
        handle = TimerHandle(when, callback, args, self, context)
        process = self._process_of(context)
        late_us = 0 if process is self.world else int(max(self._chance.random() * 2 - 1, 0) * LATE_US_MAX)
        self.set_timer(round(when * 1e6) + late_us, handle, process)
        return handle

    def set_timer(self, due_us: int, handle: Handle, process: Process) -> None:
        """Let a handle run in its process from a moment on."""
        self._timers_made += 1
        heapq.heappush(self._timers, (due_us, self._chance.random(), self._timers_made, handle, process))

    def _timer_handle_cancelled(self, handle: TimerHandle) -> None:
        """Cancelled timers are passed over when they come due."""

    def _run_once(self) -> None:
        """Run one callback; `run_forever` calls this until it is stopped."""
        if self.is_halted:
            raise Stuck("halted")
        runnable = self._runnable
        if not runnable:
            self.now_us = max(self.now_us, self._next_due_us())
        if self._timers and self._timers[0][0] <= self.now_us:
            self._fire_timers()
            if not runnable:
                return
        place = int(self._chance.random() * len(runnable)) if len(runnable) > 1 else 0
        process = runnable[place]
        handle = process.ready.popleft()
        if not process.ready:
            self.take_out(process)
        self.steps += 1
        if self.steps > self._steps_max:
            raise Stuck(
                f"more than {self._steps_max} steps by {self.time():.6f} s; {process.name} runs {handle}"
            )
        if not handle._cancelled:
            handle._run()

    # -- what processes ask of the loop ------------------------------------------------------------------------

    def put_in(self, process: Process) -> None:
        """Let a process have its turns."""
        if process not in self._runnable:
            self._runnable.append(process)

    def take_out(self, process: Process) -> None:
        """Give a process no turn until it is put in again."""
        if process in self._runnable:
            self._runnable.remove(process)

    # -- inside ------------------------------------------------------------------------------------------------

    def _process_of(self, context: contextvars.Context | None) -> Process:
        return _RUNNING.get(self.world) if context is None else context.get(_RUNNING, self.world)

    def _enqueue(self, process: Process, handle: Handle) -> None:
        if not process.ready and not process.is_paused:
            self._runnable.append(process)
        process.ready.append(handle)

    def _next_due_us(self) -> int:
        if not self._timers:
            raise Stuck(f"nothing can happen any more after {self.time():.6f} s")
        return self._timers[0][0]

    def _fire_timers(self) -> None:
        """Make ready what is due."""
        while self._timers and self._timers[0][0] <= self.now_us:
            *_, handle, process = heapq.heappop(self._timers)
            if process.is_alive and not handle._cancelled:
                self._enqueue(process, handle)

    def _note(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if "handle" in context and not self.is_closed():
            self.errors.append(f"{context['message']}: {context.get('exception')!r}")

    def _dismantle(self) -> None:
        """End what is left, so that nobody complains of work that was never finished."""
        tasks, self._all_tasks = self._all_tasks, []
        self.close()
        for task in tasks:
            if not task.done():
                with suppress(RuntimeError, Exception):
                    task.get_coro().close()

    @property
    def failures(self) -> list[BaseException]:
        """With what tasks have ended since this was last asked, that they should not have ended with.

        What the exchange raises as its contracts say ends its process, and is no failure of the simulation.
        """
        tasks, self._all_tasks = self._all_tasks, []
        failures = []
        for task in tasks:
            if not task.done():
                self._all_tasks.append(task)
            elif not task.cancelled() and not _is_expected(task.exception()):
                failures.append(task.exception())
        return [error for error in failures if error is not None]


def _is_expected(error: BaseException | None) -> bool:
    if isinstance(error, BaseExceptionGroup):
        return all(map(_is_expected, error.exceptions))
    return error is None or isinstance(error, ExchangeError)


def _end(over: asyncio.Future[None]) -> None:
    if not over.done():
        over.set_result(None)


def _new_task(loop: asyncio.AbstractEventLoop, work: Any, **options: Any) -> asyncio.Task[Any]:
    """Make a task that is kept until the end: when garbage is collected must not matter."""
    task = asyncio.Task(work, loop=loop, **options)
    assert isinstance(loop, SimulatedLoop)
    loop._all_tasks.append(task)
    return task
