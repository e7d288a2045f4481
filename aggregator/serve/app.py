"""Shell. The public application: documents, `/healthz`, `/readyz`; only `GET` and `HEAD`.

The store is asked in a thread on every request, never in the loop: it may read a file, and a slow disk must
not hold up the polls that run in the same loop. The hop costs about a tenth of a millisecond; a memory of
documents here instead would have to learn of every write, also by commands beside the daemon.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from aggregator.errors import AggregatorError
from aggregator.model import Document
from aggregator.ports import DocumentStore
from aggregator.serve.documents import INDEX, SECURITY, answer, document_path

_LOG = logging.getLogger(__name__)
_METHODS = ("GET", "HEAD")
_READ = ("accept-encoding", "if-none-match", "if-modified-since")  # of a request's headers


def app(documents: DocumentStore, *, ready: Callable[[], bool], routes: Sequence[BaseRoute] = ()) -> ASGIApp:
    """An ASGI application over a document store.

    `/healthz` answers 200 as long as the process answers at all, `/readyz` 200 while `ready()` (must not
    block) holds and else 503. A fault of the store is 503 and a line in the log. `routes` are looked at
    before the documents.
    """

    async def document(request: Request) -> Response:
        path = document_path(request.scope["path"])
        if path is None:
            return _text(404, "not found")
        try:
            found, is_folder = await asyncio.to_thread(_look_up, documents, path)
        except AggregatorError as error:
            _LOG.error("cannot serve %s: %s", path, error)
            return _text(503, "not available now", {"retry-after": "30"})
        if is_folder:
            # Relative, so that it also holds behind a proxy that adds a prefix.
            return _text(301, "moved", {"location": path.rpartition("/")[2] + "/"})
        if found is None:
            return _text(404, "not found")
        given = answer(
            found,
            {name: ", ".join(request.headers.getlist(name)) for name in _READ if name in request.headers},
        )
        return Response(given.body if request.method == "GET" else b"", given.status, given.headers)

    async def health(request: Request) -> Response:
        return _text(200, "ok")

    async def readiness(request: Request) -> Response:
        return _text(200, "ready") if ready() else _text(503, "not ready", {"retry-after": "5"})

    return Starlette(
        routes=[
            Route("/healthz", health, methods=_METHODS),
            Route("/readyz", readiness, methods=_METHODS),
            *routes,
            Route("/{path:path}", document, methods=_METHODS),
        ],
        exception_handlers={HTTPException: _refusal},
    )


def _look_up(documents: DocumentStore, path: str) -> tuple[Document | None, bool]:
    """The document, and whether the path names a folder whose slash was left out."""
    found = documents.get(path)
    return found, found is None and documents.get(f"{path}/{INDEX}") is not None


def _refusal(request: Request, error: Exception) -> Response:
    """What the routes refuse: in practice 405, with the methods that there are (RFC 9110, 15.5.6)."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    allow = {"allow": ", ".join(_METHODS)} if status == 405 else {}
    return _text(status, HTTPStatus(status).phrase.lower(), allow)


def _text(status: int, line: str, headers: Mapping[str, str] | None = None) -> Response:
    return PlainTextResponse(
        f"{line}\n", status, {**SECURITY, "cache-control": "no-store", **(headers or {})}
    )
