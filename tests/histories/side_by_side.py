"""One source polled twice over: by loops that read only what is new, and by loops that always read all."""

import sqlite3
from contextlib import ExitStack
from dataclasses import replace

from aggregator.store import open_store
from tests.histories.reader import World
from tests.histories.simulated import START

COMPARED = (
    "verdicts", "unread", "due", "categories", "withdrawn", "partings", "held", "retractions", "errands",
)  # fmt: skip


class Forgetful:
    """A `PollStore` that knows of no items."""

    def __init__(self, polls):
        self._polls = polls

    def items(self, source, /):
        return None

    def __getattr__(self, name):
        return getattr(self._polls, name)


class Nobody:
    """A subscriber who does not look: which posts come under which ids is for others to say."""

    def look(self, stories):
        pass


class SideBySide:
    """Two worlds with one history; what is written must be the same at every poll, and in the end."""

    def __init__(self, directory, **source):
        self._stack, self._paths = ExitStack(), [directory / "new.db", directory / "whole.db"]
        stores = [
            self._stack.enter_context(
                open_store(str(p), output=str(directory / p.stem), loops=True, now=START)
            )
            for p in self._paths
        ]
        self.quick, self.whole = (
            self._stack.enter_context(World(store, polls=polls, **source))
            for store, polls in ((stores[0], None), (stores[1], Forgetful(stores[1].polls)))
        )

        self.quick.subscriber = self.whole.subscriber = Nobody()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._stack.close()

    def poll(self, result, **later):
        """Poll both; `later`: how much more than an hour passes then."""
        for world in (self.quick, self.whole):
            world.poll(result)
            if later:
                world.clock.advance(**later)
        one, other = self.quick.outcomes[-1], self.whole.outcomes[-1]
        for name in COMPARED:
            assert getattr(one, name) == getattr(other, name), name
        assert replace(one.memory, whole_because="") == other.memory
        return one

    @property
    def why(self):
        """Why the last document was read whole."""
        return self.quick.outcomes[-1].memory.whole_because

    def check_stores(self):
        """What the two have stored is the same."""
        told, whole = map(stored, self._paths)
        assert told == whole


def stored(path):
    """All that a store holds of posts, by table."""
    connection = sqlite3.connect(path)
    tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    rows = {
        table: sorted(connection.execute(f"SELECT * FROM {table}"), key=repr)
        for table in tables
        if table not in ("items", "facts", "sources")
    }
    connection.close()
    return rows
