"""Pure. What operators see over time: exchanges, what happened to sources and the file, merged stories."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal, TypeAlias

from aggregator.model.names import PostId, Url


@dataclass(frozen=True, slots=True)
class Exchange:
    """One poll as it went: what was answered, how much, how fast, and what came of it."""

    at: datetime
    status: int | None  # of HTTP; None: nobody answered, or nobody was asked
    size: int  # bytes of the body, after decompression
    took: timedelta
    said: str  # in words: `3 new, 27 unchanged`, or the error
    failed: bool = False


EventKind: TypeAlias = Literal[
    "broke",
    "gone",
    "recovered",
    "moved",
    "back",
    "silent",
    "spoke",
    "overran",
    "refused",  # the file
    "accepted",  # the file, after it was refused
]
"""What may happen that an operator is told of: `publish.status_feed` has the words."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a source or to the file, told once (`status.atom`)."""

    id: str  # of no meaning, stable; nothing of a URL can be read in it
    source: Url | None  # None: the file
    kind: EventKind
    at: datetime
    result: str = ""  # `Memory.last_result`: names no URL; of the file, how much is wrong with it
    # In words; of a source it may name URLs, and is not for everybody if that is confidential.
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Merged:
    """A post that joined the story of another one, and why."""

    story: PostId
    id: PostId
    title: str
    source: Url
    joined: Literal["link", "id", "alike"]
    similarity: float  # to the founder, 0 to 1
    first_seen: datetime
    founder_title: str
    founder_source: Url


@dataclass(frozen=True, slots=True)
class PostsOfDay:
    """How many posts of a source are dated on one day (UTC)."""

    source: Url
    day: date
    posts: int
