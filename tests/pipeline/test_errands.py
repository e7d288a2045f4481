"""Older pages that fill a hole: what of them counts, what is asked next, and what they leave alone."""

from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime

import pytest

from aggregator import pipeline
from aggregator.model import Errand, FetchFailed, Hints, NotModified, Rule, Unreadable, Validators
from tests.pipeline.given import (
    HOUR,
    NOW,
    SITE,
    decide,
    fetched,
    item,
    kinds,
    lease,
    poll,
    rss,
    source,
    stored,
)

PAGE = "https://a.example/2"
SINCE = NOW - 10 * HOUR
ATOM = "xmlns:atom='http://www.w3.org/2005/Atom'"


def dated(name, hours, **said):
    """An item that was published so many hours ago."""
    return item(name, date=format_datetime(NOW - hours * HOUR), **said)


def errand(of=None, **said):
    """The lease of an errand for a source that is remembered well."""
    wanted = Errand("archive", PAGE, NOW, **{"since": SINCE, "pages": 9, **said})
    held = lease(
        of, filled=True, entries=3, last_success=NOW - HOUR, newest=NOW, validators=Validators('"x"')
    )
    return replace(held, errand=wanted, added=NOW - 2 * HOUR)


def page(*items, older=""):
    """An older page."""
    extra = f"<atom:link {ATOM} rel='next' href='{older}'/>" if older else ""
    return fetched(rss(*items, extra=extra), url=PAGE, validators=Validators('"page"'))


def run(held, body, known=None):
    """What becomes of an errand that brings this body."""
    return poll(held, body, known)[1]


def test_only_what_belongs_to_the_hole_is_taken():
    """Entries that are later than what we had; what is older was there before us, and is none of ours."""
    outcome = run(errand(), page(dated("1", 5), dated("2", 10), dated("3", 20), item("4", date=None)))
    assert kinds(outcome) == ["New"]
    assert [v.post.guid[-1] for v in outcome.verdicts] == ["1"]
    assert outcome.result == "1 new"


def test_what_is_stored_stays_as_it_is():
    """An older page may be out of date."""
    _, known = poll(lease(), rss(dated("1", 5)))
    outcome = run(errand(), page(dated("1", 5, text="Old words"), dated("2", 6)), stored(known))
    assert [(type(v).__name__, v.post.guid[-1]) for v in outcome.verdicts] == [("New", "2")]
    nothing = run(errand(), page(dated("1", 5, text="Old words")), stored(known))
    assert (nothing.verdicts, nothing.result) == ((), "nothing new")


def test_rules_and_stories_count_as_ever():
    """A copy joins its story, what a rule drops is stored as dropped."""
    _, copy = poll(lease(source("https://b.example/feed")), rss(dated("1", 5, guid="b1")))
    joined = run(errand(), page(dated("1", 5, guid="a1")), stored(copy))
    assert kinds(joined) == ["Duplicate"]
    dropping = errand(source(rules=(Rule("rules.0", drop=True),)))
    dropped = run(dropping, page(dated("1", 5)))
    assert kinds(dropped) == ["Rejected"]
    assert not dropped.verdicts[0].again
    _, there = poll(lease(), rss(dated("1", 5)))
    assert run(dropping, page(dated("1", 5)), stored(there)).verdicts == ()


def test_its_source_is_left_alone():
    """Neither its memory nor its list of unread entries; nothing is held back for its backlog."""
    held = errand()
    outcome = run(held, page(dated("1", 5), "<item/>"))
    assert outcome.memory is held.memory
    assert outcome.unread is None
    first = replace(held, memory=replace(held.memory, filled=False))
    many = [dated(str(n), 1 + n / 2) for n in range(9)]
    opened = stored(opened={None: NOW - 99 * HOUR, "news": NOW - 99 * HOUR})
    assert run(replace(first, errand=None), page(*many), opened).held
    assert run(first, page(*many), opened).held == frozenset()


def test_its_lookup_is_for_what_it_judges():
    """Nothing is asked of the store for entries that do not count."""
    held = errand()
    reading = pipeline.read(held, page(dated("1", 5), dated("2", 20)), NOW, SITE)
    one = pipeline.lookup(held, reading, NOW)
    assert one.keys == frozenset(reading.posts[0].keys)
    assert not pipeline.lookup(replace(held, memory=lease().memory), reading, NOW).first


def test_no_body_of_an_errand_is_known():
    """The same bytes as those of the last poll are read all the same."""
    held, body = errand(), page(dated("1", 5))
    digest = pipeline.body_digest(held.source, body)
    held = replace(held, memory=replace(held.memory, body=digest))
    assert not pipeline.is_known_body(held, body)
    assert pipeline.is_known_body(replace(held, errand=None), body)


@pytest.mark.parametrize(
    ("items", "older", "pages", "follows"),
    [
        ((dated("1", 5), dated("2", 6)), "/3", 9, True),
        ((dated("1", 5), item("2", date=None)), "/3", 9, True),
        ((dated("1", 5), dated("2", 10)), "/3", 9, False),
        ((dated("1", 5), dated("2", 30)), "/3", 9, False),
        ((dated("1", 5),), "/3", 0, False),
        ((dated("1", 5),), "", 9, False),
        ((dated("1", 5),), "https://b.example/3", 9, False),
        ((dated("1", 5),), PAGE, 9, False),
        ((item("1", date=None),), "/3", 9, False),
        ((), "/3", 9, False),
    ],
    ids=[
        "all later",
        "an undated one",
        "reaches what we had",
        "reaches beyond",
        "pages enough",
        "last page",
        "another host",
        "itself",
        "undated",
        "empty",
    ],
)
def test_the_next_page(items, older, pages, follows):
    """Back until a page reaches what we had; so many pages, of one host."""
    outcome = run(errand(pages=pages), page(*items, older=older))
    expected = Errand("archive", "https://a.example/3", NOW, SINCE, pages - 1)
    assert outcome.errands == ((expected,) if follows else ())


def test_known_entries_bridge_nothing():
    """The page overlaps with what came after the hole: the hole is further back."""
    _, known = poll(lease(), rss(dated("1", 5)))
    assert run(errand(), page(dated("1", 5), older="/3"), stored(known)).errands


DOWN = FetchFailed("status", "status 503", status=503, url=PAGE)


@pytest.mark.parametrize(
    ("result", "attempts", "waits", "said"),
    [
        (DOWN, 0, HOUR, "status 503"),
        (DOWN, 3, 8 * HOUR, "status 503"),
        (DOWN, 4, None, "status 503"),
        (FetchFailed("timeout", "30 s"), 1, 2 * HOUR, "timeout"),
        (replace(DOWN, hints=Hints(retry_after=NOW + 9 * HOUR)), 0, 9 * HOUR, "status 503"),
        (replace(DOWN, hints=Hints(retry_after=NOW + timedelta(minutes=1))), 0, HOUR, "status 503"),
        (replace(DOWN, status=404), 0, None, "status 404"),
        (replace(DOWN, status=410, hints=Hints(gone=True)), 0, None, "status 410"),
    ],
)
def test_failures_are_tried_again(result, attempts, waits, said):
    """After an hour, two, four and eight, or when the server says; then the hole stays open."""
    held = errand(attempts=attempts)
    outcome = decide(held, result)
    assert outcome.result == said
    assert outcome.memory is held.memory
    again = replace(held.errand, due=NOW + waits, attempts=attempts + 1) if waits else None
    assert outcome.errands == ((again,) if again else ())


def test_a_page_that_is_no_feed():
    """It says so, and is tried again like any failure; it does not make the source unreadable."""
    held = errand()
    outcome = decide(held, fetched(b"<html>", url=PAGE), Unreadable("it is a page"))
    assert outcome.result == "not readable: it is a page"
    assert [one.attempts for one in outcome.errands] == [1]
    assert outcome.memory.unreadable == ""


def test_an_answer_without_a_body():
    """304 to what was not asked conditionally brings nothing, and nothing else is asked."""
    outcome = decide(errand(), NotModified(Validators(), Hints()))
    assert (outcome.result, outcome.errands) == ("nothing to read", ())


@pytest.mark.parametrize(
    ("of", "answered", "hints", "pause"),
    [
        (source(), PAGE, Hints(retry_after=NOW + 9 * HOUR), NOW + 9 * HOUR),
        (source(), PAGE, Hints(), NOW + HOUR),
        (source(), "https://b.example/", Hints(), None),
        (source(private=True), PAGE, Hints(), None),
    ],
)
def test_429_to_an_errand(of, answered, hints, pause):
    """It pauses the host like that to a poll."""
    outcome = decide(errand(of), FetchFailed("status", "429", hints, 429, answered))
    assert outcome.pause_host_until == pause
