"""Makes labelled pairs of posts: syndicated copies, and what only looks like one. Part of `dedupe_eval.py`.

A form is a row of sentences with gaps, drawn once; facts fill the gaps. The same form with the same facts,
then edited as editors, scanners and feeds do, is a copy. The same form with other facts is another story:
what daily reports, price lists, earnings and results look like. The same seed makes the same pairs anywhere.
"""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Made:
    """A post as a feed brings it, plain text, and its paragraphs."""

    title: str
    paragraphs: tuple[str, ...]

    @property
    def text(self) -> str:
        """The paragraphs as one text."""
        return " ".join(self.paragraphs)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two posts and whether they tell the same."""

    kind: str
    language: str
    same: bool
    one: Made
    other: Made


_LANGUAGES = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
"""The forms and what fills them, by language."""

_CHOICE = re.compile(r"\{([^{}]*)\}")
_GAP = re.compile(r"<([^<>]+)>|#[#,.]*#|#")


def _form(language: str, domain: str, rng: random.Random) -> tuple[str, ...]:
    """Title and sentences with gaps. The first sentence is the lead."""
    form = _LANGUAGES[language]["forms"][domain]
    drawn = (_chosen(part, rng) for part in (form["title"], *form["sentences"]))
    return (*drawn, *_background(language, rng))


def _chosen(form: str, rng: random.Random) -> str:
    while found := _CHOICE.search(form):
        form = form[: found.start()] + rng.choice(found[1].split("|")) + form[found.end() :]
    return form


class _Facts:
    """Fills gaps. A name stays the same within a post; a second gap of its kind may bring another one."""

    def __init__(self, language: str, rng: random.Random) -> None:
        self._words, self._rng = _LANGUAGES[language]["facts"], rng
        self._kept: dict[str, str] = {}
        self._sides: list[str] = []

    def fill(self, form: str) -> str:
        return _GAP.sub(self._one, form)

    def _one(self, found: re.Match[str]) -> str:
        name = found[1]
        if name is None:
            return self._number(found)
        if name in ("月", "日", "date"):
            return self._kept.setdefault(name, str(self._rng.randrange(1, 13 if name == "月" else 29)))
        if name in ("公司", "城市", "company", "city", "day", "month", "社", "星期", "季", "曜"):
            return self._kept.setdefault(name, self._rng.choice(self._words[name]))
        if name in ("队", "team"):  # two sides, by turns
            self._sides = self._sides[::-1] or self._rng.sample(self._words[name], 2)
            return self._sides[1]
        return self._rng.choice(self._words[name])

    def _number(self, found: re.Match[str]) -> str:
        digits = [self._rng.choice("0123456789") if c == "#" else c for c in found[0]]
        digits[0] = self._rng.choice("123456789")
        percent = found[0] == "#" and found.string.startswith("%", found.end())
        return "".join(digits) + (f".{self._rng.randrange(10)}" if percent else "")


def _background(language: str, rng: random.Random) -> tuple[str, ...]:
    """What reporters fill a page with: sentences of one clause or two, with a number here and there."""
    subjects, verbs, ends = _LANGUAGES[language]["background"]
    made = (rng.choice(subjects) + rng.choice(verbs) + rng.choice(ends) for _ in range(rng.randrange(4, 16)))
    return tuple(dict.fromkeys(made))


def _made(language: str, form: tuple[str, ...], rng: random.Random) -> Made:
    facts = _Facts(language, rng)
    lead, *rest = form[1:]
    return Made(facts.fill(form[0]), (facts.fill(lead), *map(facts.fill, rest)))


# What becomes of a post on its way to another feed.


def edited(text: str, share: float, language: str, rng: random.Random) -> str:
    """So many of its characters changed, lost or added, wherever they are, in numbers and names too."""
    letters = list(text)
    slips = _LANGUAGES[language]["slips"]
    for _ in range(round(len(text) * share)):
        at = rng.randrange(len(letters))
        kind = rng.randrange(3)
        if kind == 0:
            letters[at] = rng.choice("0123456789" if letters[at].isdigit() and rng.random() < 0.5 else slips)
        elif kind == 1:
            del letters[at]
        else:
            letters.insert(at, rng.choice(slips))
    return "".join(letters)


def _with_edits(made: Made, share: float, language: str, rng: random.Random) -> Made:
    return Made(made.title, tuple(edited("\n".join(made.paragraphs), share, language, rng).split("\n")))


def _with_headline(made: Made, language: str, rng: random.Random) -> Made:
    return replace(made, title=rng.choice(_LANGUAGES[language]["headlines"]))


def _new_lead(language: str, rng: random.Random) -> str:
    return _chosen(rng.choice(_LANGUAGES[language]["leads"]), rng)


def _framed(made: Made, language: str, rng: random.Random) -> Made:
    words = _LANGUAGES[language]
    return replace(
        made, paragraphs=(rng.choice(words["before"]), *made.paragraphs, rng.choice(words["after"]))
    )


def _full_width(made: Made) -> Made:
    wide = {c: c + 0xFEE0 for c in range(0x21, 0x7F)}
    return Made(made.title.translate(wide).upper(), tuple(p.translate(wide) for p in made.paragraphs))


def _other_words(made: Made, language: str) -> Made:
    texts = []
    for text in made.paragraphs:
        for old, new in _LANGUAGES[language]["synonyms"]:
            text = text.replace(old, new)
        texts.append(text)
    return replace(made, paragraphs=tuple(texts))


_Copy = Callable[[Made, str, random.Random], Made]
COPIES: dict[str, _Copy] = {
    "edits 1 %": lambda m, lang, rng: _with_edits(m, 0.01, lang, rng),
    "edits 3 %": lambda m, lang, rng: _with_edits(m, 0.03, lang, rng),
    "edits 5 %": lambda m, lang, rng: _with_edits(m, 0.05, lang, rng),
    "headline replaced": _with_headline,
    "headline and lead replaced": lambda m, lang, rng: replace(
        _with_headline(m, lang, rng), paragraphs=(_new_lead(lang, rng), *m.paragraphs[1:])
    ),
    "headline replaced, lead added": lambda m, lang, rng: replace(
        _with_headline(m, lang, rng), paragraphs=(_new_lead(lang, rng), *m.paragraphs)
    ),
    "boilerplate around": _framed,
    "headline, lead, boilerplate, 2 %": lambda m, lang, rng: _framed(
        replace(
            _with_headline(_with_edits(m, 0.02, lang, rng), lang, rng),
            paragraphs=(_new_lead(lang, rng), *_with_edits(m, 0.02, lang, rng).paragraphs),
        ),
        lang,
        rng,
    ),
    "width and case": lambda m, lang, rng: _full_width(m),
    "an editor's words": lambda m, lang, rng: _other_words(m, lang),
}


# What only looks like a copy.

_WITH_NUMBERS = re.compile(r"\d+(?:[.,]\d+)*")
_TURNS = {
    "zh": ("上涨", "下跌"), "en": ("rose", "fell"), "ja": ("増加", "減少"),
}  # fmt: skip


def _one_number(made: Made, rng: random.Random) -> Made | None:
    """The post with one number of its first two sentences changed, and wherever else that number stands."""
    found = _WITH_NUMBERS.findall(" ".join(made.paragraphs[:2]))
    if not found:
        return None
    old = rng.choice(found)
    at = rng.randrange(len(old))
    while not old[at].isdigit():
        at = rng.randrange(len(old))
    new = old[:at] + str((int(old[at]) + rng.randrange(1, 9)) % 10) + old[at + 1 :]
    swap = re.compile(rf"(?<![\d.,]){re.escape(old)}(?![\d]|[.,]\d)")
    return Made(swap.sub(new, made.title), tuple(swap.sub(new, p) for p in made.paragraphs))


def _turned(made: Made, language: str) -> Made | None:
    """The post with one direction turned round."""
    up, down = _TURNS[language]
    for n, paragraph in enumerate(made.paragraphs):
        for old, new in ((up, down), (down, up)):
            if old in paragraph:
                changed = (*made.paragraphs[:n], paragraph.replace(old, new, 1), *made.paragraphs[n + 1 :])
                return Made(made.title.replace(old, new), changed)
    return None


def _renamed(made: Made, language: str, rng: random.Random) -> Made | None:
    """The post with one company, city or team called otherwise throughout, and nothing else changed."""
    for kind in ("公司", "company", "社", "队", "team", "人", "person"):
        names = _LANGUAGES[language]["facts"].get(kind, ())
        for old in names:
            if f"{made.title} {made.text}".count(old) > 1:
                new = rng.choice([name for name in names if name not in made.text])
                return Made(made.title.replace(old, new), tuple(p.replace(old, new) for p in made.paragraphs))
    return None


def _sequel(made: Made, language: str, rng: random.Random) -> tuple[Made, Made]:
    """Two parts: the second has its own news, and repeats the end of the first as background."""
    first, second = _LANGUAGES[language]["part"]
    facts = _Facts(language, rng)
    news = _LANGUAGES[language]["sequel"]
    own = tuple(facts.fill(_chosen(sentence, rng)) for sentence in news)
    kept = made.paragraphs[-max(1, len(made.paragraphs) // 3) :]
    return replace(made, title=made.title + first), Made(made.title + second, (*own, *kept))


def _pairs_of_strangers(
    language: str, domain: str, rng: random.Random
) -> Iterator[tuple[str, Made, Made | None]]:
    form = _form(language, domain, rng)
    one, other = _made(language, form, rng), _made(language, form, rng)
    lists = domain in ("价格", "prices")
    yield "price list of another day" if lists else "same form, other facts", one, other
    yield "same form, other facts, boilerplate", _framed(one, language, rng), _framed(other, language, rng)
    yield "same form, other facts, edits 3 %", one, _with_edits(other, 0.03, language, rng)
    yield "other numbers only", one, _only_numbers(one, rng)
    yield "one number changed", one, _one_number(one, rng)
    yield "one direction turned", one, _turned(one, language)
    yield "another name throughout", one, _renamed(one, language, rng)
    yield "sequel", *_sequel(one, language, rng)
    yield "same subject", one, _made(language, _form(language, domain, rng), rng)


def _only_numbers(made: Made, rng: random.Random) -> Made:
    """The post with other digits in all its numbers."""

    def other(found: re.Match[str]) -> str:
        return "".join(str(rng.randrange(1, 10)) if c.isdigit() else c for c in found[0])

    return Made(
        _WITH_NUMBERS.sub(other, made.title), tuple(_WITH_NUMBERS.sub(other, p) for p in made.paragraphs)
    )


def pairs(count: int, seed: int) -> Iterator[Pair]:
    """About so many pairs of each kind, Chinese, English and Japanese by turns."""
    turns = ("zh", "en", "zh", "en", "ja")
    for n in range(count):
        rng = random.Random(f"{seed}:{n}")
        language = turns[n % len(turns)]
        domain = rng.choice(sorted(_LANGUAGES[language]["forms"]))
        made = _made(language, _form(language, domain, rng), rng)
        for kind, copy in COPIES.items():
            yield Pair(kind, language, True, made, copy(made, language, rng))
        for kind, one, other in _pairs_of_strangers(language, domain, rng):
            if other is not None and other != one:
                yield Pair(kind, language, False, one, other)
