"""Pure. What makes two category values one, and how long a value is at most.

A category is told by what its value says, not by how it is written. Which slug it has is decided elsewhere.
"""

from __future__ import annotations

import unicodedata

LONGEST = 100
"""Characters of a category's title or a tag."""


def fold(value: str) -> str:
    """Equal for values that are one category: NFKC, case-folded, white space as single spaces."""
    return " ".join(unicodedata.normalize("NFKC", value).casefold().split())
