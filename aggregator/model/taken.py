"""Pure. What is taken down for good, and what readers are told of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from aggregator.model.names import EndedKind, PostId, Url
from aggregator.model.published import Scope


@dataclass(frozen=True, slots=True)
class Tombstone:
    """An entry that has gone: `at:deleted-entry` (RFC 6721, 3)."""

    id: PostId
    when: datetime


@dataclass(frozen=True, slots=True)
class Ended:
    """An output id that a takedown has ended: no document shows anything under it again."""

    at: datetime
    kind: EndedKind
    reason: str  # who wanted it, for people


@dataclass(frozen=True, slots=True)
class TakenPost:
    """A post that a takedown concerns, in short."""

    id: PostId
    title: str
    source: Url
    story: PostId  # that it is in now: of a post that stays, the id that it is shown under


@dataclass(frozen=True, slots=True)
class TakenDown:
    """What a takedown did."""

    posts: tuple[TakenPost, ...] = ()  # that went
    ended: tuple[PostId, ...] = ()  # output ids that readers have seen, and will not see again
    staying: tuple[TakenPost, ...] = ()  # of the same stories, told by others
    scopes: frozenset[Scope] = frozenset()  # whose documents change
    before: datetime | None = None  # all of it had gone then already, and nothing was done


NewId: TypeAlias = Callable[[Url, PostId], PostId]
"""Makes an id of ours for a post of a source whose own id has ended."""
PagePath: TypeAlias = Callable[[PostId, str, datetime], str]
"""Where the page of a story is: by its id, and the slug and date of the post that founded it."""
