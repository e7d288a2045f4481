"""Shell. The usual request for a document, answered at once: out of memory, without a thread or a task.

It reads the part of HTTP/1.1 that feed readers use, by one expression, and answers for documents whose file
is still the one that is in memory. All else it leaves to `app`, which gives the same answers to everything:
other methods, queries, ranges, other conditions, bodies, pages of posts (which may be taken down), documents
that must be read first. It reads no file and asks no database, so it may run in the loop.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from http import HTTPStatus
from typing import TypeAlias

from aggregator.model import Document
from aggregator.ports import Clock, DocumentStore
from aggregator.serve.documents import POSTS, answer, cache_control, document_path

Quick: TypeAlias = Callable[[bytes, Sequence[tuple[bytes, bytes]]], bytes | None]
"""What came in one piece, and the headers of every answer → the answer; None: go the long way."""

_LONGEST = 4096
_KEPT = 1000  # requests and heads of answers that are remembered
_HEAD = re.compile(
    rb"GET (/[A-Za-z0-9_~./-]*) HTTP/1\.1\r\n((?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\x20-\x7e]*\r\n)+)\r\n"
)
_HEEDED = (b"accept-encoding", b"if-none-match", b"if-modified-since")
# Whoever says one of these asks for something else than usual.
_ELSEWHERE = frozenset({
    *(b"range", b"if-range", b"if-match", b"if-unmodified-since"),
    *(b"content-length", b"transfer-encoding", b"expect", b"upgrade", b"te", b"trailer", b"http2-settings"),
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Asked:
    """A document's path, and what the request says of those headers that are heeded."""

    path: str
    headers: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class _Said:
    """The head of an answer, and of what it was made."""

    made_of: tuple[object, ...]
    line: bytes
    headers: bytes
    coding: str | None  # of the body; None: there is none


def quick(
    documents: DocumentStore,
    clock: Clock,
    *,
    next_change: Callable[[], datetime | None] = lambda: None,
    links: Callable[[str], Sequence[tuple[str, str]]] = lambda path: (),
) -> Quick:
    """What answers the usual request, over the same store and with the same words as `app`."""
    said: dict[_Asked, _Said] = {}

    last: tuple[_Said | None, bytes, bytes] = None, b"", b""  # the answer that was given last, in one piece

    def reply(data: bytes, always: Sequence[tuple[bytes, bytes]]) -> bytes | None:
        nonlocal last
        asked = _asked(data) if len(data) <= _LONGEST else None
        document = documents.peek(asked.path) if asked is not None else None
        if asked is None or document is None:
            return None
        caching, linked = cache_control(clock.now(), next_change()), links(document.path)
        made_of = (document.etag, document.gzip_etag, document.modified, caching, linked)
        found = said.get(asked)
        if found is None or found.made_of != made_of:
            if len(said) >= _KEPT:
                said.clear()
            found = said[asked] = _head(document, dict(asked.headers), caching, linked, made_of)
        ours = b"".join([b"%s: %s\r\n" % header for header in always])
        if found.coding is None:
            return found.line + ours + found.headers
        # In most seconds it is one document that many want: to copy it takes longer than all the rest.
        if last[:2] != (found, ours):
            body = document.gzip if found.coding == "gzip" else document.body
            last = found, ours, b"".join((found.line, ours, found.headers, body))
        return last[2]

    return reply


def _head(
    document: Document,
    headers: Mapping[str, str],
    caching: str,
    links: Sequence[tuple[str, str]],
    made_of: tuple[object, ...],
) -> _Said:
    given = answer(document, headers, caching=caching, links=links)
    lines = "".join(f"{name}: {value}\r\n" for name, value in given.headers.items())
    line = f"HTTP/1.1 {given.status} {HTTPStatus(given.status).phrase}\r\n"
    coding = given.headers.get("content-encoding", "") if given.status == HTTPStatus.OK else None
    return _Said(made_of, line.encode("ascii"), f"{lines}\r\n".encode("latin-1"), coding)


@lru_cache(_KEPT)
def _asked(data: bytes) -> _Asked | None:
    """What a request asks for; None where it is not the usual one."""
    match = _HEAD.fullmatch(data)
    path = document_path(match[1].decode("ascii")) if match is not None else None
    if match is None or path is None or path.startswith(POSTS):
        return None
    found: dict[bytes, bytes] = {}
    hosts = 0
    for line in match[2].split(b"\r\n")[:-1]:
        name, _, value = line.partition(b":")
        name, value = name.lower(), value.strip()
        if name in _ELSEWHERE or name in found or (name == b"connection" and value.lower() != b"keep-alive"):
            return None
        hosts += name == b"host"
        if name in _HEEDED:
            found[name] = value
    if hosts != 1:
        return None
    return _Asked(path, tuple((name.decode("ascii"), value.decode("ascii")) for name, value in found.items()))
