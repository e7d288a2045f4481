"""Many rows by one statement: they are written as SQLAlchemy writes them."""

from datetime import UTC, datetime

import sqlalchemy as sa

from aggregator.store import batches
from aggregator.store.tables.columns import Moment

rows = sa.Table(
    "rows",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("at", Moment),
    sa.Column("held", sa.Boolean, nullable=False, server_default="0"),
    sa.Column("mark", sa.Integer, nullable=False, server_default="0"),
)
RAISE = (
    rows.update()
    .where(rows.c.id == sa.bindparam("row"))
    .values(at=sa.bindparam("then"), mark=rows.c.mark + 2)
)
NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)


def stored(*statements):
    """What is there after statements, each with its rows, by us and by SQLAlchemy."""
    found = []
    for write in (batches.write, lambda connection, statement, some: connection.execute(statement, some)):
        engine = sa.create_engine("sqlite://")
        with engine.begin() as connection:
            rows.create(connection)
            for statement, some in statements:
                write(connection, statement, some)
            found.append(connection.execute(sa.select(rows).order_by(rows.c.id)).all())
        engine.dispose()
    return found


def test_types_defaults_and_constants_are_those_of_the_statement():
    """Moments and booleans are kept as their columns have it; what no row names is the statement's own."""
    several = [{"at": NOW, "held": True, "mark": 1}, {"at": None, "held": False, "mark": 7}]
    ours, theirs = stored(
        (rows.insert(), several),
        (rows.insert(), [{"at": NOW}]),
        (RAISE, [{"row": 2, "then": NOW}, {"row": 3, "then": None}]),
    )
    assert ours == theirs == [(1, NOW, True, 1), (2, NOW, False, 9), (3, None, False, 2)]


def test_no_rows_are_no_statement():
    """Nothing is written where nothing is to be."""
    with sa.create_engine("sqlite://").begin() as connection:
        rows.create(connection)
        batches.write(connection, rows.insert(), [])
        assert connection.execute(sa.select(rows)).all() == []
