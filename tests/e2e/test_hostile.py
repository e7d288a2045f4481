"""Hostile sources beside good ones: those are polled and published as if they were alone.

`tools/hostile_run.py` does the same with some 180 hostile sources, and with figures.
"""

import contextlib
import json
import socket
import threading

import pytest
from lxml import etree

from tests.e2e.program import Place, until
from tests.e2e.source import SourceServer, rss

HEAD = """\
site: {title: Test, url: 'https://news.example.org/', contact: 'https://news.example.org/about'}
server: {listen: '127.0.0.1:0', admin: 'off'}
defaults: {private: true, every: 1s}
polling: {per_host: 40, per_host_gap: 0s, timeout: 4s, max_size: 5MB}
feeds:
"""
GOOD = 10
SOUPS = 10  # each takes a parser some 7 seconds
SECRET = "only this machine may read it"


class RawServer:
    """Says something over and over, to each who asks, until they have had enough."""

    def __init__(self, first, again):
        self._first, self._again = first, again
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/"
        self.touched = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                self.touched.set()
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection):
        with contextlib.suppress(OSError), connection:
            connection.sendall(self._first)
            while self._again:
                connection.sendall(self._again)
            connection.recv(1 << 16)  # the request, and then the end
            while connection.recv(1 << 16):
                pass


def entities(declaration):
    return f"<!DOCTYPE rss [{declaration}]>".encode() + rss("Entities", "Harmless").replace(
        b"Harmless", b"Harmless &x; "
    )


OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\n"
SCRIPT = "<description>&lt;script&gt;alert(1)&lt;/script&gt;&lt;p onclick='x'&gt;Text&lt;/p&gt;</description>"
LINK = "<link>javascript:alert(2)</link>"

# Each with what its failure says; "" where it is harmless.
BAD = {
    "bomb": "larger than 5,000,000 bytes",
    "endless": "larger than 5,000,000 bytes",
    "silent": "no complete answer within 4 s",
    "metadata": "is not public",
    "file": "redirected to what is no http or https URL",
    "circle": "redirected in a circle",
    "doctype": "neither XML nor HTML",
    "laughs": "",
    "inside": "",
    "outside": "",
    "deep-xml": "",
    "deep-html": "",
    "attributes": "",
    "script": "",
}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A daemon with all of them, once every good source has brought news and every bad one was polled."""
    place = Place(tmp_path_factory.mktemp("hostile"))
    secret = place.directory / "secret.txt"
    secret.write_text(SECRET)
    with (
        SourceServer() as sources,
        RawServer(OK + b"\r\n<rss><channel>", b" " * 65536) as endless,
        RawServer(b"", b"") as silent,
        RawServer(b"", b"") as trap,
    ):
        sources.put("bomb", b"<rss>" + b" " * 40_000_000)
        sources.put("metadata", b"", 302, Location="http://169.254.169.254/latest/meta-data/")
        sources.put("file", b"", 302, Location=secret.as_uri())
        sources.put("circle", b"", 301, Location="/circle")
        sources.put("doctype", b"<!DOCTYPE rss [" + b"<!ENTITY x 'y'" * 50_000)
        tens = "".join(f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 10))
        sources.put("laughs", entities(f"<!ENTITY a0 'lol'>{tens}<!ENTITY x '&a9;'>"))
        sources.put("inside", entities(f"<!ENTITY x SYSTEM '{secret.as_uri()}'>"))
        sources.put("outside", entities(f"<!ENTITY x SYSTEM '{trap.url}'>"))
        sources.put("deep-xml", rss("Deep", "One", extra="<x>" * 50_000 + "</x>" * 50_000))
        deep = "&lt;div&gt;" * 50_000
        sources.put("deep-html", rss("Nested", "One").replace(b"Text of One", deep.encode()))
        attributes = " ".join(f"a{n}='1'" for n in range(100_000))
        sources.put("attributes", rss("Wide", "One", extra=f"<image {attributes}/>"))
        sources.put("script", rss("Script", "One").replace(b"</guid>", f"</guid>{SCRIPT}{LINK}".encode()))
        for n in range(SOUPS):
            sources.put(f"soup-{n}", b"<rss><channel><item><title>" + b"<" * 4_000_000)
        for n in range(GOOD):
            sources.put(f"good-{n}", rss(f"Good {n}", f"First of {n}"))
        elsewhere = {"endless": endless.url, "silent": silent.url}
        soups = [f"soup-{n}" for n in range(SOUPS)]
        lines = [
            f"  - {{url: '{elsewhere.get(name, sources.url(name))}', title: '{name}'}}"
            for name in (*soups, *BAD, *(f"good-{n}" for n in range(GOOD)))
        ]
        place.write("\n".join(lines), HEAD)
        with place.daemon() as daemon:
            for name in soups:
                sources.wait_for(name)
            for n in range(GOOD):
                sources.put(f"good-{n}", rss(f"Good {n}", f"First of {n}", f"News of {n}"))
            daemon.wait_for_body("feed.atom", *(f"News of {n}" for n in range(GOOD)))
            said = until(lambda: polled(place), lambda: f"{statuses(place)}, {daemon.log()}")
            yield place, daemon, said, trap


def statuses(place):
    return {one["source"]: one for one in json.loads(place.run("status", "--json").stdout)["sources"]}


def polled(place):
    said = statuses(place)
    return said if all(said[name]["last_poll"] for name in BAD) else None


def test_good_sources_are_polled_and_published(run):
    """While ten documents that take a parser seconds each are read, the good ones bring their news."""
    _, _, said, _ = run
    good = [said[f"good-{n}"] for n in range(GOOD)]
    assert [(one["error"], one["posts"]) for one in good] == [("", 2)] * GOOD


@pytest.mark.parametrize("name", BAD)
def test_each_failure_names_its_reason(run, name):
    """And what is harmless, whatever it looks like, has none."""
    _, _, said, _ = run
    if BAD[name]:
        assert BAD[name] in said[name]["error"]
    else:
        assert (said[name]["error"], said[name]["posts"]) == ("", 1)


def test_documents_hold_nothing_of_it(run):
    """They are XML, with nothing that runs, and nothing that only this machine can read."""
    place, daemon, _, trap = run
    documents = place.documents()
    feeds = [body for path, body in documents.items() if path.endswith((".atom", ".rss"))]
    assert feeds
    for body in feeds:
        etree.fromstring(body)
    everything = b"\n".join(documents.values())
    assert [
        word for word in (SECRET, "alert(", "onclick", "javascript:") if word.encode() in everything
    ] == []
    assert not trap.touched.is_set()
    assert daemon.get("readyz")[0] == 200
    assert "Traceback" not in daemon.log()
