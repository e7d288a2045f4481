"""Shell. What one process at a time does, of all that are on one database: under an expiring right to do it.

Keeps apart who would otherwise do the same twice, and no more: what may never happen twice, or be undone by
somebody who comes late, is held by tokens and marks where it is written. On a SQLite file the one process
that runs the loops has every duty.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

import sqlalchemy as sa

from aggregator.store.database import Database
from aggregator.store.tables import duties

LIFETIME = timedelta(seconds=30)
"""After which the duty of a process that has said nothing is anybody's."""
RENEWED = LIFETIME / 3
"""How long before its end a duty is renewed at the latest."""
LOOKS = timedelta(seconds=5)
"""How often others look whether a duty was left."""


class Duties:
    """The duties of one process. Of any thread."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._me = secrets.token_hex(8)
        self._mine: dict[str, datetime] = {}  # until when
        self._others: dict[str, datetime] = {}  # when to look again

    def take(self, name: str, now: datetime) -> bool:
        """Whether this process has the duty for now; takes it, if nobody has. Raises `StoreError`."""
        if not self._database.shared:
            return True
        if now < self._mine.get(name, now) - RENEWED:
            return True
        if name not in self._mine and now < self._others.get(name, now):
            return False
        with self._database.write() as connection:
            mine = self._settle(connection, name, now)
        if mine:
            self._mine[name] = now + LIFETIME
        else:
            self._mine.pop(name, None)
            self._others[name] = now + LOOKS
        return mine

    def leave(self) -> None:
        """Let others have all that this process had. Raises `StoreError`."""
        if self._mine:
            self._mine.clear()
            with self._database.write() as connection:
                connection.execute(duties.delete().where(duties.c.holder == self._me))

    def _settle(self, connection: sa.Connection, name: str, now: datetime) -> bool:
        row = connection.execute(sa.select(duties).where(duties.c.name == name)).one_or_none()
        values = {"holder": self._me, "until": now + LIFETIME}
        if row is None:
            connection.execute(duties.insert().values(name=name, **values))
            return True
        if row.holder != self._me and row.until > now:
            return False
        connection.execute(duties.update().where(duties.c.name == name).values(**values))
        return True
