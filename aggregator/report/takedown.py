"""Shell. What `takedown` prints: what went, what stays, which documents say so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC

from rich.text import Text

from aggregator.model import StoredPost, TakenDown, TakenPost, Url
from aggregator.publish import folder
from aggregator.publisher import Published
from aggregator.report.console import console
from aggregator.syntax.counting import counted

SAID = 20
"""Posts that are named; the others are counted."""


def taken_down(
    done: TakenDown,
    names: Mapping[Url, str],
    left: Sequence[StoredPost] = (),
    adopted: Sequence[str] = (),
) -> None:
    """Print for people what was taken down.

    `left` are posts that somebody may have meant, too, `adopted` files that tell what went and are not ours.
    """
    _print(lines(done, names, left))
    _print(_some("not ours, so it stays until you remove it", list(adopted)))


def taken_down_in(published: Published | None) -> None:
    """Print what became of the documents; `published` is None where a running daemon renders them."""
    _print(rendered(published))


def lines(done: TakenDown, names: Mapping[Url, str], left: Sequence[StoredPost] = ()) -> Iterator[str]:
    """What was taken down, line by line. `names` are what sources are called."""
    if done.before is not None:
        when = f"{done.before.astimezone(UTC):%Y-%m-%d %H:%M:%SZ}"
        yield f"taken down already, on {when}; nothing was done"
        posts = [TakenPost(one.post.id, one.post.title, one.post.source, one.story) for one in left]
        yield from _some("others tell it still", [_post(post, names) for post in posts])
        if left:
            yield "name one of them by its id, or take all of it down with `--story`"
        return
    yield from _some("taken down", [_post(post, names) for post in done.posts])
    yield from _some("readers are told that this has gone", list(done.ended))
    yield from _some("stays", [f"{_post(post, names)}, shown under {post.story}" for post in done.staying])
    if done.staying:
        yield "others tell it still; name one of them by its id to take that down, too"
    places = sorted(f"{folder(scope)}*" for scope in done.scopes)
    yield f"documents that change: {', '.join(places)}"


def rendered(published: Published | None) -> Iterator[str]:
    """What became of the documents, line by line."""
    if published is None:
        yield "the running daemon renders them within seconds"
        return
    files = f", {counted(len(published.files), 'Jekyll file')} written or removed" if published.files else ""
    yield f"{counted(len(published.written), 'document')} written{files}"
    for failure in published.failures:
        yield f"not done yet, and tried again by the next `run`, `once` or `publish`: {failure}"


def _print(said: Iterable[str]) -> None:
    out = console()
    for line in said:
        out.print(Text(line), soft_wrap=True)


def _some(what: str, said: list[str]) -> Iterator[str]:
    for one in said[:SAID]:
        yield f"{what}: {one}"
    if len(said) > SAID:
        yield f"{what}: {len(said) - SAID} more"


def _post(post: TakenPost, names: Mapping[Url, str]) -> str:
    return f"{post.title} ({post.id}), of {names.get(post.source, 'a removed source')}"
