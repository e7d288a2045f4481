"""Pure. Every way in which feeds write a date.

Reads the raw text: libraries guess, and a guessed date is worse than none (feedparser makes 2026-11-01 of
`2026年11月24日` and of `2026/11/24`). So what is ambiguous or impossible is None here, and what has no offset
is in the time zone that the source is configured with.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
"""Before the web there were no feeds; Hugo writes 0001-01-01 for "no date"."""

_LONGEST = 100  # characters; no form below is as long

# What nearly all dates are like (RFC 3339; RFC 822 with four digits of the year), and nothing is to be
# guessed of; what else reads them comes to the same.
_CLOCK = r"((?:[01][0-9]|2[0-3])):([0-5][0-9]):([0-5][0-9])"
_RFC3339 = re.compile(
    rf"([0-9]{{4}})-([0-9]{{2}})-([0-9]{{2}})T{_CLOCK}(?:\.[0-9]{{1,9}})?(?:Z|([+-])(0[0-9]|1[0-5]):([0-5][0-9]))"
)
_RFC822 = re.compile(
    r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), )?([0-9]{1,2})"
    r" (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) ([0-9]{4})"
    rf" {_CLOCK} (?:GMT|UTC|Z|([+-])(0[0-9]|1[0-5])([0-5][0-9]))"
)
_YEAR_FIRST = re.compile(
    r"(\d{4})\s?[-/.年년]\s?(\d{1,2})\s?[-/.月월]\s?(\d{1,2})\s?(?:[日号號일]|\.(?!\d))?"
)
_DAY_FIRST = re.compile(
    r"(\d{1,2})(?:st|nd|rd|th|\.)?[\s/-]*(?:de\s+)?([^\W\d_]{3,12}|\d{1,2}月)[.,]?[\s/-]*(?:de\s+)?(\d{4}|\d{2})(?!\d)",
    re.IGNORECASE,
)
_MONTH_FIRST = re.compile(r"([^\W\d_]{3,12})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})(?!\d)", re.IGNORECASE)
_ASCTIME = re.compile(r"([A-Za-z]{3})\s+(\d{1,2})\s+(\d{1,2}:\d{2}(?::\d{2})?)\s+(.{0,12}?)\s*(\d{4})")
_SLASHED = re.compile(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})(?!\d)")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:[T\s]?(\d{2})(\d{2})(\d{2})?)?", re.IGNORECASE)
_ISO_WEEK = re.compile(r"(\d{4})-?W(\d{2})-?(\d)", re.IGNORECASE)
_ISO_ORDINAL = re.compile(r"(\d{4})-(\d{3})(?!\d)")
_ISO_MONTH = re.compile(r"(\d{4})(?:-(\d{2}))?")
_EPOCH = re.compile(r"(\d{10})(?:\d{3}|\d{6})?(?:\.\d+)?")

# Years of Japanese eras and of the Republic of China: what stands before the first of them.
_ERAS = {"令和": 2018, "平成": 1988, "昭和": 1925, "民国": 1911, "民國": 1911}
_ERA = re.compile(r"(令和|平成|昭和|民国|民國)\s?(元|\d{1,3})(?=\s?年)")

_WEEKDAY = re.compile(r"[^\W\d_]+[.,]*\s*")
_COMMENT = re.compile(r"\([^()]*\)")
_TIME = re.compile(
    r"(?:T|-\s|at\s|um\s|à\s)?\s?(?P<early>上午|下午|凌晨|早上|中午|晚上|午前|午後|오전|오후|[ap]\.?m\.?)?\s?"
    r"(?P<hour>\d{1,2})\s?[:.h时時点點시]\s?(?:(?P<minute>\d{1,2})\s?(?:[:.分분]\s?(?:(?P<second>\d{1,2})(?:[.,:]\d+)?)?)?)?"
    r"\s?[秒초]?\s?(?P<late>[ap]\.?m\.?(?![a-z]))?\s?(?P<zone>.{0,20})",
    re.IGNORECASE,
)
_ZONE = re.compile(r"(?P<name>[A-Za-z]{1,5})?\s?(?P<offset>(?P<sign>[+-]|(?=\d))\s?\d{1,2}(?::?\d{2})?)?")

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan ene gen", "feb fév fev", "mar mär mrt maa", "apr avr abr", "may mai maj mei mag",
            "jun giu", "jul lug", "aug aoû aou ago", "sep set", "oct okt ott out", "nov", "dec dez déc dic",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
_MONTHS_IN_FULL = {"juin": 6, "juil": 7, "juillet": 7}  # the three letters alone do not tell

_HOURS = {
    "Z": 0, "UT": 0, "UTC": 0, "GMT": 0, "WET": 0, "WEST": 1, "BST": 1, "CET": 1, "CEST": 2, "MET": 1,
    "MEST": 2, "EET": 2, "EEST": 3, "MSK": 3, "SAST": 2, "IST": 5.5, "PKT": 5, "ICT": 7, "WIB": 7, "HKT": 8,
    "SGT": 8, "AWST": 8, "JST": 9, "KST": 9, "ACST": 9.5, "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13,
    "BRT": -3, "ART": -3, "AST": -4, "ADT": -3, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7,
    "MDT": -6, "PST": -8, "PDT": -7, "AKST": -9, "AKDT": -8, "HST": -10,
}  # fmt: skip
_CHINA = frozenset({
    "Asia/Shanghai", "Asia/Chongqing", "Asia/Chungking", "Asia/Harbin", "Asia/Urumqi", "Asia/Kashgar",
    "Asia/Hong_Kong", "Asia/Macau", "Asia/Macao", "Asia/Taipei", "PRC", "ROC", "Hongkong",
})  # fmt: skip
_AFTERNOON = frozenset({"下午", "晚上", "午後", "오후"})


@lru_cache(maxsize=256)  # an entry's dates are asked for more than once
def parse(raw: str, timezone: str) -> datetime | None:
    """The moment that a date means, aware and in UTC; None where it means none, or none for certain.

    Reads RFC 822 and 2822 with their usual faults, ISO 8601 and RFC 3339, asctime, Chinese, Japanese and
    Korean forms, month names of the larger European languages, Unix time in seconds, milliseconds and
    microseconds. `timezone` is the IANA name used where no offset is given; in China's zones `CST` is +0800.
    A date without a time is the start of that day. Never raises.
    """
    try:
        if found := _RFC3339.fullmatch(raw):
            year, month, day, *clock, sign, hours, minutes = found.groups()
            return _moment(int(year), int(month), int(day), clock, sign, hours, minutes)
        if found := _RFC822.fullmatch(raw):
            day, named, year, *clock, sign, hours, minutes = found.groups()
            return _moment(int(year), _MONTHS[named.lower()], int(day), clock, sign, hours, minutes)
    except (ValueError, OverflowError):
        return None
    text = " ".join(unicodedata.normalize("NFKC", raw[: _LONGEST + 1]).split())
    if not text or len(text) > _LONGEST:
        return None
    try:
        moment = _read(_ERA.sub(_western, _COMMENT.sub(" ", text)).strip(), timezone)
        return None if moment is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):  # the 31st of November, the hour 25, the year 0
        return None


def _moment(
    year: int, month: int, day: int, clock: list[str], sign: str | None, hours: str, minutes: str
) -> datetime:
    """Without a sign it is in UTC; raises what `datetime` does."""
    hour, minute, second = clock
    there = datetime(year, month, day, int(hour), int(minute), int(second), tzinfo=UTC)
    if sign is None:
        return there
    ahead = timedelta(hours=int(hours), minutes=int(minutes))
    return there + ahead if sign == "-" else there - ahead


def believable(moment: datetime, now: datetime) -> bool:
    """Whether an entry can have been written then: from 1990 to a day from now (clocks and zones err)."""
    return EARLIEST <= moment <= now + timedelta(days=1)


def rfc3339(moment: datetime) -> str:
    """`2026-11-24T10:00:00Z`: RFC 3339 in UTC, whole seconds, as Atom wants it (RFC 4287, 3.3)."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def _western(era: re.Match[str]) -> str:
    return str(_ERAS[era[1]] + (1 if era[2] == "元" else int(era[2])))


def _read(text: str, timezone: str) -> datetime | None:
    if found := _EPOCH.fullmatch(text):
        return datetime.fromtimestamp(int(found[1]), UTC)
    if found := _COMPACT.match(text):
        clock = f"{found[4] or 0}:{found[5] or 0}:{found[6] or 0}"
        return _at(found[1], int(found[2]), found[3], f"{clock} {text[found.end() :].strip()}", timezone)
    if found := _YEAR_FIRST.match(text):
        return _at(found[1], int(found[2]), found[3], text[found.end() :], timezone)
    if found := _ISO_WEEK.match(text):
        day = datetime.fromisocalendar(int(found[1]), int(found[2]), int(found[3]))
        return _at(day.year, day.month, day.day, text[found.end() :], timezone)
    if found := _ISO_ORDINAL.match(text):
        day = datetime(int(found[1]), 1, 1) + timedelta(days=int(found[2]) - 1)  # noqa: DTZ001 (a date)
        return _at(day.year, day.month, day.day, text[found.end() :], timezone)
    if found := _ISO_MONTH.fullmatch(text):
        return _at(found[1], int(found[2] or 1), 1, "", timezone)
    if found := _SLASHED.match(text):
        return _slashed(found, text[found.end() :], timezone)
    return _named(text, timezone) or _named(_WEEKDAY.sub("", text, count=1), timezone)


def _slashed(found: re.Match[str], rest: str, timezone: str) -> datetime | None:
    one, two = int(found[1]), int(found[2])
    if one != two and max(one, two) <= 12:
        return None  # 3/4/2026 is two days, depending on the country
    month, day = (two, one) if one > 12 else (one, two)
    return _at(found[3], month, day, rest, timezone)


def _named(text: str, timezone: str) -> datetime | None:
    if found := _DAY_FIRST.match(text):
        return _at(_whole_year(found[3]), _month(found[2]), found[1], text[found.end() :], timezone)
    if found := _MONTH_FIRST.match(text):
        return _at(found[3], _month(found[1]), found[2], text[found.end() :], timezone)
    if found := _ASCTIME.match(text):
        return _at(found[5], _month(found[1]), found[2], f"{found[3]} {found[4]}", timezone)
    if found := _YEAR_FIRST.match(text):  # after a weekday
        return _at(found[1], int(found[2]), found[3], text[found.end() :], timezone)
    return None


def _whole_year(year: str) -> int:
    """RFC 2822, 4.3: two digits below 50 are this century's."""
    number = int(year)
    return number if len(year) > 2 else number + (2000 if number < 50 else 1900)


def _month(name: str) -> int:
    name = name.lower()
    if name.endswith("月"):
        return int(name[:-1])
    return _MONTHS_IN_FULL.get(name) or _MONTHS.get(name[:3], 0)


def _at(year: str | int, month: int, day: str | int, rest: str, timezone: str) -> datetime | None:
    """A date with the rest of the text as its time and zone; a rest that is no time makes it no date."""
    hour = minute = second = days = 0
    zone: tzinfo | None = _configured(timezone)
    rest = rest.strip(" ,;")
    if found := _TIME.fullmatch(rest):
        hour, minute, second = int(found["hour"]), int(found["minute"] or 0), int(found["second"] or 0)
        half = (found["early"] or found["late"] or "").lower().replace(".", "")
        if half in _AFTERNOON or half == "pm":
            hour += 12 if hour < 12 else 0
        elif half and half != "中午" and hour == 12:
            hour = 0
        if (hour, minute, second) == (24, 0, 0):  # ISO 8601: the end of the day
            hour, days = 0, 1
        second = min(second, 59) if second == 60 else second  # a leap second
        rest = found["zone"]
    if rest:
        zone = _zone(rest.strip(), timezone)
    if zone is None:
        return None
    return datetime(int(year), month, int(day), hour, minute, second, tzinfo=zone) + timedelta(days=days)


def _zone(text: str, configured: str) -> tzinfo | None:
    """An offset or an abbreviation. What no table knows means the configured zone; what is neither, None."""
    found = _ZONE.fullmatch(text)
    if found is None:
        return None
    if found["offset"]:
        digits = re.sub(r"\D", "", found["offset"])
        hours, minutes = (int(digits), 0) if len(digits) < 3 else (int(digits[:-2]), int(digits[-2:]))
        if hours > 15 or minutes > 59:
            return None
        ahead = timedelta(hours=hours, minutes=minutes)
        return timezone(-ahead if found["sign"] == "-" else ahead)
    name = found["name"].upper()
    if name == "CST" and configured in _CHINA:
        return timezone(timedelta(hours=8))
    hours_ahead = _HOURS.get(name)
    return _configured(configured) if hours_ahead is None else timezone(timedelta(hours=hours_ahead))


@lru_cache(maxsize=512)
def _configured(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # `config` refuses such names; a stored one may go
        return UTC
