"""Shell. Where requests leave this machine: one connection for one hop, behind a guard.

A `Door` is the seam between what an exchange is and what carries it. The one over sockets is aiohttp's
transport under httpx; one that leads to an origin in the same process lets days be simulated. Knows nothing
of leases, redirects or results.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Any, Protocol, cast

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport
from yarl import URL

from aggregator.fetch.guard import Guard, Resolver
from aggregator.fetch.wire import Verbatim

# Some servers send security policies longer than aiohttp's 8 KB; endless fields still end.
LONGEST_FIELD = 16_384
MOST_FIELDS = 128
# RFC 3986, 2. Browsers and httpx leave some of these in a query; some servers refuse them.
_IN_NO_URI = re.compile(r'["<>\\^`{|}]')


class Door(Protocol):
    """What carries one hop of an exchange."""

    def open(self, guard: Guard, /) -> AbstractAsyncContextManager[httpx.AsyncBaseTransport]:
        """A transport for one request, closed whatever happens.

        It asks the guard before it connects, and tells it (`note_sent`) when the request goes out.
        """


class _AsWritten:
    """aiohttp's session, asked for the very URL that it is given, with the very fields.

    yarl would spell a URL as it likes best, `%2F` as `/`: to the signature over it, or to who gave us a
    callback, that is another one. And httpx would guess a charset from all fields together, so that one odd
    byte changed what the others say: `Verbatim` wants bytes as latin-1 text.
    """

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    def request(self, method: str, url: str, *, headers: httpx.Headers, **about: Any) -> Any:
        """As the session does it."""
        spelled = _IN_NO_URI.sub(lambda found: f"%{ord(found[0]):02X}", url)
        asked = URL(spelled, encoded=True)
        try:
            _ = asked.port  # judged only when asked for
        except ValueError as error:
            raise aiohttp.InvalidUrlClientError(url) from error
        fields = [(name.lower().decode("latin-1"), said.decode("latin-1")) for name, said in headers.raw]
        return self._session.request(method, asked, headers=fields, **about)


class SocketDoor:
    """Over the network. Nothing is kept open or remembered from one hop to the next."""

    def __init__(self, resolver: Resolver | None = None) -> None:
        """`resolver`: the system's, unless another one is given."""
        self._tls: ssl.SSLContext | None = None
        self._resolver = resolver

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
            # It is called, and no more.
            request_class=cast(type[aiohttp.ClientRequest], partial(Verbatim, guard.note_sent)),
        ) as session:
            as_written = cast(aiohttp.ClientSession, _AsWritten(session))  # no more of it is used
            yield AiohttpTransport(verify=self._context(), client=lambda: as_written)

    def _context(self) -> ssl.SSLContext:
        """One for all connections, made at the first: reading the certificates takes 20 ms.

        `SSL_CERT_FILE` and `SSL_CERT_DIR` are obeyed, for those who have an authority of their own.
        """
        if self._tls is None:
            self._tls = httpx.create_ssl_context()
            self._tls.set_alpn_protocols(["http/1.1"])
        return self._tls
