"""Shell. The life of one source of one behaviour: the real exchange, poller and store under simulated time.

At fixed polls something happens to the reader: it is restarted, killed, told of an edited configuration,
upgraded, or gets a second poller beside it on the same store.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, TypeAlias

from aggregator.config import load
from aggregator.errors import StoreError
from aggregator.fetch import HttpFetcher
from aggregator.model import CommitResult, Config, Items, Known, Lease, Lookup, PollOutcome, Url
from aggregator.poller import Poller
from aggregator.ports import PollStore, Reader
from aggregator.store import Store, open_store
from aggregator.store.polls import Polls, Remembered
from aggregator.store.sqlite import SQLite
from tests.fakes import InlineReader
from tests.origin.behaviours import BEHAVIOURS
from tests.origin.door import OriginDoor
from tests.origin.origin import Origin
from tests.origin.score import Watch
from tests.origin.simulated import SimulatedClock, simulate

START = datetime(2026, 3, 2, 6, tzinfo=UTC)
ADDRESSES = {"feeds.example.com": "192.88.98.1", "elsewhere.example.net": "192.88.98.2"}
AGENT = "aggregator/1.0 (+https://news.example.org/about)"
LATENCY = 0.4  # seconds

Disturbance: TypeAlias = Literal[
    "restart", "kill waiting", "kill before commit", "reload", "second poller", "one poller", "upgrade"
]
CYCLE: dict[int, Disturbance] = {
    4: "restart", 7: "kill waiting", 11: "kill before commit", 14: "reload", 17: "upgrade",
    20: "second poller", 27: "reload", 31: "one poller", 35: "kill before commit", 37: "kill waiting",
}  # fmt: skip
"""What happens before which poll of every forty."""
LAST: tuple[Disturbance, ...] = ("restart", "reload")
"""What may not bring a source back that is gone."""


class Mortal:
    """`ports.PollStore` of a process that can be killed: from then on nothing reaches the store."""

    def __init__(self, store: PollStore) -> None:
        self._store = store
        self.dead = False
        self.dies: asyncio.Event | None = None  # it is killed when it is about to commit, and that is set

    def sync(self, config: Config, now: datetime, /) -> None:
        self._alive().sync(config, now)

    def lease_due(
        self, now: datetime, limit: int, /, *, everything: bool = False, not_since: datetime | None = None
    ) -> Sequence[Lease]:
        return self._alive().lease_due(now, limit, everything=everything, not_since=not_since)

    def next_due(
        self, now: datetime, /, *, everything: bool = False, not_since: datetime | None = None
    ) -> datetime | None:
        return self._alive().next_due(now, everything=everything, not_since=not_since)

    def lease_push(self, source: Url, topic: Url, now: datetime, /) -> Lease | None:
        return self._alive().lease_push(source, topic, now)

    def items(self, source: Url, /) -> Items | None:
        return self._alive().items(source)

    def known(self, lookup: Lookup, /) -> Known:
        return self._alive().known(lookup)

    def commit(self, outcomes: Sequence[PollOutcome], now: datetime, /) -> Sequence[CommitResult]:
        if self.dies is not None:
            self.dead = True
            self.dies.set()
        return self._alive().commit(outcomes, now)

    def commit_locked(
        self, lookup: Lookup, decide: Callable[[Known], PollOutcome], now: datetime, /
    ) -> CommitResult:
        return self._alive().commit_locked(lookup, decide, now)

    def give_back(self, lease: Lease, now: datetime, /) -> None:
        self._alive().give_back(lease, now)

    def _alive(self) -> PollStore:
        if self.dead:
            raise StoreError("killed")
        return self._store


class Process:
    """A reader that runs: its store, its fetcher, its poller."""

    def __init__(self, life: Life, polls: PollStore, reader: Reader) -> None:
        self.mortal = Mortal(polls)
        polling = life.config.polling
        self.fetcher = HttpFetcher(polling, AGENT, life.clock, life.door)
        self.poller = Poller(self.mortal, self.fetcher, reader, life.clock, polling, life.note)


class Life:
    """One source, from its first poll on."""

    def __init__(self, name: str, directory: Path) -> None:
        self.clock = SimulatedClock(START)
        self.directory = directory
        self.origin = Origin()
        here, elsewhere = (f"https://{host}/{name}/" for host in ADDRESSES)
        self.origin.play([BEHAVIOURS[name](here, elsewhere, START)])
        self.watch = next(iter(self.origin.watches.values()))
        self.door = OriginDoor(self.origin, ADDRESSES, self.clock.now, lambda _: LATENCY)
        self._edits = 0
        self.config = self._configured()
        self.processes: list[Process] = []
        self._store: Store | None = None
        self._second: SQLite | None = None

    async def live(self, polls: int) -> None:
        """Until it was asked so often, or never will be again; then its store is closed."""
        self._open()
        disturbed: set[int] = set()
        try:
            while (done := self.watch.exchanges) < polls:
                disturbance = CYCLE.get(done % 40)
                if disturbance is not None and done not in disturbed:
                    disturbed.add(done)
                    await self._disturb(disturbance)
                if not await self._poll():
                    break
            if self.watch.exchanges < polls:
                for last in LAST:
                    await self._disturb(last)
                    await self._poll()
        finally:
            await self._stop()

    def note(self, outcome: PollOutcome) -> None:
        """A fault of ours is no politeness."""
        if outcome.memory.last_result == "fault":
            self.watch.blame(outcome.at, f"a fault of the reader: {outcome.memory.last_error}")

    def _configured(self) -> Config:
        text = (
            "site: {title: Politeness, url: 'https://news.example.org/'}\n"
            f"feeds: [{{url: '{self.watch.behaviour.here}feed.xml', title: Edited {self._edits} times, "
            f"headers: {{x-edit: '{self._edits}'}}}}]\n"
        )
        return load(text, name="feeds.yaml", directory=str(self.directory), environment={})

    # --- polls --------------------------------------------------------------------------------------------

    async def _poll(self) -> bool:
        """Wait until something is due, and run all that is; False where nothing ever will be."""
        while True:
            for process in self.processes:
                await process.poller.start_due()
            running = [process.poller for process in self.processes if process.poller.running]
            if running:
                await asyncio.gather(*(poller.any_ended() for poller in running))
                return True
            now = self.clock.now()
            times = [process.mortal.next_due(now) for process in self.processes]
            soonest = min((at for at in times if at is not None), default=None)
            if soonest is None:
                return False
            # What is due and yet not leased must not stop the time: the daemon's next tick asks again.
            await asyncio.sleep((soonest - now).total_seconds() if soonest > now else 1.0)

    # --- disturbances -------------------------------------------------------------------------------------

    async def _disturb(self, what: Disturbance) -> None:
        match what:
            case "restart":
                await self._stop()
                self._open()
            case "kill waiting":
                self.door.hold = held = asyncio.Event()
                await self._kill(held)
                self.door.hold = None
                self._open()
            case "kill before commit":
                dying = asyncio.Event()
                for process in self.processes:
                    process.mortal.dies = dying
                await self._kill(dying)
                self._open()
            case "reload":
                self._reload()
            case "upgrade":
                await self._stop()
                self._make_older()
                self._open()
            case "second poller":
                self._join()
            case "one poller":
                await self._stop()
                self._open()

    async def _kill(self, when: asyncio.Event) -> None:
        """Let it die in the middle of its next poll, if there is one: nothing that it does then is stored."""
        polling = asyncio.create_task(self._poll())
        dying = asyncio.create_task(when.wait())
        await asyncio.wait({polling, dying}, return_when=asyncio.FIRST_COMPLETED)
        for process in self.processes:
            process.mortal.dead = True
        for task in (polling, dying):
            task.cancel()
        await asyncio.gather(polling, dying, return_exceptions=True)
        if when.is_set():
            self.origin.killed(self.clock.now())
        await self._stop()

    def _reload(self) -> None:
        """As `House.adopt` does it."""
        self._edits += 1
        self.config = self._configured()
        for process in self.processes:
            process.mortal.sync(self.config, self.clock.now())
            process.fetcher.reconfigure(self.config.polling, AGENT)
            process.poller.polling = self.config.polling

    def _open(self) -> None:
        store = open_store(
            self._path, output=str(self.directory / "public"), loops=True, now=self.clock.now()
        )
        store.polls.sync(self.config, self.clock.now())
        self._store = store
        self._reader: Reader = InlineReader(store.posts.identity())  # type: ignore[no-untyped-call]
        self.processes = [Process(self, store.polls, self._reader)]

    def _join(self) -> None:
        """A second process on the same file, below the lock that keeps it away until there is PostgreSQL."""
        self._second = SQLite(self._path, loops=False, now=self.clock.now())
        remembered = Remembered()
        remembered.take(self.config)
        self.processes.append(Process(self, Polls(self._second, remembered, loops=True), self._reader))

    def _make_older(self) -> None:
        """As if another version of ours had written the store: the next one may read some bodies again."""
        with closing(sqlite3.connect(self._path)) as connection, connection:
            connection.execute(
                "UPDATE sources SET memory = json_set(memory, '$.reader', 'older') "
                "WHERE json_extract(memory, '$.reader') != ''"
            )
        self.watch.upgraded = True

    async def _stop(self) -> None:
        for process in self.processes:
            await process.poller.stop(8.0)
        self.processes = []
        if self._second is not None:
            self._second.close()
            self._second = None
        if self._store is not None:
            self._store.close()
            self._store = None

    @property
    def _path(self) -> str:
        return str(self.directory / "store.db")


def lived(name: str, polls: int, directory: Path) -> tuple[Watch, Origin]:
    """The life of a source of that behaviour; its score, and that of its hosts."""

    async def main() -> Life:
        life = Life(name, directory)
        await life.live(polls)
        return life

    life = simulate(main())
    return replace(life.watch), life.origin
