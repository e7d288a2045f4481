"""Pure. What an edit of the file makes of posts that are stored already."""

from __future__ import annotations

from dataclasses import dataclass

from aggregator.model.configured import Source
from aggregator.model.polled import NewCategory
from aggregator.model.post import Post


@dataclass(frozen=True, slots=True)
class Outdated:
    """Stored posts of one source that were classified under another definition of it than its present one."""

    source: Source
    posts: tuple[Post, ...]  # never empty


@dataclass(frozen=True, slots=True)
class Revision:
    """The same posts as the source is defined now: ids, dates and content as they were."""

    source: Source  # the definition that they were classified under
    posts: tuple[Post, ...]
    categories: tuple[NewCategory, ...] = ()
