"""Shell. Archives of categories: which posts are in which, for good, and which wait to be rendered.

Membership is by the id that a post was shown under, is written once, and nothing works it out again: what
leaves a category leaves its archive's document, and returns with it. `placements` repeats the number, so that
what no archive holds is a walk along an index. An archive is marked when a story of it is placed again, and
waits while its mark is above the one that its document was rendered for. How archives are cut is not decided
here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from aggregator.errors import StoreError
from aggregator.model import Archive, Arrival, Claim, PostId, Slug, Uncut
from aggregator.store import categories, marks, places
from aggregator.store.archived import THERE
from aggregator.store.database import Database
from aggregator.store.posts import chunks
from aggregator.store.tables import (
    UNCUT,
    UNSETTLED,
    AnyRow,
    archived,
    archives,
    placements,
    posts,
    scopes,
    stories,
)

_UNCUT = (
    sa.select(
        *(placements.c.shown, placements.c.source, placements.c.held, posts.c.id),
        *(placements.c.story, stories.c.mark),
    )
    .join(posts, posts.c.post == placements.c.shown)
    .join(stories, stories.c.id == placements.c.story)
    .where(placements.c.category == sa.bindparam("of"), UNCUT)
    .order_by(placements.c.published.desc(), placements.c.shown)
)
_DAY = sa.select(scopes.c.cut).where(scopes.c.scope == sa.bindparam("of"))


class Archives:
    """Implements `ports.ArchiveStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def uncut(self, category: Slug, /) -> Uncut:
        with self._database.read() as connection:
            rows = connection.execute(_UNCUT, {"of": category}).all()
            apart = category in categories.keeping(connection)
            day: str | None = connection.execute(_DAY, {"of": category}).scalar_one()
        return Uncut(
            tuple(
                Arrival(PostId(shown), id, source, held, PostId(story), mark, apart)
                for shown, source, held, id, story, mark in rows
            ),
            day,
        )

    def close(self, claim: Claim, cut: Sequence[Sequence[PostId]], day: str, now: datetime, /) -> None:
        category = str(claim.scope)
        with self._database.write() as connection:
            if not marks.holds(connection, claim):
                raise StoreError(f"{category}: another process publishes it by now")
            connection.execute(scopes.update().where(scopes.c.scope == category).values(cut=day))
            highest = sa.select(sa.func.coalesce(sa.func.max(archives.c.number), 0))
            number = connection.execute(highest.where(archives.c.category == category)).scalar_one()
            for ids in cut:
                number += 1
                made = {"mark": 1, "settled": 0, "closed": now, "dropped": False}
                connection.execute(archives.insert().values(category=category, number=number, **made))
                rows = [{"category": category, "shown": shown, "number": number} for shown in ids]
                connection.execute(archived.insert(), rows)
                for some in chunks(ids):
                    there = placements.update().where(placements.c.category == category)
                    connection.execute(there.where(placements.c.shown.in_(some)).values(number=number))

    def newest(self, category: Slug, /) -> int | None:
        with self._database.read() as connection:
            query = sa.select(sa.func.max(archives.c.number)).where(archives.c.category == category, THERE)
            newest: int | None = connection.execute(query).scalar_one()
            return newest

    def fresh(self, category: Slug, limit: int, /) -> Sequence[Archive]:
        new = sa.and_(UNSETTLED, THERE, archives.c.settled == 0, archives.c.category == category)
        return self._archives(new, limit)

    def changed(self, limit: int, after: tuple[str, int], /) -> Sequence[Archive]:
        behind = sa.tuple_(archives.c.category, archives.c.number) > after
        return self._archives(sa.and_(UNSETTLED, THERE, archives.c.settled > 0, behind), limit)

    def dropped(self, limit: int, /) -> Sequence[Archive]:
        return self._archives(sa.and_(UNSETTLED, archives.c.dropped.is_(True)), limit)

    def promise(self, archive: Archive, updated: datetime, /) -> None:
        if archive.updated is None or archive.updated < updated:
            with self._database.write() as connection:
                connection.execute(_row(archive.category, archive.number).values(updated=updated))

    def settle(self, done: Sequence[Archive], /) -> None:
        with self._database.write() as connection:
            for one in done:
                later = _row(one.category, one.number).where(archives.c.settled < one.mark)
                connection.execute(later.values(settled=one.mark))

    def _archives(self, which: sa.ColumnElement[bool], limit: int) -> Sequence[Archive]:
        query = sa.select(archives).where(which).order_by(archives.c.category, archives.c.number).limit(limit)
        with self._database.read() as connection:
            return [_archive(connection, row) for row in connection.execute(query).all()]


def _archive(connection: sa.Connection, row: AnyRow) -> Archive:
    """An archive as it is now, with its stories unless it was dropped."""
    category = Slug(row.category)
    together = sa.and_(archived.c.category == category, archived.c.number == row.number)
    query = sa.select(archived.c.shown).outerjoin(posts, posts.c.post == archived.c.shown).where(together)
    query = query.order_by(posts.c.id.nulls_first(), archived.c.shown)
    members = [PostId(shown) for shown in connection.execute(query).scalars()]
    before = sa.select(sa.func.max(archives.c.number)).where(
        archives.c.category == category, archives.c.number < row.number, THERE
    )
    return Archive(
        category=category,
        number=row.number,
        mark=row.mark,
        previous=connection.execute(before).scalar_one(),
        closed=row.closed,
        updated=row.updated,
        members=tuple(members),
        stories=None
        if row.dropped
        else tuple(story for _, story in places.told(connection, category, members)),
    )


def _row(category: str, number: int) -> sa.Update:
    return archives.update().where(archives.c.category == category, archives.c.number == number)
