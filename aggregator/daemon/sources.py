"""Shell. What the store knows of every source: what the command `status` asks."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace

from aggregator.errors import StoreMissing
from aggregator.model import Config, SourceStatus
from aggregator.store import loops_held, open_store
from aggregator.triggers.clock import SystemClock


def status(given: Config) -> tuple[Sequence[SourceStatus], int | None, Sequence[str]]:
    """What the store knows of every source, and who runs the loops: one process, or (`HOST PID`) several."""
    holder = loops_held(given.store)
    try:
        store = open_store(given.store, output=given.output.directory, loops=False, create=False)
    except StoreMissing:
        return [], holder, []
    now = SystemClock().now()
    with closing(store):
        known = [
            replace(one, host_paused_until=None)
            if one.host_paused_until is not None and one.host_paused_until <= now
            else one
            for one in store.sources.sources()
        ]
        processes = store.processes()
    return known, holder, processes
