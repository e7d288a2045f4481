"""The real program as processes of its own, in a directory of its own."""

import contextlib
import http.client
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.e2e import ready
from tests.e2e.source import SECONDS

ROOT = Path(__file__).parents[2]
PROGRAM = (sys.executable, "-m", "aggregator")
FOUND = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
ENVIRONMENT = {**os.environ, "PYTHONPATH": FOUND, "PYTHONIOENCODING": "utf-8", "NO_COLOR": "1"}
ENVIRONMENT.pop("MALLOC_ARENA_MAX", None)
ENVIRONMENT.pop("PYTHONDONTWRITEBYTECODE", None)  # or each of many starts compiles all of it again

LISTEN = "0A"  # linux/include/net/tcp_states.h
HEAP = 64 << 20  # malloc/arena.c of glibc
MIMALLOC = 32 << 40  # src/os.c of mimalloc: the end of the addresses that it asks for

HEAD = """\
site: {title: Test, url: 'https://news.example.org/', contact: 'https://news.example.org/about'}
server: {listen: '127.0.0.1:0', admin: 'off'}
defaults: {private: true}
polling: {per_host: 8, per_host_gap: 0s, timeout: 20s}
"""


def until(condition, what, seconds=SECONDS):
    """Wait for something to become true; what it gives. Fails with `what` where it does not in time."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s: {what() if callable(what) else what}")
        time.sleep(0.01)
    return found


def listening(pid):
    """Where a process listens, in the kernel's words: addresses of TCP sockets in that state."""
    held = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):  # closed meanwhile
            held.add(os.readlink(link))
    rows = [
        line.split()
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]
    ]
    return [row[1] for row in rows if row[3] == LISTEN and f"socket:[{row[9]}]" in held]


class Place:
    """A directory with a feeds.yaml, its store and its output."""

    def __init__(self, directory):
        self.directory = Path(directory)
        self.file = self.directory / "feeds.yaml"
        self.store = self.directory / "data/aggregator.db"
        self.public = self.directory / "public"

    def write(self, feeds, head=HEAD):
        """Replace the file, as editors do: written beside it, then renamed."""
        new = self.file.with_suffix(".tmp")
        new.write_text(head + feeds, encoding="utf-8")
        new.replace(self.file)

    def run_from_nothing(self, *arguments, **given):
        """The same with an interpreter of its own, as users start it; `given` is for `subprocess`."""
        return subprocess.run(
            [*PROGRAM, *arguments],
            cwd=self.directory,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=180,
            env=ENVIRONMENT,
            check=False,
            **given,
        )

    def run(self, *arguments):
        """A command to its end."""
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            process = ready.Process(arguments, cwd=self.directory, env=ENVIRONMENT, stdout=out, stderr=err)
            try:
                ended = process.wait(180)
            finally:
                process.kill()
            said = []
            for file in (out, err):
                file.seek(0)
                said.append(file.read().decode())
        return subprocess.CompletedProcess(arguments, ended, *said)

    def documents(self):
        """Every file that readers get, by path; beside a daemon one may go between its name and its bytes."""
        found = {}
        for path in self.public.rglob("*"):
            with contextlib.suppress(FileNotFoundError, IsADirectoryError):
                found[str(path.relative_to(self.public))] = path.read_bytes()
        return found

    @contextlib.contextmanager
    def daemon(self, *arguments):
        """`aggregator run`, once it serves; killed at the end if it still runs."""
        running = Daemon(self, arguments)
        try:
            yield running.wait_until_it_serves()
        finally:
            running.kill()

    @contextlib.contextmanager
    def worker(self, roles, *arguments, log=None):
        """`aggregator run` with some roles, once it has begun; with a log of its own."""
        running = Daemon(self, ("--roles", roles, *arguments), log or roles.replace(",", "-"))
        try:
            yield running.wait_until_it_serves() if "serve" in roles else running.wait_until_it_runs()
        finally:
            running.kill()


class Daemon:
    """A process that runs, its log, and what it serves."""

    def __init__(self, place, arguments, log="log"):
        self._log = place.directory / log
        self._from = self._log.stat().st_size if self._log.exists() else 0
        with self._log.open("ab") as log:
            self.process = ready.Process(
                ("run", *arguments), cwd=place.directory, env=ENVIRONMENT, stdout=log, stderr=log
            )
        self.port = 0

    def wait_until_it_serves(self):
        def address():
            if self.process.poll() is not None:
                raise AssertionError(f"it ended with {self.process.returncode}: {self.log()}")
            return re.search(r"serving http://127\.0\.0\.1:(\d+)/", self.log())

        self.port = int(until(address, self.log)[1])
        return self

    def wait_until_it_runs(self):
        """As `wait_until_it_serves`, of one that serves nothing.

        One that was stopped in the middle of a transaction may hold it up for 20 seconds.
        """
        self.wait_for(", serving nothing (roles: ", seconds=3 * SECONDS)
        return self

    def listening(self):
        """Where this process listens."""
        return listening(self.process.pid)

    def threads(self):
        """How many this process has."""
        return len(list(Path(f"/proc/{self.process.pid}/task").iterdir()))

    def heaps(self):
        """Heaps of glibc that threads have for themselves: begun at a multiple of what each reserves, which
        is part in use and the rest out of bounds. What else begins there is of another size, or is mimalloc's
        (in rensa), which asks for low addresses.
        """
        maps = Path(f"/proc/{self.process.pid}/maps").read_text().splitlines()
        rows = [(*(int(end, 16) for end in at.split("-")), rights) for at, rights, *_ in map(str.split, maps)]
        reserved = {start for start, _end, rights in rows if rights == "---p"}
        return [
            hex(start)
            for start, end, rights in rows
            if rights == "rw-p"
            and start % HEAP == 0
            and start > MIMALLOC
            and (end in reserved or end - start >= HEAP)
        ]

    def log(self):
        """All that it has said since it was started."""
        return self._log.read_bytes()[self._from :].decode()

    def wait_for(self, words, times=1, seconds=SECONDS):
        """Wait until it has said something."""
        until(lambda: self.log().count(words) >= times, lambda: f"{words!r} in {self.log()}", seconds)

    def get(self, path, method="GET", **headers):
        """An answer: status, headers by lower-case name, body. Headers with underscores for hyphens."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        with contextlib.closing(connection):
            sent = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, f"/{path}", headers=sent)
            answer = connection.getresponse()
            return (
                answer.status,
                {name.lower(): value for name, value in answer.getheaders()},
                answer.read(),
            )

    def wait_for_body(self, path, *words):
        """Wait until a document is there and holds all of these; its bytes."""

        def body():
            status, _, found = self.get(path)
            return status == 200 and all(word.encode() in found for word in words) and found

        return until(body, lambda: f"{words} in /{path}: {self.get(path)}, {self.log()}")

    def stop(self, number=signal.SIGTERM):
        """Send a signal and wait for the end; its exit status."""
        self.process.send_signal(number)
        return self.process.wait(SECONDS)

    def kill(self):
        """Kill it, if it still runs."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(SECONDS)
