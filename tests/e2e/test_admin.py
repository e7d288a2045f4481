"""The admin listener of a running daemon, what it counts, and the log as programs want it."""

import base64
import http.client
import json
import re
from contextlib import closing

import pytest

from tests.e2e.program import HEAD, until
from tests.e2e.source import SECONDS, rss

ADMIN = HEAD.replace("admin: 'off'", "admin: '127.0.0.1:0'")


def admin(daemon, path, **headers):
    """An answer of the admin listener: status and text."""
    port = until(lambda: re.search(r"for you http://127\.0\.0\.1:(\d+)/admin/", daemon.log()), daemon.log)[1]
    with closing(http.client.HTTPConnection("127.0.0.1", int(port), timeout=SECONDS)) as connection:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


def test_an_operator_sees_what_happens(place, sources):
    """Sources, their polls, metrics, and status.atom on the public listener; the rest is not there."""
    sources.put("a.xml", rss("a", "one"))
    feed = f"{{url: '{sources.url('a.xml')}', title: Letters, every: 1s}}"
    place.write(f"feeds: [{feed}, {{url: '{sources.url('none.xml')}', title: Broken, every: 1s}}]\n", ADMIN)
    with place.daemon() as daemon:
        daemon.wait_for_body("feed.atom", "one")
        status = daemon.wait_for_body("status.atom", "Broken is broken: ")
        assert b"<id>urn:uuid:" in status
        _, text = admin(daemon, "/admin/")
        assert text.index("Broken</bdi>") < text.index("Letters</bdi>")
        _, shown = admin(daemon, re.search(r'href="(/admin/source/\w+)"', text)[1])
        assert "<td>404</td>" in shown
        assert "Nothing is stored under it" in admin(daemon, "/admin/explain?of=https://x.example/")[1]
        assert "place 1 of 1" in admin(daemon, "/admin/explain?of=https://example.org/a/one")[1]
        _, metrics = admin(daemon, "/metrics")
        assert re.search(r'^aggregator_polls_total\{result="news"\} 1\.0$', metrics, re.M)
        assert re.search(r'^aggregator_sources\{health="broken"\} 1\.0$', metrics, re.M)
        assert admin(daemon, "/readyz") == (200, "ready\n")
        for path in ("admin/", "metrics", "admin/style.css"):
            assert daemon.get(path)[0] == 404


def test_the_token_opens_and_is_in_no_log(place):
    """From the environment's file, on every address."""
    head = ADMIN.replace("admin: '127.0.0.1:0'", "admin: '127.0.0.1:0', admin_token: 'hunter2'")
    place.write("feeds: ['https://user:sesame@127.0.0.1:9/feed?key=s3cret']\n", head)
    with place.daemon("-v") as daemon:
        assert admin(daemon, "/admin/")[0] == 401
        password = base64.b64encode(b"me:hunter2").decode()
        status, text = admin(daemon, "/admin/", Authorization=f"Basic {password}")
        assert (status, "confidential source 1" in text) == (200, True)
        assert admin(daemon, "/metrics", Authorization="Bearer hunter2")[0] == 200
        daemon.wait_for("poll source=")
        said = daemon.log()
    for secret in ("hunter2", "sesame", "s3cret"):
        assert secret not in said


@pytest.mark.parametrize("address", ["0.0.0.0:0", "[::]:0"])
def test_open_to_all_is_refused(place, address):
    """In words, whether the file or the command says so."""
    place.write("feeds: ['https://a.example/']\n")
    done = place.run("run", "--admin", address)
    assert done.returncode == 1
    assert "set server.admin_token" in done.stderr
    place.write("feeds: ['https://a.example/']\n", HEAD.replace("'off'", f"'{address}'"))
    done = place.run("run")
    assert (done.returncode, "admin_token: ${ADMIN_TOKEN}" in done.stderr) == (2, True)
    assert place.run("run", "--admin", "nowhere").returncode == 2


def test_logs_for_programs(place, sources):
    """`--log json`: an object on each line, with what the outcome came to."""
    sources.put("a.xml", rss("a", "one"))
    place.write(f"feeds: ['{sources.url('a.xml')}']\n")
    with place.daemon("--log", "json") as daemon:
        daemon.wait_for('"event": "poll"')
        daemon.stop()
        said = [json.loads(line) for line in daemon.log().splitlines() if line.startswith("{")]
    [poll] = [one for one in said if one.get("event") == "poll"]
    assert (poll["source"], poll["result"], poll["level"]) == ("a (confidential source 1)", "1 new", "info")
    assert all({"time", "level", "logger"} <= one.keys() for one in said)


def test_the_operator_sees_that_an_edit_was_refused(place, sources):
    """On the admin pages, in the metrics and in the log; and that it was taken back, or put right."""
    sources.put("a.xml", rss("a", "one"))
    good = f"feeds: ['{sources.url('a.xml')}']\n"
    place.write(good, ADMIN)
    with place.daemon() as daemon:
        daemon.wait_for_body("feed.atom", "one")
        assert "is not in force" not in admin(daemon, "/admin/")[1]
        place.write(f"{good}feed: []\n", ADMIN)
        daemon.wait_for("not reloaded: feeds.yaml:6:1")
        until(lambda: "feeds.yaml:6:1: " in admin(daemon, "/admin/")[1], daemon.log)
        assert "aggregator_config_refused 1.0" in admin(daemon, "/metrics")[1]
        place.write(good, ADMIN)
        daemon.wait_for("feeds.yaml is as it is in force again")
        until(lambda: "is not in force" not in admin(daemon, "/admin/")[1], daemon.log)
        assert "aggregator_config_refused 0.0" in admin(daemon, "/metrics")[1]
        place.write(f"{good}feed: []\n", ADMIN)  # the same mistake is said anew
        daemon.wait_for("not reloaded: feeds.yaml:6:1", times=2)
        place.write(good, ADMIN.replace("'127.0.0.1:0', admin", "'127.0.0.1:1', admin"))
        daemon.wait_for("`server.listen` takes effect at the next start")
        until(lambda: "after a restart: <code>server.listen" in admin(daemon, "/admin/")[1], daemon.log)
