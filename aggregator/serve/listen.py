"""Shell. A listening socket and the server behind it: uvicorn, in the daemon's loop, without its signals.

The address is bound before anything else starts, so that a port that is taken is a sentence for the operator
and not an exit inside a task. Who stops the process is the daemon's business alone. A connection that gets
nowhere is ended, whichever side of it is slow: file descriptors are for polling too.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import re
import socket
from collections.abc import Iterator
from functools import partial
from typing import Any

import h11
import uvicorn
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from aggregator.errors import ListenError
from aggregator.serve.quick import Quick

GRACE = 5  # seconds that answers under way get at the end
_MOST_ANSWERED = 400  # connections; those beyond are told to come back
_MOST_CONNECTIONS = 500  # those beyond are reset
_PATIENCE = 10.0  # seconds that a connection may take to ask for something, or to take _LEAST of its answer
_LEAST = 10_000  # bytes
_AT_ONCE = 512 * 1024  # bytes of an answer that the kernel takes while its reader takes them
_LONGEST_REQUEST = 16 * 1024  # bytes of a request's line and headers
_ADDRESS = re.compile(
    r"(?:\[(?P<six>[0-9A-Fa-f:.]+(?:%[\w.-]+)?)\]|(?P<host>[^\[\]:]*)):(?P<port>[0-9]{1,5})"
)


class HttpServer:
    """Listens on one address from `start` to `stop`; both may be called once."""

    def __init__(
        self,
        application: ASGIApp,
        listen: str,
        named: str = "server.listen, --listen",
        *,
        quick: Quick | None = None,
        patience: float = _PATIENCE,
    ) -> None:
        """`listen` is `HOST:PORT` or `[IPV6]:PORT`; port 0 takes a free one. Raises `ListenError`.

        `named`: where an operator says another one, for what is wrong with this one. `quick`: what
        answers usual requests before the application is asked. `patience`: seconds that a connection may get
        nowhere.
        """
        self._host, self._port = split_address(listen)
        self._listen, self._named = listen, named
        self._bound: tuple[str, int] | None = None
        self._serving: asyncio.Task[None] | None = None
        self._server = _Server(
            uvicorn.Config(
                application,
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                # What strangers send wrongly is not the operator's news, and must not fill his disk.
                log_level="error",
                # Proxies set X-Forwarded-*; nothing that we serve depends on who asks.
                proxy_headers=False,
                timeout_graceful_shutdown=GRACE,
                h11_max_incomplete_event_size=_LONGEST_REQUEST,
                ws="none",
                http=partial(_Protocol, patience=patience, quick=quick),  # type: ignore[arg-type]  # it is only called
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
        server = await asyncio.to_thread(_bind, self._listen, self._host, self._port, self._named)
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
    """A connection that must get on: with its request, with our answer, or with taking that."""

    def __init__(self, *arguments: Any, patience: float, quick: Quick | None, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._patience, self._quick = patience, quick
        self._answered = 0  # requests that were answered at once
        self._resting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        # An answer of the usual size is the kernel's business at once, and not moved piece by piece.
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _AT_ONCE)
        if len(self.connections) > _MOST_CONNECTIONS:
            transport.abort()
            return
        if len(self.connections) > _MOST_ANSWERED:
            self.app, self._quick = _CROWDED, None
        self._look_again()

    def _look_again(self) -> None:
        seen = ((self.cycle, self._answered), self.transport.get_write_buffer_size())
        self.loop.call_later(self._patience, self._look, *seen)

    def _look(self, got_to: tuple[object, int], waiting: int) -> None:
        """End the connection if nothing has come of it since the last look."""
        if self not in self.connections:
            return
        answering = self._answering()
        left = self.transport.get_write_buffer_size()
        if got_to == (self.cycle, self._answered) and (
            waiting - left < min(waiting, _LEAST) if waiting else not (answering or left)
        ):
            self.transport.abort()  # also while it is closing: that waits for a reader who does not read
        else:
            self._look_again()

    def data_received(self, data: bytes) -> None:
        said = None
        if self._quick is not None and self._idle():
            said = self._quick(data, self.server_state.default_headers)
        if said is None:
            super().data_received(data)
            return
        self._answered += 1
        self.transport.write(said)
        if self._resting is None or self.timeout_keep_alive_task is not self._resting:
            self._unset_keepalive_if_required()
            self._rest_until()

    def _idle(self) -> bool:
        """Whether nothing is under way: no request or part of one, and no answer that is yet to be taken."""
        return not (
            self._answering()
            or self.conn.our_state is not h11.IDLE
            or self.conn.their_state is not h11.IDLE
            or self.conn.trailing_data[0]
            or self.transport.get_write_buffer_size()
        )

    def _rest_until(self) -> None:
        """One timer for many answers: to set one anew for each takes longer than the answer."""
        self._resting = self.loop.call_later(self.timeout_keep_alive, self._rested, self._answered)
        self.timeout_keep_alive_task = self._resting

    def _rested(self, answered: int) -> None:
        if answered != self._answered or self.transport.get_write_buffer_size():
            self._rest_until()
        else:
            self.timeout_keep_alive_handler()

    def _answering(self) -> bool:
        under_way: object = self.cycle  # None until a request has come, whatever its annotation says
        return under_way is not None and not self.cycle.response_complete

    def send_400_response(self, msg: str) -> None:
        """Say so while nothing else has been said; what is no HTTP within an answer just ends it."""
        if self.conn.our_state is h11.IDLE:
            super().send_400_response(msg)
            return
        self.cycle.disconnected = True
        self.cycle.message_event.set()
        self.transport.abort()


_CROWDED = PlainTextResponse(
    "too many connections\n", 503, {"retry-after": "30", "cache-control": "no-store", "connection": "close"}
)


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


def _bind(listen: str, host: str, port: int, named: str) -> socket.socket:
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
        raise ListenError(f"cannot listen on {listen}: {_advice(error, port, named)}") from error
    return server


def _advice(error: OSError, port: int, named: str) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return f"port {port} is taken; stop what uses it, or choose another ({named})"
        case errno.EACCES | errno.EPERM:
            return f"this user may not use port {port}; choose one above 1023"
        case errno.EADDRNOTAVAIL:
            return "this machine does not have that address; 0.0.0.0 means all of its addresses"
        case _:
            return error.strerror or str(error)
