"""Shell. What the command `move-store` does."""

from __future__ import annotations

import json
import os
import re
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from aggregator import config
from aggregator.daemon.publishing import mark_all
from aggregator.errors import AggregatorError
from aggregator.model import Config
from aggregator.store import Moved, move, open_store
from aggregator.syntax.databases import is_postgres
from aggregator.triggers.clock import SystemClock

ARGUMENT = "POSTGRESQL-URL"
_PASSWORD = re.compile(r"(://[^:@/]*):(.+)@")


@dataclass(frozen=True, slots=True)
class MovedStore:
    """What has moved, and how the file names where it is now."""

    moved: Moved
    line: str  # of feeds.yaml; without the password


def move_store(given: Config, url: str) -> MovedStore:
    """Move the store that the file names into a database; `url` as it would be written in the file.

    Raises `ConfigError` for what is no such URL, `StoreError`, or `AggregatorError`.
    """
    if is_postgres(given.store):
        raise AggregatorError("the store is in a PostgreSQL database already; pg_dump and pg_restore move it")
    target = _read(url)
    now = SystemClock().now()
    moved = move(given.store, target.store, now)
    with closing(open_store(target.store, output=given.output.directory, loops=True, create=False)) as store:
        mark_all(store, given)  # documents were files so far
    return MovedStore(moved, f"store: {_spelled(url)}")


def _read(url: str) -> Config:
    text = f"store: {json.dumps(url)}\nfeeds: []\n"
    read = config.load(text, name=ARGUMENT, directory=str(Path.cwd()), environment=os.environ)
    if not is_postgres(read.store):
        raise AggregatorError(
            f"{ARGUMENT} is no address like postgresql://user:${{PGPASSWORD}}@host/database"
        )
    return read


def _spelled(url: str) -> str:
    """The URL with the variable that may hold its password in place of that; for YAML as it stands."""
    return _PASSWORD.sub(lambda found: found[0] if "${" in found[2] else f"{found[1]}:${{PGPASSWORD}}@", url)
