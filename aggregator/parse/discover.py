"""Pure. A page -> the feeds that it offers.

Reads `<link rel="alternate" type="application/rss+xml" href>` and the like (HTML standard, 4.6.7.1); where a
page has none, what it links to that looks like a feed, and where its site may have one all the same.
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
_ANCHOR = re.compile(r"<(a|base)(?=[\s/])([^<>]{0,4000})>([^<>]{0,100})", re.IGNORECASE)
# A path or a text that names a feed, not a page about feeding.
_LIKE_A_FEED = re.compile(
    r"(?:^|[/._?=&-])(?:rss2?|atom|feeds?|index\.rdf|index\.xml)(?:$|[/._?=&-])|\.(?:rss|atom|rdf)$",
    re.IGNORECASE,
)
_CALLED_A_FEED = re.compile(
    r"\s*(?:rss(?: 2\.0)?|atom|(?:rss|atom|web) ?feed|feed|rss订阅|订阅)\s*", re.IGNORECASE
)
_COMMENTS = re.compile(r"comments?\b|kommentar|commentaire|comentario|评论|評論|コメント", re.IGNORECASE)
_WELL_KNOWN = ("feed/", "feed.xml", "atom.xml", "rss.xml", "index.xml", "rss", "feed.json")
_ATTRIBUTE = re.compile(r"""([a-zA-Z-]{1,40})\s{0,20}=\s{0,20}(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""")


def feeds_in(html: str, base: str) -> tuple[str, ...]:
    """Absolute http(s) URLs of the feeds that a page links to, in its order, at most 20. Linear."""
    found: dict[str, None] = {}
    for element in _ELEMENT.finditer(_without_comments(html)):
        attributes = _attributes(element[2])
        href = attributes.get("href", "")
        if element[1].lower() == "base":
            base = _absolute(base, href) or base
        elif _is_feed(attributes) and (url := _absolute(base, href)):
            found[url] = None
        if len(found) == _MOST:
            break
    return tuple(found)


def linked_in(html: str, base: str) -> tuple[str, ...]:
    """Absolute http(s) URLs that a page links to and that look like feeds, in its order, at most 20."""
    found: dict[str, None] = {}
    for element in _ANCHOR.finditer(_without_comments(html)):
        href = _attributes(element[2]).get("href", "")
        url = _absolute(base, href)
        if element[1].lower() == "base":
            base = url or base
        elif url and (_LIKE_A_FEED.search(_local(url)) or _CALLED_A_FEED.fullmatch(unescape(element[3]))):
            found[url.partition("#")[0]] = None
        if len(found) == _MOST:
            break
    return tuple(found)


def well_known(url: str) -> tuple[str, ...]:
    """Where a site may have a feed that its page does not link to: below the page, then at the root."""
    below = urljoin(url, "." if not url.endswith("/") else "")
    folders = dict.fromkeys((below.partition("?")[0], urljoin(url, "/")))
    return tuple(folder + name for folder in folders for name in _WELL_KNOWN)


def is_about_comments(url: str, title: str) -> bool:
    """Whether a feed says that it has what readers wrote below articles, by its URL or its title."""
    return any(_COMMENTS.search(said) for said in (_local(url), title))


def _without_comments(html: str) -> str:
    page = html[:_PAGE]
    # An unclosed comment would be searched for again from each `<!--`.
    return _COMMENT.sub("", page) if page.rfind("-->") >= page.rfind("<!--") else page


def _local(url: str) -> str:
    """Path and query: a host that is called feeds.example.org has pages too."""
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


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
