"""Shell. The admin application: paths to pages. What stands on them is in `views`, who may ask in `gate`.

Everything is looked up in a thread when it is asked for, and is as new as the store.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from aggregator.errors import AggregatorError
from aggregator.serve.admin import views
from aggregator.serve.admin.desk import Desk
from aggregator.serve.admin.gate import SECURITY, Gate

_LOG = logging.getLogger(__name__)
_METHODS = ("GET", "HEAD")
_LONGEST = 2000  # characters of what is asked about

_Blocking = Callable[[Request], Response]


def admin_app(desk: Desk, *, listen: str, token: str) -> ASGIApp:
    """The admin pages and `/metrics` behind a gate. Raises `ListenError` where they would be open to all."""

    def overview(request: Request) -> Response:
        asked = request.query_params
        page = asked.get("page", "1")
        return HTMLResponse(
            views.overview(
                desk,
                find=asked.get("find", "")[:_LONGEST].strip(),
                health=asked.get("health", ""),
                page=int(page) if page.isascii() and page.isdecimal() and len(page) < 6 else 1,
            )
        )

    def source(request: Request) -> Response:
        shown = views.source(desk, request.path_params["key"])
        return _text(404, "no such source") if shown is None else HTMLResponse(shown)

    def stories(request: Request) -> Response:
        return HTMLResponse(views.stories(desk))

    def explain(request: Request) -> Response:
        return HTMLResponse(views.explain(desk, request.query_params.get("of", "")[:_LONGEST].strip()))

    def style(request: Request) -> Response:
        return Response(views.stylesheet(), media_type="text/css")

    def metrics(request: Request) -> Response:
        media_type, text = desk.metrics()
        return Response(text, headers={"content-type": media_type})

    def health(request: Request) -> Response:
        return _text(200, "ok")

    def readiness(request: Request) -> Response:
        return _text(200, "ready") if desk.ready() else _text(503, "not ready", {"retry-after": "5"})

    def home(request: Request) -> Response:
        return RedirectResponse("/admin/", 302, SECURITY)

    handlers = {
        "/": home,
        "/admin": home,
        "/admin/": overview,
        "/admin/source/{key}": source,
        "/admin/stories": stories,
        "/admin/explain": explain,
        "/admin/style.css": style,
        "/metrics": metrics,
        "/healthz": health,
        "/readyz": readiness,
    }
    inside = Starlette(
        routes=[Route(path, _in_a_thread(one), methods=_METHODS) for path, one in handlers.items()],
        exception_handlers={HTTPException: _refusal},
    )
    return Gate(inside, listen=listen, token=token)


def _in_a_thread(handler: _Blocking) -> Callable[[Request], Awaitable[Response]]:
    """Let a handler that looks into the store hold up nobody; a fault of the store is a sentence."""

    async def answer(request: Request) -> Response:
        try:
            response = await asyncio.to_thread(handler, request)
        except AggregatorError as trouble:
            _LOG.error("cannot show %s: %s", request.scope["path"], trouble)
            response = _text(503, f"not available now: {trouble}", {"retry-after": "30"})
        response.headers.update(SECURITY)
        return response

    return answer


def _refusal(request: Request, error: Exception) -> Response:
    """What the routes refuse: 404, and 405 with the methods that there are."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    allow = {"allow": ", ".join(_METHODS)} if status == 405 else {}
    return _text(status, HTTPStatus(status).phrase.lower(), allow)


def _text(status: int, line: str, headers: dict[str, str] | None = None) -> Response:
    return PlainTextResponse(f"{line}\n", status, {**SECURITY, **(headers or {})})
