"""Pure. Which hub our documents announce, and which documents are topics."""

from __future__ import annotations

import re

from aggregator.model import Server, Site

PATH = "hub"
"""Of our own hub, under `site.url`."""

_TOPIC = re.compile(r"(?:category/[^/]+/)?feed\.(?:atom|rss|json)")


def own_hub(server: Server) -> bool:
    """Whether we are the hub: not where another server serves our documents, for it has no `/hub`."""
    return server.hub is True and server.listen is not None


def pinged_hub(server: Server) -> str:
    """The URL of the hub of somebody else that we tell of changes; "" for none."""
    return server.hub if isinstance(server.hub, str) else ""


def announced(site: Site, server: Server) -> str:
    """The URL of the hub that our documents name; "" where they name none."""
    return endpoint(site) if own_hub(server) else pinged_hub(server)


def endpoint(site: Site) -> str:
    """The public URL of our own hub."""
    return site.url + PATH


def is_topic(path: str) -> bool:
    """Whether a document can be subscribed to: subscription documents, which alone announce a hub."""
    return _TOPIC.fullmatch(path) is not None
