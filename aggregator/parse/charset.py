"""Pure. Bytes of a body -> clean text, and what had to be mended on the way.

Decides the encoding (byte order mark, valid UTF-8, HTTP charset, XML declaration, in this order of trust)
and leaves only characters and character references that XML 1.0 allows, with an XML declaration that says
what we hand on. Knows nothing of feeds, and never fails: what cannot be decoded becomes U+FFFD.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE, BOM_UTF32_BE, BOM_UTF32_LE
from dataclasses import dataclass

# Labels that feeds declare -> Python's codec, after the Encoding Standard (encoding.spec.whatwg.org, 4.2):
# the larger superset is read where the label is often used for it. Anything else (`undefined`, `punycode`,
# `unicode_escape`, names with NUL) is ignored: some of Python's codecs raise odd errors or do odd things.
_CODECS: dict[str, str] = {
    **dict.fromkeys(("utf-8", "utf8", "us-ascii", "ascii", "unicode-1-1-utf-8"), "utf-8"),
    **dict.fromkeys(("utf-16", "utf16", "unicode", "ucs-2", "iso-10646-ucs-2"), "utf-16"),
    **dict.fromkeys(("utf-16le", "utf-16be", "utf-32", "utf-32le", "utf-32be"), "utf-16"),
    **dict.fromkeys(("gb2312", "gbk", "gb18030", "x-gbk", "cp936", "ms936", "gb_2312-80"), "gb18030"),
    **dict.fromkeys(("big5", "big5-hkscs", "cn-big5", "x-x-big5", "cp950"), "big5hkscs"),
    **dict.fromkeys(("shift_jis", "shift-jis", "sjis", "x-sjis", "ms_kanji", "windows-31j"), "cp932"),
    **dict.fromkeys(("euc-jp", "x-euc-jp"), "euc_jp"),
    "iso-2022-jp": "iso2022_jp",
    "hz-gb-2312": "hz",
    **dict.fromkeys(("euc-kr", "ks_c_5601-1987", "ksc5601", "windows-949", "cp949"), "cp949"),
    **dict.fromkeys(("iso-8859-1", "iso8859-1", "latin1", "latin-1", "iso_8859-1"), "cp1252"),
    **{f"windows-125{n}": f"cp125{n}" for n in range(9)},
    **{f"cp125{n}": f"cp125{n}" for n in range(9)},
    **{f"iso-8859-{n}": f"iso8859_{n}" for n in range(2, 17) if n not in (9, 12)},
    "iso-8859-9": "cp1254",
    "windows-874": "cp874",
    "tis-620": "cp874",
    "koi8-r": "koi8_r",
    "koi8-u": "koi8_u",
    **dict.fromkeys(("ibm866", "cp866"), "cp866"),
    **dict.fromkeys(("macintosh", "x-mac-roman"), "mac_roman"),
}
_SEVEN_BIT = {"iso2022_jp", "hz"}  # also valid UTF-8, so they are told by the declaration and their escapes
_UNLABELLED = {"cp1252", "utf-8"}  # what servers say when nobody configured them
_MARKS = (
    (BOM_UTF32_LE, "utf-32-le"),  # before UTF-16: it begins with the same bytes
    (BOM_UTF32_BE, "utf-32-be"),
    (BOM_UTF8, "utf-8"),
    (BOM_UTF16_LE, "utf-16-le"),
    (BOM_UTF16_BE, "utf-16-be"),
)
# `<` or `{` in the wide encodings, without a byte order mark (XML 1.0, appendix F.1; RFC 4627, 3).
_WIDE = tuple(
    (mark.encode(codec), codec)
    for codec in ("utf-32-le", "utf-32-be", "utf-16-le", "utf-16-be")
    for mark in ("<", "{")
)

_CHARSET = re.compile(r"""(?i);\s*charset\s*=\s*["']?([^"';\s]{1,40})""")
_DECLARED = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([^"'>]{1,40})["']""")
DECLARATION = '<?xml version="1.0" encoding="utf-8"?>'
"""What clean text begins with, if it came with an XML declaration."""
_DECLARATION = re.compile(r"<\?xml\s[^>]{0,1000}>")
_ROOT = re.compile(r"<(?:rss|feed|rdf|channel|html)\b", re.IGNORECASE)
_NO_XML_CHARACTER = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_CONTROLS = bytes({*range(0x20)} - {*b"\t\n\r"})
_REFERENCE = re.compile(r"&#(?:([0-9]+)|[xX]([0-9a-fA-F]+));?")
_SURROGATES = re.compile(
    r"&#(?:x(d[89ab][0-9a-f]{2})|(5[5-6][0-9]{3}));&#(?:x(d[c-f][0-9a-f]{2})|(5[6-7][0-9]{3}));", re.I
)


@dataclass(frozen=True, slots=True)
class Clean:
    """Text that holds XML characters only, and what was done to get there, in words."""

    text: str
    repairs: tuple[str, ...] = ()


def clean(body: bytes, content_type: str) -> Clean:
    """Decode a body under its `Content-Type` header ("" if none) and take out what no XML may hold.

    An XML declaration at the start is replaced by one that says UTF-8, version 1.0, as expat reads no other.
    """
    text, repairs = _decode(body, content_type)
    text, count = _of_xml(text)
    if count:
        repairs.append(f"control characters removed: {count}")
    text, count = _mend_references(text)
    if count:
        repairs.append(f"references to what is no character removed: {count}")
    text = text.lstrip("\ufeff \t\r\n")
    start = _start_of_document(text)
    if start:
        text = text[start:]
        repairs.append("text before the document removed")
    declaration = _DECLARATION.match(text)
    if declaration:
        text = DECLARATION + text[declaration.end() :]
    return Clean(text, tuple(repairs))


def xml_characters(text: str) -> str:
    """The text with characters and character references only that XML 1.0 allows."""
    return _mend_references(_of_xml(text)[0])[0]


def _of_xml(text: str) -> tuple[str, int]:
    """The text with XML's characters only, and how many others there were: nearly always none."""
    try:
        raw = text.encode("utf-8")
        # Seen sooner in bytes than the pattern sees it, which looks at each character several times.
        if len(raw.translate(None, _CONTROLS)) == len(raw) and not any(c in text for c in "\ufffe\uffff"):
            return text, 0
    except UnicodeEncodeError:  # a surrogate
        pass
    return _NO_XML_CHARACTER.subn("", text)


def _start_of_document(text: str) -> int:
    """Past what scripts print before an XML declaration or a first tag: warnings, comments, stray text."""
    if text[:1] in ("{", "[") and text.rstrip()[-1:] in ("}", "]"):
        return 0  # JSON, in whose texts XML may be shown
    if text[:1] in ("<", "{", "[", ""):
        declaration = _DECLARATION.search(text, 0, 5000)
        root = _ROOT.search(text, 0, 5000)
        return declaration.start() if declaration and root and declaration.start() < root.start() else 0
    return max(text.find("<", 0, 1000), 0)


def _decode(body: bytes, content_type: str) -> tuple[str, list[str]]:
    for mark, codec in _MARKS:
        if body.startswith(mark):
            return _replacing(body[len(mark) :], codec)
    for start, codec in _WIDE:
        if body.startswith(start):
            return _replacing(body, codec)
    declared = _declarations(body, content_type)
    codecs = [codec for _, _, codec in declared]
    for codec in codecs:
        if codec in _SEVEN_BIT and (b"\x1b" in body or b"~{" in body):
            return _replacing(body, codec)
    text = _strictly(body, "utf-8")
    if text is not None:
        lies = [(who, label) for who, label, codec in declared if codec != "utf-8" and not text.isascii()]
        return text, [f"read as UTF-8 although {who} says {label}" for who, label in lies]
    if _mostly_utf8(body, contested=any(codec != "utf-8" for codec in codecs)):
        return _replacing(body, "utf-8")
    for codec in codecs:
        text = None if codec in ("utf-8", "utf-16") else _strictly(body, codec)
        if text is not None:
            return text, []
    for codec in codecs:
        # One bad byte costs one character where the rest agrees with what was declared.
        text = body.decode(codec, "replace") if codec not in ("utf-8", "utf-16") else ""
        if text.count("\ufffd") * 20 < len(text):
            return _replacing(body, codec)
    text = _strictly(body, "cp1252")
    guess = "windows-1252" if text is not None else "iso-8859-1"
    return text if text is not None else body.decode("latin-1"), [
        f"read as {guess}: no UTF-8, and nothing better is declared"
    ]


def _declarations(body: bytes, content_type: str) -> list[tuple[str, str, str]]:
    """(who says it, the label, our codec), the more credible first.

    RFC 7303 puts the header over the declaration; a server's mere default gives way all the same.
    """
    found: list[tuple[str, str, str]] = []
    http = _CHARSET.search(content_type)
    xml = _DECLARED.match(body.lstrip()[:400])
    for who, label in (
        ("the Content-Type header", http[1] if http else ""),
        ("the XML declaration", xml[1].decode("latin-1") if xml else ""),
    ):
        codec = _CODECS.get(label.strip().lower())
        if codec is not None:
            found.append((who, label, codec))
    return sorted(found, key=lambda f: f[2] in _UNLABELLED)


def _strictly(body: bytes, codec: str) -> str | None:
    try:
        return body.decode(codec)
    except UnicodeDecodeError:
        return None


def _replacing(body: bytes, codec: str) -> tuple[str, list[str]]:
    text = body.decode(codec, "replace")
    lost = text.count("\ufffd") - (body.count("\ufffd".encode()) if codec == "utf-8" else 0)
    return text, [f"read as {codec}; invalid byte sequences replaced: {lost}"] if lost > 0 else []


def _mostly_utf8(body: bytes, *, contested: bool) -> bool:
    """Whether well-formed multi-byte sequences outnumber broken ones: text in no other encoding has many.

    By far where another encoding is declared, as one in ten pairs of GBK happens to be well-formed.
    """
    text = body.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    good = len(text) - len(text.encode("ascii", "ignore")) - broken
    return good > broken * (4 if contested else 1)


def _mend_references(text: str) -> tuple[str, int]:
    """Join references to the halves of a surrogate pair (emoji, from old software); drop the impossible."""
    if "&#" not in text:
        return text, 0
    text = _SURROGATES.sub(_joined, text)
    dropped = 0

    def keep(reference: re.Match[str]) -> str:
        nonlocal dropped
        if _is_xml_character(reference[1] or "", reference[2] or ""):
            return reference[0]
        dropped += 1
        return ""

    return _REFERENCE.sub(keep, text), dropped


def _joined(pair: re.Match[str]) -> str:
    high = int(pair[1], 16) if pair[1] else int(pair[2])
    low = int(pair[3], 16) if pair[3] else int(pair[4])
    if not (0xD800 <= high <= 0xDBFF and 0xDC00 <= low <= 0xDFFF):
        return pair[0]
    return chr(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))


def _is_xml_character(decimal: str, hexadecimal: str) -> bool:
    digits = (decimal or hexadecimal).lstrip("0")
    if not digits or len(digits) > 7:  # int() of very many digits is slow, and refused
        return False
    code = int(digits, 10 if decimal else 16)
    return code < 0x110000 and _NO_XML_CHARACTER.match(chr(code)) is None
