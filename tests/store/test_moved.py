"""A store that moves from an SQLite file to PostgreSQL, with everything that is in it."""

import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest
import sqlalchemy as sa

from aggregator.errors import StoreError, StoreLocked, StoreMissing
from aggregator.model import Document, Duplicate, New
from aggregator.store import move, open_store
from aggregator.store.postgres import PostgreSQL
from aggregator.store.sqlite import SQLite
from aggregator.store.tables import metadata
from tests.contract import made
from tests.contract.made import HOUR, NOW, A, B

LATER = NOW + timedelta(days=3)


@pytest.fixture
def file(tmp_path):
    """The path of a store that has lived: posts, a duplicate, an archive, a takedown, a lease."""
    path = str(tmp_path / "store.db")
    with open_store(path, output=str(tmp_path / "public"), loops=True, now=NOW) as store:
        store.polls.sync(made.config(made.source(A), made.source(B)), NOW)
        first, second = store.polls.lease_due(NOW, 9)
        odd = "Nul \0, 标题, \N{PILE OF POO}"
        posts = [New(made.post(f"post{n}", minutes=n, title=odd)) for n in range(5)]
        store.polls.commit([made.outcome(first, *posts)], NOW)
        copy = made.post("copy", B, keys=("u1:example.org/post0",))
        store.polls.commit(
            [made.outcome(second, Duplicate(copy, "tag:example,2026:post0"), New(made.post("own", B)))], NOW
        )
        while (claim := store.documents.claim(NOW)) is not None:
            if claim.scope == "news":
                ids = [arrival.shown for arrival in store.archives.uncut("news").arrivals]
                store.archives.close(claim, [ids[:2]], "2026-11-24", NOW)
            store.documents.settle(claim, NOW)
        store.documents.put(Document("feed.atom", "", b"<feed/>"), NOW)
        store.takedowns.take_down(
            ["tag:example,2026:post4"],
            NOW + HOUR,
            reason="test",
            new_id=lambda *_: "tag:example,2026:new",
            page=lambda *_: "post/2026/11/x.html",
            whole=False,
        )
        assert store.polls.lease_due(NOW + timedelta(days=2), 1)  # the daemon died with it
    return path


def rows(database):
    """Every row by table; of text as PostgreSQL can have it."""
    with database.read() as connection:
        return {
            table.name: [
                tuple(
                    value.replace("\0", "\N{REPLACEMENT CHARACTER}") if isinstance(value, str) else value
                    for value in row
                )
                for row in connection.execute(sa.select(table).order_by(*table.primary_key))
            ]
            for table in metadata.sorted_tables
        }


def test_everything_moves(file, postgres_empty):
    """Row by row, but for leases and claims, which are void; the file stays as it is."""
    with closing(sqlite3.connect(file)) as connection:
        before = list(connection.iterdump())
    moved = move(file, postgres_empty, LATER)
    with closing(sqlite3.connect(file)) as connection:
        assert list(connection.iterdump()) == before
    with closing(SQLite(file, loops=False, now=LATER)) as old:
        with closing(PostgreSQL(postgres_empty, loops=False, now=LATER)) as new:
            there, here = rows(new), rows(old)
    leased = list(metadata.tables["sources"].c.keys()).index("leased_at")
    here["sources"] = [(*row[:leased], None, *row[leased + 1 :]) for row in here["sources"]]
    for name in metadata.tables:
        assert there[name] == here[name], name
    assert moved.rows == {name: len(some) for name, some in here.items() if some}
    assert {"posts", "archives", "ended", "post_keys", "documents", "facts"} <= moved.rows.keys()


def test_it_lives_on(file, postgres_empty, tmp_path):
    """As the same store: its id, its posts, what is due when; what comes is counted on from there."""
    where = {"output": str(tmp_path / "public"), "loops": True, "now": LATER}
    with open_store(file, **where | {"loops": False}) as old:
        identity, shown = old.posts.identity(), old.posts.newest(None, 9)
    move(file, postgres_empty, LATER)
    with open_store(postgres_empty, **where) as store:
        assert store.posts.identity() == identity
        assert [story.id for story in store.posts.newest(None, 9)] == [story.id for story in shown]
        store.polls.sync(made.config(made.source(A), made.source(B)), LATER)
        leases = {lease.source.url: lease for lease in store.polls.lease_due(LATER, 9)}
        outcome = made.outcome(leases[A], New(made.post("fresh", minutes=99)), at=LATER)
        [committed] = store.polls.commit([outcome], LATER)
        assert committed.dirty == {"news"}
        assert "tag:example,2026:fresh" in [story.id for story in store.posts.newest(None, 9)]


def test_not_into_a_store(file, postgres):
    """One that is in use stays as it is; one that was only made is taken for empty."""
    with open_store(postgres, output="/nowhere", loops=True, now=NOW) as store:
        store.polls.sync(made.config(made.source(A)), NOW)
        with pytest.raises(StoreError, match="a store is in it already, and stays as it is"):
            move(file, postgres, LATER)
        assert [source.url for source in store.sources.sources()] == [A]


def test_not_from_under_a_daemon(file, postgres_empty, tmp_path):
    """Who polls would go on in the file; and what is not there cannot move."""
    with open_store(file, output=str(tmp_path / "public"), loops=True, now=NOW):
        with pytest.raises(StoreLocked):
            move(file, postgres_empty, LATER)
    with pytest.raises(StoreMissing):
        move(str(tmp_path / "none.db"), postgres_empty, LATER)
    move(file, postgres_empty, LATER)


def test_all_or_nothing(file, postgres_empty):
    """A row that cannot move: nothing has, and the next try begins from the start."""
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("PRAGMA foreign_keys = off")
        connection.execute("UPDATE posts SET story = 'none' WHERE post LIKE '%own'")
    with pytest.raises(StoreError):
        move(file, postgres_empty, LATER)
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE posts SET story = post WHERE story = 'none'")
    assert move(file, postgres_empty, LATER).rows["posts"] == 7
