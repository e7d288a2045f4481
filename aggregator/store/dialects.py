"""Shell. Where the databases speak differently, said once: inserts that meet a row, lists as one parameter.

All other SQL of the store is SQLAlchemy Core that SQLite and PostgreSQL both take. Runs no statement.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite.dml import OnConflictDoNothing, OnConflictDoUpdate
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


def upsert(
    table: sa.Table, set_: Callable[[Any], Mapping[str, sa.ColumnElement[Any]]] | None = None
) -> sa.Insert:
    """An insert that changes the row of the same primary key, where there is one.

    To what was to be inserted, in every column; `set_`: to what that makes of it.
    """
    new = sa.alias(table, "excluded").c
    values = {c.name: new[c.name] for c in table.c if not c.primary_key} if set_ is None else set_(new)
    return sa.insert(table).ext(_DoUpdate(index_elements=list(table.primary_key), set_=dict(values)))


def insert_new(table: sa.Table) -> sa.Insert:
    """An insert that leaves rows alone that are there already."""
    return sa.insert(table).ext(_DoNothing())


class _DoUpdate(OnConflictDoUpdate):
    """For both, since SQLite has taken the clause over from PostgreSQL. That can name a constraint, too.

    PostgreSQL's own form brings all its dialect with it: 3 MB, and 30 ms of each start.
    """

    inherit_cache = True
    constraint_target = None


class _DoNothing(OnConflictDoNothing):
    """Likewise."""

    inherit_cache = True
    constraint_target = None


def numbers(name: str) -> sa.TableValuedAlias:
    """Integers that a statement takes as one parameter of that name, as rows with a column `value`.

    So that the statement is the same for any number of them.
    """
    every = _EachOf(sa.bindparam(name, type_=_Numbers))
    return every.table_valued(sa.column("value", sa.BigInteger), name="value")


def texts(name: str) -> sa.TableValuedAlias:
    """Texts in the same way."""
    every = _EachOf(sa.bindparam(name, type_=_Texts))
    return every.table_valued(sa.column("value", sa.Text), name="value")


class _Texts(sa.TypeDecorator[Sequence[str]]):
    """A list as one value: an array, or JSON."""

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> sa.types.TypeEngine[Any]:
        return dialect.type_descriptor(sa.ARRAY(sa.Text()) if _has_arrays(dialect) else sa.Text())

    def process_bind_param(self, value: Sequence[str] | None, dialect: Dialect) -> Any:
        if value is None or not _has_arrays(dialect):
            return value if value is None else json.dumps(value)
        return [text.replace("\0", "\N{REPLACEMENT CHARACTER}") for text in value]  # as its columns have it


class _Numbers(sa.TypeDecorator[Sequence[int]]):
    """Likewise."""

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> sa.types.TypeEngine[Any]:
        return dialect.type_descriptor(sa.ARRAY(sa.BigInteger()) if _has_arrays(dialect) else sa.Text())

    def process_bind_param(self, value: Sequence[int] | None, dialect: Dialect) -> Any:
        return value if value is None or _has_arrays(dialect) else json.dumps(value)


class _EachOf(FunctionElement[int]):
    """Rows of a list."""

    inherit_cache = True
    name = "each_of"


@compiles(_EachOf)
def _each_of_json(element: _EachOf, compiler: SQLCompiler, **said: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **said)})"


@compiles(_EachOf, "postgresql")
def _each_of_array(element: _EachOf, compiler: SQLCompiler, **said: Any) -> str:
    # The one column of a function has the name of its alias.
    return f"unnest({compiler.process(element.clauses, **said)})"


def _has_arrays(dialect: Dialect) -> bool:
    return dialect.name == "postgresql"
