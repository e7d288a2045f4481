"""Whose body is read next: a truth table of what sources have cost, and of who waits."""

import pytest

from aggregator.workers.lanes import QUICK, Costs, Line

MB = 1_000_000


def expected_after(*seconds, size=1000):
    costs = Costs()
    for one in seconds:
        costs.note("a", one)
    return costs.expected("a", size)


def test_a_source_that_is_not_known_is_quick_whatever_its_size():
    """Size alone puts nobody among the costly, but the small go first."""
    small, large, huge = (Costs().expected("a", size) for size in (20_000, MB, 1000 * MB))
    assert small < large < huge < QUICK


@pytest.mark.parametrize(
    ("seconds", "costly"),
    [
        ((0.05, 0.1), False),
        ((10,), True),
        ((10, 0.01), True),  # one cheap body does not make up for it
        ((10, 0.01, 10, 0.01, 10, 0.01), True),  # nor do they in turns
        ((10, 0.01, 0.01, 0.01, 0.01), False),  # it has become better
        ((0.01, 10), True),
    ],
)
def test_a_source_is_known_by_what_it_has_cost(seconds, costly):
    """At once where that is more than before; by halves where it is less."""
    assert (expected_after(*seconds) >= QUICK) is costly


def test_sources_do_not_share_their_costs():
    costs = Costs()
    costs.note("hostile", 10)
    assert costs.expected("good", 1000) < QUICK < costs.expected("hostile", 1000)


def test_cheap_ones_are_not_kept():
    """Ten thousand honest sources take no memory, and those that cost most lately push out the oldest."""
    costs = Costs()
    for n in range(10_001):
        costs.note(f"{n}", 5.0)
    assert costs.expected("0", 1000) < QUICK < costs.expected("1", 1000)


def line(*costs, most=100.0):
    """A line that these have joined, by their number; and who had to leave it."""
    made = Line(most)
    left = [ticket for n, cost in enumerate(costs) for ticket in made.join(cost, n)]
    return made, left


def rest(made):
    return list(iter(made.next, None))


def test_the_cheapest_goes_first():
    """Equals go in the order in which they came."""
    made, left = line(3, 1, 2, 1)
    assert (rest(made), left) == ([1, 3, 2, 0], [])


def test_a_full_line_sends_the_costliest_away():
    """Whoever came when: a cheap one that comes late takes a costly one's place."""
    made, left = line(4, 5, 1, most=9)
    assert (rest(made), left) == ([2, 0], [1])


def test_a_full_line_sends_away_who_just_came_and_costs_most():
    made, left = line(4, 5, 6, most=9)
    assert (rest(made), left) == ([0, 1], [2])


def test_one_may_always_wait():
    """Even one that costs more than all may together."""
    made, left = line(10, most=9)
    assert (rest(made), left) == ([0], [])


def test_who_leaves_is_not_called():
    made, _ = line(1, 2, 3)
    made.leave(1)
    made.leave(7)
    assert rest(made) == [0, 2]
