"""Pure. What putting an edited file in force would do: to sources, to their posts, to their next polls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeAlias

from aggregator.model.names import Slug
from aggregator.model.polled import Due

ShiftKind: TypeAlias = Literal["moves", "hidden", "back", "leaves", "shown", "tagged"]


@dataclass(frozen=True, slots=True)
class Shift:
    """The same that would happen to some posts of a source."""

    kind: ShiftKind
    before: str  # categories, how much is shown, tags: in words; of `hidden` the rule
    after: str
    posts: int
    titles: tuple[str, ...]  # of the newest of them


@dataclass(frozen=True, slots=True)
class Replanned:
    """A poll that an edit of its source puts off or brings forward."""

    before: datetime
    due: Due


@dataclass(frozen=True, slots=True)
class SourceDifference:
    """What would become of a source that the edit concerns."""

    kind: Literal["new", "returns", "edited", "renamed", "removed"]
    name: str
    posts: int = 0  # that are stored and not hidden
    stored: int = 0  # that may become something else, hidden ones too
    looked: int = 0  # of those, how many were classified again to know
    shifts: tuple[Shift, ...] = ()
    replanned: Replanned | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """What would happen; posts are counted, so that a story that others tell too may stay where it is."""

    sources: tuple[SourceDifference, ...] = ()
    gains: Mapping[Slug, int] = field(default_factory=dict)  # posts that come into a category
    losses: Mapping[Slug, int] = field(default_factory=dict)
    replanned: int = 0  # sources that are polled at another time

    @property
    def looked(self) -> int:
        return sum(source.looked for source in self.sources)

    @property
    def concerned(self) -> int:
        """Posts of all sources that may become something else."""
        return sum(source.stored for source in self.sources)
