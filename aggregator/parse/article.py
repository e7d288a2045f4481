"""Pure. The page of an article -> its text as HTML, as the page has it; trafilatura lives here.

What comes out is not safe and not absolute yet. The time and memory that it takes are bounded by whoever
calls. trafilatura is the extra `fulltext`, and is imported with the first page.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape
from importlib.util import find_spec
from urllib.parse import urljoin

from aggregator.model import Fetched
from aggregator.parse.charset import clean

MOST = 2 * 1024 * 1024
"""Characters of a page that are read: the longest honest ones have a tenth of that, scripts apart."""

_HEAD = 4096
"""Bytes in which a page says its encoding (HTML standard, 13.2.3.2, wants it in the first 1024)."""
_CHARSET = re.compile(rb"""<meta\s[^>]{0,200}?charset\s*=\s*["']?\s*([A-Za-z0-9_:-]{1,40})""", re.IGNORECASE)
_BASE = re.compile(r"""<base\s[^<>]{0,500}?href\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
_TITLE = re.compile(r"<title\b[^>]{0,200}>([^<]{0,1000})", re.IGNORECASE)
# What publishers tell search engines of pages behind a paywall (schema.org/isAccessibleForFree).
_PAID = re.compile(r"""isAccessibleForFree["']?\s*[:=]\s*["']?\s*false""", re.IGNORECASE)
_INDENTED = re.compile(r"\n +(?=<)")


@dataclass(frozen=True, slots=True)
class Page:
    """What a page has to say."""

    markup: str  # of the article; "": none was found
    title: str  # plain text
    base: str  # what its relative URLs stand against
    paid: bool = False  # it says that it is not free to read


def available() -> bool:
    """Whether the extra is installed."""
    return find_spec("trafilatura") is not None


def page(fetched: Fetched, url: str) -> Page:
    """Read a page that was found at a URL. Raises whatever trafilatura raises on a hostile one."""
    import trafilatura

    text = clean(fetched.body, _content_type(fetched)).text[:MOST]
    # Not with `url`: it joins relative links to the host alone, whatever folder the page is in.
    markup = trafilatura.extract(
        text, output_format="html", include_images=True, include_links=True, include_comments=False
    )
    title, base = _TITLE.search(text), _BASE.search(text)
    return Page(
        markup=_INDENTED.sub("\n", markup or ""),
        title=unescape(title[1]).strip() if title else "",
        base=_joined(url, next(filter(None, base.groups()), "") if base else ""),
        paid=_PAID.search(text) is not None,
    )


def _content_type(fetched: Fetched) -> str:
    """The header, or where that says no charset, what the page says itself."""
    said = _CHARSET.search(fetched.body[:_HEAD])
    if "charset" in fetched.content_type.lower() or said is None:
        return fetched.content_type
    return f"text/html; charset={said[1].decode('ascii')}"


def _joined(url: str, base: str) -> str:
    try:
        return urljoin(url, unescape(base).strip())
    except ValueError:
        return url
