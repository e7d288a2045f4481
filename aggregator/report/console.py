"""Shell. Where the commands print: a terminal as wide as it is, or a pipe that nothing is cut for."""

from __future__ import annotations

import sys

from rich.console import Console

WIDE = 200
"""Columns where the output is no terminal: nothing is cut for a program that reads it."""


def console(*, errors: bool = False) -> Console:
    """Standard output, or standard error."""
    stream = sys.stderr if errors else sys.stdout
    return Console(file=stream, width=None if stream.isatty() else WIDE, highlight=False)
