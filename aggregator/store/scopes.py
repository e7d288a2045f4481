"""Shell. What waits to be rendered: the half of `ports.DocumentStore` that is no document."""

from __future__ import annotations

from datetime import datetime

from aggregator.model import Claim
from aggregator.store import ended, force, leases, marks, pages
from aggregator.store.database import Database
from aggregator.store.polls import Remembered


class Scopes:
    """Marks and claims, wherever documents are kept."""

    def __init__(self, database: Database, remembered: Remembered) -> None:
        self._database, self._remembered = database, remembered

    def gone(self, path: str, /) -> bool:
        with self._database.read() as connection:
            return ended.is_gone(connection, path)

    def claim(self, now: datetime, /) -> Claim | None:
        with self._database.write() as connection:
            if not self._database.shared:
                return marks.claim(connection, now, None)
            if not force.holds(connection, self._remembered.digest):
                return None
            return marks.claim(connection, now, leases.lifetime(self._remembered.config))

    def promise(self, claim: Claim, updated: datetime, /) -> None:
        with self._database.write() as connection:
            marks.promise(connection, claim, updated)

    def settle(self, claim: Claim, updated: datetime, /) -> None:
        with self._database.write() as connection:
            marks.settle(connection, claim, updated)

    def release(self, claim: Claim, /) -> None:
        with self._database.write() as connection:
            marks.release(connection, claim)

    def mark_all(self) -> int:
        with self._database.write() as connection:
            pages.again(connection)
            return marks.mark_all(connection)
