"""Shell. A source's memory as its row keeps it: one JSON text, and columns of what is searched and compared.

The columns are made from the text here and nowhere else, so that they cannot drift. Runs no statement.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import TypeAdapter

from aggregator.model import BodyHints, Memory, UnreadEntry, Validators, replace
from aggregator.store.hosts import host_of
from aggregator.store.tables import AnyRow

MEMORY = TypeAdapter(Memory)
UNREAD = TypeAdapter(tuple[UnreadEntry, ...])
HOURS, DAYS = 24, 7


def columns(url: str, memory: Memory) -> dict[str, Any]:
    """What the row of the source at `url` says after a poll has left this memory."""
    asked, answers = host_of(memory.adopted or url), host_of(memory.leads_to or memory.answered_by)
    hours, days = memory.hints.skip_hours, memory.hints.skip_days
    says_nothing = len(hours) >= HOURS or len(days) >= DAYS  # who excludes every moment excludes none
    return {
        "host": asked,
        "via": answers if answers != asked else "",
        "not_before": memory.not_before,
        "retry_after": memory.retry_after,
        "skip_hours": _mask(hours) if hours and not says_nothing else 0,
        "skip_days": _mask(days) if days and not says_nothing else 0,
        "gone": memory.gone,
        "memory": MEMORY.dump_json(memory).decode(),
    }


def hints(row: AnyRow) -> BodyHints:
    """The hours and days that the row of a source excludes."""
    return BodyHints(
        skip_hours=frozenset(n for n in range(HOURS) if row.skip_hours >> n & 1),
        skip_days=frozenset(n for n in range(DAYS) if row.skip_days >> n & 1),
    )


def moved(memory: Memory, url: str) -> Memory:
    """What is kept of a source that the file has given another URL (`was`).

    The new one is another resource, of which nothing is known yet, and that has given no validators (RFC
    9110, 8.8: two feeds of one site may share them); but not where the source has been asked there already.
    """
    if memory.adopted == url:
        return replace(memory, adopted="", abandoned="", moved_to="", moved_times=0)
    return replace(
        memory,
        validators=Validators(),
        validators_from="",
        former=(),
        whole=None,
        gone=False,
        failures=0,
        last_error="",
        unreadable="",
        reader="",
        not_before=None,
        retry_after=None,
        lifetime=None,
        moved_to="",
        moved_times=0,
        adopted="",
        abandoned="",
        answered_by="",
        leads_to="",
    )


def _mask(numbers: Iterable[int]) -> int:
    return sum(1 << number for number in set(numbers))
