"""What a request makes conditional, and which part it asks for. Tables over plain values."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.serve.conditions import part, precondition, unchanged

MODIFIED = datetime(2026, 11, 24, 12, 0, 0, 500, tzinfo=UTC)
DATE = "Tue, 24 Nov 2026 12:00:00 GMT"
EARLIER, LATER = "Tue, 24 Nov 2026 11:59:59 GMT", "Tue, 24 Nov 2026 12:00:01 GMT"


@pytest.mark.parametrize(
    ("headers", "same"),
    [
        ({}, False),
        ({"if-none-match": '"plain"'}, True),
        ({"if-none-match": 'W/"plain"'}, True),
        ({"if-none-match": '"a,b", W/"c" ,"plain"'}, True),
        ({"if-none-match": "*"}, True),
        ({"if-none-match": '"other"'}, False),
        ({"if-none-match": "plain"}, False),
        ({"if-none-match": '"pla'}, False),
        ({"if-none-match": '"other"', "if-modified-since": DATE}, False),
        ({"if-none-match": '"plain"', "if-modified-since": "Tue, 24 Nov 2020 12:00:00 GMT"}, True),
        ({"if-modified-since": DATE}, True),
        ({"if-modified-since": "Tue, 24 Nov 2026 12:00:01 GMT"}, True),
        ({"if-modified-since": "Tue, 24 Nov 2026 11:59:59 GMT"}, False),
        ({"if-modified-since": "Tue Nov 24 12:00:00 2026"}, True),
        ({"if-modified-since": "Tuesday, 24-Nov-26 12:00:00 GMT"}, True),
        ({"if-modified-since": "yesterday"}, False),
        ({"if-modified-since": ""}, False),
        ({"if-modified-since": "Tue, 24 Nov 99999 12:00:00 GMT"}, False),
        ({"if-modified-since": "Tue, 24 Nov 2026 12:00:00 +9999999999"}, False),
        ({"if-modified-since": "Tue, 24 Nov 2026 12:00:00 +99999999999999999999"}, False),
        ({"if-modified-since": "Mon, 01 Jan 0001 00:00:00 +1400"}, False),
    ],
)
def test_conditions(headers, same):
    """Tags are compared weakly and overrule dates; what cannot be read is ignored (RFC 9110, 13.1)."""
    assert same == unchanged('"plain"', MODIFIED, headers)


@pytest.mark.parametrize(
    ("headers", "outcome"),
    [
        ({}, "go on"),
        ({"if-match": '"plain"'}, "go on"),
        ({"if-match": '"other", "plain"'}, "go on"),
        ({"if-match": "*"}, "go on"),
        ({"if-match": '"other"'}, "failed"),
        ({"if-match": 'W/"plain"'}, "failed"),
        ({"if-match": '"plain"', "if-unmodified-since": EARLIER}, "go on"),
        ({"if-match": '"other"', "if-none-match": '"plain"'}, "failed"),
        ({"if-match": '"plain"', "if-none-match": '"plain"'}, "not modified"),
        ({"if-unmodified-since": DATE}, "go on"),
        ({"if-unmodified-since": LATER}, "go on"),
        ({"if-unmodified-since": EARLIER}, "failed"),
        ({"if-unmodified-since": "yesterday"}, "go on"),
    ],
)
def test_order_of_conditions(headers, outcome):
    """RFC 9110, 13.2.2; `If-Match` is compared strongly and overrules its date (13.1.1)."""
    assert outcome == precondition('"plain"', MODIFIED, headers)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("bytes=0-0", (0, 0)),
        ("bytes=2-5", (2, 5)),
        ("bytes=2-", (2, 9)),
        ("bytes=2-99", (2, 9)),
        ("bytes=9-", (9, 9)),
        ("bytes=-3", (7, 9)),
        ("bytes=-99", (0, 9)),
        ("BYTES=1-2", (1, 2)),
        ("bytes= , 1-2 ,", (1, 2)),
        ("bytes=10-", "none"),
        ("bytes=99-100", "none"),
        ("bytes=-0", "none"),
        ("", "whole"),
        ("bytes=", "whole"),
        ("bytes=-", "whole"),
        ("bytes=5-2", "whole"),
        ("bytes=a-b", "whole"),
        ("bytes=1-2x", "whole"),
        ("bytes=+1-2", "whole"),
        ("bytes=1-2,4-5", "whole"),
        ("bytes=0-0, bytes=1-1", "whole"),
        ("items=0-1", "whole"),
        ("bytes=\u0661-\u0662", "whole"),
        ("bytes=" + "9" * 5000 + "-", "whole"),
    ],
)
def test_ranges(wanted, found):
    """One range of bytes; what is no range, or more than one, gets everything (RFC 9110, 14.2)."""
    assert found == part(10, {"range": wanted}, '"plain"', MODIFIED)


@pytest.mark.parametrize("wanted", ["bytes=0-", "bytes=0-5"])
def test_nothing_has_no_first_byte(wanted):
    """An empty document has no part, but its last bytes are all of it."""
    assert part(0, {"range": wanted}, '"plain"', MODIFIED) == "none"
    assert part(0, {"range": "bytes=-5"}, '"plain"', MODIFIED) == "whole"


@pytest.mark.parametrize(
    ("condition", "part_of_it"),
    [
        ('"plain"', True),
        (DATE, True),
        ('W/"plain"', False),
        ('"other"', False),
        ('"other", "plain"', False),
        ("*", False),
        (EARLIER, False),
        (LATER, False),
        ("Tue Nov 24 12:00:00 2026", False),
        ("", False),
    ],
)
def test_if_range(condition, part_of_it):
    """Only who holds these very bytes gets the rest; else everything (RFC 9110, 13.1.5)."""
    found = part(10, {"range": "bytes=2-5", "if-range": condition}, '"plain"', MODIFIED)
    assert found == ((2, 5) if part_of_it else "whole")


@given(st.text(alphabet='bytes=-0123456789, ;W/"*x', max_size=40), st.integers(0, 50))
def test_any_range_is_within(wanted, length):
    """Whatever comes, a part lies within the document and holds a byte."""
    for text in (wanted, f"bytes={wanted}"):
        found = part(length, {"range": text}, "", None)
        assert found in ("whole", "none") or 0 <= found[0] <= found[1] < length
