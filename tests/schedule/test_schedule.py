"""When a source is polled next, and why."""

from datetime import timedelta

import pytest

from aggregator.model import (
    BodyHints,
    Fetched,
    FetchFailed,
    Hints,
    Memory,
    NotModified,
    Polling,
    Url,
    Validators,
)
from aggregator.schedule import LONGEST_WORD, plan, rhythm
from tests.posts import NOW, source

H, M = timedelta(hours=1), timedelta(minutes=1)
POLLING = Polling()
GOOD = Memory(validators=Validators(etag='"x"'))


def fetched(**hints):
    """A body with these hints."""
    return Fetched(b"", "", Url("https://a.example/feed"), Validators(), Hints(**hints))


def after(result, memory=GOOD, jitter=0.0, polling=POLLING, **fields):
    """How long until the next poll."""
    return plan(source(**fields), polling, memory, result, NOW, jitter).due.at - NOW


@pytest.mark.parametrize(
    ("memory", "result", "fields", "expected"),
    [
        (GOOD, fetched(), {}, H),
        (Memory(), fetched(), {}, 4 * H),
        (Memory(), fetched(), {"every": 10 * M}, 10 * M),
        (Memory(validators=GOOD.validators, rhythm=10 * H), fetched(), {}, 5 * H),
        (Memory(validators=GOOD.validators, rhythm=M), fetched(), {}, H),
        (Memory(validators=GOOD.validators, rhythm=999 * H), fetched(), {}, 24 * H),
        (GOOD, fetched(fresh_until=NOW + 6 * H), {}, 6 * H),
        (GOOD, NotModified(Validators(), Hints(fresh_until=NOW + 6 * H)), {}, 6 * H),
        (GOOD, fetched(fresh_until=NOW + 6 * H), {"every": 10 * M}, 6 * H),
        (GOOD, fetched(fresh_until=NOW + 6 * H), {"every": 10 * M, "insist": True}, 10 * M),
        (GOOD, fetched(fresh_until=NOW + 99 * 24 * H), {}, LONGEST_WORD),
        (Memory(validators=GOOD.validators, hints=BodyHints(ttl=3 * H)), fetched(), {}, 3 * H),
        (Memory(validators=GOOD.validators, hints=BodyHints(period=3 * H)), fetched(), {}, 3 * H),
        (
            Memory(validators=GOOD.validators, hints=BodyHints(skip_hours=frozenset({13, 14}))),
            fetched(),
            {},
            3 * H,
        ),
        (
            Memory(validators=GOOD.validators, hints=BodyHints(skip_hours=frozenset(range(24)))),
            fetched(),
            {},
            H,
        ),
        (Memory(failures=1), FetchFailed("dns", ""), {}, H),
        (Memory(failures=3), FetchFailed("dns", ""), {}, 4 * H),
        (Memory(failures=99), FetchFailed("dns", ""), {}, 24 * H),
        (Memory(failures=3), FetchFailed("dns", ""), {"every": 10 * M}, 40 * M),
        (
            Memory(failures=1),
            FetchFailed("status", "", Hints(retry_after=NOW + 9 * H)),
            {"insist": True},
            9 * H,
        ),
        (Memory(failures=1, not_before=NOW + 7 * H), FetchFailed("dns", ""), {}, 7 * H),
    ],
    ids=str,
)
def test_next_poll(memory, result, fields, expected):
    """The interval is ours, the server's word wins, failures back off and heal."""
    assert after(result, memory, **fields) == expected


def test_jitter_only_adds():
    """Sources that started together part, and none is asked early."""
    assert H <= after(fetched(), jitter=0.0) < after(fetched(), jitter=1.0) <= 1.1 * H


def test_a_fixed_interval_has_no_jitter():
    """`every` is fixed."""
    assert after(fetched(), jitter=1.0, every=10 * M) == 10 * M


def test_reasons_are_told():
    """`status` says why."""
    made = plan(source(), POLLING, Memory(failures=2), FetchFailed("dns", ""), NOW, 0.0)
    assert made.due.why == ("the default interval", "failures in a row: 2")


def test_rhythm_is_the_gap_between_posts():
    """Smoothed with what it was before; one date says nothing."""
    dates = [NOW - n * H for n in range(5)]
    assert rhythm(dates, None) == H
    assert rhythm(dates, 3 * H) == 2 * H
    assert rhythm(dates[:1], 3 * H) == 3 * H
