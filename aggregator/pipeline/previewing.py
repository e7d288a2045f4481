"""Pure. What was done to each entry of a document on its way to a post, in words, for `preview`.

Compares what an entry said with what became of it. Changes nothing, and is asked only about documents that
have been read within a worker's bounds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from aggregator.model import Config, Entry, Fetched, Known, Parsed, Post, Reading
from aggregator.parse import parse
from aggregator.syntax import labels, text

_ELEMENT = re.compile(r"<([a-zA-Z][a-zA-Z0-9:-]{0,30})((?:[^<>\"']|\"[^\"]*\"|'[^']*'){0,200})")
_ATTRIBUTE = re.compile(r"[\s\"']([a-zA-Z][a-zA-Z-]{0,30})\s*=")
_MOST = 8
"""Names in one note."""


def notes(fetched: Fetched, reading: Reading) -> Mapping[int, tuple[str, ...]]:
    """By the position of an entry in its document: what was left out, mended or put in its place."""
    parsed = parse(fetched)
    if not isinstance(parsed, Parsed):
        return {}
    entries = {entry.position: entry for entry in parsed.entries}
    made = {post.position: post for post in reading.posts}
    return {
        position: told
        for position, post in made.items()
        if position in entries and (told := tuple(_notes(entries[position], post)))
    }


def known_of(given: Config) -> Known:
    """What a store knows that has nothing but the categories of the configuration."""
    return Known(
        labels={labels.fold(category.title): category.slug for category in reversed(given.categories)},
        slugs=frozenset(category.slug for category in given.categories),
        configured=frozenset(category.slug for category in given.categories if category.configured),
    )


def _notes(entry: Entry, post: Post) -> Iterator[str]:
    texts = [said.value for said in (*entry.contents, *((entry.summary,) if entry.summary else ()))]
    shown = post.summary + post.content
    elements, attributes = _names("".join(texts))
    kept_elements, kept_attributes = _names(shown)
    if gone := sorted(elements - kept_elements):
        yield f"left out of its HTML: {_listed(gone)}"
    if gone := sorted(attributes - kept_attributes):
        yield f"attributes left out: {_listed(gone)}"
    if gone := sorted(_parameters(entry.link) - _parameters(post.link)):
        yield f"left out of its link: {_listed(gone)}"
    if entry.title is None or not entry.title.value.strip():
        yield "it has no title: one was made of what it has"
    if not entry.link.strip() and post.link:
        yield "it names no link: the next best address stands in"
    if not entry.authors and post.authors:
        yield "it names no author: the feed's, or the feed itself, stands in"
    said = text.fold(entry.published) or text.fold(entry.updated)
    if post.dated in ("first-seen", "position"):
        yield f"its date cannot be believed: {said[:80]}" if said else "it has no date"
    if len(entry.enclosures) > len(post.enclosures):
        yield f"enclosures left out: {len(entry.enclosures) - len(post.enclosures)}"


def _names(markup: str) -> tuple[set[str], set[str]]:
    elements: set[str] = set()
    attributes: set[str] = set()
    for found in _ELEMENT.finditer(markup):
        elements.add(found[1].lower())
        attributes.update(name.lower() for name in _ATTRIBUTE.findall(found[2]))
    return elements, attributes


def _parameters(url: str) -> set[str]:
    try:
        query = urlsplit(url.strip()).query
    except ValueError:
        return set()
    return {text.fold(pair.partition("=")[0]) for pair in query.split("&") if pair}


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    return ", ".join(names[:_MOST]) + more
