"""The readers: how each is made to subscribe and to update, and what it then has.

Every one has `name`, `agent` (a part of its User-Agent), `formats`, `enclosures_in` (formats), `keeps`
(it remembers what has left a document), `update()`, and `entries(format)`.
"""

from __future__ import annotations

import calendar
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import venv
from collections.abc import Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, ClassVar

import feedparser

HERE = Path(__file__).parent
JAVASCRIPT = ("@rowanmanning/feed-parser@2.1.5", "rss-parser@3.13.0")
LIBRARY = ("reader==3.26", "sgmllib3k==1.0.0")  # the latter is what its feedparser needs
URLS = Mapping[str, str]  # by format


class Missing(Exception):
    """A reader that is not to be had here, and why."""


@dataclass(frozen=True)
class Seen:
    """An entry as a reader has it."""

    id: str
    title: str
    link: str
    author: str
    published: float | None
    enclosures: list[str]
    text: str
    source: str = ""  # where the reader has a field for it


def plain(html: str) -> str:
    """HTML as the text that people see."""
    found: list[str] = []
    parser = HTMLParser(convert_charrefs=True)
    parser.handle_data = found.append  # type: ignore[method-assign]
    parser.feed(html)
    parser.close()
    return "".join(found)


def command(name: str) -> str:
    """Where a program is. Raises `Missing`."""
    if found := shutil.which(name):
        return found
    raise Missing(f"not installed (apt-get install {name})")


class Newsboat:
    name, agent, formats, keeps = "newsboat", "newsboat", ("atom", "rss"), True
    enclosures_in: tuple[str, ...] = ("atom", "rss")

    def __init__(self, place: Path, urls: URLS) -> None:
        self._place, self._program = place, command("newsboat")
        place.joinpath("config").write_text("max-items 0\nkeep-articles-days 0\n")
        for kind in self.formats:
            place.joinpath(f"urls-{kind}").write_text(f"{urls[kind]}\n")
        self._environment = {**os.environ, "HOME": str(place), "TERM": "dumb", "LC_ALL": "C.UTF-8"}

    def update(self) -> None:
        for kind in self.formats:  # a cache has an id once, over all feeds
            files = {"-u": f"urls-{kind}", "-c": f"cache-{kind}", "-C": "config"}
            arguments = [one for flag, file in files.items() for one in (flag, self._place / file)]
            subprocess.run(
                [self._program, *arguments, "-x", "reload"],
                env=self._environment,
                check=True,
                capture_output=True,
            )

    def entries(self, kind: str) -> list[Seen]:
        with sqlite3.connect(self._place / f"cache-{kind}") as cache:
            rows = cache.execute(
                "SELECT guid, title, url, author, pubDate, enclosure_url, content FROM rss_item"
                " WHERE deleted = 0"
            ).fetchall()
        return [
            Seen(id, title, url, author, date, [file] if file else [], text)
            for id, title, url, author, date, file, text in rows
        ]


class Sfeed:
    name, agent, formats, keeps = "sfeed", "", ("atom", "rss"), True
    enclosures_in: tuple[str, ...] = ("atom", "rss")

    def __init__(self, place: Path, urls: URLS) -> None:
        command("curl")
        self._update, self._place = command("sfeed_update"), place
        feeds = "".join(f'feed "{one}" "{urls[one]}"\n' for one in self.formats)
        place.joinpath("sfeedrc").write_text(f'sfeedpath="{place}/feeds"\nfeeds() {{\n{feeds}}}\n')

    def update(self) -> None:
        subprocess.run([self._update, self._place / "sfeedrc"], check=True, capture_output=True)

    def entries(self, kind: str) -> list[Seen]:
        found = []
        for line in (self._place / "feeds" / kind).read_text().splitlines():
            date, title, link, text, _, id, author, file, _ = line.split("\t")
            found.append(Seen(id, title, link, author, float(date), [file] if file else [], text))
        return found


class Library:
    name, agent, formats, keeps = "reader", "python-reader", ("atom", "rss", "json"), True
    enclosures_in: tuple[str, ...] = ("atom", "rss", "json")

    def __init__(self, place: Path, urls: URLS) -> None:
        self._urls = urls
        venv.create(place / "venv", with_pip=True)
        python = place / "venv/bin/python"
        installed = subprocess.run(
            [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *LIBRARY],
            capture_output=True,
            text=True,
            check=False,
        )
        if installed.returncode:
            raise Missing(installed.stderr.strip().splitlines()[-1])
        self._process = _talk([python, HERE / "library.py", place / "reader.db", *urls.values()])

    def update(self) -> None:
        said = _ask(self._process, "update")
        if wrong := {url: what for url, what in said.items() if isinstance(what, str) and what != "None"}:
            raise AssertionError(f"reader: {wrong}")

    def entries(self, kind: str) -> list[Seen]:
        said = _ask(self._process, "entries")
        return [Seen(**one) for one in said[self._urls[kind]]]


class Feedparser:
    name, agent, formats, keeps = "feedparser", "feedparser", ("atom", "rss"), False
    enclosures_in: tuple[str, ...] = ("atom", "rss", "json")

    def __init__(self, place: Path, urls: URLS) -> None:
        self._urls = urls
        self._last: dict[str, Any] = {}

    def update(self) -> None:
        for kind in self.formats:
            last = self._last.get(kind, {})
            read = feedparser.parse(self._urls[kind], etag=last.get("etag"), modified=last.get("modified"))
            if read.status == 200:
                if read.bozo:
                    raise AssertionError(f"feedparser: {kind}: {read.bozo_exception}")
                self._last[kind] = read

    def entries(self, kind: str) -> list[Seen]:
        return [
            Seen(
                one.id,
                one.title,
                one.link,
                one.author,
                _seconds(one.published_parsed),
                [file.href for file in one.enclosures],
                one.content[0].value if "content" in one else one.summary,
                one.source.title if "source" in one else "",
            )
            for one in self._last[kind].entries
        ]


class JavaScript:
    agent, formats, keeps = "node", ("atom", "rss"), False
    name: ClassVar[str]
    enclosures_in: ClassVar[tuple[str, ...]] = ("atom", "rss")
    _process: ClassVar[subprocess.Popen[str] | None] = None

    def __init__(self, place: Path, urls: URLS) -> None:
        self._urls, self._found = urls, {}  # type: URLS, dict[str, list[Seen]]
        if JavaScript._process is None:
            node, npm = command("node"), command("npm")
            install = [
                npm,
                "install",
                "--no-save",
                "--ignore-scripts",
                "--silent",
                "--prefix",
                place,
                *JAVASCRIPT,
            ]
            if subprocess.run(install, check=False, capture_output=True).returncode:
                raise Missing("its packages could not be installed")
            JavaScript._process = _talk([node, HERE / "parse.mjs"], NODE_HOME=str(place))

    def update(self) -> None:
        assert JavaScript._process is not None
        for kind in self.formats:
            said = _ask(JavaScript._process, json.dumps({"parser": self.name, "url": self._urls[kind]}))
            self._found[kind] = [Seen(**one) for one in said]

    def entries(self, kind: str) -> list[Seen]:
        return self._found[kind]


class FeedParserJs(JavaScript):
    name = "feed-parser"


class RssParserJs(JavaScript):
    name, enclosures_in = "rss-parser", ("rss",)  # it has none of an Atom entry


KINDS = (Newsboat, Sfeed, Library, Feedparser, FeedParserJs, RssParserJs)


def _seconds(moment: Any) -> float:
    return float(calendar.timegm(moment))


def _talk(arguments: list[Any], **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=sys.stderr,
        text=True,
        encoding="utf-8",
        env={**os.environ, **environment},
    )


def _ask(process: subprocess.Popen[str], line: str) -> Any:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(line + "\n")
    process.stdin.flush()
    return json.loads(process.stdout.readline())
