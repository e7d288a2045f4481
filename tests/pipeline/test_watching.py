"""What operators are told of a source, each thing once, and how it is doing."""

from dataclasses import replace
from datetime import timedelta

import pytest

from aggregator import pipeline
from aggregator.model import Due, Exchange, FetchFailed, Hints, Memory, NotModified, SourceStatus, Validators
from tests.pipeline.given import HOUR, NOW, after, decide, fetched, item, lease, poll, rss, source

SAME = NotModified(Validators(), Hints())
DOWN = FetchFailed("status", "the server says 500", status=500)
GONE = FetchFailed("status", "the server says 410", Hints(gone=True), status=410)
DAY = timedelta(days=1)
READ = {"last_success": NOW - DAY, "filled": True, "entries": 2}


def lives(held, *results, start=NOW, step=HOUR):
    """The kinds of what is told, poll after poll."""
    told = []
    for number, result in enumerate(results):
        outcome = decide(held, result, now=start + number * step)
        told.append([event.kind for event in outcome.events])
        held = after(held, outcome)
    return told


def test_it_broke_once_and_recovered_once():
    """At the third failure in a row, whatever follows; one that fails now and then is no news."""
    assert lives(lease(**READ), *[DOWN] * 5, SAME, SAME) == [[], [], ["broke"], [], [], ["recovered"], []]
    assert lives(lease(**READ), DOWN, DOWN, SAME, DOWN, DOWN, SAME) == [[]] * 6


def test_it_is_gone():
    """Also one that was broken before; when it returns, that is told too."""
    assert lives(lease(**READ), GONE) == [["gone"]]
    assert lives(lease(**READ), *[DOWN] * 3, GONE, SAME) == [[], [], ["broke"], ["gone"], ["recovered"]]


def test_it_has_moved():
    """When its new place is asked from then on, with what that is."""
    moved = NotModified(Validators(), Hints(moved="https://b.example/new.xml"))
    *before, last = lives(lease(**READ), *[moved] * 5)
    assert (before, last) == ([[]] * 4, ["moved"])
    [event] = decide(lease(**READ, moved_to="https://b.example/new.xml", moved_times=4), moved).events
    assert (event.detail, event.source) == ("https://b.example/new.xml", source().url)


def test_it_went_silent_against_its_rhythm():
    """Ten times the time between its posts, told once; when something comes, that is told too."""
    held = lease(**READ, rhythm=DAY, newest=NOW - 9 * DAY)
    assert lives(held, SAME, SAME, SAME, SAME, step=DAY) == [[], [], ["silent"], []]
    held = lease(**READ, rhythm=HOUR, newest=NOW - 2 * DAY)
    assert lives(held, SAME, SAME, SAME, step=DAY) == [[], [], ["silent"]], "never within three days"
    silent = lease(**READ, rhythm=DAY, newest=NOW - 20 * DAY, silent=NOW - 20 * DAY)
    _, outcome = poll(silent, rss(item("one", date="Tue, 24 Nov 2026 10:00:00 GMT")))
    assert [event.kind for event in outcome.events if event.kind != "overran"] == ["spoke"]


def test_what_was_silent_when_it_came_is_no_news():
    """Its first poll finds posts of years ago; it is silent, and nobody is told."""
    old = [item(str(n), date=f"Tue, 0{n} Nov 2022 10:00:00 GMT") for n in (1, 8)]
    _, outcome = poll(lease(), rss(*old))
    assert outcome.events == ()
    assert outcome.memory.silent == outcome.memory.newest
    assert lives(after(lease(), outcome), SAME) == [[]]


def test_a_failing_source_is_not_silent():
    """Nobody knows whether it is."""
    assert lives(lease(**READ, rhythm=DAY, newest=NOW - 30 * DAY), DOWN) == [[]]


def test_an_overrun_is_told_once_until_it_is_over():
    """A document that has nothing left of the one before; the next one of the same series is no news."""
    before = {**READ, "last_poll": NOW - HOUR}
    _, first = poll(lease(**before), rss(item("one")))
    assert [event.kind for event in first.events] == ["overran"]
    _, second = poll(after(lease(), first), rss(item("two")), now=NOW + HOUR)
    assert (second.memory.overruns, second.events) == (2, ())


def test_events_have_ids_that_show_nothing():
    """The same for the same event however often it is decided, another for another."""
    held = lease(**READ, failures=2)
    (one,), (same,) = decide(held, DOWN).events, decide(held, DOWN).events
    (other,) = decide(held, DOWN, now=NOW + HOUR).events
    assert one == same
    assert one.id != other.id
    assert len(one.id) == 32
    assert (one.result, one.detail) == ("status 500", "the server says 500")


def test_how_a_poll_went():
    """Status, size, time and outcome, on every path."""
    quarter = timedelta(seconds=0.25)
    body = rss(item("one"))
    _, outcome = poll(lease(), replace(fetched(body), took=quarter))
    assert outcome.exchange == Exchange(NOW, None, len(body), quarter, "1 new"), "nobody was asked"
    assert decide(lease(**READ), replace(SAME, took=quarter)).exchange == Exchange(
        NOW, 304, 0, quarter, "not modified"
    )
    failed = decide(lease(), DOWN).exchange
    assert failed == Exchange(NOW, 500, 0, timedelta(0), "the server says 500", failed=True)
    assert decide(lease(), FetchFailed("dns", "no such name")).exchange.status is None


@pytest.mark.parametrize(
    ("memory", "expected"),
    [
        ({}, "new"),
        ({"last_poll": NOW}, "good"),
        ({"last_poll": NOW, "hurried": HOUR}, "overrun"),
        ({"last_poll": NOW, "silent": NOW}, "silent"),
        ({"last_poll": NOW, "failures": 2, "silent": NOW}, "failing"),
        ({"last_poll": NOW, "failures": 3}, "broken"),
        ({"last_poll": NOW, "failures": 3, "gone": True}, "gone"),
    ],
)
def test_health(memory, expected):
    """The worst of what is so; what the file says goes first."""
    status = SourceStatus(source().url, True, Memory(**memory), Due(NOW), 0)
    assert pipeline.health(source(), status) == expected
    assert pipeline.health(source(paused=True), status) == "paused"
    assert pipeline.health(None, status) == "removed"
