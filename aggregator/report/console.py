"""Shell. Where the commands print: a terminal as wide as it is, or a pipe that nothing is cut for."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

WIDE = 200
"""Columns where the output is no terminal: nothing is cut for a program that reads it."""


def console(*, errors: bool = False) -> Console:
    """Standard output, or standard error."""
    stream = sys.stderr if errors else sys.stdout
    return Console(file=stream, width=None if stream.isatty() else WIDE, highlight=False)


def warnings(lines: Sequence[str]) -> None:
    """What is legal and may surprise, one line each, on standard error."""
    for line in lines:
        aside(f"warning: {line}")


def aside(line: str) -> None:
    """A remark on standard error, so that what is printed can be piped into something."""
    console(errors=True).print(Text(line), soft_wrap=True)
