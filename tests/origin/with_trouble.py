"""Pure. Behaviours about trouble: refusals, failures, redirects, cookies, and bodies that are no feed."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.origin.feed import PAGE, Behaviour, redirect
from tests.origin.messages import Answer, Field, Request, date


class _Refusing(Behaviour):
    status = 429
    after: timedelta | bytes | None = None  # its Retry-After
    as_date = False

    def play(self, request: Request, now: datetime) -> Answer:
        if self.answers % 5 not in (3, 4):
            return super().play(request, now)
        if self.after is None:
            return self.refuse(now, self.status)
        word = self.after
        if isinstance(word, timedelta):
            word = date(now + word) if self.as_date else b"%d" % word.total_seconds()
        return self.refuse(now, self.status, ("retry-after", word))


class TooMany(_Refusing):
    """429 without Retry-After, now and then"""


class TooManySeconds(_Refusing):
    """429 with a Retry-After of 7200 seconds"""

    after = timedelta(hours=2)


class TooManyDate(_Refusing):
    """429 with a Retry-After that is a date"""

    after = timedelta(hours=30)
    as_date = True


class TooManyZero(_Refusing):
    """429 with Retry-After: 0"""

    after = b"0"


class TooManyGarbage(_Refusing):
    """429 with a Retry-After that is none"""

    after = b"soon, or -5"


class TooManyWeeks(_Refusing):
    """429 with a Retry-After of two weeks"""

    after = timedelta(days=14)


class Unavailable(_Refusing):
    """503 with a Retry-After of 3 hours"""

    status = 503
    after = timedelta(hours=3)


class NotFoundForHours(Behaviour):
    """404 for some hours of each day, as YouTube does"""

    every = timedelta(hours=2)

    def play(self, request: Request, now: datetime) -> Answer:
        return self.refuse(now, 404) if now.hour % 12 < 5 else super().play(request, now)


class ServerErrors(Behaviour):
    """500 again and again, and well in between"""

    def play(self, request: Request, now: datetime) -> Answer:
        return self.refuse(now, 500) if self.answers % 7 > 3 else super().play(request, now)


class Forbidden(Behaviour):
    """403 from the first request on"""

    def play(self, request: Request, now: datetime) -> Answer:
        return self.refuse(now, 403)


class Drip(Behaviour):
    """a body that never ends, now and then"""

    def play(self, request: Request, now: datetime) -> Answer:
        if self.answers % 6:
            return super().play(request, now)
        return Answer(200, self.fields(now, 200), drips=True)


class Gone(Behaviour):
    """410 after ten answers"""

    def play(self, request: Request, now: datetime) -> Answer:
        return self.refuse(now, 410) if self.answers > 10 else super().play(request, now)


class _Moving(Behaviour):
    status = 301
    away = False  # to the other host

    def leads(self, now: datetime) -> bool:
        """Whether the old place redirects now."""
        return self.answers > 3

    def play(self, request: Request, now: datetime) -> Answer:
        if request.path == "new.xml" and request.elsewhere is self.away:
            return self.document(request, now)
        if request.elsewhere or not self.leads(now):
            return super().play(request, now)
        return redirect(self.status, f"{self.elsewhere if self.away else self.here}new.xml")


class MovedHere(_Moving):
    """301 to a new place at the same host"""


class MovedElsewhere(_Moving):
    """308 to a new place at another host"""

    status = 308
    away = True


class FoundHere(_Moving):
    """302 to another place at the same host"""

    status = 302


class FoundElsewhere(_Moving):
    """302 to another host every other day"""

    status = 302
    away = True

    def leads(self, now: datetime) -> bool:
        return bool((now - self.start).days % 2)


class MovedAndBack(_Moving):
    """301 to another host, which says 404 after two months; then the old place has it again"""

    away = True

    def leads(self, now: datetime) -> bool:
        return (now - self.start).days % 80 < 60

    def play(self, request: Request, now: datetime) -> Answer:
        if request.elsewhere and not self.leads(now):
            return self.refuse(now, 404)
        return super().play(request, now)


class Loop(Behaviour):
    """redirects in a circle every third day"""

    def play(self, request: Request, now: datetime) -> Answer:
        if (now - self.start).days % 3 != 2:
            return super().play(request, now)
        return redirect(302, f"{self.here}{'b' if request.path == 'feed.xml' else 'feed'}.xml")


class Maintenance(Behaviour):
    """301 to a page that is no feed, for a week, and back"""

    def play(self, request: Request, now: datetime) -> Answer:
        if request.path == "soon.html":
            return Answer(200, (("content-type", b"text/html"), ("etag", b'"soon"')), PAGE)
        if (now - self.start).days % 20 >= 13:
            return redirect(301, f"{self.here}soon.html")
        return super().play(request, now)


class Unreadable(Behaviour):
    """a body that is no feed, for ten days of each twenty"""

    def body(self, now: datetime) -> bytes:
        return PAGE if (now - self.start).days % 20 >= 10 else super().body(now)


class NeverReadable(Behaviour):
    """a body that never was a feed, and does not change"""

    every = None

    def body(self, now: datetime) -> bytes:
        return PAGE


class Cookies(Behaviour):
    """Set-Cookie on every answer"""

    def caching(self, now: datetime, status: int) -> tuple[Field, ...]:
        return (("set-cookie", b"reader=%d; Path=/; Max-Age=86400" % self.answers),)


BEHAVIOURS: tuple[type[Behaviour], ...] = (
    TooMany, TooManySeconds, TooManyDate, TooManyZero, TooManyGarbage, TooManyWeeks, Unavailable,
    NotFoundForHours, ServerErrors, Forbidden, Drip, Gone, MovedHere, MovedElsewhere, FoundHere,
    FoundElsewhere, MovedAndBack, Loop, Maintenance, Unreadable, NeverReadable, Cookies,
)  # fmt: skip
