#!/usr/bin/env python3
"""Subscribe real feed readers to a daemon of ours, and see what they get, over many rounds.

    tools/readers_run.py [--rounds 100] [--seed N] [--reader NAME]...

A daemon polls sources on loopback whose posts are known. In each round one post comes; in some of them a post
is changed or taken down for good, or the daemon is stopped or killed and started again. After each round
every reader updates, and those that can ask conditionally update again. At the end each must have every post
that was ever out, once, with title, author, link, date, enclosure, and its source where people see it; what
was taken down may not come back; what has not changed must have been a 304. Prints a line for each reader and
format; exit status 1 if one of them fails.

The readers: newsboat and sfeed (Debian's), `reader` (PyPI, installed in an environment of its own for the
run), feedparser, and two JavaScript parsers (npm, likewise). One that is not to be had is named.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lxml import etree
from readers.front import Front
from readers.kinds import KINDS, Missing, Seen, plain
from readers.play import SOURCES, Item, Play

from tests.e2e.program import Daemon, Place, until
from tests.e2e.source import SourceServer

FORMATS = ("atom", "rss", "json")
FOLDER = "category/news/"
ATOM = "{http://www.w3.org/2005/Atom}"
COLUMNS = ("title", "author", "link", "date", "enclosure", "source", "text", "lost", "twice", "back")
# Which readers send validators, and how often they fail to: newsboat has no row to keep the first ones in.
CONDITIONAL = {"newsboat": 1, "reader": 0, "feedparser": 0}


class Life:
    """A daemon that is restarted, and what it must show."""

    def __init__(self, place: Place, front: Front, play: Play) -> None:
        self.place, self.front, self.play = place, front, play
        place.write(
            "".join(f"  - {{url: '{play.url(one)}', category: news, every: 1s}}\n" for one in SOURCES),
            f"site: {{title: Test, url: '{front.url}', contact: 'https://news.example.org/'}}\n"
            "server: {listen: '127.0.0.1:0', admin: 'off', hub: false}\n"
            "defaults: {private: true, insist: true}\n"
            "polling: {per_host: 8, per_host_gap: 0s}\nfeeds:\n",
        )
        self.daemon = self._start()

    def _start(self) -> Daemon:
        daemon = Daemon(self.place, ()).wait_until_it_serves()
        self.front.port = daemon.port
        return daemon

    def restart(self, how: signal.Signals) -> None:
        self.front.port = 0
        self.daemon.stop(how)
        self.daemon = self._start()

    def take_down(self, one: Item) -> None:
        done = self.place.run("takedown", one.id)
        if done.returncode:
            raise AssertionError(done.stdout + done.stderr)
        one.taken_down = True

    def settle(self) -> None:
        """Wait until every format shows what the sources say, and no more."""
        until(self._settled, lambda: f"{self._wrong()} {self.daemon.log()[-3000:]}", seconds=40)

    def _settled(self) -> bool:
        return not self._wrong()

    def _wrong(self) -> str:
        expected = {one.id: one.text for one in self.play.live}
        for kind in FORMATS:
            status, _, body = self.daemon.get(f"{FOLDER}feed.{kind}")
            if status != 200:
                return f"{kind}: {status}"
            shown = _READ[kind](body)
            # Posts past the newest may have gone to an archive; the newest are all there.
            if strangers := shown.keys() - expected.keys():
                return f"{kind}: shows {strangers}"
            for id in [*expected][:50]:
                if expected[id] not in plain(shown.get(id, "")):
                    return f"{kind}: {id} is not {expected[id]!r}"
        return ""


def _read_json(body: bytes) -> dict[str, str]:
    return {one["id"]: one["content_html"] for one in json.loads(body)["items"]}


def _read_atom(body: bytes) -> dict[str, str]:
    entries = etree.fromstring(body).iterfind(f"{ATOM}entry")
    return {one.findtext(f"{ATOM}id", ""): one.findtext(f"{ATOM}content", "") for one in entries}


def _read_rss(body: bytes) -> dict[str, str]:
    encoded = "{http://purl.org/rss/1.0/modules/content/}encoded"
    return {
        one.findtext("guid", ""): one.findtext(encoded, "") for one in etree.fromstring(body).iter("item")
    }


_READ: dict[str, Callable[[bytes], dict[str, str]]] = {
    "atom": _read_atom,
    "rss": _read_rss,
    "json": _read_json,
}


def play_rounds(life: Life, rounds: int, rng: random.Random, readers: list[Any]) -> Counter[str]:
    """All rounds; what happened in them."""
    happened: Counter[str] = Counter()
    life.settle()
    for number in range(rounds):
        life.play.add()
        happened["new"] += 1
        if number % 3 == 1:
            life.play.change()
            happened["changed"] += 1
        if number % 5 == 3:
            life.take_down(life.play.choose())
            happened["taken down"] += 1
        if number % 10 == 7:
            how = rng.choice((signal.SIGTERM, signal.SIGKILL))
            life.restart(how)
            happened["killed" if how == signal.SIGKILL else "restarted"] += 1
        life.settle()
        for reader in readers:
            reader.update()
            if reader.name in CONDITIONAL:
                reader.update()
        if sys.stderr.isatty():
            print(f"\rround {number + 1}", end="", file=sys.stderr)
    return happened


def judge(reader: Any, kind: str, play: Play, shown: set[str]) -> dict[str, int]:
    """How many entries are wrong, by column."""
    has: list[Seen] = reader.entries(kind)
    wrong = dict.fromkeys(COLUMNS, 0)
    known = {one.id: one for one in play.items}
    times = Counter(one.id for one in has)
    live = {one.id for one in play.live}
    wanted = (set(known) if reader.keeps else shown) & live
    wrong["lost"] = len(wanted - times.keys())
    wrong["back"] = 0 if reader.keeps else len(times.keys() - shown)
    for id, count in times.items():
        # sfeed tells entries apart by id, title and link together.
        allowed = len(known[id].titles) if reader.name == "sfeed" and id in known else 1
        wrong["twice"] += count > allowed
    for one in has:
        item = known.get(one.id)
        if item is None:
            wrong["twice"] += 1  # a second one under another id
            continue
        # feed-parser decodes what is in HTML once too often, so that its text is no HTML any more.
        text, credited = f"{plain(one.text)} {one.text}", one.author == item.credited
        wrong["title"] += one.title not in item.titles
        wrong["author"] += not credited
        wrong["link"] += one.link != item.link
        wrong["date"] += one.published is None or abs(one.published - item.published.timestamp()) >= 1
        wrong["enclosure"] += kind in reader.enclosures_in and one.enclosures != [item.enclosure]
        wrong["source"] += SOURCES[item.source] not in text or one.source not in ("", SOURCES[item.source])
        newest = reader.name != "sfeed" and one.id in shown
        wrong["text"] += newest and item.text not in text
        wrong["title"] += newest and one.title != item.title
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--reader", action="append", choices=[one.name for one in KINDS])
    options = parser.parse_args()
    failed, now = False, datetime.now(UTC)  # noqa: TID251 - a tool is where the clock is read
    with tempfile.TemporaryDirectory() as name, SourceServer() as origin, Front() as front:
        play = Play(origin, options.seed, now)
        urls = {kind: f"{front.url}{FOLDER}feed.{kind}" for kind in FORMATS}
        readers: list[Any] = []
        for make in KINDS:
            if options.reader and make.name not in options.reader:
                continue
            home = Path(name, make.name)
            home.mkdir()
            try:
                readers.append(make(home, urls))
            except Missing as why:
                print(f"{make.name}: left out: {why}")
        Path(name, "daemon").mkdir()
        life = Life(Place(Path(name, "daemon")), front, play)
        try:
            happened = play_rounds(life, options.rounds, random.Random(options.seed), readers)
            shown = {kind: {*_READ[kind](life.daemon.get(f"{FOLDER}feed.{kind}")[2])} for kind in FORMATS}
        finally:
            life.daemon.kill()
        print(f"{options.rounds} rounds: " + ", ".join(f"{n} {what}" for what, n in happened.items()))
        print(
            f"{'reader':12}{'format':8}{'has':>5}" + "".join(f"{one:>10}" for one in COLUMNS) + "   200   304"
        )
        for reader in readers:
            for kind in reader.formats:
                wrong = judge(reader, kind, play, shown[kind])
                got = {
                    status: front.count(reader.agent, f"{FOLDER}feed.{kind}", status) for status in (200, 304)
                }
                asked = (
                    reader.name not in CONDITIONAL or got[304] >= options.rounds - CONDITIONAL[reader.name]
                )
                passed = asked and not any(wrong.values())
                failed |= not passed
                cells = "".join(f"{n or '-':>10}" for n in wrong.values())
                counts = "".join(f"{n:>6}" for n in got.values()) if reader.agent else f"{'':12}"
                has = len(reader.entries(kind))
                print(f"{reader.name:12}{kind:8}{has:>5}{cells}{counts}  {'PASS' if passed else 'FAIL'}")
    print("numbers are of entries that are wrong; 200 and 304 of what our server answered")
    return 1 if failed else 0


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
