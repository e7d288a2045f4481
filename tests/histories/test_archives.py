"""Whatever happens to a category: who reads its document and all archives, at any moment, misses nothing.

And finds nothing twice once a round of publishing is over. The reader looks between any two writes of the
publisher, which may fail and be killed there.
"""

import tempfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from lxml import etree

from aggregator.errors import PublishError
from aggregator.model import Category, Changed, Duplicate, New, Output, Rejected, Site
from aggregator.publisher import Publisher
from aggregator.store import open_store
from tests.contract.made import NOW, A, B, C, config, outcome, post, source
from tests.fakes import FixedClock, MemoryStore
from tests.loops.scene import Hooked

ATOM = "{http://www.w3.org/2005/Atom}"
URL = "https://news.example.org/"
KEEP = timedelta(days=30)
SLUGS = ("news", "world")


class Killed(BaseException):
    """The process ends here."""


class Scene:
    """Two categories that are published, three sources of which one comes later, and a reader."""

    def __init__(self, store, entries, per_source, keeps):
        self.store, self.clock = store, FixedClock(NOW)
        self.entries, self.per_source, self.keeps = entries, per_source, keeps
        self.posts = {}  # id -> post, as it was polled last
        self.stories = {}  # id -> the story that it is in
        self.configured = [A, B]
        self.documents = Hooked(store.documents)
        self.seen = {slug: set() for slug in SLUGS}  # what the reader could find after the last round
        self.due = set()  # what retention may have taken
        self.sync()

    def sync(self):
        alike = "keep" if self.keeps else "merge"
        self.config = config(
            *(source(url) for url in self.configured),
            categories=[Category(slug, slug, near_duplicates=alike, entries=self.entries) for slug in SLUGS],
            site=Site(url=URL),
            output=Output(
                formats=("atom", "rss"), entries=self.entries, per_source=self.per_source, keep=KEEP
            ),
        )
        self.store.polls.sync(self.config, self.clock.now())
        self.publisher = Publisher(
            *(self.store.posts, self.store.sources, self.documents, self.clock, self.config),
            archives=self.store.archives,
        )

    def poll(self, url, *verdicts, held=frozenset()):
        """A poll of one source, if it is in the file, hours later."""
        now = self.clock.advance(hours=2)
        for lease in self.store.polls.lease_due(now, 9):
            if lease.source.url == url:
                made = outcome(lease, *verdicts, at=now, held=held)
                [result] = self.store.polls.commit([made], now)
                assert hasattr(result, "dirty"), result
            else:
                self.store.polls.commit([outcome(lease, at=now)], now)

    def add(self, url, minutes, categories, held, copies):
        """A new post, dated whenever; perhaps a copy of one that is there, perhaps held back."""
        if url not in self.configured:
            return
        name = f"n{len(self.posts)}"
        made = post(name, url, minutes, categories, first_seen=self.clock.now())
        told = sorted(set(self.stories.values()))
        if copies is not None and told:
            story = told[copies % len(told)]
            verdict = Duplicate(made, story, "alike" if copies % 2 else "link")
        else:
            story, verdict = made.id, New(made)
        scopes = (*categories, None) if held else ()
        self.poll(url, verdict, held=frozenset((made.id, scope) for scope in scopes))
        self.posts[made.id], self.stories[made.id] = made, story

    def bring(self, url, number):
        """Some news, each newer than what was there."""
        for _ in range(number):
            self.add(url, 100 + len(self.posts), ("news",), False, None)

    def change(self, number, how):
        """An edit of one post: its text, its categories, or a rule drops it or lets it in again."""
        if not self.posts:
            return
        old = self.posts[sorted(self.posts)[number % len(self.posts)]]
        if old.source not in self.configured:
            return
        changed = {
            "text": replace(old, title=old.title + "!", digest=old.digest + "!"),
            "move": replace(old, categories=("world",) if old.categories == ("news",) else ("news",)),
            "drop": replace(old, dropped="r"),
            "back": replace(old, dropped=""),
        }[how]
        self.posts[old.id] = changed
        self.poll(old.source, Rejected(changed, "r", again=True) if changed.dropped else Changed(changed))

    def swap(self, url):
        """A source leaves the file, or comes back."""
        self.configured = sorted({*self.configured} ^ {url})
        self.sync()

    def purge(self, days):
        """Time passes, then retention."""
        before = self.clock.advance(days=days) - KEEP
        self.due |= {id for id, made in self.posts.items() if made.first_seen < before}
        while self.store.revisions.purge(before, 3, 0) == 3:
            pass

    def publish(self, fails):
        """A round; with `fails`, that put is refused, or (negative) the process is killed before it."""
        puts = [self.look] * 200
        if fails:
            puts[abs(fails) - 1] = Killed() if fails < 0 else PublishError("the disk is full")
        self.documents.hooks["put"] = puts
        try:
            failures = self.publisher.publish().failures
        except Killed:
            self.restart()
            failures = ("killed",)
        self.look()
        self.documents.hooks["put"] = []
        self.clock.advance(minutes=1)
        if failures:
            event("a round that failed")
            assert self.publisher.publish().failures == ()
        self.check()

    def restart(self):
        self.store.restart()
        self.sync()

    def read(self, slug):
        """The ids that a reader finds, document by document, following prev-archive."""
        found, path = [], f"category/{slug}/feed.atom"
        while path:
            document = self.store.documents.get(path)
            if document is None:
                assert path.endswith("feed.atom"), f"{path} is linked, and not there"
                return found
            root = etree.fromstring(document.body)
            found.append([entry.findtext(ATOM + "id") for entry in root.iter(ATOM + "entry")])
            links = {one.get("rel"): one.get("href") for one in root.findall(ATOM + "link")}
            path = links.get("prev-archive", "").removeprefix(URL)
        return found

    def shown(self, slug):
        """The ids that a category shows, or keeps for its archives."""
        return {story.id for _, story in self.store.posts.told(slug, list(self.posts))}

    def look(self, *_):
        """In the middle of a round: nothing that could be found before it, and is shown still, is missing.

        But for what newer posts of its source have pushed out of the document, under a cap.
        """
        for slug in SLUGS:
            found = {id for ids in self.read(slug) for id in ids}
            missing = (self.seen[slug] & self.shown(slug)) - self.due - found
            outside = {one.shown for one in self.store.archives.uncut(slug).arrivals}
            assert missing <= (outside if self.per_source else set())

    def check(self):
        """After a round: everything once, but for what a cap leaves out of a document for a day."""
        for slug in SLUGS:
            documents = self.read(slug)
            found = [id for ids in documents for id in ids]
            assert len(found) == len(set(found))
            assert set(found) <= self.shown(slug)
            assert len(documents[0]) < 2 * self.entries
            assert all(len(ids) <= self.entries for ids in documents[1:])
            missing = self.shown(slug) - set(found) - self.due
            outside = {one.shown for one in self.store.archives.uncut(slug).arrivals} - set(found)
            assert missing <= outside
            assert len(outside) < self.entries if self.per_source else not outside
            if len(documents) > 3:
                event("several archives")
            if self.due & set(self.posts) - self.shown(slug):
                event("retention took something")
            self.seen[slug] = set(found)


HAPPENS = st.one_of(
    st.tuples(
        st.just("add"),
        st.sampled_from([A, B, C]),
        st.integers(-90, 90),
        st.sampled_from([("news",), ("world",), SLUGS]),
        st.sampled_from([False, False, True]),
        st.sampled_from([None, None, None, 0, 1, 5]),
    ),
    st.tuples(st.just("bring"), st.sampled_from([A, B, C]), st.integers(2, 9)),
    st.tuples(st.just("publish"), st.sampled_from([0, 0, 0, 1, 2, 4, -1, -2, -3, -5])),
    st.tuples(st.just("change"), st.integers(0, 20), st.sampled_from(["text", "move", "drop", "back"])),
    st.tuples(st.just("swap"), st.sampled_from([B, C])),
    st.tuples(st.just("purge"), st.integers(0, 40)),
)
HISTORY = {
    "history": st.lists(HAPPENS, max_size=40),
    "entries": st.integers(1, 4),
    "per_source": st.sampled_from([0, 0, 1, 2]),
    "keeps": st.booleans(),
}


def tell(scene, history):
    """Let all of it happen, and publish."""
    for what, *how in history:
        getattr(scene, what)(*how)
    scene.publish(0)
    scene.purge(400)
    scene.publish(0)


@settings(max_examples=80, deadline=None)
@given(**HISTORY)
def test_a_reader_misses_nothing(history, entries, per_source, keeps):
    """On the store in memory."""
    tell(Scene(MemoryStore(NOW), entries, per_source, keeps), history)


class OnDisk:
    """A SQLite store that can be opened again, as after a crash."""

    def __init__(self, directory):
        self._open = {
            "url": str(Path(directory, "store.db")),
            "output": str(Path(directory, "public")),
            "loops": True,
            "now": NOW,
        }
        self._store = open_store(**self._open)

    def __getattr__(self, name):
        return getattr(self._store, name)

    def restart(self):
        self._store.close()
        self._store = open_store(**self._open)


@pytest.mark.parametrize("_", ["sqlite"])
@settings(max_examples=12, deadline=None)
@given(**HISTORY)
def test_a_reader_of_files_misses_nothing(_, history, entries, per_source, keeps):
    """On SQLite and a directory of files."""
    with tempfile.TemporaryDirectory() as directory:
        store = OnDisk(directory)
        try:
            tell(Scene(store, entries, per_source, keeps), history)
        finally:
            store.close()
