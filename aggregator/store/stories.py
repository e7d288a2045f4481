"""Shell. What verdicts do to posts and stories: who founds one, who joins it and in which words, who leaves.

Within a story, posts in the same words are one telling, named after the first of them. Where stories and
tellings are shown is for `places` to work out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from aggregator.dedupe import shingles
from aggregator.model import (
    Changed,
    Duplicate,
    JoinedBy,
    New,
    Parting,
    PollOutcome,
    Post,
    PostId,
    Rejected,
    replace,
)
from aggregator.store import articles, bands, batches, categories
from aggregator.store.places import place, placed_in
from aggregator.store.posts import SOME, chunks, row_of, taken, write_keys
from aggregator.store.tables import (
    SITE,
    AnyRow,
    held_back,
    post_categories,
    post_keys,
    posts,
    stories,
    tellings,
)
from aggregator.store.tables import withdrawn_keys as withdrawn
from aggregator.syntax import html


class Collision(Exception):
    """A verdict does not fit what is stored: an id that is taken, a post or story that is not there.

    Never leaves the room: the poller is told to look again.
    """


@dataclass(frozen=True, slots=True)
class Fresh:
    """A post that is to be stored, and how it comes to its story."""

    post: Post
    story: PostId
    joined: JoinedBy = "link"
    telling: PostId | None = None  # None: it has words of its own, or is the founder
    similarity: float = 1.0

    @property
    def founds(self) -> bool:
        return self.story == self.post.id


def apply(connection: sa.Connection, source: int, outcome: PollOutcome, now: datetime) -> set[str]:
    """Carry out the verdicts of one poll of a source (row id); the slugs whose documents may differ.

    Raises `Collision`; nothing of it is written then.
    """
    written = [v for v in outcome.verdicts if isinstance(v, New | Changed | Duplicate | Rejected)]
    if not (written or outcome.withdrawn or outcome.partings or outcome.categories):
        return set()
    with connection.begin_nested():
        return _apply(connection, source, outcome, written, now)


def _apply(
    connection: sa.Connection,
    source: int,
    outcome: PollOutcome,
    written: Sequence[New | Changed | Duplicate | Rejected],
    now: datetime,
) -> set[str]:
    stored = taken(connection, [verdict.post.id for verdict in written])
    fresh: dict[PostId, Fresh] = {}
    edited: dict[PostId, Post] = {}
    for verdict in written:
        post = verdict.post
        match verdict:
            case New():
                fresh[_free(post.id, stored, fresh)] = Fresh(post, post.id)
            case Duplicate(story=story, reason=joined, telling=telling, similarity=similarity):
                if story == post.id:
                    raise Collision(f"a copy of itself: {post.id}")
                came = Fresh(post, story, joined, telling, similarity)
                fresh[_free(post.id, stored, fresh)] = came
            case Changed():
                edited[_ours(post.id, stored, source)] = post
            case Rejected(again=True):
                edited[_ours(post.id, stored, source)] = post
            case Rejected(story=told, joined=joined, telling=telling, similarity=similarity):
                came = Fresh(post, told or post.id, joined, telling, similarity)
                fresh[_free(post.id, stored, fresh)] = came
    made = categories.ensure(
        connection, outcome.categories, {slug for v in written for slug in v.post.categories}, now
    )
    touched = {came.story for came in fresh.values()} | {PostId(stored[post].story) for post in edited}
    touched |= {story for parting in outcome.partings for story in (parting.leaves, parting.posts[0])}
    founded = {id for id, came in fresh.items() if came.founds}
    before = placed_in(connection, touched - founded)
    _found(connection, [parting.posts[0] for parting in outcome.partings])
    _insert(connection, source, outcome.lease.source.definition, fresh)
    articles.hide(connection, fresh.keys() & articles.wanted_by(outcome.errands), now)
    _hold(connection, outcome)
    for parting in outcome.partings:
        _part(connection, parting)
    _tell(connection, fresh)
    for post in edited.values():
        _update(connection, stored[post.id], outcome.lease.source.definition, post)
    _withdraw(connection, source, outcome)
    bands.write(connection, _founders(connection, stored, fresh, edited, outcome.partings), now)
    return made | before | place(connection, touched, founded)


def _free(post: PostId, stored: dict[PostId, AnyRow], fresh: dict[PostId, Any]) -> PostId:
    if post in stored or post in fresh:
        raise Collision(f"the id is taken: {post}")
    return post


def _ours(post: PostId, stored: dict[PostId, AnyRow], source: int) -> PostId:
    if post not in stored or stored[post].source != source:
        raise Collision(f"the source has no post of this id: {post}")
    return post


# Built once: building a statement takes longer than SQLite takes to run it.
_FOUND = stories.insert()
_NEW = posts.insert()
_THERE = sa.select(stories.c.id).where(stories.c.id.in_(SOME))
_UNKEY = post_keys.delete().where(post_keys.c.post == sa.bindparam("row"))
_UNCATEGORIZE = post_categories.delete().where(post_categories.c.post == sa.bindparam("row"))


def _found(connection: sa.Connection, ids: Sequence[PostId]) -> None:
    """Make stories; who leads them is elected when they are placed."""
    there: set[str] = set()
    for some in chunks(ids):
        there.update(connection.execute(_THERE, {"some": some}).scalars())
    if there or len(set(ids)) < len(ids):
        raise Collision("a story of that id is there already")
    if ids:
        batches.write(connection, _FOUND, [{"id": story} for story in ids])


def _insert(connection: sa.Connection, source: int, definition: str, fresh: Mapping[PostId, Fresh]) -> None:
    if not fresh:
        return
    _found(connection, [id for id, came in fresh.items() if came.founds])
    joined = {came.story for came in fresh.values() if not came.founds}
    there: set[str] = set()
    for some in chunks(joined):
        there.update(connection.execute(_THERE, {"some": some}).scalars())
    if joined - there:
        raise Collision(f"no such story: {min(joined - there)}")
    of_all = {"source": source, "definition": definition, "purged": False}
    rows = [row_of(came.post) | of_all | {"story": came.story} for came in fresh.values()]
    batches.write(connection, _NEW, rows)
    ids = taken(connection, fresh)
    write_keys(connection, {int(ids[id].id): came.post for id, came in fresh.items()})


def _update(connection: sa.Connection, stored: AnyRow, definition: str, post: Post) -> None:
    row = int(stored.id)
    if stored.purged:  # what comes back changed after all that time is known, and stays without content
        post = replace(post, summary="", content="")
    values = row_of(post) | {"definition": definition}
    connection.execute(posts.update().where(posts.c.id == row).values(**values))
    connection.execute(_UNKEY, {"row": row})
    connection.execute(_UNCATEGORIZE, {"row": row})
    write_keys(connection, {row: post})


def _hold(connection: sa.Connection, outcome: PollOutcome) -> None:
    if not outcome.held:
        return
    ids = taken(connection, {post for post, _ in outcome.held})
    rows = [{"post": ids[post].id, "scope": SITE if scope is None else scope} for post, scope in outcome.held]
    connection.execute(held_back.insert(), rows)


def _withdraw(connection: sa.Connection, source: int, outcome: PollOutcome) -> None:
    there: set[str] = set()
    for some in chunks(outcome.withdrawn):
        query = sa.select(withdrawn.c.key).where(withdrawn.c.source == source, withdrawn.c.key.in_(some))
        there.update(connection.execute(query).scalars())
    if outcome.withdrawn - there:
        rows = [{"source": source, "key": key} for key in sorted(outcome.withdrawn - there)]
        connection.execute(withdrawn.insert(), rows)


def _part(connection: sa.Connection, parting: Parting) -> None:
    """Let posts leave a story for the one that is named after the first of them; they agree in text."""
    left: list[AnyRow] = []
    for some in chunks(parting.posts):
        query = sa.select(posts.c.id, posts.c.post).where(posts.c.post.in_(some))
        left += connection.execute(query.where(posts.c.story == parting.leaves))
    if len(left) != len(parting.posts):
        raise Collision(f"not all of them are in it: {parting.leaves}")
    made = parting.posts[0]
    for rows in chunks(row.id for row in left):
        connection.execute(posts.update().where(posts.c.id.in_(rows)).values(story=made))
        in_these_words = tellings.update().where(tellings.c.post.in_(rows)).values(telling=made)
        connection.execute(in_these_words)
    founder = next(row.id for row in left if row.post == made)
    connection.execute(tellings.delete().where(tellings.c.post == founder))
    _tell_without(connection, parting.leaves, set(parting.posts))


def _tell_without(connection: sa.Connection, story: PostId, gone: set[PostId]) -> None:
    """Of posts that stay while the first in their words has left, the one that came first stands for them."""
    stay = connection.execute(
        sa.select(posts.c.id, posts.c.post, tellings.c.telling)
        .join(tellings, tellings.c.post == posts.c.id)
        .where(posts.c.story == story)
        .order_by(posts.c.id)
    ).all()
    first: dict[str, str] = {}
    for row in stay:
        if row.telling in gone:
            telling = first.setdefault(row.telling, row.post)
            connection.execute(tellings.update().where(tellings.c.post == row.id).values(telling=telling))


def _tell(connection: sa.Connection, fresh: Mapping[PostId, Fresh]) -> None:
    """Note how posts joined their stories. Who copies what has left for another story copies its founder."""
    joined = {id: came for id, came in fresh.items() if not came.founds}
    if not joined:
        return
    copied = {came.telling for came in joined.values() if came.telling is not None}
    there: dict[str, AnyRow] = {}
    for some in chunks(joined.keys() | copied):
        query = (
            sa.select(posts.c.id, posts.c.post, posts.c.story, tellings.c.telling)
            .outerjoin(tellings, tellings.c.post == posts.c.id)
            .where(posts.c.post.in_(some))
        )
        there |= {row.post: row for row in connection.execute(query)}
    if missing := copied - there.keys():
        raise Collision(f"no such telling: {min(missing)}")
    told: dict[PostId, PostId] = {}
    for id, came in joined.items():
        story = PostId(there[id].story)
        if story == id:  # it has left already, for a story of its own
            continue
        if came.telling is None:
            told[id] = id if came.joined == "alike" else story
            continue
        first = there[came.telling]
        in_these_words = told.get(came.telling) or first.telling or first.post
        told[id] = PostId(in_these_words) if first.story == story else story
    if told:
        rows = [
            {
                "post": there[id].id,
                "telling": telling,
                "joined": joined[id].joined,
                "similarity": joined[id].similarity,
            }
            for id, telling in told.items()
        ]
        connection.execute(tellings.insert(), rows)


def _founders(
    connection: sa.Connection,
    stored: Mapping[PostId, AnyRow],
    fresh: Mapping[PostId, Fresh],
    edited: Mapping[PostId, Post],
    partings: Sequence[Parting],
) -> dict[PostId, Sequence[int]]:
    """The bands of the posts that found a story by now, or whose words have changed since they did.

    Of what has come just now there are none to be taken away.
    """
    found: dict[PostId, Sequence[int]] = {
        id: came.post.bands for id, came in fresh.items() if came.founds and came.post.bands
    }
    found |= {id: post.bands for id, post in edited.items() if stored[id].story == id}
    for some in chunks(parting.posts[0] for parting in partings):
        query = sa.select(posts.c.post, posts.c.summary, posts.c.content).where(posts.c.post.in_(some))
        for row in connection.execute(query):
            markup = (row.content or row.summary)[: shingles.LONGEST_MARKUP]
            found[PostId(row.post)] = shingles.bands(html.to_text(markup))
    return found
