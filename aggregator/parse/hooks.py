"""Pure. What feedparser's parsers do differently for us, and what they bring home.

Mixed into both of its parsers by `feed`. The hooks keep what feedparser resolves, lumps together or loses
(guids as written, permalinks, stated types, every skipHours), bound what it is quadratic in (attributes,
categories, mail addresses), and keep a fault in one entry from costing the document.
Imports nothing of feedparser and judges nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from aggregator.model import DeletedEntry

Said: TypeAlias = dict[str, Any]
"""One of feedparser's dictionaries. A value may be of any type: unknown elements land in it too."""

_TAG = re.compile(r"<\w[^<>]*>")

# Elements of dcterms that say what those of the older namespace of the same names do.
_DUBLIN_CORE = {"creator", "date", "description", "language", "publisher", "rights", "subject", "title"}

MOST_ENTRIES = 5_000
MOST_ATTRIBUTES = 64
MOST_TERMS = 200
_MOST_HOURS = 100


@dataclass(slots=True)
class RawEntry:
    """One item, with what feedparser's dictionary does not say of it."""

    said: Said
    base: str = ""  # in force at its start (xml:base)
    language: str = ""  # likewise (xml:lang)
    permalink: bool = False
    closed: bool = False  # its end was seen
    fault: str = ""  # what feedparser stumbled over inside it


@dataclass(slots=True)
class RawFeed:
    """A document as feedparser read it."""

    version: str = ""
    is_feed: bool = False  # it has the root or the channel of a feed, maybe without entries
    said: Said = field(default_factory=dict)
    entries: list[RawEntry] = field(default_factory=list)
    skip_hours: list[str] = field(default_factory=list)
    skip_days: list[str] = field(default_factory=list)
    deleted: list[DeletedEntry] = field(default_factory=list)
    capped: bool = False  # there were more than `MOST_ENTRIES`
    ill_formed: str = ""  # why it is no XML, in words
    broken_off: bool = False  # ... and its end is missing
    fault: str = ""  # what ended even the loose reading


class Enough(Exception):
    """No fault: ends the parsing of more entries than we want."""


_Feedparser: Any = object  # in truth one of its parsers stands behind us, and it is untyped


class Hooks(_Feedparser):  # type: ignore[misc]
    """What both parsers do differently here; mixed in before feedparser's own classes."""

    def __init__(self, *args: Any) -> None:
        self.result = RawFeed()
        super().__init__(*args)

    # -- one entry's fault stays its own ---------------------------------------------------------

    def unknown_starttag(self, tag: str, attrs: list[tuple[str, str]]) -> Any:
        try:
            return super().unknown_starttag(self._known_as(tag), attrs[:MOST_ATTRIBUTES])
        except (Enough, MemoryError):
            raise
        except Exception as fault:  # noqa: BLE001 - handlers fall over values that other elements put in place
            self._stumbled(tag, fault)

    def unknown_endtag(self, tag: str) -> None:
        try:
            super().unknown_endtag(self._known_as(tag))
        except MemoryError:
            raise
        except Exception as fault:  # noqa: BLE001 - see above
            self._stumbled(tag, fault)

    def _known_as(self, tag: str) -> str:
        prefix, _, name = tag.partition(":")
        is_old = name in _DUBLIN_CORE and self.namespacemap.get(prefix, prefix) == "dcterms"
        return f"dc:{name}" if is_old else tag

    def _stumbled(self, tag: str, fault: Exception) -> None:
        if self.inentry and self.result.entries:
            self.result.entries[-1].fault = f"<{tag}>: {type(fault).__name__}"
        self.incontent = 0  # else all that follows were content of this element
        self.contentparams.clear()

    # -- entries ---------------------------------------------------------------------------------

    def _start_item(self, attrs: dict[str, str]) -> None:
        if len(self.entries) >= MOST_ENTRIES:
            self.result.capped = True
            raise Enough
        super()._start_item(attrs)
        self.result.entries.append(RawEntry(self.entries[-1], self.baseuri or "", self.lang or ""))

    _start_entry = _start_item

    def _end_item(self) -> None:
        super()._end_item()
        if self.result.entries:
            self.result.entries[-1].closed = True

    _end_entry = _end_item

    def _start_guid(self, attrs: dict[str, str]) -> None:
        super()._start_guid(attrs)
        self.guidislink = 0  # as written: neither resolved nor made the link, which has its own field
        if self.inentry and not self.insource:
            says = attrs.get("ispermalink", "true")
            self.result.entries[-1].permalink = says.strip().lower() == "true"

    def _start_id(self, attrs: dict[str, str]) -> None:
        super()._start_id(attrs)
        self.guidislink = 0  # an atom:id never is a link (RFC 4287, 4.2.6)

    def _start_link(self, attrs: dict[str, str]) -> None:
        stated = "type" in attrs
        before = len(_list(self._get_context(), "links"))
        super()._start_link(attrs)
        links = _list(self._get_context(), "links")
        if not stated and len(links) > before:
            links[-1].pop("type", None)  # feedparser's default

    def _start_enclosure(self, attrs: dict[str, str]) -> None:
        super()._start_enclosure(attrs)
        links = _list(self._get_context(), "links")
        if links and isinstance(links[-1].get("href"), str):
            links[-1]["href"] = self.resolve_uri(links[-1]["href"])

    def _start_media_content(self, attrs: dict[str, str]) -> None:
        if "url" in attrs:
            attrs["url"] = self.resolve_uri(attrs["url"])
        super()._start_media_content(attrs)

    def _add_tag(self, term: Any, scheme: Any, label: Any) -> None:
        if len(_list(self._get_context(), "tags")) < MOST_TERMS:
            super()._add_tag(term, scheme, label)

    def _end_author(self) -> None:
        said = self.pop("author")
        self.inauthor = 0
        authors = _list(self._get_context(), "authors")
        if authors and said and "name" not in authors[-1]:
            authors[-1]["name"] = said  # RSS, Dublin Core: plain text, maybe with a mail address

    _end_managingeditor = _end_author

    def _save_author(self, key: str, value: str, prefix: str = "author") -> None:
        if prefix == "author":
            super()._save_author(key, value)
        elif key == "name":  # <itunes:owner>, who would take the place of the last author
            self._get_context()["itunes_owner"] = value

    def _sync_author_detail(self, key: str = "author") -> None:
        """Left out: in quadratic time it cuts names to pieces whose mail has a long top-level domain."""

    # -- elements that feedparser lumps together, or keeps the last of ----------------------------

    def _aside(self, name: str) -> None:
        """Keep the text of an element under a name of its own."""
        self.push(name, 1)

    def _start_dc_publisher(self, attrs: dict[str, str]) -> None:
        self._aside("dc_publisher")  # not <webMaster>, whom feedparser calls publisher too

    def _start_media_description(self, attrs: dict[str, str]) -> None:
        self._aside("media_description")  # mostly a caption, which would pass for the entry's content

    def _start_itunes_summary(self, attrs: dict[str, str]) -> None:
        self._aside("itunes_summary")

    def _end_dc_publisher(self) -> None:
        self.pop("dc_publisher")

    def _end_media_description(self) -> None:
        self.pop("media_description")

    def _end_itunes_summary(self) -> None:
        self.pop("itunes_summary")

    def _end_hour(self) -> None:
        self._collect("hour", self.result.skip_hours)

    def _end_day(self) -> None:
        self._collect("day", self.result.skip_days)

    def _collect(self, name: str, into: list[str]) -> None:
        value = self.pop(name)
        if not self.inentry and isinstance(value, str) and len(into) < _MOST_HOURS:
            into.append(value)

    # Dates stay text: feedparser's reading of them is wrong in ways that cannot be seen afterwards.

    def _end_published(self) -> None:
        self.pop("published")

    def _end_updated(self) -> None:
        self.pop("updated")

    def _end_created(self) -> None:
        self.pop("created")

    def _end_expirationdate(self) -> None:
        self.pop("expired")

    _end_issued = _end_pubdate = _end_published
    _end_modified = _end_lastbuilddate = _end_updated

    def looks_like_html(self, text: str) -> bool:
        """Whether what RSS leaves open is markup: also where a tag is not closed, but all tags are HTML's."""
        return bool(super().looks_like_html(f"{text}</p>" if _TAG.search(text) else text))

    # -- what kind of document it is --------------------------------------------------------------

    def _start_channel(self, attrs: dict[str, str]) -> None:
        self.result.is_feed = True
        super()._start_channel(attrs)

    def _start_feed(self, attrs: dict[str, str]) -> None:
        self.result.is_feed = True
        super()._start_feed(attrs)

    def _start_rss(self, attrs: dict[str, str]) -> None:
        self.result.is_feed = True
        super()._start_rss(attrs)


def _list(context: Said, key: str) -> list[Any]:
    value = dict.get(context, key)
    return value if isinstance(value, list) else []
