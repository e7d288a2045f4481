"""Shell. What to connect to, for the URL of a store on PostgreSQL. Nothing is connected to here."""

from __future__ import annotations

import sqlalchemy as sa

from aggregator.errors import StoreError
from aggregator.syntax import databases
from aggregator.syntax.databases import is_postgres as is_postgres


def connection_url(url: str) -> sa.URL:
    """What to connect to. Raises `StoreError`, without a word of the URL."""
    try:
        address = databases.address(url)
    except ValueError as error:
        raise StoreError(f"store: {error}") from None
    return sa.URL.create(
        "postgresql+psycopg",
        username=address.user or None,
        password=address.password or None,
        host=address.host or None,
        port=address.port,
        database=address.database or None,
        query=dict(address.parameters),
    )


def shown(url: str) -> str:
    """The URL without its password and parameters. Raises `StoreError`."""
    try:
        return str(databases.address(url))
    except ValueError as error:
        raise StoreError(f"store: {error}") from None
