"""Shell. What the admin listener looks at of a running daemon: its parts, put together."""

from __future__ import annotations

import asyncio
from typing import Protocol

from aggregator import observe, serve
from aggregator.daemon.commands import explained
from aggregator.daemon.house import House
from aggregator.model import Config


class Living(Protocol):
    """What is asked of the daemon itself."""

    config: Config  # that is in force
    running: bool
    standing: serve.Standing


def desk(parts: House, metrics: observe.Metrics, daemon: Living) -> serve.Desk:
    """The desk of an operator."""
    loop = asyncio.get_running_loop()

    def exposition() -> tuple[str, bytes]:
        text = metrics.exposition(
            {source.url: source for source in daemon.config.sources},
            parts.store.sources.sources(),
            running=parts.poller.running,
            size=parts.store.size(),
            now=parts.clock.now(),
            refused=bool(daemon.standing.refused),
            tasks=len(asyncio.all_tasks(loop)),
        )
        return observe.MEDIA_TYPE, text

    return serve.Desk(
        sources=parts.store.sources,
        finder=parts.store.finder,
        explain=lambda asked: explained(parts.store, daemon.config, asked),
        config=lambda: daemon.config,
        standing=lambda: daemon.standing,
        now=parts.clock.now,
        ready=lambda: daemon.running,
        metrics=exposition,
    )
