"""What statuses and header fields mean, without a network."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from aggregator.fetch.response import (
    LONGEST_WORD,
    Asked,
    Head,
    Redirect,
    fetched,
    hints,
    http_date,
    judge,
    line,
    validators,
)
from aggregator.model import Fetched, FetchFailed, Hints, NotModified, Validators

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
URL = "https://example.org/feed"
ASKED = Asked(URL, conditional=False, now=NOW)
CONDITIONAL = Asked(URL, conditional=True, now=NOW)


def head(status=200, **fields):
    return Head(status, tuple((k.replace("_", "-").encode(), v.encode("latin-1")) for k, v in fields.items()))


def in_(**parts):
    return NOW + timedelta(**parts)


@pytest.mark.parametrize("status", [200, 203])
def test_a_body_is_read_where_there_is_one(status):
    """200 and 203 bring the feed itself."""
    assert judge(head(status), ASKED) is None


@pytest.mark.parametrize(
    ("status", "permanent"), [(301, True), (302, False), (303, False), (307, False), (308, True)]
)
def test_redirects(status, permanent):
    """Only 301 and 308 are for good (RFC 9110, 15.4)."""
    assert judge(head(status, location="/x"), ASKED) == Redirect("/x", permanent)


@pytest.mark.parametrize("fields", [{}, {"location": ""}, {"location": "  "}])
def test_a_redirect_to_nowhere_fails(fields):
    """A redirect without a Location says nothing."""
    assert judge(head(302, **fields), ASKED).kind == "redirect"


@pytest.mark.parametrize(
    "status", [201, 202, 204, 205, 206, 300, 305, 400, 401, 403, 404, 429, 500, 503, 999]
)
def test_other_statuses_fail_with_a_word(status):
    """What brings no feed is a failure that says which status it was."""
    failure = judge(head(status), CONDITIONAL)
    assert (failure.kind, failure.status) == ("status", status)
    assert failure.detail.startswith(f"status {status}: ")
    assert not failure.hints.gone


def test_gone():
    """410 is the server's wish not to be asked again."""
    assert judge(head(410), ASKED).hints == Hints(gone=True)


def test_not_modified_brings_only_its_own_validators():
    """A 304 may change one validator; what it does not say is not made up."""
    answer = judge(head(304, etag='"2"', cache_control="max-age=60"), CONDITIONAL)
    minute = timedelta(seconds=60)
    assert answer == NotModified(
        Validators(etag='"2"'), Hints(fresh_until=NOW + minute, lifetime=minute), URL
    )


def test_not_modified_without_a_question():
    """304 to a request without validators would leave us without a body for ever."""
    failure = judge(head(304), ASKED)
    assert isinstance(failure, FetchFailed)
    assert (failure.kind, failure.status, failure.validators) == ("protocol", 304, None)
    assert judge(head(304, etag='"2"'), ASKED).validators == Validators(etag='"2"')
    assert judge(head(404, etag='"2"'), ASKED).validators is None


def test_fetched():
    """A body comes with type, validators and hints as they were sent."""
    asked = Asked(URL, conditional=True, now=NOW, moved="https://example.org/new")
    answer = fetched(
        head(content_type="text/xml; charset=x", etag="W/x", last_modified="é"), b"<rss/>", asked
    )
    assert answer == Fetched(
        b"<rss/>",
        "text/xml; charset=x",
        URL,
        Validators("W/x", "é"),
        Hints(moved="https://example.org/new"),
    )


def test_an_empty_body_is_a_failure():
    """200 with nothing in it is no feed, and moves nothing."""
    failure = fetched(head(), b"", Asked(URL, conditional=True, now=NOW, moved="https://example.org/new"))
    assert (failure.kind, failure.status, failure.hints) == ("status", 200, Hints())


@pytest.mark.parametrize(
    "raw", ['"abc"', 'W/"abc"', "unquoted", '"a""b"', "yesterday-ish é", "\xff\xfe", "a\tb", "x" * 4096]
)
def test_validators_are_opaque(raw):
    """Whatever can be sent back is kept byte for byte."""
    assert validators(head(etag=raw, last_modified=raw)) == Validators(raw, raw)


@pytest.mark.parametrize("raw", ["", "a\x00b", "a\x1bb", "a\nb", "x" * 4097])
def test_validators_that_could_not_be_sent_back(raw):
    """Control characters and what is longer than a request may be are dropped, not cut."""
    assert validators(head(etag=raw)) == Validators()


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("120", in_(seconds=120)),
        (" 120 ", in_(seconds=120)),
        ("0", None),
        ("-5", None),
        ("1.5", None),
        ("١٢", None),
        ("junk", None),
        ("", None),
        ("9" * 5000, NOW + LONGEST_WORD),
        ("Tue, 24 Nov 2026 13:00:00 GMT", in_(hours=1)),
        ("Tuesday, 24-Nov-26 13:00:00 GMT", in_(hours=1)),
        ("Tue Nov 24 13:00:00 2026", in_(hours=1)),
        ("Tue, 24 Nov 2026 11:00:00 GMT", None),
        ("Fri, 31 Dec 2027 23:59:59 GMT", NOW + LONGEST_WORD),
        ("Fri, 31 Dec 99999 23:59:59 GMT", None),
    ],
)
def test_retry_after(raw, expected):
    """Seconds or a date (RFC 9110, 10.2.3), bounded; the past and garbage say nothing."""
    fields = ((b"Retry-After", raw.encode("utf-8")),)
    assert hints(Head(429, fields), ASKED).retry_after == expected


DATE = "Tue, 24 Nov 2026 11:50:00 GMT"
IN_AN_HOUR = "Tue, 24 Nov 2026 13:00:00 GMT"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"cache_control": "max-age=600"}, in_(minutes=10)),
        ({"cache_control": 'public, MAX-AGE="600"'}, in_(minutes=10)),
        ({"cache_control": "max-age=600", "age": "540"}, in_(minutes=1)),
        ({"cache_control": "max-age=600", "age": "700"}, None),
        ({"cache_control": "max-age=600", "age": "-7"}, in_(minutes=10)),
        ({"cache_control": "max-age=600, max-age=5"}, in_(minutes=10)),
        ({"cache_control": "s-maxage=600"}, None),
        ({"cache_control": "max-age=0", "expires": IN_AN_HOUR}, None),
        ({"cache_control": "max-age=junk"}, None),
        ({"cache_control": "max-age=" + "9" * 100}, NOW + LONGEST_WORD),
        ({"cache_control": "max-age=31536000", "age": str(40 * 86400)}, NOW + LONGEST_WORD),
        ({"cache_control": "no-cache, max-age=600"}, None),
        ({"cache_control": "no-store", "expires": IN_AN_HOUR}, None),
        ({"expires": IN_AN_HOUR}, in_(hours=1)),
        ({"expires": IN_AN_HOUR, "date": DATE}, in_(minutes=70)),
        ({"expires": IN_AN_HOUR, "date": DATE, "age": "600"}, in_(hours=1)),
        ({"expires": IN_AN_HOUR, "date": "junk"}, in_(hours=1)),
        ({"expires": DATE}, None),
        ({"expires": "0"}, None),
        ({"expires": "-1"}, None),
        ({}, None),
    ],
)
def test_fresh_until(fields, expected):
    """RFC 9111, 4.2: max-age before Expires, both less Age, never beyond a month."""
    assert hints(head(**fields), ASKED).fresh_until == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"cache_control": "max-age=600", "age": "540"}, timedelta(minutes=10)),
        ({"cache_control": "max-age=600", "age": "700"}, timedelta(minutes=10)),
        ({"cache_control": "max-age=0", "expires": IN_AN_HOUR}, timedelta(0)),
        ({"cache_control": "max-age=junk"}, timedelta(0)),
        ({"cache_control": "max-age=" + "9" * 100}, LONGEST_WORD),
        ({"cache_control": "no-cache, max-age=600"}, timedelta(0)),
        ({"cache_control": "no-store", "expires": IN_AN_HOUR}, timedelta(0)),
        ({"expires": IN_AN_HOUR, "date": DATE, "age": "600"}, timedelta(minutes=70)),
        ({"expires": "Fri, 31 Dec 2027 23:59:59 GMT"}, LONGEST_WORD),
        ({"expires": DATE}, timedelta(0)),
        ({"expires": "-1"}, timedelta(0)),
        ({"cache_control": "private, must-revalidate"}, None),
        ({"cache_control": "s-maxage=600"}, None),
        ({"age": "600"}, None),
        ({}, None),
    ],
)
def test_lifetime(fields, expected):
    """The span that the server named, whatever its age; 0: not to be kept; None: nothing said."""
    assert hints(head(**fields), ASKED).lifetime == expected


def test_cache_control_in_several_fields():
    """Fields of one name are one list, whatever the case of the name."""
    fields = ((b"CACHE-control", b"public"), (b"cache-Control", b"max-age=60"))
    assert hints(Head(200, fields), ASKED).fresh_until == in_(seconds=60)


@pytest.mark.parametrize("status", [200, 304, 404, 429, 503])
def test_hints_count_with_every_status(status):
    """Publishers put max-age on a 429 and mean it."""
    result = judge(head(status, cache_control="max-age=60"), CONDITIONAL) or fetched(
        head(status, cache_control="max-age=60"), b"x", CONDITIONAL
    )
    assert result.hints.fresh_until == in_(seconds=60)


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "junk",
        "0",
        "24 Nov",
        "Tue, 99 Nov 2026 13:00:00 GMT",
        "Tue, 24 Nov 2026",
        "x" * 10_000,
        ",",
        "\x00",
    ],
)
def test_what_is_no_date(raw):
    """Anything else is None, never an exception and never a guess of today."""
    assert http_date(raw) in (None, datetime(2026, 11, 24, tzinfo=UTC))


def test_details_are_one_clean_line():
    """What a server says cannot move a terminal's cursor, turn text around, or fill the log."""
    assert line("a\r\nb\x1b[31m\u202ec\x00 ") == "a b [31m c"
    assert len(line("x" * 100_000)) == 200


def test_a_redirect_that_asks_to_wait():
    """Retry-After of a 3xx is the least time before what it leads to may be asked (RFC 9110, 10.2.3)."""
    said = judge(head(302, location="/new", retry_after="60"), ASKED)
    assert (said.kind, said.hints.retry_after) == ("redirect", in_(seconds=60))
    assert isinstance(judge(head(302, location="/new", retry_after="0"), ASKED), Redirect)


@pytest.mark.parametrize("temporary", [False, True])
def test_gone_where_a_temporary_redirect_leads(temporary):
    """What it leads to today may be gone; the source is not."""
    said = judge(head(410), replace(ASKED, temporary=temporary))
    assert said.hints.gone is not temporary
