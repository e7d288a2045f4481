"""Pure. What a subscriber has not had yet of a document (W3C WebSub, 7).

A delivery holds the whole document, but that of Atom and RSS the entries that this subscriber was sent before
may be left out; we do, so that a change of one entry is a small message. JSON Feed goes out whole: the
recommendation allows nothing else. A document in which nothing is new or changed, because an entry only fell
out of it, is no news to anybody.

lxml reads these: they are documents of our own making.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import Any

from lxml import etree

_ATOM = "{http://www.w3.org/2005/Atom}"
_DELETED = "{http://purl.org/atompub/tombstones/1.0}deleted-entry"


def items(path: str, body: bytes) -> Mapping[str, str]:
    """The entries and tombstones of a document, by their ids, with a digest of what each says."""
    if path.endswith(".json"):
        return {str(item.get("id")): _digest(json.dumps(item).encode()) for item in _json(body)}
    return {name: _said(element) for name, element in _elements(_root(body))}


def unseen(path: str, body: bytes, had: Mapping[str, str] | None) -> bytes:
    """What to send to who has had those items; b"" where nothing is new to them. None: had nothing at all."""
    if had is None:
        return body
    if path.endswith(".json"):
        return body if set(items(path, body).items()) - set(had.items()) else b""
    root = _root(body)
    new = False
    for name, element in list(_elements(root)):
        if had.get(name) != _said(element):
            new = True
        elif (parent := element.getparent()) is not None:
            parent.remove(element)
    return etree.tostring(root, encoding="utf-8", xml_declaration=True) if new else b""


def _root(body: bytes) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)
    return etree.fromstring(body, parser)


def _elements(root: etree._Element) -> Iterator[tuple[str, etree._Element]]:
    if root.tag == f"{_ATOM}feed":
        for element in root:
            if element.tag == f"{_ATOM}entry":
                yield element.findtext(f"{_ATOM}id") or "", element
            elif element.tag == _DELETED:
                yield element.get("ref") or "", element
        return
    for element in root.iterfind("channel/item"):
        yield element.findtext("guid") or "", element


def _json(body: bytes) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(body)["items"]
    return found


def _said(element: etree._Element) -> str:
    """The same whatever else the document holds: neither its other names nor the blanks behind it count."""
    return _digest(etree.tostring(element, method="c14n", exclusive=True, with_tail=False))


def _digest(said: bytes) -> str:
    return blake2b(said, digest_size=12).hexdigest()
