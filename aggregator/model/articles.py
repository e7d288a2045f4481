"""Pure. What the page of an article gives, and what its host lets robots fetch (RFC 9309)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from aggregator.model.names import PostId

RobotsRule: TypeAlias = tuple[bool, str]
"""Allowed or not, and the pattern of paths that it is about."""


@dataclass(frozen=True, slots=True)
class RobotsRules:
    """What one robots.txt says to us; without rules everything is allowed."""

    rules: tuple[RobotsRule, ...] = ()


@dataclass(frozen=True, slots=True)
class Robots:
    """What a site's robots.txt said when we last asked, kept for a while."""

    site: str  # scheme, host and port, as `Errand.site` has it
    until: datetime  # it is asked again from then on
    rules: tuple[RobotsRule, ...] = ()
    trouble: str = ""  # why nobody knows what it says, so that nothing may be fetched now; "": it is known


@dataclass(frozen=True, slots=True)
class Extracted:
    """The text of an article out of its page; or why there is none that could stand for the entry."""

    text: str = ""  # sanitized HTML, absolute
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class Article:
    """What becomes of a post by its article's page, beside what its feed says of it."""

    post: PostId
    text: str  # sanitized HTML; "": the feed's own content is all there is
    said: str  # how that came about, for people
