"""Shell. What the command `takedown` does: finds who is meant, and ends it in the store.

Which posts are meant is for `pipeline.takedown` to say, what becomes of their stories for the store.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass

from aggregator.errors import AggregatorError
from aggregator.model import Config, Findings, StoredPost, TakenDown, Url
from aggregator.pipeline import explaining, takedown
from aggregator.pipeline.explaining.around import Around
from aggregator.store import Store, open_store
from aggregator.triggers.clock import SystemClock

FOUND = 10
"""Stories that are looked at: of more than one nobody is meant."""


@dataclass(frozen=True, slots=True)
class Takedown:
    """What a takedown came to, and what the sources that it concerns are called."""

    done: TakenDown
    names: Mapping[Url, str]
    left: tuple[StoredPost, ...] = ()  # under the same link, told by others; nothing was done to them
    adopted: tuple[str, ...] = ()  # files that tell what went and are not ours, so that they stay


def take_down(given: Config, asked: str, *, whole: bool) -> Takedown:
    """Take down the post under a link, id or guid, or (`whole`) its story, for good.

    Raises `AggregatorError` where no post is stored under it, or posts of several stories are.
    """
    now = SystemClock().now()
    with closing(_stored(given)) as store:
        findings = Findings(sources=tuple(store.sources.sources()))
        sought = explaining.sought(asked, given, findings)
        names = _names(given, findings)
        meant = takedown.meant(sought, store.finder.find(sought, FOUND), given, whole=whole)
        if meant.before is not None:
            return Takedown(TakenDown(before=meant.before), names, meant.left)
        if not meant.posts:
            own = " It is the URL of a source: `--source` takes all of it down." if sought.source else ""
            raise AggregatorError(f"no post is stored under {asked.strip()}; nothing was taken down.{own}")
        if meant.several:
            ids = "".join(f"\n  {one.post.id}: {one.post.title}" for one in meant.posts)
            many = f"several posts are stored under {asked.strip()}; nothing was taken down"
            raise AggregatorError(f"{many}. Name one by its id:{ids}")
        told = store.adoption.telling([one.post.id for one in meant.posts])
        done = store.takedowns.take_down(
            [one.post.id for one in meant.posts],
            now,
            reason="`aggregator takedown --story`" if whole else "`aggregator takedown`",
            new_id=takedown.new_id(given, now),
            page=takedown.page,
            whole=whole,
        )
    files = {file for files in told.values() for file in files}
    return Takedown(done, names, adopted=tuple(sorted(files)))


def take_down_source(given: Config, asked: str) -> Takedown:
    """Take down all posts of a source and whatever it still sends, for good.

    Raises `AggregatorError` where no such source is stored.
    """
    now = SystemClock().now()
    with closing(_stored(given)) as store:
        findings = Findings(sources=tuple(store.sources.sources()))
        source = explaining.sought(asked, given, findings).source
        if source is None or source not in {one.url for one in findings.sources}:
            raise AggregatorError(f"no source is stored under {asked.strip()}; nothing was taken down")
        files = tuple(store.adoption.telling_source(source))
        done = store.takedowns.take_down_source(
            source,
            now,
            reason="`aggregator takedown --source`",
            new_id=takedown.new_id(given, now),
            page=takedown.page,
        )
        names = _names(given, findings)
    return Takedown(done, names, adopted=files)


def _stored(given: Config) -> Store:
    """The store, beside whoever runs the loops on it."""
    store = open_store(given.store, output=given.output.directory, loops=False, create=False)
    store.remember(given)
    return store


def _names(given: Config, findings: Findings) -> Mapping[Url, str]:
    around = Around(given, findings)
    return {status.url: around.name(status.url) for status in findings.sources}
