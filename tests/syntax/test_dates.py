"""Dates: every way in which feeds write them, and what is none."""

import random
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.syntax.dates import believable, parse, rfc3339

TEN = "2026-11-24T10:00:00Z"
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)

WITH_OFFSET = [
    "Tue, 24 Nov 2026 10:00:00 GMT",
    "Tue, 24 Nov 2026 10:00:00 +0000 (UTC)",
    "Tue, 24 Nov 2026 18:00:00 +0800",
    "Tue,24 Nov 2026 18:00:00 +08:00",
    "Tue, 24 Nov 2026 18:00:00 GMT+8",
    "24 Nov 26 05:00 EST",
    "Tuesday, 24 November 2026 02:00:00 PST",
    "Tue Nov 24 10:00:00 UTC 2026",
    "Tue Nov 24 2026 18:00:00 GMT+0800 (China Standard Time)",
    "mar., 24 nov. 2026 11:00:00 +0100",
    "2026-11-24T10:00:00Z",
    "2026-11-24t10:00:00z",
    "2026-11-24T10:00:00.123456Z",
    "2026-11-24T10:00:00-00:00",
    "2026-11-24T15:30:00+05:30",
    "2026-11-24T18:00:00 08:00",  # the plus sign was taken for a space
    "2026-11-24 18:00:00 +0800",
    "20261124T100000Z",
    "1795514400",
    "1795514400000",
]


@pytest.mark.parametrize("raw", WITH_OFFSET)
def test_an_offset_is_kept_to(raw):
    """A date with an offset means one moment, whatever the source's zone is."""
    assert rfc3339(parse(raw, "America/New_York")) == TEN
    assert rfc3339(parse(raw, "Asia/Shanghai")) == TEN


WITHOUT_OFFSET = [
    "2026年11月24日 18:00",
    "2026年11月24日 18时00分00秒",
    "2026年11月24日(火) 18:00",
    "2026年11月24日 下午6:00",
    "2026년 11월 24일 오후 6:00",
    "周二, 24 11月 2026 18:00:00",
    "２０２６－１１－２４　１８：００",
    "2026/11/24 18:00",
    "2026.11.24 18:00:00",
    "2026-11-24 18:00:00",
    "2026-11-24T18:00:00",
    "20261124180000",
    "11/24/2026 18:00",
    "24.11.2026 18:00",
    "24-Nov-2026 18:00",
    "24 août 2026 18:00",
    "November 24, 2026 6:00 PM",
    "Tuesday, November 24, 2026 - 6:00 pm",
    "Tue, 24 Nov 2026 18:00:00",
    "Tue, 24 Nov 2026 18:00:00 CST",
]


@pytest.mark.parametrize("raw", WITHOUT_OFFSET)
def test_without_an_offset_the_source_s_zone_counts(raw):
    """A date without an offset is in the source's time zone, and China's CST is no American one."""
    expected = TEN.replace("-11-", "-08-") if "août" in raw else TEN
    assert rfc3339(parse(raw, "Asia/Shanghai")) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("2026年11月24日", "2026-11-23T16:00:00Z"),
        ("2026/11/24", "2026-11-23T16:00:00Z"),
        ("24 Nov 2026", "2026-11-23T16:00:00Z"),
        ("2026-W48-2", "2026-11-23T16:00:00Z"),
        ("2026-328", "2026-11-23T16:00:00Z"),
        ("2026-11", "2026-10-31T16:00:00Z"),
        ("2026-11-24T24:00:00Z", "2026-11-25T00:00:00Z"),
        ("2026-11-24T23:59:60Z", "2026-11-24T23:59:59Z"),
    ],
)
def test_a_day_is_its_beginning(raw, expected):
    """A date without a time begins the day where the source is; ISO 8601's odd hours are read."""
    assert rfc3339(parse(raw, "Asia/Shanghai")) == expected


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "  ",
        "not a date",
        "sometime in January",
        "3/4/2026",  # the third of April, or the fourth of March
        "Tue, 31 Nov 2026 01:02:03 GMT",
        "Tue, 24 Nov 2026 25:02:03 GMT",
        "0000-00-00 00:00:00",
        "10000-01-01",
        "2026-11-24T10:00:00+0860",
        "2026-11-24 10:00 o'clock",
        "9999-12-31T23:59:59-12:00",
        "3小时前",
        "1" * 5000,
        "\ud800",
    ],
)
def test_what_is_no_date_is_none(raw):
    """What is impossible or ambiguous is no date: a guessed one is worse."""
    assert parse(raw, "UTC") is None


def test_cst_is_central_time_elsewhere():
    """Outside China `CST` is what RFC 822 says."""
    assert rfc3339(parse("Tue, 24 Nov 2026 04:00:00 CST", "UTC")) == TEN


def test_a_zone_that_nobody_knows_is_utc():
    """A stored time zone whose name is gone does not stop reading."""
    assert rfc3339(parse("2026-11-24 10:00", "Mars/Olympus")) == TEN


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (datetime(1, 1, 1, tzinfo=UTC), False),
        (datetime(1989, 12, 31, tzinfo=UTC), False),
        (datetime(1990, 1, 1, tzinfo=UTC), True),
        (NOW, True),
        (NOW + timedelta(days=1), True),
        (NOW + timedelta(days=1, seconds=1), False),
    ],
)
def test_believable(moment, expected):
    """Entries were written between 1990 and a day from now."""
    assert believable(moment, NOW) is expected


MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)).map(lambda m: m.replace(microsecond=0))  # noqa: DTZ001
OFFSETS = st.integers(-14 * 4, 14 * 4).map(lambda quarters: timezone(timedelta(minutes=15 * quarters)))


@pytest.mark.parametrize(
    ("raw", "day"),
    [
        ("令和8年11月24日", "2026-11-24"),
        ("令和元年5月1日", "2019-05-01"),
        ("平成31年4月30日 12:00", "2019-04-30"),
        ("民國115年11月24日", "2026-11-24"),
    ],
)
def test_years_of_eras(raw, day):
    """Japanese authorities and Taiwanese ones count the years of an era."""
    assert f"{parse(raw, 'UTC'):%Y-%m-%d}" == day


@given(MOMENTS, OFFSETS, st.sampled_from(["iso", "%a, %d %b %Y %H:%M:%S %z", "%Y年%m月%d日 %H:%M:%S %z"]))
def test_dates_round_trip(moment, offset, form):
    """What is written in any form is read as the same moment."""
    moment = moment.replace(tzinfo=offset)
    written = moment.isoformat() if form == "iso" else moment.strftime(form)
    assert parse(written, "Asia/Shanghai") == moment
    assert parse(rfc3339(moment), "UTC") == moment


@given(st.text(max_size=120))
def test_reading_never_raises(raw):
    """Any text gives an aware moment in UTC or None."""
    moment = parse(raw, "Asia/Shanghai")
    assert moment is None or moment.utcoffset() == timedelta(0)


def test_plain_dates_are_read_as_all_others_are():
    """The short way for RFC 3339 and RFC 822 comes to what reading them piece by piece does."""
    chosen = random.Random(7)

    def two(most: int) -> str:
        return f"{chosen.randint(0, most):02}"

    for _ in range(4000):
        clock = f"{two(25)}:{two(61)}:{two(61)}"
        year, zone = (
            chosen.choice(("2026", "0000", "0001", "9999")),
            chosen.choice(("+0800", "-0530", "+1600")),
        )
        fraction, offset = chosen.choice(("", ".5")), chosen.choice(("Z", f"{zone[:3]}:30"))
        weekday, month = chosen.choice(("Mon, ", "")), chosen.choice(("Feb", "May"))
        rfc3339 = f"{year}-{two(13)}-{two(32)}T{clock}{fraction}{offset}"
        rfc822 = f"{weekday}{chosen.randint(0, 32)} {month} {year} {clock} {chosen.choice(('GMT', zone))}"
        for said in (rfc3339, rfc822):
            # A second space is one to the long way alone.
            assert parse(said, "Asia/Shanghai") == parse(f"  {said}", "Asia/Shanghai"), said
