"""Pure. Plain text: made of what a source calls text, cleaned, folded, shortened.

Titles, names and terms come through here; a title is text, whatever markup a source has put in it. Nothing
here makes HTML.
"""

from __future__ import annotations

import re
from html import unescape

from aggregator.model import Text
from aggregator.syntax.chars import clean as clean
from aggregator.syntax.chars import fold as fold
from aggregator.syntax.html import shorten as shorten
from aggregator.syntax.markup import to_text

_LONGEST = 64 * 1024  # characters of a construct that is to be one line

# Markup in what says it is plain text: a closing tag, a tag with attributes, a break or a comment. A lone
# `<b>`, or `5 < 6`, may well be meant as it stands.
_MARKUP = re.compile(
    r"</[a-z][a-z0-9]*\s*>|<[a-z][a-z0-9]*[\s/]+[a-z-]+\s*=|<(?:br|hr|p|wbr)\s*/?>|<!--|<(?:script|style|svg|iframe)\b",
    re.IGNORECASE,
)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,31});", re.IGNORECASE)


def plain(text: Text | None) -> str:
    """A text construct (RFC 4287, 3.1; or an RSS title) as one line of plain text; "" for none.

    HTML loses its tags and has its entities decoded once. What calls itself text is taken by its word,
    unless it plainly holds markup or entities: sources escape titles twice.
    """
    if text is None:
        return ""
    value = text.value[:_LONGEST]
    if text.type == "html" or holds_markup(value):
        return to_text(value)
    if _ENTITY.search(value):
        return fold(unescape(value))
    return fold(value)


def holds_markup(value: str) -> bool:
    """Whether what calls itself plain text is plainly HTML: it closes tags or gives them attributes."""
    return _MARKUP.search(value) is not None
