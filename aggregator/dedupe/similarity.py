"""Pure. Do two posts tell the same, although their words differ? Syndicated copies and what only looks so.

A copy has another headline, an added or replaced lead, source lines around it, a few slips of the hand. What
must not differ are the facts: 沪指涨0.5% is not 沪指跌0.5%, and yesterday's price list is not today's. So the
texts themselves are laid side by side; where to look for candidates is for `shingles` to say. Nothing is
looked up here, and whether posts of these two sources may be one story is not decided here.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import sqrt

from rapidfuzz.distance import Levenshtein

from aggregator.dedupe.differences import (
    Differences,
    Hunk,
    differences,
    in_its_place,
    negated,
    number_edits,
    opposites,
    replaced,
)
from aggregator.dedupe.shingles import LEAST, folded, weight

LONGEST = 4_000
"""Characters of each text that are compared, folded: aligning takes time by the square of it."""
OF_SHORTER, OF_LONGER = 0.65, 0.3
"""Shares of the two texts that must be common: a sequel repeats half, a copy may have much around it."""
UNDER_ANOTHER_TITLE = 150
"""Bytes of UTF-8 that must be common where the titles are unlike: teasers of one site share a line."""
LONG = 300
"""Bytes of UTF-8 (100 Chinese characters) from which what is common speaks for itself under another title."""
NEARLY_ALL = 0.8
"""Share of the shorter text that must be common where the titles are unlike and it is no longer than that."""
FEW_NAMES = 600
"""Bytes of UTF-8 up to which one other name makes another story; in more text an editor may change one."""
SLIPS, WORDS = 6, 3
"""Small differences, and others, for each other name from which on the difference is not about names."""
LEAD = 150
"""Characters, folded, of title and text within which a name stands that the post is about."""

_NAME = re.compile(r"(?<=[a-z0-9,;] )[A-Z][^\W\d_]+")


@dataclass(frozen=True)
class Telling:
    """A post, as far as it is compared: title and text, both plain. What is made of them is made once."""

    title: str
    text: str

    @cached_property
    def folded_title(self) -> str:
        """The title, as `shingles.folded` has it."""
        return folded(self.title)

    @cached_property
    def folded_text(self) -> str:
        """The beginning of the text, as it is compared."""
        return folded(self.text[: 2 * LONGEST])[:LONGEST]

    @cached_property
    def names(self) -> frozenset[str]:
        """Words within a sentence that have a capital, folded."""
        return _names(self.text)


@dataclass(frozen=True, slots=True)
class Comparison:
    """How much two tellings share, and what speaks against their being one story."""

    similarity: float  # share of the shorter text that the other one has too, 0 to 1
    against: str = ""  # in words, for `explain`; empty where they tell the same

    @property
    def same(self) -> bool:
        """Whether they tell the same story."""
        return not self.against


def compare(one: Telling, other: Telling) -> Comparison:
    """Whether two posts tell the same story. The order of the two does not matter."""
    first, second = sorted((one, other), key=lambda told: (told.text, told.title))
    old, new = first.folded_text, second.folded_text
    shorter, longer = sorted((weight(old), weight(new)))
    if shorter < LEAST:
        return Comparison(0.0, "too short")
    body = differences(old, new)
    similarity = min(1.0, body.shared / shorter)
    title = (first.folded_title, second.folded_title)
    titles_alike = Levenshtein.normalized_similarity(*title) >= 0.5
    if shortage := _shortage(body.shared, shorter, longer, titles_alike=titles_alike):
        return Comparison(similarity, shortage)
    headline = differences(*title).hunks if titles_alike else ()
    facts = [h for h in body.hunks if in_its_place(h)] + [h for h in headline if in_its_place(h, solid=0)]
    whole = (f" {title[0]} {old} ", f" {title[1]} {new} ")
    numbers = {hunk: number_edits(hunk) for hunk in facts}
    slips = sum(hunk.small and not numbers.get(hunk) for hunk in body.hunks)
    against = (
        _opposite(facts)
        or _another_name(facts, set(replaced(headline)), whole)
        or _other_capitals(facts, (first, second), body)
        or _other_numbers(numbers, slips, old)
    )
    return Comparison(similarity, against)


def _shortage(shared: int, shorter: int, longer: int, *, titles_alike: bool) -> str:
    if shared < OF_SHORTER * shorter:
        return f"only {shared / shorter:.0%} of the shorter text are common"
    if shared < OF_LONGER * longer:
        return f"only {shared / longer:.0%} of the longer text are common"
    if titles_alike or shared >= LONG or shared >= max(UNDER_ANOTHER_TITLE, NEARLY_ALL * shorter):
        return ""
    return "too short under another title"


def _opposite(facts: Sequence[Hunk]) -> str:
    for hunk in facts:
        if words := opposites(hunk):
            return f"opposite words: {words[0]} / {words[1]}"
    return ""


def _another_name(facts: Sequence[Hunk], in_title: set[tuple[str, str]], whole: tuple[str, str]) -> str:
    """One name stands for another throughout, from the title or the lead on, and little else differs.

    An editor's words do so too; but there are many of them, and the news begins with whom it is about.
    """
    old_text, new_text = whole
    pairs = Counter(replaced(facts))
    words = sum(times for pair, times in pairs.items() if max(map(len, pair)) > 1)
    for (old, new), times in pairs.items():
        if (old, new) not in in_title and (old.isascii() or min(len(old), len(new)) < 2):
            continue  # words with a capital are looked at elsewhere, and one character is no name
        if times < 2 or 2 * times < words or _says(new_text, old) or _says(old_text, new):
            continue
        if min(old_text.find(old), new_text.find(new)) <= LEAD:
            return f"names differ: {old} / {new}"
    return ""


def _says(text: str, words: str) -> bool:
    return (f" {words} " if words.isascii() else words) in text


def _other_capitals(facts: Sequence[Hunk], told: tuple[Telling, Telling], body: Differences) -> str:
    """Words with a capital that differ, in scripts that have capitals: in two places, or in a short text.

    Where much else differs, that is no sign of a template that was filled in twice.
    """
    others = list(replaced(facts))
    names = told[0].names | told[1].names if others else frozenset()
    pairs = [
        f"{old} / {new}"
        for old, new in others
        if not names.isdisjoint(old.split()) and not names.isdisjoint(new.split())
    ]
    words = sum(not hunk.small for hunk in body.hunks)
    if len(pairs) < (1 if body.shared <= FEW_NAMES else 2):
        return ""
    if len(body.hunks) > SLIPS * len(pairs) or words > WORDS * len(pairs):
        return ""
    return f"names differ: {', '.join(sorted(set(pairs))[:3])}"


def _names(text: str) -> frozenset[str]:
    """Words within a sentence that have a capital, folded."""
    return frozenset(
        word.casefold() for word in _NAME.findall(unicodedata.normalize("NFKC", text[: 2 * LONGEST]))
    )


def _other_numbers(numbers: Mapping[Hunk, float], slips: int, text: str) -> str:
    """Numbers that differ, unless slips of the hand are so many that they must have hit some.

    Two digits of one number are hit by far less often than one, so edits count by their square.
    """
    edited = sum(edits**2 if edits > 1 else edits for edits in numbers.values())
    edited += sum(map(negated, numbers))
    if not edited:
        return ""
    digits = sum(map(str.isdigit, text))
    expected = slips * digits / max(1, len(text) - digits)
    if slips >= 2 * edited and edited <= expected + 2 * sqrt(expected) + 0.5:
        return ""
    worst = max(numbers, key=lambda hunk: numbers[hunk])
    if not numbers[worst]:
        return "only one of them says no"
    return f"numbers differ: {worst.said_old} / {worst.said_new}"
