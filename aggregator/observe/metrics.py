"""Shell. What Prometheus is told: counters from outcomes, gauges from what the store says at each scrape.

No label holds anything of a source: results and kinds are the few words of ours, so that 5000 sources give no
more series than one, and no URL gets out. prometheus-client lives here.
"""

from __future__ import annotations

from collections import Counter as Counts
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from prometheus_client import (
    CONTENT_TYPE_PLAIN_0_0_4,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

from aggregator import __version__, pipeline
from aggregator.model import Changed, Duplicate, New, PollOutcome, Rejected, Source, SourceStatus, Verdict

MEDIA_TYPE = CONTENT_TYPE_PLAIN_0_0_4
_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """The counters of one process; nothing is shared with another one in the same interpreter."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        self._polls = Counter(
            "aggregator_polls", "Polls, by what they came to.", ["result"], registry=registry
        )
        self._errands = Counter(
            "aggregator_errands", "Other exchanges for sources, by kind.", ["kind"], registry=registry
        )
        self._seconds = Histogram(
            "aggregator_fetch_seconds", "Exchanges of polls.", buckets=_SECONDS, registry=registry
        )
        self._bytes = Counter(
            "aggregator_fetch_bytes", "Bodies of polls, after decompression.", registry=registry
        )
        self._entries = Counter(
            "aggregator_entries", "Entries of documents that were read.", ["verdict"], registry=registry
        )
        self._whole = Counter(
            "aggregator_documents_read_whole",
            "Documents that were read whole although entries of them were known.",
            registry=registry,
        )
        self._events = Counter(
            "aggregator_source_events",
            "What happened to sources: `status.atom`.",
            ["kind"],
            registry=registry,
        )
        self._sources = Gauge(
            "aggregator_sources", "Sources, by how they are doing.", ["health"], registry=registry
        )
        self._due = Gauge("aggregator_schedule_due", "Sources that are due now.", registry=registry)
        self._lag = Gauge(
            "aggregator_schedule_lag_seconds", "How long the first of them has waited.", registry=registry
        )
        self._running = Gauge("aggregator_polls_running", "Polls under way.", registry=registry)
        self._tasks = Gauge("aggregator_tasks", "What the event loop has under way.", registry=registry)
        self._posts = Gauge("aggregator_store_posts", "Stored posts that no rule dropped.", registry=registry)
        self._store = Gauge("aggregator_store_bytes", "What the store takes on disk.", registry=registry)
        self._publish = Histogram(
            "aggregator_publish_seconds",
            "Rounds of publishing that had something to do.",
            buckets=(*_SECONDS, 60, 300),
            registry=registry,
        )
        self._written = Counter(
            "aggregator_publish_documents", "Documents whose bytes were new.", registry=registry
        )
        self._failures = Counter(
            "aggregator_publish_failures", "Documents that could not be put in place.", registry=registry
        )
        self._refused = Gauge(
            "aggregator_config_refused",
            "1 while feeds.yaml has a mistake, so that the last good one is in force.",
            registry=registry,
        )
        build = Gauge("aggregator_build_info", "What runs.", ["version"], registry=registry)
        build.labels(__version__).set(1)
        for kind in ("new", "changed", "duplicate", "rejected", "unchanged", "unread"):
            self._entries.labels(kind)  # there from the start, so that a first one shows as a rise
        for word in ("news", "unchanged", "not_modified", "failed"):
            self._polls.labels(word)

    def poll(self, outcome: PollOutcome) -> None:
        """Count one poll or errand."""
        errand, exchange = outcome.lease.errand, outcome.exchange
        if errand is not None:
            self._errands.labels(errand.kind).inc()
        else:
            self._polls.labels(result(outcome)).inc()
        if exchange is not None:
            self._seconds.observe(exchange.took.total_seconds())
            self._bytes.inc(exchange.size)
        for verdict, number in Counts(type(one).__name__.lower() for one in outcome.verdicts).items():
            self._entries.labels(verdict).inc(number)
        self._entries.labels("unread").inc(len(outcome.unread or ()))
        if errand is None and outcome.verdicts and outcome.memory.whole_because:
            self._whole.inc()
        for event in outcome.events:
            self._events.labels(event.kind).inc()

    def published(self, written: int, failures: int, took: timedelta) -> None:
        """Count one round of publishing that had something to do."""
        self._publish.observe(took.total_seconds())
        self._written.inc(written)
        self._failures.inc(failures)

    def exposition(
        self,
        sources: Mapping[str, Source],
        statuses: Sequence[SourceStatus],
        *,
        running: int,
        size: int,
        now: datetime,
        refused: bool = False,
        tasks: int = 0,
    ) -> bytes:
        """Everything, in the text format, of type `MEDIA_TYPE`.

        `sources` are those of the file by URL, `statuses` what the store knows, `running` the polls under
        way, `size` the bytes of the store, `tasks` what the event loop has, `refused` says whether the file
        as it is on disk is not in force.
        """
        counts = Counts(pipeline.health(sources.get(status.url), status) for status in statuses)
        for health in pipeline.HEALTHS:
            self._sources.labels(health).set(counts[health])
        due = [status.due.at for status in statuses if status.due is not None and status.due.at <= now]
        self._due.set(len(due))
        self._lag.set((now - min(due)).total_seconds() if due else 0)
        self._running.set(running)
        self._posts.set(sum(status.posts for status in statuses))
        self._store.set(size)
        self._refused.set(refused)
        self._tasks.set(tasks)
        return generate_latest(self.registry)


def result(outcome: PollOutcome) -> str:
    """What a poll came to, in one of few words: news, unchanged, not_modified, failed."""
    if outcome.memory.last_error:
        return "failed"
    if outcome.memory.last_result == "not modified":
        return "not_modified"
    return "news" if any(map(_is_news, outcome.verdicts)) else "unchanged"


def _is_news(verdict: Verdict) -> bool:
    return isinstance(verdict, New | Changed | Duplicate | Rejected) and not getattr(verdict, "again", False)
