"""A daemon's life: it starts or says why not, heeds edits and signals, outlives its own death."""

import ctypes
import os
import signal
import socket
import sqlite3
import time
from contextlib import closing

import pytest

from aggregator.store import open_store
from tests.e2e.program import HEAD, Place, until
from tests.e2e.source import SourceServer, rss

PR_CAPBSET_DROP, CAP_DAC_OVERRIDE = 24, 1  # linux/prctl.h, linux/capability.h
TECH = "category/tech/feed.atom"


def without_the_right_to_write_everywhere():
    """Root may write whatever the permissions say; this takes that from the program that is started next."""
    if os.geteuid() == 0 and ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE):
        os._exit(os.EX_NOPERM)


def feeds(*lines):
    return "feeds:\n" + "".join(f"  - {line}\n" for line in lines)


def test_sigterm_finishes_what_is_under_way(place, sources):
    """A slow poll that ends in time is stored and published before the daemon leaves with 0."""
    gate = sources.hang("slow.xml", rss("Slow", "Late but there"))
    place.write(feeds(f"{{url: '{sources.url('slow.xml')}', category: tech}}"))
    with place.daemon() as daemon:
        sources.wait_for("slow.xml")
        daemon.process.send_signal(signal.SIGTERM)
        daemon.wait_for("stopping by=SIGTERM polls=1")
        gate.set()
        assert daemon.process.wait(20) == 0
    assert b"Late but there" in (place.public / TECH).read_bytes()
    assert "Traceback" not in daemon.log()
    assert sources.times("slow.xml") == 1


def test_threads_have_no_heaps_of_their_own(place, sources):
    """Each would keep what its largest piece of work took, and none would give it to another."""
    sources.put("a.xml", rss("A", "One"))
    place.write(feeds(f"{{url: '{sources.url('a.xml')}', category: tech}}"))
    with place.daemon() as daemon:
        daemon.wait_for_body(TECH, "One")
        assert daemon.threads() > 4
        assert daemon.heaps() == []


class Hung:
    """A daemon with a source that never answers, and one on the same host that does."""

    def __init__(self, place, sources, daemon):
        self.place, self.sources, self.daemon = place, sources, daemon
        self._told = False

    def terminate(self):
        """Send SIGTERM, once; draining takes as long as polls under way may take."""
        if not self._told:
            self._told = True
            self.daemon.process.send_signal(signal.SIGTERM)
            self.daemon.wait_for("stopping by=SIGTERM")
            assert self.daemon.get(TECH)[0] == 200


@pytest.fixture(scope="module")
def hung(tmp_path_factory):
    """Shared by two tests, so that what lies between them runs while it drains."""
    place = Place(tmp_path_factory.mktemp("hung"))
    with SourceServer() as sources:
        sources.hang("hangs.xml")
        sources.put("quick.xml", rss("Quick", "First"))
        place.write(
            feeds(
                f"{{url: '{sources.url('hangs.xml')}', category: tech}}",
                f"{{url: '{sources.url('quick.xml')}', category: tech, every: 1s}}",
            )
        )
        with place.daemon() as daemon:
            sources.wait_for("hangs.xml")
            daemon.wait_for_body(TECH, "First")
            yield Hung(place, sources, daemon)


def test_one_that_hangs_delays_nobody(hung):
    """Others are polled and published meanwhile, also on its host, where it holds no more than one slot."""
    hung.sources.put("quick.xml", rss("Quick", "First", "Second"))
    hung.daemon.wait_for_body(TECH, "Second")
    assert hung.sources.statuses("hangs.xml") == [0]
    hung.terminate()


def test_killed_and_started_again(place, sources):
    """Nothing is polled early, and what was served is served again, byte for byte.

    Time is told by a source that is polled each second.
    """
    sources.put("hourly.xml", rss("Hourly", "One", "Two"))
    sources.put("clock.xml", rss("Clock", "Tick"))
    place.write(
        feeds(
            f"{{url: '{sources.url('hourly.xml')}', category: tech, every: 1h}}",
            f"{{url: '{sources.url('clock.xml')}', category: clock, every: 1s}}",
        )
    )
    with place.daemon() as daemon:
        daemon.wait_for_body("feed.atom", "Tick", "Two")
        until(lambda: set(place.documents()) >= {TECH, "category/clock/feed.atom"}, place.documents)
        daemon.wait_for_body(TECH, "Two")
        before = daemon.get(TECH)
        daemon.process.kill()
        assert daemon.process.wait(20) == -signal.SIGKILL
    ticks = sources.times("clock.xml")
    with place.daemon() as daemon:
        assert daemon.get(TECH)[1:] == (before[1] | {"date": daemon.get(TECH)[1]["date"]}, before[2])
        sources.wait_for("clock.xml", ticks + 2)
        assert sources.times("hourly.xml") == 1
        assert set(sources.statuses("clock.xml")[1:]) == {304}
        assert daemon.stop(signal.SIGINT) == 0
    assert "Traceback" not in daemon.log()


def test_edits_of_the_file(place, sources):
    """A wrong one is said once, with lines and columns, and the last good one stays; a good one is in force.

    All of that without a restart, whether the file was replaced or a signal came.
    """
    sources.put("one.xml", rss("one", "News of one"))
    sources.put("two.xml", rss("two", "News of two"))
    good = feeds(f"{{url: '{sources.url('one.xml')}', category: tech, every: 1s}}")
    place.write(good)
    with place.daemon() as daemon:
        daemon.wait_for_body(TECH, "News of one")
        place.write(good + "  - {url: 'not a url', every: often}\n")
        line = HEAD.count("\n") + 3
        daemon.wait_for(f"not reloaded: feeds.yaml:{line}:", times=2)  # its url, and its every
        sources.put("one.xml", rss("one", "News of one", "More of one"))
        daemon.wait_for_body(TECH, "More of one")
        assert daemon.log().count("not reloaded") == 2
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_for("not reloaded", times=4)  # who asks is told again

        edited = time.monotonic()
        place.write(
            "categories: {tech: {title: Technik}}\n"
            + feeds(f"{{url: '{sources.url('two.xml')}', category: tech}}")
        )
        daemon.wait_for('reload by=file changes="1 source added; 1 source removed; ')
        assert time.monotonic() - edited < 10  # two seconds are promised; this machine may be busy
        daemon.wait_for_body(TECH, "News of two", "Technik")
        until(lambda: b"of one" not in daemon.get(TECH)[2], "the removed source's posts leave")

        place.file.unlink()
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_for("not reloaded: feeds.yaml: there is no such file")
        assert daemon.get(TECH)[0] == 200
        assert daemon.stop() == 0
    assert "Traceback" not in daemon.log()


def test_a_port_that_is_taken(place):
    """A sentence that says which, and what to do; not a traceback."""
    place.write(feeds("file:none.xml"))
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = place.run("run", "--listen", f"127.0.0.1:{port}")
    assert done.returncode == 1
    said = f"cannot listen on 127.0.0.1:{port}: port {port} is taken; stop what uses it, or choose another"
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "feeds:\n  - {url: 'https://a.example/', evry: 1h}\nrules: often\n",
            ("feeds.yaml:2:", "feeds.yaml:3:"),
        ),
        (None, ("feeds.yaml: there is no such file; `aggregator init` writes one",)),
    ],
    ids=["wrong", "missing"],
)
def test_a_file_that_is_wrong(place, text, said):
    """Exit status 2, every mistake with line and column, and nothing is made."""
    if text is not None:
        place.file.write_text(text)
    done = place.run("run")
    assert done.returncode == 2
    assert [part in done.stderr for part in said] == [True] * len(said)
    assert "Traceback" not in done.stderr
    assert not place.store.exists()


@pytest.mark.parametrize("command", ["run", "publish"])
def test_a_data_directory_that_cannot_be_made(place, command):
    """Something else is where the data should go: said with what to do, status 1."""
    (place.directory / "data").write_text("a file")
    place.write(feeds("file:none.xml"))
    done = place.run(command)
    assert done.returncode == 1
    assert f"{place.directory}/data" in done.stderr
    assert "set `store` in the configuration to a path that can be written" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_data_directory_that_cannot_be_written(place):
    """Without the right to write, it says which directory to make writable, status 1."""
    place.write(feeds("file:none.xml"))
    place.store.parent.mkdir(mode=0o555)
    done = place.run_from_nothing("run", preexec_fn=without_the_right_to_write_everywhere)
    assert done.returncode == 1, done.stderr
    assert f"{place.store.parent}/" in done.stderr
    assert "make the directory writable for this user" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_store_from_a_newer_version(place):
    """It is left alone, and the operator learns what it needs."""
    open_store(str(place.store), output=str(place.public), loops=True).close()
    with closing(sqlite3.connect(place.store)) as database, database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    before = place.store.read_bytes()
    place.write(feeds("file:none.xml"))
    done = place.run("run")
    assert done.returncode == 1
    assert "written by a newer version of aggregator (schema 9999" in done.stderr
    assert "install that version, or restore a backup" in done.stderr
    assert "Traceback" not in done.stderr
    assert place.store.read_bytes() == before


def test_sigterm_cuts_short_what_hangs(hung):
    """Readers are served until then; a poll that does not end in time is cut short; the status is 0."""
    hung.terminate()
    assert hung.daemon.process.wait(20) == 0
    assert "stop: polls cut short: 1" in hung.daemon.log()
    assert "Traceback" not in hung.daemon.log()
    assert b"First" in (hung.place.public / TECH).read_bytes()
