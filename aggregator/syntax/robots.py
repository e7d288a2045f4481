"""Pure. robots.txt (RFC 9309): which paths of a site may be fetched by the name that we go by.

The longest pattern that fits a path decides, and `Allow` where two are as long. Everything is bounded and
takes time in proportion to its length, whatever stands in the file. Crawl-delay and Sitemap are no part of
the RFC: our own gap between two exchanges with a host is what is kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from aggregator.model import RobotsRule

TOKEN = "aggregator"
"""The name that we go by in a User-Agent line, in whatever case."""
LONGEST = 500 * 1024
"""Bytes that are read, as the RFC wants at least (2.5); the rest is left out."""
MOST_RULES = 2000
"""Rules for us that are kept."""
LONGEST_PATTERN = 2000

_TOKEN = re.compile(r"[A-Za-z_-]+|\*")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


def rules(body: bytes) -> tuple[RobotsRule, ...]:
    """The rules of all groups that name us; where none does, of those for everybody (`*`)."""
    ours: list[RobotsRule] = []
    of_all: list[RobotsRule] = []
    named = False
    agents: set[str] = set()
    in_rules = True  # so that the first User-Agent line begins a group
    if len(body) > LONGEST:  # half a rule is about more than the whole of it
        body = body[:LONGEST].rpartition(b"\n")[0]
    for line in body.decode("utf-8", "replace").lstrip("\ufeff").splitlines():
        name, colon, value = line.partition("#")[0].partition(":")
        name, value = name.strip().lower(), value.strip()
        if not colon:
            continue
        if name == "user-agent":
            if in_rules:
                agents, in_rules = set(), False
            found = _TOKEN.match(value)
            agents.add(found[0].lower() if found else "")
            named = named or TOKEN in agents
        elif name in ("allow", "disallow"):
            in_rules = True
            if not value or len(value) > LONGEST_PATTERN:  # an empty one forbids nothing (2.2.2)
                continue
            rule = (name == "allow", _normal(value))
            for agent, kept in ((TOKEN, ours), ("*", of_all)):
                if agent in agents and len(kept) < MOST_RULES:
                    kept.append(rule)
    return tuple(ours if named else of_all)


def allows(said: Iterable[RobotsRule], url: str) -> bool:
    """Whether rules allow the path of a URL; what no rule is about is allowed, and so is robots.txt."""
    parts = urlsplit(url)
    path = _normal((parts.path or "/") + (f"?{parts.query}" if parts.query else ""))
    if path == "/robots.txt":
        return True
    fitting = [(len(pattern), allowed) for allowed, pattern in said if _fits(pattern, path)]
    return max(fitting, default=(0, True))[1]


def _fits(pattern: str, path: str) -> bool:
    """Whether a pattern fits the beginning of a path: `*` is anything, a `$` at the end is the end."""
    anchored = pattern.endswith("$")
    first, *pieces = pattern.removesuffix("$").split("*")
    if not path.startswith(first):
        return False
    at = len(first)
    if anchored and not pieces:
        return at == len(path)
    last = pieces.pop() if anchored else ""
    for piece in pieces:
        found = path.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    return not anchored or (len(path) - len(last) >= at and path.endswith(last))


def _normal(path: str) -> str:
    """A path in one spelling (2.2.2): what needs no escape without one, everything else with one."""
    raw = "".join(c if "!" <= c <= "~" else _escaped(c) for c in path)
    return _ESCAPE.sub(_spelled, raw)


def _escaped(char: str) -> str:
    return "".join(f"%{octet:02X}" for octet in char.encode("utf-8", "replace"))


def _spelled(found: re.Match[str]) -> str:
    char = chr(int(found[1], 16))
    return char if char in _UNRESERVED else found[0].upper()
