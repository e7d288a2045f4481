"""Shell. What `takedown` prints: what went, what stays, which documents say so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC

from rich.text import Text

from aggregator.model import TakenDown, TakenPost, Url
from aggregator.publish import folder
from aggregator.publisher import Published
from aggregator.report.console import console

SAID = 20
"""Posts that are named; the others are counted."""


def taken_down(done: TakenDown, names: Mapping[Url, str], published: Published | None) -> None:
    """Print it for people; `published` is None where a running daemon does that."""
    out = console()
    for line in lines(done, names, published):
        out.print(Text(line), soft_wrap=True)


def lines(done: TakenDown, names: Mapping[Url, str], published: Published | None) -> Iterator[str]:
    """It, line by line. `names` are what sources are called."""
    if done.before is not None:
        when = f"{done.before.astimezone(UTC):%Y-%m-%d %H:%M:%SZ}"
        yield f"taken down already, on {when}; nothing is left to do"
        return
    yield from _some("taken down", [_post(post, names) for post in done.posts])
    yield from _some("readers are told that this has gone", list(done.ended))
    yield from _some("stays", [f"{_post(post, names)}, shown under {post.story}" for post in done.staying])
    if done.staying:
        yield "others tell it still; `--story` takes down all of it"
    places = sorted(f"{folder(scope)}*" for scope in done.scopes)
    yield f"documents that change: {', '.join(places)}"
    if published is None:
        yield "the running daemon renders them within seconds"
        return
    files = f", {len(published.files)} Jekyll files written or removed" if published.files else ""
    yield f"{len(published.written)} documents written{files}"
    for failure in published.failures:
        yield f"not done yet, and tried again by the next `run`, `once` or `publish`: {failure}"


def _some(what: str, said: list[str]) -> Iterator[str]:
    for one in said[:SAID]:
        yield f"{what}: {one}"
    if len(said) > SAID:
        yield f"{what}: {len(said) - SAID} more"


def _post(post: TakenPost, names: Mapping[Url, str]) -> str:
    return f"{post.title} ({post.id}), of {names.get(post.source, 'a removed source')}"
