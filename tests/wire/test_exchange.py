"""Exchanges that go well: what is asked, what comes back, how redirects are followed."""

import asyncio
import gzip
from dataclasses import replace
from datetime import timedelta

import pytest

from aggregator.model import (
    Errand,
    Fetched,
    FetchFailed,
    Hints,
    NotModified,
    Polling,
    Robots,
    Sent,
    Validators,
)
from tests.wire.origin import AGENT, FEED, NOW, Origin, fetch, fetcher, lease, ok, to


def test_a_first_poll():
    """One request that says who we are and nothing needless; a body with all that came with it."""
    answer = ok(
        FEED, b"Content-Type: text/xml", b'ETag: W/"a"', b"Last-Modified: x", b"Cache-Control: max-age=60"
    )
    result, (request,), port = fetch({"/feed": answer})
    assert result == Fetched(
        body=FEED,
        content_type="text/xml",
        url=f"http://127.0.0.1:{port}/feed",
        validators=Validators('W/"a"', "x"),
        hints=Hints(fresh_until=NOW + timedelta(seconds=60), lifetime=timedelta(seconds=60)),
        sent=Sent(),
    )
    assert [name for name, _ in request.fields] == [
        "host",
        "user-agent",
        "accept",
        "accept-encoding",
        "connection",
    ]
    assert request.get("user-agent") == AGENT.encode()


def test_nothing_of_the_environment(monkeypatch):
    """Proxies of the environment are not asked."""
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    result, _, _ = fetch({"/feed": ok()})
    assert isinstance(result, Fetched)


def test_an_unchanged_feed():
    """Both validators go back as they came, and a 304 brings its own."""
    answer = b'HTTP/1.1 304 Not Modified\r\nETag: "b"\r\n\r\n'
    had = Validators('"é"'.encode().decode("latin-1"), "yesterday")
    result, (request,), port = fetch({"/feed": answer}, etag=had.etag, modified=had.last_modified)
    assert result == NotModified(
        Validators(etag='"b"'), Hints(), f"http://127.0.0.1:{port}/feed", Sent(validators=had)
    )
    assert request.get("if-none-match") == '"é"'.encode()
    assert request.get("if-modified-since") == b"yesterday"


def test_validators_of_any_bytes_go_back_verbatim():
    """A byte that is no UTF-8 goes back as it came, and changes nothing of the fields beside it."""
    result, _, _ = fetch({"/feed": ok(FEED, b'ETag: "\xff\xfe\xc3\xa9"')})
    assert result.validators.etag == '"\xff\xfe\xc3\xa9"'
    result, (request,), _ = fetch(
        {"/feed": ok()}, etag=result.validators.etag, modified="\xe9", headers=(("X-Name", "é中"),)
    )
    assert isinstance(result, Fetched)
    assert request.get("if-none-match") == b'"\xff\xfe\xc3\xa9"'
    assert request.get("if-modified-since") == b"\xe9"
    assert request.get("x-name") == "é中".encode()
    assert result.sent == Sent(validators=Validators('"\xff\xfe\xc3\xa9"', "\xe9"))


def test_validators_of_another_host_stay_home():
    """They go to the host that gave them only; a 304 from elsewhere is no answer."""
    answers = {"/feed": b"HTTP/1.1 304 Not Modified\r\n\r\n"}
    result, (request,), _ = fetch(answers, etag='"a"', given_by="http://localhost:{port}/feed")
    assert request.get("if-none-match") is None
    assert isinstance(result, FetchFailed)
    assert result.kind == "protocol"


def test_validators_behind_a_redirect():
    """Where a redirect leads within the host that gave them, they are sent, and a 304 counts."""
    answers = {"/feed": to(b"/real"), "/real": b"HTTP/1.1 304 Not Modified\r\n\r\n"}
    result, asked, _ = fetch(answers, etag='"a"', given_by="http://127.0.0.1:{port}/real")
    assert isinstance(result, NotModified)
    assert asked[1].get("if-none-match") == b'"a"'


@pytest.mark.parametrize(
    ("codes", "moved"),
    [
        ((301,), "/b"),
        ((308,), "/b"),
        ((302,), None),
        ((307,), None),
        ((301, 308), "/c"),
        ((301, 302), "/b"),
        ((302, 301), None),
    ],
)
def test_moved_for_good(codes, moved):
    """`moved` is where nothing but 301 and 308 led; the body comes from the end of the chain."""
    targets = ["/a", "/b", "/c"]
    answers = {
        here: to(there.encode(), code) for here, there, code in zip(targets, targets[1:], codes, strict=False)
    }
    answers[targets[len(codes)]] = ok()
    result, asked, port = fetch(answers, target="/a")
    assert [request.target for request in asked] == targets[: len(codes) + 1]
    assert result.url == f"http://127.0.0.1:{port}{targets[len(codes)]}"
    assert result.hints.moved == (f"http://127.0.0.1:{port}{moved}" if moved else None)


def test_moved_and_unchanged():
    """A 304 at the new place is success too."""
    answers = {"/feed": to(b"/new#part", 301), "/new": b"HTTP/1.1 304 Not Modified\r\n\r\n"}
    result, _, port = fetch(answers, etag='"a"')
    new = f"http://127.0.0.1:{port}/new"
    assert result == NotModified(Validators(), Hints(moved=new), new, Sent(validators=Validators(etag='"a"')))


def test_moved_to_nothing():
    """A permanent redirect to an error moves nothing."""
    result, _, _ = fetch({"/feed": to(b"/new", 301), "/new": ok(status=b"404 Not Found")})
    assert (result.kind, result.status, result.hints.moved) == ("status", 404, None)


def test_five_hops_and_no_more():
    """Five redirects are followed; the sixth ends the exchange."""
    chain = {f"/{n}": to(b"/%d" % (n + 1)) for n in range(6)} | {"/6": ok()}
    result, asked, _ = fetch(chain, target="/1")
    assert isinstance(result, Fetched)
    result, asked, _ = fetch(chain, target="/0")
    assert (result.kind, len(asked)) == ("redirect", 6)


@pytest.mark.parametrize(
    ("location", "target"),
    [
        (b"real?x=1", "/real?x=1"),
        (b"http://user:pw@127.0.0.1:{port}/real", "/real"),
        (b"//127.0.0.1:{port}/real#top", "/real"),
        (b"/real?\xff", "/real?%FF"),
        ("/real?é".encode(), "/real?%C3%A9"),
        (b"/real?a%0d%0aX:1", "/real?a%0D%0AX:1"),
    ],
)
def test_locations(location, target):
    """Relative, with a user name, with a fragment, with odd bytes: one request, without extras."""
    result, asked, _ = fetch({"/feed": to(location), "/real": ok()})
    assert isinstance(result, Fetched)
    assert asked[-1].target.upper() == target.upper()
    assert asked[-1].get("authorization") is None


def test_what_is_configured_goes_to_the_source_alone():
    """Headers and credentials follow a redirect within the origin, and no other."""
    secrets = {"headers": (("X-Key", "secret"),)}
    result, asked, _ = fetch({"/feed": to(b"/real"), "/real": ok()}, **secrets)
    assert [request.get("x-key") for request in asked] == [b"secret", b"secret"]

    async def main():
        async with Origin({"/real": ok()}) as other, Origin({"/feed": b""}) as first:
            first.answers["/feed"] = to(other.url("/real").encode())
            url = first.url().replace("//", "//user:pw@")
            result = await fetcher().fetch(lease(url, etag='"a"', **secrets))
            return result, first.asked[0], other.asked[0], other.port

    result, before, after, port = asyncio.run(main())
    assert isinstance(result, Fetched)
    assert result.url == f"http://127.0.0.1:{port}/real"
    assert before.get("authorization") == b"Basic dXNlcjpwdw=="
    assert before.get("x-key") == b"secret"
    assert after.get("authorization") is None
    assert after.get("x-key") is None
    assert after.get("referer") is None


def test_cookies_are_neither_kept_nor_sent():
    """Not to the next hop, and not with the next poll."""
    answers = {
        "/feed": ok(b"", b"Location: /real", b"Set-Cookie: a=b; Path=/", status=b"302 Found"),
        "/real": ok(FEED, b"Set-Cookie: c=d; Path=/"),
    }

    async def main():
        async with Origin(answers) as origin:
            client = fetcher()
            for _ in range(2):
                assert isinstance(await client.fetch(lease(origin.url())), Fetched)
            return origin.asked

    assert [request.get("cookie") for request in asyncio.run(main())] == [None] * 4


def test_a_compressed_body():
    """Inflated by us, in as many members as there are."""
    body = gzip.compress(FEED[:9]) + gzip.compress(FEED[9:])
    result, _, _ = fetch({"/feed": ok(body, b"Content-Encoding: gzip")})
    assert result.body == FEED


def test_bodies_without_a_length():
    """Chunked, ended by closing, and HTTP/1.0."""
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (
        len(FEED),
        FEED,
    )
    for answer in (chunked, b"HTTP/1.1 200 OK\r\n\r\n" + FEED, b"HTTP/1.0 200 OK\r\n\r\n" + FEED):
        result, _, _ = fetch({"/feed": answer})
        assert result.body == FEED


def test_new_limits_are_in_force_with_the_next_exchange():
    """`reconfigure` is what a reload calls."""

    async def main():
        async with Origin({"/feed": ok(b"x" * 5000)}) as origin:
            client = fetcher()
            first = await client.fetch(lease(origin.url()))
            client.reconfigure(Polling(max_size=1000), "other/2")
            return first, await client.fetch(lease(origin.url())), origin.asked

    first, second, asked = asyncio.run(main())
    assert isinstance(first, Fetched)
    assert second.kind == "size"
    assert [request.get("user-agent") for request in asked] == [AGENT.encode(), b"other/2"]


KNOWN = Robots("http://127.0.0.1", NOW + timedelta(days=1))


def article(url, robots=KNOWN):
    """The lease of an errand for an article; without robots, it asks for robots.txt."""
    errand = Errand("article", url, NOW, post="tag:a.example,2026:1")
    return replace(lease(url, headers=(("X-Key", "k"),)), errand=errand, robots=robots)


def fetch_article(answers, **said):
    """What came of an article at /page of an origin, and what the origin was asked."""

    async def main():
        async with Origin(answers) as origin:
            return await fetcher().fetch(article(origin.url("/page"), **said)), origin.asked

    return asyncio.run(main())


def test_a_page_is_asked_for_as_such():
    """As HTML, without what is configured for the feed."""
    result, (request,) = fetch_article({"/page": ok(b"<p>x</p>", b"Content-Type: text/html; charset=x")})
    assert (result.body, request.get("x-key")) == (b"<p>x</p>", None)
    assert request.get("accept").startswith(b"text/html")


def test_robots_txt_is_asked_for_in_place_of_the_page():
    result, (request,) = fetch_article({"/robots.txt": ok(b"User-agent: *")}, robots=None)
    assert (result.body, request.target) == (b"User-agent: *", "/robots.txt")
    assert request.get("accept").startswith(b"text/plain")


@pytest.mark.parametrize("kind", [b"application/pdf", b"image/png", b"text/plain", b"application/rss+xml"])
def test_what_is_no_page_is_not_read(kind):
    """Its body stays where it is."""
    hanging = b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\nContent-Type: " + kind + b"\r\n\r\n"
    result, _ = fetch_article({"/page": hanging})
    assert (result.kind, result.detail) == ("media", "no page of HTML")


def test_a_page_on_another_host_is_not_asked_for():
    """What its robots.txt says is not known; another path of the same host is followed."""
    away = fetch_article({"/page": to(b"http://localhost:{port}/x"), "/x": ok()})
    assert (away[0].kind, [request.target for request in away[1]]) == ("redirect", ["/page"])
    here = fetch_article({"/page": to(b"/x"), "/x": ok(b"<p>x</p>", b"Content-Type: text/html")})
    assert here[0].body == b"<p>x</p>"
