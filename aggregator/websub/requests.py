"""Pure. What a request to our hub says (W3C WebSub, 5.1): an intent to be verified, or why it is refused.

Nothing in it is believed: it comes from anybody, about a callback that may be somebody else's.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import parse_qsl, urlsplit

from aggregator.model import Intent, Mode, Refusal, Site
from aggregator.websub.announced import is_topic
from aggregator.websub.bounds import lease

FORM = "application/x-www-form-urlencoded"
MOST_BYTES = 16_384
"""Of a request's body."""
LONGEST_URL = 2048
LONGEST_SECRET = 199
"""Bytes: "less than 200"."""

_FIELDS = 50  # ours and a few that we do not know
_URL = re.compile(r"https?://[!-~]+", re.I)  # printable ASCII, without blanks


def intent(content_type: str, body: bytes, site: Site) -> Intent | Refusal:
    """What a POST to the hub wants. Whether there is such a document is for the caller to look up."""
    if content_type.partition(";")[0].strip().lower() != FORM:
        return Refusal(415, f"send the request as {FORM}")
    if len(body) > MOST_BYTES:
        return Refusal(413, f"a request has at most {MOST_BYTES} bytes")
    try:
        pairs = parse_qsl(
            body.decode("utf-8"),
            keep_blank_values=True,
            encoding="utf-8",
            errors="strict",
            max_num_fields=_FIELDS,
        )
    except ValueError:  # no UTF-8, or too many fields
        return Refusal(400, f"not a form in UTF-8 with at most {_FIELDS} fields")
    return _read(pairs, site)


def _read(pairs: Sequence[tuple[str, str]], site: Site) -> Intent | Refusal:
    said = dict(reversed(pairs))  # of one that comes twice, the first; others are ignored (5.1)
    mode: Mode
    match said.get("hub.mode", ""):
        case "subscribe":
            mode = "subscribe"
        case "unsubscribe":
            mode = "unsubscribe"
        case _:
            return Refusal(400, "hub.mode is neither subscribe nor unsubscribe")
    topic = said.get("hub.topic", "")
    path = topic.removeprefix(site.url) if topic.startswith(site.url) else ""
    if not is_topic(path):
        return Refusal(
            404, f"hub.topic is no feed of ours: they begin with {site.url} and are their own rel=self"
        )
    callback = said.get("hub.callback", "")
    host = _host(callback)
    if not host:
        return Refusal(
            400,
            "hub.callback is no absolute http or https URL of at most "
            f"{LONGEST_URL} characters without user name and fragment",
        )
    if mode == "unsubscribe":
        return Intent(mode, callback, host, path)
    secret = said.get("hub.secret", "")
    if len(secret.encode()) > LONGEST_SECRET:
        return Refusal(400, f"hub.secret has more than {LONGEST_SECRET} bytes")
    seconds = said.get("hub.lease_seconds", "")
    if seconds and not (seconds.isascii() and seconds.isdigit() and seconds.strip("0")):
        return Refusal(400, "hub.lease_seconds is no positive decimal integer")
    return Intent(mode, callback, host, path, lease(int(seconds[:18]) if seconds else None), secret)


def _host(callback: str) -> str:
    """The callback's host, lower case; "" for what is no URL that we would ask."""
    if len(callback) > LONGEST_URL or not _URL.fullmatch(callback) or "#" in callback:
        return ""
    try:
        parts = urlsplit(callback)
        _ = parts.port  # raises for what is no port
        return "" if "@" in parts.netloc else (parts.hostname or "").lower()
    except ValueError:
        return ""
