"""Shell. Builds what a process needs to run the loops, and takes it down in order.

Here adapters meet loops, and nowhere else. Also reads the configuration file, since every command does.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from aggregator import __version__, config, pipeline
from aggregator.errors import ConfigError
from aggregator.fetch import HttpCourier, HttpFetcher
from aggregator.follower import Follower
from aggregator.hub import Hub
from aggregator.keeper import Keeper
from aggregator.model import Config, PollOutcome
from aggregator.poller import Poller
from aggregator.publisher import Published, Publisher
from aggregator.store import Store, open_store
from aggregator.triggers import SystemClock
from aggregator.workers import WorkerReader

GRACE = 8.0
"""Seconds that polls under way have at a stop."""


HUB_GRACE = 3.0
"""Seconds that deliveries of our hub have then; they are tried again anyway."""

DECIDERS = 2
"""Threads that decide; what they compute holds Python's lock, so that more would decide no faster."""


@dataclass(frozen=True, slots=True)
class Overrides:
    """What the command line says over the file."""

    listen: str | None = None
    admin: str | None = None


def read_config(path: Path, overrides: Overrides = Overrides()) -> tuple[bytes, Config]:
    """The bytes of a configuration file and what they say; raises ConfigError."""
    raw = read_bytes(path)
    return raw, overridden(parse_config(raw, path), overrides)


def read_bytes(path: Path) -> bytes:
    """The bytes of a configuration file; raises ConfigError."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise ConfigError([f"{path}: there is no such file; `aggregator init` writes one"]) from None
    except OSError as trouble:
        raise ConfigError([f"{path}: cannot be read: {trouble.strerror}"]) from trouble


def folder(path: Path) -> str:
    """What relative paths in the file are relative to: where it is named, wherever a link there leads.

    Else the output would move with each version of a file that is a link into a directory of versions.
    """
    return str(path.parent.resolve())


def parse_config(raw: bytes, path: Path) -> Config:
    """What the bytes of a configuration file say; raises ConfigError."""
    text = config.decode(raw, str(path))
    given = config.load(text, name=str(path), directory=folder(path), environment=os.environ)
    return given if pipeline.reads_articles() else _without_articles(given)


def _without_articles(given: Config) -> Config:
    """The configuration without what only the extra can do, and a line that says so."""
    if not any(source.full_text for source in given.sources):
        return given
    missing = "full_text: no effect; the extra is not installed (`pip install 'feed-republisher[fulltext]'`)"
    sources = tuple(replace(source, full_text=False) for source in given.sources)
    return replace(given, sources=sources, warnings=(*given.warnings, missing))


def overridden(given: Config, overrides: Overrides) -> Config:
    listen = given.server.listen if overrides.listen is None else overrides.listen
    admin = given.server.admin if overrides.admin is None else overrides.admin
    return replace(
        given,
        server=replace(
            given.server,
            listen=None if listen == "off" else listen,
            admin=None if admin == "off" else admin,
        ),
    )


@dataclass(frozen=True, slots=True)
class House:
    """The parts of a process that runs the loops."""

    store: Store
    fetcher: HttpFetcher
    reader: WorkerReader
    poller: Poller
    keeper: Keeper
    publisher: Publisher
    courier: HttpCourier
    hub: Hub
    follower: Follower
    clock: SystemClock

    def adopt(self, new: Config) -> None:
        """Put a configuration in force: the store first, since a failure there must leave the old one."""
        with self.publisher.paused():  # else a mark of the new one could be settled by documents of the old
            self.store.polls.sync(new, self.clock.now())
            self.store.documents.move(new.output.directory)
            self.publisher.config = new
        self.keeper.adopt(new)
        self.fetcher.reconfigure(new.polling, user_agent(new))
        self.poller.polling = new.polling
        self.courier.user_agent = user_agent(new)
        self.hub.config = self.follower.config = new

    async def publish(self, *, whole: bool = True) -> Published:
        """Render what is dirty, in a thread; not `whole`: with no more than a batch of Jekyll files."""
        published = await asyncio.to_thread(self.publisher.publish, whole=whole)
        if published.written:
            self.hub.changed(published.written)
        return published


def user_agent(given: Config) -> str:
    """Who asks, and where publishers can reach those who run it."""
    return f"aggregator/{__version__} (+{given.site.contact})"


@asynccontextmanager
async def house(given: Config, report: Callable[[PollOutcome], None]) -> AsyncIterator[House]:
    """Open the store for the loops, build what they need, and take it all down again."""
    clock = SystemClock()
    store = await asyncio.to_thread(open_store, given.store, output=given.output.directory, loops=True)
    try:
        await asyncio.to_thread(store.polls.sync, given, clock.now())
        if given.output.jekyll is not None:
            await asyncio.to_thread(store.jekyll.lost, given.output.jekyll.directory)
        fetcher = HttpFetcher(given.polling, user_agent(given), clock)
        reader = WorkerReader(store.posts.identity(), workers=os.cpu_count() or 1)
        courier = HttpCourier(user_agent(given), clock)
        hub = Hub(store.subscriptions, store.documents, courier, clock, given, _token)
        deciders = ThreadPoolExecutor(max_workers=DECIDERS, thread_name_prefix="decide")

        def reported(outcome: PollOutcome) -> None:
            follower.learn(outcome)
            report(outcome)

        poller = Poller(store.polls, fetcher, reader, clock, given.polling, reported, deciders)
        follower = Follower(store.followings, store.polls, poller.push, courier, clock, given, _token)
        try:
            yield House(
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
