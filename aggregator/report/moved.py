"""Shell. What `add --write` and `import` say, on standard error beside what they print."""

from __future__ import annotations

from pathlib import Path

from rich.text import Text

from aggregator.daemon.adopting import Adopted
from aggregator.daemon.moving import MovingIn
from aggregator.report.console import aside, console
from aggregator.syntax.counting import counted

_NAMED = 20
"""Feeds of a list that are named one by one."""


def moving_in(moving: MovingIn, path: Path) -> None:
    """What of a list is taken over, and what is not and why."""
    if moving.repaired:
        aside(f"read loosely, it is not well-formed: {moving.repaired}")
    for url in moving.known[:_NAMED]:
        aside(f"{path} has it already: {url}")
    if len(moving.known) > _NAMED:
        aside(f"{path} has {len(moving.known) - _NAMED} more of them already")
    for url, why in moving.refused[:_NAMED]:
        aside(f"not taken: {url or 'an outline'} {why}")
    if len(moving.refused) > _NAMED:
        aside(f"not taken: {len(moving.refused) - _NAMED} more")
    aside(
        f"{counted(len(moving.feeds), 'feed')} to add, {counted(len(moving.categories), 'category')} to add, "
        f"{len(moving.known)} there already, {len(moving.refused)} not taken"
    )


def written(path: Path, feeds: int) -> None:
    """What was inserted; a daemon that runs on the file has it within seconds."""
    aside(f"{path}: {counted(feeds, 'feed')} added")


def adopted(done: Adopted) -> None:
    """How many files are known now, and which of them say nothing to be known by."""
    for file in done.unlinked[:_NAMED]:
        aside(f"no link line, so not adopted: {file}")
    if len(done.unlinked) > _NAMED:
        aside(f"no link line, so not adopted: {len(done.unlinked) - _NAMED} more")
    for file, why in done.unreadable:
        aside(f"not read: {file}: {why}")
    if done.elsewhere is not None:
        where = f"our posts go to {done.elsewhere}" if done.elsewhere else "`output.jekyll` is not set"
        aside(f"note: {where}; what these files tell is not written there either")
    console().print(
        Text(
            f"{done.directory}: {counted(done.files, 'file')} adopted, {done.new} of them new; "
            f"{done.ours} {'is' if done.ours == 1 else 'are'} ours, "
            f"{len(done.unlinked)} without a link, {len(done.unreadable)} not readable"
        ),
        soft_wrap=True,
    )
