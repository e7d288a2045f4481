"""Pure. A feed that a behaviour plays with: its entries, its validators, its answer to a request.

All of it follows from the time, so that two requests at one moment get one answer. What makes a behaviour
special it overrides; `answers` counts the requests so far, for those that misbehave now and then.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime
from functools import lru_cache

from tests.origin.messages import Answer, Field, Given, Request, date

NEVER_CHANGED = timedelta(days=3)  # between the entries of a feed that gets no new ones
PAGE = b"<!doctype html><html><head><title>Maintenance</title></head><body>Soon back</body></html>"


@dataclass(frozen=True, slots=True)
class Said:
    """What the documents of a behaviour say of when to come back."""

    ttl: int | None = None  # minutes
    period: timedelta | None = None  # sy:updatePeriod over sy:updateFrequency
    skip_hours: tuple[int, ...] = ()
    skip_days: tuple[str, ...] = ()  # English names


NOTHING_SAID = Said()


class Behaviour:
    """One way of a server to treat its readers, at two hosts: its own, and one elsewhere."""

    every: timedelta | None = timedelta(hours=7)  # between two new entries; None: nothing is ever new
    window = 5  # entries in the document
    said = NOTHING_SAID

    def __init__(self, here: str, elsewhere: str, start: datetime) -> None:
        """`here` and `elsewhere` are the URLs of its two folders, with their slash; asked from `start` on."""
        self.here, self.elsewhere, self.start = here, elsewhere, start
        self.answers = 0

    @classmethod
    def name(cls) -> str:
        """How it is called in paths and tables: `max-age-on-304`."""
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[a-z])(?=[0-9])", "-", cls.__name__).lower()

    @classmethod
    def about(cls) -> str:
        """What it does, in one line."""
        return (cls.__doc__ or "").partition("\n")[0]

    def answer(self, request: Request, now: datetime) -> Answer:
        """What it says to a request, now."""
        self.answers += 1
        return self.play(request, now)

    def play(self, request: Request, now: datetime) -> Answer:
        """The behaviour itself; `answers` counts this request."""
        return self.document(request, now) if request.path == "feed.xml" else NOT_THERE

    # --- what follows from the time -----------------------------------------------------------------------

    def version(self, now: datetime) -> int:
        """The number of the newest entry; the first request finds a full window."""
        return self.window if self.every is None else self.window + (now - self.start) // self.every

    def published(self, number: int) -> datetime:
        """When an entry came."""
        return self.start + (self.every or NEVER_CHANGED) * (number - self.window)

    def given(self, now: datetime) -> Given:
        """The validators of the document as it is now."""
        number = self.version(now)
        return Given(b'"%s-%d"' % (self.name().encode(), number), date(self.published(number)))

    def caching(self, now: datetime, status: int) -> tuple[Field, ...]:
        """What it says in header fields of when to come back."""
        return ()

    def body(self, now: datetime) -> bytes:
        """The document as it is now."""
        return rss(self.here, self._entries(self.version(now), self.window), self.said)

    # --- what is said -------------------------------------------------------------------------------------

    def document(self, request: Request, now: datetime) -> Answer:
        """The feed, or that it has not changed (RFC 9110, 13.2.2)."""
        if self.unchanged(request, now):
            return Answer(304, self.fields(now, 304))
        fields = (("content-type", b"application/rss+xml"), *self.fields(now, 200))
        return Answer(200, fields, self.body(now))

    def unchanged(self, request: Request, now: datetime) -> bool:
        """If-None-Match wins over If-Modified-Since; both are compared as what they are, opaque."""
        given, etag = self.given(now), request.get("if-none-match")
        if etag is not None:
            return etag == given.etag
        modified = request.get("if-modified-since")
        return modified is not None and modified == given.modified

    def fields(self, now: datetime, status: int) -> tuple[Field, ...]:
        """Those of a 200 or 304."""
        return (("date", date(now)), *validators(self.given(now)), *self.caching(now, status))

    def refuse(self, now: datetime, status: int, *fields: Field) -> Answer:
        """An answer that brings nothing."""
        return Answer(status, (("date", date(now)), ("content-type", b"text/plain"), *fields), b"not now")

    def _entries(self, newest: int, count: int) -> tuple[tuple[int, datetime], ...]:
        return tuple((n, self.published(n)) for n in range(newest, max(newest - count, 0), -1))


NOT_THERE = Answer(404, (("content-type", b"text/plain"),), b"not here")


def validators(given: Given) -> tuple[Field, ...]:
    """As header fields."""
    pairs = (("etag", given.etag), ("last-modified", given.modified))
    return tuple((name, value) for name, value in pairs if value is not None)


def redirect(status: int, target: str) -> Answer:
    """To another place."""
    return Answer(status, (("location", target.encode()),), b"elsewhere")


@lru_cache(maxsize=4096)
def rss(home: str, entries: tuple[tuple[int, datetime], ...], said: Said, older: str = "") -> bytes:
    """An RSS 2.0 document; `older` is where its older entries are (RFC 5005)."""
    items = "".join(
        f"<item><title>Story {n} of {home}</title><link>{home}{n}.html</link>"
        f"<guid isPermaLink='false'>{home}#{n}</guid><pubDate>{format_datetime(at, usegmt=True)}</pubDate>"
        f"<description>Text {n} of {home}</description></item>"
        for n, at in entries
    )
    hints = "" if said.ttl is None else f"<ttl>{said.ttl}</ttl>"
    if said.period is not None:
        often = timedelta(days=1) // said.period
        hints += f"<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>{often}</sy:updateFrequency>"
    if said.skip_hours:
        hints += f"<skipHours>{''.join(f'<hour>{hour}</hour>' for hour in said.skip_hours)}</skipHours>"
    if said.skip_days:
        hints += f"<skipDays>{''.join(f'<day>{day}</day>' for day in said.skip_days)}</skipDays>"
    if older:
        hints += f"<atom:link rel='prev-archive' href='{older}'/>"
    return (
        "<?xml version='1.0' encoding='utf-8'?><rss version='2.0' xmlns:atom='http://www.w3.org/2005/Atom'"
        " xmlns:sy='http://purl.org/rss/1.0/modules/syndication/'><channel>"
        f"<title>{home}</title><link>{home}</link><description>d</description>{hints}{items}</channel></rss>"
    ).encode()
