"""Shell. What `check --diff` prints: what an edit would do, source by source and category by category."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from rich.text import Text

from aggregator import config
from aggregator.model import Difference, Shift, SourceDifference
from aggregator.report.console import console

_SIGN = {"new": "+", "returns": "+", "edited": "~", "renamed": ">", "removed": "-"}


def difference(found: Difference, changes: config.Changes | None) -> None:
    """Print it; `changes` of the file where both files are known."""
    out = console()
    for line in lines(found, changes):
        out.print(Text(line), soft_wrap=True)


def lines(found: Difference, changes: config.Changes | None) -> Iterator[str]:
    """It, line by line; what belongs to a source is indented."""
    for source in found.sources:
        yield from _source(source)
    for slug in sorted({*found.gains, *found.losses}):
        gains, losses = found.gains.get(slug, 0), found.losses.get(slug, 0)
        counts = [f"+{gains}"] * bool(gains) + [f"-{losses}"] * bool(losses)
        yield f"category {slug}: {' '.join(counts)} {'post' if gains + losses == 1 else 'posts'}"
    if changes is not None:
        yield from _settings(changes)
    if found.looked < found.concerned:
        yield (
            f"note: of {found.concerned:,} posts of these sources, {found.looked:,} were looked at, "
            "the newest of each; the others are classified again, too"
        )
    if not found.sources:
        yield "no source is added, edited or removed"


def _source(source: SourceDifference) -> Iterator[str]:
    begin = f"{_SIGN[source.kind]} {source.name}:"
    changed = "; nothing becomes of its posts" if not source.shifts else ""
    match source.kind:
        case "new":
            yield f"{begin} new; it is polled at once"
        case "returns":
            yield f"{begin} returns, with its posts: {source.posts}"
        case "edited" if source.looked:
            yield f"{begin} edited; posts that are classified again: {source.posts}{changed}"
        case "edited":
            yield f"{begin} edited"
        case "renamed":
            yield f"{begin} has another URL, and keeps its posts: {source.posts}"
        case "removed":
            yield f"{begin} not in the file any more; posts that leave the documents: {source.posts}"
    for shift in source.shifts:
        yield f"    {_shift(shift)}: {shift.posts}, {_titles(shift)}"
    if source.replanned is not None:
        earlier = source.replanned.due.at < source.replanned.before
        yield (
            f"    next poll {'brought forward' if earlier else 'put off'} from "
            f"{_when(source.replanned.before)} to {_when(source.replanned.due.at)}: "
            f"{'; '.join(source.replanned.due.why)}"
        )


def _shift(shift: Shift) -> str:
    match shift.kind:
        case "moves":
            return f"from {shift.before} to {shift.after}"
        case "hidden":
            return f"hidden by {shift.before}, in {shift.after}"
        case "back":
            return f"back in {shift.after}"
        case "leaves":
            return f"out of {shift.before}"
        case "shown":
            return f"shown {shift.after}, not {shift.before}"
        case "tagged":
            return f"tagged {shift.after or 'nothing'}, not {shift.before or 'nothing'}"


def _titles(shift: Shift) -> str:
    more = ", …" if shift.posts > len(shift.titles) else ""
    return ", ".join(f'"{title}"' for title in shift.titles) + more


def _settings(changes: config.Changes) -> Iterator[str]:
    for verb, slugs in (
        ("added", changes.categories_added),
        ("removed from the file", changes.categories_removed),
        ("edited", changes.categories_edited),
    ):
        if slugs:
            yield f"categories {verb}: {', '.join(slugs)}"
    for verb, rules in (
        ("added", changes.rules_added),
        ("removed", changes.rules_removed),
        ("edited", changes.rules_edited),
    ):
        if rules:
            yield f"rules {verb}: {', '.join(rules)}"
    if changes.settings:
        yield f"changed, in force at once: {', '.join(changes.settings)}"
    if changes.restart:
        yield f"changed, in force after a restart: {', '.join(changes.restart)}"


def _when(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%SZ}"
