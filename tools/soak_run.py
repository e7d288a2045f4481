#!/usr/bin/env python3
"""Let the daemon live among sources that change, fail, hang and recover, and see what it leaves behind.

    tools/soak_run.py [--minutes 30] [--sources 500] [--keep DIR]

Real time, real sockets, a real `aggregator run`. Each source behaves in another way every PHASE seconds (see
`changing_origin`), readers fetch and subscribe, and the admin pages are loaded. After WARM seconds and
at the end every source is paused, so that what is there then can be compared. Judged are

  memory     of the daemon, and of the processes that read: the last quarter against the second one
  left       tasks, threads and open files, when all is quiet again
  log        each line of WARNING and above must be of a kind that tells an operator what to do (KINDS)
  sources    each is asked still, however it has behaved
  documents  each is what its name says, and so is the store

Prints a table and what is wrong; exit status 1 if anything is. Under LONG_ENOUGH minutes memory is shown and
not judged: caches fill.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import itertools
import json
import random
import re
import sqlite3
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lxml import etree

from tests.e2e.program import Daemon, Place
from tests.e2e.readers import Readers
from tools.changing_origin import address
from tools.hostile_run import family, judge_documents
from tools.running import asked, origin

PHASE = 45.0
GROWTH = 60.0
TIMEOUT = 5
LONGEST = 40
"""Seconds: `polling.max_interval`, so that who failed is asked again soon."""
SILENT = 180.0
"""Seconds after which a source that was not asked counts as forgotten: back-off, Retry-After, a timeout."""
LONG_ENOUGH = 10.0
GROWN = 1.05, 8.0
"""How much memory may grow from the second to the last quarter: this factor, and so many MB."""
WARM = 40.0
"""Seconds in which all that is started once is started, before it is looked at what is there."""
SAMPLE = 5.0
SETTLED = 60.0
"""Seconds after which what is there counts as what belongs there, before the sources are let loose."""
QUIET = 240.0
"""Seconds in which all must be quiet after every source was paused; what was put off is written first."""
SUBSCRIBERS = 40
CONNECTIONS = 9
"""To the store, at most: one that writes and eight that read (`store.sqlite`)."""

KINDS = {
    r"WARNING poll source=.* error=.* failures=\d+": "a source failed: which, why, when it is asked again",
    r"WARNING reading .* failed": "the document of a source could not be read: says whose",
}
"""The lines that a run like this may bring, and what an operator learns from them."""


@dataclass(frozen=True)
class Sample:
    """What a process has at one moment."""

    at: float
    main: float  # MB, resident
    workers: float  # MB, of all processes that it has started
    processes: int
    open: Counter[str]  # files and sockets, by what they are
    threads: int
    tasks: int
    polls: int

    @property
    def files(self) -> int:
        """But for the store's: its connections are opened when they are wanted first, and kept."""
        return sum(number for name, number in self.open.items() if not re.search(r"\.db(-wal)?$", name))

    @property
    def connections(self) -> int:
        return sum(number for name, number in self.open.items() if name.endswith(".db"))


@dataclass
class Run:
    samples: list[Sample] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    wrong: list[str] = field(default_factory=list)


class Watch:
    """Looks at a daemon from outside."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon, self._began = daemon, time.monotonic()
        found = re.search(r"for you http://127\.0\.0\.1:(\d+)/", daemon.log())
        assert found is not None
        self.admin = int(found[1])

    def page(self, path: str) -> tuple[int, str]:
        with contextlib.closing(
            http.client.HTTPConnection("127.0.0.1", self.admin, timeout=30)
        ) as connection:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()

    def sample(self) -> Sample:
        pid = self._daemon.process.pid
        others = [one for one in family(pid) if one != pid]
        _, text = self.page("/metrics")
        polls = re.findall(r"^aggregator_polls_total\{.*\} ([\d.e+]+)$", text, re.M)
        return Sample(
            at=time.monotonic() - self._began,
            main=resident(pid),
            workers=sum(map(resident, others)),
            processes=len(others),
            open=opened(pid),
            threads=len(list(Path(f"/proc/{pid}/task").iterdir())),
            tasks=int(float(re.search(r"^aggregator_tasks ([\d.]+)$", text, re.M)[1])),  # type: ignore[index]
            polls=int(sum(map(float, polls))),
        )

    def running(self) -> int:
        """Polls under way."""
        found = re.search(r"^aggregator_polls_running ([\d.]+)$", self.page("/metrics")[1], re.M)
        return int(float(found[1])) if found else 0


def opened(pid: int) -> Counter[str]:
    """What a process has open: paths, and kinds of all that has none."""
    found = Counter[str]()
    for one in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):  # closed meanwhile
            found[re.sub(r":\[.*", "", str(one.readlink()))] += 1
    return found


def resident(pid: int) -> float:
    with contextlib.suppress(OSError):
        found = re.search(r"^VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.M)
        return int(found[1]) / 1024 if found else 0.0
    return 0.0


def configure(place: Place, port: int, count: int, *, paused: bool) -> None:
    feeds = "\n".join(
        f"  - {{url: '{address(port, f'/moody/{n}.xml')}', title: Moody {n}, category: c{n % 10}, "
        f"every: {20 + n % 20}s}}"
        for n in range(count)
    )
    place.write(
        f"feeds:\n{feeds}\n",
        "site: {title: Soak, url: 'https://news.example.org/', contact: 'https://news.example.org/about'}\n"
        "server: {listen: '127.0.0.1:0', admin: '127.0.0.1:0', private_hub: true}\n"
        f"defaults: {{private: true, paused: {str(paused).lower()}}}\n"
        f"polling: {{per_host: 10, per_host_gap: 0s, timeout: {TIMEOUT}s, max_size: 1MB, "
        f"min_interval: 20s, max_interval: {LONGEST}s}}\n"
        "output: {formats: [atom, rss, json, html, posts]}\n",
    )


class Subscribers(Readers):
    """They keep no bodies."""

    def note(self, kept, what):  # type: ignore[no-untyped-def]
        super().note(kept, what if isinstance(what, str) else what[0])


def readers(daemon: Daemon, watch: Watch, subscribers: Readers, run: Run, done: threading.Event) -> None:
    """Fetch, subscribe, leave, look at the admin pages, until it is over."""
    dice, tags = random.Random(1), dict[str, str]()
    topics = ["feed.atom", *(f"category/c{n}/feed.atom" for n in range(10))]
    pages = itertools.cycle(["/admin/", "/admin/stories", "/admin/?health=broken", "/admin/explain?of=x"])
    for turn in itertools.count():
        if done.wait(0.5):
            return
        began = time.monotonic()
        path = dice.choice([*topics, "index.html", "status.atom", "feed.json", "feed.rss"])
        try:
            status, headers, _ = daemon.get(path, **({"if_none_match": tags[path]} if path in tags else {}))
            tags[path] = headers.get("etag", "") or tags.get(path, "")
            run.answers[f"documents {status}"] += 1
            if turn % 4 == 0:
                topic, mode = dice.choice(topics), dice.choice(["subscribe", "subscribe", "unsubscribe"])
                status = subscribers.subscribe(
                    daemon.port,
                    f"https://news.example.org/{topic}",
                    str(dice.randrange(SUBSCRIBERS)),
                    mode=mode,
                )
                run.answers[f"hub {status}"] += 1
            if turn % 10 == 0:
                status, text = watch.page(next(pages))
                run.answers[f"admin {status}"] += 1
                if found := re.findall(r'href="(/admin/source/\w+)"', text):
                    run.answers[f"admin {watch.page(dice.choice(found))[0]}"] += 1
        except (OSError, http.client.HTTPException) as trouble:
            run.wrong.append(f"/{path} or what came with it: {trouble!r}")
        run.slowest = max(run.slowest, time.monotonic() - began)


def live(place: Place, options: argparse.Namespace, run: Run, port: int) -> tuple[str, float, Sample, Sample]:
    """One life: its log, when it was paused, what was there before anything was polled, and after."""
    configure(place, port, options.sources, paused=True)
    daemon, done = Daemon(place, ()), threading.Event()
    with Subscribers() as subscribers:
        try:
            daemon.wait_until_it_serves()
            watch = Watch(daemon)
            configure(place, port, options.sources, paused=False)
            time.sleep(WARM)
            configure(place, port, options.sources, paused=True)
            before = quiet(watch, None)
            configure(place, port, options.sources, paused=False)
            reading = threading.Thread(target=readers, args=(daemon, watch, subscribers, run, done))
            reading.start()
            ends = time.monotonic() + options.minutes * 60
            while time.monotonic() < ends and daemon.process.poll() is None:
                time.sleep(SAMPLE)
                run.samples.append(watch.sample())
            paused = time.monotonic()
            done.set()
            reading.join()
            configure(place, port, options.sources, paused=True)
            after = quiet(watch, before)
            run.answers["deliveries"] = len(subscribers.got)
            if status := daemon.stop():
                run.wrong.append(f"SIGTERM ended it with {status}")
            return daemon.log(), paused, before, after
        finally:
            done.set()
            daemon.kill()


def quiet(watch: Watch, before: Sample | None) -> Sample:
    """What is there once no more is under way than before, or QUIET seconds have passed."""
    deadline = time.monotonic() + (SETTLED if before is None else QUIET)
    while True:
        time.sleep(SAMPLE)
        now = watch.sample()
        more = before is None or now.tasks > before.tasks or now.files > before.files
        if (watch.running() == 0 and not more) or time.monotonic() > deadline:
            return now


def kinds(log: str) -> tuple[Counter[str], Counter[str], list[str]]:
    """Lines of WARNING and above by kind, troubles of sources in words, and lines of no kind."""
    known, troubles, unknown = Counter[str](), Counter[str](), list[str]()
    for line in log.splitlines():
        said = re.sub(r"^\d\S+ ", "", line)
        if said.startswith(("INFO ", "DEBUG ", "Soak: ")):
            continue
        kind = next((one for one in KINDS if re.match(one, said)), None)
        if kind is None:
            unknown.append(line)
            continue
        known[KINDS[kind]] += 1
        if error := re.search(r' error=("(?:[^"\\]|\\.)*"|\S+)', said):
            words = re.sub(r"https?://\S+", "URL", error[1].strip('"'))
            troubles[re.sub(r"\d[\d,.]*", "N", words)] += 1
    return known, troubles, unknown


def forgotten(log: Path, count: int, paused: float) -> Iterator[str]:
    """Sources that were not asked for too long before they were paused."""
    last = {path: times[-1][0] for path, times in asked(log).items()}
    for n in range(count):
        at = max(last.get(f"/moody/{n}.xml", 0.0), last.get(f"/grows/{n}.xml", 0.0))
        if paused - at > SILENT:
            yield f"source {n} was not asked for {paused - at:.0f} s"


def documents(place: Place) -> Iterator[str]:
    """What is wrong with the documents, and with the store."""
    yield from judge_documents(place.public, [])
    for path in place.public.rglob("*.json"):
        if not str(json.loads(path.read_bytes()).get("version", "")).startswith("https://jsonfeed.org/"):
            yield f"{path} is no JSON Feed"
    for path in place.public.rglob("*.atom"):
        names = [entry.findtext("{*}id") for entry in etree.parse(path).iter("{*}entry")]
        if len({*names}) != len(names) or not all(names):
            yield f"{path} has an entry twice, or one without an id"
    with contextlib.closing(sqlite3.connect(place.store)) as store:
        [[said]] = store.execute("PRAGMA integrity_check").fetchall()
        if said != "ok":
            yield f"the store: {said}"


def memory(run: Run, minutes: float) -> Iterator[str]:
    """What has grown from the second quarter of the run to the last one."""
    quarter = len(run.samples) // 4
    for name in ("main", "workers"):
        early, late = (
            statistics.median(getattr(one, name) for one in some)
            for some in (run.samples[quarter : 2 * quarter], run.samples[-quarter:])
        )
        print(f"memory of {name}: {early:.0f} MB in the second quarter, {late:.0f} MB in the last")
        if minutes >= LONG_ENOUGH and late > early * GROWN[0] + GROWN[1]:
            yield f"memory of {name} has grown from {early:.0f} to {late:.0f} MB"


def table(samples: list[Sample]) -> Iterator[str]:
    headings = "minute", "main MB", "workers MB", "processes", "files", "threads", "tasks", "polls"
    widths = 7, 9, 12, 11, 7, 9, 7, 8
    yield "".join(heading.rjust(width) for heading, width in zip(headings, widths, strict=True))
    step = max(1, len(samples) // 15)
    for one in [*samples[::step], *samples[-1:]]:
        yield (
            f"{one.at / 60:7.1f}{one.main:9.0f}{one.workers:12.0f}{one.processes:11}{one.files:7}"
            f"{one.threads:9}{one.tasks:7}{one.polls:8}"
        )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--sources", type=int, default=500)
    parser.add_argument("--keep", type=Path, help="a new directory to leave everything in")
    options = parser.parse_args()
    run = Run()
    with contextlib.ExitStack() as ends:
        folder = options.keep or Path(ends.enter_context(tempfile.TemporaryDirectory(prefix="soak-")))
        folder.mkdir(exist_ok=True)
        place = Place(folder)
        port, log = ends.enter_context(origin(folder, GROWTH, PHASE))
        said, paused, before, after = live(place, options, run, port)
        moods = Counter(kind for times in asked(log).values() for _, kind in times)
        run.wrong += forgotten(log, options.sources, paused)
        run.wrong += documents(place)
        written = sum(one.is_file() for one in place.public.rglob("*"))
    print("\n".join(table(run.samples)))
    for name, one in (("paused at first", before), ("paused at last", after)):
        print(f"{name}: {one.tasks} tasks, {one.threads} threads, {one.files} files, {one.main:.0f} MB")
    for what in ("tasks", "files"):
        if getattr(after, what) > getattr(before, what):
            run.wrong.append(f"{what} left: {getattr(after, what) - getattr(before, what)}")
            more, less = after.open - before.open, before.open - after.open
            print(f"open at last, and not at first: {dict(more)}; only at first: {dict(less)}")
    if after.connections > CONNECTIONS:
        run.wrong.append(f"connections to the store: {after.connections}")
    if after.processes > before.processes:
        run.wrong.append(f"processes left: {after.processes - before.processes}")
    run.wrong += memory(run, options.minutes)
    known, troubles, unknown = kinds(said)
    print("asked:", ", ".join(f"{kind} {number}" for kind, number in sorted(moods.items())))
    print("answered:", ", ".join(f"{kind}: {number}" for kind, number in sorted(run.answers.items())))
    print(f"slowest round of a reader: {run.slowest:.1f} s; files in the output: {written}")
    print("log lines of WARNING and above:")
    for kind, number in known.most_common():
        print(f"{number:8}  {kind}")
    for words, number in troubles.most_common():
        print(f"{number:12}  {words}")
    run.wrong += [f"in the log: {line[:300]}" for line in unknown]
    run.wrong += [f"answered {kind}: {n}" for kind, n in run.answers.items() if kind.endswith(("500", "503"))]
    for line in run.wrong[:40]:
        print(f"WRONG: {line}")
    if run.wrong[40:]:
        print(f"WRONG: and {len(run.wrong) - 40} more")
    print("FAILED" if run.wrong else "nothing left, nothing unsaid, all documents as they should be")
    return 1 if run.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
