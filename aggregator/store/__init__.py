"""Shell. The only door to the database: what both loops, the server and the commands remember.

`open_store` gives a `Store`, whose parts fulfil the ports: `polls`, `revisions`, `sources`, `posts`,
`finder`, `takedowns`, `documents`, `jekyll`, `pages`, `archives`, `subscriptions`, `followings`. All of them
block, and may be called from any thread. Nothing here knows its callers.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from types import TracebackType
from typing import Self

from aggregator.errors import StoreError
from aggregator.model import (
    Category,
    Config,
    Event,
    Exchange,
    PostId,
    PostsOfDay,
    Replanned,
    Scope,
    SiteIdentity,
    SourceInfo,
    SourceStatus,
    Story,
    StoryVersion,
    Tombstone,
    Url,
)
from aggregator.store import (
    ahead,
    articles,
    bands,
    categories,
    ended,
    errands,
    hosts,
    infos,
    leases,
    marks,
    places,
    sources,
    watched,
)
from aggregator.store.adopted import Adoption
from aggregator.store.archives import Archives
from aggregator.store.copies import Copied, copy_out, put_back
from aggregator.store.database import Database, identity
from aggregator.store.documents import Documents
from aggregator.store.duties import Duties
from aggregator.store.explained import Finder
from aggregator.store.followings import HubFollowings
from aggregator.store.jekyll import JekyllFiles
from aggregator.store.loops import LoopsLock, loops_held
from aggregator.store.moved import Moved, move
from aggregator.store.pages import PostPages
from aggregator.store.polls import Polls, Remembered
from aggregator.store.postgres import PostgreSQL
from aggregator.store.postgres_urls import is_postgres
from aggregator.store.revisions import Revisions
from aggregator.store.shared import SharedDocuments
from aggregator.store.sqlite import SQLite, make_parents
from aggregator.store.tables import SITE
from aggregator.store.takedown import Takedowns
from aggregator.store.websub import HubSubscriptions

__all__ = ["Copied", "Moved", "Store", "copy_out", "loops_held", "move", "open_store", "put_back"]


class Sources:
    """Implements `ports.SourceReader`."""

    def __init__(self, database: Database, remembered: Remembered) -> None:
        self._database, self._remembered, self._infos = database, remembered, infos.Infos()

    def sources(self) -> Sequence[SourceStatus]:
        with self._database.read() as connection:
            return sources.statuses(connection)

    def urls(self) -> Sequence[Url]:
        with self._database.read() as connection:
            return sources.urls(connection)

    def source(self, source: Url, /) -> SourceStatus | None:
        with self._database.read() as connection:
            return next(iter(sources.statuses(connection, source)), None)

    def infos(self) -> Mapping[Url, SourceInfo]:
        with self._database.read() as connection:
            return self._infos.read(connection, self._remembered.sources)

    def replanned(self, config: Config, now: datetime, /) -> Mapping[Url, Replanned]:
        """Polls from now on that a sync of this configuration would put off or bring forward."""
        with self._database.read() as connection:
            found = sources.replanned(connection, config)
        return {url: one for url, one in found.items() if max(one.due.at, one.before) > now}

    def exchanges(self, source: Url, /) -> Sequence[Exchange]:
        with self._database.read() as connection:
            return watched.exchanges_of(connection, source)

    def events(self, limit: int, /) -> Sequence[Event]:
        with self._database.read() as connection:
            return watched.events_of_late(connection, limit)

    def days(self, since: date, of: Collection[Url], /) -> Sequence[PostsOfDay]:
        with self._database.read() as connection:
            return watched.days(connection, since, of)


class Posts:
    """Implements `ports.PostReader`."""

    def __init__(self, database: Database, remembered: Remembered) -> None:
        self._database, self._remembered = database, remembered

    def identity(self) -> SiteIdentity:
        with self._database.read() as connection:
            return identity(connection)

    def categories(self) -> Sequence[Category]:
        with self._database.read() as connection:
            return categories.listed(connection, self._remembered.config)

    def newest(self, scope: Scope, limit: int, /, *, per_source: int = 0) -> Sequence[Story]:
        with self._database.read() as connection:
            return places.newest(connection, scope, limit, per_source)

    def outline(self, scope: Scope, limit: int, /, *, per_source: int = 0) -> Sequence[StoryVersion]:
        with self._database.read() as connection:
            return places.outline(connection, scope, limit, per_source)

    def told(self, scope: Scope, ids: Sequence[PostId], /) -> Sequence[tuple[StoryVersion, Story]]:
        with self._database.read() as connection:
            return places.told(connection, scope, ids)

    def tombstones(self, scope: Scope, /) -> Sequence[Tombstone]:
        with self._database.read() as connection:
            return ended.told_of(connection, scope)

    def buried(self, ids: Sequence[PostId], /) -> Mapping[PostId, Tombstone]:
        with self._database.read() as connection:
            return ended.buried(connection, ids)


class Store:
    """An open store; `close()` it, or use it as a context manager."""

    def __init__(self, database: Database, output: str, *, loops: bool, lock: LoopsLock | None) -> None:
        self._database, self._lock = database, lock
        self._remembered = Remembered()
        self.polls = Polls(database, self._remembered, loops=loops)
        self.revisions = Revisions(database, self._remembered)
        self.sources = Sources(database, self._remembered)
        self.posts = Posts(database, self._remembered)
        self.finder = Finder(database)
        kind = SharedDocuments if database.shared else Documents
        self.documents: Documents | SharedDocuments = kind(database, self._remembered, output)
        self.duties = Duties(database)
        self.jekyll = JekyllFiles(database)
        self.pages = PostPages(database)
        self.adoption = Adoption(database)
        self.takedowns = Takedowns(database)
        self.archives = Archives(database)
        self.subscriptions = HubSubscriptions(database)
        self.followings = HubFollowings(database)

    def remember(self, config: Config) -> None:
        """Know the configuration without syncing it: for commands beside a daemon that list categories."""
        self._remembered.take(config)

    @property
    def shared(self) -> bool:
        """Whether several processes may poll and publish on it."""
        return self._database.shared

    def processes(self) -> Sequence[str]:
        """Other processes that poll or publish on it, as `HOST PID`, where several may."""
        return self._database.others()

    def tell(self, event: Event) -> None:
        """Note what happened to the file, if that is news, and have it published."""
        with self._database.write() as connection:
            if watched.tell(connection, event):
                marks.mark(connection, [SITE])

    def size(self) -> int:
        """Bytes that the database takes on its disk, its log included."""
        return self._database.size()

    def housekeep(self, now: datetime) -> None:
        """What is to be done now and then: planner statistics, the log, what has been kept long enough."""
        self.documents.tidy(now)
        self.jekyll.tidy(now)
        self.takedowns.forget(now)
        self.subscriptions.prune(now)

        agrees = _agrees(self._database, now)

        def forget() -> None:
            with self._database.write() as connection:
                if agrees:
                    ahead.set_back(connection, now)
                hosts.forget(connection, now)
                errands.forget(connection, now)
                articles.forget(connection, now)

        self._database.again(forget)
        for _ in range(bands.SWEEPS):
            with self._database.write() as connection:
                if not bands.sweep(connection, now):
                    break
        self._database.tidy()

    def close(self) -> None:
        """Close the database, then give back the right to run the loops."""
        with contextlib.suppress(StoreError):  # they expire, if the database cannot be asked any more
            self.duties.leave()
        self._database.close()
        if self._lock is not None:
            self._lock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


_CLOSE = timedelta(seconds=30)
"""By which the clocks of processes on one database may differ."""


def _agrees(database: Database, now: datetime) -> bool:
    """Whether a clock may be trusted to say that others were wrong: where all have one, the server's."""
    return abs(database.skew(now)) <= _CLOSE


def open_store(
    url: str, *, output: str, loops: bool, now: datetime | None = None, create: bool = True
) -> Store:
    """Open the store at `url`, or make it; documents go to `output` (absolute).

    `url` is an absolute path of an SQLite file, or a postgresql:// URL. `loops`: take the right to run the
    loops, void the leases and claims of whoever had it and died, move back what a clock that was ahead has
    put off, and mark every scope where documents are lost. Without it the store reads and marks beside a
    running daemon. On PostgreSQL any number of processes have that right, and what each holds expires.
    `now` also dates a store that is made; without `create` none is.

    Raises `StoreMissing` (nothing there, and not to be made), `StoreLocked` (another process runs the
    loops), `StoreTooNew`, or `StoreError` (cannot be made, opened or written; no database; not ours).
    """
    database: Database | None = None
    lock = None
    made = now or datetime.now(UTC)  # noqa: TID251 - the birth date of a store that nobody told the time
    try:
        if is_postgres(url):
            database = PostgreSQL(url, loops=loops, now=made, create=create)
        else:
            if create:
                make_parents(url)
            if loops:
                lock = LoopsLock(url)
            database = SQLite(url, loops=loops, now=made, create=create)
        store = Store(database, output, loops=loops, lock=lock)
        agrees = _agrees(database, made)
        if loops and now is None and not agrees:
            raise StoreError(
                f"{database.name}: this host's clock and the database server's differ by more than "
                f"{_CLOSE.seconds} seconds; let NTP set both, then start again"
            )
        if loops:
            with database.write_alone() as connection:
                if not database.shared:
                    leases.void(connection)
                    marks.void_claims(connection)
                if agrees:
                    ahead.set_back(connection, made)
            if store.documents.lost():
                store.documents.mark_all()
    except BaseException:
        if database is not None:
            database.close()
        if lock is not None:
            lock.close()
        raise
    return store
