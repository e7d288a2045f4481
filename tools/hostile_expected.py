"""What each hostile source of `hostile_run` is to come to: harmless, or a failure in these words."""

from __future__ import annotations

import re

FINE = ""  # no failure: it is read, mended or not
LATE = "no complete answer within"
EITHER = "EITHER"  # it may be read or refused

# Answers of the server in ../shared/hostile, and the words that the failure is to have.
ANSWERS: dict[str, str] = {
    "/gzip-bomb?mb=100": "larger than",
    "/deflate-bomb?mb=100": "larger than",
    "/gzip-nested?mb=100": "coding",
    "/gzip-many?n=50": "coding",
    "/gzip-truncated": "gzip",
    "/gzip-garbage": "gzip",
    "/gzip-trailing": FINE,
    "/gzip-multi": FINE,
    "/zlib-as-deflate": FINE,
    "/br-claimed": "coding",
    "/identity-claimed-gzip": "gzip",
    "/gzip-undeclared": "gzip data that no Content-Encoding announces",
    "/gzip-type": "gzip data that no Content-Encoding announces",
    "/endless": "larger than|no complete answer",
    "/endless-chunked": "larger than|no complete answer",
    "/endless-xml": "larger than|no complete answer",
    "/endless-headers": "header|HTTP",
    "/endless-1xx": "no complete answer|HTTP",
    "/endless-chunk-ext": "larger than|no complete answer|HTTP",
    "/drip?gap=0.5": LATE,
    "/slow-headers?gap=1": LATE,
    "/stall-before": LATE,
    "/stall-middle": LATE,
    "/loop": "circle",
    "/ping": "circle",
    "/chain?n=30": "redirected more than",
    "/chain?n=3": FINE,
    "/mixed-chain": FINE,
    "/to-file": "no http or https URL",
    "/to-ftp": "no http or https URL",
    "/to-unix": "no http or https URL",
    "/to-javascript": "no http or https URL",
    "/to-empty": "Location|circle",
    "/no-location": "without a Location",
    "/to-metadata": "not public",
    "/to-private": "not public",
    "/to-schemeless": "not public",
    "/to-userinfo": "not public",
    "/to-localhost-names": "not public|no address",
    "/to-decimal-ip": "not public|no address|URL",
    "/to-octal-ip": "not public|no address|URL",
    "/to-hex-ip": "not public|no address|URL",
    "/to-v6-mapped": "not public",
    "/to-zero": "not public|no address|URL",
    "/to-bad-port": "URL",
    "/to-port-22": "not public",
    "/to-backslash": EITHER,
    "/to-crlf-encoded": FINE,
    "/to-relative": FINE,
    "/to-fragment": FINE,
    "/to-nonascii": FINE,
    "/to-space": FINE,
    "/to-long": EITHER,
    "/redirect-body?mb=50": FINE,
    "/meta-refresh": "HTML page",
    "/short-body": "cut short",
    "/long-body": EITHER,
    "/bad-chunk": "cut short|HTTP",
    "/truncated-chunk": "cut short",
    "/both-cl-te": "HTTP|cut short",
    "/two-cl": "HTTP",
    "/neg-cl": "HTTP",
    "/huge-cl": "cut short|HTTP|larger than",
    "/no-cl-close": FINE,
    "/http09": "HTTP",
    "/http10": FINE,
    "/bad-status": "status 999",
    "/status?code=204": "204",
    "/reset": "broke|cut short",
    "/empty-reply": "ended before an answer",
    "/lf-only": EITHER,
    "/space-header": EITHER,
    "/folded-header": EITHER,
    "/nul-header": "HTTP",
    "/nonascii-header": FINE,
    "/huge-header?kb=1024": "header|HTTP",
    "/many-headers?n=20000": "header|HTTP",
    "/set-cookies": FINE,
    "/etag": FINE,
    "/weak-etag": FINE,
    "/etag-unquoted": FINE,
    "/etag-huge": EITHER,
    "/etag-changes": FINE,
    "/lm": FINE,
    "/lm-garbage": FINE,
    "/lm-future": FINE,
    "/304-always": "304",
    "/304-with-body": "304",
    "/max-age?s=1": FINE,
    "/429?ra=5": "429",
    "/503?ra=5": "503",
    "/retry-date": "429",
    "/410": "410",
    "/404": "404",
    "/401": "401",
    "/403": "403",
    "/type?t=text/html": FINE,
    "/charset?c=x-nonsense": FINE,
    "/no-type": FINE,
}

_TOO_LONG = "reading took longer than"

# How large each document is made: just under what is fetched (10 MB), or deeper and wider than parsers like.
SIZES: dict[str, int] = {
    "billion_laughs": 100,
    "quadratic_blowup": 1_000_000,
    "parameter_entity_bomb": 10_000,
    "big_text": 9_900_000,
    "many_entries": 40_000,
    "rss_many_items": 60_000,
    "deep_xml": 100_000,
    "deep_unknown_xml": 100_000,
    "deep_unclosed_xml": 100_000,
    "deep_html": 100_000,
    "deep_html_unclosed": 100_000,
    "misnested_html": 100_000,
    "table_html": 100_000,
    "many_attributes": 800_000,
    "many_html_attributes": 800_000,
    "many_namespaces": 200_000,
    "many_categories": 300_000,
    "many_links": 150_000,
    "long_title": 9_000_000,
    "long_title_nospace_rtl": 2_000_000,
    "long_id": 4_000_000,
    "huge_attribute": 9_000_000,
    "comment_bomb": 1_000_000,
    "pi_bomb": 1_000_000,
    "lt_soup": 9_000_000,
    "quote_soup": 1_000_000,
    "entity_soup": 9_000_000,
    "doctype_soup": 500_000,
    "cdata_unclosed": 9_000_000,
    "many_cdata": 600_000,
    "bare_cdata_opens": 1_000_000,
    "base_chain": 200_000,
    "srcset_bomb": 480_000,
    "style_bomb": 900_000,
    "style_redos": 4_000_000,
    "duplicate_guids": 40_000,
    "changing_ids": 40_000,
    "changing_timestamps": 40_000,
}

# Documents that are larger than what is fetched, by the names that the run gives them.
OVERSIZED: dict[str, tuple[str, int]] = {
    "big_text_100MB": ("big_text", 100_000_000),
    "many_entries_1e5": ("many_entries", 100_000),
    "rss_many_items_1e5": ("rss_many_items", 100_000),
    "many_attributes_1e6": ("many_attributes", 1_000_000),
}

# Documents that are no feed, or that keep a parser busy for longer than it may be. All others are harmless.
BAD_DOCUMENTS: dict[str, str] = {
    "lt_soup": _TOO_LONG,
    "quote_soup": _TOO_LONG,
    "entity_soup": _TOO_LONG,
    "doctype_soup": "neither XML nor HTML",
    "utf7": "neither XML nor HTML",
    "ebcdic": "neither XML nor HTML",
    "gz_inside": "gzip data that no Content-Encoding announces",
    "html_page": "HTML page",
    "empty": "empty body",
    "whitespace": "body is empty",
    **dict.fromkeys(OVERSIZED, "larger than"),
}

# What a large document, another one at each poll, may also come to: it was put off, or came too slowly.
_LARGE = f"{LATE}|not read yet"


def expected(name: str) -> str:
    """What the source of that name (a path of the server, or a document) is to come to."""
    return ANSWERS[name] if name.startswith("/") else BAD_DOCUMENTS.get(name, FINE)


def is_met(name: str, said: str) -> bool:
    """Whether `said`, the last failure ("" for none), is what is expected."""
    wanted = expected(name)
    if wanted == EITHER or (name in SIZES and re.search(_LARGE, said)):
        return True
    return not said if wanted == FINE else re.search(wanted, said) is not None
