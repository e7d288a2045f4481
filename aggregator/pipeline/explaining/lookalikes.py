"""Pure. Which other stories tell much the same, and what keeps each of them apart from this one.

The texts are compared as they were when the posts came in, by `dedupe` itself; a post of long ago has no
bands any more by which others would be found.
"""

from __future__ import annotations

from aggregator import dedupe
from aggregator.model import ExplainedLookalike, Lookup, Post, StoredStory
from aggregator.pipeline.explaining.around import Around

LEAST = 0.3
"""Share of the shorter text from which somebody might ask why they are two stories."""

TWICE_ALL_THE_SAME = (
    "nothing speaks against it, but both were out before that could be seen, and so they stay"
)


def lookup(found: StoredStory) -> Lookup | None:
    """What to ask the store for, so that a story can be held against others; None where nothing is to ask."""
    founder = _founder(found)
    if founder is None:
        return None
    banded = dedupe.banded(founder)
    return Lookup(
        founder.source,
        bands={founder.keys[0]: banded.bands},
        seen_since=founder.first_seen - dedupe.CANDIDATES_SEEN,
    )


def explained(found: StoredStory, around: Around) -> tuple[ExplainedLookalike, ...]:
    """The likest stories, the likest first."""
    founder, by_band = _founder(found), around.findings.lookalikes.get(found.id, {})
    if founder is None or not by_band:
        return ()
    compared = dedupe.Candidates(by_band).compared(dedupe.banded(founder))
    made = [
        ExplainedLookalike(
            candidate.known.story,
            candidate.title,
            comparison.similarity,
            comparison.against or TWICE_ALL_THE_SAME,
        )
        for candidate, comparison in compared
        if comparison.similarity >= LEAST and candidate.known.ended is None
    ]
    return tuple(sorted(made, key=lambda one: (-one.similarity, one.story)))


def _founder(found: StoredStory) -> Post | None:
    """The post that began a story, with its text."""
    return next((m.post for m in found.members if m.post.id == found.id and not m.purged), None)
