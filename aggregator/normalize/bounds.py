"""Pure. How much the posts of one document may hold together, measured against the document itself.

What an element says once may be copied into every post (the feed's authors, a base that makes short links
long): a small body must not become a huge store.
"""

from __future__ import annotations

from collections.abc import Sequence

from aggregator.model import Post, UnreadEntry

FACTOR = 4
"""Characters of posts for each byte of the document."""
ALLOWANCE = 1_000_000
"""Characters that any document may come to."""


def bounded(posts: Sequence[Post], octets: int) -> tuple[list[Post], list[UnreadEntry]]:
    """The posts in order, as far as they go together; the others are left out, with the reason.

    `octets` is how long their document is.
    """
    left_over = room(octets)
    kept: list[Post] = []
    left: list[UnreadEntry] = []
    for post in posts:
        left_over -= size(post)
        if left_over >= 0:
            kept.append(post)
        else:
            left.append(UnreadEntry(post.position, "the document comes to far more text than it has"))
    return kept, left


def room(octets: int) -> int:
    """The characters that the posts of a document of this length may come to."""
    return FACTOR * octets + ALLOWANCE


def size(post: Post) -> int:
    """The characters that count."""
    return (
        sum(map(len, (post.title, post.link, post.guid, post.summary, post.content)))
        + sum(len(person.name) + len(person.uri) for person in post.authors)
        + sum(len(file.url) + len(file.title) for file in post.enclosures)
        + sum(map(len, post.said.terms))
        + sum(map(len, (post.origin.id, post.origin.home, post.origin.feed, post.origin.rights)))
    )
