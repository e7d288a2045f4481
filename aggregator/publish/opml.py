"""Pure. OPML 2.0 (opml.org/spec2.opml): all that can be subscribed to here, and what is aggregated.

A source whose URL is confidential is in neither list.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime

from lxml import etree

from aggregator.model import Category, Document, Output, Site, Source, SourceInfo, Url
from aggregator.publish import atom, paths, rss
from aggregator.publish.words import words_for
from aggregator.syntax import text

MEDIA_TYPE = "text/x-opml; charset=utf-8"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
OUTPUTS = "outputs.opml"
SOURCES = "sources.opml"
_SUBSCRIBED = (("atom", atom.FILE), ("rss", rss.FILE))  # the first format that is published is listed


def outputs(categories: Sequence[Category], *, site: Site, output: Output, updated: datetime) -> Document:
    """`outputs.opml`: the feed of everything, then that of each category, in the given order."""
    file = next((file for key, file in _SUBSCRIBED if key in output.formats), "")
    scopes: list[Category | None] = [None, *categories] if file else []
    outlines = [
        _outline(
            text.fold(paths.label(category.slug, category.title) if category else site.title) or "Feeds",
            paths.address(site, paths.folder(paths.scope_of(category)) + file),
            paths.address(site, paths.folder(paths.scope_of(category))),
            text.fold(category.description) if category else "",
        )
        for category in scopes
    ]
    return _document(OUTPUTS, text.fold(site.title) or "Feeds", site, updated, outlines)


def sources(
    configured: Sequence[Source], infos: Mapping[Url, SourceInfo], *, site: Site
) -> Callable[[datetime], Document]:
    """`sources.opml`: the feeds that are aggregated, in the order of the file; `infos` names them.

    Given is what makes it of when anything was published last: of many sources it is long, and nothing else
    in it changes by that.
    """
    outlines = []
    for source in configured:
        if source.confidential or not paths.followed(source.url):
            continue
        info = infos.get(source.url)
        title = text.fold(source.title) or (text.fold(info.title) if info else "") or source.url
        outlines.append(_outline(title, source.url, paths.followed(info.home) if info else "", ""))
    title = f"{text.fold(site.title) or 'Feeds'} · {words_for(site.language).sources}"
    whole = _document(SOURCES, title, site, _EPOCH, outlines).body
    # In the title before it such a mark would be escaped.
    before, _, after = whole.partition(_date(_EPOCH))
    return lambda updated: Document(SOURCES, MEDIA_TYPE, before + _date(updated) + after)


def _date(updated: datetime) -> bytes:
    return f"<dateModified>{_said(updated)}</dateModified>".encode()


def _said(updated: datetime) -> str:
    return format_datetime(updated.astimezone(UTC), usegmt=True)


def _outline(title: str, feed: str, page: str, description: str) -> dict[str, str]:
    said = {"type": "rss", "text": title, "title": title, "xmlUrl": feed, "htmlUrl": page}
    said |= {"description": description}
    return {name: value for name, value in said.items() if value}


def _document(
    path: str, title: str, site: Site, updated: datetime, outlines: Sequence[Mapping[str, str]]
) -> Document:
    root = etree.Element("opml", version="2.0")
    head = etree.SubElement(root, "head")
    etree.SubElement(head, "title").text = title
    etree.SubElement(head, "dateModified").text = _said(updated)
    if owner := text.fold(site.author):
        etree.SubElement(head, "ownerName").text = owner
    body = etree.SubElement(root, "body")
    for outline in outlines:
        etree.SubElement(body, "outline", dict(outline))
    return Document(
        path, MEDIA_TYPE, etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)
    )
