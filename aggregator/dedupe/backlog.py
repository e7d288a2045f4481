"""Pure. What a source that comes later may put into documents that are out: the newest few of its first poll.

Each document by itself: one that was never published, or that the source was meant for from the start, shows
its newest posts whatever their age. What is held back here is stored, recognised and never new again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from aggregator.model import New, Post, PostId, Scope, Source, Verdict


def held_back(
    verdicts: Sequence[Verdict], source: Source, added: datetime, opened: Mapping[Scope, datetime]
) -> frozenset[tuple[PostId, Scope]]:
    """Which posts of a first poll stay out of which documents.

    `added` is when the source came into the configuration, `opened` when each scope was first published. The
    order and time of first polls do not matter.
    """
    new = [v.post for v in verdicts if isinstance(v, New)]
    new.sort(key=lambda post: (post.published, post.id), reverse=True)
    return frozenset(
        (post.id, scope)
        for scope in {None, *(slug for post in new for slug in post.categories)}
        if scope in opened and opened[scope] < added
        for post in _of(scope, new)[source.backlog :]
    )


def _of(scope: Scope, posts: Sequence[Post]) -> list[Post]:
    return [post for post in posts if scope is None or scope in post.categories]
