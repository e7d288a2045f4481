"""Pure. What one hop is asked with: the header fields of a polite GET.

No cookies, no Referer, nothing made up: validators are the server's own words, byte for byte. A field
that cannot be sent as it stands is left out (a validator) or fails the exchange (a configured header).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from datetime import datetime

from aggregator.fetch.response import Field
from aggregator.model import FetchFailed, Sent, Validators, Wanted
from aggregator.syntax.headers import is_name, is_ours

ACCEPT = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml, "
    "application/xml;q=0.9, text/xml;q=0.9, application/json;q=0.8, */*;q=0.1"
)
PAGES = "text/html, application/xhtml+xml;q=0.9, */*;q=0.1"
ROBOTS = "text/plain, */*;q=0.1"
# What our inflater reads, and no more.
ACCEPT_ENCODING = "gzip, deflate"

_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")


def fields(
    user_agent: str,
    configured: Sequence[tuple[str, str]],
    validators: Validators,
    credentials: tuple[str, str] | None,
    wanted: Wanted = "feed",
) -> list[Field] | FetchFailed:
    """The fields of one request, in order; `configured` and `credentials` only where they may be sent.

    `validators` hold bytes as latin-1 text. `credentials` are user name and password out of a URL; they
    become Basic authentication in UTF-8 (RFC 7617), unless a configured `Authorization` is there.
    """
    sent: dict[str, bytes] = {
        "user-agent": _utf8(user_agent),
        "accept": {"feed": ACCEPT, "page": PAGES, "robots": ROBOTS}[wanted].encode(),
        "accept-encoding": ACCEPT_ENCODING.encode(),
    }
    if credentials is not None:
        sent["authorization"] = b"Basic " + base64.b64encode(_utf8(":".join(credentials)))
    for name, value in configured:
        raw = _utf8(value.strip())
        if not is_name(name) or _CONTROL.search(raw):
            return FetchFailed("url", "a configured header has a character that no header may have")
        if is_ours(name):
            return FetchFailed("url", f"the configured header {name} is not one to choose; leave it out")
        sent[name.lower()] = raw
    for name, word in (("if-none-match", validators.etag), ("if-modified-since", validators.last_modified)):
        verbatim = _verbatim(word)
        if verbatim is not None:
            sent[name] = verbatim
    return [(name.encode("ascii"), value) for name, value in sent.items()]


def conditional(sent: Sequence[Field]) -> bool:
    """Whether a request with these fields may be answered with 304."""
    return any(name in (b"if-none-match", b"if-modified-since") for name, _ in sent)


def sent(went_out: Sequence[Field], *, query: bool, at: datetime | None = None) -> Sent:
    """What a publisher keeps score of, in the fields that went out; `query`: one was added to the URL."""
    fields = {name.lower(): value.decode("latin-1") for name, value in went_out}
    return Sent(
        validators=Validators(fields.get(b"if-none-match"), fields.get(b"if-modified-since")),
        cookies=b"cookie" in fields,
        referer=b"referer" in fields,
        query=query,
        at=at,
    )


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", errors="replace")


def _verbatim(validator: str | None) -> bytes | None:
    """The validator's bytes; None where it has a character that cannot go out."""
    if not validator:
        return None
    try:
        raw = validator.encode("latin-1")
    except UnicodeError:
        return None
    return None if _CONTROL.search(raw) else raw
