"""Shell. Loop one, from sources to stored posts: lease, fetch, read, look up, decide, commit.

Knows ports, not adapters, and decides nothing: `pipeline` does. Holds the error boundary: whatever happens
in one poll stays in that poll and ends in one outcome.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from datetime import datetime
from typing import TypeAlias

from aggregator import pipeline
from aggregator.errors import StoreError
from aggregator.model import (
    CommitResult,
    Committed,
    Fetched,
    FetchResult,
    Known,
    Lease,
    LeaseLost,
    Polling,
    PollOutcome,
    ReadResult,
    Stale,
    replace,
)
from aggregator.ports import Clock, Fetcher, PollStore, Reader

log = logging.getLogger(__name__)

Report: TypeAlias = Callable[[PollOutcome], None]

DECISIONS_BEFORE_LOCKING = 3
"""How often an outcome may prove stale before it is decided under the store's write lock."""
POLLS_PER_EXCHANGE = 4
"""Polls under way for each exchange that may be: what has come and waits to be read asks nobody any more."""
BATCH = 200
"""Outcomes in one transaction at most."""
GATHERING = 0.02
"""Seconds that the first outcome of a transaction waits for others, while more polls are under way."""


class Poller:
    """Polls what is due, with as many exchanges at once as `polling.concurrency` allows."""

    def __init__(
        self,
        store: PollStore,
        fetcher: Fetcher,
        reader: Reader,
        clock: Clock,
        polling: Polling,
        report: Report,
        deciders: Executor | None = None,
    ) -> None:
        """`deciders`: threads of its own for deciding, so that leases and commits always find one."""
        self._store, self._fetcher, self._reader, self._clock = store, fetcher, reader, clock
        self._report, self._deciders = report, deciders
        self.polling = polling
        self._running: set[asyncio.Task[None]] = set()
        self._exchanging: set[asyncio.Task[None]] = set()  # those whose answer has not come yet
        self._news = asyncio.Event()  # an exchange or a poll has ended
        self._committer = _Committer(store, clock, lambda: len(self._running) > 1)
        self._leasing = asyncio.Lock()
        self._owed: list[Lease] = []  # leases that could not be given back yet: the store was in trouble

    @property
    def running(self) -> int:
        """Polls under way."""
        return len(self._running)

    async def start_due(self, *, everything: bool = False, not_since: datetime | None = None) -> int:
        """Lease what is due and start polling it; how many polls that started. Does not wait for them.

        Raises `StoreError` where the store cannot be asked; nothing is lost by that.
        """
        async with self._leasing:
            most = self.polling.concurrency
            room = min(most - len(self._exchanging), POLLS_PER_EXCHANGE * most - len(self._running))
            if room <= 0:
                return 0
            while self._owed:
                await asyncio.to_thread(self._store.give_back, self._owed[-1], self._clock.now())
                self._owed.pop()
            now = self._clock.now()
            leases = await asyncio.to_thread(
                self._store.lease_due, now, room, everything=everything, not_since=not_since
            )
            for lease in leases:
                task = asyncio.create_task(self._poll(lease, now), name=f"poll {lease.source.label}")
                self._exchanging.add(task)
                self._running.add(task)
                task.add_done_callback(self._ended)
            return len(leases)

    async def push(self, lease: Lease, fetched: Fetched) -> None:
        """Read and store what has come without asking, under a lease for that (`PollStore.lease_push`)."""
        task = asyncio.create_task(
            self._poll(lease, self._clock.now(), fetched), name=f"push {lease.source.label}"
        )
        self._running.add(task)
        task.add_done_callback(self._ended)
        await asyncio.shield(task)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._answered(task)

    def _answered(self, task: asyncio.Task[None] | None) -> None:
        if task is not None:
            self._exchanging.discard(task)
        self._news.set()

    async def any_ended(self) -> None:
        """Wait until one of the polls under way, or its exchange, has ended; at once where there is none."""
        self._news.clear()
        if self._running:
            await self._news.wait()

    async def stop(self, seconds: float) -> int:
        """Let polls under way finish for so long, then cancel the rest; how many were cancelled.

        A cancelled poll gives its lease back and is asked again when its floor has passed.
        """
        async with self._leasing:
            left = set(self._running)
            if left:
                _, left = await asyncio.wait(left, timeout=seconds)
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)
            await self._committer.stop()
            return len(left)

    async def _poll(self, lease: Lease, leased: datetime, pushed: Fetched | None = None) -> None:
        result: FetchResult | None = pushed
        try:
            if result is None:
                if self._clock.now() - leased > self.polling.timeout:
                    # This process was stopped: somebody else may be asking by now.
                    log.info("lease too old source=%s", lease.source.label)
                    await self._give_back(lease)
                    return
                lease = pipeline.prepared(lease, self._clock.now())
                began = self._clock.now()
                result = pipeline.unasked(lease) or await self._fetcher.fetch(lease)
                result = replace(result, took=self._clock.now() - began)
                self._answered(asyncio.current_task())
            reading = None
            if isinstance(result, Fetched) and not pipeline.is_known_body(lease, result):
                lease = await self._with_items(lease)
                reading = await self._reader.read(lease, result, self._clock.now())
            await self._settle(lease, result, reading)
        except asyncio.CancelledError:
            await asyncio.shield(self._give_back(lease))
            raise
        except StoreError as trouble:
            log.error("cannot store the poll of %s: %s", lease.source.label, trouble)
            await self._fail(lease, result, str(trouble))
        except Exception as fault:  # one source never harms another, whatever our own fault
            log.exception("fault while polling %s", lease.source.label)
            await self._fail(lease, result, f"{type(fault).__name__}: {fault}")

    async def _fail(self, lease: Lease, result: FetchResult | None, detail: str) -> None:
        """Let a fault of ours count as a failure of the poll: it shows, and backs off like any other.

        What the server said of when to come back holds all the same; a body that it sent is asked for again.
        """
        try:
            await self._settle(lease, pipeline.faulty(result, detail), None)
        except StoreError:
            await self._give_back(lease)
        except Exception:
            log.exception("fault while noting the fault of %s", lease.source.label)
            await self._give_back(lease)

    async def _give_back(self, lease: Lease) -> None:
        """End a lease without an outcome; later, where the store cannot do it now."""
        try:
            await asyncio.to_thread(self._store.give_back, lease, self._clock.now())
        except StoreError:
            self._owed.append(lease)

    async def _with_items(self, lease: Lease) -> Lease:
        """The lease with what is known of the last document's items, for a body that is to be read."""
        if lease.errand is not None:
            return lease
        return replace(lease, items=await asyncio.to_thread(self._store.items, lease.source.url))

    async def _read(self, lease: Lease, result: FetchResult) -> ReadResult | None:
        """What a body says; None where there is none, or the one that was read before."""
        if not isinstance(result, Fetched) or pipeline.is_known_body(lease, result):
            return None
        return await self._reader.read(lease, result, self._clock.now())

    async def _settle(self, lease: Lease, result: FetchResult, reading: ReadResult | None) -> None:
        """Decide and commit, and again as long as what it was decided on has changed meanwhile."""
        loop = asyncio.get_running_loop()
        for decisions in range(1, DECISIONS_BEFORE_LOCKING + 2):
            now = self._clock.now()
            if decisions > DECISIONS_BEFORE_LOCKING and lease.items is not None:
                reading = await self._whole(lease, result)  # no doubt may come up under the lock
            if decisions <= DECISIONS_BEFORE_LOCKING:
                if reading is None:  # nothing to look up, and no time to be lost in a thread
                    outcome = pipeline.decide(lease, result, None, Known(), self.polling, now)
                else:
                    outcome, doubtful = await loop.run_in_executor(
                        self._deciders, self._decide, lease, result, reading, now
                    )
                    if doubtful:
                        reading = await self._whole(lease, result)
                        continue
                committed = await self._committer.commit(outcome)
            else:
                outcome, committed = await loop.run_in_executor(
                    self._deciders, self._settle_locked, lease, result, reading, now
                )
            match committed:
                case Committed():
                    self._report(outcome)
                    return
                case LeaseLost():
                    log.info("lease lost source=%s", lease.source.label)
                    return
                case Stale(current):
                    forgotten = lease.items is not None and current.items is None
                    forgotten = forgotten or current.compares != lease.compares
                    if forgotten or current.source.definition != lease.source.definition:
                        lease = current
                        reading = await self._read(lease, result)
                    lease = current
        log.warning("gave up on %s: its configuration changes faster than it is read", lease.source.label)
        await self._give_back(lease)

    async def _whole(self, lease: Lease, result: FetchResult) -> ReadResult | None:
        """What a body says, read without regard to what is known of its items."""
        return pipeline.whole(await self._read(replace(lease, items=None), result))

    def _decide(
        self, lease: Lease, result: FetchResult, reading: ReadResult, now: datetime
    ) -> tuple[PollOutcome, bool]:
        """Look up and decide, in one thread: thousands of posts take their time. And whether in doubt."""
        known = self._store.known(pipeline.lookup(lease, reading, now))
        outcome = pipeline.decide(lease, result, reading, known, self.polling, now)
        return outcome, pipeline.in_doubt(reading, known, outcome)

    def _settle_locked(
        self, lease: Lease, result: FetchResult, reading: ReadResult | None, now: datetime
    ) -> tuple[PollOutcome, CommitResult]:
        """The last resort against a busy neighbourhood: look, decide and write with nobody in between."""
        decided: list[PollOutcome] = []

        def decide(known: Known) -> PollOutcome:
            decided.append(pipeline.decide(lease, result, reading, known, self.polling, now))
            return decided[-1]

        committed = self._store.commit_locked(pipeline.lookup(lease, reading, now), decide, now)
        return decided[-1], committed


class _Committer:
    """Writes outcomes in batches: a transaction takes longer than what one of them writes in it."""

    def __init__(self, store: PollStore, clock: Clock, others: Callable[[], bool]) -> None:
        """`others`: whether more than one poll is under way, so that waiting for company is worth it."""
        self._store, self._clock, self._others = store, clock, others
        self._waiting: list[tuple[PollOutcome, asyncio.Future[CommitResult]]] = []
        self._some = asyncio.Event()  # of them wait
        self._task: asyncio.Task[None] | None = None

    async def commit(self, outcome: PollOutcome) -> CommitResult:
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._write(), name="commit")
        future: asyncio.Future[CommitResult] = asyncio.get_running_loop().create_future()
        self._waiting.append((outcome, future))
        self._some.set()
        return await future

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _write(self) -> None:
        while True:
            await self._some.wait()
            if self._others():
                await asyncio.sleep(GATHERING)
            batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
            if not self._waiting:
                self._some.clear()
            try:
                results = await self._commit([outcome for outcome, _ in batch])
            except Exception:  # noqa: BLE001 - one outcome must not cost its neighbours theirs: each alone
                for waiting in batch:
                    await self._alone(*waiting)
                continue
            for (_, future), result in zip(batch, results, strict=True):
                if not future.done():
                    future.set_result(result)

    async def _alone(self, outcome: PollOutcome, future: asyncio.Future[CommitResult]) -> None:
        try:
            [result] = await self._commit([outcome])
        except Exception as fault:  # noqa: BLE001 - handed to the poll that waits for it
            if not future.done():
                future.set_exception(fault)
        else:
            if not future.done():
                future.set_result(result)

    async def _commit(self, outcomes: list[PollOutcome]) -> Sequence[CommitResult]:
        return await asyncio.to_thread(self._store.commit, outcomes, self._clock.now())
