"""Shell. What the outcomes of one transaction leave of their sources, gathered and written at once.

Most polls bring nothing, and a statement takes longer to be sent than to be run: rows of many sources are
written by one. What judging looks at (posts, stories, categories, errands) is none of this; that is written
with each outcome, so that the next one sees it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa

from aggregator.model import Config, PollOutcome
from aggregator.store import hosts, items, leases, marks, watched
from aggregator.store.tables import SITE, AnyRow


class Ledger:
    """Entries of one transaction; nothing of it is stored before `write`."""

    def __init__(self, connection: sa.Connection, config: Config, now: datetime) -> None:
        self._connection, self._config, self._now = connection, config, now
        self._ended: dict[str, tuple[AnyRow, PollOutcome]] = {}
        self._noted: list[tuple[int, PollOutcome]] = []
        self._dirty: set[str] = set()

    def __contains__(self, source: str) -> bool:
        """Whether the source at a URL has an entry: what is stored of it is not the last word."""
        return source in self._ended

    def add(self, row: AnyRow, outcome: PollOutcome, dirty: Iterable[str]) -> None:
        """Enter an outcome of a source (`row` of sources), and the categories whose documents it changes."""
        self._ended[outcome.lease.source.url] = row, outcome
        self._noted.append((row.id, outcome))
        self._dirty.update(dirty)
        if outcome.events:
            self._dirty.add(SITE)  # it has `status.atom`

    def write(self) -> None:
        """Store all of it, and begin a new page."""
        connection, now = self._connection, self._now
        ended = list(self._ended.values())
        polls = [(row, outcome) for row, outcome in ended if outcome.lease.errand is None]
        leases.end(connection, self._config, polls, now)
        items.settle(connection, [(row, outcome.items) for row, outcome in polls if outcome.items])
        watched.note(connection, self._noted)
        for _, outcome in ended:
            if outcome.pause_host_until is not None:
                hosts.pause(connection, hosts.host_of(outcome.lease.url), outcome.pause_host_until)
        marks.mark(connection, self._dirty)
        self._ended, self._noted, self._dirty = {}, [], set()
