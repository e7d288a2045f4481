"""Two pollers on one store: what one of them leases, paces and ends holds for the other."""

from datetime import timedelta

import pytest

from aggregator.model import Committed, Errand, LeaseLost, Memory, Polling
from tests.contract.made import HOUR, NOW, SECOND, A, B, C, outcome, source

ONE_HOST = tuple(f"https://one.example/{n}" for n in range(4))


@pytest.fixture
def pair(world):
    """Makes both pollers of these sources."""

    def made(*urls, gap=SECOND, per_host=1):
        config = world.sync(*map(source, urls), polling=Polling(per_host=per_host, per_host_gap=gap))
        return world.store.polls, world.beside(config)

    return made


def urls(leases):
    return [lease.url for lease in leases]


def test_no_source_is_leased_twice(pair):
    """What one has, the other does not get; what is left, it does."""
    one, two = pair(A, B, C)
    assert urls(one.lease_due(NOW, 2)) == [A, B]
    assert urls(two.lease_due(NOW, 9)) == [C]
    assert not one.lease_due(NOW, 9)
    assert not two.lease_due(NOW + 59 * SECOND, 9, everything=True)


@pytest.mark.parametrize("per_host", [1, 2, 3])
def test_slots_of_a_host_are_counted_over_both(pair, per_host):
    """Together they have as many exchanges under way as one of them may."""
    one, two = pair(*ONE_HOST, gap=timedelta(0), per_host=per_host)
    first = one.lease_due(NOW, 1)
    assert len(two.lease_due(NOW, 9)) == per_host - 1
    assert not one.lease_due(NOW, 9)
    assert two.next_due(NOW) is None
    one.commit([outcome(first[0])], NOW)
    assert two.next_due(NOW) == NOW
    assert len(two.lease_due(NOW, 9)) == 1


def test_gaps_lie_between_the_exchanges_of_both(pair):
    """Whoever's exchange began or ended last."""
    one, two = pair(*ONE_HOST, per_host=4)
    (held,) = one.lease_due(NOW, 9)
    assert not two.lease_due(NOW, 9)
    assert two.next_due(NOW) == NOW + SECOND
    (other,) = two.lease_due(NOW + SECOND, 9)
    two.commit([outcome(other)], NOW + 5 * SECOND)
    assert one.next_due(NOW + 5 * SECOND) == NOW + 6 * SECOND
    one.give_back(held, NOW + 5 * SECOND + SECOND / 2)
    assert two.next_due(NOW + 6 * SECOND) == NOW + 6 * SECOND + SECOND / 2


def test_a_pause_that_one_was_told_holds_for_the_other(pair):
    """So does everything else that a poll learnt."""
    one, two = pair(*ONE_HOST[:2])
    (held,) = one.lease_due(NOW, 1)
    until = NOW + 5 * HOUR
    memory = Memory(last_poll=NOW, rhythm=HOUR)
    one.commit([outcome(held, memory=memory, pause_host_until=until)], NOW)
    assert two.next_due(NOW) == until
    (other,) = two.lease_due(until, 1)
    assert not one.lease_due(until, 1)
    two.commit([outcome(other)], until)
    (again,) = one.lease_due(until + SECOND, 1)
    assert {other.source.url: other.memory, again.source.url: again.memory}[ONE_HOST[0]] == memory


def test_a_token_of_one_fences_the_other(pair):
    """Who has given a lease back can end nothing that the other holds meanwhile."""
    one, two = pair(A)
    (old,) = one.lease_due(NOW, 1)
    one.give_back(old, NOW)
    (new,) = two.lease_due(NOW + HOUR, 1)
    assert one.commit([outcome(old)], NOW + HOUR) == [LeaseLost()]
    one.give_back(old, NOW + HOUR)
    assert two.commit([outcome(new)], NOW + HOUR) == [Committed(frozenset())]


def test_a_second_poller_voids_no_lease_of_the_first(world):
    """Coming beside it takes nothing from it."""
    config = world.sync(source(A))
    (held,) = world.store.polls.lease_due(NOW, 1)
    two = world.beside(config)
    assert not two.lease_due(NOW + HOUR, 1)
    assert world.store.polls.commit([outcome(held)], NOW) == [Committed(frozenset())]


def test_errands_of_one_are_run_by_either_and_once(pair):
    """They have the slots, gaps and tokens of both."""
    one, two = pair(A)
    (held,) = one.lease_due(NOW, 1)
    pages = tuple(Errand("archive", f"{A}?page={n}", NOW) for n in (2, 3))
    one.commit([outcome(held, errands=pages)], NOW)
    (first,) = two.lease_due(NOW + SECOND, 9)
    assert not one.lease_due(NOW + 9 * SECOND, 9)
    two.give_back(first, NOW + 9 * SECOND)
    (second,) = one.lease_due(NOW + 10 * SECOND, 9)
    assert (first.url, second.url) == (pages[0].url, pages[1].url)
    assert two.commit([outcome(first)], NOW) == [LeaseLost()]
