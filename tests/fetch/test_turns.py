"""Whose turn it is at a host, in simulated time."""

import asyncio

import pytest

from aggregator.fetch.turns import Turns
from tests.origin.simulated import simulate


def now():
    return asyncio.get_running_loop().time()


async def exchange(turns, *hosts, stay=10.0, at_once=1, gap=1.0, begun=None):
    """One that stays a while at each host in turn; when it came to each."""
    begun = [] if begun is None else begun
    with turns.exchange(hosts[0], gap) as visit:
        for host in hosts:
            await visit.move(host, at_once, gap)
            begun.append((host, now()))
            await asyncio.sleep(stay)
    return begun


def run(*exchanges, **how):
    """When each exchange came to its last host."""

    async def main():
        turns = Turns()
        ended = await asyncio.gather(*(exchange(turns, *hosts, **how) for hosts in exchanges))
        return [begun[-1][1] for begun in ended]

    return simulate(main())


def test_one_after_the_other_with_a_gap():
    """A host that redirects lead to is asked as configured, in the order of coming."""
    assert run(("a", "x"), ("b", "x"), ("c", "x"), gap=1.0) == [10, 21, 32]


def test_as_many_at_once_as_configured():
    """Slots and gaps both count: the gap is between two beginnings too."""
    assert run(("a", "x"), ("b", "x"), ("c", "x"), at_once=2, gap=0.0) == [10, 10, 20]
    assert run(("a", "x"), ("b", "x"), ("c", "x"), at_once=3, gap=1.0) == [10, 11, 12]


def test_hosts_do_not_wait_for_each_other():
    """What goes elsewhere goes at once."""
    assert run(("a", "x"), ("b", "y")) == [10, 10]


def test_who_begins_at_a_host_does_not_wait_but_counts():
    """The store has given it its turn; redirects that lead there wait for it."""
    assert run(("x", "x", "x"), ("b", "x")) == [20, 31]
    assert run(("x",), ("x",), ("x",)) == [0, 0, 0]


def test_an_exchange_is_at_one_host_at_a_time():
    """Two that cross do not wait for each other for ever, and the way back is free."""
    assert run(("a", "b", "a"), ("b", "a", "b"), stay=1.0, gap=10.0) == [12, 12]


@pytest.mark.parametrize("waits_for", ["a slot", "the gap"])
def test_a_cancelled_wait_leaves_nothing_behind(waits_for):
    """Who is called off, at the head of the line or behind, holds up nobody."""
    stay, gap = (100.0, 0.0) if waits_for == "a slot" else (1.0, 100.0)

    async def main():
        turns = Turns()
        begun = []
        first = asyncio.create_task(exchange(turns, "x", stay=stay, gap=gap))
        await asyncio.sleep(0)
        tasks = [
            asyncio.create_task(exchange(turns, host, "x", stay=5.0, gap=gap, begun=begun)) for host in "abc"
        ]
        await asyncio.sleep(50)
        tasks[0].cancel()
        tasks[1].cancel()
        ended = await asyncio.gather(*tasks, first, return_exceptions=True)
        assert [type(end) for end in ended[:2]] == [asyncio.CancelledError] * 2
        start = now()
        await exchange(turns, "d", "x", stay=5.0, gap=gap)
        return [at for host, at in begun if host == "x"], now() - start

    begun, after = simulate(main())
    assert begun == [100.0 if waits_for == "a slot" else 101.0]
    assert after == (10.0 if waits_for == "a slot" else 105.0)


@pytest.mark.parametrize("way", ["polled", "led to"])
def test_hosts_are_not_remembered_for_ever(way):
    """Only as long as somebody may have to wait for them, whether a redirect leads there or not."""

    async def main():
        turns = Turns()
        for number in range(5000):
            host = f"host-{number}"
            await exchange(turns, *([host] if way == "polled" else ["a", host]), stay=1.0)
        await exchange(turns, "host-4999", stay=1.0, gap=9.0)
        begun = await exchange(turns, "a", "host-4999", stay=1.0, gap=9.0)
        assert begun[-1][1] - begun[0][1] == 9.0  # the gap since is remembered
        return len(turns._hosts)

    assert simulate(main()) <= 1002
