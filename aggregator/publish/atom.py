"""Pure. Stories to an Atom document (RFC 4287): the only file that knows feedgen.

The same arguments give the same bytes: every date is handed in, and nothing is read from a clock or a
locale. feedgen 1.0 loses the attributes of an entry's links, cannot write a whole atom:source, and gives up
a document for one bad entry (lkiesow/python-feedgen issues 135 and 143); so each entry is built by itself,
mended in an extension, and put into the document as it was written. One that cannot be is left out and named.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from feedgen.entry import FeedEntry
from feedgen.ext.base import BaseEntryExtension, BaseExtension
from feedgen.feed import FeedGenerator
from lxml import etree

from aggregator.model import (
    Category,
    Document,
    Enclosure,
    Output,
    Person,
    Post,
    PostId,
    Shown,
    Site,
    SiteIdentity,
    Slug,
    SourceInfo,
    Tombstone,
)
from aggregator.publish import credit, paths
from aggregator.publish.entries import Entry, written
from aggregator.publish.words import Words, tag, words_for
from aggregator.syntax import text
from aggregator.syntax.dates import rfc3339

MEDIA_TYPE = "application/atom+xml; charset=utf-8"
FILE = "feed.atom"
TOMBSTONES = "http://purl.org/atompub/tombstones/1.0"
"""The namespace of `at:deleted-entry` (RFC 6721, 2)."""
HISTORY = "http://purl.org/syndication/history/1.0"
"""The namespace of `fh:archive` (RFC 5005, 4)."""
_END = b"</feed>\n"
_UPDATED, _UPDATED_END = b"<updated>", b"</updated>"
_FEW = 20
"""Tombstones at most with which what stands around entries is kept: many would be kept anew with each one."""
GENERATOR = "aggregator"  # without a version: an upgrade is no change of a document

_LOG = logging.getLogger(__name__)
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_TYPE = re.compile(r"[\w!#$&^.+-]{1,127}/[\w!#$&^.+-]{1,127}", re.ASCII)  # RFC 6838, 4.2
_ORDER = ("title", "id", "published", "updated", "author", "category", "content", "summary")
_Attributes = dict[str, str]


@dataclass(frozen=True, slots=True)
class Refused:
    """An entry that could not be written, and why."""

    id: PostId
    reason: str


@dataclass(frozen=True, slots=True)
class Rendered:
    """A document, and what had to be left out of it."""

    document: Document
    refused: tuple[Refused, ...] = ()


def feed(
    category: Category | None,
    entries: Sequence[Entry],
    *,
    site: Site,
    output: Output,
    identity: SiteIdentity,
    categories: Mapping[Slug, Category],
    updated: datetime,
    tombstones: Sequence[Tombstone] = (),
    number: int | None = None,
    previous: int | None = None,
    hub: str = "",
) -> Rendered:
    """The subscription document of a category, or (None) of everything, with the entries in the given order.

    `tombstones` stand before the entries, as the grammar of RFC 4287 wants whatever is none of its own, and
    without those of entries that are in it.

    With a `number`, that archive of the category: a document of the same feed, under the same id (RFC 5005,
    4). `previous` is the archive that comes before, if any does. An archive does not name the one after it,
    which RFC 5005 leaves open: so its bytes change only with what is in it.

    `categories` gives the titles of all categories that entries may be in; `updated` is the document's own;
    `hub` is the URL of the WebSub hub that tells of its changes, if any.
    Raises `ValueError` for a naive `updated`; a bad entry is in `refused` and in the log, never an error.
    """
    scope = paths.scope_of(category)
    language = (tag(category.language) if category else "") or tag(site.language) or "en"
    writer = _EntryWriter(output, words_for(site.language), language, paths.scheme(identity), categories)
    given = Given(writer.given(), categories)
    pieces, left_out = written(entries, "atom", given, writer.written)
    for id, reason in left_out:
        _LOG.warning("left out of %s%s: %s: %s", paths.folder(scope), FILE, id, reason)
    own = paths.label(category.slug, category.title) if category else site.title
    page, subscribed = paths.folder(scope), paths.folder(scope) + FILE
    document = paths.archive(category.slug, number) if category and number is not None else subscribed
    links = {"self": document}
    if document != subscribed:
        links["current"] = subscribed
    if category and previous is not None:
        links["prev-archive"] = paths.archive(category.slug, previous)
    there = {entry.id for entry in entries} if tombstones else ()
    have_gone = tuple([gone for gone in tombstones if gone.id not in there])
    around = _around if len(have_gone) <= _FEW else _around.__wrapped__
    head, rest, end = around(
        paths.feed_id(identity, scope),
        text.fold(own) or "Feeds",
        text.fold(site.author) or text.fold(site.title) or "Feeds",
        language,
        text.fold(category.description) if category else "",
        (
            *((rel, paths.address(site, path), "application/atom+xml") for rel, path in links.items()),
            ("alternate", paths.address(site, page), "text/html"),
            *([("hub", hub, "")] if hub else []),
        ),
        document != subscribed,
        have_gone,
    )
    body = b"".join((head, rfc3339(_instant(updated)).encode(), rest, *pieces, end))
    return Rendered(Document(document, MEDIA_TYPE, body), tuple([Refused(*one) for one in left_out]))


@lru_cache(maxsize=256)
def _around(
    id: str,
    title: str,
    author: str,
    language: str,
    subtitle: str,
    links: tuple[tuple[str, str, str], ...],
    archive: bool,
    tombstones: tuple[Tombstone, ...],
) -> tuple[bytes, bytes, bytes]:
    """What stands around the entries: up to the date of `updated`, from there to the first entry, the end.

    Kept, since of all that only the date is another one each time that a post comes.
    """
    head = FeedGenerator()
    head.register_extension("ours", _FeedExtension, None, rss=False)
    head.id(id)
    head.title(title)
    head.author({"name": author})
    for rel, href, type in links:
        head.link({"href": href, "rel": rel, "type": type} if type else {"href": href, "rel": rel})
    head.generator(GENERATOR)
    head.language(language)
    if subtitle:
        head.subtitle(subtitle)
    head.ours.archive, head.ours.tombstones = archive, tombstones
    body, end, _ = head.atom_str(pretty=True).rpartition(_END)
    # Of feedgen's own: no text holds a tag, and of what bears dates nothing stands before it.
    before, tag, dated = body.partition(_UPDATED)
    _, tag_behind, behind = dated.partition(_UPDATED_END)
    return before + tag, tag_behind + behind, end


class _FeedExtension(BaseExtension):  # type: ignore[misc]  # feedgen has no types
    """Puts tombstones into the feed. Entries follow as they were written."""

    archive: bool = False
    tombstones: Sequence[Tombstone] = ()

    def extend_ns(self) -> dict[str, str]:
        return ({"fh": HISTORY} if self.archive else {}) | ({"at": TOMBSTONES} if self.tombstones else {})

    def extend_atom(self, feed: etree._Element) -> etree._Element:
        if self.archive:
            etree.SubElement(feed, f"{{{HISTORY}}}archive")
        for gone in self.tombstones:
            attributes = {"ref": text.clean(gone.id), "when": rfc3339(gone.when)}
            etree.SubElement(feed, f"{{{TOMBSTONES}}}deleted-entry", attributes)
        return feed


class _EntryExtension(BaseEntryExtension):  # type: ignore[misc]  # feedgen has no types
    """Gives an entry its links, languages and source, and its children the order of DESIGN section 6."""

    language: str = ""
    published: str = ""
    updated: str = ""
    alternate: _Attributes | None = None
    others: Sequence[_Attributes] = ()
    source: SourceInfo | None = None

    def extend_atom(self, entry: etree._Element) -> etree._Element:
        by_name: dict[str, list[etree._Element]] = {name: [] for name in _ORDER}
        for element in entry:
            if element.tag in by_name:  # links are written anew: feedgen loses their attributes
                by_name[element.tag].append(element)
        by_name["published"][0].text, by_name["updated"][0].text = self.published, self.updated
        for body in by_name["content"] + by_name["summary"]:
            body.set(_LANG, self.language)
        # feedgen's tree knows no namespaces (xmlns is an attribute of the root), so neither do our elements.
        entry[:] = by_name.pop("title")
        if self.alternate:
            etree.SubElement(entry, "link", self.alternate)
        for elements in by_name.values():
            entry.extend(elements)
        for attributes in self.others:
            etree.SubElement(entry, "link", attributes)
        if self.source is not None:
            _put_source(entry, self.source, self.updated)
        entry.set(_LANG, self.language)
        return entry


@dataclass(frozen=True, slots=True)
class _EntryWriter:
    """What all entries of a document have in common."""

    output: Output
    words: Words
    language: str  # where an entry has none
    scheme: str
    categories: Mapping[Slug, Category]

    def given(self) -> int:
        """What stands for all that entries are made with beside themselves and their categories' titles."""
        return hash((self.output.credit, self.words.language, self.language, self.scheme))

    def written(self, shown: Shown) -> bytes:
        """One entry as it stands in a document."""
        around = etree.Element("feed")
        around.append(self.element(shown))
        lines = etree.tostring(around, pretty_print=True, encoding="UTF-8", xml_declaration=False)
        return lines.removeprefix(b"<feed>\n").removesuffix(_END)

    def element(self, shown: Shown) -> etree._Element:
        """One entry. Raises what feedgen and lxml raise for values that they do not write."""
        post = shown.post
        entry = FeedEntry()
        entry.register_extension("ours", _EntryExtension, rss=False)
        entry.id(text.clean(post.id))
        entry.title(credit.title(post, self.output, self.words))
        entry.published(_instant(post.published))
        entry.updated(_instant(post.updated))
        for person in credit.authors(post):
            entry.author(_person(person))
        for term, ours, label in labelled(post, self.categories):
            entry.category({"term": term, "scheme": self.scheme, "label": label} if ours else {"term": term})
        html = credit.body(shown, self.output, self.words)
        alternate = _link(post.link, "alternate", type="text/html")
        # Without an alternate link an entry must have content (RFC 4287, 4.1.2).
        if post.republish == "full" or not alternate:
            entry.content(html, type="html")
        else:
            entry.link(alternate.copy())  # so that feedgen sees one: it is written anew with the others
            entry.summary(html, type="html")
        ours = entry.ours
        ours.language = tag(post.language) or self.language
        ours.published, ours.updated = rfc3339(post.published), rfc3339(post.updated)
        ours.alternate = alternate
        ours.others = _other_links(shown)
        ours.source = post.origin
        built: etree._Element = entry.atom_entry()
        return built


class Given(dict[tuple[Slug, ...], Hashable]):
    """What entries are written with beside themselves, by the categories that they are in.

    Of these it is what `labelled` takes of them; most entries of a document are in the same.
    """

    def __init__(self, first: Hashable, categories: Mapping[Slug, Category]) -> None:
        """`first`: what stands for all that entries are made with beside that."""
        self._first, self._categories = first, categories

    def __missing__(self, slugs: tuple[Slug, ...]) -> Hashable:
        known = self._categories
        titles = tuple([known[slug].title if slug in known else None for slug in slugs])
        self[slugs] = found = self._first, titles
        return found


def labelled(post: Post, categories: Mapping[Slug, Category]) -> list[tuple[str, bool, str]]:
    """What a post is filed under: terms, whether they are categories of ours, and labels; its tags last."""
    found: dict[tuple[str, bool], str] = {}
    for slug in post.categories:
        known = categories.get(slug)
        found[slug, True] = text.fold(known.title if known else "") or slug
    for raw in post.tags:
        if term := text.fold(raw):
            found[term, False] = term
    return [(term, ours, label) for (term, ours), label in found.items()]


def media_type(file: Enclosure) -> str:
    """The media type that a source gives for a file, where it is one; else empty."""
    return file.type if _TYPE.fullmatch(file.type) else ""


def _instant(moment: datetime) -> datetime:
    if moment.utcoffset() is None:
        raise ValueError(f"a date without a time zone: {moment}")
    return moment.astimezone(UTC)


def _person(person: Person) -> dict[str, str]:
    return {"name": person.name, "uri": person.uri} if person.uri else {"name": person.name}


def _link(href: str, rel: str, **attributes: str) -> _Attributes | None:
    """A link's attributes without the empty ones; None where it leads nowhere that a reader may go."""
    if not paths.followed(href):
        return None
    return {"rel": rel, "href": href, **{name: value for name, value in attributes.items() if value}}


def _other_links(shown: Shown) -> list[_Attributes]:
    found = [_link(member.link, "via", title=text.fold(member.origin.title)) for member in shown.also_in]
    for file in shown.post.enclosures:
        found.append(
            _link(
                file.url,
                "enclosure",
                type=media_type(file),
                length=str(file.length) if file.length is not None and file.length >= 0 else "",
                title=text.fold(file.title),
            )
        )
    return list({tuple(link.items()): link for link in found if link}.values())


def _put_source(entry: etree._Element, origin: SourceInfo, fallback: str) -> None:
    """atom:source (RFC 4287, 4.2.11): what the feed says of itself, so that an entry can be traced."""
    source = etree.SubElement(entry, "source")
    for name, value in (
        ("id", text.clean(origin.id)),
        ("title", text.fold(origin.title)),
        ("updated", rfc3339(origin.updated) if origin.updated else fallback),
    ):
        if value:
            etree.SubElement(source, name).text = value
    for link in (
        _link(origin.home, "alternate", type="text/html"),
        _link(origin.feed, "self"),
        _link(origin.license, "license"),
    ):
        if link:
            etree.SubElement(source, "link", link)
    if rights := text.fold(origin.rights):
        etree.SubElement(source, "rights").text = rights
