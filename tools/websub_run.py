#!/usr/bin/env python3
"""Our hub, our publisher and our subscriber of WebSub against software of other people, on loopback.

    tools/websub_run.py [--only flask-hub|flask-subscriber|node-subscriber]...

Flask-WebSub (PyPI; both its hub and its subscriber) and `pubsubhubbub` (npm; a subscriber) are installed for
the run, in environments of their own. Prints a line for each exchange: ok, or what differed; exit status 1
if something failed. What cannot be installed is named. Takes a minute and a half: a lease is renewed in it.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
from lxml import etree
from websub.peer import HERE, Missing, Peer, flask, node, talk
from websub.tls import Front, front

from tests.e2e.program import Daemon, Place, until
from tests.e2e.source import SourceServer, rss

ATOM = "{http://www.w3.org/2005/Atom}"
FEED = "category/tech/feed"
VERIFIES = {"now": "(it verifies in the request)", "later": "(it verifies later)"}
SETS = ("flask-hub", "flask-subscriber", "node-subscriber")


class Table:
    """What came of each exchange."""

    def __init__(self) -> None:
        self.failed = False

    @contextlib.contextmanager
    def row(self, peer: str, exchange: str) -> Iterator[None]:
        """An exchange: what it raises differed; the next one goes on."""
        try:
            yield
        except (AssertionError, OSError, httpx.HTTPError) as what:
            self.failed = True
            self._print(peer, exchange, f"FAILED: {' '.join(str(what).split())[:600]}")
        else:
            self._print(peer, exchange, "ok")

    def left_out(self, peer: str, why: object) -> None:
        self._print(peer, "all", f"left out: {why}")

    def _print(self, peer: str, exchange: str, result: str) -> None:
        print(f"{peer:18} {exchange:101} {result}", flush=True)


class Ours:
    """A daemon of ours with one category, and the sources that it polls."""

    def __init__(self, place: Path, there: Front, sources: SourceServer) -> None:
        place.mkdir()
        self.place, self.front, self.sources = Place(place), there, sources
        self.names = ["One"]
        self.daemon: Daemon

    def write(self, hub: str, *feeds: str) -> None:
        """Its file; a feed is a name, and how often it is polled."""
        lines = "".join(
            f"  - {{url: '{self.sources.url(name)}', category: tech, every: {every}}}\n"
            for name, every in (feed.split() for feed in feeds)
        )
        self.place.write(
            f"feeds:\n{lines}" if lines else "feeds: []\n",
            f"site: {{title: T, url: '{self.front.url}', contact: 'https://news.example.org/'}}\n"
            f"server: {{listen: '127.0.0.1:0', admin: 'off', hub: {hub}, private_hub: true}}\n"
            "defaults: {private: true}\npolling: {per_host: 8, per_host_gap: 0s}\n"
            "categories: {tech: {title: Tech}}\n",
        )

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        with self.place.daemon() as self.daemon:
            self.front.port = self.daemon.port
            yield

    def say(self, *names: str) -> None:
        """The source has these posts, too."""
        self.names += names
        self.sources.put("a.xml", rss("A", *self.names))

    def topic(self, kind: str = "atom") -> str:
        return f"{self.front.url}{FEED}.{kind}"


def flask_hub(table: Table, ours: Ours, peer: Peer, hub: str) -> None:
    """Its hub is told by us, and sends what it fetches of us; then we follow it ourselves."""
    name, url = "Flask-WebSub hub", f"http://127.0.0.1:{peer.port}/{hub}"
    ours.write(f"'{url}'", "a.xml 1s")
    ours.say()
    peer.forget()
    with ours.running():
        ours.daemon.wait_for_body(f"{FEED}.atom", "One")
        with table.row(name, f"our documents name it in their Link fields {VERIFIES[hub]}"):
            for kind in ("atom", "rss", "json"):
                assert peer.ask("discover", ours.topic(kind)) == {
                    "hub_url": url,
                    "topic_url": ours.topic(kind),
                }
        with table.row(
            name, f"our ping makes it send our three documents to its subscribers {VERIFIES[hub]}"
        ):
            for kind in ("atom", "rss", "json"):
                peer.ask("subscribe", url, ours.topic(kind))
            until(lambda: len(peer.events("subscribe")) == 3, "three subscriptions")
            ours.say(f"Told {hub}")
            for kind in ("atom", "rss", "json"):
                topic = ours.topic(kind)
                peer.wait_for("content", lambda one, topic=topic: one[1] == topic and f"Told {hub}" in one[3])


def follow(table: Table, ours: Ours, peer: Peer) -> None:
    """We are its hubs' subscriber, over two leases."""
    name, kinds = "Flask-WebSub hub", ("now", "later")
    topics = {kind: ours.sources.url(f"{kind}.xml") for kind in kinds}

    def put(kind: str, *names: str) -> None:
        hub = f"http://127.0.0.1:{peer.port}/{kind}"
        link = f'<{hub}>; rel="hub", <{topics[kind]}>; rel="self"'
        ours.sources.put(f"{kind}.xml", rss(kind, *names), Link=link)

    def publish(kind: str) -> int:
        form = {"hub.mode": "publish", "hub.topic": topics[kind]}
        return httpx.post(f"http://127.0.0.1:{peer.port}/{kind}", data=form, timeout=20).status_code

    def confirmed(kind: str) -> int:
        return ours.daemon.log().count(
            f"hub of confidential source {kinds.index(kind) + 1}: subscribe confirmed"
        )

    for kind in kinds:
        put(kind, f"Old {kind}")
    ours.write("false", "now.xml 1d", "later.xml 1d")
    with ours.running():
        for kind in kinds:
            with table.row(name, f"we subscribe, with a secret {VERIFIES[kind]}"):
                until(lambda kind=kind: confirmed(kind), ours.daemon.log)
                until(lambda kind=kind: peer.ask("subscribed", kind, topics[kind]), "its list of us")
                [[callback, secret]] = peer.ask("subscribed", kind, topics[kind])
                assert callback.startswith(f"{ours.front.url}websub/"), callback
                assert secret
        for kind in kinds:
            with table.row(
                name, f"we take what it pushes, signed by sha512, without a poll {VERIFIES[kind]}"
            ):
                put(kind, f"Old {kind}", f"Pushed {kind}")
                assert publish(kind) == 202
                ours.daemon.wait_for_body(f"{FEED}.atom", f"Pushed {kind}")
                agents = [one.headers["user-agent"] for one in ours.sources.log if kind in one.path]
                assert sum(agent.startswith("aggregator/") for agent in agents) == 1, agents
        with table.row(name, "we renew a lease of a minute once, when a fifth of it is left"):
            until(lambda: min(map(confirmed, kinds)) == 2, ours.daemon.log, seconds=70)
            assert [confirmed(kind) for kind in kinds] == [2, 2]
        with table.row(name, "we unsubscribe from the hub of a source that leaves the file"):
            ours.write("false", "now.xml 1d")
            ours.daemon.wait_for("hub of a source that has left: unsubscribe confirmed")
            until(lambda: not peer.ask("subscribed", "later", topics["later"]), "an empty list")
            assert peer.ask("subscribed", "now", topics["now"])


def flask_subscriber(table: Table, ours: Ours, peer: Peer) -> None:
    """Its subscriber at our hub."""
    name, hub = "Flask-WebSub subs.", f"{ours.front.url}hub"
    ours.write("true", "a.xml 1s")
    ours.say()
    peer.forget()
    ids: dict[str, str] = {}
    with ours.running():
        ours.daemon.wait_for_body(f"{FEED}.atom", "One")
        for kind in ("atom", "rss", "json"):
            with table.row(name, f"discovers our hub and subscribes to our {kind}; we verify"):
                found = peer.ask("discover", ours.topic(kind))
                assert found == {"hub_url": hub, "topic_url": ours.topic(kind)}, found
                ids[kind] = peer.ask("subscribe", hub, ours.topic(kind))
                peer.wait_for("subscribe", lambda one, kind=kind: one[2] == ids[kind])
                assert peer.ask("secret", ids[kind])
        ours.daemon.wait_for("hub: done: subscribe", len(ids))
        ours.say("Two")
        for kind in ids:
            with table.row(name, f"takes our {kind} with our signature"):
                peer.wait_for("content", lambda one, kind=kind: one[2] == ids[kind] and "Two" in one[3])
        with table.row(name, "then gets only what is new"):
            ours.say("Three")
            got = peer.wait_for("content", lambda one: one[2] == ids["atom"] and "Three" in one[3])
            entries = etree.fromstring(got[3].encode()).iterfind(f"{ATOM}entry/{ATOM}title")
            assert [title.text for title in entries] == ["Three"]
        with table.row(name, "renews, and gets the next post once"):
            peer.forget()
            peer.ask("renew", ids["atom"])
            peer.wait_for("subscribe", lambda one: one[2] == ids["atom"])
            ours.daemon.wait_for("hub: done: subscribe", len(ids) + 1)
            ours.say("Four")
            for id in ids.values():
                peer.wait_for("content", lambda one, id=id: one[2] == id and "Four" in one[3])
            assert sum(one[2] == ids["atom"] for one in peer.events("content")) == 1
        with table.row(name, "unsubscribes, and gets nothing more while others do"):
            peer.forget()
            peer.ask("unsubscribe", ids["atom"])
            peer.wait_for("unsubscribe")
            ours.daemon.wait_for("hub: done: unsubscribe")
            ours.say("Five")
            for kind in ("rss", "json"):
                peer.wait_for("content", lambda one, kind=kind: one[2] == ids[kind] and "Five" in one[3])
            assert all(one[2] != ids["atom"] for one in peer.events("content"))


def node_subscriber(table: Table, ours: Ours, peer: Peer) -> None:
    """Its subscriber at our hub; its callbacks hold topic and hub, percent-encoded, in their query."""
    name, hub = "pubsubhubbub", f"{ours.front.url}hub"
    ours.write("true", "a.xml 1s")
    ours.say()
    with ours.running():
        ours.daemon.wait_for_body(f"{FEED}.atom", "One")
        with table.row(name, "subscribes, with a callback that has a query; we verify"):
            for kind in ("atom", "rss"):
                peer.ask("subscribe", hub, ours.topic(kind))
            until(lambda: len(peer.events("subscribe")) == 2, ours.daemon.log)
            ours.daemon.wait_for("hub: done: subscribe", 2)
        with table.row(name, "takes what we send"):
            ours.say("Node")
            for kind in ("atom", "rss"):
                topic = ours.topic(kind)
                peer.wait_for("content", lambda one, topic=topic: one[1] == topic and "Node" in one[3])
        with table.row(name, "unsubscribes, and gets nothing more while others do"):
            peer.forget()
            peer.ask("unsubscribe", hub, ours.topic("atom"))
            ours.daemon.wait_for("hub: done: unsubscribe")
            ours.say("More")
            peer.wait_for("content", lambda one: one[1] == ours.topic("rss") and "More" in one[3])
            assert all(one[1] != ours.topic("atom") for one in peer.events("content"))


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", action="append", choices=SETS)
    wanted = parser.parse_args().only or SETS
    table = Table()
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        try:
            python = flask(place)
        except Missing as why:  # it makes the certificate of our own front, too
            table.left_out("Flask-WebSub", why)
            table.left_out("pubsubhubbub", "its certificate comes with Flask-WebSub")
            return 0
        with SourceServer() as sources, front(place) as there:
            if "flask-hub" in wanted or "flask-subscriber" in wanted:
                authority = place / "client.pem"
                with talk(python, HERE / "flask_peer.py", place, REQUESTS_CA_BUNDLE=authority) as peer:
                    if "flask-subscriber" in wanted:
                        flask_subscriber(table, Ours(place / "a", there, sources), peer)
                    if "flask-hub" in wanted:
                        for hub in ("now", "later"):
                            flask_hub(table, Ours(place / hub, there, sources), peer, hub)
                        follow(table, Ours(place / "b", there, sources), peer)
            if "node-subscriber" in wanted:
                try:
                    home = node(place)
                except Missing as why:
                    table.left_out("pubsubhubbub", why)
                else:
                    said = {"NODE_HOME": home, "NODE_EXTRA_CA_CERTS": place / "client.pem"}
                    with talk("node", HERE / "node_peer.cjs", **said) as peer:
                        node_subscriber(table, Ours(place / "c", there, sources), peer)
    return 1 if table.failed else 0


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
