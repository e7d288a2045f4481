"""Shell. One polite exchange under one deadline: conditional GET, redirects by hand, every hop guarded.

httpx lives here; `door` opens the connections, `turns` paces what redirects lead to. Each hop has one
connection, a guard and a record of its own: no cookie, permission or half-read answer outlives it, and
cancelling one cannot harm another. What a field, a status or an exception means is said in `response`,
`request`, `inflate` and `trouble`; trouble at the far end always comes back as a `FetchFailed`.
"""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

import aiohttp
import httpx

from aggregator.fetch import local, request, response
from aggregator.fetch.door import Door, SocketDoor
from aggregator.fetch.guard import Guard
from aggregator.fetch.inflate import Body
from aggregator.fetch.trouble import explain
from aggregator.fetch.turns import Turns
from aggregator.model import FetchFailed, FetchResult, Lease, Polling, Sent, Url, Validators, Wanted, replace
from aggregator.ports import Clock

MAX_HOPS = 5

_log = logging.getLogger("aggregator.fetch")


@dataclass(frozen=True, slots=True)
class _Hop:
    """One request of an exchange."""

    url: httpx.URL  # without user name, password and fragment
    name: Url  # how it is called in results: the first as the lease has it
    own: httpx.URL | None  # the configured URL, which what is configured is meant for
    own_origin: bool  # this is the place that the configured URL names, and no less safe a way to it
    moved: Url | None = None
    first: bool = True
    temporary: bool = False  # a redirect that is not for good has led here

    @property
    def own_host(self) -> bool:
        return self.url is self.own or (self.own is not None and self.url.host == self.own.host)

    @property
    def credentials(self) -> tuple[str, str] | None:
        if self.own is None or not self.own_origin or not self.own.userinfo:
            return None
        return self.own.username, self.own.password

    def to(self, target: httpx.URL, *, permanent: bool) -> _Hop:
        """The next one. What has left the configured origin does not come back to it with its secrets."""
        own_origin = self.own_origin and self.url.host == target.host and _as_safe(self.url, target)
        name = Url(str(target))
        moved = name if permanent else self.moved
        return _Hop(target, name, self.own, own_origin, moved, first=False, temporary=not permanent)


@dataclass(slots=True)
class _Trail:
    """How far an exchange has come, however it ends."""

    url: str  # that answered or is to answer last
    sent: Sent | None = None  # with the last request that went out
    waits_at: str = ""  # a host, for its turn there


class HttpFetcher:
    """`ports.Fetcher` over httpx on aiohttp's transport; `file:` sources are read from disk."""

    def __init__(self, polling: Polling, user_agent: str, clock: Clock, door: Door | None = None) -> None:
        """`user_agent` is sent as given: `aggregator/VERSION (+CONTACT)`."""
        self._polling = polling
        self._user_agent = user_agent
        self._clock = clock
        self._door = door or SocketDoor()
        self._turns = Turns()

    def reconfigure(self, polling: Polling, user_agent: str) -> None:
        """Take over new limits and a new name; exchanges under way end as they began."""
        self._polling = polling
        self._user_agent = user_agent

    async def aclose(self) -> None:
        """Nothing is kept open between exchanges."""

    async def fetch(self, lease: Lease, /) -> FetchResult:
        """One exchange, redirects included, within `polling.timeout`; never raises for what a server does.

        `lease.url` is asked for. What is configured for the source (headers, credentials, `private`) goes to
        the place that its own URL names, and the validators to the one that gave them, whoever else is asked.
        """
        trail = _Trail(lease.url)
        result = await self._to_its_end(lease, trail)
        return replace(result, url=Url(trail.url), sent=trail.sent)

    async def _to_its_end(self, lease: Lease, trail: _Trail) -> FetchResult:
        polling = self._polling
        seconds = polling.timeout.total_seconds()
        try:
            async with asyncio.timeout(seconds):
                if lease.url.startswith("file:"):
                    return await asyncio.to_thread(local.read, lease, polling.max_size)
                return await self._exchange(lease, polling, trail)
        except TimeoutError:
            text = f"no complete answer within {seconds:g} s"
            if trail.waits_at:
                where = "a host that it redirects to" if lease.source.confidential else trail.waits_at
                return FetchFailed("turn", response.line(f"{text}: it waited for its turn at {where}"))
            return FetchFailed("timeout", response.line(text))
        except Exception as error:  # noqa: BLE001 - one source's surprise must not end the loop that polls the others
            # The message may hold a URL; for a confidential source only the places in our code are logged.
            where = "".join(traceback.format_tb(error.__traceback__))
            what = type(error).__name__ if lease.source.confidential else repr(error)
            _log.error("fetching %s failed unexpectedly: %s\n%s", lease.source.label, what, where)
            return FetchFailed("fault", f"an error of ours ({type(error).__name__}); the log has more")

    async def _exchange(self, lease: Lease, polling: Polling, trail: _Trail) -> FetchResult:
        source = lease.source
        first, own = _parse(lease.url), _parse(source.url)
        if first is None or first.scheme not in ("http", "https") or not first.host:
            return FetchFailed("url", "no usable http or https URL")
        # Mostly it is the very same, and parsed once (`_parse`).
        own_origin = own is first or (own is not None and own.host == first.host and _as_safe(own, first))
        hop = _Hop(_bare(first), Url(lease.url), own, own_origin)
        seen = {hop.url}
        permanent = True
        gap = polling.per_host_gap.total_seconds()
        with self._turns.exchange(hop.url.host, gap) as visit:
            for _ in range(MAX_HOPS + 1):
                answer = await self._ask(hop, lease, polling, trail)
                if not isinstance(answer, response.Redirect):
                    return answer
                permanent = permanent and answer.permanent
                target = _target(hop.url, answer.location)
                if target is None:
                    where = "" if source.confidential else f": {response.line(answer.location, 80)}"
                    return FetchFailed("redirect", f"redirected to what is no http or https URL{where}")
                if target in seen:
                    return FetchFailed("redirect", "redirected in a circle")
                if lease.wants == "page" and target.host != hop.url.host:
                    # Nobody knows what that host's robots.txt says, and its page is no word of the feed's.
                    return FetchFailed("redirect", "redirected to another host")
                if len(seen) > MAX_HOPS:
                    break
                seen.add(target)
                hop = hop.to(target, permanent=permanent)
                trail.url, trail.waits_at = hop.name, target.host
                await visit.move(target.host, polling.per_host, gap)
                trail.waits_at = ""
        return FetchFailed("redirect", f"redirected more than {MAX_HOPS} times")

    async def _ask(
        self, hop: _Hop, lease: Lease, polling: Polling, trail: _Trail
    ) -> FetchResult | response.Redirect:
        source = lease.source
        # The page of an errand is the document's choice: what is configured for the feed is not for it.
        trusted = hop.own_origin and lease.errand is None
        configured, credentials = (source.headers, hop.credentials) if trusted else ((), None)
        fields = request.fields(
            self._user_agent, configured, _validators(lease, hop), credentials, lease.wants
        )
        if isinstance(fields, FetchFailed):
            return fields
        asking = httpx.Request("GET", hop.url, headers=fields)
        guard = Guard(permitted=source.private and hop.own_host)
        began = self._clock.now()
        try:
            async with self._door.open(guard) as transport:
                return await self._answer(transport, asking, hop, lease.wants, polling)
        except (httpx.HTTPError, httpx.InvalidURL, aiohttp.ClientError) as error:
            return explain(
                error,
                guard,
                host=hop.url.host,
                own_host=hop.own_host,
                first=hop.first,
                quiet=source.confidential,
            )
        finally:
            if guard.sent:  # also where the exchange is cut short
                added = asking.url.query != hop.url.query
                trail.sent = request.sent(asking.headers.raw, query=added, at=began)

    async def _answer(
        self,
        transport: httpx.AsyncBaseTransport,
        asking: httpx.Request,
        hop: _Hop,
        wanted: Wanted,
        polling: Polling,
    ) -> FetchResult | response.Redirect:
        answer = await transport.handle_async_request(asking)
        try:
            head = response.Head(answer.status_code, tuple(answer.headers.raw))
            conditional = request.conditional(asking.headers.raw)
            asked = response.Asked(hop.name, conditional, self._clock.now(), hop.moved, hop.temporary)
            judgement = response.judge(head, asked)
            if judgement is not None:
                return judgement  # whatever its body says stays unread
            if wanted == "page" and not response.is_page(head):
                return response.failed("media", "no page of HTML", head, asked)
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
    """Those that this very host gave; to another one they would be noise, or a trace (RFC 9110, 13.1).

    A host is a name and a port. httpx takes the default port of either scheme for none, so that a feed that
    goes over to https keeps its validators.
    """
    giver = _parse(lease.memory.validators_from) if lease.conditional else None
    if giver is None:
        return Validators()
    here = giver is hop.url or (giver.host, giver.port) == (hop.url.host, hop.url.port)
    return lease.memory.validators if here else Validators()


@lru_cache(maxsize=256)
def _parse(url: str) -> httpx.URL | None:
    """Kept for a moment: what is asked for, configured and had the validators from is mostly one URL."""
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
