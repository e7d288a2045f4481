"""Shell. What the admin pages look at: handed in by the daemon, so that they know no adapter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from aggregator.model import Config, Explained
from aggregator.ports import PostFinder, SourceReader


@dataclass(frozen=True, slots=True)
class Standing:
    """How feeds.yaml as it is on disk stands to what is in force."""

    file: str
    since: datetime
    refused: tuple[str, ...] = ()  # what is wrong with it, so that the last good one is in force
    waiting: tuple[str, ...] = ()  # keys that are in force after a restart


@dataclass(frozen=True, slots=True)
class Desk:
    """The ways in which an operator may look at a running daemon.

    All but `config`, `standing`, `now` and `ready` block.
    """

    sources: SourceReader
    finder: PostFinder
    explain: Callable[[str], Explained]  # as the command does
    config: Callable[[], Config]  # that is in force
    standing: Callable[[], Standing]
    now: Callable[[], datetime]
    ready: Callable[[], bool]
    metrics: Callable[[], tuple[str, bytes]]  # media type and text
