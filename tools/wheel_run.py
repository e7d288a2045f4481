#!/usr/bin/env python3
"""Build the wheel, install it as users do, and see whether what they get polls, publishes and serves.

    tools/wheel_run.py [--python PYTHON] [--constrained]

The wheel must hold every file of the package that git knows, and nothing else of this directory. pip installs
it into an environment of its own, and pipx, where there is one, both away from this directory. Each of these
programs then says its version, writes a configuration and checks it, polls a source on loopback once, and
runs until a reader has the source's next post from it. pip takes the newest versions that pyproject.toml
allows, as it does for everybody; with `--constrained` those of constraints.txt. No other run needs a package
index. Exit status 1 if anything was wrong.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from lxml import etree

from tests.e2e.source import SourceServer, rss

ROOT = Path(__file__).parent.parent
PACKAGE = "feed-republisher"
PATIENCE = 60.0
"""Seconds that anything may take, but for pip."""
FILE = """\
site: {{title: Wheel, url: 'https://news.example.org/'}}
polling: {{per_host_gap: 0s}}
categories:
  tech:
    title: Technology
    feeds:
      - {{url: '{url}', private: true, every: 2s}}
"""
FEED = "category/tech/feed.atom"
Found = TypeVar("Found")
_ATOM = "{http://www.w3.org/2005/Atom}"


class Wrong(Exception):
    """What a user would have stumbled over."""


def ran(*words: str | Path, at: Path, seconds: float = 900, environment: dict[str, str] | None = None) -> str:
    """What a command says, on both outputs, once it has ended well."""
    done = subprocess.run(
        [str(word) for word in words],
        cwd=at,
        env=outside() if environment is None else environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=seconds,
        check=False,
    )
    if done.returncode or "Traceback" in done.stdout:
        raise Wrong(f"{' '.join(map(str, words))} ended with {done.returncode}:\n{done.stdout}")
    return done.stdout


def outside(**more: str) -> dict[str, str]:
    """Our environment without what would lead a Python to this directory."""
    left_out = {"PYTHONPATH", "VIRTUAL_ENV", "PYTHONHOME"}
    quiet = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "NO_COLOR": "1"}
    return {name: word for name, word in os.environ.items() if name not in left_out} | quiet | more


def tracked(under: str = ".") -> list[str]:
    """The files that git knows."""
    return ran("git", "ls-files", "-z", under, at=ROOT).split("\0")[:-1]


def build(python: str, into: Path) -> Path:
    """The wheel, from a copy of what git knows: what else lies here is not to be missed, nor to get in."""
    source = into / "source"
    for name in tracked():
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, source / name)
    ran(python, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", into, source, at=into)
    [wheel] = into.glob("*.whl")
    return wheel


def look_into(wheel: Path) -> None:
    """It holds the package as git knows it, its license, and its name."""
    with zipfile.ZipFile(wheel) as packed:
        names = set(packed.namelist())
        about = "".join(packed.read(name).decode() for name in names if name.endswith(".dist-info/METADATA"))
    held = {name for name in names if ".dist-info/" not in name}
    wanted = set(tracked("aggregator"))
    if held != wanted:
        raise Wrong(f"the wheel misses {sorted(wanted - held)}, and has {sorted(held - wanted)} for nothing")
    if f"\nName: {PACKAGE}\n" not in about:
        raise Wrong(f"the wheel is not called {PACKAGE}: {about[:200]}")
    if not any(name.endswith(".dist-info/licenses/LICENSE") for name in names):
        raise Wrong("the license is not in the wheel")
    data = [name.removeprefix("aggregator/") for name in sorted(held) if not name.endswith(".py")]
    versions = [name for name in held if name.startswith("aggregator/store/migrations/versions/")]
    print(f"{wheel.name}: the {len(held)} files of the package, {len(versions)} of them migrations, and:")
    print(f"  {' '.join(data)}")


def by_pip(python: str, wheel: Path, at: Path, *, constrained: bool) -> Path:
    """The program in an environment of its own."""
    ran(python, "-m", "venv", at / "venv", at=at)
    pip: list[str | Path] = [at / "venv/bin/python", "-m", "pip"]
    pinned = ["--constraint", str(ROOT / "constraints.txt")] if constrained else []
    ran(*pip, "install", "--quiet", *pinned, wheel, at=at)
    ran(*pip, "check", at=at)
    print(f"pip: {len(ran(*pip, 'list', '--format=freeze', at=at).split())} packages, {drift(pip, at)}")
    return at / "venv/bin/aggregator"


def drift(pip: Sequence[str | Path], at: Path) -> str:
    """Which versions are not those that the tests of this directory run with."""

    def listed(text: str) -> set[str]:
        return {line.lower().replace("_", "-") for line in text.split() if "==" in line}

    others = listed(ran(*pip, "list", "--format=freeze", at=at))
    others -= listed((ROOT / "constraints.txt").read_text())
    others -= {line for line in others if line.startswith(("pip==", "setuptools==", PACKAGE))}
    return f"not as in constraints.txt: {' '.join(sorted(others)) or 'none'}"


def by_pipx(python: str, wheel: Path, at: Path, *, constrained: bool) -> Path | None:
    """The program as pipx installs it; none where there is no pipx."""
    pipx = shutil.which("pipx")
    if pipx is None:
        return None
    pinned = [f"--pip-args=--constraint={ROOT / 'constraints.txt'}"] if constrained else []
    there = outside(PIPX_HOME=str(at / "home"), PIPX_BIN_DIR=str(at / "bin"), PIPX_MAN_DIR=str(at / "man"))
    ran(pipx, "install", "--python", python, *pinned, wheel, at=at, environment=there)
    return at / "bin/aggregator"


class Operator:
    """Somebody who has this program, a directory, and nothing else of ours."""

    def __init__(self, program: Path, directory: Path) -> None:
        self._program, self._directory = program, directory
        self._environment = {"PATH": os.defpath, "HOME": str(directory), "LANG": "C.UTF-8"}
        directory.mkdir()

    def types(self, *words: str) -> str:
        """What one of the commands says."""
        return ran(self._program, *words, at=self._directory, seconds=PATIENCE, environment=self._environment)

    def begins(self) -> None:
        """A version, a file and its schema, and both of them right."""
        print(f"  {self.types('--version').strip()}")
        self.types("init")
        written = self._directory / "feeds.schema.json"
        if written.read_bytes() != (ROOT / "feeds.schema.json").read_bytes():
            raise Wrong("`init` writes another schema than the one that is shipped")
        print(f"  init, check: {self.types('check').splitlines()[-1]}")

    def polls(self, url: str) -> None:
        """One round: its posts are in the feed, and pages have their looks."""
        (self._directory / "feeds.yaml").write_text(FILE.format(url=url))
        said = self.types("once").splitlines()[-1]
        public = self._directory / "public"
        if titles((public / FEED).read_bytes()) != ["two", "one"]:
            raise Wrong(f"`once` published {titles((public / FEED).read_bytes())}, and said {said}")
        if (
            'href="style.css"' not in (public / "index.html").read_text()
            or not (public / "style.css").exists()
        ):
            raise Wrong("the home page has no styles")
        print(f"  once: {said.strip()}")

    @contextlib.contextmanager
    def runs(self) -> Iterator[str]:
        """The daemon: the addresses of its documents and of its admin pages; ended as an operator ends it."""
        log = self._directory / "log"
        with log.open("wb") as out:
            daemon = subprocess.Popen(
                [self._program, "run", "--listen", "127.0.0.1:0", "--admin", "off"],
                cwd=self._directory,
                env=self._environment,
                stdout=out,
                stderr=out,
            )
        try:
            serving = until(lambda: re.search(r"serving (http://127\.0\.0\.1:\d+/)", log.read_text()), log)
            yield serving[1]
            daemon.send_signal(signal.SIGTERM)
            if daemon.wait(PATIENCE) or re.search(r"Traceback| ERROR ", log.read_text()):
                raise Wrong(f"`run` ended with {daemon.returncode}:\n{log.read_text()}")
        finally:
            daemon.kill()
            daemon.wait()


def until(condition: Callable[[], Found], log: Path) -> Found:
    """What a condition gives, once it gives something."""
    deadline = time.monotonic() + PATIENCE
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise Wrong(f"not within {PATIENCE:g} s:\n{log.read_text()}")
        time.sleep(0.1)
    return found


def titles(feed: bytes) -> list[str]:
    """What a reader sees of a feed."""
    return [str(title.text) for title in etree.fromstring(feed).iterfind(f"{_ATOM}entry/{_ATOM}title")]


def use(program: Path, at: Path) -> None:
    """All that a new user does on the first day."""
    if ROOT in program.resolve().parents:
        raise Wrong(f"{program} is not installed: it is this directory")
    operator = Operator(program, at / "operator")
    operator.begins()
    with SourceServer() as sources:
        sources.put("feed.xml", rss("source", "one", "two"))
        operator.polls(sources.url("feed.xml"))
        sources.put("feed.xml", rss("source", "one", "two", "three"))
        with operator.runs() as address:
            begun = time.monotonic()

            def news() -> bool:
                with urllib.request.urlopen(f"{address}{FEED}", timeout=PATIENCE) as answer:
                    return titles(answer.read())[:1] == ["three"]

            until(news, at / "operator/log")
            print(f"  run: a reader has the next post after {time.monotonic() - begun:.1f} s")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--python", default=sys.executable, help="the Python that the wheel is installed for")
    parser.add_argument("--constrained", action="store_true", help="install what constraints.txt pins")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="wheel-run-") as folder:
        at = Path(folder)
        for name in ("built", "pip", "pipx"):
            (at / name).mkdir()
        try:
            wheel = build(given.python, at / "built")
            look_into(wheel)
            use(by_pip(given.python, wheel, at / "pip", constrained=given.constrained), at / "pip")
            program = by_pipx(given.python, wheel, at / "pipx", constrained=given.constrained)
            print("pipx:" if program else "pipx: none here, so not tried")
            if program:
                use(program, at / "pipx")
        except Wrong as wrong:
            print(f"WRONG: {wrong}", file=sys.stderr)
            return 1
    print("good")
    return 0


if __name__ == "__main__":
    sys.exit(main())
