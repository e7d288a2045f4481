"""Rows about updating many sources: ours beside the package `reader`, and beside sfeed with its ETag files.

All three update the same 1,000 sources, each on a host of its own: all new, then unchanged, then with one
new entry in one source of twenty. Ours are the daemon's parts: exchange, worker processes, poller, SQLite.
What counts is the computing of an update, of all its processes. Who is not here is named in its row.
"""

from __future__ import annotations

import asyncio
import resource
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.made import ENTRIES
from benchmarks.origin import changes
from benchmarks.polls import ROOT, bench, go, origin, url
from benchmarks.table import Row

FEEDS = 1000
ROUNDS = 3
EVERY = 20
READER = ROOT / ".bench/bin/python"
SFEED = "sfeed"
GOALS = {"reader": (3, 10, 10), SFEED: (None, 20, 20)}
MISSING = {
    "reader": "no reader here: `make bench` puts it into .bench, if it can be had",
    SFEED: "no sfeed here: apt install sfeed",
}


@dataclass
class Taken:
    """Seconds of computing of each update of all sources."""

    cold: list[float] = field(default_factory=list)
    unchanged: list[float] = field(default_factory=list)
    changed: list[float] = field(default_factory=list)

    def kinds(self) -> Iterator[tuple[str, float]]:
        for kind, seconds in (
            ("all new", self.cold),
            ("unchanged", self.unchanged),
            (f"1 in {EVERY} has one new entry", self.changed),
        ):
            yield kind, statistics.median(seconds)


async def ours(port: int, process: int, feeds: int) -> Taken:
    """Update with the daemon's parts."""
    taken = Taken()
    few = sum(changes(number, EVERY) for number in range(feeds))
    async with bench(port, process, feeds, "keep") as polls:
        taken.cold.append(feeds * await polls.poll())
        polls.expect(f"{ENTRIES} new")
        for version in range(1, ROUNDS + 1):
            taken.unchanged.append(feeds * await polls.poll())
            polls.expect("not modified")
            go(port, version, EVERY)
            taken.changed.append(feeds * await polls.poll())
            brought = polls.results.count(f"1 new, {ENTRIES - 1} unchanged")
            assert (brought, polls.results.count("not modified")) == (few, feeds - few)
    return taken


def theirs(port: int, feeds: int, update: Callable[[], tuple[float, int]]) -> Taken:
    """Update with a peer that says the seconds of computing, and how many entries there are then."""
    taken = Taken()
    few = sum(changes(number, EVERY) for number in range(feeds))

    def updated(entries: int) -> float:
        seconds, there = update()
        assert there == entries, f"{there} entries, not {entries}: the figure is of something else"
        return seconds

    taken.cold.append(updated(ENTRIES * feeds))
    for version in range(1, ROUNDS + 1):
        taken.unchanged.append(updated(ENTRIES * feeds + few * (version - 1)))
        go(port, version, EVERY)
        taken.changed.append(updated(ENTRIES * feeds + few * version))
    return taken


@contextmanager
def reader(urls: Sequence[str], directory: Path) -> Iterator[Callable[[], tuple[float, int]]]:
    """The package, in its process."""
    command = [str(READER), str(ROOT / "benchmarks/peer_reader.py"), str(directory / "reader.db")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        told, heard = process.stdin, process.stdout

        def update() -> tuple[float, int]:
            told.write("update\n")
            told.flush()
            seconds, entries = heard.readline().split()
            return float(seconds), int(entries)

        for one in urls:
            told.write(f"{one}\n")
        yield update
        told.close()


@contextmanager
def sfeed(urls: Sequence[str], directory: Path) -> Iterator[Callable[[], tuple[float, int]]]:
    """sfeed_update, with the `fetch` of its README that keeps ETags."""
    for name in ("feeds", "etags"):
        (directory / name).mkdir()
    lines = [f'\tfeed "{number}" "{one}"' for number, one in enumerate(urls)]
    keeps = f'etag="{directory}/etags/$(basename "$3")"; [ -e "$etag" ] || > "$etag"'
    asks = (
        'curl -L --max-redirs 0 -H "User-Agent:" -f -s -m 15 --etag-save "$etag" --etag-compare "$etag" "$2"'
    )
    config = directory / "sfeedrc"
    config.write_text(
        f'sfeedpath="{directory}/feeds"\nmaxjobs=8\nfetch() {{\n\t{keeps}\n\t{asks}\n}}\n'
        "feeds() {\n" + "\n".join(lines) + "\n}\n",
        encoding="utf-8",
    )

    def update() -> tuple[float, int]:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [f"{SFEED}_update", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        entries = sum(file.read_bytes().count(b"\n") for file in (directory / "feeds").iterdir())
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, entries

    yield update


def rows(feeds: int = FEEDS) -> Iterator[Row]:
    """The rows about peers."""
    here = {"reader": READER.exists(), SFEED: shutil.which(f"{SFEED}_update") is not None}
    peers = {"reader": reader, SFEED: sfeed}
    with origin() as (port, process):
        own = dict(asyncio.run(ours(port, process, feeds)).kinds())
        for name, peer in peers.items():
            if not here[name]:
                yield Row(f"{feeds:,} sources against {name}", "-", "-", None, MISSING[name])
                continue
            go(port, 0)
            with tempfile.TemporaryDirectory() as directory:
                with peer([url(port, number) for number in range(feeds)], Path(directory)) as update:
                    taken = theirs(port, feeds, update)
            for (kind, seconds), goal in zip(taken.kinds(), GOALS[name], strict=True):
                ratio = seconds / own[kind]
                yield Row(
                    f"{feeds:,} sources against {name}: {kind}",
                    "(report)" if goal is None else f"{goal} times less",
                    f"{ratio:.1f}",
                    None if goal is None else ratio >= goal,
                    f"{own[kind]:.2f} s of computing against {seconds:.2f}",
                )
