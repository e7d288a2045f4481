"""`ports.PollStore`: who may be polled when."""

from dataclasses import replace
from datetime import timedelta

import pytest

from aggregator.model import Committed, Due, LeaseLost, Memory, Polling
from tests.contract.made import HOUR, NOW, SECOND, A, B, C, outcome, post, source

ONE_HOST = tuple(f"https://one.example/{n}" for n in range(4))


def test_new_sources_are_due_at_once_in_the_order_of_the_file(world):
    """What is new is leased at once, earliest due first, then as the file has it, at most `limit`."""
    world.sync(source(C), source(A), source(B))
    leases = world.store.polls.lease_due(NOW, 2)
    assert [lease.source.url for lease in leases] == [C, A]
    assert [lease.memory for lease in leases] == [Memory(), Memory()]
    assert list(world.lease()) == [B]
    assert world.store.polls.lease_due(NOW, 0) == []


def test_the_earliest_due_comes_first(world):
    """Due times come before places in the file."""
    world.sync(source(A), source(B))
    world.poll(A, due=3 * HOUR)
    world.poll(B, due=2 * HOUR)
    assert [lease.source.url for lease in world.store.polls.lease_due(NOW + 4 * HOUR, 5)] == [B, A]


@pytest.mark.parametrize(
    ("per_host", "gap", "leased"), [(1, 0, 1), (2, 0, 2), (9, 0, 4), (1, 1, 1), (9, 1, 1)], ids=str
)
def test_slots_and_gap_of_a_host(world, per_host, gap, leased):
    """At most `per_host` at once, and with a gap only one within it."""
    polling = Polling(per_host=per_host, per_host_gap=timedelta(seconds=gap))
    world.sync(*map(source, ONE_HOST), source(A), polling=polling)
    assert len(world.lease()) == leased + 1
    assert not world.lease()


def test_a_gap_lies_between_the_beginnings_where_slots_are_free(world):
    """With several slots, the next exchange may begin a gap after the last began."""
    world.sync(*map(source, ONE_HOST), polling=Polling(per_host=2, per_host_gap=SECOND))
    assert len(world.lease()) == 1
    assert world.store.polls.next_due(NOW) == NOW + SECOND
    assert len(world.lease(NOW + SECOND)) == 1
    assert not world.lease(NOW + 2 * SECOND)
    assert world.store.polls.next_due(NOW + 2 * SECOND) is None


@pytest.mark.parametrize("ending", ["commit", "give_back"])
def test_a_gap_follows_each_exchange(world, ending):
    """The end of an exchange starts the gap anew."""
    world.sync(*map(source, ONE_HOST[:2]))
    lease = world.lease()[ONE_HOST[0]]
    later = NOW + 5 * SECOND
    assert not world.lease(later)
    if ending == "commit":
        world.store.polls.commit([outcome(lease)], later)
    else:
        world.store.polls.give_back(lease, later)
    assert not world.lease(later)
    assert world.store.polls.next_due(later) == later + SECOND
    assert list(world.lease(later + SECOND)) == [ONE_HOST[1]]


def test_a_host_that_asks_for_it_is_left_alone(world):
    """A pause of a host holds for all of its sources, and for no other."""
    world.sync(*map(source, ONE_HOST[:2]), source(A))
    until = NOW + 3 * HOUR
    world.poll(ONE_HOST[0], pause_host_until=until)
    world.restart()
    world.sync(*map(source, ONE_HOST[:2]), source(A))
    assert ONE_HOST[1] not in world.lease(until - SECOND)
    assert set(world.lease(until)) == {ONE_HOST[1]}


def test_files_have_no_host(world):
    """Files are read without slots and gaps."""
    world.sync(source("file:one.xml"), source("file:two.xml"))
    assert len(world.lease()) == 2


def test_a_host_may_be_called_file(world):
    """It has slots and a gap like any other."""
    world.sync(source("http://file/one.xml"), source("http://file/two.xml"))
    assert len(world.lease()) == 1
    assert world.store.polls.next_due(NOW) == NOW + SECOND


def test_a_lease_moves_the_source_to_its_floor(world):
    """A crash in mid-poll polls nothing early, and frees the slot."""
    world.sync(source(A), source(B, every=timedelta(minutes=5)))
    first = world.lease()
    world.restart()
    world.sync(source(A), source(B, every=timedelta(minutes=5)))
    assert not world.lease(NOW + 5 * 60 * SECOND - SECOND)
    assert world.store.polls.next_due(NOW) == NOW + timedelta(minutes=5)
    again = world.lease(NOW + HOUR)
    assert set(again) == {A, B}
    assert again[A].token > first[A].token


def test_a_former_process_has_lost_its_leases(world):
    """Outcomes of before a crash are refused, also when the source is leased again."""
    world.sync(source(A))
    old = world.lease()[A]
    world.restart()
    world.sync(source(A))
    assert world.store.polls.commit([outcome(old)], NOW) == [LeaseLost()]
    new = world.lease(NOW + HOUR)[A]
    assert world.store.polls.commit([outcome(old)], NOW) == [LeaseLost()]
    assert world.store.polls.commit([outcome(new)], NOW) == [Committed(frozenset())]
    assert world.store.polls.commit([outcome(new)], NOW) == [LeaseLost()]


def test_giving_back_keeps_the_floor(world):
    """A cancelled poll leaves no outcome, and waits for the floor; giving back twice does nothing."""
    world.sync(source(A))
    lease = world.lease()[A]
    world.store.polls.give_back(lease, NOW)
    assert not world.lease(NOW + HOUR - SECOND)
    again = world.lease(NOW + HOUR)[A]
    world.store.polls.give_back(lease, NOW + HOUR)
    assert world.store.polls.commit([outcome(again)], NOW + HOUR) == [Committed(frozenset())]


def test_paused_and_gone_sources_are_never_leased(world):
    """Neither by their due time nor by asking for everything; an un-paused one comes back."""
    world.sync(source(A, paused=True), source(B))
    world.poll(B, memory=Memory(last_poll=NOW, gone=True), due=timedelta(0))
    late = NOW + 1000 * HOUR
    assert not world.lease(late)
    assert not world.lease(late, everything=True)
    assert world.store.polls.next_due(NOW) is None
    assert world.store.polls.next_due(NOW, everything=True) is None
    world.sync(source(A), source(B), now=late)
    assert set(world.lease(late)) == {A}


def test_everything_keeps_floors_and_the_servers_word(world):
    """Asked for everything, the floor since the last poll and the server's word still hold."""
    world.sync(source(A), source(B), source(C, every=timedelta(minutes=10)))
    for url, word in ((A, None), (B, NOW + 2 * HOUR), (C, None)):
        world.poll(url, memory=Memory(last_poll=NOW, not_before=word), due=5 * HOUR)
    assert not world.lease(NOW + SECOND, everything=True)
    assert world.store.polls.next_due(NOW, everything=True) == NOW + timedelta(minutes=10)
    assert set(world.lease(NOW + timedelta(minutes=10), everything=True)) == {C}
    assert set(world.lease(NOW + HOUR, everything=True)) == {A}
    assert not world.lease(NOW + HOUR + SECOND)
    assert set(world.lease(NOW + 2 * HOUR, everything=True)) == {B}
    assert world.store.polls.next_due(NOW) is None


def test_everything_includes_what_is_due_below_its_floor(world):
    """A due time that lies below the floor (the source's rhythm asked for it) counts by itself."""
    world.sync(source(A))
    world.poll(A, due=timedelta(minutes=5))
    assert world.store.polls.next_due(NOW, everything=True) == NOW + timedelta(minutes=5)
    assert set(world.lease(NOW + timedelta(minutes=5), everything=True)) == {A}


def test_one_round_asks_every_source_once(world):
    """What was leased since a time is left out on request."""
    world.sync(source(A, every=SECOND), source(B))
    world.poll(A, due=SECOND)
    later = NOW + HOUR
    assert world.store.polls.next_due(later, not_since=NOW) == later
    assert set(world.lease(later, not_since=NOW)) == {B}
    assert world.store.polls.next_due(later, not_since=NOW) is None
    assert world.store.polls.next_due(later, not_since=NOW + SECOND) == later
    assert set(world.lease(later)) == {A}


def test_next_due_is_the_earliest(world):
    """The next time is never in the past, and None without sources."""
    assert world.store.polls.next_due(NOW) is None
    world.sync(source(A), source(B))
    assert world.store.polls.next_due(NOW + HOUR) == NOW + HOUR
    world.poll(A, due=3 * HOUR)
    world.poll(B, due=2 * HOUR)
    assert world.store.polls.next_due(NOW) == NOW + 2 * HOUR


def test_what_a_poll_learnt_comes_back_with_the_next_lease(world):
    """Memory survives, and the operator sees it with due time, posts and entries that could not be read."""
    world.sync(source(A))
    lease = world.lease()[A]
    memory = replace(lease.memory, failures=2, last_error="no such host", last_poll=NOW)
    world.store.polls.commit(
        [replace(outcome(lease, memory=memory), due=Due(NOW + 2 * HOUR, ("x", "y")))], NOW
    )
    world.restart()
    world.sync(source(A))
    (status,) = world.store.sources.sources()
    assert (status.memory, status.due) == (memory, Due(NOW + 2 * HOUR, ("x", "y")))
    assert world.lease(NOW + 2 * HOUR)[A].memory == memory


def test_a_removed_source_is_leased_no_more(world):
    """A poll that is under way when its source leaves the file is lost, and frees its slot."""
    world.sync(source(ONE_HOST[0]), source(ONE_HOST[1]))
    lease = world.lease()[ONE_HOST[0]]
    world.sync(source(ONE_HOST[1]))
    assert world.store.polls.commit([outcome(lease)], NOW) == [LeaseLost()]
    assert set(world.lease(NOW + HOUR)) == {ONE_HOST[1]}
    assert world.shown() == []


def test_statuses_come_in_the_order_of_the_file(world):
    """Removed sources come last; paused, gone and removed ones have no due time."""
    from aggregator.model import New, Rejected

    world.sync(source(B), source(A), source(C, paused=True))
    world.poll(A, New(post("one")), New(post("two")), Rejected(post("three", dropped="rules.0"), "rules.0"))
    world.sync(source(C, paused=True), source(A), now=NOW + SECOND)
    statuses = world.store.sources.sources()
    assert [(s.url, s.active, s.due is None) for s in statuses] == [
        (C, True, True),
        (A, True, False),
        (B, False, True),
    ]
    assert [(s.posts, s.dropped) for s in statuses] == [(0, 0), (2, 1), (0, 0)]
