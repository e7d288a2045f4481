"""Shell. What `status` prints: each source, its polls and why, and its score as a polite reader."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from rich.table import Table
from rich.text import Text

from aggregator.model import (
    Config,
    Source,
    SourceStatus,
)
from aggregator.report.console import console
from aggregator.syntax.counting import counted


def status_json(
    given: Config, sources: Sequence[SourceStatus], holder: int | None, processes: Sequence[str] = ()
) -> dict[str, Any]:
    """`status --json`. Times are RFC 3339; `url` is null for a confidential source."""
    by_url = {source.url: source for source in given.sources}
    return {
        "daemon": holder,
        "processes": list(processes),
        "sources": [_as_json(by_url.get(status.url), status, by_url) for status in sources],
    }


def _as_json(source: Source | None, status: SourceStatus, configured: Container[str]) -> dict[str, Any]:
    memory = status.memory
    return {
        "source": _label(source, status),
        "position": source.position if source else None,
        "url": status.url if source and not source.confidential else None,
        "active": status.active,
        "result": memory.last_result,
        "error": memory.last_error,
        "failures": memory.failures,
        "politeness": asdict(memory.score),
        "posts": status.posts,
        "dropped": status.dropped,
        "last_poll": _time(memory.last_poll),
        "last_success": _time(memory.last_success),
        "last_new": _time(memory.last_new),
        "next_poll": _time(status.due.at) if status.due else None,
        "why": list(status.due.why) if status.due else [],
        "gone": memory.gone,
        "taken_down": _time(status.taken),
        "moved_to": memory.moved_to if source and not source.confidential else "",
        "asked_at": memory.adopted if source and not source.confidential else "",
        "host_paused_until": _time(status.host_paused_until),
        "overruns": memory.overruns,
        "notes": _notes(source, status, configured),
        "errands": [
            {
                "kind": one.errand.kind,
                "due": _time(one.errand.due) if one.ended is None else None,
                "attempts": one.errand.attempts,
                "result": one.result,
                "ended": _time(one.ended),
            }
            for one in status.errands
        ],
        "unread": [{"position": entry.position, "reason": entry.reason} for entry in status.unread],
    }


def _label(source: Source | None, status: SourceStatus) -> str:
    """A removed source's definition is not known any more: its URL may have been confidential."""
    if source is not None:
        return status.memory.name_of(source)
    title = status.memory.info.title if status.memory.info else ""
    return f"removed: {title or 'a source that was never read'}"


def _time(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds") if moment else None


def status_table(
    given: Config, sources: Sequence[SourceStatus], holder: int | None, processes: Sequence[str] = ()
) -> None:
    """`status`: failing sources first, for that is what people look for."""
    by_url = {source.url: source for source in given.sources}
    table = Table(box=None, pad_edge=False)
    for heading in ("source", "posts", "last poll", "result", "next poll", "why"):
        table.add_column(heading, overflow="fold", justify="right" if heading == "posts" else "left")
    for status in sorted(sources, key=lambda s: -s.memory.failures):
        memory = status.memory
        failing = f"{memory.last_error} (failures: {memory.failures})" if memory.last_error else ""
        table.add_row(
            Text(_label(by_url.get(status.url), status)),
            str(status.posts),
            _short(memory.last_poll) or "never",
            Text(failing or memory.last_result, style="red" if failing else ""),
            _short(status.due.at) if status.due else "never",
            Text("; ".join(status.due.why) if status.due else _why_never(status)),
        )
    out = console()
    out.print(table)
    for status in sources:
        source = by_url.get(status.url)
        for note in _notes(source, status, by_url):
            out.print(Text(f"{_label(source, status)}: {note}"), soft_wrap=True)
    if any(by_url[s.url].confidential and not by_url[s.url].title for s in sources if s.url in by_url):
        out.print(
            "A confidential source (`private`, `file:`, a secret in its URL) is never shown by its URL: "
            "the number is its place in the file. Give it a `title`, and it is named by that.",
            soft_wrap=True,
        )
    failed = sum(bool(s.memory.last_error) for s in sources)
    running = f"a daemon (process {holder}) polls them" if holder else "no daemon runs on this store"
    if processes:
        running = f"processes share them: {', '.join(processes)}"
    out.print(f"{counted(len(sources), 'source')}, {failed} failing; {running}", soft_wrap=True)


_COLUMNS = (
    ("requests", "requests"),
    ("conditional", "conditional"),
    ("unconditional", "unconditional"),
    ("INM good", "etag_good"),
    ("oos", "etag_late"),
    ("bogus", "etag_bogus"),
    ("IMS good", "modified_good"),
    ("oos", "modified_late"),
    ("bogus", "modified_bogus"),
    ("cookies", "cookies"),
    ("Referer", "referers"),
    ("query", "queries"),
    ("too soon", "early"),
)


def politeness_table(given: Config, sources: Sequence[SourceStatus]) -> None:
    """`status --politeness`: what a publisher who keeps score would count, from the store."""
    by_url = {source.url: source for source in given.sources}
    table = Table(box=None, pad_edge=False)
    table.add_column("source", overflow="fold")
    for heading, _ in _COLUMNS:
        table.add_column(heading, justify="right")
    for status in sources:
        counts = asdict(status.memory.score)
        counts["conditional"] = counts["requests"] - counts["unconditional"]
        cells = (str(counts[name]) for _, name in _COLUMNS)
        table.add_row(Text(_label(by_url.get(status.url), status)), *cells)
    out = console()
    out.print(table)
    out.print(
        "INM is If-None-Match, IMS If-Modified-Since: as the server gave it last (good), as it gave it once "
        "(oos, out of sequence), or as it never did (bogus). Redirects on the way are not counted.",
        soft_wrap=True,
    )


def _notes(source: Source | None, status: SourceStatus, configured: Container[str]) -> list[str]:
    """What an operator should know of a source beyond its last poll, a sentence each."""
    memory, notes = status.memory, []
    if status.taken is not None:
        notes.append(
            f"taken down on {_short(status.taken)}, for good: nothing that it sends is shown; remove it"
        )
    hidden = source is None or source.confidential
    if memory.adopted in configured and not hidden:
        notes.append(f"has moved for good to {memory.adopted}, which the file has too: remove this one")
    elif memory.adopted and source is not None:
        notes.append(
            "has moved for good and is asked at its new place; write that into the file, with `was`"
            if hidden
            else f"has moved for good: write `url: {memory.adopted}` and `was: {source.url}`"
        )
    elif memory.moved_times and not hidden:
        notes.append(
            f"redirects for good to {memory.moved_to}, so far {counted(memory.moved_times, 'time')} in a row"
        )
    if status.host_paused_until is not None:
        notes.append(f"its host said 429 and is left alone until {_short(status.host_paused_until)}")
    if memory.overruns:
        times = counted(memory.overruns, "time")
        notes.append(f"entries came and went between two polls, {times}; some may have been missed")
    for one in status.errands:
        when = "ended" if one.ended else f"due {_short(one.errand.due)}"
        said = f": {one.result}" if one.result else ""
        notes.append(f"a page of its archive, {when}{said}")
    return notes


def _short(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%SZ}" if moment else ""


def _why_never(status: SourceStatus) -> str:
    if not status.active:
        return "not in the file any more"
    return "the server says that it is gone (410)" if status.memory.gone else "paused"
