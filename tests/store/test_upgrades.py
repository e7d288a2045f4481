"""Stores that earlier versions made: they open, and keep everything."""

import json
import re
import sqlite3
from dataclasses import replace
from datetime import timedelta

import pytest

from aggregator.model import (
    BodyHints,
    Category,
    Duplicate,
    Event,
    Lookup,
    Memory,
    Output,
    Said,
    Score,
    SourceInfo,
    UnreadEntry,
    Validators,
)
from aggregator.publisher import Publisher
from aggregator.store import migrations, open_store
from aggregator.store.categories import digest
from aggregator.store.posts import DETAILS, Details
from aggregator.store.sqlite import WRITING, begun, engine_of
from tests.contract.made import HOUR, NOW, A, B, C, config, outcome, post, source
from tests.fakes import FixedClock

UUID = "0f0e0d0c-0b0a-4908-8706-050403020100"
MICROSECOND = timedelta(microseconds=1)
EPOCH = NOW.replace(year=1970, month=1, day=1, hour=0, minute=0, second=0, microsecond=0)
REMEMBERED = {
    "validators": {"etag": '"x"', "last_modified": None},
    "validators_from": "https://CDN.example/a",
    "body": "d",
    "failures": 0,
    "requests": 40,
    "unconditional": 3,
    "early": 1,
    "last_poll": "2026-11-24T09:00:00.123456Z",
    "last_success": "2026-11-24T09:00:00.123456Z",
    "last_result": "not modified",
    "not_before": "2026-11-24T12:00:00.123456Z",
    "gone": False,
    "filled": True,
    "moved_to": "",
    "moved_times": 0,
    "info": {"id": "i", "title": "标题"},
    "hints": {"ttl": "PT1H", "skip_hours": [0, 23], "skip_days": [6]},
    "rhythm": "PT2H",
}
FAILED = {
    "failures": 2,
    "requests": 9,
    "unconditional": 9,
    "early": 0,
    "last_poll": "2026-11-24T09:00:00.123456Z",
    "not_before": "2026-11-24T12:00:00.123456Z",
    "hints": {"skip_hours": list(range(24)), "skip_days": [1]},
}

KEEPS = Category("news", "News", near_duplicates="keep")
DETAILS_OF_ONE = DETAILS.dump_json(
    Details(SourceInfo("i", "t"), (), (), (), (), said=Said(), keys=())
).decode()


def micros(moment):
    return (moment - EPOCH) // MICROSECOND


@pytest.fixture
def first(tmp_path):
    """The path of a store as the first version left it, with a post and what was learnt of three sources."""
    path = str(tmp_path / "store.db")
    engine = engine_of(path, connections=1)
    with begun(engine, WRITING) as connection:
        migrations.upgrade(connection, "0001")
        connection.exec_driver_sql("INSERT INTO facts VALUES ('uuid', 'u'), ('created', '0')")
        for row, (url, memory) in enumerate(((A, REMEMBERED), (B, FAILED), (C, {})), 1):
            word = micros(NOW + 2 * HOUR) if "not_before" in memory else None
            connection.exec_driver_sql(
                "INSERT INTO sources VALUES "
                "(?, ?, ?, ?, ?, 1, 0, 0, 'd', '?', ?, ?, ?, '[]', ?, 7, NULL, ?, ?, ?)",
                (
                    *(row, url, url, url.split("/")[2], row),
                    *(HOUR // MICROSECOND, micros(NOW - HOUR), micros(NOW + 2 * HOUR), word),
                    *(json.dumps(memory), '[{"position": 1, "reason": "r"}]', micros(NOW)),
                ),
            )
        connection.exec_driver_sql("INSERT INTO hosts VALUES ('c.example', 0, ?)", (micros(NOW + HOUR),))
        connection.exec_driver_sql("INSERT INTO stories VALUES ('s', NULL, NULL, 0, 0)")
        connection.exec_driver_sql("INSERT INTO withdrawn_keys VALUES (1, 'k')")
    engine.dispose()
    return path


def test_a_store_of_the_first_version_keeps_everything(first, tmp_path):
    """Scores, validators, words, hints and pauses are there, where they are looked for now."""
    with open_store(first, output=str(tmp_path / "public"), loops=True, now=NOW) as store:
        a, b, c = store.sources.sources()
    earlier = NOW - HOUR
    assert a.memory == Memory(
        validators=Validators('"x"'),
        validators_from="https://CDN.example/a",
        whole=earlier,
        body="d",
        score=Score(requests=40, unconditional=3, early=1),
        last_poll=earlier,
        last_success=earlier,
        last_result="not modified",
        not_before=NOW + 2 * HOUR,
        filled=True,
        answered_by="https://CDN.example/a",
        info=a.memory.info,
        hints=BodyHints(HOUR, None, frozenset({0, 23}), frozenset({6})),
        rhythm=2 * HOUR,
    )
    assert (a.memory.info.id, a.memory.info.title) == ("i", "标题")
    assert (a.due.at, a.unread) == (NOW + 2 * HOUR, (UnreadEntry(1, "r"),))
    # That word may have been a Retry-After, which `insist` does not free from.
    assert (b.memory.not_before, b.memory.retry_after) == (NOW + 2 * HOUR, NOW + 2 * HOUR)
    assert (c.memory, c.host_paused_until) == (Memory(), NOW + HOUR)
    with sqlite3.connect(first) as connection:
        query = "SELECT via, skip_hours, skip_days, retry_after, insist, token FROM sources ORDER BY id"
        assert connection.execute(query).fetchall() == [
            ("cdn.example", 1 | 1 << 23, 1 << 6, None, 0, 7),
            ("", 0, 0, micros(NOW + 2 * HOUR), 0, 7),
            ("", 0, 0, None, 0, 7),
        ]
        assert connection.execute("SELECT * FROM withdrawn_keys").fetchall() == [(1, "k")]
        assert connection.execute("SELECT id FROM stories").fetchall() == [("s",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.close()


def test_the_first_start_after_an_upgrade_polls_nothing_early(first, tmp_path):
    """What the old version had been told holds, also for those who insist by now."""
    given = config(source(A), source(B, insist=True), source(C))
    with open_store(first, output=str(tmp_path / "public"), loops=True, now=NOW) as store:
        store.polls.sync(given, NOW)
        assert store.polls.next_due(NOW, everything=True) == NOW + HOUR
        assert [lease.url for lease in store.polls.lease_due(NOW + HOUR, 9, everything=True)] == [C]
        leases = store.polls.lease_due(NOW + 2 * HOUR, 9, everything=True)
        assert {lease.url: lease.token for lease in leases} == {A: 8, B: 8}


@pytest.fixture
def second(tmp_path):
    """The path of a store as the second version left it: a story of two, one of one, and a hidden one."""
    path = str(tmp_path / "store.db")
    engine = engine_of(path, connections=1)
    with begun(engine, WRITING) as connection:
        migrations.upgrade(connection, "0002")
        connection.exec_driver_sql("INSERT INTO facts VALUES ('uuid', 'u'), ('created', '0')")
        connection.exec_driver_sql(
            "INSERT INTO scopes VALUES ('', 0, 0, 0, NULL, NULL, NULL, 0, 0), "
            "('news', 0, 0, 0, NULL, NULL, NULL, 0, 0)"
        )
        connection.exec_driver_sql(
            "INSERT INTO categories VALUES ('news', 'News', 'news', NULL, 1, 0, ?, 0)",
            (digest(KEEPS),),
        )
        for row, url in enumerate((A, B), 1):
            connection.exec_driver_sql(
                "INSERT INTO sources (id, url, first_url, host, position, active, paused, gone, definition, "
                "asked, floor, next_due, due_why, token, memory, unread, added) "
                "VALUES (?, ?, ?, '', ?, 1, 0, 0, 'd', '?', 0, 0, '[]', 0, '{}', '[]', 0)",
                (row, url, url, row),
            )
        stories = [("s", "copy", 9), ("t", "t", 5), ("hidden", None, None)]
        connection.exec_driver_sql("INSERT INTO stories VALUES (?, ?, ?, 3, 3)", stories)
        for row, (name, source_row, story, dropped) in enumerate(
            [("s", 1, "s", "x"), ("copy", 2, "s", ""), ("t", 1, "t", ""), ("hidden", 1, "hidden", "x")], 1
        ):
            connection.exec_driver_sql(
                "INSERT INTO posts VALUES (?, ?, ?, ?, ?, 9, 9, ?, NULL, 'published', ?, ?, '', NULL, 1, 0, "
                "'d', 't', 'l', 'full', '', 0, 'd', 0, 'T', ?, '', 'c')",
                (row, name, source_row, story, dropped, micros(NOW), name, name, DETAILS_OF_ONE),
            )
            connection.exec_driver_sql("INSERT INTO post_categories VALUES (?, 0, 'news')", (row,))
            connection.exec_driver_sql("INSERT INTO post_keys VALUES (?, ?)", (f"k{name}", row))
        places = [(scope, story, at) for scope in ("", "news") for story, at in (("s", 9), ("t", 5))]
        connection.exec_driver_sql("INSERT INTO placements VALUES (?, ?, ?)", places)
    engine.dispose()
    return path


def test_a_store_of_the_second_version_shows_the_same(second, tmp_path):
    """Every story where it was, under its id; its members are copies of its founder."""
    with open_store(second, output=str(tmp_path / "public"), loops=True, now=NOW) as store:
        for scope in (None, "news"):
            shown = [(s.id, [m.guid for m in s.members]) for s in store.posts.newest(scope, 9)]
            assert shown == [("s", ["copy"]), ("t", ["t"])]
        assert [s.id for s in store.posts.newest(None, 9, per_source=1)] == ["s", "t"]
        known = store.polls.known(Lookup(C, frozenset({"kcopy", "ks"}))).by_key
        assert (known["kcopy"][0].telling, known["ks"][0].telling) == ("s", None)
    with sqlite3.connect(second) as connection:
        assert connection.execute("SELECT * FROM tellings").fetchall() == [(2, "s", "link", 1.0)]
        leaders = connection.execute("SELECT shown, source FROM placements WHERE category = ''").fetchall()
        assert leaders == [("s", 2), ("t", 1)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.close()


def test_a_category_that_kept_near_duplicates_before_an_upgrade_does_then(second, tmp_path):
    """Although nothing of what the file says of it has changed since."""
    given = config(source(A), source(B), categories=(KEEPS,))
    with open_store(second, output=str(tmp_path / "public"), loops=True, now=NOW) as store:
        store.polls.sync(given, NOW)
        (lease,) = store.polls.lease_due(NOW, 1)
        other = post("other", A, content="c")
        store.polls.commit([outcome(lease, Duplicate(other, "s", "alike"))], NOW)
        assert [s.id for s in store.posts.newest("news", 9)] == [other.id, "s", "t"]
        assert [s.id for s in store.posts.newest(None, 9)] == ["s", "t"]


def test_what_happened_is_kept_by_a_table_that_is_made_anew(tmp_path):
    """Events of sources stay, in order, and go on being counted; from then on one may be of none."""
    path = str(tmp_path / "store.db")
    engine = engine_of(path, connections=1)
    with begun(engine, WRITING) as connection:
        migrations.upgrade(connection, "0012")
        connection.exec_driver_sql("INSERT INTO facts VALUES ('uuid', 'u'), ('created', '0')")
        connection.exec_driver_sql(
            "INSERT INTO sources (id, url, first_url, host, position, active, paused, gone, definition, "
            "asked, floor, next_due, due_why, token, memory, unread, added) "
            "VALUES (1, ?, ?, '', 0, 1, 0, 0, 'd', '?', 0, 0, '[]', 0, '{}', '[]', 0)",
            (A, A),
        )
        happened = [(7, "one", 1, "broke", micros(NOW), "r", "d"), (9, "two", 1, "recovered", 9, "", "")]
        connection.exec_driver_sql("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?)", happened)
    engine.dispose()
    with open_store(path, output=str(tmp_path / "public"), loops=True, now=NOW) as store:
        before = store.sources.events(9)
        assert [(one.id, one.source, one.kind) for one in before] == [
            ("two", A, "recovered"),
            ("one", A, "broke"),
        ]
        refused = Event("three", None, "refused", NOW, "", "feeds.yaml:1:1: wrong")
        store.tell(refused)
        assert store.sources.events(9) == [refused, *before]
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.close()


MANY = 2000
HELD = range(100, 130)


@pytest.fixture
def fifth(tmp_path):
    """The path of a published store as the fifth version left it: many posts, some of them held back."""
    path = str(tmp_path / "store.db")
    engine = engine_of(path, connections=1)
    with begun(engine, WRITING) as connection:
        migrations.upgrade(connection, "0005")
        connection.exec_driver_sql("INSERT INTO facts VALUES ('uuid', ?), ('created', '0')", (UUID,))
        connection.exec_driver_sql(
            "INSERT INTO scopes VALUES ('', 1, 1, 0, 9, 9, 9, 1, 0), ('news', 1, 1, 0, 9, 9, 9, 1, 0)"
        )
        connection.exec_driver_sql(
            "INSERT INTO categories VALUES ('news', 'News', 'news', NULL, 1, 0, '?', 0, 0)"
        )
        connection.exec_driver_sql(
            "INSERT INTO sources (id, url, first_url, host, position, active, paused, gone, definition, "
            "asked, floor, next_due, due_why, token, memory, unread, added) "
            "VALUES (1, ?, ?, '', 0, 1, 0, 0, 'd', '?', 0, 0, '[]', 0, '{}', '[]', 0)",
            (A, A),
        )
        # In each hundred, what came first is dated last.
        names = [(n, f"n{n}", micros(NOW) + n // 100 * 100 - n % 100) for n in range(1, MANY + 1)]
        connection.exec_driver_sql(
            "INSERT INTO stories (id, lead, published, mark) VALUES (?, ?, ?, 1)",
            [(name, name, at) for _, name, at in names],
        )
        connection.exec_driver_sql(
            "INSERT INTO posts VALUES (?, ?, 1, ?, '', ?, ?, ?, NULL, 'published', ?, ?, '', NULL, 1, 0, "
            "'d', 't', 'l', 'full', '', 0, 'd', 0, 'T', ?, '', 'c')",
            [(n, name, name, at, at, micros(NOW), name, name, DETAILS_OF_ONE) for n, name, at in names],
        )
        connection.exec_driver_sql(
            "INSERT INTO post_categories VALUES (?, 0, 'news')", [(n,) for n, _, _ in names]
        )
        connection.exec_driver_sql("INSERT INTO held_back VALUES (?, 'news')", [(n,) for n in HELD])
        connection.exec_driver_sql(
            "INSERT INTO placements VALUES ('news', ?, ?, ?, 1)",
            [(name, name, at) for n, name, at in names if n not in HELD],
        )
    engine.dispose()
    return path


def test_a_store_that_has_no_archives_gets_them_with_its_first_publish(fifth, tmp_path):
    """In order of arrival, with what a backlog has held back all the time; the newest stay where they are."""
    news = Category("news", "News", entries=50)
    given = replace(config(source(A), categories=(news,)), output=Output(formats=("atom",)))
    with open_store(fifth, output=str(tmp_path / "public"), loops=True, now=NOW) as store:
        store.polls.sync(given, NOW)
        before = [story.id for story in store.posts.newest("news", 50)]
        publisher = Publisher(
            *(store.posts, store.sources, store.documents, FixedClock(NOW), given), archives=store.archives
        )
        published = publisher.publish()
        assert published.failures == ()
        assert [story.id for story in store.posts.newest("news", 50)] == before
        bodies = {path: store.documents.get(path).body.decode() for path in published.written}
    entry = re.compile("<id>n([0-9]+)</id>")
    closed = [path for path in published.written if "archive/" in path]
    assert closed == [f"category/news/archive/{number}.atom" for number in range(1, MANY // 50)]
    archived = [n for path in closed for n in sorted(map(int, entry.findall(bodies[path])))]
    assert archived == sorted(set(range(1, MANY + 1)) - {int(id[1:]) for id in before})
    assert {f"n{n}" for n in entry.findall(bodies["category/news/feed.atom"])} == set(before)
    assert set(HELD) <= set(archived)
