"""Shell. What URLs and files give, storing nothing: `preview`, `check --live`, and the feeds behind a page.

Goes out through the same door as every poll, guarded and named, one exchange at a time with the gap between
two with one host.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

from aggregator import config, pipeline
from aggregator.daemon.file import folder, read_bytes
from aggregator.daemon.house import user_agent
from aggregator.errors import AggregatorError
from aggregator.fetch import HttpFetcher
from aggregator.model import (
    Config,
    Fetched,
    FetchFailed,
    FetchResult,
    Lease,
    Memory,
    NotModified,
    PollOutcome,
    Reading,
    ReadResult,
    SiteIdentity,
    Source,
    Unreadable,
    Url,
)
from aggregator.pipeline import discovering, previewing
from aggregator.pipeline.discovering import Guesses, Offer
from aggregator.triggers.clock import SystemClock
from aggregator.workers import WorkerReader

MOST_TRIED = 10
"""Feeds of a page that are asked for."""
_NIL = SiteIdentity(str(UUID(int=0)), SystemClock().now())


@dataclass(frozen=True, slots=True)
class Found:
    """What a URL leads to: the best feed first; `failed` are others that were tried, each with the reason."""

    offers: tuple[Offer, ...]
    failed: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Preview:
    """How one feed would look. `outcome` is what its first poll would change; None where it is no feed."""

    source: Source
    configured: bool
    result: ReadResult | str  # a text: why nothing came
    outcome: PollOutcome | None = None
    notes: Mapping[int, tuple[str, ...]] = field(default_factory=dict)  # by position: what was done to it
    answered: str = ""  # the URL that answered, where it is another one


async def preview(path: Path, asked: str, *, private: bool) -> Preview:
    """Fetch and read a feed once, with the keys that the file has for it, else with its defaults.

    `asked` is a file of this machine, or a URL. Raises `AggregatorError` for what is neither.
    """
    given, source, configured = await asyncio.to_thread(_trial, path, _address(asked), private)
    async with _looker(given) as looker:
        result = await looker.fetch(source)
        if not isinstance(result, Fetched):
            return Preview(source, configured, _why_nothing(result))
        reading = await looker.read(source, result)
        if not isinstance(reading, Reading):
            return Preview(source, configured, reading)
    now = looker.clock.now()
    lease, known = Lease(source, 0, Memory()), previewing.known_of(given)
    return Preview(
        source,
        configured,
        reading,
        pipeline.decide(lease, result, reading, known, given.polling, now),
        await asyncio.to_thread(previewing.notes, result, reading),
        result.url if result.url != source.url else "",
    )


async def find(path: Path, asked: str, *, private: bool) -> Found:
    """The feeds behind a URL: itself, those that a page links to, those at well-known places.

    Raises `AggregatorError` where nothing answers, or none is there.
    """
    url = config.web_address(asked)
    given, source, configured = await asyncio.to_thread(_trial, path, url, private)
    async with _looker(given) as looker:
        result = await looker.fetch(source)
        if not isinstance(result, Fetched):
            raise AggregatorError(f"{url}: {_why_nothing(result)}{_or_flag(result)}")
        reading = await looker.read(source, result)
        if isinstance(reading, Reading):
            if configured:
                return Found((Offer(source.url, reading, source),))
            [offer] = await asyncio.to_thread(_offers, path, [(_settled(source.url, result), reading)])
            return Found((offer,))
        failed: list[tuple[str, str]] = []
        for places in discovering.guesses(result, reading):
            sources = await asyncio.to_thread(_sources, path, places.urls, private)
            feeds = await looker.look_into(places, sources, failed)
            if feeds:
                offers = await asyncio.to_thread(_offers, path, feeds)
                return Found(discovering.best_first(offers), tuple(failed))
    tried = "".join(f"\n  {where}: {why}" for where, why in failed[:MOST_TRIED])
    raise AggregatorError(f"{url}: {reading.reason}; no feed was found, name its own URL{tried}")


async def check_live(given: Config, tell: Callable[[Source, ReadResult | str], None]) -> bool:
    """Fetch and read each source once, host by host, storing nothing; whether all of them are feeds."""
    clock = SystemClock()
    fetcher = HttpFetcher(given.polling, user_agent(given), clock)
    reader = WorkerReader(_NIL, workers=os.cpu_count() or 1)
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


class _Looker:
    """Fetches and reads, and leaves each host alone for its gap."""

    def __init__(self, given: Config) -> None:
        self.clock = SystemClock()
        self._gap = given.polling.per_host_gap.total_seconds()
        self._asked: set[str] = set()
        self.fetcher = HttpFetcher(given.polling, user_agent(given), self.clock)
        self.reader = WorkerReader(_NIL, workers=1)

    async def fetch(self, source: Source) -> FetchResult:
        if source.host and source.host in self._asked:
            await asyncio.sleep(self._gap)
        self._asked.add(source.host)
        return await self.fetcher.fetch(Lease(source, 0, Memory()))

    async def read(self, source: Source, fetched: Fetched) -> Reading | Unreadable:
        reading = await self.reader.read(Lease(source, 0, Memory()), fetched, self.clock.now())
        assert isinstance(reading, Reading | Unreadable)  # no errand
        return reading

    async def look_into(
        self, places: Guesses, sources: Mapping[Url, Source], failed: list[tuple[str, str]]
    ) -> list[tuple[Url, Reading]]:
        """The feeds at some places; why others are none is added to `failed`."""
        feeds: dict[Url, Reading] = {}
        for url in places.urls[: None if not places.all else MOST_TRIED]:
            result = await self.fetch(sources[url])
            if not isinstance(result, Fetched):
                failed.append((url, _why_nothing(result)))
                continue
            match await self.read(sources[url], result):
                case Reading() as reading:
                    feeds.setdefault(_settled(url, result), reading)
                case Unreadable(reason=reason):
                    failed.append((url, reason))
            if feeds and not places.all:
                break
        return list(feeds.items())


@asynccontextmanager
async def _looker(given: Config) -> AsyncIterator[_Looker]:
    looker = _Looker(given)
    try:
        yield looker
    finally:
        await looker.fetcher.aclose()
        await looker.reader.aclose()


_SUFFIXES = frozenset({".atom", ".json", ".rss", ".xml"})


def _address(asked: str) -> str:
    """The URL of what is to be previewed: a file that is there, or what is typed like an address."""
    written = asked.removeprefix("file:")
    there = Path(written)
    named = there.suffix.lower() in _SUFFIXES and written == there.name  # no name of a host ends so
    if there.exists() or named or written != asked or written.startswith(("/", "./", "../")):
        return f"file:{there.absolute()}"
    return config.web_address(asked)


def _trial(path: Path, url: str, private: bool) -> tuple[Config, Source, bool]:
    """The configuration with this feed in it, its source, and whether the file has it already."""
    given = _configuration(path, ())
    known = _known(given, url)
    if known is not None:
        return given, known, True
    given = _configuration(path, [_keys(url, private)])
    return given, next(source for source in given.sources if source.url == url), False


def _known(given: Config, url: str) -> Source | None:
    """The source of a URL, also where that is written in another way; the exact one first."""
    for same in (lambda source: source.url == url, lambda source: _loosely(source) == _loose(url)):
        found = next(filter(same, given.sources), None)
        if found is not None:
            return found
    return None


def _loosely(source: Source) -> str:
    return f"file:{source.path}" if source.path else _loose(source.url)


def _loose(url: str) -> str:
    """What two spellings of a feed's URL have in common: no scheme, case of the host, closing slash."""
    parts = urlsplit(url)
    if parts.scheme == "file":
        return url
    return f"{parts.netloc.lower()}{parts.path.rstrip('/')}?{parts.query}"


def _sources(path: Path, places: Sequence[Url], private: bool) -> Mapping[Url, Source]:
    given = _configuration(path, [_keys(url, private) for url in places])
    return {source.url: source for source in given.sources}


def _offers(path: Path, feeds: Sequence[tuple[Url, Reading]]) -> list[Offer]:
    given = _configuration(path, ())
    return [Offer(url, reading, _known(given, url)) for url, reading in feeds]


def _keys(url: str, private: bool) -> dict[str, str]:
    return {"url": url} | ({"private": "true"} if private else {})


def _configuration(path: Path, further: Sequence[Mapping[str, str]]) -> Config:
    """What the file says, with further feeds; where there is no file, those alone."""
    raw = read_bytes(path) if path.exists() else b"feeds: []\n"
    return config.load(
        config.decode(raw, str(path)),
        name=str(path),
        directory=folder(path),
        environment=os.environ,
        further=further,
    )


def _settled(url: Url, result: Fetched) -> Url:
    """Where it is for good."""
    return result.hints.moved or url


def _why_nothing(result: FetchFailed | NotModified) -> str:
    match result:
        case FetchFailed(detail=detail):
            return detail
        case NotModified():
            return "answers 304 to a first request"


def _or_flag(result: FetchFailed | NotModified) -> str:
    private = isinstance(result, FetchFailed) and result.kind == "address"
    return ", which --private does for you" if private else ""
