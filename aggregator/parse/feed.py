"""Pure. Clean text of a feed in any XML format -> what feedparser sees in it, as plain dictionaries.

The only file that knows feedparser. Its `parse()` is a loop around two parsers, a strict and a loose one,
that are open for subclassing; we drive the same two, with the hooks of `hooks` and `tombstones`, because the
result of `parse()` no longer has what they see. Judges nothing: `entries` makes our values of it.
"""

from __future__ import annotations

import io
import re
import xml.sax
from typing import Any
from xml.sax.expatreader import ExpatParser
from xml.sax.handler import feature_external_ges, feature_namespaces
from xml.sax.xmlreader import AttributesNSImpl, InputSource

from feedparser.api import LooseFeedParser, StrictFeedParser
from feedparser.html import _cp1252
from feedparser.sanitizer import replace_doctype
from feedparser.urls import make_safe_absolute_uri

from aggregator.parse.hooks import MOST_ATTRIBUTES, Enough, Hooks, RawFeed
from aggregator.parse.shortcuts import Shortcuts
from aggregator.parse.tombstones import Tombstones


class _Strict(Shortcuts, Tombstones, Hooks, StrictFeedParser):  # type: ignore[misc]  # feedparser is untyped
    """Reads XML."""

    meant = _cp1252
    safely_joined = staticmethod(make_safe_absolute_uri)

    def startElementNS(self, name: Any, qname: Any, attrs: Any) -> None:  # noqa: N802 - SAX's word
        if len(attrs) > MOST_ATTRIBUTES:
            kept = list(attrs.getNames())[:MOST_ATTRIBUTES]
            attrs = AttributesNSImpl({n: attrs.getValue(n) for n in kept}, {n: n[1] for n in kept})
        super().startElementNS(name, qname, attrs)


class _Loose(Tombstones, Hooks, LooseFeedParser):  # type: ignore[misc]
    """Reads what only looks like XML."""


class _Expat(ExpatParser):
    """The standard library's, which else hands over a text in as many pieces as it has lines and entities.

    What happens goes straight to our parser, which sends back what must go the usual way.
    """

    def reset(self) -> None:
        super().reset()
        parser: Any = vars(self)["_parser"]  # private, and typed nowhere
        parser.buffer_text = True
        handler: Any = vars(self)["_cont_handler"]
        handler.starts_otherwise, handler.ends_otherwise = self.start_element_ns, self.end_element_ns
        parser.StartElementHandler = handler.element_starts
        parser.EndElementHandler = handler.element_ends
        parser.CharacterDataHandler = handler.text_comes


_END = re.compile(r"</(?:\w+:)?(?:rss|feed|rdf|channel)\s*>", re.IGNORECASE)


def read(text: str, base: str) -> RawFeed:
    """Read a document; `base` is the absolute URL that it came from. Raises nothing but MemoryError.

    What is no well-formed XML is read a second time, loosely, from its beginning.
    """
    version, data, entities = replace_doctype(text.encode("utf-8", "replace"))
    strict = _Strict(base, None, "utf-8")
    _settle(strict)
    reason = _read_strictly(strict, data)
    if not reason:
        return _finish(strict, version)
    loose = _Loose(base, None, "utf-8", entities)
    _settle(loose)
    fault = _read_loosely(loose, data.decode("utf-8", "replace"))
    result = _finish(loose, version)
    result.ill_formed = reason
    result.fault = fault
    result.broken_off = not result.capped and _lacks_its_end(text)
    return result


def _settle(parser: Any) -> None:
    """Sanitizing and resolving inside HTML are `normalize`'s; here they cost ten times the parsing."""
    parser.resolve_relative_uris = False
    parser.sanitize_html = False


def _read_strictly(parser: Any, data: bytes) -> str:
    """Why it is no XML; empty if it is."""
    reader = _Expat()
    reader.setFeature(feature_namespaces, True)
    reader.setFeature(feature_external_ges, False)  # nothing is fetched or opened for an entity
    reader.setContentHandler(parser)
    reader.setErrorHandler(parser)
    source = InputSource()
    source.setByteStream(io.BytesIO(data))
    try:
        reader.parse(source)
    except Enough:
        return ""
    except xml.sax.SAXParseException as error:
        return f"{error.getMessage()}, line {error.getLineNumber()}"
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, the loose parser has its turn
        return f"{type(error).__name__}: {error}"
    return ""


def _read_loosely(parser: Any, text: str) -> str:
    """What ended the reading before the end of the text; empty if nothing did."""
    try:
        parser.feed(text)
    except Enough:
        return ""
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - sgmllib gives up with many kinds of errors; what came before stays
        return f"{type(error).__name__}: {error}"
    return ""


def _finish(parser: Any, version: str | None) -> RawFeed:
    result: RawFeed = parser.result
    result.version = version or parser.version
    result.said = parser.feeddata
    result.is_feed |= result.version.startswith("rss")  # also an RDF document without a channel
    return result


def _lacks_its_end(text: str) -> bool:
    """Whether no end of the whole document follows the start of its last entry."""
    last = max((text.rfind(start) for start in ("<item", "<entry", ":item", ":entry")), default=-1)
    return _END.search(text, max(last, 0)) is None
