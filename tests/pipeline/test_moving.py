"""Permanent redirects are adopted after several confirmations and a feed, reported, and given up again."""

from dataclasses import replace

import pytest

from aggregator import pipeline
from aggregator.model import FetchFailed, Hints, Memory, NotModified, Unreadable, Validators
from tests.pipeline.given import GIVEN, HOUR, NOW, URL, after, decide, fetched, item, lease, poll, rss, source

NEW = "https://b.example/new.xml"
BODY = rss(item("1"))


def polled(held, answers):
    """Each answer in turn: the moved-to URL of a readable body (None: direct), a failure, or a page."""
    for n, answer in enumerate(answers):
        now = NOW + n * HOUR
        if isinstance(answer, FetchFailed):
            outcome = decide(held, answer, now=now)
        elif isinstance(answer, Unreadable):
            outcome = decide(held, fetched(b"%d" % n, url=held.url), answer, now=now)
        elif isinstance(answer, NotModified):
            outcome = decide(held, answer, now=now)
        else:
            said = fetched(BODY, url=answer or held.url, hints=Hints(moved=answer))
            outcome = poll(held, said, now=now)[1]
        held = after(held, outcome)
    return held


DOWN = FetchFailed("status", "status 503", status=503, url=NEW)
GONE = FetchFailed("status", "status 410", Hints(gone=True), 410, NEW)
PAGE = Unreadable("it is a page")
SAME = NotModified(Validators(), Hints(moved=NEW), NEW)


@pytest.mark.parametrize(
    ("answers", "adopted"),
    [
        ([NEW] * 4, ""),
        ([NEW] * 5, NEW),
        ([NEW] * 2 + [DOWN] * 9 + [NEW] * 3, NEW),
        ([NEW] * 4 + [None] + [NEW] * 4, ""),
        ([NEW] * 4 + ["https://c.example/"] + [NEW] * 4, ""),
        ([NEW] * 4 + [PAGE] + [NEW] * 4, ""),
        ([NEW] + [SAME] * 4, NEW),
        ([PAGE] * 9, ""),
    ],
    ids=["four", "five", "trouble between", "direct between", "elsewhere between", "page", "304", "pages"],
)
def test_adopted_after_five_in_a_row(answers, adopted):
    """The same URL five times, and a feed each time; trouble in between says nothing."""
    held = polled(lease(), answers)
    assert held.memory.adopted == adopted
    assert held.url == (adopted or URL)


def test_a_page_at_the_new_place_is_no_feed():
    """A site that redirects everything to its home page has not moved its feeds."""
    held = lease()
    for n in range(9):
        page = fetched(b"%d" % n, url=NEW, hints=Hints(moved=NEW))
        held = after(held, decide(held, page, PAGE, now=NOW + n * HOUR))
    unchanged = decide(held, SAME)
    assert (held.memory.adopted, unchanged.memory.adopted, unchanged.memory.moved_times) == ("", "", 0)


@pytest.mark.parametrize(
    ("of", "moved", "adopted"),
    [
        (source(), "http://b.example/", False),
        (source("http://a.example/feed.xml"), "https://b.example/", True),
        (source("http://a.example/feed.xml"), "http://b.example/", True),
        (source(private=True), NEW, False),
        (source(private=True), "https://A.example/new.xml", True),
        (source(confidential=True), NEW, True),
    ],
)
def test_what_may_be_adopted(of, moved, adopted):
    """Nothing that is less secure, and nothing that leads a private source out of its host."""
    held = polled(lease(of), [moved] * 9)
    assert held.memory.adopted == (moved if adopted else "")


@pytest.mark.parametrize(
    ("answers", "adopted"),
    [
        ([DOWN] * 2, NEW),
        ([DOWN] * 3, ""),
        ([DOWN, DOWN, None, DOWN, DOWN], NEW),
        ([PAGE] * 2, NEW),
        ([PAGE] * 3, ""),
        ([GONE], ""),
    ],
    ids=["two", "three", "not in a row", "two pages", "three pages", "410"],
)
def test_given_up_where_it_does_not_hold(answers, adopted):
    """Then the configured URL is asked again, and everything is counted anew."""
    held = polled(lease(adopted=NEW, validators=GIVEN, moved_to="https://c.example/", moved_times=3), answers)
    assert held.url == (adopted or URL)
    assert not held.memory.gone
    if not adopted:
        assert (held.memory.moved_to, held.memory.moved_times) == ("", 0)


def test_both_urls_have_their_turns():
    """It may be our own network that fails; a fault of ours, or a wait for a turn, says nothing of either."""
    home = replace(DOWN, url=URL)
    held = polled(lease(adopted=NEW), [DOWN] * 3)
    assert held.url == URL
    held = polled(held, [home] * 3)
    assert held.url == NEW
    held = polled(held, [DOWN] * 3)
    assert held.url == URL
    assert polled(held, [None]).memory.abandoned == ""
    for ours in ("fault", "turn"):
        assert polled(lease(adopted=NEW), [FetchFailed(ours, "x")] * 4).url == NEW


def test_gone_at_the_configured_url_asks_the_one_that_was_given_up():
    """What only failed may be well again; who says 410 is not asked again."""
    held = polled(lease(adopted=NEW), [DOWN] * 3)
    held = polled(held, [replace(GONE, url=URL)])
    assert (held.url, held.memory.gone) == (NEW, False)
    held = polled(held, [GONE])
    assert (held.url, held.memory.gone) == (URL, False)
    assert polled(held, [replace(GONE, url=URL)]).memory.gone


def test_gone_at_the_configured_url_is_gone():
    """410 at the adopted one asks the configured one; if that is gone too, nobody is asked any more."""
    held = polled(lease(adopted=NEW), [GONE])
    assert (held.url, held.memory.gone) == (URL, False)
    assert polled(held, [replace(GONE, url=URL)]).memory.gone


def test_moving_on():
    """Redirects of the adopted URL count anew, and lead on, or home."""
    held = lease(adopted=NEW)
    further = "https://c.example/feed"
    assert polled(held, [further] * 4).memory.adopted == NEW
    assert polled(held, [further] * 5).memory.adopted == further
    home = polled(held, [URL] * 5)
    assert (home.memory.adopted, home.url) == ("", URL)


def test_home_as_it_was_written():
    """The configured URL may be written in another way than a server repeats it, and may be insecure."""
    of = source("http://a.example")
    assert polled(lease(of, adopted=NEW), ["http://A.example/"] * 5).memory.adopted == ""
    assert polled(lease(source(NEW), adopted=NEW), [None]).memory.adopted == ""


@pytest.mark.parametrize("result", [DOWN, NotModified(Validators(), Hints())], ids=["failure", "304"])
def test_what_the_file_names_is_not_adopted(result):
    """After the operator has written the new URL there is nothing to remember any more."""
    assert decide(lease(source(NEW), adopted=NEW), result).memory.adopted == ""


def test_it_is_reported():
    """With the lines to write; a confidential source without any URL."""
    there, here = Memory(adopted=NEW), Memory()
    said = f"has moved for good to {NEW}: in feeds.yaml write `url: {NEW}` and `was: {URL}`"
    assert pipeline.news(source(), here, there) == said
    assert pipeline.news(source(), there, here) == "asks its configured URL again"
    assert pipeline.news(source(), there, there) == ""
    assert "example" not in pipeline.news(source(confidential=True), here, there)


@pytest.mark.parametrize(("answered", "pauses"), [(NEW, True), (URL, False)])
def test_429_of_the_adopted_host(answered, pauses):
    """It pauses the host that was asked first."""
    failure = FetchFailed("status", "429", Hints(retry_after=NOW + 9 * HOUR), 429, answered)
    pause = decide(lease(adopted=NEW, validators=GIVEN), failure).pause_host_until
    assert pause == (NOW + 9 * HOUR if pauses else None)
