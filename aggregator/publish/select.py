"""Pure. Which stories a document shows, in which order, and who leads each of them.

It judges nothing: what is one story was decided when its posts came in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from operator import attrgetter, gt
from typing import TypeVar

from aggregator.model import Member, Post, Shown, Story, Url, rank
from aggregator.publish.entries import Entry

_T = TypeVar("_T")
_ID, _PUBLISHED, _UPDATED = attrgetter("id"), attrgetter("published"), attrgetter("updated")
NOWHERE = 1 << 62
"""The place of a source that is not in the file: after all others."""


def primary(members: Sequence[Post], position: Mapping[Url, int]) -> Post:
    """The member that speaks for a story, as `model.rank` has it.

    `position` holds the place of each source in the file; one that is not there comes last. Raises
    `ValueError` for a story without members.
    """
    return _ranked(members, position)[0]


def shown(stories: Sequence[Story], positions: Mapping[Url, int], limit: int) -> tuple[Shown, ...]:
    """At most `limit` stories as a document shows them: newest `published` first, then id.

    Each is its primary under the story's id, with the categories and tags of all members (the primary's
    first) and the other members beside it. The text of its article stands for its content where its feed
    lets us show that. The order in which stories and members come does not matter.
    """
    told = [_shown(story, positions) for story in stories]
    told.sort(key=lambda one: one.post.id)
    told.sort(key=lambda one: one.post.published, reverse=True)
    return tuple(told[: max(limit, 0)])


def in_order(entries: Iterable[Entry], limit: int) -> tuple[Entry, ...]:
    """At most `limit` of the entries that `shown` gave, in its order, of whichever calls they are."""
    some = list(entries)
    moments = list(map(_PUBLISHED, some))
    # The store has them in order. That is seen soonest where no two are of one moment.
    if not (all(map(gt, moments, moments[1:])) or all(map(_before, some, some[1:]))):
        some.sort(key=_ID)
        some.sort(key=_PUBLISHED, reverse=True)
    return tuple(some[: max(limit, 0)])


def latest(entries: Sequence[Entry], said: datetime | None, created: datetime) -> datetime:
    """A document's `updated`: the latest of its entries', never before what it `said` last (DESIGN 6).

    Without entries, what it said last, or when its scope was created.
    """
    latest = max(map(_UPDATED, entries), default=said or created)
    return latest if said is None else max(latest, said)


def _shown(story: Story, positions: Mapping[Url, int]) -> Shown:
    ranked = _ranked(story.members, positions)
    first, others = ranked[0], ranked[1:]
    return Shown(
        post=replace(
            first,
            content=first.article if first.whole and first.article else first.content,
            id=story.id,
            categories=_union(member.categories for member in ranked),
            tags=_union(member.tags for member in ranked),
        ),
        also_in=_union([[Member(other.origin, other.link) for other in others if _elsewhere(other, first)]]),
    )


def _before(one: Entry, other: Entry) -> bool:
    """Whether two entries that follow each other stand right."""
    if one.published == other.published:
        return one.id <= other.id
    return one.published > other.published


def _elsewhere(other: Post, first: Post) -> bool:
    """Whether a member tells the story in another place: a planet's copy names the place that leads."""
    return (other.link, other.origin.title) != (first.link, first.origin.title)


def _ranked(members: Sequence[Post], position: Mapping[Url, int]) -> list[Post]:
    if not members:
        raise ValueError("a story without members")
    return sorted(
        members,
        key=lambda post: rank(post.standing, post.published, position.get(post.source, NOWHERE), post.id),
    )


def _union(groups: Iterable[Iterable[_T]]) -> tuple[_T, ...]:
    """Every value once, in the order of its first appearance."""
    return tuple(dict.fromkeys(value for group in groups for value in group))
