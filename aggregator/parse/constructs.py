"""Pure. The constructs that entries and feeds are both made of: texts, persons, links, terms (RFC 4287, 3).

Makes our values of feedparser's dictionaries, which hold strings where a document behaves and anything
where it does not. Keeps what was said as it was said; judging and resolving are `normalize`'s.
"""

from __future__ import annotations

import re
from typing import Any

from aggregator.model import EntryLink, Person, Text
from aggregator.parse.hooks import Said

_HTML = {"text/html", "application/xhtml+xml"}
_TEXT = {"text/plain", "text/markdown"}
# Content of these types is no text that could be shown (RFC 4287, 4.1.3.3); others are often just wrong.
_NO_TEXT = ("image/", "audio/", "video/", "font/", "application/octet-stream", "application/pdf")
_MAIL = re.compile(r"""[^\s<>()\[\],;:"@]+@[^\s<>()\[\],;:"@]+""")
_LONGEST_NAME = 500
_MOST_PERSONS = 50
_MOST_LINKS = 100
MOST_ENCLOSURES = 20
# Blogger's terms that say what kind of thing an entry is, not what it is about.
_KINDS = ("http://schemas.google.com/g/2005#kind", "http://schemas.google.com/blogger/2008/kind")


def string(said: Said, key: str) -> str:
    """A string, or "" where there is none.

    Past feedparser's own look-up, which answers with other keys than the one asked for.
    """
    value = dict.get(said, key)
    return value.strip() if isinstance(value, str) else ""


def dicts(said: Said, key: str) -> list[Said]:
    """The dictionaries of a list, or none."""
    value = dict.get(said, key)
    return [v for v in value if isinstance(v, dict)] if isinstance(value, list) else []


def text(said: Said, key: str, base: str, language: str) -> Text | None:
    """A text construct with its type, base and language, or None where nothing was said."""
    value = string(said, key)
    if not value:
        return None
    detail: Any = dict.get(said, f"{key}_detail")
    if isinstance(detail, dict) and string(detail, "value") == value:
        return detailed(detail, base, language)
    return Text(value, "html", base, language)


def detailed(detail: Said, base: str, language: str) -> Text | None:
    """A text construct of feedparser's `*_detail`, or None where it holds no text."""
    value = string(detail, "value")
    media_type = string(detail, "type").lower()
    if not value or media_type.startswith(_NO_TEXT):
        return None
    return Text(
        value,
        "text" if media_type in _TEXT else "html",
        string(detail, "base") or base,
        string(detail, "language") or language,
    )


def persons(said: Said) -> tuple[Person, ...]:
    """The authors, each once; who gives nothing but a mail address stays nameless and out."""
    found: dict[str, Person] = {}
    for author in dicts(said, "authors")[:_MOST_PERSONS]:
        name = without_mail(string(author, "name"))
        uri = string(author, "href")
        known = found.get(name.casefold())
        if name and (known is None or (uri and not known.uri)):
            found[name.casefold()] = Person(name, "" if "@" in uri.partition("/")[0] else uri)
    return tuple(found.values())


def without_mail(name: str) -> str:
    """A name as RSS gives it, `mail@example.org (Name)` or `Name <mail@example.org>`, without the address."""
    name = name[:_LONGEST_NAME]
    if "@" in name:
        name = _MAIL.sub("", name).removeprefix("mailto:").strip(" \t\r\n()<>,;")
    return name.strip()


def links(said: Said) -> tuple[EntryLink, ...]:
    """All links that lead somewhere, enclosures among them, in the order of the document."""
    return tuple(
        EntryLink(
            href=href,
            rel=string(link, "rel") or "alternate",
            type=string(link, "type"),
            title=string(link, "title"),
            length=string(link, "length"),
            hreflang=string(link, "hreflang"),
        )
        for link in dicts(said, "links")[:_MOST_LINKS]
        if (href := string(link, "href"))
    )


def octets(said: str) -> int | None:
    """A length in bytes; None where unknown, which RSS feeds write as 0."""
    return int(said) or None if said.isascii() and said.isdigit() and len(said) <= 15 else None


def terms(said: Said) -> tuple[str, ...]:
    """The categories by the names meant for people: an Atom label, else the term; each once."""
    found: dict[str, None] = {}
    for tag in dicts(said, "tags"):
        name = string(tag, "label") or string(tag, "term")
        if name and string(tag, "scheme") not in _KINDS:
            found[name] = None
    return tuple(found)
