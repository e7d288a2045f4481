#!/usr/bin/env python3
"""Run the daemon on a set of hostile sources beside good ones, and judge what it did to the good ones.

    tools/hostile_run.py ../shared/hostile [--good 200] [--seconds 120] [--every 5] [--bound 1500]

First the good sources alone, then with all the hostile ones. Every good source must be asked on time (its
`every`, and LATE seconds at most), the memory of the daemon and its processes together (PSS) must stay under
the bound (MB), the daemon must answer and stop cleanly, each hostile source must have failed in the words
that `hostile_expected` has for it, and nothing of what it tried may be in the documents. Exit status 1 if
not. What was late in the first SETTLE seconds is printed and not judged: every source is new then, good and
hostile ones alike, all are due at once, and nobody knows yet whose bodies take long to read.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lxml import etree, html

from tools.hostile_expected import EITHER, FINE, expected, is_met
from tools.hostile_origin import GoodOrigin, Marker

LATE = 3.0  # seconds that a good poll may be late
SETTLE = 30.0  # seconds after the start that are not judged
ANSWER = 2.0  # seconds that /readyz may take
HOSTILE_EVERY = 10  # seconds

_LINKS = frozenset({"href", "src", "poster", "cite", "action"})


@dataclass
class Run:
    """What was seen of one life of the daemon."""

    late: list[float] = field(default_factory=list)  # seconds by which each good poll came late
    late_at_first: list[float] = field(default_factory=list)  # the same of those that were due in SETTLE
    never: list[str] = field(default_factory=list)  # good sources that were not asked in time at all
    memory: list[int] = field(default_factory=list)  # bytes
    answers: list[float] = field(default_factory=list)  # seconds that /readyz took
    refused: list[str] = field(default_factory=list)  # answers of /readyz that were none
    stopped: str = ""  # what was wrong with its end
    log: str = ""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def configure(
    folder: Path, port: int, good: Sequence[str], bad: Mapping[str, str], options: argparse.Namespace
) -> None:
    lines = [f"  - {{url: '{url}', category: good, every: {options.every:g}s}}" for url in good]
    lines += [
        f"  - {{url: '{url}', title: 'bad {name}', category: bad, every: {HOSTILE_EVERY}s}}"
        for name, url in bad.items()
    ]
    folder.mkdir()
    (folder / "feeds.yaml").write_text(
        "site: {title: Hostile, url: 'https://news.example.org/', contact: 'https://news.example.org/about'}\n"
        f"server: {{listen: '127.0.0.1:{port}', admin: 'off'}}\n"
        "defaults: {private: true}\n"
        f"polling: {{per_host: 20, per_host_gap: 0s, timeout: 5s, concurrency: {options.concurrency}}}\n"
        "feeds:\n" + "\n".join(lines) + "\n"
    )


def family(pid: int) -> list[int]:
    """A process and all that it has started."""
    parents: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
            parents.setdefault(parent, []).append(int(stat.parent.name))
    found = [pid]
    for one in found:
        found += parents.get(one, [])
    return found


def memory(pid: int) -> int:
    """Bytes of memory of a process and all that it has started, what they share counted once."""
    total = 0
    for one in family(pid):
        with contextlib.suppress(OSError):
            text = Path(f"/proc/{one}/smaps_rollup").read_text()
            total += int(re.search(r"^Pss:\s+(\d+)", text, re.M)[1]) * 1024  # type: ignore[index]
    return total


def watch(pid: int, port: int, run: Run, done: threading.Event) -> None:
    """Note memory and answers until it is over."""
    turn = 0
    while not done.wait(0.5):
        run.memory.append(memory(pid))
        turn += 1
        if turn % 2:
            continue
        began = time.monotonic()
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=10) as answer:
                answer.read()
        except OSError as trouble:
            run.refused.append(str(trouble))
        run.answers.append(time.monotonic() - began)


def live(folder: Path, port: int, origin: GoodOrigin, seconds: float, every: float) -> Run:
    """One life of the daemon, from its start to SIGTERM."""
    run, done = Run(), threading.Event()
    with (folder / "log").open("ab") as log:
        daemon = subprocess.Popen(
            [sys.executable, "-m", "aggregator", "run"], cwd=folder, stdout=log, stderr=log
        )
    try:
        while b"serving " not in (folder / "log").read_bytes():
            if daemon.poll() is not None:
                raise SystemExit(f"the daemon ended: {(folder / 'log').read_text()[-2000:]}")
            time.sleep(0.05)
        watcher = threading.Thread(target=watch, args=(daemon.pid, port, run, done), daemon=True)
        watcher.start()
        began = time.monotonic()
        origin.forget()
        with contextlib.suppress(subprocess.TimeoutExpired):
            daemon.wait(SETTLE + seconds)
            run.stopped = f"it ended by itself with {daemon.returncode}"
        asked, ended = dict(origin.asked), time.monotonic()
        done.set()
        watcher.join()
        judge_times(run, asked, began, ended, every)
        if daemon.poll() is None:
            daemon.send_signal(signal.SIGTERM)
            try:
                status = daemon.wait(30)
                run.stopped = f"SIGTERM ended it with {status}" if status else ""
            except subprocess.TimeoutExpired:
                run.stopped = "it did not end within 30 s of SIGTERM"
    finally:
        if daemon.poll() is None:
            daemon.kill()
        daemon.wait()
    run.log = (folder / "log").read_text()
    return run


def judge_times(
    run: Run, asked: Mapping[str, Sequence[float]], began: float, ended: float, every: float
) -> None:
    """How late each poll came, after the one before or the start."""
    for path, times in asked.items():
        counted = [began, *times]
        if ended - counted[-1] > every + LATE:
            run.never.append(f"{path}: not asked for {ended - counted[-1]:.1f} s at the end")
        for earlier, later in itertools.pairwise(counted):
            due = earlier + every
            late = run.late_at_first if due < began + SETTLE else run.late
            late.append(later - due)


def status(folder: Path) -> dict[str, dict[str, Any]]:
    """What `aggregator status --json` says of each hostile source."""
    done = subprocess.run(
        [sys.executable, "-m", "aggregator", "status", "--json"],
        cwd=folder,
        capture_output=True,
        check=True,
    )
    return {one["source"]: one for one in json.loads(done.stdout)["sources"]}


def executable(tree: Any) -> Iterator[str]:
    """What of an HTML tree would run, or lead to where nobody may be led."""
    for element in tree.iter():
        if not isinstance(element.tag, str):
            continue
        if element.tag in ("script", "iframe", "object", "embed", "form", "base", "svg", "math", "style"):
            yield f"<{element.tag}>"
        for name, value in element.attrib.items():
            scheme = re.match(r"\s*([a-z][a-z0-9+.-]*):", str(value), re.I)
            if name.startswith("on") or name in ("style", "srcdoc"):
                yield f"<{element.tag} {name}>"
            elif name in _LINKS and scheme and scheme[1].lower() not in ("http", "https", "mailto"):
                yield f"<{element.tag} {name}={str(value)[:60]}>"


def judge_documents(public: Path, secrets: Sequence[str]) -> Iterator[str]:
    """What is wrong with the documents."""
    for path in sorted(p for p in public.rglob("*") if p.is_file() and p.suffix != ".gz"):
        body, where = path.read_bytes(), path.relative_to(public)
        yield from (f"{where} holds {secret!r}" for secret in secrets if secret.encode() in body)
        found: list[str] = []
        if path.suffix in (".atom", ".rss", ".opml"):
            try:
                tree = etree.fromstring(body, etree.XMLParser(resolve_entities=False, huge_tree=True))
            except etree.XMLSyntaxError as error:
                yield f"{where} is no XML: {error}"
                continue
            for text in tree.iter("{*}content", "{*}summary", "{*}description", "{*}encoded"):
                if text.text and "<" in text.text:
                    found += executable(html.fragment_fromstring(text.text, create_parent=True))
            links = [e.get("href") or e.text or "" for e in tree.iter("{*}link")]
            found += [link for link in links if link.strip() and not re.match(r"https?:|mailto:", link)]
        elif path.suffix == ".json":
            for item in json.loads(body).get("items", ()):
                if item.get("content_html"):
                    found += executable(html.fragment_fromstring(item["content_html"], create_parent=True))
        elif path.suffix == ".html":
            page = html.document_fromstring(body)
            ours = {"<style>", "<svg>"}
            found += [one for one in executable(page) if one not in ours]
        yield from (f"{where} holds {one}" for one in dict.fromkeys(found))


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


def told(name: str, run: Run) -> str:
    late, megabytes = run.late, [one / 1e6 for one in run.memory]
    return (
        f"{name}: {len(late)} good polls, late by {percentile(late, 0.5):.2f} s in the middle, "
        f"{percentile(late, 0.95):.2f} s (95 %), {percentile(late, 0.99):.2f} s (99 %), "
        f"{max(late, default=0):.2f} s at most ({max(run.late_at_first, default=0):.2f} s in the first "
        f"{SETTLE:.0f} s); memory {percentile(megabytes, 0.5):.0f} MB in the middle, "
        f"{max(megabytes, default=0):.0f} MB at most; /readyz within {max(run.answers, default=0):.2f} s"
    )


def problems_of(name: str, run: Run, bound: int) -> Iterator[str]:
    late = sum(one > LATE for one in run.late)
    if late:
        yield f"{name}: {late} good polls were late by more than {LATE:g} s"
    yield from (f"{name}: good source {line}" for line in run.never[:5])
    if run.never[5:]:
        yield f"{name}: and {len(run.never) - 5} more good sources"
    peak = max(run.memory, default=0) / 1e6
    if peak > bound:
        yield f"{name}: {peak:.0f} MB of memory, not {bound}"
    if max(run.answers, default=0) > ANSWER:
        yield f"{name}: /readyz took {max(run.answers):.1f} s"
    yield from (f"{name}: /readyz: {line}" for line in run.refused)
    if run.stopped:
        yield f"{name}: {run.stopped}"
    if "Traceback" in run.log:
        yield f"{name}: a traceback in the log"


@contextlib.contextmanager
def hostile_origin(directory: Path, marker: Marker) -> Iterator[dict[str, str]]:
    """The hostile servers, in a process of their own; URLs by name."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tools.hostile_origin", str(directory), str(marker.file), marker.url],
        cwd=Path(__file__).parent.parent,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # its threads say there that we have hung up on them
    )
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
    finally:
        process.kill()
        process.wait()


def judge_sources(names: Sequence[str], said: Mapping[str, dict[str, Any]]) -> Iterator[str]:
    """Print the table of hostile sources; what is not as it is expected."""
    for name in names:
        one = said[f"bad {name}"]
        error, result = one["error"], one["result"]
        met = one["last_poll"] is not None and is_met(name, error)
        wanted = expected(name)
        kind = {FINE: "harmless", EITHER: "either"}.get(wanted, "bad")
        print(f"{'ok  ' if met else 'MISS'} {kind:9}{name:26} {one['posts']:5} posts  {error or result}")
        if not met:
            yield f"{name}: {error or result or 'never polled'!r}, expected {wanted or 'no failure'!r}"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("directory", type=Path, help="with server.py and gen_xml.py")
    parser.add_argument("--good", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--every", type=float, default=5)
    parser.add_argument("--bound", type=int, default=1500, help="MB")
    parser.add_argument("--concurrency", type=int, default=50, help="polling.concurrency")
    parser.add_argument("--keep", type=Path, help="a new directory to leave everything in")
    options = parser.parse_args()
    problems: list[str] = []
    with tempfile.TemporaryDirectory() as name:
        root = options.keep or Path(name)
        root.mkdir(exist_ok=True)
        marker = Marker(root)
        good = GoodOrigin(options.good, growth=30)
        with hostile_origin(options.directory.resolve(), marker) as bad:
            print(
                f"{options.good} good sources every {options.every:g} s, {len(bad)} hostile ones", flush=True
            )
            runs: dict[str, Run] = {}
            for which, sources in (("good alone", {}), ("with the hostile", bad)):
                port, folder = free_port(), root / which.replace(" ", "-")
                configure(folder, port, good.urls(), sources, options)
                runs[which] = live(folder, port, good, options.seconds, options.every)
                print(told(which, runs[which]), flush=True)
                problems += problems_of(which, runs[which], options.bound)
            problems += judge_sources(list(bad), status(folder))
            problems += judge_documents(folder / "public", [Marker.SECRET, "root:x:0:0"])
            if marker.touched:
                problems.append(f"an external entity was asked for {marker.touched} times")
    for problem in problems:
        print(problem)
    print("FAILED" if problems else "good sources on time, memory bounded, every failure named")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
