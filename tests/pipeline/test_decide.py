"""Everything that one poll changes, on every path through `decide`."""

import subprocess
import sys
from dataclasses import replace
from datetime import timedelta

import pytest

from aggregator import pipeline
from aggregator.model import (
    Changed,
    Duplicate,
    FetchFailed,
    Hints,
    New,
    NotModified,
    Polling,
    Rejected,
    Rule,
    Score,
    Unchanged,
    Unreadable,
    UnreadEntry,
    Validators,
)
from tests.pipeline.given import (
    GIVEN,
    HOUR,
    NOW,
    ROOT,
    SITE,
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

PAGE = Unreadable("it is a page", ("https://a.example/f1", "https://a.example/f2"))
EARLIER = NOW - 5 * HOUR


def remembered(**said):
    """A lease of a source that was read well five hours ago."""
    return lease(
        **{
            "validators": GIVEN,
            "validators_from": URL,
            "body": pipeline.body_digest(source(), fetched(b"before")),
            "last_poll": EARLIER,
            "last_success": EARLIER,
            "last_new": EARLIER,
            "last_result": "1 new",
            "rhythm": 8 * HOUR,
            **said,
        }
    )


def test_a_first_body():
    """Every entry is new, and the memory holds what the next poll needs."""
    body = rss(item("1"), item("2", date="Mon, 02 Nov 2026 10:00:00 GMT"), "<item/>")
    reading, outcome = poll(lease(failures=3, last_error="dns"), body)
    assert kinds(outcome) == ["New", "New"]
    assert [v.post.categories for v in outcome.verdicts] == [("news",), ("news",)]
    memory = outcome.memory
    assert (memory.validators, memory.validators_from) == (GIVEN, URL)
    assert memory.body == pipeline.body_digest(source(), fetched(body))
    assert (memory.failures, memory.last_error, memory.last_result) == (0, "", "2 new")
    assert memory.last_poll == memory.last_success == memory.last_new == NOW
    assert (memory.info, memory.rhythm) == (reading.info, 24 * HOUR)
    assert [entry.position for entry in outcome.unread] == [2]
    assert outcome.at == NOW
    assert outcome.due.at > NOW
    assert outcome.pause_host_until is None


def test_what_it_was_judged_against_is_said():
    """Each key of a written post comes with the posts that it led to, so that a commit can see a change."""
    _, first = poll(lease(), rss(item("1"), item("2")))
    assert set(first.judged.values()) == {frozenset()}
    body = rss(item("1"), item("2", text="Other words"))
    _, second = poll(lease(), body, stored(first))
    assert kinds(second) == ["Unchanged", "Changed"]
    [changed] = [v.post for v in second.verdicts if isinstance(v, Changed)]
    assert second.judged == dict.fromkeys(changed.keys, frozenset({changed.id}))


def test_each_kind_of_verdict():
    """A document with all five: new, changed, unchanged, told by another source, dropped by a rule."""
    _, before = poll(lease(), rss(item("same"), item("other")))
    elsewhere = source("https://b.example/feed", position=1)
    shared = "https://c.example/article"
    _, copy = poll(lease(elsewhere), rss(item("x", guid="b-1", link=f"{shared}?utm_source=b")))
    of = source(rules=(Rule("rules.0", drop=True, when=None, unless=None),))
    told = [
        item("same"),
        item("other", text="Other words"),
        item("copy", link=shared),
        item("fresh"),
    ]
    _, outcome = poll(lease(), rss(*told), stored(before, copy))
    assert kinds(outcome) == ["Unchanged", "Changed", "Duplicate", "New"]
    assert outcome.memory.last_result == "1 new, 1 changed, 1 duplicate, 1 unchanged"
    duplicate = outcome.verdicts[2]
    assert (duplicate.story, duplicate.reason) == (copy.verdicts[0].post.id, "link")
    _, dropped = poll(lease(of), rss(item("fresh")))
    assert dropped.verdicts == (Rejected(dropped.verdicts[0].post, "rules.0"),)
    assert dropped.memory.last_result == "1 rejected"


@pytest.mark.parametrize(
    ("verdicts", "moves"),
    [(New, True), (Duplicate, True), (Changed, False), (Unchanged, False)],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_when_a_source_last_brought_something(verdicts, moves):
    """Only what is new from this source counts as news of it."""
    _, before = poll(lease(), rss(item("1")))
    if verdicts is Duplicate:
        _, before = poll(
            lease(source("https://b.example/feed")), rss(item("1", guid="b1", text="<p>Their words</p>"))
        )
    body = {
        New: rss(item("2")),
        Duplicate: rss(item("1")),
        Changed: rss(item("1", text="Other words")),
        Unchanged: rss(item("1")),
    }[verdicts]
    _, outcome = poll(remembered(), body, stored(before))
    assert kinds(outcome) == [verdicts.__name__]
    assert outcome.memory.last_new == (NOW if moves else EARLIER)


def test_minted_ids_hold_for_the_day():
    """An entry without an id of its own gets one that deciding again does not change."""
    body = rss(item("1", guid="no iri"), item("2", guid=None))
    _, outcome = poll(lease(), body)
    ids = [v.post.id for v in outcome.verdicts]
    assert all(post_id.startswith("tag:a.example,2026-11-24:") for post_id in ids)
    assert len(set(ids)) == 2
    _, again = poll(lease(), body, now=NOW + HOUR)
    assert [v.post.id for v in again.verdicts] == ids


def test_an_unreadable_body():
    """It is a failure that says why and where feeds are, and what came with the body is kept all the same."""
    body = fetched(b"<html>", validators=Validators('"v2"'))
    outcome = decide(remembered(), body, PAGE)
    memory = outcome.memory
    assert (outcome.verdicts, outcome.unread, outcome.categories) == ((), None, ())
    assert (memory.failures, memory.last_result) == (1, "unreadable")
    said = "it is a page; it links to https://a.example/f1, https://a.example/f2"
    assert memory.last_error == memory.unreadable == said
    assert memory.validators == Validators('"v2"')
    assert memory.body == pipeline.body_digest(source(), body)
    assert (memory.last_success, memory.last_poll, memory.rhythm) == (EARLIER, NOW, 8 * HOUR)


def test_a_body_that_we_failed_to_read_is_asked_for_again():
    """Where this machine failed, not the body, the next poll must not be answered with 304 or `same body`."""
    held = remembered()
    elsewhere = fetched(b"new", validators=Validators('"v2"'), url="https://b.example/")
    for failures in (1, 2, 3):
        held = after(held, decide(held, elsewhere, Unreadable("killed", ours=True)))
        memory, before = held.memory, remembered().memory
        for kept in ("validators", "validators_from", "former", "body", "whole", "unreadable", "answered_by"):
            assert getattr(memory, kept) == getattr(before, kept)
        assert (memory.failures, memory.last_result, memory.last_error) == (failures, "not read", "killed")
    # What fails every time is the body's fault, and is not asked for without end.
    memory = decide(held, elsewhere, Unreadable("killed", ours=True)).memory
    assert (memory.validators, memory.unreadable) == (Validators('"v2"'), "killed")


def test_what_we_failed_to_read_is_no_trouble_once_the_old_body_is_back():
    """A 304 to the old validators says that what we hold is current, and that was read."""
    held = after(remembered(), decide(remembered(), fetched(b"new"), Unreadable("killed", ours=True)))
    memory = decide(held, NotModified(Validators(), Hints()), now=NOW + HOUR).memory
    assert (memory.failures, memory.last_error, memory.last_result) == (0, "", "not modified")


def test_a_confidential_page_names_no_feeds():
    """Its page may well link to the source itself."""
    outcome = decide(lease(source(confidential=True)), fetched(b"<html>"), PAGE)
    assert outcome.memory.last_error == "it is a page"


@pytest.mark.parametrize(
    ("result", "reading"),
    [(fetched(b"<html>"), None), (NotModified(Validators(), Hints()), None), (fetched(b"<hr>"), PAGE)],
    ids=["same body", "304", "another page"],
)
def test_an_unreadable_body_stays_a_failure(result, reading):
    """That a body has not changed does not make it a feed: failures go on counting."""
    held = after(remembered(), decide(remembered(), fetched(b"<html>"), PAGE))
    outcome = decide(held, result, reading, now=NOW + HOUR)
    assert (outcome.memory.failures, outcome.memory.last_result) == (2, "unreadable")
    assert outcome.memory.last_error == held.memory.last_error
    assert outcome.memory.last_success == EARLIER


def test_a_readable_body_ends_the_failure():
    """The first feed after pages, or after 410, forgets the trouble."""
    held = remembered(failures=7, unreadable="it is a page", last_error="it is a page", gone=True)
    memory = poll(held, rss(item("1")))[1].memory
    assert (memory.failures, memory.unreadable, memory.last_error, memory.gone) == (0, "", "", False)


def test_the_same_body_again():
    """Nothing is read or judged, but the validators that came with it are those of the next request."""
    body = fetched(b"before", validators=Validators(None, "Tue, 24 Nov 2026 11:00:00 GMT"))
    outcome = decide(remembered(failures=2, last_error="timeout"), body)
    memory = outcome.memory
    assert outcome.verdicts == ()
    assert memory.validators == body.validators
    assert (memory.last_result, memory.failures, memory.last_error) == ("same body", 0, "")
    assert (memory.last_success, memory.last_new) == (NOW, EARLIER)
    assert memory.body == remembered().memory.body


@pytest.mark.parametrize(
    ("before", "brought", "merged"),
    [
        (Validators('"a"', "Mon"), Validators(), Validators('"a"', "Mon")),
        (Validators('"a"', "Mon"), Validators('"b"'), Validators('"b"', "Mon")),
        (Validators('"a"', "Mon"), Validators(None, "Tue"), Validators('"a"', "Tue")),
        (Validators('"a"', "Mon"), Validators('W/"b"', "Tue"), Validators('W/"b"', "Tue")),
        (Validators(), Validators('"b"'), Validators('"b"')),
        (Validators('"a"', "Mon"), Validators("", ""), Validators("", "")),
    ],
)
def test_a_304_merges_validators(before, brought, merged):
    """It replaces those that it brings and takes none away (RFC 9110, 15.4.5)."""
    held = remembered(validators=before, failures=4, last_error="status 503")
    memory = decide(held, NotModified(brought, Hints())).memory
    assert memory.validators == merged
    assert (memory.validators_from, memory.body) == (URL, held.memory.body)
    assert (memory.last_result, memory.failures, memory.last_error) == ("not modified", 0, "")
    assert (memory.last_success, memory.last_new, memory.rhythm) == (NOW, EARLIER, 8 * HOUR)


@pytest.mark.parametrize(
    ("failure", "result", "gone"),
    [
        (FetchFailed("dns", "the name has no address"), "dns", False),
        (FetchFailed("status", "404 Not Found", status=404), "status 404", False),
        (FetchFailed("status", "410 Gone", Hints(gone=True), 410), "status 410", True),
        (FetchFailed("fault", "ValueError: x"), "fault", False),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_failed_fetch(failure, result, gone):
    """It counts, says why, and leaves everything that was learnt of the source as it was."""
    held = remembered(failures=1)
    outcome = decide(held, failure)
    asked = int(failure.status is not None)
    expected = replace(
        held.memory,
        last_poll=NOW,
        failures=2,
        score=Score(requests=asked, etag_good=asked, modified_good=asked),
        last_result=result,
        last_error=failure.detail,
        gone=gone,
    )
    assert outcome.memory == expected
    assert (outcome.verdicts, outcome.unread) == ((), None)
    assert outcome.pause_host_until is None
    assert outcome.due.at >= NOW + 2 * 4 * HOUR  # half the rhythm, doubled by the second failure
    assert "failures in a row: 2" in outcome.due.why


@pytest.mark.parametrize(
    ("of", "answered", "retry_after", "pause"),
    [
        (source(), URL, NOW + 9 * HOUR, NOW + 9 * HOUR),
        (source(), "https://A.example/elsewhere", NOW + 9 * HOUR, NOW + 9 * HOUR),
        (source(), URL, None, NOW + HOUR),
        (source(every=30 * 24 * HOUR), URL, None, NOW + HOUR),
        (source(), URL, NOW + 99 * HOUR, NOW + 24 * HOUR),
        (source(), URL, NOW + 9999 * HOUR, NOW + 24 * HOUR),
        (source(private=True), URL, NOW + 9 * HOUR, None),
        (source(), "https://b.example/", NOW + 9 * HOUR, None),
    ],
    ids=[
        "Retry-After",
        "its host",
        "no Retry-After",
        "a rare one",
        "long",
        "too long",
        "private host",
        "redirected",
    ],
)
def test_429_pauses_the_host(of, answered, retry_after, pause):
    """All sources of the public host that said so wait as long as it says; else for the shortest interval."""
    failure = FetchFailed("status", "429 Too Many Requests", Hints(retry_after=retry_after), 429, answered)
    outcome = decide(lease(of, validators=GIVEN), failure)
    assert outcome.pause_host_until == pause
    assert outcome.memory.not_before == (retry_after and min(retry_after, NOW + 31 * 24 * HOUR))
    assert outcome.due.at >= (outcome.memory.not_before or NOW + HOUR)


def test_503_pauses_nobody_else():
    """Retry-After of another status is a word about this source alone."""
    failure = FetchFailed("status", "503", Hints(retry_after=NOW + 30 * HOUR), 503, URL)
    outcome = decide(remembered(), failure)
    assert outcome.pause_host_until is None
    assert outcome.due.at == outcome.memory.not_before == NOW + 30 * HOUR


def test_the_servers_word_is_remembered():
    """Until when caching headers ask us to stay away outlives the poll, and its failures."""
    fresh = NOW + 20 * HOUR
    _, outcome = poll(lease(), fetched(rss(item("1")), hints=Hints(fresh_until=fresh)))
    assert outcome.memory.not_before == outcome.due.at == fresh
    failed = decide(after(lease(), outcome), FetchFailed("timeout", "30 s"), now=NOW + HOUR)
    assert failed.memory.not_before == fresh


@pytest.mark.parametrize(
    ("before", "moved", "expected"),
    [
        (("", 0), "https://b.example/", ("https://b.example/", 1)),
        (("https://b.example/", 1), "https://b.example/", ("https://b.example/", 2)),
        (("https://b.example/", 4), "https://c.example/", ("https://c.example/", 1)),
        (("https://b.example/", 4), None, ("", 0)),
    ],
)
@pytest.mark.parametrize("kind", ["body", "304"])
def test_permanent_redirects_are_counted(before, moved, expected, kind):
    """Only the same place several times in a row means that a source has moved."""
    held = remembered(moved_to=before[0], moved_times=before[1])
    hints = Hints(moved=moved)
    result = fetched(b"before", hints=hints) if kind == "body" else NotModified(Validators(), hints)
    memory = decide(held, result).memory
    assert (memory.moved_to, memory.moved_times) == expected


def test_a_failure_forgets_no_redirect():
    """Trouble in between says nothing about where the source is."""
    held = remembered(moved_to="https://b.example/", moved_times=2)
    assert decide(held, FetchFailed("dns", "x")).memory.moved_times == 2


def test_deciding_again_gives_the_same():
    """The jitter is a function of source and time: a poll that is decided again has the same outcome."""
    body = rss(*(item(str(n), author=f"A{n}") for n in range(4)))
    assert poll(lease(), body)[1] == poll(lease(), body)[1]


def test_jitter_only_adds_and_parts_sources():
    """Sources that are polled at the same moment come back at different ones, never before the interval."""
    spans = [
        decide(lease(source(f"https://{n}.example/"), validators=GIVEN), NotModified(GIVEN, Hints())).due.at
        - NOW
        for n in range(20)
    ]
    assert all(HOUR <= span <= 1.1 * HOUR for span in spans)
    assert len(set(spans)) == 20
    at_another_time = NOW + timedelta(seconds=1)
    again = decide(
        lease(source("https://0.example/"), validators=GIVEN),
        NotModified(GIVEN, Hints()),
        now=at_another_time,
    )
    assert again.due.at - at_another_time != spans[0]


def test_an_interval_of_its_own_has_no_jitter():
    """`every` is meant to the second."""
    of = source(every=timedelta(minutes=10))
    outcome = decide(lease(of), fetched(b"x"), PAGE, polling=Polling(max_interval=timedelta(minutes=10)))
    assert outcome.due.at == NOW + timedelta(minutes=10)


def test_processes_agree():
    """Neither hash seeds nor the process decide anything: two processes come to one outcome."""
    program = (
        "from tests.pipeline.given import *\n"
        "of = source(categories=('{author}', '{term}'), tags=('{term}',))\n"
        "body = rss(*(item(str(n), author=f'作者{n}', term=f't{n % 3}', guid=f'g{n}') for n in range(9)))\n"
        "print(poll(lease(of), body)[1])"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            check=True,
            text=True,
            timeout=60,
            cwd=ROOT,
            env={"PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8"},
        ).stdout
        for seed in ("1", "2")
    }
    # Sets print in the order of their hashes, so only what stands in order is compared.
    ordered = {text.partition("withdrawn=")[0] for text in said}
    assert len(ordered) == 1
    assert "zuozhe" in ordered.pop()


@pytest.mark.parametrize(
    ("verdicts", "said"),
    [
        ((), "no entries"),
        ((Unchanged("a"), Unchanged("b")), "2 unchanged"),
        ((Unchanged("a"), New(None), New(None)), "2 new, 1 unchanged"),
        (
            (Rejected(None, "r"), Duplicate(None, "s"), Changed(None)),
            "1 changed, 1 duplicate, 1 rejected",
        ),
    ],
)
def test_a_poll_in_words(verdicts, said):
    """What came, for people, the important first."""
    assert pipeline.summary(verdicts) == said


@pytest.mark.parametrize(
    ("of", "title", "said"),
    [
        (source(), "Feed A", URL),
        (source(confidential=True, title="Mine"), "Feed A", "Mine"),
        (source(confidential=True, position=2), "Feed A", "Feed A (confidential source 3)"),
        (source(confidential=True, position=2), None, "confidential source 3"),
    ],
)
def test_names_of_sources(of, title, said):
    """A confidential source is never named by its URL."""
    info = None if title is None else pipeline.read(lease(), fetched(rss(title=title)), NOW, SITE).info
    assert lease(of, info=info).memory.name_of(of) == said


@pytest.mark.parametrize(
    ("verdicts", "unread", "news"),
    [
        ((), None, False),
        ((Unchanged("a"),), (), False),
        ((Unchanged("a"), New(None)), (), True),
        ((), (UnreadEntry(0, "empty"),), True),
    ],
)
def test_what_operators_see_go_by(verdicts, unread, news):
    """A poll is news if anything but unchanged entries came of it."""
    outcome = decide(lease(), NotModified(Validators(), Hints()))
    assert pipeline.is_news(replace(outcome, verdicts=verdicts, unread=unread)) is news
