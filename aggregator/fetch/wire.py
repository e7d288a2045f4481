"""Shell. aiohttp's connection, made to say and hear exactly what one exchange needs.

Two things are put right between aiohttp and the transport, by asyncio's own `set_protocol`. Fields go out as
the bytes that they are, where aiohttp would write those above 0x7F as UTF-8: an ETag goes back verbatim,
whatever it is made of. And an answer counts once its head is there: what follows a 304, or a body of the
length that was said (RFC 9112, 6.3), would make aiohttp lose the answer with it if it came in the same
piece. Knows nothing of results; every bound on what is read stays aiohttp's.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, cast

import aiohttp

if TYPE_CHECKING:
    from aiohttp.connector import Connection

_BLANK = re.compile(rb"\n\r?\n")
_INTERIM = re.compile(rb"HTTP/1\.\d +1(?!01)")  # 101 is the last word


class Verbatim(aiohttp.ClientRequest):
    """A request whose fields are bytes as latin-1 text, over a connection that carries no other."""

    def __init__(self, goes_out: Callable[[], None], *about: Any, **more: Any) -> None:
        """`goes_out` is called when it does: aiohttp's own tracing takes a tenth of an exchange."""
        super().__init__(*about, **more)
        self._goes_out = goes_out

    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        """Step between aiohttp and the transport, then do as aiohttp does."""
        handler, transport = conn.protocol, conn.transport
        assert handler is not None
        assert transport is not None
        heard = _Heard(handler)
        handler.transport = _Said(transport, self._goes_out)  # it knows that it is connected
        transport.set_protocol(heard)
        heard.response = await super().send(conn)
        return heard.response


class _Said(asyncio.Transport):
    """What aiohttp takes for its transport. Of a request, the head comes first and whole."""

    def __init__(self, transport: asyncio.Transport, goes_out: Callable[[], None]) -> None:
        super().__init__()
        self._transport, self._goes_out = transport, goes_out
        self._head_is_out = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """The bytes that were meant: of the head, aiohttp has written each as a character of UTF-8."""
        said = bytes(data)
        if not self._head_is_out:
            self._goes_out()
            head, blank, body = said.partition(b"\r\n\r\n")
            self._head_is_out = bool(blank)
            said = head.decode("utf-8").encode("latin-1") + blank + body
        self._transport.write(said)

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        """`write`, whole."""
        self.write(b"".join(list_of_data))

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """As beneath."""
        return self._transport.get_extra_info(name, default)

    def is_closing(self) -> bool:
        """As beneath."""
        return self._transport.is_closing()

    def close(self) -> None:
        """As beneath."""
        self._transport.close()

    def abort(self) -> None:
        """As beneath."""
        self._transport.abort()

    def pause_reading(self) -> None:
        """As beneath."""
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """As beneath."""
        self._transport.resume_reading()


class _Heard(asyncio.Protocol):
    """Hands on what comes, each head by itself: aiohttp then has the answer, whatever is wrong behind it."""

    def __init__(self, handler: Any) -> None:
        self._handler = handler  # aiohttp's protocol, which is a queue of answers too
        self._head: bytearray | None = bytearray()  # as far as it has come; None: it is whole
        self.response: aiohttp.ClientResponse | None = None

    def data_received(self, data: bytes) -> None:
        """Cut where a head ends. What aiohttp refuses closes the connection, and nothing more comes."""
        head, handed, begin = self._head, 0, 0
        if head is not None:
            start, before = max(0, len(head) - 2), len(head)  # a blank line may have begun before
            head += data
            while (blank := _BLANK.search(head, start)) is not None:
                self._handler.data_received(data[handed : blank.end() - before])
                handed = blank.end() - before
                if self._handler.exception() is not None:
                    return
                if _INTERIM.match(head, begin) is None:
                    self._head = None
                    break
                begin = start = blank.end()  # another head follows
            del head[:begin]
        if handed < len(data):
            self._handler.data_received(data[handed:])

    def eof_received(self) -> bool | None:
        """As it is."""
        return cast("bool | None", self._handler.eof_received())

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell who reads the body that it is broken: aiohttp tells only who waits for another answer."""
        broken = self._handler.exception()
        body = cast("aiohttp.StreamReader | None", self.response.content) if self.response else None
        if broken is not None and body is not None and not body.is_eof() and body.exception() is None:
            error = aiohttp.ClientPayloadError(str(broken))
            error.__cause__ = broken
            body.set_exception(error)
        self._handler.connection_lost(exc)

    def pause_writing(self) -> None:
        """As it is."""
        self._handler.pause_writing()

    def resume_writing(self) -> None:
        """As it is."""
        self._handler.resume_writing()
