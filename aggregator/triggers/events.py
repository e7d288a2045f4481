"""Shell. What may be to do, as events one after the other: ticks, an edited file, signals."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, timedelta
from pathlib import Path
from typing import Self, TypeAlias

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger
from watchfiles import awatch

from aggregator.triggers.clock import SystemClock

log = logging.getLogger(__name__)

TICK = timedelta(seconds=1)
HOUSEKEEPING = timedelta(minutes=10)
LOOK = timedelta(milliseconds=500)
"""Time between two looks at the file where nothing tells of its changes."""
SETTLE = timedelta(milliseconds=200)
"""How long the file stays as it is before a write that comes in several steps counts as finished."""
PATIENCE = timedelta(seconds=1)
"""How long that is waited for: an edit is in force within two seconds."""
STEP = timedelta(milliseconds=50)


@dataclass(frozen=True, slots=True)
class Tick:
    """Something may be due, and something may be dirty."""


@dataclass(frozen=True, slots=True)
class Housekeeping:
    """Time to tidy up."""


@dataclass(frozen=True, slots=True)
class Reload:
    """The configuration may have changed, or somebody asks to read it again."""

    by: str  # `SIGHUP`, `file`


@dataclass(frozen=True, slots=True)
class Stop:
    """Finish and leave."""

    by: str  # the signal's name


Event: TypeAlias = Tick | Housekeeping | Reload | Stop


class Triggers:
    """An asynchronous context manager around the stream of events; iterate over it."""

    def __init__(self, config: Path, *, tick: timedelta = TICK) -> None:
        self._config, self._tick = config, tick
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self._pending: set[Event] = set()
        self._stop_watching, self._touched = asyncio.Event(), asyncio.Event()
        # Without a grace of None, a job whose moment fell into a busy second would be skipped; ticks that
        # were missed are one tick.
        self._scheduler = AsyncIOScheduler(
            timezone=UTC,
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self.put, Stop("SIGTERM"))
        loop.add_signal_handler(signal.SIGINT, self.put, Stop("SIGINT"))
        loop.add_signal_handler(signal.SIGHUP, self.put, Reload("SIGHUP"))
        self._every(self._tick, Tick())
        self._every(HOUSEKEEPING, Housekeeping())
        self._scheduler.start()
        self._watchers = (
            asyncio.create_task(self._watch(), name="watch the configuration"),
            asyncio.create_task(self._listen(), name="listen to its directory"),
        )
        self.put(Reload("file"))  # it may have changed since it was read and before it was watched
        return self

    async def __aexit__(self, *exc: object) -> None:
        loop = asyncio.get_running_loop()
        self._scheduler.pause()
        await asyncio.sleep(0)  # a tick that begins just now ends; cancelled, it would be logged as an error
        self._scheduler.shutdown(wait=False)
        self._stop_watching.set()
        self._touched.set()
        await asyncio.gather(*self._watchers, return_exceptions=True)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.remove_signal_handler(number)

    def put(self, event: Event) -> None:
        """Let an event in; one that already waits is not put again."""
        if event not in self._pending:
            self._pending.add(event)
            self._events.put_nowait(event)

    async def __aiter__(self) -> AsyncIterator[Event]:
        while True:
            event = await self._events.get()
            self._pending.discard(event)
            yield event

    def _every(self, span: timedelta, event: Event) -> None:
        async def fire() -> None:
            self.put(event)

        # An interval first fires after one interval: the first tick is now.
        self._scheduler.add_job(
            fire, IntervalTrigger(seconds=span.total_seconds()), next_run_time=SystemClock().now()
        )

    async def _watch(self) -> None:
        """Put a reload when the file is another one, and whoever writes it has finished.

        The directory is watched, not the file, since editors replace files. That tells at once, but not of
        everything: a link on the way to the file may lead elsewhere now (`..data`, `current`), and not every
        file system tells. So we also look, by and by.
        """
        known = await asyncio.to_thread(_signature, self._config)
        while not self._stop_watching.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._touched.wait(), LOOK.total_seconds())
            self._touched.clear()
            found = await asyncio.to_thread(_signature, self._config)
            if found != known:
                known = await self._settled(found)
                self.put(Reload("file"))

    async def _settled(self, found: _Signature) -> _Signature:
        """The signature of the file once it stays the same: half a file may say something else."""
        steps = int(PATIENCE / STEP)
        quiet = 0
        for _ in range(steps):
            await asyncio.sleep(STEP.total_seconds())
            now = await asyncio.to_thread(_signature, self._config)
            quiet = quiet + 1 if now == found else 0
            found = now
            if quiet * STEP >= SETTLE:
                break
        return found

    async def _listen(self) -> None:
        """Look at once where the file system tells of a change."""
        try:
            async for _ in awatch(
                *{self._config.parent, self._config.resolve().parent},  # the file may be a link
                recursive=False,
                debounce=int(SETTLE.total_seconds() * 1000),
                step=int(STEP.total_seconds() * 1000),
                stop_event=self._stop_watching,
                raise_interrupt=False,
                force_polling=False,
            ):
                self._touched.set()
        except (OSError, RuntimeError) as trouble:  # no inotify left, a file system without it
            log.info("nothing tells of changes in %s (%s); looking is enough", self._config.parent, trouble)


_Signature: TypeAlias = tuple[int, ...] | None


def _signature(file: Path) -> _Signature:
    """What changes when a path leads to another file, or that is written; None: there is none."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
