"""Builders of posts and sources for tests: what a test does not name is a plain default."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from aggregator.model import Person, Post, PostId, Said, Source, SourceInfo, Url

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
INFO = SourceInfo(id="https://a.example/feed", title="Feed A", home="https://a.example/")


def source(url: str = "https://a.example/feed", **fields: Any) -> Source:
    """A source as the configuration would give it."""
    return Source(url=Url(url), definition="d1", **fields)


def post(guid: str = "g1", **fields: Any) -> Post:
    """A proposal as `normalize` would give it."""
    made = Post(
        id=PostId(guid if ":" in guid else ""),
        source=Url("https://a.example/feed"),
        guid=guid,
        title=f"Title {guid}",
        link=f"https://a.example/{guid.replace(':', '-')}",
        published=NOW,
        updated=NOW,
        first_seen=NOW,
        origin=INFO,
        authors=(Person("Ann"),),
        content=f"<p>Text of {guid}</p>",
        said=Said(author="Ann", feed_title="Feed A"),
    )
    return replace(made, **fields)
