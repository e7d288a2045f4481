"""Pure. `status.atom`: what happened to sources and to feeds.yaml, for the operator's own feed reader.

A public document like all others: of a confidential source it names the title and what kind of trouble it
has, never a URL. In English, as logs and commands are. The same arguments give the same bytes; written with
lxml alone, since its entries are plain text and have no need of feedgen's care.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID, uuid5

from lxml import etree

from aggregator.model import Document, Event, Site, SiteIdentity, Source, SourceInfo, Url
from aggregator.publish import atom, paths
from aggregator.syntax import text
from aggregator.syntax.dates import rfc3339

STATUS = "status.atom"
ENTRIES = 50
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def status_feed(
    events: Sequence[Event],
    sources: Sequence[Source],
    infos: Mapping[Url, SourceInfo],
    *,
    site: Site,
    identity: SiteIdentity,
    opened: datetime,
) -> Document:
    """What happened of late (RFC 4287), newest first; `events` come so, and may be of removed sources.

    Those are left out: nobody knows any more whether their URL may be shown. `infos` names sources that the
    file does not, `opened` is the `updated` of a feed in which nothing has happened yet.
    """
    configured = {source.url: source for source in sources}
    feed = etree.Element("feed", xmlns="http://www.w3.org/2005/Atom")
    feed.set(_LANG, "en")
    title = text.fold(site.title) or "Feeds"
    _text(feed, "title", f"{title}: status of its sources")
    _text(feed, "id", paths.status_id(identity))
    # Of all events, so that it does not go back when a source is removed.
    _text(feed, "updated", rfc3339(max((event.at for event in events), default=opened)))
    author = etree.SubElement(feed, "author")
    _text(author, "name", text.fold(site.author) or title)
    self = {"rel": "self", "type": "application/atom+xml", "href": paths.address(site, STATUS)}
    etree.SubElement(feed, "link", self)
    page = {"rel": "alternate", "type": "text/html", "href": paths.address(site, paths.ABOUT)}
    etree.SubElement(feed, "link", page)
    _text(feed, "generator", atom.GENERATOR)
    shown = [event for event in events if event.source is None or event.source in configured]
    for event in shown[:ENTRIES]:
        if event.source is None:
            feed.append(_entry(event, _of_file(event), identity))
            continue
        source = configured[event.source]
        feed.append(_entry(event, _of_source(event, source, infos.get(source.url)), identity))
    body = etree.tostring(feed, encoding="UTF-8", xml_declaration=True, pretty_print=True)
    return Document(STATUS, atom.MEDIA_TYPE, body)


def _entry(event: Event, said: Sequence[str], identity: SiteIdentity) -> etree._Element:
    """An entry that says some lines, the first of which is its title."""
    entry = etree.Element("entry")
    _text(entry, "title", said[0])
    _text(entry, "id", uuid5(UUID(identity.uuid), f"event {event.id}").urn)
    _text(entry, "published", rfc3339(event.at))
    _text(entry, "updated", rfc3339(event.at))
    etree.SubElement(entry, "category", {"term": str(event.kind)})
    _text(entry, "content", "\n".join([f"{said[0]}.", *filter(None, said[1:])])).set("type", "text")
    return entry


def _of_source(event: Event, source: Source, info: SourceInfo | None) -> Sequence[str]:
    name = text.fold(source.title) or (text.fold(info.title) if info else "") or source.label
    happened, more = _words(event, source)
    where = "" if source.confidential else f"Its URL in feeds.yaml: {source.url}"
    return f"{name} {happened}", more, where


def _of_file(event: Event) -> Sequence[str]:
    if event.kind != "refused":
        return ("The configuration is right again, and in force",)
    more = f" ({event.result})" if event.result else ""
    return (
        f"The configuration was refused: {event.detail}{more}",
        "The last good version stays in force until then. `aggregator check` says all that is wrong.",
    )


def _words(event: Event, source: Source) -> tuple[str, str]:
    """What happened, to be read after the name of the source, and what else there is to know."""
    hidden = source.confidential
    match event.kind:
        case "broke":
            return f"is broken: {event.result if hidden or not event.detail else event.detail}", (
                "It failed several times in a row, and is asked less and less often until it works again."
            )
        case "gone":
            return "is gone", "Its server says so (410): it is not asked any more. Remove it from the file."
        case "recovered":
            return "works again", ""
        case "moved":
            where = "" if hidden else f" to {event.detail}"
            wanted = "" if hidden else f": `url: {event.detail}` and `was: {source.url}`"
            return f"has moved for good{where}", (
                f"It is asked at its new place; write that into the file, with `was`{wanted}"
            )
        case "back":
            return "is asked at its configured URL again", "The place that it had moved to has failed."
        case "silent":
            return "has gone silent", f"{event.detail[:1].upper()}{event.detail[1:]}."
        case "spoke":
            return "publishes again", ""
        case "overran":
            return "published more than its feed holds", (
                "Entries came and went between two polls; some may have been missed. "
                "It is asked more often from now on, as far as its own hints permit."
            )
        case "refused" | "accepted":
            raise AssertionError(event)  # these are of no source


def _text(parent: etree._Element, name: str, value: str) -> etree._Element:
    element = etree.SubElement(parent, name)
    element.text = text.clean(value)
    return element
