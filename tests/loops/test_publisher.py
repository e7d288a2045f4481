"""Loop two: a mark is settled only after its documents are in place, whatever goes wrong on the way."""

import logging
import threading
from dataclasses import replace

import pytest

from aggregator.errors import PublishError, StoreError
from aggregator.model import Category, Config, New, Output, Site
from aggregator.publisher import AFTER_FAILURE, Publisher
from tests.contract import made
from tests.fakes import FixedClock, MemoryStore
from tests.loops.scene import Hooked

FULL = "feed.atom: the disk is full"
OF_A_SCOPE = ("feed.atom", "feed.rss", "feed.json", "index.html")
EVERYTHING = {
    *(f"{folder}{file}" for folder in ("category/news/", "category/world/", "") for file in OF_A_SCOPE),
    "about.html",
    "style.css",
    "outputs.opml",
    "sources.opml",
    "status.atom",
}


class Desk:
    """A publisher over a store in memory with one source, a post in `news`, and nothing in `world`."""

    def __init__(self, **output):
        self.clock, self.store = FixedClock(made.NOW), MemoryStore(made.NOW)
        self.config = Config(
            site=Site(title="T", url="https://news.example.org/"),
            categories=(Category("news", "News"), Category("world", "World")),
            sources=(made.source(),),
            output=Output(**output),
        )
        self.store.polls.sync(self.config, made.NOW)
        self.add("one")
        self.refused = {}
        self.documents = Hooked(self.store.documents)
        self.documents.before("put", self._put)
        self.publisher = Publisher(
            self.store.posts, self.store.sources, self.documents, self.clock, self.config
        )

    def add(self, name, **said):
        """A poll that brings one post."""
        self.clock.advance(hours=2)
        [lease] = self.store.polls.lease_due(self.clock.now(), 9)
        outcome = made.outcome(lease, New(made.post(name, **said)), at=self.clock.now())
        self.store.polls.commit([outcome], self.clock.now())

    def configure(self, **said):
        """An edit of the file."""
        self.config = self.publisher.config = replace(self.config, **said)
        self.store.polls.sync(self.config, self.clock.now())

    def publish(self, **later):
        """One round, so much later."""
        self.clock.advance(**later)
        return self.publisher.publish()

    def dirty(self):
        """The scopes that wait; they stay marked."""
        rows = self.store.data.scopes.items()
        return {scope for scope, row in rows if row.mark > row.settled}

    def claimed(self):
        return {scope for scope, row in self.store.data.scopes.items() if row.claimed}

    def calls(self):
        """What the document store was asked, in order, without what is read."""
        return [name for name, _ in self.documents.called]

    def refuse(self, *paths, times=1):
        """Let the next `put`s of these paths fail, so many of each."""
        self.refused = dict.fromkeys(paths, times)

    def _put(self, document, _):
        self.documents.before("put", self._put)
        if self.refused.get(document.path):
            self.refused[document.path] -= 1
            raise PublishError(f"{document.path}: the disk is full")


def test_everything_dirty_is_rendered():
    """The first round writes every document, the second one has nothing to do."""
    desk = Desk()
    first = desk.publish()
    assert (first.scopes, set(first.written), first.failures) == (3, EVERYTHING, ())
    assert desk.store.data.files.keys() == EVERYTHING
    assert not desk.dirty()
    assert desk.publish() == type(first)()


def test_only_what_changed_is_written():
    """A new post concerns its category and the site; documents whose bytes are the same are left alone."""
    desk = Desk()
    desk.publish()
    desk.add("two")
    again = desk.publish()
    assert again.scopes == 2
    posts = {f"{folder}{file}" for folder in ("category/news/", "") for file in OF_A_SCOPE}
    assert set(again.written) == posts
    desk.store.documents.mark_all()
    assert desk.publish() == type(again)(scopes=3)


def test_only_news_is_read():
    """What was shown before is not read from the store again, unless it has changed or the file has."""
    desk = Desk()
    read = Hooked(desk.store.posts)
    desk.publisher = Publisher(read, desk.store.sources, desk.documents, desk.clock, desk.config)
    desk.publish()
    desk.add("two")
    for change, ids in (
        (lambda: None, ["two"] * 3),  # by its category, the site, the home page
        (desk.store.documents.mark_all, []),
        (lambda: desk.configure(site=Site(title="Other")), ["one", "one", "one", "two", "two", "two"]),
    ):
        change()
        read.called.clear()
        desk.publish()
        told = [id for name, given in read.called if name == "told" for id in given[1]]
        assert sorted(id.rpartition(":")[2] for id in told) == ids


def test_settled_only_after_the_documents_are_in_place():
    """Each scope is claimed, promised, put whole, and settled, before the next one; the site comes last."""
    desk = Desk()
    desk.publish()
    assert desk.calls() == [
        *("claim", "promise", *["put"] * 4, "settle"),
        *("claim", "promise", *["put"] * 4, "settle"),
        *("claim", "promise", *["put"] * 9, "settle"),
        "claim",
    ]


def test_settled_with_what_the_documents_say():
    """Their `updated` is remembered, so that it never goes back."""
    desk = Desk()
    desk.publish()
    settled = {given[0].scope: given[1] for name, given in desk.documents.called if name == "settle"}
    post = made.post("one")
    assert settled == {"news": post.updated, "world": made.NOW, None: post.updated}


@pytest.mark.parametrize("path", ["category/news/feed.atom", "category/news/index.html"])
def test_what_cannot_be_put_stays_marked(path):
    """The scope's other documents and the other scopes are published; its mark and its place stay."""
    desk = Desk()
    desk.refuse(path)
    result = desk.publish()
    assert result.failures == (f"{path}: the disk is full",)
    assert set(result.written) == EVERYTHING - {path}
    assert desk.dirty() == {"news"}
    assert not desk.claimed()
    assert desk.publish(seconds=15).written == (path,)
    assert not desk.dirty()


def test_a_disk_that_is_full_is_left_alone_for_a_while():
    """After a failure nothing is tried before the pause is over, then all of it at once."""
    desk = Desk()
    desk.refuse(*EVERYTHING, times=2)
    assert len(desk.publish().failures) == len(EVERYTHING)
    tried = len(desk.documents.called)
    for _ in range(14):
        assert desk.publish(seconds=1) == type(desk.publish())()
    assert len(desk.documents.called) == tried
    assert len(desk.publish(seconds=1).failures) == len(EVERYTHING)
    assert desk.publish(seconds=AFTER_FAILURE.total_seconds() - 1).scopes == 0
    assert set(desk.publish(seconds=1).written) == EVERYTHING
    assert not desk.dirty()
    desk.add("two")
    assert desk.publish().scopes == 2  # no pause after a success


def test_trouble_is_said_once_and_its_end_too(caplog):
    """The same failure at every try is one line in the log; another one is news; so is that it works."""
    caplog.set_level(logging.INFO)
    desk = Desk()
    desk.refuse("feed.atom", times=3)
    for _ in range(3):
        desk.publish(seconds=15)
    assert caplog.messages == [f"publish failed: {FULL}"]
    caplog.clear()
    desk.refuse("about.html")
    desk.publish(seconds=15)
    assert caplog.messages == ["publish failed: about.html: the disk is full"]
    caplog.clear()
    for _ in range(2):
        desk.publish(seconds=15)
    assert caplog.messages == ["publish works again"]


def test_marked_again_while_rendering():
    """What changes between reading and settling is rendered once more."""
    desk = Desk()
    desk.documents.before("settle", lambda *_: desk.add("two"))
    assert desk.publish().scopes == 4
    assert not desk.dirty()
    for path in ("category/news/feed.atom", "feed.atom"):
        assert b"tag:example,2026:two" in desk.store.documents.get(path).body


@pytest.mark.parametrize("fault", [ZeroDivisionError("oops"), StoreError("the disk is full")], ids=repr)
@pytest.mark.parametrize("method", ["put", "settle"])
def test_a_scope_that_fails_takes_no_other_with_it(method, fault, caplog):
    """Whatever it is, it is said, the scope stays marked and free, and the next round does what is left."""
    desk = Desk()
    desk.documents.hooks[method] = [fault]
    result = desk.publish()
    [said] = result.failures
    assert str(fault) in said
    assert f"publish failed: {said}" in caplog.messages
    assert (result.scopes, desk.dirty(), desk.claimed()) == (3, {"news"}, set())
    assert desk.publish(seconds=15).scopes == 1
    assert not desk.dirty()
    assert desk.store.data.files.keys() == EVERYTHING


def test_a_claim_that_cannot_be_given_back_is_owed():
    """The store could not take it: it goes back with the next round, which then renders that scope."""
    desk = Desk()
    desk.refuse("feed.atom")
    desk.documents.before("release", StoreError("the disk is full"))
    assert desk.publish().failures == (FULL,)
    assert desk.claimed() == {None}
    assert desk.publish(seconds=15).written == ("feed.atom",)
    assert not desk.claimed()
    assert not desk.dirty()


def test_a_crash_between_documents_and_settling_renders_again():
    """The mark outlives the process; the second rendering writes the same bytes."""
    desk = Desk()
    desk.documents.before("settle", SystemExit("killed here"))
    with pytest.raises(SystemExit):
        desk.publish()
    before = dict(desk.store.data.files)
    desk.store.restart()
    later = Publisher(desk.store.posts, desk.store.sources, desk.documents, desk.clock, desk.config)
    result = later.publish()
    assert result.scopes == 3
    assert before.items() <= desk.store.data.files.items()
    assert not set(result.written) & before.keys()


def test_a_configuration_is_put_in_force_between_two_scopes():
    """Else documents of the old one could settle a mark that the new one has made."""
    desk = Desk()
    renamed = replace(desk.config, site=Site(title="Renamed", url="https://news.example.org/"))

    def adopt():
        with desk.publisher.paused():
            desk.documents.called.append(("adopt", ()))
            desk.store.polls.sync(renamed, desk.clock.now())
            desk.publisher.config = renamed

    adopting = threading.Thread(target=adopt)
    desk.documents.hooks["put"] = [lambda *_: adopting.start()]
    desk.publish()
    adopting.join()
    assert desk.calls().index("adopt") > desk.calls().index("settle")
    desk.publish()
    assert not desk.dirty()
    assert b"Renamed" in desk.store.documents.get("index.html").body


def test_a_new_configuration_is_used_from_then_on():
    """The publisher renders with the configuration that it was given last."""
    desk = Desk(formats=("atom",))
    assert {path.rpartition(".")[2] for path in desk.publish().written} == {"atom", "opml"}
    desk.publisher.config = Config(
        site=Site(title="Renamed", url="https://news.example.org/"),
        categories=desk.config.categories,
        sources=desk.config.sources,
    )
    desk.store.polls.sync(desk.publisher.config, desk.clock.now())
    desk.publish()
    assert desk.store.data.files.keys() == EVERYTHING
    assert b"Renamed" in desk.store.documents.get("index.html").body


def test_formats_that_are_taken_out_of_the_file():
    """Their documents go, of every scope; what cannot be removed is named and tried again."""
    desk = Desk()
    desk.publish()
    desk.publisher.config = replace(desk.config, output=Output(formats=("rss",)))
    desk.store.polls.sync(desk.publisher.config, desk.clock.now())

    def refuse(path):
        raise PublishError(f"{path}: was changed since we wrote it")

    desk.documents.before("remove", refuse)
    assert desk.publish().failures == ("category/world/feed.atom: was changed since we wrote it",)
    assert desk.dirty() == {"world"}
    assert desk.publish(minutes=1).failures == ()
    lists = {"outputs.opml", "sources.opml", "status.atom"}
    assert desk.store.data.files.keys() == {path for path in EVERYTHING if path.endswith(".rss")} | lists


def test_a_category_out_of_the_file_stays_published():
    """It was published, so it is served on, with what is left in it."""
    desk = Desk()
    desk.publish()
    config = Config(site=desk.config.site, categories=desk.config.categories[:1], sources=desk.config.sources)
    desk.store.polls.sync(config, desk.clock.now())
    desk.publisher.config = config
    assert desk.publish(seconds=1).failures == ()
    assert not desk.dirty()
    assert desk.store.data.files.keys() == EVERYTHING


def test_the_home_page_shows_what_a_category_has():
    """A post's title is on the home page, in its category."""
    desk = Desk()
    desk.add("nice", minutes=5)
    desk.publish()
    home = desk.store.documents.get("index.html").body.decode()
    assert home.index("News") < home.index("Nice")
