"""Pure. What an answer means: status and fields -> Redirect | NotModified | FetchFailed, or "read the body".

Reads header fields as the bytes that they are, never trusts one, and opens no connection. The body itself
is unpacked by `inflate`; asking and following is done by `client`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TypeAlias

from aggregator.model import FailureKind, Fetched, FetchFailed, Hints, NotModified, Url, Validators, replace
from aggregator.schedule import LONGEST_WORD

Field: TypeAlias = tuple[bytes, bytes]

# What is sent back with each poll has to fit into a request; servers refuse more than 8 KB of fields.
LONGEST_VALIDATOR = 4096
LONGEST_DETAIL = 200
LONGEST_LINKS = 8192

_UNSENDABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_INVISIBLE = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff]+")
_SECONDS = re.compile(r"[0-9]+", re.ASCII)
_WORDS = {
    202: "accepted, but nothing to read yet",
    204: "no content",
    205: "no content",
    206: "a part of it, which was not asked for",
    300: "several choices",
    401: "it wants credentials",
    402: "it wants payment",
    403: "it refuses us",
    404: "not found",
    406: "it has no form of it that we read",
    408: "it gave up waiting for us",
    410: "gone for good",
    421: "wrong server",
    425: "too early",
    426: "it wants another protocol",
    429: "too many requests",
    451: "withheld for legal reasons",
    500: "an error of the server",
    502: "its gateway got no answer",
    503: "not available for now",
    504: "its gateway got no answer in time",
}


@dataclass(frozen=True, slots=True)
class Head:
    """Status and header fields of an answer, as they came."""

    status: int
    fields: Sequence[Field] = ()

    def first(self, name: str) -> str:
        """The first field of that name (lower case) as latin-1 text, or ""."""
        wanted = name.encode("ascii")
        for key, value in self.fields:
            if key.lower() == wanted:
                return value.decode("latin-1").strip(" \t")
        return ""

    def joined(self, name: str) -> str:
        """All fields of that name as one list (RFC 9110, 5.3)."""
        wanted = name.encode("ascii")
        return ",".join(v.decode("latin-1") for k, v in self.fields if k.lower() == wanted)


@dataclass(frozen=True, slots=True)
class Redirect:
    """The server wants us to ask elsewhere; `location` is raw."""

    location: str
    permanent: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """What this answer answers."""

    url: Url
    conditional: bool  # validators were sent to this very host
    now: datetime
    moved: Url | None = None  # where nothing but 301 and 308 has led so far
    temporary: bool = False  # another redirect was among those that led here


def judge(head: Head, asked: Asked) -> Redirect | NotModified | FetchFailed | None:
    """What status and fields alone decide; None where the body is to be read (RFC 9110, 15)."""
    status = head.status
    if status in (200, 203):
        return None
    if status in (301, 302, 303, 307, 308):
        location = head.first("location")
        if not location:
            return failed("redirect", f"status {status} without a Location", head, asked)
        if _retry_after(head.first("retry-after"), asked.now) is not None:
            return failed("redirect", f"status {status}, and it asks to wait first", head, asked)
        return Redirect(location, permanent=status in (301, 308))
    if status == 304:
        if not asked.conditional:
            text = "304 Not Modified, although nothing was asked conditionally"
            brought = validators(head)
            said = brought if brought != Validators() else None
            return replace(failed("protocol", text, head, asked), validators=said)
        return NotModified(validators(head), hints(head, asked), asked.url)
    word = _WORDS.get(status, "nothing to read")
    return failed("status", f"status {status}: {word}", head, asked)


def is_page(head: Head) -> bool:
    """Whether an answer calls itself HTML; one that says nothing may be."""
    media_type = head.first("content-type").partition(";")[0].strip().lower()
    return media_type in ("", "text/html", "application/xhtml+xml")


def fetched(head: Head, body: bytes, asked: Asked) -> Fetched | FetchFailed:
    """A whole body and what came with it. An empty one brings nothing, whatever its status."""
    if not body:
        return failed("status", f"status {head.status} with an empty body", head, asked)
    return Fetched(
        body=body,
        content_type=_UNSENDABLE.sub(" ", head.first("content-type"))[:1000],
        url=asked.url,
        validators=validators(head),
        hints=hints(head, asked),
        status=head.status,
        links=_UNSENDABLE.sub(" ", head.joined("link"))[:LONGEST_LINKS],
    )


def failed(kind: FailureKind, detail: str, head: Head, asked: Asked) -> FetchFailed:
    """A failure that an answer brought; its hints count too (a 429 may carry `max-age`), `moved` does not."""
    nowhere = Asked(asked.url, asked.conditional, asked.now)
    said = hints(head, nowhere)
    if asked.temporary:  # what is gone is where it led, this time
        said = replace(said, gone=False)
    return FetchFailed(kind, line(detail), said, head.status, asked.url)


def validators(head: Head) -> Validators:
    """ETag and Last-Modified, verbatim: opaque, unquoted or no date at all, they go back as they came."""
    return Validators(_validator(head.first("etag")), _validator(head.first("last-modified")))


def hints(head: Head, asked: Asked) -> Hints:
    """When and where to come back: Retry-After, Cache-Control or Expires, 410, permanent redirects."""
    lifetime = _lifetime(head, asked.now)
    return Hints(
        retry_after=_retry_after(head.first("retry-after"), asked.now),
        fresh_until=_fresh_until(head, lifetime, asked.now),
        lifetime=min(lifetime, LONGEST_WORD) if lifetime is not None else None,
        moved=asked.moved,
        gone=head.status == 410,
    )


def line(text: str, limit: int = LONGEST_DETAIL) -> str:
    """One clean line for people: no control, bidi or line-breaking characters, at most `limit` characters."""
    text = _INVISIBLE.sub(" ", text[: limit * 4]).strip()
    return text if len(text) <= limit else text[: limit - 1] + "…"


def http_date(raw: str) -> datetime | None:
    """An HTTP-date in any of its three forms (RFC 9110, 5.6.7), aware; None for anything else."""
    if len(raw) > 64:
        return None
    try:
        moment = parsedate_to_datetime(raw)
        # The parser gives a naive value for the zone -0000 and for asctime's form; both are UTC here.
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _validator(raw: str) -> str | None:
    if not raw or len(raw) > LONGEST_VALIDATOR or _UNSENDABLE.search(raw):
        return None
    return raw


def _seconds(raw: str) -> timedelta | None:
    """Delta-seconds (RFC 9111, 1.2.2), bounded; None for anything else."""
    raw = raw.strip(" \t")
    if not _SECONDS.fullmatch(raw):
        return None
    digits = raw.lstrip("0")[:10] or "0"
    return timedelta(seconds=int(digits))


def _retry_after(raw: str, now: datetime) -> datetime | None:
    """RFC 9110, 10.2.3: seconds or a date; the past, zero and garbage say nothing."""
    if not raw:
        return None  # as nearly always; what reads dates takes longest over what is none
    wait = _seconds(raw)
    moment = now + min(wait, LONGEST_WORD) if wait is not None else http_date(raw)
    if moment is None or moment <= now:
        return None
    return min(moment, now + LONGEST_WORD)


def _lifetime(head: Head, now: datetime) -> timedelta | None:
    """RFC 9111, 4.2.1: max-age, else Expires less Date; None where neither is said.

    0 where it is not to be kept, has expired, or says something that cannot be read (4.2.1, 5.3: stale).
    """
    control = _cache_control(head.joined("cache-control"))
    if "no-cache" in control or "no-store" in control:
        return timedelta(0)
    if "max-age" in control:
        return _seconds(control["max-age"]) or timedelta(0)
    said = head.first("expires")
    if not said:
        return None
    expires = http_date(said)
    if expires is None:
        return timedelta(0)
    return max(expires - (http_date(head.first("date")) or now), timedelta(0))


def _fresh_until(head: Head, lifetime: timedelta | None, now: datetime) -> datetime | None:
    """When that span ends, less the Age that a cache adds (RFC 9111, 4.2); None where it is over."""
    if lifetime is None:
        return None
    left = min(lifetime - (_seconds(head.first("age")) or timedelta(0)), LONGEST_WORD)
    return now + left if left > timedelta(0) else None


def _cache_control(raw: str) -> dict[str, str]:
    """Directives by lower-case name; of one that comes twice, the first counts (RFC 9111, 4.2.1)."""
    directives: dict[str, str] = {}
    for part in raw.split(","):
        name, _, value = part.partition("=")
        directives.setdefault(name.strip().lower(), value.strip().strip('"'))
    return directives
