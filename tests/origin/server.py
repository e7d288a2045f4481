"""Shell. The origin over real sockets, on loopback: two ports, which are its two hosts.

Every connection carries one exchange. The clock is given, so that tests may turn it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime
from http import HTTPStatus
from types import TracebackType
from typing import Self

from tests.origin.feed import Behaviour
from tests.origin.knowledge import Rules
from tests.origin.messages import Answer, Field
from tests.origin.origin import Exchange, Origin

LONGEST_HEAD = 65_536
PATIENCE = 30.0  # seconds that a request may take to come
DRIP = 1.0  # seconds between two bytes of a body that never ends


class OriginServer:
    """`async with OriginServer(behaviours, rules, now) as server`: `server.url("steady")`."""

    def __init__(
        self,
        behaviours: Iterable[type[Behaviour]],
        rules: Rules,
        now: Callable[[], datetime],
        front: Callable[[], str] = str,
        port: int = 0,
    ) -> None:
        """`front` says what `/` shows, which is nobody's feed. `port` 0 takes any that is free."""
        self.origin = Origin(rules)
        self._behaviours, self._now, self._front, self._port = tuple(behaviours), now, front, port
        self._writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        ports = (self._port, self._port + 1 if self._port else 0)
        self._servers = [await asyncio.start_server(self._serve, "127.0.0.1", port) for port in ports]
        self.bases = [f"http://127.0.0.1:{s.sockets[0].getsockname()[1]}/" for s in self._servers]
        start = self._now()
        self.origin.play(
            played(f"{self.bases[0]}{played.name()}/", f"{self.bases[1]}{played.name()}/", start)
            for played in self._behaviours
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for server in self._servers:
            server.close()
        for writer in self._writers:
            writer.transport.abort()
        for server in self._servers:
            await server.wait_closed()

    def url(self, name: str) -> str:
        """Where a behaviour is asked."""
        return f"{self.bases[0]}{name}/feed.xml"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            async with asyncio.timeout(PATIENCE):
                head = await reader.readuntil(b"\r\n\r\n")
            method, target, fields = parsed(head)
            if target == "/":
                await _write(writer, Answer(200, (("content-type", b"text/html"),), self._front().encode()))
                return
            host = next((v.decode("latin-1") for k, v in fields if k == "host"), "")
            await self._exchange(writer, self.origin.begin(host, target, fields, self._now(), method))
        except (OSError, TimeoutError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the client has had enough, or does not speak HTTP
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _exchange(self, writer: asyncio.StreamWriter, exchange: Exchange) -> None:
        whole = False
        try:
            await _write(writer, exchange.answer)
            whole = True
        finally:
            self.origin.end(exchange, self._now(), whole=whole)


def parsed(head: bytes) -> tuple[str, str, list[Field]]:
    """Method, target and fields of a request. Raises ValueError."""
    first, *lines = head[:-4].split(b"\r\n")
    method, target, _ = first.decode("latin-1").split(" ")
    pairs = (line.partition(b":") for line in lines)
    return method, target, [(name.decode("latin-1").lower(), value.strip()) for name, _, value in pairs]


async def _write(writer: asyncio.StreamWriter, answer: Answer) -> None:
    fields = [*answer.fields, ("connection", b"close")]
    if answer.status != 304 and not answer.drips:
        fields.append(("content-length", b"%d" % len(answer.body)))
    reason = HTTPStatus(answer.status).phrase
    lines = [f"HTTP/1.1 {answer.status} {reason}".encode(), *(k.encode() + b": " + v for k, v in fields)]
    writer.write(b"\r\n".join(lines) + b"\r\n\r\n" + answer.body)
    await writer.drain()
    while answer.drips:
        await asyncio.sleep(DRIP)
        writer.write(b" ")
        await writer.drain()
