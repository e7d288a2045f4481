"""Shell. `ports.Takedowns` on the database: ending output ids for good, and what becomes of who stays.

A story whose id has ended is shown nowhere, and so is what joins it later: that is how neither a post nor its
copies come back. Where others tell a story that ends, they leave it for one that is named after the first of
them; a post of theirs whose own id has ended gets another one. Where what was taken down did not speak for
its story, it leaves, and the story stays. Which ids have ended is looked up in `ended`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa

from aggregator.dedupe import shingles
from aggregator.model import (
    EndedKind,
    NewId,
    PagePath,
    PostId,
    Scope,
    Slug,
    TakenDown,
    TakenPost,
    Url,
    rank,
)
from aggregator.store import archived, bands, categories, ended, items, marks, places
from aggregator.store.database import Database
from aggregator.store.posts import SOME, SOME_ROWS, categories_of, chunks, taken
from aggregator.store.tables import (
    SITE,
    AnyRow,
    gone,
    placements,
    posts,
    sources,
    stories,
    taken_bands,
    tellings,
    tombstones,
)
from aggregator.store.tables import ended as ended_rows
from aggregator.syntax import html

TOLD_FOR = timedelta(days=90)
"""How long the subscription documents say that an entry has gone."""
MOST_TOLD = 500
"""Tombstones of one takedown in one document: those of its newest entries. Archives have them all."""


class Takedowns:
    """Implements `ports.Takedowns`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def take_down(
        self,
        wanted: Sequence[PostId],
        now: datetime,
        /,
        *,
        reason: str,
        new_id: NewId,
        page: PagePath,
        whole: bool = False,
    ) -> TakenDown:
        with self._database.write() as connection:
            found = taken(connection, wanted)
            of_story: defaultdict[PostId, set[int]] = defaultdict(set)
            for row in found.values():
                of_story[PostId(row.story)].add(row.id)
            before = ended.of_stories(connection, of_story)
            if before.keys() == of_story.keys():
                return TakenDown(before=min((one.at for one in before.values()), default=None))
            deed = _Deed(connection, "post", reason, now, new_id, page)
            deed.end(of_story.keys() - before.keys(), lambda row: whole or row.id in of_story[row.story])
            return deed.done()

    def take_down_source(
        self, source: Url, now: datetime, /, *, reason: str, new_id: NewId, page: PagePath
    ) -> TakenDown:
        with self._database.write() as connection:
            row = connection.execute(
                sa.select(sources.c.id, sources.c.taken).where(sources.c.url == source)
            ).one_or_none()
            if row is None or row.taken is not None:
                return TakenDown(before=None if row is None else row.taken)
            told = sa.select(posts.c.story).where(posts.c.source == row.id).distinct()
            all_stories = [PostId(story) for story in connection.execute(told).scalars()]
            before = ended.of_stories(connection, all_stories)
            deed = _Deed(connection, "source", reason, now, new_id, page)
            deed.end(set(all_stories) - before.keys(), lambda member: bool(member.source == row.id))
            connection.execute(sources.update().where(sources.c.id == row.id).values(taken=now))
            return deed.done()

    def forget(self, now: datetime) -> None:
        """Let subscription documents fall silent about what has gone long ago; archives do not."""
        with self._database.write() as connection:
            old = tombstones.c.at < now - TOLD_FOR
            scopes = set(connection.execute(sa.select(tombstones.c.scope).where(old).distinct()).scalars())
            connection.execute(tombstones.delete().where(old))
            marks.mark(connection, scopes)


_ROWS = (
    sa.select(
        *(posts.c.id, posts.c.post, posts.c.story, posts.c.title, posts.c.slug, posts.c.published),
        *(posts.c.standing, posts.c.dropped, posts.c.source, sources.c.url, sources.c.position),
        places.TELLING.label("telling"),
        places.VISIBLE.label("visible"),
    )
    .select_from(
        posts.join(sources, sources.c.id == posts.c.source).outerjoin(tellings, tellings.c.post == posts.c.id)
    )
    .where(posts.c.story.in_(SOME))
    .order_by(posts.c.id)
)
_TEXT = sa.select(posts.c.id, posts.c.summary, posts.c.content).where(posts.c.id.in_(SOME_ROWS))


def _members(connection: sa.Connection, wanted: Iterable[PostId]) -> dict[PostId, list[AnyRow]]:
    """All members of some stories, in order of arrival."""
    found: defaultdict[PostId, list[AnyRow]] = defaultdict(list)
    for some in chunks(wanted):
        for row in connection.execute(_ROWS, {"some": some}):
            found[PostId(row.story)].append(row)
    return found


def _placed(connection: sa.Connection, wanted: Sequence[PostId]) -> Mapping[str, list[tuple[str, PostId]]]:
    """Where some stories are shown, and under which ids."""
    found: defaultdict[str, list[tuple[str, PostId]]] = defaultdict(list)
    columns = placements.c.story, placements.c.category, placements.c.shown
    query = sa.select(*columns).where(placements.c.story.in_(wanted)).order_by(placements.c.category)
    for row in connection.execute(query):
        found[row.story].append((row.category, PostId(row.shown)))
    return found


def _led(
    members: Sequence[AnyRow], placed: Iterable[tuple[str, PostId]], keeping: set[str]
) -> Mapping[tuple[str, PostId], AnyRow]:
    """Who speaks for a story where it is shown."""
    visible = [row for row in members if row.visible]
    return {
        (category, shown): min(
            (row for row in visible if category not in keeping or row.telling == shown), key=_rank
        )
        for category, shown in placed
    }


def _rank(row: AnyRow) -> tuple[int, datetime, int, PostId]:
    return rank(row.standing, row.published, row.position, row.post)


@dataclass
class _Deed:
    """One takedown, story by story, and what it came to."""

    connection: sa.Connection
    kind: EndedKind
    reason: str
    now: datetime
    new_id: NewId
    page: PagePath
    going: list[AnyRow] = field(default_factory=list)
    staying: list[TakenPost] = field(default_factory=list)
    touched: set[PostId] = field(default_factory=set)  # stories to be placed again
    dirty: set[str] = field(default_factory=set)
    told: list[tuple[str, PostId, datetime]] = field(default_factory=list)  # scope, output id, its date
    ends: dict[PostId, AnyRow] = field(default_factory=dict)  # ids that end, with the post that had each
    pages: set[PostId] = field(default_factory=set)  # of those, stories
    heads: dict[PostId, int] = field(default_factory=dict)  # stories that are made, with their founders' rows

    def end(self, wanted: Iterable[PostId], goes: Callable[[AnyRow], bool]) -> None:
        """Take those members of some stories down that are to go."""
        keeping = categories.keeping(self.connection)
        for some in chunks(wanted):
            placed = _placed(self.connection, some)
            for story, members in _members(self.connection, some).items():
                shown = _led(members, placed[story], keeping)
                self._end(story, members, [row for row in members if goes(row)], shown)

    def _end(
        self,
        story: PostId,
        members: Sequence[AnyRow],
        going: Sequence[AnyRow],
        shown: Mapping[tuple[str, PostId], AnyRow],
    ) -> None:
        """The same with one story; `shown` says who speaks for it where."""
        ids = {row.id for row in going}
        rest = [row for row in members if row.id not in ids]
        over = {id for (_, id), lead in shown.items() if not rest or lead.id in ids}
        over |= {id for _, id in shown if any(row.post == id for row in going)}
        if not rest or any(row.post == story for row in going):
            over.add(story)
        by_id = {PostId(row.post): row for row in members}
        self.told += [
            (scope, PostId(id), lead.published) for (scope, id), lead in shown.items() if id in over
        ]
        if not shown and story in over:
            self.told += [(scope, story, by_id[story].published) for scope in self._were_in(members)]
        self.going += going
        self.touched.add(story)
        self.ends |= {id: by_id[id] for id in over}
        now_in = story
        names = self._renamed(rest, over)
        if rest and story in over:
            head = min((row for row in rest if row.visible), key=_rank, default=rest[0])
            now_in = self._leave(rest, head, names)
            self._retell(going, story, {})
        elif rest:
            left = self._leave(going, going[0], {})
            self.ends[left] = going[0]
            self._retell(rest, story, names)
        self.pages |= over & {story}
        self.staying += [
            TakenPost(names.get(row.id, row.post), row.title, Url(row.url), now_in) for row in rest
        ]

    def done(self) -> TakenDown:
        """Write what all of it has in common; what it came to."""
        connection = self.connection
        self.dirty |= places.placed_in(connection, self.touched)
        self._write_ends()
        told = self._write_told()
        self._write_bands()
        places.place(connection, self.touched)
        archived.touch_shown(connection, self.ends)
        self.dirty |= places.placed_in(connection, self.touched) | {scope for scope, _ in told}
        marks.mark(connection, self.dirty or {SITE})
        items.forget(connection)  # posts are called something else now, of whatever source
        return TakenDown(
            posts=tuple(TakenPost(PostId(r.post), r.title, Url(r.url), PostId(r.story)) for r in self.going),
            ended=tuple(dict.fromkeys(id for _, id in told)),
            staying=tuple(self.staying),
            scopes=frozenset(_scope(one) for one in self.dirty | {SITE}),
        )

    def _were_in(self, members: Sequence[AnyRow]) -> set[str]:
        """Where a story that is shown nowhere now may have been shown: dropped posts never were."""
        rows = [row.id for row in members if not row.dropped]
        there = categories_of(self.connection, rows)
        return {str(slug) for slugs in there.values() for slug in slugs} | ({SITE} if rows else set())

    def _renamed(self, rest: Sequence[AnyRow], over: set[PostId]) -> dict[int, PostId]:
        """New ids for the posts that stay and whose own id has ended, by row."""
        names = {row.id: self.new_id(Url(row.url), PostId(row.post)) for row in rest if row.post in over}
        for row, name in names.items():
            self.connection.execute(posts.update().where(posts.c.id == row).values(post=name))
        return names

    def _leave(self, rows: Sequence[AnyRow], head: AnyRow, names: Mapping[int, PostId]) -> PostId:
        """Let posts leave for a story of their own, named after one of them; its id."""
        made = names.get(head.id, PostId(head.post))
        self.connection.execute(stories.insert().values(id=made))
        for some in chunks(row.id for row in rows):
            self.connection.execute(posts.update().where(posts.c.id.in_(some)).values(story=made))
        self._retell(rows, made, names)
        self.touched.add(made)
        self.heads[made] = head.id
        return made

    def _retell(self, rows: Sequence[AnyRow], founder: PostId, names: Mapping[int, PostId]) -> None:
        """Name tellings anew: after the founder, or after the first in their words that is still there."""
        in_words: defaultdict[str, list[AnyRow]] = defaultdict(list)
        for row in rows:
            in_words[row.telling].append(row)
        for words, same in in_words.items():
            ids = {row.post: names.get(row.id, row.post) for row in same}
            telling = founder if founder in ids.values() else ids.get(words, next(iter(ids.values())))
            for row in same:
                self._tell(row.id, telling, founds=ids[row.post] == founder)

    def _tell(self, row: int, telling: str, *, founds: bool) -> None:
        there = tellings.c.post == row
        if founds:
            self.connection.execute(tellings.delete().where(there))
        elif not self.connection.execute(tellings.update().where(there).values(telling=telling)).rowcount:
            told = {"post": row, "telling": telling, "joined": "link", "similarity": 1.0}
            self.connection.execute(tellings.insert().values(**told))

    def _write_ends(self) -> None:
        there = ended.used(self.connection, self.ends)
        rows = [
            {
                "id": id,
                "at": self.now,
                "kind": self.kind,
                "reason": self.reason,
                "slug": row.slug,
                "published": row.published,
            }
            for id, row in self.ends.items()
            if id not in there
        ]
        if rows:
            self.connection.execute(ended_rows.insert(), rows)
        paths = {self.page(id, self.ends[id].slug, self.ends[id].published) for id in self.pages}
        for some in chunks(paths):
            paths -= set(
                self.connection.execute(sa.select(gone.c.path).where(gone.c.path.in_(some))).scalars()
            )
        if paths:
            self.connection.execute(gone.insert(), [{"path": path} for path in sorted(paths)])

    def _write_told(self) -> list[tuple[str, PostId]]:
        """Tombstones in the subscription documents, of the newest entries; which."""
        of_scope: defaultdict[str, list[tuple[datetime, PostId]]] = defaultdict(list)
        for scope, id, published in self.told:
            of_scope[scope].append((published, id))
        told = [
            (scope, id)
            for scope, entries in of_scope.items()
            for _, id in sorted(entries, reverse=True)[:MOST_TOLD]
        ]
        for some in chunks({id for _, id in told}):  # what its source had deleted before
            self.connection.execute(tombstones.delete().where(tombstones.c.id.in_(some)))
        if told:
            rows = [{"scope": scope, "id": id, "at": self.now} for scope, id in told]
            self.connection.execute(tombstones.insert(), rows)
        return told

    def _write_bands(self) -> None:
        """Let copies of what went be recognised for ever, and those of a story that was made as usual."""
        going = [row.id for row in self.going]
        bands.forget(self.connection, going)
        if self.kind == "post":
            rows = [
                {"band": band, "post": row}
                for row, found in self._bands(going).items()
                for band in dict.fromkeys(found)
            ]
            if rows:
                self.connection.execute(taken_bands.insert(), rows)
        heads = {row: story for story, row in self.heads.items() if story not in self.ends}
        bands.write(
            self.connection, {heads[row]: found for row, found in self._bands(heads).items()}, self.now
        )

    def _bands(self, rows: Iterable[int]) -> dict[int, tuple[int, ...]]:
        found: dict[int, tuple[int, ...]] = {}
        for some in chunks(rows):
            for row in self.connection.execute(_TEXT, {"some": some}):
                markup = (row.content or row.summary)[: shingles.LONGEST_MARKUP]
                found[row.id] = shingles.bands(html.to_text(markup))
        return found


def _scope(scope: str) -> Scope:
    return None if scope == SITE else Slug(scope)
