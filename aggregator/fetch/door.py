"""Shell. Where requests leave this machine: one connection for one hop, behind a guard.

A `Door` is the seam between what an exchange is and what carries it. The one over sockets is aiohttp's
transport under httpx; one that leads to an origin in the same process lets days be simulated. Knows nothing
of leases, redirects or results.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from aggregator.fetch.guard import Guard, Resolver

# Some servers send security policies longer than aiohttp's 8 KB; endless fields still end.
LONGEST_FIELD = 16_384
MOST_FIELDS = 128


class Door(Protocol):
    """What carries one hop of an exchange."""

    def open(self, guard: Guard, /) -> AbstractAsyncContextManager[httpx.AsyncBaseTransport]:
        """A transport that asks the guard before it connects, for one request; closed whatever happens."""


class SocketDoor:
    """Over the network. Nothing is kept open or remembered from one hop to the next."""

    def __init__(self) -> None:
        self._tls: ssl.SSLContext | None = None
        self._resolver: Resolver | None = None

    @asynccontextmanager
    async def open(self, guard: Guard, /) -> AsyncIterator[httpx.AsyncBaseTransport]:
        """A connection, session and cookie jar (that keeps nothing) of its own."""
        if self._resolver is None:
            self._resolver = Resolver()
        connector = aiohttp.TCPConnector(
            ssl=self._context(),
            resolver=self._resolver,
            socket_factory=guard,
            use_dns_cache=False,
            force_close=True,
        )
        async with aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            max_line_size=LONGEST_FIELD,
            max_field_size=LONGEST_FIELD,
            max_headers=MOST_FIELDS,
        ) as session:
            yield AiohttpTransport(verify=self._context(), client=session)

    def _context(self) -> ssl.SSLContext:
        """One for all connections, made at the first: reading the certificates takes 20 ms.

        `SSL_CERT_FILE` and `SSL_CERT_DIR` are obeyed, for those who have an authority of their own.
        """
        if self._tls is None:
            self._tls = httpx.create_ssl_context()
            self._tls.set_alpn_protocols(["http/1.1"])
        return self._tls
