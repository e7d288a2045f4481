#!/usr/bin/env python3
"""The package `reader`, in a process and an environment of its own: `peer_reader.py DATABASE`.

Each line of standard input is a feed's URL, which is added, or `update`, which updates all: one line then
says the seconds of computing that this took, and how many entries there are.
"""

from __future__ import annotations

import sys
import time

from reader import make_reader

AT_ONCE = 8
"""Threads: with more it waits less, and computes as much."""


def main() -> None:
    reader = make_reader(sys.argv[1])
    for line in map(str.strip, sys.stdin):
        if line != "update":
            reader.add_feed(line)
            continue
        before = time.process_time()
        reader.update_feeds(workers=AT_ONCE, scheduled=False)  # at once, whatever their intervals
        print(time.process_time() - before, reader.get_entry_counts().total, flush=True)


if __name__ == "__main__":
    main()
