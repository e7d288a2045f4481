"""Real time: what a source says goes out to who is subscribed, by our own hub or by another one."""

import hmac
import http.client
from urllib.parse import parse_qs, urlencode

from lxml import etree

from tests.e2e.program import HEAD
from tests.e2e.readers import Readers
from tests.e2e.source import rss

FEED = "category/tech/feed.atom"
TOPIC = f"https://news.example.org/{FEED}"
OURS = HEAD.replace("server: {", "server: {private_hub: true, ")
ATOM = "{http://www.w3.org/2005/Atom}"


def feeds(sources):
    return f"feeds:\n  - {{url: '{sources.url('a.xml')}', category: tech, every: 1s}}\n"


def test_a_new_post_goes_to_a_hundred_subscribers_at_one_host(place, sources):
    """With their signatures, and over a restart; then only what is new."""
    sources.put("a.xml", rss("A", "First"))
    place.write(feeds(sources), OURS)
    with Readers() as readers:
        with place.daemon() as daemon:
            announced = etree.fromstring(daemon.wait_for_body(FEED, "First"))
            links = {link.get("rel"): link.get("href") for link in announced.iterfind(f"{ATOM}link")}
            assert (links["self"], links["hub"]) == (TOPIC, "https://news.example.org/hub")
            for n in range(100):
                assert readers.subscribe(daemon.port, links["self"], f"{n}", secret=f"secret {n}") == 202
            daemon.wait_for("hub: done: subscribe", 100)
            assert daemon.stop() == 0
        with place.daemon() as daemon:
            sources.put("a.xml", rss("A", "First", "Second"))
            got = readers.wait_for(readers.got, 100)
            assert sorted(path for path, _, _ in got) == sorted(f"/{n}" for n in range(100))
            for path, headers, body in got:
                signature = hmac.new(f"secret {path[1:]}".encode(), body, "sha256").hexdigest()
                assert headers["x-hub-signature"] == f"sha256={signature}"
                assert headers["content-type"] == "application/atom+xml; charset=utf-8"
                assert headers["link"] == f'<{links["hub"]}>; rel="hub", <{TOPIC}>; rel="self"'
            assert got[0][2] == daemon.get(FEED)[2]
            sources.put("a.xml", rss("A", "First", "Second", "Third"))
            _, _, body = readers.wait_for(readers.got, 101)[100]
            entries = etree.fromstring(body).findall(f"{ATOM}entry")
            assert [entry.findtext(f"{ATOM}title") for entry in entries] == ["Third"]


def test_without_our_hub(place, sources):
    """`hub: false`: 404, and no word of it in any document."""
    sources.put("a.xml", rss("A", "First"))
    place.write(feeds(sources), HEAD.replace("server: {", "server: {hub: 'false', "))
    with place.daemon() as daemon, Readers() as readers:
        assert b'rel="hub"' not in daemon.wait_for_body(FEED, "First")
        assert readers.subscribe(daemon.port, TOPIC, "cb") == 404
        assert daemon.get("hub")[0] == 404


def test_another_hub_is_told_by_once_too(place, sources):
    """Of every feed that is new, once; nothing changed, nobody is told."""
    sources.put("a.xml", rss("A", "First"))
    with Readers() as hub:
        place.write(feeds(sources), HEAD.replace("server: {", f"server: {{hub: '{hub.url('hub')}', "))
        assert place.run("once").returncode == 0
        told = [body for path, _, body in hub.got if path == "/hub"]
        assert len(told) == len(set(told)) == 6  # two scopes in three formats
        assert urlencode({"hub.mode": "publish", "hub.url": TOPIC, "hub.topic": TOPIC}).encode() in told
        assert f'rel="hub" href="{hub.url("hub")}"'.encode() in place.documents()[FEED] or (
            f'href="{hub.url("hub")}" rel="hub"'.encode() in place.documents()[FEED]
        )
        assert place.run("once").returncode == 0
        assert len(hub.got) == 6


def test_what_is_pushed_to_us_is_pushed_on(place, sources):
    """A source's hub pushes to our callback, and our subscriber gets the post, without another poll."""
    with Readers() as others:
        links = f"<{others.url('hub')}>; rel=hub, <https://s.example/topic>; rel=self"
        sources.put("a.xml", rss("A", "First"), Link=links)
        place.write(feeds(sources).replace("1s", "1d"), OURS)
        with place.daemon() as daemon:
            daemon.wait_for_body(FEED, "First")
            _, _, form = others.wait_for(others.got, 1)[0]
            asked = {name: value for name, [value] in parse_qs(form.decode()).items()}
            path = asked["hub.callback"].removeprefix("https://news.example.org/")
            query = urlencode(
                {"hub.mode": "subscribe", "hub.topic": asked["hub.topic"], "hub.challenge": "ch"}
            )
            assert daemon.get(f"{path}?{query}")[2] == b"ch"
            assert others.subscribe(daemon.port, TOPIC, "reader") == 202
            daemon.wait_for("hub: done: subscribe")
            content = rss("A", "First", "Pushed")
            signature = hmac.new(asked["hub.secret"].encode(), content, "sha1").hexdigest()
            connection = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=20)
            connection.request("POST", f"/{path}", content, {"x-hub-signature": f"sha1={signature}"})
            assert connection.getresponse().status == 204
            to, _, body = others.wait_for(others.got, 2)[1]
            assert (to, b"Pushed" in body) == ("/reader", True)
            connection.close()
        assert sources.times("a.xml") == 1
