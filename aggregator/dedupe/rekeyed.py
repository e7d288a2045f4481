"""Pure. Known entries that come back under new ids: a migrated blog, guids that are made anew at every poll.

Different guids of one source are different posts, so it takes evidence to say otherwise: the stored post is
not in the document under its old guid, the titles are equal, and of text, date and place enough agree. Where
most of the unknown entries of a document have the titles of posts that are gone from it, less will do:
nobody writes so many posts of the same names again. A weekly column, a daily price list and a status page
use one title too, and stay posts of their own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import islice

from aggregator.dedupe.keys import by_title
from aggregator.model import Key, KnownPost, Post, PostId
from aggregator.syntax import urls

MANY = 5
"""Unknown entries from which on their titles together are evidence."""
ALIKE = 50
"""Stored posts of one title that are looked at: a feed that calls everything the same tells nothing by it."""


def rekeyed(
    posts: Sequence[Post],
    own: Sequence[KnownPost | None],
    by_key: Mapping[Key, Sequence[KnownPost]],
) -> dict[int, KnownPost]:
    """Which posts (by index) of a document are which stored ones under a new id.

    `own` has, for each post, the stored post that its keys lead to, if any.
    """
    present = {known.id for known in own if known is not None}
    strangers = [n for n, known in enumerate(own) if known is None]
    absent = {n: _absent(posts[n], by_key, present) for n in strangers}
    wanted = Counter(k.id for n in strangers for k in absent[n])
    named = {n for n in strangers if len(absent[n]) == 1 and wanted[absent[n][0].id] == 1}
    moved = len(named) >= MANY and 2 * len(named) >= len(strangers)
    found: dict[int, KnownPost] = {}
    used: set[PostId] = set()
    for n in strangers:
        for known in absent[n]:
            if known.id not in used and _agree(posts[n], known, moved and n in named):
                found[n] = known
                used.add(known.id)
                break
    return found


def _absent(
    post: Post, by_key: Mapping[Key, Sequence[KnownPost]], present: set[PostId]
) -> Sequence[KnownPost]:
    """The stored posts of this source and title that the document does not have under their own guids."""
    titled = filter(by_title, post.keys)
    there = (k for key in titled for k in by_key.get(key, ()) if k.source == post.source)
    return list(islice((k for k in there if k.id not in present), ALIKE))


def _agree(post: Post, known: KnownPost, moved: bool) -> bool:
    """Whether more than the title says that they are one; `moved` where the document as a whole says so."""
    same_text = post.text_digest == known.text_digest != ""
    same_place = urls.place(post.link) == urls.place(known.link) != ""
    if all(one.dated in ("published", "updated") for one in (post, known)):
        if post.published == known.published:
            return same_text or same_place or moved
        return (same_text and same_place) or (moved and (same_text or same_place))
    return same_text or moved
