"""Opening and making a store: its schema, its lock, and what is said where it cannot be."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from datetime import timedelta

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config as AlembicConfig
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from aggregator.errors import StoreError, StoreLocked, StoreMissing, StoreTooNew
from aggregator.store import loops_held, migrations, open_store, tables
from aggregator.store.sqlite import WRITING, begun, engine_of
from tests.contract.made import HOUR, NOW, SECOND, A, B, C, config, outcome, source


@pytest.fixture
def opened(tmp_path):
    """Opens stores at a path and closes them in the end."""
    stores = []

    def opener(name="data/store.db", loops=True):
        stores.append(open_store(str(tmp_path / name), output=str(tmp_path / "public"), loops=loops, now=NOW))
        return stores[-1]

    yield opener
    for store in stores:
        store.close()


def schema(path):
    """Every table and index of a database, by what SQLite makes of it."""
    with sqlite3.connect(path) as connection:
        rows = connection.execute("SELECT type, name, sql FROM sqlite_master").fetchall()
        found = {(kind, name): "".join((sql or "").split()) for kind, name, sql in rows}
    connection.close()
    return found


def test_migrations_give_what_is_made_at_once(tmp_path, opened):
    """A new store is made whole; the migrations, run one after the other, give the very same schema."""
    opened().close()
    migrated = str(tmp_path / "migrated.db")
    engine = engine_of(migrated, connections=1)
    with begun(engine, WRITING) as connection:
        migrations.upgrade(connection, tables.HEAD)
    with begun(engine, WRITING) as connection:
        assert compare_metadata(MigrationContext.configure(connection), tables.metadata) == []
    engine.dispose()
    assert schema(migrated) == schema(tmp_path / "data/store.db")


def test_the_newest_migration_is_the_one_that_the_tables_name():
    """`tables.HEAD` is Alembic's head."""
    where = AlembicConfig()
    where.set_main_option("script_location", os.path.dirname(migrations.__file__))
    assert ScriptDirectory.from_config(where).get_current_head() == tables.HEAD


def test_opening_imports_no_alembic(tmp_path):
    """Neither making a store nor opening it waits for Alembic to be imported."""
    code = (
        "import sys; from aggregator.store import open_store\n"
        "for _ in range(2): open_store(sys.argv[1], output=sys.argv[1] + '.out', loops=True).close()\n"
        "print('alembic' in sys.modules)"
    )
    path = str(tmp_path / "a.db")
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_readers_keep_few_pages_in_memory(tmp_path, opened):
    """There are many of them, and what each keeps is void with the next commit; the writer keeps its own."""
    database = opened(str(tmp_path / "a.db"))._database
    kept = []
    for transaction in (database.read, database.write):
        with transaction() as connection:
            kept.append(connection.exec_driver_sql("PRAGMA cache_size").scalar())
    assert kept == [-512, -2000]


def test_one_process_runs_the_loops(tmp_path, opened):
    """A second one is told who does; readers may come beside it; the lock ends with its holder."""
    path = str(tmp_path / "data/store.db")
    assert loops_held(path) is None
    first = opened()
    assert loops_held(path) == os.getpid()
    with pytest.raises(StoreLocked, match=rf"process {os.getpid()} runs the loops on this store; stop it"):
        opened()
    beside = opened(loops=False)
    first.polls.sync(config(source(A)), NOW)
    assert [s.url for s in beside.sources.sources()] == [A]
    assert beside.documents.mark_all() == 3
    for forbidden in (lambda: beside.polls.sync(config(), NOW), lambda: beside.polls.lease_due(NOW, 1)):
        with pytest.raises(StoreError, match="beside the loops"):
            forbidden()
    first.close()
    assert loops_held(path) is None
    opened()


def test_a_killed_process_leaves_nothing_held(tmp_path, opened):
    """After SIGKILL in mid-poll the next process takes over, and polls nothing early."""
    code = (
        "import sys, time; from tests.contract.made import NOW, A, config, source\n"
        "from aggregator.store import open_store\n"
        "store = open_store(sys.argv[1], output=sys.argv[1] + '.out', loops=True, now=NOW)\n"
        "store.polls.sync(config(source(A)), NOW)\n"
        "assert len(store.polls.lease_due(NOW, 5)) == 1\n"
        "store.documents.claim(NOW)\n"
        "print('leased', flush=True); time.sleep(60)"
    )
    path = tmp_path / "data/store.db"
    with subprocess.Popen([sys.executable, "-c", code, path], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout.readline() == "leased\n"
        assert loops_held(str(path)) == child.pid
        child.send_signal(signal.SIGKILL)
        child.wait()
    store = opened()
    store.polls.sync(config(source(A)), NOW)
    assert store.polls.lease_due(NOW, 5) == []
    assert store.documents.claim(NOW).scope == "news"


@pytest.mark.parametrize("again", ["opened", "tidied"])
def test_a_clock_that_was_ahead_stops_no_polls(tmp_path, again):
    """What was leased, paced and put off by a wrong clock is due as if it had been asked just now."""
    wrong = NOW + timedelta(days=3653)
    place = {"output": str(tmp_path / "public"), "loops": True}
    given = config(source(A), source(B), source(C))
    with open_store(str(tmp_path / "store.db"), now=wrong, **place) as store:
        store.polls.sync(given, wrong)
        leases = store.polls.lease_due(wrong, 2)
        store.polls.commit([outcome(lease, at=wrong + SECOND) for lease in leases], wrong + SECOND)
        if again == "tidied":
            store.housekeep(NOW)
    with open_store(str(tmp_path / "store.db"), now=NOW, **place) as store:
        store.polls.sync(given, NOW)
        assert [lease.source.url for lease in store.polls.lease_due(NOW, 5)] == [C]  # was never asked
        due = {one.url: one.due for one in store.sources.sources()}
        assert due[A].at == due[B].at == NOW + HOUR + SECOND
        assert due[A].why == ("the clock was ahead when it was last asked, and has been set back",)


def test_a_store_of_a_newer_version_is_refused(tmp_path, opened):
    """Nothing is written to it."""
    opened().close()
    path = tmp_path / "data/store.db"
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(StoreTooNew, match=r"newer version of aggregator \(schema 9999, we know"):
        opened()
    assert loops_held(str(path)) is None


@pytest.mark.parametrize("empty", [False, True])
def test_looking_makes_no_store(tmp_path, empty):
    """Who only wants to see what is there leaves nothing behind where nothing is."""
    path = tmp_path / "data/store.db"
    if empty:
        path.parent.mkdir()
        path.touch()
    with pytest.raises(StoreMissing, match="no store yet: nothing was polled"):
        open_store(str(path), output=str(tmp_path / "public"), loops=False, create=False)
    assert not path.exists() or path.stat().st_size == 0
    assert path.parent.exists() is empty


def test_status_of_what_was_never_polled_is_empty(tmp_path):
    """`aggregator status` before the first poll says so, and writes nothing."""
    from aggregator.daemon.sources import status
    from aggregator.model import Config, Output

    given = Config(store=str(tmp_path / "data/store.db"), output=Output(directory=str(tmp_path / "public")))
    assert status(given) == ([], None, [])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("loops", [True, False])
def test_what_is_no_store_is_left_alone(tmp_path, opened, loops):
    """Other files and other people's databases are named, not touched."""
    text = tmp_path / "text.db"
    text.write_text("this is no database, but long enough to look at " * 9)
    with pytest.raises(StoreError, match=r"text\.db: not an SQLite database; set `store`"):
        opened("text.db", loops)
    assert text.read_text().startswith("this is no database")
    with sqlite3.connect(tmp_path / "other.db") as connection:
        connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    with pytest.raises(StoreError, match=r"other\.db: a database, but not of ours; set `store`"):
        opened("other.db", loops)


@pytest.mark.parametrize("loops", [True, False])
def test_a_directory_that_cannot_be_made_is_named(tmp_path, opened, loops):
    """The message says which path, why, and what to do."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"file/data: cannot be made \(Not a directory\); make it yourself"):
        opened("file/data/store.db", loops)


@pytest.mark.parametrize("loops", [True, False])
def test_a_directory_that_cannot_be_written_is_named(tmp_path, opened, loops):
    """The message says which path, and what to do."""
    (tmp_path / "data").mkdir(mode=0o500)
    # To root every directory is writable, but for those that the kernel makes up.
    directory = "data" if os.geteuid() else "/proc/self"
    with pytest.raises(StoreError, match=r"/store\.db.*writable for this user"):
        opened(f"{directory}/store.db", loops)


def test_threads_share_a_store(opened):
    """Leases that threads take at the same time are each given once."""
    store = opened()
    many = [source(f"https://h{n}.example/") for n in range(60)]
    store.polls.sync(config(*many), NOW)
    taken = []

    def take():
        while leases := store.polls.lease_due(NOW, 7):
            taken.extend(lease.source.url for lease in leases)

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == sorted(s.url for s in many)


def test_a_tick_walks_an_index(opened):
    """Looking for what is due does not look at what is not."""
    from sqlalchemy.dialects import sqlite

    from aggregator.store import leases

    store = opened()
    query = leases._due(False, False).params(now=NOW)
    text = str(query.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True}))
    with store._database.read() as connection:
        plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}")]
    assert plan[0] == "SEARCH sources USING INDEX sources_due (next_due<?)"
    assert not any("TEMP B-TREE" in line for line in plan)
