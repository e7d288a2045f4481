"""Pure. Entries that came and went between two polls: noticed, counted, and asked for.

A document in which nothing is known any more has overrun us. From then on its source is asked more often,
as far as its own hints permit, and the hole is filled from its older pages where it has them (`errands`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from aggregator import schedule
from aggregator.model import (
    Changed,
    Errand,
    Fetched,
    FetchResult,
    Lease,
    Memory,
    Polling,
    Reading,
    ReadResult,
    Rejected,
    Unchanged,
    Url,
    Verdict,
    replace,
)
from aggregator.pipeline import moving

PAGES = 9
"""Older pages that are asked for after the first one, at most."""
BETWEEN_CHAINS = timedelta(hours=1)
LONGEST_URL = 1000
"""Characters of the URL of an older page: it becomes a row."""


def counted(
    lease: Lease,
    memory: Memory,
    reading: ReadResult | None,
    verdicts: Sequence[Verdict],
    polling: Polling,
    now: datetime,
) -> Memory:
    """The memory with its overruns; `memory` is otherwise that after the poll."""
    if overran(lease, reading, verdicts):
        before = lease.memory
        return replace(
            memory,
            overruns=memory.overruns + 1,
            hurried=schedule.hurry(before, now),
            hole=before.hole or before.newest,
        )
    if memory.failures or memory.hurried is None:
        return memory
    return replace(memory, hurried=schedule.calm(lease.source, polling, memory))


def errands(
    memory: Memory, result: FetchResult, reading: ReadResult | None, now: datetime
) -> tuple[Memory, tuple[Errand, ...]]:
    """What is to be asked for to fill the hole, and the memory that it was.

    One chain of pages in an hour at most; what came to be missed meanwhile is in the next one.
    """
    older = older_page(result, reading)
    asked = memory.older_asked
    if memory.hole is None or not older or (asked is not None and now - asked < BETWEEN_CHAINS):
        return memory, ()
    wanted = Errand("archive", Url(older), now, memory.hole, PAGES)
    return replace(memory, hole=None, older_asked=now), (wanted,)


def overran(lease: Lease, reading: ReadResult | None, verdicts: Sequence[Verdict]) -> bool:
    """Whether the document has nothing left of the one before."""
    if not isinstance(reading, Reading) or not (reading.posts or reading.known):
        return False
    if not lease.memory.filled or not lease.memory.entries:
        return False
    return not any(
        isinstance(verdict, Unchanged | Changed) or (isinstance(verdict, Rejected) and verdict.again)
        for verdict in verdicts
    )


def older_page(result: FetchResult, reading: ReadResult | None) -> str:
    """Where the document's older entries are, at the place that gave it; "" where there is no such page.

    Another host, or another port of this one, is not the source's to send us to.
    """
    if not isinstance(result, Fetched) or not isinstance(reading, Reading):
        return ""
    older = reading.older
    if not older.startswith(("http://", "https://")) or moving.same(older, result.url):
        return ""
    here = moving.place(older) == moving.place(result.url)
    return older if here and len(older) <= LONGEST_URL else ""
