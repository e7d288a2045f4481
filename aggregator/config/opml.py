"""Pure. OPML 2.0 (opml.org/spec2.opml) <-> sources: what moves in from other readers, and out again.

Folders are categories, by the innermost one. What OPML has no word for (a slug that is not its title's,
templates, titles that the feed gives itself) stands in attributes of a namespace of ours, which others skip.
A list may come from anybody: nothing is fetched or opened for it, and no text of it becomes YAML here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from lxml import etree

from aggregator.config import addresses
from aggregator.config.problems import Wrong
from aggregator.errors import AggregatorError
from aggregator.model import Category, Source, SourceInfo, Url
from aggregator.syntax import labels, patterns, slugs, text

LARGEST = 20_000_000
"""Bytes of a list."""
MOST_FEEDS = 50_000
_OURS = "urn:x-aggregator:opml"
_SLUG, _TEMPLATES, _TITLED = (f"{{{_OURS}}}{name}" for name in ("slug", "category", "titled"))
_ENTITY = re.compile(rb"<!ENTITY", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder as it is called, and the slug that it asks for, if it does."""

    title: str
    slug: str = ""


@dataclass(frozen=True, slots=True)
class Listed:
    """A feed of a list, each once, with all folders that it is in."""

    url: str
    title: str = ""
    folders: tuple[Folder, ...] = ()
    templates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outlines:
    """What a list has; `refused` are feeds that cannot be taken, each with the reason."""

    feeds: tuple[Listed, ...]
    refused: tuple[tuple[str, str], ...] = ()
    repaired: str = ""  # why it is no XML, where it could be read all the same


def read(content: bytes, name: str) -> Outlines:
    """The feeds of a list. Raises `AggregatorError` where it is none, called by `name`."""
    if len(content) > LARGEST:
        raise AggregatorError(f"{name}: larger than {LARGEST:,} bytes; no list of feeds is")
    # Without NULs, UTF-16 is as readable as the rest.
    if _ENTITY.search(content.replace(b"\0", b"")):
        raise AggregatorError(f"{name}: declares entities, which no list needs; remove its DOCTYPE")
    root, repaired = _parsed(content)
    if root is None or etree.QName(root).localname.lower() != "opml":
        raise AggregatorError(f"{name}: this is no OPML{f' ({repaired})' if repaired else ''}")
    feeds: dict[str, Listed] = {}
    refused: dict[str, str] = {}
    for element, folder in _outlines(root):
        said = _attributes(element)
        url = said.get("xmlurl", "").strip()
        try:
            addresses.feed_url(url)
        except Wrong as wrong:
            refused[_shown(url)] = str(wrong)
            continue
        if not url.isprintable() or not url.startswith(("http://", "https://")):
            refused[_shown(url)] = "only http and https are imported"
            continue
        before = feeds.get(url)
        folders = before.folders if before else ()
        if folder is not None and folder not in folders:
            folders = (*folders, folder)
        title = "" if said.get(_TITLED) == "no" else _title(said)
        templates = before.templates if before else _templates(said)
        feeds[url] = Listed(url, (before.title if before else "") or title, folders, templates)
        if len(feeds) > MOST_FEEDS:
            raise AggregatorError(f"{name}: more than {MOST_FEEDS:,} feeds; split it")
    return Outlines(tuple(feeds.values()), tuple(refused.items()), repaired)


def _parsed(content: bytes) -> tuple[etree._Element | None, str]:
    """The root, strictly where possible, else loosely with the reason; None where nothing can be read."""
    try:
        return etree.fromstring(content, _parser(recover=False)), ""
    except etree.XMLSyntaxError as error:
        reason = text.fold(error.msg or "")[:200]
    except ValueError:  # an empty document
        return None, "nothing is in it"
    try:
        return etree.fromstring(content, _parser(recover=True)), reason
    except (etree.XMLSyntaxError, ValueError):
        return None, reason


def _parser(*, recover: bool) -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        recover=recover,
        remove_comments=True,
        remove_pis=True,
    )


def _outlines(root: etree._Element) -> Iterator[tuple[etree._Element, Folder | None]]:
    """Every outline that names a feed, in the order of the list, with the innermost folder around it."""
    waiting: list[tuple[etree._Element, Folder | None]] = [(root, None)]
    while waiting:
        element, folder = waiting.pop()
        is_outline = etree.QName(element).localname.lower() == "outline"
        said = _attributes(element) if is_outline else {}
        if said.get("xmlurl", "").strip():
            yield element, folder
        elif is_outline and (title := _title(said)):
            folder = Folder(title, said.get(_SLUG, ""))
        waiting += [(child, folder) for child in reversed(element)]


def _attributes(element: etree._Element) -> dict[str, str]:
    """By name, whatever its case: xmlUrl is also written xmlurl."""
    return {str(k) if str(k).startswith("{") else str(k).lower(): str(v) for k, v in element.items()}


def _title(said: Mapping[str, str]) -> str:
    name = text.fold(said.get("title", "")) or text.fold(said.get("text", ""))
    return "" if name == said.get("xmlurl", "").strip() else text.shorten(name, labels.LONGEST)


def _templates(said: Mapping[str, str]) -> tuple[str, ...]:
    """Category templates of our own export; what is none is nobody's loss."""
    try:
        values = json.loads(said.get(_TEMPLATES, "[]"))
    except ValueError:
        return ()
    return tuple(v for v in values if isinstance(v, str)) if isinstance(values, list) else ()


def _shown(url: str) -> str:
    return text.shorten(text.fold(url), 200)


def named(folders: Sequence[Folder], known: Sequence[Category]) -> tuple[dict[Folder, str], dict[str, str]]:
    """The slug of each folder, and the title of each slug that is new to the file.

    A folder is a known category if it is called so or has its slug. Others get the slug of their title, and
    where another one has that, `-2`, `-3` and so on.
    """
    by_title: dict[str, str] = {labels.fold(category.title): category.slug for category in known}
    taken: dict[str, str] = {category.slug: labels.fold(category.title) for category in known}
    configured: set[str] = {category.slug for category in known}
    found: dict[Folder, str] = {}
    new: dict[str, str] = {}
    for folder in dict.fromkeys(folders):
        folded = labels.fold(folder.title)
        wish = folder.slug if folder.slug and slugs.slugify(folder.slug) == folder.slug else ""
        slug = wish if taken.get(wish) == folded else by_title.get(folded)
        if slug is None:
            wish = wish or slugs.slugify(folder.title)
            slug = wish if wish in configured else next(s for s in _numbered(wish) if s not in taken)
        if slug not in taken:
            taken[slug], by_title[folded], new[slug] = folded, slug, folder.title
        found[folder] = slug
    return found, new


def _numbered(slug: str) -> Iterator[str]:
    yield slug
    number = 2
    while True:
        yield f"{slug}-{number}"
        number += 1


def written(
    sources: Sequence[Source],
    categories: Sequence[Category],
    infos: Mapping[Url, SourceInfo],
    *,
    title: str,
) -> bytes:
    """A list of sources, folder by folder in the order of the categories, those without one first.

    A source in several categories is in several folders. `infos` says what feeds call themselves.
    """
    root = etree.Element("opml", version="2.0", nsmap={"aggregator": _OURS})
    etree.SubElement(etree.SubElement(root, "head"), "title").text = text.fold(title) or "Feeds"
    body = etree.SubElement(root, "body")
    inside: dict[str, list[Source]] = {category.slug: [] for category in categories}
    for source in sources:
        fixed = _fixed(source, categories)
        if not fixed:
            body.append(_outline(source, infos.get(source.url)))
        for slug in fixed:
            inside[slug].append(source)
    for category in categories:
        if not inside[category.slug]:
            continue
        name = text.fold(category.title) or category.slug
        folder = etree.SubElement(body, "outline", {"text": name, "title": name, _SLUG: category.slug})
        for source in inside[category.slug]:
            folder.append(_outline(source, infos.get(source.url)))
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)


def _fixed(source: Source, categories: Sequence[Category]) -> list[str]:
    """Slugs of the categories that the file names for a source; none where it is the one by default."""
    by_name = {labels.fold(category.title): category.slug for category in reversed(categories)}
    by_name |= {category.slug: category.slug for category in categories}
    found = dict.fromkeys(
        slug
        for value in source.categories
        if not patterns.placeholders(value)
        and (
            slug := by_name.get(value) or by_name.get(labels.fold(value)) or by_name.get(slugs.slugify(value))
        )
    )
    by_default = source.categories == ("general",) and not any(
        category.slug == "general" and category.configured for category in categories
    )
    return [] if by_default else list(found)


def _outline(source: Source, info: SourceInfo | None) -> etree._Element:
    own = text.fold(source.title)
    name = own or (text.fold(info.title) if info else "") or source.url
    said = {"type": "rss", "text": name, "title": name, "xmlUrl": source.url}
    if info is not None and info.home:
        said["htmlUrl"] = info.home
    if not own:
        said[_TITLED] = "no"
    if templates := [value for value in source.categories if patterns.placeholders(value)]:
        said[_TEMPLATES] = json.dumps(templates, ensure_ascii=False)
    return etree.Element("outline", said)
