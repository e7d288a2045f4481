#!/usr/bin/env python3
"""The server that is polled in measurements: a process of its own, so that its time is not counted as ours.

`/N/feed` is feed N of `made` in its present version, with an ETag that is honoured, `/N/C/feed` the same with
C entries. A GET of `/go/V` makes V the version from then on, one of `/go/V/E` of one feed of E, and 0 that of
the others. Prints its port, and ends with its standard input.
"""

from __future__ import annotations

import asyncio
import sys

from benchmarks.made import ENTRIES, feed


def changes(number: int, every: int) -> bool:
    """Whether a feed is the one of so many that changes; of every kind of feed there is one."""
    return number % every == number // every % every


class Origin:
    """Answers one request for each connection, or more."""

    def __init__(self) -> None:
        self.version, self.every = 0, 1
        self._made: dict[tuple[int, int, int], bytes] = {}

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                path = head.split(" ", 2)[1]
                writer.write(self._said(path, head))
                await writer.drain()
                if "connection: close" in head.lower():
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def _said(self, path: str, head: str) -> bytes:
        if path.startswith("/go/"):
            self.version, self.every = map(int, (*path.split("/")[2:], 1)[:2])
            return b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
        number, entries = int(path.split("/")[1]), int(path.split("/")[2].replace("feed", f"{ENTRIES}"))
        version = self.version if changes(number, self.every) else 0
        tag = f'"v{version}"'
        fields = f"etag: {tag}\r\ncache-control: max-age=60\r\n"
        if f"if-none-match: {tag}" in head.lower():
            return f"HTTP/1.1 304 Not Modified\r\n{fields}\r\n".encode()
        at = (number, version, entries)
        body = self._made.get(at) or self._made.setdefault(at, feed(*at))
        return (
            f"HTTP/1.1 200 OK\r\ncontent-type: application/xml\r\n{fields}content-length: {len(body)}\r\n\r\n"
        ).encode() + body


async def main() -> None:
    """Serve until standard input ends."""
    server = await asyncio.start_server(Origin().answer, "0.0.0.0", 0, backlog=1000)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
