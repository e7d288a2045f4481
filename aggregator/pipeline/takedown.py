"""Pure. Which posts a takedown means, and what those that stay are called.

It is for good, so it takes no more than was asked for. An id means the one post that has it. A link means one
post, too: who speaks for what is shown under it; others that have that link tell it still, under their own
ids, and the operator hears of them. A link that has been taken down before means nobody, so that a command
that is run twice does nothing more. Where posts of several stories are meant, the operator is asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from aggregator import normalize, publish
from aggregator.model import (
    Config,
    NewId,
    PagePath,
    PostId,
    Sought,
    Source,
    StoredPost,
    StoredStory,
    Url,
    rank,
)


@dataclass(frozen=True, slots=True)
class Meant:
    """Who is meant: posts of one story. Where they are of several, or went before, nothing is to be done."""

    posts: tuple[StoredPost, ...] = ()
    several: bool = False
    before: datetime | None = None  # what was asked for was taken down then
    left: tuple[StoredPost, ...] = ()  # others under the same link that tell it still


def meant(wanted: Sought, found: Sequence[StoredStory], config: Config, *, whole: bool = False) -> Meant:
    """The post among some stories that somebody asks to take down, or (`whole`) one of the story."""
    every = [stored for story in found for stored in story.members]
    exact = [stored for stored in every if stored.post.id == wanted.name]
    over = [stored for stored in every if stored.story == wanted.name and stored.ended is not None]
    under = [stored for stored in every if wanted.keys.intersection(stored.post.keys)]
    said = [stored for stored in every if wanted.texts & {stored.post.guid, stored.post.link}]
    if any(stored.post.link_key in wanted.keys for stored in exact):
        exact = []  # its id is its link, and a link is what was meant
    posts = exact or over or under or said
    left = tuple(stored for stored in posts if stored.ended is None)
    went = [stored.ended.at for stored in posts if stored.ended is not None and stored.ended.kind == "post"]
    if not left:
        return Meant(tuple(posts[:1]))
    if went and not whole:
        return Meant(before=min(went), left=left)
    if len({stored.story for stored in left}) > 1:
        return Meant(left, several=True)
    positions = {source.url: source.position for source in config.sources}
    return Meant((min(left, key=lambda stored: _rank(stored, positions)),))


def _rank(stored: StoredPost, positions: Mapping[Url, int]) -> tuple[object, ...]:
    """Who speaks for a story comes first: of those that are shown, if any is."""
    post = stored.post
    hidden = bool(post.dropped) or stored.purged or not stored.active or stored.retracted is not None
    position = positions.get(post.source, len(positions))
    return hidden, *rank(post.standing, post.published, position, post.id)


def new_id(config: Config, now: datetime) -> NewId:
    """Ids of ours for posts whose own one has ended; without the host of a source that is not in the file."""
    sources = {source.url: source for source in config.sources}

    def make(url: Url, former: PostId) -> PostId:
        source = sources.get(url) or Source(url, confidential=True)
        return normalize.mint(source, now, f"{former} taken down")

    return make


page: PagePath = publish.post_path
