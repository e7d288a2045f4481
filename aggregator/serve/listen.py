"""Shell. A listening socket and the server behind it: uvicorn, in the daemon's loop, without its signals.

The address is bound before anything else starts, so that a port that is taken is a sentence for the operator
and not an exit inside a task. Who stops the process is the daemon's business alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import re
import socket
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from aggregator.errors import ListenError

GRACE = 5  # seconds that answers under way get at the end
_MOST_CONNECTIONS = 500  # more are answered with 503 or reset: file descriptors are for polling too
_FIRST_REQUEST = 10  # seconds that a connection may take to ask for something
_ADDRESS = re.compile(
    r"(?:\[(?P<six>[0-9A-Fa-f:.]+(?:%[\w.-]+)?)\]|(?P<host>[^\[\]:]*)):(?P<port>[0-9]{1,5})"
)


class HttpServer:
    """Listens on one address from `start` to `stop`; both may be called once."""

    def __init__(self, application: ASGIApp, listen: str) -> None:
        """`listen` is `HOST:PORT` or `[IPV6]:PORT`; port 0 takes a free one. Raises `ListenError`."""
        self._host, self._port = split_address(listen)
        self._listen = listen
        self._bound: tuple[str, int] | None = None
        self._serving: asyncio.Task[None] | None = None
        self._server = _Server(
            uvicorn.Config(
                application,
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                log_level="warning",
                # Proxies set X-Forwarded-*; nothing that we serve depends on who asks.
                proxy_headers=False,
                timeout_graceful_shutdown=GRACE,
                limit_concurrency=_MOST_CONNECTIONS,
                http=_Protocol,
            )
        )

    @property
    def address(self) -> str:
        """`HOST:PORT` as it really is, so with port 0 the one that was given. Only after `start`."""
        if self._bound is None:
            raise ListenError(f"{self._listen} is not listened on yet")
        host, port = self._bound
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    async def start(self) -> None:
        """Bind, and return when requests are answered. Raises `ListenError`; nothing is left behind then."""
        server = await asyncio.to_thread(_bind, self._listen, self._host, self._port)
        self._bound = server.getsockname()[:2]
        # uvicorn closes the socket at its end.
        self._serving = asyncio.create_task(self._server.serve([server]), name=f"serve {self._listen}")
        while not self._server.started:
            if self._serving.done():
                server.close()
                cause, self._serving = self._serving.exception(), None
                raise ListenError(f"cannot serve on {self._listen}: {cause}") from cause
            await asyncio.sleep(0.005)

    async def stop(self) -> None:
        """Take no more requests, let those under way end within `GRACE` seconds, close. May be repeated."""
        if self._serving is None:
            return
        self._server.should_exit = True
        await self._serving


class _Protocol(H11Protocol):
    """A connection that has asked for nothing within its time is ended: idle ones would keep readers out."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > _MOST_CONNECTIONS:
            transport.abort()
        else:
            self.loop.call_later(_FIRST_REQUEST, self._give_up)

    def _give_up(self) -> None:
        asked: object = self.cycle  # None until a request has come, whatever its annotation says
        if asked is None and not self.transport.is_closing():
            self.transport.abort()


class _Server(uvicorn.Server):
    """uvicorn without signal handlers: SIGTERM, SIGINT and SIGHUP belong to the daemon."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def split_address(listen: str) -> tuple[str, int]:
    """Host (empty: all addresses) and port. Raises `ListenError` for what is no address."""
    match = _ADDRESS.fullmatch(listen.strip())
    if match is None or int(match["port"]) > 65535:
        raise ListenError(f"cannot listen on {listen!r}: write HOST:PORT, like 127.0.0.1:8080 or [::1]:8080")
    return match["six"] or match["host"] or "", int(match["port"])


def _bind(listen: str, host: str, port: int) -> socket.socket:
    try:
        found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise ListenError(
            f"cannot listen on {listen}: the name {host!r} has no address on this machine"
        ) from error
    family, kind, protocol, _, target = found[0]
    server = socket.socket(family, kind, protocol)
    try:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(target)
        server.listen(512)
        server.setblocking(False)
    except OSError as error:
        server.close()
        raise ListenError(f"cannot listen on {listen}: {_advice(error, port)}") from error
    return server


def _advice(error: OSError, port: int) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return f"port {port} is taken; stop what uses it, or choose another (server.listen, --listen)"
        case errno.EACCES | errno.EPERM:
            return f"this user may not use port {port}; choose one above 1023"
        case errno.EADDRNOTAVAIL:
            return "this machine does not have that address; 0.0.0.0 means all of its addresses"
        case _:
            return error.strerror or str(error)
