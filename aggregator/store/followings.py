"""Shell. What we follow: one row for each source whose hub is to push, or is not to any more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import cast

import sqlalchemy as sa

from aggregator.model import Following, Mode, Url
from aggregator.store.database import Database
from aggregator.store.memories import MEMORY
from aggregator.store.tables import AnyRow, followings, sources

CUT_SHORT = timedelta(minutes=1)
"""When a hub is asked again whose answer nobody has heard."""

# Few sources have a hub, and to read the memories of ten thousand takes half a second. Within a text of JSON
# quotes have backslashes, so that this is found nowhere else.
_OFFERED = sa.select(sources.c.url, sources.c.memory).where(
    sources.c.active.is_(True),
    sources.c.memory.contains('"hub":"'),
    sa.not_(sources.c.memory.contains('"hub":""')),
)


class HubFollowings:
    """Implements `ports.Followings`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def want(self, following: Following, now: datetime, /) -> None:
        this = followings.c.source == following.source
        with self._database.write() as connection:
            row = connection.execute(sa.select(followings).where(this)).one_or_none()
            if row is not None and _same(_following(row), following):
                return
            connection.execute(followings.delete().where(this))
            connection.execute(
                followings.insert().values(
                    source=following.source,
                    hub=following.hub,
                    topic=following.topic,
                    token=following.token,
                    secret=following.secret,
                    mode=following.mode,
                    due=now,
                    expires=None,
                    failures=0,
                )
            )

    def end(self, source: Url, now: datetime, /) -> None:
        this = sa.and_(followings.c.source == source, followings.c.mode == "subscribe")
        with self._database.write() as connection:
            connection.execute(
                followings.update().where(this).values(mode="unsubscribe", due=now, failures=0)
            )

    def drop(self, following: Following, /) -> None:
        with self._database.write() as connection:
            connection.execute(followings.delete().where(_this(following)))

    def due(self, now: datetime, limit: int, /) -> Sequence[Following]:
        query = (
            sa.select(followings)
            .where(followings.c.due <= now)
            .order_by(followings.c.due, followings.c.source)
            .limit(limit)
        )
        with self._database.read() as connection:  # most looks find nothing: no need to wait for writers
            if connection.execute(query.limit(1)).first() is None:
                return []
        with self._database.write() as connection:
            rows = connection.execute(query).all()
            found = [_following(row) for row in rows]
            put_off = followings.update().where(followings.c.source.in_([one.source for one in found]))
            connection.execute(put_off.values(due=now + CUT_SHORT))
        return found

    def asked(self, following: Following, again: datetime, /) -> None:
        failures = followings.c.failures + 1
        with self._database.write() as connection:
            connection.execute(
                followings.update()
                .where(
                    _this(following),
                    followings.c.expires.is_not_distinct_from(following.expires),
                    followings.c.failures == following.failures,
                )
                .values(due=again, failures=failures)
            )

    def confirmed(self, following: Following, expires: datetime, renew: datetime, /) -> None:
        with self._database.write() as connection:
            connection.execute(
                followings.update().where(_this(following)).values(expires=expires, due=renew, failures=0)
            )

    def find(self, token: str, /) -> Following | None:
        query = sa.select(followings).where(followings.c.token == token)
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _following(row)

    def every(self) -> Sequence[Following]:
        with self._database.read() as connection:
            rows = connection.execute(sa.select(followings).order_by(followings.c.source)).all()
        return [_following(row) for row in rows]

    def offered(self) -> Mapping[Url, tuple[str, str]]:
        with self._database.read() as connection:
            rows = connection.execute(_OFFERED).all()
        memories = ((Url(row.url), MEMORY.validate_json(row.memory)) for row in rows)
        return {url: (memory.hub, memory.topic) for url, memory in memories}


def _this(following: Following) -> sa.ColumnElement[bool]:
    """The row, as long as it still is about the same: who left and came back has another token."""
    return sa.and_(followings.c.token == following.token, followings.c.mode == following.mode)


def _same(one: Following, other: Following) -> bool:
    return (one.hub, one.topic, one.mode) == (other.hub, other.topic, other.mode)


def _following(row: AnyRow) -> Following:
    return Following(
        source=Url(row.source),
        hub=row.hub,
        topic=row.topic,
        token=row.token,
        secret=row.secret,
        mode=cast("Mode", row.mode),
        expires=row.expires,
        failures=row.failures,
    )
