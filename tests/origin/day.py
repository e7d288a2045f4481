"""Shell. Simulated hours of many sources on fewer hosts, and a judge who has only the origin's log.

The real exchange, poller, reader and SQLite store run; the loop ticks every second, as the daemon does.
"""

from __future__ import annotations

import asyncio
import random
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from pathlib import Path

from aggregator.config import load
from aggregator.fetch import HttpFetcher
from aggregator.model import Config, PollOutcome
from aggregator.poller import Poller
from aggregator.ports import Reader
from aggregator.store import open_store
from tests.fakes import InlineReader
from tests.origin.behaviours import BEHAVIOURS
from tests.origin.door import OriginDoor
from tests.origin.feed import Behaviour
from tests.origin.life import AGENT, START
from tests.origin.origin import Origin
from tests.origin.score import Watch
from tests.origin.simulated import SimulatedClock, simulate

ADDRESS = "192.88.98.1"
HOSTS_PER_SOURCE = 0.15
TICK = 1.0  # seconds
LATEST = timedelta(hours=1)
"""How late a good source may be asked because its host, or everybody, is busy."""
GOOD = {
    "changing": 60, "steady": 8, "only-etag": 6, "only-last-modified": 5, "weak-etag": 3, "touched": 2,
    "max-age": 5, "max-age-on-200": 2, "expires": 2, "aged": 1, "ttl": 6, "update-period": 3,
    "skip-hours": 1, "skip-days": 1, "no-validators": 8, "fast": 1, "cookies": 1, "found-here": 2,
    "moved-here": 1, "overrun": 1,
}  # fmt: skip
BAD = {
    "unavailable": 2, "not-found-for-hours": 3, "server-errors": 2, "forbidden": 1, "drip": 2, "gone": 1,
    "found-elsewhere": 1, "moved-elsewhere": 1, "loop": 1, "unreadable": 1, "maintenance": 1,
}  # fmt: skip
WINDOW = 2  # entries of an ordinary document: what is watched here is when it is asked for, not what it says
RHYTHMS = (timedelta(hours=1), timedelta(hours=7), timedelta(days=1), timedelta(days=3), timedelta(days=7))
TOO_MANY = ("too-many-seconds", "too-many-date", "too-many")
TOO_MANY_AT = 10  # one host of so many has sources that say 429


@dataclass
class Figures:
    """What a day came to."""

    sources: int
    hosts: int
    polls: int = 0
    hops: int = 0
    most_at_once: int = 0
    peak_minute: int = 0  # requests, once every source has been asked for the first time
    mean_minute: float = 0.0
    lateness: Sequence[timedelta] = ()  # of good sources against their plan, sorted
    problems: Sequence[str] = ()

    def late(self, share: float) -> timedelta:
        """Its quantile."""
        return self.lateness[int(share * (len(self.lateness) - 1))] if self.lateness else timedelta(0)


def peopled(sources: int) -> list[Behaviour]:
    """Behaviours over hosts: a few hosts have very many, most have one or two. Always the same ones."""
    rng = random.Random(4)
    hosts = max(1, round(sources * HOSTS_PER_SOURCE))
    weights = list(accumulate(1 / (rank + 5) for rank in range(hosts)))
    mixed = GOOD | BAD
    names, shares = list(mixed), list(mixed.values())
    made = []
    for number in range(sources):
        host = number if number < hosts else rng.choices(range(hosts), cum_weights=weights)[0]
        [name] = rng.choices(names, shares)
        if host % TOO_MANY_AT == TOO_MANY_AT - 1 and rng.random() < 0.5:
            name = rng.choice(TOO_MANY)
        played = BEHAVIOURS[name]
        folder = f"{name}-{number}/"
        behaviour = played(
            f"https://host{host}.example.com/{folder}", f"https://other{host}.example.net/{folder}", START
        )
        if behaviour.window == Behaviour.window:
            behaviour.window = WINDOW
        if name == "changing":
            behaviour.every = rng.choice(RHYTHMS)
        made.append(behaviour)
    return made


class _Addresses(dict[str, str]):
    """Every host has one."""

    def get(self, host: str, default: object = None) -> str:
        return ADDRESS


class Day:
    """So many sources, for so long."""

    def __init__(self, sources: int, directory: Path) -> None:
        self.clock = SimulatedClock(START)
        self.origin = Origin()
        behaviours = peopled(sources)
        self.origin.play(behaviours)
        feeds = "".join(f"  - {b.here}feed.xml\n" for b in behaviours)
        text = f"site: {{url: 'https://news.example.org/'}}\nfeeds:\n{feeds}"
        self.config: Config = load(text, name="feeds.yaml", directory=str(directory), environment={})
        self.directory = directory
        self._planned: dict[str, datetime] = {}
        self._watches = {f"{b.here}feed.xml": w for b, w in zip(behaviours, self.origin.each(), strict=True)}
        self._late: dict[str, list[timedelta]] = {}
        self._faults: list[str] = []

    async def run(self, hours: float) -> Figures:
        """Poll for so long, then be judged."""
        polling, clock = self.config.polling, self.clock
        door = OriginDoor(self.origin, _Addresses(), clock.now, _seconds)
        store = open_store(
            str(self.directory / "store.db"), output=str(self.directory), loops=True, now=clock.now()
        )
        with store:
            store.polls.sync(self.config, clock.now())
            reader: Reader = InlineReader(store.posts.identity())  # type: ignore[no-untyped-call]
            poller = Poller(
                store.polls, HttpFetcher(polling, AGENT, clock, door), reader, clock, polling, self._note
            )
            end = START + timedelta(hours=hours)
            while clock.now() < end:
                await poller.start_due()
                wait = TICK
                if not poller.running:
                    soonest = store.polls.next_due(clock.now()) or end
                    wait = max(TICK, (min(soonest, end) - clock.now()).total_seconds())
                await asyncio.sleep(wait)
            await poller.stop(polling.timeout.total_seconds())
        return self._judged(end)

    def _note(self, outcome: PollOutcome) -> None:
        source = outcome.lease.source
        if outcome.lease.errand is not None:
            return
        if outcome.memory.last_result == "fault":
            self._faults.append(f"{source.url}: a fault of the reader: {outcome.memory.last_error}")
        asked, planned = self._watches[source.url].last, self._planned.get(source.url)
        if asked is not None and planned is not None:
            self._late.setdefault(source.url, []).append(asked - planned)
        self._planned[source.url] = outcome.due.at

    def _judged(self, end: datetime) -> Figures:
        origin = self.origin
        problems = [*self._faults, *origin.complaints()]
        if origin.most > self.config.polling.concurrency:
            problems.append(f"{origin.most} exchanges at once")
        lateness: list[timedelta] = []
        for url, watch in self._watches.items():
            if not self._is_good(watch):
                continue
            delays = list(self._late.get(url, ()))
            planned = self._planned.get(url)
            if planned is None:
                problems.append(f"{url}: never asked")
            elif planned < end and (watch.last or START) < planned:
                delays.append(end - planned)
            lateness += delays
            problems += [f"{url}: asked {late} late" for late in delays if late > LATEST]
        minutes = sorted(origin.per_minute.items())
        steady = [count for at, count in minutes if at >= START + timedelta(hours=3)] or [0]
        return Figures(
            sources=len(self._watches),
            hosts=len(origin.hosts),
            polls=sum(watch.exchanges for watch in self._watches.values()),
            hops=sum(origin.per_minute.values()),
            most_at_once=origin.most,
            peak_minute=max(steady),
            mean_minute=sum(steady) / len(steady),
            lateness=sorted(lateness),
            problems=problems,
        )

    def _is_good(self, watch: Watch) -> bool:
        """Whether it answers well, and nobody at its host says 429."""
        host = int(watch.behaviour.here.removeprefix("https://host").partition(".")[0])
        return watch.behaviour.name() in GOOD and host % TOO_MANY_AT != TOO_MANY_AT - 1


def _seconds(url: str) -> float:
    """How long an exchange takes: the same for the same URL."""
    return 0.2 + zlib.crc32(url.encode()) % 2500 / 1000


def simulated(sources: int, hours: float, directory: Path) -> Figures:
    """So many sources, for so many hours from a Monday at six."""

    async def main() -> Figures:
        return await Day(sources, directory).run(hours)

    return simulate(main())
