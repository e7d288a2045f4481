"""Pure. Keys that the file may set already and that have no effect in this version.

One list, so that a feature that arrives crosses out its line here and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator

from aggregator.config.parts import Parts

_FEED = ("full_text",)


def warnings(parts: Parts) -> tuple[str, ...]:
    """A line for each key that the file sets to something that this version does not do."""
    keys = dict.fromkeys(_keys(parts))
    return tuple(f"{key}: not in this version yet; it has no effect" for key in keys)


def _keys(parts: Parts) -> Iterator[str]:
    for where, keys in (("defaults", parts.defaults), *(("feeds", feed.keys) for feed in parts.feeds)):
        # backlog: 0 asks for something, too; only false asks for nothing.
        yield from (
            f"{where}.{k}" for k in _FEED if k in keys.model_fields_set and getattr(keys, k) is not False
        )
