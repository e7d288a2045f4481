"""Shell. The processes that read bodies, one attempt at a time; pebble lives here.

Some short documents keep a parser busy for minutes or fill any memory, so a body is read in a process that
can be killed without harm to another. Workers come from a fork server (no thread is ever forked), are
started with the first body, heed no terminal and no polite signal, and never outlive the daemon, however it
ends. Who may read when is `reader`'s.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import multiprocessing
import multiprocessing.forkserver
import multiprocessing.resource_tracker
import os
import resource
import signal
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import CancelledError
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

import pebble

from aggregator.model import Fetched, Lease, ReadResult, SiteIdentity

Read: TypeAlias = Callable[[Lease, Fetched, datetime, SiteIdentity], ReadResult]

# For starting a worker and handing a body over; beyond it the pool itself is taken to be stuck.
_GRACE = 20.0
_DETAIL = 300
# Where hostile bodies keep every core busy, the daemon itself still asks, answers and publishes on time.
_NICE = 5
# Seconds of the clock for each second of computing, where others compute too.
_SLACK = 3.0

_log = logging.getLogger("aggregator.workers")


@dataclass(frozen=True, slots=True)
class Trouble:
    """An exception as text: some exceptions of parsers cannot cross to another process."""

    what: str
    where: str = ""
    memory: bool = False


@dataclass(frozen=True, slots=True)
class Done:
    """What came of one attempt; `seconds` is the time of computing that it took."""

    result: ReadResult | Trouble
    seconds: float


class TooLong(Exception):
    """An attempt was ended."""


class Pool:
    """Processes that read, replaced as a whole when they break. Belongs to one event loop."""

    def __init__(self, function: Read, *, workers: int, seconds: float, memory: int) -> None:
        """Each attempt may compute for `seconds` at most; each process has `memory` bytes of data."""
        self._function = function
        self._workers = workers
        self._seconds = seconds
        self._memory = memory
        self._changing = threading.Lock()
        self._pool: pebble.ProcessPool | None = None
        self._under_way: set[pebble.ProcessFuture[Done]] = set()
        self._closed = False

    async def attempt(
        self, lease: Lease, fetched: Fetched, now: datetime, identity: SiteIdentity, quick: float | None
    ) -> Done | None:
        """Read a body once; None where the pool failed rather than the document.

        Raises `TooLong`, after `quick` seconds of computing if that is given.
        """
        pool = self._pool
        if pool is None:
            pool = await asyncio.to_thread(self._running)
        arguments = (self._function, quick or self._seconds, lease, fetched, now, identity)
        try:
            future = pool.schedule(_perform, args=arguments, timeout=_SLACK * self._seconds)
        except RuntimeError as error:  # it broke since
            await self._replace(pool, error)
            return None
        self._under_way.add(future)
        try:
            async with asyncio.timeout(_SLACK * self._seconds + _GRACE):
                await _ended(future)
        except TimeoutError as error:
            await self._replace(pool, error)
            return None
        finally:
            self._under_way.discard(future)
        try:
            done: Done = future.result(timeout=0)
            return done
        except TimeoutError:
            raise TooLong from None
        except pebble.ProcessExpired as error:
            if error.exitcode in (-signal.SIGPROF, -signal.SIGALRM):
                raise TooLong from None
            return Done(Trouble(f"the process that read it ended with {_exit(error.exitcode)}"), 0.0)
        except (BrokenProcessPool, CancelledError) as error:
            await self._replace(pool, error)
            return None
        except Exception as error:  # noqa: BLE001 - what could not cross between processes is about this document alone
            return Done(_trouble(error), 0.0)

    def close(self) -> None:
        """End the pool for certain, whatever it is doing; later reads are refused. Blocks for a moment."""
        with self._changing:
            self._closed = True
            pool, self._pool = self._pool, None
            if pool is not None:
                self._end(pool)

    async def _replace(self, pool: pebble.ProcessPool, error: Exception) -> None:
        _log.warning("the pool of reading processes broke (%s); starting another", type(error).__name__)
        await asyncio.to_thread(self._discard, pool)

    def _running(self) -> pebble.ProcessPool:
        with self._changing:
            if self._closed:
                raise RuntimeError("read after close")
            if self._pool is None:
                self._pool = _start(self._workers, self._memory, self._function.__module__)
            return self._pool

    def _discard(self, pool: pebble.ProcessPool) -> None:
        with self._changing:
            if self._pool is pool:
                self._pool = None
                self._end(pool)

    def _end(self, pool: pebble.ProcessPool) -> None:
        """Kill its workers; tasks that it had are tried again by whoever waits for them."""
        pool.stop()  # type: ignore[no-untyped-call]  # pebble is typed in part
        pool.join()
        for future in tuple(self._under_way):  # pebble may leave them unanswered for ever
            future.cancel()  # type: ignore[no-untyped-call]


def _start(workers: int, memory: int, module: str) -> pebble.ProcessPool:
    """A pool whose processes come from a fork server that has imported what they run."""
    multiprocessing.set_forkserver_preload(["__main__", __name__, module])
    # The server and all it forks inherit the mask of this thread: a SIGTERM or Ctrl-C that is sent to the
    # whole group ends the daemon alone, which then drains in peace.
    multiprocessing.resource_tracker.ensure_running()  # first, since starting it unblocks both signals
    previous = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        multiprocessing.forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, previous)
    # Workers are deaf to SIGTERM, so waiting for them to heed it (3 s) would only hold the pool up.
    pebble.CONSTS.term_timeout = 0.1
    return pebble.ProcessPool(
        max_workers=workers,
        initializer=_prepare,
        initargs=(memory,),
        context=multiprocessing.get_context("forkserver"),
    )


async def _ended(future: pebble.ProcessFuture[Done]) -> None:
    """Wait until a task has ended, however. If we are cancelled, so is it, and its worker killed.

    Not `asyncio.wrap_future`: with that, a pool that drops its tasks looks as if *we* had been cancelled.
    """
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()

    def tell(_: object) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(ended.set)

    future.add_done_callback(tell)
    try:
        await ended.wait()
    except asyncio.CancelledError:
        future.cancel()  # type: ignore[no-untyped-call]
        raise


def _prepare(memory: int) -> None:
    """Runs first in each worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.nice(_NICE)
    gc.freeze()  # what was imported stays: nothing of it is garbage, and looking through it takes time
    # Not RLIMIT_AS: libraries reserve addresses by the gigabyte that they never use.
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    threading.Thread(target=_follow_parent, name="parent", daemon=True).start()


def _follow_parent() -> None:
    """End with the daemon, even one that was killed: a busy worker would not see its pipe end."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _perform(
    function: Read, seconds: float, lease: Lease, fetched: Fetched, now: datetime, identity: SiteIdentity
) -> Done:
    """Runs in a worker. The alarms, of computing and of the clock, hold in code of C too."""
    began = time.process_time()
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.setitimer(signal.ITIMER_REAL, _SLACK * seconds + 2)
    result: ReadResult | Trouble
    try:
        result = function(lease, fetched, now, identity)
    except MemoryError:
        result = Trouble("", "", memory=True)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a parser raises is about this document alone
        result = _trouble(error)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.setitimer(signal.ITIMER_PROF, 0)
    return Done(result, time.process_time() - began)


def _trouble(error: BaseException) -> Trouble:
    text = " ".join(str(error).split())[:_DETAIL]
    where = "".join(traceback.format_tb(error.__traceback__))
    return Trouble(f"the parser failed: {type(error).__name__}: {text}".rstrip(": "), where)


def _exit(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"status {code}"
