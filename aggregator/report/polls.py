"""Shell. What `once`, `publish` and `check` print: how far they are, and what came of it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.table import Table
from rich.text import Text

from aggregator.model import (
    Duplicate,
    Extracted,
    New,
    PollOutcome,
    Reading,
    ReadResult,
    RobotsRules,
    Source,
    Unreadable,
)
from aggregator.pipeline import is_news, why_unreadable
from aggregator.publisher import Published
from aggregator.report.console import console
from aggregator.syntax.counting import counted


class Progress:
    """How far `once` is: a bar on a terminal, nothing elsewhere."""

    def __init__(self) -> None:
        self._bar = Bar(
            TextColumn("polling"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.description}"),
            console=console(errors=True),
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
    out = console()
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
        unread = f"{counted(len(outcome.unread), 'entry')} left out" if outcome.unread else ""
        table.add_row(*map(Text, (memory.name_of(outcome.lease.source), came, memory.last_error or unread)))
    if table.row_count:
        out.print(table)
    new = sum(isinstance(v, New) for o in outcomes for v in o.verdicts)
    duplicates = sum(isinstance(v, Duplicate) for o in outcomes for v in o.verdicts)
    failed = sum(bool(o.memory.last_error) for o in outcomes)
    out.print(
        f"{counted(len(outcomes), 'source')} polled: {counted(new, 'new post')}, "
        f"{counted(duplicates, 'duplicate')}, {counted(quiet, 'source')} without news, {failed} failed",
        soft_wrap=True,
    )
    _written(published)


def published(result: Published | None) -> None:
    """What `publish` came to; None where a running daemon will do it."""
    if result is None:
        console().print("every document is marked; the running daemon renders them within seconds")
    else:
        _written(result)


def _written(result: Published) -> None:
    files = f", {counted(len(result.files), 'Jekyll file')} written or removed" if result.files else ""
    console().print(f"{counted(len(result.written), 'document')} written{files}", soft_wrap=True)


def live(source: Source, result: ReadResult | str) -> None:
    """One line of `check --live`: what a source is, or why it is none."""
    match result:
        case Reading():
            dates = [post.published for post in result.posts]
            newest = f", newest {max(dates):%Y-%m-%d}" if dates else ""
            said = f"{result.info.title}: {counted(len(result.posts), 'entry')}{newest}"
            mended = f" ({'; '.join(result.repairs)})" if result.repairs else ""
            line, sign = said + mended, "ok  "
        case Extracted() | RobotsRules():
            raise AssertionError("no feed was read")
        case Unreadable():
            line, sign = why_unreadable(source, result), "FAIL"
        case str():
            line, sign = result, "FAIL"
    console().print(Text(f"{sign} {source.label}: {line}"), soft_wrap=True)
