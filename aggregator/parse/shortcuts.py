"""Pure. The shorter way through feedparser's strict parser, for what stands in most feeds.

feedparser looks up, resolves and copies the same for each element anew. Here names are looked up once for a
document, and what cannot matter is not asked: an element without inherited attributes, outside of inline
markup. Whatever is otherwise goes feedparser's own way. Each method says what it stands for, and must leave
its parser in the very state that this leaves; tests hold both ways against each other.
Imports nothing of feedparser and judges nothing.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from aggregator.parse.hooks import MOST_ATTRIBUTES, Enough
from aggregator.syntax import urls

_XHTML = "application/xhtml+xml"
# Elements that feedparser, or one of our hooks, does more with than what a name decides.
_OTHERWISE = frozenset({"math", "svg", "deleted-entry", "feed", "rss", "rdf", "div"})
_INHERITED = frozenset({"base", "lang", "xmlns"})
# Whatever else stands there has left the image, or the text input, that was never closed.
_OF_IMAGES = frozenset({"title", "link", "description", "url", "href", "width", "height"})
_OF_INPUTS = frozenset({"title", "link", "description", "name"})
_RELATIVE = frozenset({
    "comments", "docs", "href", "icon", "id", "link", "logo", "url", "wfw_comment", "wfw_commentrss",
})  # fmt: skip
_TERMS = frozenset({"category", "tags", "itunes_keywords"})
_C1 = re.compile("[\x80-\x9f]")
_QUERY_REFERENCE = re.compile(r"&([A-Za-z0-9_]+);")


class _Way(NamedTuple):
    """What becomes of an element of this name."""

    tag: str
    known: str  # as our hooks have it
    key: str  # where feedparser keeps it
    leaves_input: bool
    leaves_image: bool
    starts: Callable[[Any, dict[str, str]], Any] | None
    ends: Callable[[Any], Any] | None


_Parser: Any = object  # in truth our other hooks and feedparser's strict parser stand behind us


class Shortcuts(_Parser):  # type: ignore[misc]
    """Handlers of expat's events, past `xml.sax` and most of feedparser."""

    meant: dict[int, str]  # by code points of windows-1252
    safely_joined: Callable[[str, str], str]

    # The usual way; set by who drives this, before the first event.
    starts_otherwise: Callable[[str, dict[str, str]], None]
    ends_otherwise: Callable[[str], None]
    # feedparser's own.
    baseuri: str
    lang: str | None

    def __init__(self, *args: Any) -> None:
        self._ways: dict[str, _Way | None] = {}
        self._bases: dict[str, str] = {}
        super().__init__(*args)

    def track_namespace(self, prefix: str | None, uri: str) -> None:
        self._ways.clear()  # what a name is taken for depends on all namespaces so far
        super().track_namespace(prefix, uri)

    # -- events: startElementNS and unknown_starttag, endElementNS and unknown_endtag, handle_data ------

    def element_starts(self, name: str, attributes: dict[str, str]) -> None:
        way = self._way(name)
        plain = not (self._depth or self.incontent or self.svgOK or self.decls)
        if way is None or not plain or len(attributes) > MOST_ATTRIBUTES:
            self.starts_otherwise(name, attributes)
            return
        said: dict[str, str] = {}
        for key, value in attributes.items():
            key = key.lower()
            if " " in key or key in _INHERITED:
                self.starts_otherwise(name, attributes)
                return
            said[key] = value.lower() if key in ("rel", "type") else value
        self.depth += 1
        base = self.baseuri
        if base:
            if base not in self._bases:
                self._bases[base] = self.safely_joined(base, base) or base
            self.baseuri = self._bases[base]
        self.basestack.append(self.baseuri)
        self.langstack.append(self.lang)
        if way.leaves_input:
            self.intextinput = 0
        if way.leaves_image:
            self.inimage = 0
        try:
            self._start(way, said)
        except (Enough, MemoryError):
            raise
        except Exception as fault:  # noqa: BLE001 - as in `Hooks`
            self._stumbled(way.tag, fault)

    def _start(self, way: _Way, said: dict[str, str]) -> None:
        try:
            if way.starts is not None:
                way.starts(self, said)
                return
        except AttributeError:
            pass  # it is taken for one that nobody knows
        if said:
            self._get_context()[way.key] = said
        else:
            self.push(way.key, 1)

    def element_ends(self, name: str) -> None:
        way = self._way(name)
        if way is None or self._depth or self.svgOK:
            self.ends_otherwise(name)
            return
        try:
            self._end(way)
        except MemoryError:
            raise
        except Exception as fault:  # noqa: BLE001 - as in `Hooks`
            self._stumbled(way.tag, fault)
            return

    def _end(self, way: _Way) -> None:
        try:
            if way.ends is None:
                self.pop(way.key)
            else:
                way.ends(self)
        except AttributeError:
            self.pop(way.key)
        if self.incontent:
            if not self.contentparams.get("type", "xml").endswith("xml"):
                self.contentparams["type"] = _XHTML
            if self.contentparams.get("type") == _XHTML:
                self.handle_data(f"</{way.known.split(':')[-1]}>", escape=0)
        if self.basestack:
            self.basestack.pop()
            if self.basestack and self.basestack[-1]:
                self.baseuri = self.basestack[-1]
        if self.langstack:
            self.langstack.pop()
            if self.langstack:
                self.lang = self.langstack[-1]
        self.depth -= 1

    def text_comes(self, text: str) -> None:
        if self._depth or dict.get(self.contentparams, "type") == _XHTML:
            self.handle_data(text)
        elif self.elementstack:
            self.elementstack[-1][2].append(text)

    def _way(self, name: str) -> _Way | None:
        try:
            return self._ways[name]
        except KeyError:
            way = self._ways[name] = self._found(name)
            return way

    def _found(self, name: str) -> _Way | None:
        """The way of a name as expat has it, `URI LOCAL PREFIX`; None for the long one."""
        parts = name.split()
        if len(parts) > 3:
            return None
        namespace, local = ("", name) if len(parts) == 1 else (parts[0].lower(), parts[1])
        local = local.lower()
        prefix = self._matchnamespaces.get(namespace)
        if prefix is None or local in _OTHERWISE or "backend.userland.com" in namespace:
            return None
        tag = f"{prefix.lower()}:{local}" if prefix else local
        known = self._known_as(tag)
        prefix, colon, suffix = known.partition(":")
        if not colon:
            prefix, suffix = "", known
        prefix = self.namespacemap.get(prefix, prefix)
        key = f"{prefix}_{suffix}" if prefix else suffix
        own = type(self)
        return _Way(
            tag,
            known,
            key,
            leaves_input=not prefix and known not in _OF_INPUTS,
            leaves_image=not prefix and known not in _OF_IMAGES,
            starts=getattr(own, f"_start_{key}", None),
            ends=getattr(own, f"_end_{key}", None),
        )

    # -- what handlers ask for ---------------------------------------------------------------------------

    def resolve_uri(self, uri: str) -> str:
        return uri if urls.is_spelled_out(uri) else str(super().resolve_uri(uri))

    def looks_like_html(self, text: str) -> bool:
        return ("<" in text or "&" in text) and bool(super().looks_like_html(text))

    def pop(self, element: str, strip_whitespace: int = 1) -> Any:
        stack, params = self.elementstack, self.contentparams
        if not stack or stack[-1][0] != element:
            return None
        if dict.get(params, "type") == _XHTML or dict.get(params, "base64") or not self.encoding:
            return super().pop(element, strip_whitespace)
        _, expecting_text, pieces = stack.pop()
        output = "".join(pieces)
        if strip_whitespace:
            output = output.strip()
        if not expecting_text:
            return output
        if output and element in _RELATIVE and (element != "id" or self.guidislink):
            output = self.resolve_uri(output)
        plain = dict.get(params, "type") == "text/plain" and not self.version.startswith("atom")
        if plain and self.looks_like_html(output):
            params["type"] = "text/html"
        dict.pop(params, "mode", None)
        dict.pop(params, "base64", None)
        if not output.isascii():
            output = self._recoded(output)
        if element in _TERMS or (element == "title" and -1 < self.title_depth <= self.depth):
            return output
        if self.inentry and not self.insource:
            self._keep_of_entry(element, output)
        elif self.infeed or self.insource:
            self._keep(element, output)
        return output

    def _recoded(self, text: str) -> str:
        """UTF-8 that was read as ISO 8859-1, and code points of windows-1252, as they were meant."""
        with contextlib.suppress(UnicodeEncodeError, UnicodeDecodeError):
            text = text.encode("iso-8859-1").decode("utf-8")
        return text.translate(self.meant) if _C1.search(text) else text

    def _keep_of_entry(self, element: str, output: str) -> None:
        entry = self.entries[-1]
        if element == "content":
            entry.setdefault(element, [])
            entry[element].append(self._detail(output))
        elif element == "link":
            if not self.inimage:
                output = _QUERY_REFERENCE.sub(r"&\g<1>", output.replace("&amp;", "&"))
                entry[element] = output
                if output:
                    entry["links"][-1]["href"] = output
        else:
            if element == "description":
                element = "summary"
            depths = self.property_depth_map.setdefault(entry, {})
            before = depths.get(element)
            if before is None or self.depth <= before:
                depths[element] = self.depth
                entry[element] = output
            if self.incontent:
                entry[f"{element}_detail"] = self._detail(output)

    def _keep(self, element: str, output: str) -> None:
        context = self._get_context()
        if element == "description":
            element = "subtitle"
        context[element] = output
        if element == "link":
            output = _QUERY_REFERENCE.sub(r"&\g<1>", output)
            context[element] = output
            context["links"][-1]["href"] = output
        elif self.incontent:
            context[f"{element}_detail"] = self._detail(output)

    def _detail(self, output: str) -> Any:
        detail = type(self.contentparams)(self.contentparams)
        detail["value"] = output
        return detail
