"""When a source is polled next, and why."""

from datetime import timedelta

import pytest

from aggregator.model import BodyHints, Memory, Polling, Validators
from aggregator.schedule import calm, hurry, plan, rhythm
from tests.posts import NOW, source

H, M, D = timedelta(hours=1), timedelta(minutes=1), timedelta(days=1)
POLLING = Polling()


def good(**said):
    """The memory of a source that was read just now, with validators."""
    return Memory(
        **{
            "validators": Validators(etag='"x"'),
            "answered_by": "https://a.example/feed",
            "last_poll": NOW,
            "last_success": NOW,
            **said,
        }
    )


def bare(**said):
    """One that has answered without validators."""
    return good(validators=Validators(), **said)


def after(memory, jitter=0.0, polling=POLLING, **fields):
    """How long until the next poll."""
    return plan(source(**fields), polling, memory, jitter).at - NOW


def why(memory, **fields):
    """The reasons for it."""
    return plan(source(**fields), POLLING, memory, 0.0).why


@pytest.mark.parametrize(
    ("memory", "fields", "expected"),
    [
        (good(), {}, H),
        (good(), {"every": 10 * M}, 10 * M),
        (good(rhythm=10 * H), {"every": 10 * M}, 10 * M),
        (good(rhythm=10 * H), {}, 5 * H),
        (good(rhythm=M), {}, H),
        (good(rhythm=999 * H), {}, D),
        (good(rhythm=2 * H, newest=NOW - 50 * H), {}, 5 * H),
        (good(rhythm=10 * H, newest=NOW - 20 * H), {}, 5 * H),
        (good(rhythm=2 * H, newest=NOW - 50 * D), {}, D),
        (good(newest=NOW - 50 * D), {}, H),
    ],
    ids=str,
)
def test_the_interval_suits_the_source(memory, fields, expected):
    """Its own `every`; else half its rhythm, or a tenth of its silence, between the two bounds."""
    assert after(memory, **fields) == expected


FAST = {"rhythm": 20 * M, "newest": NOW}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({}, H),
        ({"lifetime": timedelta(0)}, H),
        ({"lifetime": 10 * M}, 10 * M),
        ({"lifetime": M}, 10 * M),
        ({"lifetime": 15 * M}, 15 * M),
        ({"lifetime": M, "rhythm": 4 * M}, 5 * M),
        ({"hints": BodyHints(ttl=M)}, 10 * M),
        ({"hints": BodyHints(period=M)}, 10 * M),
        ({"hints": BodyHints(ttl=M, period=40 * M), "lifetime": 2 * M}, 40 * M),
        ({"lifetime": 2 * H}, H),
        ({"lifetime": M, "newest": NOW - 5 * H}, 30 * M),
        ({"lifetime": M, "rhythm": None}, H),
    ],
    ids=str,
)
def test_less_than_the_smallest_interval_takes_a_permission(said, expected):
    """Where the rhythm asks for it and the source's own hints permit it; no hint is no permission."""
    assert after(good(**{**FAST, **said})) == expected


def test_a_default_interval_is_no_rhythm():
    """Permission is for sources that are known to be quick."""
    assert after(good(lifetime=M), polling=Polling(every=10 * M)) == H


@pytest.mark.parametrize(
    ("memory", "fields", "expected"),
    [
        (bare(), {}, 4 * H),
        (bare(), {"every": 10 * M}, 10 * M),
        (bare(), {"insist": True}, 4 * H),
        (bare(failures=1), {}, 4 * H),
        (bare(failures=4), {}, 8 * H),
        (bare(answered_by="", body="d"), {}, 4 * H),
        (bare(answered_by="", last_success=None, failures=1), {}, H),
        (bare(lifetime=M, **FAST), {}, 4 * H),
        (bare(rhythm=20 * H), {}, 10 * H),
        (good(validators=Validators("", "")), {}, 4 * H),
        (good(validators=Validators(None, "Tue")), {}, H),
    ],
    ids=str,
)
def test_a_server_without_validators_is_asked_rarely(memory, fields, expected):
    """Every four hours at most, also while it fails; who never answered may have some."""
    assert after(memory, **fields) == expected


@pytest.mark.parametrize(
    ("failures", "fields", "expected"),
    [
        (1, {}, H),
        (3, {}, 4 * H),
        (99, {}, D),
        (3, {"every": 10 * M}, 40 * M),
        (99, {"every": 10 * M}, 320 * M),
        (2, {"every": 3 * D}, 3 * D),
    ],
)
def test_failures_back_off(failures, fields, expected):
    """Doubling up to the largest interval, never for ever."""
    assert after(good(failures=failures), **fields) == expected


def test_a_404_for_hours_heals_itself():
    """YouTube answers so on most days: the source is asked on, and its first good answer ends it all."""
    away = after(good(failures=12))
    assert away == D
    assert after(good(failures=0)) == H


@pytest.mark.parametrize(
    ("memory", "fields", "expected"),
    [
        (good(not_before=NOW + 6 * H), {}, 6 * H),
        (good(not_before=NOW + 6 * H), {"every": 10 * M}, 6 * H),
        (good(not_before=NOW + 6 * H), {"every": 10 * M, "insist": True}, 10 * M),
        (
            good(not_before=NOW + 6 * H, retry_after=NOW + 2 * H),
            {"every": 10 * M, "insist": True},
            2 * H,
        ),
        (good(not_before=NOW + 31 * D), {}, 31 * D),
        (good(not_before=NOW - H), {}, H),
        (good(failures=1, not_before=NOW + 7 * H), {}, 7 * H),
        (good(hints=BodyHints(skip_hours=frozenset({13, 14}))), {}, 3 * H),
        (good(hints=BodyHints(skip_hours=frozenset({13, 14}))), {"every": H}, 3 * H),
        (good(hints=BodyHints(skip_hours=frozenset({13, 14}))), {"every": H, "insist": True}, H),
        (good(hints=BodyHints(skip_hours=frozenset({18})), not_before=NOW + 6 * H), {}, 7 * H),
        (good(hints=BodyHints(skip_days=frozenset({1}))), {}, 12 * H),
        (good(hints=BodyHints(skip_hours=frozenset(range(24)))), {}, H),
    ],
    ids=str,
)
def test_the_servers_word_wins(memory, fields, expected):
    """Over every interval of ours; `insist` frees from all of it but Retry-After."""
    assert after(memory, **fields) == expected


def test_jitter_only_adds():
    """Sources that started together part, and none is asked early."""
    assert H == after(good(), jitter=0.0) < after(good(), jitter=0.5) < after(good(), jitter=1.0) == 1.1 * H


def test_a_fixed_interval_has_no_jitter():
    """`every` is fixed."""
    assert after(good(), jitter=1.0, every=10 * M) == 10 * M


@pytest.mark.parametrize(
    ("memory", "fields", "expected"),
    [
        (good(failures=2), {}, ("the default interval", "failures in a row: 2")),
        (good(), {"every": H}, ("its own `every`",)),
        (good(rhythm=M), {}, ("half the time between its posts", "`min_interval`")),
        (good(rhythm=99 * D), {}, ("half the time between its posts", "`max_interval`")),
        (
            good(rhythm=2 * H, newest=NOW - 50 * H),
            {},
            ("a tenth of the time since its last post",),
        ),
        (
            good(**FAST, lifetime=M),
            {},
            ("half the time between its posts", "less than `min_interval`, as its own hints permit"),
        ),
        (
            good(hurried=10 * M),
            {},
            ("entries were missed", "`min_interval`"),
        ),
        (bare(), {}, ("the default interval", "the server sends no validators")),
        (
            good(retry_after=NOW + 5 * H, not_before=NOW + 5 * H, failures=1),
            {},
            ("the default interval", "failures in a row: 1", "the server's Retry-After"),
        ),
        (
            good(hints=BodyHints(ttl=3 * H), not_before=NOW + 3 * H),
            {},
            ("the default interval", "the feed's ttl"),
        ),
        (
            good(hints=BodyHints(period=99 * D), not_before=NOW + 31 * D),
            {},
            ("the default interval", "the feed's sy:updatePeriod"),
        ),
        (
            good(hints=BodyHints(ttl=3 * H), not_before=NOW + 5 * H),
            {},
            ("the default interval", "the server's caching headers"),
        ),
        (
            good(last_success=NOW - H, not_before=NOW + 5 * H),
            {},
            ("the default interval", "what the server asked before"),
        ),
        (
            good(hints=BodyHints(skip_hours=frozenset({13}))),
            {},
            ("the default interval", "the feed's skipHours or skipDays"),
        ),
    ],
    ids=str,
)
def test_reasons_are_told(memory, fields, expected):
    """`status` says why, in the order in which the reasons moved it."""
    assert why(memory, **fields) == expected


def test_what_was_never_polled_is_due():
    """Whatever is remembered of it."""
    assert plan(source(), POLLING, Memory(), 1.0).at < NOW


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"hurried": 2 * H}, 2 * H),
        ({"hurried": 20 * H}, 5 * H),
        ({"hurried": 10 * M}, H),
        ({"hurried": 10 * M, "lifetime": M}, 10 * M),
        ({"hurried": 2 * H, "newest": NOW - 90 * H}, 2 * H),
    ],
    ids=str,
)
def test_missed_entries_shorten_the_interval(said, expected):
    """Never lengthen it, and below the smallest one only with the source's permission."""
    assert after(good(**{"rhythm": 10 * H, **said})) == expected


def test_hurry_is_half_the_time_in_which_entries_went():
    """But no madness."""
    assert hurry(good(last_success=NOW - 8 * H), NOW) == 4 * H
    assert hurry(good(last_success=NOW - M), NOW) == 5 * M
    assert hurry(Memory(), NOW) == 5 * M


def test_hurry_calms_down():
    """By half each, until the source's own interval is no longer; a fixed one never was shortened."""
    memory = good(rhythm=10 * H, hurried=2 * H)
    assert calm(source(), POLLING, memory) == 3 * H
    assert calm(source(), POLLING, good(rhythm=10 * H, hurried=4 * H)) is None
    assert calm(source(), POLLING, good(rhythm=10 * H)) is None
    assert calm(source(every=M), POLLING, memory) is None


def test_rhythm_is_the_gap_between_posts():
    """Smoothed with what it was before; one date says nothing."""
    dates = [NOW - n * H for n in range(5)]
    assert rhythm(dates, None) == H
    assert rhythm(dates, 3 * H) == 2 * H
    assert rhythm(dates[:1], 3 * H) == 3 * H
