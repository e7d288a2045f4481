"""Pure. Characters that may be in our documents, and white space.

The one place that decides which code points survive. It must not change spelling: no normalization, no
case folding.
"""

from __future__ import annotations

import re

# XML 1.0 allows U+007F to U+009F, yet no text means them: DEL is noise, and the others are windows-1252
# bytes that were decoded as ISO 8859-1 (HTML reads them so too: "numeric character reference end state").
_UNWELCOME = re.compile("[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _meant(code: int) -> str:
    return bytes([code]).decode("cp1252", "ignore")


_MEANT = {chr(code): _meant(code) for code in range(0x80, 0xA0)}


def clean(text: str) -> str:
    """The text with nothing but XML 1.0 characters (XML 1.0, 2.2): no controls, no lone surrogates.

    What windows-1252 has at U+0080 to U+009F becomes the character that was meant.
    """
    # All that is printable is welcome, and so are line ends: most texts need no more looking.
    if text.isprintable() or text.replace("\n", "").replace("\t", "").isprintable():
        return text
    return _UNWELCOME.sub(lambda found: _MEANT.get(found[0], ""), text)


def fold(text: str) -> str:
    """The text cleaned, white space folded to single spaces, none at the ends."""
    if text.isprintable():  # so that no other white space is in it than U+0020
        while "  " in text:
            text = text.replace("  ", " ")
        return text.strip(" ")
    return " ".join(clean(text).replace("\ufeff", "").split())
