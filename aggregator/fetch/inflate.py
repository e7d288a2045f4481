"""Pure. Bytes off the wire -> the body that they stand for, never more than allowed.

One content coding at most (RFC 9110, 8.4): gzip with any number of members, or deflate as zlib (RFC 1950)
or raw, as some servers send it. httpx's own decoders inflate a whole chunk at once and take a body that
is cut short for a whole one, so they are not used. Every step is linear in the bytes that came.
"""

from __future__ import annotations

import zlib

from aggregator.fetch.response import line
from aggregator.model import FetchFailed

_GZIP = 31  # zlib's window bits: with a gzip wrapper,
_ZLIB = 15  # with a zlib one,
_RAW = -15  # without any
_MAGIC = b"\x1f\x8b"
_MEMBERS = 1000  # each costs a new inflater; real files have a handful


class Body:
    """Collects one body. `feed` chunks until it refuses or the answer ends, then `finish`."""

    def __init__(self, content_encoding: str, max_size: int) -> None:
        """`content_encoding`: the field's value, or ""; `max_size`: of the body, and of the bytes sent."""
        self._coding = content_encoding.strip().lower()
        self._max_size = max_size
        self._wire = 0
        self._size = 0
        self._parts: list[bytes] = []
        self._pending = b""  # too short yet to tell what it begins
        self._inflater: zlib._Decompress | None = None
        self._members = 0
        self._rubbish = False  # something after the last member, which nobody asked for

    def feed(self, chunk: bytes) -> FetchFailed | None:
        """Take the next bytes as sent; a failure ends the exchange."""
        self._wire += len(chunk)
        if self._wire > self._max_size:
            return self._too_large()
        match self._coding:
            case "" | "identity":
                self._size += len(chunk)
                self._parts.append(chunk)
                return None
            case "gzip" | "x-gzip":
                return self._feed_gzip(chunk)
            case "deflate":
                return self._feed_deflate(chunk)
            case _:
                text = (
                    f"content coding {line(self._coding, 40)!r}, although only gzip and deflate are asked for"
                )
                return FetchFailed("encoding", text)

    def finish(self) -> bytes | FetchFailed:
        """The whole body, once the answer has ended; b"" if there was none."""
        if self._wire and self._coding not in ("", "identity"):
            if self._inflater is None:
                return FetchFailed("encoding", f"the body is no {self._coding}")
            if not self._inflater.eof:
                return FetchFailed("encoding", f"the {self._coding} body is cut short")
        return b"".join(self._parts)

    def _feed_gzip(self, chunk: bytes) -> FetchFailed | None:
        data = self._pending + chunk
        self._pending = b""
        while data and not self._rubbish:
            if self._inflater is None or self._inflater.eof:
                if self._inflater is not None:
                    data = data.lstrip(b"\0")  # tar-like padding, as gzip(1) takes it
                if len(data) < len(_MAGIC):
                    self._pending = data
                    return None
                if not data.startswith(_MAGIC):
                    if self._inflater is None:
                        return FetchFailed("encoding", "the body is no gzip")
                    # What follows a whole, checked member is ignored, as gzip(1) and browsers do.
                    self._rubbish = True
                    return None
                self._members += 1
                if self._members > _MEMBERS:
                    return FetchFailed("encoding", f"more than {_MEMBERS} gzip members")
                self._inflater = zlib.decompressobj(_GZIP)
            failure = self._inflate(self._inflater, data)
            if failure is not None:
                return failure
            data = self._inflater.unused_data
        return None

    def _feed_deflate(self, chunk: bytes) -> FetchFailed | None:
        if self._inflater is None:
            data = self._pending + chunk
            if len(data) < 2:
                self._pending = data
                return None
            self._pending = b""
            # RFC 1950, 2.2: method 8, and the first two bytes are a multiple of 31. Else it is raw deflate.
            wrapped = data[0] & 0x0F == 8 and (data[0] << 8 | data[1]) % 31 == 0
            self._inflater = zlib.decompressobj(_ZLIB if wrapped else _RAW)
            return self._inflate(self._inflater, data)
        if self._inflater.eof:
            return None
        return self._inflate(self._inflater, chunk)

    def _inflate(self, inflater: zlib._Decompress, data: bytes) -> FetchFailed | None:
        room = self._max_size - self._size
        try:
            part = inflater.decompress(data, room + 1)
        except zlib.error as error:
            return FetchFailed("encoding", line(f"the {self._coding} body is broken: {error}"))
        self._size += len(part)
        if self._size > self._max_size:
            return self._too_large()
        self._parts.append(part)
        return None

    def _too_large(self) -> FetchFailed:
        return FetchFailed("size", f"larger than {self._max_size:,} bytes (polling.max_size)")
