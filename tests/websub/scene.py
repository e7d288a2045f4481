"""A hub on loopback, over the store in memory, and what subscribers and publishers do with it."""

import asyncio
from dataclasses import replace
from urllib.parse import urlencode

from aggregator import serve
from aggregator.fetch import HttpCourier
from aggregator.hub import Hub
from aggregator.model import Config, Document, Letter, Server, Site
from tests.fakes import FixedClock, MemoryStore
from tests.wire.subscriber import Subscriber

TYPES = {"atom": "application/atom+xml", "rss": "application/rss+xml", "json": "application/feed+json"}
HEAD = "<feed xmlns='http://www.w3.org/2005/Atom'><id>urn:f</id>"
SERVER = Server(private_hub=True)
FORM = "application/x-www-form-urlencoded"


def atom(*names):
    """An Atom document with these entries; `a=b` is an entry `a` that says `b`."""
    said = (name.partition("=") for name in names)
    entries = "".join(f"<entry><id>{name}</id><title>{title}</title></entry>" for name, _, title in said)
    return f"{HEAD}{entries}</feed>".encode()


class Scene:
    """`async with Scene() as s`: a site with one document, our hub, and one subscriber that answers."""

    def __init__(self, server=SERVER, hub_is_the_subscriber=False, listen=None, **said):
        """`hub_is_the_subscriber`: it is another hub, that ours tells of changes."""
        self._told, self._listen = hub_is_the_subscriber, listen
        self.store, self.clock = MemoryStore(), FixedClock()
        self.config = Config(site=Site(url="https://news.example.org/"), server=server)
        self.subscriber = Subscriber(**said)
        self.courier = HttpCourier("aggregator/1.0 (+https://example.org/about)", self.clock)
        self._challenges = 0
        self.start()

    def start(self):
        """Begin anew on what the store holds, as after a crash."""
        self.hub = Hub(
            self.store.subscriptions,
            self.store.documents,
            self.courier,
            self.clock,
            self.config,
            self._challenge,
        )

    def _challenge(self):
        self._challenges += 1
        return f"challenge-{self._challenges}"

    async def __aenter__(self):
        await self.subscriber.__aenter__()
        if self._told:
            server = replace(self.config.server, hub=self.subscriber.url("/hub"), listen=self._listen)
            self.config = replace(self.config, server=server)
            self.start()
        self.put(atom("one=1"))
        application = serve.app(
            self.store.documents,
            self.clock,
            ready=lambda: True,
            routes=[serve.hub(lambda *asked: self.hub.take(*asked))],
        )
        self.http = serve.HttpServer(application, "127.0.0.1:0")
        await self.http.start()
        return self

    async def __aexit__(self, *_):
        await self.hub.stop(0)
        await self.http.stop()
        await self.subscriber.__aexit__()

    def topic(self, path="feed.atom"):
        return self.config.site.url + path

    def put(self, body, path="feed.atom"):
        """Put a document in place, and say so."""
        media_type = f"{TYPES[path.rpartition('.')[2]]}; charset=utf-8"
        if self.store.documents.put(Document(path, media_type, body), self.clock.now()):
            self.hub.changed([path])

    async def publish(self, *names, path="feed.atom"):
        """Publish a document with these entries, and wait until everybody was told."""
        self.put(atom(*names), path)
        await self.hub.finish()

    async def ask(self, callback=None, mode="subscribe", topic=None, content_type=FORM, body=None, **said):
        """A request to the hub; its answer. Fields are named without `hub.`."""
        fields = {"mode": mode, "topic": topic or self.topic(), "callback": callback or self.subscriber.url()}
        form = urlencode({f"hub.{name}": value for name, value in (fields | said).items()})
        return await self.courier.send(
            Letter(
                "POST",
                f"http://{self.http.address}/hub",
                (("content-type", content_type),),
                form.encode() if body is None else body,
                private=True,
                read=1000,
            )
        )

    async def subscribe(self, callback=None, **said):
        """Ask, and wait until it is verified or not."""
        answer = await self.ask(callback, **said)
        await self.hub.finish()
        return answer

    @property
    def subscribed(self):
        """The callbacks that are, with the rest that the hub keeps."""
        rows = self.store.data.hub.subscriptions.values()
        return {row.intent.callback: row for row in rows if row.expires > self.clock.now()}

    @property
    def delivered(self):
        """What the subscriber got."""
        return self.subscriber.came("POST")


def run(test, **said):
    """Run an async test in a scene."""

    async def main():
        async with asyncio.timeout(60), Scene(**said) as scene:
            await test(scene)

    asyncio.run(main())
