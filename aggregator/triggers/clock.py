"""Shell. The clock, which everything else is handed."""

from __future__ import annotations

from datetime import UTC, datetime


class SystemClock:
    """The time of this machine."""

    def now(self) -> datetime:
        """Aware, UTC, whole microseconds."""
        return datetime.now(UTC)  # noqa: TID251 - this is the clock
