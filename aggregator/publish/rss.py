"""Pure. Stories to an RSS 2.0 document: the same entries as the Atom one, with the same ids.

With `atom`, the only files that know feedgen. It writes one description or two texts, drops authors without
an address, and would date the document with the clock; so the document's own date is handed in, and what it
cannot say of an item is added to it. An item that cannot be written is left out and named.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from feedgen.entry import FeedEntry
from feedgen.ext.base import BaseExtension
from feedgen.feed import FeedGenerator
from lxml import etree

from aggregator.model import Category, Document, Output, Shown, Site, SiteIdentity, Slug
from aggregator.publish import credit, paths
from aggregator.publish.atom import GENERATOR, Given, Refused, Rendered, labelled, media_type
from aggregator.publish.entries import Entry, written
from aggregator.publish.words import Words, tag, words_for
from aggregator.syntax import html, text

MEDIA_TYPE = "application/rss+xml; charset=utf-8"
FILE = "feed.rss"

_LOG = logging.getLogger(__name__)
_CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"
_ATOM_LINK = "{http://www.w3.org/2005/Atom}link"
_END = b"  </channel>\n</rss>\n"
_CHANNEL = b"  <channel>\n"
_DC = "http://purl.org/dc/elements/1.1/"
_NAMESPACES = {
    "atom": "http://www.w3.org/2005/Atom",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": _DC,
}


def rss_document(
    category: Category | None,
    entries: Sequence[Entry],
    *,
    site: Site,
    output: Output,
    identity: SiteIdentity,
    categories: Mapping[Slug, Category],
    updated: datetime,
    hub: str = "",
) -> Rendered:
    """The RSS document of a category, or (None) of everything; the arguments are those of `feed`."""
    scope = paths.scope_of(category)
    words = words_for(site.language)
    scheme = paths.scheme(identity)
    write = partial(_written, output=output, words=words, scheme=scheme, categories=categories)
    given = Given(hash((output.credit, words, scheme)), categories)
    items, left_out = written(entries, "rss", given, write)
    for id, reason in left_out:
        _LOG.warning("left out of %s%s: %s: %s", paths.folder(scope), FILE, id, reason)
    head = FeedGenerator()
    head.register_extension("ours", _Items, None, atom=False)
    own = paths.label(category.slug, category.title) if category else site.title
    title = text.fold(own) or "Feeds"
    head.title(title)
    head.description(text.fold(category.description if category else "") or title)
    head.lastBuildDate(updated.astimezone(UTC))
    document = paths.folder(scope) + FILE
    head.link(href=paths.address(site, document), rel="self", type="application/rss+xml")
    head.link(href=paths.address(site, paths.folder(scope)), rel="alternate", type="text/html")
    if hub:
        head.ours.hub = hub
    head.generator(GENERATOR)
    head.language((tag(category.language) if category else "") or tag(site.language) or "en")
    body, end, _ = head.rss_str(pretty=True).rpartition(_END)
    return Rendered(
        Document(document, MEDIA_TYPE, b"".join((body, *items, end))),
        tuple([Refused(*one) for one in left_out]),
    )


class _Items(BaseExtension):  # type: ignore[misc]  # feedgen has no types
    """Puts the hub beside the other link of Atom's. Items are joined as they were written."""

    hub: str = ""

    def extend_ns(self) -> dict[str, str]:
        return {"dc": _DC}

    def extend_rss(self, feed: etree._Element) -> etree._Element:
        for channel in feed.iterfind("channel"):
            if self.hub:  # feedgen would make it the page that the channel belongs to
                for link in channel.findall(_ATOM_LINK):
                    link.addnext(etree.Element(_ATOM_LINK, {"href": self.hub, "rel": "hub"}))
        return feed


def _written(shown: Shown, **given: Any) -> bytes:
    """One item as it stands in a document."""
    around = etree.Element("rss", nsmap=_NAMESPACES)
    channel = etree.SubElement(around, "channel")
    channel.append(_item(shown, **given))
    lines = etree.tostring(around, pretty_print=True, encoding="UTF-8", xml_declaration=False)
    _, _, inner = lines.partition(_CHANNEL)
    return inner.removesuffix(_END)


def _item(
    shown: Shown, output: Output, words: Words, scheme: str, categories: Mapping[Slug, Category]
) -> etree._Element:
    """One item. Raises what feedgen and lxml raise for values that they do not write."""
    post = shown.post
    entry = FeedEntry()
    entry.title(credit.title(post, output, words))
    link = paths.followed(post.link)
    if link:
        entry.link(href=link)
    entry.guid(text.clean(post.id), permalink=False)
    entry.pubDate(post.published.astimezone(UTC))
    body = credit.body(shown, output, words)
    # Readers that know only the description get a few sentences of text, the others the whole. What stands
    # there is taken for HTML, so that text about markup would come alive.
    if post.republish == "full" and (beginning := credit.excerpt(post)):
        entry.description(html.escape(beginning), isSummary=True)
        entry.content(body)
    else:
        entry.description(body, isSummary=True)
    for _, ours, label in labelled(post, categories):
        entry.category(term=label, scheme=scheme if ours else None, label=label)
    # One enclosure is what readers of RSS expect of an item; Atom and JSON have all of them.
    for file in shown.post.enclosures:
        if paths.followed(file.url):
            length = file.length if file.length is not None and file.length >= 0 else 0
            entry.enclosure(file.url, str(length), media_type(file) or "application/octet-stream")
            break
    if (feed := paths.followed(post.origin.feed)) and (title := text.fold(post.origin.title)):
        entry.source(feed, title)
    item: etree._Element = entry.rss_entry()
    for person in credit.authors(post):
        etree.SubElement(item, f"{{{_DC}}}creator").text = text.fold(person.name)
    if rights := text.fold(post.origin.rights):
        etree.SubElement(item, f"{{{_DC}}}rights").text = rights
    return item
