"""Shell. Who may be polled now: due times, floors, and the slots, gaps and pauses of hosts.

All of it is rows, so it holds over restarts. A lease moves `next_due` to the floor in the same write: a
crash in mid-poll polls nothing early. Slots in use are counted from the leases themselves. Sources of
`file:` have no host to be polite to: no slots, no gap.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter

from aggregator.model import Config, Lease, Memory, PollOutcome, Source, UnreadEntry
from aggregator.store.tables import EPOCH, LEASABLE, LEASED, AnyRow, Moment, hosts, sources

MEMORY = TypeAdapter(Memory)
UNREAD = TypeAdapter(tuple[UnreadEntry, ...])
FILES = ""  # Source.host of files

# Built once: building a statement takes longer than SQLite takes to run it.
_BY_ROW = sources.update().where(sources.c.id == sa.bindparam("row"))
_HOST = sa.select(hosts).where(hosts.c.host == sa.bindparam("name"))
_HOST_AGAIN = hosts.update().where(hosts.c.host == sa.bindparam("name"))
_HOST_FIRST = hosts.insert().values(host=sa.bindparam("name"))


def lease_due(
    connection: sa.Connection,
    config: Config,
    configured: Mapping[str, Source],
    now: datetime,
    limit: int,
    *,
    everything: bool = False,
    not_since: datetime | None = None,
) -> list[Lease]:
    """At most `limit` leases of `configured` sources, earliest due first; see `ports.PollStore.lease_due`."""
    if limit <= 0:
        return []
    per_host, gap = config.polling.per_host, config.polling.per_host_gap
    in_use = _in_use(connection)
    chosen: dict[int, Source] = {}
    query = _candidates(not_since).where(
        _ready(now, everything),
        sa.or_(hosts.c.host.is_(None), sa.and_(hosts.c.free_at <= now, hosts.c.paused_until <= now)),
    )
    with connection.execute(query) as rows:
        for row in rows:
            source = configured.get(row.url)
            if source is None or in_use[row.host] >= per_host:
                continue
            if row.host != FILES:
                # After one exchange has begun, the next waits for the gap, however many slots are free.
                in_use[row.host] = per_host if gap else in_use[row.host] + 1
            chosen[row.id] = source
            if len(chosen) == limit:
                break
    return _take(connection, config, chosen, now)


def next_due(
    connection: sa.Connection,
    config: Config,
    now: datetime,
    *,
    everything: bool = False,
    not_since: datetime | None = None,
) -> datetime | None:
    """When `lease_due` may give more, `now` at the earliest; see `ports.PollStore.next_due`."""
    in_use = _in_use(connection)
    best: datetime | None = None
    with connection.execute(_candidates(not_since)) as rows:
        for row in rows:
            if best is not None and row.next_due >= best and not everything:
                break  # they come in this order, and hosts only add to it
            at = row.next_due
            if everything:
                allowed = max(row.started + row.floor if row.started else EPOCH, row.not_before or EPOCH)
                at = min(at, allowed)
            at = max(at, row.free_at or EPOCH, row.paused_until or EPOCH, now)
            if at == now and in_use[row.host] >= config.polling.per_host:
                continue  # whoever gives the slot back will ask again
            if best is None or at < best:
                best = at
    return best


def give_back(connection: sa.Connection, config: Config, lease: Lease, now: datetime) -> None:
    """End a lease without an outcome, if it still is one."""
    ended = connection.execute(
        sources.update()
        .where(sources.c.url == lease.source.url, sources.c.token == lease.token, LEASED)
        .values(leased_at=None)
    )
    if ended.rowcount:
        free_host(connection, config, lease.source.host, now)


def end(connection: sa.Connection, config: Config, row: AnyRow, outcome: PollOutcome, now: datetime) -> None:
    """End a lease with what its poll learnt of the source (`row` of sources) and of its host."""
    memory = outcome.memory
    values = {
        "row": row.id,
        "leased_at": None,
        "next_due": outcome.due.at,
        "due_why": json.dumps(outcome.due.why),
        "not_before": memory.not_before,
        "gone": memory.gone,
        "memory": MEMORY.dump_json(memory).decode(),
    }
    if outcome.unread is not None:
        values["unread"] = UNREAD.dump_json(outcome.unread).decode()
    connection.execute(_BY_ROW, values)
    free_host(connection, config, row.host, now, outcome.pause_host_until)


def free_host(
    connection: sa.Connection,
    config: Config,
    host: str,
    now: datetime,
    paused_until: datetime | None = None,
) -> None:
    """An exchange with a host ended (or begins): the next one waits for the gap, and for its own word."""
    gap = config.polling.per_host_gap
    if host == FILES or (not gap and paused_until is None):
        return
    there = connection.execute(_HOST, {"name": host}).one_or_none()
    values = {
        "name": host,
        "free_at": max(there.free_at if there else EPOCH, now + gap),
        "paused_until": max(there.paused_until if there else EPOCH, paused_until or EPOCH),
    }
    if there:
        connection.execute(_HOST_AGAIN, values)
    else:
        connection.execute(_HOST_FIRST, values)


def void(connection: sa.Connection) -> None:
    """The leases of a former process are worth nothing any more; their floors, gaps and pauses stay."""
    connection.execute(sources.update().where(LEASED).values(leased_at=None))


def forget_hosts(connection: sa.Connection, now: datetime) -> None:
    """Drop the rows of hosts that nothing waits for."""
    connection.execute(hosts.delete().where(hosts.c.free_at <= now, hosts.c.paused_until <= now))


def _in_use(connection: sa.Connection) -> Counter[str]:
    query = sa.select(sources.c.host, sa.func.count().label("leased")).where(LEASED, sources.c.host != FILES)
    rows = connection.execute(query.group_by(sources.c.host)).all()
    return Counter({row.host: row.leased for row in rows})


def _candidates(not_since: datetime | None) -> sa.Select[*tuple[Any, ...]]:
    """Sources that may be leased some time, earliest due first, with what their hosts wait for."""
    query = (
        sa.select(
            sources.c.id,
            sources.c.url,
            sources.c.host,
            sources.c.next_due,
            sources.c.started,
            sources.c.floor,
            sources.c.not_before,
            hosts.c.free_at,
            hosts.c.paused_until,
        )
        .outerjoin(hosts, hosts.c.host == sources.c.host)
        .where(LEASABLE)
        .order_by(sources.c.next_due, sources.c.position)
    )
    if not_since is None:
        return query
    return query.where(sa.or_(sources.c.started.is_(None), sources.c.started < not_since))


def _ready(now: datetime, everything: bool) -> sa.ColumnElement[bool]:
    due = sources.c.next_due <= now
    if not everything:
        return due
    # Arithmetic on the stored integers; the sum is a moment again.
    started, span = (sa.type_coerce(c, sa.BigInteger) for c in (sources.c.started, sources.c.floor))
    floor = sa.or_(sources.c.started.is_(None), sa.type_coerce(started + span, Moment) <= now)
    word = sa.or_(sources.c.not_before.is_(None), sources.c.not_before <= now)
    return sa.or_(due, sa.and_(floor, word))


def _take(connection: sa.Connection, config: Config, chosen: dict[int, Source], now: datetime) -> list[Lease]:
    if not chosen:
        return []
    rows: dict[int, AnyRow] = {}
    ids = list(chosen)
    for start in range(0, len(ids), 500):
        query = sa.select(
            sources.c.id,
            sources.c.token,
            sources.c.floor,
            sources.c.memory,
            sources.c.added,
            sources.c.first_url,
        ).where(sources.c.id.in_(ids[start : start + 500]))
        rows.update({row.id: row for row in connection.execute(query)})
    connection.execute(
        _BY_ROW,
        [
            {
                "row": row,
                "token": rows[row].token + 1,
                "leased_at": now,
                "started": now,
                "next_due": now + rows[row].floor,
                "due_why": json.dumps(["its floor, since its poll has begun"]),
            }
            for row in chosen
        ],
    )
    for host in sorted({source.host for source in chosen.values()}):
        free_host(connection, config, host, now)
    return [
        Lease(
            source,
            rows[row].token + 1,
            MEMORY.validate_json(rows[row].memory),
            rows[row].added,
            rows[row].first_url,
        )
        for row, source in chosen.items()
    ]
