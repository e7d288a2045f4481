"""Pure. Where to look for near duplicates: the bands of a text, by which the store finds candidates.

MinHash over short runs of characters, so that Chinese, Japanese and Latin text need no splitting into words.
Texts that share a band are candidates and nothing more: whether they tell the same is for `similarity` to
say, which sees both texts. Nothing is looked up here.
"""

from __future__ import annotations

import re
import struct
import unicodedata
from hashlib import blake2b

from rensa import RMinHash

VERSION = f"1.{RMinHash.ALGORITHM_VERSION}"
"""Of the recipe: bands of two versions never meet. Its second part is that of the library's algorithm."""

LONGEST = 20_000
"""Characters of a text that are looked at."""
LONGEST_MARKUP = 60_000
"""Characters of HTML that are looked at: some markup takes long to make text of."""
LEAST = 60
"""Letters and digits, as bytes of UTF-8, below which a text has no bands: 20 Chinese characters, or a line of
English, are said by many who tell different things."""

# A third of the bands' shingles must agree for a fair chance, half for near certainty: at 5 % of edited
# characters, with a lead on top, that is what is left. Fewer rows would let in texts of the same language.
BANDS, ROWS = 42, 3
_SEED = 42
_WIDE, _NARROW = 4, 6  # characters of a shingle that begins with a CJK character, and of any other
_CJK_FROM = "\u2e80"

CJK = "\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
# Each begins with a character rather than with what stands before it: so `re` can jump to the next one.
_THOUSANDS = re.compile(r",(?<=\d,)(?=\d{3}(?!\d))")
_POINT = re.compile(r"\.(?<=\d\.)(?=\d)")
_MINUS = re.compile(r"-(?<!\w-)(?=\d)")
_GAP = re.compile(r"[\W_]+")
_SPACE_AT_CJK = re.compile(rf" (?:(?<=[{CJK}] )|(?=[{CJK}]))")


def folded(text: str) -> str:
    """The letters and numbers of a text, in one spelling of case and width, words set apart by one space.

    No space is left beside a CJK character, where writers put one or not. A number keeps its decimal point
    and its minus, and loses the commas between its thousands.
    """
    text = unicodedata.normalize("NFKC", text[:LONGEST]).casefold().replace("\u2212", "-")
    # No capital is left: two of them stand for what a number keeps, while all else of its kind goes.
    text = _MINUS.sub("M", _POINT.sub("P", _THOUSANDS.sub("", text)))
    text = _GAP.sub(" ", text).strip().replace("P", ".").replace("M", "-")
    return _SPACE_AT_CJK.sub("", text)


def bands(text: str) -> tuple[int, ...]:
    """The bands of a plain text, 64-bit signed integers, each mixed with its number; none if it is short.

    The more of them two texts share, the more alike they are. They are the same in every process.
    """
    run = folded(text).replace(" ", "")
    if weight(run) < LEAST:
        return ()
    # To sort out what comes twice takes longer than the sketch takes for it, and changes nothing in that.
    places = range(len(run) - _WIDE + 1)
    if max(run) < _CJK_FROM:
        shingles = [run[at : at + _NARROW] for at in places]
    else:
        shingles = [run[at : at + (_WIDE if run[at] >= _CJK_FROM else _NARROW)] for at in places]
    sketch = RMinHash(num_perm=BANDS * ROWS, seed=_SEED)
    sketch.update(shingles)
    packed = struct.pack(f"<{BANDS * ROWS}I", *sketch.digest())
    size = ROWS * 4
    return tuple(_mixed(band, packed[band * size : (band + 1) * size]) for band in range(BANDS))


_KEYED = tuple(blake2b(digest_size=8, key=f"{VERSION}:{band}".encode()) for band in range(BANDS))


def _mixed(band: int, rows: bytes) -> int:
    mixing = _KEYED[band].copy()
    mixing.update(rows)
    return int.from_bytes(mixing.digest(), "big", signed=True)


def weight(text: str) -> int:
    """How much a text says, in bytes of UTF-8: a Chinese character says as much as three Latin letters."""
    return len(text.encode("utf-8", "surrogatepass"))
