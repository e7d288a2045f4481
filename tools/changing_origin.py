#!/usr/bin/env python3
"""The sources of `reload_run` and `soak_run`, in a process of their own: they change, fail, hang and recover.

    tools/changing_origin.py LOG GROWTH PHASE

Prints its port, serves on HOSTS loopback addresses, writes a line for each request to LOG (monotonic seconds,
path, what it answered), and ends with its input. The first part of a path says how a source behaves:

    /grows/N      a new entry every GROWTH seconds, with an ETag that is honoured
    /stays/NAME   always the same posts, whatever follows `~` in the name: an address of it that has changed
    /worded/N     asks by Cache-Control to be left alone for an hour
    /busy/N       503 with Retry-After of a minute
    /fails/N      500
    /moody/N      another behaviour every PHASE seconds, of all above and of MOODS
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import random
import sys
import time

HOSTS = 20
POSTS = 5
"""Posts of a source that stays as it is."""
MOODS = (
    *("grows",) * 8,
    *("stays", "edits", "fails", "busy", "missing", "hangs", "drips", "resets", "garbage", "half"),
    *("redirects", "moves", "bare", "huge", "empty"),
)
BUSY = 60
WORD = 3600
WORDS = [
    "".join(random.Random(n).choices("bcdfghklmnprst", k=3)) + "aeiou"[n % 5] + "nrs"[n % 3]
    for n in range(500)
]


def address(port: int, path: str) -> str:
    """The URL of a source; each has one of the hosts for good."""
    name = path.partition("~")[0]
    return f"http://127.0.4.{1 + int(hashlib.sha256(name.encode()).hexdigest(), 16) % HOSTS}:{port}{path}"


def mood(number: str, phase: int) -> str:
    """How a moody source behaves in a phase; all behave well in the first."""
    return "grows" if phase == 0 else random.Random(f"{number}/{phase}").choice(MOODS)


def text(seed: str) -> str:
    """Words that no other seed has in this order, so that nothing is taken for a copy."""
    return " ".join(random.Random(seed).choices(WORDS, k=120))


def feed(name: str, first: int, last: int, edition: int = 0) -> bytes:
    """An RSS document of the entries with these numbers, newest first."""
    items = "".join(
        f"<item><title>{name} {n}{f' edition {edition}' if edition else ''}</title>"
        f"<link>https://changing.example/{name}/{n}</link>"
        f"<guid isPermaLink='false'>tag:changing.example,2026:{name}/{n}</guid>"
        f"<pubDate>Tue, 24 Nov 2026 {n // 60 % 24:02}:{n % 60:02}:00 GMT</pubDate>"
        f"<description>&lt;p&gt;{text(f'{name}/{n}')}&lt;/p&gt;</description></item>"
        for n in reversed(range(first, last))
    )
    return (
        f"<?xml version='1.0'?><rss version='2.0'><channel><title>{name}</title>"
        f"<link>https://changing.example/{name}/</link><description>d</description>{items}</channel></rss>"
    ).encode()


class Origin:
    """Answers, and writes down what it was asked."""

    def __init__(self, log: str, growth: float, phase: float) -> None:
        self._log = open(log, "a", encoding="utf-8", buffering=1)  # noqa: SIM115 - as long as we live
        self._growth, self._phase, self._began = growth, phase, time.monotonic()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection to its end."""
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                path = head.split(" ", 2)[1]
                now = time.monotonic()
                kind, _, name = path.strip("/").partition("/")
                if kind == "moody":
                    kind = mood(name, int((now - self._began) / self._phase))
                self._log.write(f"{now:.3f} {path} {kind}\n")
                if not await self._said(kind, name, path, head, reader, writer, now):
                    break
                await writer.drain()
        with contextlib.suppress(OSError):
            writer.close()

    async def _said(
        self,
        kind: str,
        name: str,
        path: str,
        head: str,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        now: float,
    ) -> bool:
        """Write what this behaviour answers; whether the connection stays open."""
        name = name.partition("~")[0].removesuffix(".xml")
        entries = 2 + int((now - self._began + hash(name) % self._growth) / self._growth)
        grown = feed(name, max(0, entries - 15), entries)
        match kind:
            case "grows":
                _write(writer, 200, grown, head)
            case "stays":
                _write(writer, 200, feed(name, 0, POSTS), head)
            case "edits":
                edition = 1 + int((now - self._began) / self._growth)
                _write(writer, 200, feed(name, max(0, entries - 15), entries, edition), head)
            case "worded":
                _write(writer, 200, grown, head, f"Cache-Control: max-age={WORD}")
            case "busy":
                _write(writer, 503, b"later", head, f"Retry-After: {BUSY}")
            case "fails":
                _write(writer, 500, b"broken", head)
            case "missing":
                _write(writer, 404, b"nothing here", head)
            case "garbage":
                _write(writer, 200, b"<html><body><p>Log in first</p></body></html>", head)
            case "half":
                _write(writer, 200, grown[: len(grown) // 2], head)
            case "empty":
                _write(writer, 200, b"", head)
            case "huge":
                _write(writer, 200, grown + b"<!-- " + b"x" * 3_000_000 + b" -->", head)
            case "bare":  # without validators
                writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + grown)
                return False
            case "redirects":
                _write(writer, 302, b"", head, f"Location: /grows/{name}.xml")
            case "moves":
                _write(writer, 301, b"", head, f"Location: /grows/{name}.xml")
            case "hangs":  # until the other side has had enough
                while await reader.read(1024):
                    pass
                return False
            case "drips":
                writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(grown)}\r\n\r\n".encode())
                for byte in grown:
                    writer.write(bytes([byte]))
                    await writer.drain()
                    await asyncio.sleep(0.05)
            case "resets":
                writer.transport.abort()
                return False
            case _:
                _write(writer, 404, b"nothing here", head)
        return True


def _write(writer: asyncio.StreamWriter, status: int, body: bytes, head: str, *fields: str) -> None:
    tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
    if status == 200 and f"if-none-match: {tag}" in head.lower():
        status, body = 304, b""
    length = [] if status == 304 else [f"Content-Length: {len(body)}", "Content-Type: application/rss+xml"]
    lines = [f"HTTP/1.1 {status} X", f"ETag: {tag}", *length, *fields]
    writer.write(("\r\n".join(lines) + "\r\n\r\n").encode() + body)


async def main() -> None:
    """Serve until standard input ends."""
    log, growth, phase = sys.argv[1:]
    origin = Origin(log, float(growth), float(phase))
    first = await asyncio.start_server(origin.answer, "127.0.4.1", 0, backlog=1000)
    port = first.sockets[0].getsockname()[1]
    others = [f"127.0.4.{n}" for n in range(2, HOSTS + 1)]
    rest = await asyncio.start_server(origin.answer, others, port, backlog=1000)
    async with first, rest:
        print(port, flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
