"""Archives as the publisher writes them: in place before the document that stops holding their posts."""

from datetime import timedelta

import pytest
from lxml import etree

from aggregator.errors import PublishError
from aggregator.model import Category, Changed, Config, New, Output, Site
from aggregator.publisher import Publisher
from tests.contract import made
from tests.fakes import FixedClock, MemoryStore
from tests.loops.scene import Hooked

ATOM = "{http://www.w3.org/2005/Atom}"
DOCUMENT = "category/news/feed.atom"


def archive(number):
    return f"category/news/archive/{number}.atom"


class Desk:
    """A publisher over a store in memory with one source; two posts fill a document."""

    def __init__(self, posts=7, **output):
        self.clock, self.store = FixedClock(made.NOW), MemoryStore(made.NOW)
        self.config = Config(
            site=Site(title="T", url="https://news.example.org/"),
            categories=(Category("news", "News", entries=2),),
            sources=(made.source(),),
            output=Output(entries=2, **{"formats": ("atom",), **output}),
        )
        self.count = 0
        self.store.polls.sync(self.config, made.NOW)
        self.add(posts)
        self.documents = Hooked(self.store.documents)
        self.start()

    def start(self):
        self.publisher = Publisher(
            *(self.store.posts, self.store.sources, self.documents, self.clock, self.config),
            archives=self.store.archives,
        )

    def add(self, posts=1):
        """A poll that brings so many posts, each newer than all before."""
        first, self.count = self.count, self.count + posts
        self.poll(*(New(made.post(f"n{n}", minutes=n)) for n in range(first, self.count)))

    def edit(self, number):
        self.poll(Changed(made.post(f"n{number}", minutes=number, title="Edited", digest="e")))

    def poll(self, *verdicts):
        self.clock.advance(hours=2)
        [lease] = self.store.polls.lease_due(self.clock.now(), 9)
        [result] = self.store.polls.commit(
            [made.outcome(lease, *verdicts, at=self.clock.now())], self.clock.now()
        )
        assert hasattr(result, "dirty")

    def publish(self, whole=True, **later):
        """One round, so much later; the paths of the category that it wrote."""
        self.clock.advance(**later)
        self.result = self.publisher.publish(whole=whole)
        return [path for path in self.result.written if path.startswith("category/")]

    def posts(self, path):
        """The numbers of the posts in a document."""
        root = etree.fromstring(self.store.documents.get(path).body)
        return [int(entry.findtext(ATOM + "id").rpartition("n")[2]) for entry in root.iter(ATOM + "entry")]


def test_a_first_publish_archives_what_it_leaves_out():
    """Archives first, the document that names the newest of them last."""
    desk = Desk()
    assert desk.publish() == [archive(1), archive(2), archive(3), DOCUMENT]
    assert [desk.posts(archive(n)) for n in (1, 2, 3)] == [[1, 0], [3, 2], [4]]
    assert desk.posts(DOCUMENT) == [6, 5]
    assert archive(3).encode() in desk.store.documents.get(DOCUMENT).body
    assert desk.publish() == []


def test_a_new_post_writes_the_document_alone():
    """Until as many as an archive takes wait in it."""
    desk = Desk(2)
    assert desk.publish() == [DOCUMENT]
    desk.add()
    assert (desk.publish(), desk.posts(DOCUMENT)) == ([DOCUMENT], [2, 1, 0])
    desk.add()
    assert (desk.publish(), desk.posts(DOCUMENT)) == ([archive(1), DOCUMENT], [3, 2])
    assert desk.posts(archive(1)) == [1, 0]


def test_an_edit_writes_the_one_archive_that_it_concerns():
    """In place, and no other; its date goes on."""
    desk = Desk()
    desk.publish()
    desk.edit(2)
    assert desk.publish() == [archive(2)]
    assert b"Edited" in desk.store.documents.get(archive(2)).body
    assert desk.posts(archive(2)) == [3, 2]


def test_the_same_bytes_again():
    """`publish` renders all of it, and writes nothing; nor does a reader of the store that starts anew."""
    desk = Desk()
    desk.publish()
    before = dict(desk.store.data.files)
    desk.store.documents.mark_all()
    desk.store.restart()
    desk.start()
    assert desk.publish() == []
    assert desk.store.data.files == before


@pytest.mark.parametrize("path", [archive(1), archive(3)])
def test_the_document_waits_for_an_archive_that_cannot_be_written(path):
    """It goes on holding the posts; what is not Atom is published."""
    desk = Desk(2, formats=("atom", "html"))
    desk.publish()
    old = desk.store.documents.get(DOCUMENT)
    desk.add(6)

    def full(document, _):
        desk.documents.before("put", full)
        if document.path == path:
            raise PublishError(f"{path}: the disk is full")

    desk.documents.before("put", full)
    written = desk.publish()
    assert desk.result.failures == (f"{path}: the disk is full",)
    assert (DOCUMENT in written, "category/news/index.html" in written) == (False, True)
    assert desk.store.documents.get(DOCUMENT) == old
    desk.documents.hooks["put"].clear()
    assert desk.publish(seconds=15)[-1:] == [DOCUMENT]
    assert [desk.posts(archive(n)) for n in (1, 2, 3)] == [[1, 0], [3, 2], [5, 4]]


def test_a_crash_before_an_archive_is_in_place_renders_it_then():
    """Who is in it was written before, and is not worked out again."""
    desk = Desk()
    desk.documents.hooks["put"] = [lambda *_: None, SystemExit("killed here")]
    with pytest.raises(SystemExit):
        desk.publish()
    assert list(desk.store.data.files) == [archive(1)]
    desk.store.restart()
    desk.start()
    desk.add()
    assert desk.publish() == [archive(2), archive(3), DOCUMENT]
    assert [desk.posts(archive(n)) for n in (1, 2, 3)] == [[1, 0], [3, 2], [4]]
    assert desk.posts(DOCUMENT) == [7, 6, 5]


def test_archives_that_changed_hold_up_no_documents():
    """Another configuration has them rendered in batches, after the documents of every category."""
    desk = Desk(90)
    desk.publish()
    desk.config = Config(
        site=Site(title="T", url="https://other.example.org/"),
        categories=desk.config.categories,
        sources=desk.config.sources,
        output=desk.config.output,
    )
    desk.store.polls.sync(desk.config, desk.clock.now())
    desk.publisher.config = desk.config
    assert desk.publish(whole=False) == [DOCUMENT, *(archive(n) for n in range(1, 11))]
    assert desk.publish(whole=False) == [archive(n) for n in range(11, 21)]
    assert len(desk.publish()) == 24
    assert desk.publish() == []


def test_an_archive_goes_once_nothing_names_it():
    """The documents that named it come first."""
    desk = Desk()
    desk.publish()
    desk.documents.called.clear()
    desk.store.revisions.purge(desk.clock.now() - timedelta(days=-400), 99, 0)
    assert desk.publish() == [DOCUMENT]
    assert not any("archive/" in path for path in desk.store.data.files)
    calls = [given[0] for name, given in desk.documents.called if name == "remove"]
    assert calls[-3:] == [archive(n) for n in (1, 2, 3)]
    names = [name for name, _ in desk.documents.called]
    assert "put" not in names[-names[::-1].index("settle") :]
    assert b"prev-archive" not in desk.store.documents.get(DOCUMENT).body


def test_an_archive_tells_of_what_was_taken_down_in_it():
    """For good: no other document says so after 90 days."""
    desk = Desk()
    desk.publish()
    gone = made.post("n2").id
    desk.store.takedowns.take_down(
        [gone], desk.clock.now(), reason="r", new_id=lambda *_: "tag:x,2026:new", page=lambda *_: "page"
    )
    assert archive(2) in desk.publish()
    assert desk.posts(archive(2)) == [3]
    assert f'deleted-entry ref="{gone}"'.encode() in desk.store.documents.get(archive(2)).body
    desk.clock.advance(days=100)
    desk.store.takedowns.forget(desk.clock.now())
    desk.store.documents.mark_all()
    assert desk.publish() == [DOCUMENT]
    assert gone.encode() in desk.store.documents.get(archive(2)).body


def test_without_atom_there_are_no_archives():
    """They come back with it, with the posts that they had."""
    desk = Desk()
    desk.publish()
    before = {path: one.body for path, one in desk.store.data.files.items() if "archive/" in path}
    for formats in (("rss",), ("atom",)):
        desk.config = Config(
            site=desk.config.site,
            categories=desk.config.categories,
            sources=desk.config.sources,
            output=Output(entries=2, formats=formats),
        )
        desk.store.polls.sync(desk.config, desk.clock.now())
        desk.publisher.config = desk.config
        desk.publish()
        there = {path: one.body for path, one in desk.store.data.files.items() if "archive/" in path}
        assert there == (before if "atom" in formats else {})
