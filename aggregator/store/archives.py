"""Shell. Archives of categories: which posts are in which, for good, and which wait to be rendered.

Membership is by the id that a post was shown under, is written once, and nothing works it out again: what
leaves a category leaves its archive's document, and returns with it. `placements` repeats the number, so that
what no archive holds is a walk along an index. An archive is marked when a story of it is placed again, and
waits while its mark is above the one that its document was rendered for. How archives are cut is not decided
here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

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

# Built once: building a statement takes longer than SQLite takes to run it.
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
_CUT = scopes.update().where(scopes.c.scope == sa.bindparam("of")).values(cut=sa.bindparam("on"))
_OF_CATEGORY = archives.c.category == sa.bindparam("of")
_ONE = sa.and_(_OF_CATEGORY, archives.c.number == sa.bindparam("one"))
_HIGHEST = sa.select(sa.func.coalesce(sa.func.max(archives.c.number), 0)).where(_OF_CATEGORY)
_NEWEST = sa.select(sa.func.max(archives.c.number)).where(_OF_CATEGORY, THERE)
_BEFORE = _NEWEST.where(archives.c.number < sa.bindparam("one"))
_MEMBERS = (
    sa.select(archived.c.shown)
    .outerjoin(posts, posts.c.post == archived.c.shown)
    .where(archived.c.category == sa.bindparam("of"), archived.c.number == sa.bindparam("one"))
    .order_by(posts.c.id.nulls_first(), archived.c.shown)
)


def _unsettled(*which: sa.ColumnElement[bool]) -> sa.Select[*tuple[Any, ...]]:
    """Some of those that wait."""
    waiting = sa.select(archives).where(UNSETTLED, *which)
    return waiting.order_by(archives.c.category, archives.c.number).limit(sa.bindparam("most"))


_FRESH = _unsettled(THERE, archives.c.settled == 0, _OF_CATEGORY)
_CHANGED = _unsettled(
    THERE,
    archives.c.settled > 0,
    sa.tuple_(archives.c.category, archives.c.number)
    > sa.tuple_(
        sa.bindparam("after", type_=archives.c.category.type),
        sa.bindparam("behind", type_=archives.c.number.type),
    ),
)
_DROPPED = _unsettled(archives.c.dropped.is_(True))
_PROMISE = archives.update().where(_ONE).values(updated=sa.bindparam("at"))
_SETTLE = (
    archives.update().where(_ONE, archives.c.settled < sa.bindparam("to")).values(settled=sa.bindparam("to"))
)


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
            connection.execute(_CUT, {"of": category, "on": day})
            number = connection.execute(_HIGHEST, {"of": category}).scalar_one()
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
            newest: int | None = connection.execute(_NEWEST, {"of": category}).scalar_one()
            return newest

    def fresh(self, category: Slug, limit: int, /) -> Sequence[Archive]:
        return self._archives(_FRESH, {"of": category, "most": limit})

    def changed(self, limit: int, after: tuple[str, int], /) -> Sequence[Archive]:
        return self._archives(_CHANGED, {"after": after[0], "behind": after[1], "most": limit})

    def dropped(self, limit: int, /) -> Sequence[Archive]:
        return self._archives(_DROPPED, {"most": limit})

    def promise(self, archive: Archive, updated: datetime, /) -> None:
        if archive.updated is None or archive.updated < updated:
            with self._database.write() as connection:
                one = {"of": archive.category, "one": archive.number, "at": updated}
                connection.execute(_PROMISE, one)

    def settle(self, done: Sequence[Archive], /) -> None:
        if not done:
            return
        rows = [{"of": one.category, "one": one.number, "to": one.mark} for one in done]
        with self._database.write() as connection:
            connection.execute(_SETTLE, rows)

    def _archives(self, which: sa.Select[*tuple[Any, ...]], given: Mapping[str, object]) -> Sequence[Archive]:
        with self._database.read() as connection:
            return [_archive(connection, row) for row in connection.execute(which, given).all()]


def _archive(connection: sa.Connection, row: AnyRow) -> Archive:
    """An archive as it is now, with its stories unless it was dropped."""
    category = Slug(row.category)
    one = {"of": category, "one": row.number}
    members = [PostId(shown) for shown in connection.execute(_MEMBERS, one).scalars()]
    return Archive(
        category=category,
        number=row.number,
        mark=row.mark,
        previous=connection.execute(_BEFORE, one).scalar_one(),
        closed=row.closed,
        updated=row.updated,
        members=tuple(members),
        stories=None
        if row.dropped
        else tuple(story for _, story in places.told(connection, category, members)),
    )
