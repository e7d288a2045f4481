"""Shell. What `preview` prints: a feed as it would look, entry by entry, with what was done to each."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from rich.text import Text

from aggregator.daemon.looking import Preview
from aggregator.model import (
    Changed,
    DateRule,
    Duplicate,
    New,
    Post,
    Reading,
    Rejected,
    Unchanged,
    Unreadable,
    Verdict,
)
from aggregator.pipeline import why_unreadable
from aggregator.report.console import console
from aggregator.syntax import html

_DATED: dict[DateRule, str] = {
    "published": "its own date",
    "updated": "the entry's last update, as it has no other date",
    "first-seen": "when it was seen, as it has no date that can be believed",
    "position": "by its place in the document, as no entry has a date",
}
_SHOWN = 160
"""Characters of content in the list."""


def previewed(seen: Preview) -> None:
    """For people."""
    out = console()
    for line in _lines(seen):
        out.print(Text(line), soft_wrap=True)


def _lines(seen: Preview) -> Iterator[str]:
    reading = seen.result
    if not isinstance(reading, Reading) or seen.outcome is None:
        yield f"no feed: {_why(seen)}"
        return
    info = reading.info
    yield info.title
    yield f"  url: {seen.answered or seen.source.url}"
    if info.home:
        yield f"  page: {info.home}"
    yield f"  keys: {'those that the file has for it' if seen.configured else 'defaults'}"
    yield f"  entries: {len(reading.posts)}, left out: {len(reading.unread)}"
    yield f"  next poll: {_when(seen.outcome.due.at)} ({'; '.join(seen.outcome.due.why)})"
    for name, urls in (("hub", reading.hubs), ("older entries", (reading.older,) if reading.older else ())):
        yield from (f"  {name}: {url}" for url in urls)
    yield from (f"  mended: {repair}" for repair in reading.repairs)
    for verdict, post in _posts(seen):
        yield ""
        yield from _post(seen, verdict, post)
    for entry in reading.unread:
        yield ""
        yield f"left out: entry {entry.position + 1}, {entry.reason}"


def _why(seen: Preview) -> str:
    match seen.result:
        case Unreadable() as unreadable:
            return why_unreadable(seen.source, unreadable)
        case str() as text:
            return text
        case _:
            return ""


def _posts(seen: Preview) -> Iterator[tuple[Verdict, Post]]:
    for verdict in seen.outcome.verdicts if seen.outcome else ():
        match verdict:
            case New(post=post) | Changed(post=post) | Duplicate(post=post) | Rejected(post=post):
                yield verdict, post
            case Unchanged():
                continue  # nothing is known here


def _post(seen: Preview, verdict: Verdict, post: Post) -> Iterator[str]:
    yield post.title
    yield f"  link: {post.link or 'none'}"
    yield f"  published: {_when(post.published)}, {_DATED[post.dated]}"
    if post.updated != post.published:
        yield f"  updated: {_when(post.updated)}"
    if post.authors:
        yield f"  by: {', '.join(author.name for author in post.authors)}"
    if post.categories:
        yield f"  categories: {', '.join(post.categories)}"
    if post.tags:
        yield f"  tags: {', '.join(post.tags)}"
    yield from (f"  enclosure: {file.url} ({file.type or 'no type'})" for file in post.enclosures)
    if post.republish != "full":
        yield f"  shown as: {post.republish}"
    if said := html.to_text(post.content or post.summary):
        yield f"  content: {html.shorten(said, _SHOWN)}"
    if why := _fate(verdict):
        yield f"  {why}"
    yield from (f"  note: {note}" for note in seen.notes.get(post.position, ()))


def _fate(verdict: Verdict) -> str:
    match verdict:
        case Rejected(reason=reason):
            return f"dropped: {reason}"
        case Duplicate(reason=reason):
            return f"tells what an entry above tells, by its {'words' if reason == 'alike' else reason}"
        case _:
            return ""


def previewed_json(seen: Preview) -> dict[str, Any]:
    """For programs; times are RFC 3339."""
    reading = seen.result
    if not isinstance(reading, Reading) or seen.outcome is None:
        return {"url": seen.source.url, "feed": False, "error": _why(seen)}
    return {
        "url": seen.answered or seen.source.url,
        "feed": True,
        "configured": seen.configured,
        "title": reading.info.title,
        "home": reading.info.home,
        "next_poll": seen.outcome.due.at.isoformat(timespec="seconds"),
        "why": list(seen.outcome.due.why),
        "hubs": list(reading.hubs),
        "repairs": list(reading.repairs),
        "entries": [_as_json(seen, verdict, post) for verdict, post in _posts(seen)],
        "unread": [{"position": entry.position, "reason": entry.reason} for entry in reading.unread],
    }


def _as_json(seen: Preview, verdict: Verdict, post: Post) -> dict[str, Any]:
    return {
        "position": post.position,
        "id": post.id,
        "title": post.title,
        "link": post.link,
        "published": post.published.isoformat(),
        "dated": post.dated,
        "updated": post.updated.isoformat(),
        "authors": [{"name": author.name, "uri": author.uri} for author in post.authors],
        "categories": list(post.categories),
        "tags": list(post.tags),
        "language": post.language,
        "republish": post.republish,
        "summary": post.summary,
        "content": post.content,
        "enclosures": [
            {"url": file.url, "type": file.type, "length": file.length, "title": file.title}
            for file in post.enclosures
        ],
        "dropped": post.dropped,
        "fate": _fate(verdict),
        "notes": list(seen.notes.get(post.position, ())),
    }


def _when(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%SZ}"
