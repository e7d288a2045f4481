"""Shell. `ports.PageStore` on the database: which stories wait for their page.

A story waits while its mark, which `places.place` raises, is above the one that its page was rendered for.
The pages themselves are documents like any other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from aggregator.model import Founder, PostId, Story, Unpaged
from aggregator.store import places
from aggregator.store.database import Database
from aggregator.store.posts import SOME, chunks
from aggregator.store.tables import UNPAGED, Moment, ended, facts, posts, stories

SETTINGS = "pages"
"""The fact that says which settings the pages were made with."""

# The post that founded a story has its id and stays, also without its content; after a takedown it may have
# another id, and the one that has ended says what it was called.
_FOUNDED = (
    sa.select(
        *(stories.c.id, stories.c.mark),
        sa.func.coalesce(ended.c.slug, posts.c.slug).label("slug"),
        sa.func.coalesce(ended.c.published, posts.c.published, type_=Moment).label("published"),
    )
    .outerjoin(posts, posts.c.post == stories.c.id)
    .outerjoin(ended, ended.c.id == stories.c.id)
)
_WAITING = (
    _FOUNDED.where(UNPAGED, stories.c.id > sa.bindparam("after"))
    .order_by(stories.c.id)
    .limit(sa.bindparam("most"))
)
_FOUNDERS = _FOUNDED.where(stories.c.id.in_(SOME))
_SETTLED = (
    stories.update()
    .where(stories.c.id == sa.bindparam("of"), stories.c.paged < sa.bindparam("to"))
    .values(paged=sa.bindparam("to"))
)


class PostPages:
    """Implements `ports.PageStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def made_with(self, settings: str, /) -> None:
        with self._database.write() as connection:
            query = sa.select(facts.c.value).where(facts.c.name == SETTINGS)
            before = connection.execute(query).scalar_one_or_none()
            if before == settings:
                return
            if before is None:
                connection.execute(facts.insert().values(name=SETTINGS, value=settings))
            else:
                connection.execute(facts.update().where(facts.c.name == SETTINGS).values(value=settings))
            again(connection)

    def changed(self, limit: int, after: PostId, /) -> Sequence[Unpaged]:
        with self._database.read() as connection:
            rows = connection.execute(_WAITING, {"most": limit, "after": after}).all()
            told = places.tell(connection, [PostId(row.id) for row in rows])
        return [
            Unpaged(
                row.id,
                row.mark,
                Founder(row.slug, row.published),
                Story(row.id, told[row.id]) if row.id in told else None,
            )
            for row in rows
        ]

    def founders(self, stories: Sequence[PostId], /) -> Mapping[PostId, Founder]:
        with self._database.read() as connection:
            return {
                PostId(row.id): Founder(row.slug, row.published)
                for some in chunks(stories)
                for row in connection.execute(_FOUNDERS, {"some": some})
            }

    def settle(self, done: Sequence[Unpaged], /) -> None:
        if done:
            with self._database.write() as connection:
                connection.execute(_SETTLED, [{"of": one.story, "to": one.mark} for one in done])


def again(connection: sa.Connection) -> None:
    """Let every story wait for its page again."""
    connection.execute(stories.update().where(stories.c.paged >= 0).values(paged=-1))
