"""Pure. When a server allows to be asked again, by its own words: what the judge goes by.

Written apart from `aggregator.fetch.response` and `aggregator.schedule` on purpose, from the RFCs and the
issue; it must import neither.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from tests.origin.messages import Answer

LONGEST = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class Cached:
    """What an answer says of how long it may be kept."""

    said: bool  # anything at all
    lifetime: timedelta = timedelta(0)  # counted from when it was made
    left: timedelta = timedelta(0)  # of that, without what caches have used up


def cached(answer: Answer, now: datetime) -> Cached:
    """RFC 9111, 4.2.1 and 5.2.2."""
    control = (answer.get("cache-control") or b"").decode().lower()
    expires = _date(answer.get("expires"))
    span = re.search(r"(?:^|[\s,])max-age=\"?(\d+)", control)
    if re.search(r"\bno-(cache|store)\b", control):
        lifetime = timedelta(0)
    elif span:
        lifetime = timedelta(seconds=int(span[1]))
    elif expires is not None:
        lifetime = expires - (_date(answer.get("date")) or now)
    else:
        return Cached(said=bool(control))
    age = timedelta(seconds=int(answer.get("age") or 0))
    return Cached(True, min(lifetime, LONGEST), min(lifetime - age, LONGEST))


def retry_after(answer: Answer, now: datetime) -> datetime | None:
    """RFC 9110, 10.2.3; None where there is none, or none to go by."""
    raw = answer.get("retry-after")
    if raw is None:
        return None
    at = now + timedelta(seconds=int(raw)) if raw.isdigit() else _date(raw)
    return min(at, now + LONGEST) if at is not None and at > now else None


def _date(raw: bytes | None) -> datetime | None:
    try:
        return parsedate_to_datetime((raw or b"").decode("latin-1")).astimezone(UTC)
    except ValueError:
        return None
