"""`ports.PollStore`: what else a lease waits for: excluded hours, and hosts that answer for others."""

from datetime import timedelta

import pytest

from aggregator.model import BodyHints, Committed, Memory, Polling, Validators
from tests.contract.made import HOUR, NOW, SECOND, A, B, C, outcome, source

ELEVEN = NOW.replace(hour=11, minute=0, second=0, microsecond=0)
EVERY_HOUR = frozenset(range(24))
ASKED = "https://one.example/feed"
CDN = "https://cdn.example/feed"


def excluded(hours=(), days=()):
    """What is remembered of a feed that does not want to be asked then."""
    hints = BodyHints(skip_hours=frozenset(hours), skip_days=frozenset(days))
    return Memory(last_poll=NOW, hints=hints)


@pytest.mark.parametrize("everything", [False, True])
@pytest.mark.parametrize(
    ("memory", "opens"),
    [
        (excluded({11, 12}), ELEVEN + 2 * HOUR),
        (excluded({12}), ELEVEN),
        (excluded((), {1}), ELEVEN + 13 * HOUR),  # NOW is a Tuesday
        (excluded({0}, {1}), ELEVEN + 14 * HOUR),
        (excluded(EVERY_HOUR), ELEVEN),  # says nothing
        (excluded({11}, range(7)), ELEVEN),
    ],
    ids=["hours", "another hour", "day", "both", "every hour", "every day"],
)
def test_excluded_hours_are_kept_free(world, memory, opens, everything):
    """Also where a poll comes late, and where everything is asked for; when they end is known."""
    world.sync(source(A))
    world.poll(A, memory=memory, due=ELEVEN - NOW)
    world.restart()
    world.sync(source(A))
    assert world.store.polls.next_due(ELEVEN, everything=everything) == opens
    if opens > ELEVEN:
        assert not world.lease(ELEVEN, everything=everything)
        assert not world.lease(opens - SECOND, everything=everything)
    assert set(world.lease(opens, everything=everything)) == {A}


def test_who_insists_is_asked_in_excluded_hours_too(world):
    """From the edit on."""
    world.sync(source(A))
    world.poll(A, memory=excluded({11}), due=HOUR)
    assert not world.lease(NOW + HOUR)
    world.sync(source(A, insist=True))
    assert world.store.polls.next_due(NOW + HOUR) == NOW + HOUR
    assert set(world.lease(NOW + HOUR)) == {A}


def test_everything_of_who_insists_keeps_retry_after(world):
    """Of both words of a server, `insist` frees from the one."""
    sources = source(A, insist=True), source(B, insist=True)
    world.sync(*sources)
    word = NOW + 5 * HOUR
    world.poll(A, memory=Memory(last_poll=NOW, not_before=word), due=9 * HOUR)
    world.poll(B, memory=Memory(last_poll=NOW, not_before=word, retry_after=word), due=9 * HOUR)
    assert world.store.polls.next_due(NOW, everything=True) == NOW + HOUR
    assert set(world.lease(NOW + HOUR, everything=True)) == {A}
    assert world.store.polls.next_due(NOW + HOUR, everything=True) == word
    assert set(world.lease(word, everything=True)) == {B}


@pytest.mark.parametrize(
    ("said", "due"),
    [
        ({"lifetime": 6 * HOUR}, 6 * HOUR),
        ({"hints": BodyHints(ttl=6 * HOUR)}, 6 * HOUR),
        ({"answered_by": A}, 4 * HOUR),  # it sends no validators
        ({"failures": 3}, 4 * HOUR),
    ],
    ids=str,
)
def test_a_poll_that_is_cut_short_costs_nobody_anything(world, said, due):
    """What the server asked for last time holds after a crash too, also if the file is edited then."""
    world.sync(source(A))
    world.poll(A, memory=Memory(last_poll=NOW, **said), due=9 * HOUR)
    begun = NOW + 9 * HOUR
    assert world.lease(begun)
    world.restart()
    world.sync(source(A))
    assert world.store.polls.next_due(begun) == begun + due
    world.sync(source(A, headers=(("X", "y"),)), now=begun)
    assert world.store.polls.next_due(begun) == begun + due
    assert not world.lease(begun + due - SECOND)
    assert world.lease(begun + due)


def test_everything_keeps_the_word_that_a_crash_swallowed(world):
    """What the server would have said binds as if it had."""
    world.sync(source(A))
    world.poll(A, memory=Memory(last_poll=NOW, lifetime=6 * HOUR), due=HOUR)
    begun = NOW + HOUR
    assert world.lease(begun)
    world.restart()
    world.sync(source(A))
    assert world.store.polls.next_due(begun, everything=True) == begun + 6 * HOUR
    assert not world.lease(begun + 6 * HOUR - SECOND, everything=True)
    assert world.lease(begun + 6 * HOUR, everything=True)


@pytest.mark.parametrize("adopted", ["", CDN])
def test_the_host_that_answers_has_slots_and_gap(world, adopted):
    """Sources whose redirects or adoption lead to one host share it with those that name it."""
    polling = Polling(per_host_gap=SECOND)
    world.sync(source(A), source(B), source(CDN), polling=polling)
    leads = {"adopted": adopted, "answered_by": CDN}
    for url in (A, B):
        world.poll(url, memory=Memory(last_poll=NOW, **leads), due=HOUR)
    assert world.store.polls.next_due(NOW) == NOW + SECOND
    assert set(world.lease(NOW + SECOND)) == {CDN}
    later = NOW + HOUR
    assert not world.lease(later)  # under way is one, and per_host is one
    world.restart()
    world.sync(source(A), source(B), source(CDN), polling=polling)
    (first,) = world.lease(later).values()
    assert (first.source.url, first.url) == (A, adopted or A)
    assert not world.lease(later + 2 * SECOND)
    world.store.polls.commit([outcome(first, at=later)], later + 2 * SECOND)
    assert world.store.polls.next_due(later) == later + 3 * SECOND
    assert set(world.lease(later + 3 * SECOND)) == {B}


@pytest.mark.parametrize(("adopted", "held"), [("", {A}), (CDN, {CDN})])
def test_a_pause_is_the_host_that_was_asked(world, adopted, held):
    """429 came from there; operators see it at every source that waits for it."""
    ours = f"{A}/2", f"{CDN}/2"
    world.sync(source(A), polling=Polling(per_host_gap=timedelta(0)))
    world.poll(A, memory=Memory(last_poll=NOW, adopted=adopted, answered_by=adopted or A), due=HOUR)
    later, until = NOW + HOUR, NOW + 20 * HOUR
    world.sync(source(A), *map(source, ours), polling=Polling(per_host_gap=timedelta(0)), now=later)
    lease = world.lease(later, limit=1)[A]
    outcomes = [outcome(lease, at=later, pause_host_until=until)]
    assert world.store.polls.commit(outcomes, later) == [Committed(frozenset())]
    paused = {s.url for s in world.store.sources.sources() if s.host_paused_until == until}
    assert paused == {A, *(url for url in ours if url.startswith(tuple(held)))}


def test_a_pause_of_the_host_that_answers_holds(world):
    """A source that leads to a host waits for that host's pause, and its other host is not paused."""
    world.sync(source(ASKED), source(C), source(CDN))
    world.poll(ASKED, memory=Memory(last_poll=NOW, answered_by=CDN), due=HOUR)
    until = NOW + 20 * HOUR
    world.poll(C, due=100 * HOUR)
    world.poll(CDN, now=NOW + SECOND, due=HOUR, pause_host_until=until)
    assert [s.host_paused_until for s in world.store.sources.sources()] == [until, None, until]
    assert world.store.polls.next_due(NOW + HOUR) == until
    assert not world.lease(until - SECOND)
    assert set(world.lease(until)) == {ASKED}


def test_who_has_moved_for_good_leaves_its_old_host_alone(world):
    """Busy are the host that is asked and the one that answers, not the one in the file."""
    polling = Polling(per_host_gap=timedelta(0))
    beside = f"{A}/2"
    world.sync(source(A), polling=polling)
    world.poll(A, memory=Memory(last_poll=NOW, adopted=CDN, answered_by=C), due=HOUR)
    world.sync(source(A), source(CDN), source(C), source(beside), polling=polling, now=NOW + HOUR)
    assert set(world.lease(NOW + HOUR)) == {A, beside}
    assert world.store.polls.next_due(NOW + HOUR) is None


@pytest.mark.parametrize(
    ("every", "validators", "hours"),
    [(None, Validators(), 4), (None, Validators('"1"'), 1), (2 * HOUR, Validators(), 2)],
    ids=["without", "with", "its own interval"],
)
def test_a_server_without_validators_rests(world, every, validators, hours):
    """For four hours, also where everything is asked for, and after a restart."""
    world.sync(source(A, every=every))
    memory = Memory(last_poll=NOW, answered_by=A, last_success=NOW, validators=validators)
    world.poll(A, memory=memory, due=9 * HOUR)
    world.restart()
    world.sync(source(A, every=every))
    assert world.store.polls.next_due(NOW, everything=True) == NOW + hours * HOUR
    assert not world.lease(NOW + hours * HOUR - SECOND, everything=True)
    assert set(world.lease(NOW + hours * HOUR, everything=True)) == {A}


def test_the_host_that_was_to_answer_is_waited_for(world):
    """Also where it did not: a redirect that waited in vain for its turn has found out where it leads."""
    world.sync(source(ASKED), source(CDN))
    world.poll(ASKED, memory=Memory(last_poll=NOW, answered_by=ASKED, leads_to=CDN), due=HOUR)
    world.poll(CDN, now=NOW + SECOND, due=HOUR, pause_host_until=NOW + 20 * HOUR)
    assert not world.lease(NOW + 20 * HOUR - SECOND)
    assert set(world.lease(NOW + 20 * HOUR)) == {ASKED}
