"""Shell. What the admin listener looks at of a running daemon: its parts, put together."""

from __future__ import annotations

from collections.abc import Callable

from aggregator import observe, serve
from aggregator.daemon.commands import explained
from aggregator.daemon.house import House
from aggregator.model import Config


def desk(
    parts: House, metrics: observe.Metrics, config: Callable[[], Config], ready: Callable[[], bool]
) -> serve.Desk:
    """The desk of an operator; `config` gives what is in force."""

    def exposition() -> tuple[str, bytes]:
        text = metrics.exposition(
            {source.url: source for source in config().sources},
            parts.store.sources.sources(),
            running=parts.poller.running,
            size=parts.store.size(),
            now=parts.clock.now(),
        )
        return observe.MEDIA_TYPE, text

    return serve.Desk(
        sources=parts.store.sources,
        finder=parts.store.finder,
        explain=lambda asked: explained(parts.store, config(), asked),
        config=config,
        now=parts.clock.now,
        ready=ready,
        metrics=exposition,
    )
