"""Several processes on one PostgreSQL database: they share the work, and survive each other."""

import os
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from lxml import etree

from tests.e2e.program import ENVIRONMENT, HEAD, ROOT, Place, until
from tests.e2e.readers import Readers
from tests.origin.hosts import Hosts
from tests.postgres import started

FEED = "feed.atom"
ID = "{http://www.w3.org/2005/Atom}id"
QUICK = HEAD.replace(
    "per_host: 8, per_host_gap: 0s, timeout: 20s", "per_host: 1, per_host_gap: 1s, timeout: 1s"
)
LIFE = 10  # seconds that a lease lasts: ten timeouts
SEED = "750"  # a worker is ended, cut off, and killed, and the server killed: nothing that waits for a lease


def write(place, hosts, store, head=QUICK, every="3s"):
    feeds = [
        f"  - {{url: '{url}', category: c{int(name) % 2}, every: {every}}}\n"
        for name, url in hosts.urls.items()
    ]
    place.write("feeds:\n" + "".join(feeds), f"store: {store}\n{head}")


def entries(body):
    """The ids in a feed, none twice; of what is no feed yet, none."""
    if not body.startswith(b"<"):
        return set()
    ids = [entry.findtext(ID) for entry in etree.fromstring(body).iterfind("{*}entry")]
    assert len(ids) == len(set(ids))
    return set(ids)


def all_served(server, hosts):
    """Wait until all that sources have is served; the feed."""
    wanted = sum(hosts.sizes.values())
    return until(
        lambda: len(entries(body := server.get(FEED)[2])) == wanted and body,
        lambda: f"{wanted} entries, not {len(entries(server.get(FEED)[2]))}",
        60,
    )


def answered(server, path):
    """What a reader keeps of an answer."""
    _, headers, body = server.get(path, accept_encoding="gzip")
    return headers.get("etag"), headers.get("last-modified"), body


def test_they_share_the_work(place, postgres_empty, tmp_path):
    """Each source is polled once when it is due, hosts keep their gap over processes, all serve the same."""
    with Hosts(sources=8, hosts=4) as hosts:
        write(place, hosts, postgres_empty)
        elsewhere = Place(tmp_path / "elsewhere")
        elsewhere.directory.mkdir()
        write(elsewhere, hosts, postgres_empty)
        with (
            place.worker("poll,publish", "-v", log="one") as one,
            elsewhere.worker("poll,publish", "-v", log="two") as two,
            place.worker("serve") as server,
            elsewhere.worker("serve") as other,
        ):
            assert one.listening() == two.listening() == []
            for name in hosts.sizes:
                hosts.wait_for(name, 3)
            hosts.grow("5")
            assert all_served(server, hosts)
            all_served(other, hosts)
            for path in (FEED, "category/c0/feed.atom", "category/c1/feed.atom", "index.html"):
                # Each has its files a moment after they are stored, `feed.atom` perhaps before the others.
                until(lambda path=path: answered(server, path) == answered(other, path), path)
            until(lambda: place.documents().keys() == elsewhere.documents().keys(), "the same files")
            polled = Counter(
                {name: process.log().count("poll source=") for name, process in (("one", one), ("two", two))}
            )
            assert all(polled[name] for name in ("one", "two")), polled
            assert polled.total() <= sum(map(len, hosts.asked.values()))
            for process in (one, two, server, other):
                assert process.stop() == 0
        assert hosts.early(2.0) == []
        assert max(hosts.most.values()) == 1
        assert min(hosts.gaps) > 0.9
    for process in (one, two, server, other):
        assert "ERROR" not in process.log()
        assert "Traceback" not in process.log()


def test_killed_in_mid_poll(place, postgres_empty):
    """Another process polls its sources once its leases are void; nothing is lost, nothing comes twice."""
    with Hosts(sources=2, hosts=2) as hosts:
        gate = hosts.hang("0")
        write(place, hosts, postgres_empty, every="2s")
        with place.worker("poll,publish", log="one") as one, place.worker("serve") as server:
            hosts.wait_for("0", 1)
            one.process.kill()
            one.process.wait(20)
            gate.set()
            del hosts.gates["0"]
            with place.worker("poll,publish", log="two"):
                assert len(entries(all_served(server, hosts))) == 2
        first, second = hosts.asked["0"][:2]
        assert second - first > 1  # the timeout of one that may be alive


def test_stopped_for_too_long(place, postgres_empty):
    """A process that was away with a lease finds it lost, and stores nothing; then it works like others."""
    with Hosts(sources=1, hosts=1) as hosts:
        gate = hosts.hang("0")
        write(place, hosts, postgres_empty, QUICK.replace("timeout: 1s", "timeout: 2s"), every="1s")
        with place.worker("poll,publish", "-v", log="one") as one, place.worker("serve") as server:
            hosts.wait_for("0", 1)
            one.process.send_signal(signal.SIGSTOP)
            with place.worker("poll,publish", log="two") as two:
                gate.set()
                hosts.wait_for("0", 2, 3 * LIFE)
                all_served(server, hosts)
                before = server.get(FEED)[2]
                one.process.send_signal(signal.SIGCONT)
                one.wait_for("lease lost source=")
                assert server.get(FEED)[2] == before
                assert two.stop() == 0
            hosts.grow("0")
            all_served(server, hosts)
            assert one.stop() == 0
            assert "Traceback" not in one.log()


def test_a_hub_of_several_processes(place, postgres_empty):
    """Whoever takes a request, renders or delivers: each subscriber gets each post once."""
    with Hosts(sources=2, hosts=2) as hosts, Readers() as readers:
        write(place, hosts, postgres_empty, HEAD.replace("server: {", "server: {private_hub: true, "), "1s")
        with (
            place.worker("poll,publish", log="one") as one,
            place.worker("poll,publish", log="two") as two,
            place.worker("serve") as server,
        ):
            all_served(server, hosts)
            for name in "ab":
                assert readers.subscribe(server.port, f"https://news.example.org/{FEED}", name) == 202
            until(lambda: (one.log() + two.log()).count("hub: done: subscribe") == 2, "both confirmed")
            for n in range(1, 4):
                hosts.grow("0")
                hosts.grow("1")
                all_served(server, hosts)
                until(
                    lambda wanted=4 + 4 * n: sum(map(told, readers.got)) >= wanted, lambda: len(readers.got)
                )
            for name in "ab":
                ids = [one for path, _, body in readers.got if path == f"/{name}" for one in entries(body)]
                assert len(ids) == len(set(ids)) == 8  # a new one gets the whole feed at first
            assert "hub: done" not in server.log()


def told(got):
    """How many posts a delivery brought."""
    return len(entries(got[2]))


def test_a_server_that_crashes(place, postgres_server):
    """It throws everybody out and recovers; the daemon goes on, and has lost nothing."""
    server = started(Path(tempfile.mkdtemp(prefix="aggregator-crash-")))  # for no other test's store is in it
    with Hosts(sources=4, hosts=4) as hosts:
        write(place, hosts, server.new_database())
        with place.daemon() as daemon:
            all_served(daemon, hosts)
            ours = "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'aggregator loops %' LIMIT 1"
            [(backend,)] = server.run(ours)
            os.kill(backend, signal.SIGKILL)
            for name in hosts.sizes:
                hosts.grow(name)
            all_served(daemon, hosts)
            assert "Traceback" not in daemon.log()
            assert daemon.stop() == 0


def test_another_file_waits(place, postgres_empty, tmp_path):
    """The file that came last is in force; who has another says so once, waits, and goes on with the same."""
    with Hosts(sources=2, hosts=2) as hosts:
        elsewhere = Place(tmp_path / "elsewhere")
        elsewhere.directory.mkdir()
        write(place, hosts, postgres_empty, every="1s")
        write(elsewhere, hosts, postgres_empty, every="2s")
        with place.worker("poll,publish", log="one") as one:
            hosts.wait_for("0", 2)
            with elsewhere.worker("poll,publish", log="two") as two:
                one.wait_for("another configuration is in force")
                asked = len(hosts.asked["1"])
                hosts.wait_for("1", asked + 2)
                assert one.log().count("another configuration is in force") == 1
                write(place, hosts, postgres_empty, every="2s")
                one.wait_for("works again")
                assert two.stop() == 0
                hosts.wait_for("1", len(hosts.asked["1"]) + 2)
        assert "Traceback" not in one.log() + two.log()


def test_moved_from_a_file(place, postgres_empty):
    """`move-store` prints what to write, without the password; then ids and documents are as they were."""
    with Hosts(sources=2, hosts=2) as hosts:
        write(place, hosts, "data/aggregator.db", every="1d")
        with place.daemon() as daemon:
            before = all_served(daemon, hosts)
            modified = daemon.get(FEED)[1]["last-modified"]
            assert "runs the loops on this store" in place.run("move-store", postgres_empty).stderr
            assert daemon.stop() == 0
        url = postgres_empty.replace("postgres@", "postgres:sesame@")
        done = place.run("move-store", url)
        assert done.returncode == 0, done.stderr
        line = done.stdout.splitlines()[-1]
        assert line == "store: " + postgres_empty.replace("postgres@", "postgres:${PGPASSWORD}@")
        assert "sesame" not in done.stdout + done.stderr
        assert " posts" in done.stdout
        write(place, hosts, postgres_empty, every="1d")
        with place.daemon() as daemon:
            daemon.wait_for("publish scopes=")
            assert (daemon.get(FEED)[2], daemon.get(FEED)[1]["last-modified"]) == (before, modified)
            assert f" {daemon.process.pid}\n" in place.run("status").stdout
            refused = place.run("backup", "copy.db")
            assert (refused.returncode, "pg_dump" in refused.stderr) == (1, True)
            assert daemon.stop() == 0
        assert all(len(times) == 1 for times in hosts.asked.values())
        assert "already" in place.run("move-store", postgres_empty).stderr


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc")
def test_killed_at_random(postgres_server):
    """Some of the run that `tools/workers_run.py` makes for hours."""
    done = subprocess.run(
        [
            *(sys.executable, "tools/workers_run.py", "--seed", SEED),
            *("--url", postgres_server.new_database()),
            *("--events", "4", "--sources", "12", "--hosts", "6", "--workers", "2"),
        ],
        cwd=ROOT,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
