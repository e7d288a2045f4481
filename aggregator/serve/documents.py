"""Shell. What a request for a document gets (RFC 9110): a path's meaning, a coding, a status, the headers.

Plain functions over the request's headers and the stored document; no socket, no store, no clock.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from aggregator.model import Document
from aggregator.serve.conditions import http_date, part, precondition
from aggregator.syntax.urls import absolute

INDEX = "index.html"
FEEDS = (".atom", ".rss", ".json")
SOONEST, LATEST = timedelta(seconds=60), timedelta(minutes=15)
SECURITY: Mapping[str, str] = {
    "x-content-type-options": "nosniff",
    # `style.css` is all that a page may load; a source's words can name nothing.
    "content-security-policy": "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    # Publishers see which site their readers come from.
    "referrer-policy": "strict-origin-when-cross-origin",
}
# Pages of posts show the images of their sources, and load nothing else from there.
_WITH_IMAGES = {
    "content-security-policy": SECURITY["content-security-policy"].replace(
        "style-src 'self';", "style-src 'self'; img-src http: https:;"
    )
}
POSTS = "post/"
# Readers that run in a browser may take what is made for readers: it is public, and no answer depends on
# who asks. The rest is for people, and for no other site's scripts.
_FOR_READERS = {"access-control-allow-origin": "*", "access-control-expose-headers": "ETag, Link"}

_SEGMENT = re.compile(r"[A-Za-z0-9_~-][A-Za-z0-9._~-]*", re.ASCII)
_LONGEST = 512
_CODING = re.compile(r"\s*([A-Za-z0-9*_.-]+)\s*(?:;\s*[qQ]\s*=\s*([01](?:\.\d{0,3})?)\s*)?")


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, its headers (names in lower case), and the body."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""


def document_path(path: str) -> str | None:
    """The document that a request path names, `index.html` for a folder; None where none can be meant.

    `path` is decoded and comes from a stranger: only segments of unreserved characters (RFC 3986, 2.3) that
    do not begin with a dot are looked for at all.
    """
    if not path.startswith("/") or len(path) > _LONGEST:
        return None
    relative = path[1:]
    if not relative or relative.endswith("/"):
        relative += INDEX
    return relative if all(_SEGMENT.fullmatch(part) for part in relative.split("/")) else None


def cache_control(now: datetime, next_change: datetime | None) -> str:
    """For how long caches need not ask again: until a document can change at the earliest.

    At least a minute, so that a reader that polls wildly is kept off by caches on its way. At most 15, even
    where nothing is to come (None): a takedown, an edit or a push asks nobody when it may come.
    """
    rest = LATEST if next_change is None else min(max(next_change - now, SOONEST), LATEST)
    return f"public, max-age={int(rest.total_seconds())}"


def answer(
    document: Document,
    headers: Mapping[str, str],
    *,
    caching: str,
    links: Sequence[tuple[str, str]] = (),
    ranges: bool = True,
) -> Answer:
    """A `GET` of a document: 200, 206 or 416 in the coding that the client takes, or 304 or 412 without body.

    `headers` are the request's, names in lower case, repeated ones joined by commas; `caching` is the
    Cache-Control; `links` are relations and their URLs (RFC 8288). A range is one of the bytes in the coding
    that is sent: what a client completes is what it has, and both codings have tags of their own. `ranges`:
    False for `HEAD`, which has none (RFC 9110, 14.2).
    """
    compressed = bool(document.gzip) and takes_gzip(headers.get("accept-encoding", ""))
    etag = document.gzip_etag if compressed else document.etag
    shared = {**SECURITY, "cache-control": caching, "vary": "Accept-Encoding"}
    if document.path.startswith(POSTS):
        shared |= _WITH_IMAGES
    if document.path.endswith((*FEEDS, ".opml")):
        shared |= _FOR_READERS
    if etag:
        shared["etag"] = etag
    if document.modified is not None:
        shared["last-modified"] = http_date(document.modified)
    match precondition(etag, document.modified, headers):
        case "not modified":
            return Answer(304, shared)
        case "failed":
            return Answer(412, shared | {"content-length": "0"})
        case "go on":
            pass
    body = document.gzip if compressed else document.body
    shared["accept-ranges"] = "bytes"
    # The date is that of the document; whether it was packed as before, only the tag tells.
    wanted = part(len(body), headers, etag, None if compressed else document.modified) if ranges else "whole"
    if wanted == "none":
        return Answer(416, shared | {"content-range": f"bytes */{len(body)}", "content-length": "0"})
    if named := _link(links):
        shared["link"] = named
    shared["content-type"] = document.media_type
    if compressed:
        shared["content-encoding"] = "gzip"
    if wanted == "whole":
        return Answer(200, shared | {"content-length": str(len(body))}, body)
    first, last = wanted
    shared["content-range"] = f"bytes {first}-{last}/{len(body)}"
    return Answer(206, shared | {"content-length": str(last - first + 1)}, body[first : last + 1])


def takes_gzip(accept: str) -> bool:
    """RFC 9110, 12.5.3: gzip or `*` is named with a weight that is not 0, and identity is not preferred."""
    weights: dict[str, float] = {}
    for named in accept.split(","):
        if match := _CODING.fullmatch(named):
            weights[match[1].lower()] = float(match[2] or 1)
    weight = weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0)))
    return weight > 0 and weight >= weights.get("identity", 0.0)


def _link(links: Sequence[tuple[str, str]]) -> str:
    """The value of `Link`; a URL that stands in no header is spelled so that it does, or left out."""
    spelled = ((relation, absolute("", href)) for relation, href in links)
    return ", ".join(f'<{href}>; rel="{relation}"' for relation, href in spelled if href)
