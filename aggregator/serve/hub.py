"""Shell. The endpoints of WebSub: our hub (5.1), and the callbacks that other hubs ask and push to (5.3, 7).

Decides nothing: who is asked here says whether a request is taken.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from aggregator.errors import AggregatorError
from aggregator.model import Refusal
from aggregator.serve.documents import SECURITY
from aggregator.websub import MOST_BYTES

PATH = "/hub"
CALLBACK = "/websub/{token}"

Take: TypeAlias = Callable[[str, bytes], Awaitable[Refusal | None]]
Confirm: TypeAlias = Callable[[str, Mapping[str, str]], Awaitable[str | None]]
Admit: TypeAlias = Callable[[str], Awaitable[Refusal | None]]
Push: TypeAlias = Callable[[str, Mapping[str, str], bytes], Awaitable[Refusal | None]]

_LOG = logging.getLogger(__name__)


def hub(take: Take) -> Route:
    """The route of a hub that `take`s a request's content type and body."""

    async def answer(request: Request) -> Response:
        if request.method != "POST":
            return _text(405, "this is a WebSub hub; subscribers send it a POST", {"allow": "POST"})
        try:
            body = await _body(request, MOST_BYTES)
            if body is None:
                return _too_long(MOST_BYTES)
            refusal = await take(request.headers.get("content-type", ""), body)
        except ClientDisconnect:
            return _text(400, "the request is cut short")
        except AggregatorError as error:
            _LOG.error("cannot take a request to the hub: %s", error)
            return _text(503, "not available now", {"retry-after": "30"})
        if refusal is None:
            return _text(202, "accepted; your callback is asked to confirm it")
        return _refused(refusal)

    return Route(PATH, _Endpoint(answer))


def no_hub() -> Route:
    """`/hub` where there is none."""

    async def answer(request: Request) -> Response:
        return _text(404, "not found")

    return Route(PATH, _Endpoint(answer))


def callbacks(confirm: Confirm, admit: Admit, push: Push, most: Callable[[], int]) -> Route:
    """The route of the callbacks that we gave to hubs: they ask to `confirm` and `push`, `most` bytes each.

    A body is read only where `admit` refuses nothing. What is echoed cannot be taken for a page (8.2).
    """

    async def answer(request: Request) -> Response:
        token = request.path_params["token"]
        try:
            if request.method == "POST":
                refusal = await admit(token)
                if refusal is not None:
                    return _refused(refusal, {"connection": "close"})
                body = await _body(request, most())
                if body is None:
                    return _too_long(most())
                refusal = await push(token, dict(request.headers), body)
                return _text(204, "") if refusal is None else _refused(refusal)
            if request.method != "GET":
                return _text(405, "hubs send GET and POST", {"allow": "GET, POST"})
            echo = await confirm(token, dict(request.query_params))
        except ClientDisconnect:
            return _text(400, "the request is cut short")
        except AggregatorError as error:
            _LOG.error("cannot answer a hub: %s", error)
            return _text(503, "not available now", {"retry-after": "30"})
        if echo is None:
            return _text(404, "not found")
        headers = {**SECURITY, "cache-control": "no-store"}
        return Response(echo, 200, headers, media_type="application/octet-stream")

    return Route(CALLBACK, _Endpoint(answer))


async def _body(request: Request, most: int) -> bytes | None:
    """The whole body; None for a longer one than that, of which no more is read."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            return None
    return bytes(body)


def _too_long(most: int) -> Response:
    return _text(413, f"at most {most} bytes are taken", {"connection": "close"})


def _refused(refusal: Refusal, headers: Mapping[str, str] | None = None) -> Response:
    waits = {"retry-after": "60"} if refusal.status in (429, 503) else {}
    return _text(refusal.status, refusal.reason, waits | dict(headers or {}))


class _Endpoint:
    """An ASGI application: a function is asked for `GET` alone, and leaves the rest to other routes."""

    def __init__(self, answer: Callable[[Request], Awaitable[Response]]) -> None:
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._answer(Request(scope, receive, send))
        await response(scope, receive, send)


def _text(status: int, line: str, headers: Mapping[str, str] | None = None) -> Response:
    return PlainTextResponse(
        f"{line}\n" if line else "", status, {**SECURITY, "cache-control": "no-store", **(headers or {})}
    )
