"""Shell. What our WebSub hub remembers, as rows: they hold over restarts, and a crash loses no subscriber.

A subscription is due while its topic has a newer version than it has `seen`. What a topic held in the
version that somebody had last is kept, so that the next delivery can leave that out. Handing something out
puts it off in the same write; so that what a crash cut short is tried again, and not at once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import cast

import sqlalchemy as sa

from aggregator.model import Delivered, Delivery, Intent, Mode, Ping, Pinged, Refusal, Topic, Verification
from aggregator.store.database import Database
from aggregator.store.tables import AnyRow, hub_intents, hub_subscriptions, hub_topics, hub_versions
from aggregator.websub import MOST, MOST_PER_HOST, MOST_WAITING

CUT_SHORT = timedelta(minutes=1)
"""When something is tried again whose end nobody has heard of."""
ATTEMPTS = 3
"""How often an intent is given out before it is given up."""

_subscribed = hub_subscriptions.c


class HubSubscriptions:
    """Implements `ports.Subscriptions`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def ask(self, intent: Intent, now: datetime, /) -> Refusal | None:
        with self._database.write() as connection:
            refusal = _refusal(connection, intent)
            if refusal is None:
                _keep(connection, intent, now)
            return refusal

    def intents(self, now: datetime, limit: int, /) -> Sequence[Verification]:
        with self._database.write() as connection:
            given_up = sa.and_(hub_intents.c.attempts >= ATTEMPTS, hub_intents.c.due <= now)
            connection.execute(hub_intents.delete().where(given_up))
            rows = connection.execute(
                sa.select(hub_intents)
                .where(hub_intents.c.due <= now)
                .order_by(hub_intents.c.due, hub_intents.c.id)
                .limit(limit)
            ).all()
            if rows:
                connection.execute(
                    hub_intents.update()
                    .where(hub_intents.c.id.in_([row.id for row in rows]))
                    .values(due=now + CUT_SHORT, attempts=hub_intents.c.attempts + 1)
                )
        return [Verification(row.id, _intent(row)) for row in rows]

    def confirm(self, done: Verification, topic: Topic, items: Mapping[str, str], now: datetime, /) -> None:
        with self._database.write() as connection:
            if not _end(connection, done):
                return
            if done.intent.mode == "unsubscribe":
                this = _of(done.intent.callback, done.intent.path)
                connection.execute(hub_subscriptions.delete().where(this))
            else:
                _subscribe(connection, done.intent, _version(connection, topic, items, now), now)

    def forget(self, done: Verification, /) -> None:
        with self._database.write() as connection:
            _end(connection, done)

    def topics(self) -> Sequence[Topic]:
        wanted = sa.or_(
            hub_topics.c.pinged.is_not(None),
            hub_topics.c.path.in_(sa.select(_subscribed.path)),
        )
        with self._database.read() as connection:
            rows = connection.execute(sa.select(hub_topics).where(wanted).order_by(hub_topics.c.path)).all()
        return [Topic(row.path, row.etag) for row in rows]

    def changed(
        self, topic: Topic, items: Mapping[str, str], now: datetime, /, *, ping: bool = False
    ) -> None:
        with self._database.write() as connection:
            _version(connection, topic, items, now)
            if ping:
                connection.execute(
                    hub_topics.update()
                    .where(hub_topics.c.path == topic.path, hub_topics.c.pinged.is_(None))
                    .values(pinged=0)
                )

    def items(self, path: str, version: int, /) -> Mapping[str, str]:
        query = sa.select(hub_versions.c.held).where(
            hub_versions.c.path == path, hub_versions.c.version == version
        )
        with self._database.read() as connection:
            found = connection.execute(query).scalar_one_or_none()
        return cast("Mapping[str, str]", json.loads(found)) if found else {}

    def deliveries(self, now: datetime, limit: int, /, *, failing: bool) -> Sequence[Delivery]:
        due = sa.and_(
            _subscribed.seen < hub_topics.c.version,
            _subscribed.due <= now,
            _subscribed.expires > now,
            _subscribed.failures > 0 if failing else _subscribed.failures == 0,
        )
        query = (
            sa.select(hub_subscriptions, hub_topics.c.version)
            .join_from(hub_subscriptions, hub_topics, hub_topics.c.path == _subscribed.path)
            .where(due)
            .order_by(_subscribed.due, _subscribed.id)
            .limit(limit)
        )
        with self._database.read() as connection:  # most looks find nothing: no need to wait for writers
            if connection.execute(query.limit(1)).first() is None:
                return []
        with self._database.write() as connection:
            rows = connection.execute(query).all()
            connection.execute(
                hub_subscriptions.update()
                .where(_subscribed.id.in_([row.id for row in rows]))
                .values(due=now + CUT_SHORT)
            )
        return [
            Delivery(
                row=row.id,
                callback=row.callback,
                host=row.host,
                path=row.path,
                secret=row.secret,
                version=row.version,
                delivered=row.delivered,
                failures=row.failures,
            )
            for row in rows
        ]

    def delivered(self, ended: Sequence[Delivered], now: datetime, /) -> None:
        with self._database.write() as connection:
            for one in ended:
                to = one.delivery
                this = sa.and_(_subscribed.id == to.row, _of(to.callback, to.path))
                if one.gone:
                    connection.execute(hub_subscriptions.delete().where(this))
                elif one.again is not None:
                    failed = {"due": one.again, "failures": _subscribed.failures + 1}
                    connection.execute(hub_subscriptions.update().where(this).values(**failed))
                else:
                    had = {"seen": to.version, "delivered": to.version, "failures": 0, "due": now}
                    connection.execute(hub_subscriptions.update().where(this).values(**had))

    def pings(self, now: datetime, limit: int, /) -> Sequence[Ping]:
        due = sa.and_(hub_topics.c.pinged < hub_topics.c.version, hub_topics.c.ping_due <= now)
        query = (
            sa.select(hub_topics).where(due).order_by(hub_topics.c.ping_due, hub_topics.c.path).limit(limit)
        )
        with self._database.read() as connection:
            if connection.execute(query.limit(1)).first() is None:
                return []
        with self._database.write() as connection:
            rows = connection.execute(query).all()
            connection.execute(
                hub_topics.update()
                .where(hub_topics.c.path.in_([row.path for row in rows]))
                .values(ping_due=now + CUT_SHORT)
            )
        return [Ping(row.path, row.version, row.ping_failures) for row in rows]

    def pinged(self, ended: Sequence[Pinged], now: datetime, /) -> None:
        with self._database.write() as connection:
            for one in ended:
                if one.again is None:
                    values = {"pinged": one.ping.version, "ping_failures": 0, "ping_due": now}
                else:
                    values = {"ping_failures": hub_topics.c.ping_failures + 1, "ping_due": one.again}
                connection.execute(
                    hub_topics.update().where(hub_topics.c.path == one.ping.path).values(**values)
                )

    def prune(self, now: datetime, /) -> int:
        with self._database.write() as connection:
            ended = connection.execute(hub_subscriptions.delete().where(_subscribed.expires <= now)).rowcount
            somebodys = sa.exists().where(
                _subscribed.path == hub_versions.c.path, _subscribed.delivered == hub_versions.c.version
            )
            now_there = sa.exists().where(
                hub_topics.c.path == hub_versions.c.path, hub_topics.c.version == hub_versions.c.version
            )
            connection.execute(hub_versions.delete().where(~somebodys, ~now_there))
        return ended


def _intent(row: AnyRow) -> Intent:
    return Intent(cast("Mode", row.mode), row.callback, row.host, row.path, row.lease, row.secret)


def _of(callback: str, path: str) -> sa.ColumnElement[bool]:
    return sa.and_(_subscribed.callback == callback, _subscribed.path == path)


def _refusal(connection: sa.Connection, intent: Intent) -> Refusal | None:
    """Why an intent cannot be kept. Those that wait count as if they were confirmed."""
    waits = sa.and_(hub_intents.c.callback == intent.callback, hub_intents.c.path == intent.path)
    if connection.execute(sa.select(hub_intents.c.id).where(waits)).first() is not None:
        return None
    waiting = _count(connection, hub_intents)
    if waiting >= MOST_WAITING:
        return Refusal(429, "too many requests wait to be verified; try again in a minute")
    known = sa.select(_subscribed.id).where(_of(intent.callback, intent.path))
    if connection.execute(known).first() is not None:
        return None
    if intent.mode == "unsubscribe":
        return Refusal(404, "there is no such subscription")
    if waiting + _count(connection, hub_subscriptions) >= MOST:
        return Refusal(429, "this hub has as many subscriptions as it takes")
    at_host = _count(connection, hub_intents, hub_intents.c.host == intent.host)
    if at_host + _count(connection, hub_subscriptions, _subscribed.host == intent.host) >= MOST_PER_HOST:
        return Refusal(429, f"this hub takes at most {MOST_PER_HOST} subscriptions of one host")
    return None


def _count(connection: sa.Connection, table: sa.Table, *where: sa.ColumnElement[bool]) -> int:
    return connection.execute(sa.select(sa.func.count()).select_from(table).where(*where)).scalar_one()


def _keep(connection: sa.Connection, intent: Intent, now: datetime) -> None:
    this = sa.and_(hub_intents.c.callback == intent.callback, hub_intents.c.path == intent.path)
    connection.execute(hub_intents.delete().where(this))
    connection.execute(
        hub_intents.insert().values(
            callback=intent.callback,
            path=intent.path,
            host=intent.host,
            mode=intent.mode,
            lease=intent.lease,
            secret=intent.secret,
            due=now,
            attempts=0,
        )
    )


def _end(connection: sa.Connection, done: Verification) -> bool:
    """Drop an intent, if it is still the one that was given out: row numbers are used again."""
    row = connection.execute(sa.select(hub_intents).where(hub_intents.c.id == done.row)).one_or_none()
    if row is None or _intent(row) != done.intent:
        return False
    connection.execute(hub_intents.delete().where(hub_intents.c.id == done.row))
    return True


def _subscribe(connection: sa.Connection, intent: Intent, version: int, now: datetime) -> None:
    """A new one has seen the topic as it is; one that is renewed keeps what it was sent and waits for."""
    said = {"secret": intent.secret, "expires": now + intent.lease}
    this = _of(intent.callback, intent.path)
    if connection.execute(hub_subscriptions.update().where(this).values(**said)).rowcount:
        return
    connection.execute(
        hub_subscriptions.insert().values(
            callback=intent.callback,
            path=intent.path,
            host=intent.host,
            seen=version,
            delivered=None,
            due=now,
            failures=0,
            **said,
        )
    )


def _version(connection: sa.Connection, topic: Topic, items: Mapping[str, str], now: datetime) -> int:
    """The version of a topic as it is now, which is a new one if its etag is."""
    row = connection.execute(sa.select(hub_topics).where(hub_topics.c.path == topic.path)).one_or_none()
    if row is not None and row.etag == topic.etag:
        return int(row.version)
    version = 1 if row is None else int(row.version) + 1
    if row is None:
        made = {"path": topic.path, "pinged": None, "ping_due": now, "ping_failures": 0}
        connection.execute(hub_topics.insert().values(etag=topic.etag, version=version, **made))
    else:
        this = hub_topics.c.path == topic.path
        connection.execute(hub_topics.update().where(this).values(etag=topic.etag, version=version))
    connection.execute(
        hub_versions.insert().values(path=topic.path, version=version, held=json.dumps(dict(items)))
    )
    return version
