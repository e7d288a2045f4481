"""Shell. A store in an SQLite file, on which one process at a time runs the loops.

Writers begin with BEGIN IMMEDIATE and share one connection, so that they queue fairly within the process
and wait for other processes in `busy_timeout`. Readers have connections of their own and see one snapshot.
WAL with synchronous=NORMAL: the death of the process loses nothing that was committed; a power cut may
lose the last transactions (never the file), so that a few sources are polled and published once more.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.pool import PoolProxiedConnection

from aggregator.errors import StoreError
from aggregator.store.database import Database
from aggregator.store.loops import LoopsLock

BUSY = 15_000  # milliseconds that a writer waits for other processes
WRITING, READING = "BEGIN IMMEDIATE", "BEGIN"
READ_CACHE = 512
"""Kilobytes of pages that a reader keeps; SQLite would keep 2,000. Each commit of the writer voids them."""


def make_parents(url: str) -> None:
    """Make the directory of a store that is to be. Raises `StoreError`."""
    directory = Path(url).parent
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"{directory}: cannot be made ({error.strerror}); make it yourself, "
            "or set `store` in the configuration to a path that can be written"
        ) from error


class SQLite(Database):
    """The SQLite file at `url` (an absolute path), with our schema in it."""

    shared = False

    def __init__(self, url: str, *, loops: bool, now: datetime, create: bool = True) -> None:
        """Open it, or make it. `loops`: the caller holds the lock, so the schema may be brought up to date.

        `now` is the time of creation of a store that is made, if it may be. Raises `StoreMissing`,
        `StoreTooNew`, `StoreError`.
        """
        super().__init__(url)
        if not create and not (Path(url).exists() and Path(url).stat().st_size):
            raise self._missing()  # before SQLite writes one
        self._writer = engine_of(url, connections=1)
        self._reader = engine_of(url, connections=8)
        sa.event.listen(self._reader, "connect", _keep_few_pages)
        try:
            self.ready(loops=loops, now=now, create=create)
        except BaseException:
            self.close()
            raise

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """A transaction that nothing can come between."""
        with self._explained(), begun(self._writer, WRITING) as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """One unchanging view of what is committed."""
        with self._explained(), begun(self._reader, READING) as connection:
            yield connection

    def tidy(self) -> None:
        """Fold the log into the database file and refresh the planner's statistics, where they ask for it."""
        with self._explained():
            connection: PoolProxiedConnection = self._writer.raw_connection()
            try:
                cursor = connection.cursor()
                cursor.execute("PRAGMA optimize")
                cursor.execute("PRAGMA wal_checkpoint(PASSIVE)")
                cursor.close()
            finally:
                connection.close()

    def size(self) -> int:
        """Bytes of the file and its log on disk; of what is not there, none."""
        files = (Path(self.name + ending) for ending in ("", "-wal"))
        return sum(file.stat().st_size for file in files if file.exists())

    def close(self) -> None:
        """Close every connection that is not in use; the last one folds the log into the file."""
        self._reader.dispose()
        self._writer.dispose()

    def _migrating(self, loops: bool) -> AbstractContextManager[object]:
        return nullcontext() if loops else LoopsLock(self.name)  # an older daemon may be running on it

    def _tables(self, connection: sa.Connection) -> set[str]:
        found = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'")
        return set(found.scalars())

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (sa.exc.DBAPIError, sqlite3.Error) as error:
            cause = error.orig if isinstance(error, sa.exc.DBAPIError) else error
            raise StoreError(f"{self.name}: {_advice(str(cause))}") from error
        except sa.exc.SQLAlchemyError as error:
            raise StoreError(f"{self.name}: {str(error).splitlines()[0]}") from error


@contextmanager
def begun(engine: sa.Engine, word: str) -> Iterator[sa.Connection]:
    """A transaction that begins with this word, of connections that begin none by themselves.

    Said here, not in a listener of SQLAlchemy's: with one, it looks for listeners around every statement.
    """
    with engine.begin() as connection:
        connection.exec_driver_sql(word)
        yield connection


def engine_of(url: str, connections: int) -> sa.Engine:
    """Connections to a file, for transactions that are `begun`."""
    made = sa.create_engine(
        sa.URL.create("sqlite", database=url),
        pool_size=connections,
        max_overflow=0,
        pool_use_lifo=True,  # each keeps pages and statements in memory: let as few as do be busy
        pool_timeout=BUSY / 1000,
        connect_args={"timeout": BUSY / 1000},
    )

    def connected(connection: sqlite3.Connection, _: object) -> None:
        connection.isolation_level = None  # type: ignore[assignment,unused-ignore]  # we begin ourselves
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}").close()

    sa.event.listen(made, "connect", connected)
    return made


def _keep_few_pages(connection: sqlite3.Connection, _: object) -> None:
    connection.execute(f"PRAGMA cache_size=-{READ_CACHE}").close()


def _advice(said: str) -> str:
    """What the operator can do about an error of SQLite, by its words (its codes do not survive wrapping)."""
    for words, advice in (
        ("not a database", "not an SQLite database; set `store` in the configuration to another path"),
        ("malformed", "damaged; restore a backup"),
        ("full", "the disk is full; make room, nothing that was stored is lost"),
        ("readonly", "cannot be written; make the file and its directory writable for this user"),
        ("unable to open", "cannot be opened; make the file and its directory writable for this user"),
        ("locked", "another process has been writing to it for long; try again"),
        ("disk I/O", "the disk failed to read or write it; check the disk, then restore a backup"),
    ):
        if words in said:
            return f"{advice} ({said})"
    return said
