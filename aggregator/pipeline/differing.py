"""Pure. What an edited file would do to posts, from what `revision` makes of them; nothing is done.

What is stored stands on one side, the same posts as the file has them now on the other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from aggregator.model import Post, PostId, Shift, ShiftKind, Slug, StoredPost

TITLES = 3
"""Posts that are named of those to which the same happens."""

_SHOWN = {"full": "in full", "excerpt": "as an excerpt", "link": "as a link alone"}


def shifts(stored: Sequence[StoredPost], revised: Mapping[PostId, Post]) -> tuple[Shift, ...]:
    """What happens to the posts of a source, newest first, that becomes what `revised` has by their ids.

    A post that it does not have leaves: its source is not in the file any more.
    """
    same: defaultdict[tuple[ShiftKind, str, str], list[str]] = defaultdict(list)
    for one in stored:
        for kind, before, after in _of(one, revised.get(one.post.id)):
            same[kind, before, after].append(one.post.title or one.post.id)
    return tuple(
        Shift(*key, posts=len(titles), titles=tuple(titles[:TITLES])) for key, titles in same.items()
    )


def moved(
    stored: Sequence[StoredPost], revised: Mapping[PostId, Post]
) -> tuple[Mapping[Slug, int], Mapping[Slug, int]]:
    """How many posts each category gains, and how many it loses."""
    gains, losses = defaultdict[Slug, int](int), defaultdict[Slug, int](int)
    for one in stored:
        after = revised.get(one.post.id)
        was = {*one.post.categories} if _is_out(one) else set[Slug]()
        now = {*after.categories} if after is not None and _may_be_out(one, after) else set[Slug]()
        for slug in now - was:
            gains[slug] += 1
        for slug in was - now:
            losses[slug] += 1
    return gains, losses


def _of(stored: StoredPost, after: Post | None) -> Iterator[tuple[ShiftKind, str, str]]:
    before = stored.post
    was, now = _is_out(stored), after is not None and _may_be_out(stored, after)
    if after is None:
        if was:
            yield "leaves", _listed(before.categories), ""
        return
    if was and not now:
        yield "hidden", after.dropped, _listed(before.categories)
    elif now and not was:
        yield "back", before.dropped, _listed(after.categories)
    elif now:
        if {*before.categories} != {*after.categories}:
            yield "moves", _listed(before.categories), _listed(after.categories)
        if before.republish != after.republish:
            yield "shown", _SHOWN[before.republish], _SHOWN[after.republish]
        if before.tags != after.tags:
            yield "tagged", ", ".join(before.tags), ", ".join(after.tags)


def _is_out(stored: StoredPost) -> bool:
    """Whether it is in the documents, as far as it is new enough for them."""
    return stored.active and _may_be_out(stored, stored.post)


def _may_be_out(stored: StoredPost, as_it_is: Post) -> bool:
    over = stored.purged or stored.ended is not None or stored.retracted is not None
    return not over and not as_it_is.dropped


def _listed(categories: Sequence[Slug]) -> str:
    return ", ".join(sorted(categories))
