"""Pure. Slugs: what names a category or post in paths, readable where its writing can be romanized.

A slug is made once and stored; nobody computes it again, so a better dictionary changes nothing that is out.
"""

from __future__ import annotations

import re
from hashlib import sha256

from slugify import slugify as transliterated

from aggregator.model import Slug

LONGEST = 60
"""Characters of a slug, before any suffix that keeps it apart from another."""

_NUMBERS = re.compile(r"(?<=[0-9]),(?=[0-9])")
_GAP = re.compile(r"[^a-z0-9]+")
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002ffff]")


def takes_dictionary(value: str) -> bool:
    """Whether there is Chinese in it, which takes much memory to be read by words."""
    return _HAN.search(value) is not None


def slugify(value: str) -> Slug:
    """Lower-case ASCII letters, digits and single hyphens, at most 60; a valid slug stays as it is.

    Chinese is read by words (重庆 is chongqing, 银行 is yinhang). What leaves nothing, such as `!!!`, becomes
    `c-` and a hash of the value.
    """
    if len(value) <= LONGEST and _SLUG.fullmatch(value):
        return Slug(value)
    latin = value[: 4 * LONGEST].encode("utf-8", "ignore").decode()  # lone surrogates are no letters
    if takes_dictionary(latin):
        from pypinyin import lazy_pinyin  # 0.2 s and 57 MB to import, and most values need none of it

        latin = "".join(lazy_pinyin(latin))
    if latin.isascii() and "&" not in latin:  # as `transliterated` makes it, but sooner
        slug = _GAP.sub("-", _NUMBERS.sub("", latin.lower())).strip("-")[:LONGEST].strip("-")
    else:
        slug = transliterated(latin, max_length=LONGEST).strip("-")
    return Slug(slug or f"c-{sha256(value.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}")
