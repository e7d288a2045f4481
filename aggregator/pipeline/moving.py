"""Pure. Where a source has moved to: permanent redirects are believed after a while, and not for ever.

A source stays its configured URL, whatever is asked instead. Nothing is adopted that would let an answer
lead a private source out of its host, or a secure one to an insecure URL.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from aggregator.model import (
    Fetched,
    FetchFailed,
    FetchResult,
    Lease,
    Memory,
    NotModified,
    Source,
    Url,
    replace,
)

CONFIRMATIONS = 5
"""Polls in a row that permanent redirects have to lead to one URL, and to a feed, for it to be asked."""
GIVEN_UP = 3
"""Failures in a row after which the configured URL is asked again."""


def followed(lease: Lease, memory: Memory, result: FetchResult) -> Memory:
    """The memory after an answer that may have come from elsewhere; `memory` is that after the poll.

    A failure says nothing about where a source is: after a few in a row the other of the two URLs is asked,
    and so on in turns, for it may be our own network that fails. What says 410 is not asked again.
    """
    adopted = "" if same(memory.adopted, lease.source.url) else memory.adopted
    match result:
        case FetchFailed(kind="fault" | "turn"):
            return replace(memory, adopted=adopted)
        case FetchFailed():
            return _after_failure(replace(memory, adopted=adopted), gone=result.hints.gone)
        case Fetched() | NotModified():
            moved = result.hints.moved
    if memory.unreadable:
        memory = replace(memory, adopted=adopted, moved_to="", moved_times=0)
        return _after_failure(memory, gone=False)
    times = memory.moved_times + 1 if memory.moved_to == moved else 1
    if moved is None:
        moved, times = Url(""), 0
    elif times >= CONFIRMATIONS and _may_move(lease, moved):
        adopted = "" if same(moved, lease.source.url) else moved
        moved, times = Url(""), 0
    where = (memory.adopted, memory.abandoned, memory.moved_to, memory.moved_times)
    if where == (adopted, "", moved, times):
        return memory  # as nearly always: polls that change nothing are most of all
    return replace(memory, adopted=adopted, abandoned="", moved_to=moved, moved_times=times)


def news(source: Source, before: Memory, after: Memory) -> str:
    """What an operator is told when another URL is asked from now on; "" where it stays the same one."""
    if before.adopted == after.adopted:
        return ""
    if not after.adopted:
        return "asks its configured URL again"
    if source.confidential:
        return "has moved for good: its new URL is asked from now on"
    url = after.adopted
    return f"has moved for good to {url}: in feeds.yaml write `url: {url}` and `was: {source.url}`"


def host(url: str) -> str:
    """The name of the host in lower case, or "" where there is none."""
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""


def place(url: str) -> tuple[str, int | None]:
    """Host and port; the default ports of http and https are one place."""
    try:
        parts = urlsplit(url)
        default = {"http": 80, "https": 443}.get(parts.scheme)
        return (parts.hostname or "").lower(), None if parts.port in (None, default) else parts.port
    except ValueError:
        return "", None


def same(one: str, other: str) -> bool:
    """Whether two URLs ask for one thing of one server: the first may have been written by hand."""
    return one == other or (bool(one) and bool(other) and _asked(one) == _asked(other))


def _asked(url: str) -> tuple[str, str, int | None, str, str]:
    try:
        parts = urlsplit(url)
        return parts.scheme, (parts.hostname or "").lower(), parts.port, parts.path or "/", parts.query
    except ValueError:
        return "", "", None, url, ""


def _may_move(lease: Lease, moved: str) -> bool:
    source = lease.source
    if same(moved, source.url):
        return True
    if source.private and host(moved) != source.host:
        return False
    return not (lease.url.startswith("https:") and not moved.startswith("https:"))


def _after_failure(memory: Memory, *, gone: bool) -> Memory:
    """Which of the two URLs is asked next, where there are two."""
    if not (memory.adopted or memory.abandoned) or not (gone or memory.failures % GIVEN_UP == 0):
        return memory
    return replace(
        memory,
        adopted=memory.abandoned,
        abandoned="" if gone else memory.adopted,
        moved_to="",
        moved_times=0,
        gone=gone and not memory.adopted and not memory.abandoned,
    )
