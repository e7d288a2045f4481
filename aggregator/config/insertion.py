"""Pure. Puts items at the end of a list or mapping of feeds.yaml, and leaves every other character alone.

The text is never written anew: the place is found in the marks of YAML's events, what is inserted takes the
form of its neighbours (block or flow, their indentation, the file's line breaks), and the result is read
again: it must say all that the file said before, and the new items. Where it would not, it is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from aggregator.config import document
from aggregator.config.pieces import Piece
from aggregator.errors import AggregatorError

_BREAK = re.compile(r"\r\n|\n|\r")
_COMMA = re.compile(r"\s*,")
_STEP = "  "


def insert(text: str, key: str, pieces: Sequence[Piece]) -> str:
    """The text of feeds.yaml with items at the end of the list or mapping under a top-level key.

    A key that is missing, or has no value yet, gets one. Raises `AggregatorError` with what stands in the
    way where that cannot be done by insertion alone.
    """
    if not pieces:
        return text
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    before = text.removeprefix(mark)
    try:
        found = _survey(before, key)
    except yaml.YAMLError as error:
        raise _refused(key, "the file is not YAML") from error
    after = mark + _put(before, key, pieces, found)
    if not _says(before, after.removeprefix(mark), key, pieces):
        raise _refused(key, "what stands there would come to say something else")
    return after


@dataclass(frozen=True, slots=True)
class _Place:
    """One of YAML's events, and where it stands: characters from `start` up to `end`."""

    event: yaml.Event
    start: int
    end: int
    column: int

    @property
    def in_brackets(self) -> bool:
        return bool(getattr(self.event, "flow_style", False))

    @property
    def says_nothing(self) -> bool:
        return isinstance(self.event, yaml.ScalarEvent) and self.start == self.end and not self.event.style


@dataclass(slots=True)
class _Survey:
    """What a text has of a key, and where the last thing that it holds ends."""

    end: int  # of the document
    root: _Place | None = None
    named: _Place | None = None  # the key itself
    value: _Place | None = None
    closing: _Place | None = None  # of a list or mapping
    last: int | None = None  # end of the last thing in it


def _survey(text: str, key: str) -> _Survey:
    found = _Survey(end=len(text))
    depth = 0
    named: _Place | None = None  # the key, until its value has come
    waiting = inside = False  # some key of the root waits for its value; within the value
    for place in _places(text):
        depth_before = depth
        match place.event:
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                depth += 1
                if depth_before == 1 and named is not None:
                    found.named, found.value, inside = named, place, True
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                depth -= 1
                if inside and depth == 1:
                    found.closing, inside = place, False
                elif inside and place.start != place.end:  # a bracket; the end of a block has no width
                    found.last = place.end
            case yaml.ScalarEvent() | yaml.AliasEvent():
                if depth == 1 and named is not None:
                    found.named, found.value = named, place
                elif inside:
                    found.last = place.end
            case yaml.DocumentEndEvent(explicit=True):
                found.end = place.start
                continue
            case _:
                continue
        if depth_before == 0:
            found.root = place
        elif depth == 1:  # a key or a value of the root has been read whole
            is_key = not waiting and isinstance(place.event, yaml.ScalarEvent)
            named = place if is_key and getattr(place.event, "value", None) == key else None
            waiting = not waiting
    return found


def _places(text: str) -> Iterator[_Place]:
    for event in yaml.parse(text, Loader=document.LOADER):
        start, end = event.start_mark, event.end_mark
        if start is not None and end is not None:
            yield _Place(event, start.index, end.index, start.column)


def _put(text: str, key: str, pieces: Sequence[Piece], found: _Survey) -> str:
    first = _BREAK.search(text)
    eol = first[0] if first else "\n"
    value, named = found.value, found.named
    if value is None or named is None:
        return _append(text, key, pieces, found, eol)
    if value.says_nothing:
        return _insert_lines(text, named.end, _lines(pieces, " " * named.column + _STEP), eol)
    if isinstance(value.event, yaml.ScalarEvent | yaml.AliasEvent):
        what = "an alias" if isinstance(value.event, yaml.AliasEvent) else "a text"
        raise _refused(key, f"its value is {what}")
    if value.in_brackets:
        return _insert_in_brackets(text, pieces, found, eol)
    return _insert_lines(text, found.last or value.end, _lines(pieces, " " * value.column), eol)


def _append(text: str, key: str, pieces: Sequence[Piece], found: _Survey, eol: str) -> str:
    """A key of its own, behind all others."""
    root = found.root
    if root is None or root.says_nothing:
        indent = ""
    elif isinstance(root.event, yaml.MappingStartEvent) and not root.in_brackets:
        indent = " " * root.column
    else:
        raise _refused(key, "the file is no mapping with a key in each line")
    return _insert_lines(text, found.end, [f"{indent}{key}:", *_lines(pieces, indent + _STEP)], eol)


def _lines(pieces: Sequence[Piece], indent: str) -> list[str]:
    return [indent + line for piece in pieces for line in piece.block]


def _insert_lines(text: str, after: int, lines: Sequence[str], eol: str) -> str:
    """Insert whole lines below the line in which something ends."""
    at = after
    if at and text[at - 1] not in "\r\n":  # a block scalar ends where the next line begins
        next_break = _BREAK.search(text, at)
        at = next_break.end() if next_break else len(text)
    body = eol.join(lines)
    begun = at > 0 and text[at - 1] not in "\r\n"  # the last line has no end, and gets one
    return text[:at] + (eol + body if begun else body + eol) + text[at:]


def _insert_in_brackets(text: str, pieces: Sequence[Piece], found: _Survey, eol: str) -> str:
    assert found.value is not None
    assert found.closing is not None
    several = len(pieces) > 1
    between = f",{eol}{_STEP * 2}" if several else ", "
    body = between.join(piece.flow for piece in pieces)
    if found.last is None:
        at = found.value.end
        return text[:at] + (f"{eol}{_STEP * 2}{body}{eol}{_STEP}" if several else body) + text[at:]
    at = found.last
    if comma := _COMMA.match(text, at, found.closing.start):
        at, between = comma.end(), between.removeprefix(",")
    return text[:at] + between + body + text[at:]


def _says(before: str, after: str, key: str, pieces: Sequence[Piece]) -> bool:
    """Whether the text says what it said before, and the new items."""
    old, wrong_before = document.read(before)
    new, wrong_after = document.read(after)
    if new is None or len(wrong_before) != len(wrong_after):
        return False
    expected = _data(old)
    if expected is None:
        expected = {}
    if not isinstance(expected, dict):
        return False
    there = expected.get(key)
    if isinstance(pieces[0].data, dict) and key == "categories":
        expected[key] = {**(there or {}), **{k: v for piece in pieces for k, v in piece.data.items()}}
    else:
        expected[key] = [*(there or []), *(piece.data for piece in pieces)]
    return bool(_data(new) == expected)


def _data(node: document.Node | None) -> Any:
    match node:
        case None:
            return None
        case document.Scalar():
            return None if node.null else node.text
        case document.Sequence():
            return [_data(item) for item in node.items]
        case document.Mapping():
            return {key: _data(value) for key, value in node.items.items()}


def _refused(key: str, why: str) -> AggregatorError:
    return AggregatorError(
        f"`{key}:` cannot be added to without rewriting the file: {why}; nothing was written. "
        "Run the command without --write and paste what it prints"
    )
