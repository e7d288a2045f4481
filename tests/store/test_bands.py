"""Housekeeping of bands, which everything else waits for: it takes its time in turns."""

import sqlite3
from datetime import timedelta

from aggregator.model import New
from aggregator.store import bands, open_store
from tests.contract.made import NOW, A, config, outcome, post, source


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
