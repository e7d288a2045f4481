"""Shell. A way to the origin within the process: `aggregator.fetch.door.Door` without sockets.

What leads through it is asked as it would be over a network: the guard before each connection, with the
address of the host, and the bytes of every field as they would be sent.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime

import aiohttp
import httpx
from aiohttp.client_reqrep import ConnectionKey

from aggregator.fetch.guard import Guard
from tests.origin.origin import Exchange, Origin


class OriginDoor:
    """Leads to an origin, whose hosts have addresses; an exchange takes `seconds(url)`."""

    def __init__(
        self,
        origin: Origin,
        addresses: Mapping[str, str],
        now: Callable[[], datetime],
        seconds: Callable[[str], float],
    ) -> None:
        self.origin, self.addresses, self.now, self.seconds = origin, addresses, now, seconds
        self.hold: asyncio.Event | None = None  # set when a request has come, which then waits for ever

    @asynccontextmanager
    async def open(self, guard: Guard, /) -> AsyncIterator[httpx.AsyncBaseTransport]:
        """`Door.open`."""
        yield _Transport(self, guard)


class _Transport(httpx.AsyncBaseTransport):
    """For one request."""

    def __init__(self, door: OriginDoor, guard: Guard) -> None:
        self._door, self._guard = door, guard

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        door, url = self._door, request.url
        self._connect(url)
        self._guard.note_sent()
        exchange = door.origin.begin(
            url.netloc.decode(),
            url.raw_path.decode(),
            [(name.decode().lower(), value) for name, value in request.headers.raw],
            door.now(),
            request.method,
        )
        try:
            if door.hold is not None:
                door.hold.set()
                await asyncio.Event().wait()
            await asyncio.sleep(door.seconds(str(url)))
        except BaseException:
            door.origin.end(exchange, door.now(), whole=False)
            raise
        fields = [(name.encode(), value) for name, value in exchange.answer.fields]
        return httpx.Response(exchange.answer.status, headers=fields, stream=_Body(door, exchange))

    def _connect(self, url: httpx.URL) -> None:
        """As the connector does it: an address for the name, and the guard's consent to it."""
        key = ConnectionKey(url.host, url.port or 443, url.scheme == "https", True, None, None, None)
        address = self._door.addresses.get(url.host)
        if address is None:
            unknown = OSError(socket.EAI_NONAME, "Name or service not known")
            raise httpx.ConnectError("no address") from aiohttp.ClientConnectorDNSError(key, unknown)
        try:
            info = (socket.AF_INET, socket.SOCK_STREAM, 0, "", (address, key.port or 443))
            self._guard(info).close()
        except PermissionError as error:
            refused = OSError(errno.EACCES, str(error))
            raise httpx.ConnectError("refused") from aiohttp.ClientConnectorError(key, refused)


class _Body(httpx.AsyncByteStream):
    """The bytes of an answer; the exchange ends when it is closed."""

    def __init__(self, door: OriginDoor, exchange: Exchange) -> None:
        self._door, self._exchange = door, exchange
        # An answer that brings nothing, or leads elsewhere, is read by its head alone.
        self._whole = exchange.answer.status != 200
        self._closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while self._exchange.answer.drips:
            await asyncio.sleep(1)
            yield b" "
        yield self._exchange.answer.body
        self._whole = True

    async def aclose(self) -> None:
        if not self._closed:
            self._closed = True
            self._door.origin.end(self._exchange, self._door.now(), whole=self._whole)
