"""Shell. What operators see over time, as rows that are written with the poll that they are about.

A poll costs one statement more: its exchange overwrites the oldest of its source. Events are rare, and the
oldest go when a new one comes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from aggregator.model import Event, Exchange, Merged, PollOutcome, PostId, PostsOfDay, Url
from aggregator.store import batches, places
from aggregator.store.dialects import upsert
from aggregator.store.posts import chunks
from aggregator.store.tables import EPOCH, MICROSECOND, events, exchanges, posts, sources, tellings
from aggregator.store.tables import KEPT as WITH_CONTENT

KEPT = 20
"""Exchanges of a source."""
EVENTS = 200
"""Events of all sources together."""
_DAY = timedelta(days=1) // MICROSECOND

# Built once: building a statement takes longer than SQLite takes to run it.
_OVERWRITE = upsert(exchanges)
_OF_SOURCE = (
    sa.select(exchanges)
    .join(sources, sources.c.id == exchanges.c.source)
    .where(sources.c.url == sa.bindparam("of"))
    .order_by(exchanges.c.at.desc())
)
_EVENTS = (
    sa.select(events, sources.c.url)
    .outerjoin(sources, sources.c.id == events.c.source)
    .order_by(events.c.id.desc())
    .limit(sa.bindparam("most"))
)
_OF_FILE = (
    sa.select(events.c.kind, events.c.result, events.c.detail)
    .where(events.c.source.is_(None))
    .order_by(events.c.id.desc())
    .limit(1)
)
_day = sa.type_coerce(posts.c.published, sa.BigInteger) // sa.literal_column(str(_DAY), sa.BigInteger)
# `posts_classified` leads to a source's posts of a definition by their dates. What is of another definition
# than the source, before it in order or after it, waits for an edit to reach it: little, and not for long.
_DAYS = [
    sa.select(sources.c.url, _day.label("day"), sa.func.count().label("posts"))
    .join(sources, sources.c.id == posts.c.source)
    .where(
        *(WITH_CONTENT, sources.c.url.in_(sa.bindparam("some", expanding=True)), definition),
        posts.c.published >= sa.bindparam("since", type_=posts.c.published.type),
    )
    .group_by(sources.c.url, _day)
    for definition in (
        posts.c.definition == sources.c.definition,
        posts.c.definition < sources.c.definition,
        posts.c.definition > sources.c.definition,
    )
]
_founders = posts.alias("founders")
_theirs = sources.alias("theirs")
_MERGED = (
    sa.select(
        *(posts.c.story, posts.c.post, posts.c.title, posts.c.first_seen, sources.c.url),
        *(tellings.c.joined, tellings.c.similarity),
        _founders.c.title.label("founder_title"),
        _theirs.c.url.label("founder_url"),
    )
    .select_from(tellings)
    .join(posts, posts.c.id == tellings.c.post)
    .join(sources, sources.c.id == posts.c.source)
    .join(_founders, _founders.c.post == posts.c.story)
    .join(_theirs, _theirs.c.id == _founders.c.source)
    .where(places.VISIBLE)
    .order_by(tellings.c.post.desc())
    .limit(sa.bindparam("most"))
)


def note(connection: sa.Connection, outcomes: Iterable[tuple[int, PollOutcome]]) -> None:
    """Write what outcomes add, each with the row id of its source."""
    exchanged: list[dict[str, Any]] = []
    happened: list[dict[str, Any]] = []
    for source, outcome in outcomes:
        one = outcome.exchange
        if one is not None:
            exchanged.append(
                {
                    "source": source,
                    "slot": outcome.lease.token % KEPT,
                    "at": one.at,
                    "status": one.status,
                    "size": one.size,
                    "took": one.took,
                    "said": one.said,
                    "failed": one.failed,
                }
            )
        happened += (_written(event, source) for event in outcome.events)
    batches.write(connection, _OVERWRITE, exchanged)
    if happened:
        _add(connection, happened)


def tell(connection: sa.Connection, event: Event) -> bool:
    """Write what happened to the file, unless that is what was said last; whether it was written.

    So it is told once, however many processes read the file and however often they start. That it is right
    is news only after it was wrong.
    """
    last = connection.execute(_OF_FILE).one_or_none()
    said = ("accepted", "", "") if last is None else (last.kind, last.result, last.detail)
    if said == (event.kind, event.result, event.detail):
        return False
    _add(connection, [_written(event, None)])
    return True


def _written(event: Event, source: int | None) -> dict[str, Any]:
    return {
        "name": event.id,
        "source": source,
        "kind": event.kind,
        "at": event.at,
        "result": event.result,
        "detail": event.detail,
    }


def _add(connection: sa.Connection, happened: Sequence[dict[str, Any]]) -> None:
    connection.execute(events.insert(), happened)
    newest = sa.select(sa.func.max(events.c.id)).scalar_subquery()
    connection.execute(events.delete().where(events.c.id <= newest - EVENTS))


def exchanges_of(connection: sa.Connection, url: Url) -> Sequence[Exchange]:
    """Newest first."""
    return [
        Exchange(row.at, row.status, row.size, row.took, row.said, row.failed)
        for row in connection.execute(_OF_SOURCE, {"of": url})
    ]


def events_of_late(connection: sa.Connection, limit: int) -> Sequence[Event]:
    """Newest first."""
    return [
        Event(row.name, row.url and Url(row.url), row.kind, row.at, row.result, row.detail)
        for row in connection.execute(_EVENTS, {"most": limit})
    ]


def days(connection: sa.Connection, since: date, of: Collection[Url]) -> Sequence[PostsOfDay]:
    """Posts of some sources by the day of their date."""
    start, found = EPOCH + (since - EPOCH.date()), Counter[tuple[Url, int]]()
    for some in chunks(of):
        for query in _DAYS:
            for row in connection.execute(query, {"since": start, "some": some}):
                found[Url(row.url), row.day] += row.posts
    return [PostsOfDay(url, EPOCH.date() + timedelta(days=day), n) for (url, day), n in found.items()]


def merged(connection: sa.Connection, limit: int) -> Sequence[Merged]:
    """Posts that joined a story, in the reverse order of arrival."""
    return [
        Merged(
            story=PostId(row.story),
            id=PostId(row.post),
            title=row.title,
            source=Url(row.url),
            joined=row.joined,
            similarity=row.similarity,
            first_seen=row.first_seen,
            founder_title=row.founder_title,
            founder_source=Url(row.founder_url),
        )
        for row in connection.execute(_MERGED, {"most": limit})
    ]
