"""Shell. Whose turn it is at a host that redirects lead to.

The store paces the hosts that it knows an exchange will go to. Where a redirect leads is known only then, so
those wait here: over all exchanges of this process, as many at a host at once as configured, and a gap
between them. Asks nobody and opens nothing; a wait ends with the exchange's own deadline.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

# Hosts remembered for their gaps alone, before those whose gap is over are dropped; then as many again.
_REMEMBERED = 1000
_NEVER = float("-inf")


@dataclass(slots=True)
class _Line:
    """Who waits for a host."""

    first: asyncio.Lock = field(default_factory=asyncio.Lock)  # fair: in the order of coming
    left: asyncio.Event = field(default_factory=asyncio.Event)
    waiting: int = 0


@dataclass(slots=True)
class _Host:
    """A host, and who is there."""

    under_way: int = 0
    last: float = _NEVER  # when an exchange last began or ended there, by the loop's time
    line: _Line | None = None  # while somebody waits


class Turns:
    """The hosts that exchanges of this process are at, on one event loop."""

    def __init__(self) -> None:
        self._hosts: dict[str, _Host] = {}
        self._full = _REMEMBERED

    @contextmanager
    def exchange(self, host: str, gap: float) -> Iterator[Visit]:
        """One that begins at a host which the store has given it: it is counted there and does not wait.

        `gap`: the seconds that others wait there after it, as configured.
        """
        self._forget(gap)
        visit = Visit(self, host)
        try:
            yield visit
        finally:
            visit.leave()

    def arrive(self, name: str) -> None:
        """Count an exchange at a host."""
        host = self._hosts.setdefault(name, _Host())
        host.under_way += 1
        host.last = asyncio.get_running_loop().time()

    def leave(self, name: str) -> None:
        """Count it no more, and wake who waits."""
        host = self._hosts[name]
        host.under_way -= 1
        host.last = asyncio.get_running_loop().time()
        if host.line is not None:
            host.line.left.set()

    async def wait(self, name: str, at_once: int, gap: float) -> None:
        """Arrive at a host when there is room and the gap (seconds) has passed since the last one."""
        host = self._hosts.setdefault(name, _Host())
        line = host.line = host.line or _Line()
        line.waiting += 1
        try:
            async with line.first:
                while True:
                    if host.under_way >= at_once:
                        line.left.clear()
                        await line.left.wait()
                        continue
                    early = host.last + gap - asyncio.get_running_loop().time()
                    if early <= 0:
                        break
                    await asyncio.sleep(early)
                self.arrive(name)
        finally:
            line.waiting -= 1
            if not line.waiting:
                host.line = None

    def _forget(self, gap: float) -> None:
        """Drop the hosts that nobody has to wait for any more; not each time, since it looks at all."""
        if len(self._hosts) < self._full:
            return
        before = asyncio.get_running_loop().time() - gap
        idle = [n for n, h in self._hosts.items() if not h.under_way and h.line is None and h.last < before]
        for name in idle:
            del self._hosts[name]
        self._full = len(self._hosts) + _REMEMBERED


class Visit:
    """Where one exchange is. It is at one host at a time, so that no two wait for each other."""

    def __init__(self, turns: Turns, host: str) -> None:
        self._turns = turns
        self._at: str | None = host
        self._been = {host}
        turns.arrive(host)

    async def move(self, host: str, at_once: int, gap: float) -> None:
        """Go where a redirect leads: at once where this exchange has been already, else in its turn."""
        if host == self._at:
            return
        self.leave()
        if host in self._been:
            self._turns.arrive(host)
        else:
            await self._turns.wait(host, at_once, gap)
            self._been.add(host)
        self._at = host

    def leave(self) -> None:
        """Be nowhere any more."""
        if self._at is not None:
            self._turns.leave(self._at)
            self._at = None
