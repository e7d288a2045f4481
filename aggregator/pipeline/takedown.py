"""Pure. Which posts a takedown means, and what those that stay are called.

It is for good, so nothing is guessed: an id means the one post that has it; a link every post under it, since
whoever else has that link tells the same; and where those are in several stories, the operator is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from aggregator import normalize, publish
from aggregator.model import Config, NewId, PagePath, PostId, Sought, Source, StoredPost, StoredStory, Url


@dataclass(frozen=True, slots=True)
class Meant:
    """Who is meant: the posts, in one story; or in several, so that nobody is."""

    posts: tuple[StoredPost, ...] = ()
    several: bool = False


def meant(wanted: Sought, found: Sequence[StoredStory]) -> Meant:
    """The posts among some stories that somebody asks to take down; what has gone already only if all has."""
    every = [stored for story in found for stored in story.members]
    exact = [stored for stored in every if stored.post.id == wanted.name]
    under = [stored for stored in every if wanted.keys.intersection(stored.post.keys)]
    said = [stored for stored in every if wanted.texts & {stored.post.guid, stored.post.link}]
    if any(stored.post.link_key in wanted.keys for stored in exact):
        exact = []  # its id is its link, and a link is what was meant
    over = [stored for stored in every if stored.story == wanted.name and stored.ended is not None]
    posts = exact or over or under or said
    left = [stored for stored in posts if stored.ended is None] or posts[:1]
    return Meant(tuple(left), several=len({stored.story for stored in left}) > 1)


def new_id(config: Config, now: datetime) -> NewId:
    """Ids of ours for posts whose own one has ended; without the host of a source that is not in the file."""
    sources = {source.url: source for source in config.sources}

    def make(url: Url, former: PostId) -> PostId:
        source = sources.get(url) or Source(url, confidential=True)
        return normalize.mint(source, now, f"{former} taken down")

    return make


page: PagePath = publish.post_path
