"""Usual requests that are answered at once: with the very bytes that the application would give."""

import re

import pytest

from tests.serve.running import to_the_end

FEED = "category/tech/feed.atom"
ASK = b"GET /category/tech/feed.atom HTTP/1.1\r\nHost: a\r\n%s\r\n"


@pytest.fixture
def site(request):
    """Only where something answers at once."""
    return request.getfixturevalue("site")


def said(site, ask):
    """The answer on a connection that stays until nothing comes, without its date."""
    with site.connect() as connection:
        connection.sendall(ask)
        return re.sub(rb"\r\ndate: [^\r]*", b"", to_the_end(connection), count=1)


@pytest.mark.parametrize("site", ["at once"], indirect=True)
@pytest.mark.parametrize(
    ("headers", "at_once"),
    [
        (b"", True),
        (b"Accept-Encoding: gzip\r\nUser-Agent: a b/1 (+https://a.example/)\r\n", True),
        (b"accept-encoding: identity\r\n", True),
        (b"If-None-Match: W/%(etag)s\r\n", True),
        (b"If-None-Match: %(etag)s\r\nAccept-Encoding: gzip\r\n", True),
        (b"If-Modified-Since: Tue, 24 Nov 2026 12:00:00 GMT\r\nConnection: keep-alive\r\n", True),
        (b"If-None-Match: nonsense\r\n", True),
        (b"Range: bytes=0-3\r\n", False),
        (b"If-Match: *\r\n", False),
        (b"If-None-Match: %(etag)s\r\nIf-None-Match: x\r\n", False),
        (b"Connection: close\r\n", False),
        (b"Content-Length: 0\r\n", False),
        (b"Host: b\r\n", False),
        (b"X: caf\xc3\xa9\r\n", False),
    ],
)
def test_the_same_answer(site, shelf, headers, at_once):
    """Whole, packed and not modified; what is not usual goes the long way as ever."""
    ask = ASK % headers.replace(b"%(etag)s", shelf.documents[FEED].etag.encode())
    first = said(site, ask)  # reads the document
    shelf.asked = [FEED]
    assert said(site, ask) == first
    assert (len(shelf.asked) == 1) == (at_once or first.startswith(b"HTTP/1.1 400"))


@pytest.mark.parametrize("site", ["at once"], indirect=True)
@pytest.mark.parametrize(
    "line",
    [
        b"HEAD /%s HTTP/1.1",
        b"GET /%s HTTP/1.0",
        b"GET /%s?a=b HTTP/1.1",
        b"GET http://a/%s HTTP/1.1",
        b"POST /%s HTTP/1.1",
    ],
)
def test_what_is_not_usual(site, shelf, line):
    """Is not looked for in memory at all."""
    said(site, line % FEED.encode() + b"\r\nHost: a\r\n\r\n")
    assert shelf.peeked == []


@pytest.mark.parametrize("site", ["at once"], indirect=True)
def test_a_page_that_may_have_been_taken_down(site, shelf):
    """It is asked for every time."""
    for _ in range(2):
        assert said(site, b"GET /post/2026/11/gone-1a2b3c4d.html HTTP/1.1\r\nHost: a\r\n\r\n").startswith(
            b"HTTP/1.1 410"
        )
    assert shelf.peeked == []


@pytest.mark.parametrize("site", ["at once"], indirect=True)
def test_in_pieces_and_one_after_the_other(site, shelf):
    """A request that comes in two pieces, then one in one piece, then two at once: each in its turn."""
    whole = ASK % b""
    body = shelf.documents[FEED].body
    said(site, whole)
    with site.connect() as connection:
        for pieces, answers in (
            ((whole[:9], whole[9:]), 1),
            ((whole,), 1),
            ((whole + whole,), 2),
            ((whole,), 1),
        ):
            for piece in pieces:
                connection.sendall(piece)
            got = b""
            while got.count(body) < answers:
                got += connection.recv(65536)
            assert got.count(b"HTTP/1.1 200 OK") == answers
