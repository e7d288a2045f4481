"""A store on PostgreSQL: what operators are told, and what holds between processes that share it."""

import threading
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect
from sqlalchemy.dialects import postgresql

from aggregator.errors import StoreError, StoreLocked, StoreMissing, StoreTooNew
from aggregator.model import (
    Committed,
    Errand,
    Event,
    LeaseLost,
    Lookup,
    Memory,
    New,
    Polling,
    Stale,
)
from aggregator.store import leases, migrations, open_store, tables
from aggregator.store.postgres import PostgreSQL
from aggregator.triggers.clock import SystemClock
from tests.contract.made import HOUR, NOW, SECOND, A, B, C, config, outcome, post, source

TIMEOUT = timedelta(seconds=30)
LIFE = leases.TIMEOUTS * TIMEOUT


@pytest.fixture
def opened(tmp_path):
    """Opens stores, as processes on several hosts would, and closes them in the end."""
    stores = []

    def opener(url, **said):
        place = {"output": str(tmp_path / f"public{len(stores)}"), "loops": True, "now": NOW}
        stores.append(open_store(url, **place | said))
        return stores[-1]

    yield opener
    for store in stores:
        store.close()


@pytest.fixture
def pair(postgres, opened):
    """Two processes with the same file; leases expire as they do outside of tests."""

    def made(*sources, **said):
        given = replace(config(*sources), polling=Polling(timeout=TIMEOUT, **said))
        one, two = opened(postgres), opened(postgres)
        for store in (one, two):
            store.polls.sync(given, NOW)
        return one, two

    return made


def urls(leased):
    return [lease.url for lease in leased]


# What is said.


def test_an_empty_database_becomes_a_store(postgres_server, opened):
    """Where it may; who only looks leaves it empty."""
    url = postgres_server.new_database()
    with pytest.raises(StoreMissing, match="no store yet: nothing was polled"):
        opened(url, loops=False, create=False)
    first = opened(url)
    assert opened(url).posts.identity() == first.posts.identity()
    assert first.posts.identity().created == NOW
    assert first.size() > 1_000_000


def test_the_schema_is_what_the_tables_say(postgres, opened):
    """Every table, column and index; text is ordered by code points, whatever the database's language is."""
    store = opened(postgres)
    with store._database.write() as connection:
        assert compare_metadata(MigrationContext.configure(connection), tables.metadata) == []
        partial = inspect(connection).get_indexes("sources")
        names = {one["name"] for one in partial if one.get("dialect_options", {}).get("postgresql_where")}
        assert names == {"sources_due", "sources_leased"}
        assert connection.exec_driver_sql("SELECT 'a' < 'B' COLLATE \"C\"").scalar() is False


def test_processes_that_start_together_make_one_store(postgres_server, tmp_path):
    """One of them makes it; the others find it."""
    url, made, start = postgres_server.new_database(), [], threading.Barrier(4)

    def begin():
        start.wait()
        with open_store(url, output=str(tmp_path), loops=True, now=NOW) as store:
            made.append(store.posts.identity())

    threads = [threading.Thread(target=begin) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 4
    assert len(set(made)) == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"socket": "/nowhere"}, "cannot be reached; is the server running"),
        ({"database": "missing"}, "there is no such database; make it: createdb"),
        ({"user": "nobody_here"}, "refuses this user or password; look at `store`"),
    ],
)
def test_what_cannot_be_opened_is_said_without_the_password(postgres_server, opened, change, words):
    """With what to do."""
    said = {"socket": postgres_server.socket, "database": "postgres", "user": "postgres"} | change
    url = f"postgresql://{said['user']}:hunter2@:5432/{said['database']}?host={said['socket']}"
    with pytest.raises(StoreError, match=words) as trouble:
        opened(url)
    assert "hunter2" not in str(trouble.value)
    assert str(trouble.value).startswith(f"postgresql://{said['user']}@:5432/{said['database']}: ")


def test_other_peoples_databases_are_left_alone(postgres_server, opened):
    """Also one that has Alembic's table."""
    url = postgres_server.new_database()
    name = url.split("/")[3].partition("?")[0]
    postgres_server.run("CREATE TABLE alembic_version (version_num text)", name)
    with pytest.raises(StoreError, match="a database, but not of ours; set `store`"):
        opened(url)
    latin = postgres_server.new_database("ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    with pytest.raises(StoreError, match=r"its encoding is LATIN1.*createdb --encoding=UTF8"):
        opened(latin)


def test_who_may_make_no_tables_is_told(postgres_server, opened):
    """Since PostgreSQL 15 only the owner may."""
    url = postgres_server.new_database()
    name = url.split("/")[3].partition("?")[0]
    postgres_server.run("DROP ROLE IF EXISTS guest")
    postgres_server.run("CREATE ROLE guest LOGIN")
    with pytest.raises(StoreError, match="this user may not do that; let it own the database"):
        opened(postgres_server.url(name, user="guest"))


def test_a_store_of_a_newer_version_is_refused(postgres, postgres_server, opened):
    """Nothing is written to it."""
    name = postgres.split("/")[3].partition("?")[0]
    postgres_server.run("UPDATE alembic_version SET version_num = '9999'", name)
    try:
        with pytest.raises(StoreTooNew, match=r"newer version of aggregator \(schema 9999, we know"):
            opened(postgres)
    finally:
        postgres_server.run(f"UPDATE alembic_version SET version_num = '{tables.HEAD}'", name)


def test_nobody_migrates_under_others(postgres, postgres_server, opened):
    """Processes of an older version are named; when they have gone, it is brought up to date."""
    name = postgres.split("/")[3].partition("?")[0]
    older = psycopg.connect(
        host=postgres_server.socket,
        user="postgres",
        dbname=name,
        application_name="aggregator loops far.example 77",
    )
    with postgres_server.connect(name) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0011'")
        connection.execute("DELETE FROM events")
        connection.execute("ALTER TABLE events ALTER COLUMN source SET NOT NULL")
        connection.execute("DROP TABLE contents, duties")
        with pytest.raises(StoreLocked, match=r"older version run on it \(far.example 77\); stop them all"):
            opened(postgres)
        older.close()
        opened(postgres)
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == (tables.HEAD,)
        assert connection.execute("SELECT count(*) FROM duties").fetchone() == (0,)
        said = Event("n", None, "refused", NOW, "", "feeds.yaml:1:1: wrong")
        opened(postgres).tell(said)
        assert opened(postgres).sources.events(9) == [said]


def test_the_clock_of_a_host_is_held_against_the_servers(postgres, postgres_server, opened):
    """Who is wrong starts no loops, and moves back nothing of what the others have asked."""
    store = opened(postgres, now=None)
    store.polls.sync(config(source(A)), (now := SystemClock().now()))
    assert abs(store._database.skew(now)) < timedelta(seconds=30)
    assert timedelta(minutes=59) < store._database.skew(now + HOUR) < timedelta(minutes=61)
    store.polls.lease_due(now, 1)
    due = store.sources.sources()[0].due
    store.housekeep(now - HOUR)
    assert store.sources.sources()[0].due == due
    slow = postgres_server.new_database()
    name = slow.split("/")[3].partition("?")[0]
    an_hour_ago = "SELECT pg_catalog.clock_timestamp() - interval '1 hour'"
    postgres_server.run(
        f"CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS $${an_hour_ago}$$",
        name,
    )
    postgres_server.run(f"ALTER DATABASE {name} SET search_path = public, pg_catalog")
    with pytest.raises(StoreError, match=r"clock and the database server's differ by more than 30 seconds"):
        opened(slow, now=None)
    opened(slow, now=None, loops=False)


def test_text_with_a_nul_is_stored_without(postgres, opened):
    """PostgreSQL knows none; what is looked up with it is found."""
    store = opened(postgres)
    store.polls.sync(config(source(A)), NOW)
    (lease,) = store.polls.lease_due(NOW, 1)
    odd = post("one", title="a\0b", keys=("k\0",))
    assert store.polls.commit([outcome(lease, New(odd))], NOW) == [Committed(frozenset({"news"}))]
    (story,) = store.posts.newest(None, 1)
    assert story.members[0].title == "a\N{REPLACEMENT CHARACTER}b"
    assert len(store.polls.known(Lookup(A, frozenset({"k\0"}))).by_key) == 1


# What holds between processes.


def test_who_comes_beside_voids_nothing(pair):
    """Leases and claims of the others are theirs, as long as they may be alive."""
    one, two = pair(source(A))
    (held,) = one.polls.lease_due(NOW, 9)
    claim = one.documents.claim(NOW)
    assert not two.polls.lease_due(NOW + SECOND, 9, everything=True)
    assert two.documents.claim(NOW).scope != claim.scope
    assert one.polls.commit([outcome(held)], NOW) == [Committed(frozenset())]


def test_the_lease_of_a_lost_process_expires(pair):
    """Not before an exchange can be over; then its host is free, and its token is worth nothing."""
    one, two = pair(source(A, every=SECOND), source(f"{A}/2", every=SECOND))
    (lost,) = one.polls.lease_due(NOW, 9)
    assert not two.polls.lease_due(NOW + LIFE, 9)  # per_host is one
    assert two.polls.next_due(NOW + LIFE) is None
    late = NOW + LIFE + SECOND
    assert two.polls.next_due(late) == late
    (taken,) = two.polls.lease_due(late, 9)
    assert (lost.url, taken.url) == (A, f"{A}/2")
    assert two.polls.commit([outcome(taken)], late) == [Committed(frozenset())]
    late += 2 * SECOND
    (again,) = two.polls.lease_due(late, 9)
    assert again.url == A
    assert one.polls.commit([outcome(lost)], late) == [LeaseLost()]
    one.polls.give_back(lost, late)
    assert two.polls.commit([outcome(again)], late) == [Committed(frozenset())]


def test_a_lease_of_a_clock_that_was_wrong_expires(pair):
    """One that was given in the future, too."""
    one, two = pair(source(A))
    wrong = NOW + 1000 * HOUR
    one.polls.lease_due(wrong, 9)
    with two._database.write() as connection:
        connection.execute(tables.sources.update().values(next_due=NOW, not_before=None))
        connection.execute(tables.hosts.delete())  # housekeeping sees to gaps and due times
    assert urls(two.polls.lease_due(NOW, 9)) == [A]


def test_the_errand_of_a_lost_process_is_run_by_another(pair):
    """When it is due again; the late end of the first is refused."""
    one, two = pair(source(A))
    (held,) = one.polls.lease_due(NOW, 1)
    errand = Errand("archive", f"{A}?page=2", NOW)
    one.polls.commit([outcome(held, errands=(errand,), due=9 * HOUR)], NOW)
    (lost,) = one.polls.lease_due(NOW + SECOND, 9)
    later = NOW + 2 * HOUR
    (taken,) = two.polls.lease_due(later, 9)
    assert taken.url == lost.url == errand.url
    assert one.polls.commit([outcome(lost)], later) == [LeaseLost()]
    assert two.polls.commit([outcome(taken)], later) == [Committed(frozenset())]


def test_the_claim_of_a_lost_process_expires(pair):
    """Another renders the category; who comes back clears nothing."""
    one, two = pair(source(A))
    lost = one.documents.claim(NOW)
    while (other := two.documents.claim(NOW)) is not None:
        two.documents.settle(other, NOW)
    assert two.documents.claim(NOW + LIFE) is None
    late = NOW + LIFE + SECOND
    taken = two.documents.claim(late)
    assert taken.scope == lost.scope
    one.documents.settle(lost, late)
    one.documents.release(lost)
    assert one.documents.claim(late) is None
    two.documents.release(taken)
    assert one.documents.claim(late).scope == lost.scope


def test_who_has_an_older_file_leaves_the_source_to_others(pair):
    """Its poll is given back: deciding again would not help."""
    one, two = pair(source(A))
    (held,) = one.polls.lease_due(NOW, 1)
    edited = replace(config(source(A, definition="other")), polling=Polling(timeout=TIMEOUT))
    two.polls.sync(edited, NOW)
    assert one.polls.commit([outcome(held, New(post("one")))], NOW) == [LeaseLost()]
    (again,) = two.polls.lease_due(NOW + HOUR, 1)
    assert two.polls.commit([outcome(again, New(post("one")))], NOW + HOUR)[0] == Committed(
        frozenset({"news"})
    )


def test_what_another_process_has_stored_makes_an_outcome_stale(pair):
    """Looked up again, it is a copy."""
    one, two = pair(source(A), source(B))
    held = {lease.source.url: lease for lease in one.polls.lease_due(NOW, 1) + two.polls.lease_due(NOW, 1)}
    key = "u1:example.org/shared"
    judged = {key: frozenset()}
    first = outcome(held[A], New(post("one", keys=(key,))), judged=judged)
    second = outcome(held[B], New(post("two", B, keys=(key,))), judged=judged)
    assert one.polls.commit([first], NOW) == [Committed(frozenset({"news"}))]
    assert two.polls.commit([second], NOW) == [Stale(held[B])]
    assert len(two.polls.known(Lookup(B, frozenset({key}))).by_key[key]) == 1


def test_quiet_polls_and_leases_wait_for_no_writer(pair):
    """While another process stores news, a 304 is written, and what is due is leased."""
    one, two = pair(source(A), source(B), source(C))
    (held,) = two.polls.lease_due(NOW, 1)
    with one._database.write():
        memory = Memory(last_poll=NOW, rhythm=HOUR)
        assert two.polls.commit([outcome(held, memory=memory)], NOW) == [Committed(frozenset())]
        assert len(two.polls.lease_due(NOW + SECOND, 9)) == 2
        assert two.polls.next_due(NOW + SECOND) is not None
    assert one.sources.sources()[0].memory == memory


def together(*work):
    """Run all at once; what went wrong."""
    start, wrong = threading.Barrier(len(work)), []

    def run(one):
        start.wait()
        try:
            one()
        except BaseException as error:  # noqa: BLE001 - the test says what it was
            wrong.append(error)

    threads = [threading.Thread(target=run, args=(one,)) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return wrong


@pytest.mark.parametrize(("per_host", "gap"), [(1, 0), (2, 0)])
def test_as_fast_as_they_can(postgres, opened, per_host, gap):
    """Four processes never meet at a host more often than they may, and poll nothing twice."""
    hosts, each = 6, 10
    every = [f"https://h{n % hosts}.example/{n}" for n in range(hosts * each)]
    given = config(
        *map(source, every), polling=Polling(per_host=per_host, per_host_gap=timedelta(seconds=gap))
    )
    lock, busy, done, faults = threading.Lock(), Counter(), Counter(), []

    def work(polls):
        while done.total() < len(every) and not faults:
            leased = polls.lease_due(NOW, 4)
            with lock:
                busy.update(lease.source.host for lease in leased)
                faults.extend(host for host, exchanges in busy.items() if exchanges > per_host)
            for lease in leased:
                with lock:  # before the commit: from then on the host is free
                    busy[lease.source.host] -= 1
                    done[lease.source.url] += 1
                news = [New(post(lease.source.url, lease.source.url))] if done.total() % 3 == 0 else []
                if not isinstance(polls.commit([outcome(lease, *news)], NOW)[0], Committed):
                    faults.append(lease.source.url)

    stores = [opened(postgres) for _ in range(4)]
    for store in stores:
        store.polls.sync(given, NOW)
    assert together(*(lambda polls=store.polls: work(polls) for store in stores)) == []
    assert faults == []
    assert done == Counter(every)


def test_a_gap_lies_between_the_exchanges_of_all(postgres, opened):
    """Who leases while another ends an exchange with the host sees either the exchange or the gap."""
    rounds, urls_ = 60, ["https://one.example/1", "https://one.example/2"]
    given = config(*(source(url, every=SECOND) for url in urls_), polling=Polling(per_host_gap=SECOND))
    one, two = opened(postgres), opened(postgres)
    for store in (one, two):
        store.polls.sync(given, NOW)
    now = NOW
    for _ in range(rounds):
        now += 3 * SECOND
        (held,) = one.polls.lease_due(now, 1)
        later, met = now + 2 * SECOND, []
        wrong = together(
            lambda held=held, later=later: one.polls.commit([outcome(held, at=later, due=SECOND)], later),
            lambda later=later, met=met: met.extend(two.polls.lease_due(later, 9)),
        )
        assert (wrong, met) == ([], [])
        now = later


def test_the_same_story_from_two_processes_is_one(postgres, opened):
    """Both find nothing, both want to store it: one of them looks again."""
    one, two = opened(postgres), opened(postgres)
    given = config(source(A), source(B))
    for store in (one, two):
        store.polls.sync(given, NOW)
    for number in range(20):
        now = NOW + number * 2 * HOUR
        held = one.polls.lease_due(now, 2)
        assert len(held) == 2
        key, results = f"u1:example.org/{number}", {}

        def store_it(store, lease, key=key, number=number, now=now, results=results):
            made = post(f"{lease.source.host}-{number}", lease.source.url, keys=(key,))
            said = outcome(lease, New(made), at=now, judged={key: frozenset()})
            results[lease.source.url] = store.polls.commit([said], now)[0]

        work = [
            lambda store=store, lease=lease: store_it(store, lease)
            for store, lease in zip((one, two), held, strict=True)
        ]
        assert together(*work) == []
        assert sorted(type(result).__name__ for result in results.values()) == ["Committed", "Stale"]
        for lease in held:
            one.polls.give_back(lease, now)
    assert len(one.posts.newest(None, 99)) == 20


def test_transactions_that_meet_are_tried_again(postgres, opened):
    """The server ends one of two that wait for each other; its work is done anew."""
    one, two = opened(postgres)._database, opened(postgres)._database
    met, both = Counter(), threading.Barrier(2)

    def work(database, name, order):
        def write():
            met[name] += 1
            with database.write_rows() as connection:
                for step, key in enumerate(order):
                    connection.execute(
                        tables.facts.update().where(tables.facts.c.name == key).values(value=name)
                    )
                    if step == 0 and met[name] == 1:
                        both.wait()

        database.again(write)

    assert (
        together(lambda: work(one, "one", ("uuid", "created")), lambda: work(two, "two", ("created", "uuid")))
        == []
    )
    assert max(met.values()) > 1


def test_a_connection_that_was_lost_is_made_again(postgres, postgres_server, opened):
    """The server was started anew, or a firewall has forgotten it: nothing is lost by that."""
    store = opened(postgres)
    store.polls.sync(config(source(A)), NOW)
    name = postgres.split("/")[3].partition("?")[0]

    def cut():
        postgres_server.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid != pg_backend_pid()",
            name,
        )

    cut()
    (held,) = store.polls.lease_due(NOW, 1)
    cut()
    assert store.polls.commit([outcome(held)], NOW) == [Committed(frozenset())]


def test_a_process_that_stops_in_mid_write_is_thrown_out(postgres, opened, monkeypatch):
    """Others wait for it no longer than that."""
    monkeypatch.setattr("aggregator.store.postgres.SILENCE", 1)
    stopped, other = opened(postgres), opened(postgres)
    other.polls.sync(config(source(A)), NOW)
    marked = []

    def write():
        with stopped._database.write() as connection:
            marked.append(other.documents.mark_all())  # waits until the server has had enough
            connection.execute(tables.facts.select())

    with pytest.raises(StoreError):
        write()
    assert marked == [3]


def test_a_tick_walks_an_index(postgres, opened):
    """Looking for what is due does not look at what is not, and sorts nothing."""
    store = opened(postgres)
    with store._database.write() as connection:
        connection.exec_driver_sql(
            "INSERT INTO sources (url, first_url, host, position, active, paused, gone, definition, asked, "
            "floor, next_due, due_why, token, memory, unread, added) "
            "SELECT 'https://h' || n || '.example/', '', 'h' || n || '.example', n, true, false, false, '', "
            "'', 0, 1000000 + n, '[]', 0, '{}', '[]', 0 FROM generate_series(1, 20000) AS n"
        )
        connection.exec_driver_sql("ANALYZE sources")
    query = leases._due(False, False).params(now=NOW)
    text = str(query.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True}))
    with store._database.read() as connection:
        explained = connection.exec_driver_sql(f"EXPLAIN DECLARE due CURSOR FOR {text}")
        plan = explained.scalars().all()
    assert any("sources_due" in line for line in plan)
    assert not any("Sort" in line or "Seq Scan on sources" in line for line in plan)


def test_migrations_are_for_both(postgres):
    """The newest one is what the tables name; older stores than the first on PostgreSQL are SQLite's."""
    database = PostgreSQL(postgres, loops=True, now=NOW)
    with database.write() as connection:
        migrations.upgrade(connection, tables.HEAD)  # nothing to do
    database.close()
