"""Shell. One polite exchange under one deadline: conditional GET, redirects by hand, every hop guarded.

httpx lives here, with aiohttp's exceptions; `door` opens the connections. Each hop has one, a guard and a
record of its own: no cookie, permission or half-read answer outlives it, and cancelling one cannot harm
another. What a field or status means is said in `response`, `request` and `inflate`; trouble at the far end
always comes back as a `FetchFailed`.
"""

from __future__ import annotations

import asyncio
import logging
import os
import traceback
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import cast

import aiohttp
import httpx

from aggregator.fetch import local, request, response
from aggregator.fetch.door import Door, SocketDoor
from aggregator.fetch.guard import Guard
from aggregator.fetch.inflate import Body
from aggregator.model import FailureKind, FetchFailed, FetchResult, Lease, Polling, Source, Url, Validators
from aggregator.ports import Clock

MAX_HOPS = 5

_log = logging.getLogger("aggregator.fetch")


@dataclass(frozen=True, slots=True)
class _Hop:
    """One request of an exchange."""

    url: httpx.URL  # without user name, password and fragment
    name: Url  # how it is called in results: the first as configured
    credentials: tuple[str, str] | None
    own_host: bool  # that of the configured URL
    own_origin: bool  # and as safe a way to it: what is configured for the source may be sent
    moved: Url | None


class HttpFetcher:
    """`ports.Fetcher` over httpx on aiohttp's transport; `file:` sources are read from disk."""

    def __init__(self, polling: Polling, user_agent: str, clock: Clock, door: Door | None = None) -> None:
        """`user_agent` is sent as given: `aggregator/VERSION (+CONTACT)`."""
        self._polling = polling
        self._user_agent = user_agent
        self._clock = clock
        self._door = door or SocketDoor()

    def reconfigure(self, polling: Polling, user_agent: str) -> None:
        """Take over new limits and a new name; exchanges under way end as they began."""
        self._polling = polling
        self._user_agent = user_agent

    async def aclose(self) -> None:
        """Nothing is kept open between exchanges."""

    async def fetch(self, lease: Lease, /) -> FetchResult:
        """One exchange, redirects included, within `polling.timeout`; never raises for what a server does."""
        polling = self._polling
        seconds = polling.timeout.total_seconds()
        try:
            async with asyncio.timeout(seconds):
                if lease.source.url.startswith("file:"):
                    return await asyncio.to_thread(local.read, lease, polling.max_size)
                return await self._exchange(lease, polling)
        except TimeoutError:
            return FetchFailed("timeout", f"no complete answer within {seconds:g} s")
        except Exception as error:  # noqa: BLE001 - one source's surprise must not end the loop that polls the others
            # The message may hold a URL; for a confidential source only the places in our code are logged.
            where = "".join(traceback.format_tb(error.__traceback__))
            what = type(error).__name__ if lease.source.confidential else repr(error)
            _log.error("fetching %s failed unexpectedly: %s\n%s", lease.source.label, what, where)
            return FetchFailed("fault", f"an error of ours ({type(error).__name__}); the log has more")

    async def _exchange(self, lease: Lease, polling: Polling) -> FetchResult:
        source = lease.source
        first = _parse(source.url)
        if first is None or first.scheme not in ("http", "https") or not first.host:
            return FetchFailed("url", "no usable http or https URL")
        credentials = (first.username, first.password) if first.userinfo else None
        hop = _Hop(_bare(first), source.url, credentials, own_host=True, own_origin=True, moved=None)
        seen = {hop.url}
        permanent = True
        for _ in range(MAX_HOPS + 1):
            answer = await self._ask(hop, lease, polling)
            if not isinstance(answer, response.Redirect):
                return answer
            permanent = permanent and answer.permanent
            target = _target(hop.url, answer.location)
            if target is None:
                where = "" if source.confidential else f": {response.line(answer.location, 80)}"
                return FetchFailed("redirect", f"redirected to what is no http or https URL{where}")
            if target in seen:
                return FetchFailed("redirect", "redirected in a circle")
            seen.add(target)
            own_host = target.host == first.host
            own_origin = hop.own_origin and own_host and _as_safe(hop.url, target)
            name = Url(str(target))
            moved = name if permanent else hop.moved
            hop = _Hop(target, name, credentials if own_origin else None, own_host, own_origin, moved)
        return FetchFailed("redirect", f"redirected more than {MAX_HOPS} times")

    async def _ask(self, hop: _Hop, lease: Lease, polling: Polling) -> FetchResult | response.Redirect:
        source = lease.source
        configured = source.headers if hop.own_origin else ()
        fields = request.fields(self._user_agent, configured, _validators(lease, hop), hop.credentials)
        if isinstance(fields, FetchFailed):
            return fields
        guard = Guard(permitted=source.private and hop.own_host)
        try:
            async with self._door.open(guard) as transport:
                return await self._answer(transport, hop, fields, polling)
        except (httpx.HTTPError, httpx.InvalidURL, aiohttp.ClientError) as error:
            beneath = error.__cause__ if isinstance(error, httpx.HTTPError) else None
            return _explain(beneath or error, guard, hop, source)

    async def _answer(
        self,
        transport: httpx.AsyncBaseTransport,
        hop: _Hop,
        fields: list[response.Field],
        polling: Polling,
    ) -> FetchResult | response.Redirect:
        answer = await transport.handle_async_request(httpx.Request("GET", hop.url, headers=fields))
        try:
            head = response.Head(answer.status_code, tuple(answer.headers.raw))
            asked = response.Asked(hop.name, request.conditional(fields), self._clock.now(), hop.moved)
            judgement = response.judge(head, asked)
            if judgement is not None:
                return judgement  # whatever its body says stays unread
            body = Body(head.joined("content-encoding"), polling.max_size)
            # Not `aiter_raw()`: a generator around a generator, whose inner one could not be closed here.
            async with aclosing(cast(AsyncGenerator[bytes, None], aiter(_stream(answer)))) as chunks:
                async for chunk in chunks:
                    failure = body.feed(chunk)
                    if failure is not None:
                        return response.failed(failure.kind, failure.detail, head, asked)
            whole = body.finish()
            if isinstance(whole, FetchFailed):
                return response.failed(whole.kind, whole.detail, head, asked)
            return response.fetched(head, whole, asked)
        finally:
            await answer.aclose()


def _stream(answer: httpx.Response) -> httpx.AsyncByteStream:
    """The bytes of the body as they were sent, undecoded."""
    assert isinstance(answer.stream, httpx.AsyncByteStream)
    return answer.stream


def _validators(lease: Lease, hop: _Hop) -> Validators:
    """Those that this very host gave; to another one they would be noise, or a trace (RFC 9110, 13.1)."""
    giver = _parse(lease.memory.validators_from) if lease.memory.validators_from else None
    return lease.memory.validators if giver is not None and giver.host == hop.url.host else Validators()


def _parse(url: str) -> httpx.URL | None:
    try:
        parsed = httpx.URL(url)
        _ = parsed.host  # decoded here: a broken international name shows now, not later
        return parsed
    except (httpx.InvalidURL, UnicodeError, ValueError):
        return None


def _bare(url: httpx.URL) -> httpx.URL:
    return url.copy_with(username="", password="", fragment=None) if url.userinfo or url.fragment else url


def _target(base: httpx.URL, location: str) -> httpx.URL | None:
    """Where a Location leads, without the user name, password or fragment it may carry; None: nowhere."""
    try:
        target = base.join(_location(location))
        if target.scheme not in ("http", "https") or not target.host:
            return None
        return _bare(target)
    except (httpx.InvalidURL, UnicodeError, ValueError):
        return None


def _location(raw: str) -> str:
    """A Location (bytes as latin-1 text) as a URL; what is no UTF-8 is percent-encoded, as browsers do."""
    octets = raw.encode("latin-1")
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        return "".join(chr(octet) if octet < 0x80 else f"%{octet:02X}" for octet in octets)


def _as_safe(here: httpx.URL, there: httpx.URL) -> bool:
    """Whether what we tell `here` in confidence may be told `there`: one origin, or http made https."""
    if (here.scheme, here.port) == (there.scheme, there.port):
        return True
    return (here.scheme, here.port, there.scheme, there.port) == ("http", None, "https", None)


def _explain(error: BaseException, guard: Guard, hop: _Hop, source: Source) -> FetchFailed:
    """What an exception of aiohttp means for an operator.

    The transport turns most connection errors into `ConnectTimeout`, so the one beneath decides. No text
    holds a URL; of a confidential source, none holds a name or what the server said either.
    """
    quiet = source.confidential
    after = "" if hop.own_host or quiet else f" (redirected to {hop.url.host})"

    def failed(kind: FailureKind, text: str, said: str | None = None) -> FetchFailed:
        return FetchFailed(kind, response.line(text + (f": {said}" if said and not quiet else "") + after))

    match error:
        case aiohttp.ClientConnectorDNSError():
            return failed("dns", "the name has no address", error.os_error.strerror or str(error.os_error))
        case aiohttp.ClientConnectorCertificateError():
            reason = getattr(error.certificate_error, "verify_message", "")
            return failed("tls", "its certificate is not good", reason)
        case aiohttp.ClientSSLError():
            return failed("tls", "no secure connection", getattr(error.os_error, "reason", None))
        case aiohttp.ClientConnectorError() if guard.refused and not guard.tried:
            way = "; for a feed on a private address write `private: true`" if hop.own_host else ""
            return failed("address", f"the address {', '.join(guard.refused[:3])} is not public{way}")
        case aiohttp.ClientConnectorError():
            number = error.os_error.errno
            return failed(
                "refused", os.strerror(number).lower() if number else "no address took the connection"
            )
        case aiohttp.InvalidURL():
            return failed("url" if hop.name == source.url else "redirect", "a URL that cannot be asked for")
        case aiohttp.ServerDisconnectedError():
            return failed("protocol", "the connection ended before an answer came")
        case aiohttp.ClientResponseError():
            return failed("protocol", "no valid HTTP answer", error.message)
        case aiohttp.ClientPayloadError():
            return failed("protocol", "the answer is cut short", getattr(error.__cause__, "message", None))
        case OSError():
            return failed("protocol", "the connection broke", _reason(error.errno))
        case _:
            return failed("protocol", "no valid HTTP answer", type(error).__name__)


def _reason(number: int | None) -> str | None:
    return os.strerror(number).lower() if number else None
