"""`ports.DocumentStore`: documents put and got."""

import gzip

import pytest

from aggregator.errors import PublishError
from aggregator.model import Document
from tests.contract.made import HOUR, NOW, SECOND


def document(path="category/news/feed.atom", body=b"<feed/>\n"):
    return Document(path, "ignored", body)


def test_put_and_get(world):
    """A document comes back whole, with its validators, its twin and the second of its last change."""
    documents = world.store.documents
    assert documents.get("category/news/feed.atom") is None
    assert documents.put(document(), NOW) is True
    got = documents.get("category/news/feed.atom")
    assert got.body == b"<feed/>\n"
    assert got.media_type == "application/atom+xml; charset=utf-8"
    assert got.modified == NOW.replace(microsecond=0)
    assert gzip.decompress(got.gzip) == got.body
    assert got.etag.startswith('"')
    assert got.etag.endswith('"')
    assert got.gzip_etag not in ("", got.etag)


def test_the_same_bytes_change_nothing(world):
    """`modified` and both ETags stay until the bytes differ."""
    documents = world.store.documents
    documents.put(document(), NOW)
    first = documents.get("category/news/feed.atom")
    assert documents.put(document(), NOW + HOUR) is False
    assert documents.get("category/news/feed.atom") == first
    assert documents.put(document(body=b"<feed>1</feed>"), NOW + HOUR) is True
    second = documents.get("category/news/feed.atom")
    assert second.modified == (NOW + HOUR).replace(microsecond=0)
    assert first.etag != second.etag
    assert first.gzip_etag != second.gzip_etag


def test_each_change_is_later_than_the_one_before(world):
    """By a second at least, also within one second and on a clock that went back."""
    documents = world.store.documents
    second = NOW.replace(microsecond=0)
    for number, (now, expected) in enumerate(
        [
            (NOW, second),
            (NOW, second + SECOND),
            (NOW - HOUR, second + 2 * SECOND),
            (NOW + HOUR, second + HOUR),
        ]
    ):
        documents.put(document(body=b"%d" % number), now)
        assert documents.get(document().path).modified == expected


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("index.html", "text/html; charset=utf-8"),
        ("feed.rss", "application/rss+xml; charset=utf-8"),
        ("feed.json", "application/feed+json; charset=utf-8"),
        ("outputs.opml", "text/x-opml; charset=utf-8"),
        ("style.css", "text/css; charset=utf-8"),
        ("post/2026/11/a-b-0f.html", "text/html; charset=utf-8"),
    ],
)
def test_media_types(world, path, media_type):
    """The path says what a document is."""
    world.store.documents.put(document(path), NOW)
    assert world.store.documents.get(path).media_type == media_type


@pytest.mark.parametrize(
    "path", ["../feed.atom", "/feed.atom", ".feed.atom", "a/.b/feed.atom", "a//feed.atom", "feed.exe", ""]
)
def test_what_is_no_place_for_a_document(world, path):
    """Nothing is written to or read from a path that leads elsewhere or is hidden."""
    with pytest.raises(PublishError):
        world.store.documents.put(document(path), NOW)
    assert world.store.documents.get(path) is None


def test_removing(world):
    """What we put goes, once; it may come again."""
    documents = world.store.documents
    assert documents.remove("index.html") is False
    documents.put(document("index.html"), NOW)
    assert documents.remove("index.html") is True
    assert documents.get("index.html") is None
    assert documents.remove("index.html") is False
    assert documents.remove("../index.html") is False
    assert documents.put(document("index.html"), NOW + HOUR) is True


def test_nothing_is_gone_that_was_not_taken_down(world):
    """Whatever a stranger asks for."""
    world.store.documents.put(document("index.html"), NOW)
    world.store.documents.remove("index.html")
    for path in ("index.html", "", "../x", "post/2026/11/x.html"):
        assert world.store.documents.gone(path) is False


def test_what_is_in_a_folder(world):
    """By path, a few at a time; what only begins like it is not."""
    documents = world.store.documents
    for path in ("post/2026/10/a.html", "post/2026/11/b.html", "post.html", "postal/a.html", "index.html"):
        documents.put(document(path), NOW)
    assert documents.held("post/", 9, "") == ["post/2026/10/a.html", "post/2026/11/b.html"]
    assert documents.held("post/", 1, "") == ["post/2026/10/a.html"]
    assert documents.held("post/", 9, "post/2026/10/a.html") == ["post/2026/11/b.html"]
    documents.remove("post/2026/10/a.html")
    assert documents.held("post/", 9, "") == ["post/2026/11/b.html"]


def test_peeking_gives_what_getting_would_or_nothing(world):
    """Whatever was put, and removed, meanwhile."""
    documents = world.store.documents
    documents.put(document(), NOW)
    path = document().path
    first = documents.get(path)
    assert documents.peek(path) in (None, first)
    documents.put(document(body=b"<feed>1</feed>"), NOW)
    assert documents.peek(path) in (None, documents.get(path))
    documents.remove(path)
    assert documents.peek(path) is documents.get(path) is None
    assert documents.peek("../feed.atom") is None
