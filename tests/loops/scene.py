"""Loops on the fakes: a store that can be made to fail or to be changed just in time, sources that wait."""

import asyncio
import threading
from collections import Counter, defaultdict
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

from aggregator.model import Category, Config, Polling
from aggregator.poller import Poller
from tests.fakes import FixedClock, InlineReader, MemoryStore, ScriptedFetcher
from tests.pipeline.given import NOW, fetched, item, rss, source

SHARED = "https://z.example/article"


def url(name):
    """Where the source of this name is: every source on a host of its own."""
    return f"https://{name}.example/feed.xml"


def body(name, *items, **said):
    """A body of the source of this name, with one entry of its own if no others are given."""
    made = rss(*(items or (item(f"of-{name}", guid=f"tag:{name}.example,2026:1"),)), title=f"Feed {name}")
    return fetched(made, url=url(name), **said)


def telling_shared(name):
    """A body with one entry about what others tell, too."""
    return body(name, item("shared", guid=f"tag:{name}.example,2026:shared", link=SHARED))


class Hooked:
    """A port whose calls are noted, one at a time, each after the next hook of its name (which may raise)."""

    def __init__(self, port):
        self._port, self._lock = port, threading.RLock()
        self.called = []
        self.said = []  # the same with what was given by name
        self.hooks = defaultdict(list)

    def before(self, method, *hooks):
        """Run these before the next calls of a method, one each; an exception is raised instead."""
        self.hooks[method] += hooks

    def times(self, method):
        return sum(name == method for name, _ in self.called)

    def __getattr__(self, name):
        method = getattr(self._port, name)

        def call(*given, **said):
            with self._lock:
                self.called.append((name, given))
                self.said.append((name, given, said))
                hook = self.hooks[name].pop(0) if self.hooks[name] else None
                if isinstance(hook, BaseException):
                    raise hook
                if hook is not None:
                    hook(*given)
                return method(*given, **said)

        return call


class Waiting:
    """A fetcher whose exchanges last until they are let go; counts how many are under way."""

    def __init__(self):
        self.under_way = Counter()
        self.most = 0
        self.cancelled = []
        self._gates = {}

    def let_go(self, name):
        """End the exchange with the source of this name."""
        self._gates[url(name)].set()

    async def fetch(self, lease, /):
        at = lease.source.url
        gate = self._gates[at] = asyncio.Event()
        self.under_way[at] += 1
        self.most = max(self.most, self.under_way.total())
        try:
            await gate.wait()
        except asyncio.CancelledError:
            self.cancelled.append(at)
            raise
        finally:
            self.under_way[at] -= 1
        return body(at.split("//")[1].split(".")[0])


class CountingReader(InlineReader):
    """Notes under which definition each body was read, and whether with what its posts are compared by."""

    def __init__(self, identity):
        super().__init__(identity)
        self.read_as = []
        self.compared = []

    async def read(self, lease, read, now, /):
        self.read_as.append(lease.source.definition)
        self.compared.append(lease.compares)
        return await super().read(lease, read, now)


class InThisThread(ThreadPoolExecutor):
    """Runs what loops give to threads at once, so that everything happens in one known order."""

    def submit(self, function, /, *given, **said):
        future = Future()
        try:
            future.set_result(function(*given, **said))
        except Exception as error:  # noqa: BLE001 - as an executor does: whoever waits for it gets it
            future.set_exception(error)
        return future


class Scene:
    """A poller, its store with sources of these names, and what came of the polls."""

    def __init__(self, *names, fetcher=None, **polling):
        self.names = names
        self.near_duplicates = "merge"
        self.clock, self.store = FixedClock(NOW), MemoryStore(NOW)
        self.polls = Hooked(self.store.polls)
        self.fetcher = fetcher or ScriptedFetcher({url(n): [body(n)] for n in names})
        self.reader = CountingReader(self.store.site)
        self.outcomes = []
        self.polling = Polling(**polling)
        self.configure()
        self.poller = Poller(
            self.polls, self.fetcher, self.reader, self.clock, self.polling, self.outcomes.append
        )

    def configure(self, *names, **said):
        """Put a file with these sources (all, if none are named) in force, each with what is said."""
        sources = tuple(
            replace(source(url(name), position=n), **said) for n, name in enumerate(names or self.names)
        )
        news = Category("news", "News", near_duplicates=self.near_duplicates)
        config = Config(categories=(news,), sources=sources, polling=self.polling)
        self.store.polls.sync(config, self.clock.now())

    async def finish(self, **said):
        """Start what is due, and wait until nothing is under way."""
        started = await self.poller.start_due(**said)
        while self.poller.running:
            await self.poller.any_ended()
        return started

    def results(self):
        """What each source's memory says of its last poll."""
        return {
            status.url.split("//")[1].split(".")[0]: status.memory.last_result
            for status in self.store.sources.sources()
        }

    def leased(self):
        """The names of the sources that somebody still holds a lease of."""
        rows = self.store.data.sources.values()
        return {row.url.split("//")[1].split(".")[0] for row in rows if row.leased}

    def stories(self):
        """Who tells each story, by the sources' names."""
        return [
            [member.source.split("//")[1].split(".")[0] for member in story.members]
            for story in self.store.posts.newest(None, 99)
        ]

    def slips_in(self, name):
        """A hook: the source of this name is polled and committed by somebody else just then."""

        def poll(*_):
            from aggregator import pipeline

            while True:
                [lease] = self.store.polls.lease_due(self.clock.now(), 1)
                if lease.source.url == url(name):
                    break
            result = telling_shared(name)
            reading = pipeline.read(lease, result, self.clock.now(), self.store.site)
            known = self.store.polls.known(pipeline.lookup(lease, reading, self.clock.now()))
            outcome = pipeline.decide(lease, result, reading, known, self.polling, self.clock.now())
            self.store.polls.commit([outcome], self.clock.now())

        return poll


async def until(condition, seconds=10.0):
    """Wait for a condition, and fail where it does not come in time."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.001)
