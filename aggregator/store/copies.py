"""Shell. A store as one file, copied out while others write to it, and put back in its place.

A copy is made by SQLite's online backup in one step, so that it is the store of one moment; it appears under
its name whole or not at all. Putting one back needs the right to run the loops. Of rows, it knows those that
say which files on the disk are ours.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from aggregator.errors import StoreError, StoreMissing, StoreTooNew
from aggregator.store.files import sync_directory
from aggregator.store.loops import LoopsLock
from aggregator.store.sqlite import make_parents
from aggregator.store.tables import HEAD

_BUSY = 15.0  # seconds that a copy waits for others
_FILES = {  # the tables of files that are ours
    "documents": ("path", "root", "digest", "modified"),
    "post_files": ("root", "name", "story", "digest", "coming"),
}
_BESIDE = ("", "-wal", "-shm")  # SQLite's files of one database


@dataclass(frozen=True, slots=True)
class Copied:
    """A store that was copied: how large it is in bytes, and how much is in it."""

    place: str
    size: int
    sources: int
    posts: int
    kept: str = ""  # where the store is that was there before
    undone: tuple[str, ...] = ()  # ids that had been taken down in that one, and are not in this


def copy_out(url: str, target: Path) -> Copied:
    """Copy the store at `url` to a file that is not there yet, readable for its owner only.

    Raises `StoreMissing`, or `StoreError`: the file is there, cannot be written, or the store is damaged.
    """
    if not Path(url).exists():
        raise StoreMissing(f"{url}: there is no store yet: nothing was polled")
    if os.path.lexists(target):
        raise StoreError(f"{target}: is there already and stays as it is; name another file")
    temporary = target.with_name(f".{target.name}.{os.getpid()}.new")
    try:
        counted = _copy(url, temporary)
        os.link(temporary, target)  # fails where somebody was faster, unlike a rename
        sync_directory(target.absolute().parent)
    except OSError as error:
        raise StoreError(f"{target}: cannot be written: {error.strerror}") from error
    finally:
        _remove(temporary)
    return Copied(str(target), target.stat().st_size, *counted)


def put_back(url: str, backup: Path, now: datetime) -> Copied:
    """Put a copy in the place of the store at `url`; the one that was there is kept beside it.

    Raises `StoreLocked` (a daemon runs on it), `StoreTooNew`, or `StoreError`: no backup of ours, damaged, or
    not to be written. Then everything is as it was.
    """
    if not backup.is_file():
        raise StoreError(f"{backup}: there is no such file")
    if Path(url).exists() and backup.samefile(url):
        raise StoreError(f"{backup}: this is the store itself")
    make_parents(url)
    with LoopsLock(url):
        coming = Path(f"{url}.{os.getpid()}.new")
        try:
            counted = _copy(str(backup), coming)
            _take_over(url, coming)
            kept = _put_aside(url, now)
            os.replace(coming, url)
            sync_directory(Path(url).parent)
        except OSError as error:
            raise StoreError(f"{url}: cannot be written: {error.strerror}") from error
        finally:
            _remove(coming)
    undone = _taken_down(kept) - _taken_down(url) if kept else frozenset()
    return Copied(url, Path(url).stat().st_size, *counted, kept=kept, undone=tuple(sorted(undone)))


def _copy(source: str, target: Path) -> tuple[int, int]:
    """Copy one database to a new file and flush it; how many active sources and posts it has."""
    try:
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with closing(_opened(source)) as origin, closing(sqlite3.connect(target, timeout=_BUSY)) as copy:
            _ours(origin, source)
            origin.backup(copy)
            # One file that needs no other, until a store is opened in it.
            copy.execute("PRAGMA journal_mode=DELETE").close()
            [(verdict,)] = copy.execute("PRAGMA quick_check(1)").fetchall()
            if verdict != "ok":
                raise StoreError(f"{source}: is damaged ({verdict})")
            [(sources,)] = copy.execute("SELECT count(*) FROM sources WHERE active").fetchall()
            [(posts,)] = copy.execute("SELECT count(*) FROM posts").fetchall()
        with open(target, "rb+") as file:
            os.fsync(file.fileno())
    except sqlite3.Error as error:
        raise StoreError(f"{source}: cannot be copied: {error}") from error
    return sources, posts


def _take_over(url: str, coming: Path) -> None:
    """Let a copy know of the files that were written since it was made: else they would be a stranger's.

    As far as the store that was there can be read, which may be why it is replaced.
    """
    for table, columns in _FILES.items():
        with (
            contextlib.suppress(sqlite3.Error),
            closing(_opened(url)) as before,
            closing(sqlite3.connect(coming)) as copy,
            copy,
        ):
            rows = before.execute(f"SELECT {', '.join(columns)} FROM {table}").fetchall()
            marks = ", ".join("?" * len(columns))
            copy.executemany(f"INSERT OR REPLACE INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)


def _opened(source: str) -> sqlite3.Connection:
    """A database for reading. Not `mode=ro`: a log that a dead process left has to be read, too."""
    return sqlite3.connect(f"{Path(source).absolute().as_uri()}?mode=rw", uri=True, timeout=_BUSY)


def _ours(connection: sqlite3.Connection, name: str) -> None:
    """Raises `StoreError` for a database that is no store, `StoreTooNew` for one of a newer version."""
    try:
        [(version,)] = connection.execute("SELECT version_num FROM alembic_version").fetchall()
        [(minted,)] = connection.execute("SELECT count(*) FROM facts WHERE name = 'uuid'").fetchall()
    except (sqlite3.Error, ValueError) as error:
        what = "is damaged" if "malformed" in str(error) else "this is no store of ours"
        raise StoreError(f"{name}: {what} ({error})") from error
    if not minted:
        raise StoreError(f"{name}: this is no store of ours (it has no id)")
    if not str(version).isdigit() or int(version) > int(HEAD):
        raise StoreTooNew(
            f"{name}: written by a newer version of aggregator (schema {version}, we know {HEAD}); "
            "install that version"
        )


def _taken_down(url: str) -> frozenset[str]:
    """The ids that a store has ended; none where it is damaged, or from before there was such a thing."""
    try:
        with closing(_opened(url)) as connection:
            return frozenset(row[0] for row in connection.execute("SELECT id FROM ended"))
    except sqlite3.Error:
        return frozenset()


def _put_aside(url: str, now: datetime) -> str:
    """Move a store out of the way, with its log; where it is now, "" where there was none."""
    if not Path(url).exists():
        return ""
    with contextlib.suppress(sqlite3.Error), closing(_opened(url)) as connection:
        # Folded into one file where it can be; where it is damaged, that is why it is replaced.
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").close()
    kept = f"{url}.before-restore-{now:%Y%m%dT%H%M%SZ}"
    if os.path.lexists(kept):
        raise StoreError(f"{kept}: is there already; move it away, or try again in a second")
    for suffix in _BESIDE[1:]:
        with contextlib.suppress(FileNotFoundError):
            os.replace(url + suffix, kept + suffix)
    os.link(url, kept)  # the store's own name is never without a file: `run` would make a new store
    return kept


def _remove(temporary: Path) -> None:
    for suffix in (*_BESIDE, "-journal"):
        Path(f"{temporary}{suffix}").unlink(missing_ok=True)
