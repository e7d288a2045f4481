"""Pure. What is wrong with the file, and where: one line of text for each problem.

Texts follow one form, `WHAT IS WRONG; WHAT TO WRITE INSTEAD`. Nothing here knows YAML or the keys.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from aggregator.errors import ConfigError

_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")

Position: TypeAlias = tuple[int, int]
"""Line and column, both counted from 0, columns in characters."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing that is wrong, and where it stands."""

    position: Position
    text: str


class Wrong(ValueError):
    """A value that a key does not take. `what` follows the value as written: `is no duration`.

    `inside` are the steps from the value that was given to the part that is wrong (the number of an item
    in a list); with `bare`, `what` stands by itself and the value is not shown before it. `others` are
    wrong in the same value.
    """

    others: tuple[Wrong, ...] = ()

    def __init__(
        self, what: str, instead: str, *, inside: tuple[str | int, ...] = (), bare: bool = False
    ) -> None:
        super().__init__(f"{what}; {instead}")
        self.what = what
        self.instead = instead
        self.inside = inside
        self.bare = bare


def together(found: Sequence[Wrong]) -> Wrong:
    """One to raise for all that is wrong in a value of several parts."""
    found[0].others = tuple(found[1:])
    return found[0]


def failure(name: str, problems: Iterable[Problem]) -> ConfigError:
    """The error that carries every problem, each once, in the order of the file."""
    return ConfigError(
        [f"{name}:{p.position[0] + 1}:{p.position[1] + 1}: {p.text}" for p in sorted(set(problems))]
    )


def lines(text: str) -> list[str]:
    """A text's lines, as positions count them: by the line breaks of YAML 1.1 (5.4) and no others."""
    return _BREAK.split(text)


def quoted(text: str, limit: int = 60) -> str:
    """A text of the file, on one line, for people: in quotes, its middle left out where it is long."""
    line = "".join(c if c.isprintable() else " " for c in text)
    if len(line) > limit:
        line = f"{line[: limit // 2]}…{line[-limit // 3 :]}"
    return f'"{line}"'


_OURS = frozenset({"{author}", "{publisher}", "{term}", "{feed_title}"})  # in advice
_OF_THE_FILE = re.compile(
    r"""
    ".*"                               # `quoted`; greedy, since a quote may stand in it
    | (?<=is[ ]no[ ]pattern[ ]).*(?=;)   # RE2 repeats the part of a pattern that it cannot read
    | (?<!\$)\{[^\s{}][^{}]*\}        # text in braces that YAML reads as a mapping
    | [&*!][^\s;,)]+                   # anchors, aliases and tags
    """,
    re.VERBOSE,
)


def for_everybody(problem: str) -> str:
    """A problem without what the file itself says: a value that is wrong may be a secret that slipped."""
    return _OF_THE_FILE.sub(lambda found: found[0] if found[0] in _OURS else "…", problem)


def nearest(word: str, known: Sequence[str], likeness: float = 0.6) -> str | None:
    """The known word that was probably meant: the same but for case and the like, or a few letters off."""
    if not word or len(word) > 60:
        return None
    folded = {k.casefold(): k for k in known}
    close = difflib.get_close_matches(word.casefold().replace("-", "_"), list(folded), n=1, cutoff=likeness)
    return folded[close[0]] if close else None


def listed(words: Sequence[str], last: str = "or") -> str:
    """`a, b or c`."""
    return f" {last} ".join(filter(None, (", ".join(words[:-1]), words[-1]))) if words else ""
