"""Clients that are no readers: odd requests, abused headers, and those who are slow on purpose."""

from __future__ import annotations

import asyncio
import logging

import pytest

from aggregator.serve import listen
from tests.serve.running import Running, Shelf, app, stored, to_the_end

END = b"Host: a\r\nConnection: close\r\n\r\n"


@pytest.fixture(autouse=True)
def _silence(caplog):
    """What strangers do is not the operator's news."""
    caplog.set_level(logging.WARNING)
    yield
    assert [
        r.getMessage() for r in caplog.get_records("call") if r.name.startswith(("uvicorn", "asyncio"))
    ] == []


def status(answer):
    return int(answer.split(b" ", 2)[1])


@pytest.mark.parametrize(
    "line",
    [
        b"GET /",
        b"GET  / HTTP/1.1",
        b"GET /\x00 HTTP/1.1",
        b"GET /\xe4 HTTP/1.1",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/1.1\r\nX : a",
        b"GET / HTTP/1.1\r\n folded: a",
        b"GET / HTTP/1.1\r\nX: a\x00b",
        b"GET / HTTP/1.1\r\nHost: b",
        b"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2",
        b"GET / HTTP/1.1\r\nContent-Length: -1",
        b"GET / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked",
    ],
)
def test_what_is_no_http(site, line):
    """400, and the end."""
    answer = site.say(line + b"\r\n" + END)
    assert status(answer) in (400, 501)
    assert answer.count(b"HTTP/1.1 ") == 1
    assert site.ask("GET", "/")[0] == 200


@pytest.mark.parametrize("line", [b"GET /", b"GET / HTTP/1.1\r\nX: "])
def test_request_without_end(site, line):
    """It is cut off long before it fills the memory."""
    assert status(site.say(line + b"a" * 20_000)) == 400


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (b"Range: bytes=" + b",".join(b"%d-%d" % (n, n) for n in range(2000)), 200),
        (b"Range: bytes=0-1\r\nRange: bytes=2-3", 200),
        (b"Range: bytes=0-18446744073709551616", 200),
        (b"If-None-Match: " + b'"a",' * 3000, 200),
        (b"If-None-Match: " + b'"' * 12_000, 200),
        (b"If-Modified-Since: " + b"9" * 12_000, 200),
        (b"Accept-Encoding: " + b"gzip;q=0," * 1500, 200),
        (b"Accept-Encoding: \xff\xfe", 200),
        (b"X-Forwarded-Host: evil.example\r\nX-Original-URL: /etc/passwd\r\nX-Rewrite-URL: /x", 200),
        (b"X-HTTP-Method-Override: DELETE", 200),
        (b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: a", 200),
        (b"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings", 200),
        (b"Expect: 100-continue\r\nContent-Length: 5", 200),
    ],
)
def test_abused_headers(site, shelf, headers, expected):
    """They get what anybody gets."""
    answer = site.say(b"GET / HTTP/1.1\r\n" + headers + b"\r\n" + END)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert (status(head), body) == (expected, shelf.documents["index.html"].body)
    assert b"evil" not in answer


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (b"http://anything.example/", 200),
        (b"http://anything.example/category/tech?x=1", 301),
        (b"HTTPS://anything.example", 200),
        (b"http://anything.example/../etc/passwd", 404),
        (b"ftp://anything.example/", 404),
        (b"*", 404),
        (b"anything.example:443", 404),
        (b"/%0d%0aSet-Cookie:x=1", 404),
        (b"/category/tech%0d%0aX:1", 404),
        (b"/%00", 404),
        (b"/%ff%fe", 404),
        (b"/index.html%00.atom", 404),
        (b"/index.html/", 404),
        (b"/index.html.gz", 404),
        (b"/a;b=c", 404),
        (b"/?" + b"a=b&" * 3000, 200),
    ],
)
def test_odd_targets(site, target, expected):
    """The absolute form is one of ours (RFC 9112, 3.2.2); nothing leads elsewhere or gets into a header."""
    answer = site.say(b"GET " + target + b" HTTP/1.1\r\n" + END)
    assert status(answer) == expected
    head = answer.partition(b"\r\n\r\n")[0].lower()
    assert b"set-cookie" not in head
    assert b"\r\nx:" not in head
    if expected == 301:
        assert b"location: tech/" in head


def test_pipelined_requests_are_answered_in_order(site, shelf):
    """One after the other, each in full; what comes after `close` is not."""
    ask = b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n"
    answer = site.say(ask % b"/category/tech/" + ask % b"/none" + b"GET / HTTP/1.1\r\n" + END + ask % b"/")
    assert [int(part[:3]) for part in answer.split(b"HTTP/1.1 ")[1:]] == [200, 404, 200]
    assert answer.endswith(shelf.documents["index.html"].body)


def test_nothing_is_smuggled_in_a_body(site):
    """A body is never read as a request, and is not waited for."""
    hidden = b"GET /healthz HTTP/1.1\r\n" + END
    for lengths in (b"Content-Length: %d" % len(hidden), b"Transfer-Encoding: chunked"):
        answer = site.say(b"POST / HTTP/1.1\r\nHost: a\r\n" + lengths + b"\r\n\r\n", hidden)
        assert answer.count(b"HTTP/1.1 ") <= 1
        assert b"ok" not in answer.partition(b"\r\n\r\n")[2]
    assert site.ask("GET", "/")[0] == 200


def test_body_without_end(site):
    """The answer to a method that is refused does not wait for it."""
    with site.connect() as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\nabc")
        assert status(to_the_end(connection)) == 405


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"GET / HTTP/1.1\r\nHost:",
        b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\nGET",
        b"GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 99999\r\n\r\nabc",
    ],
)
def test_request_that_does_not_come(site, said):
    """Whether it is the first, a later one, or its body: the connection ends."""
    with site.connect() as connection:
        connection.sendall(said)
        assert to_the_end(connection).count(b"HTTP/1.1 200") == (b"healthz" in said)


def test_request_byte_by_byte(site):
    """Bytes alone are no progress."""
    with site.connect() as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")
        connection.settimeout(0.02)
        ended = False
        for _ in range(1000):
            try:
                connection.send(b"G")
                ended = connection.recv(65536) == b""
            except TimeoutError:
                continue
            except OSError:
                ended = True
            if ended:
                break
        assert ended


async def _all_gone(connections):
    while connections:
        await asyncio.sleep(0.02)


def test_answer_that_nobody_takes():
    """It would be held in memory for as long as they like; who reads gets all of it."""
    shelf = Shelf()
    shelf.documents["index.html"] = stored("index.html", bytes(30_000_000))
    # More patience than elsewhere: a busy machine may take a moment to read, too.
    running = Running(app(shelf, ready=bool), patience=3.0)
    running.call(running.server.start())
    ask = b"GET / HTTP/1.1\r\n" + END
    reading, waiting = running.connect(), running.connect()
    try:
        with reading, waiting:
            waiting.sendall(ask)
            reading.sendall(ask)
            assert len(to_the_end(reading)) > 30_000_000
            assert running.ask("GET", "/healthz")[0] == 200
            # Closing would wait for it in vain.
            running.call(_all_gone(running.server._server.server_state.connections))
            assert len(to_the_end(waiting)) < 30_000_000
    finally:
        running.close()


def test_crowd(monkeypatch):
    """Beyond what we answer, one is told when to come back; beyond that there is no room for it."""
    monkeypatch.setattr(listen, "_MOST_ANSWERED", 3)
    monkeypatch.setattr(listen, "_MOST_CONNECTIONS", 5)
    running = Running(app(Shelf(), ready=bool))
    running.call(running.server.start())
    ask = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    held = []
    try:
        for _ in range(3):
            held.append(running.connect())
            held[-1].sendall(ask)
            assert held[-1].recv(12) == b"HTTP/1.1 200"
        told = running.say(ask)
        assert status(told) == 503
        assert b"retry-after: 30\r\n" in told
        idle = [running.connect() for _ in range(2)]
        held += idle
        assert running.say(ask) == b""
    finally:
        for connection in held:
            connection.close()
        running.close()
