"""What `reload_run` writes: a model of feeds.yaml, right and wrong edits of it, and ways to save them."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from tools.changing_origin import POSTS

SLUGS = ("tech", "world", "arts")
"""The categories of subjects: what is in their documents is held against the file."""
SUBJECTS = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta")
HEAD = """\
site: {{title: {title}, url: 'https://news.example.org/', contact: 'https://news.example.org/about'}}
server: {{listen: '{listen}', admin: 'off', hub: false}}
defaults: {{private: true, updates: {updates}}}
polling: {{per_host: 20, per_host_gap: 0s, timeout: 10s, concurrency: {concurrency}}}
output: {{formats: [atom, json]}}
"""

Shown: TypeAlias = tuple[str, frozenset[str]]
"""How much of a post is shown, and its tags."""
Documents: TypeAlias = Mapping[str, Mapping[str, Shown]]
"""By slug and title, what a document shows."""


@dataclass(frozen=True)
class Source:
    """A feed of the file."""

    path: str
    category: tuple[str, ...]
    every: int | None = 30  # seconds
    tags: tuple[str, ...] = ()
    republish: str = "full"
    drop: tuple[int, ...] = ()
    also: str = ""
    paused: bool = False
    there: bool = True
    was: str = ""

    @property
    def name(self) -> str:
        return self.path.split("/")[2].partition("~")[0].removesuffix(".xml")

    @property
    def subject(self) -> bool:
        return self.path.startswith("/stays/")

    def line(self, address: Callable[[str], str]) -> str:
        """It as YAML."""
        keys = [f"url: '{address(self.path)}'", f"category: [{', '.join(self.category)}]"]
        keys += [f"every: {self.every}s"] if self.every else []
        keys += [f"tags: [{', '.join(self.tags)}]"] if self.tags else []
        keys += [f"republish: {self.republish}"] if self.republish != "full" else []
        keys += ["paused: true"] if self.paused else []
        keys += [f"was: '{address(self.was)}'"] if self.was else []
        rules = [f"{{if: {{title: '^{self.name} {n}$'}}, then: drop}}" for n in self.drop]
        rules += [f"{{if: {{title: '^{self.name}'}}, then: {{also: [{self.also}]}}}}"] if self.also else []
        keys += [f"rules: [{', '.join(rules)}]"] if rules else []
        return f"  - {{{', '.join(keys)}}}"


@dataclass(frozen=True)
class File:
    """All that the file says."""

    address: Callable[[str], str]
    sources: tuple[Source, ...]
    title: str = "Reloads"
    listen: str = "127.0.0.1:0"
    updates: str = "replace"
    concurrency: int = 50
    dropped: int | None = None  # a rule for all sources: posts whose title ends with this number
    comment: str = ""
    added: int = 0

    @classmethod
    def of(cls, count: int, address: Callable[[str], str]) -> File:
        """As it is at first: the subjects, and so many others."""
        subjects = [Source(f"/stays/{name}.xml", (SLUGS[n % 2],), 20) for n, name in enumerate(SUBJECTS)]
        kinds = ("grows", "grows", "grows", "grows", "fails", "busy", "worded", "grows-hourly")
        others = []
        for n in range(count):
            kind = kinds[n % len(kinds)]
            every = {"grows": 15 + n % 30, "fails": 4, "busy": 10, "worded": 5}.get(kind)
            others.append(Source(f"/{kind.partition('-')[0]}/{n}.xml", (f"load{n % 8}",), every))
        return cls(address, (*subjects, *others))

    def text(self) -> str:
        """It as YAML."""
        rule = f"rules: [{{if: {{title: ' {self.dropped}$'}}, then: drop}}]\n"
        return (
            (f"# {self.comment}\n" if self.comment else "")
            + HEAD.format(
                title=self.title, listen=self.listen, updates=self.updates, concurrency=self.concurrency
            )
            + (rule if self.dropped is not None else "")
            + "feeds:\n"
            + "\n".join(source.line(self.address) for source in self.sources if source.there)
            + "\n"
        )

    def expected(self) -> Documents:
        """What the documents of the subjects' categories show under it."""
        shown: dict[str, dict[str, Shown]] = {slug: {} for slug in SLUGS}
        for source in (one for one in self.sources if one.subject and one.there):
            for number in range(POSTS):
                if number in source.drop or number == self.dropped:
                    continue
                for slug in {*source.category, *([source.also] if source.also else [])}:
                    shown[slug][f"{source.name} {number}"] = source.republish, frozenset(source.tags)
        return shown

    def put(self, source: Source, instead: Source) -> File:
        return replace(self, sources=tuple(instead if one is source else one for one in self.sources))

    def some(self, dice: random.Random, fits: Callable[[Source], bool]) -> Source | None:
        found = [source for source in self.sources if fits(source)]
        return dice.choice(found) if found else None


Edit: TypeAlias = Callable[[File, random.Random], File | None]
"""The file after an edit; None where it does not fit."""


def _subject(change: Callable[[Source, random.Random], Source | None]) -> Edit:
    def edit(file: File, dice: random.Random) -> File | None:
        source = file.some(dice, lambda one: one.subject and one.there)
        made = change(source, dice) if source else None
        return file.put(source, made) if source and made and made != source else None

    return edit


def _other(dice: random.Random, slugs: Sequence[str]) -> str:
    return dice.choice([slug for slug in SLUGS if slug not in slugs] or [*SLUGS])


def _rename(source: Source, dice: random.Random) -> Source:
    return replace(source, path=f"/stays/{source.name}.xml~{dice.randrange(10**9)}", was=source.path)


def _return(file: File, dice: random.Random) -> File | None:
    source = file.some(dice, lambda one: not one.there)
    return file.put(source, replace(source, there=True)) if source else None


def _others(change: Callable[[Source, random.Random], Source]) -> Edit:
    """The same to every tenth source that is no subject."""

    def edit(file: File, dice: random.Random) -> File:
        return replace(
            file,
            sources=tuple(
                one if one.subject or dice.random() > 0.1 else change(one, dice) for one in file.sources
            ),
        )

    return edit


def _every(source: Source, dice: random.Random) -> Source:
    return replace(source, every=source.every and dice.randrange(5, 40))


def _shuffled(file: File, dice: random.Random) -> File:
    return replace(file, sources=tuple(dice.sample(file.sources, len(file.sources))))


def _add(file: File, dice: random.Random) -> File:
    source = Source(f"/grows/new{file.added}.xml", (f"load{file.added % 8}",), 25)
    return replace(file, sources=(*file.sources, source), added=file.added + 1)


VALID: Mapping[str, Edit] = {
    "move": _subject(lambda one, dice: replace(one, category=(_other(dice, one.category),))),
    "two categories": _subject(lambda one, dice: replace(one, category=tuple(dice.sample(SLUGS, 2)))),
    "drop by a rule": _subject(lambda one, dice: replace(one, drop=(*one.drop, dice.randrange(POSTS))[-2:])),
    "rule removed": _subject(lambda one, _: replace(one, drop=(), also="") if one.drop or one.also else None),
    "rule: also": _subject(lambda one, dice: replace(one, also=_other(dice, one.category))),
    "remove": _subject(lambda one, _: replace(one, there=False)),
    "return": _return,
    "rename with was": _subject(_rename),
    "pause, go on": _subject(lambda one, _: replace(one, paused=not one.paused)),
    "republish": _subject(lambda one, dice: replace(one, republish=dice.choice(["full", "excerpt", "link"]))),
    "tags": _subject(lambda one, dice: replace(one, tags=tuple(dice.sample(["x", "y", "z"], 2)))),
    "every": _subject(lambda one, dice: replace(one, every=dice.randrange(10, 60))),
    "every of others": _others(_every),
    "tags of others": _others(lambda one, dice: replace(one, tags=(f"t{dice.randrange(9)}",))),
    "move others": _others(lambda one, dice: replace(one, category=(f"load{dice.randrange(8)}",))),
    "remove, return others": _others(lambda one, _: replace(one, there=not one.there)),
    "rule for all": lambda f, dice: replace(
        f, dropped=None if f.dropped is not None else dice.randrange(POSTS)
    ),
    "defaults": lambda f, _: replace(f, updates="ignore" if f.updates == "replace" else "replace"),
    "add": _add,
    "another order": _shuffled,
    "only a comment": lambda f, dice: replace(f, comment=str(dice.random())),
    "polling": lambda f, dice: replace(f, concurrency=dice.randrange(30, 60)),
    "site.title": lambda f, dice: replace(f, title=f"Reloads {dice.randrange(99)}"),
    "listen": lambda f, _: replace(f, listen="127.0.0.1:0" if f.listen != "127.0.0.1:0" else "127.0.0.1:1"),
}


def _other_keys(line: str) -> str:
    return line.replace("category", "title: x, category") + "\n"


MISTAKES: Mapping[str, Callable[[str, random.Random], bytes]] = {
    "unknown key": lambda text, _: (text + "categorys: {}\n").encode(),
    "unknown key of a feed": lambda text, _: text.replace("every:", "evry:", 1).encode(),
    "bad pattern": lambda text, _: (text + "rules: [{if: {title: '('}, then: drop}]\n").encode(),
    "key twice": lambda text, _: (text + "feeds: []\n").encode(),
    "bad duration": lambda text, _: text.replace("every: ", "every: soon", 1).encode(),
    "tab": lambda text, _: text.replace("  - {", "\t- {", 1).encode(),
    "ends in the middle": lambda text, dice: text[: dice.randrange(len(text) // 2, len(text) - 9)]
    .rpartition(",")[0]
    .encode(),
    "no UTF-8": lambda text, _: text.encode() + b"# \xff\xfe\n",
    "unset variable": lambda text, _: text.replace("url: '", "url: '${NOBODY_SETS_THIS}", 1).encode(),
    "empty": lambda *_: b"",
    "bad slug": lambda text, _: (text + "categories: {'A b': {}}\n").encode(),
    "source twice": lambda text, _: (text + _other_keys(text.splitlines()[-1])).encode(),
    "gone": lambda *_: b"GONE",
}  # fmt: skip


class Editor:
    """Saves the file in one of the ways of editors; what it was, in words, is in EDITORS."""

    def __init__(self, folder: Path, dice: random.Random) -> None:
        self._folder, self._dice, self._count = folder, dice, 0
        self._elsewhere = folder.parent / "releases"
        self.file = folder / "feeds.yaml"
        folder.mkdir()
        self._elsewhere.mkdir()

    def write(self, content: bytes, way: str) -> float:
        """Save it; when its last byte was there."""
        self._count += 1
        match way:
            case "rewritten in place":
                self.file.write_bytes(content)
            case "rewritten in pieces":
                with self.file.open("wb", buffering=0) as out:
                    for start in range(0, len(content) or 1, len(content) // 3 + 1):
                        out.write(content[start : start + len(content) // 3 + 1])
                        time.sleep(0.08)
            case "renamed over":
                self._replace(self.file, lambda new: new.write_bytes(content))
            case "removed, written":
                self.file.unlink(missing_ok=True)
                time.sleep(0.05)
                self.file.write_bytes(content)
            case "..data swapped":
                version = self._folder / f"..v{self._count}"
                version.mkdir()
                (version / "feeds.yaml").write_bytes(content)
                self._replace(self._folder / "..data", lambda new: new.symlink_to(version.name))
                self._link("..data/feeds.yaml")
            case "link elsewhere swapped":
                version = self._elsewhere / str(self._count)
                version.mkdir()
                (version / "feeds.yaml").write_bytes(content)
                self._replace(self._elsewhere / "current", lambda new: new.symlink_to(version.name))
                self._link("../releases/current/feeds.yaml")
        return time.monotonic()

    def remove(self) -> float:
        """Take it away."""
        self.file.unlink(missing_ok=True)
        return time.monotonic()

    def _link(self, target: str) -> None:
        """Let the file be this link, if it is not already."""
        if not self.file.is_symlink() or os.readlink(self.file) != target:
            self._replace(self.file, lambda new: new.symlink_to(target))

    def _replace(self, there: Path, make: Callable[[Path], object]) -> None:
        new = self._folder.parent / f"new{self._count}"
        make(new)
        new.replace(there)


EDITORS = (
    "rewritten in place",
    "rewritten in pieces",
    "renamed over",
    "removed, written",
    "..data swapped",
    "link elsewhere swapped",
)
