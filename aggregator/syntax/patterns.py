"""Pure. The two small languages of feeds.yaml: search patterns (RE2) and templates (`{author}`).

RE2 searches in time linear in the text, whatever the pattern and whoever wrote the text
(https://github.com/google/re2/wiki/Syntax); Python's own `re` is never given an operator's pattern.
This room decides what a pattern or a template means, not where one may stand in the file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import re2

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


class PatternError(ValueError):
    """A pattern that RE2 does not take; the text says why, in a few words."""


class Pattern(Protocol):
    """A compiled pattern, as far as we use it."""

    def search(self, text: bytes, /) -> object | None:
        """A match anywhere in UTF-8 text, or None."""


@cache
def _options() -> re2.Options:
    import re2

    options = re2.Options()
    options.log_errors = False  # RE2 would write them to stderr, beside the error that we raise
    options.never_capture = True  # we only ask whether it is found; groups would cost time
    return options


@lru_cache(maxsize=4096)
def compile(pattern: str) -> Pattern:
    """The pattern, compiled once per process.

    Raises `PatternError` for what RE2 does not know (look-around, back-references), for what is no
    regular expression, and for one whose program would take more than RE2's 8 MB.
    """
    import re2  # 2.5 MB, and most files have no pattern

    try:
        # As bytes, which RE2 reads as UTF-8 all the same: for str its wrapper maps every match's offsets
        # from bytes back to characters, which nobody here asks for.
        compiled: Pattern = re2.compile(pattern.encode(), _options())
    except UnicodeEncodeError as error:
        raise PatternError("holds half a character (a lone surrogate)") from error
    except re2.error as error:
        reason = error.args[0] if error.args else "not a pattern"
        raise PatternError(reason.decode() if isinstance(reason, bytes) else str(reason)) from error
    return compiled


def search(pattern: str, text: str) -> bool:
    """Is the pattern found anywhere in the text? Case counts unless the pattern says `(?i)`.

    Raises `PatternError`; never for a pattern that `compile` has taken.
    """
    # A lone surrogate has no UTF-8; a question mark in its place can only miss a match.
    return compile(pattern).search(text.encode(errors="replace")) is not None


def placeholders(template: str) -> tuple[str, ...]:
    """The names between braces, in order, each once: `{author}的{term}` gives author and term."""
    return tuple(dict.fromkeys(_PLACEHOLDER.findall(template)))


def fill(template: str, values: Mapping[str, str]) -> str:
    """The template with each name replaced by its value; a name without one stays as it is written.

    Values are put in as they are: braces inside a value are not read again.
    """
    return _PLACEHOLDER.sub(lambda match: values.get(match[1], match[0]), template)
