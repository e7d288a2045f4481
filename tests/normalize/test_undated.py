"""Dates that take the whole document to judge."""

from dataclasses import replace
from datetime import timedelta

from aggregator.normalize import place_undated
from tests.posts import NOW, post

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)


def document(*ages):
    """Posts in order; an age is days before now, None is no date."""
    return [
        replace(
            post(str(n)),
            position=n,
            published=NOW if age is None else NOW - age * DAY,
            dated="first-seen" if age is None else "published",
        )
        for n, age in enumerate(ages)
    ]


def ages(posts, first_poll=True):
    """How long before now each is dated."""
    return [NOW - p.published for p in place_undated(posts, first_poll=first_poll, now=NOW)]


def test_dated_entries_stay():
    """What says when it was written is believed."""
    assert ages(document(1, 3, 2)) == [DAY, 3 * DAY, 2 * DAY]


def test_undated_entries_of_a_first_poll_stand_below_the_dated():
    """In the feed's order, a second apart."""
    assert ages(document(None, 2, None)) == [2 * DAY + SECOND, 2 * DAY, 2 * DAY + 2 * SECOND]


def test_a_feed_without_dates_is_dated_by_position():
    """First seen, minus a second per position."""
    assert ages(document(None, None, None)) == [timedelta(0), SECOND, 2 * SECOND]


def test_later_an_undated_entry_is_as_old_as_our_first_sight():
    """It is new, whatever else the document holds."""
    assert ages(document(None, 2), first_poll=False) == [timedelta(0), 2 * DAY]


def test_one_date_for_three_or_more_entries_is_the_date_of_the_build():
    """A site that stamps everything at once says nothing; two posts of one moment may be true."""
    assert ages(document(2, 2, 2)) == [timedelta(0), SECOND, 2 * SECOND]
    assert ages(document(2, 2)) == [2 * DAY, 2 * DAY]


def test_the_time_of_the_poll_is_no_date():
    """A feed that says `now` at every request dates nothing."""
    stamped = [replace(p, published=NOW - 5 * SECOND) for p in document(1, 1, 1, 1)]
    assert ages(stamped) == [timedelta(0), SECOND, 2 * SECOND, 3 * SECOND]


def test_the_stand_in_for_the_feeds_date_moves_along():
    """An atom:source without a date of its own has the entry's."""
    one = document(None)[0]
    one = replace(one, origin=replace(one.origin, updated=one.updated), position=5)
    other = replace(document(3)[0], guid="x")
    placed = place_undated([one, other], first_poll=True, now=NOW)
    assert placed[0].origin.updated == placed[0].updated == NOW - 3 * DAY - SECOND
