"""Shell. Requests that are no polls: one exchange with somebody whom no source names, through the same door.

Redirects are not followed, no cookie or credential goes out, no more of a body is read than is wanted, and
every address is judged as for polls. Who is asked how often is decided by those who write the letters.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import cast

import aiohttp
import httpx

from aggregator.fetch import response
from aggregator.fetch.door import Door, SocketDoor
from aggregator.fetch.guard import Guard
from aggregator.fetch.trouble import explain
from aggregator.model import Answer, Letter, Url
from aggregator.ports import Clock

PIECE = 65_536

_log = logging.getLogger("aggregator.fetch")


class HttpCourier:
    """`ports.Courier` over the same transport as polls."""

    def __init__(self, user_agent: str, clock: Clock, door: Door | None = None) -> None:
        """`user_agent` is sent as given: `aggregator/VERSION (+CONTACT)`."""
        self.user_agent = user_agent
        self._clock, self._door = clock, door or SocketDoor()

    async def send(self, letter: Letter, /) -> Answer:
        """One exchange within `letter.seconds`; never raises for what a server does."""
        try:
            async with asyncio.timeout(letter.seconds):
                return await self._exchange(letter)
        except TimeoutError:
            return Answer(kind="timeout", detail=f"no complete answer within {letter.seconds:g} s")
        except Exception as error:  # noqa: BLE001 - one surprise must not end the loop that asks others
            _log.exception("a request failed unexpectedly")
            return Answer(kind="fault", detail=f"an error of ours ({type(error).__name__}); the log has more")

    async def _exchange(self, letter: Letter) -> Answer:
        try:
            url = httpx.URL(letter.url)
            body = _pieces(letter.body) if letter.body else None
            asking = httpx.Request(letter.method, url, headers=self._fields(letter), content=body)
        except (httpx.InvalidURL, UnicodeError, ValueError):
            return Answer(kind="url", detail="a URL that cannot be asked for")
        guard = Guard(permitted=letter.private)
        try:
            async with self._door.open(guard) as transport:
                answer = await transport.handle_async_request(asking)
                try:
                    return await self._read(answer, letter)
                finally:
                    await answer.aclose()
        except (httpx.HTTPError, httpx.InvalidURL, aiohttp.ClientError) as error:
            failure = explain(error, guard, host=url.host, own_host=True, first=True, quiet=True)
            return Answer(kind=failure.kind, detail=failure.detail)

    def _fields(self, letter: Letter) -> list[tuple[str, str]]:
        ours = [("user-agent", self.user_agent), ("accept", "*/*"), ("accept-encoding", "identity")]
        length = [("content-length", str(len(letter.body)))] if letter.method == "POST" else []
        return [*ours, *letter.headers, *length]

    async def _read(self, answer: httpx.Response, letter: Letter) -> Answer:
        head = response.Head(answer.status_code, tuple(answer.headers.raw))
        hints = response.hints(head, response.Asked(Url(letter.url), False, self._clock.now()))
        body = b""
        if letter.read:
            assert isinstance(answer.stream, httpx.AsyncByteStream)
            async with aclosing(cast(AsyncGenerator[bytes, None], aiter(answer.stream))) as chunks:
                async for chunk in chunks:
                    body += chunk[: letter.read - len(body)]
                    if len(body) >= letter.read:
                        break
        return Answer(head.status, body, hints, location=head.first("location"))


async def _pieces(body: bytes) -> AsyncIterator[bytes]:
    """A large body whole would hold up the loop."""
    for start in range(0, len(body), PIECE):
        yield body[start : start + PIECE]
