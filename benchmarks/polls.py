"""Rows about polling: what a feed costs that is new, that has changed, and that has not.

The real exchange, worker processes, poller and SQLite store poll an origin on this machine; only the clock
is ours. feedparser's `parse`, with its defaults, reads the same bodies for comparison, and httpx over the
same transport asks the same origin for the same things without anything around it.
"""

from __future__ import annotations

import asyncio
import gc
import statistics
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import feedparser
import httpx
from httpx_aiohttp import AiohttpTransport

from aggregator.daemon.live import BETWEEN_ROUNDS
from aggregator.fetch import HttpFetcher
from aggregator.model import (
    Category,
    Config,
    Fetched,
    Hints,
    Lease,
    Memory,
    Polling,
    PollOutcome,
    Slug,
    Source,
    Url,
    Validators,
)
from aggregator.poller import Poller
from aggregator.store import open_store
from aggregator.workers import WorkerReader
from benchmarks.made import feed
from benchmarks.table import Row, cpu

FEEDS = 40
ROUNDS = 9
AT_ONCE = 20
WORKERS = 2
AGENT = "aggregator/0 (+https://a.example/)"
# The feeds bring an entry an hour, the first ones soon after the start: nobody is silent, nothing is missed.
START, PERIOD = datetime(2026, 10, 31, tzinfo=UTC), timedelta(hours=1)
POLLING = Polling(
    per_host=1000,
    per_host_gap=timedelta(0),
    concurrency=AT_ONCE,
    every=PERIOD / 2,
    min_interval=PERIOD / 2,
    max_interval=PERIOD / 2,
)
ROOT = Path(__file__).resolve().parent.parent


class Clock:
    """Goes on when it is told to."""

    def __init__(self) -> None:
        self._now = START

    def now(self) -> datetime:
        return self._now

    def pass_on(self) -> None:
        self._now += PERIOD


@contextmanager
def origin() -> Iterator[tuple[int, int]]:
    """The origin's port and process."""
    command = [sys.executable, "-m", "benchmarks.origin"]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            yield int(process.stdout.readline()), process.pid
        finally:
            process.stdin.close()


def url(port: int, number: int) -> str:
    """Each feed on a host of its own, as in life."""
    return f"http://127.0.{number // 250}.{number % 250 + 1}:{port}/{number}/feed"


def go(port: int, version: int, every: int = 1) -> None:
    """Let the origin have another version of every feed, or of one of so many."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/go/{version}/{every}") as answer:
        answer.read()


class Bench:
    """A poller over a store of its own."""

    def __init__(self, poller: Poller, clock: Clock, process: int) -> None:
        self.poller, self._clock, self._process = poller, clock, process
        self.results: list[str] = []

    async def poll(self) -> float:
        """Poll every source once, a period later; the seconds of computing that it took for each."""
        self._clock.pass_on()
        self.results.clear()
        before = cpu(without=self._process)
        while await self.poller.start_due() or self.poller.running:
            await self.poller.any_ended()
            await asyncio.sleep(BETWEEN_ROUNDS)  # as the daemon does
        return (cpu(without=self._process) - before) / len(self.results)

    def told(self, outcome: PollOutcome) -> None:
        self.results.append(outcome.memory.last_result)

    def expect(self, result: str) -> None:
        """What every poll must have come to: else the figure is of something else."""
        wrong = {said for said in self.results if said != result}
        assert not wrong, f"not {result!r} but {sorted(wrong)[:3]}"


@asynccontextmanager
async def bench(port: int, process: int, feeds: int, near_duplicates: str) -> AsyncIterator[Bench]:
    clock = Clock()
    keeps = near_duplicates == "keep"
    categories = (Category(Slug("general"), "General", near_duplicates="keep" if keeps else "merge"),)
    sources = tuple(Source(Url(url(port, n)), private=True, definition="d", position=n) for n in range(feeds))
    config = Config(polling=POLLING, categories=categories, sources=sources)
    with (
        tempfile.TemporaryDirectory() as directory,
        ThreadPoolExecutor(2) as deciders,
        open_store(f"{directory}/store.db", output=directory, loops=True, now=clock.now()) as store,
    ):
        store.polls.sync(config, clock.now())
        reader = WorkerReader(store.posts.identity(), workers=WORKERS)
        lease = Lease(sources[0], 0, Memory())
        body = Fetched(feed(0), "application/xml", sources[0].url, Validators(), Hints())
        # The processes that read are there before anything is measured.
        await asyncio.gather(*(reader.read(lease, body, clock.now()) for _ in range(4 * WORKERS)))
        made: list[Bench] = []
        poller = Poller(
            store.polls, HttpFetcher(POLLING, AGENT, clock), reader, clock, POLLING,
            lambda outcome: made[0].told(outcome), deciders,
        )  # fmt: skip
        made.append(Bench(poller, clock, process))
        try:
            yield made[0]
        finally:
            await poller.stop(5)
            await reader.aclose()


async def bare(port: int, process: int, feeds: int, version: int) -> float:
    """Ask for every feed with its ETag, through httpx over the same transport; seconds for each."""
    tags = {"if-none-match": f'"v{version}"', "user-agent": AGENT}
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as session:
        async with httpx.AsyncClient(transport=AiohttpTransport(client=session)) as client:
            waiting = iter(range(feeds))

            async def ask() -> None:
                for number in waiting:
                    assert (await client.get(url(port, number), headers=tags)).status_code == 304

            before = cpu(without=process)
            await asyncio.gather(*(ask() for _ in range(AT_ONCE)))
            return (cpu(without=process) - before) / feeds


def parsed(feeds: int, version: int) -> float:
    """What `feedparser.parse` takes for one of these feeds, in seconds of computing."""
    bodies = [feed(number, version) for number in range(feeds)]
    before = cpu()
    for body in bodies:
        assert len(feedparser.parse(body).entries) == 30
    return (cpu() - before) / feeds


async def measured(near_duplicates: str, feeds: int, rounds: int) -> dict[str, list[float]]:
    """Seconds of computing of one poll of each kind, by rounds."""
    gc.freeze()  # as the daemon does it
    taken: dict[str, list[float]] = {"cold": [], "changed": [], "unchanged": [], "bare": []}
    with origin() as (port, process):
        async with bench(port, process, feeds, near_duplicates) as polls:
            taken["cold"].append(await polls.poll())
            polls.expect("30 new")
            for version in range(1, rounds + 1):
                go(port, version)
                taken["changed"].append(await polls.poll())
                polls.expect("1 new, 29 unchanged")
                taken["unchanged"].append(await polls.poll())
                polls.expect("not modified")
                taken["bare"].append(await bare(port, process, feeds, version))
    return taken


def rows(near_duplicates: str = "keep") -> Iterator[Row]:
    """The rows of the table that are about polling."""
    taken = asyncio.run(measured(near_duplicates, FEEDS, ROUNDS))
    ms = {kind: 1000 * statistics.median(seconds) for kind, seconds in taken.items()}
    base = 1000 * statistics.median(parsed(FEEDS // 4, version) for version in range(3))
    changed, cold = base / ms["changed"], base / ms["cold"]
    over = ms["unchanged"] / ms["bare"]
    against = f"ms a poll against {base:.1f} of feedparser.parse ({near_duplicates})"
    yield Row("cold: 30 new", "3 times as fast", f"{cold:.1f}", cold >= 3, f"{ms['cold']:.2f} {against}")
    yield Row("changed: 1 new of 30", "25", f"{changed:.1f}", changed >= 25, f"{ms['changed']:.2f} {against}")
    detail = f"{ms['unchanged']:.2f} ms a poll against {ms['bare']:.2f} of the GET alone"
    yield Row("unchanged (304)", "at most 1.5 times", f"{over:.2f}", over <= 1.5, detail)
