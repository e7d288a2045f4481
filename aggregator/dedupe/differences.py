"""Pure. What two tellings of a text do not share, and which of it are facts: numbers, directions, names.

A copy differs at its ends (another lead, a source line) and, where it was typed or scanned anew, by single
characters anywhere. A template that was filled in twice differs by nothing but its facts, each in the same
place between the same words. This room tells the two kinds apart; what follows is for `similarity` to say.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from rapidfuzz.distance import Levenshtein

from aggregator.dedupe.shingles import CJK, weight

_STRAY = 4
"""Bytes of UTF-8 below which a run that both texts have is an accident within a passage that was replaced."""
_SOLID = 8
"""Bytes from which a run counts as said by both: three Chinese characters, a word or two."""
_SLOT = 24
"""Characters that a fact may take up, with what belongs to it."""

_NUMBER = re.compile(r"-?\d+(?:\.\d+)*")
_NUMERIC = frozenset("0123456789.- ")
_OUTSIDE_WORD = re.compile(rf"[ {CJK}]")

# Words of one row exclude each other; those between two bars mean the same.
_ROWS = """
涨 升 增 高 扩 盈 胜 赢 买 多 松 强 暖 进 利好 | 跌 降 减 低 缩 亏 负 败 输 卖 空 紧 弱 冷 退 利空
沪 | 深 | 港 | 京 | 津 | 渝 | 穗
东 | 南 | 西 | 北
一 | 二 两 | 三 | 四 | 五 | 六 | 七 | 八 | 九 | 十
上 | 中 | 下
晴 | 阴 | 雨 | 雪
早 晨 | 午 | 晚 夜
万 | 亿
上昇 上げ 高 増 買 勝 | 下落 下げ 安 減 売 敗
up rise rises rose risen rising higher gain gains gained gaining increase increases increased increasing \
jump jumps jumped climb climbs climbed surge surges surged advance advances advanced raise raises raised \
beat beats win wins won buy buys bought profit growth above upgrade upgraded | \
down fall falls fell fallen falling lower lose loses lost losing decrease decreases decreased decreasing \
drop drops dropped dip dips dipped slump slumps slumped decline declines declined cut cuts slide slides slid \
miss misses missed loss losses sell sells sold shrink below downgrade downgraded
monday | tuesday | wednesday | thursday | friday | saturday | sunday
january jan | february feb | march mar | april apr | may | june jun | july jul | august aug | september sep \
sept | october oct | november nov | december dec
one | two | three | four | five | six | seven | eight | nine | ten | eleven | twelve
first | second | third | fourth | fifth | sixth | seventh | eighth | ninth | tenth
i | ii | iii | iv | v | vi | vii | viii | ix | x
thousand | million | billion | trillion
north northern | south southern | east eastern | west western
morning | afternoon | evening
accept accepts accepted approve approves approved | reject rejects rejected
"""


def _meanings() -> dict[str, dict[int, int]]:
    """For each word the rows that it is in, and which meaning it has there."""
    found: defaultdict[str, dict[int, int]] = defaultdict(dict)
    for number, row in enumerate(_ROWS.replace("\\\n", "").strip().splitlines()):
        for meaning, words in enumerate(row.split("|")):
            for word in words.split():
                found[word][number] = meaning
    return dict(found)


_MEANINGS = _meanings()
_SAID = re.compile(rf"利好|利空|上昇|下落|上げ|下げ|[{CJK}]|[^\W\d_{CJK}]+")
_NOT = frozenset(["不", "未", "没", "无", "非", "not", "no", "never"])


class Hunk(NamedTuple):
    """A place where two texts differ: `old` stands for `new`, between runs of `left` and `right` bytes.

    `old` and `new` are what differs; `said_old` and `said_new` the same with the whole words and numbers
    that it is part of.
    """

    old: str
    new: str
    said_old: str
    said_new: str
    left: int
    right: int

    @property
    def small(self) -> bool:
        """Whether it is what a slip of the hand makes."""
        return len(self.old) <= 2 and len(self.new) <= 2


@dataclass(frozen=True, slots=True)
class Differences:
    """What became of a comparison of two folded texts."""

    shared: int  # bytes of UTF-8 of the runs that both have
    hunks: tuple[Hunk, ...]


def differences(old: str, new: str) -> Differences:
    """Two folded texts side by side."""
    runs = [(0, 0, 0)]
    for block in Levenshtein.opcodes(old, new).as_matching_blocks():
        size = weight(old[block.a : block.a + block.size])
        if size >= _STRAY:
            runs.append((block.a, block.b, block.size))
    runs.append((len(old), len(new), 0))
    sizes = [weight(old[a : a + length]) for a, _, length in runs]
    hunks = []
    for n, ((a, b, length), (a_next, b_next, _)) in enumerate(pairwise(runs)):
        place = (a + length, a_next, b + length, b_next)
        if place[0] < place[1] or place[2] < place[3]:
            hunks.append(_hunk(old, new, place, sizes[n], sizes[n + 1]))
    return Differences(sum(size for size in sizes if size >= _SOLID), tuple(hunks))


def _hunk(old: str, new: str, place: tuple[int, int, int, int], left: int, right: int) -> Hunk:
    a, a_end, b, b_end = place
    said_old = _widened(old, a, a_end)
    said_new = _widened(new, b, b_end)
    return Hunk(old[a:a_end], new[b:b_end], said_old, said_new, left, right)


def _widened(text: str, start: int, end: int) -> str:
    """What stands from `start` to `end`, with the rest of the words and numbers at its two ends."""
    before = text[max(0, start - _SLOT) : start]
    while before and not _OUTSIDE_WORD.match(before[-1]):
        start, before = start - 1, before[:-1]
    stop = min(len(text), end + _SLOT)
    while end < stop and not _OUTSIDE_WORD.match(text[end]):
        end += 1
    return text[start:end].strip()


def in_its_place(hunk: Hunk, solid: int = _SOLID) -> bool:
    """Whether it is one slot between the same words, and not a passage that was written anew.

    `solid` is the size in bytes of UTF-8 from which a run beside it counts as words that both have.
    """
    # A table has little between its numbers; without them, both sides say the same.
    skeletons = [_NUMBER.sub("#", said) for said in (hunk.said_old, hunk.said_new)]
    numbers = "#" in skeletons[0] and Levenshtein.normalized_similarity(*skeletons) >= 0.8
    beside = [run for run in (hunk.left, hunk.right) if run]
    if min(beside, default=0) < solid and not (numbers and max(beside, default=0) >= solid):
        return False
    size = max(len(hunk.said_old), len(hunk.said_new))
    return size <= (_SLOT if len(beside) == 2 else _SLOT // 3)


def number_edits(hunk: Hunk) -> float:
    """How many digits tell its numbers apart, 3 at most; 0 where no number has become another one.

    A digit that has become a letter, and a point or comma that was lost, are slips of the hand and make no
    other number. A digit too many or too few is half of one: other numbers seldom differ by that alone.
    """
    old, new = ("".join(_NUMBER.findall(said)).replace(".", "") for said in (hunk.said_old, hunk.said_new))
    if not old or not new or old == new:
        return 0
    strange = [not _NUMERIC.issuperset(side) for side in (hunk.old, hunk.new)]
    if any(strange) and max(len(hunk.old), len(hunk.new)) <= (2 if all(strange) else 4):
        return 0
    edits = Levenshtein.distance(old, new)
    return 0.5 if edits == 1 and len(old) != len(new) else min(edits, 3)


def opposites(hunk: Hunk) -> tuple[str, str] | None:
    """Words of its two sides that exclude each other."""
    old, new = (_SAID.findall(said) for said in (hunk.said_old, hunk.said_new))
    for word in old:
        for row, meaning in _MEANINGS.get(word, {}).items():
            for other in new:
                if _MEANINGS.get(other, {}).get(row, meaning) == meaning:
                    continue
                if word not in new and other not in old:
                    return word, other
    return None


def negated(hunk: Hunk) -> bool:
    """Whether a whole word that says no is what only one side has."""
    return (hunk.old.strip() in _NOT) != (hunk.new.strip() in _NOT)


def replaced(hunks: Sequence[Hunk]) -> Iterator[tuple[str, str]]:
    """The words that stand for one another, as often as they do; but no slips of the hand."""
    for hunk in hunks:
        spaced = hunk.said_old.isascii() and hunk.said_new.isascii()
        old, new = (hunk.said_old, hunk.said_new) if spaced else (hunk.old, hunk.new)
        if not old or not new or max(len(old), len(new)) > _SLOT:
            continue
        if not spaced or Levenshtein.distance(old, new) > max(2, 0.4 * min(len(old), len(new))):
            yield old, new
