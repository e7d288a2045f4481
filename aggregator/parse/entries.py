"""Pure. One item as feedparser saw it -> an `Entry`: raw strings, each in its field.

Judges nothing: no date is read, no link believed, no text cleaned here (`normalize` does that).
"""

from __future__ import annotations

from aggregator.model import Enclosure, Entry, EntryLink, FeedFacts, Text
from aggregator.parse.constructs import (
    MOST_ENCLOSURES,
    detailed,
    dicts,
    links,
    octets,
    persons,
    string,
    terms,
    text,
)
from aggregator.parse.facts import facts_of
from aggregator.parse.hooks import RawEntry, Said

_MOST_CONTENTS = 20


def entry_of(raw: RawEntry, position: int) -> Entry:
    """The item at `position` (from 0) of its document."""
    said = raw.said
    every_link = links(said)
    others = tuple(link for link in every_link if link.rel != "enclosure")
    language = string(said, "language") or raw.language
    return Entry(
        position=position,
        guid=string(said, "id"),
        permalink=raw.permalink,
        title=_title(said, raw.base, language),
        link=_link(said, others),
        links=others,
        authors=persons(said),
        publisher=string(said, "dc_publisher"),
        terms=terms(said),
        published=string(said, "published") or string(said, "created"),
        updated=string(said, "updated"),
        summary=_summary(said, raw.base, language),
        contents=_contents(said, raw.base, language),
        enclosures=_enclosures(said, every_link),
        language=language,
        base=raw.base,
        source=_source(said),
    )


def _title(said: Said, base: str, language: str) -> Text | None:
    """Its title; a podcast may give none but Apple's, which is plain text."""
    apple = string(said, "itunes_title")
    return text(said, "title", base, language) or (Text(apple, "text", base, language) if apple else None)


def _link(said: Said, others: tuple[EntryLink, ...]) -> str:
    """The article: what FeedBurner says it wraps, else the first alternate that is a page, else any."""
    original = string(said, "feedburner_origlink")
    alternates = [link for link in others if link.rel == "alternate"]
    pages = [link for link in alternates if not link.type or "html" in link.type]
    for link in (*pages, *alternates):
        return original or link.href
    return original or string(said, "link")


def _summary(said: Said, base: str, language: str) -> Text | None:
    """The item's own summary; feedparser also puts a copy of the content there, which has no detail."""
    detail = dict.get(said, "summary_detail")
    if isinstance(detail, dict):
        own = detailed(detail, base, language)
        if own is not None:
            return own
    for stand_in in ("itunes_summary", "subtitle", "media_description"):
        value = string(said, stand_in)
        if value:
            markup = stand_in == "itunes_summary" and "<" in value
            return Text(value, "html" if markup else "text", base, language)
    return None


def _contents(said: Said, base: str, language: str) -> tuple[Text, ...]:
    found = (detailed(detail, base, language) for detail in dicts(said, "content")[:_MOST_CONTENTS])
    return tuple(content for content in found if content is not None)


def _enclosures(said: Said, every_link: tuple[EntryLink, ...]) -> tuple[Enclosure, ...]:
    """Its enclosures, or where there are none the audio and video of Media RSS; each URL once."""
    found: dict[str, Enclosure] = {}
    for link in every_link:
        if link.rel == "enclosure":
            found.setdefault(link.href, Enclosure(link.href, link.type, octets(link.length), link.title))
    if not found:
        for media in dicts(said, "media_content"):
            url, media_type = string(media, "url"), string(media, "type").lower()
            kind = string(media, "medium").lower() or media_type.partition("/")[0]
            if url and kind in ("audio", "video"):
                found.setdefault(url, Enclosure(url, media_type, octets(string(media, "filesize"))))
    return tuple(found.values())[:MOST_ENCLOSURES]


def _source(said: Said) -> FeedFacts | None:
    """Its atom:source, or its RSS <source url="FEED">TITLE</source>."""
    source = dict.get(said, "source")
    if not isinstance(source, dict):
        return None
    facts = facts_of(source)
    return facts if facts != FeedFacts() else None
