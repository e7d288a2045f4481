"""Shell. Documents as files under the output directory, for our own server or any other.

A file is replaced whole: written beside its place under a name that starts with a dot, flushed to the disk,
renamed; its gzip twin first. Only files that the store says are ours are overwritten: a path is noted
before its first write. What a reader asks for is never trusted: no hidden files, nothing outside of the
directory, no links out of it, known kinds of documents only.
"""

from __future__ import annotations

import errno
import gzip
import os
import re
import stat
import threading
import zlib
from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from pathlib import Path

import sqlalchemy as sa

from aggregator.errors import PublishError
from aggregator.model import Claim, Document
from aggregator.store import marks
from aggregator.store.database import Database
from aggregator.store.tables import documents

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
TEMPORARY = ".new"
FORGOTTEN = timedelta(hours=1)  # after which a temporary file has no writer any more
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


class Documents:
    """Implements `ports.DocumentStore`."""

    def __init__(self, database: Database, output: str) -> None:
        self._database = database
        self._root = Path(output)
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, path: str, /) -> Document | None:
        place = self._place(path)
        if place is None:
            return None
        try:
            seen = os.stat(place, follow_symlinks=False)
            if not stat.S_ISREG(seen.st_mode):
                return None
            stamp = (seen.st_mtime_ns, seen.st_ctime_ns, seen.st_size, seen.st_ino)
            with self._lock:
                kept = self._kept.get(path)
                if kept is not None and kept.stamp == stamp:
                    self._kept.move_to_end(path)
                    return kept.document
            document = _read(place, path)
        except OSError:  # not there, or not to be read: the same to a stranger
            return None
        with self._lock:
            self._kept[path] = _Kept(document, stamp)
            self._kept.move_to_end(path)
            while len(self._kept) > 1 and sum(kept.size for kept in self._kept.values()) > KEPT:
                self._kept.popitem(last=False)
        return document

    def put(self, document: Document, now: datetime, /) -> bool:
        place = self._place(document.path)
        if place is None:
            raise PublishError(
                f"{document.path}: no place in {self._root} for a document; a link in the way?"
            )
        digest = blake2b(document.body, digest_size=16).hexdigest()
        modified = now.replace(microsecond=0)
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            before = place.read_bytes() if place.exists() else None
            self._claim_path(document.path, place, taken=before is not None and before != document.body)
            changed = before != document.body
            if not changed:
                modified = _modified(os.stat(place))
            if changed or not _is_twin(_twin(place), document.body):
                _write(place, document.body, modified, changed)
        except OSError as error:
            raise PublishError(f"{place}: {_advice(error)}") from error
        with self._database.write() as connection:
            connection.execute(
                documents.update()
                .where(documents.c.path == document.path)
                .values(digest=digest, modified=modified)
            )
        return changed

    def claim(self, now: datetime, /) -> Claim | None:
        with self._database.write() as connection:
            return marks.claim(connection)

    def settle(self, claim: Claim, updated: datetime, /) -> None:
        with self._database.write() as connection:
            marks.settle(connection, claim, updated)

    def release(self, claim: Claim, /) -> None:
        with self._database.write() as connection:
            marks.release(connection, claim)

    def mark_all(self) -> int:
        with self._database.write() as connection:
            return marks.mark_all(connection)

    def tidy(self, now: datetime) -> int:
        """Remove temporary files that a killed process left behind; how many there were."""
        removed = 0
        for file in self._root.rglob(f".*{TEMPORARY}"):
            try:
                if now - _modified(file.lstat()) > FORGOTTEN:
                    file.unlink()
                    removed += 1
            except FileNotFoundError:
                continue  # its writer is not dead after all
        return removed

    def _claim_path(self, path: str, place: Path, *, taken: bool) -> None:
        """Note that a path is ours before the first byte is written there. `taken`: other bytes are there."""
        with self._database.write() as connection:
            if connection.execute(sa.select(documents.c.path).where(documents.c.path == path)).one_or_none():
                return
            if taken:
                raise PublishError(
                    f"{place}: there is a file that we did not write; move it away, "
                    "or set `output.directory` in the configuration to another directory"
                )
            connection.execute(documents.insert().values(path=path, digest=""))

    def _place(self, path: str) -> Path | None:
        """Where a document lies; None for what cannot be one, or lies elsewhere by way of a link."""
        if len(path) > LONGEST_PATH or not PATH.fullmatch(path) or Path(path).suffix not in MEDIA_TYPES:
            return None
        root = os.path.realpath(self._root)
        place = os.path.join(root, path)
        return Path(place) if os.path.realpath(place) == place else None


def _read(place: Path, path: str) -> Document:
    file = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with open(file, "rb") as opened:
        body = opened.read()
        modified = _modified(os.fstat(file))
    twin = _twin(place)
    packed = twin.read_bytes() if _is_twin(twin, body) else gzip.compress(body, GZIP_LEVEL, mtime=0)
    document = Document(path, MEDIA_TYPES[place.suffix], body, modified, gzip=packed)
    return replace(document, etag=_etag(body), gzip_etag=_etag(packed))


def _etag(body: bytes) -> str:
    return f'"{blake2b(body, digest_size=16).hexdigest()}"'


def _modified(seen: os.stat_result) -> datetime:
    return datetime.fromtimestamp(int(seen.st_mtime), UTC)


def _twin(place: Path) -> Path:
    return place.with_name(f"{place.name}.gz")


def _is_twin(twin: Path, body: bytes) -> bool:
    """Whether a file is one gzip member of these very bytes, by its trailer (RFC 1952, 2.3.1)."""
    try:
        with open(twin, "rb") as opened:
            opened.seek(-8, os.SEEK_END)
            trailer = opened.read(8)
    except OSError:
        return False
    return trailer == zlib.crc32(body).to_bytes(4, "little") + (len(body) % 2**32).to_bytes(4, "little")


def _write(place: Path, body: bytes, modified: datetime, changed: bool) -> None:
    """The twin first, so that who finds the new document finds its twin."""
    contents = [(_twin(place), gzip.compress(body, GZIP_LEVEL, mtime=0))]
    if changed:
        contents.append((place, body))
    made: list[tuple[Path, Path]] = []
    try:
        for target, content in contents:
            temporary = target.with_name(f".{target.name}.{os.getpid()}-{threading.get_ident()}{TEMPORARY}")
            made.append((temporary, target))
            with open(temporary, "wb") as opened:
                opened.write(content)
                opened.flush()
                os.utime(opened.fileno(), (modified.timestamp(), modified.timestamp()))
                os.fsync(opened.fileno())
        for temporary, target in made:
            os.replace(temporary, target)
    finally:
        for temporary, _ in made:
            temporary.unlink(missing_ok=True)
    directory = os.open(place.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(directory)  # the renames themselves
    finally:
        os.close(directory)


def _advice(error: OSError) -> str:
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT | errno.EFBIG:
            return "the disk is full; make room, it is tried again (the old document is still there)"
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return f"cannot be written ({error.strerror}); make the directory writable for this user"
        case errno.ENOTDIR | errno.EISDIR | errno.EEXIST:
            return f"something else is in the way ({error.strerror}); move it away"
        case _:
            return str(error.strerror or error)
