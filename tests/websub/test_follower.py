"""As a subscriber, over sockets: a hub on loopback is asked, confirms and pushes; posts come of it."""

import asyncio
import gzip
import hmac
import logging
from urllib.parse import parse_qs

import pytest

from aggregator import serve
from aggregator.fetch import HttpCourier
from aggregator.follower import GIVEN_UP, WAITING_OF_SOURCE, Follower
from aggregator.model import Config, Letter, Memory, Server, Site, Source
from aggregator.poller import Poller
from tests.fakes import FixedClock, InlineReader, MemoryStore, ScriptedFetcher
from tests.pipeline.given import fetched, item, rss
from tests.wire.subscriber import Subscriber, answer

FEED = "https://s.example/feed.xml"
TOPIC = "https://s.example/topic"
OK = Server(private_hub=True)


def body(*names):
    return rss(*(item(name, guid=f"tag:s.example,2026:{name}") for name in names), title="S")


class Scene:
    """`async with Scene() as s`: a source that was polled once and offers a hub, and we who follow it."""

    def __init__(self, server=OK, **source):
        self.store, self.clock = MemoryStore(), FixedClock()
        self.source = Source(FEED, definition="d", **source)
        self.site, self.server = Site(url="https://news.example.org/"), server
        self.hub = Subscriber(lambda got: answer(202))
        self.courier = HttpCourier("aggregator/1.0", self.clock)
        self.names = iter(f"name-{n}" for n in range(99))

    async def __aenter__(self):
        await self.hub.__aenter__()
        self.config = Config(site=self.site, server=self.server, sources=(self.source,))
        self.store.polls.sync(self.config, self.clock.now())
        reader = InlineReader(self.store.posts.identity())
        self.script = ScriptedFetcher()
        links = f'<{self.hub.url("/hub")}>; rel="hub", <{TOPIC}>; rel="self"'
        self.script.say(FEED, fetched(body("one"), url=FEED, links=links))
        self.outcomes = []
        self.poller = Poller(
            self.store.polls, self.script, reader, self.clock, self.config.polling, self._reported
        )
        self.start()
        await self.poll()
        application = serve.app(
            self.store.documents,
            self.clock,
            ready=lambda: True,
            routes=[
                serve.callbacks(
                    lambda *said: self.follower.confirm(*said),
                    lambda *said: self.follower.admit(*said),
                    lambda *said: self.follower.take(*said),
                    lambda: 100_000,
                )
            ],
        )
        self.http = serve.HttpServer(application, "127.0.0.1:0")
        await self.http.start()
        return self

    def start(self):
        self.follower = Follower(
            self.store.followings,
            self.store.polls,
            self.poller.push,
            self.courier,
            self.clock,
            self.config,
            lambda: next(self.names),
        )

    def _reported(self, outcome):
        self.outcomes.append(outcome)
        self.follower.learn(outcome)

    async def __aexit__(self, *_):
        await self.follower.stop()
        await self.poller.stop(0)
        await self.http.stop()
        await self.hub.__aexit__()

    async def poll(self):
        await self.poller.start_due()
        while self.poller.running:
            await self.poller.any_ended()

    def asked(self):
        """The forms that the hub got."""
        forms = [parse_qs(got.body.decode()) for got in self.hub.came("POST")]
        return [{name.removeprefix("hub."): value for name, [value] in form.items()} for form in forms]

    async def send(self, method, token, query="", body=b"", **fields):
        """A request of the hub to a callback."""
        headers = tuple((name.replace("_", "-"), value) for name, value in fields.items())
        url = f"http://{self.http.address}/websub/{token}{query}"
        return await self.courier.send(Letter(method, url, headers, body, private=True, read=1000))

    async def confirm(self, mode="subscribe", topic=TOPIC, token=None, lease=3600):
        """The hub asks whether we asked."""
        query = f"?hub.mode={mode}&hub.topic={topic}&hub.challenge=CH&hub.lease_seconds={lease}"
        return await self.send("GET", token or self.token(), query)

    def token(self):
        return self.asked()[-1]["callback"].rpartition("/")[2]

    async def follow(self):
        """Ask and be confirmed."""
        await self.follower.finish()
        assert (await self.confirm()).body == b"CH"

    async def push(self, content, secret=None, method="sha256", **fields):
        """The hub pushes content, signed unless another signature is given."""
        secret = self.asked()[0]["secret"] if secret is None else secret
        signature = f"{method}={hmac.new(secret.encode(), content, method).hexdigest()}"
        headers = {"x_hub_signature": signature, "content_type": "application/rss+xml", **fields}
        got = await self.send("POST", self.token(), body=content, **headers)
        await self.follower.finish()
        return got

    def posts(self):
        return [story.id.rpartition(":")[2] for story in self.store.posts.newest(None, 99)]


def run(test, **said):
    async def main():
        async with asyncio.timeout(60), Scene(**said) as scene:
            await test(scene)

    asyncio.run(main())


def test_a_push_becomes_posts():
    """Found in the Link field, asked, confirmed, pushed: new posts, and nothing of its polling."""

    async def main(s):
        before = s.store.sources.sources()[0]
        await s.follow()
        [asked] = s.asked()
        assert asked["callback"] == f"https://news.example.org/websub/{s.token()}"
        assert (asked["mode"], asked["topic"], asked["lease_seconds"]) == ("subscribe", TOPIC, "864000")
        assert (await s.push(body("two"))).status == 204
        assert sorted(s.posts()) == ["one", "two"]
        after = s.store.sources.sources()[0]
        assert (after.memory, after.due) == (before.memory, before.due)
        assert s.outcomes[-1].result == "1 new"

    run(main)


def test_a_push_changes_posts():
    """It is fresh, unlike an older page: an entry that says something else by now is revised."""

    async def main(s):
        await s.follow()
        edited = rss(item("one", guid="tag:s.example,2026:one", title="Another title"), title="S")
        await s.push(edited)
        [story] = s.store.posts.newest(None, 9)
        assert story.members[0].title == "Another title"

    run(main)


def test_only_what_we_asked_for_is_confirmed():
    """404 for another topic or mode, or a callback that we never gave; nothing changes by it."""

    async def main(s):
        await s.follower.finish()
        for said in ({"topic": FEED}, {"mode": "unsubscribe"}, {"token": "name-98"}, {"token": "x" * 3000}):
            assert (await s.confirm(**said)).status == 404
        assert (await s.push(body("two"))).status == 410
        assert s.posts() == ["one"]
        assert (await s.send("PUT", s.token())).status == 405

    run(main)


@pytest.mark.parametrize(
    "how",
    [
        {"x_hub_signature": ""},
        {"x_hub_signature": "sha256=00"},
        {"secret": "another"},
        {"x_hub_signature": "md5=" + "0" * 32},
    ],
)
def test_what_is_not_signed_is_ignored(how):
    """With 2xx, so that who tries learns nothing (7.1.2)."""

    async def main(s):
        await s.follow()
        assert (await s.push(body("two"), **how)).status == 204
        assert s.posts() == ["one"]
        assert (await s.push(body("two"), method="sha1")).status == 204
        assert sorted(s.posts()) == ["one", "two"]

    run(main)


def test_what_is_pushed_is_bounded():
    """Not too large, not packed, not the same again and again; what is no feed harms nobody."""

    async def main(s):
        await s.follow()
        assert (await s.push(b"x" * 100_001)).status == 413
        assert (await s.push(gzip.compress(body("two")), content_encoding="gzip")).status == 415
        for content in (b"", b"no feed", body("two"), body("two")):
            assert (await s.push(content)).status == 204
        pushes = [o for o in s.outcomes if o.lease.errand]
        assert [o.result for o in pushes][1:] == ["1 new"]
        assert sorted(s.posts()) == ["one", "two"]

    run(main)


@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf", b"\n "])
def test_a_coding_that_the_hub_only_hands_on(before):
    """Some hubs unpack what they got from the source, and send the source's fields with it."""

    async def main(s):
        await s.follow()
        assert (await s.push(before + body("two"), content_encoding="gzip")).status == 204
        assert sorted(s.posts()) == ["one", "two"]

    run(main)


def test_too_many_at_once():
    """Of one source a few may wait; the hub is told to come back with the others."""

    async def main(s):
        await s.follow()
        gate = asyncio.Event()
        real = s.poller.push

        async def slow(lease, fetched):
            await gate.wait()
            await real(lease, fetched)

        s.follower._push = slow
        secret = s.asked()[0]["secret"]
        statuses = []
        for n in range(WAITING_OF_SOURCE + 1):
            content = body(f"p{n}")
            signature = f"sha256={hmac.new(secret.encode(), content, 'sha256').hexdigest()}"
            got = await s.send("POST", s.token(), body=content, x_hub_signature=signature)
            statuses.append(got.status)
        gate.set()
        await s.follower.finish()
        assert statuses == [204] * WAITING_OF_SOURCE + [503]
        assert len(s.posts()) == 1 + WAITING_OF_SOURCE

    run(main)


def test_a_lease_is_renewed_before_it_ends():
    """With the same callback; and a hub that never confirms is asked ever more rarely."""

    async def main(s):
        await s.follow()
        s.clock.advance(minutes=47)
        await s.follower.finish()
        assert len(s.asked()) == 1
        s.clock.advance(minutes=2)
        await s.follower.finish()
        assert len(s.asked()) == 2
        assert s.asked()[0]["callback"] == s.asked()[1]["callback"]
        for _ in range(48):
            s.clock.advance(minutes=30)
            await s.follower.finish()
        assert 4 < len(s.asked()) < 20

    run(main)


def test_a_restart_asks_nobody_again():
    """What is followed is a row."""

    async def main(s):
        await s.follow()
        s.start()
        await s.follower.finish()
        assert len(s.asked()) == 1
        await s.push(body("two"))
        assert sorted(s.posts()) == ["one", "two"]

    run(main)


def test_a_source_that_leaves_unsubscribes():
    """The hub is told, confirms, and then knows nothing of us any more."""

    async def main(s):
        await s.follow()
        s.follower.config = Config(site=s.site, server=s.server)
        await s.follower.finish()
        assert s.asked()[-1]["mode"] == "unsubscribe"
        assert (await s.confirm()).status == 404
        assert (await s.confirm("unsubscribe")).body == b"CH"
        assert s.store.followings.every() == []
        assert (await s.push(body("two"))).status == 410

    run(main)


def test_a_hub_that_cannot_be_told_is_left_to_its_lease():
    """After a few tries."""

    async def main(s):
        await s.follow()
        s.hub.default = lambda got: answer(500)
        s.follower.config = Config(site=s.site, server=s.server)
        for _ in range(GIVEN_UP + 3):
            await s.follower.finish()
            s.clock.advance(hours=7)
        assert len(s.asked()) == 1 + GIVEN_UP
        assert s.store.followings.every() == []

    run(main)


def test_another_hub_is_followed_instead():
    """Where the source names it; where it names none any more we leave."""

    async def main(s):
        await s.follow()
        s.follower.heard(FEED, Memory(hub=s.hub.url("/new"), topic=TOPIC))
        await s.follower.finish()
        assert s.hub.came("POST")[-1].path == "/new"
        assert s.asked()[0]["callback"] != s.asked()[1]["callback"]
        s.follower.heard(FEED, Memory())
        await s.follower.finish()
        assert s.asked()[-1]["mode"] == "unsubscribe"

    run(main)


@pytest.mark.parametrize("status", [307, 308])
def test_a_hub_hands_on(status):
    """The same request goes to the other hub (5.1.2); not in a circle for ever."""

    async def main(s):
        s.hub.says["/hub"] = lambda got: answer(status, location="/other")
        await s.follower.finish()
        assert [got.path for got in s.hub.came("POST")] == ["/hub", "/other"]
        assert s.hub.came("POST")[0].body == s.hub.came("POST")[1].body
        s.hub.says["/other"] = lambda got: answer(status, location="/hub")
        s.clock.advance(hours=1)
        await s.follower.finish()
        assert len(s.hub.came("POST")) == 5

    run(main)


def test_a_hub_that_denies_is_asked_again_a_day_later():
    """Not before (5.2)."""

    async def main(s):
        await s.follower.finish()
        query = f"?hub.mode=denied&hub.topic={TOPIC}&hub.reason=no"
        assert (await s.send("GET", s.token(), query)).status == 200
        s.clock.advance(hours=23)
        await s.follower.finish()
        assert len(s.asked()) == 1
        s.clock.advance(hours=2)
        await s.follower.finish()
        assert len(s.asked()) == 2

    run(main)


def test_the_echo_is_no_page():
    """A challenge is served as what no browser shows (8.2)."""

    async def main(s):
        await s.follower.finish()
        connection = await asyncio.open_connection(*s.http.address.split(":"))
        target = f"/websub/{s.token()}?hub.mode=subscribe&hub.topic={TOPIC}&hub.challenge=a%3Cb%3E"
        connection[1].write(f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        said = await connection[0].read()
        connection[1].close()
        assert b"content-type: application/octet-stream\r\n" in said
        assert b"x-content-type-options: nosniff\r\n" in said
        assert said.endswith(b"\r\n\r\na<b>")

    run(main)


@pytest.mark.parametrize(
    "said",
    [
        {"paused": True},
        {"server": Server(private_hub=True, listen=None)},
    ],
)
def test_who_is_not_followed(said):
    """A source that is paused; and nobody where no hub can reach us."""

    async def main(s):
        s.follower.heard(FEED, Memory(hub=s.hub.url("/hub"), topic=TOPIC))
        await s.follower.finish()
        assert s.asked() == []

    run(main, **said)


def test_a_private_hub_is_not_asked():
    """The feed chose its address; nothing goes out, and it is tried again later."""

    async def main(s):
        await s.follower.finish()
        assert s.asked() == []
        assert [one.failures for one in s.store.followings.every()] == [1]

    run(main, server=Server())


def test_a_confidential_source_is_named_nowhere(caplog):
    """It is followed like others: its own hub alone hears its topic."""

    async def main(s):
        with caplog.at_level(logging.DEBUG):
            await s.follow()
            await s.push(body("two"), secret="another")
            await s.push(body("two"))
            s.hub.default = lambda got: answer(500)
            s.clock.advance(hours=9)
            await s.follower.finish()
        assert sorted(s.posts()) == ["one", "two"]
        assert "s.example" not in caplog.text
        assert "Secret feed" in caplog.text

    run(main, confidential=True, title="Secret feed")


def test_two_processes_follow_once():
    """What one has heard and asked for, another that hears the same later leaves as it is."""

    async def main(s):
        first, second = s.follower, None
        s.start()
        second = s.follower
        second.asks = False
        await second.finish()  # it knows of nothing yet
        first.heard(FEED, Memory(hub=s.hub.url("/hub"), topic=TOPIC))
        await first.finish()
        second.heard(FEED, Memory(hub=s.hub.url("/hub"), topic=TOPIC))
        await second.finish()
        assert len(s.asked()) == 1
        [one] = s.store.followings.every()
        assert one.token == s.token()
        await first.stop()

    run(main)


def test_who_does_not_ask_notes_all_the_same():
    """What a poll has heard is in the store, for the process that asks."""

    async def main(s):
        s.follower.asks = False
        await s.follower.finish()
        assert s.asked() == []
        s.start()
        await s.follower.finish()
        assert len(s.asked()) == 1

    run(main)
