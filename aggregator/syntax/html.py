"""Pure. HTML made safe, absolute and bounded: the only door through which a source's markup enters.

nh3 (ammonia) decides what is safe; around it stand a guard, since its time is quadratic in nesting and in
attributes, and what it does not do: absolute URLs in every attribute, lazily loaded images, tracking pixels.
Every URL that comes out is absolute and http, https or mailto.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from html import escape as _escape
from urllib.parse import quote, urlsplit

import nh3

from aggregator.syntax import markup, urls
from aggregator.syntax.chars import clean
from aggregator.syntax.markup import to_text as to_text

MOST_IN = 512 * 1024
"""Characters of HTML that are read; the rest is left out."""
MOST_OUT = 1024 * 1024
"""Characters that may come out; a parser can be made to repeat itself."""

# What is too small to be costly however it is made (0.1 s at worst) goes in unguarded.
_SMALL = 64 * 1024
_FEW_TAGS = 1000

_MORE_TAGS = {"address", "audio", "big", "font", "main", "picture", "section", "source", "tfoot", "video"}
_TAGS = (nh3.ALLOWED_TAGS | _MORE_TAGS) - {"area", "map", "bdo", "rtc"}
_ATTRIBUTES: dict[str, set[str]] = {
    "*": {"class", "dir", "lang", "title"},
    "a": {"href", "hreflang", "rel", "type"},
    "audio": {"src", "controls", "preload", "loop"},
    "blockquote": {"cite"},
    "col": {"span", "width"},
    "colgroup": {"span", "width"},
    "data": {"value"},
    "del": {"cite", "datetime"},
    "details": {"open"},
    "div": {"align"},
    "font": {"color", "face", "size"},
    "hr": {"align", "size", "width"},
    "ins": {"cite", "datetime"},
    "li": {"value"},
    "ol": {"reversed", "start", "type"},
    "p": {"align"},
    "q": {"cite"},
    "source": {"src", "srcset", "type", "media", "sizes", "data-src", "data-srcset"},
    "table": {"align", "border", "cellpadding", "cellspacing", "summary", "width"},
    "td": {"abbr", "align", "colspan", "headers", "height", "rowspan", "scope", "valign", "width"},
    "th": {"abbr", "align", "colspan", "headers", "height", "rowspan", "scope", "valign", "width"},
    "time": {"datetime"},
    "tr": {"align", "valign"},
    "ul": {"type"},
    "video": {"src", "poster", "controls", "height", "width", "preload", "loop", "muted", "playsinline"},
}
# Where scripts of the page would have found the image; the first that is there wins.
_LAZY = (
    "data-src", "data-original", "data-lazy-src", "data-actualsrc", "data-lazyload", "data-echo",
    "data-original-src", "data-ks-lazyload", "data-backsrc", "zoomfile", "file",
)  # fmt: skip
_LAZY_SETS = ("data-srcset", "data-lazy-srcset", "data-original-set")
_IMAGE_ATTRIBUTES = {"src", "srcset", "sizes", "alt", "width", "height", "align", "border", "loading"}
_ATTRIBUTES["img"] = {*_IMAGE_ATTRIBUTES, *_LAZY, *_LAZY_SETS}
_URLS = frozenset({"src", "poster", "cite", *_LAZY})
_URL_SETS = frozenset({"srcset", *_LAZY_SETS})
_RELATIONS = frozenset({
    "author", "bookmark", "external", "license", "nofollow", "noopener", "noreferrer", "sponsored", "tag",
    "ugc",
})  # fmt: skip

_MAILTO = re.compile(r"\s*mailto:", re.IGNORECASE)
# A URL runs up to white space; a comma at its end belongs to the list (HTML Standard, 4.8.4.4.7).
_CANDIDATE_URL = re.compile(r"[\s,]*+(\S++)")
_DESCRIPTOR = re.compile(r"[^,]*+")
_MOST_CANDIDATES = 32

# nh3 quotes every attribute and escapes `<`, `>` and `"` in it, so its output can be read like this.
_IMAGE = re.compile(r"<(img|source)((?: [a-z-]+=\"[^\"]*\")*)>")
_ATTRIBUTE = re.compile(r" ([a-z-]+)=\"([^\"]*)\"")
_PIXEL = re.compile(r"\s*[01](?:\.0*)?(?:px)?\s*", re.IGNORECASE)
_BEACONS = frozenset({
    "pixel.wp.com", "stats.wordpress.com", "pixel.quantserve.com", "sb.scorecardresearch.com",
    "b.scorecardresearch.com", "www.google-analytics.com", "ad.doubleclick.net", "pixel.newscred.com",
    "beacon.krxd.net", "feedads.g.doubleclick.net",
})  # fmt: skip

_SENTENCE_END = re.compile(r"[。！？…](?:[”’」』）】]*)|(?<!\b[A-Z])[.!?](?:[\"'”’»)\]]*)(?=\s|$)")
# Between paragraphs: Chinese and Japanese put no space after a sentence.
_AFTER_FULL_WIDTH = re.compile(r"(?<=[。！？；：，、」』）】”]) (?=\S)")
_CJK = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]")


def sanitize(html: str, base: str) -> str:
    """HTML that cannot run, load from or link to anything but absolute http(s) URLs (and mailto).

    `base` is what relative URLs stand against; where it is "" they are dropped. Class names and white space
    stay, and so do the bytes of well-formed simple HTML. What no honest text does (nesting of hundreds,
    output of megabytes) comes out as paragraphs of escaped text.
    """
    html = clean(_bounded(html))
    if "<" not in html and "&" not in html and ">" not in html:
        return html.replace("\r\n", "\n").replace("\r", "\n").replace("\xa0", "&nbsp;")  # as nh3 writes it
    if len(html) > _SMALL or html.count("<") > _FEW_TAGS:
        plain = markup.plainly_spelled(html)
        if plain is None:
            return _as_text(html)
        html = plain
    safe = clean(_cleaner(base).clean(html))
    if len(safe) > MOST_OUT:
        return _as_text(html)
    if "<img" in safe or "<source" in safe:
        safe = _IMAGE.sub(_image, safe)
    return safe


def escape(text: str) -> str:
    """Plain text as HTML, fit for content and for quoted attributes."""
    return _escape(clean(text))


def paragraphs(text: str) -> str:
    """Plain text as HTML paragraphs: an empty line parts them, a single line end is a break."""
    blocks = re.split(r"\n\s*\n", clean(text).replace("\r\n", "\n").strip())
    return "\n".join(
        f"<p>{_escape(block.strip(), quote=False).replace(chr(10), '<br>')}</p>"
        for block in blocks
        if block.strip()
    )


def excerpt(html: str, language: str) -> str:
    """The beginning of HTML as plain text, whole sentences where that is possible.

    At most 300 characters, 150 where the language (BCP 47; if "", the text itself) is Chinese, Japanese or
    Korean. A longer first sentence is cut between words and ends in an ellipsis.
    """
    text = _AFTER_FULL_WIDTH.sub("", markup.to_text(html))
    limit = 150 if _dense(text, language) else 300
    if len(text) <= limit:
        return text
    end = max(
        (found.end() for found in _SENTENCE_END.finditer(text, 0, limit + 1) if found.end() <= limit),
        default=0,
    )
    return text[:end] if end >= limit // 5 else shorten(text, limit)


def _dense(text: str, language: str) -> bool:
    if language:
        return language.lower().split("-")[0] in ("zh", "ja", "ko", "yue", "wuu")
    return len(_CJK.findall(text[:300])) > 60


def shorten(text: str, limit: int) -> str:
    """The text in at most `limit` characters, cut between words; an ellipsis marks the cut."""
    if len(text) <= limit:
        return text
    kept = text[: max(limit - 1, 0)]
    if not text[len(kept)].isspace():
        space = kept.rfind(" ")
        kept = kept[:space] if space > limit // 2 else kept
    return kept.rstrip(" ,;:，、；：\u200d") + "…"


def _as_text(html: str) -> str:
    return paragraphs(markup.to_text(html)[: MOST_OUT // len("&quot;")])


def _bounded(html: str) -> str:
    if len(html) <= MOST_IN:
        return html
    html = html[:MOST_IN]
    opened = html.rfind("<")
    return html[:opened] if opened > html.rfind(">") else html  # not in the middle of a tag


@lru_cache(maxsize=128)
def _cleaner(base: str) -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=_TAGS,
        clean_content_tags=set(markup.DROPPED),
        attributes=_ATTRIBUTES,
        attribute_filter=_attribute_against(base),
        url_schemes={"http", "https", "mailto"},
        # Links of publishers are credited in full, and none of ours opens a window: no `rel` is added.
        link_rel=None,
        # Without `autoplay` a video can only be started by its controls.
        set_tag_attribute_values={"video": {"controls": ""}, "audio": {"controls": ""}},
    )


def _attribute_against(base: str) -> Callable[[str, str, str], str | None]:
    """What nh3 asks about each attribute that it would keep; it must not raise (nh3 would only log that)."""

    def attribute(_tag: str, name: str, value: str) -> str | None:
        if name == "href":
            return _link(base, value)
        if name in _URLS:
            return urls.absolute(base, value) or None
        if name in _URL_SETS:
            return _url_set(base, value) or None
        if name == "rel":
            return " ".join(word for word in value.lower().split() if word in _RELATIONS) or None
        return value

    return attribute


def _link(base: str, value: str) -> str | None:
    if ":" in value and _MAILTO.match(value):
        return quote(clean(value).strip(), safe="!$&'()*+,;=:@/?-._~%")
    return urls.absolute(base, value) or None


def _url_set(base: str, value: str) -> str:
    candidates: list[str] = []
    at = 0
    while len(candidates) < _MOST_CANDIDATES and (found := _CANDIDATE_URL.match(value, at)):
        url, at = found[1].rstrip(","), found.end()
        descriptor = ""
        if not found[1].endswith(",") and (described := _DESCRIPTOR.match(value, at)):
            descriptor, at = described[0].strip(), described.end()
        if absolute := urls.absolute(base, url):
            candidates.append(f"{absolute} {descriptor}".strip())
    return ", ".join(candidates)


def _image(found: re.Match[str]) -> str:
    """An image as it is once loaded; nothing for one that cannot be seen."""
    tag, attributes = found[1], dict(_ATTRIBUTE.findall(found[2]))
    if not attributes:
        return "" if tag == "img" else found[0]
    lazy = next((attributes[name] for name in _LAZY if name in attributes), "")
    lazy_set = next((attributes[name] for name in _LAZY_SETS if name in attributes), "")
    if tag == "img":
        if not any((lazy, lazy_set, attributes.get("src"), attributes.get("srcset"))):
            return ""
        if any(_PIXEL.fullmatch(attributes.get(side, "")) for side in ("width", "height")):
            return ""
        if urlsplit(lazy or attributes.get("src", "")).hostname in _BEACONS:
            return ""
    if not lazy and not lazy_set:
        return found[0]
    real = {"src": lazy, "srcset": lazy_set}
    for name in ("src", "srcset"):
        real[name] = real[name] or attributes.pop(name, "")
        attributes.pop(name, None)
    kept = {name: value for name, value in attributes.items() if name not in _LAZY and name not in _LAZY_SETS}
    written = {**{name: value for name, value in real.items() if value}, **kept}
    return f"<{tag}" + "".join(f' {name}="{value}"' for name, value in written.items()) + ">"
