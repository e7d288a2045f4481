"""Shell. The articles of posts: who waits for one, what came of it, and what sites let robots fetch.

A new post that wants its article is hidden until that has come, for `PATIENCE` at most. What a feed says of a
post is not written here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import sqlalchemy as sa
from pydantic import TypeAdapter

from aggregator.model import Errand, PollOutcome, Post, PostId, Robots, RobotsRule, Url
from aggregator.store import marks, places
from aggregator.store.posts import categories_of, chunks, post_of
from aggregator.store.tables import AWAITS, Moment, posts, sources
from aggregator.store.tables import robots as robots_rows

PATIENCE = timedelta(minutes=10)
"""How long a new post waits for its article at most."""

_RULES = TypeAdapter(tuple[RobotsRule, ...])


def wanted_by(errands: Iterable[Errand]) -> frozenset[PostId]:
    """The posts whose articles some errands are for."""
    return frozenset(errand.post for errand in errands if errand.post is not None)


def hide(connection: sa.Connection, fresh: Iterable[PostId], now: datetime) -> None:
    """Let new posts wait for their articles."""
    for some in chunks(fresh):
        connection.execute(posts.update().where(posts.c.post.in_(some)).values(awaits=now + PATIENCE))


def of_errands(connection: sa.Connection, errands: Iterable[Errand]) -> Mapping[PostId, Post]:
    """The posts of some errands, of those that may be shown by now or when they have their article."""
    found: dict[PostId, Post] = {}
    for some in chunks(wanted_by(errands)):
        rows = connection.execute(
            sa.select(posts, sources.c.url)
            .join(sources, sources.c.id == posts.c.source)
            .where(posts.c.post.in_(some), places.SHOWABLE)
        ).all()
        slugs = categories_of(connection, [row.id for row in rows])
        found |= {PostId(row.post): post_of(row, Url(row.url), slugs.get(row.id, [])) for row in rows}
    return found


def robots_of(connection: sa.Connection, errands: Iterable[Errand], now: datetime) -> Mapping[str, Robots]:
    """What is known by now of the sites of some errands for articles."""
    found: dict[str, Robots] = {}
    for some in chunks({errand.site for errand in errands if errand.post is not None}):
        query = sa.select(robots_rows).where(robots_rows.c.site.in_(some), robots_rows.c.until > now)
        for row in connection.execute(query):
            found[row.site] = Robots(row.site, row.until, _RULES.validate_json(row.rules), row.trouble)
    return found


def apply(connection: sa.Connection, source: int, outcome: PollOutcome) -> set[str]:
    """Write what came of an errand for an article of a source (row id); the slugs whose documents may differ.

    Whether it came or not, its post waits no longer once its page was asked for.
    """
    if outcome.robots is not None:
        _remember(connection, outcome.robots)
    errand, article = outcome.lease.errand, outcome.article
    if errand is None or errand.post is None:
        return set()
    row = connection.execute(
        sa.select(posts.c.id, posts.c.story, posts.c.article, posts.c.awaits).where(
            posts.c.post == errand.post, posts.c.source == source, posts.c.purged.is_(False)
        )
    ).one_or_none()
    if row is None:
        return set()
    comes = (
        outcome.lease.wants == "page" or not outcome.errands or outcome.errands[0].attempts > errand.attempts
    )
    values: dict[str, object] = {"awaits": None} if row.awaits is not None and comes else {}
    if article is not None and article.text != row.article:
        values["article"] = article.text
    seen = bool(values)
    if article is not None:
        values["article_said"] = article.said
    if values:
        connection.execute(posts.update().where(posts.c.id == row.id).values(**values))
    return _placed(connection, {PostId(row.story)}) if seen else set()


_OVERDUE = sa.select(posts.c.id).where(AWAITS, posts.c.awaits <= sa.bindparam("now", type_=Moment)).limit(1)


def are_overdue(connection: sa.Connection, now: datetime) -> bool:
    """Whether some posts have waited long enough for their articles."""
    return connection.execute(_OVERDUE, {"now": now}).first() is not None


def release(connection: sa.Connection, now: datetime | None) -> None:
    """Show the posts that have waited long enough for their articles; without `now`, all that wait."""
    due = AWAITS if now is None else sa.and_(AWAITS, posts.c.awaits <= now)
    rows = connection.execute(sa.select(posts.c.id, posts.c.story).where(due)).all()
    for some in chunks(row.id for row in rows):
        connection.execute(posts.update().where(posts.c.id.in_(some)).values(awaits=None))
    marks.mark(connection, _placed(connection, {PostId(row.story) for row in rows}))


def forget(connection: sa.Connection, now: datetime) -> None:
    """Drop what sites have said and is to be asked again anyway."""
    connection.execute(robots_rows.delete().where(robots_rows.c.until <= now))


def _remember(connection: sa.Connection, robots: Robots) -> None:
    connection.execute(robots_rows.delete().where(robots_rows.c.site == robots.site))
    values = {"site": robots.site, "until": robots.until, "trouble": robots.trouble}
    connection.execute(robots_rows.insert().values(**values, rules=_RULES.dump_json(robots.rules).decode()))


def _placed(connection: sa.Connection, touched: set[PostId]) -> set[str]:
    """Place stories again; the categories that they were or are shown in."""
    before = places.placed_in(connection, touched)
    places.place(connection, touched)
    return before | places.placed_in(connection, touched)
