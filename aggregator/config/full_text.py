"""Pure. Which feeds have their articles fetched: those that say themselves that they may be shown in full.

That a feed is shown in full by default, or by `defaults`, is no word about what it has not sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from aggregator.config.feed_keys import FeedKeys
from aggregator.config.parts import Feed, Parts


def permitted(places: Iterable[FeedKeys]) -> bool:
    """Whether a feed says `republish: full` itself, in one of its places."""
    return any("republish" in keys.model_fields_set and keys.republish == "full" for keys in places)


def warnings(parts: Parts) -> Iterator[str]:
    """A line for each feed that wants the articles, and may not show them."""
    places: dict[str, list[Feed]] = {}
    for feed in parts.feeds:
        places.setdefault(feed.keys.url, []).append(feed)
    for feeds in places.values():
        keys = feeds[0].keys
        wanted = keys.full_text if "full_text" in keys.model_fields_set else parts.defaults.full_text
        if wanted and not permitted(feed.keys for feed in feeds):
            where = ".".join(map(str, feeds[0].path))
            yield f"{where}.full_text: no effect; only a feed that says `republish: full` itself is shown so"
