"""Pure. How archives are cut: what no archive of a category holds yet, into what stays and what is closed.

By arrival, not by date. Membership is never worked out again, so nothing here looks at what archives hold.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from aggregator.model import Arrival, PostId, Site, Uncut


@dataclass(frozen=True, slots=True)
class Cut:
    """What becomes of a category's posts that were in no archive."""

    stays: tuple[PostId, ...]  # in the subscription document
    closed: tuple[tuple[PostId, ...], ...]  # archives, in their order, each in order of arrival
    day: str  # of this cut, for the next one


def cut(uncut: Uncut, entries: int, per_source: int, today: str) -> Cut:
    """Cut archives of at most `entries` posts (1 or more), so that nothing is in neither.

    The newest `entries` stay, and what has been pushed out by newer ones, until `entries` of that wait: so a
    subscription document has fewer than twice as many. What `per_source` (0: no cap) leaves out of it waits
    outside until `entries` wait, or until another day than that of the last cut (`today`, ISO 8601). What a
    first publish leaves out, or a `backlog`, is closed at once, the last archive as short as need be.
    """
    led: Counter[int] = Counter()
    inside: list[Arrival] = []
    outside: list[Arrival] = []
    held: list[Arrival] = []
    for one in uncut.arrivals:
        if one.held:
            held.append(one)
        elif per_source and led[one.source] >= per_source:
            outside.append(one)
        else:
            led[one.source] += 1
            inside.append(one)
    newest, waiting = inside[:entries], inside[entries:]
    if uncut.day is None:
        held, waiting = held + waiting, []
    if uncut.day is None or uncut.day < today:
        held, outside = held + outside, []
    at_once = _by_arrival(held)
    closed = [at_once[start : start + entries] for start in range(0, len(at_once), entries)]
    for some in (waiting, outside):
        order = _by_arrival(some)
        whole = len(order) - len(order) % entries
        closed += [order[start : start + entries] for start in range(0, whole, entries)]
    gone = {one.shown for some in closed for one in some}
    closed.sort(key=lambda some: some[0].arrived)
    return Cut(
        stays=tuple(one.shown for one in newest + waiting if one.shown not in gone),
        closed=tuple(tuple(one.shown for one in some) for some in closed),
        day=max(uncut.day or today, today),
    )


def day(site: Site, now: datetime) -> str:
    """The day that it is then where the site is, ISO 8601."""
    return now.astimezone(ZoneInfo(site.timezone)).date().isoformat()


def _by_arrival(some: Sequence[Arrival]) -> list[Arrival]:
    return sorted(some, key=lambda one: one.arrived)
