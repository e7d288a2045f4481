"""Shell. Documents as files under the output directory, for our own server or any other.

A file is replaced whole: written beside its place under a name that starts with a dot, flushed to the disk,
renamed; its gzip twin first. Only files that the store says are ours are overwritten: a path is noted, for
the directory that it is in, before its first write; in a directory that is new to us (the operator chose
another, or moved everything) a file is ours if it has the very bytes that we wrote last. What a reader
asks for is never trusted: no hidden files, nothing outside of the directory, no links out of it, known
kinds of documents only.
"""

from __future__ import annotations

import gzip
import os
import re
import stat
import threading
import zlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from aggregator.errors import PublishError
from aggregator.model import Basis, Document
from aggregator.store.database import Database
from aggregator.store.files import advice, digest, modified_at, replace_files, sweep, sync_directory
from aggregator.store.polls import Remembered
from aggregator.store.scopes import Scopes
from aggregator.store.tables import AnyRow, documents

MEDIA_TYPES = {
    ".atom": "application/atom+xml; charset=utf-8",
    ".rss": "application/rss+xml; charset=utf-8",
    ".json": "application/feed+json; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".opml": "text/x-opml; charset=utf-8",
    ".css": "text/css; charset=utf-8",
}
# Segments of what our paths are made of, none of which starts with a dot.
PATH = re.compile(r"(?:[A-Za-z0-9_-][A-Za-z0-9._-]*/)*[A-Za-z0-9_-][A-Za-z0-9._-]*", re.ASCII)
LONGEST_PATH = 512
SECOND = timedelta(seconds=1)
# Built once: building a statement takes longer than SQLite takes to run it.
_OF_PATH = sa.select(documents).where(documents.c.path == sa.bindparam("of"))
_ONE = sa.and_(documents.c.path == sa.bindparam("of"), documents.c.root == sa.bindparam("under"))
_NOTED = sa.select(documents).where(_ONE)
_FORGET = documents.delete().where(_ONE)
_WRITTEN = documents.update().where(_ONE).values(digest=sa.bindparam("made"), modified=sa.bindparam("at"))
KEPT = 64 * 1024 * 1024  # bytes of documents in memory
GZIP_LEVEL = 6


@dataclass(frozen=True, slots=True)
class _Kept:
    """A document in memory, and what its file looked like then."""

    document: Document
    stamp: tuple[int, ...]

    @property
    def size(self) -> int:
        return len(self.document.body) + len(self.document.gzip)


class Documents(Scopes):
    """Implements `ports.DocumentStore`."""

    mirrors = False  # the directory is where documents are

    def __init__(self, database: Database, remembered: Remembered, output: str) -> None:
        super().__init__(database, remembered)
        self._root = Path(output)
        self._kept: OrderedDict[Path, _Kept] = OrderedDict()
        self._known: dict[str, tuple[Path, tuple[int, ...]]] = {}  # by path: its place, and then's directory
        self._lock = threading.Lock()

    def move(self, output: str) -> None:
        """From now on keep documents in another directory (absolute). The caller marks every scope."""
        with self._lock:
            if self._root != Path(output):
                self._root = Path(output)
                self._kept.clear()
                self._known.clear()

    def lost(self) -> bool:
        """Whether a document that was put is not there any more, or none was put in this directory yet."""
        root = os.path.realpath(self._root)
        with self._database.read() as connection:
            put = connection.execute(
                sa.select(documents.c.root, documents.c.path).where(documents.c.digest != "")
            ).all()
        here = [os.path.join(root, row.path) for row in put if row.root == root]
        return (bool(put) and not here) or not all(map(os.path.exists, here))

    def get(self, path: str, /) -> Document | None:
        place = placed(self._root, path)
        if place is None:
            return None
        try:
            seen = os.stat(place, follow_symlinks=False)
            if not stat.S_ISREG(seen.st_mode):
                return None
            stamp, root = _stamp(seen), _inode(self._root)
            with self._lock:
                kept = self._kept.get(place)
                if kept is not None and kept.stamp == stamp:
                    self._kept.move_to_end(place)
                    return kept.document
            document = read_placed(place, path)
        except OSError:  # not there, or not to be read: the same to a stranger
            return None
        with self._lock:
            self._kept[place] = _Kept(document, stamp)
            self._kept.move_to_end(place)
            self._known[path] = place, root
            while len(self._kept) > 1 and sum(kept.size for kept in self._kept.values()) > KEPT:
                _, gone = self._kept.popitem(last=False)
                self._known.pop(gone.document.path, None)
        return document

    def peek(self, path: str, /) -> Document | None:
        with self._lock:
            place, root = self._known.get(path, (None, ()))
            kept = self._kept.get(place) if place is not None else None
        if place is None or kept is None:
            return None
        try:
            same = _stamp(os.stat(place, follow_symlinks=False)) == kept.stamp and _inode(self._root) == root
        except OSError:
            return None
        return kept.document if same else None

    def catch_up(self, now: datetime) -> Sequence[str]:
        """What others have put meanwhile: nothing, on a SQLite file one process publishes."""
        return ()

    def left(self) -> str:
        """Why a document is not in the directory: there is no other place."""
        return ""

    def put(self, document: Document, now: datetime, /, *, basis: Basis | None = None) -> bool:
        root, path, body = os.path.realpath(self._root), document.path, document.body
        place = placed(Path(root), path)
        if place is None:
            raise PublishError(f"{path}: no place in {root} for a document; a link in the way?")
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            before = place.read_bytes() if place.exists() else None
            noted = self._note(root, path, place, before, body)
            changed = before != body
            seen = None if before is None else modified_at(os.stat(place))
            made = digest(body)
            modified = changed_at(noted, seen, made, now) if changed or seen is None else seen
            if changed or not is_twin(twin_of(place), body):
                write_placed(place, body, modified, changed)
        except OSError as error:
            raise PublishError(f"{place}: {advice(error)}") from error
        if not any((n.root, n.digest, n.modified) == (root, made, modified) for n in noted):
            row = {"of": path, "under": root, "made": made, "at": modified}
            with self._database.write() as connection:
                connection.execute(_WRITTEN, row)
        return changed

    def remove(self, path: str, /, *, basis: Basis | None = None) -> bool:
        root = os.path.realpath(self._root)
        place = placed(Path(root), path)
        with self._database.read() as connection:
            noted = connection.execute(_NOTED, {"of": path, "under": root}).one_or_none()
        if place is None or noted is None:
            return False
        try:
            removed = remove_placed(place, noted.digest)
        except OSError as error:
            raise PublishError(f"{place}: {advice(error)}") from error
        with self._database.write() as connection:
            connection.execute(_FORGET, {"of": path, "under": root})
        with self._lock:
            self._kept.pop(place, None)
        return removed

    def held(self, folder: str, limit: int, after: str, /) -> Sequence[str]:
        root = os.path.realpath(self._root)
        here = (documents.c.root == root, documents.c.path > max(folder, after))
        end = f"{folder[:-1]}{chr(ord('/') + 1)}"
        query = sa.select(documents.c.path).where(*here, documents.c.path < end)
        with self._database.read() as connection:
            return list(connection.execute(query.order_by(documents.c.path).limit(limit)).scalars())

    def tidy(self, now: datetime) -> int:
        """Remove temporary files that a killed process left behind; how many there were."""
        return sweep(self._root, now)

    def _note(self, root: str, path: str, place: Path, before: bytes | None, body: bytes) -> Sequence[AnyRow]:
        """Note that a path is ours before the first byte is written there; what was noted of it before.

        Raises `PublishError` where a file is there that is not ours.
        """
        with self._database.read() as connection:
            noted = connection.execute(_OF_PATH, {"of": path}).all()
        if any(row.root == root for row in noted):
            return noted
        ours = {row.digest for row in noted if row.digest} | {digest(body)}
        must_be_ours(place, before is None or digest(before) in ours)
        twin = twin_of(place)
        # Of bytes that are ours, which are those that lie there or are to come.
        whole = (body,) if before is None else (body, before)
        must_be_ours(twin, not os.path.lexists(twin) or any(is_twin(twin, one) for one in whole))
        with self._database.write() as connection:
            connection.execute(documents.insert().values(path=path, root=root, digest=""))
        return noted


def _stamp(seen: os.stat_result) -> tuple[int, ...]:
    """What a file looks like: another one, or other bytes, do not look so."""
    return seen.st_mtime_ns, seen.st_ctime_ns, seen.st_size, seen.st_ino


def _inode(directory: Path) -> tuple[int, ...]:
    """Which directory that is, where it is a link that may lead elsewhere tomorrow."""
    seen = os.stat(directory)
    return seen.st_dev, seen.st_ino


def must_be_ours(file: Path, ours: bool) -> None:
    if not ours:
        raise PublishError(
            f"{file}: there is a file that we did not write; move it away, "
            "or set `output.directory` in the configuration to another directory"
        )


def is_name(path: str) -> bool:
    """Whether a document can have this path; it may come from a stranger."""
    return (
        len(path) <= LONGEST_PATH and bool(PATH.fullmatch(path)) and os.path.splitext(path)[1] in MEDIA_TYPES
    )


def placed(root: Path, path: str) -> Path | None:
    """Where a document lies; None for what cannot be one, or lies elsewhere by way of a link."""
    if not is_name(path):
        return None
    place = os.path.join(os.path.realpath(root), path)
    return Path(place) if os.path.realpath(place) == place else None


def changed_at(noted: Sequence[AnyRow], seen: datetime | None, digest: str, now: datetime) -> datetime:
    """When the bytes of a document that is to be written have changed, in whole seconds.

    Later than the change before, also within its second or on a clock that went back: else who asks with
    `If-Modified-Since` would be told that nothing has (RFC 9110, 13.1.3). A file that was lost and comes
    back as it was has not changed. `seen` is the time of the file that is there.
    """
    changes: list[tuple[datetime, str]] = [(row.modified, row.digest) for row in noted if row.modified]
    if changes and seen is None and max(changes)[1] == digest:
        return max(changes)[0]
    before = [moment for moment, _ in changes] + ([] if seen is None else [seen])
    return max([now.replace(microsecond=0), *(moment + SECOND for moment in before)])


def read_placed(place: Path, path: str) -> Document:
    file = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with open(file, "rb") as opened:
        body = opened.read()
        modified = modified_at(os.fstat(file))
    twin = twin_of(place)
    packed = twin.read_bytes() if is_twin(twin, body) else gzip.compress(body, GZIP_LEVEL, mtime=0)
    document = Document(path, MEDIA_TYPES[place.suffix], body, modified, gzip=packed)
    return replace(document, etag=etag_of(body), gzip_etag=etag_of(packed))


def etag_of(body: bytes) -> str:
    return f'"{digest(body)}"'


def twin_of(place: Path) -> Path:
    return place.with_name(f"{place.name}.gz")


def is_twin(twin: Path, body: bytes) -> bool:
    """Whether a file is one gzip member of these very bytes, by its trailer (RFC 1952, 2.3.1)."""
    try:
        with open(twin, "rb") as opened:
            opened.seek(-8, os.SEEK_END)
            trailer = opened.read(8)
    except OSError:
        return False
    return trailer == zlib.crc32(body).to_bytes(4, "little") + (len(body) % 2**32).to_bytes(4, "little")


def remove_placed(place: Path, ours: str) -> bool:
    """Remove a document if it has the bytes that we wrote, its twin first; False where it is not there."""
    try:
        body = place.read_bytes()
    except FileNotFoundError:
        return False
    if digest(body) != ours:
        raise PublishError(
            f"{place}: nothing is to be published there any more, but it was changed since we wrote it; "
            "remove it or move it away"
        )
    if is_twin(twin_of(place), body):
        twin_of(place).unlink()
    place.unlink()
    sync_directory(place.parent)
    return True


def write_placed(place: Path, body: bytes, modified: datetime, changed: bool) -> None:
    """The twin first, so that who finds the new document finds its twin."""
    contents = [(twin_of(place), gzip.compress(body, GZIP_LEVEL, mtime=0))]
    if changed:
        contents.append((place, body))
    replace_files(contents, modified)
    sync_directory(place.parent)
