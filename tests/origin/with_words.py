"""Pure. Behaviours about time: what a server and its documents say of when to come back."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.origin.feed import NOT_THERE, Behaviour, Said, rss
from tests.origin.messages import Answer, Field, Given, Request, date


class _MaxAge(Behaviour):
    control = b"max-age=10800"

    def caching(self, now: datetime, status: int) -> tuple[Field, ...]:
        return (("cache-control", self.control),)


class MaxAge(_MaxAge):
    """max-age of 3 hours, on 200 and on 304"""


class MaxAgeOn200(_MaxAge):
    """max-age of 3 hours on 200; its 304 say nothing"""

    def caching(self, now: datetime, status: int) -> tuple[Field, ...]:
        return super().caching(now, status) if status == 200 else ()


class MaxAgeOn304(_MaxAge):
    """max-age of 3 hours on 304; its 200 say nothing"""

    def caching(self, now: datetime, status: int) -> tuple[Field, ...]:
        return super().caching(now, status) if status == 304 else ()


class MaxAgeOfDays(_MaxAge):
    """max-age of two days"""

    control = b"public, max-age=172800"


class MaxAgeForEver(_MaxAge):
    """max-age of 400 days, of which 31 are meant"""

    control = b"max-age=34560000"


class NoCache(_MaxAge):
    """Cache-Control: no-cache, which says nothing about when to come back"""

    control = b"no-cache, max-age=86400"


class Expires(Behaviour):
    """an Expires of 5 hours"""

    def caching(self, now: datetime, status: int) -> tuple[Field, ...]:
        return (("expires", date(now + timedelta(hours=5))),)


class Aged(_MaxAge):
    """max-age of 10 hours through a cache that has had it for two"""

    control = b"max-age=36000"

    def caching(self, now: datetime, status: int) -> tuple[Field, ...]:
        return (*super().caching(now, status), ("age", b"7200"))


class Ttl(Behaviour):
    """a ttl of 240 minutes"""

    said = Said(ttl=240)


class UpdatePeriod(Behaviour):
    """sy:updatePeriod daily, four times"""

    said = Said(period=timedelta(hours=6))


class SkipHours(Behaviour):
    """skipHours for the night"""

    every = timedelta(hours=2)
    said = Said(skip_hours=(0, 1, 2, 3, 4, 5, 20, 21, 22, 23))


class SkipDays(Behaviour):
    """skipDays for the weekend"""

    said = Said(skip_days=("Saturday", "Sunday"))


class Fast(_MaxAge):
    """an entry every 10 minutes, and a max-age of 5 that permits to ask as often"""

    every = timedelta(minutes=10)
    window = 10
    control = b"max-age=300"


class FastTtl(Behaviour):
    """an entry every 10 minutes and a ttl of 15"""

    every = timedelta(minutes=10)
    window = 10
    said = Said(ttl=15)


class Overrun(Behaviour):
    """20 new entries an hour in a window of 10, the rest in archive pages (RFC 5005)"""

    every = timedelta(minutes=3)
    window = 10

    def play(self, request: Request, now: datetime) -> Answer:
        if request.path == "feed.xml":
            return self.document(request, now)
        number = request.path.removeprefix("archive/").removesuffix(".xml")
        return self._page(int(number), now) if number.isdigit() else NOT_THERE

    def body(self, now: datetime) -> bytes:
        newest = self.version(now)
        return rss(
            self.here, self._entries(newest, self.window), self.said, self._older(newest // self.window)
        )

    def given(self, now: datetime) -> Given:
        return Given(b'"%d"' % self.version(now), None)

    def _page(self, number: int, now: datetime) -> Answer:
        """Entries 1 to 10 are page 1; a page that is not full yet is not there."""
        if not 0 < number <= self.version(now) // self.window:
            return NOT_THERE
        entries = self._entries(number * self.window, self.window)
        body = rss(self.here, entries, self.said, self._older(number - 1))
        return Answer(200, (("content-type", b"application/rss+xml"),), body)

    def _older(self, number: int) -> str:
        return f"{self.here}archive/{number}.xml" if number > 0 else ""


BEHAVIOURS: tuple[type[Behaviour], ...] = (
    MaxAge, MaxAgeOn200, MaxAgeOn304, MaxAgeOfDays, MaxAgeForEver, NoCache, Expires, Aged, Ttl, UpdatePeriod,
    SkipHours, SkipDays, Fast, FastTtl, Overrun,
)  # fmt: skip
