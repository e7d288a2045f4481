"""Shell. Reads bodies in processes: in turns, and what comes of those that fail or take too much.

A body that is not read within `lanes.QUICK` seconds is read again apart from the others, in a place where
all such wait for each other: so a source that sends such bodies at every poll delays none but its like. What
little is new in a document whose items are known takes a moment for certain, and is read in a thread.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TypeAlias

from aggregator import pipeline
from aggregator.model import Fetched, Lease, ReadResult, SiteIdentity, Unreadable
from aggregator.workers.lanes import QUICK, Costs
from aggregator.workers.pool import Pool, Read, TooLong, Trouble
from aggregator.workers.turns import Turns

# What waits may cost so much together, in seconds, the costly in deadlines. Each that waits is a poll under
# way, of which there are few, and holds its body.
_QUICK_WAITING = 5.0
_COSTLY_WAITING = 4

ReadRest: TypeAlias = Callable[[Lease, Fetched, datetime, SiteIdentity], ReadResult | None]

_log = logging.getLogger("aggregator.workers")


class WorkerReader:
    """`ports.Reader` over a pool of processes. Belongs to one event loop."""

    def __init__(
        self,
        identity: SiteIdentity,
        *,
        workers: int,
        seconds: float = 10,
        memory: int = 512 << 20,
        quick: float = QUICK,
        function: Read = pipeline.read,
        rest: ReadRest = pipeline.read_rest,
    ) -> None:
        """At most `workers` bodies and one costly one are read at once, each within `seconds` and `memory`.

        `memory`: bytes of data of one process. `quick`: seconds of computing after which a body is costly.
        `function` is what reads; it must be importable by name. `rest`: what reads in a thread, and says None
        of what could take longer than a moment there.
        """
        self._identity = identity
        self._seconds = seconds
        self._memory = memory
        self._quick = quick
        # No more tasks than workers are ever in the pool, so that each one begins at once and a task that
        # does not is a sign of a broken pool. The others wait here, for nothing but their turn.
        self._pool = Pool(function, workers=workers + 1, seconds=seconds, memory=memory)
        self._quick_turns = Turns(workers, most=_QUICK_WAITING)
        self._costly_turns = Turns(1, most=_COSTLY_WAITING * seconds)
        self._costs = Costs()
        # What takes a moment for certain needs no process: to hand it over and back takes as long.
        self._rest = rest
        self._aside = ThreadPoolExecutor(1, thread_name_prefix="read")

    async def read(self, lease: Lease, fetched: Fetched, now: datetime, /) -> ReadResult:
        """What the body gives; `Unreadable` where reading it fails, takes too long or takes too much."""
        if lease.items is not None:
            aside = asyncio.get_running_loop().run_in_executor
            rest = await aside(self._aside, self._read_rest, lease, fetched, now)
            if rest is not None:
                return rest
        cost = self._costs.expected(lease.source.url, len(fetched.body))
        if cost < self._quick:
            async with self._quick_turns.turn(cost) as granted:
                if not granted:
                    return self._put_off(lease)
                try:
                    return await self._in_turn(lease, fetched, now, self._quick)
                except TooLong:
                    cost = self._seconds  # as far as we know
                    self._costs.note(lease.source.url, cost)
        async with self._costly_turns.turn(cost) as granted:
            if not granted:
                return self._put_off(lease)
            try:
                return await self._in_turn(lease, fetched, now, None)
            except TooLong:
                self._costs.note(lease.source.url, self._seconds)
                return self._unreadable(lease, Trouble(self._too_long()))

    def _read_rest(self, lease: Lease, fetched: Fetched, now: datetime) -> ReadResult | None:
        """Runs in the thread; one at a time. What fails there fails again where it can be said how."""
        try:
            return self._rest(lease, fetched, now, self._identity)
        except Exception as error:  # noqa: BLE001 - whatever a parser raises is about this document alone
            _log.debug("reading the rest of %s failed: %s", lease.source.label, type(error).__name__)
            return None

    async def _in_turn(
        self, lease: Lease, fetched: Fetched, now: datetime, quick: float | None
    ) -> ReadResult:
        """Read a body whose turn it is; raises `TooLong`, after `quick` seconds of computing if given."""
        done = await self._pool.attempt(lease, fetched, now, self._identity, quick)
        if done is None:
            # The pool broke, perhaps through another document: once more, in a new one.
            done = await self._pool.attempt(lease, fetched, now, self._identity, quick)
        if done is None:
            _log.error("reading %s failed twice: the reading processes died", lease.source.label)
            return Unreadable("the reading processes died twice over it", ours=True)
        self._costs.note(lease.source.url, done.seconds)
        if isinstance(done.result, Trouble):
            return self._unreadable(lease, done.result)
        return done.result

    def close(self) -> None:
        """End the processes for certain, whatever they do; later reads are refused. Blocks for a moment."""
        self._pool.close()
        self._aside.shutdown(wait=False, cancel_futures=True)

    async def aclose(self) -> None:
        """`close`, without holding the event loop."""
        await asyncio.to_thread(self.close)

    def _put_off(self, lease: Lease) -> Unreadable:
        _log.warning(
            "reading %s is put off: too many documents wait that take long to read", lease.source.label
        )
        return Unreadable("not read yet: too many documents wait that take long to read", ours=True)

    def _too_long(self) -> str:
        return f"reading took longer than {self._seconds:g} s; the document is hostile or far too large"

    def _unreadable(self, lease: Lease, trouble: Trouble) -> Unreadable:
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
