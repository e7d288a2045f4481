"""Shell. One round of polling and publishing: what the command `once` does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

from aggregator.daemon.house import GRACE, house
from aggregator.model import Config, PollOutcome
from aggregator.publisher import Published

PATIENCE = timedelta(seconds=5)
"""How long `once` waits for a floor or a gap to pass."""


async def once(
    given: Config,
    *,
    everything: bool,
    expect: Callable[[int], None],
    report: Callable[[PollOutcome], None],
) -> tuple[list[PollOutcome], Published]:
    """Poll what is due, each source once, publish, leave. `expect` hears how many polls are likely."""
    outcomes: list[PollOutcome] = []

    def note(outcome: PollOutcome) -> None:
        outcomes.append(outcome)
        report(outcome)

    async with house(given, note) as parts:
        poller, store, clock = parts.poller, parts.store, parts.clock
        await asyncio.to_thread(parts.keeper.revise_all)
        started = clock.now()
        waiting = [s.due for s in await asyncio.to_thread(store.sources.sources) if s.active and s.due]
        expect(sum(everything or due.at <= started for due in waiting))
        patience = max(PATIENCE, given.polling.per_host_gap)
        while True:
            if await poller.start_due(everything=everything, not_since=started):
                continue
            if poller.running:
                await poller.any_ended()
                continue
            next_due = await asyncio.to_thread(
                store.polls.next_due, clock.now(), everything=everything, not_since=started
            )
            if next_due is None or next_due > clock.now() + patience:
                break
            await asyncio.sleep(max(0.0, (next_due - clock.now()).total_seconds()))
        await poller.stop(GRACE)
        await asyncio.to_thread(store.polls.show_waiting)
        await asyncio.to_thread(parts.keeper.purge)
        published = await parts.publish()
        await parts.hub.finish()
        if await parts.keeps():  # who polls by a timer has no other moment for it
            await asyncio.to_thread(store.housekeep, clock.now())
        return outcomes, published
