"""The W3C recommendation of WebSub, requirement by requirement, of the hub and the publisher: over sockets.

Each row names its section and its word (MUST, SHOULD, MAY) and holds what we do about it. The numbers of the
hub tests of websub.rocks stand beside those that they are about.
"""

import hmac
import re
from datetime import timedelta

import pytest

from tests.websub.scene import atom, run
from tests.wire.subscriber import answer, echo

ROWS = []


def requirement(section, word, text):
    """A row of the table: the decorated coroutine shows it."""

    def register(test):
        ROWS.append(pytest.param(test, id=f"{section} {word}: {text}"))
        return test

    return register


@requirement("5.1.2", "MUST", "202 where a request is taken (100)")
async def _(s):
    assert (await s.ask()).status == 202


@requirement("5.1.2", "MUST", "4xx for errors, with a line of plain text")
async def _(s):
    refused = await s.ask(callback="ftp://x.example/")
    assert refused.status == 400
    assert b"hub.callback" in refused.body


@requirement("5.1.2", "MUST NOT", "the answer does not depend on the verification")
async def _(s):
    s.subscriber.default = lambda got: answer(404)
    assert (await s.ask()).status == 202
    assert (await s.ask(callback="http://127.0.0.1:1/")).status == 202


@requirement("5.1", "MUST", "parameters that are not known are ignored (102)")
async def _(s):
    await s.subscribe(verify="sync", foo="bar")
    assert s.subscribed


@requirement("5.1", "MUST", "who is subscribed may ask again, before the lease is over (103)")
async def _(s):
    await s.subscribe(lease_seconds="3600")
    s.clock.advance(minutes=50)
    await s.subscribe(lease_seconds="3600")
    s.clock.advance(minutes=50)
    await s.publish("two=2")
    assert len(s.delivered) == 1


@requirement("5.1", "MUST", "another secret overrides the one before, once it is verified")
async def _(s):
    await s.subscribe(secret="old")
    s.subscriber.default = lambda got: answer(404)
    await s.subscribe(secret="stolen")
    s.subscriber.default = echo
    await s.publish("two=2")
    await s.subscribe(secret="new")
    await s.publish("three=3")
    for got, secret in zip(s.delivered, (b"old", b"new"), strict=True):
        digest = hmac.new(secret, got.body, "sha256").hexdigest()
        assert got.fields["x-hub-signature"] == f"sha256={digest}"


@requirement("5.1", "MUST", "a verification that fails leaves the subscription as it was")
async def _(s):
    await s.subscribe()
    s.subscriber.says["/cb"] = lambda got: answer(404)
    await s.subscribe(mode="unsubscribe")
    assert s.subscribed


@requirement("5.1", "MUST", "unsubscribing is verified, then nothing more is sent (104)")
async def _(s):
    await s.subscribe()
    await s.subscribe(mode="unsubscribe", lease_seconds="nonsense")
    assert [got.said("mode") for got in s.subscriber.came("GET")] == ["subscribe", "unsubscribe"]
    await s.publish("two=2")
    assert s.delivered == []


@requirement("5.1.1", "MUST", "a callback's query is preserved, ours appended with an ampersand")
async def _(s):
    await s.subscribe(s.subscriber.url("/cb?foo=bar&hub.mode=mine"))
    await s.publish("two=2")
    asked, got = s.subscriber.got
    assert asked.target.startswith("/cb?foo=bar&hub.mode=mine&hub.mode=subscribe&")
    assert got.target == "/cb?foo=bar&hub.mode=mine"


@requirement("5.1.1", "MUST", "percent-encoded URLs are decoded")
async def _(s):
    body = (
        f"hub.mode=subscribe&hub.topic={s.topic().replace('/', '%2f')}"
        f"&hub.callback={s.subscriber.url().replace(':', '%3A')}"
    )
    await s.subscribe(body=body.encode())
    assert list(s.subscribed) == [s.subscriber.url()]


@requirement("5.3", "MUST", "the callback is asked with mode, topic, challenge and lease (1xx)")
async def _(s):
    await s.subscribe(lease_seconds="3600")
    [asked] = s.subscriber.came("GET")
    assert (asked.said("mode"), asked.said("topic")) == ("subscribe", s.topic())
    assert (asked.said("lease_seconds"), bool(asked.said("challenge"))) == ("3600", True)


@requirement("5.3.1", "MUST", "3xx, 4xx and 5xx mean that it is not so; redirects are not followed")
async def _(s):
    for status in (301, 302, 307, 400, 404, 410, 500, 503):
        location = s.subscriber.url("/elsewhere")
        s.subscriber.says["/cb"] = lambda got, status=status, to=location: answer(
            status, got.said("challenge").encode(), location=to
        )
        await s.subscribe()
    assert s.subscribed == {}
    assert s.subscriber.came("GET", "/elsewhere") == []


@requirement("5.3.1", "MUST", "another body than the challenge means that it is not so")
async def _(s):
    for wrong in (b"", b"x", b"%s ", b"%sx", b" %s", b"<p>%s</p>"):
        s.subscriber.says["/cb"] = lambda got, wrong=wrong: answer(
            200, wrong.replace(b"%s", got.said("challenge").encode())
        )
        await s.subscribe()
    assert s.subscribed == {}


@requirement("8.2", "SHOULD", "a challenge is random and used once")
async def _(s):
    await s.subscribe()
    await s.subscribe()
    one, other = (got.said("challenge") for got in s.subscriber.came("GET"))
    assert one != other


@requirement("5.3.1", "MUST", "leases end, and are never for ever")
async def _(s):
    await s.subscribe(lease_seconds="999999999999")
    [asked] = s.subscriber.came("GET")
    s.clock.advance(seconds=int(asked.said("lease_seconds")))
    await s.publish("two=2")
    assert s.delivered == []
    assert int(asked.said("lease_seconds")) == timedelta(days=30).total_seconds()


@requirement("8.2", "SHOULD", "leases are short: ten days where none is asked for")
async def _(s):
    await s.subscribe()
    assert s.subscriber.came("GET")[0].said("lease_seconds") == "864000"


@requirement("7", "MUST", "a delivery has the topic's own media type (100)")
async def _(s):
    await s.subscribe()
    await s.publish("two=2")
    assert s.delivered[0].fields["content-type"] == "application/atom+xml; charset=utf-8"


@requirement("7", "MUST", "a delivery holds the whole of what the topic says (100)")
async def _(s):
    await s.subscribe()
    await s.publish("one=1", "two=2")
    assert s.delivered[0].body == atom("one=1", "two=2")


@requirement("7", "MAY", "entries of Atom that were delivered before are left out")
async def _(s):
    await s.subscribe()
    await s.publish("one=1", "two=2")
    await s.publish("one=1", "two=another", "three=3")
    ids = re.findall(rb"<id>(\w+)</id>", s.delivered[1].body)
    assert ids == [b"two", b"three"]


@requirement("7", "MUST", "one Link with hub and self")
async def _(s):
    await s.subscribe()
    await s.publish("two=2")
    link = f'<https://news.example.org/hub>; rel="hub", <{s.topic()}>; rel="self"'
    assert s.delivered[0].fields["link"] == link


@requirement("7.1", "MUST", "X-Hub-Signature with the secret, over the body as it is sent (101)")
async def _(s):
    await s.subscribe(secret="s" * 199)
    await s.publish("two=2")
    [got] = s.delivered
    digest = hmac.new(b"s" * 199, got.body, "sha256").hexdigest()
    assert got.fields["x-hub-signature"] == f"sha256={digest}"


@requirement("7.1", "MUST", "no signature where there is no secret")
async def _(s):
    await s.subscribe()
    await s.publish("two=2")
    assert "x-hub-signature" not in s.delivered[0].fields


@requirement("5.1", "MUST", "a secret has less than 200 bytes")
async def _(s):
    assert (await s.ask(secret="s" * 200)).status == 400


@requirement("7", "MAY", "410 ends the subscription")
async def _(s):
    await s.subscribe()
    s.subscriber.default = lambda got: answer(410)
    await s.publish("two=2")
    assert s.subscribed == {}


@requirement("7", "MUST", "every other status is a failure; a redirect is not followed")
async def _(s):
    for status in (301, 302, 303, 307, 308, 400, 404, 500):
        s.subscriber.default = echo
        await s.subscribe(s.subscriber.url(f"/{status}"))
        s.subscriber.says[f"/{status}"] = lambda got, status=status: answer(
            status, location=s.subscriber.url("/elsewhere")
        )
    await s.publish("two=2")
    assert [row.failures for row in s.subscribed.values()] == [1] * 8
    assert s.subscriber.came("POST", "/elsewhere") == []


@requirement("7", "SHOULD", "a delivery that failed is tried again, with what came since")
async def _(s):
    await s.subscribe()
    s.subscriber.default = lambda got: answer(503)
    await s.publish("two=2")
    s.subscriber.default = echo
    await s.publish("two=2", "three=3")
    assert len(s.delivered) == 1, "not before it is due again"
    s.clock.advance(seconds=11)
    await s.hub.finish()
    assert s.delivered[1].body == atom("two=2", "three=3")


@requirement("7", "MUST", "who fails stays subscribed until its lease is over")
async def _(s):
    await s.subscribe(lease_seconds="864000")
    s.subscriber.default = lambda got: answer(500)
    await s.publish("two=2")
    for _ in range(300):
        s.clock.advance(minutes=45)
        await s.hub.finish()
    assert s.subscribed
    assert 10 < len(s.delivered) < 60, "ever more rarely"
    s.subscriber.default = echo
    await s.publish("three=3")
    s.clock.advance(hours=7)
    await s.hub.finish()
    assert s.delivered[-1].body == atom("three=3")


@requirement("7", "MUST", "the body of a subscriber's answer is ignored")
async def _(s):
    await s.subscribe()
    s.subscriber.default = lambda got: answer(200, b"x" * 5_000_000)
    await s.publish("two=2")
    assert [row.failures for row in s.subscribed.values()] == [0]


@pytest.mark.parametrize("test", ROWS)
def test_recommendation(test):
    """The table, row by row."""
    run(test)
