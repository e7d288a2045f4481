"""What holds for all tests."""

import hypothesis
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

# No test here is about speed, and the first value in Chinese loads a dictionary.
hypothesis.settings.register_profile("unhurried", deadline=None)
hypothesis.settings.load_profile("unhurried")

pytest_plugins = ["tests.postgres"]

# An engine compiles each statement once, and each test has engines of its own; that was a third of what tests
# of the store took. Here all of one kind share what was compiled: their dialects count as one.
_COMPILED: dict[object, object] = {}
for dialect in (PGDialect_psycopg, SQLiteDialect_pysqlite):
    dialect.__eq__ = lambda self, other: type(self) is type(other)
    dialect.__hash__ = lambda self: hash(type(self))


@sa.event.listens_for(sa.Engine, "engine_connect")
def _share(connection):
    connection.execution_options(compiled_cache=_COMPILED)
