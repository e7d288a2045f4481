"""Shell. What verdicts do to posts and stories, and the newest stories of a category.

A story is placed again whenever something touches it: `placements` says where it is shown, in every
category that any of its visible members is in, and in SITE, at the date of the one that leads, so that
`newest` is a walk along an index. Its mark is raised then, so that its Jekyll file follows. A member is
visible while no rule drops it, retention leaves it its content, and its source is in the configuration; a
paused source changes nothing that is out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from aggregator.model import (
    Changed,
    Duplicate,
    New,
    Parting,
    PollOutcome,
    Post,
    PostId,
    Rejected,
    Scope,
    Slug,
    Story,
    Url,
    rank,
)
from aggregator.store import categories
from aggregator.store.posts import categories_of, chunks, post_of, row_of, taken, write_keys
from aggregator.store.tables import (
    KEPT,
    SITE,
    AnyRow,
    held_back,
    placements,
    post_categories,
    post_keys,
    posts,
    sources,
    stories,
)
from aggregator.store.tables import withdrawn_keys as withdrawn

VISIBLE = sa.and_(posts.c.dropped == "", KEPT, sources.c.active.is_(True))


class Collision(Exception):
    """A verdict does not fit what is stored: an id that is taken, a post or story that is not there.

    Never leaves the room: the poller is told to look again.
    """


def apply(connection: sa.Connection, source: int, outcome: PollOutcome, now: datetime) -> set[str]:
    """Carry out the verdicts of one poll of a source (row id); the slugs whose documents may differ.

    Raises `Collision`, after which the caller must roll back.
    """
    written = [v for v in outcome.verdicts if isinstance(v, New | Changed | Duplicate | Rejected)]
    if not (written or outcome.withdrawn or outcome.partings or outcome.categories):
        return set()
    stored = taken(connection, [verdict.post.id for verdict in written])
    fresh: dict[PostId, tuple[Post, PostId]] = {}
    edited: dict[PostId, Post] = {}
    for verdict in written:
        post = verdict.post
        match verdict:
            case New():
                fresh[_free(post.id, stored, fresh)] = (post, post.id)
            case Duplicate(story=story):
                if story == post.id:
                    raise Collision(f"a copy of itself: {post.id}")
                fresh[_free(post.id, stored, fresh)] = (post, story)
            case Changed():
                edited[_ours(post.id, stored, source)] = post
            case Rejected(again=True):
                edited[_ours(post.id, stored, source)] = post
            case Rejected(story=story):
                fresh[_free(post.id, stored, fresh)] = (post, story or post.id)
    made = categories.ensure(
        connection, outcome.categories, {slug for v in written for slug in v.post.categories}, now
    )
    touched = {story for _, story in fresh.values()} | {PostId(stored[post].story) for post in edited}
    touched |= {story for parting in outcome.partings for story in (parting.leaves, parting.posts[0])}
    before = placed_in(connection, touched)
    _found(connection, [parting.posts[0] for parting in outcome.partings])
    _insert(connection, source, outcome.lease.source.definition, fresh)
    _hold(connection, outcome)
    for parting in outcome.partings:
        _part(connection, parting)
    for post in edited.values():
        _update(connection, stored[post.id], outcome.lease.source.definition, post)
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


def _found(connection: sa.Connection, ids: Sequence[PostId]) -> None:
    """Make stories; who leads them is elected when they are placed."""
    there: set[str] = set()
    for some in chunks(ids):
        there.update(connection.execute(sa.select(stories.c.id).where(stories.c.id.in_(some))).scalars())
    if there or len(set(ids)) < len(ids):
        raise Collision("a story of that id is there already")
    if ids:
        connection.execute(stories.insert(), [{"id": story} for story in ids])


def _insert(
    connection: sa.Connection, source: int, definition: str, fresh: dict[PostId, tuple[Post, PostId]]
) -> None:
    if not fresh:
        return
    _found(connection, [post.id for post, story in fresh.values() if story == post.id])
    joined = {story for post, story in fresh.values() if story != post.id}
    there: set[str] = set()
    for some in chunks(joined):
        there.update(connection.execute(sa.select(stories.c.id).where(stories.c.id.in_(some))).scalars())
    if joined - there:
        raise Collision(f"no such story: {min(joined - there)}")
    of_all = {"source": source, "definition": definition, "purged": False}
    rows = [row_of(post) | of_all | {"story": story} for post, story in fresh.values()]
    connection.execute(posts.insert(), rows)
    ids = taken(connection, fresh)
    write_keys(connection, {int(ids[post.id].id): post for post, _ in fresh.values()})


def _update(connection: sa.Connection, stored: AnyRow, definition: str, post: Post) -> None:
    row = int(stored.id)
    if stored.purged:  # what comes back changed after all that time is known, and stays without content
        post = replace(post, summary="", content="")
    values = row_of(post) | {"definition": definition}
    connection.execute(posts.update().where(posts.c.id == row).values(**values))
    connection.execute(post_keys.delete().where(post_keys.c.post == row))
    connection.execute(post_categories.delete().where(post_categories.c.post == row))
    write_keys(connection, {row: post})


def _hold(connection: sa.Connection, outcome: PollOutcome) -> None:
    ids = taken(connection, {post for post, _ in outcome.held})
    rows = [{"post": ids[post].id, "scope": SITE if scope is None else scope} for post, scope in outcome.held]
    if rows:
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
    """Let posts leave a story for the one that is named after the first of them."""
    left = 0
    for some in chunks(parting.posts):
        moved = posts.update().where(posts.c.post.in_(some), posts.c.story == parting.leaves)
        left += connection.execute(moved.values(story=parting.posts[0])).rowcount
    if left != len(parting.posts):
        raise Collision(f"not all of them are in it: {parting.leaves}")


def of_sources(connection: sa.Connection, rows: Iterable[int]) -> set[PostId]:
    """The stories that posts of some sources (row ids) are in; not for the sake of what retention hides."""
    found: set[PostId] = set()
    for some in chunks(rows):
        query = sa.select(posts.c.story).where(posts.c.source.in_(some), KEPT).distinct()
        found.update(PostId(story) for story in connection.execute(query).scalars())
    return found


def tied(connection: sa.Connection, rows: Iterable[int]) -> set[PostId]:
    """Of the stories that posts of some sources (row ids) are in, those that only the file's order leads."""
    other = posts.alias("other")
    alike = sa.exists().where(
        other.c.story == posts.c.story,
        other.c.source != posts.c.source,
        other.c.standing == posts.c.standing,
        other.c.published == posts.c.published,
    )
    found: set[PostId] = set()
    for some in chunks(rows):
        query = sa.select(posts.c.story).where(posts.c.source.in_(some), alike).distinct()
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
    """Elect again who leads some stories, and work out where they are shown."""
    for some in chunks(touched):
        connection.execute(placements.delete().where(placements.c.story.in_(some)))
        _elect(connection, some)
        visible = (
            sa.select(stories.c.id, stories.c.published)
            .join(posts, posts.c.story == stories.c.id)
            .join(sources, sources.c.id == posts.c.source)
            .where(stories.c.id.in_(some), VISIBLE)
        )
        everywhere = visible.add_columns(sa.literal(SITE)).where(~_held_from(SITE)).distinct()
        shown = (
            visible.join(post_categories, post_categories.c.post == posts.c.id)
            .add_columns(post_categories.c.category)
            .where(~_held_from(post_categories.c.category))
            .distinct()
        )
        for query in (everywhere, shown):
            connection.execute(placements.insert().from_select(["story", "published", "category"], query))


def _held_from(scope: str | sa.ColumnElement[str]) -> sa.Exists:
    return sa.exists().where(held_back.c.post == posts.c.id, held_back.c.scope == scope)


def forget(connection: sa.Connection, touched: Iterable[PostId]) -> None:
    """Let stories whose members have lost their content be shown nowhere; their Jekyll files stay."""
    for some in chunks(touched):
        connection.execute(placements.delete().where(placements.c.story.in_(some)))
        connection.execute(stories.update().where(stories.c.id.in_(some)).values(lead=None, published=None))


def _elect(connection: sa.Connection, some: Sequence[PostId]) -> None:
    """The visible member that ranks first speaks for each story, and dates it."""
    members = connection.execute(
        sa.select(posts.c.story, posts.c.standing, posts.c.published, sources.c.position, posts.c.post)
        .join(sources, sources.c.id == posts.c.source)
        .where(posts.c.story.in_(some), VISIBLE)
    )
    ranks = defaultdict(list)
    for row in members:
        ranks[row.story].append(rank(row.standing, row.published, row.position, row.post))
    elected: list[dict[str, Any]] = []
    for story in some:
        _, published, _, lead = min(ranks[story], default=(0, None, 0, None))
        elected.append({"told": story, "lead": lead, "published": published})
    marked = stories.update().where(stories.c.id == sa.bindparam("told")).values(mark=stories.c.mark + 1)
    connection.execute(marked, elected)


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
    told = tell(connection, wanted)
    return [Story(story, told[story]) for story in wanted]


def tell(connection: sa.Connection, wanted: Sequence[PostId]) -> Mapping[PostId, tuple[Post, ...]]:
    """The visible members of some stories, in order of arrival; a story that has none is left out."""
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
    members: defaultdict[PostId, list[Post]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: int(row.id)):
        members[row.story].append(post_of(row, Url(row.url), slugs.get(row.id, [])))
    return {story: tuple(posts) for story, posts in members.items()}
