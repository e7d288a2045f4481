"""Shell. Where stories are shown, who speaks for them there, and the newest of a scope.

A story is placed again whenever something touches it: `placements` says where it is shown, in every category
that any of its visible members is in, and in SITE, at the date of the one that leads, so that `newest` is a
walk along an index. What a `backlog` holds back from a category has its place there for the archives. A
category that keeps near duplicates shows each telling of a story (what was said in the same words) by itself.
The mark of a story is raised then, so that its Jekyll file follows, and so do those of its archives. A member
is visible while it waits for no article, no rule drops it, retention leaves it its content, its source is in
the configuration, and neither a takedown nor its source has ended it; a paused source changes nothing that is
out. Posts are not written here.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any

import sqlalchemy as sa

from aggregator.model import Post, PostId, Scope, Slug, Story, StoryVersion, Url, rank
from aggregator.store import archived, batches, categories
from aggregator.store.posts import SOME, categories_of, chunks, post_of
from aggregator.store.tables import (
    KEPT,
    SITE,
    AnyRow,
    ended,
    held_back,
    placements,
    post_categories,
    posts,
    retracted,
    sources,
    stories,
    tellings,
)
from aggregator.store.tables import categories as category_rows

_ENDED = sa.exists().where(ended.c.id == posts.c.story)
_RETRACTED = sa.exists().where(retracted.c.post == posts.c.id, retracted.c.back.is_(False))
SHOWABLE = sa.and_(
    posts.c.dropped == "", KEPT, sources.c.active.is_(True), sources.c.taken.is_(None), ~_ENDED, ~_RETRACTED
)
VISIBLE = sa.and_(SHOWABLE, posts.c.awaits.is_(None))
WALKED = 20_000
"""Placements that are looked at to find what `per_source` leaves: then a document is shorter."""

# The first of its story in its words; a founder's telling is its own, and has the story's id.
TELLING = sa.func.coalesce(tellings.c.telling, posts.c.post)
_TOLD = posts.join(sources, sources.c.id == posts.c.source).outerjoin(tellings, tellings.c.post == posts.c.id)


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


def of_several_tellings(connection: sa.Connection, slugs: Iterable[str]) -> set[PostId]:
    """The stories in some categories that are shown otherwise where near duplicates are kept."""
    found: set[PostId] = set()
    for some in chunks(slugs):
        query = (
            sa.select(posts.c.story)
            .join(tellings, tellings.c.post == posts.c.id)
            .join(placements, placements.c.story == posts.c.story)
            .where(placements.c.category.in_(some), tellings.c.telling != posts.c.story)
            .distinct()
        )
        found.update(PostId(story) for story in connection.execute(query).scalars())
    return found


def placed_in(connection: sa.Connection, touched: Iterable[PostId]) -> set[str]:
    """The slugs of the categories that some stories are shown in, or held back from."""
    found: set[str] = set()
    for some in chunks(touched):
        found.update(connection.execute(_PLACED_IN, {"some": some}).scalars())
    return found - {SITE}


def place(
    connection: sa.Connection, touched: Iterable[PostId], founded: Set[PostId] = frozenset()
) -> set[str]:
    """Elect again who leads some stories, and work out where they are shown: the slugs of those categories.

    Those that were `founded` just now were shown nowhere, and no archive has them.
    """
    shown_in: set[str] = set()
    for some in chunks(touched):
        older = [story for story in some if story not in founded]
        if older:
            connection.execute(_UNPLACE, {"some": older})
        shown = connection.execute(_SHOWN_IN, {"some": some}).all()
        members = list({row.id: row for row in shown}.values())
        _elect(connection, some, members)
        rows = _placements(members, [row for row in shown if row.category is not None])
        numbers = archived.touch(connection, older) if older else {}
        for row in rows:
            row["number"] = numbers.get((row["category"], row["shown"]))
        batches.write(connection, _PLACE, rows)
        shown_in.update(row["category"] for row in rows)
    return shown_in - {SITE}


def _held_from(scope: str | sa.ColumnElement[str]) -> sa.Exists:
    return sa.exists().where(held_back.c.post == posts.c.id, held_back.c.scope == scope)


_PLACED_IN = sa.select(placements.c.category).where(placements.c.story.in_(SOME)).distinct()
_PLACE = placements.insert()
_UNPLACE = placements.delete().where(placements.c.story.in_(SOME))
# Each member in each of its categories, and one that is in none by itself.
_SHOWN_IN = (
    sa.select(
        *(posts.c.id, posts.c.post, posts.c.story, posts.c.source, posts.c.standing, posts.c.published),
        sources.c.position,
        TELLING.label("telling"),
        _held_from(SITE).label("held"),
        *(post_categories.c.category, category_rows.c.keeps),
        _held_from(post_categories.c.category).label("held_there"),
    )
    .select_from(
        _TOLD.outerjoin(post_categories, post_categories.c.post == posts.c.id).outerjoin(
            category_rows, category_rows.c.slug == post_categories.c.category
        )
    )
    .where(posts.c.story.in_(SOME), VISIBLE)
)
_ELECT = (
    stories.update()
    .where(stories.c.id == sa.bindparam("told"))
    .values(lead=sa.bindparam("leader"), published=sa.bindparam("led_at"), mark=stories.c.mark + 1)
)


def _elect(connection: sa.Connection, some: Sequence[PostId], members: Iterable[AnyRow]) -> None:
    """The visible member that ranks first speaks for each story, and dates it."""
    leads = _leads(members, "story")
    elected = [
        {"told": story, "leader": lead and lead.post, "led_at": lead and lead.published}
        for story, lead in ((story, leads.get(story)) for story in some)
    ]
    batches.write(connection, _ELECT, elected)


def _leads(members: Iterable[AnyRow], what: str) -> dict[str, AnyRow]:
    """Who leads each story, or each telling, of these members."""
    led: defaultdict[str, list[AnyRow]] = defaultdict(list)
    for row in members:
        led[getattr(row, what)].append(row)
    return {
        shown: min(rows, key=lambda row: rank(row.standing, row.published, row.position, row.post))
        for shown, rows in led.items()
    }


def _placements(members: Iterable[AnyRow], shown: Iterable[AnyRow]) -> list[dict[str, Any]]:
    """The rows of `placements` that some members make, and the categories that they are in, held or not.

    What all of its members are held back from is held back; the site has no archive that would show it.
    """
    places = {(SITE, row.story, row.story, False): False for row in members if not row.held}
    for row in shown:
        apart = bool(row.keeps)
        place = (row.category, row.telling if apart else row.story, row.story, apart)
        places[place] = row.held_there and places.get(place, True)
    leads = {False: _leads(members, "story"), True: _leads(members, "telling")}
    return [
        {
            "category": category,
            "shown": id,
            "story": story,
            "published": leads[apart][id].published,
            "source": leads[apart][id].source,
            "held": held,
        }
        for (category, id, story, apart), held in places.items()
    ]


def forget(connection: sa.Connection, touched: Iterable[PostId]) -> None:
    """Let stories whose members have lost their content be shown nowhere; their Jekyll files stay."""
    for some in chunks(touched):
        connection.execute(_UNPLACE, {"some": some})
        shown_nowhere = {"lead": None, "published": None, "paged": -1}
        connection.execute(stories.update().where(stories.c.id.in_(some)).values(**shown_nowhere))


def walk(connection: sa.Connection, scope: str, limit: int, per_source: int) -> list[AnyRow]:
    """The newest placements of a scope (SITE for everything): what is shown, and of which story."""
    wanted = {"of": scope, "most": WALKED if per_source else limit}
    if not per_source:
        return list(connection.execute(_NEWEST, wanted))
    found: list[AnyRow] = []
    led: Counter[int] = Counter()
    with connection.execute(_NEWEST, wanted) as rows:
        for row in rows:
            if len(found) >= limit:
                break
            if led[row.source] < per_source:
                led[row.source] += 1
                found.append(row)
    return found


_PLACED = sa.select(placements.c.shown, placements.c.story, stories.c.mark, placements.c.source).join(
    stories, stories.c.id == placements.c.story
)
_NEWEST = (
    _PLACED.where(placements.c.category == sa.bindparam("of"), placements.c.held.is_(False))
    .order_by(placements.c.published.desc(), placements.c.shown)
    .limit(sa.bindparam("most"))
)
_SHOWN_AS = _PLACED.where(placements.c.category == sa.bindparam("of"), placements.c.shown.in_(SOME))


def newest(connection: sa.Connection, scope: Scope, limit: int, per_source: int) -> Sequence[Story]:
    """What a scope shows; see `ports.PostReader.newest`."""
    placed = walk(connection, SITE if scope is None else scope, limit, per_source)
    return [story for _, story in _stories(connection, _versions(connection, scope, placed))]


def outline(connection: sa.Connection, scope: Scope, limit: int, per_source: int) -> list[StoryVersion]:
    """What a scope shows, unread; see `ports.PostReader.outline`."""
    return _versions(connection, scope, walk(connection, SITE if scope is None else scope, limit, per_source))


def told(
    connection: sa.Connection, scope: Scope, ids: Sequence[PostId]
) -> Sequence[tuple[StoryVersion, Story]]:
    """Those of some ids that a scope shows, held back or not; see `ports.PostReader.told`."""
    rows: list[AnyRow] = []
    for some in chunks(ids):
        rows += connection.execute(_SHOWN_AS, {"of": SITE if scope is None else scope, "some": some})
    return _stories(connection, _versions(connection, scope, rows))


def _versions(connection: sa.Connection, scope: Scope, placed: Iterable[AnyRow]) -> list[StoryVersion]:
    apart = scope in categories.keeping(connection)
    return [StoryVersion(PostId(shown), PostId(story), mark, apart) for shown, story, mark, _ in placed]


def _stories(
    connection: sa.Connection, wanted: Sequence[StoryVersion]
) -> Sequence[tuple[StoryVersion, Story]]:
    """The stories of some versions of one scope, with all members."""
    if not any(version.apart for version in wanted):
        told = tell(connection, [version.story for version in wanted])
    else:
        told = _tell_apart(connection, {version.shown: version.story for version in wanted})
    return [(version, Story(version.shown, told[version.shown])) for version in wanted]


def tell(connection: sa.Connection, wanted: Sequence[PostId]) -> Mapping[PostId, tuple[Post, ...]]:
    """The visible members of some stories, in order of arrival; a story that has none is left out."""
    rows: list[AnyRow] = []
    for some in chunks(wanted):
        rows += connection.execute(_OF_STORIES, {"some": some})
    return _told(connection, rows, "story")


def _tell_apart(
    connection: sa.Connection, wanted: Mapping[PostId, PostId]
) -> Mapping[PostId, tuple[Post, ...]]:
    """The visible members of some tellings, which come with their stories."""
    rows: list[AnyRow] = []
    for some in chunks(wanted, 2):
        told = {wanted[telling] for telling in some}
        rows += connection.execute(_MEMBERS.where(posts.c.story.in_(told), TELLING.in_(some), VISIBLE))
    return _told(connection, rows, "telling")


_MEMBERS = sa.select(posts, sources.c.url, TELLING.label("telling")).select_from(_TOLD)
_OF_STORIES = _MEMBERS.where(posts.c.story.in_(SOME), VISIBLE)


def _told(connection: sa.Connection, rows: Sequence[AnyRow], what: str) -> Mapping[PostId, tuple[Post, ...]]:
    slugs: dict[int, list[Slug]] = dict(categories_of(connection, [row.id for row in rows]))
    members: defaultdict[PostId, list[Post]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: int(row.id)):
        members[getattr(row, what)].append(post_of(row, Url(row.url), slugs.get(row.id, [])))
    return {shown: tuple(posts) for shown, posts in members.items()}
