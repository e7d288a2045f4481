"""Rows about the start: from the command to the first request that a server hears, with many sources.

The real `aggregator run` reads a feeds.yaml of 10,000 sources. Once its store is not there yet; then every
source has been polled two days ago, so that each remembers much and is due. What counts is the clock on the
wall, since whoever starts waits for disks too; the time of computing is told beside it.
"""

from __future__ import annotations

import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aggregator.daemon.file import read_config
<<<<<<< HEAD
from benchmarks.polled import fill
=======
from aggregator.model import Fetched, Hints, Known, Lease, Memory, PollOutcome, Validators
from aggregator.store import open_store
from benchmarks.made import feed
>>>>>>> 6e7ef576e290e742090491caf91112365e9ec4ec
from benchmarks.polls import ROOT
from benchmarks.table import Row, cpu_of

SOURCES = 10_000
ROUNDS = 3
PATIENCE = 60
GOAL = 2  # seconds


def written(sources: int, port: int) -> str:
    """A feeds.yaml in which one feed of four has a title and categories of its own."""
    lines = ["site: {title: Many, url: 'https://news.example.org/', contact: a@example.org}"]
    lines += ["server: {listen: '127.0.0.1:0'}", "defaults: {private: true}", "feeds:"]
    for number in range(sources):
        url = f"http://127.{number // 62_500}.{number // 250 % 250}.{number % 250 + 1}:{port}/{number}/feed"
        if number % 4:
            lines.append(f"  - {url}")
        else:
            lines += [f"  - url: {url}", f"    title: Blog {number}", f"    category: [c{number % 50}, more]"]
    return "\n".join(lines) + "\n"


<<<<<<< HEAD
=======
def polled(path: Path) -> None:
    """Fill the store of a configuration with what polls of its sources leave, but for posts."""
    now = datetime.now(UTC) - timedelta(days=2)  # noqa: TID251 - the process that starts has the real clock
    given = read_config(path)[1]
    with open_store(given.store, output=given.output.directory, loops=True, now=now) as store:
        store.polls.sync(given, now)
        source, validators = (
            given.sources[0],
            Validators('"0123456789abcdef"', "Tue, 24 Nov 2026 10:00:00 GMT"),
        )
        body = Fetched(feed(0, entries=10), "application/rss+xml", source.url, validators, Hints())
        lease = Lease(source, 0, Memory())
        reading = pipeline.read(lease, body, now, store.posts.identity())
        one = pipeline.decide(lease, body, reading, Known(), given.polling, now)
        one = replace(
            one, verdicts=(), categories=(), held=frozenset(), judged={}, judged_bands={}, items=None
        )
        while leases := store.polls.lease_due(now, 500):
            store.polls.commit([_of(one, lease) for lease in leases], now)


def _of(one: PollOutcome, lease: Lease) -> PollOutcome:
    """The same of another source: each has been answered by its own URL, and so by its own host."""
    url = lease.source.url
    memory = replace(one.memory, validators_from=url, answered_by=url, leads_to=url)
    return replace(one, lease=lease, memory=memory)


>>>>>>> 6e7ef576e290e742090491caf91112365e9ec4ec
def _started(path: Path, port: int) -> tuple[float, float]:
    """Run the daemon until it asks the first server: seconds on the wall, and of its computing."""
    command = [sys.executable, "-m", "aggregator", "-c", str(path), "run"]
    # As installed: with bytecode, which the first of some starts writes where there is none.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with socket.create_server(("0.0.0.0", port)) as door:  # another one each time: nobody waits at it yet
        door.settimeout(PATIENCE)
        began = time.monotonic()
        with subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as it:
            try:
                door.accept()[0].close()
                return time.monotonic() - began, cpu_of(it.pid)
            finally:
                it.kill()


def _measured(path: Path, port: int, store: Path | None) -> tuple[float, float]:
    """Medians of some starts, each with a copy of a store, or with none."""
    taken = []
    for _ in range(ROUNDS):
        shutil.rmtree(path.parent / "data", ignore_errors=True)
        if store is not None:
            shutil.copytree(store, path.parent / "data")
        taken.append(_started(path, port))
    wall, computing = zip(*taken, strict=True)
    return statistics.median(wall), statistics.median(computing)


def rows() -> Iterator[Row]:
    """The rows about the start."""
    with tempfile.TemporaryDirectory() as directory, socket.create_server(("0.0.0.0", 0)) as door:
        port = door.getsockname()[1]
        door.close()
        path = Path(directory, "feeds.yaml")
        path.write_text(written(SOURCES, port), encoding="utf-8")
        fill(read_config(path)[1], datetime.now(UTC) - timedelta(days=2))  # noqa: TID251 - as the process has it
        kept = Path(directory, "kept")
        (path.parent / "data").rename(kept)
        for what, store in (("", kept), (", no store yet", None)):
            wall, computing = _measured(path, port, store)
            measure = f"start with {SOURCES:,} sources, to the first poll{what}"
            detail = f"of which {computing:.2f} s are computing"
            yield Row(measure, f"under {GOAL} s", f"{wall:.2f} s", wall < GOAL, detail)
