"""The row about a cold start: from the bytes of feeds that nobody has seen to posts in the store.

No network, no processes and no loop: reading, judging and storing, one after the other on one core, against
`feedparser.parse` with its defaults on the same bytes, which sanitizes and resolves but keeps nothing.
"""

from __future__ import annotations

import gc
import statistics
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import feedparser

from aggregator import pipeline
from aggregator.model import (
    Category,
    Committed,
    Config,
    Fetched,
    Hints,
    Lease,
    Polling,
    Slug,
    Source,
    Stale,
    Url,
    Validators,
)
from aggregator.store import Store, open_store
from benchmarks.made import feed
from benchmarks.table import Row, cpu

FEEDS = 60
AT_ONCE = 20
"""Outcomes in one transaction: as many as gather while the last ones are written."""
ROUNDS = 3
NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
POLLING = Polling(per_host=1000, per_host_gap=timedelta(0))


def stored(store: Store, leases: list[Lease], bodies: list[bytes]) -> None:
    """All of these feeds, from bytes to posts."""
    identity = store.posts.identity()
    waiting = list(zip(leases, bodies, strict=True))
    while waiting:
        outcomes = []
        some, waiting = waiting[:AT_ONCE], waiting[AT_ONCE:]
        for lease, body in some:
            fetched = Fetched(body, "application/xml", lease.source.url, Validators(), Hints())
            reading = pipeline.read(lease, fetched, NOW, identity)
            known = store.polls.known(pipeline.lookup(lease, reading, NOW))
            outcomes.append(pipeline.decide(lease, fetched, reading, known, POLLING, NOW))
            assert len(outcomes[-1].verdicts) == 30
        for (lease, body), result in zip(some, store.polls.commit(outcomes, NOW), strict=True):
            if isinstance(result, Stale):  # two texts share a band by chance: look again, as the poller does
                waiting.append((lease, body))
            else:
                assert isinstance(result, Committed)


def ours(bodies: list[bytes], near_duplicates: str) -> float:
    """Seconds of computing for each feed, in a store of its own."""
    keeps = near_duplicates == "keep"
    categories = (Category(Slug("general"), "General", near_duplicates="keep" if keeps else "merge"),)
    sources = tuple(
        Source(Url(f"https://blog{n}.example/feed"), definition="d", position=n) for n in range(len(bodies))
    )
    config = Config(polling=POLLING, categories=categories, sources=sources)
    with (
        tempfile.TemporaryDirectory() as directory,
        open_store(f"{directory}/store.db", output=directory, loops=True, now=NOW) as store,
    ):
        store.polls.sync(config, NOW)
        leases = sorted(store.polls.lease_due(NOW, len(bodies)), key=lambda lease: lease.source.position)
        before = cpu()
        stored(store, leases, bodies)
        return (cpu() - before) / len(bodies)


def parsed(bodies: list[bytes]) -> float:
    """Seconds of computing that `feedparser.parse` takes for each of them."""
    before = cpu()
    for body in bodies:
        assert len(feedparser.parse(body).entries) == 30
    return (cpu() - before) / len(bodies)


def rows(near_duplicates: str = "keep") -> Iterator[Row]:
    """The row of the table."""
    bodies = [feed(number) for number in range(FEEDS)]
    ours(bodies[:2], near_duplicates)  # what is imported, compiled and prepared once
    gc.collect()
    gc.freeze()  # as the daemon and its workers do it
    rounds = [(ours(bodies, near_duplicates), parsed(bodies[:AT_ONCE])) for _ in range(ROUNDS)]
    mine, base = (1000 * statistics.median(seconds) for seconds in zip(*rounds, strict=True))
    figure = base / mine
    detail = f"{mine:.2f} ms a feed against {base:.1f} of feedparser.parse ({near_duplicates})"
    yield Row("cold, one core: bytes to posts", "3 times as fast", f"{figure:.1f}", figure >= 3, detail)
