"""The origin over sockets, as any reader meets it."""

import asyncio

from tests.origin.behaviours import BEHAVIOURS
from tests.origin.knowledge import Rules
from tests.origin.server import OriginServer
from tests.origin.test_score import START


async def said(url, *fields):
    """All bytes of an answer."""
    host, _, path = url.removeprefix("http://").partition("/")
    reader, writer = await asyncio.open_connection(*host.split(":"))
    lines = [f"GET /{path} HTTP/1.1", f"Host: {host}", *fields]
    writer.write("\r\n".join(lines).encode() + b"\r\n\r\n")
    try:
        return await reader.read()
    finally:
        writer.close()


def test_a_feed_then_304_then_the_score():
    """The clock is the one that was given."""

    async def main():
        front = "the score"
        server = OriginServer([BEHAVIOURS["steady"]], Rules(), lambda: START, lambda: front)
        async with server:
            url = server.url("steady")
            first = await said(url)
            assert first.startswith(b"HTTP/1.1 200 OK\r\n")
            assert b'etag: "steady-5"\r\n' in first
            assert first.endswith(b"</rss>")
            second = await said(url, 'If-None-Match: "steady-5"')
            assert second.startswith(b"HTTP/1.1 304 Not Modified\r\n")
            assert (await said(server.bases[0])).endswith(b"\r\n\r\nthe score")
            assert b" 404 " in await said(f"{server.bases[1]}nobody/feed.xml")
            [watch] = server.origin.each()
            assert (watch.exchanges, watch.finish().etag_good, server.origin.strays) == (2, 1, 1)

    asyncio.run(main())
