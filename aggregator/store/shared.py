"""Shell. Documents in the database, so that any process on it can serve them.

A process that serves has them in its output directory, too: it looks once a tick what is new, so that its
readers, and a web server that stands before it, get files; what is not there yet comes from the database.
Dates and both codings come from there, so that all processes say the same of a document. A document that
was rendered from what is not in force any more is not put: its process was away for too long.
"""

from __future__ import annotations

import gzip
import threading
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from aggregator.errors import PublishError
from aggregator.model import Archive, Basis, Claim, Document, Unpaged
from aggregator.store import marks
from aggregator.store.database import Database
from aggregator.store.documents import (
    GZIP_LEVEL,
    MEDIA_TYPES,
    Documents,
    changed_at,
    etag_of,
    is_name,
)
from aggregator.store.files import digest
from aggregator.store.mirror import Content, Mirror
from aggregator.store.polls import Remembered
from aggregator.store.scopes import Scopes
from aggregator.store.tables import AnyRow, archives, contents, documents, stories

BATCH = 50
"""Documents that are taken into the directory between two looks."""
AGAIN = timedelta(minutes=10)
"""How often all of the directory is compared, so that what was lost there comes back."""
AFTER_FAILURE = timedelta(seconds=15)

_SEEN = sa.select(contents.c.path, contents.c.version, contents.c.digest, contents.c.modified)
_HEAD = _SEEN.add_columns(contents.c.body.is_(None).label("removed"))
_NEWEST = sa.select(sa.func.coalesce(sa.func.max(contents.c.version), 0))


class SharedDocuments(Scopes):
    """Implements `ports.DocumentStore`."""

    def __init__(self, database: Database, remembered: Remembered, output: str) -> None:
        super().__init__(database, remembered)
        self.mirrors = False  # whether to have them in the output directory, too
        self._files, self._mirror = Documents(database, remembered, output), Mirror(output)
        self._turn = threading.Lock()
        self._told: int | None = None  # the version up to which `catch_up` has given paths
        self._seen = 0  # the version up to which the directory was compared
        self._compared: datetime | None = None  # when that was begun from the start
        self._whole = False  # whether all of the directory was compared since we began
        self._left: dict[
            str, tuple[datetime, PublishError]
        ] = {}  # what could not be placed: when to try again

    def move(self, output: str) -> None:
        """From now on have documents in another directory (absolute)."""
        with self._turn:
            self._files.move(output)
            self._mirror.move(output)
            self._seen, self._whole = 0, False
            self._left.clear()

    def lost(self) -> bool:
        """Whether documents have to be rendered again: what a directory has lost comes back from here."""
        return False

    def tidy(self, now: datetime) -> int:
        """Remove temporary files that a killed process left behind; how many there were."""
        return self._files.tidy(now)

    def get(self, path: str, /) -> Document | None:
        if self.mirrors and self._whole and path not in self._left:
            found = self._files.get(path)
            if found is not None:
                return found
        if not is_name(path):
            return None
        query = sa.select(contents).where(contents.c.path == path, contents.c.body.is_not(None))
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _document(row)

    def peek(self, path: str, /) -> Document | None:
        mirrored = self.mirrors and self._whole and path not in self._left
        return self._files.peek(path) if mirrored else None

    def put(self, document: Document, now: datetime, /, *, basis: Basis | None = None) -> bool:
        path, body, new = document.path, document.body, digest(document.body)
        if not is_name(path):
            raise PublishError(f"{path}: no place for a document")
        here = sa.select(contents.c.digest, contents.c.modified, contents.c.body.is_not(None).label("there"))
        here = here.where(contents.c.path == path)
        with self._database.read() as connection:
            row = connection.execute(here).one_or_none()
        if row is not None and row.there and row.digest == new:
            return False
        packed = gzip.compress(body, GZIP_LEVEL, mtime=0)
        with self._database.write() as connection:
            if not _in_force(connection, basis):
                return False
            row = connection.execute(here).one_or_none()
            if row is not None and row.there and row.digest == new:
                return False
            before = sa.select(documents.c.digest, documents.c.modified).where(documents.c.path == path)
            noted: list[AnyRow] = [*connection.execute(before)] if row is None else [row]
            values = {
                "version": connection.execute(_NEWEST).scalar_one() + 1,
                "digest": new,
                "modified": changed_at(noted, None, new, now),
                "body": body,
                "packed": packed,
            }
            if row is None:
                connection.execute(contents.insert().values(path=path, **values))
            else:
                connection.execute(contents.update().where(contents.c.path == path).values(**values))
        return True

    def remove(self, path: str, /, *, basis: Basis | None = None) -> bool:
        there = sa.and_(contents.c.path == path, contents.c.body.is_not(None))
        with self._database.read() as connection:
            if connection.execute(sa.select(contents.c.path).where(there)).first() is None:
                return False
        with self._database.write() as connection:
            if not _in_force(connection, basis):
                return False
            version = connection.execute(_NEWEST).scalar_one() + 1
            gone = contents.update().where(there).values(body=None, packed=None, version=version)
            return connection.execute(gone).rowcount > 0

    def held(self, folder: str, limit: int, after: str, /) -> Sequence[str]:
        end = f"{folder[:-1]}{chr(ord('/') + 1)}"
        query = sa.select(contents.c.path).where(
            contents.c.body.is_not(None), contents.c.path > max(folder, after), contents.c.path < end
        )
        with self._database.read() as connection:
            return list(connection.execute(query.order_by(contents.c.path).limit(limit)).scalars())

    def catch_up(self, now: datetime) -> Sequence[str]:
        """Paths of what any process has put or removed since the last look; have it in the directory.

        What has no place there is tried again after a while, and served from the database (`left`).
        """
        with self._turn:
            if self.mirrors:
                self._catch_up(now)
            return self._news()

    def left(self) -> str:
        """Why a document is not in the directory, in words; "" where all are."""
        return next((str(fault) for _, fault in list(self._left.values())), "")

    def _news(self) -> Sequence[str]:
        with self._database.read() as connection:
            newest = int(connection.execute(_NEWEST).scalar_one())
            told, self._told = self._told, newest
            if told is None or told == newest:
                return ()
            query = sa.select(contents.c.path).where(contents.c.version > told).order_by(contents.c.version)
            return list(connection.execute(query).scalars())

    def _catch_up(self, now: datetime) -> None:
        if self._compared is None or now - self._compared >= AGAIN:
            self._compared, self._seen = now, 0
        due = [path for path, (when, _) in self._left.items() if when <= now]
        if due:
            self._place(self._rows(_HEAD.where(contents.c.path.in_(due))), now)
        while True:
            newer = _HEAD.where(contents.c.version > self._seen).order_by(contents.c.version).limit(BATCH)
            rows = self._rows(newer)
            self._place([row for row in rows if row.path not in self._left], now)
            if not rows:
                self._whole = True
                return
            self._seen = rows[-1].version

    def _rows(self, query: sa.Select[tuple[object, ...]]) -> Sequence[AnyRow]:
        with self._database.read() as connection:
            return connection.execute(query).all()

    def _place(self, rows: Sequence[AnyRow], now: datetime) -> None:
        """Let the directory have these documents."""
        mirror = self._mirror
        wanted = [
            row.path
            for row in rows
            if not (mirror.lacks(row.path) if row.removed else mirror.has(row.path, row.digest, row.modified))
        ]
        query = sa.select(contents).where(contents.c.path.in_(wanted))
        some = [_content(row) for row in self._rows(query)] if wanted else []
        trouble = mirror.take(some, self._written) if some else {}
        for row in rows:
            self._left.pop(row.path, None)
        self._left |= {path: (now + AFTER_FAILURE, fault) for path, fault in trouble.items()}

    def _written(self, path: str) -> Collection[str]:
        """What we wrote at a path when documents were not in the store yet."""
        query = sa.select(documents.c.digest).where(documents.c.path == path, documents.c.digest != "")
        with self._database.read() as connection:
            return list(connection.execute(query).scalars())


def _in_force(connection: sa.Connection, basis: Basis | None) -> bool:
    """Whether nobody can have rendered since what a document was rendered from."""
    match basis:
        case None:
            return True
        case Claim():
            return marks.holds(connection, basis)
        case Archive():
            query = sa.select(archives.c.mark).where(
                archives.c.category == basis.category, archives.c.number == basis.number
            )
        case Unpaged():
            query = sa.select(stories.c.mark).where(stories.c.id == basis.story)
    return connection.execute(query).scalar_one_or_none() == basis.mark


def _document(row: AnyRow) -> Document:
    return Document(
        row.path,
        MEDIA_TYPES[Path(row.path).suffix],
        row.body,
        modified=row.modified,
        etag=etag_of(row.body),
        gzip=row.packed,
        gzip_etag=etag_of(row.packed),
    )


def _content(row: AnyRow) -> Content:
    return Content(row.path, row.digest, row.modified, row.body, row.packed or b"")
