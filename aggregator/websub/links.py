"""Pure. Where a source offers to push: hub and topic, from Link fields or the document (W3C WebSub, 4).

Link fields come first; the document is asked only where they name no hub.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from aggregator.syntax import urls

LONGEST = 8192
"""Characters of Link fields that are read."""
_LINK = re.compile(r'\s*<([^<>]*)>((?:\s*;\s*[\w!#$&+.^`|~*-]+(?:\s*=\s*(?:"[^"]*"|[^\s",;]*))?)*)\s*(?:,|$)')
_PARAMETER = re.compile(r';\s*([^\s=;,]+)(?:\s*=\s*(?:"([^"]*)"|([^\s",;]*)))?')


def offered(fields: str, hubs: Sequence[str], topic: str, url: str) -> tuple[str, str]:
    """The hub and the topic (absolute) that an answer from `url` offers; two empty texts where there is none.

    `fields` are its Link fields, joined; `hubs` and `topic` what the document says. Of several hubs one that
    is asked over TLS is better (8.1).
    """
    said = _relations(fields, url)
    found = [href for rel, href in said if rel == "hub"]
    own = next((href for rel, href in said if rel == "self"), "")
    if not found:
        found = [urls.absolute(url, hub) for hub in hubs]
    own = own or (urls.absolute(url, topic) if topic else "")
    good = [hub for hub in found if hub]
    best = next((hub for hub in good if urlsplit(hub).scheme == "https"), good[0] if good else "")
    return (best, own) if best and own else ("", "")


def _relations(fields: str, url: str) -> list[tuple[str, str]]:
    """Relations and absolute URLs (RFC 8288, 3), up to the first that cannot be read."""
    found: list[tuple[str, str]] = []
    at = 0
    text = fields[:LONGEST]
    while match := _LINK.match(text, at):
        at = match.end()
        said = {
            name.lower(): quoted or plain for name, quoted, plain in reversed(_PARAMETER.findall(match[2]))
        }
        if href := urls.absolute(url, match[1]):
            found += [(name.lower(), href) for name in said.get("rel", "").split()]
        if at == len(text):
            break
    return found
