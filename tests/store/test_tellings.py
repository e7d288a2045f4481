"""How posts joined their stories, as rows: what `explain` says of them."""

import sqlite3

from aggregator.model import Duplicate, New, Parting, Rejected
from aggregator.store import open_store
from tests.contract.made import HOUR, NOW, A, B, C, config, outcome, post, source


def test_who_joined_has_a_row_and_a_founder_none(tmp_path):
    """With what tied it to the story, whose words it has and how similar they are; hidden ones too."""
    one, two, three = post("one"), post("two", B), post("three", C, dropped="x")
    path = str(tmp_path / "store.db")
    with open_store(path, output=str(tmp_path / "public"), loops=True, now=NOW) as store:
        store.polls.sync(config(source(A), source(B), source(C)), NOW)
        a, b, c = store.polls.lease_due(NOW, 3)
        joins = Duplicate(two, one.id, "alike", similarity=0.75)
        hidden = Rejected(three, "x", one.id, "id", two.id, 0.5)
        made = [outcome(lease, verdict) for lease, verdict in ((a, New(one)), (b, joins), (c, hidden))]
        store.polls.commit(made, NOW)
        assert rows(path) == [("two", two.id, "alike", 0.75), ("three", two.id, "id", 0.5)]
        (again, *_) = store.polls.lease_due(NOW + HOUR, 1)
        store.polls.commit([outcome(again, partings=(Parting(one.id, (two.id,)),))], NOW + HOUR)
    assert rows(path) == [("three", three.id, "id", 0.5)]


def rows(path):
    """Guid, telling, what joined it and the similarity of each, in order of arrival."""
    with sqlite3.connect(path) as connection:
        query = (
            "SELECT guid, telling, joined, similarity FROM tellings JOIN posts ON posts.id = tellings.post"
        )
        found = connection.execute(f"{query} ORDER BY posts.id").fetchall()
    connection.close()
    return found
