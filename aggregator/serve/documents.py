"""Shell. What a request for a document gets (RFC 9110): a path's meaning, a coding, 200 or 304, the headers.

Plain functions over the request's headers and the stored document; no socket, no store.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from aggregator.model import Document

INDEX = "index.html"
# A reader that polls wildly is kept off by caches on its way; an edit or a takedown is out a minute later.
CACHE_CONTROL = "public, max-age=60"
SECURITY: Mapping[str, str] = {
    "x-content-type-options": "nosniff",
    # `style.css` is all that a page may load; a source's words can name nothing.
    "content-security-policy": "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    # Publishers see which site their readers come from.
    "referrer-policy": "strict-origin-when-cross-origin",
}

_SEGMENT = re.compile(r"[A-Za-z0-9_~-][A-Za-z0-9._~-]*", re.ASCII)
_LONGEST = 512
_TAG = re.compile(r'(?:W/)?"([^"]*)"')
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


def answer(document: Document, headers: Mapping[str, str]) -> Answer:
    """A `GET` of a document: 200 with the coding that the client takes, or 304 without a body.

    `headers` are the request's, names in lower case, repeated ones joined by commas.
    """
    compressed = bool(document.gzip) and takes_gzip(headers.get("accept-encoding", ""))
    etag = document.gzip_etag if compressed else document.etag
    shared = {**SECURITY, "cache-control": CACHE_CONTROL, "vary": "Accept-Encoding"}
    if etag:
        shared["etag"] = etag
    if document.modified is not None:
        shared["last-modified"] = format_datetime(document.modified.astimezone(UTC), usegmt=True)
    if unchanged(etag, document.modified, headers):
        return Answer(304, shared)
    body = document.gzip if compressed else document.body
    shared["content-type"] = document.media_type
    shared["content-length"] = str(len(body))
    if compressed:
        shared["content-encoding"] = "gzip"
    return Answer(200, shared, body)


def unchanged(etag: str, modified: datetime | None, headers: Mapping[str, str]) -> bool:
    """Does the client have this already? RFC 9110, 13.1.2 and 13.1.3.

    `If-None-Match` is compared weakly, so that a tag that a proxy made weak still fits, and overrules
    `If-Modified-Since`. What cannot be read is ignored.
    """
    tags = headers.get("if-none-match")
    if tags is not None:
        if tags.strip() == "*":
            return True
        return bool(etag) and etag.strip('"') in _TAG.findall(tags)
    since = headers.get("if-modified-since")
    if since is None or modified is None:
        return False
    try:
        moment = parsedate_to_datetime(since)
    except (ValueError, OverflowError):  # the latter from an offset of a million hours
        return False
    if moment.tzinfo is None:  # `-0000`, which HTTP does not have: it can only mean UTC
        moment = moment.replace(tzinfo=UTC)
    return modified.replace(microsecond=0) <= moment


def takes_gzip(accept: str) -> bool:
    """RFC 9110, 12.5.3: gzip or `*` is named with a weight that is not 0, and identity is not preferred."""
    weights: dict[str, float] = {}
    for part in accept.split(","):
        if match := _CODING.fullmatch(part):
            weights[match[1].lower()] = float(match[2] or 1)
    weight = weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0)))
    return weight > 0 and weight >= weights.get("identity", 0.0)
