"""Exchanges that go wrong: each ends in a failure that says what it was, under the deadline."""

import asyncio
import gzip
import logging
import os
import socket

import pytest

from aggregator.model import Fetched, FetchFailed, Sent
from tests.wire.origin import FEED, Noon, Origin, fetch, fetcher, lease, ok, to

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (b"", "protocol"),
        (FEED, "protocol"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "protocol"),
        (b"\x16\x03\x01\x02\x00" * 100, "protocol"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", "protocol"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nx", "protocol"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 7\r\n\r\nxxxxxxx", "protocol"),
        (b"HTTP/1.1 200 OK\r\nX: a\x00b\r\nContent-Length: 1\r\n\r\nx", "protocol"),
        (CHUNKED + b"zz\r\nx\r\n0\r\n\r\n", "protocol"),
        (CHUNKED + b"5\r\nabcde\r\n", "protocol"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 1_000_000 + b"\r\n\r\n", "protocol"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 5000 + b"\r\n", "protocol"),
        (ok(b"x" * 100_001), "size"),
        (ok(gzip.compress(b"\0" * 50_000_000), b"Content-Encoding: gzip"), "size"),
        (ok(gzip.compress(FEED)[:-5], b"Content-Encoding: gzip"), "encoding"),
        (ok(FEED, b"Content-Encoding: gzip"), "encoding"),
        (ok(FEED, b"Content-Encoding: br"), "encoding"),
        (ok(FEED, b"Content-Encoding: gzip", b"Content-Encoding: gzip"), "encoding"),
        (ok(b""), "status"),
        (ok(status=b"503 Busy"), "status"),
        (b"HTTP/1.1 999 \r\nContent-Length: 0\r\n\r\n", "status"),
        (b"HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n", "status"),
        (to(b"/feed"), "redirect"),
        (to(b""), "redirect"),
        (to(b"file:///etc/passwd"), "redirect"),
        (to(b"ftp://127.0.0.1/"), "redirect"),
        (to(b"javascript:alert(1)"), "redirect"),
        (to(b"http://127.0.0.1:99999/"), "redirect"),
        (to(b"http://xn--a\xcc\x80/"), "redirect"),
        (to(b"http://2130706433/"), "redirect"),
        (to(b"http://10.0.0.1/"), "address"),
        (to(b"http://169.254.169.254/latest/meta-data/"), "address"),
        (to(b"http://[::1]:{port}/feed"), "address"),
        (to(b"http://[::ffff:127.0.0.1]:{port}/feed"), "address"),
        (to(b"http://localhost:{port}/feed"), "address"),
        (to(b"http://0x7f.1:{port}/feed"), "address"),
    ],
)
def test_answers_that_bring_nothing(answer, kind):
    """One clean line, the right kind, and never an exception."""
    result, _, _ = fetch({"/feed": answer})
    assert isinstance(result, FetchFailed)
    assert (result.kind, result.detail.isprintable()) == (kind, True)


async def endless_body(_, writer):
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    await endlessly(writer, b" " * 65536)


async def endless_chunks(_, writer):
    writer.write(CHUNKED)
    await endlessly(writer, b"400\r\n" + b"x" * 1024 + b"\r\n")


async def endless_fields(_, writer):
    writer.write(b"HTTP/1.1 200 OK\r\n")
    await endlessly(writer, b"X: " + b"y" * 4000 + b"\r\n")


async def endlessly(writer, block):
    while True:
        writer.write(block)
        await writer.drain()


@pytest.mark.parametrize(
    ("answer", "kind"), [(endless_body, "size"), (endless_chunks, "size"), (endless_fields, "protocol")]
)
def test_endless_answers(answer, kind):
    """They end at a limit, long before the deadline."""
    result, _, _ = fetch({"/feed": answer})
    assert result.kind == kind


async def silence(_, writer):
    await asyncio.Event().wait()


async def half_an_answer(_, writer):
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    await asyncio.Event().wait()


async def drip(_, writer):
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while True:
        writer.write(b"x")
        await asyncio.sleep(0.01)


async def drip_fields(_, writer):
    writer.write(b"HTTP/1.1 200 OK\r\nX: ")
    while True:
        writer.write(b"x")
        await asyncio.sleep(0.01)


async def promises(_, writer):
    while True:
        writer.write(b"HTTP/1.1 102 Processing\r\n\r\n")
        await asyncio.sleep(0.01)


async def slow_circle(request, writer):
    await asyncio.sleep(0.3)
    writer.write(to(b"/feed?" + b"x" * len(request.target)))


@pytest.mark.parametrize("answer", [silence, half_an_answer, drip, drip_fields, promises, slow_circle])
def test_the_deadline_is_for_the_whole_exchange(answer):
    """However it is drawn out, redirects included."""
    result, asked, port = fetch({"/feed": answer}, seconds=1.0)
    last = f"http://127.0.0.1:{port}{asked[-1].target}"
    assert result == FetchFailed("timeout", "no complete answer within 1.0 s", url=last, sent=Sent())


async def reset(_, writer):
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nabc")
    await writer.drain()
    linger = writer.get_extra_info("socket")
    linger.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    writer.transport.abort()


def test_a_reset():
    """A connection that breaks in the middle is no answer."""
    result, _, _ = fetch({"/feed": reset})
    assert result.kind == "protocol"


def test_a_redirect_s_body_stays_unread():
    """A redirect may carry any amount; we follow it at once."""

    async def heavy(_, writer):
        writer.write(b"HTTP/1.1 302 Found\r\nLocation: /real\r\n\r\n")
        await endlessly(writer, b"x" * 65536)

    result, _, _ = fetch({"/feed": heavy, "/real": ok()})
    assert isinstance(result, Fetched)


def alone(url, **about):
    """Fetch without an origin."""
    return asyncio.run(fetcher().fetch(lease(url, **about)))


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:99999/",
        "http:///feed",
        "http://[::1/",
        "http://xn--/",
        "http://" + "a" * 70 + ".example/\x00",
        "gopher://127.0.0.1/",
        "//127.0.0.1/feed",
        "feed",
        "",
    ],
)
def test_urls_that_cannot_be_asked_for(url):
    """They are a failure of their own, before any connection."""
    assert alone(url).kind == "url"


def test_nobody_listens():
    """A refused connection."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{bound.getsockname()[1]}/"
        result = alone(url)
    assert result == FetchFailed("refused", "connection refused", url=url)


@pytest.mark.parametrize("host", ["no-such-name.invalid", "a" * 64 + ".invalid"])
def test_names_without_an_address(host):
    """`.invalid` never has one (RFC 6761)."""
    assert alone(f"http://{host}/feed").kind == "dns"


def test_no_tls_where_tls_was_asked_for():
    """A server that speaks plain HTTP on the port."""

    async def plainly(reader, writer):
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Plain HTTP here\r\n\r\n")
        await writer.drain()
        writer.close()

    async def main():
        server = await asyncio.start_server(plainly, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            return await fetcher().fetch(lease(f"https://127.0.0.1:{port}/feed"))

    result = asyncio.run(main())
    assert result.kind == "tls"
    assert result.detail.startswith("no secure connection")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]"])
def test_private_addresses_need_permission(host):
    """The text names the address and the key that allows it; nothing is sent."""
    result, asked, _ = fetch({"/feed": ok()}, host=host, private=False)
    assert result.kind == "address"
    assert "is not public" in result.detail
    assert "`private: true`" in result.detail
    assert not asked


def test_permission_is_for_the_feed_s_own_host():
    """A redirect elsewhere does not inherit it, and the text says so instead of advising to give it."""
    result, asked, _ = fetch({"/feed": to(b"http://localhost:{port}/other"), "/other": ok()})
    assert result.kind == "address"
    assert "write `private: true`" not in result.detail
    assert "`private: true` reaches the host that the feed's own URL names, and no other" in result.detail
    assert "(redirected to localhost)" in result.detail
    assert len(asked) == 1


def test_permission_does_not_leak():
    """One fetcher serves private and other sources of one host, at once and in turn."""

    async def main():
        async with Origin({"/feed": ok()}) as origin:
            client = fetcher()
            leases = [lease(origin.url(), private=n % 2 == 0) for n in range(20)]
            results = await asyncio.gather(*(client.fetch(one) for one in leases))
            results += [await client.fetch(one) for one in leases[:4]]
            return results

    kinds = [isinstance(result, Fetched) for result in asyncio.run(main())]
    assert kinds == [True, False] * 12


def test_a_confidential_source_keeps_its_secrets(caplog):
    """Neither details nor logs hold its URL, its host, or where it redirects."""
    answers = {
        "/token-1": to(b"http://localhost:{port}/token-2"),
        "/token-3": to(b"ftp://token-host/"),
        "/token-4": b"HTTP/1.1 200 OK\r\ntoken-5 bad\r\n\r\n",
        "/token-6": to(b"http://10.1.2.3/token-7"),
    }
    for target in answers:
        result, _, _ = fetch(answers, target=target, confidential=True)
        assert isinstance(result, FetchFailed)
        assert "token" not in result.detail
        assert "localhost" not in result.detail
        assert "10.1.2.3" not in result.detail
        assert "127.0.0.1" not in result.detail
    assert alone("http://token-host.invalid/", confidential=True).detail == "the name has no address"
    assert "token" not in caplog.text


def test_surprises_are_faults_and_logged(caplog):
    """A fault of ours ends this exchange alone, with its trace in the log."""

    class Broken(Noon):
        asked = False

        def now(self):
            if not self.asked:  # before the request goes out
                self.asked = True
                return super().now()
            secret = "token"
            raise ZeroDivisionError(secret)

    async def main(**about):
        async with Origin({"/feed": ok()}) as origin:
            client = fetcher()
            client._clock = Broken()
            return await client.fetch(lease(origin.url(), **about))

    with caplog.at_level(logging.ERROR, "aggregator.fetch"):
        result = asyncio.run(main())
        assert (result.kind, result.sent) == ("fault", Sent())
        assert result.detail == "an error of ours (ZeroDivisionError); the log has more"
        assert "ZeroDivisionError('token')" in caplog.text
        caplog.clear()
        asyncio.run(main(confidential=True, title="Ours"))
    assert "fetching Ours failed" in caplog.text
    assert "token" not in caplog.text


def test_cancelling_leaves_nothing_behind():
    """Wherever an exchange is cancelled, its socket is closed and the next one goes well."""

    async def main():
        async with Origin({"/feed": drip, "/good": ok()}) as origin:
            client = fetcher()
            await client.fetch(lease(origin.url("/good")))
            before = len(os.listdir("/proc/self/fd"))
            tasks = [asyncio.create_task(client.fetch(lease(origin.url()))) for _ in range(40)]
            for number, task in enumerate(tasks):
                asyncio.get_running_loop().call_later(number * 0.003, task.cancel)
            ended = await asyncio.gather(*tasks, return_exceptions=True)
            good = await client.fetch(lease(origin.url("/good")))
            for _ in range(100):
                if len(os.listdir("/proc/self/fd")) <= before:
                    break
                await asyncio.sleep(0.02)
            return ended, good, len(os.listdir("/proc/self/fd")) - before

    ended, good, more = asyncio.run(main())
    assert all(isinstance(end, asyncio.CancelledError) for end in ended)
    assert isinstance(good, Fetched)
    assert more <= 0
