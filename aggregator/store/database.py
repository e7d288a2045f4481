"""Shell. Opening the SQLite file, its schema and its two kinds of transactions.

Writers begin with BEGIN IMMEDIATE and share one connection, so that they queue fairly within the process
and wait for other processes in `busy_timeout`. Readers have connections of their own and see one snapshot.
WAL with synchronous=NORMAL: the death of the process loses nothing that was committed; a power cut may
lose the last transactions (never the file), so that a few sources are polled and published once more.

Errors of the driver end here: what leaves is a `StoreError` with what the operator can do.
"""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.pool import PoolProxiedConnection

from aggregator.errors import StoreError, StoreMissing, StoreTooNew
from aggregator.model import SiteIdentity
from aggregator.store import marks, tables
from aggregator.store.loops import LoopsLock
from aggregator.store.tables import EPOCH, HEAD, SITE, Moment, facts, metadata

BUSY = 15_000  # milliseconds that a writer waits for other processes
# As Alembic makes it: migrations to come find their place by it.
VERSION_TABLE = (
    "CREATE TABLE alembic_version "
    "(version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
)


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


class Database:
    """The SQLite file at `url` (an absolute path), with our schema in it."""

    shared = False  # whether several processes poll and publish on it

    def __init__(self, url: str, *, loops: bool, now: datetime, create: bool = True) -> None:
        """Open it, or make it. `loops`: the caller holds the lock, so the schema may be brought up to date.

        `now` is the time of creation of a store that is made, if it may be. Raises `StoreMissing`,
        `StoreTooNew`, `StoreError`.
        """
        self.url = url
        if not create and not (Path(url).exists() and Path(url).stat().st_size):
            raise _missing(url)  # before SQLite writes one
        self._writer = _engine(url, "BEGIN IMMEDIATE", connections=1)
        self._reader = _engine(url, "BEGIN", connections=8)
        try:
            self._ready(loops, now, create)
        except BaseException:
            self.close()
            raise

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """A transaction that nothing can come between: committed at the end, undone by an exception."""
        with self._explained(), self._writer.begin() as connection:
            yield connection

    def write_rows(self) -> AbstractContextManager[sa.Connection]:
        """A transaction that changes rows which nobody else changes meanwhile: those of a lease of ours.

        Here it is like any other. Where many processes write, it does not wait for what others publish.
        """
        return self.write()

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """One unchanging view of what is committed."""
        with self._explained(), self._reader.begin() as connection:
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
        files = (Path(self.url + ending) for ending in ("", "-wal"))
        return sum(file.stat().st_size for file in files if file.exists())

    def close(self) -> None:
        """Close every connection that is not in use; the last one folds the log into the file."""
        self._reader.dispose()
        self._writer.dispose()

    def _ready(self, loops: bool, now: datetime, create: bool) -> None:
        """Plain queries first: Alembic is imported only where there is something to migrate."""
        with self.read() as connection:
            version = _version(connection, self.url)
        if version is None:
            if not create:
                raise _missing(self.url)
            with self.write() as connection:
                if _version(connection, self.url) is None:  # nobody made it in between
                    _create(connection, now)
            version = HEAD
        if not version.isdigit() or int(version) > int(HEAD):
            raise StoreTooNew(
                f"{self.url}: written by a newer version of aggregator (schema {version}, we know {HEAD}); "
                "install that version, or restore a backup from before"
            )
        if int(version) < int(HEAD):
            if loops:
                self._migrate()
            else:
                with LoopsLock(self.url):  # an older daemon may be running on it
                    self._migrate()

    def _migrate(self) -> None:
        from aggregator.store.migrations import upgrade  # imports Alembic: 0.4 s

        with self.write() as connection:
            upgrade(connection, HEAD)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (sa.exc.DBAPIError, sqlite3.Error) as error:
            cause = error.orig if isinstance(error, sa.exc.DBAPIError) else error
            raise StoreError(f"{self.url}: {_advice(str(cause))}") from error
        except sa.exc.SQLAlchemyError as error:
            raise StoreError(f"{self.url}: {str(error).splitlines()[0]}") from error


def _missing(url: str) -> StoreMissing:
    return StoreMissing(f"{url}: there is no store yet: nothing was polled")


def _engine(url: str, begin: str, connections: int) -> sa.Engine:
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=url),
        pool_size=connections,
        max_overflow=0,
        pool_timeout=BUSY / 1000,
        connect_args={"timeout": BUSY / 1000},
    )

    def connected(connection: sqlite3.Connection, _: object) -> None:
        connection.isolation_level = None  # type: ignore[assignment,unused-ignore]  # we begin ourselves
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}").close()

    sa.event.listen(engine, "connect", connected)
    sa.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
    return engine


def _version(connection: sa.Connection, url: str) -> str | None:
    """The migration that the database is at; None for an empty one."""
    names = set(connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'").scalars())
    if not names:
        return None
    if "alembic_version" not in names:
        raise StoreError(
            f"{url}: a database, but not of ours; set `store` in the configuration to another path"
        )
    return str(connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one())


def _create(connection: sa.Connection, now: datetime) -> None:
    """The whole schema at once (a test holds it to be what the migrations give), and the store's identity."""
    metadata.create_all(connection)
    connection.exec_driver_sql(VERSION_TABLE)
    connection.exec_driver_sql("INSERT INTO alembic_version VALUES (?)", (HEAD,))
    created = str((now - EPOCH) // tables.MICROSECOND)
    connection.execute(
        facts.insert(), [{"name": "uuid", "value": str(uuid.uuid4())}, {"name": "created", "value": created}]
    )
    marks.open_scope(connection, SITE, now)


def identity(connection: sa.Connection) -> SiteIdentity:
    """What was minted when the store was made."""
    known = {row.name: row.value for row in connection.execute(sa.select(facts.c.name, facts.c.value))}
    created = Moment().process_result_value(int(known["created"]), connection.dialect)
    assert created is not None
    return SiteIdentity(uuid=known["uuid"], created=created)


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
