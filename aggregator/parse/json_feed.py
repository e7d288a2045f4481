"""Pure. JSON text -> what a JSON Feed says, versions 1.0 and 1.1 (jsonfeed.org/version/1 and /version/1.1).

feedparser's releases read none, so this reader is our own. Any value may stand in any place: one of a wrong
type says nothing, and a number is taken as the text that it is written as, since generators forget quotes
(`"id": 17`, `"tags": [2026]`). What is no JSON is not read in part, as the specification asks.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from aggregator.model import (
    Enclosure,
    Entry,
    EntryLink,
    FeedFacts,
    Parsed,
    Person,
    Text,
    Unreadable,
    UnreadEntry,
)
from aggregator.parse.charset import xml_characters
from aggregator.parse.constructs import MOST_ENCLOSURES, octets, persons, string
from aggregator.parse.facts import hubs_of, older_of
from aggregator.parse.hooks import MOST_ENTRIES, MOST_TERMS, Said

_NO_FEED = "JSON, but not a JSON Feed"
_HUBS = {"websub", "pubsubhubbub"}  # others (rssCloud) speak another protocol
_LOOKED_AT = 20  # items, for what a document without a version is


def read(text: str, url: str) -> Parsed | Unreadable:
    """Read a document that begins like JSON; `url` is where it came from. Linear, and never raises."""
    try:
        document, end = _DECODER.raw_decode(text)
    except json.JSONDecodeError as error:
        return Unreadable(f"broken JSON, not a feed: {error.msg}, line {error.lineno}")
    except RecursionError:
        return Unreadable("JSON that is nested too deeply, not a feed")
    if not isinstance(document, dict):
        return Unreadable(_NO_FEED)
    version = string(document, "version").lower()
    declared = "jsonfeed.org" in version
    items = document.get("items")
    if not isinstance(items, list):
        return Unreadable("a JSON Feed without a list of items" if declared else _NO_FEED)
    if not declared and not any(_is_item(item) for item in items[:_LOOKED_AT]):
        return Unreadable(_NO_FEED)
    facts = _facts(document)
    entries, unread = _entries(items[:MOST_ENTRIES], url)
    repairs = (
        (not declared, "it does not say that it is a JSON Feed"),
        (bool(text[end:].strip()), "text after the document ignored"),
        (len(items) > MOST_ENTRIES, f"only the first {MOST_ENTRIES:,} entries are read"),
        (document.get("expired") is True, "the feed says that it is finished (expired)"),
    )
    return Parsed(
        facts=facts,
        entries=entries,
        unread=unread,
        hubs=hubs_of(facts),
        older=older_of(facts, url),
        # Later versions only add (jsonfeed.org/version/1.1, "Future Compatibility").
        format="json1" if version.rstrip("/").endswith(("/1", "/1.0")) else "json11",
        repairs=tuple(words for found, words in repairs if found),
    )


def _is_item(item: object) -> bool:
    """Whether it can only be an item of a JSON Feed: `items` with ids and URLs are in many an API."""
    return isinstance(item, dict) and any(
        string(item, name) and any(string(item, text) for text in ("content_html", "content_text"))
        for name in ("id", "url")
    )


def _facts(document: Said) -> FeedFacts:
    """`feed_url` is the feed's id too, as rel=self is one where there is no other; there is no date."""
    language = string(document, "language")
    links = [
        EntryLink(href, rel=rel, type=media_type)
        for key, rel, media_type in (
            ("home_page_url", "alternate", "text/html"),
            ("feed_url", "self", "application/feed+json"),
            ("next_url", "next", "application/feed+json"),
        )
        if (href := string(document, key))
    ]
    for hub in _objects(document.get("hubs")):
        if string(hub, "type").lower() in _HUBS and (href := string(hub, "url")):
            links.append(EntryLink(href, rel="hub"))
    return FeedFacts(
        title=_text(document, "title", "text", "", language),
        links=tuple(links),
        language=language,
        authors=_authors(document),
    )


def _entries(items: Sequence[object], url: str) -> tuple[tuple[Entry, ...], tuple[UnreadEntry, ...]]:
    entries: list[Entry] = []
    unread: list[UnreadEntry] = []
    for position, item in enumerate(items):
        if isinstance(item, dict):
            entries.append(_entry(item, position, url))
        else:
            unread.append(UnreadEntry(position, "an item that is no JSON object"))
    return tuple(entries), tuple(unread)


def _entry(item: Said, position: int, base: str) -> Entry:
    """The item at `position`, from 0.

    The specification would have an item without `id` discarded; such feeds exist, and their posts are known
    by their link as those of an RSS without guids. `image` and `banner_image` are left out like the
    thumbnails of Media RSS: a post has no field for a picture that is beside its content.
    """
    language = string(item, "language")
    page, elsewhere = string(item, "url"), string(item, "external_url")
    links = ((page, "alternate"), (elsewhere, "related"))
    contents = (
        _text(item, "content_html", "html", base, language),
        _text(item, "content_text", "text", base, language),
    )
    return Entry(
        position=position,
        guid=string(item, "id"),
        permalink=True,  # "ideally, the id is the full URL of the resource"; a link goes before it
        title=_text(item, "title", "text", base, language),
        link=page or elsewhere,
        links=tuple(EntryLink(href, rel=rel) for href, rel in links if href),
        authors=_authors(item),
        terms=_tags(item),
        published=string(item, "date_published"),
        updated=string(item, "date_modified"),
        summary=_text(item, "summary", "text", base, language),
        contents=tuple(content for content in contents if content is not None),
        enclosures=_attachments(item),
        language=language,
        base=base,
    )


def _text(said: Said, key: str, kind: Any, base: str, language: str) -> Text | None:
    value = string(said, key)
    return Text(value, kind, base, language) if value else None


def _authors(said: Said) -> tuple[Person, ...]:
    """`authors`, else the `author` of version 1.0; either may hold a list, an object or a mere name."""
    for key in ("authors", "author"):
        value = said.get(key)
        named = [value] if isinstance(value, str) else value if isinstance(value, list) else []
        people = [
            {"name": string(author, "name"), "href": string(author, "url")} for author in _objects(value)
        ]
        people += [{"name": name} for name in named if isinstance(name, str)]
        found = persons({"authors": people})
        if found:
            return found
    return ()


def _tags(item: Said) -> tuple[str, ...]:
    tags = item.get("tags")
    listed = tags if isinstance(tags, list) else [tags]
    said = (tag.strip() for tag in listed[:MOST_TERMS] if isinstance(tag, str))
    return tuple(dict.fromkeys(tag for tag in said if tag))


def _attachments(item: Said) -> tuple[Enclosure, ...]:
    """Each URL once."""
    found: dict[str, Enclosure] = {}
    for attachment in _objects(item.get("attachments")):
        if (url := string(attachment, "url")) and len(found) < MOST_ENCLOSURES:
            length = octets(string(attachment, "size_in_bytes"))
            media_type, title = string(attachment, "mime_type"), string(attachment, "title")
            found.setdefault(url, Enclosure(url, media_type, length, title))
    return tuple(found.values())


def _objects(value: object) -> list[Said]:
    """The objects of a list; an object that stands alone where a list should be is one too."""
    listed = value if isinstance(value, list) else [value]
    return [one for one in listed if isinstance(one, dict)]


def _object(pairs: list[tuple[str, Any]]) -> Said:
    """An object whose strings, and those of its lists, hold what XML can hold; of equal keys the last counts.

    Escapes make control characters and lone surrogates that no look at the text could see.
    """
    return {key: [_mended(one) for one in v] if isinstance(v, list) else _mended(v) for key, v in pairs}


def _mended(value: Any) -> Any:
    return xml_characters(value) if isinstance(value, str) else value


def _nothing(_constant: str) -> None:
    """NaN and Infinity, which JSON does not have."""


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_int=str,  # as written: 1 and 1.0 are two ids, and an int of very many digits is refused
    parse_float=str,
    parse_constant=_nothing,
    strict=False,  # line breaks inside strings
)
