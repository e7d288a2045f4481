"""`python -m benchmarks [NAME ...]`: measure, and print one table; `make bench` runs all.

A module that measures has a function `rows()` that gives rows as it gets them; it is named here, and that is
all it takes. Exit status 1 where a goal is missed. `duplicates.py` is a command of its own: it fills stores
with a million posts.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable
from functools import partial

from benchmarks import cold, memory, peers, polls, postgres, publishing, serving, start, tick
from benchmarks.table import Row, shown

MEASURED: dict[str, Callable[[], Iterable[Row]]] = {
    "cold": cold.rows,
    "cold-merge": lambda: cold.rows("merge"),
    "polls": polls.rows,
    "polls-merge": lambda: polls.rows("merge"),
    "tick": tick.rows,
    "start": start.rows,
    "memory": memory.rows,
    "publish": publishing.rows,
    "publish-merge": lambda: publishing.rows("merge"),
    "serving": serving.rows,
    "postgres": postgres.rows,
}


def main() -> int:
    """The command; its exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.split("\n", 1)[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join([*MEASURED, "peers"]))
    parser.add_argument("--feeds", type=int, default=peers.FEEDS, help="how many `peers` has (%(default)s)")
    given = parser.parse_args()
    measured = MEASURED | {"peers": partial(peers.rows, given.feeds)}
    names = given.names or list(measured)
    if unknown := [name for name in names if name not in measured]:
        parser.error(f"no such measurement: {unknown[0]}")
    found: list[Row] = []
    for name in names:
        print(f"measuring: {name}", file=sys.stderr)
        found += measured[name]()
    print(shown(found))
    return int(any(row.reached is False for row in found))


if __name__ == "__main__":
    sys.exit(main())
