"""Many outcomes in one transaction: how many statements they take, and whether each gets what is its own."""

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from aggregator.model import (
    Committed,
    Due,
    Errand,
    Exchange,
    Item,
    Items,
    LeaseLost,
    New,
    Polling,
    Unchanged,
    UnreadEntry,
)
from aggregator.store import open_store
from tests.contract.made import HOUR, NOW, config, outcome, post, source

MANY = [f"https://host{n}.example/feed" for n in range(60)]


@pytest.fixture
def store(tmp_path):
    opened = open_store(str(tmp_path / "store.db"), output=str(tmp_path / "public"), loops=True, now=NOW)
    opened.polls.sync(config(*map(source, MANY)), NOW)
    yield opened
    opened.close()


@pytest.fixture
def statements():
    """Every statement that is sent, in order."""
    sent = []

    def note(connection, cursor, statement, parameters, context, executemany):
        sent.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    yield sent
    sa.event.remove(sa.Engine, "before_cursor_execute", note)


def quiet(lease, at=NOW):
    """A poll that brought nothing, which says whose it was."""
    memory = replace(lease.memory, last_poll=at, last_result=f"none of {lease.source.url}")
    said = Exchange(at, 304, 0, timedelta(0), memory.last_result, False)
    return outcome(lease, at=at, memory=memory, exchange=said)


def test_polls_that_bring_nothing_share_their_statements(store, statements):
    """Fifty of them are leased and written by no more statements than five, and each has its own."""
    taken = {}
    for many in (5, 50):
        statements.clear()
        leases = store.polls.lease_due(NOW, many)
        assert len(leases) == many
        results = store.polls.commit([quiet(lease) for lease in leases], NOW)
        assert results == [Committed(frozenset())] * many
        taken[many] = len(statements)
        for lease in leases:
            (said,) = store.sources.exchanges(lease.source.url)
            assert said.said == f"none of {lease.source.url}"
    assert taken[50] <= taken[5]
    polled = [status for status in store.sources.sources() if status.memory.last_poll]
    assert len(polled) == 55
    assert all(status.memory.last_result == f"none of {status.url}" for status in polled)
    assert all(status.due.at == NOW + HOUR for status in polled)


def test_bodies_that_bring_nothing_share_them_too(store, statements):
    """What is known of the items, and what could not be read, is each source's own."""
    taken = {}
    for many in (5, 50):
        leases = store.polls.lease_due(NOW, many)
        outcomes = [
            replace(
                quiet(lease),
                verdicts=(Unchanged(f"tag:{n}"),),
                unread=(UnreadEntry(n, f"of {lease.source.url}"),) if n % 2 else None,
                items=Items(
                    lease.source.url, (Item(f"d{n}", NOW, "published", 1, "guid", "link", f"tag:{n}"),)
                ),
            )
            for n, lease in enumerate(leases)
        ]
        statements.clear()
        assert store.polls.commit(outcomes, NOW) == [Committed(frozenset())] * many
        taken[many] = len(statements)
        for one in outcomes:
            assert store.polls.items(one.lease.source.url) == one.items
    assert taken[50] <= taken[5]
    unread = {status.url: status.unread for status in store.sources.sources()}
    assert unread == {
        status.url: tuple(e for e in unread[status.url] if e.reason == f"of {status.url}")
        for status in store.sources.sources()
    }
    assert sum(map(len, unread.values())) == 2 + 25


def test_the_second_outcome_of_one_lease_is_lost(store):
    """Of two in one batch the first counts, as it would if each came alone."""
    lease, other = store.polls.lease_due(NOW, 2)
    first, second = quiet(lease), replace(quiet(lease), due=Due(NOW + 9 * HOUR))
    assert store.polls.commit([first, quiet(other), second], NOW) == [
        Committed(frozenset()),
        Committed(frozenset()),
        LeaseLost(),
    ]
    due = {status.url: status.due.at for status in store.sources.sources()}
    assert due[lease.source.url] == NOW + HOUR
    assert [e.said for e in store.sources.exchanges(lease.source.url)] == [first.memory.last_result]


@pytest.mark.parametrize("errand_first", [False, True])
def test_a_poll_and_an_errand_of_one_source_in_one_batch(store, errand_first):
    """Whichever comes first, what the errand has brought is not among the items that the poll knows."""
    both_at_once = Polling(per_host=2, per_host_gap=timedelta(0))
    store.polls.sync(config(source(MANY[0]), polling=both_at_once), NOW)
    (lease,) = store.polls.lease_due(NOW, 1)
    url = lease.source.url
    store.polls.commit([replace(quiet(lease), errands=(Errand("archive", f"{url}/older", NOW),))], NOW)
    later = NOW + 2 * HOUR
    poll, run = sorted(store.polls.lease_due(later, 2), key=lambda one: one.errand is not None)
    known = Items("c", (Item("d", NOW, "published", 1, "guid", "link", "tag:one"),))
    outcomes = [
        replace(quiet(poll, later), items=known),
        outcome(run, New(post("older", url)), at=later, result="1 new"),
    ]
    done = store.polls.commit(outcomes[::-1] if errand_first else outcomes, later)
    assert [type(result) for result in done] == [Committed, Committed]
    assert store.polls.items(url) is None
    (status,) = [status for status in store.sources.sources() if status.url == url]
    assert status.memory.last_poll == later


def test_what_one_new_post_takes(store, statements):
    """Sending a statement costs more than running it: their number is what a changed feed costs."""
    leases = store.polls.lease_due(NOW, 2)
    first, second = (outcome(lease, New(post(str(n), lease.source.url))) for n, lease in enumerate(leases))
    store.polls.commit([first], NOW)
    statements.clear()
    assert store.polls.commit([second], NOW) == [Committed(frozenset({"news"}))]
    assert len(statements) <= 24, "\n".join(statements)
