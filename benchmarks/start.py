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
from benchmarks.polled import fill
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
