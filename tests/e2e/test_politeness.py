"""The real program, over sockets, to the origin that watches: nothing to blame, and both keep one score."""

import asyncio
import contextlib
import threading
from datetime import UTC, datetime, timedelta

from tests.e2e.program import HEAD, until
from tests.origin.behaviours import BEHAVIOURS
from tests.origin.knowledge import Rules
from tests.origin.server import OriginServer
from tests.origin.table import lines

PLAYED = (
    "steady", "changing", "touched", "same-second", "only-etag", "only-last-modified", "weak-etag",
    "unquoted-etag", "utf-8-etag", "latin-1-etag", "odd-date", "new-on-304", "bare-304", "partial-304",
    "first-304", "no-validators", "max-age", "ttl", "cookies", "found-here", "moved-here", "server-errors",
    "forbidden", "unreadable",
)  # fmt: skip
SHOWN = (
    "requests", "conditional", "unconditional", "etag_good", "etag_late", "etag_bogus", "modified_good",
    "modified_late", "modified_bogus", "cookies", "referers", "queries", "early",
)  # fmt: skip


class Turned:
    """The origin's clock: goes on by itself, and is turned so that feeds change between two rounds."""

    def __init__(self):
        self.ahead = timedelta(0)

    def now(self):
        return datetime.now(UTC) + self.ahead  # noqa: TID251 - the program runs by the real clock


@contextlib.contextmanager
def watching(clock):
    """The origin in a thread of its own. All its feeds are on one host, so that rules of hosts are lax."""
    rules = Rules(
        floor=timedelta(seconds=0.5), fixed=True, gap=timedelta(0), per_host=len(PLAYED), pauses=False
    )
    server = OriginServer([BEHAVIOURS[name] for name in PLAYED], rules, clock.now)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(server.__aenter__(), loop).result()
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(server.__aexit__(None, None, None), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def test_nothing_to_blame_and_one_score(place):
    """A daemon for some rounds, then `once`, while feeds change; then the columns of both."""
    clock = Turned()
    with watching(clock) as server:
        feeds = "".join(f"  - {{url: '{server.url(name)}', title: {name}, every: 1s}}\n" for name in PLAYED)
        place.write(f"feeds:\n{feeds}", HEAD)
        steady = server.origin.each()[0]
        with place.daemon() as daemon:
            until(lambda: steady.exchanges >= 3, daemon.log)
            assert daemon.stop() == 0
        for _ in range(3):
            clock.ahead += timedelta(hours=8)
            assert place.run("once", "--all").returncode == 0
        said = place.run("status", "--politeness").stdout
        assert server.origin.complaints() == [], "\n".join(lines(server.origin.each()))
        assert steady.exchanges >= 6
        rows = [row for row in map(str.split, said.splitlines()) if row and row[0] in PLAYED]
        ours = {name: list(map(int, cells)) for name, *cells in rows}
        for watch in server.origin.each():
            counted = dict(watch.finish().cells())
            assert ours[watch.behaviour.name()] == [counted[name] for name in SHOWN]
