"""Pure. Behaviours about validators: what a server gives, changes, takes away and answers 304 to."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tests.origin.feed import Behaviour, validators
from tests.origin.messages import Answer, Field, Given, Request, date

PHASE = timedelta(days=10)


class Steady(Behaviour):
    """never changes"""

    every = None


class Changing(Behaviour):
    """a new entry now and then"""


class Touched(Behaviour):
    """Last-Modified and ETag change, the body does not"""

    every = timedelta(hours=5)

    def body(self, now: datetime) -> bytes:
        return super().body(self.start)


class SameSecond(Behaviour):
    """an edit within the second: the ETag changes, Last-Modified does not"""

    def given(self, now: datetime) -> Given:
        return replace(super().given(now), modified=date(self.start))


class OnlyEtag(Behaviour):
    """an ETag and no Last-Modified"""

    def given(self, now: datetime) -> Given:
        return replace(super().given(now), modified=None)


class OnlyLastModified(Behaviour):
    """a Last-Modified and no ETag"""

    def given(self, now: datetime) -> Given:
        return replace(super().given(now), etag=None)


class _OtherEtag(Behaviour):
    form = b"%d"

    def given(self, now: datetime) -> Given:
        return Given(self.form % self.version(now), None)


class WeakEtag(_OtherEtag):
    """a weak ETag"""

    form = b'W/"%d"'


class UnquotedEtag(_OtherEtag):
    """an ETag without its quotes"""

    form = b"v%d-gzip"


class Latin1Etag(_OtherEtag):
    """an ETag with a byte that is no UTF-8"""

    form = b'"caf\xe9-%d"'


class Utf8Etag(_OtherEtag):
    """an ETag in UTF-8 beyond ASCII"""

    form = "“später-%d”".encode()


class OddDate(Behaviour):
    """a Last-Modified that is no date"""

    def given(self, now: datetime) -> Given:
        return Given(None, b"version %d, yesterday" % self.version(now))


class EtagRemoved(Behaviour):
    """the ETag is taken away after ten days, and comes back after twenty"""

    turned = 1

    def given(self, now: datetime) -> Given:
        without = (now - self.start) // PHASE % 2 == self.turned
        return replace(super().given(now), etag=None) if without else super().given(now)


class EtagAdded(EtagRemoved):
    """an ETag is added after ten days"""

    turned = 0


class AllRemoved(Behaviour):
    """all validators are taken away after ten days, and come back after twenty"""

    def given(self, now: datetime) -> Given:
        return Given() if (now - self.start) // PHASE % 2 else super().given(now)


class NewOn304(Behaviour):
    """each 304 carries a new ETag, and the old one stays good"""

    def __init__(self, here: str, elsewhere: str, start: datetime) -> None:
        super().__init__(here, elsewhere, start)
        self._renewed = 0

    def given(self, now: datetime) -> Given:
        return Given(b'"%d.%d"' % (self.version(now), self._renewed), None)

    def unchanged(self, request: Request, now: datetime) -> bool:
        same = (request.get("if-none-match") or b"").startswith(b'"%d.' % self.version(now))
        self._renewed += same
        return same


class Bare304(Behaviour):
    """a 304 without any field"""

    def fields(self, now: datetime, status: int) -> tuple[Field, ...]:
        return () if status == 304 else super().fields(now, status)


class Partial304(Behaviour):
    """a 304 that repeats the ETag only"""

    def fields(self, now: datetime, status: int) -> tuple[Field, ...]:
        given = self.given(now)
        return validators(replace(given, modified=None) if status == 304 else given)


class Stuck(Behaviour):
    """304 for ever: its Last-Modified is in 2041"""

    every = None  # asked once a day, so that half a year of it is soon over

    def given(self, now: datetime) -> Given:
        return Given(None, date(datetime(2041, 1, 1, tzinfo=UTC)))

    def unchanged(self, request: Request, now: datetime) -> bool:
        return request.get("if-modified-since") is not None


class First304(Behaviour):
    """304 to the first request, which asked for nothing conditionally"""

    def play(self, request: Request, now: datetime) -> Answer:
        return Answer(304, self.fields(now, 304)) if self.answers == 1 else super().play(request, now)


class NoValidators(Behaviour):
    """no validators at all"""

    def given(self, now: datetime) -> Given:
        return Given()


BEHAVIOURS: tuple[type[Behaviour], ...] = (
    Steady, Changing, Touched, SameSecond, OnlyEtag, OnlyLastModified, WeakEtag, UnquotedEtag, Latin1Etag,
    Utf8Etag, OddDate, EtagRemoved, EtagAdded, AllRemoved, NewOn304, Bare304, Partial304, Stuck, First304,
    NoValidators,
)  # fmt: skip
