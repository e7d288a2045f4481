"""Shell. What becomes of archives when posts change: marked with their stories, dropped when all are due.

Works on a connection, as the rest of a write does. How an archive is rendered is not known here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias

import sqlalchemy as sa

from aggregator.model import PostId
from aggregator.store.posts import SOME, chunks
from aggregator.store.tables import archived, archives, placements, posts

Numbered: TypeAlias = tuple[str, int]
"""The category of an archive, and its number."""
THERE = archives.c.dropped.is_(False)

# Built once: building a statement takes longer than SQLite takes to run it.
_OF_STORIES = (
    sa.select(archived.c.category, archived.c.shown, archived.c.number)
    .select_from(posts.join(archived, archived.c.shown == posts.c.post))
    .where(posts.c.story.in_(SOME))
)
_MARK = (
    archives.update()
    .where(archives.c.category == sa.bindparam("of"), archives.c.number == sa.bindparam("one"))
    .values(mark=archives.c.mark + 1)
)


def touch(connection: sa.Connection, stories: Sequence[PostId]) -> Mapping[tuple[str, str], int]:
    """Mark the archives that hold something of a few stories; their numbers, by category and id."""
    rows = connection.execute(_OF_STORIES, {"some": stories}).all()
    if rows:
        _mark(connection, {(row.category, row.number) for row in rows})
    return {(row.category, row.shown): row.number for row in rows}


def touch_shown(connection: sa.Connection, ids: Iterable[PostId]) -> None:
    """Mark the archives that hold one of some ids, which no post may have any more."""
    for some in chunks(ids):
        query = sa.select(archived.c.category, archived.c.number).where(archived.c.shown.in_(some))
        if rows := connection.execute(query.distinct()).all():
            _mark(connection, {(row.category, row.number) for row in rows})


def touch_categories(connection: sa.Connection, slugs: Iterable[str]) -> None:
    """Mark the archives that have the title of one of some categories: its own, and those of its posts."""
    for some in chunks(slugs, 2):
        shown = sa.select(placements.c.story).where(placements.c.category.in_(some))
        holding = (
            sa.select(archived.c.category, archived.c.number)
            .select_from(posts.join(archived, archived.c.shown == posts.c.post))
            .where(posts.c.story.in_(shown))
        )
        named = sa.or_(
            archives.c.category.in_(some), sa.tuple_(archives.c.category, archives.c.number).in_(holding)
        )
        connection.execute(archives.update().where(named, THERE).values(mark=archives.c.mark + 1))


def due(connection: sa.Connection, before: datetime) -> dict[Numbered, set[PostId]]:
    """The archives whose stories have no member that was first seen later; and those stories.

    One of which nothing but tombstones is left stays.
    """
    member = posts.alias("member")
    together = sa.and_(archived.c.category == archives.c.category, archived.c.number == archives.c.number)
    shown = archived.join(posts, posts.c.post == archived.c.shown)
    younger = (
        sa.exists()
        .select_from(shown.join(member, member.c.story == posts.c.story))
        .where(together, member.c.first_seen >= before, member.c.purged.is_(False))
    )
    old = sa.select(archives.c.category, archives.c.number).where(THERE, ~younger)
    found: dict[Numbered, set[PostId]] = {}
    for category, number in connection.execute(old).all():
        one = sa.and_(archived.c.category == category, archived.c.number == number)
        query = sa.select(posts.c.story).select_from(shown).where(one)
        if stories := set(connection.execute(query).scalars()):
            found[category, number] = {PostId(story) for story in stories}
    return found


def drop(connection: sa.Connection, numbered: Iterable[Numbered]) -> set[str]:
    """Let archives go; the categories whose subscription document has another one before it by that.

    The archive that came after one, and names it, is marked.
    """
    dirty: set[str] = set()
    for category, number in numbered:
        one = sa.and_(archives.c.category == category, archives.c.number == number)
        connection.execute(archives.update().where(one).values(dropped=True, mark=archives.c.mark + 1))
        after = sa.select(sa.func.min(archives.c.number)).where(
            archives.c.category == category, archives.c.number > number, THERE
        )
        following = connection.execute(after).scalar_one()
        if following is None:
            dirty.add(category)
        else:
            _mark(connection, [(category, following)])
    return dirty


def forget(connection: sa.Connection, stories: Iterable[PostId]) -> None:
    """Stories that have lost their content with their archive: what may still join them is an arrival."""
    gone = sa.exists().where(
        archives.c.category == archived.c.category,
        archives.c.number == archived.c.number,
        archives.c.dropped,
    )
    for some in chunks(stories):
        of_them = archived.c.shown.in_(sa.select(posts.c.post).where(posts.c.story.in_(some)))
        connection.execute(archived.delete().where(of_them, gone))


def _mark(connection: sa.Connection, numbered: Iterable[Numbered]) -> None:
    rows: list[dict[str, Any]] = [{"of": category, "one": number} for category, number in sorted(numbered)]
    connection.execute(_MARK, rows)
