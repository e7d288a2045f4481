"""Pure. What a reader can know of a server after an answer, and what it may do by that.

A reader that was killed in the middle of an exchange may know what it knew before, or what the answer said:
then the judge has two of these, and either excuses.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from tests.origin import words
from tests.origin.feed import NOTHING_SAID, Said
from tests.origin.messages import Answer, Given

NEVER = datetime.min.replace(tzinfo=UTC)
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, slots=True)
class Rules:
    """What is asked of a polite reader beyond what the server says itself."""

    floor: timedelta = timedelta(hours=1)
    shortest: timedelta = timedelta(minutes=5)  # where the server permits less than the floor
    without_validators: timedelta = timedelta(hours=4)
    fixed: bool = False  # the reader has been told an interval: `floor` is that, and validators do not matter
    check_after: timedelta = timedelta(days=180)  # of nothing but 304 it may ask once whether that is true
    per_host: int = 1
    gap: timedelta = timedelta(seconds=1)
    pauses: bool = True  # a 429 is meant for all feeds of a host; not where that is a private one


@dataclass(frozen=True, slots=True)
class Knowledge:
    """After the last whole answer."""

    answered: bool = False  # a 200 or 304 has come
    given: Given = Given()  # noqa: RUF009 - a frozen value
    elsewhere: bool = False  # the other host gave that
    word: datetime = NEVER
    lifetime: timedelta | None = None
    said: Said = NOTHING_SAID
    whole: datetime | None = None  # when a body came last, or was asked for without validators
    readable: bool = True
    gone: bool = False

    def after(
        self, answer: Answer, said: Said, *, elsewhere: bool, conditional: bool, now: datetime
    ) -> Knowledge:
        """With an answer that came whole; `said` is what its document says, if it is one."""
        known = self if conditional else replace(self, whole=now)
        cached, retry = words.cached(answer, now), words.retry_after(answer, now)
        heard = [NEVER if retry is None else retry, now + cached.left if cached.said else NEVER]
        if answer.status not in (200, 304):
            return replace(known, word=max(known.word, *heard), gone=answer.status == 410)
        given = Given(answer.get("etag"), answer.get("last-modified"))
        if answer.status == 200:
            readable = b"<rss" in answer.body
            known = replace(
                known,
                given=given,
                lifetime=cached.lifetime if cached.said else None,
                whole=now,
                readable=readable,
                said=said if readable else known.said,
            )
        else:
            known = replace(known, given=_merged(known.given, given))
            if cached.said:
                known = replace(known, lifetime=cached.lifetime)
            elif known.lifetime is not None:
                heard.append(now + known.lifetime)
        heard += [now + wait for wait in known._of_documents()] if known.readable else [self.word]
        return replace(known, answered=True, elsewhere=elsewhere, word=max(heard), gone=False)

    def unheard(self, now: datetime) -> Knowledge:
        """After an exchange whose end the reader did not live to see: what was said last may be meant."""
        waits = [*self._of_documents(), self.lifetime or timedelta(0)]
        return replace(self, word=max(self.word, *(now + wait for wait in waits))) if self.answered else self

    def too_soon(self, last: datetime, now: datetime, rules: Rules) -> str:
        """Why a reader that asked `last` may not ask now; "" if it may."""
        if self.gone:
            return "it is gone (410)"
        if now < self.word:
            return f"the server said not before {self.word:%Y-%m-%d %H:%M:%S}"
        if now < last + self._floor(rules):
            return f"{now - last} after the last time"
        without = self.answered and not self.given and not rules.fixed
        if without and now < last + rules.without_validators:
            return f"{now - last} after the last time, and there are no validators"
        if now.hour in self.said.skip_hours or DAYS[now.weekday()] in self.said.skip_days:
            return "in an hour or on a day that the feed excludes"
        return ""

    def excuse(self, elsewhere: bool, now: datetime, rules: Rules, upgraded: bool) -> str:
        """Why a request may go without validators; "" if it may not."""
        if not self.given:
            return "none given"
        if self.elsewhere is not elsewhere:
            return "given by another host"
        if self.whole is not None and now - self.whole >= rules.check_after:
            return "check after half a year"
        return "re-read after an upgrade" if upgraded and not self.readable else ""

    def _of_documents(self) -> list[timedelta]:
        ttl = [] if self.said.ttl is None else [timedelta(minutes=self.said.ttl)]
        return ttl if self.said.period is None else [*ttl, self.said.period]

    def _floor(self, rules: Rules) -> timedelta:
        permits = [*self._of_documents(), *([self.lifetime] if self.lifetime else [])]
        if rules.fixed or not permits:
            return rules.floor
        return min(rules.floor, max(rules.shortest, *permits))


def _merged(before: Given, brought: Given) -> Given:
    """A 304 adds or replaces, and takes nothing away."""
    return Given(
        before.etag if brought.etag is None else brought.etag,
        before.modified if brought.modified is None else brought.modified,
    )
