"""Whatever happens to its posts: documents joined of what was written before are as if all were written anew.

A publisher that has lived through all of it is held against one that has just begun, after every round.
"""

import tempfile

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from aggregator import pipeline
from aggregator.model import Category, Founder, Output, Site
from aggregator.publisher import Publisher
from tests.contract.made import NOW, config, source
from tests.fakes import MemoryStore
from tests.histories import test_archives

SLUGS = test_archives.SLUGS


class Scene(test_archives.Scene):
    """The same life, with a publisher that stays, edits of the file, and takedowns."""

    def __init__(self, store, entries, per_source, keeps):
        self.keeping = {"news": keeps, "world": False}
        self.words = dict.fromkeys(("site", "category", "credit", "language"), 0)
        self.publisher = None
        self.removed = 0
        super().__init__(store, entries, per_source, keeps)

    def sync(self):
        named = self.words["category"]
        self.config = config(
            *(source(url) for url in self.configured),
            categories=[
                Category(
                    *(slug, f"{slug} {named}"),
                    near_duplicates="keep" if self.keeping[slug] else "merge",
                    language=("", "de")[self.words["language"] % 2],
                    entries=self.entries,
                )
                for slug in SLUGS
            ],
            site=Site(title=f"T {self.words['site']}", url=test_archives.URL),
            output=Output(
                formats=("atom", "rss", "json", "html", "posts"),
                credit=(("author", "footer"), ("title",))[self.words["credit"] % 2],
                entries=self.entries + 1,
                per_source=self.per_source,
                keep=test_archives.KEEP,
            ),
        )
        self.store.polls.sync(self.config, self.clock.now())
        if self.publisher is None:
            self.publisher = self.fresh()
        self.publisher.config = self.config

    def fresh(self):
        """A publisher that knows nothing yet."""
        return Publisher(
            *(self.store.posts, self.store.sources, self.store.documents, self.clock, self.config),
            pages=self.store.pages,
            archives=self.store.archives,
        )

    def say(self, what):
        """An edit of the file that documents show."""
        self.words[what] += 1
        self.sync()

    def reorder(self, places):
        """The sources of the file in another order, which decides who leads a story."""
        self.configured = self.configured[places:] + self.configured[:places]
        self.sync()

    def keep_apart(self, slug):
        """A category keeps near duplicates now, or merges them again."""
        self.keeping[slug] = not self.keeping[slug]
        self.sync()

    def take_down(self, number):
        """Some post is taken down for good; nothing else happens to those of its story from then on."""
        if self.stories:
            self.removed += 1
            taken = sorted(self.stories)[number % len(self.stories)]
            of_story = {post for post, story in self.stories.items() if story == self.stories[taken]}
            self.stories = {post: story for post, story in self.stories.items() if post not in of_story}
            self.store.takedowns.take_down(
                [taken],
                self.clock.now(),
                reason="r",
                new_id=lambda source, post: f"{post}/{self.removed}",
                page=lambda story, slug, published: pipeline.page_path(story, Founder(slug, published)),
            )

    def change(self, number, how):
        if self.posts and sorted(self.posts)[number % len(self.posts)] in self.stories:
            super().change(number, how)

    def publish(self, fails):
        """All documents; then once more, by who has not seen what was before."""
        self.store.documents.mark_all()
        assert self.publisher.publish().failures == ()
        self.clock.advance(minutes=1)
        self.store.documents.mark_all()
        again = self.fresh().publish()
        assert (again.failures, again.written) == ((), ())
        if self.removed:
            event("a takedown")
        self.clock.advance(minutes=1)


HAPPENS = st.one_of(
    test_archives.HAPPENS,
    st.tuples(st.just("publish"), st.just(0)),
    st.tuples(st.just("say"), st.sampled_from(["site", "category", "credit", "language"])),
    st.tuples(st.just("reorder"), st.integers(0, 2)),
    st.tuples(st.just("keep_apart"), st.sampled_from(SLUGS)),
    st.tuples(st.just("take_down"), st.integers(0, 20)),
)
HISTORY = test_archives.HISTORY | {"history": st.lists(HAPPENS, max_size=40)}


@settings(max_examples=60, deadline=None)
@given(**HISTORY)
def test_joined_as_if_written_anew(history, entries, per_source, keeps):
    """On the store in memory."""
    test_archives.tell(Scene(MemoryStore(NOW), entries, per_source, keeps), history)


@pytest.mark.parametrize("_", ["sqlite"])
@settings(max_examples=8, deadline=None)
@given(**HISTORY)
def test_joined_files_as_if_written_anew(_, history, entries, per_source, keeps):
    """On SQLite and a directory of files."""
    with tempfile.TemporaryDirectory() as directory:
        store = test_archives.OnDisk(directory)
        try:
            test_archives.tell(Scene(store, entries, per_source, keeps), history)
        finally:
            store.close()
