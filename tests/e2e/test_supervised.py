"""The daemon under systemd, as its socket hears it: ready, reloading, alive, stopping."""

import os
import signal
import socket
import time

import pytest

from aggregator.daemon.supervisor import Supervisor
from tests.e2e.program import ENVIRONMENT
from tests.e2e.source import SECONDS


@pytest.fixture
def systemd(tmp_path):
    """A socket as systemd has it, and where it is."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as hearing:
        hearing.settimeout(SECONDS)
        hearing.bind(str(tmp_path / "notify"))
        yield hearing


def heard(systemd):
    """The lines of one datagram."""
    return systemd.recv(4096).decode().split("\n")


def heard_until(systemd, line):
    """The lines of the next datagram that has this one."""
    while line not in (lines := heard(systemd)):
        assert lines == ["WATCHDOG=1"] or lines[0] == "READY=1"
    return lines


def test_a_life(systemd, place, monkeypatch):
    """It is ready once it serves, is alive, says a reload and how it ended, and that it stops."""
    monkeypatch.setitem(ENVIRONMENT, "NOTIFY_SOCKET", systemd.getsockname())
    monkeypatch.setitem(ENVIRONMENT, "WATCHDOG_USEC", "120000000")
    place.write("feeds: ['file:a.xml']\n")
    with place.daemon() as daemon:
        lines = heard_until(systemd, "READY=1")
        assert lines[1] == f"STATUS=Test: 1 source, serving http://127.0.0.1:{daemon.port}/"
        heard_until(systemd, "WATCHDOG=1")

        place.write("feeds: [\n")
        daemon.wait_for("not reloaded")
        before = time.monotonic_ns() // 1000
        daemon.process.send_signal(signal.SIGHUP)
        _, stamp = heard_until(systemd, "RELOADING=1")
        assert before <= int(stamp.removeprefix("MONOTONIC_USEC=")) <= time.monotonic_ns() // 1000
        lines = heard_until(systemd, "READY=1")
        assert lines[1].startswith("STATUS=not reloaded, the last good version is in force: feeds.yaml:")

        place.write("feeds: ['file:a.xml', 'file:b.xml']\n")
        daemon.wait_for("1 source added")
        daemon.process.send_signal(signal.SIGHUP)
        heard_until(systemd, "RELOADING=1")
        assert heard_until(systemd, "READY=1")[1].startswith("STATUS=Test: 2 sources")

        daemon.process.send_signal(signal.SIGTERM)
        heard_until(systemd, "STOPPING=1")
        assert daemon.process.wait(SECONDS) == 0


@pytest.mark.skipif(not os.path.exists("/proc/net/unix"), reason="abstract sockets are of Linux")
def test_an_abstract_socket():
    """Its name begins with @ in the environment and with a NUL on the wire."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as hearing:
        hearing.settimeout(SECONDS)
        hearing.bind(f"\0aggregator-test-{os.getpid()}")
        Supervisor({"NOTIFY_SOCKET": f"@aggregator-test-{os.getpid()}"}).ready("one\nline")
        assert heard(hearing) == ["READY=1", "STATUS=one line"]


def test_who_is_asked_to_be_alive(systemd):
    """The process that the watchdog watches says so, no other one, and nobody where none does."""
    environment = {"NOTIFY_SOCKET": systemd.getsockname(), "WATCHDOG_USEC": "1000"}
    Supervisor({"NOTIFY_SOCKET": systemd.getsockname()}).alive()
    Supervisor(environment | {"WATCHDOG_PID": str(os.getppid())}).alive()
    Supervisor(environment | {"WATCHDOG_PID": str(os.getpid())}).alive()
    Supervisor(environment).stopping()
    assert heard(systemd) == ["WATCHDOG=1"]
    assert heard(systemd)[0] == "STOPPING=1"


def test_nobody_listens(tmp_path, caplog):
    """Neither a socket that is gone nor none at all keeps us from anything; the first is said, once."""
    gone = Supervisor({"NOTIFY_SOCKET": str(tmp_path / "gone")})
    gone.ready("")
    gone.reloading()
    Supervisor({}).ready("")
    [said] = caplog.messages
    assert "NOTIFY_SOCKET" in said
