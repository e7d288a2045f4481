"""What a server and its document asked for: remembered, obeyed for a month, expected when a poll begins."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from aggregator.schedule import LONGEST_WORD, SHORTEST, floor, heard, opens, plan, reserved, word
from tests.posts import NOW, source

H, M, D = timedelta(hours=1), timedelta(minutes=1), timedelta(days=1)
POLLING = Polling()
ZERO = timedelta(0)


def body(**hints):
    """A body with these hints."""
    return Fetched(b"", "", Url("https://a.example/feed"), Validators(), Hints(**hints))


def unchanged(**hints):
    """A 304 with these."""
    return NotModified(Validators(), Hints(**hints))


def failed(**hints):
    """A 503 with these."""
    return FetchFailed("status", "", Hints(**hints), 503)


def remembers(result, **memory):
    """Lifetime, Retry-After and word after an answer, as spans from now."""
    if isinstance(result, FetchFailed):
        memory["failures"] = 1
    after = heard(Memory(**memory), result, NOW)
    return after.lifetime, *(at and at - NOW for at in (after.retry_after, after.not_before))


@pytest.mark.parametrize(
    ("result", "memory", "expected"),
    [
        (body(fresh_until=NOW + 5 * H, lifetime=6 * H), {}, (6 * H, None, 5 * H)),
        (body(), {"lifetime": 6 * H}, (None, None, None)),
        (body(lifetime=ZERO), {"lifetime": 6 * H}, (ZERO, None, None)),
        (unchanged(fresh_until=NOW + 5 * H, lifetime=6 * H), {"lifetime": H}, (6 * H, None, 5 * H)),
        (unchanged(), {"lifetime": 6 * H}, (6 * H, None, 6 * H)),
        (unchanged(), {}, (None, None, None)),
        (unchanged(lifetime=ZERO), {"lifetime": 6 * H}, (ZERO, None, None)),
        (unchanged(), {"lifetime": ZERO}, (ZERO, None, None)),
        (unchanged(), {"not_before": NOW + H}, (None, None, None)),
        (failed(), {"lifetime": 6 * H}, (6 * H, None, None)),
        (failed(), {"not_before": NOW + H, "retry_after": NOW + M}, (None, M, H)),
        (failed(), {"not_before": NOW - H, "retry_after": NOW - H}, (None, None, None)),
        (failed(fresh_until=NOW + 2 * H), {"not_before": NOW + H}, (None, None, 2 * H)),
        (failed(retry_after=NOW + 2 * H), {"not_before": NOW + H}, (None, 2 * H, 2 * H)),
        (failed(retry_after=NOW + 2 * H), {"retry_after": NOW + 3 * H}, (None, 3 * H, 3 * H)),
        (body(retry_after=NOW + 2 * H), {"retry_after": NOW + 3 * H}, (None, 2 * H, 2 * H)),
        (unchanged(retry_after=NOW + 2 * H), {}, (None, 2 * H, 2 * H)),
        (body(), {"hints": BodyHints(ttl=3 * H)}, (None, None, 3 * H)),
        (unchanged(), {"hints": BodyHints(period=3 * H)}, (None, None, 3 * H)),
        (failed(), {"hints": BodyHints(ttl=3 * H)}, (None, None, None)),
        (body(fresh_until=NOW + 2 * H), {"hints": BodyHints(ttl=3 * H, period=H)}, (None, None, 3 * H)),
        (body(fresh_until=NOW + 99 * D), {}, (None, None, LONGEST_WORD)),
        (body(), {"hints": BodyHints(ttl=99 * D)}, (None, None, LONGEST_WORD)),
        (failed(retry_after=NOW + 99 * D), {}, (None, LONGEST_WORD, LONGEST_WORD)),
        (unchanged(), {"lifetime": 99 * D}, (99 * D, None, LONGEST_WORD)),
    ],
    ids=str,
)
def test_what_is_remembered(result, memory, expected):
    """The latest of the words counts; a bare 304 repeats the lifetime, a body that says nothing ends it."""
    assert remembers(result, **memory) == expected


def test_insist_frees_from_all_but_retry_after():
    """Both words are kept, so that an edit of `insist` counts at once."""
    memory = heard(Memory(), body(fresh_until=NOW + 6 * H, retry_after=NOW + H), NOW)
    assert word(source(), memory) == NOW + 6 * H
    assert word(source(insist=True), memory) == NOW + H
    assert word(source(insist=True), Memory(not_before=NOW + H)) is None


@pytest.mark.parametrize(
    ("memory", "fields", "expected"),
    [
        (Memory(), {}, (H, None)),
        (Memory(), {"every": 10 * M}, (10 * M, None)),
        (Memory(lifetime=6 * H), {}, (6 * H, 6 * H)),
        (Memory(lifetime=6 * H), {"every": 10 * M}, (6 * H, 6 * H)),
        (Memory(lifetime=6 * H), {"insist": True}, (H, None)),
        (Memory(lifetime=10 * M), {}, (H, 10 * M)),
        (Memory(lifetime=99 * D), {}, (31 * D, 31 * D)),
        (Memory(hints=BodyHints(ttl=3 * H, period=2 * H)), {}, (3 * H, 3 * H)),
        (Memory(retry_after=NOW + 3 * H, not_before=NOW + 5 * H), {}, (5 * H, 5 * H)),
        (Memory(retry_after=NOW + 3 * H, not_before=NOW + 5 * H), {"insist": True}, (3 * H, 3 * H)),
        (Memory(not_before=NOW - H), {}, (H, None)),
        (Memory(body="d"), {}, (4 * H, None)),
        (Memory(body="d"), {"every": H}, (H, None)),
        (Memory(failures=4), {}, (8 * H, None)),
        (Memory(hints=BodyHints(skip_hours=frozenset({13}))), {}, (2 * H, None)),
    ],
    ids=str,
)
def test_what_holds_if_a_poll_is_cut_short(memory, fields, expected):
    """A crash in mid-poll polls nothing earlier than the poll's end would have allowed, as far as we know."""
    due, said = reserved(source(**fields), POLLING, memory, NOW)
    assert (due - NOW, said and said - NOW) == expected


@pytest.mark.parametrize(
    ("hours", "days", "insist", "expected"),
    [
        ({12, 13}, (), False, 2 * H),
        ({12, 13}, (), True, M),
        ({13}, (), False, M),
        ((), {1, 2}, False, 36 * H),
        ({0, 1}, {1}, False, 14 * H),
        (range(24), (), False, M),
        ((), range(7), False, M),
    ],
)
def test_hours_and_days_that_a_feed_excludes(hours, days, insist, expected):
    """The first moment outside, on the hour; NOW is noon of a Tuesday, UTC."""
    hints = BodyHints(skip_hours=frozenset(hours), skip_days=frozenset(days))
    assert opens(NOW + M, source(insist=insist), hints) - NOW == expected


spans = st.one_of(st.none(), st.timedeltas(ZERO, 90 * D))
moments = st.one_of(st.none(), st.timedeltas(-D, 31 * D).map(lambda span: NOW + span))
memories = st.builds(
    Memory,
    validators=st.sampled_from([Validators(), Validators('"x"'), Validators(None, "Tue")]),
    body=st.sampled_from(["", "d"]),
    failures=st.integers(0, 40),
    last_poll=st.just(NOW),
    last_success=st.sampled_from([None, NOW, NOW - D]),
    not_before=moments,
    retry_after=moments,
    lifetime=spans,
    newest=st.one_of(st.none(), st.timedeltas(ZERO, 900 * D).map(lambda span: NOW - span)),
    hurried=spans,
    rhythm=spans,
    hints=st.builds(
        BodyHints,
        ttl=spans,
        period=spans,
        skip_hours=st.frozensets(st.integers(0, 23)),
        skip_days=st.frozensets(st.integers(0, 6)),
    ),
)


@given(
    memory=memories,
    every=st.one_of(st.none(), st.timedeltas(M, 9 * D)),
    insist=st.booleans(),
    jitter=st.floats(0, 1),
)
def test_no_plan_breaks_a_rule(memory, every, insist, jitter):
    """Never before the word, the shortest interval that is permitted, or the four hours; jitter only adds."""
    of = source(every=every, insist=insist)
    due = plan(of, POLLING, memory, jitter)
    binding = word(of, memory)
    assert binding is None or due.at >= binding
    permits = [span for span in (memory.lifetime, memory.hints.ttl, memory.hints.period) if span]
    shortest = min(floor(of, POLLING), max(permits)) if permits and every is None else floor(of, POLLING)
    assert due.at >= NOW + max(SHORTEST if every is None else ZERO, shortest)
    if every is None and memory.body and memory.validators == Validators():
        assert due.at >= NOW + 4 * H
    hours, days = memory.hints.skip_hours, memory.hints.skip_days
    if not insist and len(hours) < 24 and len(days) < 7:
        assert due.at.hour not in hours
        assert due.at.weekday() not in days
    assert plan(of, POLLING, memory, 0.0).at <= due.at
    assert due.why
    begun, said = reserved(of, POLLING, memory, NOW)
    assert begun >= NOW + floor(of, POLLING)
    assert said is None or begun >= said
    assert binding is None or begun >= binding


@given(memory=memories, insist=st.booleans())
def test_an_edit_undoes_nothing(memory, insist):
    """A plan is a function of the memory: after any edit it keeps word, back-off and hours."""
    of = source(insist=insist)
    edited = replace(of, title="Another", every=SHORTEST)
    assert plan(of, POLLING, memory, 0.5) == plan(replace(of, title="Another"), POLLING, memory, 0.5)
    due = plan(edited, POLLING, memory, 0.5).at
    backed_off = min(SHORTEST * 2 ** min(max(memory.failures - 1, 0), 5), POLLING.max_interval)
    assert due >= NOW + backed_off
    binding = word(edited, memory)
    assert binding is None or due >= binding
