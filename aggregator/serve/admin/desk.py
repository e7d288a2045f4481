"""Shell. What the admin pages look at: handed in by the daemon, so that they know no adapter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from aggregator.model import Config, Explained
from aggregator.ports import PostFinder, SourceReader


@dataclass(frozen=True, slots=True)
class Desk:
    """The ways in which an operator may look at a running daemon. All but `config`, `now`, `ready` block."""

    sources: SourceReader
    finder: PostFinder
    explain: Callable[[str], Explained]  # as the command does
    config: Callable[[], Config]  # that is in force
    now: Callable[[], datetime]
    ready: Callable[[], bool]
    metrics: Callable[[], tuple[str, bytes]]  # media type and text
