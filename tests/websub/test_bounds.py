"""How often a host may be asked for others, and when a failed delivery is tried again."""

from datetime import UTC, datetime, timedelta

from aggregator import websub
from aggregator.websub.bounds import BURST, FIRST, LAST

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def test_waits_double_up_to_a_bound():
    """10 s, 20 s, ... 6 h, whatever the number; a little more for some, so that they do not come at once."""
    waits = [websub.again(NOW, failures, 0) - NOW for failures in (1, 2, 3, 12, 13, 10_000)]
    assert waits == [FIRST, 2 * FIRST, 4 * FIRST, min(2048 * FIRST, LAST), LAST, LAST]
    spread = {websub.again(NOW, 1, row) - NOW for row in range(100)}
    assert (min(spread), max(spread)) == (FIRST, FIRST * 1.09)


def test_a_wish_counts_within_the_bound():
    """Retry-After puts it off, for six hours at most, and never brings it forward."""
    assert websub.again(NOW, 1, 0, NOW + timedelta(minutes=5)) == NOW + timedelta(minutes=5)
    assert websub.again(NOW, 1, 0, NOW + timedelta(days=5)) == NOW + LAST
    assert websub.again(NOW, 3, 0, NOW + timedelta(seconds=1)) == NOW + 4 * FIRST


def test_an_allowance_runs_out_and_fills_up():
    """Each host has its own, one more for each second, never more than at first."""
    allowance = websub.Allowance()
    assert all(allowance.take("a", NOW) for _ in range(BURST))
    assert not allowance.take("a", NOW)
    assert allowance.take("b", NOW)
    assert not allowance.take("a", NOW - timedelta(hours=1)), "a clock that goes back fills nothing"
    later = NOW + 2 * websub.PACE
    assert [allowance.take("a", later) for _ in range(3)] == [True, True, False]
    much_later = NOW + timedelta(days=1)
    assert sum(allowance.take("a", much_later) for _ in range(2 * BURST)) == BURST


def test_hosts_are_not_remembered_for_ever():
    """Ten thousand at once are too many; those that have rested are forgotten."""
    allowance = websub.Allowance()
    assert all(allowance.take(f"{n}.example", NOW) for n in range(10_000))
    assert not allowance.take("one-more.example", NOW)
    assert allowance.take("one-more.example", NOW + timedelta(seconds=2))
