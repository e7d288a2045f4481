"""How archives are cut: by arrival, at most so many posts each, and nothing in neither place."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.model import Arrival, Site, Uncut
from aggregator.publish import cut, day

TODAY, YESTERDAY = "2026-11-24", "2026-11-23"


def arrivals(*ids, held=(), sources=None):
    """Newest first by their place here; each arrived when its number says."""
    return tuple(Arrival(str(id), id, (sources or {}).get(id, 1), held=id in held) for id in ids)


def whole(uncut, entries=3, per_source=0, today=TODAY):
    """What stays and what is closed, as numbers."""
    result = cut(uncut, entries, per_source, today)
    return [int(id) for id in result.stays], [[int(id) for id in some] for some in result.closed]


def test_a_first_publish_closes_what_it_leaves_out():
    """In order of arrival, whatever the dates say; the last archive is as short as need be."""
    late = arrivals(1, 9, 2, 8, 3, 7, 4)
    assert whole(Uncut(late, None)) == ([1, 9, 2], [[3, 4, 7], [8]])
    assert whole(Uncut(late[:3], None)) == ([1, 9, 2], [])
    assert whole(Uncut((), None)) == ([], [])


def test_posts_wait_in_the_document_until_an_archive_is_full():
    """Those past the newest; then they go by arrival, and what is over waits on."""
    assert whole(Uncut(arrivals(5, 4, 3, 2, 1), TODAY)) == ([5, 4, 3, 2, 1], [])
    assert whole(Uncut(arrivals(6, 5, 4, 1, 3, 2), TODAY)) == ([6, 5, 4], [[1, 2, 3]])
    many = arrivals(*range(20, 0, -1))
    assert whole(Uncut(many, TODAY)) == (
        [20, 19, 18, 17, 16],
        [[1, 2, 3], [4, 5, 6], [7, 8, 9], [10, 11, 12], [13, 14, 15]],
    )


def test_what_comes_late_with_an_old_date_is_in_the_document():
    """It is an arrival like any other: it waits at the end of the document."""
    assert whole(Uncut(arrivals(2, 3, 4, 99), TODAY)) == ([2, 3, 4, 99], [])


def test_what_a_backlog_leaves_out_is_closed_at_once():
    """In archives of its own, although fewer than would fill one wait already."""
    some = arrivals(9, 8, 7, 6, 5, 1, held={8, 5})
    assert whole(Uncut(some, TODAY)) == ([9, 7, 6, 1], [[5, 8]])
    many = arrivals(*range(9, 0, -1), held=set(range(1, 6)))
    assert whole(Uncut(many, TODAY)) == ([9, 8, 7, 6], [[1, 2, 3], [4, 5]])


def test_what_a_cap_leaves_out_waits_outside():
    """Until it would fill an archive, or another day has come."""
    some = arrivals(9, 8, 7, 6, sources={6: 2})
    assert whole(Uncut(some, TODAY), per_source=1) == ([9, 6], [])
    assert whole(Uncut(some, YESTERDAY), per_source=1) == ([9, 6], [[7, 8]])
    assert whole(Uncut(arrivals(9, 8, 7, 6, 5), TODAY), per_source=1) == ([9], [[5, 6, 7]])
    assert cut(Uncut(some, TODAY), 3, 1, YESTERDAY).day == TODAY, "a clock that went back makes no new day"
    assert whole(Uncut(some, TODAY), per_source=1, today=YESTERDAY) == ([9, 6], [])


@pytest.mark.parametrize(("zone", "expected"), [("UTC", TODAY), ("Asia/Shanghai", "2026-11-25")])
def test_a_day_is_one_of_the_site(zone, expected):
    """Not of the machine."""
    assert day(Site(timezone=zone), datetime(2026, 11, 24, 18, tzinfo=UTC)) == expected


@given(
    some=st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=40),
    dated=st.randoms(use_true_random=False),
    entries=st.integers(1, 6),
    per_source=st.integers(0, 3),
    before=st.sampled_from([None, TODAY, YESTERDAY]),
)
def test_nothing_is_lost_or_there_twice(some, dated, entries, per_source, before):
    """But for what a cap leaves out, fewer than an archive takes, and for a day."""
    order = list(range(len(some)))
    dated.shuffle(order)
    uncut = Uncut(tuple(Arrival(str(n), n, *some[n]) for n in order), before)
    result = cut(uncut, entries, per_source, TODAY)
    put = [*result.stays, *(id for closed in result.closed for id in closed)]
    outside = {one.shown for one in uncut.arrivals} - set(put)
    assert len(put) == len(set(put))
    assert len(result.stays) < 2 * entries
    assert all(0 < len(closed) <= entries for closed in result.closed)
    assert all(list(closed) == sorted(closed, key=int) for closed in result.closed)
    assert len(outside) < entries if per_source and before == TODAY else not outside
    by_source = [some[int(id)][0] for id in result.stays]
    assert not per_source or all(by_source.count(one) <= per_source for one in set(by_source))
