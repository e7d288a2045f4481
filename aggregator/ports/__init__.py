"""Pure. What the loops and the server need from the world, split by who asks.

Adapters (fetch, workers, store) fulfil these without importing their users. Each port has a contract test
in `tests/contract/` that runs against every implementation, the in-memory fake of `tests/fakes.py`
included. All methods that are not `async` may block, so loops call them in a thread.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

from aggregator.model import (
    Category,
    CommitResult,
    Config,
    Event,
    Exchange,
    Fetched,
    FetchResult,
    Items,
    Known,
    Lease,
    Lookup,
    Merged,
    NewId,
    Outdated,
    PagePath,
    PollOutcome,
    PostId,
    PostsOfDay,
    ReadResult,
    Revision,
    Scope,
    SiteIdentity,
    Sought,
    SourceInfo,
    SourceStatus,
    StoredPost,
    StoredStory,
    Story,
    StoryVersion,
    TakenDown,
    Tombstone,
    Url,
)
from aggregator.ports.documents import ArchiveStore as ArchiveStore
from aggregator.ports.documents import DocumentStore as DocumentStore
from aggregator.ports.documents import JekyllStore as JekyllStore
from aggregator.ports.documents import PageStore as PageStore
from aggregator.ports.websub import Courier as Courier
from aggregator.ports.websub import Followings as Followings
from aggregator.ports.websub import Subscriptions as Subscriptions


class Clock(Protocol):
    """The only thing that knows what time it is."""

    def now(self) -> datetime:
        """Aware, UTC, whole microseconds."""


class Fetcher(Protocol):
    """The only door to the network."""

    async def fetch(self, lease: Lease, /) -> FetchResult:
        """One exchange under one deadline. Trouble at the far end is a `FetchFailed`, never an exception."""


class Reader(Protocol):
    """Runs `pipeline.read` where a deadline and a memory limit can end it."""

    async def read(self, lease: Lease, fetched: Fetched, now: datetime, /) -> ReadResult:
        """A body that takes too long or too much is `Unreadable`, never an exception."""


class PollStore(Protocol):
    """What loop one remembers. One process at a time runs the loops on a SQLite store (`StoreLocked`)."""

    def sync(self, config: Config, now: datetime, /) -> None:
        """Take over what is configured: sources (added, edited, removed), categories, host limits.

        A source that is new is due at once. One that is edited keeps its memory; where the edit changes how
        it is asked, its next poll is what `schedule.plan` says of that memory, without jitter. One that has
        moved (`was`) begins anew as soon as its floor allows, but where the new URL was asked already
        (`Memory.adopted`). One that leaves the file is no longer leased, its errands are dropped, and its
        posts leave the documents; when it returns it is asked once more even if it was gone. Marks every
        category whose documents may differ.
        """

    def lease_due(
        self, now: datetime, limit: int, /, *, everything: bool = False, not_since: datetime | None = None
    ) -> Sequence[Lease]:
        """At most `limit` leases of polls and errands, earliest due first, as hosts allow.

        A host's slots, gaps and pauses are counted over all that keeps it busy, whoever runs it: polls of
        sources that ask it or that it answers for, errands to it. No lease is given in the hours and days
        that the feed excludes (`schedule.opens`), nor any of a source that is paused, gone or removed; an
        errand also waits for the Retry-After of its source.

        In the same write `next_due` moves to `schedule.reserved` (an errand's `due` by an hour), so that a
        crash in between asks nothing early. `everything`: also sources that are not due, where their floor
        (the feed's own `every`, else `min_interval`, and `schedule.rest`) since the last poll and
        `schedule.word` allow it.
        `not_since`: only sources that were not leased at or after that time, so that one round asks each
        once; it holds no errand back.
        """

    def next_due(
        self, now: datetime, /, *, everything: bool = False, not_since: datetime | None = None
    ) -> datetime | None:
        """When `lease_due` may give something more: the earliest of due times, gaps, pauses, excluded hours.

        What only waits for a slot of a host in use does not count: the commit that frees it will ask
        again. None where nothing is left.
        """

    def lease_push(self, source: Url, topic: Url, now: datetime, /) -> Lease | None:
        """The right to read what the hub of a source has pushed of a topic: a lease out of turn.

        Nobody is asked, so that no host is kept busy, and the source's own lease and next poll stay. None
        where the source is not polled any more (removed, paused), or another push of it is under way.
        """

    def items(self, source: Url, /) -> Items | None:
        """What was committed last of the items of a source's document (`PollOutcome.items`).

        None where nothing was, or where posts of the source were changed since by other than its polls.
        """

    def known(self, lookup: Lookup, /) -> Known:
        """What judging the posts of one document needs."""

    def commit(self, outcomes: Sequence[PollOutcome], now: datetime, /) -> Sequence[CommitResult]:
        """Write a batch, each outcome in its own savepoint, one result for each in order.

        Those that bring nothing, and so touch only their own source, are written in a transaction of their
        own after the others; of these, later ones see earlier ones. Categories are marked dirty in the same
        transaction, and the lease and host slot are given back, except for `Stale`, which keeps both. The
        outcome of an errand ends that and leaves what is known of its source alone. `pause_host_until` is
        for the host of `lease.url`. Errands that an outcome asks for are there from then on; one that waits
        already is not run sooner and keeps the earlier `since`, one that is under way is left alone.
        """

    def commit_locked(
        self, lookup: Lookup, decide: Callable[[Known], PollOutcome], now: datetime, /
    ) -> CommitResult:
        """`known`, `decide` and `commit` as one step that nothing can come between: the last resort.

        May still say `Stale` where the source was edited.
        """

    def give_back(self, lease: Lease, now: datetime, /) -> None:
        """End a lease that was cancelled, without an outcome.

        `next_due` stays where the lease has moved it; an errand is due again after the host's gap, and a
        minute at least.
        """


class Revisions(Protocol):
    """What keeping stored posts as the file says takes."""

    def outdated(self, limit: int, /) -> Sequence[Outdated]:
        """At most `limit` posts that were last classified under another definition of their source.

        Those in subscription documents (the newest `entries` of a scope) come first, then the newest.
        Dropped ones are among them; those of removed sources, and those without content, are not.
        """

    def known(self, lookups: Sequence[Lookup], /) -> Sequence[Known]:
        """Which categories the labels of posts lead to, source by source."""

    def revise(self, revisions: Sequence[Revision], now: datetime, /) -> int:
        """Write what a definition says of posts, in one transaction, and nothing of their content or dates.

        That is labels, categories, tags, language, origin, `republish` and `dropped`. How many were written:
        none of a source that is defined otherwise meanwhile, none that a poll has written meanwhile, and none
        where a category that is to be made is taken by now; what is left is outdated still. Marks every
        category whose documents may differ.
        """

    def purge(self, before: datetime, limit: int, shown: int, /) -> int:
        """Take the content from at most `limit` posts that were first seen before then; how many.

        Those of stories among the newest `entries`, and at least `shown`, of a scope keep theirs, and so do
        those whose story has a member that was first seen later. With `atom` in the formats, so do those that
        are in an archive that is still there, or, once a category was published, in none of its archives yet:
        an archive is dropped when all its stories are due, before any of them loses anything. What loses its
        content is shown nowhere from then on; it keeps its row and keys, and so is never new again. Jekyll
        files stay.
        """


class SourceReader(Protocol):
    """What operators see of the sources."""

    def sources(self) -> Sequence[SourceStatus]:
        """Every source that the store knows, in the order of the file; removed ones last."""

    def urls(self) -> Sequence[Url]:
        """Of all of them, in no order, without looking at anything else."""

    def source(self, source: Url, /) -> SourceStatus | None:
        """One of them, without looking at the others."""

    def infos(self) -> Mapping[Url, SourceInfo]:
        """The title and home that each says it has, as far as that is known, and nothing else of it.

        The very mapping of the call before, where nothing in it has changed.
        """

    def exchanges(self, source: Url, /) -> Sequence[Exchange]:
        """The last 20 polls of a source that the outcomes told of, newest first."""

    def events(self, limit: int, /) -> Sequence[Event]:
        """At most `limit` of the last 200 events of all sources, removed ones too, newest first."""

    def days(self, since: date, of: Collection[Url], /) -> Sequence[PostsOfDay]:
        """How many posts each of some sources has that are dated on each day from then on (UTC), in no order.

        Hidden ones count too; those whose content has gone do not. Days without posts are left out.
        """


class PostReader(Protocol):
    """What loop two reads."""

    def identity(self) -> SiteIdentity:
        """The site id that was minted with the store."""

    def categories(self) -> Sequence[Category]:
        """Configured ones in the order of the file, then those that posts have made, by slug.

        Entry counts and the like come from the configuration; a category that is out of the file stays.
        """

    def newest(self, scope: Scope, limit: int, /, *, per_source: int = 0) -> Sequence[Story]:
        """At most `limit` stories with a visible member in the scope, newest `published` first, then id.

        Every story comes with all its visible members, whichever category each of them is in. In a category
        that keeps near duplicates, each telling of a story comes by itself, under the id of its first post,
        with the copies of that. `per_source`: of those that one source leads, at most so many; 0: all.
        """

    def outline(self, scope: Scope, limit: int, /, *, per_source: int = 0) -> Sequence[StoryVersion]:
        """What `newest` gives, in its order, without reading it: who knows a version knows its story."""

    def told(self, scope: Scope, ids: Sequence[PostId], /) -> Sequence[tuple[StoryVersion, Story]]:
        """Those of some ids that a scope shows, or a `backlog` keeps out of it, each as it is now."""

    def tombstones(self, scope: Scope, /) -> Sequence[Tombstone]:
        """What the subscription documents of a scope say of entries that have gone, newest first, then by id.

        Of each for 90 days, and of one takedown about its newest 500 entries at most.
        """

    def buried(self, ids: Sequence[PostId], /) -> Mapping[PostId, Tombstone]:
        """The tombstones of those of some output ids that have gone, for good: what archives say of them."""


class Takedowns(Protocol):
    """Taking down for good what was published."""

    def take_down(
        self,
        wanted: Sequence[PostId],
        now: datetime,
        /,
        *,
        reason: str,
        new_id: NewId,
        page: PagePath,
        whole: bool = False,
    ) -> TakenDown:
        """Let some posts (`whole`: all of their stories) be shown nowhere again, nor what copies them.

        That ends the output id of a story that one of them has founded or speaks for; its other members are
        shown on under the id of the one that ranks first, or under a `new_id` of it if that is the one that
        has ended. From another story they only leave. Later copies of what went are hidden with it, but where
        somebody else tells the same under the same link or id. Marks the categories whose documents differ.
        What had gone before is left out; an unknown id, too.
        """

    def take_down_source(
        self, source: Url, now: datetime, /, *, reason: str, new_id: NewId, page: PagePath
    ) -> TakenDown:
        """The same with all posts of a source, and with what it sends from now on, whatever its URL will be.

        Copies of them are posts of other sources: they stay, and come, under ids of their own.
        """


class PostFinder(Protocol):
    """What operators ask about single posts (`explain`)."""

    def find(self, sought: Sought, limit: int, /) -> Sequence[StoredStory]:
        """At most `limit` stories that have a post that is sought, by the newest such post, then by id.

        That is one of that id, or in a story of that id, or under one of the keys; where there is none,
        one whose guid or link is one of the texts, whichever source it is of.
        """

    def of_source(self, source: Url, limit: int, /) -> Sequence[StoredPost]:
        """At most `limit` posts of a source, newest `published` first, then by id."""

    def merged(self, limit: int, /) -> Sequence[Merged]:
        """At most `limit` visible posts that joined the story of another, the last to come first."""
