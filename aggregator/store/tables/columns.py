"""Shell. What all tables are made of: the types of their columns, the one metadata, the newest migration."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

HEAD = "0014"
"""The newest migration. A database that says more was written by a newer version of us."""

SITE = ""
"""The scope of everything, where slugs stand (a slug is never empty)."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class Moment(sa.TypeDecorator[datetime]):
    """An aware datetime as microseconds since 1970 UTC, exact in both directions."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a datetime without a time zone reached the store")
        return (value - EPOCH) // MICROSECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        return None if value is None else EPOCH + timedelta(microseconds=value)


class Span(sa.TypeDecorator[timedelta]):
    """A timedelta as microseconds."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: timedelta | None, dialect: Dialect) -> int | None:
        return None if value is None else value // MICROSECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> timedelta | None:
        return None if value is None else timedelta(microseconds=value)


AnyRow: TypeAlias = sa.Row[*tuple[Any, ...]]
"""A row of a result, whatever its columns."""


class _WithoutNul(sa.TypeDecorator[str]):
    """Text as PostgreSQL keeps it: ordered by code points, as SQLite does; it knows no NUL."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return value if value is None else value.replace("\0", "\N{REPLACEMENT CHARACTER}")


Text = sa.Text().with_variant(_WithoutNul(collation="C"), "postgresql")
"""The type of all text, so that both databases order and compare it alike."""

# SQLite counts rows by itself only for INTEGER PRIMARY KEY, and has 64 bits for every INTEGER.
Row = sa.BigInteger().with_variant(sa.Integer, "sqlite")

Mark = Row
"""The type of what counts polls or posts, for ever. PostgreSQL's INTEGER ends at 2,147,483,647."""

metadata = sa.MetaData()


def partial_index(name: str, *columns: sa.ColumnElement[Any], where: sa.ColumnElement[bool]) -> sa.Index:
    """An index of the rows that are `where`: taken for a query that says the same, letter for letter."""
    return sa.Index(name, *columns, sqlite_where=where)


def on_postgres() -> None:
    """Say to PostgreSQL, too, of which rows indexes are.

    Not where they are made: that would load its dialect, which takes 3 MB and 30 ms of each start.
    """
    for table in metadata.tables.values():
        for index in table.indexes:
            index.dialect_kwargs["postgresql_where"] = index.dialect_options["sqlite"]["where"]
