#!/usr/bin/env python3
"""The origins of `hostile_run`: good sources that note when they are asked, and hostile ones.

    tools/hostile_origin.py DIRECTORY MARKER-FILE MARKER-URL

starts the hostile ones, prints {name: url} as JSON, and ends with its input. Each hostile source has a server
and a loopback address of its own, as it would have a host of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tools.hostile_expected import ANSWERS, BAD_DOCUMENTS, OVERSIZED, SIZES


class GoodOrigin:
    """`count` feeds on 20 addresses, with validators; each has a new entry every `growth` seconds."""

    def __init__(self, count: int, growth: float) -> None:
        self.paths = [f"/{n}.xml" for n in range(count)]
        self.asked: dict[str, list[float]] = {path: [] for path in self.paths}
        self._growth = growth
        self._began = time.monotonic()
        self._loop = asyncio.new_event_loop()
        ready = threading.Event()
        threading.Thread(target=self._run, args=(ready,), daemon=True).start()
        ready.wait()

    def urls(self) -> list[str]:
        return [f"http://127.0.2.{1 + n % 20}:{self._port}{path}" for n, path in enumerate(self.paths)]

    def forget(self) -> None:
        """Begin again: what was asked until now does not count."""
        self.asked = {path: [] for path in self.paths}

    def _run(self, ready: threading.Event) -> None:
        async def serve() -> None:
            first = await asyncio.start_server(self._answer, "127.0.2.1", 0)
            self._port = first.sockets[0].getsockname()[1]
            others = [f"127.0.2.{n}" for n in range(2, 21)]
            rest = await asyncio.start_server(self._answer, others, self._port)
            async with first, rest:
                ready.set()
                await asyncio.Event().wait()

        self._loop.run_until_complete(serve())

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                now = time.monotonic()
                path = head.split(" ", 2)[1]
                self.asked[path].append(now)
                number = int(path.strip("/").removesuffix(".xml"))
                entries = 1 + int((now - self._began + number % self._growth) // self._growth)
                etag = f'"{entries}"'
                if f"if-none-match: {etag}" in head.lower():
                    writer.write(f"HTTP/1.1 304 Not Modified\r\nETag: {etag}\r\n\r\n".encode())
                else:
                    body = good_feed(number, entries)
                    fields = (
                        f"ETag: {etag}\r\nContent-Type: application/rss+xml\r\nContent-Length: {len(body)}"
                    )
                    writer.write(f"HTTP/1.1 200 OK\r\n{fields}\r\n\r\n".encode() + body)
                await writer.drain()
        writer.close()


def good_feed(number: int, entries: int) -> bytes:
    """A feed of at most 15 entries as sources of news have them."""
    text = f"What happened in {number}. " * 30
    items = "".join(
        f"<item><title>Story {n} of good source {number}</title>"
        f"<link>https://good.example/{number}/{n}</link>"
        f"<guid isPermaLink='false'>tag:good.example,2026:{number}/{n}</guid>"
        f"<pubDate>Tue, 24 Nov 2026 {n // 60 % 24:02}:{n % 60:02}:00 GMT</pubDate>"
        f"<description>&lt;p&gt;{text}&lt;/p&gt;</description></item>"
        for n in reversed(range(max(0, entries - 15), entries))
    )
    return (
        f"<?xml version='1.0'?><rss version='2.0'><channel><title>Good {number}</title>"
        f"<link>https://good.example/{number}/</link><description>d</description>{items}</channel></rss>"
    ).encode()


class Marker:
    """A file and a listener that nobody may touch but a parser that follows external entities."""

    SECRET = "what-only-this-machine-may-read"

    def __init__(self, directory: Path) -> None:
        self.file = directory / "secret.txt"
        self.file.write_text(self.SECRET)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/entity"
        self.touched = 0
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            connection, _ = self._socket.accept()
            self.touched += 1
            connection.close()


def hostile(directory: Path, marker_file: str, marker_url: str) -> Iterator[tuple[str, str]]:
    """Start a server for each hostile source; its name and URL."""
    sys.path.insert(0, str(directory))
    import gen_xml  # type: ignore[import-not-found]
    import server as shared  # type: ignore[import-not-found]

    shared._bomb = functools.cache(shared._bomb)
    cases = gen_xml.CASES
    special = {
        "external_entity_file": lambda: gen_xml.external_entity_file(marker_file),
        "xinclude": lambda: gen_xml.xinclude(marker_file),
        "external_entity_http": lambda: gen_xml.external_entity_http(marker_url),
        "external_dtd": lambda: gen_xml.external_dtd(marker_url),
    }
    unchanging = {*BAD_DOCUMENTS} - {"lt_soup", "quote_soup", "entity_soup", "doctype_soup"}

    class Server(shared.HostileServer):  # type: ignore[misc]
        """One source at an address of its own."""

        def __init__(self, host: str, name: str) -> None:
            super().__init__(max_seconds=30)
            self.s.close()
            self.s = socket.create_server((host, 0), backlog=128)
            self.port = self.s.getsockname()[1]
            self.name, self.body, self.times = name, b"", 0

        def handle(self, connection: Any, path: str, query: dict[str, str]) -> None:
            if path != "/document":
                super().handle(connection, path, query)
                return
            self.times += 1
            # Another body at each poll, or it would be read only once.
            varied = b"" if self.name in unchanging else b"\n<!-- %d -->" % self.times
            self.reply(connection, self.body + varied)

        def make(self) -> bytes:
            if self.name in special:
                return bytes(special[self.name]())
            case, size = OVERSIZED.get(self.name, (self.name, SIZES.get(self.name, 0)))
            return bytes(cases[case](size) if size else cases[case]())

    names = [*ANSWERS, *cases, *OVERSIZED]
    for number, name in enumerate(names):
        host = f"127.0.{3 + number // 250}.{1 + number % 250}"
        one = Server(host, name)
        if not name.startswith("/"):
            one.body = one.make()  # before anybody asks, for some take seconds
        one.__enter__()
        yield name, f"http://{host}:{one.port}{name if name.startswith('/') else '/document'}"


def main() -> None:
    directory, marker_file, marker_url = sys.argv[1:]
    print(json.dumps(dict(hostile(Path(directory), marker_file, marker_url))), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
