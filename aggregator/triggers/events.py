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
SETTLE = timedelta(milliseconds=200)
"""How long an editor may take to finish a write that comes in several steps."""


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
        self._stop_watching = asyncio.Event()
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
        self._watcher = asyncio.create_task(self._watch(), name="watch the configuration")
        self.put(Reload("file"))  # it may have changed since it was read and before it was watched
        return self

    async def __aexit__(self, *exc: object) -> None:
        loop = asyncio.get_running_loop()
        self._scheduler.shutdown(wait=False)
        self._stop_watching.set()
        await asyncio.gather(self._watcher, return_exceptions=True)
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
        """Watch the directory, not the file: editors replace files, containers swap links (`..data`).

        Whether anything in it concerns us is for the reload to find out, by the bytes of the file.
        """
        with contextlib.suppress(asyncio.CancelledError):
            try:
                await self._changes(force_polling=None)
            except (OSError, RuntimeError) as trouble:  # no inotify left, a file system without it
                log.warning("cannot watch %s (%s); looking at it instead", self._config.parent, trouble)
                await self._changes(force_polling=True)

    async def _changes(self, *, force_polling: bool | None) -> None:
        async for _ in awatch(
            *{self._config.parent, self._config.resolve().parent},  # the file may be a link
            recursive=False,
            debounce=int(SETTLE.total_seconds() * 1000),
            step=50,
            stop_event=self._stop_watching,
            raise_interrupt=False,
            force_polling=force_polling,
        ):
            self.put(Reload("file"))
