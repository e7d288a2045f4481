#!/usr/bin/env python3
"""Edit feeds.yaml again and again while the daemon is busy, and judge when and how each edit is in force.

    tools/reload_run.py [--edits 200] [--sources 300] [--seed 1] [--keep DIR]

A real `aggregator run` polls a few hundred sources that change and fail. Meanwhile the file is edited as
editors do it, one edit in three with a mistake, some of them with SIGHUP. After each valid edit every post of
the subjects must be where the edit puts it, with its old id and dates, within WITHIN seconds; after one with
a mistake nothing may change, at no time, and the log must say what is wrong. What the origin was asked is
held against the intervals that were in force and against its own words: an edit brings no poll forward.

Where the machine is busy (a fixed piece of work takes over BUSY times its own processor time, in the middle)
SLACK times as long is allowed, and the last lines say so. Exit status 1 if anything was wrong.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import random
import signal
import statistics
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lxml import etree

from tests.e2e.program import Daemon, Place
from tools.changing_origin import BUSY as RETRY_AFTER
from tools.changing_origin import WORD, address
from tools.reload_edits import EDITORS, MISTAKES, SLUGS, VALID, Documents, Editor, File, Shown, Source
from tools.running import asked, busyness, origin

WITHIN = 2.0
"""Seconds that are promised."""
BUSY = 1.25
SLACK = 5.0
EARLY = 1.5
"""Seconds that a request may seem early, since the one before it may have been slow to come."""
PATIENCE = 20.0
"""Seconds after which an edit counts as never in force."""
DWELL = 0.6
"""Seconds for which nothing may change after an edit with a mistake."""
RELOADED, REFUSED, TAKEN_BACK = " reload by=", "not reloaded: ", "is as it is in force again"
"""What the log says of an edit."""
SHOWN = 20
_ATOM = "{http://www.w3.org/2005/Atom}"


@dataclass
class Run:
    """What was seen of all edits."""

    took: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    by: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    refused: Counter[str] = field(default_factory=Counter)
    busy: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    periods: list[tuple[float, float, File]] = field(default_factory=list)
    """From when on which file may have been in force, and until when."""


class Reader:
    """Reads the documents of the subjects again and again; they may only show what one of some says."""

    def __init__(self, daemon: Daemon, run: Run) -> None:
        self._daemon, self._run = daemon, run
        self._tags: dict[str, str] = {}
        self._shown: dict[str, dict[str, Shown]] = {}
        self._names: dict[str, tuple[str, str]] = {}  # id and published by title

    def look(self) -> Documents:
        """What they show now."""
        for slug in SLUGS:
            path, tag = f"category/{slug}/feed.atom", self._tags.get(slug, "")
            status, headers, body = self._daemon.get(path, **({"if_none_match": tag} if tag else {}))
            if status == 200:
                self._tags[slug] = headers["etag"]
                self._shown[slug] = dict(self._entries(body, slug))
        return {slug: self._shown.get(slug, {}) for slug in SLUGS}

    def _entries(self, body: bytes, slug: str) -> Iterator[tuple[str, Shown]]:
        for entry in etree.fromstring(body).iter(f"{_ATOM}entry"):
            title, name, published = (
                entry.findtext(f"{_ATOM}{one}", "") for one in ("title", "id", "published")
            )
            if self._names.setdefault(title, (name, published)) != (name, published):
                self._run.wrong.append(f"{title} is another one in {slug}: {name}, {published}")
            tags = {c.get("term") or "" for c in entry.iter(f"{_ATOM}category") if c.get("scheme") is None}
            summary = entry.findtext(f"{_ATOM}summary", "")
            how = "full" if not summary else "link" if summary.startswith("<p lang") else "excerpt"
            yield title, (how, frozenset(tags))

    def until(self, wanted: Documents, allowed: Sequence[Documents], seconds: float, what: str) -> bool:
        """Look until they show what is wanted; anything that is not allowed is wrong."""
        deadline, complained = time.monotonic() + seconds, False
        while True:
            shown = self.look()
            strange = "" if complained else difference(shown, allowed)
            if strange:
                self._run.wrong.append(f"{what}: shown meanwhile: {strange}")
                complained = True
            if shown == wanted:
                return True
            if time.monotonic() > deadline:
                self._run.wrong.append(f"{what}: not in force: {difference(shown, [wanted])}")
                return False
            time.sleep(0.02)

    def stays(self, wanted: Documents, seconds: float, what: str) -> None:
        """Look for so long; only what is wanted may be shown."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if strange := difference(self.look(), [wanted]):
                self._run.wrong.append(f"{what}: {strange}")
                return
            time.sleep(0.02)


def difference(shown: Documents, allowed: Sequence[Documents]) -> str:
    """The first post that is shown as none of these say."""
    for slug in SLUGS:
        for title in sorted({*shown[slug], *(title for one in allowed for title in one[slug])}):
            now = shown[slug].get(title)
            if all(now != one[slug].get(title) for one in allowed):
                return f"{title} in {slug}: {now}, not {allowed[-1][slug].get(title)}"
    return ""


class Life:
    """A daemon on a file that is edited."""

    def __init__(self, daemon: Daemon, editor: Editor, file: File, dice: random.Random, run: Run) -> None:
        self._daemon, self._editor, self._dice, self._run = daemon, editor, dice, run
        self.file, self._reader, self._mistake = file, Reader(daemon, run), ""

    def begin(self) -> bool:
        expected = self.file.expected()
        nothing: Documents = {slug: {} for slug in SLUGS}
        return self._reader.until(expected, [nothing, expected], PATIENCE * 3, "the start")

    def accepted(self, number: int) -> None:
        """A valid edit, which must be in force at once."""
        before, (kind, after) = self.file, self._made()
        what = f"edit {number} ({kind})"
        heard = self._daemon.log().count(RELOADED)
        way, saved = self._save(after.text().encode())
        self.file = after
        expected = after.expected()
        shown = self._reader.until(expected, [before.expected(), expected], PATIENCE, f"{what}, {way}")
        said = self._heard(RELOADED, heard, f"{what}, {way}")
        took = time.monotonic() - saved
        if shown and said:
            self._run.took[kind].append(took)
            self._run.by[way].append(took)
        self._run.periods[-1] = (*self._run.periods[-1][:1], time.monotonic(), before)
        self._run.periods.append((saved, float("inf"), after))
        self._mistake = ""

    def refused(self, number: int) -> None:
        """An edit with a mistake, which must never be in force; sometimes taken back by the editor."""
        kind = self._dice.choice([one for one in MISTAKES if one != self._mistake])
        _, other = self._made()
        what = f"edit {number} (mistake: {kind})"
        content = MISTAKES[kind](other.text(), self._dice)
        heard = self._daemon.log().count(REFUSED)
        if content == b"GONE":
            self._editor.remove()
        else:
            self._save(content)
        if self._heard(REFUSED, heard, what):
            self._run.refused[kind] += 1
        self._mistake = kind
        self._reader.stays(self.file.expected(), DWELL, what)
        if kind == "gone" or self._dice.random() < 0.3:
            heard = self._daemon.log().count(TAKEN_BACK)
            way, _ = self._save(self.file.text().encode())
            self._heard(TAKEN_BACK, heard, f"{what}, taken back, {way}")
            self._reader.stays(self.file.expected(), DWELL, f"{what}, taken back")
            self._mistake = ""

    def _made(self) -> tuple[str, File]:
        """An edit that can be made of the file as it is."""
        while True:
            kind = self._dice.choice([*VALID])
            after = VALID[kind](self.file, self._dice)
            if after is not None and after.text() != self.file.text():
                return kind, after

    def _save(self, content: bytes) -> tuple[str, float]:
        """Save it in one of the ways; which, and when."""
        way, hup = self._dice.choice(EDITORS), self._dice.random() < 0.2
        saved = self._editor.write(content, way)
        if hup:
            self._daemon.process.send_signal(signal.SIGHUP)
        return f"{way}, SIGHUP" if hup else way, saved

    def _heard(self, words: str, before: int, what: str) -> bool:
        """Wait until the log has said something more often than before."""
        deadline = time.monotonic() + PATIENCE
        while self._daemon.log().count(words) <= before:
            if time.monotonic() > deadline:
                self._run.wrong.append(f"{what}: the log does not say {words!r}")
                return False
            time.sleep(0.02)
        return True

    def dwell(self, seconds: float) -> None:
        self._reader.stays(self.file.expected(), seconds, "between two edits")


def live(folder: Path, options: argparse.Namespace, run: Run, port: int) -> str:
    """One life of the daemon with all its edits; its log."""
    dice = random.Random(options.seed)
    file = File.of(options.sources, lambda path: address(port, path))
    editor = Editor(folder / "config", dice)
    editor.write(file.text().encode(), "renamed over")
    daemon = Daemon(Place(folder), ("-c", "config/feeds.yaml"))
    try:
        daemon.wait_until_it_serves()
        run.periods.append((time.monotonic() - PATIENCE, float("inf"), file))
        life = Life(daemon, editor, file, dice, run)
        if not life.begin():
            return daemon.log()
        for number in range(options.edits):
            run.busy.append(busyness())
            if number % 3 == 2:
                life.refused(number)
            else:
                life.accepted(number)
            life.dwell(dice.uniform(0.1, options.pause))
            if number % 20 == 19:
                print(f"{number + 1} edits, {len(run.wrong)} things wrong", flush=True)
        if daemon.stop():
            run.wrong.append(f"SIGTERM ended it with {daemon.process.returncode}")
        return daemon.log()
    finally:
        daemon.kill()


def polls(run: Run, log: Path) -> tuple[int, int]:
    """Hold what the origin was asked against the files in force; polls, and pairs that were judged."""
    total, judged = 0, 0
    by_name: defaultdict[str, list[tuple[float, str, str]]] = defaultdict(list)
    for path, times in asked(log).items():
        by_name[path.partition("~")[0]] += [(moment, kind, path) for moment, kind in times]
    states = {name: history(run.periods, name) for name in by_name}
    for name, times in by_name.items():
        times.sort()
        total += len(times)
        failures = 0
        for (earlier, kind, _), (later, _, path) in itertools.pairwise(times):
            judged += 1
            failures = failures + 1 if kind in ("fails", "busy") else 0
            least = least_gap(states[name], kind, failures, earlier, later)
            if later - earlier < least - EARLY:
                run.wrong.append(
                    f"{path} ({kind}) was asked {later - earlier:.1f} s after the last time, not {least:g} s"
                )
        for moment, kind, path in times:
            if not any(
                one is not None and one.there and not one.paused and one.path == path
                for begins, ends, one in states[name]
                if begins - EARLY <= moment <= ends + EARLY
            ):
                run.wrong.append(f"{path} ({kind}) was asked while it was paused or not in the file")
    return total, judged


def history(
    periods: Sequence[tuple[float, float, File]], name: str
) -> list[tuple[float, float, Source | None]]:
    """What the file said of a source, from when until when."""
    return [
        (begins, ends, next((s for s in file.sources if s.path.partition("~")[0] == name), None))
        for begins, ends, file in periods
    ]


def least_gap(
    states: Sequence[tuple[float, float, Source | None]],
    kind: str,
    failures: int,
    earlier: float,
    later: float,
) -> float:
    """How long after a request the next may come, at the least: by its interval, back-off and what was said.

    Any interval that was in force meanwhile will do: an edit that shortens it counts from the last poll.
    """
    every = [
        3600.0 if one.every is None else float(one.every)
        for begins, ends, one in states
        if one is not None and begins <= later and ends >= earlier
    ]
    least = min(every, default=0.0)
    if failures:
        least *= 2 ** min(failures - 1, 5)
    return max(least, {"worded": WORD, "busy": RETRY_AFTER}.get(kind, 0))


def table(run: Run, bound: float) -> Iterator[str]:
    """How long each kind of edit took to be in force, and each way of saving."""
    for heading, rows in (("valid edits", run.took), ("saved", run.by)):
        yield f"{heading:34}{'number':>8}{'median':>9}{'worst':>9}   seconds until in force"
        for name, took in sorted(rows.items()):
            late = f"   {sum(one > bound for one in took)} LATE" if max(took) > bound else ""
            yield f"  {name:32}{len(took):8}{statistics.median(took):9.2f}{max(took):9.2f}{late}"
    yield f"{'edits with a mistake':34}{'refused':>8}"
    for name, number in sorted(run.refused.items()):
        yield f"  {name:32}{number:8}"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--edits", type=int, default=200)
    parser.add_argument("--sources", type=int, default=300, help="beside the subjects of the edits")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pause", type=float, default=1.0, help="seconds between two edits at most")
    parser.add_argument("--keep", type=Path, help="a new directory to leave everything in")
    options = parser.parse_args()
    run = Run()
    with contextlib.ExitStack() as ends:
        folder = options.keep or Path(ends.enter_context(tempfile.TemporaryDirectory(prefix="reload-")))
        folder.mkdir(exist_ok=True)
        port, log = ends.enter_context(origin(folder, growth=20, phase=60))
        began = time.monotonic()
        said = live(folder, options, run, port)
        total, judged = polls(run, log)
        seconds = time.monotonic() - began
    if "Traceback" in said:
        run.wrong.append("a traceback in the log")
    busy = statistics.median(run.busy or [1.0])
    bound = WITHIN * SLACK if busy > BUSY else WITHIN
    print("\n".join(table(run, bound)))
    took = [one for some in run.took.values() for one in some]
    run.wrong += [
        f"{name}: in force after {max(some):.1f} s" for name, some in run.took.items() if max(some) > bound
    ]
    print(
        f"{len(took)} valid edits in force, {sum(one > WITHIN for one in took)} of them after {WITHIN:g} s; "
        f"{run.refused.total()} with a mistake refused; {total} polls, {judged} of them held against the one "
        f"before; {seconds:.0f} s"
    )
    slack = f"busy, so {bound:g} s are allowed" if bound > WITHIN else f"{bound:g} s are allowed"
    print(f"calibration: work takes {busy:.2f} times its processor time here: {slack}")
    for line in run.wrong[:SHOWN]:
        print(f"WRONG: {line}")
    if run.wrong[SHOWN:]:
        print(f"WRONG: and {len(run.wrong) - SHOWN} more")
    print("FAILED" if run.wrong else "every edit as it was meant, no poll early")
    return 1 if run.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
