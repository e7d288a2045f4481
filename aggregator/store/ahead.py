"""Shell. What was written while this machine's clock was ahead, once it has been set back.

Moments counted from a wrong time would keep a source unasked for as long as the clock was wrong, which may
be years. They are moved back by as much as the clock was ahead when the source was last asked, and `status`
says so. Nothing else is repaired here: dates that were shown stay.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import sqlalchemy as sa

from aggregator.schedule import LONGEST_WORD
from aggregator.store.tables import Moment, errands, hosts, sources

SLACK = timedelta(minutes=1)
"""How far a clock may be set back by without anything being moved: NTP does that all the time."""
WHY = "the clock was ahead when it was last asked, and has been set back"

_NOW = sa.bindparam("now", type_=Moment)
_AHEAD = sa.type_coerce(sources.c.started, sa.BigInteger) - sa.type_coerce(_NOW, sa.BigInteger)


def set_back(connection: sa.Connection, now: datetime) -> int:
    """Move back what counts from a time that has not come yet; how many sources that were."""

    def earlier(column: sa.Column[datetime]) -> sa.ColumnElement[datetime]:
        return sa.type_coerce(sa.type_coerce(column, sa.BigInteger) - _AHEAD, Moment)

    moved: int = connection.execute(
        sources.update()
        .where(sources.c.started > sa.bindparam("slack", type_=Moment))
        .values(
            next_due=earlier(sources.c.next_due),
            not_before=earlier(sources.c.not_before),
            retry_after=earlier(sources.c.retry_after),
            started=_NOW,
            due_why=json.dumps([WHY]),
        ),
        {"now": now, "slack": now + SLACK},
    ).rowcount
    waiting = sources.update().where(sources.c.started.is_(None), sources.c.next_due > now + SLACK)
    moved += connection.execute(waiting.values(next_due=now)).rowcount  # added then, and asked never
    # An errand, and a host's pause, begin with an exchange and wait for no more than a server can ask for.
    latest = now + LONGEST_WORD + SLACK
    connection.execute(errands.update().where(errands.c.due > latest).values(due=now))
    connection.execute(hosts.delete().where(sa.or_(hosts.c.free_at > latest, hosts.c.paused_until > latest)))
    return moved
