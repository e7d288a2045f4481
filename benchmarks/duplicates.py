#!/usr/bin/env python3
"""How long it takes to find the duplicates of one new post, by the number of posts that are stored.

    benchmarks/duplicates.py [--sizes 10000,100000,1000000] [--probes N] [--seed S] [--directory DIR]

Fills a store for each size and measures, in one process, what a poll that brings one new post asks of it:
`known` and `dedupe.judge`. All posts are founders of the last days, so that each has its bands: most share
none with anybody, some come from templates (of 100, whose bands are left out, and of 20, whose are not), and
some are texts of `tools/dedupe_made.py`, of which the probes are copies, or others that only look like one.
Prints the median, how much of it goes to the store, the 95th percentile, and the ratio of the median to that
of the smallest size. Exit status 1 where a percentile is not below 5 ms, or a median has grown by more than
the logarithm of the size.
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from math import log
from pathlib import Path

from aggregator import dedupe
from aggregator.dedupe.shingles import BANDS
from aggregator.model import Category, Config, Key, Lookup, New, Post, PostId, Slug, Source, SourceInfo, Url
from aggregator.store import Store, open_store
from aggregator.store.posts import row_of
from aggregator.store.tables import EPOCH, MICROSECOND

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tools"))
from dedupe_made import Made, pairs

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
WITHIN = timedelta(days=3)  # all posts were published and seen in these
GOAL = 5.0  # milliseconds
TEMPLATED, SHARED = 0.02, 30  # share of posts from templates, and bands that those of a template share
FAMILIES = (100, 20)  # posts of a template: more than a band may have, and fewer
PARTS = 1000  # in which the bands are made, so that they need not be in memory together
SOURCES = tuple(Url(f"https://s{n}.example/feed") for n in range(100))
PROBER = Url("https://new.example/feed")


@dataclass(frozen=True, slots=True)
class Probe:
    """A post that comes in, and whether it should find a copy."""

    kind: str
    post: Post
    copied: bool


def post_of(name: str, url: Url, made: Made, rng: random.Random) -> Post:
    """A text as `read` gives it: stamped, and in a category."""
    when = NOW - rng.random() * WITHIN
    raw = Post(
        id=PostId(f"tag:s.example,2026:{name}"),
        source=url,
        guid=name,
        title=made.title,
        link=f"{url}/{name}",
        published=when,
        updated=when,
        first_seen=when,
        origin=SourceInfo(url, "A feed"),
        content="".join(f"<p>{paragraph}</p>" for paragraph in made.paragraphs),
    )
    (stamped,), _ = dedupe.stamp([raw], Source(url))
    return replace(stamped, categories=(Slug("news"),))


def given(count: int, seed: int) -> tuple[list[Post], list[Probe]]:
    """Posts with real texts to be stored, and at least so many probes of each kind."""
    rng = random.Random(seed)
    stored: list[Post] = []
    probes: list[Probe] = []
    wanted = {True: 2 * count, False: count}
    for number, pair in enumerate(pairs(count, seed)):
        if not wanted[pair.same]:
            continue
        wanted[pair.same] -= 1
        one = post_of(f"made{number}", SOURCES[number % len(SOURCES)], pair.one, rng)
        other = post_of(f"probe{number}", PROBER, pair.other, rng)
        if not pair.same:
            probes.append(Probe("only looks like one", other, False))
            probes.append(Probe("is like no other", replace(other, bands=_random_bands(rng)), False))
        elif wanted[True] % 2:
            probes.append(Probe("is a copy among many", other, True))
        else:  # many are alike here, as they come from few forms: let these two share bands with nobody else
            apart = dict(zip(one.bands, _random_bands(rng), strict=True))
            shared = tuple(apart.get(band, rng.getrandbits(63)) for band in other.bands)
            one = replace(one, bands=tuple(apart.values()))
            probes.append(Probe("is a copy of one", replace(other, bands=shared), True))
        stored.append(one)
    return stored, probes


def _random_bands(rng: random.Random) -> tuple[int, ...]:
    return tuple(rng.getrandbits(64) - 2**63 for _ in range(BANDS))


class Filler:
    """Writes rows straight into the tables, sorted as their indexes are, and without their indexes."""

    def __init__(self, path: str, size: int, stored: Sequence[Post], seed: int) -> None:
        self._size, self._stored, self._rng = size, stored, random.Random(seed)
        self._connection = sqlite3.connect(path, isolation_level=None)
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "foreign_keys=OFF", "cache_size=-500000"):
            self._connection.execute(f"PRAGMA {pragma}").close()

    def fill(self) -> None:
        run = self._connection.execute
        indexes = run("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql != ''").fetchall()
        for name, _ in indexes:
            run(f'DROP INDEX "{name}"')
        run("BEGIN")
        self._many("stories", ("id",), ((post.id,) for post in self._posts()))
        self._posts_and_keys()
        self._many("bands", ("band", "post"), self._bands())
        run("COMMIT")
        for _, sql in indexes:
            run(sql)
        run("ANALYZE")
        run("PRAGMA journal_mode=WAL").close()
        self._connection.close()

    def _many(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        marks = ", ".join("?" for _ in columns)
        self._connection.executemany(
            f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})",
            rows,
        )

    def _posts(self) -> Iterator[Post]:
        """Those with texts of their own first, then as many that borrow one."""
        yield from self._stored
        for number in range(len(self._stored), self._size):
            like = self._stored[number % len(self._stored)]
            name = f"filler{number:08}"
            keys = tuple(Key(f"{key[:3]}{number * 2654435761 % 2**32:032x}") for key in like.keys)
            yield replace(like, id=PostId(f"tag:s.example,2026:{name}"), guid=name, keys=keys)

    def _posts_and_keys(self) -> None:
        urls = dict(self._connection.execute("SELECT url, id FROM sources"))
        keys: list[tuple[str, int]] = []

        def rows() -> Iterator[list[object]]:
            for row, post in enumerate(self._posts(), 1):
                keys.extend((key, row) for key in post.keys)
                values = row_of(post) | {"id": row, "source": urls[post.source], "story": post.id}
                values |= of_all
                yield [
                    (value - EPOCH) // MICROSECOND if isinstance(value, datetime) else value
                    for value in (values[name] for name in names)
                ]

        of_all = {"definition": "", "purged": False}
        given = {"id", "source", "story", *of_all, *row_of(self._stored[0])}
        columns = self._connection.execute("PRAGMA table_info(posts)").fetchall()
        names = [row[1] for row in columns if row[1] in given]  # the others are for what comes later
        self._many("posts", names, rows())
        keys.sort()
        self._many("post_keys", ("key", "post"), keys)
        self._many(
            "post_categories",
            ("post", "rank", "category"),
            ((n, 0, "news") for n in range(1, self._size + 1)),
        )

    def _bands(self) -> Iterator[tuple[int, int]]:
        """In order: those of the texts, those of templates, and for the others as many at random."""
        rng = self._rng
        special = [(band, row) for row, post in enumerate(self._stored, 1) for band in post.bands]
        first = len(self._stored) + 1
        templated = int(self._size * TEMPLATED)
        for at in range(first, first + templated):
            family = FAMILIES[at % 2]
            of_family = random.Random(f"{family} {(at - first) // (2 * family)}")
            special += [(of_family.getrandbits(64) - 2**63, at) for _ in range(SHARED)]
        special.sort()
        rest = range(first + templated, self._size + 1)
        taken, width = 0, 2**64 // PARTS
        for part in range(PARTS):
            low = -(2**63) + part * width
            here = [(low + rng.randrange(width), rng.choice(rest)) for _ in range(len(rest) * BANDS // PARTS)]
            until = taken
            while until < len(special) and (special[until][0] < low + width or part == PARTS - 1):
                until += 1
            here += special[taken:until]
            taken = until
            yield from sorted(set(here))


def template_probes(size: int, probes: Sequence[Probe]) -> list[Probe]:
    """One more from each of some templates."""
    found = []
    for number, probe in enumerate(p for p in probes if p.kind == "is like no other"):
        family = FAMILIES[number % 2]
        of_family = random.Random(f"{family} {number % max(1, int(size * TEMPLATED) // (2 * family))}")
        bands = tuple(of_family.getrandbits(64) - 2**63 for _ in range(SHARED))
        kind = f"has a template of {family}"
        found.append(Probe(kind, replace(probe.post, bands=bands), False))
    return found


def measured(store: Store, probes: Sequence[Probe]) -> dict[str, list[tuple[float, float]]]:
    """Milliseconds of each probe, and of them those in the store, by kind. Says what was judged wrongly."""
    source, times, wrong = Source(PROBER), dict[str, list[tuple[float, float]]](), 0
    for probe in probes:
        post = probe.post
        lookup = Lookup(
            PROBER,
            frozenset(post.keys),
            frozenset({post.id}),
            bands={post.keys[0]: post.bands},
            seen_since=NOW - dedupe.CANDIDATES_SEEN,
        )
        begun = time.perf_counter()
        known = store.polls.known(lookup)
        looked = time.perf_counter()
        (verdict,) = dedupe.judge([post], source, known, lambda post, _: post.id, NOW).verdicts
        took = time.perf_counter() - begun
        times.setdefault(probe.kind, []).append((1000 * took, 1000 * (looked - begun)))
        wrong += isinstance(verdict, New) == probe.copied
    print(f"  {wrong} of {len(probes)} probes were judged otherwise than they were made")
    return times


def benchmark(size: int, directory: str, count: int, seed: int) -> dict[str, list[tuple[float, float]]]:
    """Fill a store and measure it."""
    path = f"{directory}/{size}.db"
    stored, probes = given(count, seed)
    config = Config(
        categories=(Category(Slug("news"), "News"),), sources=tuple(map(Source, (*SOURCES, PROBER)))
    )
    begun = time.perf_counter()
    with open_store(path, output=f"{directory}/public", loops=True, now=NOW) as store:
        store.polls.sync(config, NOW)
    Filler(path, size, stored, seed).fill()
    took, bytes_ = time.perf_counter() - begun, Path(path).stat().st_size
    print(f"{size:,} posts: filled in {took:.0f} s, {bytes_ / 2**20:,.0f} MiB")
    with open_store(path, output=f"{directory}/public", loops=True, now=NOW) as store:
        every = [*probes, *template_probes(size, probes)]
        random.Random(seed).shuffle(every)
        times = measured(store, every)
    Path(path).unlink()
    return times


def main() -> int:
    """The command; its exit status."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--sizes", default="10000,100000,1000000")
    parser.add_argument("--probes", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--directory", help="where the stores are made for as long as it takes")
    args = parser.parse_args()
    sizes = [int(size) for size in args.sizes.split(",")]
    missed, first = False, dict[str, float]()
    for size in sizes:
        with tempfile.TemporaryDirectory(dir=args.directory) as directory:
            times = benchmark(size, directory, args.probes, args.seed)
        print(f"  {'ms, a post that':24} {'probes':>6} {'median':>7} {'(store)':>7} {'p95':>7} {'ratio':>6}")
        for kind, taken in sorted(times.items()):
            whole, in_store = zip(*taken, strict=True)
            median, late = statistics.median(whole), statistics.quantiles(whole, n=20)[-1]
            ratio = median / first.setdefault(kind, median)
            of_that = statistics.median(in_store)
            print(f"  {kind:24} {len(taken):6} {median:7.2f} {of_that:7.2f} {late:7.2f} {ratio:6.2f}")
            missed |= late >= GOAL or ratio > log(size) / log(sizes[0])
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
