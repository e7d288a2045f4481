"""A row about memory: what the daemon's main process holds, over simulated days of many sources.

The daemon's own parts (`house`) poll every source once a day, publish, and tidy up, in a process of their
own, whose memory the kernel tells; only the clock is ours. The first day, on which all is new, is one
process; the ten days of the steady state are the next one, on the same store. The processes that read are
beside it and not counted: each has a bound of its own. One feed of a hundred has 30 entries, the others 3,
since the first day is long enough so; one of twenty has a new entry each day.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from aggregator.errors import StoreError
from benchmarks.table import Row

T = TypeVar("T")

SOURCES = 10_000
DAYS = 10
EVERY = 20
TRIES = 20
GOAL = 150  # MB
FLAT = 1.05
"""How much more the last day may have than the third; before that, what is kept for good is still filling."""
MANY, FEW = 30, 3
ROOT = Path(__file__).resolve().parent.parent
DAY = timedelta(days=1)


class Clock:
    """Goes on by days."""

    def __init__(self, day: int) -> None:
        self._now = datetime(2026, 11, 24, 10, tzinfo=UTC) + day * DAY

    def now(self) -> datetime:
        return self._now

    def pass_on(self, time: timedelta) -> None:
        self._now += time


def written(sources: int, port: int) -> str:
    """A feeds.yaml with each feed on a host of its own, in fifty categories."""
    lines = ["site: {title: Many, url: 'https://news.example.org/', contact: a@example.org}"]
    lines += ["polling: {min_interval: 1h, max_interval: 20h, concurrency: 50}", "defaults: {private: true}"]
    lines += ["feeds:"]
    for number in range(sources):
        entries = FEW if number % 100 else MANY
        url = f"http://127.1.{number // 250}.{number % 250 + 1}:{port}/{number}/{entries}/feed"
        lines.append(f"  - {{url: '{url}', category: c{number % 50}}}")
    return "\n".join(lines) + "\n"


def held(process: str = "self") -> dict[str, float]:
    """Megabytes that a process has in memory now, and had at most."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    told = dict(line.split(":", 1) for line in lines)
    return {name: int(told[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM")}


async def again(work: Callable[[], Awaitable[T]]) -> T:
    """What it gives, as soon as the store lets it: the daemon says such trouble and tries again, too."""
    for _ in range(TRIES):
        try:
            return await work()
        except StoreError as trouble:
            print(f"tried again: {trouble}", file=sys.stderr)
    return await work()


async def live(path: Path, port: int, first: int, days: int) -> None:
    """Days of a daemon from the first on; a line for each: polls, and megabytes in memory now and at most."""
    import gc

    import aggregator.daemon.live  # noqa: F401 - all the code that a daemon has in memory
    from aggregator.daemon import heap
    from aggregator.daemon.file import read_config
    from aggregator.daemon.house import house
    from aggregator.model import PollOutcome
    from benchmarks.polls import go

    results: list[str] = []

    def told(outcome: PollOutcome) -> None:
        results.append(outcome.memory.last_result)

    clock = Clock(first)
    given = read_config(path)[1]
    async with house(given, told, clock=clock) as parts:
        gc.freeze()  # as the daemon does
        for day in range(first, first + days):
            results.clear()
            published = 0
            go(port, day, EVERY)
            while await again(parts.poller.start_due) or parts.poller.running:
                await parts.poller.any_ended()
                if len(results) >= published + 500:  # as the daemon does, while there are polls
                    published = len(results)
                    await again(lambda: parts.publish(whole=False))
                    parts.follower.wake()  # takes over what polls have said of hubs
            await again(parts.publish)
            await parts.follower.finish()
            await asyncio.to_thread(heap.give_back)
            await asyncio.to_thread(parts.store.housekeep, clock.now())
            await asyncio.to_thread(parts.keeper.purge)
            new = sum("new" in result for result in results)
            print(len(results), new, *held().values(), flush=True)
            clock.pass_on(DAY)


def lived(sources: int, days: int) -> Iterator[list[float]]:
    """The lines of the first day, and of so many days after it, by a process of its own each."""
    from benchmarks.polls import origin

    with origin() as (port, _), tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "feeds.yaml")
        path.write_text(written(sources, port), encoding="utf-8")
        for first, some in ((0, 1), (1, days)):
            command = [sys.executable, "-m", "benchmarks.memory", *map(str, (path, port, first, some))]
            with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
                assert process.stdout is not None
                for line in process.stdout:
                    yield [float(figure) for figure in line.split()]
            assert process.returncode == 0


def rows(sources: int = SOURCES, days: int = DAYS) -> Iterator[Row]:
    """The row about memory."""
    figures = []
    for day, (polls, new, now, most) in enumerate(lived(sources, days)):
        told = f"{polls:.0f} polls, {new:.0f} with news, {now:.0f} MB, at most {most:.0f}"
        print(f"day {day or 'of all that is new'}: {told}", file=sys.stderr, flush=True)
        figures.append(now)
    cold, *steady = figures
    last, most = steady[-1], max(steady)
    flat = last <= FLAT * steady[min(2, days - 1)]
    days_told = ", ".join(f"{figure:.0f}" for figure in steady)
    yield Row(
        f"memory: main process, {sources:,} sources, {days} days",
        f"under {GOAL} MB, flat",
        f"{most:.0f} MB{'' if flat else ', growing'}",
        most < GOAL and flat,
        f"MB after each day: {days_told}; after the day of all that is new, a process before: {cold:.0f}",
    )


if __name__ == "__main__":
    asyncio.run(live(Path(sys.argv[1]), *map(int, sys.argv[2:])))
