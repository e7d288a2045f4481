"""Shell. Files of a Jekyll site that were there before us: stories that they tell are not written again.

A file is known by the keys that a post with its link would have. It is not ours: nothing here or elsewhere
changes or removes it, and it need not be there any more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import sqlalchemy as sa

from aggregator.model import Key, PostId, Url
from aggregator.store.database import Database
from aggregator.store.dialects import insert_new
from aggregator.store.posts import chunks
from aggregator.store.tables import adopted_files, post_files, post_keys, posts, sources

_TELLING = (
    sa.select(posts.c.post, adopted_files.c.file)
    .join(post_keys, post_keys.c.post == posts.c.id)
    .join(adopted_files, adopted_files.c.key == post_keys.c.key)
    .distinct()
    .order_by(adopted_files.c.file)
)


class Adoption:
    """Takes files over, for the command `import`. May be used beside a running daemon."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def ours(self, root: str) -> frozenset[str]:
        """Names of the files in a directory (links resolved) that we wrote ourselves."""
        with self._database.read() as connection:
            query = sa.select(post_files.c.name).where(post_files.c.root == root)
            return frozenset(connection.execute(query).scalars())

    def telling(self, ids: Sequence[PostId]) -> Mapping[PostId, Sequence[str]]:
        """The files that are known to tell some posts, by the ids of these, as they were called then."""
        found: dict[PostId, list[str]] = {}
        with self._database.read() as connection:
            for some in chunks(ids):
                for row in connection.execute(_TELLING.where(posts.c.post.in_(some))):
                    found.setdefault(PostId(row.post), []).append(row.file)
        return found

    def telling_source(self, source: Url) -> Sequence[str]:
        """The files that are known to tell any post of a source."""
        with self._database.read() as connection:
            query = _TELLING.join(sources, sources.c.id == posts.c.source).where(sources.c.url == source)
            return sorted({row.file for row in connection.execute(query)})

    def adopt(self, files: Mapping[str, Iterable[Key]]) -> int:
        """Know files, by their paths, from now on under these keys; how many were not known before."""
        with self._database.write() as connection:
            known = set(connection.execute(sa.select(adopted_files.c.file).distinct()).scalars())
            rows = [{"key": key, "file": file} for file, keys in files.items() for key in keys]
            if rows:
                connection.execute(insert_new(adopted_files), rows)
        return len(files.keys() - known)


def told(connection: sa.Connection, ids: Sequence[PostId]) -> frozenset[PostId]:
    """Of these stories, those that an adopted file tells."""
    found: set[PostId] = set()
    for some in chunks(ids):
        query = (
            sa.select(posts.c.story)
            .join(post_keys, post_keys.c.post == posts.c.id)
            .join(adopted_files, adopted_files.c.key == post_keys.c.key)
            .where(posts.c.story.in_(some))
            .distinct()
        )
        found.update(PostId(story) for story in connection.execute(query).scalars())
    return frozenset(found)
