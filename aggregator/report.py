"""Shell. What the commands print: tables for people, JSON for programs, a progress bar on a terminal.

Prints values and decides nothing. Sources are named by their label, so that a confidential one's URL is in
no output that somebody may paste into a bug report.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.table import Table
from rich.text import Text

from aggregator.model import (
    Config,
    Duplicate,
    New,
    PollOutcome,
    Reading,
    ReadResult,
    Source,
    SourceStatus,
    Unreadable,
)
from aggregator.pipeline import is_news, name, why_unreadable
from aggregator.publisher import Published

WIDE = 200
"""Columns where the output is no terminal: nothing is cut for a program that reads it."""


def _console(*, errors: bool = False) -> Console:
    stream = sys.stderr if errors else sys.stdout
    return Console(file=stream, width=None if stream.isatty() else WIDE, highlight=False)


def warnings(lines: Sequence[str]) -> None:
    """What is legal and may surprise, one line each, on standard error."""
    for line in lines:
        _console(errors=True).print(Text(f"warning: {line}"), soft_wrap=True)


class Progress:
    """How far `once` is: a bar on a terminal, nothing elsewhere."""

    def __init__(self) -> None:
        self._bar = Bar(
            TextColumn("polling"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.description}"),
            console=_console(errors=True),
            disable=not sys.stderr.isatty(),
            transient=True,
        )
        self._task = self._bar.add_task("", total=None)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def expect(self, polls: int) -> None:
        """How many polls there will be, as far as is known."""
        self._bar.update(self._task, total=polls)

    def note(self, outcome: PollOutcome) -> None:
        """One poll has ended."""
        self._bar.update(self._task, advance=1, description=outcome.lease.source.label)


def polled(outcomes: Sequence[PollOutcome], published: Published) -> None:
    """What `once` came to: a row for each source that brought something or failed, and the sums."""
    console = _console()
    table = Table(box=None, pad_edge=False)
    for heading in ("source", "came", "trouble"):
        table.add_column(heading, overflow="fold")
    quiet = 0
    for outcome in sorted(outcomes, key=lambda o: o.lease.source.position):
        memory = outcome.memory
        if not memory.last_error and not is_news(outcome):
            quiet += 1
            continue
        came = "" if memory.last_error else memory.last_result
        unread = f"{len(outcome.unread)} entries left out" if outcome.unread else ""
        table.add_row(*map(Text, (name(outcome.lease.source, memory), came, memory.last_error or unread)))
    if table.row_count:
        console.print(table)
    new = sum(isinstance(v, New) for o in outcomes for v in o.verdicts)
    duplicates = sum(isinstance(v, Duplicate) for o in outcomes for v in o.verdicts)
    failed = sum(bool(o.memory.last_error) for o in outcomes)
    console.print(
        f"{len(outcomes)} sources polled: {new} new posts, {duplicates} duplicates, "
        f"{quiet} sources without news, {failed} failed",
        soft_wrap=True,
    )
    _written(published)


def published(result: Published | None) -> None:
    """What `publish` came to; None where a running daemon will do it."""
    if result is None:
        _console().print("every document is marked; the running daemon renders them within seconds")
    else:
        _written(result)


def _written(result: Published) -> None:
    files = f", {len(result.files)} Jekyll files written or removed" if result.files else ""
    _console().print(f"{len(result.written)} documents written{files}", soft_wrap=True)


def live(source: Source, result: ReadResult | str) -> None:
    """One line of `check --live`: what a source is, or why it is none."""
    match result:
        case Reading():
            dates = [post.published for post in result.posts]
            newest = f", newest {max(dates):%Y-%m-%d}" if dates else ""
            said = f"{result.info.title}: {len(result.posts)} entries{newest}"
            mended = f" ({'; '.join(result.repairs)})" if result.repairs else ""
            line, sign = said + mended, "ok  "
        case Unreadable():
            line, sign = why_unreadable(source, result), "FAIL"
        case str():
            line, sign = result, "FAIL"
    _console().print(Text(f"{sign} {source.label}: {line}"), soft_wrap=True)


def status_json(given: Config, sources: Sequence[SourceStatus], holder: int | None) -> dict[str, Any]:
    """`status --json`. Times are RFC 3339; `url` is null for a confidential source."""
    by_url = {source.url: source for source in given.sources}
    return {
        "daemon": holder,
        "sources": [_as_json(by_url.get(status.url), status) for status in sources],
    }


def _as_json(source: Source | None, status: SourceStatus) -> dict[str, Any]:
    memory = status.memory
    return {
        "source": _label(source, status),
        "position": source.position if source else None,
        "url": status.url if source and not source.confidential else None,
        "active": status.active,
        "result": memory.last_result,
        "error": memory.last_error,
        "failures": memory.failures,
        "requests": memory.score.requests,
        "unconditional": memory.score.unconditional,
        "early": memory.score.early,
        "posts": status.posts,
        "dropped": status.dropped,
        "last_poll": _time(memory.last_poll),
        "last_success": _time(memory.last_success),
        "last_new": _time(memory.last_new),
        "next_poll": _time(status.due.at) if status.due else None,
        "why": list(status.due.why) if status.due else [],
        "gone": memory.gone,
        "moved_to": memory.moved_to if source and not source.confidential else "",
        "unread": [{"position": entry.position, "reason": entry.reason} for entry in status.unread],
    }


def _label(source: Source | None, status: SourceStatus) -> str:
    """A removed source's definition is not known any more: its URL may have been confidential."""
    if source is not None:
        return name(source, status.memory)
    title = status.memory.info.title if status.memory.info else ""
    return f"removed: {title or 'a source that was never read'}"


def _time(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds") if moment else None


def status_table(given: Config, sources: Sequence[SourceStatus], holder: int | None) -> None:
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
    console = _console()
    console.print(table)
    failed = sum(bool(s.memory.last_error) for s in sources)
    running = f"a daemon (process {holder}) polls them" if holder else "no daemon runs on this store"
    console.print(f"{len(sources)} sources, {failed} failing; {running}", soft_wrap=True)


def politeness_table(given: Config, sources: Sequence[SourceStatus]) -> None:
    """`status --politeness`: what a publisher who keeps score would count, from the store."""
    by_url = {source.url: source for source in given.sources}
    table = Table(box=None, pad_edge=False)
    for heading in ("source", "requests", "conditional", "unconditional", "too soon"):
        table.add_column(heading, overflow="fold", justify="left" if heading == "source" else "right")
    for status in sources:
        score = status.memory.score
        counts = (score.requests, score.requests - score.unconditional, score.unconditional, score.early)
        table.add_row(Text(_label(by_url.get(status.url), status)), *map(str, counts))
    console = _console()
    console.print(table)
    console.print(
        "Validators go back as they came. Cookies, Referer and added query parameters are never sent.",
        soft_wrap=True,
    )


def _short(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%SZ}" if moment else ""


def _why_never(status: SourceStatus) -> str:
    if not status.active:
        return "not in the file any more"
    return "the server says that it is gone (410)" if status.memory.gone else "paused"
