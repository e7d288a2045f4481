"""Shell. Which configuration is in force, where processes share a store: the one that was synced last.

A process that has read another one leases and claims nothing, so that two files never change the same posts
back and forth. What a host has for itself (addresses, directories, the store's) counts for nothing here.
"""

from __future__ import annotations

from dataclasses import replace

import sqlalchemy as sa

from aggregator.model import Config, Server
from aggregator.store import categories, sources
from aggregator.store.dialects import upsert
from aggregator.store.tables import facts

NAME = "configuration"
_PUT = upsert(facts)
_GIVEN = sa.select(facts.c.value).where(facts.c.name == NAME)


def digest(config: Config) -> str:
    """What tells two configurations apart that are not the same to readers and sources."""
    output = replace(config.output, directory="")
    if output.jekyll is not None:
        output = replace(output, jekyll=replace(output.jekyll, directory=""))
    server = Server(hub=config.server.hub, private_hub=config.server.private_hub)
    each = [
        (source.url, source.definition, source.paused, source.was, sources.asked(source, config.polling))
        for source in config.sources
    ]
    return categories.digest(config.site, config.polling, output, server, config.categories, each)


def put(connection: sa.Connection, digest: str) -> None:
    """Let the configuration with this digest be the one in force."""
    connection.execute(_PUT, {"name": NAME, "value": digest})


def holds(connection: sa.Connection, digest: str) -> bool:
    """Whether it is in force; a process that has synced none yet ("") is in nobody's way."""
    return not digest or connection.execute(_GIVEN).scalar_one_or_none() == digest
