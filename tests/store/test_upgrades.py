"""Stores that earlier versions made: they open, and keep everything."""

import json
import sqlite3
from datetime import timedelta

import pytest

from aggregator.model import BodyHints, Memory, Score, UnreadEntry, Validators
from aggregator.store import migrations, open_store
from aggregator.store.database import _engine
from tests.contract.made import HOUR, NOW, A, B, C, config, source

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


def micros(moment):
    return (moment - EPOCH) // MICROSECOND


@pytest.fixture
def first(tmp_path):
    """The path of a store as the first version left it, with a post and what was learnt of three sources."""
    path = str(tmp_path / "store.db")
    engine = _engine(path, "BEGIN IMMEDIATE", connections=1)
    with engine.begin() as connection:
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
