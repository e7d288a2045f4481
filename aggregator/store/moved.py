"""Shell. A store that moves from an SQLite file to a PostgreSQL database, with all that is in it.

Table by table and row by row, in one transaction: it is there whole or not at all. The file stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from aggregator.errors import StoreError
from aggregator.store import leases, marks
from aggregator.store.database import Database
from aggregator.store.loops import LoopsLock
from aggregator.store.postgres import PostgreSQL
from aggregator.store.sqlite import SQLite
from aggregator.store.tables import facts, metadata, scopes

ROWS = 1000
"""Rows that are in memory at once."""
BORN_WITH = frozenset({facts.name, scopes.name})
"""Tables in which a new store has rows."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What has moved: rows by table; those of tables that are empty are left out."""

    source: str
    target: str
    rows: Mapping[str, int]


def move(file: str, url: str, now: datetime) -> Moved:
    """Copy the store in the SQLite `file` (absolute) into the database at `url`, which is to be empty.

    Raises `StoreMissing`, `StoreLocked` (a daemon runs on the file), or `StoreError`; then the database has
    no row of it.
    """
    with LoopsLock(file), closing(SQLite(file, loops=True, now=now, create=False)) as old:
        with closing(PostgreSQL(url, loops=True, now=now)) as new:
            return Moved(old.name, new.name, _copy(old, new))


def _copy(old: Database, new: Database) -> Mapping[str, int]:
    rows: dict[str, int] = {}
    with old.read() as here, new.write_alone() as there:
        for table in metadata.sorted_tables:
            if table.name not in BORN_WITH and there.execute(sa.select(table).limit(1)).first() is not None:
                raise StoreError(
                    f"{new.name}: a store is in it already, and stays as it is (there are rows in "
                    f"{table.name}); name an empty database"
                )
        for name in BORN_WITH:
            there.execute(metadata.tables[name].delete())
        for table in metadata.sorted_tables:
            count = _copy_table(here, there, table)
            if count:
                rows[table.name] = count
        # Nobody polls or publishes in the file any more, whatever it says.
        leases.void(there)
        marks.void_claims(there)
    return rows


def _copy_table(here: sa.Connection, there: sa.Connection, table: sa.Table) -> int:
    count = 0
    found = here.execution_options(yield_per=ROWS).execute(sa.select(table).order_by(*table.primary_key))
    insert = table.insert()
    for some in found.mappings().partitions(ROWS):
        there.execute(insert, [dict(row) for row in some])
        count += len(some)
    counted = table.autoincrement_column
    if counted is not None and count:
        # What is counted goes on behind what came; the counter has not seen that.
        newest = sa.select(sa.func.max(counted)).scalar_subquery()
        sequence = sa.func.pg_get_serial_sequence(table.name, counted.name)
        there.execute(sa.select(sa.func.setval(sequence, newest)))
    return count
