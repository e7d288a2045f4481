"""Letters: what goes out byte for byte, what is read of the answer, and what trouble becomes."""

import asyncio
import logging

import pytest

from aggregator.fetch import HttpCourier
from aggregator.model import Answer, Letter
from tests.wire.origin import AGENT, Noon, Origin, ok, to
from tests.wire.subscriber import Subscriber, answer


def send(default, letter, **said):
    """Send a letter to a subscriber; the answer, and what came."""

    async def main():
        async with Subscriber(default) as there:
            courier = HttpCourier(AGENT, Noon())
            given = {"private": True, **said}
            result = await courier.send(
                Letter(letter.method, there.url(letter.url), letter.headers, letter.body, **given)
            )
            return result, there.got

    return asyncio.run(main())


POST = Letter("POST", "/cb?a=%26&b=c", (("content-type", "a/b"), ("x-hub-signature", "sha256=00")), b"body")


def test_what_goes_out():
    """Method, target and query as given, our name, the fields; nothing that remembers or authorizes."""
    result, [got] = send(lambda got: answer(204), POST)
    assert (result.ok, result.status) == (True, 204)
    assert (got.method, got.target, got.body) == ("POST", "/cb?a=%26&b=c", b"body")
    host = got.fields.pop("host")
    assert host.startswith("127.0.0.1:")
    assert got.fields == {
        "user-agent": AGENT,
        "accept": "*/*",
        "accept-encoding": "identity",
        "content-type": "a/b",
        "x-hub-signature": "sha256=00",
        "content-length": "4",
        "connection": "close",
    }


@pytest.mark.parametrize("body", [bytes(range(256)) * 3, "标题 é\r\n\r\n".encode(), b"x" * 3_000_000])
def test_a_body_goes_out_as_it_is(body):
    """Whatever its bytes are, and however many."""
    _, [got] = send(lambda got: answer(204), Letter("POST", "/", (), body))
    assert got.body == body


@pytest.mark.parametrize(("read", "body"), [(0, b""), (3, b"abc"), (6, b"abcdef"), (99, b"abcdef")])
def test_no_more_is_read_than_is_wanted(read, body):
    """Nothing at all where nothing is."""
    result, _ = send(lambda got: answer(200, b"abcdef"), Letter("GET", "/"), read=read)
    assert result.body == body


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(status):
    """They are answers like others."""

    async def main():
        async with Origin({"/a": to(b"/b", status), "/b": ok()}) as origin:
            result = await HttpCourier(AGENT, Noon()).send(Letter("GET", origin.url("/a"), private=True))
            return result, [asked.target for asked in origin.asked]

    result, asked = asyncio.run(main())
    assert (result.ok, result.status, asked) == (False, status, ["/a"])


def test_retry_after():
    """As a time, whatever the status."""
    result, _ = send(lambda got: answer(429, retry_after="60"), POST)
    assert result.hints.retry_after is not None
    assert not result.ok


def test_the_deadline_is_over_everything():
    """Also over a body that never ends."""
    result, _ = send(lambda got: None, POST, seconds=0.05)
    assert (result.status, result.kind) == (0, "timeout")


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("http://127.0.0.1:1/", "refused"),
        ("http://nobody.invalid/", "dns"),
        ("http://[::1", "url"),
        ("http://x.example:99999/", "url"),
        ("", "url"),
    ],
)
def test_trouble(url, kind):
    """One line, and no exception."""
    result = asyncio.run(HttpCourier(AGENT, Noon()).send(Letter("POST", url, private=True, seconds=5)))
    assert (result.status, result.ok, result.kind) == (0, False, kind)
    assert result.detail


def test_private_addresses_are_refused():
    """Before anything is sent."""
    result, got = send(lambda got: answer(204), POST, private=False)
    assert (result.kind, got) == ("address", [])


def test_a_fault_of_ours_is_an_answer(caplog):
    """The log has more."""

    class Broken:
        def open(self, guard):
            raise RuntimeError("broken")

    with caplog.at_level(logging.CRITICAL):
        result = asyncio.run(HttpCourier(AGENT, Noon(), Broken()).send(Letter("GET", "http://a.example/")))
    assert isinstance(result, Answer)
    assert result.kind == "fault"
