"""What commands import: most of them poll nothing and render nothing, and somebody waits for their answer."""

import subprocess
import sys

import pytest

from tests.e2e.program import ENVIRONMENT, Place

FETCHING = {"aiohttp", "httpx", "apscheduler", "watchfiles", "pebble"}
SERVING = {"uvicorn", "starlette", "prometheus_client"}
RENDERING = {"jinja2", "feedgen", "feedparser"}
STORING = {"sqlalchemy", "alembic", "psycopg", "rapidfuzz"}
READING_THE_FILE = {"pydantic", "yaml", "rich"}
NOT_FOR_EVERY_DAEMON = {"rich", "pygments", "rapidfuzz", "re2", "psycopg", "sqlalchemy.dialects.postgresql"}
PROGRAM = """
import sys
from aggregator.cli import main
try:
    main(sys.argv[1:], prog_name="aggregator")
except SystemExit as end:
    print(end.code, *sorted(sys.modules))
"""


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """A file, and the store of a first round."""
    place = Place(tmp_path_factory.mktemp("stored"))
    place.write("feeds: ['file:missing.xml']\n")
    assert place.run("once").returncode == 0
    return place


@pytest.mark.parametrize(
    ("command", "status", "unneeded"),
    [
        ("check --help", "0", FETCHING | SERVING | RENDERING | STORING | READING_THE_FILE),
        ("check", "0", FETCHING | SERVING | RENDERING | STORING),
        ("status", "0", FETCHING | SERVING | RENDERING | {"alembic", "psycopg"}),
        ("explain https://example.org/one", "1", FETCHING | SERVING | {"alembic", "psycopg"}),
    ],
)
def test_a_command_imports_what_it_needs(command, status, unneeded, stored):
    """None of the libraries that it has no use for is loaded, with a store that is there."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *command.split()],
        cwd=stored.directory,
        env=ENVIRONMENT,
        check=True,
        capture_output=True,
        text=True,
    )
    ended, *imported = done.stdout.splitlines()[-1].split()
    assert ended == status, done.stdout
    assert not unneeded & set(imported)


def test_a_daemon_keeps_in_memory_what_it_needs(tmp_path):
    """Not the dialect of the other database, nor what few files ask for, nor command lines of libraries."""
    code = (
        "import sys; from aggregator.daemon import live; from aggregator.store import open_store\n"
        "open_store(sys.argv[1], output=sys.argv[1] + '.out', loops=True).close()\n"
        "print(*sys.modules)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "a.db")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    imported = set(done.stdout.split())
    assert "httpx" in imported
    assert not NOT_FOR_EVERY_DAEMON & imported
