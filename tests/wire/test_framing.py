"""Where an answer ends, whatever a server sends after it."""

import pytest

from aggregator.model import Fetched, NotModified
from tests.wire.origin import fetch


def cut(head, body):
    """The head and what follows it in one piece, and in two."""

    async def in_two(_, writer):
        writer.write(head)
        await writer.drain()
        writer.write(body)

    return [head + body, in_two]


EARLY = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"


@pytest.mark.parametrize(
    "answer",
    [
        *cut(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", b"<rss>"),
        *cut(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nConnection: close\r\n\r\n", b"<rss>"),
        *cut(b"HTTP/1.1 304 Not Modified\nTransfer-Encoding: chunked\n\n", b"zz" * 100_000),
        *cut(EARLY + b"HTTP/1.1 304 Not Modified\r\n\r\n", b"<rss>"),
    ],
)
def test_304_with_a_body_is_a_304(answer):
    """Whatever follows it is not of it (RFC 9112, 6.3)."""
    result, _, _ = fetch({"/feed": answer}, etag='"a"')
    assert isinstance(result, NotModified)


def test_a_head_in_pieces():
    """Wherever it is cut."""

    async def in_pieces(_, writer):
        writer.transport.set_write_buffer_limits(0)
        for octet in EARLY + b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n<rss>":
            writer.write(bytes([octet]))
            await writer.drain()

    result, _, _ = fetch({"/feed": in_pieces}, etag='"a"')
    assert isinstance(result, NotModified)
    assert result.validators.etag == "x"


@pytest.mark.parametrize("length", [1, 90_000])
@pytest.mark.parametrize("close", [b"", b"Connection: close\r\n"])
def test_a_body_ends_at_its_length(length, close):
    """What a server sends after it is not read."""
    body = b"x" * length
    for answer in cut(
        b"HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n" % (close, length), body + b"more" * 9000
    ):
        result, _, _ = fetch({"/feed": answer})
        assert isinstance(result, Fetched)
        assert result.body == body


def test_204_with_a_body_has_none():
    """It keeps its status."""
    for answer in cut(b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", b"<rss>"):
        result, _, _ = fetch({"/feed": answer})
        assert (result.kind, result.status) == ("status", 204)


@pytest.mark.parametrize("before", [b"5\r\nabcde\r\n", b"%x\r\n%s\r\n" % (400_000, b"x" * 400_000)])
def test_a_body_that_breaks_later_ends_at_once(before):
    """Not at the deadline, as aiohttp has it where the head came before."""
    for answer in cut(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", before + b"zz\r\nx\r\n"):
        result, _, _ = fetch({"/feed": answer}, max_size=10_000_000)
        assert result.kind == "protocol"
