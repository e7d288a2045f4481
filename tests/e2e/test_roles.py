"""`aggregator run --roles` on a SQLite file: what a process takes, and what it leaves."""

import hmac
import http.client
from urllib.parse import parse_qs, urlencode

import pytest

from tests.e2e.program import HEAD
from tests.e2e.readers import Readers
from tests.e2e.source import rss

FEED = "category/tech/feed.atom"
OURS = HEAD.replace("server: {", "server: {private_hub: true, ")


def feeds(sources, every="1s"):
    return f"feeds:\n  - {{url: '{sources.url('a.xml')}', category: tech, every: {every}}}\n"


def test_one_polls_and_one_serves(place, sources):
    """The first listens nowhere, the second asks nobody; it answers while the first is dead, and goes on."""
    sources.put("a.xml", rss("A", "First"))
    place.write(feeds(sources))
    with place.worker("serve") as server:
        assert server.get(FEED)[0] == 404
        assert server.get("readyz")[0] == 200
        assert len(server.listening()) == 1
        with place.worker("poll,publish") as poller:
            assert b"First" in server.wait_for_body(FEED, "First")
            assert poller.listening() == []
            poller.process.kill()
            poller.process.wait(20)
        asked = sources.times("a.xml")
        before = server.get(FEED)[2]
        place.write(feeds(sources) + "rules: []\n")
        server.wait_for("reload by=file")  # which a process that polls would poll after
        assert (server.get(FEED)[2], sources.times("a.xml")) == (before, asked)
        sources.put("a.xml", rss("A", "First", "Second"))
        with place.worker("poll,publish", log="again") as poller:
            server.wait_for_body(FEED, "Second")
            assert poller.stop() == 0
        assert server.stop() == 0
    for worker in (poller, server):
        assert "ERROR" not in worker.log()
        assert "Traceback" not in worker.log()


def test_without_a_server_nothing_listens(place, sources):
    """Neither of the two listeners, whatever the file says; that for the operator has to be asked for."""
    sources.put("a.xml", rss("A", "First"))
    place.write(feeds(sources))
    with place.worker("poll,publish", "--listen", "127.0.0.1:0") as poller:
        sources.wait_for("a.xml", 2)
        assert poller.listening() == []
    with place.worker("publish,poll", "--admin", "127.0.0.1:0", log="admin") as poller:
        poller.wait_for("for you http://127.0.0.1:")
        assert len(poller.listening()) == 1


def test_a_hub_in_two_processes(place, sources):
    """Who serves takes requests and pushes; who publishes verifies and delivers, each once."""
    with Readers() as others:
        links = f"<{others.url('hub')}>; rel=hub, <https://s.example/topic>; rel=self"
        sources.put("a.xml", rss("A", "First"), Link=links)
        place.write(feeds(sources, "1d"), OURS)
        with place.worker("poll,publish") as poller, place.worker("serve") as server:
            server.wait_for_body(FEED, "First")
            _, _, form = others.wait_for(others.got, 1)[0]
            asked = {name: value for name, [value] in parse_qs(form.decode()).items()}
            path = asked["hub.callback"].removeprefix("https://news.example.org/")
            query = urlencode(
                {"hub.mode": "subscribe", "hub.topic": asked["hub.topic"], "hub.challenge": "ch"}
            )
            assert server.get(f"{path}?{query}")[2] == b"ch"
            topic = f"https://news.example.org/{FEED}"
            assert others.subscribe(server.port, topic, "reader") == 202
            poller.wait_for("hub: done: subscribe")
            content = rss("A", "First", "Pushed")
            signature = hmac.new(asked["hub.secret"].encode(), content, "sha1").hexdigest()
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
            connection.request("POST", f"/{path}", content, {"x-hub-signature": f"sha1={signature}"})
            assert connection.getresponse().status == 204
            connection.close()
            to, _, body = others.wait_for(others.got, 2)[1]
            assert (to, b"Pushed" in body) == ("/reader", True)
            assert "hub: done" not in server.log()
        assert sources.times("a.xml") == 1


@pytest.mark.parametrize(
    ("roles", "status", "said"),
    [
        ("pol", 2, "'pol' is no role; write poll, publish, serve, with commas between them"),
        ("", 2, "'' is no role"),
        ("poll,serve", 2, "--roles poll,serve: one process polls and publishes on a SQLite file"),
        ("publish", 2, "--roles publish: one process polls and publishes on a SQLite file"),
    ],
)
def test_roles_that_cannot_be(place, roles, status, said):
    """Words, and nothing is made."""
    place.write("feeds: ['file:none.xml']\n")
    done = place.run("run", "--roles", roles)
    assert (done.returncode, said in done.stderr) == (status, True), done.stderr
    assert "Traceback" not in done.stderr
    assert not place.store.exists()
