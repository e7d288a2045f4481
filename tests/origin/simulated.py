"""Shell. An event loop whose time passes only when nobody has anything left to do.

`asyncio.sleep`, `asyncio.timeout` and everything else that asks the loop for the time see the simulated one,
and what is sent to a thread is done at once: a thousand days take minutes, and every run is the same run.
"""

from __future__ import annotations

import asyncio
import math
import selectors
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any, ParamSpec, TypeVar

T = TypeVar("T")
P = ParamSpec("P")

MICROSECONDS = 1_000_000


class Stalled(Exception):
    """Everybody waits for something that can never happen."""


class SimulatedLoop(asyncio.SelectorEventLoop):
    """Begins at 0 s."""

    def __init__(self) -> None:
        self.passed = 0  # microseconds: whole ones, as in our timestamps
        super().__init__(_Selector(self))
        # After some months a float is too coarse for the loop's own nanosecond: timers would never be due.
        self._clock_resolution = 1 / MICROSECONDS
        self.set_default_executor(_AtOnce())

    def time(self) -> float:
        return self.passed / MICROSECONDS


class _Selector(selectors.SelectSelector):
    """Never waits: what there is to wait for is the time, which moves on instead."""

    def __init__(self, loop: SimulatedLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise Stalled("nothing is due, and nothing is under way")
        if timeout > 0:
            self._loop.passed += math.ceil(timeout * MICROSECONDS)
        return []


class _AtOnce(ThreadPoolExecutor):
    """Runs what it is given while it is given it."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        done: Future[T] = Future()
        try:
            done.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - handed to whoever waits for it
            done.set_exception(error)
        return done


class SimulatedClock:
    """`ports.Clock` on the running simulated loop."""

    def __init__(self, start: datetime) -> None:
        self.start = start

    def now(self) -> datetime:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, SimulatedLoop)
        return self.start + timedelta(microseconds=loop.passed)


def simulate(main: Coroutine[Any, Any, T]) -> T:
    """Run something to its end in simulated time."""
    with asyncio.Runner(loop_factory=SimulatedLoop) as runner:
        return runner.run(main)
