"""Which polls an edit would move, without moving them."""

from datetime import timedelta

import pytest

from aggregator.store import open_store
from tests.contract.made import HOUR, NOW, A, B, C, config, outcome, source

MINUTE = timedelta(minutes=1)


@pytest.fixture
def store(tmp_path):
    opened = open_store(str(tmp_path / "a.db"), output=str(tmp_path / "public"), loops=True, now=NOW)
    with opened:
        yield opened


def test_what_a_sync_would_do_is_what_it_does(store):
    """An interval that was edited, a source that returns; nothing else, and nothing is written."""
    every = {"every": HOUR}
    before = config(source(A, **every), source(B, **every), source(C, **every))
    store.polls.sync(before, NOW)
    leases = store.polls.lease_due(NOW, 9)
    store.polls.commit([outcome(lease) for lease in leases], NOW)
    edited = config(
        source(A, every=2 * HOUR), source(B, definition="other", **every), source(C, every=MINUTE)
    )
    said = store.sources.replanned(edited, NOW)
    assert said.keys() == {A, C}
    assert (said[A].due.at > said[A].before, said[C].due.at < said[C].before) == (True, True)
    due = {one.url: one.due.at for one in store.sources.sources()}
    assert {url: one.before for url, one in said.items()} == {url: due[url] for url in said}
    store.polls.sync(edited, NOW)
    due = {one.url: one.due.at for one in store.sources.sources()}
    assert {url: one.due.at for url, one in said.items()} == {url: due[url] for url in said}
    assert store.sources.replanned(edited, NOW) == {}


def test_paused_sources_have_no_polls_to_move(store):
    """Nor has one of which nothing is stored."""
    store.polls.sync(config(source(A, every=HOUR)), NOW)
    store.polls.commit([outcome(lease) for lease in store.polls.lease_due(NOW, 9)], NOW)
    edited = config(source(A, every=MINUTE, paused=True), source(B))
    assert store.sources.replanned(edited, NOW) == {}
