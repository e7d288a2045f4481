"""Pure. Where a source has moved to: permanent redirects are believed after a while, and not for ever.

A source stays its configured URL, whatever is asked instead. Nothing is adopted that would let an answer
lead a private source out of its host, or a secure one to an insecure URL.
"""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

from aggregator.model import Fetched, FetchFailed, FetchResult, Lease, Memory, NotModified, Source

CONFIRMATIONS = 5
"""Polls in a row that permanent redirects have to lead to one URL, and to a feed, for it to be asked."""
GIVEN_UP = 3
"""Failures in a row after which the configured URL is asked again."""


def followed(lease: Lease, memory: Memory, result: FetchResult) -> Memory:
    """The memory after an answer that may have come from elsewhere; `memory` is that after the poll.

    A failure says nothing about where a source is; it only brings the configured URL back in the end.
    """
    adopted = "" if same(memory.adopted, lease.source.url) else memory.adopted
    match result:
        case FetchFailed():
            lost = result.hints.gone or memory.failures >= GIVEN_UP
            return _given_up(memory) if adopted and lost else replace(memory, adopted=adopted)
        case Fetched() | NotModified():
            moved = result.hints.moved
    if memory.unreadable:
        memory = replace(memory, adopted=adopted, moved_to="", moved_times=0)
        return _given_up(memory) if adopted and memory.failures >= GIVEN_UP else memory
    if moved is None:
        return replace(memory, adopted=adopted, moved_to="", moved_times=0)
    times = memory.moved_times + 1 if memory.moved_to == moved else 1
    if times < CONFIRMATIONS or not _may_move(lease, moved):
        return replace(memory, adopted=adopted, moved_to=moved, moved_times=times)
    now_at = "" if same(moved, lease.source.url) else moved
    return replace(memory, adopted=now_at, moved_to="", moved_times=0)


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


def _given_up(memory: Memory) -> Memory:
    return replace(memory, adopted="", moved_to="", moved_times=0, gone=False)
