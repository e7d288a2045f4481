"""Shell. Runs `pipeline.read` where a deadline and a memory limit can end it; pebble lives here.

Some short documents keep a parser busy for minutes or fill any memory, so a body is read in a process that
can be killed without harm to another. Workers come from a fork server (no thread is ever forked), are
started with the first body, heed no terminal and no polite signal, and never outlive the daemon, however it
ends. Nothing of a document is judged here.
"""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import multiprocessing.forkserver
import multiprocessing.resource_tracker
import os
import resource
import signal
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import CancelledError
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

import pebble

from aggregator import pipeline
from aggregator.model import Fetched, Lease, ReadResult, SiteIdentity, Unreadable

Read: TypeAlias = Callable[[Lease, Fetched, datetime, SiteIdentity], ReadResult]

# For starting a worker and handing a body over; beyond it the pool itself is taken to be stuck.
_GRACE = 20.0
_DETAIL = 300

_log = logging.getLogger("aggregator.workers")


@dataclass(frozen=True, slots=True)
class _Trouble:
    """An exception as text: some exceptions of parsers cannot cross to another process."""

    what: str
    where: str
    memory: bool = False


class WorkerReader:
    """`ports.Reader` over a pool of processes. Belongs to one event loop."""

    def __init__(
        self,
        identity: SiteIdentity,
        *,
        workers: int,
        seconds: float = 10,
        memory: int = 1 << 30,
        function: Read = pipeline.read,
    ) -> None:
        """At most `workers` bodies are read at once, each within `seconds` and `memory` bytes of addresses.

        `function` is what reads; it must be importable by name.
        """
        self._identity = identity
        self._workers = workers
        self._seconds = seconds
        self._memory = memory
        self._function = function
        # No more tasks than workers are ever in the pool, so that each one begins at once and a task that
        # does not is a sign of a broken pool. The others wait here, for nothing but their turn.
        self._turns = asyncio.Semaphore(workers)
        self._changing = threading.Lock()
        self._pool: pebble.ProcessPool | None = None
        self._under_way: set[pebble.ProcessFuture[ReadResult | _Trouble]] = set()
        self._closed = False

    async def read(self, lease: Lease, fetched: Fetched, now: datetime, /) -> ReadResult:
        """What the body gives; `Unreadable` where reading it fails, takes too long or takes too much."""
        async with self._turns:
            result = await self._try(lease, fetched, now)
            if result is None:
                # The pool broke, perhaps through another document: once more, in a new one.
                result = await self._try(lease, fetched, now)
        if result is None:
            _log.error("reading %s failed twice: the reading processes died", lease.source.label)
            return Unreadable("the reading processes died twice over it", ours=True)
        if isinstance(result, _Trouble):
            return self._unreadable(lease, result)
        return result

    def close(self) -> None:
        """End the pool for certain, whatever it is doing; later reads are refused. Blocks for a moment."""
        with self._changing:
            self._closed = True
            pool, self._pool = self._pool, None
            if pool is not None:
                self._end(pool)

    async def aclose(self) -> None:
        """`close`, without holding the event loop."""
        await asyncio.to_thread(self.close)

    async def _try(self, lease: Lease, fetched: Fetched, now: datetime) -> ReadResult | _Trouble | None:
        """One attempt; None where the pool failed rather than the document."""
        pool = self._pool
        if pool is None:
            pool = await asyncio.to_thread(self._running)
        arguments = (self._function, self._seconds, lease, fetched, now, self._identity)
        try:
            future = pool.schedule(_perform, args=arguments, timeout=self._seconds)
        except RuntimeError as error:  # it broke since
            await self._replace(pool, error)
            return None
        self._under_way.add(future)
        try:
            async with asyncio.timeout(self._seconds + _GRACE):
                await _ended(future)
        except TimeoutError as error:
            await self._replace(pool, error)
            return None
        finally:
            self._under_way.discard(future)
        try:
            result: ReadResult | _Trouble = future.result(timeout=0)
            return result
        except TimeoutError:
            return _Trouble(self._too_long(), "")
        except pebble.ProcessExpired as error:
            if error.exitcode == -signal.SIGALRM:
                return _Trouble(self._too_long(), "")
            return _Trouble(f"the process that read it ended with {_exit(error.exitcode)}", "")
        except (BrokenProcessPool, CancelledError) as error:
            await self._replace(pool, error)
            return None
        except Exception as error:  # noqa: BLE001 - what could not cross between processes is about this document alone
            return _trouble(error)

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

    def _too_long(self) -> str:
        return f"reading took longer than {self._seconds:g} s; the document is hostile or far too large"

    def _unreadable(self, lease: Lease, trouble: _Trouble) -> Unreadable:
        if trouble.memory:
            reason = (
                f"reading took more than {self._memory >> 20} MB; the document is hostile or far too large"
            )
        else:
            reason = trouble.what
        # A confidential source's URL may stand in what its parser says; the places in the code never hold it.
        said = "" if lease.source.confidential else f": {reason}"
        _log.warning("reading %s failed%s", lease.source.label, said)
        if trouble.where:
            _log.debug("it failed in\n%s", trouble.where)
        return Unreadable(reason)


def _start(workers: int, memory: int, module: str) -> pebble.ProcessPool:
    """A pool whose processes come from a fork server that has imported what they run."""
    multiprocessing.set_forkserver_preload(["__main__", "aggregator.workers", module])
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


async def _ended(future: pebble.ProcessFuture[ReadResult | _Trouble]) -> None:
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
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
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
) -> ReadResult | _Trouble:
    """Runs in a worker. The alarm is the second rope: it holds without the daemon, and in code of C."""
    signal.setitimer(signal.ITIMER_REAL, seconds + 2)
    try:
        return function(lease, fetched, now, identity)
    except MemoryError:
        return _Trouble("", "", memory=True)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a parser raises is about this document alone
        return _trouble(error)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _trouble(error: BaseException) -> _Trouble:
    text = " ".join(str(error).split())[:_DETAIL]
    where = "".join(traceback.format_tb(error.__traceback__))
    return _Trouble(f"the parser failed: {type(error).__name__}: {text}".rstrip(": "), where)


def _exit(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"status {code}"
