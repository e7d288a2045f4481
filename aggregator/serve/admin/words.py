"""Shell. How the admin pages say things: times, spans, sizes, what is wrong with a source. Does no I/O."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from aggregator import pipeline
from aggregator.model import Exchange, Merged, Source, SourceStatus

SCORE = {
    "requests": "requests",
    "unconditional": "without a validator",
    "etag_good": "If-None-Match as the server gave it last",
    "etag_late": "If-None-Match as it gave it once",
    "etag_bogus": "If-None-Match as it never did",
    "modified_good": "If-Modified-Since as the server gave it last",
    "modified_late": "If-Modified-Since as it gave it once",
    "modified_bogus": "If-Modified-Since as it never did",
    "cookies": "with cookies",
    "referers": "with a Referer",
    "queries": "with a query of ours",
    "early": "sooner than the server asked",
}
"""The columns of `status --politeness`, in words."""
_JOINED = {"link": "the same link", "id": "the same id"}
_UNITS = ((timedelta(days=1), "d"), (timedelta(hours=1), "h"), (timedelta(minutes=1), "min"))


@dataclass(frozen=True, slots=True)
class Said:
    """One exchange as a row of text."""

    moment: str
    ago: str
    status: str
    size: str
    took: str
    said: str
    failed: bool


def name(source: Source | None, status: SourceStatus) -> str:
    """What a source is called: its title and no URL where that is confidential or its definition is gone."""
    info = status.memory.info
    if source is None:
        return f"removed: {(info.title if info else '') or 'a source that was never read'}"
    return source.title or (info.title if info else "") or status.memory.name_of(source)


def trouble(source: Source | None, status: SourceStatus, now: datetime) -> str:
    """What is wrong, in words; "" where nothing is."""
    memory = status.memory
    match pipeline.health(source, status):
        case "gone":
            return "its server says that it is gone (410); it is not asked any more"
        case "broken" | "failing":
            return f"{memory.last_error} (failures in a row: {memory.failures})"
        case "silent" if memory.newest is not None:
            return f"nothing new for {since(now - memory.newest)}, against its rhythm"
        case "overrun":
            return "entries came and went between two polls; it is asked more often"
        case _:
            return memory.last_error


def facts(source: Source | None, status: SourceStatus, now: datetime) -> list[tuple[str, str]]:
    """What there is to know of a source, as names and values."""
    return [(label, value) for label, value in _facts(source, status, now) if value]


def _facts(source: Source | None, status: SourceStatus, now: datetime) -> Iterator[tuple[str, str]]:
    memory = status.memory
    yield "last poll", _both(memory.last_poll, now)
    yield "result", memory.last_error or memory.last_result
    yield "last success", _both(memory.last_success, now)
    yield "last new post", _both(memory.last_new, now)
    yield "next poll", f"{moment(status.due.at)} ({ahead(status, now)})" if status.due else never(status)
    yield "because of", "; ".join(status.due.why) if status.due else ""
    yield "rhythm", rhythm(status)
    yield "posts", f"{status.posts} stored, {status.dropped} dropped by rules"
    if source is not None:
        yield "categories", ", ".join(source.categories)
        yield "republished", source.republish
    if memory.adopted and source is not None:
        hidden = source.confidential
        yield "moved", "for good; write its new URL into the file, with `was`" if hidden else memory.adopted
    if status.host_paused_until is not None and status.host_paused_until > now:
        yield "its host", f"said 429, and is left alone until {moment(status.host_paused_until)}"
    if status.taken is not None:
        yield "taken down", f"{moment(status.taken)}, for good: nothing that it sends is shown; remove it"
    if memory.overruns:
        yield "overruns", f"{memory.overruns}: entries came and went between two polls"
    for one in status.errands:
        when = f"ended {ago(one.ended, now)}" if one.ended else f"due {moment(one.errand.due)}"
        yield "a page of its archive", f"{when}{f': {one.result}' if one.result else ''}"


def exchange(one: Exchange, now: datetime) -> Said:
    """One of the last polls."""
    return Said(
        moment=moment(one.at),
        ago=since(now - one.at),
        status="" if one.status is None else str(one.status),
        size=size(one.size) if one.size else "",
        took=f"{one.took.total_seconds():.2f} s",
        said=one.said,
        failed=one.failed,
    )


def joined(one: Merged) -> str:
    """Why a post was taken for another telling of a story."""
    return _JOINED.get(one.joined) or f"alike: {one.similarity:.0%} of its words"


def rhythm(status: SourceStatus) -> str:
    """How often it is polled, and how often it posts."""
    memory, said = status.memory, []
    if status.due is not None and memory.last_poll is not None and status.due.at > memory.last_poll:
        said.append(f"polled every {since(status.due.at - memory.last_poll)}")
    if memory.rhythm is not None:
        said.append(f"a post every {since(memory.rhythm)}")
    return ", ".join(said)


def ahead(status: SourceStatus, now: datetime) -> str:
    """When it is polled next, from now."""
    if status.due is None:
        return "never"
    return f"in {since(status.due.at - now)}" if status.due.at > now else "now"


def never(status: SourceStatus) -> str:
    """Why it is not polled any more."""
    if not status.active:
        return "not in the file any more"
    return "the server says that it is gone (410)" if status.memory.gone else "paused"


def ago(at: datetime | None, now: datetime) -> str:
    """How long ago something was."""
    return f"{since(now - at)} ago" if at is not None else "never"


def since(span: timedelta) -> str:
    """A span in one unit: `40 s`, `12 min`, `3.5 h`, `9 d`."""
    for unit, sign in _UNITS:
        if span >= 2 * unit:
            count = span / unit
            return f"{count:.0f} {sign}" if count >= 10 or sign == "min" else f"{count:.1f} {sign}"
    return f"{max(0, round(span.total_seconds()))} s"


def moment(at: datetime) -> str:
    """As `status` prints it: UTC, to the second."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%SZ}"


def size(count: int) -> str:
    """Bytes in the unit that suits them."""
    if count < 1000:
        return f"{count} B"
    return f"{count / 1000:.1f} kB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"


def _both(at: datetime | None, now: datetime) -> str:
    return f"{moment(at)} ({ago(at, now)})" if at is not None else "never"
