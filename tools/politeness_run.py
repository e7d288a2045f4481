#!/usr/bin/env python3
"""Poll every behaviour of the watching origin a thousand times, and see whether we were ever impolite.

    tools/politeness_run.py [--polls 1000] [--behaviour NAME]... [--verbose]

Each behaviour has a store of its own and years of simulated time: the real exchange, poller, reader and
SQLite store run, only sockets and waiting are left out. At fixed polls the reader is restarted, killed (while
it waits for an answer, and before it could commit one), told of an edited configuration, upgraded, and
doubled. Prints the score that the origin kept, and every violation; exit status 1 if there is any.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import logging
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.origin.behaviours import BEHAVIOURS
from tests.origin.life import lived
from tests.origin.score import Watch
from tests.origin.table import EXPLAINED, lines

SHOWN = 3


def run(name: str, polls: int) -> tuple[Watch, list[str], float]:
    """One behaviour, in a process of its own; its score, what was wrong, seconds."""
    logging.disable(logging.ERROR)  # a thousand failures are what is played here
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="politeness-") as directory:
        watch, origin = lived(name, polls, Path(directory))
    complaints = origin.complaints()
    return watch, complaints, time.monotonic() - started


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--polls", type=int, default=1000)
    parser.add_argument("--behaviour", choices=BEHAVIOURS, action="append")
    parser.add_argument("--verbose", action="store_true", help="every violation, not only the first ones")
    given = parser.parse_args()
    started = time.monotonic()
    names = given.behaviour or list(BEHAVIOURS)
    with concurrent.futures.ProcessPoolExecutor(max_workers=2) as pool:
        results = list(pool.map(run, names, [given.polls] * len(names)))
    print("\n".join(lines(watch for watch, _, _ in results)))
    print(EXPLAINED)
    excused = sum((watch.excused for watch, _, _ in results), Counter[str]())
    print("without validators:", ", ".join(f"{n} {why}" for why, n in sorted(excused.items())))
    for watch, complaints, seconds in results:
        if complaints:
            print(f"{watch.behaviour.name()}: {len(complaints)} violations in {seconds:.0f} s")
        for line in complaints if given.verbose else complaints[:SHOWN]:
            print(f"    {line}")
    violations = sum(len(complaints) for _, complaints, _ in results)
    polls = sum(watch.columns.requests for watch, _, _ in results)
    print(f"{polls} polls of {len(names)} behaviours, {violations} violations", end=", ")
    print(f"{time.monotonic() - started:.0f} s")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
