"""Shell. The public application: documents, `/healthz`, `/readyz`; only `GET` and `HEAD`.

The store is asked in a thread on every request that comes here, never in the loop: it may read a file, and a
slow disk must not hold up the polls that run in the same loop. The hop takes longer than the rest, so usual
requests are answered before (`quick`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Literal

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from aggregator.errors import AggregatorError
from aggregator.model import Document
from aggregator.ports import Clock, DocumentStore
from aggregator.serve.documents import INDEX, POSTS, SECURITY, answer, cache_control, document_path
from aggregator.serve.formerly import Formerly, relative

_LOG = logging.getLogger(__name__)
_METHODS = ("GET", "HEAD")
_CONDITIONS = ("if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "if-range")
_READ = ("accept-encoding", "range", *_CONDITIONS)  # of a request's headers


@dataclass(frozen=True, slots=True)
class _Moved:
    """What was asked for is somewhere else now: a document, or (None) the folder of that name."""

    document: str | None = None


def app(
    documents: DocumentStore,
    clock: Clock,
    *,
    ready: Callable[[], bool],
    next_change: Callable[[], datetime | None] = lambda: None,
    formerly: Callable[[], Formerly] = Formerly,
    links: Callable[[str], Sequence[tuple[str, str]]] = lambda path: (),
    routes: Sequence[BaseRoute] = (),
) -> ASGIApp:
    """An ASGI application over a document store.

    `/healthz` answers 200 as long as the process answers at all, `/readyz` 200 while `ready()` holds and else
    503. A fault of the store is 503 and a line in the log. `next_change` says when a document can change at
    the earliest (None: not that we know), `formerly` which old addresses are in force, `links` what the
    `Link` header of a path's document says: relations and absolute URLs. None of them may block. `routes`
    come before the documents.
    """

    async def document(request: Request) -> Response:
        path, query = request.scope["path"], request.scope["query_string"].decode("latin-1")
        try:
            found = await asyncio.to_thread(_look_up, documents, path, query, formerly())
        except AggregatorError as error:
            _LOG.error("cannot serve %s: %s", ascii(path), error)
            return _text(503, "not available now", {"retry-after": "30"})
        caching = cache_control(clock.now(), next_change())
        match found:
            case Document():
                given = answer(
                    found,
                    {
                        name: ", ".join(request.headers.getlist(name))
                        for name in _READ
                        if name in request.headers
                    },
                    caching=caching,
                    links=links(found.path),
                    ranges=request.method == "GET",
                )
                return Response(given.body if request.method == "GET" else b"", given.status, given.headers)
            case _Moved():
                # Relative, so that it also holds behind a proxy that adds a prefix.
                raw = _raw_path(request.scope)
                to = f"{raw.rpartition('/')[2]}/" if found.document is None else relative(raw, found.document)
                return _text(301, "moved", {"location": to, "cache-control": caching})
            case "gone":
                return _text(410, "gone")
            case _:
                return _text(404, "not found")

    async def health(request: Request) -> Response:
        return _text(200, "ok")

    async def readiness(request: Request) -> Response:
        return _text(200, "ready") if ready() else _text(503, "not ready", {"retry-after": "5"})

    inner = Starlette(
        routes=[
            Route("/healthz", health, methods=_METHODS),
            Route("/readyz", readiness, methods=_METHODS),
            *routes,
            Route("/{path:path}", document, methods=_METHODS),
        ],
        exception_handlers={HTTPException: _refusal},
    )

    async def outer(scope: Scope, receive: Receive, send: Send) -> None:
        await inner(_in_origin_form(scope), receive, send)

    return outer


def _look_up(
    documents: DocumentStore, asked: str, query: str, formerly: Formerly
) -> Document | _Moved | Literal["gone"] | None:
    """What there is at a path: a document wins over an old address, but has no query as that may have."""
    old = formerly.by_query(asked, query)
    if old is not None and documents.get(old) is not None:
        return _Moved(old)
    path = document_path(asked)
    if path is not None:
        # What was taken down is out from then on, not only once its file is removed.
        if path.startswith(POSTS) and documents.gone(path):
            return "gone"
        found = documents.get(path)
        if found is not None:
            return found
        if documents.get(f"{path}/{INDEX}") is not None:
            return _Moved()
    old = formerly.by_path(asked)
    if old is not None and documents.get(old) is not None:
        return _Moved(old)
    return "gone" if path is not None and documents.gone(path) else None


def _in_origin_form(scope: Scope) -> Scope:
    """`GET http://host/path` asks for `/path` (RFC 9112, 3.2.2): so write those who take us for a proxy."""
    scheme, found, rest = scope["path"].partition("://") if scope["type"] == "http" else ("", "", "")
    if not found or scheme.lower() not in ("http", "https"):
        return scope
    raw = scope["raw_path"].partition(b"://")[2].partition(b"/")[2]
    return {**scope, "path": "/" + rest.partition("/")[2], "raw_path": b"/" + raw}


def _raw_path(scope: Scope) -> str:
    """The path as it came, encoded, without the query."""
    raw: bytes = scope["raw_path"]
    return raw.decode("latin-1")


def _refusal(request: Request, error: Exception) -> Response:
    """What the routes refuse: in practice 405, with the methods that there are (RFC 9110, 15.5.6).

    The connection ends there, so that nobody has to take the body that such a request may bring.
    """
    status = error.status_code if isinstance(error, HTTPException) else 500
    given = error.headers or {} if isinstance(error, HTTPException) else {}
    headers = {name.lower(): value for name, value in given.items()}
    if "allow" in headers:
        headers["allow"] = ", ".join(sorted(headers["allow"].split(", ")))
    return _text(status, HTTPStatus(status).phrase.lower(), headers | {"connection": "close"})


def _text(status: int, line: str, headers: Mapping[str, str] | None = None) -> Response:
    return PlainTextResponse(
        f"{line}\n", status, {**SECURITY, "cache-control": "no-store", **(headers or {})}
    )
