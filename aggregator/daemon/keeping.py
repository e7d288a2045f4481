"""Shell. What the commands `backup` and `restore` do."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from aggregator.daemon.publishing import mark_all
from aggregator.model import Config
from aggregator.store import Copied, copy_out, open_store, put_back
from aggregator.triggers.clock import SystemClock


def backup(given: Config, file: Path) -> Copied:
    """Copy the store while others use it. Raises `StoreError`."""
    return copy_out(given.store, file)


def restore(given: Config, file: Path) -> Copied:
    """Put a backup in the place of the store; all documents are rendered again. Raises `StoreError`."""
    done = put_back(given.store, file, SystemClock().now())
    with closing(open_store(given.store, output=given.output.directory, loops=True, create=False)) as store:
        mark_all(store, given)  # what lies in the output is of another time than the store
    return done
