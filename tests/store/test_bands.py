"""Bands: whether posts need any, and their housekeeping, which takes its time in turns."""

import sqlite3
from datetime import timedelta

import pytest

from aggregator.dedupe import shingles
from aggregator.model import Category, Committed, New, Stale
from aggregator.store import bands, open_store
from tests.contract.made import NOW, A, config, outcome, post, source

DAY = timedelta(days=1)


def test_housekeeping_leaves_what_is_too_much_for_the_next_one(tmp_path, monkeypatch):
    """After a long absence there may be hundreds of thousands of posts whose bands are to be forgotten."""
    monkeypatch.setattr(bands, "SWEEPS", 2)
    path = str(tmp_path / "store.db")
    with open_store(path, output=str(tmp_path / "public"), loops=True, now=NOW) as store:
        store.polls.sync(config(source(A)), NOW)
        (lease,) = store.polls.lease_due(NOW, 1)
        many = [New(post(f"p{n}", bands=(n, -n - 1))) for n in range(2 * bands.SWEPT + 9)]
        store.polls.commit([outcome(lease, *many)], NOW)
        left = []
        for _ in range(2):
            store.housekeep(NOW + timedelta(days=15))
            left.append(count(path))
    assert left == [2 * 9, 0]


def count(path):
    with sqlite3.connect(path) as connection:
        (found,) = connection.execute("SELECT count(*) FROM bands").fetchone()
    connection.close()
    return found


KEEPS = Category("news", "News", near_duplicates="keep")
SAID = "The ministry of works has said on Monday that the old bridge at Hammerton is closed until spring."


def test_nothing_is_compared_where_every_category_keeps(world):
    """One that merges is enough; the file may say another thing tomorrow."""
    compared = []
    world.sync(source(A), categories=(KEEPS,))
    lease = world.lease()
    compared.append(lease.compares)
    world.store.polls.commit([outcome(lease)], NOW)
    world.sync(source(A), categories=(KEEPS, "world"))
    compared.append(world.lease(after=DAY).compares)
    assert compared == [False, True]


def test_what_was_taken_down_is_looked_for_all_the_same(world):
    """Its copies must not come in by another source."""
    world.sync(source(A), categories=(KEEPS,))
    lease = world.lease()
    story = post("one", bands=shingles.bands(SAID), content=SAID)
    assert world.store.polls.commit([outcome(lease, New(story))], NOW) == [Committed(frozenset({"news"}))]
    world.store.takedowns.take_down(
        [story.id], NOW, reason="", whole=False, new_id=lambda url, former: "x", page=lambda *_: "x"
    )
    assert world.lease(after=DAY).compares


def test_a_category_merges_since_the_document_was_read(world):
    """It is read once more, with what its posts are compared by."""
    world.sync(source(A), categories=(KEEPS,))
    lease = world.lease()
    world.sync(source(A), categories=("news",))
    (result,) = world.store.polls.commit([outcome(lease, New(post("one")))], NOW)
    assert isinstance(result, Stale)
    assert result.lease.compares
    again = outcome(result.lease, New(post("one")))
    assert world.store.polls.commit([again], NOW) == [Committed(frozenset({"news"}))]


class World:
    """A store with one source."""

    def __init__(self, store):
        self.store = store

    def sync(self, *sources, categories):
        self.store.polls.sync(config(*sources, categories=categories), NOW)

    def lease(self, after=timedelta(0)):
        (lease,) = self.store.polls.lease_due(NOW + after, 1)
        return lease


@pytest.fixture
def world(tmp_path):
    output = str(tmp_path / "public")
    with open_store(str(tmp_path / "store.db"), output=output, loops=True, now=NOW) as store:
        yield World(store)
