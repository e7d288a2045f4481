"""A living source polled by the real loops, and a subscriber who notices what comes and what moves."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta

from lxml import etree

from aggregator.model import (
    Category,
    Changed,
    Config,
    Duplicate,
    New,
    Output,
    Polling,
    Reading,
    Rejected,
    Source,
)
from aggregator.poller import Poller
from aggregator.publisher import Publisher
from tests.fakes import FixedClock, InlineReader, MemoryStore, ScriptedFetcher
from tests.histories.simulated import START, URL, mark_of
from tests.loops.scene import InThisThread

EVERYTHING = 10_000
ATOM = "{http://www.w3.org/2005/Atom}"


@dataclass
class Noticed:
    """What a subscriber notices at one poll: numbers of articles."""

    new: Counter = field(default_factory=Counter)
    edited: Counter = field(default_factory=Counter)


class Subscriber:
    """Remembers ids as a feed reader does; complains where one comes twice or a date moves that may not."""

    def __init__(self):
        self.posts = {}  # id -> the post as it was read last
        self.articles = {}  # number -> id

    def look(self, stories):
        """Read everything that documents are made of; what is new or was edited since the last time."""
        noticed = Noticed()
        ids = [story.id for story in stories]
        assert len(ids) == len(set(ids))
        assert self.posts.keys() <= set(ids)
        for story in stories:
            [post] = story.members
            number, before = mark_of(post), self.posts.get(story.id)
            if before is None:
                noticed.new[number] += 1
                assert self.articles.setdefault(number, story.id) == story.id
            else:
                assert (post.published, post.first_seen) == (before.published, before.first_seen)
                assert post.updated >= before.updated
                assert mark_of(before) == number
                noticed.edited[number] += post.updated > before.updated
            self.posts[story.id] = post
        noticed.edited = +noticed.edited
        return noticed


class CountingReader(InlineReader):
    """Knows how many entries it has read, and how many it was spared."""

    def __init__(self, identity):
        super().__init__(identity)
        self.read_posts = self.spared = 0

    async def read(self, lease, fetched, now, /):
        reading = await super().read(lease, fetched, now)
        if isinstance(reading, Reading):
            self.read_posts += len(reading.posts)
            self.spared += len(reading.known)
        return reading


class World:
    """The loops on a store with one source, an hour between two polls."""

    def __init__(self, store=None, *, url=URL, polls=None, **source):
        """`polls`: what stands before the store's; `source`: what the file says of the source beside."""
        self.clock = FixedClock(START)
        self.store = store or MemoryStore(START)
        self.config = Config(
            output=Output(formats=("atom",), entries=EVERYTHING),
            categories=(Category("news", "News", entries=EVERYTHING),),
            sources=(
                Source(
                    **{"url": url, "categories": ("news",), "definition": "d1", "every": timedelta(minutes=5)}
                    | source
                ),
            ),
            polling=Polling(per_host_gap=timedelta(0)),
        )
        self.store.polls.sync(self.config, START)
        self.fetcher, self.outcomes, self.subscriber = ScriptedFetcher(), [], Subscriber()
        self.reader = CountingReader(self.store.posts.identity())
        self._poller = Poller(
            polls or self.store.polls,
            self.fetcher,
            self.reader,
            self.clock,
            self.config.polling,
            self.outcomes.append,
        )
        self._publisher = Publisher(
            self.store.posts, self.store.sources, self.store.documents, self.clock, self.config
        )
        self._runner = asyncio.Runner()
        self._runner.get_loop().set_default_executor(InThisThread())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._runner.close()

    def poll(self, result):
        """Poll the source once, which answers so; what the subscriber notices. Then an hour passes."""
        [source] = self.config.sources
        self.fetcher.say(source.url, result)
        before = len(self.outcomes)
        self._runner.run(self._finish())
        assert len(self.outcomes) == before + 1
        noticed = self.subscriber.look(self.store.posts.newest(None, EVERYTHING))
        self.clock.advance(hours=1)
        return noticed

    async def _finish(self):
        assert await self._poller.start_due(everything=True) == 1
        while self._poller.running:
            await self._poller.any_ended()

    def written(self):
        """The articles that the last poll wrote, by verdict."""
        written = {New: set(), Changed: set(), Duplicate: set(), Rejected: set()}
        for verdict in self.outcomes[-1].verdicts:
            if type(verdict) in written and not getattr(verdict, "reason", ""):
                written[type(verdict)].add(mark_of(verdict.post))
        return written

    def document(self):
        """The ids and dates of `feed.atom`, as it is published now."""
        published = self._publisher.publish()
        assert published.failures == ()
        root = etree.fromstring(self.store.documents.get("feed.atom").body)
        names = [ATOM + name for name in ("id", "published", "updated")]
        return [tuple(map(entry.findtext, names)) for entry in root.iter(ATOM + "entry")]
