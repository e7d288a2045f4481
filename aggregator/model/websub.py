"""Pure. What our WebSub hub remembers and sends (W3C WebSub), and what we follow ourselves."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from aggregator.model.exchanged import FailureKind, Hints
from aggregator.model.names import Url

Mode: TypeAlias = Literal["subscribe", "unsubscribe"]


@dataclass(frozen=True, slots=True)
class Intent:
    """What a request to our hub wants; it counts for nothing before its callback has confirmed it."""

    mode: Mode
    callback: str  # absolute http(s) URL, exactly as it was given
    host: str  # of the callback, lower case: what the bounds are counted for
    path: str  # of the document that is the topic
    lease: timedelta = timedelta(0)  # that it will get
    secret: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request to our hub is not taken: an HTTP status, and a line for who develops a subscriber."""

    status: int
    reason: str


@dataclass(frozen=True, slots=True)
class Verification:
    """An intent that is to be confirmed now, and the row that it is kept in."""

    row: int
    intent: Intent


@dataclass(frozen=True, slots=True)
class Topic:
    """A document that somebody is to hear of, as it was when they were told to."""

    path: str
    etag: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """The right to send one subscriber what is new in one topic."""

    row: int
    callback: str
    host: str
    path: str
    secret: str
    version: int  # of the topic, that it is about
    delivered: int | None  # the version that this subscriber had last; None: it had none
    failures: int  # in a row


@dataclass(frozen=True, slots=True)
class Delivered:
    """How a delivery ended: `again` is when to try once more, `gone` that nobody wants any (410)."""

    delivery: Delivery
    again: datetime | None = None
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Ping:
    """The right to tell another hub that a topic has changed."""

    path: str
    version: int
    failures: int = 0  # in a row


@dataclass(frozen=True, slots=True)
class Pinged:
    """How a ping ended."""

    ping: Ping
    again: datetime | None = None


@dataclass(frozen=True, slots=True)
class Following:
    """What we want of the hub of a source: that it pushes, or does not any more."""

    source: Url
    hub: str
    topic: str
    token: str  # unguessable: names its callback
    secret: str
    mode: Mode = "subscribe"
    expires: datetime | None = None  # the end of the lease that was confirmed last; None: none was
    failures: int = 0  # in a row


@dataclass(frozen=True, slots=True)
class Letter:
    """A request that is no poll, to somebody whom no source names. Redirects are not followed."""

    method: Literal["GET", "POST"]
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    private: bool = False  # its host may have an address that is not public
    read: int = 0  # bytes of the answer's body that are wanted, at most
    seconds: float = 10.0  # for the whole exchange


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: a status, or (0) why there is none."""

    status: int = 0
    body: bytes = b""
    hints: Hints = field(default_factory=Hints)
    kind: FailureKind | None = None
    detail: str = ""
    location: str = ""  # of a redirect, as it came

    @property
    def ok(self) -> bool:
        """2xx: everything else is a failure (W3C WebSub, 5.3 and 7)."""
        return 200 <= self.status < 300
