"""Shell. When the documents can change at the earliest, as far as that is known beforehand.

It is what caches are told (`Cache-Control`), so it is answered at once and never asks the store meanwhile.
Edits of the file, pushes and commands announce themselves to nobody and are not in it.
"""

from __future__ import annotations

import asyncio
from datetime import datetime

from aggregator.poller import Poller
from aggregator.ports import Clock, PollStore


class Outlook:
    """The next due poll or errand; now, while polls are under way."""

    def __init__(self, store: PollStore, poller: Poller, clock: Clock) -> None:
        self._store, self._poller, self._clock = store, poller, clock
        self._next: datetime | None = clock.now()  # until we have looked

    def next_change(self) -> datetime | None:
        """None where nothing will ever be due as it is."""
        return self._clock.now() if self._poller.running else self._next

    async def look(self) -> None:
        """Ask the store again if what it said is past, or polls have changed it. Raises `StoreError`."""
        now = self._clock.now()
        if self._poller.running:
            self._next = now
        elif self._next is None or self._next <= now:
            self._next = await asyncio.to_thread(self._store.next_due, now)
