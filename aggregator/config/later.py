"""Pure. Keys that the file may set already and that have no effect in this version.

One list, so that a feature that arrives crosses out its line here and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator

from aggregator.config.parts import Parts

FORMATS = ("atom", "rss", "json", "html")
"""Kinds of documents that this version publishes."""
_OUTPUT = ("index",)
_FEED = ("full_text",)
_CATEGORY = ("formerly",)


def warnings(parts: Parts) -> tuple[str, ...]:
    """A line for each key that the file sets to something that this version does not do."""
    keys = dict.fromkeys(_keys(parts))
    return tuple(f"{key}: not in this version yet; it has no effect" for key in keys)


def _keys(parts: Parts) -> Iterator[str]:
    site, output, server = parts.site, parts.output, parts.server
    if site.formerly:
        yield "site.formerly"
    yield from (f"output.{k}" for k in _OUTPUT if k in output.model_fields_set and getattr(output, k))
    yield from (f"output.formats: {f}" for f in output.formats if f not in FORMATS)
    if "admin" in server.model_fields_set and server.admin is not None:
        yield "server.admin"
    if server.admin_token:
        yield "server.admin_token"
    for category in parts.categories.values():
        yield from (f"categories.{k}" for k in _CATEGORY if k in category.model_fields_set)
    for where, keys in (("defaults", parts.defaults), *(("feeds", feed.keys) for feed in parts.feeds)):
        # backlog: 0 asks for something, too; only false asks for nothing.
        yield from (
            f"{where}.{k}" for k in _FEED if k in keys.model_fields_set and getattr(keys, k) is not False
        )
