"""Shell. Builds what a process needs to run the loops, and takes it down in order.

Here adapters meet loops, and nowhere else.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aggregator import __version__
from aggregator.daemon import heap
from aggregator.daemon.roles import EVERY, Roles
from aggregator.fetch import HttpCourier, HttpFetcher
from aggregator.follower import Follower
from aggregator.hub import Hub
from aggregator.keeper import Keeper
from aggregator.model import Config, PollOutcome
from aggregator.poller import Poller
from aggregator.ports import Clock
from aggregator.publisher import Published, Publisher
from aggregator.store import Store, open_store
from aggregator.triggers.clock import SystemClock
from aggregator.workers import WorkerReader

KEEPING, ASKING = "keep", "ask"
"""What one process at a time does, of those that publish and of those that poll."""

GRACE = 8.0
"""Seconds that polls under way have at a stop."""


HUB_GRACE = 3.0
"""Seconds that deliveries of our hub have then; they are tried again anyway."""

DECIDERS = 2
"""Threads that decide; what they compute holds Python's lock, so that more would decide no faster."""

CLOCK = SystemClock()


@dataclass(frozen=True, slots=True)
class House:
    """The parts of a process of the daemon; all of them, whatever its roles: these say which are woken."""

    roles: Roles
    store: Store
    fetcher: HttpFetcher
    reader: WorkerReader
    poller: Poller
    keeper: Keeper
    publisher: Publisher
    courier: HttpCourier
    hub: Hub
    follower: Follower
    clock: Clock

    def adopt(self, new: Config) -> None:
        """Put a configuration in force: the store first, since a failure there must leave the old one."""
        with self.publisher.paused():  # else a mark of the new one could be settled by documents of the old
            if self.roles.loops:
                self.store.polls.sync(new, self.clock.now())
            else:
                self.store.remember(new)
            self.store.documents.move(new.output.directory)
            self.publisher.config = new
        self.keeper.adopt(new)
        self.fetcher.reconfigure(new.polling, user_agent(new))
        self.poller.polling = new.polling
        self.courier.user_agent = user_agent(new)
        self.hub.config = self.follower.config = new

    async def publish(self, *, whole: bool = True) -> Published:
        """Render what is dirty, in a thread; not `whole`: with no more than a batch of Jekyll files."""
        self.publisher.alone = await self.keeps()
        published = await asyncio.to_thread(self.publisher.publish, whole=whole)
        if published.written:
            await self.catch_up()
            self.hub.changed(published.written)
        return published

    async def keeps(self) -> bool:
        """Whether what one process at a time does is ours: old posts, pages, files, deliveries of the hub."""
        return not self.store.shared or await asyncio.to_thread(
            self.store.duties.take, KEEPING, self.clock.now()
        )

    async def asks(self) -> bool:
        """Whether the hubs of sources are ours to be asked."""
        return not self.store.shared or await asyncio.to_thread(
            self.store.duties.take, ASKING, self.clock.now()
        )

    async def catch_up(self) -> None:
        """Heed what other processes have put; in the output directory too, if we serve."""
        if self.store.shared:
            news = await asyncio.to_thread(self.store.documents.catch_up, self.clock.now())
            if news:
                self.hub.changed(news)


def user_agent(given: Config) -> str:
    """Who asks, and where publishers can reach those who run it."""
    return f"aggregator/{__version__} (+{given.site.contact})"


@asynccontextmanager
async def house(
    given: Config,
    report: Callable[[PollOutcome], None],
    roles: Roles = EVERY,
    clock: Clock = CLOCK,
) -> AsyncIterator[House]:
    """Open the store, build what the roles of this process need, and take it all down again."""
    heap.share()
    store = await asyncio.to_thread(
        open_store, given.store, output=given.output.directory, loops=roles.loops, now=clock.now()
    )
    try:
        if roles.loops:
            await asyncio.to_thread(store.polls.sync, given, clock.now())
        else:
            store.remember(given)
        if roles.publish and given.output.jekyll is not None:
            await asyncio.to_thread(store.jekyll.lost, given.output.jekyll.directory)
        fetcher = HttpFetcher(given.polling, user_agent(given), clock)
        reader = WorkerReader(store.posts.identity(), workers=os.cpu_count() or 1)
        courier = HttpCourier(user_agent(given), clock)
        hub = Hub(store.subscriptions, store.documents, courier, clock, given, _token)
        hub.works = roles.publish and not store.shared  # until it has the duty
        store.documents.mirrors = roles.serve
        deciders = ThreadPoolExecutor(max_workers=DECIDERS, thread_name_prefix="decide")

        def reported(outcome: PollOutcome) -> None:
            follower.learn(outcome)
            report(outcome)

        poller = Poller(store.polls, fetcher, reader, clock, given.polling, reported, deciders)
        follower = Follower(store.followings, store.polls, poller.push, courier, clock, given, _token)
        try:
            yield House(
                roles=roles,
                store=store,
                fetcher=fetcher,
                reader=reader,
                poller=poller,
                keeper=Keeper(store.revisions, store.posts.identity(), clock, given),
                publisher=Publisher(
                    *(store.posts, store.sources, store.documents, clock, given),
                    *(store.jekyll, store.pages, store.archives),
                ),
                courier=courier,
                hub=hub,
                follower=follower,
                clock=clock,
            )
        finally:
            await follower.stop()
            await hub.stop(HUB_GRACE)
            await fetcher.aclose()
            await reader.aclose()
            deciders.shutdown(wait=False, cancel_futures=True)
    finally:
        await asyncio.to_thread(store.close)


def _token() -> str:
    return secrets.token_urlsafe(32)
