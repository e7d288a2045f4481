"""What a series of raw feed files says by itself, read by feedparser as it comes: which entries are one, and
which of them have changed for a reader. Knows nothing of the aggregator, so that it can be held against it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import feedparser

HOST = re.compile(r"^https?://[^/?#]*", re.IGNORECASE)
TRACKER = re.compile(r"(?<=[?&])utm_[^&#]*&?")
# Elements that a reader can tell from their absence; those that begin a line of their own.
LINES = frozenset({
    "p", "br", "div", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "pre", "table",
    "tr", "td", "th", "hr", "figure",
})  # fmt: skip
WORDS = frozenset({
    "em", "i", "b", "strong", "code", "a", "img", "video", "audio", "source", "sub", "sup", "del", "s", "u",
})  # fmt: skip
PICTURE = re.compile(r"<(?:img|video|audio|source)\b[^>]*>")


class _Seen(HTMLParser):
    """What a reader sees of HTML: words, what they are set as, what is shown or linked to."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._verbatim = 0

    def handle_data(self, data: str) -> None:
        self.parts.append(data.translate({32: "␠", 10: "␤"}) if self._verbatim else data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._verbatim += tag == "pre"
        if tag in LINES:
            self.parts.append(f" \0{tag}\0 ")
        elif tag in WORDS:
            urls = (TRACKER.sub("", value) for name, value in attrs if name in ("src", "href") and value)
            self.parts.append(f"<{' '.join((tag, *urls))}>")

    def handle_endtag(self, tag: str) -> None:
        self._verbatim -= tag == "pre" and self._verbatim > 0
        if tag in WORDS:
            self.parts.append(f"</{tag}>")
        elif tag in LINES:
            self.parts.append(" ")


def seen_of(markup: str) -> str:
    """A text as it is seen: white space that HTML folds or that stands at the edge of a line is left out."""
    reader = _Seen()
    reader.feed(markup)
    reader.close()
    return re.sub(r" ?(\0\w+\0) ?", r"\1", " ".join("".join(reader.parts).split()))


@dataclass(frozen=True)
class Raw:
    """An entry as feedparser gives it, made ready for comparing."""

    position: int
    guid: str
    link: str
    title: str
    seen: tuple[tuple[str, Any], ...]  # what a reader sees, by name
    said: tuple[Any, ...]  # the same as the source wrote it
    last: tuple[int, ...]  # its own last date, for repeats

    def __str__(self) -> str:
        return f"{self.guid or self.link} ({self.title[:60]})"

    def changed_from(self, before: Raw) -> list[str]:
        """The names of what a reader sees differently."""
        return [name for (name, then), (_, now) in zip(before.seen, self.seen, strict=True) if then != now]

    def difference(self, before: Raw) -> str:
        """What changed, for people."""
        names, then, now = self.changed_from(before), dict(before.seen), dict(self.seen)
        parts = [f"{name}: {then[name]!r:.300} -> {now[name]!r:.300}" for name in names]
        return "; ".join(parts) or f"{before.said!r:.700} -> {self.said!r:.700}"


def raws_of(body: bytes) -> list[Raw]:
    """The entries of a document, in its order."""
    return [_raw(position, entry) for position, entry in enumerate(feedparser.parse(body).entries)]


def _raw(position: int, entry: Any) -> Raw:
    texts = [entry.get("summary", ""), *(content.get("value", "") for content in entry.get("content", ()))]
    texts = list(dict.fromkeys(text for text in texts if text.strip()))
    title, link = entry.get("title", ""), entry.get("link", "")
    authors = tuple(author.get("name", "") for author in entry.get("authors", ()))
    files = tuple(file.get("href", "") for file in entry.get("enclosures", ()))
    seen_texts = tuple(map(seen_of, texts))
    return Raw(
        position=position,
        guid=entry.get("id", ""),
        link=link,
        title=" ".join(title.split()),
        seen=(
            ("title", " ".join(re.sub(r"<[^>]*>", "", seen_of(title)).split())),
            ("link", HOST.sub("", TRACKER.sub("", link)).rstrip("?&")),  # another host is no edit
            ("words", tuple(PICTURE.sub("", text) for text in seen_texts)),
            ("pictures", tuple(tuple(PICTURE.findall(text)) for text in seen_texts)),
            ("authors", authors),
            ("enclosures", files),
        ),
        said=(title, link, tuple(texts)),
        last=tuple(dict.get(entry, "updated_parsed") or dict.get(entry, "published_parsed") or ()),
    )  # fmt: skip


@dataclass
class Known:
    """One entry over all versions: what was last seen of it, and the posts that it became."""

    raw: Raw
    version: int  # that it was last in
    ids: set[str] = field(default_factory=set)


class Evidence:
    """Which entries of different versions are one: the same guid, or the same link and title.

    The second only where the entry is not in the document under its old guid.
    """

    def __init__(self) -> None:
        self.entries: list[Known] = []
        self.rekeyed = 0
        self._by_name: dict[tuple[str, ...], Known] = {}
        self._by_form: dict[tuple[str, str], Known] = {}

    def of(self, raws: Sequence[Raw], version: int) -> list[tuple[Raw, Known | None]]:
        """Each entry of a document with what was known of it, or None; repeats within it are left out."""
        named: dict[tuple[str, ...], Raw] = {}
        for raw in raws:
            name = _name(raw, raws)
            if name not in named or raw.last > named[name].last:
                named[name] = raw
        found: list[tuple[Raw, Known | None]] = []
        taken: set[int] = set()
        for name, raw in named.items():
            known = self._by_name.get(name)
            if known is None:
                known = self._by_form.get((raw.link, raw.title))
                if known is not None and (_name(known.raw, raws) in named or id(known) in taken):
                    known = None
                self.rekeyed += known is not None
            if known is not None:
                taken.add(id(known))
                self._by_name[name] = known
            found.append((raw, known))
        return found

    def note(self, raw: Raw, known: Known | None, version: int, raws: Sequence[Raw]) -> Known:
        """Remember that an entry was seen so."""
        if known is None:
            known = Known(raw, version)
            self.entries.append(known)
        known.raw, known.version = raw, version
        self._by_name[_name(raw, raws)] = known
        self._by_form[raw.link, raw.title] = known
        return known


def _name(raw: Raw, raws: Sequence[Raw]) -> tuple[str, ...]:
    """Its guid, or without one its link; where two different entries share that, more of it."""
    if raw.guid:
        same = {one.link for one in raws if one.guid == raw.guid}
        return ("guid", raw.guid) if len(same) < 2 else ("guid", raw.guid, raw.link or raw.title)
    same = {one.title for one in raws if one.link == raw.link and not one.guid}
    return ("link", raw.link) if raw.link and len(same) < 2 else ("link", raw.link, raw.title)
