"""Whom an exchange asks, what it tells whom, and what it remembers of the asking."""

import asyncio
import socket
from dataclasses import replace
from datetime import timedelta

import pytest

from aggregator.fetch import HttpFetcher
from aggregator.fetch.client import _Hop, _parse, _validators
from aggregator.fetch.door import SocketDoor
from aggregator.fetch.guard import Resolver
from aggregator.model import Errand, Fetched, FetchFailed, Polling, Sent, Validators
from tests.wire.origin import AGENT, NOW, Noon, Origin, fetch, fetcher, lease, ok, to

NOTHING_NEW = b"HTTP/1.1 304 Not Modified\r\n\r\n"
SECRETS = {"headers": (("X-Key", "secret"),)}


def with_errand(lease, url):
    return replace(lease, errand=Errand("archive", url, NOW))


def adopted(lease, url):
    return replace(lease, memory=replace(lease.memory, adopted=url))


@pytest.mark.parametrize("instead", [with_errand, adopted])
def test_what_is_asked_is_the_lease_s_url(instead):
    """An errand's, or that of a source that has moved; at the source's own origin with all it needs."""

    async def main():
        async with Origin({"/other": ok()}) as origin:
            url = origin.url("/feed").replace("//", "//user:pw@")
            asked_for = instead(lease(url, **SECRETS), origin.url("/other"))
            result = await fetcher().fetch(asked_for)
            return result, origin.asked, asked_for.url

    result, (request,), url = asyncio.run(main())
    assert isinstance(result, Fetched)
    assert (request.target, result.url, result.hints.moved) == ("/other", url, None)
    # The page of an errand is the document's choice: nothing that is configured for the feed goes there.
    secrets = (None, None) if instead is with_errand else (b"secret", b"Basic dXNlcjpwdw==")
    assert (request.get("x-key"), request.get("authorization")) == secrets


@pytest.mark.parametrize("instead", [with_errand, adopted])
def test_what_is_configured_stays_at_the_configured_place(instead):
    """Another port is another origin: neither headers nor credentials nor validators go there."""

    async def main():
        async with Origin({"/other": ok()}) as there, Origin({}) as here:
            url = here.url("/feed").replace("//", "//user:pw@")
            asked_for = instead(lease(url, etag='"a"', **SECRETS), there.url("/other"))
            return await fetcher().fetch(asked_for), there.asked

    result, (request,) = asyncio.run(main())
    assert isinstance(result, Fetched)
    for name in ("x-key", "authorization", "if-none-match"):
        assert request.get(name) is None
    assert result.sent == Sent()


@pytest.mark.parametrize("instead", [with_errand, adopted])
def test_private_does_not_reach_another_host_that_is_asked_first(instead):
    """`private: true` is for the host in the file, not for where it moved or keeps its archive."""

    async def main():
        async with Origin({"/other": ok()}) as origin:
            asked_for = instead(lease(origin.url("/feed")), origin.url("/other", "localhost"))
            return await fetcher().fetch(asked_for), origin.asked

    result, asked = asyncio.run(main())
    assert (result.kind, result.sent, asked) == ("address", None, [])
    assert "and no other (asked at localhost)" in result.detail
    assert "write `private: true`" not in result.detail


def test_secrets_do_not_come_back_from_elsewhere():
    """A stranger who redirects to the configured origin chooses what is asked there, not with our name."""

    def hop(url, own):
        return _Hop(_parse(url), url, _parse(own), own_origin=url == own)

    own = "https://user:pw@own.example/feed"
    here = hop(own, own)
    assert here.to(_parse("https://own.example/x"), permanent=False).credentials == ("user", "pw")
    away = here.to(_parse("https://else.example/"), permanent=False)
    assert (away.own_host, away.own_origin, away.credentials) == (False, False, None)
    back = away.to(_parse("https://own.example/x"), permanent=False)
    assert (back.own_host, back.own_origin, back.credentials) == (True, False, None)
    assert not here.to(_parse("http://own.example/x"), permanent=False).own_origin


def test_validators_stay_with_the_port_that_gave_them():
    """A host is its name and its port."""
    result, (request,), _ = fetch({"/feed": ok()}, etag='"a"', given_by="http://127.0.0.1:9/feed")
    assert isinstance(result, Fetched)
    assert request.get("if-none-match") is None


def test_a_feed_that_goes_over_to_https_keeps_its_validators():
    """Port 80 of the one and 443 of the other are the same place."""

    def sent(giver, url):
        hop = _Hop(_parse(url), url, _parse(url), own_origin=True)
        return _validators(lease(url, etag='"a"', given_by=giver), hop) != Validators()

    assert sent("http://h.example/a", "https://h.example/b")
    assert sent("http://h.example:80/a", "http://h.example/b")
    assert sent("https://h.example:443/a", "https://h.example/b")
    assert not sent("https://h.example:8443/a", "https://h.example/b")
    assert not sent("https://h.example/a", "https://www.h.example/b")


def test_the_validators_can_stay_at_home():
    """A lease that is not conditional asks for the whole body."""

    async def main():
        async with Origin({"/feed": ok()}) as origin:
            asked_for = replace(lease(origin.url(), etag='"a"', modified="x"), conditional=False)
            return await fetcher().fetch(asked_for), origin.asked

    result, (request,) = asyncio.run(main())
    assert (request.get("if-none-match"), request.get("if-modified-since")) == (None, None)
    assert result.sent == Sent()


def test_an_answer_to_a_question_that_was_not_asked():
    """304 to an unconditional request is a failure that tells which validators it brought."""
    result, _, _ = fetch({"/feed": b'HTTP/1.1 304 X\r\nETag: "b"\r\n\r\n'})
    assert isinstance(result, FetchFailed)
    assert (result.status, result.validators) == (304, Validators(etag='"b"'))


async def never(_, writer):
    await asyncio.Event().wait()


async def half(_, writer):
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")


@pytest.mark.parametrize(
    "answer",
    [
        ok(),
        NOTHING_NEW,
        ok(status=b"404 No"),
        b"",
        half,
        never,
        to(b"ftp://x/"),
        to(b"/feed"),
        b"SSH-2.0\r\n",
    ],
)
def test_whatever_comes_of_it_tells_what_was_sent(answer):
    """Also of failures, time-outs and broken answers; and the URL that was to answer."""
    seconds = 1.0 if answer is never else 20.0  # where none is to end, a busy machine must not end it either
    result, asked, port = fetch(
        {"/feed": answer}, target="/feed?a=b", etag='"a"', modified="x", seconds=seconds
    )
    assert result.sent == Sent(validators=Validators('"a"', "x"))
    assert result.url == f"http://127.0.0.1:{port}{asked[-1].target}"


def test_a_configured_cookie_is_a_cookie():
    """What is told is what went out, whoever wanted it."""
    result, _, _ = fetch({"/feed": ok()}, headers=(("Cookie", "a=b"), ("Referer", "/x")))
    assert result.sent == Sent(cookies=True, referer=True)


@pytest.mark.parametrize(
    "url", ["http://no-such-name.invalid/", "http://10.0.0.1/", "http:///", "gopher://x/"]
)
def test_nothing_is_sent_where_nobody_could_be_asked(url):
    """No address, a refused one, none at all."""
    result = asyncio.run(fetcher().fetch(lease(url, private=False)))
    assert (result.sent, result.url) == (None, url)


AS_WRITTEN = [
    "/feed?u=http%3A%2F%2Fx%2F&v=a+b%20c&w=%7e%e4",
    "/feed%2f%41/;a=b,c?X-Signature=a%2Bb%3D&x[]=1&y='*'!()@:/?",
    "/feed?a=%zz&&b",
    "/feed//?=",
]


@pytest.mark.parametrize("target", AS_WRITTEN)
def test_what_is_asked_for_is_spelled_as_it_is_written(target):
    """A URL may be signed: whatever is another spelling of the same to us is another URL to its server."""
    _, (request,), _ = fetch({target.partition("?")[0]: ok()}, target=target)
    assert request.target == target


def test_where_a_redirect_leads_is_asked_for_as_it_is_written():
    """Signed URLs are mostly found behind one."""
    answers = {"/feed": to(AS_WRITTEN[0].replace("feed", "other").encode()), "/other": ok()}
    _, (_, request), _ = fetch(answers)
    assert request.target == AS_WRITTEN[0].replace("feed", "other")


def test_what_may_stand_in_no_url_is_encoded():
    """RFC 3986, 2: servers refuse it where it is not (RFC 9112, 3.2)."""
    _, (request,), _ = fetch({"/feed%7Ba%7D": ok()}, target='/feed{a}?q={b}|c^`<>"é d')
    assert request.target == "/feed%7Ba%7D?q=%7Bb%7D%7Cc%5E%60%3C%3E%22%C3%A9%20d"


def test_a_redirect_that_cannot_be_followed_was_asked_for():
    """The first host has been asked, the second is named as the one that was to answer."""
    result, _, _ = fetch({"/feed": to(b"http://no-such-name.invalid/x")}, etag='"a"')
    assert result.kind == "dns"
    assert (result.url, result.sent) == (
        "http://no-such-name.invalid/x",
        Sent(validators=Validators(etag='"a"')),
    )


def test_a_name_that_changes_its_address():
    """What is connected to is what was checked: a second look-up that leads inside is refused."""
    answers = iter(["93.184.215.14", "127.0.0.1"])
    looked_up = []

    def look_up(host, port, **_):
        looked_up.append(next(answers))
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (looked_up[-1], port))]

    async def main():
        client = HttpFetcher(
            Polling(timeout=timedelta(seconds=20)), AGENT, Noon(), SocketDoor(Resolver(look_up))
        )
        async with Origin({"/feed": ok()}) as origin:
            asked_for = lease(origin.url(host="rebound.example"), private=False)
            next_time = await Resolver(look_up).resolve("rebound.example", 80)  # somebody else's check
            return await client.fetch(asked_for), next_time, origin.asked

    result, checked, asked = asyncio.run(main())
    assert checked[0]["host"] == "93.184.215.14"
    assert looked_up == ["93.184.215.14", "127.0.0.1"]
    assert (result.kind, result.sent, asked) == ("address", None, [])
    assert "127.0.0.1" in result.detail


def test_a_redirect_waits_for_its_turn_within_the_deadline():
    """Where redirects lead, one exchange at a time; who waits in vain says where, and where it was to go."""

    async def main(**about):
        gone = asyncio.Event()

        async def slow(_, writer):
            gone.set()
            await asyncio.Event().wait()

        async with Origin({"/slow": slow}) as busy, Origin({"/feed": to(b"/x")}) as origin:
            there = f"http://localhost:{busy.port}/slow"
            origin.answers["/feed"] = to(there.encode())
            client = HttpFetcher(Polling(timeout=timedelta(seconds=0.5)), AGENT, Noon())
            holder = asyncio.create_task(client.fetch(lease(there)))
            await gone.wait()
            result = await client.fetch(lease(origin.url(), **about))
            await holder
            return result, there, busy.asked

    result, there, asked = asyncio.run(main())
    assert result == FetchFailed(
        "turn",
        "no complete answer within 0.5 s: it waited for its turn at localhost",
        url=there,
        sent=Sent(),
    )
    assert len(asked) == 1
    result, _, _ = asyncio.run(main(confidential=True))
    assert "localhost" not in result.detail
