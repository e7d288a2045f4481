"""Shell. Reads feeds.yaml from the disk, and puts what the command line says over it.

Every command begins here, so nothing is imported that only some of them need.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from aggregator import config
from aggregator.daemon.roles import EVERY, Roles
from aggregator.errors import ConfigError
from aggregator.model import Config


@dataclass(frozen=True, slots=True)
class Overrides:
    """What the command line says over the file."""

    listen: str | None = None
    admin: str | None = None
    roles: Roles = EVERY


def read_config(path: Path, overrides: Overrides = Overrides()) -> tuple[bytes, Config]:
    """The bytes of a configuration file and what they say; raises ConfigError."""
    raw = read_bytes(path)
    return raw, overridden(parse_config(raw, path), overrides)


def read_bytes(path: Path) -> bytes:
    """The bytes of a configuration file; raises ConfigError."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise ConfigError([f"{path}: there is no such file; `aggregator init` writes one"]) from None
    except OSError as trouble:
        raise ConfigError([f"{path}: cannot be read: {trouble.strerror}"]) from trouble


def folder(path: Path) -> str:
    """What relative paths in the file are relative to: where it is named, wherever a link there leads.

    Else the output would move with each version of a file that is a link into a directory of versions.
    """
    return str(path.parent.resolve())


def parse_config(raw: bytes, path: Path) -> Config:
    """What the bytes of a configuration file say; raises ConfigError."""
    text = config.decode(raw, str(path))
    given = config.load(text, name=str(path), directory=folder(path), environment=os.environ)
    return _without_articles(given) if any(source.full_text for source in given.sources) else given


def _without_articles(given: Config) -> Config:
    """The configuration without what only the extra can do, and a line that says so, if that is missing."""
    from aggregator import pipeline  # the commands that only look at the file need none of it

    if pipeline.reads_articles():
        return given
    missing = "full_text: no effect; the extra is not installed (`pip install 'feed-republisher[fulltext]'`)"
    sources = tuple(replace(source, full_text=False) for source in given.sources)
    return replace(given, sources=sources, warnings=(*given.warnings, missing))


def overridden(given: Config, overrides: Overrides) -> Config:
    listen = given.server.listen if overrides.listen is None else overrides.listen
    admin = given.server.admin if overrides.admin is None else overrides.admin
    return replace(
        given,
        server=replace(
            given.server,
            listen=None if listen == "off" else listen,
            admin=None if admin == "off" else admin,
        ),
    )
