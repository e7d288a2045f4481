"""What any post must be, and what feedparser alone finds in a file: expectations that are derived, not tuned.

Part of `corpus_run.py`. Reads the store as it lies in the file, with nothing of ours in between.
"""

from __future__ import annotations

import contextlib
import html.parser
import io
import json
import re
import sqlite3
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import feedparser
import feedparser.api

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_CONTROL_IN_HTML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_URLS = frozenset({"href", "src", "poster", "cite"})
_OF_DETAILS = ("home", "feed", "uri", "url")  # the keys of `details` that hold URLs


def found_by_feedparser(body: bytes, media_type: str, url: str) -> int:
    """How many entries feedparser finds by whichever of its two parsers finds more."""
    headers = {"content-type": media_type, "content-location": url}
    most = 0
    for strictly in (True, False):
        # Its strict parser gives way to the loose one by itself only where the XML is broken.
        feedparser.api._XML_AVAILABLE = strictly
        with contextlib.suppress(Exception):  # a parser that gives up finds nothing
            read = feedparser.parse(
                io.BytesIO(body), response_headers=headers, resolve_relative_uris=False, sanitize_html=False
            )
            most = max(most, len(read.entries))
    feedparser.api._XML_AVAILABLE = True
    return most


def posts_judged(database: Path, now: datetime) -> tuple[Counter[str], list[tuple[str, str]]]:
    """(how many posts and fields were looked at, (source's URL, what is wrong) of those that are wrong)."""
    looked_at: Counter[str] = Counter()
    wrong: list[tuple[str, str]] = []
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        rows = connection.execute(
            "SELECT posts.*, sources.url FROM posts JOIN sources ON sources.id = source"
        )
        for row in rows:
            looked_at["posts"] += 1
            wrong += [(row["url"], what) for what in _of_post(row, now, looked_at)]
    return looked_at, wrong


def _of_post(row: sqlite3.Row, now: datetime, looked_at: Counter[str]) -> Iterator[str]:
    details = json.loads(row["details"])
    if not row["title"].strip():
        yield "title: empty"
    yield from _of_times(row, details, now)
    for name, value in (("link", row["link"]), *_named(details, _OF_DETAILS)):
        if value:
            looked_at["URLs"] += 1
            yield from _of_url(name, value, ("http", "https"))
        elif name == "link":
            looked_at["posts without any link"] += 1
    for name, value in (("title", row["title"]), ("link", row["link"]), *_texts("details", details)):
        if _CONTROL.search(value):
            yield f"{name}: a control character: {value!r}"
    for name in ("summary", "content"):
        looked_at["texts in HTML"] += bool(row[name])
        if _CONTROL_IN_HTML.search(row[name]):
            yield f"{name}: a control character"
        reader = _Attributes()
        reader.feed(row[name])
        reader.close()
        looked_at["URLs in HTML"] += len(reader.urls)
        for attribute, url in reader.urls:
            schemes = ("http", "https", "mailto") if attribute == "href" else ("http", "https")
            yield from _of_url(f"{name}: {attribute}", url, schemes)


def _of_times(row: sqlite3.Row, details: dict[str, Any], now: datetime) -> Iterator[str]:
    """The store has whole microseconds since 1970, UTC; JSON has RFC 3339."""
    for name in ("published", "updated", "first_seen", "claims_updated"):
        if row[name] is None:
            continue
        if not isinstance(row[name], int):
            yield f"{name}: not an instant: {row[name]!r}"
        elif row[name] > now.timestamp() * 1_000_000:
            yield f"{name}: in the future"
        elif name == "published" and row[name] < EARLIEST.timestamp() * 1_000_000:
            yield "published: before 1990"
    if row["published"] > row["first_seen"]:
        yield "published: after we saw it first"
    for name, value in _named(details, ("updated",)):
        if value and datetime.fromisoformat(value).tzinfo is None:
            yield f"origin: {name} is naive"


def _of_url(name: str, value: str, schemes: tuple[str, ...]) -> Iterator[str]:
    """Absolute is: one of the schemes, and a host for all but mailto."""
    try:
        parts = urlsplit(value)
    except ValueError as error:
        yield f"{name}: no URL ({error}): {value!r}"
        return
    if parts.scheme not in schemes or not (parts.hostname or parts.scheme == "mailto"):
        yield f"{name}: not absolute: {value!r}"


def _named(value: Any, names: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Every text under one of these keys, at any depth."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in names and isinstance(inner, str):
                yield key, inner
            yield from _named(inner, names)
    elif isinstance(value, list):
        for inner in value:
            yield from _named(inner, names)


def _texts(name: str, value: Any) -> Iterator[tuple[str, str]]:
    """Every text, at any depth, with the key that it stands under."""
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(key, inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(name, inner)


class _Attributes(html.parser.HTMLParser):
    """The URLs in the attributes of a text."""

    def __init__(self) -> None:
        super().__init__()
        self.urls: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in _URLS:
                self.urls.append((name, value or ""))
            elif name == "srcset":
                candidates = re.split(r",\s+", value or "")
                self.urls += [(name, one.split()[0]) for one in candidates if one.split()]
