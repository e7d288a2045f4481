"""Pure. Where entries without a date stand: the one step of normalizing that sees the whole document.

Only what is new to us is dated by it; a date that was given once is frozen by `dedupe`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from aggregator.model import DateRule, Post

STEP = timedelta(seconds=1)


def place_undated(posts: Sequence[Post], *, first_poll: bool, now: datetime) -> list[Post]:
    """Date what carries no date, so that it keeps the feed's order.

    On a first poll undated entries stand below the dated ones, a second apart (the archive of a feed that
    dates nothing is old, not new); if all are undated, they are first-seen minus a second per position.
    Later on an undated entry is as old as our first sight of it, again a second apart.
    """
    undated = [post for post in posts if post.dated == "first-seen"]
    if not undated:
        return list(posts)
    dated = [post.published for post in posts if post.dated != "first-seen"]
    top = min([*dated, now]) - STEP if first_poll and dated else now
    order = {post.position: n for n, post in enumerate(sorted(undated, key=lambda post: post.position))}
    placed = []
    for post in posts:
        if post.dated == "first-seen":
            moment = top - STEP * order[post.position]
            rule: DateRule = "position" if first_poll else "first-seen"
            origin = post.origin
            if origin.updated == post.updated:  # the feed has no date of its own: the entry's stands in
                origin = replace(origin, updated=moment)
            placed.append(replace(post, published=moment, updated=moment, origin=origin, dated=rule))
        else:
            placed.append(post)
    return placed
