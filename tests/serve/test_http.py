"""The real server on loopback, asked by a real client."""

from __future__ import annotations

import asyncio
import gzip
import signal
import socket
import threading

import pytest

from aggregator.errors import ListenError
from aggregator.model import Category, Config, Site
from aggregator.serve import Formerly, HttpServer, formerly
from tests.serve.running import ATOM, Running, Shelf, app, stored


def test_document_with_its_headers(site, shelf):
    """Media type, validators and the rest come with the bytes."""
    status, headers, body = site.ask("GET", "/category/tech/feed.atom")
    document = shelf.documents["category/tech/feed.atom"]
    assert (status, body) == (200, document.body)
    assert headers["content-type"] == ATOM
    assert headers["etag"] == document.etag
    assert headers["last-modified"] == "Tue, 24 Nov 2026 12:00:00 GMT"
    assert headers["vary"] == "Accept-Encoding"
    assert headers["cache-control"] == "public, max-age=77"
    assert headers["link"] == '<https://news.example.org/category/tech/feed.atom>; rel="self"'
    assert headers["access-control-allow-origin"] == "*"
    assert headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "referrer-policy" in headers
    assert "server" not in headers


def test_stored_gzip(site, shelf):
    """Who takes gzip gets the stored twin, under its own tag."""
    _, headers, body = site.ask("GET", "/category/tech/feed.atom", accept_encoding="gzip, br")
    document = shelf.documents["category/tech/feed.atom"]
    assert (headers["content-encoding"], headers["etag"]) == ("gzip", document.gzip_etag)
    assert gzip.decompress(body) == document.body


@pytest.mark.parametrize(
    "path", ["/", "/category/tech/", "/index.html", "/category/tech/index.html", "/?a=b"]
)
def test_folders_have_pages(site, path):
    """A folder is its `index.html`."""
    status, headers, _ = site.ask("GET", path)
    assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")


def test_folder_without_its_slash_is_led_there(site):
    """A relative address, which holds under any prefix that a proxy adds."""
    status, headers, _ = site.ask("GET", "/category/tech?x=1")
    assert (status, headers["location"]) == (301, "tech/")


def test_head_is_get_without_a_body(site):
    """Same status and headers, down to the length."""
    for headers in ({}, {"accept_encoding": "gzip"}, {"if_none_match": "*"}):
        got, told = site.ask("GET", "/", **headers), site.ask("HEAD", "/", **headers)
        unstable = {"date"}
        assert told[0] == got[0]
        assert {k: v for k, v in told[1].items() if k not in unstable} == {
            k: v for k, v in got[1].items() if k not in unstable
        }
        assert told[2] == b""


def test_not_modified_on_both_validators(site):
    """304 for the tag, for the date, and for a tag that a proxy made weak."""
    _, headers, _ = site.ask("GET", "/")
    for condition in (
        {"if_none_match": headers["etag"]},
        {"if_none_match": "W/" + headers["etag"]},
        {"if_modified_since": headers["last-modified"]},
    ):
        status, told, body = site.ask("GET", "/", **condition)
        assert (status, body, told["etag"]) == (304, b"", headers["etag"])


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/category/",
        "/category/tech/feed.atom/",
        "/..%2f..%2fetc/passwd",
        "/%2e%2e/x",
        "//evil.example",
    ],
)
def test_what_is_not_there(site, path):
    """404 in plain text, never kept by caches, and never a way out."""
    status, headers, body = site.ask("GET", path)
    assert (status, body) == (404, b"not found\n")
    assert headers["content-type"] == "text/plain; charset=utf-8"
    assert headers["cache-control"] == "no-store"


def test_bad_paths_do_not_reach_the_store(site, shelf):
    """What cannot be a document is not looked for."""
    site.ask("GET", "/..%2f..%2fetc/passwd")
    site.ask("GET", "/.git/config")
    assert shelf.asked == []


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW"])
def test_other_methods(site, method):
    """405 with the methods that there are (RFC 9110, 15.5.6)."""
    for path in ("/", "/nothing", "/healthz"):
        status, headers, _ = site.ask(method, path)
        assert (status, headers["allow"]) == (405, "GET, HEAD")
        assert headers["connection"] == "close"  # or we would have to take what else it sends


def test_other_routes(site):
    """What is not a document comes before them, with methods of its own."""
    assert site.ask("POST", "/hub")[::2] == (200, b"hub")
    assert site.ask("GET", "/hub")[0] == 404


def test_part_of_a_document(site, shelf):
    """A download that broke off goes on where it was, if it is still the same."""
    body = shelf.documents["category/tech/feed.atom"].body
    path = "/category/tech/feed.atom"
    etag = site.ask("HEAD", path)[1]["etag"]
    status, headers, rest = site.ask("GET", path, range="bytes=1000-", if_range=etag)
    assert (status, rest) == (206, body[1000:])
    assert headers["content-range"] == f"bytes 1000-1399/{len(body)}"
    assert site.ask("GET", path, range="bytes=1000-", if_range='"old"')[::2] == (200, body)
    status, headers, rest = site.ask("GET", path, range=f"bytes={len(body)}-")
    assert (status, headers["content-range"], rest) == (416, f"bytes */{len(body)}", b"")
    assert site.ask("HEAD", path, range="bytes=0-1")[0] == 200


def test_old_addresses(site, old):
    """301 to what has taken their place, from the moment that they are in force, and not after."""
    assert site.ask("GET", "/old/feed/")[0] == 404
    old[0] = formerly(
        Config(categories=(Category("tech", "T", formerly=("/old/feed/", "/?feed=rss2", "/旧")),))
    )
    for path, to in (
        ("/old/feed/", "../../category/tech/feed.atom"),
        ("/old/feed?x=1", "../category/tech/feed.atom"),
        ("/?feed=rss2", "category/tech/feed.atom"),
        ("/%E6%97%A7", "category/tech/feed.atom"),
    ):
        for method in ("GET", "HEAD"):
            status, headers, _ = site.ask(method, path)
            assert (status, headers["location"]) == (301, to)
            assert headers["cache-control"] == "public, max-age=77"  # for good, but not for ever
    assert site.ask("GET", "/?feed=rss")[0] == 200
    old[0] = Formerly()
    assert site.ask("GET", "/old/feed/")[0] == 404


def test_documents_win_over_old_addresses(site, old, shelf):
    """What is there is served; and nobody is led to what is not."""
    addresses = ("/category/tech/feed.atom", "/category/tech/", "/category/tech", "/all.xml")
    old[0] = formerly(Config(site=Site(formerly=addresses)))
    assert site.ask("GET", "/all.xml")[0] == 404
    shelf.documents["feed.atom"] = stored("feed.atom", b"<feed/>", ATOM)
    assert site.ask("GET", "/all.xml")[0] == 301
    assert site.ask("GET", "/category/tech/feed.atom")[0] == 200
    assert site.ask("GET", "/category/tech/")[0] == 200
    assert site.ask("GET", "/category/tech")[1]["location"] == "tech/"


def test_what_was_taken_down(site):
    """410: it was here, and will not be again."""
    status, headers, body = site.ask("GET", "/post/2026/11/gone-1a2b3c4d.html")
    assert (status, body) == (410, b"gone\n")
    assert "location" not in headers
    assert site.ask("GET", "/post/2026/11/other-1a2b3c4d.html")[0] == 404


def test_what_was_taken_down_and_lies_there_yet(site, shelf):
    """Out from the moment on that it was taken down: the file may go later, or be edited and stay."""
    path = "post/2026/11/gone-1a2b3c4d.html"
    shelf.documents[path] = stored(path, b"<p>still here</p>")
    assert site.ask("GET", f"/{path}")[0] == 410
    shelf.taken_down.clear()
    assert site.ask("GET", f"/{path}")[0] == 200


def test_health_and_readiness(site, ready, shelf):
    """Health only says that the process answers; readiness is the daemon's word."""
    assert site.ask("GET", "/healthz")[0] == site.ask("GET", "/readyz")[0] == 200
    ready[0], shelf.broken = False, True
    assert site.ask("GET", "/readyz")[0] == 503
    assert site.ask("GET", "/healthz")[0] == 200
    assert site.ask("HEAD", "/healthz")[0] == 200


def test_fault_of_the_store(site, shelf):
    """503 without a word of what it was; the next request is answered again."""
    shelf.broken = True
    status, headers, body = site.ask("GET", "/")
    assert (status, headers["retry-after"], body) == (503, "30", b"not available now\n")
    shelf.broken = False
    assert site.ask("GET", "/")[0] == 200


def test_store_is_never_asked_in_the_loop(site, shelf):
    """A slow disk must not hold up the polls of the same loop."""
    site.ask("GET", "/")
    assert site.thread.ident not in shelf.threads


def test_many_headers_cost_little(site):
    """Only a few headers of a request are looked at, however many there are."""
    assert site.ask("GET", "/", **{f"x{n}": "y" for n in range(90)})[0] == 200


def test_port_that_is_taken(site):
    """A sentence with the port and what to do, and nothing left behind."""
    second = HttpServer(app(Shelf(), ready=bool), site.server.address)
    with pytest.raises(ListenError, match=r"port \d+ is taken"):
        site.call(second.start())


@pytest.mark.parametrize(
    "address", ["", "8080", "localhost", "a:b", "::1:80", "1.2.3.4:99999", "[x]:1", "h:80:80"]
)
def test_what_is_no_address(address):
    """Told before anything is opened."""
    with pytest.raises(ListenError, match="HOST:PORT"):
        HttpServer(app(Shelf(), ready=bool), address)


@pytest.mark.parametrize(
    ("address", "words"),
    [("192.0.2.1:0", "does not have that address"), ("no..host:0", "has no address")],
)
def test_address_of_another_machine(site, address, words):
    """A documentation address is nobody's (RFC 5737); a name with an empty label is none."""
    with pytest.raises(ListenError, match=words):
        site.call(HttpServer(app(Shelf(), ready=bool), address).start())


def test_ipv6(shelf):
    """The same over IPv6, with brackets in the address."""
    if not socket.has_ipv6:
        pytest.skip("this Python has no IPv6")
    running = Running(app(shelf, ready=bool), "[::1]:0")
    try:
        running.call(running.server.start())
    except ListenError:
        pytest.skip("this machine has no IPv6 loopback")
    else:
        assert running.server.address.startswith("[::1]:")
        assert running.ask("GET", "/")[0] == 200
    finally:
        running.close()


def test_answer_under_way_ends_before_the_server_does():
    """`stop` waits for it, then the port is free."""
    entered, leave = threading.Event(), threading.Event()

    class Slow(Shelf):
        def get(self, path):
            entered.set()
            leave.wait(10)
            return super().get(path)

    running = Running(app(Slow(), ready=bool))
    running.call(running.server.start())
    answers = []
    client = threading.Thread(target=lambda: answers.append(running.ask("GET", "/")))
    client.start()
    assert entered.wait(10)
    stopping = asyncio.run_coroutine_threadsafe(running.server.stop(), running.loop)
    leave.set()
    client.join(10)
    stopping.result(10)
    assert answers[0][0] == 200
    with pytest.raises(OSError, match="refused"):
        running.ask("GET", "/")
    running.close()


def test_signals_stay_the_daemon_s():
    """uvicorn would take SIGINT and SIGTERM for itself; here nothing changes."""

    async def run():
        before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
        server = HttpServer(app(Shelf(), ready=bool), "127.0.0.1:0")
        await server.start()
        during = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
        await server.stop()
        await server.stop()
        return before == during

    assert asyncio.run(run())
