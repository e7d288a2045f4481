"""Shell. A store in a PostgreSQL database, which any number of processes on any number of hosts share.

PostgreSQL is the engine; there is no queue of ours beside it. Who stores news, publishes, or edits takes one
advisory lock for the length of a transaction: one writer at a time over all processes, as in an SQLite file.
Who ends a poll that brought nothing waits for nobody but who holds the very rows; who gives out leases takes
a lock of its own. Readers see one snapshot. What a lost process held in mid-transaction the server gives up
soon: a session that says nothing in a transaction is ended, a connection that is dead is found out.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy as sa

from aggregator.errors import StoreError, StoreLocked
from aggregator.store.database import Database
from aggregator.store.postgres_advice import AWAY, MET, MOST, OURSELVES, advice
from aggregator.store.postgres_urls import connection_url, shown
from aggregator.store.tables import on_postgres

if TYPE_CHECKING:
    import psycopg  # which SQLAlchemy imports for a store there; every command would wait for it

T = TypeVar("T")

OLDEST = 13
"""The oldest version of PostgreSQL that we know to do."""
LOCK_WAIT = 60  # seconds that a transaction waits for the lock of another
SILENCE = 20  # seconds that a session may say nothing within a transaction that holds locks
LOOK = 600  # the same for one that only reads
PAUSES = (0.0, 0.02, 0.1, 0.5, 1.0, 2.0)
"""Seconds before what met others, or lost its connection, is tried again."""

# Advisory locks are numbers; the first says that they are ours.
OURS, WRITING, LEASING = 0x666565, 1, 2
NAME = "aggregator"


class _Fleeting(StoreError):
    """A transaction that met another one, or lost its connection: nothing of it was written, try again."""


class PostgreSQL(Database):
    """The database at `url`, in whose default schema our tables are."""

    shared = True

    def __init__(self, url: str, *, loops: bool, now: datetime, create: bool = True) -> None:
        """Open it, or make our tables in it, if they may be.

        Raises `StoreMissing`, `StoreLocked` (processes of an older version run on it), `StoreTooNew`,
        `StoreError`.
        """
        super().__init__(shown(url))
        called = f"{NAME} {'loops' if loops else 'beside'} {socket.gethostname()} {os.getpid()}"
        where = connection_url(url)
        quick = {"synchronous_commit": "off"}
        # A few connections for each process: a server has a hundred by default.
        self._writer = _engine(where, called, 1, SILENCE, {})
        self._rows = _engine(where, called, 2, SILENCE, quick)
        self._reader = _engine(where, called, MOST - 3, LOOK, quick).execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
        try:
            self._check()
            self.ready(loops=loops, now=now, create=create)
        except BaseException:
            self.close()
            raise

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """A transaction that nothing can come between, over all processes."""
        with self._explained(), self._writer.begin() as connection:
            connection.exec_driver_sql(_LOCK.format(WRITING))
            yield connection

    @contextmanager
    def write_rows(self) -> Iterator[sa.Connection]:
        """A transaction that changes rows which it has locked, or which are ours by a lease."""
        with self._explained(), self._rows.begin() as connection:
            yield connection

    @contextmanager
    def write_leases(self) -> Iterator[sa.Connection]:
        """The same, one at a time."""
        with self._explained(), self._rows.begin() as connection:
            connection.exec_driver_sql(_LOCK.format(LEASING))
            yield connection

    @contextmanager
    def write_alone(self) -> Iterator[sa.Connection]:
        """Like `write`, and no lease is given, ended or edited meanwhile."""
        with self.write() as connection:
            connection.exec_driver_sql(_LOCK.format(LEASING))
            # One by one, in the order in which all others come to them.
            for table in ("sources", "errands", "hosts"):
                connection.exec_driver_sql(f"LOCK TABLE {table} IN EXCLUSIVE MODE")
            yield connection

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """One unchanging view of what is committed."""
        with self._explained(), self._reader.begin() as connection:
            yield connection

    def again(self, work: Callable[[], T]) -> T:
        """What `work` gives; anew where it met another transaction, or the connection was lost."""
        for pause in PAUSES:
            try:
                return work()
            except _Fleeting:
                time.sleep(pause)
        return work()

    def tidy(self) -> None:
        """Nothing: the server vacuums and analyzes by itself."""

    def skew(self, now: datetime) -> timedelta:
        """How far a clock that says `now` is ahead of the server's, which all processes have in common."""
        with self.read() as connection:
            server: datetime = connection.exec_driver_sql("SELECT clock_timestamp()").scalar_one()
        return now - server

    def size(self) -> int:
        """Bytes of the whole database."""
        with self.read() as connection:
            query = "SELECT pg_database_size(current_database())"
            return int(connection.exec_driver_sql(query).scalar_one())

    def close(self) -> None:
        """Close every connection that is not in use."""
        for engine in (self._reader, self._rows, self._writer):
            engine.dispose()

    def others(self) -> list[str]:
        """The hosts and process ids of others that run the loops on it, as `HOST PID`."""
        query = sa.text(
            "SELECT DISTINCT application_name FROM pg_stat_activity "
            "WHERE datname = current_database() AND application_name LIKE :ours AND application_name != :us"
        )
        us = f"{NAME} loops {socket.gethostname()} {os.getpid()}"
        with self.read() as connection:
            names = connection.execute(query, {"ours": f"{NAME} loops %", "us": us}).scalars().all()
        return sorted(name.removeprefix(f"{NAME} loops ") for name in names)

    def _check(self) -> None:
        """Raises `StoreError` for a server or database that will not do."""
        with self.read() as connection:
            query = "SELECT current_setting('server_version_num')::int, current_setting('server_encoding')"
            version, encoding = connection.exec_driver_sql(query).one()
        if version < OLDEST * 10_000:
            raise StoreError(f"{self.name}: PostgreSQL {version // 10_000} is too old; {OLDEST} is needed")
        if encoding != "UTF8":
            raise StoreError(
                f"{self.name}: its encoding is {encoding}, which has no room for most of the world's text; "
                "make another database: createdb --encoding=UTF8 --template=template0 NAME"
            )

    def _migrating(self, loops: bool) -> AbstractContextManager[object]:
        if running := self.others():
            raise StoreLocked(
                f"{self.name}: its schema is to be brought up to date, and processes of an older version run "
                f"on it ({', '.join(running)}); stop them all, then start again"
            )
        return nullcontext()

    def _tables(self, connection: sa.Connection) -> set[str]:
        query = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
        return set(connection.exec_driver_sql(query).scalars())

    def _create(self, connection: sa.Connection, now: datetime) -> None:
        on_postgres()
        super()._create(connection, now)
        # Rows of sources are rewritten with each poll, the one index that leases walk at its very beginning.
        for table in ("sources", "hosts", "exchanges"):
            connection.exec_driver_sql(
                f"ALTER TABLE {table} SET (autovacuum_vacuum_scale_factor = 0.01, "
                "autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0)"
            )

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sa.exc.DBAPIError as error:
            # Without a code it was said on our side: where the server could not be reached, or is no more.
            unreached = isinstance(error, sa.exc.OperationalError) or error.connection_invalidated
            code = getattr(error.orig, "sqlstate", None) or ("" if unreached else OURSELVES)
            kind = _Fleeting if code in ("", *MET, *AWAY) else StoreError
            raise kind(f"{self.name}: {advice(code, str(error.orig))}") from error
        except sa.exc.SQLAlchemyError as error:
            raise StoreError(f"{self.name}: {str(error).splitlines()[0]}") from error


_LOCK = f"SELECT pg_advisory_xact_lock({OURS}, {{}})"


def _engine(
    where: sa.URL, called: str, connections: int, silence: int, settings: dict[str, str]
) -> sa.Engine:
    made = sa.create_engine(
        where,
        use_native_hstore=False,
        isolation_level="READ COMMITTED",
        pool_size=connections,
        max_overflow=0,
        pool_timeout=LOCK_WAIT,
        connect_args={
            "application_name": called[:63],
            "client_encoding": "UTF8",
            "connect_timeout": 10,
            "keepalives_idle": 15,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": 30_000,
        },
    )
    wanted = settings | {
        "lock_timeout": f"{LOCK_WAIT}s",
        "idle_in_transaction_session_timeout": f"{silence}s",
        "tcp_keepalives_idle": "15",
        "tcp_keepalives_interval": "5",
        "tcp_keepalives_count": "3",
        # As the driver reads it, whatever else the database is set to.
        "datestyle": "ISO",
        # Statements here are short; compiling one takes longer than running it.
        "jit": "off",
        # Of what a cursor could give little is fetched: the first rows are to come at once.
        "cursor_tuple_fraction": "0.0001",
    }

    def connected(connection: psycopg.Connection[Any], _: object) -> None:
        connection.execute("; ".join(f"SET {name} = '{value}'" for name, value in wanted.items()).encode())
        connection.commit()

    sa.event.listen(made, "connect", connected)
    return made
