"""Which configuration is in force, where two processes on one PostgreSQL database have read two."""

from datetime import timedelta

import pytest

from aggregator.model import Jekyll, Output, Polling, Server
from aggregator.store import force, open_store
from tests.contract.made import NOW, A, B, config, source


@pytest.fixture
def both(postgres, tmp_path):
    """The stores of two processes."""
    where = {"output": str(tmp_path / "public"), "loops": True, "now": NOW}
    with open_store(postgres, **where) as one, open_store(postgres, **where) as two:
        yield one, two


def test_the_later_one(both):
    """Who has read another file leases and claims nothing, until it has read the same, or comes later."""
    one, two = both
    first, second = config(source(A)), config(source(A), source(B))
    one.polls.sync(first, NOW)
    assert one.polls.in_force()
    two.polls.sync(second, NOW)
    assert (one.polls.in_force(), two.polls.in_force()) == (False, True)
    assert one.polls.lease_due(NOW, 9) == []
    assert one.documents.claim(NOW) is None
    assert {lease.source.url for lease in two.polls.lease_due(NOW, 9)} == {A, B}
    assert two.documents.claim(NOW) is not None
    one.polls.sync(second, NOW)
    assert (one.polls.in_force(), two.polls.in_force()) == (True, True)
    one.polls.sync(first, NOW)
    assert (one.polls.in_force(), two.polls.in_force()) == (True, False)


def test_what_a_host_has_for_itself():
    """Addresses and directories make no other configuration; what readers and sources notice does."""
    given = config(source(A), output=Output(directory="/a", jekyll=Jekyll("/a/_posts")))
    same = config(
        source(A),
        store="postgresql://other/db",
        server=Server(listen="0.0.0.0:80", admin=None, admin_token="x"),
        output=Output(directory="/b", jekyll=Jekyll("/b/_posts")),
    )
    assert force.digest(given) == force.digest(same)
    others = [
        config(source(A, definition="e"), output=given.output),
        config(source(A), source(B), output=given.output),
        config(source(A), output=Output(directory="/a", jekyll=Jekyll("/a/_posts"), entries=9)),
        config(source(A), output=given.output, polling=Polling(per_host_gap=timedelta(0))),
        config(source(A), output=given.output, server=Server(hub=False)),
        config(source(A, paused=True), output=given.output),
    ]
    assert len({force.digest(one) for one in (given, *others)}) == len(others) + 1
