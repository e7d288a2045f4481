"""Validators from poll to poll, when the whole body is asked for, and the score of it all."""

from dataclasses import replace
from datetime import timedelta

import pytest

from aggregator import pipeline
from aggregator.model import (
    Errand,
    FetchFailed,
    Hints,
    NotModified,
    Score,
    Sent,
    Unreadable,
    Validators,
)
from tests.pipeline.given import GIVEN, HOUR, NOW, URL, after, decide, fetched, item, lease, poll, rss, source

V1, V2, V3 = Validators('"1"', "Mon"), Validators('"2"', "Tue"), Validators('"3"', "Wed")
PAGE = Unreadable("it is a page")
DAY = timedelta(days=1)


def not_modified(brought=None, **said):
    return NotModified(brought or Validators(), Hints(), **said)


def test_former_validators_are_kept():
    """The last five different ones, the newest first, and never the one in force."""
    held = lease()
    for n in [1, 2, 3, 3, 4, 2, 5, 6, 7, 8]:
        body = fetched(b"x", validators=Validators(f'"{n}"'))
        held = after(held, decide(held, body, PAGE))
    assert held.memory.validators == Validators('"8"')
    assert [one.etag for one in held.memory.former] == ['"7"', '"6"', '"5"', '"2"', '"4"']
    back = decide(held, fetched(b"x", validators=Validators('"6"')), PAGE).memory
    assert [one.etag for one in back.former] == ['"8"', '"7"', '"5"', '"2"', '"4"']


def test_a_304_keeps_former_ones_too():
    """It replaces one, and the pair before is a former one."""
    memory = decide(lease(validators=V1), not_modified(Validators('"2"'))).memory
    assert (memory.validators, memory.former) == (Validators('"2"', "Mon"), (V1,))


def test_a_wait_for_a_turn_is_no_failure():
    """We kept the host busy ourselves; where it leads is known from then on."""
    there = "https://b.example/f"
    memory = decide(lease(validators=V1), FetchFailed("turn", "it waited", url=there, sent=Sent(V1))).memory
    assert (memory.failures, memory.last_result, memory.leads_to) == (0, "turn", there)
    assert memory.score.requests == 1


def test_a_fault_of_ours_keeps_the_servers_word():
    """What came is lost, and asked for again when the server allows it; its validators are not taken."""
    answer = fetched(
        b"x", validators=V2, hints=Hints(fresh_until=NOW + DAY, moved="https://b.example/", gone=True)
    )
    outcome = decide(
        lease(validators=V1), pipeline.faulty(replace(answer, sent=Sent(V1)), "the disk is full")
    )
    assert outcome.memory.validators == V1
    assert (outcome.memory.not_before, outcome.memory.gone) == (NOW + DAY, False)
    assert outcome.memory.score == Score(requests=1, etag_good=1, modified_good=1)
    busy = FetchFailed("status", "429", Hints(retry_after=NOW + DAY), 429, URL)
    assert decide(lease(), pipeline.faulty(busy, "the disk is full")).pause_host_until == NOW + DAY
    gone = FetchFailed("status", "410", Hints(gone=True), 410, URL)
    assert decide(lease(), pipeline.faulty(gone, "the disk is full")).memory.gone


def test_who_answered():
    """Where redirects led, on each answer; a failure is none."""
    there = "https://b.example/f"
    held = after(lease(), decide(lease(), fetched(b"x", url=there), PAGE))
    assert held.memory.answered_by == there
    failed = decide(held, FetchFailed("status", "", status=500, url=URL))
    assert failed.memory.answered_by == there
    assert decide(held, not_modified(url="https://c.example/f")).memory.answered_by == "https://c.example/f"


@pytest.mark.parametrize(
    ("giver", "brought", "kept"),
    [
        (URL, Validators('"9"'), (Validators('"9"', "Mon"), URL)),
        ("https://b.example/", Validators('"9"'), (Validators('"9"'), URL)),
        (URL, Validators(), (V1, URL)),
        (URL, None, (V1, URL)),
    ],
)
def test_validators_of_a_304_that_nobody_asked_for(giver, brought, kept):
    """They are kept, so that the next request is conditional; never mixed with those of another host."""
    held = lease(validators=V1, validators_from=giver)
    result = FetchFailed("protocol", "304", status=304, url=URL, validators=brought)
    memory = decide(held, result).memory
    assert (memory.validators, memory.validators_from) == kept
    assert memory.failures == 1


def whole(days, **memory):
    """Whether a poll leaves its validators at home, so many days after the whole was seen."""
    held = lease(validators=V1, whole=NOW - days * DAY, **memory)
    return not pipeline.prepared(held, NOW).conditional


def test_one_check_after_half_a_year():
    """Of nothing but 304; what comes of it, there is one."""
    assert not whole(179)
    assert whole(180)
    held = pipeline.prepared(lease(validators=V1, whole=NOW - 200 * DAY), NOW)
    for result in (
        fetched(b"x", sent=Sent()),
        FetchFailed("protocol", "304", status=304, url=URL, sent=Sent()),
        FetchFailed("timeout", "", sent=Sent()),
    ):
        memory = decide(held, result).memory
        assert memory.whole == NOW
        assert pipeline.prepared(replace(held, memory=memory, conditional=True), NOW).conditional
    nothing_sent = decide(held, FetchFailed("dns", "")).memory
    assert nothing_sent.whole == held.memory.whole


def test_since_when_nothing_but_304_came():
    """Each body begins it anew, a 304 never; one of a store without that note begins it."""
    assert decide(lease(whole=NOW - DAY), fetched(b"x"), PAGE).memory.whole == NOW
    sent = not_modified(sent=Sent(V1))
    assert decide(lease(validators=V1, whole=NOW - DAY), sent).memory.whole == NOW - DAY
    assert decide(lease(validators=V1), sent).memory.whole == NOW


def test_one_re_read_of_what_could_not_be_read():
    """After an upgrade of the reader, and never twice."""
    assert not whole(1, unreadable="it is a page", reader=pipeline.READER_VERSION)
    assert not whole(1, unreadable="it is a page", reader="")
    assert not whole(1, unreadable="", reader="0")
    assert whole(1, unreadable="it is a page", reader="0")
    held = pipeline.prepared(lease(validators=V1, unreadable="it is a page", reader="0"), NOW)
    for result, reading in (
        (fetched(b"x", sent=Sent()), PAGE),
        (FetchFailed("status", "", status=500, url=URL, sent=Sent()), None),
    ):
        memory = decide(held, result, reading).memory
        assert memory.reader == pipeline.READER_VERSION
        assert pipeline.prepared(replace(held, memory=memory, conditional=True), NOW).conditional
    assert decide(held, FetchFailed("dns", "")).memory.reader == "0"


def test_the_reader_is_noted():
    """With each body that cannot be read; forgotten with one that can."""
    memory = decide(lease(), fetched(b"x"), PAGE).memory
    assert memory.reader == pipeline.READER_VERSION
    assert poll(lease(unreadable="x", reader="0"), rss(item("1")))[1].memory.reader == ""


def test_an_errand_has_no_validators_of_its_source():
    """Another page has others."""
    errand = Errand("archive", "https://a.example/2", NOW)
    assert not pipeline.prepared(replace(lease(validators=V1), errand=errand), NOW).conditional
    assert pipeline.prepared(lease(validators=V1), NOW).conditional


def test_what_the_document_held_is_noted():
    """How many posts, and the newest date; undated ones leave it as it was."""
    of = [item("1"), item("2", date="Mon, 02 Nov 2026 10:00:00 GMT")]
    memory = poll(lease(), rss(*of))[1].memory
    assert (memory.entries, memory.newest.day) == (2, 3)
    undated = poll(lease(newest=memory.newest, filled=True), rss(item("3", date=None)))[1].memory
    assert (undated.entries, undated.newest) == (1, memory.newest)


def scored(result, **memory):
    """The columns of the score that one answer adds to."""
    before = {"validators": V2, "former": (V1,), **memory}
    score = decide(lease(**before), result).memory.score
    return {name: n for name in Score.__slots__ if (n := getattr(score, name))}


GOOD = {"etag_good": 1, "modified_good": 1}


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (Sent(V2), GOOD),
        (Sent(V1), {"etag_late": 1, "modified_late": 1}),
        (Sent(V3), {"etag_bogus": 1, "modified_bogus": 1}),
        (Sent(Validators('"2"')), {"etag_good": 1}),
        (Sent(Validators(None, "Mon")), {"modified_late": 1}),
        (Sent(), {"unconditional": 1}),
        (
            Sent(V2, cookies=True, referer=True, query=True),
            {**GOOD, "cookies": 1, "referers": 1, "queries": 1},
        ),
    ],
    ids=str,
)
def test_the_score_is_of_what_went_out(sent, expected):
    """Against what the server gave: last, before that, or never."""
    assert scored(not_modified(sent=sent)) == {"requests": 1, **expected}
    assert scored(FetchFailed("timeout", "", sent=sent)) == {"requests": 1, **expected}


def test_what_was_not_sent_is_not_scored():
    """A failure before anything went out, a file, an errand."""
    assert scored(FetchFailed("dns", "")) == {}
    file = source("file:a.xml", path="/a.xml")
    assert decide(lease(file), fetched(b"x"), PAGE).memory.score == Score()
    held = replace(lease(), errand=Errand("archive", "https://a.example/2", NOW))
    assert decide(held, fetched(b"x", sent=Sent(V3)), PAGE).memory.score == Score()


def test_an_answer_that_does_not_say_what_was_sent():
    """Something was: what we meant to send."""
    assert scored(not_modified()) == {"requests": 1, **GOOD}
    assert scored(not_modified(), validators=Validators()) == {"requests": 1, "unconditional": 1}


@pytest.mark.parametrize(
    ("insist", "memory", "early"),
    [
        (False, {"not_before": NOW + HOUR}, 1),
        (False, {"not_before": NOW}, 0),
        (True, {"not_before": NOW + HOUR}, 0),
        (True, {"not_before": NOW + HOUR, "retry_after": NOW + HOUR}, 1),
    ],
)
def test_polls_before_the_word_are_counted(insist, memory, early):
    """The word that binds."""
    held = lease(source(insist=insist), validators=GIVEN, **memory)
    assert decide(held, not_modified(sent=Sent(GIVEN))).memory.score.early == early
