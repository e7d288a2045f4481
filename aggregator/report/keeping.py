"""Shell. What `backup` and `restore` print."""

from __future__ import annotations

from rich.text import Text

from aggregator.report.console import aside, console
from aggregator.store import Copied
from aggregator.syntax.counting import counted


def backed_up(done: Copied) -> None:
    """Where the copy is."""
    console().print(Text(f"{done.place}: {_size(done)}"), soft_wrap=True)


def restored(done: Copied) -> None:
    """What is in force now, and where the other one is."""
    console().print(Text(f"{done.place}: {_size(done)}"), soft_wrap=True)
    if done.kept:
        console().print(Text(f"the store that was there is kept as {done.kept}"), soft_wrap=True)
    for post in done.undone:
        aside(f"warning: taken down since the backup, so take it down again if it is back: {post}")


def _size(done: Copied) -> str:
    return f"{counted(done.sources, 'source')}, {counted(done.posts, 'post')}, {done.size:,} bytes"
