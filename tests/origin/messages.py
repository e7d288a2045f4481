"""Pure. What goes between a reader and the origin: a request as it came, an answer as it goes out.

Knows HTTP's words, and nothing of sockets, behaviours or scores.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TypeAlias

Field: TypeAlias = tuple[str, bytes]
"""Name in lower case, and the value as bytes."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request, as it came."""

    path: str  # below the behaviour's folder: `feed.xml`
    fields: Sequence[Field] = ()
    elsewhere: bool = False  # it came to the behaviour's other host
    query: str = ""
    method: str = "GET"

    def get(self, name: str) -> bytes | None:
        """The first field of that name."""
        return next((value for key, value in self.fields if key == name), None)


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said to a request."""

    status: int
    fields: Sequence[Field] = ()
    body: bytes = b""
    drips: bool = False  # its body never ends: a byte now and then

    def get(self, name: str) -> bytes | None:
        """The first field of that name."""
        return next((value for key, value in self.fields if key == name), None)

    @property
    def redirects(self) -> bool:
        """Whether it says nothing but to ask elsewhere."""
        return self.status in (301, 302, 303, 307, 308)


@dataclass(frozen=True, slots=True)
class Given:
    """The validators that one answer gave, or that a reader holds: opaque bytes."""

    etag: bytes | None = None
    modified: bytes | None = None

    def __bool__(self) -> bool:
        return self.etag is not None or self.modified is not None


def date(at: datetime) -> bytes:
    """An HTTP-date (RFC 9110, 5.6.7)."""
    return format_datetime(at.astimezone(UTC).replace(microsecond=0), usegmt=True).encode()
