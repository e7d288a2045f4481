"""A source deletes entries of its own (RFC 6721), and of nobody else; what is later than that is back."""

from datetime import timedelta

import pytest

from aggregator import pipeline
from aggregator.model import Committed, Config, Duplicate, Polling, Tombstone
from tests.fakes import MemoryStore
from tests.pipeline.given import NOW, decide, fetched, kinds, source

DAY = timedelta(days=1)
A, B = "https://a.example/feed.xml", "https://b.example/feed.xml"


def atom(*parts):
    return (
        "<feed xmlns='http://www.w3.org/2005/Atom' xmlns:at='http://purl.org/atompub/tombstones/1.0'>"
        f"<title>T</title><id>urn:f</id><updated>2026-11-01T00:00:00Z</updated>{''.join(parts)}</feed>"
    ).encode()


def entry(name, updated="2026-11-02T00:00:00Z", text="", link=None):
    dated = f"<updated>{updated}</updated>" if updated else ""
    return (
        f"<entry><id>tag:a.example,2026:{name}</id><title>Title {name}</title>{dated}"
        f"<link href='{link or f'https://a.example/{name}'}'/>"
        f"<content>{text or f'Text of {name} that is told at some length'}</content></entry>"
    )


def gone(name, when="2026-11-10T00:00:00Z", comment=""):
    return (
        f"<at:deleted-entry ref='tag:a.example,2026:{name}' when='{when}'>"
        f"<at:comment>{comment}</at:comment></at:deleted-entry>"
    )


class Sources:
    """Two sources on one store, polled a day apart."""

    def __init__(self, *urls):
        self.store, self.now = MemoryStore(NOW), NOW
        polling = Polling(min_interval=timedelta(hours=1))
        self.store.polls.sync(Config(sources=tuple(map(source, urls)), polling=polling), NOW)

    def poll(self, url, *parts):
        """What came of it; a day later all are due again."""
        leases = {lease.source.url: lease for lease in self.store.polls.lease_due(self.now, 9)}
        for other in leases.keys() - {url}:
            self.store.polls.give_back(leases[other], self.now)
        body, lease = fetched(atom(*parts), url=url, content_type="application/atom+xml"), leases[url]
        reading = pipeline.read(lease, body, self.now, self.store.site)
        known = self.store.polls.known(pipeline.lookup(lease, reading, self.now))
        outcome = decide(lease, body, reading, known, now=self.now)
        assert isinstance(self.store.polls.commit([outcome], self.now)[0], Committed)
        self.now += 2 * DAY
        return outcome

    def shown(self):
        return sorted(member.guid for story in self.store.posts.newest(None, 9) for member in story.members)


def test_it_goes_and_comes_back():
    """Hidden with a tombstone; a later entry returns, the same one does not, and an old word stays old."""
    feeds = Sources(A)
    feeds.poll(A, entry("1"), entry("2"))
    feeds.poll(A, gone("1"), entry("2"))
    assert feeds.shown() == ["tag:a.example,2026:2"]
    assert feeds.store.posts.tombstones("news") == [Tombstone("tag:a.example,2026:1", NOW + 2 * DAY)]
    feeds.poll(A, entry("1"), entry("2"))
    assert feeds.shown() == ["tag:a.example,2026:2"]
    feeds.poll(A, entry("1", "2026-11-20T00:00:00Z"), entry("2"))
    assert feeds.shown() == ["tag:a.example,2026:1", "tag:a.example,2026:2"]
    assert feeds.store.posts.tombstones("news") == []
    assert feeds.poll(A, gone("1"), entry("2")).retractions == ()
    feeds.poll(A, gone("1", "2026-11-21T00:00:00Z"), entry("2"))
    assert feeds.shown() == ["tag:a.example,2026:2"]


def test_an_entry_that_is_later_than_its_tombstone():
    """Both in one document: the later one counts, and a tie goes to the tombstone."""
    feeds = Sources(A)
    feeds.poll(A, entry("1"), entry("2"))
    feeds.poll(
        A, gone("1"), entry("1", "2026-11-11T00:00:00Z"), gone("2", "2026-11-02T00:00:00Z"), entry("2")
    )
    assert feeds.shown() == ["tag:a.example,2026:1"]


@pytest.mark.parametrize("when", ["2031-01-01T00:00:00Z", "", "soon"])
def test_a_tombstone_of_no_time(when):
    """One to come is of now, and so is one that does not say: what comes later than that is back."""
    feeds = Sources(A)
    feeds.poll(A, entry("1"))
    [hidden] = feeds.poll(A, gone("1", when)).retractions
    assert hidden.at == NOW + 2 * DAY
    assert feeds.poll(A, gone("1", when)).retractions == ()
    feeds.poll(A, entry("1", "2026-11-27T00:00:00Z"))
    assert feeds.shown() == ["tag:a.example,2026:1"]


def test_nobody_deletes_what_another_source_tells():
    """Not by its id, also where both tell it: the copy stays, and so does what only the other has."""
    feeds = Sources(A, B)
    feeds.poll(A, entry("1"), entry("2"))
    assert isinstance(feeds.poll(B, entry("1")).verdicts[0], Duplicate)
    feeds.poll(B, gone("1"), gone("2"), entry("3"))
    members = [
        m.source
        for s in feeds.store.posts.newest(None, 9)
        for m in s.members
        if m.guid == "tag:a.example,2026:1"
    ]
    assert members == [A]
    assert feeds.shown() == ["tag:a.example,2026:1", "tag:a.example,2026:2", "tag:a.example,2026:3"]
    feeds.poll(A, gone("2"))
    assert feeds.shown() == ["tag:a.example,2026:1", "tag:a.example,2026:3"]


def test_nobody_brings_back_what_another_source_deleted():
    """A later copy is shown as what it is, under the id that readers know; the source's own stays hidden."""
    feeds = Sources(A, B)
    feeds.poll(A, entry("1"))
    feeds.poll(A, gone("1"))
    assert feeds.poll(B, entry("1", "2026-11-20T00:00:00Z")).retractions == ()
    [story] = feeds.store.posts.newest(None, 9)
    assert (story.id, [m.source for m in story.members]) == ("tag:a.example,2026:1", [B])


def test_what_was_never_there():
    """Nothing comes of it, and the entry is not barred for ever."""
    feeds = Sources(A)
    assert feeds.poll(A, gone("9"), entry("1")).retractions == ()
    feeds.poll(A, entry("9"), entry("1"))
    assert feeds.shown() == ["tag:a.example,2026:1", "tag:a.example,2026:9"]


def test_under_a_new_id():
    """What a source publishes again under another id, and deletes under the old one, has not gone."""
    feeds = Sources(A)
    feeds.poll(A, entry("1"))
    again = entry("other", link="https://a.example/1").replace("Title other", "Title 1")
    outcome = feeds.poll(A, again.replace("Text of other", "Text of 1"), gone("1"))
    assert (kinds(outcome), outcome.verdicts[0].reason) == (["Changed"], "re-keyed")
    assert feeds.shown() == ["tag:a.example,2026:other"]


def test_what_was_taken_down_stays_down():
    """A tombstone and a later entry bring nothing back that the operator has taken down."""
    feeds = Sources(A)
    feeds.poll(A, entry("1"))
    feeds.poll(A, gone("1", comment="A mistake"))
    said = {"reason": "r", "new_id": lambda url, id: f"{id}/new", "page": lambda *_: "post/x.html"}
    feeds.store.takedowns.take_down(["tag:a.example,2026:1"], feeds.now, **said)
    feeds.poll(A, entry("1", "2026-11-29T00:00:00Z"))
    assert feeds.shown() == []
    assert feeds.store.posts.tombstones("news")[0].when == NOW + 4 * DAY
