"""Pure. The kinds of values that keys take: each a function from text to value that raises `Wrong`.

Scalars come as text (or None) whatever YAML would make of them, so each kind alone decides what it takes.
Whoever reports a `Wrong` shows the value as the file has it before the text, and where it came from the
environment nothing but that: so a text may offer a corrected value, but says nothing of others.
"""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import lru_cache
from typing import Any

from aggregator.config.problems import Wrong, listed, nearest, together
from aggregator.syntax import patterns

PLACEHOLDERS = ("author", "publisher", "term", "feed_title")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_BYTES = {"b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30}
_DURATION = re.compile(r"([0-9]{1,9}) ?([smhd])")
_SIZE = re.compile(r"([0-9]{1,9}) ?([KMG]?i?B)", re.IGNORECASE)
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,8}")
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_CENTURY = timedelta(days=36500)


def text(value: Any) -> str:
    """Any text of one value; what is plainly a mistake of quoting is told apart."""
    match value:
        case str():
            if _CONTROL.search(value):
                raise Wrong(
                    "holds a control character (in double quotes a backslash begins an escape)",
                    "put it in single quotes",
                )
            return value
        case None:
            raise Wrong("nothing stands here", "write a text, or delete the line", bare=True)
        case dict() if value and all(v is None for v in value.values()):
            braced = "{" + ", ".join(value) + "}"
            raise Wrong(
                f"{braced} without quotes is a mapping in YAML", f"write '{braced}' in quotes", bare=True
            )
        case dict():
            raise Wrong("a mapping stands where one text belongs", "put text in single quotes", bare=True)
        case _:
            raise Wrong("a list stands where one text belongs", "write one of its items", bare=True)


def line(value: Any) -> str:
    """A text on one line, not empty: what titles and names are."""
    folded = " ".join(text(value).split())
    if not folded:
        raise Wrong("the text is empty", "write something, or delete the line", bare=True)
    return folded


def listing(kind: Callable[[Any], Any], at_least: int = 0) -> Callable[[Any], tuple[Any, ...]]:
    """A list of one kind, each item once; a single value stands for a list of one."""

    def read(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list):
            return (kind(value),)
        if len(value) < at_least:
            raise Wrong("the list is empty", "write at least one item, or delete the line", bare=True)
        items, found = [], []
        for i, item in enumerate(value):
            try:
                items.append(kind(item))
            except Wrong as wrong:
                wrong.inside = (i, *wrong.inside)
                found.append(wrong)
        if found:
            raise together(found)
        return tuple(dict.fromkeys(items))

    return read


def boolean(value: Any) -> bool:
    """`true` or `false`; the other words of YAML 1.1 are text."""
    word = text(value)
    if word.lower() in ("true", "false"):
        return word.lower() == "true"
    raise Wrong("is neither true nor false", "write true or false")


def whole(least: int, most: int) -> Callable[[Any], int]:
    """A whole number in a range."""

    def read(value: Any) -> int:
        word = text(value)
        if re.fullmatch(r"[0-9]{1,9}", word) and least <= int(word) <= most:
            return int(word)
        raise Wrong("is not what this key takes", f"write a whole number from {least} to {most}")

    return read


def choice(*words: str) -> Callable[[Any], str]:
    """One of a few words."""

    def read(value: Any) -> str:
        word = text(value)
        if word in words:
            return word
        meant = nearest(word, words)
        raise Wrong("is none of the words for this key", f"write {meant or listed(words)}")

    return read


def duration(value: Any) -> timedelta:
    """`90s`, `15m`, `2h`, `1d`: more than nothing, at most a century."""
    length = pause(value)
    if not length:
        raise Wrong("is too short", "write at least 1s")
    return length


def pause(value: Any) -> timedelta:
    """A duration that may be nothing (`0s`)."""
    word = text(value)
    if not (match := _DURATION.fullmatch(word)):
        unit = f"give the number a unit, like {word}s or {word}m" if word.isdecimal() else None
        raise Wrong("is no duration", unit or "write a number and a unit, like 90s, 15m, 2h or 1d")
    length = timedelta(seconds=int(match[1]) * _UNITS[match[2]])
    if length > _CENTURY:
        raise Wrong("is longer than a century", "write at most 36500d")
    return length


def size(value: Any) -> int:
    """`10MB` (millions of bytes), `512KiB` (1024s), in bytes: from 1 KB to 1 GB."""
    word = text(value)
    match = _SIZE.fullmatch(word)
    if not match or match[2].lower() not in _BYTES:
        raise Wrong("is no size", "write a number and a unit, like 512KiB or 10MB")
    amount = int(match[1]) * _BYTES[match[2].lower()]
    if not 1_000 <= amount <= 1_073_741_824:
        raise Wrong("is out of bounds", "write from 1KB to 1GiB")
    return amount


def language(value: Any) -> str:
    """A language tag by its shape (BCP 47, RFC 5646): `en`, `zh-CN`, `no`."""
    tag = text(value)
    if _LANGUAGE.fullmatch(tag):
        return tag
    if _LANGUAGE.fullmatch(tag.replace("_", "-")):
        raise Wrong("is no language tag", f"write {tag.replace('_', '-')}")
    raise Wrong("is no language tag", "write one like en, de or zh-CN")


def timezone(value: Any) -> str:
    """A name of the IANA time zone database, like `Asia/Shanghai`."""
    name = text(value)
    if _is_zone(name):
        return name
    meant = nearest(name, sorted(zoneinfo.available_timezones()), 0.8) if name.isascii() else None
    raise Wrong("is no time zone", f"write {meant or 'a name like Asia/Shanghai, Europe/Berlin or UTC'}")


@lru_cache(maxsize=1024)
def _is_zone(name: str) -> bool:
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return False  # unknown; no key (`../x`); a directory of the database (`Asia`)
    return True


def slug(value: Any) -> str:
    """What names a category in paths: lower-case letters, digits, single hyphens, at most 100."""
    name = text(value)
    if _SLUG.fullmatch(name) and len(name) <= 100:
        return name
    raise Wrong(
        "is no slug", "write lower-case letters a-z, digits and hyphens; the name for people is its title"
    )


def pattern(value: Any) -> str:
    """A pattern for RE2, not empty."""
    written = text(value)
    if not written:
        raise Wrong("an empty pattern is found everywhere", "write what to look for", bare=True)
    try:
        patterns.compile(written)
    except patterns.PatternError as error:
        unsupported = re.search(r"\(\?(=|!|<)|\\[1-9]", str(error))
        remedy = (
            "RE2 has no look-around and no back-references; use two rules, or `unless`"
            if unsupported
            else r"put a backslash before ( ) [ ] { } . * + ? where it is meant as it stands"
        )
        raise Wrong(f"is no pattern ({error})", remedy) from error
    return written


def template(value: Any) -> str:
    """A text, possibly with placeholders."""
    written = line(value)
    for name in patterns.placeholders(written):
        if name not in PLACEHOLDERS:
            meant = nearest(name, PLACEHOLDERS)
            known = [f"{{{p}}}" for p in ((meant,) if meant else PLACEHOLDERS)]
            raise Wrong(f"has the placeholder {{{name}}}, which is unknown", f"write {listed(known)}")
    if "{" in (rest := patterns.fill(written, dict.fromkeys(PLACEHOLDERS, ""))) or "}" in rest:
        raise Wrong("has a brace without its twin", "write placeholders like {author}, and no other braces")
    return written


def words(names: Sequence[str]) -> Callable[[Any], tuple[Any, ...]]:
    """A list of words out of a few."""
    return listing(choice(*names))
