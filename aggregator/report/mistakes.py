"""Shell. What `check` prints of a file that is wrong: each mistake, and below it the line that it is in."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from aggregator.config import lines
from aggregator.observe import without_secrets

WIDTH = 100
"""Columns of a line that are shown; of a longer one those around the mistake."""
_POSITION = re.compile(r":(\d+):(\d+): ")


def mistakes(problems: Sequence[str], name: str, text: str) -> Iterator[str]:
    """Each problem (`NAME:LINE:COLUMN: words`), the line itself, and a mark below the column."""
    written = lines(text)
    for problem in problems:
        yield problem
        found = _POSITION.match(problem.removeprefix(name)) if problem.startswith(name) else None
        if found and 0 < int(found[1]) <= len(written) and written[int(found[1]) - 1].strip():
            yield from _shown(written[int(found[1]) - 1], int(found[2]) - 1)


def _shown(line: str, column: int) -> Iterator[str]:
    # Both parts by themselves, so that the mark stays where it belongs.
    before, rest = (without_secrets(_plain(part)) for part in (line[:column], line[column:]))
    if len(before) > WIDTH * 2 // 3:
        before = f"…{before[-WIDTH // 2 :]}"
    most = WIDTH - len(before)
    yield f"    {before}{rest if len(rest) <= most else f'{rest[:most]}…'}"
    yield f"    {' ' * sum(map(_columns, before))}^"


def _plain(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)


def _columns(character: str) -> int:
    """How wide a terminal shows it."""
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
