"""Pure. How much anybody may ask of our hub, and when what failed is tried again.

Whoever asks our hub makes it ask somebody else: without bounds it would be a tool against those.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

LEAST = timedelta(minutes=5)
"""The shortest lease; who asks for less gets this."""
USUAL = timedelta(days=10)
"""The lease of who asks for none (W3C WebSub, 8.2)."""
LONGEST = timedelta(days=30)

MOST_PER_HOST = 1000
"""Subscriptions of callbacks at one host."""
MOST = 10_000
"""Subscriptions in all."""
MOST_WAITING = 1000
"""Requests that wait to be verified."""
BURST = 200
"""Requests that one host may be asked to confirm at once; after that one for each `PACE`."""
PACE = timedelta(seconds=1)

FIRST = timedelta(seconds=10)
"""The wait after the first failure; each further one doubles it."""
LAST = timedelta(hours=6)
_DOUBLINGS = 12  # more than `LAST` needs

_HOSTS = 10_000  # that are remembered before those with a full allowance are dropped


def lease(asked: int | None) -> timedelta:
    """What a subscriber gets of the seconds that it asks for: never for ever (W3C WebSub, 5.3.1)."""
    if asked is None:
        return USUAL
    return max(LEAST, timedelta(seconds=min(asked, int(LONGEST.total_seconds()))))


def again(now: datetime, failures: int, row: int, wish: datetime | None = None) -> datetime:
    """When to try after so many failures in a row, this one included; `wish`: its Retry-After.

    The row number spreads those that failed together over a tenth of the wait. The limit on the tries is the
    lease: they end with it, and get rare soon.
    """
    wait = min(FIRST * (1 << min(failures - 1, _DOUBLINGS)), LAST)
    wait += wait * (row % 10) / 100
    return max(now + wait, min(wish, now + LAST) if wish is not None else now)


@dataclass(slots=True)
class Allowance:
    """How often each host may still be asked to confirm something: a bucket each, filled at an even pace."""

    _left: dict[str, tuple[float, datetime]] = field(default_factory=dict)

    def take(self, host: str, now: datetime) -> bool:
        """Use up one; False where none is left."""
        left = self._now(host, now)
        if left < 1:
            return False
        if len(self._left) >= _HOSTS:
            self._left = {name: had for name, had in self._left.items() if self._now(name, now) < BURST}
        if len(self._left) >= _HOSTS and host not in self._left:
            return False  # so many hosts are no coincidence
        self._left[host] = (left - 1, now)
        return True

    def _now(self, host: str, now: datetime) -> float:
        left, since = self._left.get(host, (float(BURST), now))
        return min(float(BURST), left + max(now - since, timedelta(0)) / PACE)
