"""Pure. Which story a post tells again in other words: the most similar of those that share bands with it.

A post is measured against the founding member of each story, so that no story drifts away from what it
began with. Within one source nothing is alike: what a source says twice under two guids is two posts, and
its daily lists are the likest texts of all. What is alike is for `similarity` to say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from datetime import timedelta

from aggregator.dedupe.similarity import Telling, compare
from aggregator.model import Candidate, Post, PostId, rank
from aggregator.syntax import html

WINDOW = timedelta(days=7)
"""How far apart the dates of two tellings may be. What comes back after a month is another story."""
CANDIDATES_SEEN = timedelta(days=14)
"""How long ago a post may have come in to be looked for: what is dated alike comes in within days."""
COMPARED = 8
"""Candidates whose texts are compared: those that share the most bands."""


def nearest(
    post: Post, by_band: Mapping[int, tuple[Candidate, ...]], taken: Collection[PostId]
) -> tuple[Candidate, float] | None:
    """The founder of the story that a post tells, and how similar it is, 0 to 1; None where there is none.

    `taken` are stories that the post's own source tells already. Of two that are equally similar, the one
    that would speak for both is meant.
    """
    shared: Counter[PostId] = Counter()
    found: dict[PostId, Candidate] = {}
    for band in post.bands:
        for candidate in by_band.get(band, ()):
            known = candidate.known
            if post.source in candidate.sources or known.story in taken:
                continue
            if abs(known.published - post.published) > WINDOW:
                continue
            shared[known.id] += 1
            found[known.id] = candidate
    told = Telling(post.title, html.to_text(post.content or post.summary)) if found else None
    best: tuple[Candidate, float] | None = None
    for id in sorted(shared, key=lambda id: (-shared[id], id))[:COMPARED]:
        candidate = found[id]
        assert told is not None
        comparison = compare(told, Telling(candidate.title, html.to_text(candidate.markup)))
        if comparison.same and (best is None or _before(candidate, comparison.similarity, best)):
            best = candidate, comparison.similarity
    return best


def _before(candidate: Candidate, similarity: float, best: tuple[Candidate, float]) -> bool:
    if similarity != best[1]:
        return similarity > best[1]
    ranks = [rank(one.known.standing, one.known.published, 0, one.known.id) for one in (candidate, best[0])]
    return ranks[0] < ranks[1]
