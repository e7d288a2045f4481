"""Shell. Many rows by one statement, past what SQLAlchemy does for each of them.

It works out every parameter of every row anew, which takes longer than the database takes to write the row.
Here a statement is compiled once, and a row is what its columns' types make of its values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

Row: TypeAlias = Mapping[str, Any]


def write(connection: sa.Connection, statement: sa.Insert | sa.Update, rows: Sequence[Row]) -> None:
    """Run a statement, one that stays, for each row; all rows name the same parameters."""
    if rows:
        text, bound = _prepared(statement, connection.dialect, tuple(rows[0]))
        connection.exec_driver_sql(text, [bound(row) for row in rows])


@lru_cache(maxsize=64)
def _prepared(
    statement: sa.Insert | sa.Update, dialect: Dialect, names: tuple[str, ...]
) -> tuple[str, Callable[[Row], Any]]:
    """The text of a statement, and what makes its parameters of a row."""
    if isinstance(statement, sa.Insert):
        statement = statement.inline()  # it returns nothing
    compiled: Any = statement.compile(dialect=dialect, column_keys=names)
    order: Sequence[str] = compiled.positiontup if compiled.positional else list(compiled.binds)
    ways = {
        name: bind.type.dialect_impl(dialect).bind_processor(dialect) for name, bind in compiled.binds.items()
    }
    fixed = {name: compiled.binds[name].value for name in order if name not in names}
    made = [(place, ways[name]) for place, name in enumerate(order) if ways[name] is not None]
    # For one name alone it would give no tuple.
    in_order = itemgetter(*order) if len(order) > 1 else lambda row: (row[order[0]],)

    def values(row: Row) -> list[Any]:
        found = list(in_order({**fixed, **row} if fixed else row))
        for place, way in made:
            found[place] = way(found[place])
        return found

    def tupled(row: Row) -> tuple[Any, ...]:
        return tuple(values(row))

    def named(row: Row) -> dict[str, Any]:
        return dict(zip(order, values(row), strict=True))

    return str(compiled), tupled if compiled.positional else named
