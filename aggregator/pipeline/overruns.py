"""Pure. Entries that came and went between two polls: noticed, counted, and asked for.

A document in which nothing is known any more has overrun us. From then on its source is asked more often,
as far as its own hints permit, and the hole is filled from its older pages where it has them (`errands`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

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
)
from aggregator.pipeline import moving

PAGES = 9
"""Older pages that are asked for after the first one, at most."""


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
        return replace(memory, overruns=memory.overruns + 1, hurried=schedule.hurry(lease.memory, now))
    if memory.failures:
        return memory
    return replace(memory, hurried=schedule.calm(lease.source, polling, memory))


def errands(
    lease: Lease, result: FetchResult, reading: ReadResult | None, verdicts: Sequence[Verdict], now: datetime
) -> tuple[Errand, ...]:
    """What is to be asked for to fill the hole."""
    since = lease.memory.newest
    if since is None or not overran(lease, reading, verdicts):
        return ()
    older = older_page(result, reading)
    return (Errand("archive", Url(older), now, since, PAGES),) if older else ()


def overran(lease: Lease, reading: ReadResult | None, verdicts: Sequence[Verdict]) -> bool:
    """Whether the document has nothing left of the one before."""
    if not isinstance(reading, Reading) or not reading.posts:
        return False
    if not lease.memory.filled or not lease.memory.entries:
        return False
    return not any(
        isinstance(verdict, Unchanged | Changed) or (isinstance(verdict, Rejected) and verdict.again)
        for verdict in verdicts
    )


def older_page(result: FetchResult, reading: ReadResult | None) -> str:
    """Where the document's older entries are, on the host that gave it; "" where there is no such page."""
    if not isinstance(result, Fetched) or not isinstance(reading, Reading):
        return ""
    older = reading.older
    if not older.startswith(("http://", "https://")) or moving.same(older, result.url):
        return ""
    return older if moving.host(older) == moving.host(result.url) else ""
