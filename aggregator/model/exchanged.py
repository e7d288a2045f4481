"""Pure. What one exchange with a server gave."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from aggregator.model.names import Url


@dataclass(frozen=True, slots=True)
class Validators:
    """Opaque; sent back exactly as they came (bytes as latin-1 text), quotes and all (RFC 9110, 8.8)."""

    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True)
class Hints:
    """What the server said about when and where to come back."""

    retry_after: datetime | None = None  # RFC 9110, 10.2.3
    fresh_until: datetime | None = None  # Cache-Control: max-age and Age, or Expires
    lifetime: timedelta | None = None  # that span, without Age; 0: not to be kept at all; None: unsaid
    moved: Url | None = None  # where nothing but 301 and 308 led
    gone: bool = False  # 410


@dataclass(frozen=True, slots=True)
class Sent:
    """What the request that brought an answer carried, as it went out: what a publisher keeps score of."""

    validators: Validators = field(default_factory=Validators)
    cookies: bool = False
    referer: bool = False
    query: bool = False  # one that neither the configured URL nor a redirect had
    at: datetime | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Fetched:
    """A body."""

    body: bytes
    content_type: str  # the header as it came, "" if none
    url: Url  # that finally answered
    validators: Validators
    hints: Hints
    status: int = 200
    sent: Sent | None = None  # None: of a file, which nobody was asked for
    links: str = ""  # its Link fields as they came, joined (RFC 8288)
    took: timedelta = field(default=timedelta(0), compare=False)  # until the last byte, or the failure


@dataclass(frozen=True, slots=True)
class NotModified:
    """304: the validators that it brought (only those), and hints."""

    validators: Validators
    hints: Hints
    url: str = ""  # that finally answered
    sent: Sent | None = None
    took: timedelta = field(default=timedelta(0), compare=False)  # until the last byte, or the failure


FailureKind: TypeAlias = Literal[
    "dns",  # the name has no address
    "refused",  # no connection
    "address",  # an address that we do not connect to
    "tls",
    "timeout",  # the whole exchange took too long
    "status",  # an HTTP status that brings nothing
    "redirect",  # too many, or to where we do not go
    "size",  # larger than we read
    "encoding",  # a content coding that we do not read, or a broken one
    "protocol",  # not HTTP, or cut short
    "turn",  # redirected to a host that others of us kept busy: no failure of anybody
    "media",  # no page of HTML, where one was asked for
    "unasked",  # nobody wants it any more, or robots.txt says no: nothing was sent
    "url",  # cannot be asked for
    "file",  # a file: source that cannot be read
    "fault",  # ours
]


@dataclass(frozen=True, slots=True)
class FetchFailed:
    """Nothing came, and why; `detail` is one line for people."""

    kind: FailureKind
    detail: str
    hints: Hints = field(default_factory=Hints)
    status: int | None = None
    url: str = ""  # that answered or was to answer last: redirects may lead to another host
    sent: Sent | None = None  # None: nothing was sent
    validators: Validators | None = None  # of a 304 to an unconditional request: all that it brought
    took: timedelta = field(default=timedelta(0), compare=False)  # until the last byte, or the failure


FetchResult: TypeAlias = Fetched | NotModified | FetchFailed
