"""What a request means: paths, codings, conditions. Tables over plain values."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from aggregator.model import Document
from aggregator.serve.documents import answer, document_path, takes_gzip, unchanged

MODIFIED = datetime(2026, 11, 24, 12, 0, 0, 500, tzinfo=UTC)
DATE = "Tue, 24 Nov 2026 12:00:00 GMT"
DOCUMENT = Document(
    "feed.atom", "application/atom+xml; charset=utf-8", b"plain" * 9, MODIFIED, '"plain"', b"zipped", '"zip"'
)


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


@pytest.mark.parametrize(
    ("headers", "same"),
    [
        ({}, False),
        ({"if-none-match": '"plain"'}, True),
        ({"if-none-match": 'W/"plain"'}, True),
        ({"if-none-match": '"a,b", W/"c" ,"plain"'}, True),
        ({"if-none-match": "*"}, True),
        ({"if-none-match": '"other"'}, False),
        ({"if-none-match": "plain"}, False),
        ({"if-none-match": '"pla'}, False),
        ({"if-none-match": '"other"', "if-modified-since": DATE}, False),
        ({"if-none-match": '"plain"', "if-modified-since": "Tue, 24 Nov 2020 12:00:00 GMT"}, True),
        ({"if-modified-since": DATE}, True),
        ({"if-modified-since": "Tue, 24 Nov 2026 12:00:01 GMT"}, True),
        ({"if-modified-since": "Tue, 24 Nov 2026 11:59:59 GMT"}, False),
        ({"if-modified-since": "Tue Nov 24 12:00:00 2026"}, True),
        ({"if-modified-since": "Tuesday, 24-Nov-26 12:00:00 GMT"}, True),
        ({"if-modified-since": "yesterday"}, False),
        ({"if-modified-since": ""}, False),
        ({"if-modified-since": "Tue, 24 Nov 99999 12:00:00 GMT"}, False),
        ({"if-modified-since": "Tue, 24 Nov 2026 12:00:00 +9999999999"}, False),
        ({"if-modified-since": "Tue, 24 Nov 2026 12:00:00 +99999999999999999999"}, False),
        ({"if-modified-since": "Mon, 01 Jan 0001 00:00:00 +1400"}, False),
    ],
)
def test_conditions(headers, same):
    """Tags are compared weakly and overrule dates; what cannot be read is ignored (RFC 9110, 13.1)."""
    assert same == unchanged('"plain"', MODIFIED, headers)


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
    given = answer(DOCUMENT, {"if-none-match": '"plain"'})
    assert given.body == b""
    assert {"etag", "last-modified", "cache-control", "vary"} <= given.headers.keys()
    assert not {"content-length", "content-type", "content-encoding"} & given.headers.keys()
    assert given.headers["last-modified"] == DATE


def test_document_without_a_twin_or_validators_is_served_plain():
    """A document that the store has no more about is still served."""
    bare = answer(Document("a.atom", "x/y", b"bytes"), {"accept-encoding": "gzip", "if-none-match": '""'})
    assert (bare.status, bare.body) == (200, b"bytes")
    assert not {"etag", "last-modified", "content-encoding"} & bare.headers.keys()
