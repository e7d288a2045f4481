"""Shell. What `check --diff` looks at: the store as it is, and what the file would make of its posts.

Nothing is written, and a daemon may run beside it. Stores may be large, so that no more than LOOKED posts
are classified again, the newest of each source; the answer says how many there are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from aggregator.daemon.file import read_config
from aggregator.errors import ConfigError, StoreMissing
from aggregator.model import (
    Config,
    Difference,
    Outdated,
    Post,
    PostId,
    Shift,
    SiteIdentity,
    Slug,
    Source,
    SourceDifference,
    SourceStatus,
    StoredPost,
    Url,
)
from aggregator.pipeline import differing, revision
from aggregator.store import Store, open_store
from aggregator.triggers.clock import SystemClock

LOOKED = 10_000
LEAST = 20
"""Posts of a source that are looked at, however many sources there are, until LOOKED are reached."""


def beside(path: Path, name: str) -> Config | None:
    """What the file in force says, where the one that is looked at lies beside it; None: there is no such."""
    there = path.with_name(name)
    if there == path or not there.exists():
        return None
    try:
        return read_config(there)[1]
    except ConfigError:  # it is to be replaced, perhaps just for that
        return None


def difference(given: Config, before: Config, *, most: int = LOOKED) -> Difference:
    """What putting a configuration in force would do to sources and posts in the store of another one.

    Raises `StoreError`.
    """
    try:
        store = open_store(before.store, output=before.output.directory, loops=False, create=False)
    except StoreMissing:
        return Difference(tuple(SourceDifference("new", source.label) for source in given.sources))
    with closing(store):
        store.remember(given)
        return _Look(store, given, most).difference()


class _Look:
    """One look at a store."""

    def __init__(self, store: Store, given: Config, most: int) -> None:
        self._store, self._given = store, given
        self._identity: SiteIdentity = store.posts.identity()
        self._replanned = store.sources.replanned(given, SystemClock().now())
        self._stored = {one.url: one for one in store.sources.sources()}
        self._gains, self._losses = Counter[Slug](), Counter[Slug]()
        self._left = self._each = most

    def difference(self) -> Difference:
        there = {source.url for source in self._given.sources}
        renamed = {
            source.url: Url(source.was)
            for source in self._given.sources
            if source.was in self._stored and source.url not in self._stored and source.was not in there
        }
        gone = [
            one for one in self._stored.values() if one.active and one.url not in {*there, *renamed.values()}
        ]
        concerned = [
            (source, self._stored.get(renamed.get(source.url, source.url))) for source in self._given.sources
        ]
        touched = sum(
            one is not None and (not one.active or one.definition != source.definition)
            for source, one in concerned
        )
        self._each = max(LEAST, self._left // max(1, touched + len(gone)))
        found = [self._of(source, one, renamed) for source, one in concerned]
        found += [self._removed(one) for one in gone]
        return Difference(
            tuple(one for one in found if one is not None), self._gains, self._losses, len(self._replanned)
        )

    def _of(
        self, source: Source, before: SourceStatus | None, renamed: dict[Url, Url]
    ) -> SourceDifference | None:
        if before is None:
            return SourceDifference("new", source.label)
        replanned = self._replanned.get(source.url)
        edited = not before.active or before.definition != source.definition
        if not edited and replanned is None and source.url not in renamed:
            return None
        stored = self._newest(before.url) if edited else []
        after = self._revised(source, stored)
        return SourceDifference(
            "renamed" if source.url in renamed else "edited" if before.active else "returns",
            before.memory.name_of(source),
            before.posts,
            before.posts + before.dropped if edited else 0,
            len(stored),
            self._shifts(stored, after),
            replanned,
        )

    def _removed(self, before: SourceStatus) -> SourceDifference:
        stored = self._newest(before.url)
        title = before.memory.info.title if before.memory.info else ""
        return SourceDifference(
            "removed",
            title or "a source without a title",
            before.posts,
            before.posts + before.dropped,
            len(stored),
            self._shifts(stored, {}),
        )

    def _newest(self, url: Url) -> Sequence[StoredPost]:
        limit = min(self._each, self._left)
        found = self._store.finder.of_source(url, limit) if limit else []
        self._left -= len(found)
        return found

    def _revised(self, source: Source, stored: Sequence[StoredPost]) -> dict[PostId, Post]:
        if not stored:
            return {}
        sorted_ = revision.classified(Outdated(source, tuple(one.post for one in stored)), self._identity)
        [known] = self._store.revisions.known([revision.lookup(sorted_)])
        return {post.id: post for post in revision.revise(sorted_, known).posts}

    def _shifts(self, stored: Sequence[StoredPost], after: dict[PostId, Post]) -> tuple[Shift, ...]:
        gains, losses = differing.moved(stored, after)
        self._gains.update(gains)
        self._losses.update(losses)
        return differing.shifts(stored, after)
