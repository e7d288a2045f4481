"""Pure. How a source is doing, and what of that is news: it broke, recovered, moved, went silent, overran us.

What becomes of an edit of the file is news, too.

Each is told once, when it begins; the memory of the source says whether it was told. How the words read is
`publish.status_feed`'s business, and that nobody reads the URL of a confidential source.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Literal, TypeAlias, get_args

from aggregator.model import (
    Event,
    EventKind,
    Exchange,
    Fetched,
    FetchFailed,
    FetchResult,
    Lease,
    Memory,
    NotModified,
    Source,
    SourceStatus,
    replace,
)

BROKEN = 3
"""Failures in a row after which a source counts as broken: one or two are the weather of the web."""
SILENCES = 10
"""A source is silent when nothing has come for so many times its rhythm,"""
LEAST_SILENCE = timedelta(days=3)
"""and for this long at least: who writes hourly still has weekends."""

Health: TypeAlias = Literal[
    "gone",  # its server says 410
    "broken",  # failed `BROKEN` times in a row
    "failing",  # failed of late
    "silent",  # against its rhythm
    "overrun",  # entries were missed of late
    "new",  # never polled
    "good",
    "paused",  # by the file
    "removed",  # from the file
]
HEALTHS: tuple[Health, ...] = get_args(Health)
"""All of them, those that want an operator first."""


def health(source: Source | None, status: SourceStatus) -> Health:
    """How a source is doing; `source` is what the file says of it, None where it says nothing any more."""
    memory = status.memory
    if source is None or not status.active:
        return "removed"
    if source.paused:
        return "paused"
    if memory.gone:
        return "gone"
    if memory.failures:
        return "broken" if memory.failures >= BROKEN else "failing"
    if memory.last_poll is None:
        return "new"
    if memory.silent is not None:
        return "silent"
    return "good" if memory.hurried is None else "overrun"


def watched(after: Memory, now: datetime) -> Memory:
    """The memory after a poll, with whether the source is silent by now."""
    if after.failures or after.newest is None:
        return after
    if after.silent is not None:  # until something newer comes, whatever becomes of its rhythm
        return replace(after, silent=None) if after.newest > after.silent else after
    return replace(after, silent=after.newest) if _is_silent(after, now) else after


def _is_silent(memory: Memory, now: datetime) -> bool:
    if memory.newest is None or memory.rhythm is None:
        return False
    return now - memory.newest > max(SILENCES * memory.rhythm, LEAST_SILENCE)


def events(lease: Lease, after: Memory, now: datetime) -> tuple[Event, ...]:
    """What an operator is told after this poll; `lease` is from before it."""
    return tuple(
        Event(_id(lease, kind, now), lease.source.url, kind, now, after.last_result, detail)
        for kind, detail in _news(lease.memory, after)
    )


def _news(before: Memory, after: Memory) -> Iterator[tuple[EventKind, str]]:
    was_down = before.gone or before.failures >= BROKEN
    if after.gone and not before.gone:
        yield "gone", ""
    elif after.failures >= BROKEN and not was_down:
        yield "broke", after.last_error
    elif was_down and not after.failures and not after.gone:
        yield "recovered", ""
    if after.adopted != before.adopted:
        yield ("moved", after.adopted) if after.adopted else ("back", "")
    # What was silent when it came into the file is no news.
    if after.silent is not None and before.silent is None and before.last_success is not None:
        yield "silent", _since(after)
    elif before.silent is not None and after.silent is None:
        yield "spoke", ""
    if after.overruns > before.overruns and before.hurried is None:  # else it is the same trouble still
        yield "overran", ""


def _since(memory: Memory) -> str:
    assert memory.newest is not None
    assert memory.rhythm is not None
    hours = memory.rhythm / timedelta(hours=1)
    rhythm = f"{hours / 24:.0f} days" if hours >= 48 else f"{max(hours, 1):.0f} h"
    return f"its last post is of {memory.newest:%Y-%m-%d}, and there used to be one about every {rhythm}"


def of_file(refused: Sequence[str], now: datetime) -> Event:
    """What an operator is told of the file; `refused` is what is wrong with it, fit for everybody to read."""
    kind: EventKind = "refused" if refused else "accepted"
    detail, more = refused[0] if refused else "", len(refused) - 1
    name = _named(f"{kind} {now.isoformat()} {more} {detail}")
    return Event(name, None, kind, now, f"{more} more" if more > 0 else "", detail)


def _id(lease: Lease, kind: EventKind, now: datetime) -> str:
    return _named(f"{lease.first_url or lease.source.url} {kind} {now.isoformat()}")


def _named(told: str) -> str:
    return blake2b(told.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def exchange(result: FetchResult, after: Memory, now: datetime) -> Exchange:
    """How this poll went, for the list of a source's last ones."""
    size = 0
    status: int | None
    match result:
        case Fetched():
            size, status = len(result.body), result.status if result.sent is not None else None
        case NotModified():
            status = 304
        case FetchFailed():
            status = result.status
    said = after.last_error or after.last_result
    return Exchange(now, status, size, result.took, said, failed=bool(after.last_error))
