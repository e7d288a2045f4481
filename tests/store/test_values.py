"""Values as the database keeps them: exact in both directions."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import sqlite

from aggregator.model import BodyHints, Memory, SourceInfo, UnreadEntry, Validators
from aggregator.store.memories import MEMORY, UNREAD
from aggregator.store.posts import DETAILS, Details
from aggregator.store.tables import Moment, Span

DIALECT = sqlite.dialect()
FIRST, LAST = (datetime(year, 6, 1) for year in (1, 9999))  # noqa: DTZ001 - as hypothesis wants its bounds
MOMENTS = st.datetimes(FIRST, LAST, timezones=st.just(UTC))
SPANS = st.timedeltas(timedelta(0), timedelta(days=4000))
st.register_type_strategy(datetime, MOMENTS)  # of the model's, all are aware
st.register_type_strategy(timedelta, SPANS)


@given(MOMENTS)
def test_moments_are_exact(moment):
    """To the microsecond, over all years."""
    stored = Moment().process_bind_param(moment, DIALECT)
    assert isinstance(stored, int)
    assert Moment().process_result_value(stored, DIALECT) == moment


@given(SPANS)
def test_spans_are_exact(span):
    """To the microsecond."""
    assert Span().process_result_value(Span().process_bind_param(span, DIALECT), DIALECT) == span


def test_a_naive_moment_is_refused():
    """A time without a zone is a fault, not a guess."""
    with pytest.raises(ValueError, match="without a time zone"):
        Moment().process_bind_param(datetime(2026, 1, 1), DIALECT)  # noqa: DTZ001


@given(st.from_type(Memory))
def test_memory_comes_back_whole(memory):
    """Every field of a source's memory survives, whatever it holds."""
    assert MEMORY.validate_json(MEMORY.dump_json(memory)) == memory


@given(st.from_type(Details))
def test_details_of_a_post_come_back_whole(details):
    """Every compound field of a post survives, order included."""
    assert DETAILS.validate_json(DETAILS.dump_json(details)) == details


@given(st.lists(st.from_type(UnreadEntry), max_size=3).map(tuple))
def test_unread_entries_come_back_whole(unread):
    """So do the reasons of entries that could not be read."""
    assert UNREAD.validate_json(UNREAD.dump_json(unread)) == unread


def test_every_field_of_a_post_has_a_column():
    """A field that is added to `Post` cannot be forgotten here."""
    from dataclasses import fields

    from aggregator.model import Post
    from aggregator.store.posts import PLAIN, TRANSIENT

    kept = {*PLAIN, *TRANSIENT, *(f.name for f in fields(Details)), "id", "source", "categories", "article"}
    assert kept == {f.name for f in fields(Post)}


def test_a_memory_of_a_former_version_can_be_read():
    """What an older version did not know yet has its default."""
    old = '{"failures": 2, "validators": {"etag": "W/\\"x\\""}, "info": {"id": "i", "title": "t"}}'
    assert MEMORY.validate_json(old) == Memory(
        failures=2, validators=Validators(etag='W/"x"'), info=SourceInfo("i", "t"), hints=BodyHints()
    )
