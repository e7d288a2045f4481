"""Pure. What takes but a moment to read, whatever it is: so little that no limit of time is needed for it.

Counts, and looks at nothing. `tools/worst_rest.py` looks for the worst that is within these bounds: it took
18 ms where others computed too.
"""

from __future__ import annotations

LONGEST_BODY = 256 << 10
"""Bytes of a whole document, of which all is looked at, in linear time, to find its items."""
MOST_TAGS, MOST_REFERENCES = 10_000, 5_000
LONGEST_REST = 16 << 10
"""Characters that feedparser reads, of which it can make very much work."""
MOST_TAGS_OF_REST, MOST_PREFIXES_OF_REST = 300, 50


def is_short(body: bytes) -> bool:
    """Whether the items of a document are found in a moment."""
    return (
        len(body) <= LONGEST_BODY
        and body.count(b"<") <= MOST_TAGS
        and body.count(b"&#") <= MOST_REFERENCES
        and b"\0" not in body  # in wide characters neither would be seen
    )


def is_little(rest: str) -> bool:
    """Whether what is left of a document is read in a moment."""
    return (
        len(rest) <= LONGEST_REST
        and rest.count("<") <= MOST_TAGS_OF_REST
        and rest.count("xmlns") <= MOST_PREFIXES_OF_REST
    )
