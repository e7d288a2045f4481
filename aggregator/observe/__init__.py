"""Shell. What is seen of us from outside: one log line and one set of counters for each outcome.

`lines` says what an outcome came to, `logs` how lines look and what must never be in them, `metrics` counts
for Prometheus. All of it is made here from values; the loops know nothing of it.
"""

from __future__ import annotations

from aggregator.observe.lines import Trouble, poll
from aggregator.observe.logs import configure, line, without_secrets
from aggregator.observe.metrics import MEDIA_TYPE, Metrics

__all__ = ["MEDIA_TYPE", "Metrics", "Trouble", "configure", "line", "poll", "without_secrets"]
