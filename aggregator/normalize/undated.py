"""Pure. Dates that take the whole document to judge: those that are no dates, and entries without one.

Only what is new to us is dated by it; a date that was given once is frozen by `dedupe`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from aggregator.model import DateRule, Entry, Post, Source, replace
from aggregator.syntax import dates

STEP = timedelta(seconds=1)
TIME_OF_POLL = timedelta(seconds=15)
"""A date that is this near to the poll is the time of the request, or as good as our own."""
TELLING = 3
"""So many entries with one and the same date were dated by the build of the site, not by their authors."""


def place_undated(posts: Sequence[Post], *, first_poll: bool, now: datetime) -> list[Post]:
    """Date what carries no date that can be believed, so that it keeps the feed's order.

    On a first poll undated entries stand below the dated ones, a second apart (the archive of a feed that
    dates nothing is old, not new); if all are undated, they are first-seen minus a second per position.
    Later on an undated entry is as old as our first sight of it, again a second apart.
    """
    doubted = _doubted(posts)
    undated = sorted((p for p in posts if _is_undated(p, doubted, now)), key=lambda p: p.position)
    if not undated:
        return list(posts)
    order = {post.position: n for n, post in enumerate(undated)}
    dated = [post.published for post in posts if post.position not in order]
    top = min([*dated, now]) - STEP if first_poll and dated else now
    rule: DateRule = "position" if first_poll else "first-seen"
    placed = []
    for post in posts:
        if post.position not in order:
            placed.append(post)
            continue
        moment = top - STEP * order[post.position]
        origin = post.origin
        if origin.updated == post.updated:  # the feed has no date of its own: the entry's stands in
            origin = replace(origin, updated=moment)
        placed.append(replace(post, published=moment, updated=moment, origin=origin, dated=rule))
    return placed


def will_stay(entry: Entry, source: Source, now: datetime) -> bool:
    """Whether the dates of an entry will be read tomorrow as they are now: none of them is still to come."""
    moments = (dates.parse(said, source.timezone) for said in (entry.published, entry.updated))
    return all(moment is None or moment <= now for moment in moments)


def _doubted(posts: Sequence[Post]) -> datetime | None:
    """The date that all entries of a document share, if there are enough of them to tell."""
    said = {post.published for post in posts}
    return said.pop() if len(posts) >= TELLING and len(said) == 1 else None


def _is_undated(post: Post, doubted: datetime | None, now: datetime) -> bool:
    return (
        post.dated == "first-seen" or post.published == doubted or abs(now - post.published) <= TIME_OF_POLL
    )
