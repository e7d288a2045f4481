"""What a subscriber gets of a document: what it has not had yet, and nothing where nothing is new."""

import json

import pytest
from lxml import etree

from aggregator import websub
from aggregator.model import Shown, Slug
from aggregator.publish import Entry, feed, json_document, rss_document
from tests.publish import conftest

site, identity, categories, output, make, full = (
    getattr(conftest, name) for name in ("site", "identity", "categories", "output", "make", "full")
)


@pytest.fixture
def document(site, identity, categories, output):
    """A document of posts, in a format."""

    def build(format, *posts, hub=""):
        said = {"site": site, "output": output, "categories": categories, "hub": hub}
        shown = [Entry(Shown(post)) for post in posts]
        category = categories[Slug("markets")]
        if format == "json":
            return json_document(category, shown, **said)
        write = feed if format == "atom" else rss_document
        return write(category, shown, identity=identity, updated=conftest.NOON, **said).document

    return build


def ids(document, body):
    """The ids in a body, in their order; and that it is a whole document."""
    if document.path.endswith("json"):
        return [item["id"] for item in json.loads(body)["items"]]
    root = etree.fromstring(body)
    assert body.startswith(b"<?xml version='1.0' encoding='utf-8'?>")
    if document.path.endswith("atom"):
        return root.xpath("a:entry/a:id/text()", namespaces={"a": "http://www.w3.org/2005/Atom"})
    return root.xpath("channel/item/guid/text()")


@pytest.mark.parametrize("format", ["atom", "rss", "json"])
def test_who_had_nothing_gets_the_whole(document, make, format):
    """The very bytes of the document, whose digest anybody may compare."""
    whole = document(format, make(1), make(2))
    assert websub.unseen(whole.path, whole.body, None) == whole.body


@pytest.mark.parametrize("format", ["atom", "rss"])
def test_what_was_delivered_is_left_out(document, make, format):
    """A new entry goes out alone, and so does one that changed."""
    had = websub.items(f"feed.{format}", document(format, make(2), make(3)).body)
    now = document(format, make(1), make(2), make(3, title="Another title"))
    body = websub.unseen(now.path, now.body, had)
    assert ids(now, body) == [make(1).id, make(3).id]


@pytest.mark.parametrize("format", ["atom", "rss"])
def test_the_head_stays(document, make, format):
    """Title, id, links and hub are those of the whole document."""
    old, now = document(format, make(2)), document(format, make(1), make(2), hub="https://hub.example/")
    body = websub.unseen(now.path, now.body, websub.items(old.path, old.body))
    for said in (b"https://hub.example/", b'rel="self"', "市场".encode()):
        assert said in body


def test_json_goes_out_whole(document, make):
    """The recommendation lets a hub leave entries out of Atom and RSS only (7)."""
    old, now = document("json", make(2)), document("json", make(1), make(2))
    assert websub.unseen(now.path, now.body, websub.items(old.path, old.body)) == now.body


@pytest.mark.parametrize("format", ["atom", "rss", "json"])
def test_what_is_no_news(document, make, format):
    """An entry that fell out, another order, another hub: nothing to send."""
    old = document(format, make(1), make(2), make(3))
    now = document(format, make(3), make(1), hub="https://hub.example/")
    assert websub.unseen(now.path, now.body, websub.items(old.path, old.body)) == b""


def test_a_tombstone_is_news():
    """Who has an entry that was taken down must hear of it; once."""
    head = "<feed xmlns='http://www.w3.org/2005/Atom' xmlns:at='http://purl.org/atompub/tombstones/1.0'>"
    entry = "<entry><id>tag:x,2026:1</id><title>t</title></entry>"
    grave = "<at:deleted-entry ref='tag:x,2026:1' when='2026-11-24T12:00:00Z'/>"
    old, now = (f"{head}{inside}</feed>".encode() for inside in (entry, grave))
    had = websub.items("feed.atom", old)
    assert b"deleted-entry" in websub.unseen("feed.atom", now, had)
    assert websub.unseen("feed.atom", now, websub.items("feed.atom", now)) == b""


def test_the_blanks_behind_an_entry_do_not_count():
    """Nor the names that the rest of the document uses: an entry is the same wherever it stands."""
    entry = "<entry><id>1</id></entry>"
    one = f"<feed xmlns='http://www.w3.org/2005/Atom'>{entry}\n</feed>".encode()
    other = f"<feed xmlns='http://www.w3.org/2005/Atom' xmlns:x='urn:x'>{entry}</feed>".encode()
    assert websub.items("feed.atom", one) == websub.items("feed.atom", other)
