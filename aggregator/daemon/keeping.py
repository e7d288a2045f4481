"""Shell. What the commands `backup` and `restore` do."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from aggregator.daemon.publishing import mark_all
from aggregator.errors import AggregatorError
from aggregator.model import Config
from aggregator.store import Copied, copy_out, open_store, put_back
from aggregator.syntax.databases import is_postgres
from aggregator.triggers.clock import SystemClock


def backup(given: Config, file: Path) -> Copied:
    """Copy the store while others use it. Raises `StoreError`, `AggregatorError`."""
    _must_be_a_file(given, "pg_dump --format=custom --file=FILE DATABASE")
    return copy_out(given.store, file)


def restore(given: Config, file: Path) -> Copied:
    """Put a backup in the place of the store; all documents are rendered again.

    Raises `StoreError`, `AggregatorError`.
    """
    _must_be_a_file(given, "pg_restore --clean --if-exists --dbname=DATABASE FILE")
    done = put_back(given.store, file, SystemClock().now())
    with closing(open_store(given.store, output=given.output.directory, loops=True, create=False)) as store:
        mark_all(store, given)  # what lies in the output is of another time than the store
    return done


def _must_be_a_file(given: Config, instead: str) -> None:
    if is_postgres(given.store):
        raise AggregatorError(f"the store is a PostgreSQL database, whose own tools do this: {instead}")
