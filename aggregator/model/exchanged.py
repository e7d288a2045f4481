"""Pure. What one exchange with a server gave."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
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
    moved: Url | None = None  # where nothing but 301 and 308 led
    gone: bool = False  # 410


@dataclass(frozen=True, slots=True)
class Fetched:
    """A body."""

    body: bytes
    content_type: str  # the header as it came, "" if none
    url: Url  # that finally answered
    validators: Validators
    hints: Hints
    status: int = 200


@dataclass(frozen=True, slots=True)
class NotModified:
    """304: the validators that it brought (only those), and hints."""

    validators: Validators
    hints: Hints


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
    url: str = ""  # that answered, where something did: redirects may lead to another host


FetchResult: TypeAlias = Fetched | NotModified | FetchFailed
