"""Shell. What hosts are owed: at most so many exchanges at once, a gap between two, and pauses at their word.

Slots in use are counted from what is leased, sources and errands alike, so they cannot drift; gaps and
pauses are rows. An exchange keeps two hosts busy where the one that is asked leads to another. Files have
no host: no slots, no gap.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import lru_cache

import sqlalchemy as sa

from aggregator.model import Source, Url
from aggregator.store import batches
from aggregator.store.dialects import upsert
from aggregator.store.tables import EPOCH, ERRAND_LEASED, LEASED, Moment, errands, hosts, sources

NONE = ""
"""The host of files, and what stands where no other host answers."""

# Built once: building a statement takes longer than SQLite takes to run it.
_HOLD = upsert(
    hosts,
    lambda coming: {
        name: sa.case((coming[name] > hosts.c[name], coming[name]), else_=hosts.c[name])
        for name in ("free_at", "paused_until")
    },
)
_SINCE = sa.bindparam("since", type_=Moment)


def _in_use(
    of_sources: sa.ColumnElement[bool], of_errands: sa.ColumnElement[bool]
) -> sa.CompoundSelect[str, str]:
    return sa.union_all(
        sa.select(sources.c.host, sources.c.via).where(LEASED, of_sources),
        sa.select(errands.c.host, sa.literal(NONE)).where(ERRAND_LEASED, of_errands),
    )


_IN_USE = _in_use(sa.true(), sa.true())
_IN_USE_SINCE = _in_use(sources.c.leased_at >= _SINCE, errands.c.leased_at >= _SINCE)


@lru_cache(maxsize=4096)
def host_of(url: str) -> str:
    """The host that asking for a URL keeps busy, as `Source.host` has it; `NONE` where nothing is asked."""
    if not url:
        return NONE
    try:
        return Source(Url(url)).host
    except ValueError:  # not a URL that can be asked for
        return NONE


def in_use(connection: sa.Connection, since: datetime | None = None) -> Counter[str]:
    """How many exchanges with each host are under way; leases that are older than `since` are void."""
    query = _IN_USE if since is None else _IN_USE_SINCE
    busy: Counter[str] = Counter()
    for host, via in connection.execute(query, {"since": since}).all():
        busy.update({host, via} - {NONE})
    return busy


def pace(connection: sa.Connection, names: Iterable[str], now: datetime, gap: timedelta) -> None:
    """An exchange with these hosts begins or ends: the next one waits for the gap."""
    held = sorted({*names} - {NONE})
    if gap and held:
        rows = [{"host": name, "free_at": now + gap, "paused_until": EPOCH} for name in held]
        batches.write(connection, _HOLD, rows)


def pause(connection: sa.Connection, name: str, until: datetime) -> None:
    """A host wants to be left alone, with all that is asked of it."""
    if name != NONE:
        connection.execute(_HOLD, [{"host": name, "free_at": EPOCH, "paused_until": until}])


def forget(connection: sa.Connection, now: datetime) -> None:
    """Drop the rows of hosts that nothing waits for."""
    connection.execute(hosts.delete().where(hosts.c.free_at <= now, hosts.c.paused_until <= now))
