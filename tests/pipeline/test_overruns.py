"""Entries that came and went between two polls are noticed, and the hole is asked for."""

from dataclasses import replace
from email.utils import format_datetime

import pytest

from aggregator.model import Errand, FetchFailed, Hints, NotModified, Rule, Validators
from tests.pipeline.given import (
    HOUR,
    NOW,
    URL,
    after,
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

ATOM = "xmlns:atom='http://www.w3.org/2005/Atom'"


def dated(name, hours):
    """An item that was published so many hours ago."""
    return item(name, date=format_datetime(NOW - hours * HOUR))


def before(of=None, hours=8, **memory):
    """A source whose document had entries 1 and 2 so long ago: its lease, and the poll."""
    held = lease(of)
    then = NOW - hours * HOUR
    _, outcome = poll(held, rss(dated("1", 24), dated("2", 12)), now=then)
    held = after(held, outcome)
    return replace(held, memory=replace(held.memory, **memory)), outcome


def later(names, older="", **said):
    """A document with these entries of the last hours, and a link to its older page."""
    extra = f"<atom:link {ATOM} rel='next' href='{older}'/>" if older else ""
    return fetched(rss(*(dated(name, n) for n, name in enumerate(names)), extra=extra), **said)


def test_nothing_known_is_an_overrun():
    """It is counted, and halves the time in which everything came and went."""
    held, known = before()
    _, outcome = poll(held, later("345"), stored(known))
    assert kinds(outcome) == ["New"] * 3
    assert (outcome.memory.overruns, outcome.memory.hurried) == (1, 4 * HOUR)
    _, again = poll(after(held, outcome), later("678"), stored(known, outcome), now=NOW + 4 * HOUR)
    assert (again.memory.overruns, again.memory.hurried) == (2, 2 * HOUR)


@pytest.mark.parametrize(
    ("names", "rules", "memory"),
    [
        ("32", (), {}),
        ("", (), {}),
        ("345", (), {"filled": False}),
        ("345", (), {"entries": 0}),
        ("32", (Rule("rules.0", drop=True),), {}),
    ],
    ids=["one is known", "empty", "a first poll", "nothing before", "known and dropped"],
)
def test_what_is_no_overrun(names, rules, memory):
    """Where something of the last document is left, or there was none."""
    held, known = before(**memory)
    held = replace(held, source=replace(held.source, rules=rules))
    _, outcome = poll(held, later(names), stored(known))
    assert (outcome.memory.overruns, outcome.memory.hurried, outcome.errands) == (0, None, ())


def test_dropped_entries_can_be_overrun_too():
    """A rule that drops them all does not hide that some were missed."""
    held, known = before()
    held = replace(held, source=replace(held.source, rules=(Rule("rules.0", drop=True),)))
    _, outcome = poll(held, later("345"), stored(known))
    assert kinds(outcome) == ["Rejected"] * 3
    assert outcome.memory.overruns == 1


def test_hurry_grows_back():
    """By half with each poll that missed nothing, until the source's own interval is no longer."""
    held, known = before(hurried=2 * HOUR, rhythm=12 * HOUR)
    spans = []
    for answer in (NotModified(Validators(), Hints()), fetched(b"same")):
        held = replace(held, memory=replace(held.memory, rhythm=12 * HOUR))
        outcome = decide(held, answer)
        spans.append(outcome.memory.hurried)
        held = after(held, outcome)
    assert spans == [3 * HOUR, 4.5 * HOUR]
    failed = decide(held, FetchFailed("dns", ""))
    assert failed.memory.hurried == 4.5 * HOUR
    _, outcome = poll(held, later("32"), stored(known))
    assert outcome.memory.hurried is None
    assert outcome.memory.overruns == 0


def test_an_overrun_brings_the_next_poll_forward():
    """Within what the source permits: nothing here says that less than an hour is welcome."""
    held, known = before(rhythm=40 * HOUR)
    _, calm = poll(held, later("32"), stored(known))
    _, hurried = poll(held, later("345"), stored(known))
    assert hurried.due.at < calm.due.at
    assert NOW + 4 * HOUR <= hurried.due.at <= NOW + 4.4 * HOUR
    assert hurried.due.why[0] == "entries were missed"


def test_the_hole_is_asked_for():
    """From the document's older page, back to the newest entry of the last document."""
    held, known = before()
    _, outcome = poll(held, later("345", "?p=2"), stored(known))
    assert outcome.errands == (Errand("archive", f"{URL}?p=2", NOW, NOW - 12 * HOUR, 9),)


@pytest.mark.parametrize(
    ("older", "said", "memory"),
    [
        ("https://b.example/2", {}, {}),
        ("https://a.example/2", {"url": "https://b.example/feed"}, {}),
        ("ftp://a.example/2", {}, {}),
        (URL, {}, {}),
        ("", {}, {}),
        ("?p=2", {}, {"newest": None}),
    ],
    ids=["another host", "not the host that answered", "ftp", "itself", "none", "undated"],
)
def test_holes_that_cannot_be_filled(older, said, memory):
    """Only the host that answered is asked, and only for what is later than what we have."""
    held, known = before(**memory)
    _, outcome = poll(held, later("345", older, **said), stored(known))
    assert outcome.memory.overruns == 1
    assert outcome.errands == ()


def test_where_redirects_led():
    """The older pages of the host that answered."""
    held, known = before()
    _, outcome = poll(held, later("345", "/2", url="https://b.example/feed"), stored(known))
    assert [errand.url for errand in outcome.errands] == ["https://b.example/2"]


def test_a_confidential_source_names_its_older_page_itself():
    """A relative link would be resolved against what is hidden."""
    of = source(confidential=True)
    for older, urls in (("?p=2", []), ("https://a.example/2", ["https://a.example/2"]), (URL, [])):
        held, known = before(of)
        _, outcome = poll(held, later("345", older), stored(known))
        assert [errand.url for errand in outcome.errands] == urls


def test_no_overrun_of_a_plan_that_is_fixed():
    """A feed's own `every` is fixed; the count is kept."""
    held, known = before(source(every=HOUR))
    _, outcome = poll(held, later("345"), stored(known))
    assert outcome.memory.overruns == 1
    assert outcome.due.at == NOW + HOUR


def test_one_chain_in_an_hour_for_all_that_is_missing():
    """What is missed meanwhile is in the next one: not every overrun asks for pages."""
    held, known = before()
    outcomes = [known]
    asked = []
    for n, names in enumerate(("345", "678", "9ab")):
        now = NOW + n * HOUR / 2
        _, outcome = poll(held, later(names, older="/older"), stored(*outcomes), now=now)
        outcomes.append(outcome)
        held = after(held, outcome)
        asked.append(outcome.errands)
    assert [len(errands) for errands in asked] == [1, 0, 1]
    assert asked[0][0].since == known.memory.newest
    assert asked[2][0].since == outcomes[1].memory.newest  # what the second poll had missed


@pytest.mark.parametrize(
    "older",
    ["https://b.example/older", "https://a.example:8443/older", "/" + "x" * 1000],
    ids=["another host", "another port", "too long"],
)
def test_a_document_sends_us_nowhere_else(older):
    """Only its own place, and only a URL that is fit to be kept."""
    held, known = before()
    _, outcome = poll(held, later("345", older=older), stored(known))
    assert (outcome.memory.overruns, outcome.errands) == (1, ())


def test_no_other_host_is_asked_again_for_a_redirect():
    """A page that leads to a stranger who answers with something else is asked for once."""
    held, _ = before()
    errand = Errand("archive", "https://a.example/older", NOW)
    failed = FetchFailed("status", "500", status=500, url="https://victim.example/x")
    assert decide(replace(held, errand=errand), failed).errands == ()
    assert len(decide(replace(held, errand=errand), replace(failed, url=errand.url)).errands) == 1
