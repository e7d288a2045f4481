"""Shell. What the commands beside `run` do: one round of polling, rendering again, looking, trying out.

They return values; `report` prints them.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from aggregator.daemon.house import GRACE, house, user_agent
from aggregator.errors import StoreLocked, StoreMissing
from aggregator.fetch import HttpFetcher
from aggregator.keeper import Keeper
from aggregator.model import (
    Config,
    Explained,
    Fetched,
    FetchFailed,
    Findings,
    Lease,
    Memory,
    NotModified,
    PollOutcome,
    Reading,
    ReadResult,
    Scope,
    SiteIdentity,
    Source,
    SourceStatus,
)
from aggregator.pipeline import explaining, name
from aggregator.publisher import Published, Publisher
from aggregator.store import Store, loops_held, open_store
from aggregator.triggers import SystemClock
from aggregator.workers import WorkerReader

PATIENCE = timedelta(seconds=5)
"""How long `once` waits for a floor or a gap to pass."""
FOUND = 10
"""Stories that `explain` tells of at most."""
LISTED = 5
"""Posts of a source that it names."""
NIL = UUID(int=0)
"""Stands for the site where nothing is stored."""


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
        return outcomes, published


def publish(given: Config) -> Published | None:
    """Mark every document and render it; None where a running daemon does that."""
    if loops_held(given.store):
        with closing(open_store(given.store, output=given.output.directory, loops=False)) as store:
            mark_all(store, given)
        return None
    return _render(given, mark_all)


def publish_marked(given: Config) -> Published | None:
    """Render what a command has marked; None where a running daemon does that."""
    if loops_held(given.store):
        return None
    try:
        return _render(given)
    except StoreLocked:  # by a daemon that has started just now
        return None


def _render(given: Config, before: Callable[[Store, Config], None] | None = None) -> Published:
    """Render what is marked, after some step `before`, as the file has it now."""
    with closing(open_store(given.store, output=given.output.directory, loops=True)) as store:
        store.polls.sync(given, SystemClock().now())
        Keeper(store.revisions, store.posts.identity(), SystemClock(), given).revise_all()
        if before is not None:
            before(store, given)
        parts = (store.posts, store.sources, store.documents, SystemClock(), given)
        return Publisher(*parts, store.jekyll, store.pages, store.archives).publish()


def mark_all(store: Store, given: Config) -> None:
    """Let every document, page and Jekyll file be rendered again."""
    store.documents.mark_all()
    if given.output.jekyll is not None:
        store.jekyll.mark_all()


def status(given: Config) -> tuple[Sequence[SourceStatus], int | None]:
    """What the store knows of every source, and the process that runs the loops on it."""
    holder = loops_held(given.store)
    try:
        store = open_store(given.store, output=given.output.directory, loops=False, create=False)
    except StoreMissing:
        return [], holder
    now = SystemClock().now()
    with closing(store):
        known = [
            replace(one, host_paused_until=None)
            if one.host_paused_until is not None and one.host_paused_until <= now
            else one
            for one in store.sources.sources()
        ]
    return known, holder


def explain(given: Config, asked: str) -> Explained:
    """Why what is stored under a link, an id or the URL of a source is in the output, or is not."""
    try:
        store = open_store(given.store, output=given.output.directory, loops=False, create=False)
    except StoreMissing:
        nothing = Findings(stored=False)
        return explaining.answer(explaining.sought(asked, given, nothing), given, nothing)
    with closing(store):
        store.remember(given)
        return explained(store, given, asked)


def explained(store: Store, given: Config, asked: str) -> Explained:
    """The same from an open store that knows the configuration."""
    findings = Findings(sources=tuple(store.sources.sources()), categories=tuple(store.posts.categories()))
    sought = explaining.sought(asked, given, findings)
    entries: dict[Scope, int] = {category.slug: category.entries for category in findings.categories}
    entries[None] = given.output.entries
    every = store.finder.find(sought, FOUND + 1)
    stories = tuple(every[:FOUND])
    asked_for = {story.id: explaining.lookup(story) for story in stories}
    posts = [member.post for story in stories for member in story.members]
    scopes: set[Scope] = {slug for post in posts for slug in post.categories} | {None}
    findings = replace(
        findings,
        stories=stories,
        more=len(every) > FOUND,
        lookalikes={
            story: store.polls.known(lookup).by_band for story, lookup in asked_for.items() if lookup
        },
        newest=tuple(store.finder.of_source(sought.source, LISTED)) if sought.source else (),
        documents={
            scope: tuple(store.posts.newest(scope, entries[scope], per_source=given.output.per_source))
            for scope in scopes & entries.keys()
        },
    )
    return explaining.answer(sought, given, findings)


def difference(given: Config) -> list[str]:
    """What putting this configuration in force would do to sources and posts, a line each."""
    stored = {one.url: one for one in status(given)[0]}
    lines = []
    for source in given.sources:
        before = stored.pop(source.url, None)
        if before is None:
            lines.append(f"+ {source.label}: new; it is polled at once")
        elif not before.active:
            lines.append(f"+ {name(source, before.memory)}: returns, with its posts: {before.posts}")
        elif before.definition != source.definition:
            lines.append(
                f"~ {name(source, before.memory)}: edited; posts that are classified again: {before.posts}"
            )
    for gone in (one for one in stored.values() if one.active):
        title = gone.memory.info.title if gone.memory.info else "a source that was never read"
        lines.append(f"- {title}: not in the file any more; posts that leave the documents: {gone.posts}")
    return lines


async def check_live(given: Config, tell: Callable[[Source, ReadResult | str], None]) -> bool:
    """Fetch and read each source once, host by host, storing nothing; whether all of them are feeds."""
    clock = SystemClock()
    fetcher = HttpFetcher(given.polling, user_agent(given), clock)
    reader = WorkerReader(SiteIdentity(str(NIL), clock.now()), workers=os.cpu_count() or 1)
    slots = asyncio.Semaphore(given.polling.concurrency)
    hosts: dict[str, list[Source]] = {}
    for source in given.sources:
        hosts.setdefault(source.host, []).append(source)

    async def one(source: Source) -> bool:
        lease = Lease(source, 0, Memory())
        match await fetcher.fetch(lease):
            case Fetched() as fetched:
                result: ReadResult | str = await reader.read(lease, fetched, clock.now())
            case NotModified():
                result = "answers 304 to a first request"
            case FetchFailed(detail=detail):
                result = detail
        tell(source, result)
        return isinstance(result, Reading)

    async def one_host(sources: list[Source]) -> bool:
        good = True
        for number, source in enumerate(sources):
            if number and source.host:
                await asyncio.sleep(given.polling.per_host_gap.total_seconds())
            async with slots:
                good &= await one(source)
        return good

    try:
        return all(await asyncio.gather(*map(one_host, hosts.values())))
    finally:
        await fetcher.aclose()
        await reader.aclose()
