"""Shell. What verdicts do to posts and stories, and the newest stories of a category.

`placements` says where each story is shown: in every category that any of its visible members is in, and
in SITE. It is worked out again for each story that a verdict touches, so that `newest` is a walk along an
index. A member is visible while no rule drops it and its source is in the configuration; a paused source
changes nothing that is out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from aggregator.model import (
    Changed,
    Duplicate,
    New,
    PollOutcome,
    Post,
    PostId,
    Rejected,
    Scope,
    Slug,
    Story,
    Url,
)
from aggregator.store import categories
from aggregator.store.posts import categories_of, chunks, post_of, row_of, taken, write_keys
from aggregator.store.tables import (
    SITE,
    AnyRow,
    placements,
    post_categories,
    post_keys,
    posts,
    sources,
    stories,
)
from aggregator.store.tables import withdrawn_keys as withdrawn

VISIBLE = sa.and_(posts.c.dropped == "", sources.c.active.is_(True))


class Collision(Exception):
    """A verdict does not fit what is stored: an id that is taken, a post or story that is not there.

    Never leaves the room: the poller is told to look again.
    """


def apply(connection: sa.Connection, source: int, outcome: PollOutcome, now: datetime) -> set[str]:
    """Carry out the verdicts of one poll of a source (row id); the slugs whose documents may differ.

    Raises `Collision`, after which the caller must roll back.
    """
    written = [v for v in outcome.verdicts if isinstance(v, New | Changed | Duplicate | Rejected)]
    if not written and not outcome.withdrawn and not outcome.categories:
        return set()
    stored = taken(connection, [verdict.post.id for verdict in written])
    fresh: dict[PostId, tuple[Post, PostId]] = {}
    edited: dict[PostId, Post] = {}
    leads: dict[PostId, Post] = {}
    for verdict in written:
        post = verdict.post
        match verdict:
            case New():
                fresh[_free(post.id, stored, fresh)] = (post, post.id)
            case Duplicate(story=story, leads=first):
                if story == post.id:
                    raise Collision(f"a copy of itself: {post.id}")
                fresh[_free(post.id, stored, fresh)] = (post, story)
                if first:
                    leads[story] = post
            case Changed():
                edited[_ours(post.id, stored, source)] = post
            case Rejected(story=story):
                if post.id in stored:
                    edited[_ours(post.id, stored, source)] = post
                else:
                    fresh[_free(post.id, stored, fresh)] = (post, story or post.id)
    made = categories.ensure(
        connection, outcome.categories, {slug for v in written for slug in v.post.categories}, now
    )
    touched = {story for _, story in fresh.values()} | {PostId(stored[post].story) for post in edited}
    partings = _partings(connection, source, outcome)
    touched |= {story for parting in partings for story in (parting.leaves, parting.posts[0])}
    before = placed_in(connection, touched)
    for parting in partings:
        _part(connection, parting)
    _insert(connection, source, fresh)
    for post in edited.values():
        _update(connection, int(stored[post.id].id), post)
    for story, post in leads.items():
        connection.execute(
            stories.update().where(stories.c.id == story).values(lead=post.id, published=post.published)
        )
    _withdraw(connection, source, outcome)
    place(connection, touched)
    return made | before | placed_in(connection, touched)


def _free(post: PostId, stored: dict[PostId, AnyRow], fresh: dict[PostId, Any]) -> PostId:
    if post in stored or post in fresh:
        raise Collision(f"the id is taken: {post}")
    return post


def _ours(post: PostId, stored: dict[PostId, AnyRow], source: int) -> PostId:
    if post not in stored or stored[post].source != source:
        raise Collision(f"the source has no post of this id: {post}")
    return post


def _insert(connection: sa.Connection, source: int, fresh: dict[PostId, tuple[Post, PostId]]) -> None:
    if not fresh:
        return
    founded = [
        {"id": post.id, "lead": post.id, "published": post.published}
        for post, story in fresh.values()
        if story == post.id
    ]
    if founded:
        connection.execute(stories.insert(), founded)
    joined = {story for post, story in fresh.values() if story != post.id}
    there: set[str] = set()
    for some in chunks(joined):
        there.update(connection.execute(sa.select(stories.c.id).where(stories.c.id.in_(some))).scalars())
    if joined - there:
        raise Collision(f"no such story: {min(joined - there)}")
    rows = [row_of(post) | {"source": source, "story": story} for post, story in fresh.values()]
    connection.execute(posts.insert(), rows)
    ids = taken(connection, fresh)
    write_keys(connection, {int(ids[post.id].id): post for post, _ in fresh.values()})


def _update(connection: sa.Connection, row: int, post: Post) -> None:
    connection.execute(posts.update().where(posts.c.id == row).values(**row_of(post)))
    connection.execute(post_keys.delete().where(post_keys.c.post == row))
    connection.execute(post_categories.delete().where(post_categories.c.post == row))
    write_keys(connection, {row: post})
    connection.execute(stories.update().where(stories.c.lead == post.id).values(published=post.published))


def _withdraw(connection: sa.Connection, source: int, outcome: PollOutcome) -> None:
    there: set[str] = set()
    for some in chunks(outcome.withdrawn):
        query = sa.select(withdrawn.c.key).where(withdrawn.c.source == source, withdrawn.c.key.in_(some))
        there.update(connection.execute(query).scalars())
    if outcome.withdrawn - there:
        rows = [{"source": source, "key": key} for key in sorted(outcome.withdrawn - there)]
        connection.execute(withdrawn.insert(), rows)


@dataclass(frozen=True, slots=True)
class _Parting:
    """Posts that leave a story for one of their own, named after the first of them."""

    leaves: PostId
    posts: tuple[PostId, ...]


def _partings(connection: sa.Connection, source: int, outcome: PollOutcome) -> list[_Parting]:
    """Who leaves which story because only a withdrawn link has tied them together.

    They told different things all along. A post of the source leaves the story that it had joined; where
    it had founded the story, the others that the link has brought leave it together.
    """
    found: list[_Parting] = []
    for key in sorted(outcome.withdrawn):
        tied = connection.execute(
            sa.select(posts.c.post, posts.c.story, posts.c.source)
            .join(post_keys, post_keys.c.post == posts.c.id)
            .where(post_keys.c.key == key)
            .order_by(posts.c.id)
        ).all()
        for ours in (row for row in tied if row.source == source):
            others = tuple(
                PostId(row.post) for row in tied if row.story == ours.story and row.source != source
            )
            if others:
                alone = ours.story != ours.post
                leaving = (PostId(ours.post),) if alone else others
                found.append(_Parting(PostId(ours.story), leaving))
    return found


def _part(connection: sa.Connection, parting: _Parting) -> None:
    """Let posts leave for a story of their own, and both stories have their primary."""
    made = parting.posts[0]
    lead = sa.select(posts.c.post, posts.c.post, posts.c.published).where(posts.c.post == made)
    connection.execute(stories.insert().from_select(["id", "lead", "published"], lead))
    connection.execute(posts.update().where(posts.c.post.in_(parting.posts)).values(story=made))
    for story in (made, parting.leaves):
        first = connection.execute(
            sa.select(posts.c.post, posts.c.published)
            .where(posts.c.story == story)
            .order_by(posts.c.standing, posts.c.published, posts.c.id)
            .limit(1)
        ).one()
        connection.execute(
            stories.update().where(stories.c.id == story).values(lead=first.post, published=first.published)
        )


def of_sources(connection: sa.Connection, rows: Iterable[int]) -> set[PostId]:
    """The stories that posts of some sources (row ids) are in."""
    found: set[PostId] = set()
    for some in chunks(rows):
        query = sa.select(posts.c.story).where(posts.c.source.in_(some)).distinct()
        found.update(PostId(story) for story in connection.execute(query).scalars())
    return found


def placed_in(connection: sa.Connection, touched: Iterable[PostId]) -> set[str]:
    """The slugs of the categories that some stories are shown in."""
    found: set[str] = set()
    for some in chunks(touched):
        query = sa.select(placements.c.category).where(placements.c.story.in_(some)).distinct()
        found.update(connection.execute(query).scalars())
    return found - {SITE}


def place(connection: sa.Connection, touched: Iterable[PostId]) -> None:
    """Work out again where some stories are shown."""
    for some in chunks(touched):
        connection.execute(placements.delete().where(placements.c.story.in_(some)))
        visible = (
            sa.select(stories.c.id, stories.c.published)
            .join(posts, posts.c.story == stories.c.id)
            .join(sources, sources.c.id == posts.c.source)
            .where(stories.c.id.in_(some), VISIBLE)
        )
        everywhere = visible.add_columns(sa.literal(SITE)).distinct()
        shown = (
            visible.join(post_categories, post_categories.c.post == posts.c.id)
            .add_columns(post_categories.c.category)
            .distinct()
        )
        for query in (everywhere, shown):
            connection.execute(placements.insert().from_select(["story", "published", "category"], query))


def newest(connection: sa.Connection, scope: Scope, limit: int) -> Sequence[Story]:
    """At most `limit` stories with a visible member in the scope, newest first, then by id."""
    wanted = [
        PostId(story)
        for story in connection.execute(
            sa.select(placements.c.story)
            .where(placements.c.category == (SITE if scope is None else scope))
            .order_by(placements.c.published.desc(), placements.c.story)
            .limit(limit)
        ).scalars()
    ]
    rows: list[AnyRow] = []
    for some in chunks(wanted):
        rows.extend(
            connection.execute(
                sa.select(posts, sources.c.url)
                .join(sources, sources.c.id == posts.c.source)
                .where(posts.c.story.in_(some), VISIBLE)
            )
        )
    slugs: dict[int, list[Slug]] = dict(categories_of(connection, [row.id for row in rows]))
    members: defaultdict[str, list[Post]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: int(row.id)):
        members[row.story].append(post_of(row, Url(row.url), slugs.get(row.id, [])))
    return [Story(story, tuple(members[story])) for story in wanted]
