#!/usr/bin/env python3
"""Replay successive versions of real feeds through the core, and judge what subscribers would have got.

    tools/replay.py DIR_OR_TAR... [--entries 50] [--every 25] [--verbose]

A series is a folder (of a directory, or of a tar archive, which is never unpacked) of files named for the
time at which each was fetched (`20260102T161603Z.xml`, UTC). Each series is polled in order, with the clock
set to the names, into a real SQLite store in a temporary folder, and published after each poll: the calls
that the poller makes, without network, sleeping or workers.

It is held against evidence of its own, made from the raw files by feedparser as it comes: two entries are
one if they have the same guid, or the same link and title while the old guid is gone; an edit is a change
of title, link, words, pictures, authors or enclosures that a reader can see. Every entry must become one
post once, every edit one `Changed`, nothing else may move, and what comes back must be what it was. Exit
status 1 if anything stays unexplained.
"""

from __future__ import annotations

import argparse
import collections
import concurrent.futures
import re
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from tools.replay_judge import Judge, Judged, Ours, Version

STAMP = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)[T _-]?(\d\d)[:-]?(\d\d)[:-]?(\d\d)")
SHOWN = 20
ROWS = (
    "versions", "empty or unreadable", "entries seen", "distinct entries", "posts", "New", "Changed",
    "edits", "Unchanged", "returns", "guids changed", "times feed.atom was written", "problems", "seconds",
)  # fmt: skip


def files_of(place: Path) -> Iterator[tuple[str, str, bytes]]:
    """Series, name and bytes of every file of a directory or archive."""
    if place.is_dir():
        for path in sorted(path for path in place.rglob("*") if path.is_file()):
            yield path.parent.resolve().name, path.name, path.read_bytes()
        return
    with tarfile.open(place) as archive:
        for member in archive:
            content = archive.extractfile(member) if member.isfile() else None
            if content is not None:
                inner = PurePosixPath(member.name)
                yield inner.parent.name or place.name.partition(".")[0], inner.name, content.read()


def series_of(places: Sequence[Path]) -> dict[str, list[Version]]:
    """Every series, each in the order of its times; files whose name tells no time are left out."""
    found: dict[str, list[Version]] = {}
    for place in places:
        for series, name, body in files_of(place):
            stamp = STAMP.search(name)
            if stamp is None:
                print(f"{series}/{name}: its name tells no time; left out", file=sys.stderr)
                continue
            year, month, day, hour, minute, second = map(int, stamp.groups())
            at = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
            found.setdefault(series, []).append(Version(name, at, body))
    return {name: sorted(versions, key=lambda version: version.at) for name, versions in found.items()}


def replayed(name: str, versions: Sequence[Version], entries: int) -> Judged:
    """One series from its first version to its last; may run in a process of its own."""
    host = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "series"
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="replay-") as directory:
        ours = Ours(host, versions[0].at, entries, Path(directory))
        with ours.store:
            judge = Judge(ours)
            for number, version in enumerate(versions):
                judge.judge(number, version)
            judged = judge.finish()
    judged.count["seconds"] = round(time.monotonic() - started)
    return judged


def report(series: Mapping[str, Judged], every: int, verbose: bool) -> None:
    """The table, a column for each series; how edits and new posts were spread; the problems."""
    print(f"{'':30}" + "".join(f"{name[:20]:>22}" for name in series))
    for row in ROWS:
        print(f"{row:30}" + "".join(f"{judged.count.get(row, 0):>22}" for judged in series.values()))
    for name, judged in series.items():
        first, *later = judged.new_per_version
        sums = [sum(later[start : start + every]) for start in range(0, len(later), every)]
        print(
            f"{name}: {first} new at first, then per {every} versions {sums}, at most {max(later, default=0)}"
        )
        kinds = [(n, kind) for kind, n in judged.count.items() if kind.startswith("edits of ")]
        print(
            f"{name}: " + (", ".join(f"{n} {kind}" for n, kind in sorted(kinds, reverse=True)) or "no edits")
        )
        for kind, times in collections.Counter(kind for kind, _ in judged.problems).most_common():
            print(f"{name}: PROBLEM {times} x {kind}")
        for kind, detail in judged.problems if verbose else judged.problems[:SHOWN]:
            print(f"    {kind}: {detail}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("places", type=Path, nargs="+", help="directories or tar archives of series")
    parser.add_argument("--entries", type=int, default=50, help="newest posts in a document")
    parser.add_argument("--every", type=int, default=25, help="versions that are summed up together")
    parser.add_argument("--verbose", action="store_true", help="every problem, not only the first ones")
    given = parser.parse_args()
    series = series_of(given.places)
    if not series:
        print("no series found", file=sys.stderr)
        return 1
    with concurrent.futures.ProcessPoolExecutor(max_workers=2) as pool:
        running = {
            name: pool.submit(replayed, name, versions, given.entries) for name, versions in series.items()
        }
        judged = {name: future.result() for name, future in running.items()}
    report(judged, given.every, given.verbose)
    return 1 if any(one.problems for one in judged.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
