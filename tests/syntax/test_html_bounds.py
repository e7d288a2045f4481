"""HTML that repeats itself, which is what parsers are slow at: bounded in size and in time."""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.syntax.html import MOST_OUT, excerpt, sanitize, to_text
from tests.syntax.test_html import BASE, PIECES, faults_of

LENGTH = 200_000
UNITS = st.lists(
    st.sampled_from([*PIECES, "x=1 ", "<font size=1>", "<li>", "srcset='a,b'", "&amp;"]),
    min_size=1,
    max_size=6,
)


# No measurement: at this length what is quadratic takes minutes, and what is linear a tenth of a second.
@settings(deadline=timedelta(seconds=20), max_examples=40)
@given(UNITS.map("".join), st.sampled_from(["", "<p>", "<a ", "<svg>", "<table>"]))
def test_what_repeats_itself_stays_bounded(unit, start):
    """However short the unit that is repeated, what comes out is bounded, safe, and there in time."""
    html = start + unit * (LENGTH // len(unit))
    made = sanitize(html, BASE)
    assert len(made) <= MOST_OUT
    assert faults_of(made) == []
    assert len(to_text(html)) <= len(html)
    assert len(excerpt(made, "en")) <= 300
