"""Pure. Whose body is read next: the cheap ones first, and the costly ones apart.

A hostile source may send a body that takes the whole deadline, and another one at each poll. What a source
has cost decides in which lane its next body waits, and where in it, so that it holds up nobody but others
like it. Reads nothing and waits for nothing itself.
"""

from __future__ import annotations

from bisect import insort
from typing import Generic, TypeVar

Ticket = TypeVar("Ticket")

QUICK = 1.0
"""Seconds of computing that a body may take among the quick ones; honest feeds take a tenth of one."""
_PER_BYTE = 0.25 / 1e6
"""Seconds for each byte of a body whose source has cost nothing worth remembering: what honest feeds take."""
_WORTH_REMEMBERING = 0.2
_MOST = 10_000


class Costs:
    """What the bodies of each source have cost lately, in seconds of computing."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}

    def expected(self, source: str, size: int) -> float:
        """What a body of `size` bytes will cost. Nobody is counted among the costly ones for size alone."""
        return max(self._seconds.get(source, 0.0), min(size * _PER_BYTE, QUICK / 2))

    def note(self, source: str, seconds: float) -> None:
        """Learn what one body has cost: at once where it was more than before, else by halves.

        So a source that alternates between the costly and the cheap stays with the costly.
        """
        before = self._seconds.pop(source, 0.0)
        now = max(seconds, (before + seconds) / 2)
        if now > _WORTH_REMEMBERING:
            self._seconds[source] = now
            if len(self._seconds) > _MOST:
                del self._seconds[next(iter(self._seconds))]  # the one that was noted longest ago


class Line(Generic[Ticket]):
    """Who waits for a turn: the cheapest goes first, equals in the order in which they came."""

    def __init__(self, most: float) -> None:
        """Together those who wait may cost `most` seconds, so that nobody waits for long; one always may."""
        self._most = most
        self._waiting: list[tuple[float, int, Ticket]] = []
        self._came = 0

    def join(self, cost: float, ticket: Ticket) -> list[Ticket]:
        """Wait in this line; those who must leave it for that, the costliest (maybe also who just came)."""
        self._came += 1
        insort(self._waiting, (cost, self._came, ticket))
        left: list[Ticket] = []
        while len(self._waiting) > 1 and sum(waiting[0] for waiting in self._waiting) > self._most:
            left.append(self._waiting.pop()[2])
        return left

    def next(self) -> Ticket | None:
        """Whose turn it is, who waits no more; None where nobody does."""
        return self._waiting.pop(0)[2] if self._waiting else None

    def leave(self, ticket: Ticket) -> None:
        """Wait no more; nothing for who does not wait."""
        self._waiting = [waiting for waiting in self._waiting if waiting[2] is not ticket]
