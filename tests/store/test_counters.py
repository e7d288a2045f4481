"""Counters that polls and posts raise for ever: past 32 bits a store goes on as before."""

import importlib
from contextlib import closing

import pytest
import sqlalchemy as sa

from aggregator.model import Category, Changed, New, Output
from aggregator.publisher import Publisher
from aggregator.store import migrations, open_store, tables
from aggregator.store.sqlite import WRITING, begun, engine_of
from tests.contract.made import HOUR, NOW, A, config, outcome, post, source
from tests.fakes import FixedClock

FULL = 2**31 - 1
"""What 32 bits hold at most."""
COUNTERS = importlib.import_module("aggregator.store.migrations.versions.0014_long_counters").COUNTERS
UUID = "0f0e0d0c-0b0a-4908-8706-050403020100"
LATER = NOW + 2 * HOUR


@pytest.fixture(params=["sqlite", "postgres"])
def opened(request, tmp_path):
    """Opens the same store each time; before the first it is one with the schema before long counters."""
    url = str(tmp_path / "store.db")
    if request.param == "sqlite":
        engine = engine_of(url, connections=1)
        with begun(engine, WRITING) as connection:
            migrations.upgrade(connection, "0013")
            connection.exec_driver_sql("INSERT INTO facts VALUES ('uuid', ?), ('created', '0')", (UUID,))
            connection.exec_driver_sql(
                "INSERT INTO scopes VALUES ('', 0, 0, 0, NULL, NULL, NULL, 0, 0, NULL)"
            )
        engine.dispose()
    else:
        url = request.getfixturevalue("postgres_empty")

    def again():
        return open_store(url, output=str(tmp_path / "public"), loops=True, now=NOW)

    if request.param == "postgres":
        with closing(again()) as store, store._database.write() as connection:
            for table, columns in COUNTERS.items():
                for column in columns:
                    connection.exec_driver_sql(f"ALTER TABLE {table} ALTER COLUMN {column} TYPE INTEGER")
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0013'")
    return again


def raise_all(store):
    """Let every counter stand at the last number of 32 bits; what is up to date stays so."""
    with store._database.write() as connection:
        for table, columns in COUNTERS.items():
            raised = {column: tables.metadata.tables[table].c[column] + FULL for column in columns}
            connection.execute(tables.metadata.tables[table].update().values(raised))


def lowest(store):
    """The lowest value of each counter that was raised, by table."""
    with store._database.read() as connection:
        query = {
            name: sa.select(*(sa.func.min(tables.metadata.tables[name].c[one]) for one in columns))
            for name, columns in COUNTERS.items()
        }
        return {name: tuple(connection.execute(one).one()) for name, one in query.items()}


def test_a_store_whose_counters_are_past_32_bits_goes_on(opened):
    """After an upgrade from the schema before, it polls, publishes, cuts archives and counts rows."""
    news = Category("news", "News", entries=20)
    given = config(source(A), categories=(news,), output=Output(formats=("atom",)))

    def publish(store, now):
        publisher = Publisher(
            *(store.posts, store.sources, store.documents, FixedClock(now), given),
            *(store.jekyll, store.pages, store.archives),
        )
        published = publisher.publish()
        assert published.failures == ()
        return published.written

    with opened() as store:
        store.polls.sync(given, NOW)
        (lease,) = store.polls.lease_due(NOW, 1)
        arrived = [New(post(f"p{number}", minutes=number)) for number in range(60)]
        store.polls.commit([outcome(lease, *arrived)], NOW)
        assert "category/news/archive/1.atom" in publish(store, NOW)
        raise_all(store)
    with opened() as store:
        store.polls.sync(given, NOW)
        assert publish(store, LATER) == ()
        (lease,) = store.polls.lease_due(LATER, 1)
        assert lease.token > FULL
        said = Changed(post("p1", minutes=1, title="Otherwise", digest="other"))
        store.polls.commit([outcome(lease, New(post("later", minutes=99)), said, at=LATER)], LATER)
        written = publish(store, LATER)
        assert {"category/news/feed.atom", "category/news/archive/1.atom"} <= set(written)
        assert b"<id>tag:example,2026:later</id>" in store.documents.get("category/news/feed.atom").body
        assert b"Otherwise" in store.documents.get("category/news/archive/1.atom").body
        assert publish(store, LATER) == ()
        found = lowest(store)
    assert all(value > FULL for name in ("sources", "scopes", "archives") for value in found[name])


def test_no_counter_of_a_new_store_ends_at_32_bits(postgres):
    """Those of the tables, and those that PostgreSQL keeps for keys of rows that come and go."""
    with open_store(postgres, output="/nowhere", loops=False, now=NOW) as store:
        with store._database.read() as connection:
            kept = connection.exec_driver_sql("SELECT sequencename, data_type::text FROM pg_sequences").all()
            columns = {
                (table, column["name"]): str(column["type"])
                for table in tables.metadata.tables
                for column in sa.inspect(connection).get_columns(table)
            }
    counted = [table for table in tables.metadata.sorted_tables if table.autoincrement_column is not None]
    assert sorted(kept) == sorted((f"{table.name}_id_seq", "bigint") for table in counted)
    refers = [
        (table.name, key.parent.name)
        for table in tables.metadata.sorted_tables
        for key in table.foreign_keys
        if key.column.table in counted
    ]
    counters = [(table, name) for table, names in COUNTERS.items() for name in names]
    keys = [(table.name, "id") for table in counted]
    assert {columns[one] for one in (*counters, *keys, *refers)} == {"BIGINT"}
