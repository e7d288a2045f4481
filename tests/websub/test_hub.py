"""The hub as a loop: who delays whom, what holds over crashes, what abuse comes to, whom it pings."""

import asyncio
import logging
from urllib.parse import urlencode

import pytest

from aggregator import hub as rooms
from aggregator.errors import StoreError
from aggregator.model import Letter, Server
from tests.loops.scene import Hooked
from tests.websub.scene import atom, run
from tests.wire.subscriber import answer, echo


def nothing(got):
    """Never answer."""


def test_a_hundred_at_one_host():
    """Each gets its own delivery, and they do not wait for each other's turn at that host."""

    async def main(s):
        callbacks = [s.subscriber.url(f"/{n}") for n in range(100)]
        await asyncio.gather(*(s.ask(callback) for callback in callbacks))
        await s.hub.finish()
        assert set(s.subscribed) == set(callbacks)
        await s.publish("two=2")
        assert sorted(got.target for got in s.delivered) == sorted(f"/{n}" for n in range(100))
        assert len({got.body for got in s.delivered}) == 1
        assert s.subscriber.most_at_once > 1

    run(main)


def test_who_never_answers_delays_nobody():
    """Others at the same host have theirs while it is still waited for."""

    async def main(s):
        for n in range(5):
            await s.subscribe(s.subscriber.url(f"/{n}"))
        s.subscriber.says["/0"] = nothing
        s.put(atom("two=2"))
        assert len(await s.subscriber.wait_for("POST", 5)) == 5
        s.put(atom("three=3"))
        for n in range(1, 5):
            await s.subscriber.wait_for("POST", 2, f"/{n}")
        assert len(s.subscriber.came("POST", "/0")) == 1

    run(main)


@pytest.mark.parametrize("failing", [True, False])
def test_those_that_hang_wait_in_a_place_apart(monkeypatch, failing):
    """However many failed before, or are new and hang: who took the last delivery gets the next at once."""
    monkeypatch.setattr("aggregator.websub.exchanges.DELIVERING", 600.0)
    monkeypatch.setattr(rooms, "RETRIED_AT_ONCE", 2)
    monkeypatch.setattr(rooms, "NEW_AT_ONCE", 2)
    monkeypatch.setattr(rooms, "SENT_AT_ONCE", 2)

    async def main(s):
        await s.subscribe(s.subscriber.url("/good"))
        await s.publish("two=2")
        for n in range(9):
            await s.subscribe(s.subscriber.url(f"/{n}"))
        if failing:
            await s.publish("taken")
            s.subscriber.default = lambda got: answer(500)
            s.subscriber.says["/good"] = echo
            await s.publish("three=3")
            s.clock.advance(minutes=1)
        s.subscriber.default = nothing
        s.put(atom("four=4"))
        await s.subscriber.wait_for("POST", 4 if failing else 2, "/good")

    run(main)


def test_slow_ones_wait_apart(monkeypatch):
    """Also where they succeed in the end: next time they hold up nobody."""
    monkeypatch.setattr("aggregator.websub.exchanges.DELIVERING", 600.0)
    monkeypatch.setattr(rooms, "SENT_AT_ONCE", 1)
    monkeypatch.setattr(rooms, "NEW_AT_ONCE", 1)

    async def main(s):
        def takes(seconds):
            def say(got):
                monkeypatch.setattr(rooms, "SLOW", seconds)  # whoever is asked now is slow beyond that
                return echo(got)

            return say

        s.subscriber.says |= {"/slow": takes(0.0), "/quick": takes(60.0)}
        await s.subscribe(s.subscriber.url("/slow"))
        await s.subscribe(s.subscriber.url("/quick"))
        await s.publish("two=2")
        s.subscriber.says["/slow"] = nothing
        for times, name in ((2, "three"), (3, "four")):
            s.put(atom(name))
            await s.subscriber.wait_for("POST", times, "/quick")
        await s.subscriber.wait_for("POST", 2, "/slow")

    run(main)


def test_one_exchange_with_a_callback():
    """Also where it is subscribed to several topics, and asked to confirm another at the same time."""

    async def main(s):
        most = 0
        gate = asyncio.Event()

        async def count(got):
            nonlocal most
            most = max(most, s.subscriber.at_once)
            await gate.wait()
            return echo(got)

        s.put(b"<rss><channel/></rss>", "feed.rss")
        await s.subscribe()
        await s.subscribe(topic=s.topic("feed.rss"))
        s.subscriber.default = count
        s.put(atom("two=2"))
        s.put(b"<rss><channel><item><guid>1</guid></item></channel></rss>", "feed.rss")
        await s.subscriber.wait_for("POST")
        await s.ask()
        gate.set()
        await s.hub.finish()
        assert len(s.delivered) == 2
        assert most == 1

    run(main)


def test_verifications_of_one_host_are_few_at_once():
    """Whoever asks: nobody makes us knock at a door a hundred times at once."""

    async def main(s):
        gate = asyncio.Event()

        async def wait(got):
            await gate.wait()
            return echo(got)

        s.subscriber.default = wait
        await asyncio.gather(*(s.ask(s.subscriber.url(f"/{n}")) for n in range(20)))
        await s.subscriber.wait_for("GET", rooms.VERIFIED_AT_HOST)
        gate.set()
        await s.hub.finish()
        assert len(s.subscribed) == 20
        assert s.subscriber.most_at_once <= rooms.VERIFIED_AT_HOST

    run(main)


def test_requests_for_one_host_are_limited():
    """429, and when to come back; those for another host are taken."""

    async def main(s):
        s.subscriber.default = lambda got: answer(404)
        answers = [await s.ask(s.subscriber.url(f"/{n}")) for n in range(210)]
        assert [a.status for a in answers] == [202] * 200 + [429] * 10
        assert answers[-1].hints.retry_after is not None
        other = await s.ask(s.subscriber.url("/other", host="localhost"))
        assert other.status == 202
        await s.hub.finish()

    run(main)


def test_private_callbacks():
    """Refused at the moment of connecting, unless the operator allows them: nothing goes out."""

    async def main(s):
        for host in ("127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1"):
            assert (await s.subscribe(s.subscriber.url(host=host))).status in (202, 400)
        assert s.subscriber.got == []
        assert s.subscribed == {}

    run(main, server=Server(private_hub=False))


def test_an_answer_is_not_read_for_ever():
    """One byte more than the challenge is enough to know."""

    async def main(s):
        async def endless(got):
            return answer(200, got.said("challenge").encode() + b"x" * 10_000_000)

        s.subscriber.default = endless
        await s.subscribe()
        assert s.subscribed == {}

    run(main)


def test_an_unpublished_topic():
    """404 at once, and nobody is asked."""

    async def main(s):
        refused = await s.subscribe(topic=s.topic("category/nothing/feed.atom"))
        assert refused.status == 404
        assert s.subscriber.got == []

    run(main)


def test_the_endpoint():
    """Only POST, only forms, and not too much of it."""

    async def main(s):
        asked = Letter("GET", f"http://{s.http.address}/hub", private=True, read=100)
        assert (await s.courier.send(asked)).status == 405
        assert (await s.ask(content_type="application/json")).status == 415
        assert (await s.ask(body=b"x" * 100_000)).status == 413
        s.hub.take = failing
        assert (await s.ask()).status == 503

    async def failing(content_type, body):
        raise StoreError("the disk is gone")

    run(main)


def test_what_was_put_before_a_crash_is_delivered():
    """Nobody said so, but the document is another one."""

    async def main(s):
        await s.subscribe()
        await s.hub.stop(0)
        s.put(atom("two=2"))
        s.start()
        await s.hub.finish()
        assert [got.body for got in s.delivered] == [atom("two=2")]

    run(main)


def test_a_crash_in_between_sends_once_more():
    """A minute later: whether it had arrived nobody knows."""

    async def main(s):
        await s.subscribe()
        s.subscriber.default = nothing
        s.put(atom("two=2"))
        await s.subscriber.wait_for("POST")
        await s.hub.stop(0)
        s.subscriber.default = echo
        s.start()
        await s.hub.finish()
        assert len(s.delivered) == 1
        s.clock.advance(seconds=61)
        await s.hub.finish()
        assert len(s.delivered) == 2

    run(main)


def test_a_store_in_trouble_loses_nothing(caplog):
    """What ended, changed and waits is written when it can be; it is said once."""

    async def main(s):
        await s.subscribe()
        s.store.subscriptions = Hooked(s.store.subscriptions)
        s.start()
        for method in ("topics", "delivered"):
            s.store.subscriptions.before(method, StoreError("full"), StoreError("full"))
        with caplog.at_level(logging.INFO):
            for _ in range(3):
                await s.publish("two=2")
                await s.hub.finish()
        for _ in range(3):
            await s.hub.finish()
        assert len(s.delivered) == 1
        assert [row.failures for row in s.subscribed.values()] == [0]
        assert [row.delivered for row in s.subscribed.values()] == [2]
        assert caplog.text.count("hub: full") <= 2

    run(main)


def test_a_document_that_cannot_be_read_harms_nobody(caplog):
    """It is an error of ours, said with its place; its subscribers are tried again."""

    async def main(s):
        s.put(atom("one=1"), "category/a/feed.atom")
        await s.subscribe()
        await s.subscribe(s.subscriber.url("/a"), topic=s.topic("category/a/feed.atom"))
        await s.publish("two=2")
        s.put(b"no xml", "category/a/feed.atom")
        s.put(atom("three=3"))
        await s.hub.finish()
        assert len(s.subscriber.came("POST", "/cb")) == 2

    run(main)


@pytest.mark.parametrize("listen", [None, "127.0.0.1:0"])
def test_another_hub_is_told(listen):
    """Of each topic that changed, once, until it has heard; also by a process that serves nothing."""
    paths = ["feed.atom", "category/a/feed.rss"]

    async def main(s):
        s.put(b"<rss/>", paths[1])
        await s.hub.finish()
        topics = [s.topic(path) for path in paths]
        assert sorted(got.body for got in s.delivered) == sorted(
            urlencode({"hub.mode": "publish", "hub.url": topic, "hub.topic": topic}).encode()
            for topic in topics
        )
        s.subscriber.default = lambda got: answer(503, retry_after="20")
        await s.publish("two=2")
        await s.hub.finish()
        assert len(s.delivered) == 3
        s.subscriber.default = lambda got: answer(204)
        s.clock.advance(seconds=19)
        await s.hub.finish()
        assert len(s.delivered) == 3
        s.clock.advance(seconds=60)
        await s.hub.finish()
        s.clock.advance(hours=9)
        await s.hub.finish()
        assert len(s.delivered) == 4

    run(main, hub_is_the_subscriber=True, listen=listen)


def test_without_a_hub_nobody_is_told():
    """`hub: false`: no look, no delivery, no ping."""

    async def main(s):
        await s.publish("two=2")
        assert s.subscriber.got == []
        assert s.store.subscriptions.topics() == []

    run(main, server=Server(hub=False))
