"""A store as polls leave it, without the polls: every source remembers as much as one that was polled."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from aggregator import pipeline
from aggregator.model import (
    Config,
    Fetched,
    Hints,
    Known,
    Lease,
    Memory,
    PollOutcome,
    Source,
    Validators,
    replace,
)
from aggregator.store import open_store
from benchmarks.made import feed

VALIDATORS = Validators('"v0"', "Tue, 24 Nov 2026 10:00:00 GMT")
"""What `benchmarks.origin` takes for the first version of its feeds."""


def fill(given: Config, now: datetime, new: Callable[[Source], bool] = lambda source: False) -> None:
    """Make the store of a configuration, all of its sources polled then but `new` ones; without posts."""
    with open_store(given.store, output=given.output.directory, loops=True, now=now) as store:
        store.polls.sync(given, now)
        source = given.sources[0]
        body = Fetched(feed(0, entries=10), "application/rss+xml", source.url, VALIDATORS, Hints())
        lease = Lease(source, 0, Memory())
        reading = pipeline.read(lease, body, now, store.posts.identity())
        one = pipeline.decide(lease, body, reading, Known(), given.polling, now)
        one = replace(
            one, verdicts=(), categories=(), held=frozenset(), judged={}, judged_bands={}, items=None
        )
        while leases := store.polls.lease_due(now, 500):
            known = [lease for lease in leases if not new(lease.source)]
            store.polls.commit(
                [replace(one, lease=lease, memory=_at(one, lease.source)) for lease in known], now
            )
            for lease in leases:
                store.polls.give_back(lease, now)  # what is left of them


def _at(one: PollOutcome, source: Source) -> Memory:
    """Each was answered by its own server: else all would be one host's, which answers one at a time."""
    return replace(one.memory, validators_from=source.url, answered_by=source.url, leads_to=source.url)
