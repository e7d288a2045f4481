"""A row about the scheduler: what its tick costs where nothing is due."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Iterator

from aggregator.fetch import HttpFetcher
from aggregator.model import Category, Config, Slug, Source, Url
from aggregator.poller import Poller
from aggregator.store import open_store
from aggregator.workers import WorkerReader
from benchmarks.polls import AGENT, POLLING, Clock
from benchmarks.table import Row

SOURCES = 10_000
TICKS = 300


async def _ticks(directory: str) -> list[float]:
    """Seconds of computing of each tick."""
    clock = Clock()
    sources = tuple(
        Source(Url(f"https://s{n}.example/feed"), definition="d", position=n) for n in range(SOURCES)
    )
    config = Config(categories=(Category(Slug("general"), "General"),), sources=sources)
    with open_store(f"{directory}/store.db", output=directory, loops=True, now=clock.now()) as store:
        store.polls.sync(config, clock.now())
        reader = WorkerReader(store.posts.identity(), workers=1)
        poller = Poller(
            store.polls, HttpFetcher(POLLING, AGENT, clock), reader, clock, POLLING, lambda outcome: None
        )
        while leases := store.polls.lease_due(clock.now(), 1000):  # from now on their floors hold
            for lease in leases:
                store.polls.give_back(lease, clock.now())
        taken = []
        for _ in range(TICKS):
            before = time.process_time()
            assert await poller.start_due() == 0
            taken.append(time.process_time() - before)
        await poller.stop(1)
        await reader.aclose()
        return taken


def rows() -> Iterator[Row]:
    """The row about the tick."""
    with tempfile.TemporaryDirectory() as directory:
        ms = 1000 * statistics.median(asyncio.run(_ticks(directory)))
    yield Row(f"tick, {SOURCES:,} sources, none due", "under 1 ms", f"{ms:.3f} ms", ms < 1)
