"""Shell. What `add`, `import`, `backup` and `restore` say, on standard error beside what they print."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rich.text import Text

from aggregator.daemon.adopting import Adopted
from aggregator.daemon.looking import Found
from aggregator.daemon.moving import MovingIn
from aggregator.model import Source
from aggregator.pipeline.discovering import Offer, is_about_comments
from aggregator.report.console import console
from aggregator.store import Copied

_NAMED = 20
"""Feeds of a list that are named one by one."""


def offers(found: Found) -> None:
    """The feeds that were found, the one that is taken first."""
    several = len(found.offers) > 1
    for number, offer in enumerate(found.offers):
        sign = ("> " if number == 0 else "  ") if several else ""
        _say(f"{sign}{offer.url}: {', '.join(_facts(offer))}")
    for url, why in found.failed:
        _say(f"  {url}: {why}")


def _facts(offer: Offer) -> Iterator[str]:
    reading = offer.reading
    yield reading.info.title or "without a title"
    yield f"{len(reading.posts)} entries"
    if reading.posts:
        yield f"newest {max(post.published for post in reading.posts):%Y-%m-%d}"
    if is_about_comments(offer):
        yield "comments"
    if offer.configured is not None:
        yield "configured already"


def configured_already(source: Source, path: Path) -> None:
    """It is there: nothing is to be done."""
    _say(f"{path} has it already, as feed {source.position + 1}: {source.label}")


def moving_in(moving: MovingIn, path: Path) -> None:
    """What of a list is taken over, and what is not and why."""
    if moving.repaired:
        _say(f"read loosely, it is not well-formed: {moving.repaired}")
    for url in moving.known[:_NAMED]:
        _say(f"{path} has it already: {url}")
    if len(moving.known) > _NAMED:
        _say(f"{path} has {len(moving.known) - _NAMED} more of them already")
    for url, why in moving.refused[:_NAMED]:
        _say(f"not taken: {url or 'an outline'} {why}")
    if len(moving.refused) > _NAMED:
        _say(f"not taken: {len(moving.refused) - _NAMED} more")
    _say(
        f"{len(moving.feeds)} feeds to add, {len(moving.categories)} categories to add, "
        f"{len(moving.known)} there already, {len(moving.refused)} not taken"
    )


def written(path: Path, feeds: int) -> None:
    """What was inserted; a daemon that runs on the file has it within seconds."""
    _say(f"{path}: {feeds} {'feed' if feeds == 1 else 'feeds'} added")


def backed_up(done: Copied) -> None:
    """Where the copy is."""
    console().print(Text(f"{done.place}: {_size(done)}"), soft_wrap=True)


def restored(done: Copied) -> None:
    """What is in force now, and where the other one is."""
    console().print(Text(f"{done.place}: {_size(done)}"), soft_wrap=True)
    if done.kept:
        console().print(Text(f"the store that was there is kept as {done.kept}"), soft_wrap=True)
    for post in done.undone:
        _say(f"warning: taken down since the backup, so take it down again if it is back: {post}")


def adopted(done: Adopted) -> None:
    """How many files are known now, and which of them say nothing to be known by."""
    for file in done.unlinked[:_NAMED]:
        _say(f"no link line, so not adopted: {file}")
    if len(done.unlinked) > _NAMED:
        _say(f"no link line, so not adopted: {len(done.unlinked) - _NAMED} more")
    for file, why in done.unreadable:
        _say(f"not read: {file}: {why}")
    if done.elsewhere is not None:
        where = f"our posts go to {done.elsewhere}" if done.elsewhere else "`output.jekyll` is not set"
        _say(f"note: {where}; what these files tell is not written there either")
    console().print(
        Text(
            f"{done.directory}: {done.files} files adopted, {done.new} of them new; {done.ours} are ours, "
            f"{len(done.unlinked)} without a link, {len(done.unreadable)} not readable"
        ),
        soft_wrap=True,
    )


def _size(done: Copied) -> str:
    return f"{done.sources} sources, {done.posts} posts, {done.size:,} bytes"


def _say(line: str) -> None:
    console(errors=True).print(Text(line), soft_wrap=True)
