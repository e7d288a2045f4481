"""Pure. Where the items of an XML document are in its bytes, and what each of them is known by.

One pass of expat, whose callbacks say at which byte an element begins and ends. An item's digest is of its
bytes and of all that it inherits from around it, so that an item of the same digest means the same. What is
not laid out as items usually are is `Odd`: such a document is read whole. Reads no item, and judges nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from hashlib import blake2b
from xml.parsers import expat

from aggregator.parse.charset import DECLARATION
from aggregator.parse.hooks import MOST_ENTRIES

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_RSS1 = "http://purl.org/rss/1.0/"
_ATOM = "http://www.w3.org/2005/Atom"
# The elements around the items of each format, and the items. Each root names its version by itself, so that
# no item can (feedparser learns it from any namespace that is declared anywhere).
_AROUND = {
    ("rss", "channel"): "item",
    (f"{_RDF} RDF",): f"{_RSS1} item",
    (f"{_ATOM} feed",): f"{_ATOM} entry",
}
# feedparser takes these for items wherever they stand, whatever their namespace; so do we tombstones.
_ALSO_ITEMS = {"item", "entry", "deleted-entry"}


class Odd(Exception):
    """The items of this document cannot be told apart with certainty; the text says why."""


@dataclass(frozen=True, slots=True)
class Items:
    """The items of a document, in its order."""

    data: bytes
    spans: tuple[tuple[int, int], ...]  # first byte of each, and the one after its last
    digests: tuple[str, ...]

    def known(self, digests: Collection[str]) -> tuple[int, ...]:
        """The positions, from 0, of those items that have one of these digests."""
        return tuple(n for n, digest in enumerate(self.digests) if digest in digests)

    def others(self, positions: Collection[int]) -> list[int]:
        """The positions that are not among these."""
        return [n for n in range(len(self.spans)) if n not in positions]

    def text(self, position: int) -> str:
        """One item as it stands there."""
        start, end = self.spans[position]
        return self.data[start:end].decode("utf-8")

    def without(self, positions: Collection[int]) -> str:
        """The text of the document without some of its items."""
        parts, at = [], 0
        for position in sorted(positions):
            start, end = self.spans[position]
            parts.append(self.data[at:start])
            at = end
        parts.append(self.data[at:])
        return b"".join(parts).decode("utf-8")


def find(text: str, salt: str) -> Items:
    """The items of clean text, with digests that hold under this salt; raises `Odd`. Linear."""
    if text.startswith("<?xml") and not text.startswith(DECLARATION):
        raise Odd("an unusual XML declaration")
    data = text.encode("utf-8", "surrogatepass")
    finder = _Finder(data)
    finder.run()
    inherited = f"{salt}\0{finder.inherited()}".encode("utf-8", "surrogatepass")
    key = blake2b(inherited, digest_size=32).digest()
    digests = tuple(
        blake2b(data[start:end], key=key, digest_size=12).hexdigest() for start, end in finder.spans
    )
    if len(set(digests)) < len(digests):
        raise Odd("an item that stands there twice")
    return Items(data, tuple(finder.spans), digests)


class _Finder:
    """The callbacks of one pass."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.spans: list[tuple[int, int]] = []
        self._path: list[str] = []  # the elements around, as long as we are in no item
        self._attributes: list[list[str]] = []  # of those
        self._around: list[tuple[str, list[str]]] = []  # the items, with their attributes
        self._item = ""  # what an item is called here
        self._start = -1  # of the item that we are in
        self._over = False  # the element around the items has ended
        self._harmless: set[str] = set()  # names of elements inside items that are not taken for any
        self._declared: set[tuple[str | None, str]] = set()  # prefixes and namespaces, outside items
        self._declared_inside: set[tuple[str | None, str]] = set()
        self._parser = parser = expat.ParserCreate("utf-8", " ")
        parser.ordered_attributes = True
        parser.StartElementHandler = self._starts
        parser.EndElementHandler = self._ends
        parser.StartNamespaceDeclHandler = self._declares
        parser.StartDoctypeDeclHandler = self._refuses

    def run(self) -> None:
        try:
            self._parser.Parse(self._data, True)
        except expat.ExpatError as error:
            raise Odd("not well-formed") from error
        if not self.spans:
            raise Odd("no items")
        self._check_prefixes()

    def inherited(self) -> str:
        """All that an item has from around it."""
        return repr((self._around, sorted((p or "", uri) for p, uri in self._declared)))

    def _starts(self, name: str, attributes: list[str]) -> None:
        if self._start >= 0:
            if name not in self._harmless:
                if name.rpartition(" ")[2].lower() in _ALSO_ITEMS:
                    raise Odd("items inside items")
                self._harmless.add(name)
            return
        if name.rpartition(" ")[2].lower() not in _ALSO_ITEMS:
            self._path.append(name)
            self._attributes.append(attributes)
            return
        if self._over or _AROUND.get(tuple(self._path)) != name:
            raise Odd("items in an unusual place, or tombstones")
        if len(self.spans) >= MOST_ENTRIES:
            raise Odd("very many items")
        if not self._item:
            self._item = name
            self._around = list(zip(self._path, self._attributes, strict=True))
        self._start = self._parser.CurrentByteIndex

    def _ends(self, name: str) -> None:
        if self._start < 0:
            self._path.pop()
            self._attributes.pop()
            self._over = self._over or (bool(self._item) and len(self._path) < len(self._around))
        elif name == self._item:
            self.spans.append((self._start, self._past_its_end_tag()))
            self._start = -1

    def _past_its_end_tag(self) -> int:
        """The byte after the item that ends now. An empty element has no tag there, but whatever follows."""
        at = self._parser.CurrentByteIndex
        end = self._data.find(b">", at)
        name = self._data[at + 2 : end].strip().rpartition(b":")[2].decode()
        if not self._data.startswith(b"</", at) or name != self._item.rpartition(" ")[2]:
            raise Odd("an empty item")
        return end + 1

    def _declares(self, prefix: str | None, uri: str) -> None:
        (self._declared_inside if self._start >= 0 else self._declared).add((prefix, uri))

    def _refuses(self, *_: object) -> None:
        raise Odd("a document type declaration")

    def _check_prefixes(self) -> None:
        """feedparser forgets no prefix: where one means two things, an item may depend on those before it."""
        every = {pair for pair in self._declared | self._declared_inside if pair[0] is not None}
        for prefix, uri in self._declared_inside - {
            pair for pair in self._declared_inside if pair[0] is None
        }:
            if any((prefix == p) != (uri == u) for p, u in every):
                raise Odd("a prefix for two namespaces, or two for one")
