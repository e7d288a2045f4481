"""`ports.Followings`, and leases for what is pushed."""

from dataclasses import replace
from datetime import timedelta

import pytest

from aggregator.model import Changed, Committed, Due, Following, LeaseLost, Memory, New, PollOutcome
from tests.contract.made import HOUR, NOW, SECOND, A, B, post, source

MINUTE = timedelta(minutes=1)
TOPIC = "https://a.example/topic"
ONE = Following(A, "https://hub.example/", TOPIC, "token", "secret")


@pytest.fixture
def store(world):
    return world.store.followings


def test_what_is_wanted_is_due_at_once(store, world):
    """Once in a minute, also after a restart; the same wish again changes nothing."""
    store.want(ONE, NOW)
    store.want(replace(ONE, token="other", secret="other"), NOW)
    assert store.due(NOW, 9) == [ONE]
    assert store.due(NOW, 9) == []
    world.restart()
    assert world.store.followings.due(NOW + MINUTE, 9) == [ONE]
    assert world.store.followings.every() == [ONE]


def test_another_hub_or_topic_begins_anew(store):
    """With another token: the old callback is nobody's."""
    store.want(ONE, NOW)
    store.confirmed(ONE, NOW + HOUR, NOW + HOUR)
    moved = replace(ONE, hub="https://other.example/", token="new")
    store.want(moved, NOW)
    assert store.every() == [moved]
    assert (store.find("token"), store.find("new")) == (None, moved)


def test_what_is_confirmed_waits_to_be_renewed(store):
    """Failures before it are forgotten."""
    store.want(ONE, NOW)
    store.asked(ONE, NOW + MINUTE)
    assert store.due(NOW + MINUTE, 9) == [replace(ONE, failures=1)]
    store.confirmed(ONE, NOW + 3 * HOUR, NOW + 2 * HOUR)
    assert store.due(NOW + 2 * HOUR - SECOND, 9) == []
    assert store.due(NOW + 2 * HOUR, 9) == [replace(ONE, expires=NOW + 3 * HOUR)]


def test_what_is_confirmed_before_the_hub_answers_is_confirmed(store):
    """A hub that verifies while it is asked is not asked again in ten minutes; nor at any renewal."""
    store.want(ONE, NOW)
    [asked] = store.due(NOW, 9)
    for hours in (3, 6):
        expires, renew = NOW + hours * HOUR, NOW + (hours - 1) * HOUR
        store.confirmed(asked, expires, renew)
        store.asked(asked, NOW + MINUTE)
        assert store.due(renew - SECOND, 9) == []
        [asked] = store.due(renew, 9)
        assert asked == replace(ONE, expires=expires)


def test_what_is_denied_before_the_hub_answers_is_denied(store):
    """The longer wait stands."""
    store.want(ONE, NOW)
    [asked] = store.due(NOW, 9)
    store.asked(store.find("token"), NOW + 24 * HOUR)
    store.asked(asked, NOW + MINUTE)
    assert store.due(NOW + 24 * HOUR - SECOND, 9) == []
    assert store.due(NOW + 24 * HOUR, 9) == [replace(ONE, failures=1)]


def test_leaving(store):
    """The hub is told; who comes back meanwhile is followed anew, and answers for the former do nothing."""
    store.want(ONE, NOW)
    store.confirmed(ONE, NOW + HOUR, NOW + HOUR)
    store.end(A, NOW)
    store.end(B, NOW)
    [leaving] = store.due(NOW, 9)
    assert (leaving.mode, leaving.token, leaving.expires) == ("unsubscribe", "token", NOW + HOUR)
    again = replace(ONE, token="new")
    store.want(again, NOW)
    store.drop(leaving)
    store.asked(leaving, NOW + HOUR)
    store.confirmed(leaving, NOW + HOUR, NOW + HOUR)
    assert store.due(NOW, 9) == [again]
    store.drop(again)
    assert store.every() == []


def test_the_earliest_come_first(store):
    """And no more than asked for."""
    store.want(replace(ONE, source=B, token="b"), NOW)
    store.want(ONE, NOW - SECOND)
    assert [one.source for one in store.due(NOW, 1)] == [A]
    assert [one.source for one in store.due(NOW, 9)] == [B]


def test_what_sources_offer(store, world):
    """As their last polls remember it, also after a restart; not who has left, nor what a text says."""
    world.sync(source(A), source(B))
    hub = {"hub": "https://hub.example/", "topic": TOPIC}
    world.poll(A, memory=Memory(**hub))
    world.poll(B, memory=Memory(last_error='"hub":"https://hub.example/","topic":"x"'))
    assert store.offered() == {A: ("https://hub.example/", TOPIC)}
    world.restart()
    assert world.store.followings.offered() == {A: ("https://hub.example/", TOPIC)}
    world.sync(source(B))
    assert world.store.followings.offered() == {}


def pushed(lease, *verdicts, at=NOW):
    return PollOutcome(lease, at, Due(at), lease.memory, verdicts, result="pushed")


def test_a_push_has_a_lease_out_of_turn(world):
    """Beside that of a poll; neither what is remembered of its source nor the next poll are touched."""
    world.sync(source(A))
    world.poll(A, New(post("one")))
    before = world.store.sources.sources()[0]
    polls = world.store.polls
    lease = polls.lease_push(A, TOPIC, NOW + SECOND)
    assert (lease.source.url, lease.errand.kind, lease.url) == (A, "push", TOPIC)
    assert polls.lease_push(A, TOPIC, NOW + SECOND) is None
    assert set(world.lease(NOW + HOUR)) == {A}, "its host is not kept busy"
    [committed] = polls.commit([pushed(lease, New(post("two")), Changed(post("one", title="T")))], NOW)
    assert isinstance(committed, Committed)
    after = world.store.sources.sources()[0]
    assert after.memory == before.memory
    assert after.posts == 2
    assert polls.lease_push(A, TOPIC, NOW + SECOND) is not None


def test_a_push_keeps_nobody_waiting(world):
    """No gap follows it, and no due time is left behind; the next one has another token."""
    world.sync(source(A), source(B))
    polls = world.store.polls
    world.poll(A)
    world.poll(B)
    first = polls.lease_push(A, TOPIC, NOW)
    world.restart()
    polls = world.store.polls
    world.sync(source(A), source(B))
    second = polls.lease_push(A, TOPIC, NOW)
    assert second.token > first.token
    assert isinstance(polls.commit([pushed(first)], NOW)[0], LeaseLost)
    polls.give_back(second, NOW)
    assert world.lease(NOW + 2 * HOUR, everything=True).keys() == {A, B}
    assert all(lease.errand is None for lease in world.lease(NOW + 9 * HOUR, everything=True).values())


def test_nobody_pushes_for_what_is_not_polled(world):
    """A source that left the file, is paused, or was never in it."""
    world.sync(source(A), source(B, paused=True))
    polls = world.store.polls
    assert polls.lease_push(B, TOPIC, NOW) is None
    world.sync(source(B))
    assert polls.lease_push(A, TOPIC, NOW) is None
    assert polls.lease_push("https://c.example/", TOPIC, NOW) is None
