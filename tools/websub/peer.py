"""A peer: somebody else's software in a process of its own, installed for the run, that is told by lines."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.e2e.program import until

HERE = Path(__file__).parent
FLASK = ("Flask-WebSub==0.4.1", "celery>=5.6,<6", "trustme>=1.2")
NODE = "pubsubhubbub@1.0.2"


class Missing(Exception):
    """A peer that is not to be had here, and why."""


class Peer:
    """`ask` it; `wait_for` an event that it has had."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.port: int = self._answer()
        self.seen = 0  # events before this one are old

    def ask(self, *said: str) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(said) + "\n")
        self._process.stdin.flush()
        told = self._answer()
        if isinstance(told, dict) and "error" in told:
            raise AssertionError(told["error"])
        return told

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        if not (line := self._process.stdout.readline()):
            raise AssertionError(f"it ended with {self._process.wait()}")
        return json.loads(line)

    def events(self, kind: str) -> list[list[str]]:
        """Those of a kind since the last `forget`."""
        return [one for one in self.ask("events")[self.seen :] if one[0] == kind]

    def forget(self) -> None:
        self.seen = len(self.ask("events"))

    def wait_for(self, kind: str, fits: Callable[[list[str]], bool] = lambda one: True) -> list[str]:
        """The first event of a kind that fits."""

        def found() -> list[str] | None:
            return next((one for one in self.events(kind) if fits(one)), None)

        return until(found, lambda: f"{kind}: it had {[one[:2] for one in self.ask('events')[self.seen :]]}")


def flask(place: Path) -> Path:
    """The Python of Flask-WebSub, and beside it `server.pem`, `server.key` and `client.pem` for localhost.

    Raises `Missing`.
    """
    venv.create(place / "venv", with_pip=True)
    python = place / "venv/bin/python"
    _run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *FLASK])
    _run([python, "-m", "trustme", "--quiet", "-d", place, "-i", "localhost"])
    return python


def node(place: Path) -> Path:
    """Where node's packages are. Raises `Missing`."""
    if not (npm := shutil.which("npm")) or not shutil.which("node"):
        raise Missing("node and npm are not installed")
    _run([npm, "install", "--no-save", "--ignore-scripts", "--silent", "--prefix", place, NODE])
    return place


def _run(arguments: list[Any]) -> None:
    done = subprocess.run([*map(str, arguments)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Missing((done.stderr.strip() or f"{arguments[0]} failed").splitlines()[-1])


@contextlib.contextmanager
def talk(*arguments: Any, **environment: Any) -> Iterator[Peer]:
    """A process, ended at the end."""
    process = subprocess.Popen(
        [*map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=sys.stderr,
        text=True,
        encoding="utf-8",
        env={**os.environ, **{name: str(value) for name, value in environment.items()}},
    )
    try:
        yield Peer(process)
    finally:
        process.kill()
        process.communicate()
