"""Pure. Known entries that come back under new ids: a migrated blog, guids that are made anew at every poll.

Different guids of one source are different posts, so it takes evidence to say otherwise: the stored post is
not in the document under its old guid, the titles are equal, and text, date or place agree as well. Where
most of the unknown entries of a document have the titles of posts that are gone from it, the titles are
evidence enough: nobody writes so many posts of the same names again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aggregator.model import Key, KnownPost, Post
from aggregator.syntax import urls

MANY = 5
"""Unknown entries from which on their titles together are evidence."""


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
    absent = {
        n: [k for k in _of_that_title(posts[n], by_key) if k.id not in present]
        for n in strangers
    }  # fmt: skip
    named = [n for n in strangers if len(absent[n]) == 1]
    moved = len(named) >= MANY and 2 * len(named) >= len(strangers)
    found: dict[int, KnownPost] = {}
    for n in strangers:
        left = [k for k in absent[n] if k not in found.values()]
        same = [k for k in left if _agree(posts[n], k)] or (left if moved and n in named else [])
        if same:
            found[n] = same[0]
    return found


def _of_that_title(post: Post, by_key: Mapping[Key, Sequence[KnownPost]]) -> list[KnownPost]:
    titled = (key for key in post.keys if key.startswith("n1:"))
    return [k for key in titled for k in by_key.get(key, ()) if k.source == post.source]


def _agree(post: Post, known: KnownPost) -> bool:
    """Whether more than the title says that they are one: the text, the date, or without dates the place."""
    if post.text_digest == known.text_digest != "":
        return True
    dated = [one.dated in ("published", "updated") for one in (post, known)]
    if all(dated):
        return post.published == known.published
    return urls.place(post.link) == urls.place(known.link) != ""
