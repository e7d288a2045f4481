"""Pure. The words of our documents: which ones a language tag leads to, and which way its script runs.

They stand in `words.toml`, beside the templates that use them. Languages without words get the English ones:
a page in half-right words of another language would be worse.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from importlib.resources import files

_TRADITIONAL = frozenset({"hant", "tw", "hk", "mo"})
_RIGHT_TO_LEFT = frozenset({"ar", "arc", "ckb", "dv", "fa", "he", "iw", "ks", "ps", "sd", "ug", "ur", "yi"})
_RIGHT_TO_LEFT_SCRIPTS = frozenset({"arab", "hebr", "syrc", "thaa", "nkoo", "adlm", "rohg"})
_TAG = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8})*")  # RFC 5646, 2.1, without private and old ones
# ISO 639-1, and what else is met; feeds also declare countries, which the W3C validator counts as errors.
_CODES = """
aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee
el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io
is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn
mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se
sg si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo
wa wo xh yi yo za zh zu ast dsb fil gsw haw hsb nds
"""
_KNOWN = frozenset(_CODES.split())
_MEANT = {"cn": "zh", "jp": "ja", "in": "id", "iw": "he", "ji": "yi"}


@dataclass(frozen=True, slots=True)
class Words:
    """What our documents say themselves, in one language."""

    language: str  # BCP 47
    source: str  # before the name of a source
    original: str  # the text of the link to the article
    also: str  # before the other members of a story
    comma: str  # between the parts of a list
    titled: str  # {source} {title}: a title with the credit `title`
    home: str
    about: str
    subscribe: str
    address: str  # for people who do not know what to do with a feed's address
    more: str  # {title}: leads from the home page to a category
    empty: str
    skip: str  # for keyboards and screen readers
    sources: str
    no_sources: str
    hidden: str  # for a source whose address is not public
    paused: str
    what: str  # {site}
    polling_title: str
    polling: str  # {least} {most}
    removal_title: str
    removal: str  # {contact}
    back: str  # {name}: from a Jekyll post to its category
    back_home: str
    bar: str  # between the two


def languages() -> tuple[str, ...]:
    """The tags that there are words for."""
    return tuple(words.language for words in _ALL.values())


def words_for(language: str) -> Words:
    """The words for a BCP 47 tag: `zh-Hant-HK` is `zh-TW`, `de-AT` is `de`, what is not known is `en`."""
    parts = _parts(language)
    if parts[0] == "zh":
        return _ALL["zh-tw" if _TRADITIONAL.intersection(parts) and "hans" not in parts else "zh-cn"]
    return _ALL.get(parts[0], _ALL["en"])


def direction(language: str) -> str:
    """`rtl` or `ltr`, by the script that the tag names, else by the usual one of its language."""
    parts = _parts(language)
    scripts = [part for part in parts[1:] if len(part) == 4 and part.isalpha()]
    if scripts:
        return "rtl" if scripts[0] in _RIGHT_TO_LEFT_SCRIPTS else "ltr"
    return "rtl" if parts[0] in _RIGHT_TO_LEFT else "ltr"


def tag(language: str) -> str:
    """The tag as documents may declare it; empty for what names no language, so that nothing is claimed.

    `en_US` becomes `en-US`; countries that stand for their languages (`cn`, `jp`) become those.
    """
    language = language.strip().replace("_", "-")
    if len(language) > 35 or not _TAG.fullmatch(language):
        return ""
    first, hyphen, rest = language.partition("-")
    first = _MEANT.get(first.lower(), first)
    return f"{first}{hyphen}{rest}" if first.lower() in _KNOWN else ""


def _parts(language: str) -> list[str]:
    return language.lower().replace("_", "-").split("-")


def _load() -> dict[str, Words]:
    tables = tomllib.loads(files("aggregator.publish").joinpath("words.toml").read_text("utf-8"))
    return {language.lower(): Words(language=language, **table) for language, table in tables.items()}


_ALL = _load()
