"""Every implementation of the store's ports: the one in memory, SQLite and PostgreSQL."""

import shutil
from datetime import timedelta

import pytest

from aggregator.store import leases, marks, open_store
from aggregator.store.polls import Polls, Remembered
from aggregator.store.sqlite import SQLite
from tests.contract import made
from tests.fakes import MemoryStore


class InMemory:
    """The fake."""

    def __init__(self, directory):
        self.store = MemoryStore(made.NOW)

    def restart(self):
        """As after a crash."""
        self.store.restart()

    def beside(self):
        """What another process polls with."""
        return self.store.polls

    def close(self):
        self.store.close()


class OnDisk:
    """A real SQLite file."""

    def __init__(self, directory, made_before):
        (directory / "data").mkdir()
        self._open = {
            "url": str(shutil.copy(made_before, directory / "data" / "store.db")),
            "output": str(directory / "public"),
            "loops": True,
            "now": made.NOW,
        }
        self._beside = []
        self.store = open_store(**self._open)

    def restart(self):
        """As after a crash, at a time when nothing of what the tests did is yet to come."""
        self.store.close()
        self.store = open_store(**self._open | {"now": made.NOW + timedelta(days=1000)})

    def beside(self):
        """What another process polls with: the same file, below the lock that keeps one out so far."""
        database = SQLite(self._open["url"], loops=True, now=made.NOW)
        self._beside.append(database)
        return Polls(database, Remembered(), loops=True)

    def close(self):
        for database in self._beside:
            database.close()
        self.store.close()


class OnServer:
    """A database of a PostgreSQL."""

    def __init__(self, directory, url):
        self._open = {"url": url, "output": str(directory / "public"), "loops": True}
        self._beside = []
        self.store = open_store(**self._open, now=made.NOW)

    def restart(self):
        """As after a crash of the only process: what it held is void by the time that another one begins."""
        self.store.close()
        self.store = open_store(**self._open, now=made.NOW + timedelta(days=1000))
        with self.store._database.write_alone() as connection:
            leases.void(connection)
            marks.void_claims(connection)

    def beside(self):
        """What another process polls with."""
        other = open_store(**self._open, now=made.NOW)
        self._beside.append(other)
        return other.polls

    def close(self):
        for store in (*self._beside, self.store):
            store.close()


class World:
    """A store with the shortest ways to do what tests do all the time."""

    def __init__(self, implementation):
        self._implementation = implementation
        self._held = {}

    @property
    def store(self):
        return self._implementation.store

    def restart(self):
        self._held.clear()
        self._implementation.restart()

    def sync(self, *sources, now=made.NOW, **said):
        """Put these sources in force; the configuration."""
        config = made.config(*sources, **said)
        self.store.polls.sync(config, now)
        return config

    def beside(self, config):
        """`PollStore` of a second poller on this store, with the same configuration."""
        polls = self._implementation.beside()
        polls.sync(config, made.NOW)
        return polls

    def lease(self, now=made.NOW, limit=10, **said):
        """What is leased now, by URL."""
        return {lease.source.url: lease for lease in self.store.polls.lease_due(now, limit, **said)}

    def poll(self, url, *verdicts, now=made.NOW, **said):
        """A whole poll of one source; what its commit said. Sources due before it stay leased meanwhile."""
        while url not in self._held:
            (lease,) = self.store.polls.lease_due(now, 1)
            self._held[lease.source.url] = lease
        return self.store.polls.commit([made.outcome(self._held.pop(url), *verdicts, at=now, **said)], now)[0]

    def shown(self, scope=None, limit=50):
        """The ids of the newest stories, each with those of its members."""
        return [
            (story.id, [m.guid for m in story.members]) for story in self.store.posts.newest(scope, limit)
        ]

    def dirty(self):
        """The scopes that wait, which are then clean."""
        found = []
        while (claim := self.store.documents.claim(made.NOW)) is not None:
            found.append(claim.scope)
            self.store.documents.settle(claim, made.NOW)
        return found


@pytest.fixture(scope="session")
def new_file(tmp_path_factory):
    """A store as it is when it was made: to make one takes three times as long as to copy it."""
    path = tmp_path_factory.mktemp("made") / "store.db"
    open_store(url=str(path), output="/nowhere", loops=True, now=made.NOW).close()
    return path


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def world(request, tmp_path):
    match request.param:
        case "memory":
            implementation = InMemory(tmp_path)
        case "sqlite":
            implementation = OnDisk(tmp_path, request.getfixturevalue("new_file"))
        case _:
            implementation = OnServer(tmp_path, request.getfixturevalue("postgres"))
    yield World(implementation)
    implementation.close()
