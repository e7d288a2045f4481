"""Pure. Feeds and categories as lines of feeds.yaml: quoted where YAML needs it, `$` doubled.

Where in a file they go is `insertion`'s. What stands in a title or a URL comes from strangers: whatever it
is, it must read back as the same text and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aggregator.syntax import text

LONGEST_TITLE = 200
"""Characters of a title that are written."""

# Cannot be taken for anything but itself, in block and in flow, by us and by other readers of YAML.
_PLAIN = re.compile(r"[^\W\d_](?:[\w./-]|[ ](?=\w))*")
_PLAIN_URL = re.compile(r"https?://[A-Za-z0-9._~/%?=+;@!$()*&-]+(?::[0-9]+)?[A-Za-z0-9._~/%?=+;@!$()*&-]*")
_TYPED = frozenset({"true", "false", "yes", "no", "on", "off", "y", "n", "null", "none"})


@dataclass(frozen=True, slots=True)
class Piece:
    """One item of a list or mapping: as lines of a block, in one line between brackets, and what it says."""

    block: tuple[str, ...]
    flow: str
    data: Any  # as the tree of the file has it: texts as written, before the environment is put in


@dataclass(frozen=True, slots=True)
class FeedItem:
    """A feed that is to be written into the file."""

    url: str
    title: str = ""
    categories: tuple[str, ...] = ()  # slugs or templates; none: what the file's defaults say
    private: bool = False
    remark: str = ""  # a comment behind the URL, where the file has lines


def feed(item: FeedItem) -> Piece:
    """An item of a list of feeds: its URL alone where that is all there is to say."""
    keys: dict[str, Any] = {"url": _doubled(item.url)}
    if title := _line(item.title):
        keys["title"] = _doubled(title)
    if item.categories:
        values = [_doubled(value) for value in item.categories]
        keys["category"] = values if len(values) > 1 else values[0]
    if item.private:
        keys["private"] = "true"
    written = {key: _value(key, value) for key, value in keys.items()}
    remark = f"  # {said}" if (said := _line(item.remark)) else ""
    if len(keys) == 1:
        return Piece((f"- {written['url']}{remark}",), written["url"], keys["url"])
    first, *others = (f"{key}: {value}" for key, value in written.items())
    block = (f"- {first}{remark}", *(f"  {line}" for line in others))
    return Piece(block, "{" + ", ".join((first, *others)) + "}", keys)


def category(slug: str, title: str) -> Piece:
    """An item of `categories`."""
    named = _doubled(_line(title))
    entry = f"{slug}: {{title: {scalar(named)}}}"
    return Piece((entry,), entry, {slug: {"title": named}})


def listing(categories: Sequence[Piece], feeds: Sequence[Piece]) -> str:
    """Both as a file of their own, or to be pasted into one; "" for nothing."""
    lines: list[str] = []
    for key, pieces in (("categories", categories), ("feeds", feeds)):
        if pieces:
            lines += [f"{key}:", *(f"  {line}" for piece in pieces for line in piece.block)]
    return "".join(f"{line}\n" for line in lines)


def scalar(value: str) -> str:
    """One line of text as YAML: plain where nobody can misread it, else in single quotes."""
    if _PLAIN.fullmatch(value) and value.lower() not in _TYPED:
        return value
    return "'" + value.replace("'", "''") + "'"


def _value(key: str, value: str | list[str]) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(map(scalar, value)) + "]"
    if key == "private" or (key == "url" and _PLAIN_URL.fullmatch(value)):
        return value
    return scalar(value)


def _line(said: str) -> str:
    """One line of text, with nothing that YAML does not take."""
    return text.shorten(text.fold(said), LONGEST_TITLE)


def _doubled(value: str) -> str:
    return value.replace("$", "$$")
