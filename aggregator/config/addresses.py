"""Pure. The kinds of values that name a place on the network: URLs, addresses to listen on, headers.

Only shapes are judged here. Whether a host may be spoken to is decided in `fetch`, at connection time.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from aggregator.config.kinds import text
from aggregator.config.problems import Wrong, together
from aggregator.errors import AggregatorError
from aggregator.syntax.headers import is_name, is_ours

_IN_NO_URL = re.compile(r'[\s<>"{}|\\^`]')
_LISTEN = re.compile(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+):([0-9]{1,5})")
_USUAL = re.compile(
    r"https?://[a-z0-9-]+(?:\.[a-z0-9-]+)*(?::[0-5]?[0-9]{1,4})?(?:/[\w./?=&%+~:@,;!*-]*)?", re.ASCII
)
"""URLs as nearly all are, in which nothing can be wrong: at a fifth of what taking them apart takes."""
_EXAMPLE = "write one like https://example.org/feed.xml"


def feed_url(value: Any) -> str:
    """An absolute http(s) URL, or `file:PATH` relative to feeds.yaml. Stays as written."""
    url = text(value)
    if not url.startswith("file:"):
        return _http(url)
    path = url.removeprefix("file:")
    if path.startswith("//") and not path.startswith("///"):
        raise Wrong("names a host", "write file:PATH, or file:///PATH for an absolute one")
    if not path.strip("/") or "\0" in unquote(path):
        raise Wrong("names no file", "write file:PATH, relative to this file")
    return url


def site_url(value: Any) -> str:
    """An absolute http(s) URL without query; ends in a slash, added where it is missing."""
    url = _http(text(value))
    parts = urlsplit(url)
    if parts.query or parts.fragment or parts.username is not None:
        raise Wrong("is more than a place", "write it without user, ? and #, like https://news.example.org/")
    return url if url.endswith("/") else url + "/"


def contact(value: Any) -> str:
    """Where publishers reach the operator, as a URL that stands in a header; an address becomes a mailto:."""
    written = text(value)
    if not written.isascii():
        raise Wrong("is not ASCII, and goes into the User-Agent", "percent-encode it, or use punycode")
    if re.fullmatch(r"(mailto:)?[^\s@()<>:,;]+@[A-Za-z0-9.-]+", written):
        return f"mailto:{written.removeprefix('mailto:')}"
    return _http(written)


def _http(url: str) -> str:
    if _USUAL.fullmatch(url):
        return url
    if _IN_NO_URL.search(url):
        raise Wrong("has a character that stands in no URL", "percent-encode it (a space is %20)")
    parts = _split(url)
    if parts is None:
        raise Wrong("is no URL", _EXAMPLE)
    if parts.scheme not in ("http", "https"):
        scheme = re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", url)
        if scheme or not re.match(r"[\w-]+(\.[\w-]+)+(:[0-9]+)?(/|$)", url):
            raise Wrong("is no http or https URL", _EXAMPLE)
        raise Wrong("has no scheme", "write https:// before it")
    if not (parts.hostname or "").strip("."):
        raise Wrong("has no host", _EXAMPLE)
    return url


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  (its value is checked when it is asked for)
    except ValueError:
        return None  # brackets that hold no address, a port that is none
    return parts


def listen(value: Any) -> str | None:
    """`HOST:PORT`, or `off` (None). Port 0 lets the system choose."""
    address = text(value)
    if address == "off":
        return None
    match = _LISTEN.fullmatch(address)
    if match and int(match[2]) <= 65535:
        return address
    if address.isdecimal():
        raise Wrong("has no host", f"write 127.0.0.1:{address}, or 0.0.0.0:{address} for every address")
    raise Wrong("is no address to listen on", "write HOST:PORT like 127.0.0.1:8080 or [::1]:8080, or off")


def hub(value: Any) -> bool | str:
    """`true`, `false`, or the URL of a hub."""
    word = text(value)
    return word == "true" if word in ("true", "false") else _http(word)


def headers(value: Any) -> tuple[tuple[str, str], ...]:
    """Names and values of request headers (RFC 9110, 5.1 and 5.5), but for those of the exchange itself."""
    if not isinstance(value, dict):
        raise Wrong("headers stand in a mapping", "write {Accept-Language: zh}", bare=True)
    pairs: list[tuple[str, str]] = []
    found: list[Wrong] = []
    for name, content in value.items():
        try:
            pairs.append((name, _header(name, content)))
        except Wrong as wrong:
            wrong.inside = (name,)
            found.append(wrong)
    if found:
        raise together(found)
    return tuple(pairs)


def _header(name: str, content: Any) -> str:
    if not is_name(name):
        raise Wrong("this is no name of a header", "write X-Api-Key", bare=True)
    if is_ours(name):
        raise Wrong(f"{name} is ours to send", "delete the line", bare=True)
    written = text(content)
    if not written.isascii() or not written.isprintable():
        raise Wrong("is no value of a header", "write printable ASCII on one line")
    return written


def web_address(asked: str) -> str:
    """A feed's or page's URL as people type it: `example.org` and `feed://example.org` are https.

    Raises `AggregatorError` for what is no address on the web.
    """
    url = asked.strip().partition("#")[0]
    scheme, _, rest = url.partition(":")
    if scheme.lower() == "file":
        raise AggregatorError(f"{url}: a file is added by hand: write `- file:PATH` into the configuration")
    if scheme.lower() == "feed":
        url = f"https:{rest}" if rest.startswith("//") else rest
    if "://" not in url:
        url = f"https://{url}"
    try:
        return feed_url(url)
    except Wrong as wrong:
        raise AggregatorError(f"{url} {wrong}") from wrong
