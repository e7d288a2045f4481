"""Shell. What both kinds of databases have in common: our schema, and kinds of transactions.

`sqlite` and `postgres` are the kinds; all other rooms get one of them and do not know which. Errors of the
drivers end there: what leaves is a `StoreError` with what the operator can do.
"""

from __future__ import annotations

import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import ClassVar, TypeVar

import sqlalchemy as sa

from aggregator.errors import StoreError, StoreMissing, StoreTooNew
from aggregator.model import SiteIdentity
from aggregator.store import marks, tables
from aggregator.store.tables import EPOCH, HEAD, SITE, Moment, facts, metadata

T = TypeVar("T")
# As Alembic makes it: migrations to come find their place by it.
VERSION_TABLE = (
    "CREATE TABLE alembic_version "
    "(version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
)


class Database(ABC):
    """A database with our schema in it."""

    shared: ClassVar[bool]
    """Whether many processes run the loops on it: then what they hold expires, and none voids another's."""

    def __init__(self, name: str) -> None:
        """`name`: what operators know it by, without any secret."""
        self.name = name

    @abstractmethod
    def write(self) -> AbstractContextManager[sa.Connection]:
        """A transaction that nothing can come between: committed at the end, undone by an exception.

        Only what `write_rows` is for may happen meanwhile.
        """

    def write_rows(self) -> AbstractContextManager[sa.Connection]:
        """A transaction that changes rows which nobody else changes meanwhile: those of a lease of ours.

        It does not wait for those that publish or store news. Whoever writes rows of sources, errands or
        hosts so locks them first (`FOR UPDATE`), sources before errands before hosts.
        """
        return self.write()

    def write_leases(self) -> AbstractContextManager[sa.Connection]:
        """The same for who gives out leases, one at a time: what is counted stays so."""
        return self.write_rows()

    def write_alone(self) -> AbstractContextManager[sa.Connection]:
        """Like `write`, and no row of sources, errands and hosts is changed by others meanwhile."""
        return self.write()

    @abstractmethod
    def read(self) -> AbstractContextManager[sa.Connection]:
        """One unchanging view of what is committed."""

    def again(self, work: Callable[[], T]) -> T:
        """What `work` gives, which begins its transactions itself; where one met another, it is done anew."""
        return work()

    @abstractmethod
    def tidy(self) -> None:
        """What the database wants to be done now and then."""

    def skew(self, now: datetime) -> timedelta:
        """How far a clock that says `now` is ahead of the database's own; where that has none: not at all."""
        return timedelta(0)

    @abstractmethod
    def size(self) -> int:
        """Bytes on disk."""

    def others(self) -> list[str]:
        """The hosts and process ids of others that run the loops on it beside us, as `HOST PID`."""
        return []

    @abstractmethod
    def close(self) -> None:
        """Close every connection that is not in use."""

    def ready(self, *, loops: bool, now: datetime, create: bool) -> None:
        """See that our schema is there and up to date, or make it. `now` dates a store that is made.

        Raises `StoreMissing`, `StoreTooNew`, `StoreError`. Plain queries first: Alembic is imported only
        where there is something to migrate.
        """
        with self.read() as connection:
            version = self._version(connection)
        if version is None:
            if not create:
                raise self._missing()
            with self.write() as connection:
                version = self._version(connection)
                if version is None:  # nobody made it in between
                    self._create(connection, now)
                    version = HEAD
        if not version.isdigit() or int(version) > int(HEAD):
            raise StoreTooNew(
                f"{self.name}: written by a newer version of aggregator (schema {version}, we know {HEAD}); "
                "install that version, or restore a backup from before"
            )
        if int(version) < int(HEAD):
            with self._migrating(loops), self.write() as connection:
                from aggregator.store.migrations import upgrade  # imports Alembic: 0.4 s

                upgrade(connection, HEAD)

    @abstractmethod
    def _migrating(self, loops: bool) -> AbstractContextManager[object]:
        """What keeps processes of an older version out meanwhile. `loops`: we have the right to run them."""

    @abstractmethod
    def _tables(self, connection: sa.Connection) -> set[str]:
        """The names of all tables."""

    def _missing(self) -> StoreMissing:
        return StoreMissing(f"{self.name}: there is no store yet: nothing was polled")

    def _version(self, connection: sa.Connection) -> str | None:
        """The migration that the database is at; None for an empty one."""
        names = self._tables(connection)
        if not names:
            return None
        if not names >= {"alembic_version", facts.name}:
            raise StoreError(
                f"{self.name}: a database, but not of ours; set `store` in the configuration to another one"
            )
        return str(connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one())

    def _create(self, connection: sa.Connection, now: datetime) -> None:
        """The whole schema at once (a test holds it to be what the migrations give), and an identity."""
        metadata.create_all(connection)
        connection.exec_driver_sql(VERSION_TABLE)
        connection.execute(sa.text("INSERT INTO alembic_version VALUES (:head)"), {"head": HEAD})
        created = str((now - EPOCH) // tables.MICROSECOND)
        minted = {"uuid": str(uuid.uuid4()), "created": created}
        connection.execute(facts.insert(), [{"name": name, "value": value} for name, value in minted.items()])
        marks.open_scope(connection, SITE, now)


def identity(connection: sa.Connection) -> SiteIdentity:
    """What was minted when the store was made."""
    known = {row.name: row.value for row in connection.execute(sa.select(facts.c.name, facts.c.value))}
    created = Moment().process_result_value(int(known["created"]), connection.dialect)
    assert created is not None
    return SiteIdentity(uuid=known["uuid"], created=created)
