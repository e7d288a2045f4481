"""Pure. Which story a post tells again in other words: the most similar of those that share bands with it.

A post is measured against the founding member of each story, so that no story drifts away from what it
began with. Within one source nothing is alike: what a source says twice under two guids is two posts, and
its daily lists are the likest texts of all. What is alike is for `similarity` to say. That is imported with
the first texts that are compared: it brings 3 MB of rapidfuzz, and the processes that read compare nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from aggregator.dedupe.shingles import LONGEST_MARKUP, bands
from aggregator.model import Candidate, Post, PostId, rank, replace
from aggregator.syntax import html

if TYPE_CHECKING:
    from aggregator.dedupe.similarity import Comparison, Telling

WINDOW = timedelta(days=7)
"""How far apart the dates of two tellings may be. What comes back after a month is another story."""
CANDIDATES_SEEN = timedelta(days=14)
"""How long ago a post may have come in to be looked for: what is dated alike comes in within days."""
COMPARED = 3
"""Candidates whose texts are compared: those that share the most bands."""
CLOSE = 0.75
"""Share of the bands of one that tells the same which the next must have to be possibly the more similar."""
NEARLY_ALL = 0.85
"""Share of a text's bands that tells a copy of what has no text any more: 95 % of the text are the same."""
MOST_COMPARISONS = 400
"""In one document: each takes a millisecond or two, and a hostile document can ask for thousands."""


class Candidates:
    """The founders that the posts of one document may be alike to."""

    def __init__(self, by_band: Mapping[int, tuple[Candidate, ...]]) -> None:
        self._by_band = by_band
        self._tellings: dict[PostId, Telling] = {}
        self._left = MOST_COMPARISONS
        self.taken: set[PostId] = set()  # stories that posts of this document have joined by their words

    def nearest(self, post: Post) -> tuple[Candidate, float] | None:
        """The founder of the story that a post tells, and how similar it is, 0 to 1; None if there is none.

        Not of a story that the post's own source tells already, unless it was taken down: that comes back
        neither under another guid nor after weeks, nor when its text is gone. Of two that are equally
        similar, the one that would speak for both is meant.
        """
        nearby = self._nearby(post)
        if not nearby:
            return None
        told = _telling(post.title, post.content or post.summary)
        best: tuple[Candidate, float] | None = None
        least = 0.0  # bands that a candidate must share
        for candidate, shared in nearby:
            if shared < least:
                break
            if candidate.known.ended is not None and not candidate.markup:  # its text is gone, too
                self._left -= 1
                if shared >= NEARLY_ALL * len(post.bands) and best is None:
                    best = candidate, NEARLY_ALL
                continue
            comparison = self._compared(told, candidate)
            if comparison.same and (best is None or _before(candidate, comparison.similarity, best)):
                best, least = (candidate, comparison.similarity), CLOSE * shared
        return best

    def compared(self, post: Post) -> Sequence[tuple[Candidate, Comparison]]:
        """Every candidate whose text is compared with a post's, likest bands first, and what comes of it."""
        told = _telling(post.title, post.content or post.summary)
        return [(candidate, self._compared(told, candidate)) for candidate, _ in self._nearby(post)]

    def _nearby(self, post: Post) -> Sequence[tuple[Candidate, int]]:
        """The candidates that share the most bands with a post, and how many."""
        shared, found = self._sharing(post)
        nearest = sorted(shared, key=lambda id: (-shared[id], id))[: min(COMPARED, self._left)]
        return [(found[id], shared[id]) for id in nearest]

    def _compared(self, told: Telling, candidate: Candidate) -> Comparison:
        from aggregator.dedupe.similarity import compare

        self._left -= 1
        id = candidate.known.id
        if id not in self._tellings:
            self._tellings[id] = _telling(candidate.title, candidate.markup)
        return compare(told, self._tellings[id])

    def _sharing(self, post: Post) -> tuple[Counter[PostId], dict[PostId, Candidate]]:
        """How many bands each candidate shares with a post, and the candidates."""
        shared: Counter[PostId] = Counter()
        found: dict[PostId, Candidate] = {}
        for band in post.bands:
            for candidate in self._by_band.get(band, ()):
                known = candidate.known
                if known.ended is None:
                    if post.source in candidate.sources or known.story in self.taken:
                        continue
                    if abs(known.published - post.published) > WINDOW:
                        continue
                if known.ended != "source":
                    shared[known.id] += 1
                    found[known.id] = candidate
        return shared, found


def banded(post: Post) -> Post:
    """A post with the bands of its text, which stored posts come without."""
    return replace(post, bands=bands_of(post))


def bands_of(post: Post, text: str | None = None) -> tuple[int, ...]:
    """The bands of a post; `text` is its whole text, where that is known already."""
    markup = post.content or post.summary
    if text is None or len(markup) > LONGEST_MARKUP:
        text = html.to_text(markup[:LONGEST_MARKUP])
    return bands(text)


def _telling(title: str, markup: str) -> Telling:
    from aggregator.dedupe.similarity import Telling

    return Telling(title, html.to_text(markup[:LONGEST_MARKUP]))


def _before(candidate: Candidate, similarity: float, best: tuple[Candidate, float]) -> bool:
    if similarity != best[1]:
        return similarity > best[1]
    ranks = [
        (one.known.ended is not None, *rank(one.known.standing, one.known.published, 0, one.known.id))
        for one in (candidate, best[0])
    ]
    return ranks[0] < ranks[1]
