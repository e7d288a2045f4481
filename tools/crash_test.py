#!/usr/bin/env python3
"""Kill the daemon again and again, and see whether anything was lost, torn, or polled early.

    tools/crash_test.py [--kills 100] [--sources 12] [--seed N]

A source server on loopback plays dated feeds that grow while the daemon runs, with windows that outlast the
outages. The daemon is killed with SIGKILL at random moments and started again. Then the same growth is
played to a daemon that is never killed, from a copy of the same new store, at the same address. Both must
end with the same `feed.atom` and category feeds, byte for byte; no document may ever be seen torn; no source
may be asked before its interval has passed. Exit status 1 if any of that fails.
"""

from __future__ import annotations

import argparse
import contextlib
import http.server
import itertools
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

from lxml import etree

EVERY = 3.0  # seconds between two polls of a source
SLACK = 1.0  # seconds that a request may take from its lease to us
FIRST = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)


class Origin(http.server.ThreadingHTTPServer):
    """Feeds that grow by one entry at each `grow()`, and a log of who asked for what when."""

    daemon_threads = True

    def __init__(self, sources: int) -> None:
        self.sizes = dict.fromkeys((f"/{n}.xml" for n in range(sources)), 1)
        self.asked: dict[str, list[float]] = {path: [] for path in self.sizes}
        self.seen_size = dict.fromkeys(self.sizes, 0)
        super().__init__(("127.0.0.1", 0), _Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def reset(self) -> None:
        self.sizes = dict.fromkeys(self.sizes, 1)
        self.asked = {path: [] for path in self.sizes}
        self.seen_size = dict.fromkeys(self.sizes, 0)

    def grow(self, rng: random.Random) -> None:
        self.sizes[rng.choice(sorted(self.sizes))] += 1

    def all_seen(self) -> bool:
        return self.seen_size == self.sizes

    def feed(self, path: str, size: int) -> bytes:
        name = path.strip("/").removesuffix(".xml")
        items = "".join(
            f"<item><title>Post {n} of {name}</title><link>http://example.org/{name}/{n}</link>"
            f"<guid isPermaLink='false'>tag:example.org,2026:{name}/{n}</guid>"
            f"<pubDate>{format_datetime(FIRST + timedelta(minutes=7 * n, seconds=int(name)))}</pubDate>"
            f"<description>&lt;p&gt;Text {n} &amp;amp; more&lt;/p&gt;</description></item>"
            for n in reversed(range(size))
        )
        return (
            f"<?xml version='1.0'?><rss version='2.0'><channel><title>Feed {name}</title>"
            f"<link>http://example.org/{name}/</link><description>d</description>{items}</channel></rss>"
        ).encode()


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Origin

    def do_GET(self) -> None:
        origin, size = self.server, self.server.sizes[self.path]
        origin.asked[self.path].append(time.monotonic())
        etag = f'"{size}"'
        if self.headers.get("If-None-Match") == etag:
            self.send_response(304)
            self.send_header("ETag", etag)
            self.end_headers()
        else:
            body = origin.feed(self.path, size)
            self.send_response(200)
            self.send_header("ETag", etag)
            self.send_header("Content-Type", "application/rss+xml")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with contextlib.suppress(OSError):
                self.wfile.write(body)
        origin.seen_size[self.path] = size

    def log_message(self, *_: object) -> None:
        pass


class Watcher(threading.Thread):
    """Reads the documents all the time, as a web server would, and notes every one that is not whole."""

    def __init__(self, public: Path) -> None:
        super().__init__(daemon=True)
        self.public, self.torn, self.reads = public, [], 0
        self.done = threading.Event()
        self.start()

    def run(self) -> None:
        while not self.done.wait(0.01):
            for path in self.public.rglob("*.atom"):
                with contextlib.suppress(FileNotFoundError):
                    body = path.read_bytes()
                    self.reads += 1
                    try:
                        etree.fromstring(body)
                    except etree.XMLSyntaxError as error:
                        self.torn.append(f"{path.relative_to(self.public)}: {error}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def configure(folder: Path, origin: Origin) -> None:
    feeds = "".join(
        f"  - {{url: '{origin.url}{path}', category: c{n % 3}, every: {EVERY:g}s}}\n"
        for n, path in enumerate(sorted(origin.sizes))
    )
    folder.mkdir()
    (folder / "feeds.yaml").write_text(
        f"site: {{title: Crash, url: 'https://news.example.org/'}}\n"
        f"server: {{listen: '127.0.0.1:{free_port()}', admin: 'off'}}\n"
        "defaults: {private: true}\n"
        "polling: {per_host: 8, per_host_gap: 0s}\n"
        "output: {entries: 1000}\n"
        f"feeds:\n{feeds}"
    )


def start(folder: Path) -> subprocess.Popen[bytes]:
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "aggregator", "run"], cwd=folder, stdout=log, stderr=log
        )


@contextlib.contextmanager
def growing(origin: Origin, steps: int, seconds: float) -> Iterator[threading.Thread]:
    """Let the feeds grow in a thread of its own, the same way every time."""
    rng = random.Random(7)

    def play() -> None:
        for _ in range(steps):
            time.sleep(seconds / steps)
            origin.grow(rng)

    thread = threading.Thread(target=play, daemon=True)
    thread.start()
    yield thread


def finish(daemon: subprocess.Popen[bytes], folder: Path, origin: Origin) -> None:
    """Wait until everything was fetched, then stop the daemon as an operator would."""
    deadline = time.monotonic() + 60
    while not origin.all_seen():
        if time.monotonic() > deadline:
            raise SystemExit(
                f"not everything was fetched within a minute: {(folder / 'log').read_text()[-2000:]}"
            )
        time.sleep(0.1)
    daemon.send_signal(signal.SIGTERM)
    status = daemon.wait(30)
    if status != 0:
        raise SystemExit(f"SIGTERM gave {status}: {(folder / 'log').read_text()[-2000:]}")


def early(origin: Origin) -> list[str]:
    """Sources that were asked again before their interval had passed."""
    return [
        f"{path}: {later - earlier:.2f} s after the poll before"
        for path, times in origin.asked.items()
        for earlier, later in itertools.pairwise(times)
        if later - earlier < EVERY - SLACK
    ]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--sources", type=int, default=12)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--longest", type=float, default=4.0, help="seconds that a daemon may live at most")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(10**6)
    rng = random.Random(seed)
    lives = [rng.uniform(0.05, options.longest) for _ in range(options.kills)]
    steps, seconds = 4 * options.kills + 20, sum(lives)
    problems: list[str] = []
    with tempfile.TemporaryDirectory() as name:
        origin, root = Origin(options.sources), Path(name)
        new, killed, whole = root / "new", root / "killed", root / "whole"
        configure(new, origin)
        subprocess.run(
            [sys.executable, "-m", "aggregator", "publish"], cwd=new, check=True, capture_output=True
        )
        shutil.copytree(new, killed)
        shutil.copytree(new, whole)

        watcher = Watcher(killed / "public")
        began = time.monotonic()
        with growing(origin, steps, seconds) as growth:
            for life in lives:
                daemon = start(killed)
                time.sleep(life)
                if daemon.poll() is not None:
                    problems.append(f"the daemon ended by itself with {daemon.returncode}")
                daemon.kill()
                daemon.wait()
            growth.join()
        daemon = start(killed)
        finish(daemon, killed, origin)
        watcher.done.set()
        watcher.join()
        took = time.monotonic() - began
        polls = sum(map(len, origin.asked.values()))
        problems += [f"polled early: {line}" for line in early(origin)]
        problems += [f"torn: {line}" for line in watcher.torn]

        origin.reset()
        with growing(origin, steps, min(seconds, 10.0)) as growth:
            daemon = start(whole)
            growth.join()
        finish(daemon, whole, origin)
        # All but status.atom, which tells what happened to the sources, and when: they differ in that.
        documents = sorted(
            p.relative_to(whole / "public")
            for p in (whole / "public").rglob("*.atom")
            if p.name != "status.atom"
        )
        for document in documents:
            other = killed / "public" / document
            if not other.exists() or other.read_bytes() != (whole / "public" / document).read_bytes():
                problems.append(f"differs from the run that was never killed: {document}")
        entries = (whole / "public/feed.atom").read_bytes().count(b"<entry")
        expected = sum(origin.sizes.values())
        if entries != expected:
            problems.append(f"{entries} entries in feed.atom, not {expected}")
    print(
        f"seed {seed}: {options.kills} kills in {took:.0f} s, {polls} polls, {watcher.reads} documents read"
    )
    print(f"{len(documents)} documents compared, {entries} entries in feed.atom")
    for problem in dict.fromkeys(problems):
        print(problem)
    print("FAILED" if problems else "nothing lost, torn or early")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
