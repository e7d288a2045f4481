"""Rows about publishing: what one new post costs in a category, against feedgen, which writes all of it anew.

The real publisher, SQLite store and files; before each round a poll has brought one post. Both write Atom
without compression. feedgen is given the same posts, which it need not look for in any store, and its bytes
go nowhere; ours are stored, compared and in their place at the end.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from unittest.mock import patch

from feedgen.feed import FeedGenerator

from aggregator import pipeline, publish
from aggregator.model import (
    Category,
    Config,
    Document,
    Fetched,
    Hints,
    Lease,
    NearDuplicates,
    Output,
    Polling,
    Post,
    ReadResult,
    Site,
    SiteIdentity,
    Slug,
    Source,
    Url,
    Validators,
)
from aggregator.poller import Poller
from aggregator.publisher import Publisher
from aggregator.store import Store, open_store
from benchmarks.made import ENTRIES, feed
from benchmarks.table import Row

ROUNDS = 9
NEWS = Slug("news")
HOUR = timedelta(hours=1)
POLLING = Polling(every=HOUR, min_interval=HOUR, max_interval=HOUR)


class Clock:
    """Goes on when it is told to, within one day."""

    def __init__(self) -> None:
        self._now = datetime(2026, 11, 24, tzinfo=UTC)

    def now(self) -> datetime:
        return self._now

    def pass_on(self) -> None:
        self._now += 2 * HOUR


class Origin:
    """Gives feeds without a network: what is measured comes after."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self._numbers = {source.url: number for number, source in enumerate(sources)}
        self.ahead = ""  # the source that has one entry more than the others

    async def fetch(self, lease: Lease, /) -> Fetched:
        url = lease.source.url
        body = feed(self._numbers[url], int(url == self.ahead))
        return Fetched(body, "application/xml", url, Validators(etag='"a"'), Hints())


class Reader:
    """Reads in this process."""

    def __init__(self, identity: SiteIdentity) -> None:
        self._identity = identity

    async def read(self, lease: Lease, fetched: Fetched, now: datetime, /) -> ReadResult:
        return pipeline.read(lease, fetched, now, self._identity)


class Scene:
    """A category of so many posts that is published, and sources that have more of them."""

    def __init__(
        self, store: Store, directory: str, entries: int, near_duplicates: NearDuplicates = "keep"
    ) -> None:
        self.clock, self.store, self.entries = Clock(), store, entries
        self.category = Category(NEWS, "News", near_duplicates=near_duplicates, entries=entries)
        sources = tuple(
            Source(
                Url(f"https://blog{n}.example/feed"),
                definition="d",
                position=n,
                categories=(NEWS,),
                every=HOUR,
            )
            for n in range(entries // ENTRIES + ROUNDS)
        )
        self.config = Config(
            site=Site(url="https://news.example/"),
            output=Output(directory, ("atom",), entries=entries),
            categories=(self.category,),
            sources=sources,
            polling=POLLING,
        )
        store.polls.sync(self.config, self.clock.now())
        self.origin = Origin(sources)
        self._poller = Poller(
            store.polls,
            self.origin,
            Reader(store.posts.identity()),
            self.clock,
            POLLING,
            lambda outcome: None,
        )
        self.publisher = Publisher(
            store.posts, store.sources, store.documents, self.clock, self.config,
            store.jekyll, store.pages, store.archives,
        )  # fmt: skip

    async def poll(self) -> None:
        """Poll every source once, hours later."""
        self.clock.pass_on()
        while await self._poller.start_due() or self._poller.running:
            await self._poller.any_ended()

    def posts(self) -> list[Post]:
        """What the category shows."""
        stories = self.store.posts.newest(NEWS, self.entries)
        return [one.post for one in publish.shown(stories, {}, self.entries)]

    def document(self) -> Document:
        """The Atom document of the category."""
        found = self.store.documents.get("category/news/feed.atom")
        assert found is not None
        return found


def whole(posts: Sequence[Post]) -> bytes:
    """The same posts by feedgen alone, as its documentation says to use it."""
    made = FeedGenerator()
    made.id("https://news.example/category/news/")
    made.title("News")
    made.updated(posts[0].updated)
    made.author({"name": "Feeds"})
    made.link(href="https://news.example/category/news/feed.atom", rel="self")
    made.link(href="https://news.example/category/news/", rel="alternate")
    for post in posts:
        entry = made.add_entry(order="append")
        entry.id(post.id)
        entry.title(post.title)
        entry.link(href=post.link)
        entry.published(post.published)
        entry.updated(post.updated)
        for person in post.authors:
            entry.author({"name": person.name})
        for tag in post.tags:
            entry.category({"term": tag})
        entry.content(post.content, type="html")
        entry.source(post.origin.feed or post.origin.id, post.origin.title)
    body: bytes = made.atom_str(pretty=True)
    return body


def taken(work: Callable[[], object]) -> float:
    """Seconds of computing."""
    before = time.process_time()
    work()
    return time.process_time() - before


async def measured(entries: int, near_duplicates: NearDuplicates) -> dict[str, list[float]]:
    """Seconds by round: of feedgen, of our rendering alone, and of our whole round."""
    found: dict[str, list[float]] = {"feedgen": [], "rendered": [], "round": []}
    render = pipeline.render_category

    def timed(*given: Any, **said: Any) -> pipeline.Rendered:
        before = time.process_time()
        made = render(*given, **said)
        found["rendered"].append(time.process_time() - before)
        return made

    with (
        tempfile.TemporaryDirectory() as directory,
        open_store(f"{directory}/store.db", output=f"{directory}/public", loops=True) as store,
        patch("gzip.compress", lambda *_, **__: b""),
        patch.object(pipeline, "render_category", timed),
    ):
        scene = Scene(store, f"{directory}/public", entries, near_duplicates)
        await scene.poll()
        scene.publisher.publish()
        found["rendered"].clear()
        for source in scene.config.sources[:ROUNDS]:
            scene.origin.ahead = source.url
            await scene.poll()
            before = scene.document().body
            found["round"].append(taken(scene.publisher.publish))
            assert scene.document().body != before
            posts = scene.posts()
            assert len(posts) == entries
            found["feedgen"].append(taken(partial(whole, posts)))
    return found


def rows(near_duplicates: NearDuplicates = "keep") -> Iterator[Row]:
    """The rows of the table that are about publishing."""
    for entries, goal in ((200, 15), (1000, 10)):
        found = asyncio.run(measured(entries, near_duplicates))
        ms = {what: 1000 * statistics.median(seconds) for what, seconds in found.items()}
        against = f"ms against {ms['feedgen']:.1f} of feedgen"
        ratio = ms["feedgen"] / ms["rendered"]
        yield Row(
            f"publish 1 new post, {entries}: write and join",
            f"{goal} times as fast",
            f"{ratio:.1f}",
            ratio >= goal,
            f"{ms['rendered']:.2f} {against} ({near_duplicates})",
        )
        yield Row(
            f"publish 1 new post, {entries}: whole round",
            "(report)",
            f"{ms['feedgen'] / ms['round']:.1f}",
            None,
            f"{ms['round']:.2f} {against}; store, files and the site's documents in ours",
        )
