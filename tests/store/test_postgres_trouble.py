"""A store on PostgreSQL when the server, its settings or the network are not as one would wish."""

import random
import string
from dataclasses import replace

import pytest
import sqlalchemy as sa

from aggregator.errors import StoreError
from aggregator.model import Committed, LeaseLost, New
from aggregator.store import open_store
from tests.contract.made import HOUR, NOW, A, B, config, outcome, post, source

CUT = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid != pg_backend_pid()"
)


def name_of(url):
    return url.split("/")[3].partition("?")[0]


@pytest.fixture
def opened(tmp_path):
    """Opens stores, and closes them in the end."""
    stores = []

    def opener(url):
        stores.append(open_store(url, output=str(tmp_path / "public"), loops=True, now=NOW))
        return stores[-1]

    yield opener
    for store in stores:
        store.close()


@pytest.fixture
def losing(postgres_server):
    """Lets the next commit of some transactions lose its connection, before or after the server has heard."""

    def lose(store, engine, *, heard):
        store = getattr(store._database, engine)

        @sa.event.listens_for(store, "commit", once=True)
        def cut(connection):
            lost = connection.connection.driver_connection
            if heard:
                lost.execute("COMMIT")
            postgres_server.run(f"SELECT pg_terminate_backend({lost.info.backend_pid}, 5000)")
            connection.exec_driver_sql("SELECT 1")  # so it is found out

    return lose


@pytest.mark.parametrize("heard", [False, True])
def test_a_commit_that_loses_its_connection_is_made_once(postgres, opened, losing, heard):
    """Which the server has heard, or not: who asked cannot know. Nothing is stored twice, or lost."""
    store = opened(postgres)
    store.polls.sync(config(source(A), source(B)), NOW)
    held = {lease.source.url: lease for lease in store.polls.lease_due(NOW, 2)}
    losing(store, "_writer", heard=heard)
    said = store.polls.commit([outcome(held[A], New(post("one"))), outcome(held[B])], NOW)
    # Another try finds the lease ended, as it finds one that was taken over; the poll is over either way.
    assert said == [LeaseLost() if heard else Committed(frozenset({"news"})), Committed(frozenset())]
    assert [story.members[0].guid for story in store.posts.newest(None, 9)] == ["one"]
    assert not store.polls.lease_due(NOW, 9)
    assert [row.due.at for row in store.sources.sources()] == [NOW + HOUR] * 2
    assert store.documents.claim(NOW) is not None


def test_what_was_written_stays_so_when_another_part_is_tried_again(postgres, opened, losing):
    """Polls that brought nothing are a transaction of their own, after those with news."""
    store = opened(postgres)
    store.polls.sync(config(source(A), source(B)), NOW)
    held = {lease.source.url: lease for lease in store.polls.lease_due(NOW, 2)}
    losing(store, "_rows", heard=False)
    said = store.polls.commit([outcome(held[A], New(post("one"))), outcome(held[B])], NOW)
    assert said == [Committed(frozenset({"news"})), Committed(frozenset())]


def test_leases_that_nobody_heard_of_are_given_by_no_one_else(postgres, opened, losing):
    """Until they have expired; what is polled meanwhile is the rest."""
    store = opened(postgres)
    store.polls.sync(config(source(A), source(B)), NOW)
    losing(store, "_rows", heard=True)
    assert [lease.source.url for lease in store.polls.lease_due(NOW, 1)] == [B]


SETTINGS = {
    "default_transaction_isolation": "serializable",
    "default_transaction_deferrable": "on",
    "timezone": "'Pacific/Kiritimati'",
    "datestyle": "German, DMY",
    "intervalstyle": "sql_standard",
    "client_encoding": "LATIN1",
    "standard_conforming_strings": "off",
    "bytea_output": "escape",
    "extra_float_digits": "-10",
    "escape_string_warning": "off",
    "default_toast_compression": "pglz",
    "plan_cache_mode": "force_generic_plan",
    "enable_indexscan": "off",
    "search_path": "ours",
}


@pytest.mark.parametrize(("name", "value"), SETTINGS.items())
def test_settings_of_a_database_change_nothing(postgres_server, opened, name, value):
    """An operator may have given it any; what is stored and found is the same."""
    url = postgres_server.new_database()
    postgres_server.run("CREATE SCHEMA ours", name_of(url))
    postgres_server.run(f"ALTER DATABASE {name_of(url)} SET {name} = {value}")
    store = opened(url)
    store.polls.sync(config(source(A)), NOW)
    (lease,) = store.polls.lease_due(NOW, 9)
    odd = post("one", title="\\x41 'Ünï' \\' 猫 👍", guid="\\", content="<p>猫</p>")
    memory = replace(lease.memory, last_poll=NOW, info=odd.origin, last_error="\\' 猫")
    assert store.polls.commit([outcome(lease, New(odd), memory=memory)], NOW) == [
        Committed(frozenset({"news"}))
    ]
    (story,) = store.posts.newest(None, 9)
    assert (story.members[0].title, story.members[0].guid) == (odd.title, odd.guid)
    assert store.sources.sources()[0].memory == memory
    assert abs(store._database.skew(NOW)) > HOUR  # which asks for the server's time, in its zone


def test_who_may_only_read_is_told(postgres_server, opened):
    """A standby is not what a store can be on."""
    url = postgres_server.new_database()
    postgres_server.run(f"ALTER DATABASE {name_of(url)} SET default_transaction_read_only = on")
    with pytest.raises(StoreError, match="the server only reads: a standby"):
        opened(url)


def test_a_url_that_no_index_takes_is_told(postgres, opened):
    """Which is the operator's, and not in the way of anybody who reads."""
    letters = random.Random(7).choices(string.ascii_letters, k=4000)
    with pytest.raises(StoreError, match=r"a URL in feeds\.yaml is too long for it"):
        opened(postgres).polls.sync(config(source(A + "".join(letters))), NOW)


def test_sessions_that_the_server_ends_for_their_silence_are_made_again(postgres_server, opened):
    """Some servers do so with whoever has nothing to say (`idle_session_timeout`)."""
    url = postgres_server.new_database()
    opened(url).close()
    postgres_server.run(f"ALTER DATABASE {name_of(url)} SET idle_session_timeout = '50ms'")
    store = opened(url)
    store.polls.sync(config(source(A)), NOW)
    there = f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{name_of(url)}'"
    while postgres_server.run(there) != [(0,)]:
        pass
    (lease,) = store.polls.lease_due(NOW, 9)
    while postgres_server.run(there) != [(0,)]:
        pass
    assert store.polls.commit([outcome(lease)], NOW) == [Committed(frozenset())]


def test_all_text_is_ordered_by_its_code_points(postgres_server, opened):
    """Whatever the database says of its language."""
    url = postgres_server.new_database()
    opened(url)
    columns = (
        "SELECT table_name || '.' || column_name FROM information_schema.columns "
        "WHERE table_schema = 'public' AND data_type = 'text' AND collation_name IS DISTINCT FROM 'C'"
    )
    assert postgres_server.run(columns, name_of(url)) == []
