"""Pure. Markup as a row of tags: told from text in linear time, without building a tree.

What needs no tree uses this: plain text, and the guard in front of the sanitizer, whose tree costs quadratic
time in nesting and in attributes. It follows the HTML tokenizer (HTML Standard, 13.2.5) closely, but nothing
that it lets through is thereby safe: only `html.sanitize` says what is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import NamedTuple

from aggregator.syntax.chars import fold

DROPPED = frozenset({
    "script", "style", "template", "noscript", "noembed", "noframes", "iframe", "object", "applet", "title",
    "textarea", "xmp", "plaintext", "svg", "math", "select",
})  # fmt: skip
"""Elements whose content is no text of the author's, or is markup of another kind: they go with all of it."""

_RAW = frozenset({
    "script", "style", "iframe", "noembed", "noframes", "title", "textarea", "xmp", "plaintext",
})  # fmt: skip
_VOID = frozenset({
    "area", "base", "br", "col", "embed", "hr", "image", "img", "input", "link", "meta", "param", "source",
    "track", "wbr",
})  # fmt: skip
_INLINE = frozenset({
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font",
    "i", "ins", "kbd", "label", "mark", "nobr", "q", "rp", "rt", "ruby", "s", "samp", "small", "span",
    "strike", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr",
})  # fmt: skip

# Possessive throughout: each character is looked at once, whatever is left open. Quotes delimit only after
# an equals sign, as in the tokenizer.
_TAG = re.compile(
    r"<(?:(?P<slash>/?)(?P<name>[a-zA-Z][^\s/>]*+)(?P<attributes>(?:[^>=]++|=\s*+(?:\"[^\"]*+\"|'[^']*+')?)*+)(?P<end>>?)"
    r"|(?P<comment>!--)|[!?/])"
)
_PLAIN_GAPS = {**dict.fromkeys(_INLINE, ""), **dict.fromkeys(("p", "br", "img", "li", "div"), " ")}
# Tags as the sanitizer writes them, of what most texts are made of: no `<` or `>` is in them but their own.
_AS_WRITTEN = r"(?: [a-z-]+=\"[^\"<>]*+\")*+ ?/?>"
_INLINE_AS_WRITTEN = re.compile(rf"</?(?:{'|'.join(sorted(_INLINE))}){_AS_WRITTEN}")
_BLOCK = (
    r"</?(?:p|br|img|li|div|ul|ol|h[1-6]|hr|blockquote|pre|figure|figcaption|table|tbody|thead|tr|td|th)"
    + _AS_WRITTEN
)
_BLOCKS_AS_WRITTEN = re.compile(f"{_BLOCK}(?:{_BLOCK})*+")
_COMMENT_END = re.compile(r"--!?>")
_CLOSERS = {name: re.compile(rf"</{name}(?=[\s/>])[^>]*+>?", re.IGNORECASE) for name in DROPPED}

_WELL_FORMED_ATTRIBUTES = re.compile(
    r"(?:\s+[a-zA-Z_:][\w:.-]*+(?:\s*=\s*(?:\"[^\"]*+\"|'[^']*+'|[^\s\"'<>=`/]++))?)*+\s*+", re.ASCII
)
_WELL_FORMED_NAME = re.compile(r"[a-z][a-z0-9:._-]*+")
_QUOTED = re.compile(r"\"[^\"]*+\"|'[^']*+'")

# Tags whose nesting ends by itself (HTML Standard, 13.1.2.4): they need not be closed, and do not pile up
# without others between them.
_SELF_ENDING = frozenset({
    "p", "li", "dd", "dt", "td", "th", "tr", "tbody", "thead", "tfoot", "caption", "colgroup", "option",
    "body", "html", "head",
})  # fmt: skip
_FORMATTING = frozenset({
    "a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u",
})  # fmt: skip

DEEPEST = 256
"""Elements that may be open at once; more is no text but an attack."""
_DEEPEST_FORMATTING = 64  # those the parser opens again in each block: 16 kB of them make 4.5 MB
_MOST_ATTRIBUTES = 128


class Tag(NamedTuple):
    """One tag, comment or dropped element, from `start` up to `end` in the text."""

    start: int
    end: int
    name: str  # lower case; "!" for comments and the like, and for dropped elements
    closing: bool = False
    attributes: str = ""


def tags(html: str) -> Iterator[Tag]:
    """Every piece of the text that is not text, in order. `<` before anything but a tag is text."""
    without_closer: set[str] = set()
    at = 0
    while found := _TAG.search(html, at):
        start, at = found.span()
        name = (found["name"] or "").lower()
        if not name:
            at = _comment_end(html, found)
            yield Tag(start, at, "!")
        elif not found["end"] and "=" not in found["attributes"]:
            return  # no tag, but a `<` in text that nothing closes
        elif name not in DROPPED or found["slash"]:
            yield Tag(start, at, name, bool(found["slash"]), found["attributes"])
        else:
            if name not in without_closer:
                if closer := _CLOSERS[name].search(html, at):
                    at = closer.end()
                else:
                    without_closer.add(name)
            if name in without_closer and name in _RAW:
                at = len(html)
            yield Tag(start, at, "!")


def _comment_end(html: str, opened: re.Match[str]) -> int:
    if opened["comment"]:
        closed = _COMMENT_END.search(html, opened.end() - 2)  # `<!-->` is a whole comment
        return closed.end() if closed else len(html)
    return html.find(">", opened.end()) + 1 or len(html)  # a bogus comment: declarations, `<?xml ?>`, `</>`


def to_text(html: str) -> str:
    """What a reader of the HTML reads, as plain text: entities decoded once, white space folded to spaces.

    Blocks are set apart by a space; scripts, styles and comments are gone.
    """
    if "<" not in html:
        return fold(unescape(html))
    if "\0" not in html:
        # A tag leaves something in its place, so that what is around it makes no other one.
        bare = _BLOCKS_AS_WRITTEN.sub(" ", _INLINE_AS_WRITTEN.sub("\0", html))
        if "<" not in bare:
            return fold(unescape(bare.replace("\0", "")))
    try:
        # Where nothing is hidden, text is found without walking from tag to tag.
        return fold(unescape(_TAG.sub(_gap, html)))
    except _Hidden:
        return fold("".join(_words(html)))


class _Hidden(Exception):
    """Something goes with all that it holds: a comment, a dropped element."""


def _gap(found: re.Match[str]) -> str:
    """What is left of a tag in the text."""
    slash, name, attributes, end, _ = found.groups()
    if name in _PLAIN_GAPS and end:
        return _PLAIN_GAPS[name]
    if name is None or (not slash and name.lower() in DROPPED):
        raise _Hidden
    if not end and "=" not in attributes:
        return found[0]
    return "" if name.lower() in _INLINE else " "


def _words(html: str) -> Iterator[str]:
    at = 0
    for tag in tags(html):
        yield unescape(html[at : tag.start])
        if tag.name not in _INLINE and tag.name != "!":
            yield " "
        at = tag.end
    yield unescape(html[at:])


def plainly_spelled(html: str) -> str | None:
    """The same HTML with nothing in it whose end a parser could see elsewhere than we do; None if it is deep.

    Comments and dropped elements go, badly spelled tags lose their attributes, a `<` that is text is
    escaped. So what is counted here is what the parser will open. It is counted on the safe side: only the
    innermost open element can be closed, a closing tag for any other is ignored (so might the parser, behind
    a table). None where more elements would be open at once than any text has.
    """
    pieces: list[str] = []
    opened: list[str] = []
    formatting = at = 0
    for start, end, name, closing, attributes in tags(html):
        pieces.append(html[at:start].replace("<", "&lt;"))
        at = end
        if name in DROPPED or not _WELL_FORMED_NAME.fullmatch(name):
            continue
        if closing:
            pieces.append(f"</{name}>")
            if opened and opened[-1] == name:
                opened.pop()
                formatting -= name in _FORMATTING
            continue
        pieces.append(f"<{name}{attributes if _few_and_well_formed(attributes) else ''}>")
        if name not in _VOID and name not in _SELF_ENDING:
            opened.append(name)
            formatting += name in _FORMATTING
            if len(opened) > DEEPEST or formatting > _DEEPEST_FORMATTING:
                return None
    pieces.append(html[at:].replace("<", "&lt;"))
    return "".join(pieces)


def _few_and_well_formed(attributes: str) -> bool:
    attributes = attributes.removesuffix("/")
    if not attributes:
        return True
    if _WELL_FORMED_ATTRIBUTES.fullmatch(attributes) is None:
        return False
    few = len(attributes) <= _MOST_ATTRIBUTES
    return few or len(_QUOTED.sub("", attributes).split()) <= _MOST_ATTRIBUTES
