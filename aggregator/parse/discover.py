"""Pure. A page -> the feeds that it offers.

Reads `<link rel="alternate" type="application/rss+xml" href>` and the like (HTML standard, 4.6.7.1).
Fetches nothing, and does not say whether what it finds is a feed.
"""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import urljoin, urlsplit

_FEED_TYPES = {
    "application/rss+xml",
    "application/atom+xml",
    "application/rdf+xml",
    "application/feed+json",
    "application/json",
}
_PAGE = 1_000_000  # characters that are looked at: links stand in the head
_MOST = 20
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_ELEMENT = re.compile(r"<(link|base)(?=[\s/])([^<>]{0,4000})>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""([a-zA-Z-]{1,40})\s{0,20}=\s{0,20}(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""")


def feeds_in(html: str, base: str) -> tuple[str, ...]:
    """Absolute http(s) URLs of the feeds that a page links to, in its order, at most 20. Linear."""
    found: dict[str, None] = {}
    page = html[:_PAGE]
    # An unclosed comment would be searched for again from each `<!--`.
    page = _COMMENT.sub("", page) if page.rfind("-->") >= page.rfind("<!--") else page
    for element in _ELEMENT.finditer(page):
        attributes = _attributes(element[2])
        href = attributes.get("href", "")
        if element[1].lower() == "base":
            base = _absolute(base, href) or base
        elif _is_feed(attributes) and (url := _absolute(base, href)):
            found[url] = None
        if len(found) == _MOST:
            break
    return tuple(found)


def _attributes(inside: str) -> dict[str, str]:
    found = _ATTRIBUTE.finditer(inside)
    return {a[1].lower(): unescape(a[2] or a[3] or a[4] or "").strip() for a in found}


def _is_feed(attributes: dict[str, str]) -> bool:
    media_type = attributes.get("type", "").split(";")[0].strip().lower()
    relations = attributes.get("rel", "").lower().split()
    # `application/json` alone is anything (oEmbed, WordPress's API): it has to be called a feed.
    if media_type == "application/json" and "feed" not in attributes.get("title", "").lower():
        return "feed" in relations
    return ("alternate" in relations and media_type in _FEED_TYPES) or "feed" in relations


def _absolute(base: str, href: str) -> str:
    """The URL that a reference means, or "" where that is none that can be asked for over HTTP."""
    if not href:
        return ""
    try:
        url = urljoin(base, href)
        parts = urlsplit(url)
    except ValueError:  # a broken IPv6 literal
        return ""
    return url if parts.scheme in ("http", "https") and parts.hostname else ""
