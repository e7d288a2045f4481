"""Shell. `ports.Revisions` on the database: which posts an edit outdates, what becomes of them, retention.

A row remembers the definition of its source that it was last classified under; it is outdated while its
source has another one. What readers see comes first: finding that out takes a walk over the documents, so
the order is worked out for many batches at once, and every batch is looked at again before it is given out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa

from aggregator.model import Config, Known, Lookup, Outdated, Post, PostId, Revision, Slug, Source, Url
from aggregator.store import archived, bands, categories, marks, places
from aggregator.store import posts as post_rows
from aggregator.store.database import Database
from aggregator.store.polls import Remembered
from aggregator.store.tables import (
    KEPT,
    UNCUT,
    AnyRow,
    archives,
    placements,
    post_categories,
    posts,
    scopes,
    sources,
)

PLANNED = 20_000
"""Rows whose order is worked out at once."""
NEWEST_FIRST = 1000
"""Of those that no document shows; the others of a plan come source by source."""

OUTDATED = sa.and_(sources.c.active.is_(True), posts.c.definition != sources.c.definition, KEPT)
_ROWS = (
    sa.select(posts.c.id, posts.c.source, posts.c.published)
    .join(sources, sources.c.id == posts.c.source)
    .where(OUTDATED)
)


class Revisions:
    """Implements `ports.Revisions`."""

    def __init__(self, database: Database, remembered: Remembered) -> None:
        self._database, self._remembered = database, remembered
        self._plan: list[int] = []  # row ids, what comes first last
        self._planned_for: Config | None = None

    def outdated(self, limit: int, /) -> Sequence[Outdated]:
        config, configured = self._remembered.config, self._remembered.sources
        if self._planned_for is not config:
            self._plan, self._planned_for = [], config
        looked = False
        with self._database.read() as connection:
            while True:
                if not self._plan:
                    self._plan = [] if looked else _plan(connection, config)
                    looked = True
                if not self._plan:
                    return []
                rows, self._plan = self._plan[-limit:][::-1], self._plan[:-limit]
                if found := _outdated(connection, rows, configured):
                    return found

    def known(self, lookups: Sequence[Lookup], /) -> Sequence[Known]:
        with self._database.read() as connection:
            return categories.known_to_all(connection, lookups)

    def revise(self, revisions: Sequence[Revision], now: datetime, /) -> int:
        with self._database.write() as connection:
            stored = _still_outdated(connection, revisions)
            dirty: set[str] = set()
            current: list[Post] = []
            for revision in revisions:
                if revision.categories and categories.taken(connection, revision.categories):
                    continue  # they stay outdated, and are looked at again
                posts_of = [post for post in revision.posts if post.id in stored]
                if revision.categories:  # made at once: another source may want the slug for another value
                    named = {slug for post in posts_of for slug in post.categories}
                    made = [c for c in revision.categories if c.slug in named]
                    dirty |= categories.ensure(connection, made, named, now)
                current += posts_of
            named = {slug for post in current for slug in post.categories}
            dirty |= categories.ensure(connection, (), named, now)
            touched = _write(connection, current, stored)
            dirty |= places.placed_in(connection, touched)
            marks.mark(connection, dirty | places.place(connection, touched))
        return len(current)

    def purge(self, before: datetime, limit: int, shown: int, /) -> int:
        with self._database.read() as connection:
            due = _due(connection, self._remembered.config, before, shown)
        if due:
            with self._database.write() as connection:
                dirty = archived.drop(connection, due)
                marks.mark(connection, dirty)
        with self._database.read() as connection:
            found = list(_purgeable(connection, self._remembered.config, before, limit, shown))
        if not found:
            return 0
        with self._database.write() as connection:
            for some in post_rows.chunks(row.id for row in found):
                wiped = posts.update().where(posts.c.id.in_(some))
                connection.execute(wiped.values(purged=True, summary="", content="", article="", awaits=None))
                bands.forget(connection, some)
            places.forget(connection, {PostId(row.story) for row in found})
            archived.forget(connection, {PostId(row.story) for row in found})
        return len(found)


def _plan(connection: sa.Connection, config: Config) -> list[int]:
    """Outdated rows: those in subscription documents, then the others, each newest first; reversed."""
    if not _any(connection):
        return []
    seen: dict[int, datetime] = {}
    cut = _cut(connection, config)
    for scope in connection.execute(sa.select(scopes.c.scope)).scalars().all():
        newest = places.walk(connection, scope, entries(config, scope), config.output.per_source)
        waiting = connection.execute(_WAITING, {"of": scope}).scalars().all() if scope in cut else ()
        for some in post_rows.chunks((*(row.story for row in newest), *waiting)):
            rows = connection.execute(_ROWS.where(posts.c.story.in_(some)))
            seen.update({row.id: row.published for row in rows})
    rest = connection.execute(_ROWS.order_by(posts.c.published.desc()).limit(PLANNED)).all()
    order = sorted(seen, key=lambda row: (seen[row], row), reverse=True)
    others = [row for row in rest if row.id not in seen]
    # Posts of one source are quick to revise together.
    others[NEWEST_FIRST:] = sorted(others[NEWEST_FIRST:], key=lambda row: int(row.source))
    order += [row.id for row in others]
    return order[::-1]


_WAITING = sa.select(placements.c.story).where(placements.c.category == sa.bindparam("of"), UNCUT)


def _cut(connection: sa.Connection, config: Config) -> set[str]:
    """The categories that have archives, so that what is in none is in their document, or waits for one."""
    if "atom" not in config.output.formats:
        return set()
    return set(connection.execute(sa.select(scopes.c.scope).where(scopes.c.cut.is_not(None))).scalars())


def _any(connection: sa.Connection) -> bool:
    """Whether any post is outdated: two looks into an index for each source."""
    other = [
        sa.exists().where(posts.c.source == sources.c.id, KEPT, differs).correlate(sources)
        for differs in (posts.c.definition < sources.c.definition, posts.c.definition > sources.c.definition)
    ]
    query = sa.select(sources.c.id).where(sources.c.active.is_(True), sa.or_(*other)).limit(1)
    return connection.execute(query).first() is not None


def entries(config: Config, scope: str) -> int:
    """How many posts the subscription document of a scope has."""
    own = {category.slug: category.entries for category in config.categories if category.configured}
    return own.get(Slug(scope), config.output.entries)


# Built once: an edit of a rule for all is many revisions, one for each source.
_OUTDATED = (
    sa.select(posts, sources.c.url)
    .join(sources, sources.c.id == posts.c.source)
    .where(posts.c.id.in_(post_rows.SOME_ROWS), OUTDATED)
)
_STILL_OUTDATED = (
    sa.select(posts.c.id, posts.c.post, posts.c.story, sources.c.url, sources.c.definition)
    .join(sources, sources.c.id == posts.c.source)
    .where(posts.c.post.in_(post_rows.SOME), OUTDATED)
)
_REVISED = ("details", "dropped", "republish", "language", "label_digest")
"""Columns that a definition has a say in. Nothing of what the source said: a poll alone writes that."""
_REVISE = (
    posts.update()
    .where(posts.c.id == sa.bindparam("row"))
    .values({name: sa.bindparam(f"new_{name}") for name in (*_REVISED, "definition")})
)
_UNCATEGORIZE = post_categories.delete().where(post_categories.c.post.in_(post_rows.SOME_ROWS))


def _outdated(
    connection: sa.Connection, rows: Sequence[int], configured: Mapping[str, Source]
) -> list[Outdated]:
    """Those of some rows that are outdated still, source by source, in their order."""
    there: dict[int, AnyRow] = {}
    slugs = post_rows.categories_of(connection, rows)
    for some in post_rows.chunks(rows):
        there.update({row.id: row for row in connection.execute(_OUTDATED, {"some": some})})
    found: defaultdict[str, list[Post]] = defaultdict(list)
    for row in (there[id] for id in rows if id in there):
        if row.url in configured:
            found[row.url].append(post_rows.post_of(row, Url(row.url), slugs.get(row.id, [])))
    return [Outdated(configured[url], tuple(some)) for url, some in found.items()]


def _still_outdated(connection: sa.Connection, revisions: Sequence[Revision]) -> dict[PostId, AnyRow]:
    """The rows of those posts that nobody has written since, of sources that are defined so still."""
    revised = {post.id: revision.source for revision in revisions for post in revision.posts}
    stored: dict[PostId, AnyRow] = {}
    for some in post_rows.chunks(revised):
        for row in connection.execute(_STILL_OUTDATED, {"some": some}):
            source = revised[PostId(row.post)]  # its feed may have another one's URL by now
            if (row.url, row.definition) == (source.url, source.definition):
                stored[PostId(row.post)] = row
    return stored


def _write(
    connection: sa.Connection, current: Sequence[Post], stored: Mapping[PostId, AnyRow]
) -> set[PostId]:
    """Write what the definitions of their sources make of posts; their stories."""
    if not current:
        return set()
    rows = {int(stored[post.id].id): post for post in current}
    connection.execute(
        _REVISE,
        [
            {f"new_{name}": value for name, value in post_rows.row_of(post).items() if name in _REVISED}
            | {"row": row, "new_definition": stored[post.id].definition}
            for row, post in rows.items()
        ],
    )
    for some in post_rows.chunks(rows):
        connection.execute(_UNCATEGORIZE, {"some": some})
    post_rows.write_categories(connection, rows)
    return {PostId(stored[post.id].story) for post in current}


def _due(connection: sa.Connection, config: Config, before: datetime, shown: int) -> list[archived.Numbered]:
    """The archives that retention drops: all their stories are due, and none is among the newest there."""
    if "atom" not in config.output.formats:
        return []
    out: dict[str, set[str]] = {}
    found: list[archived.Numbered] = []
    for (category, number), stories in archived.due(connection, before).items():
        if category not in out:
            out[category] = _shown(connection, config, category, shown)
        if not stories & out[category]:
            found.append((category, number))
    return found


def _purgeable(
    connection: sa.Connection, config: Config, before: datetime, limit: int, shown: int
) -> Iterator[AnyRow]:
    """At most so many rows that were first seen before then and are in no document, oldest first.

    A story is due when the last of its members is.
    """
    out: dict[str, set[str]] = {}
    cut = _cut(connection, config)

    def is_shown(place: AnyRow) -> bool:
        """Whether the story of a placement is among the newest of the scope, or in one of its archives."""
        scope = place.category
        if scope in cut and (place.number is None or place.dropped is False):
            return True
        if scope not in out:
            out[scope] = _shown(connection, config, scope, shown)
        return place.story in out[scope]

    in_it = sa.and_(archives.c.category == placements.c.category, archives.c.number == placements.c.number)
    other = posts.alias("other")
    younger = sa.exists().where(
        other.c.story == posts.c.story, other.c.first_seen >= before, other.c.purged.is_(False)
    )
    query = sa.select(posts.c.id, posts.c.story).where(KEPT, posts.c.first_seen < before, ~younger)
    candidates = connection.execute(query.order_by(posts.c.first_seen, posts.c.id))
    for some in candidates.partitions(post_rows.AT_ONCE):
        told = (
            sa.select(placements, archives.c.dropped)
            .outerjoin(archives, in_it)
            .where(placements.c.story.in_({row.story for row in some}))
        )
        kept = {place.story for place in connection.execute(told) if is_shown(place)}
        for row in some:
            if row.story in kept:
                continue
            yield row
            limit -= 1
            if limit == 0:
                return


def _shown(connection: sa.Connection, config: Config, scope: str, least: int) -> set[str]:
    """The stories in the subscription document of a scope, and at least so many of its newest."""
    documents = places.walk(connection, scope, entries(config, scope), config.output.per_source)
    return {row.story for row in (*documents, *places.walk(connection, scope, least, 0))}
