"""Pure. A body that is no feed -> why, in words that help the operator.

Looks at the first characters only, and at a page's links to feeds.
"""

from __future__ import annotations

import re

from aggregator.model import Unreadable
from aggregator.parse.discover import feeds_in
from aggregator.parse.hooks import RawFeed

_BINARY = (
    (b"\x1f\x8b", "gzip data that no Content-Encoding announces"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"%PDF-", "a PDF document"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
)
# What may stand before the root element: a declaration, a DOCTYPE, comments and instructions.
_PROLOG = re.compile(
    r"\s*(?:<\?[^>]{0,2000}>|<!--.{0,5000}?-->|<!DOCTYPE[^>\[]{0,1000}(?:\[[^\]]{0,5000}\]\s*)?>)", re.S
)
_ROOT = re.compile(r"\s*<([A-Za-z_][\w:.-]{0,60})")
_PAGE = re.compile(r"<!DOCTYPE\s+html\b", re.IGNORECASE)
_FEEDS = {"rss", "feed", "rdf", "channel"}  # also under a DOCTYPE of HTML, as some site generators write it
_KNOWN = {
    "opml": "an OPML list of feeds, not a feed",
    "urlset": "a sitemap, not a feed",
    "sitemapindex": "a sitemap index, not a feed",
    "svg": "an SVG image, not a feed",
    "error": "an error message in XML, not a feed",
}


def before_decoding(body: bytes) -> Unreadable | None:
    """What can be told from the bytes alone."""
    if not body.strip():
        return Unreadable("the body is empty")
    for magic, what in _BINARY:
        if body.startswith(magic):
            return Unreadable(f"{what}, not a feed")
    return None


def before_parsing(text: str, url: str) -> Unreadable | None:
    """What need not be parsed to see that it is no feed: a page (with the feeds that it offers)."""
    root = root_of(text)
    if root in _FEEDS or not (root == "html" or _PAGE.search(text, 0, 2000)):
        return None
    feeds = feeds_in(text, url)
    return Unreadable("an HTML page, not a feed" + ("" if feeds else ", and it links to none"), feeds)


def after_parsing(text: str, raw: RawFeed) -> Unreadable:
    """Why what was parsed is none."""
    root = root_of(text)
    if raw.fault:
        return Unreadable(f"cannot be parsed: {raw.fault}")
    if not root:
        return Unreadable(f"neither XML nor HTML: {text[:40]!r}")
    if raw.ill_formed:
        return Unreadable(f"not a feed: broken XML ({raw.ill_formed}), the first element is <{root}>")
    return Unreadable(_KNOWN.get(root, f"XML, but no feed: the root element is <{root}>"))


def root_of(text: str) -> str:
    """The first element's name in lower case, without its prefix; "" where there is none."""
    at = 0
    for _ in range(20):
        prolog = _PROLOG.match(text, at)
        if not prolog:
            break
        at = prolog.end()
    root = _ROOT.match(text, at)
    return root[1].lower().rpartition(":")[2] if root else ""
