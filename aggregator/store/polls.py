"""Shell. `ports.PollStore` on the database: what loop one remembers, one transaction a call.

Only the store that holds the loops may `sync` and lease. It keeps the configuration that it was last synced
with, since leases carry the source as it is configured.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from functools import partial

import sqlalchemy as sa

from aggregator.errors import StoreError
from aggregator.model import (
    CommitResult,
    Committed,
    Config,
    Items,
    Known,
    Lease,
    LeaseLost,
    Lookup,
    PollOutcome,
    Slug,
    Source,
    Stale,
    Unchanged,
    Url,
    replace,
)
from aggregator.store import (
    articles,
    bands,
    errands,
    force,
    items,
    judging,
    leases,
    retractions,
    sources,
    stories,
)
from aggregator.store.database import Database
from aggregator.store.ledger import Ledger
from aggregator.store.posts import SOME, chunks
from aggregator.store.tables import AnyRow
from aggregator.store.tables import sources as source_rows

# Locked, where processes share a database: nobody leases or edits them while their outcomes are written.
_LEASED_SOURCES = (
    sa.select(
        source_rows.c.id,
        source_rows.c.url,
        source_rows.c.host,
        source_rows.c.via,
        source_rows.c.token,
        source_rows.c.leased_at,
        source_rows.c.started,
        source_rows.c.active,
        source_rows.c.asked,
        source_rows.c.definition,
        items.THERE.label("has_items"),
    )
    .where(source_rows.c.url.in_(SOME))
    .order_by(source_rows.c.id)  # whoever locks several does it in one order
    .with_for_update(key_share=True)
)


def _rows(connection: sa.Connection, urls: Iterable[str]) -> dict[str, AnyRow]:
    found: dict[str, AnyRow] = {}
    for some in chunks(urls):
        found.update({row.url: row for row in connection.execute(_LEASED_SOURCES, {"some": some})})
    return found


def is_quiet(outcome: PollOutcome) -> bool:
    """Whether an outcome writes only what its lease is about: its source's row, its hosts, its exchange.

    A 304, a failure, the same bytes again. Nobody else is touched by it, and it is judged against nothing.
    """
    return (
        outcome.lease.errand is None
        and outcome.items is None
        and not outcome.verdicts
        and not outcome.judged
        and not outcome.judged_bands
        and not outcome.partings
        and not outcome.categories
        and not outcome.withdrawn
        and not outcome.retractions
        and not outcome.errands
        and not outcome.events
        and outcome.robots is None
        and outcome.article is None
    )


class Remembered:
    """The configuration in force, for all parts of one store."""

    def __init__(self) -> None:
        self.config = Config()
        self.sources: Mapping[str, Source] = {}
        self.digest = ""  # of what was synced, where processes share the store

    def take(self, config: Config) -> None:
        """Let a configuration be the one in force."""
        self.config, self.sources = config, {source.url: source for source in config.sources}


class Polls:
    """Implements `ports.PollStore`."""

    def __init__(self, database: Database, remembered: Remembered, *, loops: bool) -> None:
        self._database, self._remembered, self._loops = database, remembered, loops

    def sync(self, config: Config, now: datetime, /) -> None:
        self._must_hold_the_loops()
        digest = force.digest(config) if self._database.shared else ""

        def write() -> None:
            with self._database.write_alone() as connection:
                sources.sync(connection, config, now)
                if digest:
                    force.put(connection, digest)

        self._database.again(write)
        self._remembered.take(config)
        self._remembered.digest = digest

    def in_force(self) -> bool:
        """Whether no other process has synced another configuration since."""
        if not self._database.shared:
            return True
        with self._database.read() as connection:
            return force.holds(connection, self._remembered.digest)

    def lease_due(
        self, now: datetime, limit: int, /, *, everything: bool = False, not_since: datetime | None = None
    ) -> Sequence[Lease]:
        self._must_hold_the_loops()
        config, configured, database = self._remembered.config, self._remembered.sources, self._database

        def lease() -> tuple[Sequence[Lease], bool]:
            with database.write_leases() as connection:
                if database.shared and not force.holds(connection, self._remembered.digest):
                    return [], False
                leased = leases.lease_due(
                    *(connection, config, configured, now, limit),
                    everything=everything,
                    not_since=not_since,
                    shared=database.shared,
                )
                return leased, articles.are_overdue(connection, now)

        leased, overdue = database.again(lease)
        if overdue:
            with database.write() as connection:
                articles.release(connection, now)
        return leased

    def next_due(
        self, now: datetime, /, *, everything: bool = False, not_since: datetime | None = None
    ) -> datetime | None:
        with self._database.read() as connection:
            return leases.next_due(
                *(connection, self._remembered.config, now),
                everything=everything,
                not_since=not_since,
                shared=self._database.shared,
            )

    def lease_push(self, source: Url, topic: Url, now: datetime, /) -> Lease | None:
        configured = self._remembered.sources.get(source)
        if configured is None or configured.paused:
            return None
        with self._database.write() as connection:
            return leases.lease_push(connection, configured, topic, now)

    def items(self, source: Url, /) -> Items | None:
        with self._database.read() as connection:
            return items.known(connection, source)

    def known(self, lookup: Lookup, /) -> Known:
        with self._database.read() as connection:
            return judging.known(connection, lookup)

    def commit(self, outcomes: Sequence[PollOutcome], now: datetime, /) -> Sequence[CommitResult]:
        results: dict[int, CommitResult] = {}
        quiet = [place for place, outcome in enumerate(outcomes) if is_quiet(outcome)]
        news = sorted({*range(len(outcomes))} - {*quiet})
        # What may go wrong first: then nothing was written, and each can be committed by itself.
        for places, transaction in ((news, self._database.write), (quiet, self._database.write_rows)):
            if places:
                some = [outcomes[place] for place in places]
                done = self._database.again(partial(self._commit_in, transaction, some, now))
                results.update(zip(places, done, strict=True))
        return [results[place] for place in range(len(outcomes))]

    def _commit_in(
        self,
        transaction: Callable[[], AbstractContextManager[sa.Connection]],
        outcomes: Sequence[PollOutcome],
        now: datetime,
    ) -> Sequence[CommitResult]:
        with transaction() as connection:
            return self._commit_all(connection, outcomes, now)

    def commit_locked(
        self, lookup: Lookup, decide: Callable[[Known], PollOutcome], now: datetime, /
    ) -> CommitResult:
        """Raises `StoreError` where a decision does not fit what it was decided on: a fault of ours."""

        def write() -> tuple[PollOutcome, CommitResult]:
            with self._database.write() as connection:
                outcome = decide(judging.known(connection, lookup))
                [result] = self._commit_all(connection, [outcome], now)
                return outcome, result

        outcome, result = self._database.again(write)
        if isinstance(result, Stale) and result.lease == outcome.lease:
            raise StoreError(
                f"{outcome.lease.source.label}: its posts do not fit the stored ones; report this"
            )
        return result

    def show_waiting(self) -> None:
        """Show the posts that wait for their articles: nobody will run the errands for now."""
        with self._database.write() as connection:
            articles.release(connection, None)

    def give_back(self, lease: Lease, now: datetime, /) -> None:
        def write() -> None:
            with self._database.write_rows() as connection:
                leases.give_back(connection, self._remembered.config, lease, now)

        self._database.again(write)

    def _commit_all(
        self, connection: sa.Connection, outcomes: Sequence[PollOutcome], now: datetime
    ) -> Sequence[CommitResult]:
        ledger = Ledger(connection, self._remembered.config, now)
        rows = _rows(connection, {outcome.lease.source.url for outcome in outcomes})
        results: list[CommitResult] = []
        for outcome in outcomes:
            url = outcome.lease.source.url
            if url in ledger:  # a poll and an errand of one source, or the same poll twice
                ledger.write()
                rows |= _rows(connection, [url])
            results.append(self._commit(connection, ledger, rows.get(url), outcome, now))
        ledger.write()
        return results

    def _commit(
        self,
        connection: sa.Connection,
        ledger: Ledger,
        row: AnyRow | None,
        outcome: PollOutcome,
        now: datetime,
    ) -> CommitResult:
        config, lease = self._remembered.config, outcome.lease
        held = row if row is None or lease.errand is None else errands.held(connection, row.id, lease.errand)
        if row is None or held is None or held.leased_at is None or held.token != lease.token:
            return LeaseLost()
        current = self._remembered.sources.get(lease.source.url)
        if not row.active or current is None:
            leases.give_back(connection, config, lease, now)
            return LeaseLost()
        now_asked = (row.asked, row.definition)
        if now_asked != (sources.asked(current, config.polling), current.definition):
            # Another process has another file in force: it asks this source from now on.
            leases.give_back(connection, config, lease, now)
            return LeaseLost()
        if lease.items is not None and not row.has_items:
            return Stale(replace(lease, source=current, items=None))
        if (
            not lease.compares
            and outcome.verdicts
            and (outcome.categories or bands.wanted(connection))  # what a post makes merges
        ):
            return Stale(replace(lease, source=current, compares=True))
        edited = lease.source is not current and now_asked != (
            sources.asked(lease.source, config.polling),
            lease.source.definition,
        )
        if edited or judging.moved_on(connection, outcome):
            return Stale(replace(lease, source=current))
        try:
            dirty = stories.apply(connection, row.id, outcome, now)
            dirty |= retractions.apply(connection, row.id, outcome, now)
            dirty |= articles.apply(connection, row.id, outcome)
        except stories.Collision:
            return Stale(replace(lease, source=current))
        if lease.errand is not None:
            errands.end(connection, config, held, outcome, now)
        errands.ask(connection, row.id, outcome)
        errands.drop_ended(connection, row.id, lease.errand)
        if lease.errand is not None and (
            any(not isinstance(verdict, Unchanged) for verdict in outcome.verdicts) or outcome.retractions
        ):
            items.forget(connection, row.id)
        ledger.add(row, outcome, dirty)
        return Committed(frozenset(map(Slug, dirty)))

    def _must_hold_the_loops(self) -> None:
        if not self._loops:
            raise StoreError("this store was opened beside the loops: it reads and marks, and polls nothing")
