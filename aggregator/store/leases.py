"""Shell. Who may be polled now: due times, floors, excluded hours, and what the hosts allow.

All of it is rows, so it holds over restarts and for every process on the store. A lease moves `next_due`
on in the same write, to the floor and to what the server asked last time: a crash in mid-poll polls
nothing early. Errands are leased along with polls, from the same slots of the same hosts.
"""

from __future__ import annotations

import heapq
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from typing import Any

import sqlalchemy as sa

from aggregator import schedule
from aggregator.model import Config, Errand, Lease, PollOutcome, Source, Url, replace
from aggregator.store import articles, bands, batches, errands, hosts, memories
from aggregator.store.memories import MEMORY, UNREAD
from aggregator.store.tables import EPOCH, ERRAND_LEASED, LEASABLE, LEASED, AnyRow, Moment, sources
from aggregator.store.tables import errands as errand_rows
from aggregator.store.tables import hosts as host_rows

TIMEOUTS = 10
"""The life of a lease in `polling.timeout`s."""
AHEAD = 250
"""Candidates that are fetched at once where they come over a network."""
BEGUN = "its floor and what its server asked last time, since its poll has begun"
_BEGUN = json.dumps([BEGUN])
_reasons = lru_cache(maxsize=256)(json.dumps)  # of most polls they are the same few

_others = host_rows.alias("others")
# Built once: building a statement takes longer than SQLite takes to run it.
_BY_ROW = sources.update().where(sources.c.id == sa.bindparam("row"))
_LEARNT = sa.select(
    sources.c.id,
    sources.c.token,
    sources.c.not_before,
    sources.c.memory,
    sources.c.added,
    sources.c.first_url,
).where(sources.c.id.in_(sa.bindparam("some", expanding=True)))
# What was locked, edited or leased since it was looked up is nobody's to lease just now.
_STILL = _LEARNT.where(LEASABLE).with_for_update(key_share=True, skip_locked=True)


def lease_due(
    connection: sa.Connection,
    config: Config,
    configured: Mapping[str, Source],
    now: datetime,
    limit: int,
    *,
    everything: bool = False,
    not_since: datetime | None = None,
    shared: bool = False,
) -> list[Lease]:
    """At most `limit` leases of `configured` sources, earliest due first; see `ports.PollStore.lease_due`.

    `shared`: other processes end leases meanwhile, or have died with theirs; none gives any out.
    """
    if limit <= 0:
        return []
    if shared:
        expire(connection, config, now)
    per_host, gap = config.polling.per_host, config.polling.per_host_gap
    # Nobody asks where nothing is due; but where others end exchanges meanwhile, before what is due is looked
    # up: then one that ends in between counts here, or has its gap there.
    in_use: Counter[str] | None = hosts.in_use(connection) if shared else None
    chosen: list[tuple[AnyRow, Source]] = []
    due = _due(everything, not_since is not None)
    with connection.execute(due, {"now": now, "since": not_since}) as polls:
        others = errands.due(connection, now)
        for row in _merged(_by_parts(polls, limit), others) if others else _by_parts(polls, limit):
            in_use = hosts.in_use(connection) if in_use is None else in_use
            source = configured.get(row.url)
            busy = {row.host, row.via} - {hosts.NONE}
            if source is None or _is_excluded(row, now) or _is_busy(row, in_use, per_host):
                continue
            for host in busy:
                # After one exchange has begun, the next waits for the gap, however many slots are free.
                in_use[host] = per_host if gap else in_use[host] + 1
            chosen.append((row, source))
            if len(chosen) == limit:
                break
    return _take(connection, config, chosen, now)


def lease_push(connection: sa.Connection, source: Source, topic: Url, now: datetime) -> Lease | None:
    """A lease for content that has come unasked; see `ports.PollStore.lease_push`."""
    row = connection.execute(
        sa.select(sources).where(sources.c.url == source.url, sources.c.active.is_(True))
    ).one_or_none()
    if row is None:
        return None
    errand = Errand("push", topic, now)
    token = errands.push(connection, row.id, errand, now)
    if token is None:
        return None
    memory = MEMORY.validate_json(row.memory)
    compares = bands.wanted(connection)
    return Lease(source, token, memory, row.added, row.first_url, errand, compares=compares)


def next_due(
    connection: sa.Connection,
    config: Config,
    now: datetime,
    *,
    everything: bool = False,
    not_since: datetime | None = None,
    shared: bool = False,
) -> datetime | None:
    """When `lease_due` may give more, `now` at the earliest; see `ports.PollStore.next_due`."""
    in_use = hosts.in_use(connection, now - lifetime(config) if shared else None)
    per_host = config.polling.per_host
    best: datetime | None = None
    candidates = _candidates(_WAITING, not_since is not None)
    with connection.execute(candidates, {"since": not_since}) as polls:
        for row in polls:
            if best is not None and (best == now or (row.next_due >= best and not everything)):
                break  # they come in this order, and hosts only add to it
            at = row.next_due
            if everything:
                word = row.retry_after if row.insist else row.not_before
                passed = row.started + max(row.floor, row.rest) if row.started else EPOCH
                at = min(at, max(passed, word or EPOCH))
            best = _sooner(best, row, at, now, in_use, per_host)
    for row in errands.waiting(connection):
        if best is not None and row.next_due >= best:
            break
        at = max(row.next_due, row.retry_after or EPOCH)
        best = _sooner(best, row, at, now, in_use, per_host)
    return best


def give_back(connection: sa.Connection, config: Config, lease: Lease, now: datetime) -> None:
    """End a lease without an outcome, if it still is one."""
    if lease.errand is not None:
        errands.give_back(connection, config, lease, lease.errand, now)
        return
    row = connection.execute(
        sources.update()
        .where(sources.c.url == lease.source.url, sources.c.token == lease.token, LEASED)
        .values(leased_at=None)
        .returning(sources.c.host, sources.c.via)
    ).one_or_none()
    if row is not None:
        hosts.pace(connection, row, now, config.polling.per_host_gap)


def end(
    connection: sa.Connection, config: Config, ended: Iterable[tuple[AnyRow, PollOutcome]], now: datetime
) -> None:
    """End leases with what their polls learnt of each source (`row` of sources) and of its hosts."""
    read: list[dict[str, Any]] = []
    unread: list[dict[str, Any]] = []  # nothing, so what the last body left unread stays
    busy: set[str] = set()
    for row, outcome in ended:
        learnt = memories.columns(outcome.lease.source.url, outcome.memory)
        values = learnt | {
            "row": row.id,
            "rest": schedule.rest(outcome.lease.source, outcome.memory),
            "leased_at": None,
            "next_due": outcome.due.at,
            "due_why": _reasons(outcome.due.why),
        }
        if outcome.unread is None:
            unread.append(values)
        else:
            read.append(values | {"unread": UNREAD.dump_json(outcome.unread).decode()})
        # Where redirects led this time is known only now; that host has been busy too.
        busy.update((row.host, row.via, learnt["host"], learnt["via"]))
    for rows in (unread, read):
        batches.write(connection, _BY_ROW, rows)
    hosts.pace(connection, busy, now, config.polling.per_host_gap)


def lifetime(config: Config) -> timedelta:
    """How long a lease is good where processes share a store: none that is alive takes as long to end one.

    An exchange has its timeout; then its body is read, which has its deadlines, and what it says is stored.
    """
    return config.polling.timeout * TIMEOUTS


def expire(connection: sa.Connection, config: Config, now: datetime) -> None:
    """The leases of processes that have died, or lost their network, are worth nothing any more.

    Whoever comes back with one finds that it has lost it. What is being ended just now is left alone.
    """
    life = lifetime(config)
    for table, leased in ((sources, LEASED), (errand_rows, ERRAND_LEASED)):
        # What was leased in the future was leased by a clock that was wrong.
        old = sa.or_(table.c.leased_at < now - life, table.c.leased_at > now + life)
        dead = sa.select(table.c.id).where(leased, old).with_for_update(skip_locked=True)
        connection.execute(table.update().where(table.c.id.in_(dead)).values(leased_at=None))


def void(connection: sa.Connection) -> None:
    """The leases of a former process are worth nothing any more; their floors, gaps and pauses stay."""
    connection.execute(sources.update().where(LEASED).values(leased_at=None))
    errands.void(connection)


# What decides about a candidate whose hosts wait for nothing: no more, since each column of a row takes time.
_ABOUT: tuple[sa.ColumnElement[Any], ...] = (
    sources.c.id,
    sources.c.url,
    sources.c.host,
    sources.c.via,
    sources.c.position,
    sources.c.next_due,
    sources.c.insist,
    sources.c.skip_hours,
    sources.c.skip_days,
    sa.null().label("errand"),
    sa.null().label("kind"),
)
# And what says for how long one waits.
_WAITING: tuple[sa.ColumnElement[Any], ...] = (
    *_ABOUT,
    sources.c.started,
    sources.c.floor,
    sources.c.rest,
    sources.c.not_before,
    sources.c.retry_after,
    host_rows.c.free_at,
    host_rows.c.paused_until,
    _others.c.free_at.label("via_free_at"),
    _others.c.paused_until.label("via_paused_until"),
)


@cache
def _candidates(columns: tuple[sa.ColumnElement[Any], ...], since: bool) -> sa.Select[*tuple[Any, ...]]:
    """Sources that may be leased some time, earliest due first.

    `since`: only those that were not leased at or after the parameter of that name.
    """
    query = (
        sa.select(*columns)
        .select_from(sources)
        .outerjoin(host_rows, host_rows.c.host == sources.c.host)
        .outerjoin(_others, _others.c.host == sources.c.via)
        .where(LEASABLE)
        .order_by(sources.c.next_due, sources.c.position)
        # No more is fetched than is looked at: there may be a million.
        .execution_options(stream_results=True, max_row_buffer=AHEAD)
    )
    if not since:
        return query
    return query.where(sa.or_(sources.c.started.is_(None), sources.c.started < sa.bindparam("since")))


@cache
def _due(everything: bool, since: bool) -> sa.Select[*tuple[Any, ...]]:
    """Those of the candidates whose time has come by the parameter `now`; their hosts wait for nothing."""
    now = sa.bindparam("now", type_=Moment)
    due = sources.c.next_due <= now
    if everything:
        # Arithmetic on the stored integers; the sum is a moment again.
        started, span, rest = (
            sa.type_coerce(c, sa.BigInteger) for c in (sources.c.started, sources.c.floor, sources.c.rest)
        )
        longer = sa.case((rest > span, rest), else_=span)
        floor = sa.or_(sources.c.started.is_(None), sa.type_coerce(started + longer, Moment) <= now)
        said = sa.case((sources.c.insist.is_(True), sources.c.retry_after), else_=sources.c.not_before)
        word = sa.or_(said.is_(None), said <= now)
        due = sa.or_(due, sa.and_(floor, word))
    hosts_wait_for_nothing = (
        sa.or_(host.c.host.is_(None), sa.and_(host.c.free_at <= now, host.c.paused_until <= now))
        for host in (host_rows, _others)
    )
    return _candidates(_ABOUT, since).where(due, *hosts_wait_for_nothing)


def _by_parts(polls: sa.Result[*tuple[Any, ...]], size: int) -> Iterable[AnyRow]:
    """The same rows, fetched so many at a time: quicker than one by one, and no more than are needed."""
    for part in polls.partitions(size):
        yield from part


def _merged(polls: Iterable[AnyRow], others: Sequence[AnyRow]) -> Iterable[AnyRow]:
    """Both by when they are due; polls first, then by their source's place in the file."""
    return heapq.merge(polls, others, key=lambda row: (row.next_due, row.errand is not None, row.position))


def _is_excluded(row: AnyRow, now: datetime) -> bool:
    """Whether it is an hour or day on which the feed does not want to be asked (RSS skipHours, skipDays)."""
    moment = now.astimezone(UTC)
    return not row.insist and bool(row.skip_hours >> moment.hour & 1 or row.skip_days >> moment.weekday() & 1)


def _is_busy(row: AnyRow, in_use: Counter[str], per_host: int) -> bool:
    """Whether a host has no slot for a candidate.

    Articles are fetched one at a time, whatever the file allows: else each would ask for robots.txt.
    """
    most = 1 if row.kind == "article" else per_host
    return any(in_use[host] >= most for host in {row.host, row.via} - {hosts.NONE})


def _sooner(
    best: datetime | None, row: AnyRow, at: datetime, now: datetime, in_use: Counter[str], per_host: int
) -> datetime | None:
    """The earlier of the best so far and when a candidate that is due then may be leased."""
    waits = (row.free_at, row.paused_until, row.via_free_at, row.via_paused_until)
    at = max([at, now, *(moment for moment in waits if moment is not None)])
    if best is not None and at >= best:
        return best
    if row.skip_hours or row.skip_days:
        at = schedule.opens(at, Source(Url(row.url), insist=row.insist), memories.hints(row))
    if at == now and _is_busy(row, in_use, per_host):
        return best  # whoever gives the slot back will ask again
    return at if best is None else min(best, at)


def _looked_up(
    connection: sa.Connection, query: sa.Select[*tuple[Any, ...]], rows: Iterable[int]
) -> dict[int, AnyRow]:
    """What is learnt of some sources, by row id, as far as the query finds them."""
    ids = sorted(set(rows))
    found: dict[int, AnyRow] = {}
    for start in range(0, len(ids), 500):
        found.update({row.id: row for row in connection.execute(query, {"some": ids[start : start + 500]})})
    return found


def _take(
    connection: sa.Connection, config: Config, chosen: Sequence[tuple[AnyRow, Source]], now: datetime
) -> list[Lease]:
    if not chosen:
        return []
    learnt = _looked_up(connection, _STILL, [row.id for row, _ in chosen if row.errand is None])
    ran = errands.take(connection, [row.errand for row, _ in chosen if row.errand is not None], now)
    learnt |= _looked_up(connection, _LEARNT, [row.id for row, _ in chosen if row.errand in ran])
    chosen = [
        (row, source)
        for row, source in chosen
        if (row.id in learnt if row.errand is None else row.errand in ran)
    ]
    running = [errand for _, errand in ran.values()]
    awaited = articles.of_errands(connection, running)
    robots = articles.robots_of(connection, running, now)
    compares = bands.wanted(connection)
    begun: list[dict[str, Any]] = []
    leases: list[Lease] = []
    for row, source in chosen:
        of = learnt[row.id]
        memory = MEMORY.validate_json(of.memory)
        token, errand = (of.token + 1, None) if row.errand is None else ran[row.errand]
        lease = Lease(source, token, memory, of.added, of.first_url, errand, compares=compares)
        if errand is not None and errand.post is not None:
            lease = replace(lease, post=awaited.get(errand.post), robots=robots.get(errand.site))
        leases.append(lease)
        if errand is None:
            at, word = schedule.reserved(source, config.polling, memory, now)
            begun.append(
                {
                    "row": row.id,
                    "token": token,
                    "leased_at": now,
                    "started": now,
                    "next_due": at,
                    "not_before": max((m for m in (word, of.not_before) if m is not None), default=None),
                    "due_why": _BEGUN,
                }
            )
    batches.write(connection, _BY_ROW, begun)
    busy = [host for row, _ in chosen for host in (row.host, row.via)]
    hosts.pace(connection, busy, now, config.polling.per_host_gap)
    return leases
