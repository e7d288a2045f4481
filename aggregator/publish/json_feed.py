"""Pure. Stories to a JSON Feed 1.1 document (jsonfeed.org/version/1.1): the same entries, the same ids."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from aggregator.model import Category, Document, Output, Shown, Site, Slug, SourceInfo
from aggregator.publish import credit, paths
from aggregator.publish.atom import Given, labelled, media_type
from aggregator.publish.entries import Entry
from aggregator.publish.words import Words, tag, words_for
from aggregator.syntax import text
from aggregator.syntax.dates import rfc3339

MEDIA_TYPE = "application/feed+json; charset=utf-8"
FILE = "feed.json"
VERSION = "https://jsonfeed.org/version/1.1"
_NO_ITEMS = "[]\n}"
EXTENSION = "_aggregator"
"""What is ours in an item: the slugs of its categories, its source, and who else tells it."""


def json_document(
    category: Category | None,
    entries: Sequence[Entry],
    *,
    site: Site,
    output: Output,
    categories: Mapping[Slug, Category],
    hub: str = "",
) -> Document:
    """The JSON document of a category, or (None) of everything, with the entries in the given order."""
    scope, words = paths.scope_of(category), words_for(site.language)
    own = paths.label(category.slug, category.title) if category else site.title
    document = paths.folder(scope) + FILE
    feed = {
        "version": VERSION,
        "title": text.fold(own) or "Feeds",
        "home_page_url": paths.address(site, paths.folder(scope)),
        "feed_url": paths.address(site, document),
        "description": text.fold(category.description) if category else "",
        "authors": [{"name": text.fold(site.author) or text.fold(site.title) or "Feeds"}],
        "language": (tag(category.language) if category else "") or tag(site.language) or "en",
        "hubs": [{"type": "WebSub", "url": hub}] if hub else [],
    }
    given = Given(hash((output.credit, words)), categories)
    write = partial(_written, output=output, words=words, categories=categories)
    items = ",\n".join(entry.written("json", given[entry.categories], write) for entry in entries)
    body = _dumped(_said(feed) | {"items": []})
    if items:
        body = f"{body.removesuffix(_NO_ITEMS)}[\n{items}\n ]\n}}"
    return Document(document, MEDIA_TYPE, (body + "\n").encode())


def _written(shown: Shown, **given: Any) -> str:
    """One item as it stands in a document."""
    lines = _dumped({"items": [_item(shown, **given)]})
    return lines.removeprefix('{\n "items": [\n').removesuffix("\n ]\n}")


def _dumped(value: Mapping[str, Any]) -> str:
    # Without ASCII's escapes Chinese takes half the bytes.
    return json.dumps(value, ensure_ascii=False, indent=1)


def _item(shown: Shown, output: Output, words: Words, categories: Mapping[Slug, Category]) -> dict[str, Any]:
    post = shown.post
    return _said({
        "id": text.clean(post.id),
        "url": paths.followed(post.link),
        "title": credit.title(post, output, words),
        "content_html": credit.body(shown, output, words),
        "summary": credit.excerpt(post) if post.republish == "full" else "",
        "date_published": rfc3339(post.published),
        "date_modified": rfc3339(post.updated),
        "authors": [_said({"name": text.fold(p.name), "url": p.uri}) for p in credit.authors(post)],
        "tags": [label for _, _, label in labelled(post, categories)],
        "language": tag(post.language),
        "attachments": [
            _said({
                "url": file.url,
                "mime_type": media_type(file) or "application/octet-stream",
                "title": text.fold(file.title),
                "size_in_bytes": file.length if file.length is not None and file.length > 0 else None,
            })
            for file in post.enclosures
            if paths.followed(file.url)
        ],
        EXTENSION: _said({
            "categories": list(post.categories),
            "source": _source(post.origin),
            "also_in": [
                _said({"title": text.fold(member.origin.title), "url": paths.followed(member.link)})
                for member in shown.also_in
            ],
        }),
    })  # fmt: skip


def _source(origin: SourceInfo) -> dict[str, Any]:
    return _said({
        "id": text.clean(origin.id),
        "title": text.fold(origin.title),
        "home_page_url": paths.followed(origin.home),
        "feed_url": paths.followed(origin.feed),
        "rights": text.fold(origin.rights),
        "license": paths.followed(origin.license),
    })  # fmt: skip


def _said(values: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is empty: the format has no value that stands for nothing."""
    return {name: value for name, value in values.items() if value not in ("", None, [], {})}
