"""What a request means: paths, codings, what it gets. Tables over plain values."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from aggregator.model import Document
from aggregator.serve import documents
from aggregator.serve.documents import cache_control, document_path, takes_gzip

MODIFIED = datetime(2026, 11, 24, 12, 0, 0, 500, tzinfo=UTC)
DATE = "Tue, 24 Nov 2026 12:00:00 GMT"
DOCUMENT = Document(
    "feed.atom", "application/atom+xml; charset=utf-8", b"plain" * 9, MODIFIED, '"plain"', b"zipped", '"zip"'
)
CACHING = "public, max-age=77"


def answer(document, headers, **more):
    return documents.answer(document, headers, caching=CACHING, **more)


@pytest.mark.parametrize(
    ("path", "document"),
    [
        ("/", "index.html"),
        ("/feed.atom", "feed.atom"),
        ("/category/a-b/", "category/a-b/index.html"),
        ("/category/a-b", "category/a-b"),
        ("/post/2026/11/x-1~2_3.html", "post/2026/11/x-1~2_3.html"),
        ("", None),
        ("//", None),
        ("//evil.example/x", None),
        ("/a//b", None),
        ("/../etc/passwd", None),
        ("/a/../b", None),
        ("/a/./b", None),
        ("/.hidden", None),
        ("/a/.hidden/b", None),
        ("/a\\b", None),
        ("/a\x00b", None),
        ("/a b", None),
        ("/a\n", None),
        ("/中", None),
        ("/a:b", None),
        ("/" + "a" * 600, None),
        ("*", None),
    ],
)
def test_paths_of_strangers(path, document):
    """Only plain segments are looked for; everything else is not there, whatever the store would do."""
    assert document == document_path(path)


@pytest.mark.parametrize(
    ("accept", "gzip"),
    [
        ("", False),
        ("gzip", True),
        ("GZIP, br", True),
        ("x-gzip", True),
        ("br, deflate", False),
        ("*", True),
        ("*;q=0", False),
        ("gzip;q=0", False),
        ("gzip;q=0, *", False),
        ("gzip;q=0.001", True),
        ("gzip; q=0.5, identity; q=0.8", False),
        ("gzip;q=1.0,identity;q=0.5", True),
        ("gzip;q=nan", False),
        ("gzip;level=9", False),
        (",,gzip,,", True),
        ("gzip;q=" + "0" * 1000, False),
    ],
)
def test_accept_encoding(accept, gzip):
    """RFC 9110, 12.5.3; what cannot be read gets the plain document."""
    assert gzip == takes_gzip(accept)


def test_each_coding_has_its_own_tag():
    """A tag of one coding does not stand for the bytes of the other (RFC 9110, 8.8.3.3)."""
    for accept, etag, body in (("gzip", '"zip"', b"zipped"), ("", '"plain"', b"plain" * 9)):
        full = answer(DOCUMENT, {"accept-encoding": accept})
        assert (full.status, full.headers["etag"], full.body) == (200, etag, body)
        assert full.headers["content-length"] == str(len(body))
        assert full.headers.get("content-encoding") == (accept or None)
        assert answer(DOCUMENT, {"accept-encoding": accept, "if-none-match": etag}).status == 304
    assert answer(DOCUMENT, {"accept-encoding": "gzip", "if-none-match": '"plain"'}).status == 200


def test_not_modified_has_the_headers_but_no_body():
    """RFC 9110, 15.4.5: validators, caching and Vary; nothing about the content."""
    given = answer(
        DOCUMENT, {"if-none-match": '"plain"', "range": "bytes=0-1"}, links=[("self", "https://a/")]
    )
    assert (given.status, given.body) == (304, b"")
    assert {"etag", "last-modified", "cache-control", "vary"} <= given.headers.keys()
    # A browser holds the answer to the check of its copy against who asks, too.
    assert given.headers["access-control-allow-origin"] == "*"
    assert not {"content-length", "content-type", "content-encoding", "link"} & given.headers.keys()
    assert given.headers["last-modified"] == DATE


def test_document_without_a_twin_or_validators_is_served_plain():
    """A document that the store has no more about is still served."""
    bare = answer(Document("a.atom", "x/y", b"bytes"), {"accept-encoding": "gzip", "if-none-match": '""'})
    assert (bare.status, bare.body) == (200, b"bytes")
    assert not {"etag", "last-modified", "content-encoding"} & bare.headers.keys()


def test_ranges_are_of_the_bytes_that_are_sent():
    """With gzip chosen a part is one of the gzip bytes, under their tag and length (RFC 9110, 14.2)."""
    for accept, whole in (("", DOCUMENT.body), ("gzip", DOCUMENT.gzip)):
        asked = {"accept-encoding": accept, "range": "bytes=2-3"}
        given, all_of_it = answer(DOCUMENT, asked), answer(DOCUMENT, {"accept-encoding": accept})
        assert (given.status, given.body) == (206, whole[2:4])
        different = {"content-range": f"bytes 2-3/{len(whole)}", "content-length": "2"}
        assert given.headers == {**all_of_it.headers, **different}


def test_range_that_is_not_there():
    """416 says how long it is, and brings nothing of it (RFC 9110, 15.5.17)."""
    given = answer(DOCUMENT, {"range": "bytes=45-"})
    assert (given.status, given.body) == (416, b"")
    assert given.headers["content-range"] == "bytes */45"
    assert "content-type" not in given.headers


def test_only_a_get_has_ranges():
    """HEAD says what there is, whole; 14.2 has it ignore Range."""
    given = answer(DOCUMENT, {"range": "bytes=2-3"}, ranges=False)
    assert (given.status, given.headers["content-length"]) == (200, "45")
    assert given.headers["accept-ranges"] == "bytes"


def test_date_does_not_tell_gzip_bytes_apart():
    """Twins made by two versions of zlib differ at one date, so only their tag continues them."""
    asked = {"range": "bytes=2-3", "if-range": DATE}
    assert answer(DOCUMENT, asked).status == 206
    assert answer(DOCUMENT, asked | {"accept-encoding": "gzip"}).status == 200
    assert answer(DOCUMENT, asked | {"accept-encoding": "gzip", "if-range": '"zip"'}).status == 206


def test_what_the_client_insists_on():
    """412 where it is another by now."""
    given = answer(DOCUMENT, {"if-match": '"other"'})
    assert (given.status, given.body, given.headers["etag"]) == (412, b"", '"plain"')


@pytest.mark.parametrize(
    ("path", "open_to_all"),
    [
        ("feed.atom", True),
        ("feed.rss", True),
        ("a/feed.json", True),
        ("outputs.opml", True),
        ("index.html", False),
        ("style.css", False),
    ],
)
def test_readers_in_a_browser(path, open_to_all):
    """Feeds may be read by scripts of any site; they need the tag and the links too. Pages may not."""
    headers = answer(replace(DOCUMENT, path=path), {}).headers
    assert ("access-control-allow-origin" in headers) is open_to_all
    if open_to_all:
        assert headers["access-control-expose-headers"] == "ETag, Link"


@pytest.mark.parametrize(
    ("links", "value"),
    [
        ([], None),
        (
            [("self", "https://a.example/feed.atom"), ("hub", "https://a.example/hub")],
            '<https://a.example/feed.atom>; rel="self", <https://a.example/hub>; rel="hub"',
        ),
        ([("self", "https://新闻.example/a")], '<https://xn--efvy88h.example/a>; rel="self"'),
        ([("self", "https://a.example/>; rel=x")], '<https://a.example/%3E;%20rel=x>; rel="self"'),
        ([("hub", "no url\r\n")], None),
    ],
)
def test_links(links, value):
    """RFC 8288; nothing that stands in no header gets there."""
    assert value == answer(DOCUMENT, {}, links=links).headers.get("link")


@pytest.mark.parametrize(
    ("seconds", "age"),
    [(None, 900), (-5, 60), (0, 60), (59, 60), (61.9, 61), (899, 899), (901, 900), (10**9, 900)],
)
def test_how_long_caches_keep_it(seconds, age):
    """Until the next change can come; within bounds, for not all changes are known beforehand."""
    later = None if seconds is None else MODIFIED + timedelta(seconds=seconds)
    assert cache_control(MODIFIED, later) == f"public, max-age={age}"


@pytest.mark.parametrize(("path", "images"), [("post/2026/11/a-1.html", True), ("index.html", False)])
def test_images(path, images):
    """Pages of posts show those of their sources; no other page loads anything from elsewhere."""
    policy = answer(replace(DOCUMENT, path=path), {}).headers["content-security-policy"]
    assert ("img-src http: https:;" in policy) is images
    assert policy.startswith("default-src 'none'; style-src 'self'; ")
    assert "script" not in policy
