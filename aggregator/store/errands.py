"""Shell. Errands as rows beside the sources: which wait, which are under way, what came of them.

They share the hosts' slots, gaps and pauses with polls (`leases` hands out both) and are fenced by tokens
of their own. A lease moves `due` on in the same write: a crash in mid-errand asks nothing early.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from aggregator.model import Config, Errand, ErrandStatus, Lease, PollOutcome, Url
from aggregator.store import hosts
from aggregator.store.tables import EPOCH, ERRAND_LEASED, ERRAND_WAITS, AnyRow, errands, sources
from aggregator.store.tables import hosts as host_rows

CUT_SHORT = timedelta(hours=1)
"""When an errand whose end nobody has heard of is due again."""
GIVEN_BACK = timedelta(minutes=1)
"""When one that was cancelled is due again; the host's gap may be longer than that."""
KEPT = timedelta(days=30)
"""How long it is remembered what came of one."""
SHOWN = 10
"""Errands of a source that operators see."""

# Built once: building a statement takes longer than SQLite takes to run it.
_BY_ROW = errands.update().where(errands.c.id == sa.bindparam("row"))
# Locked, where processes share a database: nobody leases it while it is ended, or asked for again.
_NAMED = (
    sa.select(errands)
    .where(
        errands.c.source == sa.bindparam("of"),
        errands.c.kind == sa.bindparam("named"),
        errands.c.url == sa.bindparam("at"),
    )
    .with_for_update()
)
_STILL = (
    sa.select(errands)
    .where(errands.c.id.in_(sa.bindparam("some", expanding=True)), ERRAND_WAITS)
    .with_for_update(skip_locked=True)
)
_WAITING = (
    sa.select(
        sources.c.id,
        sources.c.url,
        sources.c.position,
        sources.c.insist,
        sources.c.skip_hours,
        sources.c.skip_days,
        sources.c.retry_after,
        errands.c.id.label("errand"),
        errands.c.kind,
        errands.c.due.label("next_due"),
        errands.c.host,
        sa.literal(hosts.NONE).label("via"),
        host_rows.c.free_at,
        host_rows.c.paused_until,
        sa.null().label("via_free_at"),
        sa.null().label("via_paused_until"),
    )
    .join_from(errands, sources, sources.c.id == errands.c.source)
    .outerjoin(host_rows, host_rows.c.host == errands.c.host)
    .where(ERRAND_WAITS, sources.c.active.is_(True), sources.c.paused.is_(False), sources.c.gone.is_(False))
    .order_by(errands.c.due, sources.c.position, errands.c.url)
)
_DUE = _WAITING.where(
    errands.c.due <= sa.bindparam("now", type_=errands.c.due.type),
    sa.or_(sources.c.retry_after.is_(None), sources.c.retry_after <= sa.bindparam("now")),
    sa.or_(
        host_rows.c.host.is_(None),
        sa.and_(host_rows.c.free_at <= sa.bindparam("now"), host_rows.c.paused_until <= sa.bindparam("now")),
    ),
)


def waiting(connection: sa.Connection) -> Sequence[AnyRow]:
    """Every errand that may be leased some time, earliest due first, in the columns of lease candidates."""
    return connection.execute(_WAITING).all()


def due(connection: sa.Connection, now: datetime) -> Sequence[AnyRow]:
    """Of those, the ones that are due, whose host waits for nothing, and whose source has not said later."""
    return connection.execute(_DUE, {"now": now}).all()


def take(connection: sa.Connection, rows: Sequence[int], now: datetime) -> Mapping[int, tuple[int, Errand]]:
    """Lease these, but for what somebody else has by now; their tokens, and the errands as they were due."""
    there = {row.id: row for row in connection.execute(_STILL, {"some": rows})} if rows else {}
    if there:
        connection.execute(
            _BY_ROW,
            [
                {"row": row, "token": of.token + 1, "leased_at": now, "due": now + CUT_SHORT}
                for row, of in there.items()
            ],
        )
    return {row: (of.token + 1, _errand(of)) for row, of in there.items()}


def push(connection: sa.Connection, source: int, errand: Errand, now: datetime) -> int | None:
    """Lease an errand that has no host and is never due; its token, or None where it is under way."""
    row = held(connection, source, errand)
    if row is None:
        values = _name_of(source, errand) | {"host": hosts.NONE, "due": now, "pages": 0, "attempts": 0}
        values |= {"token": 1, "leased_at": now, "ended": now, "result": ""}
        connection.execute(errands.insert(), values)
        return 1
    if row.leased_at is not None:
        return None
    values = {"row": row.id, "token": row.token + 1, "leased_at": now, "due": now, "ended": now}
    connection.execute(_BY_ROW, values)
    return int(row.token) + 1


def held(connection: sa.Connection, source: int, errand: Errand) -> AnyRow | None:
    """The row of an errand of a source (row id)."""
    return connection.execute(_NAMED, _name(source, errand)).one_or_none()


def end(connection: sa.Connection, config: Config, row: AnyRow, outcome: PollOutcome, now: datetime) -> None:
    """End an errand with what came of it."""
    values = {"row": row.id, "leased_at": None, "ended": now, "result": outcome.result}
    connection.execute(_BY_ROW, values)
    hosts.pace(connection, [row.host], now, config.polling.per_host_gap)


def ask(connection: sa.Connection, source: int, outcome: PollOutcome) -> None:
    """Let the errands that an outcome asks for be run: each from its time on, one that is there anew.

    One that waits is not run sooner than it would have been (a server may have asked for that), and goes on
    to fill the larger of both holes. One that is under way is left alone.
    """
    own = outcome.lease.errand
    for errand in outcome.errands:
        row = held(connection, source, errand)
        again = own is not None and (own.kind, own.url) == (errand.kind, errand.url)
        values = {
            "due": errand.due,
            "since": errand.since,
            "pages": errand.pages,
            "attempts": errand.attempts,
            "post": errand.post,
            "result": outcome.result if again else "",
            "ended": None,
        }
        if row is None:
            connection.execute(
                errands.insert(),
                values
                | {
                    "source": source,
                    "kind": errand.kind,
                    "url": errand.url,
                    "host": hosts.host_of(errand.url),
                    "token": 0,
                },
            )
        elif row.leased_at is None:
            if row.ended is None:
                values["due"] = max(row.due, errand.due)
                values["since"] = errand.since and row.since and min(row.since, errand.since)
                values["pages"] = max(row.pages, errand.pages)
            connection.execute(_BY_ROW, values | {"row": row.id})


def give_back(connection: sa.Connection, config: Config, lease: Lease, errand: Errand, now: datetime) -> None:
    """End the lease of an errand without an outcome, if it still is one; it is due again soon."""
    source = connection.execute(sa.select(sources.c.id).where(sources.c.url == lease.source.url)).scalar()
    row = None if source is None else held(connection, source, errand)
    if row is None or row.leased_at is None or row.token != lease.token:
        return
    values = {"row": row.id, "leased_at": None, "due": now + GIVEN_BACK}
    connection.execute(_BY_ROW, values)
    hosts.pace(connection, [row.host], now, config.polling.per_host_gap)
    drop_orphans(connection)


def void(connection: sa.Connection, source: int | None = None) -> None:
    """The leases of a former process, or of a source (row id) that was moved, are worth nothing any more."""
    which = ERRAND_LEASED if source is None else sa.and_(ERRAND_LEASED, errands.c.source == source)
    connection.execute(errands.update().where(which).values(leased_at=None))
    drop_orphans(connection)


def drop_ended(connection: sa.Connection, source: int, errand: Errand | None) -> None:
    """Forget an errand for an article once it is over: what came of it is with its post."""
    if errand is not None and errand.post is not None:
        over = errands.c.source == source, errands.c.kind == errand.kind, errands.c.url == errand.url
        connection.execute(errands.delete().where(*over, errands.c.ended.is_not(None)))


def drop_orphans(connection: sa.Connection) -> None:
    """Errands go with their source; those under way when they have ended, since their host is still busy."""
    removed = sa.select(sources.c.id).where(sources.c.active.is_(False))
    connection.execute(errands.delete().where(errands.c.leased_at.is_(None), errands.c.source.in_(removed)))


def forget(connection: sa.Connection, now: datetime) -> None:
    """Drop those that ended long ago."""
    connection.execute(errands.delete().where(errands.c.ended < now - KEPT))


def of_sources(connection: sa.Connection) -> Mapping[int, tuple[ErrandStatus, ...]]:
    """What operators see, by source (row id): those that wait, earliest first, then the newest that ended."""
    found: defaultdict[int, list[ErrandStatus]] = defaultdict(list)
    for row in connection.execute(sa.select(errands)):
        found[row.source].append(ErrandStatus(_errand(row), row.result, row.ended))
    return {source: shown(every) for source, every in found.items()}


def shown(every: Iterable[ErrandStatus]) -> tuple[ErrandStatus, ...]:
    """Of the errands of one source, those that operators see, in their order."""

    def order(status: ErrandStatus) -> tuple[Any, ...]:
        newest_first = (status.ended or EPOCH) - EPOCH
        return status.ended is not None, -newest_first, status.errand.due, status.errand.url

    return tuple(sorted(every, key=order)[:SHOWN])


def _name_of(source: int, errand: Errand) -> dict[str, object]:
    return {"source": source, "kind": errand.kind, "url": errand.url}


def _name(source: int, errand: Errand) -> dict[str, object]:
    return {"of": source, "named": errand.kind, "at": errand.url}


def _errand(row: AnyRow) -> Errand:
    return Errand(row.kind, Url(row.url), row.due, row.since, row.pages, row.attempts, row.post)
