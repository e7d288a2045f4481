"""Web servers of others: the samples of `deploy/`, with our ports and paths, before real documents."""

import contextlib
import http.client
import shutil
import socket
import subprocess

import pytest

from tests.e2e.program import ROOT, until

SECURITY = ("x-content-type-options", "content-security-policy", "referrer-policy")


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def sample(name, *changes):
    """A file of `deploy/` with each old text, which must be there, changed into the new one."""
    text = (ROOT / "deploy" / name).read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return text


def program(name):
    """Where a program is; without it the test skips."""
    found = shutil.which(name, path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin:/bin")
    if found is None:
        pytest.skip(f"there is no {name} here")
    return found


@contextlib.contextmanager
def serving(command, port, log, **given):
    """Run a server until the end of the block; it answers at the port when the block begins."""
    with log.open("wb") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said, **given)
    try:

        def answers():
            assert process.poll() is None, log.read_text()
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                return True

        until(answers, lambda: log.read_text())
        yield process
    finally:
        process.terminate()
        process.wait(20)


def get(port, path, method="GET", **headers):
    """An answer: status, headers by lower-case name, body. Headers with underscores for hyphens."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    with contextlib.closing(connection):
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, headers=sent)
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
