"""Pure. What a source said: raw strings, before any judgement."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal


@dataclass(frozen=True, slots=True)
class Person:
    """An author. Plain text; an address for mail is never kept."""

    name: str
    uri: str = ""


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A file that belongs to an entry (RFC 4287, 4.2.7.2; RSS <enclosure>)."""

    url: str
    type: str = ""
    length: int | None = None
    title: str = ""


@dataclass(frozen=True, slots=True)
class Text:
    """A text construct as it came: what it is (`text`, `html`), and the base and language in force."""

    value: str
    type: Literal["text", "html"] = "html"
    base: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class EntryLink:
    """A link of an entry or feed, as it came."""

    href: str
    rel: str = "alternate"
    type: str = ""
    title: str = ""
    length: str = ""
    hreflang: str = ""


@dataclass(frozen=True, slots=True)
class FeedFacts:
    """What a document says of the feed itself, or an entry's atom:source of the feed it came from: raw."""

    id: str = ""
    title: Text | None = None
    links: tuple[EntryLink, ...] = ()
    updated: str = ""
    language: str = ""
    rights: str = ""
    license: str = ""
    authors: tuple[Person, ...] = ()
    publisher: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One item as the source said it, before any judgement. All strings are raw."""

    position: int  # in the document, from 0
    guid: str = ""  # as written, not resolved
    permalink: bool = False  # the guid says that it is the link (RSS isPermaLink)
    title: Text | None = None
    link: str = ""
    links: tuple[EntryLink, ...] = ()  # all but enclosures, the alternate ones too
    authors: tuple[Person, ...] = ()
    publisher: str = ""
    terms: tuple[str, ...] = ()
    published: str = ""
    updated: str = ""
    summary: Text | None = None
    contents: tuple[Text, ...] = ()
    enclosures: tuple[Enclosure, ...] = ()
    language: str = ""
    base: str = ""
    source: FeedFacts | None = None  # its own atom:source or RSS <source>


@dataclass(frozen=True, slots=True)
class UnreadEntry:
    """An entry that could not become a post, and why."""

    position: int
    reason: str


@dataclass(frozen=True, slots=True)
class DeletedEntry:
    """A tombstone as it came (RFC 6721, 3)."""

    ref: str
    when: str = ""
    comment: str = ""


@dataclass(frozen=True, slots=True)
class BodyHints:
    """What the document said about when to come back."""

    ttl: timedelta | None = None  # RSS <ttl>
    period: timedelta | None = None  # sy:updatePeriod over sy:updateFrequency
    skip_hours: frozenset[int] = frozenset()  # 0 to 23, UTC
    skip_days: frozenset[int] = frozenset()  # 0 is Monday


@dataclass(frozen=True, slots=True)
class Parsed:
    """One body as entries, nothing judged."""

    facts: FeedFacts
    entries: tuple[Entry, ...]
    hints: BodyHints = field(default_factory=BodyHints)
    unread: tuple[UnreadEntry, ...] = ()
    hubs: tuple[str, ...] = ()
    older: str = ""  # absolute URL of its prev-archive or next page (RFC 5005)
    deleted: tuple[DeletedEntry, ...] = ()
    format: str = ""  # feedparser's name for it: rss20, atom10, ...
    repairs: tuple[str, ...] = ()  # what had to be mended, for `check --live` and `status`
    # Of each item that stands in the document, also of those that were left out as known; () where unknown.
    digests: tuple[str, ...] = ()
    left_out: tuple[int, ...] = ()  # positions
    context: str = ""  # digest of what the document says of the feed, as far as it can show in entries
    whole: str = ""  # why nothing was left out although there were known items


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A body that is no feed, and why; `feeds` are those that an HTML page links to."""

    reason: str
    feeds: tuple[str, ...] = ()
    ours: bool = False  # this machine failed, not the body: the same bytes are to be tried again
