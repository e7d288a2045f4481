"""Shell. The daemon's life: start, one event at a time, reload, drain, stop.

Polls, publishing and revising run in tasks of their own: an event waits for an answer of the store at most.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from pathlib import Path

from aggregator import config, observe, pipeline, serve, websub
from aggregator.daemon import heap
from aggregator.daemon.file import Overrides, overridden, parse_config, read_bytes, read_config
from aggregator.daemon.house import GRACE, House, house
from aggregator.daemon.outlook import Outlook
from aggregator.daemon.roles import Roles
from aggregator.daemon.supervisor import Supervisor
from aggregator.daemon.watch import desk
from aggregator.errors import AggregatorError, ConfigError, StoreError
from aggregator.model import Config, PollOutcome
from aggregator.syntax.counting import counted
from aggregator.syntax.databases import is_postgres
from aggregator.triggers.events import Housekeeping, Reload, Stop, Tick, Triggers

log = logging.getLogger(__name__)

BETWEEN_ROUNDS = 0.05
"""Seconds at least between two looks at what is due that ended polls cause."""
SEEN_FIRST = 0.8
"""Seconds for which posts are revised after an edit before it is published; what is shown comes first."""


async def run(path: Path, overrides: Overrides, announce: Callable[[str], None]) -> None:
    """The daemon: poll, publish, serve, watch the file, until SIGTERM or SIGINT."""
    heap.share()  # before there are threads
    raw, given = read_config(path, overrides)
    _must_fit(overrides.roles, given)
    _warn(given)
    metrics = observe.Metrics()

    def report(outcome: PollOutcome) -> None:
        observe.poll(outcome)
        metrics.poll(outcome)

    # Signals first: a SIGTERM that comes while the store is opened ends us as cleanly as any other.
    async with Triggers(path) as events, house(given, report, overrides.roles) as parts:
        loops = _Loops(parts, path, overrides, raw, given, metrics)
        async with _serving(given, parts, loops, metrics) as where:
            announce(f"{given.site.title}: {counted(len(given.sources), 'source')}, {where}")
            # What is there by now stays: looking through all of it for garbage again and again would cost a
            # third of a poll that brings nothing, and more with each source of the file.
            gc.freeze()
            gc.enable()  # which the command has switched off for so long
            await loops.live(events, Supervisor(os.environ), where)


@asynccontextmanager
async def _serving(
    given: Config, parts: House, loops: _Loops, metrics: observe.Metrics
) -> AsyncIterator[str]:
    """Answer readers and the operator, each where the file says; in words, where that is."""
    said = []
    async with AsyncExitStack() as ends:
        if not parts.roles.serve:
            said.append(f"serving nothing (roles: {parts.roles})")
        elif given.server.listen is not None:
            hub = serve.hub(parts.hub.take) if websub.own_hub(given.server) else serve.no_hub()
            follower = parts.follower
            pushed = serve.callbacks(
                follower.confirm, follower.admit, follower.take, lambda: follower.config.polling.max_size
            )
            application = serve.app(
                parts.store.documents,
                parts.clock,
                ready=lambda: loops.running,
                next_change=loops.next_change,
                formerly=lambda: loops.formerly,
                links=loops.links,
                routes=[hub, pushed],
            )
            quick = serve.quick(
                parts.store.documents, parts.clock, next_change=loops.next_change, links=loops.links
            )
            server = serve.HttpServer(application, given.server.listen, quick=quick)
            await server.start()
            ends.push_async_callback(server.stop)
            said.append(f"serving http://{server.address}/")
        else:
            said.append("serving nothing (`listen: off`)")
        if given.server.admin is not None:
            listen, token = given.server.admin, given.server.admin_token
            watched = desk(parts, metrics, loops)
            application = serve.admin_app(watched, listen=listen, token=token)
            server = serve.HttpServer(application, listen, "server.admin, --admin")
            await server.start()
            ends.push_async_callback(server.stop)
            said.append(f"for you http://{server.address}/admin/")
        yield ", ".join(said)


def _must_fit(roles: Roles, given: Config) -> None:
    """Raises `ConfigError` for roles that leave work which nobody can take."""
    if roles.loops and not (roles.poll and roles.publish) and not is_postgres(given.store):
        raise ConfigError(
            [
                f"--roles {roles}: one process polls and publishes on a SQLite file; "
                "name `poll,publish` together, or `serve` alone for a process beside that one"
            ]
        )


def _warn(given: Config) -> None:
    for warning in given.warnings:
        log.warning("%s", warning)


class _Loops:
    """The daemon's life between start and stop: one event at a time, long work in tasks of its own."""

    def __init__(
        self,
        parts: House,
        path: Path,
        overrides: Overrides,
        raw: bytes,
        given: Config,
        metrics: observe.Metrics,
    ) -> None:
        self._parts, self._path, self._overrides, self._metrics = parts, path, overrides, metrics
        self._raw, self.config = raw, given
        self._publishing: asyncio.Task[None] | None = None
        self._following: asyncio.Task[None] | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._catching_up: asyncio.Task[None] | None = None
        self.standing = serve.Standing(str(path), parts.clock.now())
        self._told: serve.Standing | None = None  # in `status.atom`
        self._reload_again = ""  # who asked for a reload that our store prevented
        self._reload_trouble = observe.Trouble("cannot reload")
        self._store_trouble = observe.Trouble("cannot look for due sources")
        self._mirror_trouble = observe.Trouble("cannot keep the output directory up to date")
        self._rival = observe.Trouble("nothing is polled or published from here")
        self._publish_trouble = observe.Trouble("cannot publish")
        self._keeper_trouble = observe.Trouble("cannot bring stored posts up to date")
        self.running = False  # what /readyz says
        self._outlook = Outlook(parts.store.polls, parts.poller, parts.clock)
        self.formerly = serve.formerly(given)

    def next_change(self) -> datetime | None:
        """When documents can change at the earliest: now, while some are written."""
        publishing = self._publishing is not None and not self._publishing.done()
        return self._parts.clock.now() if publishing else self._outlook.next_change()

    def links(self, path: str) -> list[tuple[str, str]]:
        """What the `Link` header of a document says (RFC 8288)."""
        if not path.endswith(serve.FEEDS):
            return []
        site, server = self.config.site, self.config.server
        hub = websub.announced(site, server) if websub.is_topic(path) else ""
        return [("self", site.url + path), *([("hub", hub)] if hub else [])]

    async def live(self, events: Triggers, supervisor: Supervisor, where: str) -> None:
        self.running = True
        supervisor.ready(self._words(where))
        async for event in events:
            supervisor.alive()
            match event:
                case Tick():
                    await self._tick()
                case Reload():
                    if event.by == "SIGHUP":
                        supervisor.reloading()
                    await self._reload(event.by)
                    supervisor.ready(self._words(where))
                case Housekeeping():
                    await self._housekeep()
                case Stop():
                    log.info("stopping by=%s polls=%d", event.by, self._parts.poller.running)
                    break
        supervisor.stopping()
        self.running = False
        await self._drain()

    def _words(self, where: str) -> str:
        """How we are, in a line."""
        if self.standing.refused:
            return f"not reloaded, the last good version is in force: {self.standing.refused[0]}"
        return f"{self.config.site.title}: {counted(len(self.config.sources), 'source')}, {where}"

    async def _tick(self) -> None:
        """Start what is due and publish what is dirty. Trouble with the store is said, and tried again."""
        roles = self._parts.roles
        try:
            if roles.loops and self._parts.store.shared:
                await self._look_for_rivals()
            if roles.poll:
                await self._parts.poller.start_due()
            if roles.loops and self._told is not self.standing:
                await self._tell(self.standing)
            await self._outlook.look()
            self._store_trouble.over()
        except StoreError as trouble:
            self._store_trouble.say(trouble)
        await self._wake()
        if self._reload_again:
            await self._reload(self._reload_again)
        if roles.poll and (self._following is None or self._following.done()):
            self._following = asyncio.create_task(self._follow(), name="follow ended polls")
        if self._parts.store.shared and (self._catching_up is None or self._catching_up.done()):
            self._catching_up = asyncio.create_task(self._catch_up(), name="catch up")
        if not roles.publish:
            return
        if (
            self._parts.hub.works
            and self._parts.keeper.behind
            and (self._keeping is None or self._keeping.done())
        ):
            self._keeping = asyncio.create_task(self._keep(), name="keep")
        if self._publishing is None or self._publishing.done():
            self._publishing = asyncio.create_task(self._publish(), name="publish")

    async def _look_for_rivals(self) -> None:
        """Say so once, where another process has put another file in force: then there is nothing to do."""
        if await asyncio.to_thread(self._parts.store.polls.in_force):
            self._rival.over()
        else:
            self._rival.say(
                "another configuration is in force, which another process has read later; "
                "copy that file here, or this one there"
            )

    async def _wake(self) -> None:
        """Let those work that ask and tell others, where that is for this process to do."""
        parts = self._parts
        try:
            if parts.roles.publish:
                parts.hub.works = await parts.keeps()
            if parts.roles.poll:
                parts.follower.asks = await parts.asks()
        except StoreError as trouble:
            self._store_trouble.say(trouble)
            return
        parts.hub.wake()
        if parts.roles.poll:
            parts.follower.wake()

    async def _catch_up(self) -> None:
        """Look what other processes have published."""
        try:
            await self._parts.catch_up()
        except AggregatorError as trouble:
            self._mirror_trouble.say(trouble)
            return
        if left := self._parts.store.documents.left():
            self._mirror_trouble.say(left)
        else:
            self._mirror_trouble.over()

    async def _housekeep(self) -> None:
        await asyncio.to_thread(heap.give_back)
        if not self._parts.hub.works:
            return
        try:
            await asyncio.to_thread(self._parts.store.housekeep, self._parts.clock.now())
            purged = await asyncio.to_thread(self._parts.keeper.purge)
            if purged:
                log.info("%s", observe.line("purge", {"posts": purged}))
        except StoreError as trouble:
            log.error("cannot tidy the store: %s", trouble)

    async def _keep(self) -> None:
        """Bring the posts that an edit touches up to date, batch after batch."""
        keeper, posts = self._parts.keeper, 0
        try:
            while keeper.behind and self.running:
                posts += await asyncio.to_thread(keeper.revise)
            self._keeper_trouble.over()
        except StoreError as trouble:  # the next tick tries again
            self._keeper_trouble.say(trouble)
        if posts:
            log.info("%s", observe.line("revise", {"posts": posts}))
            await self._publish_soon()

    async def _publish_soon(self) -> None:
        """Publish what was revised beside the last publishing, without waiting for a tick."""
        if self._publishing is not None and not self._publishing.done():
            await asyncio.wait([self._publishing])
        if self.running and (self._publishing is None or self._publishing.done()):
            self._publishing = asyncio.create_task(self._publish(), name="publish")

    async def _follow(self) -> None:
        """Start the next polls of hosts whose slots come free, without waiting for the next tick."""
        while self._parts.poller.running:
            await self._parts.poller.any_ended()
            await asyncio.sleep(BETWEEN_ROUNDS)
            try:
                await self._parts.poller.start_due()
            except StoreError:
                return  # the next tick tries again, and says so

    async def _publish(self) -> None:
        began = self._parts.clock.now()
        try:
            published = await self._parts.publish(whole=False)
        except AggregatorError as trouble:
            self._publish_trouble.say(trouble)
            return
        self._publish_trouble.over()
        if published.scopes or published.files or published.failures:
            took = self._parts.clock.now() - began
            self._metrics.published(len(published.written), len(published.failures), took)
        if published.written or published.files:
            counts = {"scopes": published.scopes, "written": len(published.written)}
            log.info("%s", observe.line("publish", counts | {"files": len(published.files) or ""}))

    async def _reload(self, by: str) -> None:
        """Build the new configuration completely, compare, put in force; on any error the old one stays."""
        self._reload_again = ""
        try:
            raw = await asyncio.to_thread(read_bytes, self._path)
            if raw == self._raw:
                if self.standing.refused:
                    log.info("%s is as it is in force again", self._path)
                    self._stands(self.standing.waiting)
                elif by == "SIGHUP":
                    log.info("reload by=SIGHUP changes=none")
                return
            new = overridden(parse_config(raw, self._path), self._overrides)
            changes = config.diff(self.config, new)
            new = config.in_force(self.config, new)
            await asyncio.to_thread(self._parts.adopt, new)
        except ConfigError as wrong:
            if by == "SIGHUP" or wrong.problems != self.standing.refused:
                for problem in wrong.problems:
                    log.error("not reloaded: %s", problem)
            self._stands(self.standing.waiting, wrong.problems)
            return
        except StoreError as trouble:
            self._reload_again = by
            self._reload_trouble.say(f"{trouble}; the old configuration stays, and this is tried again")
            return
        self._reload_trouble.over()
        self._raw, self.config = raw, new
        self._stands(changes.restart)
        self.formerly = serve.formerly(new)
        log.info("%s", observe.line("reload", {"by": by, "changes": changes.summary()}))
        for key in changes.restart:
            log.warning("reload: `%s` takes effect at the next start", key)
        _warn(new)
        if self._parts.hub.works:
            await self._revise_what_is_seen()
        await self._tick()

    def _stands(self, waiting: tuple[str, ...], refused: tuple[str, ...] = ()) -> None:
        """Note how the file stands to what is in force; since when, if that is another thing now."""
        said = tuple(map(observe.without_secrets, refused))
        if (waiting, said) != (self.standing.waiting, self.standing.refused):
            self.standing = serve.Standing(str(self._path), self._parts.clock.now(), said, waiting)

    async def _tell(self, standing: serve.Standing) -> None:
        """Let `status.atom` say how the file stands; everybody reads that, so it repeats nothing of it."""
        name = self._path.name
        refused = [
            config.for_everybody(problem.replace(str(self._path), name)) for problem in standing.refused
        ]
        event = pipeline.of_file(refused, standing.since)
        await asyncio.to_thread(self._parts.store.tell, event)
        self._told = standing

    async def _revise_what_is_seen(self) -> None:
        """The first posts before anything is published, so that readers see an edit once, and at once."""
        keeper, loop, posts = self._parts.keeper, asyncio.get_running_loop(), 0
        until = loop.time() + SEEN_FIRST
        try:
            while keeper.behind and loop.time() < until:
                posts += await asyncio.to_thread(keeper.revise)
        except StoreError as trouble:  # the next tick tries again
            self._keeper_trouble.say(trouble)
        if posts:
            log.info("%s", observe.line("revise", {"posts": posts}))

    async def _drain(self) -> None:
        """Finish what is under way within its deadline, then publish what it brought."""
        if self._following is not None:
            self._following.cancel()
        cancelled = await self._parts.poller.stop(GRACE)
        if cancelled:
            log.info("stop: polls cut short: %d; their sources are asked again when they are due", cancelled)
        work = (self._publishing, self._keeping, self._catching_up)
        busy = [task for task in work if task is not None]
        if busy:
            await asyncio.wait(busy)
        if self._parts.roles.publish:
            await self._publish()
