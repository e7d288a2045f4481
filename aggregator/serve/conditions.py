"""Shell. What a request makes conditional, and which part it asks for (RFC 9110, 13 and 14).

Plain functions over headers and validators. What cannot be read is ignored, as if it were not there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Literal, TypeAlias

Precondition: TypeAlias = Literal["go on", "not modified", "failed"]
Part: TypeAlias = tuple[int, int] | Literal["whole", "none"]
"""The first and last byte; everything; or nothing that there is (416)."""

_TAG = re.compile(r'(W/)?"([^"]*)"')
_RANGE = re.compile(
    r"\s*bytes\s*=[\s,]*(?:(\d{1,18})-(\d{0,18})|-(\d{1,18}))[\s,]*", re.IGNORECASE | re.ASCII
)


def http_date(moment: datetime) -> str:
    """`Tue, 24 Nov 2026 12:00:00 GMT` (RFC 9110, 5.6.7)."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def precondition(etag: str, modified: datetime | None, headers: Mapping[str, str]) -> Precondition:
    """What the conditions of a GET come to, in the order of RFC 9110, 13.2.2. Names are in lower case."""
    if _other(etag, modified, headers):
        return "failed"
    return "not modified" if unchanged(etag, modified, headers) else "go on"


def _other(etag: str, modified: datetime | None, headers: Mapping[str, str]) -> bool:
    """Is it not what the client insists on? `If-Match` (13.1.1) overrules `If-Unmodified-Since` (13.1.4)."""
    tags = headers.get("if-match")
    if tags is not None:
        return tags.strip() != "*" and not (etag and ("", etag.strip('"')) in _TAG.findall(tags))
    before = _moment(headers.get("if-unmodified-since"))
    return before is not None and modified is not None and modified.replace(microsecond=0) > before


def unchanged(etag: str, modified: datetime | None, headers: Mapping[str, str]) -> bool:
    """Does the client have this already? RFC 9110, 13.1.2 and 13.1.3.

    `If-None-Match` is compared weakly, so that a tag that a proxy made weak still fits, and overrules
    `If-Modified-Since`.
    """
    tags = headers.get("if-none-match")
    if tags is not None:
        if tags.strip() == "*":
            return True
        return bool(etag) and etag.strip('"') in [tag for _, tag in _TAG.findall(tags)]
    since = _moment(headers.get("if-modified-since"))
    return since is not None and modified is not None and modified.replace(microsecond=0) <= since


def part(length: int, headers: Mapping[str, str], etag: str, modified: datetime | None) -> Part:
    """The bytes that `Range` asks for, of a representation of `length` bytes (RFC 9110, 14.1.2 and 14.2).

    Several ranges get everything, which is allowed and what no reader asks for. So does who has something
    else by `If-Range` (13.1.5): a strong tag, or the very date; `modified` is None where the date does not
    tell these bytes from others.
    """
    match = _RANGE.fullmatch(headers.get("range", ""))
    if match is None or not _still(headers.get("if-range"), etag, modified):
        return "whole"
    first, last, suffix = match.groups()
    if suffix is not None:
        if int(suffix) == 0:
            return "none"
        # Of nothing, the last bytes are all of it, and no Content-Range can say so.
        return (max(0, length - int(suffix)), length - 1) if length else "whole"
    if last and int(last) < int(first):
        return "whole"  # not a range at all
    if int(first) >= length:
        return "none"
    return int(first), min(int(last) if last else length, length - 1)


def _still(condition: str | None, etag: str, modified: datetime | None) -> bool:
    if condition is None:
        return True
    condition = condition.strip()
    if condition.endswith('"'):
        return bool(etag) and condition == etag
    return modified is not None and condition == http_date(modified)


def _moment(text: str | None) -> datetime | None:
    """A date of HTTP, in any of its forms; None where it is none."""
    if text is None:
        return None
    try:
        moment = parsedate_to_datetime(text)
        # `-0000` is naive, and HTTP does not have it: it can only mean UTC.
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    except (ValueError, OverflowError):  # the latter from an offset of a million hours
        return None
