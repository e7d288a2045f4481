"""Pure. What a document says of the feed itself: its facts, its hubs, its older pages, and when to come back.

Keeps what was said; whether a hint is obeyed is `schedule`'s to decide.
"""

from __future__ import annotations

from datetime import timedelta

from aggregator.model import BodyHints, EntryLink, FeedFacts, Text
from aggregator.parse.constructs import links, persons, string, text
from aggregator.parse.hooks import RawFeed, Said
from aggregator.syntax import urls

# http://purl.org/rss/1.0/modules/syndication/
_PERIODS = {
    "hourly": timedelta(hours=1),
    "daily": timedelta(days=1),
    "weekly": timedelta(days=7),
    "monthly": timedelta(days=30),
    "yearly": timedelta(days=365),
}
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def facts_of(said: Said) -> FeedFacts:
    """The feed of a document, or an entry's own source."""
    every_link = links(said)
    url = string(said, "href")  # only <source url> has it
    if url and not every_link:
        every_link = (EntryLink(url, rel="self"),)
    language = string(said, "language")
    title = text(said, "title", "", language)
    if title is not None and not isinstance(dict.get(said, "title_detail"), dict):
        title = Text(title.value, "text", "", language)  # of <source url>, which is plain text
    return FeedFacts(
        id=string(said, "id"),
        title=title,
        links=every_link,
        updated=string(said, "updated") or string(said, "published"),
        language=language,
        rights=string(said, "rights"),
        license=next((link.href for link in every_link if link.rel == "license"), ""),
        authors=persons(said) or persons({"authors": [{"name": string(said, "itunes_owner")}]}),
        publisher=string(said, "dc_publisher"),
    )


def hubs_of(facts: FeedFacts) -> tuple[str, ...]:
    """The WebSub hubs that the document names, each once (W3C WebSub, 4)."""
    return tuple(dict.fromkeys(link.href for link in facts.links if link.rel == "hub"))


def older_of(facts: FeedFacts, url: str) -> str:
    """The page with the document's older entries: rel=prev-archive, else rel=next (RFC 5005, 4 and 3).

    Absolute, resolved against `url`, where the document came from; "" where it has none.
    """
    for rel in ("prev-archive", "next"):
        for link in facts.links:
            page = urls.absolute(url, link.href) if link.rel.lower() == rel and link.href.strip() else ""
            if page and page != url:  # an empty reference comes as the document's own URL
                return page
    return ""


def hints_of(raw: RawFeed) -> BodyHints:
    """RSS <ttl> in minutes, sy:updatePeriod over sy:updateFrequency, skipHours (GMT), skipDays."""
    ttl = _number(string(raw.said, "ttl"))
    period = _PERIODS.get(string(raw.said, "sy_updateperiod").lower())
    frequency = _number(string(raw.said, "sy_updatefrequency")) or 1
    hours = (_number(hour) for hour in raw.skip_hours)
    days = (day.strip().lower() for day in raw.skip_days)
    return BodyHints(
        ttl=timedelta(minutes=ttl) if ttl else None,
        period=period / frequency if period else None,
        # RSS 0.91 counts from 1 to 24, RSS 2.0 from 0 to 23: the 24th is midnight either way.
        skip_hours=frozenset(hour % 24 for hour in hours if hour is not None and hour <= 24),
        skip_days=frozenset(_DAYS.index(day) for day in days if day in _DAYS),
    )


def _number(said: str) -> int | None:
    said = said.strip()
    return int(said) if said.isascii() and said.isdigit() and len(said) <= 7 else None
