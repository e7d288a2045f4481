"""Pure. The feed that an entry comes from, as atom:source names it (RFC 4287, 4.2.11).

A confidential source is named by an id of ours and its home page alone: nothing here lets its URL out.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import urlsplit
from uuid import UUID, uuid5

from aggregator.model import EntryLink, FeedFacts, SiteIdentity, Source, SourceInfo, replace
from aggregator.syntax import dates, text, urls

_LONGEST_TITLE = 300
_LONGEST_RIGHTS = 1000


def info(facts: FeedFacts, source: Source, url: str, identity: SiteIdentity) -> SourceInfo:
    """What a document says of its feed. `url` is where it was in the end, for its relative links.

    The id is the feed's own where it is a valid URI, else its rel=self, else its configured URL. `updated`
    is as the feed says, believed or not.
    """
    home = page_of(facts.links, "" if source.confidential else url)
    feed = ""
    if source.confidential:
        home = "" if reveals(home, source) or urls.key(home) == urls.key(url) else home
        id = _own_id(source, identity)
    else:
        feed = self_of(facts.links, url) or urls.absolute("", source.url)
        id = facts.id.strip()
        id = id if urls.is_iri(id) else feed
    title = text.shorten(text.fold(source.title) or text.plain(facts.title), _LONGEST_TITLE)
    return SourceInfo(
        id=id,
        title=title or _host(home) or _host(feed) or source.label,
        home=home,
        feed=feed,
        updated=dates.parse(facts.updated, source.timezone),
        rights=text.shorten(text.fold(facts.rights), _LONGEST_RIGHTS),
        license="" if source.confidential else _license(facts, url),
    )


def concealed(origin: SourceInfo, source: Source, identity: SiteIdentity) -> SourceInfo:
    """What may still be shown of a feed that has become confidential since its entry was seen."""
    home = "" if reveals(origin.home, source) else origin.home
    return replace(origin, id=_own_id(source, identity), home=home, feed="", license="")


def _own_id(source: Source, identity: SiteIdentity) -> str:
    return f"urn:uuid:{uuid5(UUID(identity.uuid), source.url)}"


def own_source(facts: FeedFacts | None, source: Source, base: str) -> SourceInfo | None:
    """The feed that an entry says it was taken from (a planet's atom:source, RSS <source url>), if it does.

    One without a name, and one without an id and without any http(s) link, names nothing; one that points
    at a confidential feed itself is not repeated.
    """
    if facts is None:
        return None
    feed, home = self_of(facts.links, base), page_of(facts.links, base)
    id = facts.id.strip()
    id = id if urls.is_iri(id) else feed or home
    title = text.shorten(text.plain(facts.title), _LONGEST_TITLE) or _host(home) or _host(feed)
    if not id or not title:
        return None
    if any(reveals(said, source) for said in (id, feed, home)):
        return None
    return SourceInfo(
        id=id,
        title=title,
        home=home,
        feed=feed,
        updated=dates.parse(facts.updated, source.timezone),
        rights=text.shorten(text.fold(facts.rights), _LONGEST_RIGHTS),
        license=_license(facts, base),
    )


def reveals(url: str, source: Source) -> bool:
    """Whether a URL is that of a confidential source, whatever part of the document it points at."""
    if not source.confidential:
        return False
    page, own = (_page_key(each.partition("#")[0]) for each in (url, source.url))
    return url.partition("#")[0] == source.url or (bool(page) and page == own)


@lru_cache(maxsize=1024)
def _page_key(url: str) -> str:
    """`urls.key`: the entries of one source ask for the same few again and again."""
    return urls.key(url)


def _license(facts: FeedFacts, base: str) -> str:
    """The licence that a feed names; resolving an empty reference would claim the feed itself as one."""
    return urls.absolute(base, facts.license) if facts.license.strip() else ""


def page_of(links: Iterable[EntryLink], base: str) -> str:
    """The page that alternate links lead to, absolute: an HTML one before one of an unnamed type; else ""."""
    alternates = [link for link in links if link.rel == "alternate" and link.href.strip()]
    html = [link for link in alternates if "html" in link.type.lower()]
    unnamed = [link for link in alternates if not link.type]
    return next((page for link in (*html, *unnamed) if (page := urls.absolute(base, link.href))), "")


def self_of(links: Iterable[EntryLink], base: str) -> str:
    """Where a feed says it is itself (rel=self), absolute; else ""."""
    return next(
        (feed for link in links if link.rel == "self" and (feed := urls.absolute(base, link.href))), ""
    )


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").removeprefix("www.")
