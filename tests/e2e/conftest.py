"""A directory, and sources, for each test; and the tool that kills, which runs beside all of them."""

import os
import signal
import subprocess
import sys

import pytest

from tests.e2e.program import ENVIRONMENT, ROOT, Place
from tests.e2e.source import SourceServer

KILLS = "--kills 5 --sources 4 --longest 2.5 --seed 43"  # lives of 0.1 to 1.8 seconds


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


@pytest.fixture
def sources():
    with SourceServer() as server:
        yield server


@pytest.fixture(scope="session")
def crash_test():
    """`tools/crash_test.py`, under way."""
    process = subprocess.Popen(
        [sys.executable, "tools/crash_test.py", *KILLS.split()],
        cwd=ROOT,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    yield process
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)  # the daemon that it has started, too
    process.communicate()


@pytest.fixture(scope="session", autouse=True)
def _start_what_takes_long(request):
    """It mostly waits, so it is started before the first test here if it is wanted at all."""
    if any("crash_test" in item.fixturenames for item in request.session.items):
        request.getfixturevalue("crash_test")
