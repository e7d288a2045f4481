"""`python -m benchmarks.stages`: where the time of a cold feed goes, stage by stage, in ms of computing.

The feeds of the row `cold`, with a clock around the functions that are named here. What a stage takes has in
it what stands indented below it.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections import Counter
from functools import wraps
from typing import Any

from aggregator import parse, pipeline
from aggregator.dedupe import keys
from aggregator.normalize import content, post
from aggregator.pipeline import polling
from aggregator.store import judging, ledger, polls, stories
from benchmarks import cold
from benchmarks.made import feed

ROUNDS = 5
STAGES: tuple[tuple[int, str, Any, str], ...] = (
    (0, "read: bytes to posts, in a worker", pipeline, "read"),
    (1, "parse", polling, "parse"),
    (2, "decode, mend references", parse, "clean"),
    (2, "find items and digest them (expat)", parse, "_items"),
    (2, "feedparser's strict parser, past most of it", parse, "read"),
    (2, "its dictionaries to entries", parse, "_entries"),
    (1, "normalize", polling.normalize, "normalize"),
    (2, "summary and content", post, "texts"),
    (3, "sanitize (nh3, absolute URLs)", content.html, "sanitize"),
    (2, "slugs (pinyin for one feed of five)", post.slugs, "slugify"),
    (2, "dates", post, "_published"),
    (1, "classify", polling.classify, "classify"),
    (1, "keys and digests", polling.dedupe, "stamp"),
    (2, "digest of what a reader sees", keys, "digest"),
    (0, "look up what is known", polls.Polls, "known"),
    (0, "decide", pipeline, "decide"),
    (0, "commit, 20 feeds at once", polls.Polls, "commit"),
    (1, "has what it was judged against changed?", judging, "moved_on"),
    (1, "posts, keys, categories", stories, "_insert"),
    (1, "bands", stories.bands, "write"),
    (1, "places of stories", stories, "place"),
    (1, "sources, items, exchanges", ledger.Ledger, "write"),
)


def clocked(spent: Counter[str], said: str, owner: Any, name: str) -> None:
    """Put a clock around a function, where it is looked up."""
    function = getattr(owner, name)

    @wraps(function)
    def timed(*args: Any, **named: Any) -> Any:
        before = time.process_time()
        try:
            return function(*args, **named)
        finally:
            spent[said] += time.process_time() - before

    setattr(owner, name, timed)


def main() -> None:
    """Print the table."""
    bodies = [feed(number) for number in range(cold.FEEDS)]
    spent: Counter[str] = Counter()
    for _, said, owner, name in STAGES:
        clocked(spent, said, owner, name)
    cold.ours(bodies[:5], "keep")  # what is imported, compiled and prepared once
    gc.collect()
    gc.freeze()
    rounds: list[Counter[str]] = []
    for _ in range(ROUNDS):
        spent.clear()
        spent["in all"] = cold.ours(bodies, "keep") * len(bodies)
        rounds.append(Counter(spent))
    base = 1000 * statistics.median(cold.parsed(bodies[: cold.AT_ONCE]) for _ in range(ROUNDS))
    for depth, said in ((0, "in all"), *(stage[:2] for stage in STAGES)):
        ms = 1000 * statistics.median(taken[said] for taken in rounds) / len(bodies)
        print(f"{'    ' * depth}{said:<{60 - 4 * depth}}{ms:6.2f}")
    print(f"{'feedparser.parse on the same':<60}{base:6.2f}")


if __name__ == "__main__":
    main()
