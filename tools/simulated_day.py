#!/usr/bin/env python3
"""Poll ten thousand sources for 24 simulated hours, and let the origin judge every request.

    tools/simulated_day.py [--sources 10000] [--hours 24] [--profile] [--verbose]

The sources behave in every way that the watching origin knows, on hosts of which few have very many. The
real exchange, poller, reader and SQLite store run under a simulated clock. The judge has the origin's log
alone, and for lateness the plans that the polls ended with: floors, the servers' words, skipHours, pauses
after 429, gaps and slots of hosts, concurrency, and that nobody starves. Exit status 1 on any violation.
`--profile` says what share of the time each room and library took.
"""

from __future__ import annotations

import argparse
import cProfile
import logging
import pstats
import re
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.origin.day import Figures, simulated

SHOWN = 20
ROOM = re.compile(r"/(aggregator/\w+|tests/origin|tests/\w+|site-packages/\w+|asyncio|json|email|sqlite3)")


def profiled(sources: int, hours: float, directory: Path) -> tuple[Figures, Counter[str]]:
    """The same under cProfile; seconds of each room without what it calls elsewhere."""
    profile = cProfile.Profile()
    figures = profile.runcall(simulated, sources, hours, directory)
    rooms: Counter[str] = Counter()
    stats: dict[tuple[str, int, str], tuple[int, int, float, float, object]] = pstats.Stats(profile).stats  # type: ignore[attr-defined]
    for (path, _, function), (_, _, own, _, _) in stats.items():
        found = ROOM.search(path)
        room = found[1].removeprefix("site-packages/") if found else "the interpreter"
        if path == "~" and "sqlite3" in function:
            room = "SQLite itself"
        elif path == "~" and "pydantic" in function:
            room = "pydantic itself"
        rooms[room] += own  # type: ignore[assignment]
    return figures, rooms


def report(figures: Figures, seconds: float, verbose: bool) -> None:
    print(
        f"{figures.sources} sources on {figures.hosts} hosts: {figures.polls} polls, {figures.hops} requests"
    )
    print(
        f"at once {figures.most_at_once} at most; a minute had {figures.mean_minute:.0f} requests", end=", "
    )
    print(f"at most {figures.peak_minute} (after the first three hours)")
    late = ", ".join(f"{name} {figures.late(share)}" for name, share in
                     (("half", 0.5), ("90 %", 0.9), ("99 %", 0.99), ("all", 1.0)))  # fmt: skip
    print(f"good sources were asked after their plan within: {late}")
    for line in figures.problems if verbose else figures.problems[:SHOWN]:
        print(f"    {line}")
    print(f"{len(figures.problems)} violations, {seconds:.0f} s", end=", ")
    print(f"{1000 * seconds / max(1, figures.polls):.1f} ms a poll")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sources", type=int, default=10_000)
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--verbose", action="store_true", help="every violation, not only the first ones")
    given = parser.parse_args()
    logging.disable(logging.WARNING)
    started = time.monotonic()
    rooms: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="day-") as directory:
        if given.profile:
            figures, rooms = profiled(given.sources, given.hours, Path(directory))
        else:
            figures = simulated(given.sources, given.hours, Path(directory))
    report(figures, time.monotonic() - started, given.verbose)
    total = sum(rooms.values())
    for room, seconds in rooms.most_common(SHOWN):
        print(f"    {seconds / total:5.1%} {room}")
    return 1 if figures.problems else 0


if __name__ == "__main__":
    sys.exit(main())
