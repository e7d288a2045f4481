"""`ports.Subscriptions`: intents until they are confirmed, deliveries until they end, pings."""

from dataclasses import replace
from datetime import timedelta

import pytest

from aggregator import websub
from aggregator.model import Delivered, Intent, Pinged, Refusal, Topic
from tests.contract.made import HOUR, NOW, SECOND

MINUTE = timedelta(minutes=1)
PATH = "feed.atom"


@pytest.fixture
def hub(world):
    return world.store.subscriptions


def intent(name="a", mode="subscribe", path=PATH, host="r.example", lease=10 * HOUR, secret=""):
    return Intent(mode, f"https://{host}/{name}", host, path, lease, secret)


def topic(etag="1", path=PATH):
    return Topic(path, f'"{etag}"')


def carry_out(hub, *intents, now=NOW, etag="1", items=None):
    """Ask for these and confirm them, with the topics as they are by then."""
    for one in intents:
        assert hub.ask(one, now) is None
        [waiting] = [w for w in hub.intents(now, 99) if w.intent == one]
        hub.confirm(waiting, topic(etag, one.path), items or {"i": etag}, now)


def due(hub, now=NOW, limit=99, failing=False):
    """What is to be delivered, by the callback's name."""
    return {d.callback.rpartition("/")[2]: d for d in hub.deliveries(now, limit, failing=failing)}


def change(hub, etag, now=NOW, path=PATH, **said):
    hub.changed(topic(etag, path), {"i": etag}, now, **said)


def test_an_intent_waits_until_it_ends(hub, world):
    """Over restarts too; while it is under way it is not given out again."""
    assert hub.ask(intent("a", secret="s"), NOW) is None
    assert hub.ask(intent("b"), NOW + SECOND) is None
    assert [w.intent for w in hub.intents(NOW + SECOND, 1)] == [intent("a", secret="s")]
    [b] = hub.intents(NOW + SECOND, 9)
    assert b.intent == intent("b")
    hub.forget(b)
    world.restart()
    again = world.store.subscriptions.intents(NOW + 2 * MINUTE, 9)
    assert [w.intent for w in again] == [intent("a", secret="s")]


def test_an_intent_is_given_up(hub):
    """After the third time: whatever ends us in the middle of it does so no more."""
    hub.ask(intent(), NOW)
    tries = [len(hub.intents(NOW + n * MINUTE, 9)) for n in range(5)]
    assert tries == [1, 1, 1, 0, 0]
    assert hub.intents(NOW + HOUR, 9) == []


def test_nothing_is_sent_before_the_callback_confirms(hub):
    """An intent alone subscribes nobody."""
    carry_out(hub, intent("other"))
    hub.ask(intent("a"), NOW)
    change(hub, "2")
    assert set(due(hub)) == {"other"}


def test_another_intent_takes_its_place(hub):
    """What was confirmed is what was asked, not what somebody has asked since; the newer one waits."""
    carry_out(hub, intent("a", secret="old"))
    hub.ask(intent("a", secret="new"), NOW)
    [under_way] = hub.intents(NOW, 9)
    hub.ask(intent("a", mode="unsubscribe"), NOW)
    hub.confirm(under_way, topic(), {}, NOW)
    hub.forget(under_way)
    assert [w.intent.mode for w in hub.intents(NOW, 9)] == ["unsubscribe"]
    change(hub, "2")
    assert due(hub)["a"].secret == "old"


def test_a_change_is_due_once(hub, world):
    """For everybody who is subscribed to that topic; handing it out puts it off for a minute."""
    carry_out(hub, intent("a", secret="s"), intent("b"), intent("c", path="feed.rss"))
    assert due(hub) == {}
    change(hub, "2")
    change(hub, "2")
    given = due(hub)
    assert set(given) == {"a", "b"}
    assert (given["a"].secret, given["a"].path, given["a"].delivered) == ("s", PATH, None)
    assert due(hub) == {}
    world.restart()
    assert set(due(world.store.subscriptions, NOW + MINUTE)) == {"a", "b"}
    hub = world.store.subscriptions
    hub.delivered([Delivered(d) for d in given.values()], NOW)
    assert due(hub, NOW + HOUR) == {}


def test_a_limit_takes_the_earliest(hub):
    """The others stay due."""
    carry_out(hub, intent("a"), now=NOW + SECOND)
    carry_out(hub, intent("b"))
    change(hub, "2")
    assert list(due(hub, NOW + SECOND, limit=1)) == ["b"]
    assert list(due(hub, NOW + SECOND, limit=1)) == ["a"]


def test_what_somebody_had_is_kept(hub):
    """The items of the version that was sent last, however many came since; others are pruned."""
    carry_out(hub, intent("a"), intent("b"))
    for etag in "23456":
        change(hub, etag)
        if etag in "35":
            later = NOW + int(etag) * HOUR
            hub.delivered([Delivered(due(hub, later)["a" if etag == "3" else "b"])], later)
    assert hub.prune(NOW) == 0
    had = {name: hub.items(PATH, d.delivered) for name, d in due(hub, NOW + 9 * HOUR).items()}
    assert had == {"a": {"i": "3"}, "b": {"i": "5"}}
    assert [hub.items(PATH, n) for n in (1, 2, 4)] == [{}, {}, {}]
    assert hub.items("feed.rss", 3) == {}


def test_a_topic_that_changes_under_way_is_due_at_once(hub):
    """The delivery was about the version before."""
    carry_out(hub, intent("a"))
    change(hub, "2")
    first = due(hub)["a"]
    change(hub, "3")
    hub.delivered([Delivered(first)], NOW)
    second = due(hub)["a"]
    assert (second.delivered, second.version) == (first.version, first.version + 1)


def test_failures_wait_and_are_counted(hub):
    """They are asked for apart from the others, and end with the first success."""
    carry_out(hub, intent("a"), intent("b"))
    change(hub, "2")
    first = due(hub)
    hub.delivered([Delivered(first["a"], again=NOW + MINUTE), Delivered(first["b"])], NOW)
    change(hub, "3")
    assert set(due(hub)) == {"b"}
    assert due(hub, failing=True) == {}
    late = due(hub, NOW + MINUTE, failing=True)["a"]
    assert (late.failures, late.delivered) == (1, None)
    hub.delivered([Delivered(late)], NOW + MINUTE)
    change(hub, "4", NOW + MINUTE)
    assert due(hub, NOW + MINUTE)["a"].failures == 0


def test_gone_ends_it(hub):
    """And a delivery that ends late says nothing of whoever has the row by then."""
    carry_out(hub, intent("a"))
    change(hub, "2")
    under_way = due(hub)["a"]
    hub.delivered([Delivered(under_way, gone=True)], NOW)
    carry_out(hub, intent("b"), etag="2")
    change(hub, "3")
    hub.delivered([Delivered(under_way), Delivered(under_way, gone=True)], NOW)
    assert set(due(hub)) == {"b"}


def test_a_renewal_changes_secret_and_lease(hub):
    """And nothing of what is due or was sent (W3C WebSub, 5.1)."""
    carry_out(hub, intent("a", secret="old", lease=HOUR))
    change(hub, "2")
    hub.delivered([Delivered(due(hub)["a"])], NOW)
    change(hub, "3")
    carry_out(hub, intent("a", secret="new", lease=3 * HOUR), etag="3")
    later = due(hub, NOW + 2 * HOUR)["a"]
    assert (later.secret, hub.items(PATH, later.delivered)) == ("new", {"i": "2"})


def test_a_lease_ends(hub):
    """Nothing is sent after it, and then it is forgotten."""
    carry_out(hub, intent("a", lease=HOUR), intent("b", lease=2 * HOUR))
    change(hub, "2")
    assert set(due(hub, NOW + HOUR)) == {"b"}
    assert hub.prune(NOW + HOUR) == 1
    assert hub.ask(intent("a", mode="unsubscribe"), NOW + HOUR) == Refusal(
        404, "there is no such subscription"
    )


def test_unsubscribing(hub):
    """Of one topic; the same callback may have others."""
    carry_out(hub, intent("a"), intent("a", path="feed.rss"))
    carry_out(hub, intent("a", mode="unsubscribe"))
    change(hub, "2")
    change(hub, "2", path="feed.rss")
    assert [d.path for d in due(hub).values()] == ["feed.rss"]
    assert [t.path for t in hub.topics()] == ["feed.rss"]


def test_bounds(hub, monkeypatch):
    """Of one host, waiting, in all; who is subscribed already may always renew."""
    for name, most in {"MOST_PER_HOST": 2, "MOST_WAITING": 4, "MOST": 6}.items():
        for module in ("aggregator.store.websub", "tests.fakes"):
            monkeypatch.setattr(f"{module}.{name}", most)
    carry_out(hub, intent("a"))
    assert hub.ask(intent("b"), NOW) is None
    assert "of one host" in hub.ask(intent("c"), NOW).reason
    assert hub.ask(intent("b", secret="again"), NOW) is None
    assert hub.ask(intent("a"), NOW) is None
    assert hub.ask(intent("a", mode="unsubscribe"), NOW) is None
    for n in range(2):
        assert hub.ask(intent("x", host=f"{n}.example"), NOW) is None
    assert "wait to be verified" in hub.ask(intent("y", host="y.example"), NOW).reason
    for waiting in hub.intents(NOW, 9):
        if waiting.intent.mode == "subscribe":
            hub.confirm(waiting, topic(), {}, NOW)
    carry_out(hub, intent("z", host="z.example"))
    assert hub.ask(intent("y", host="y.example"), NOW).status == 429
    carry_out(hub, intent("z", host="z.example", lease=HOUR))


def test_another_hub_is_told(hub, world):
    """Of what was put, once for each change; what fails is tried again, later."""
    change(hub, "1", ping=True)
    change(hub, "1", path="feed.rss", ping=True)
    change(hub, "1", path="nobody-wants-it.atom")
    assert [t.path for t in hub.topics()] == [PATH, "feed.rss"]
    atom, rss = hub.pings(NOW, 9)
    assert (atom.path, rss.path, atom.failures) == (PATH, "feed.rss", 0)
    assert hub.pings(NOW, 9) == []
    hub.pinged([Pinged(atom), Pinged(rss, again=NOW + HOUR)], NOW)
    assert hub.pings(NOW + HOUR - SECOND, 9) == []
    world.restart()
    hub = world.store.subscriptions
    [rss] = hub.pings(NOW + HOUR, 9)
    assert (rss.path, rss.failures) == ("feed.rss", 1)
    hub.pinged([Pinged(rss)], NOW + HOUR)
    change(hub, "2", NOW + HOUR, ping=True)
    assert [(p.path, p.failures) for p in hub.pings(NOW + HOUR, 9)] == [(PATH, 0)]


def test_a_ping_that_is_cut_short_is_sent_again(hub):
    """After a minute; and one about a version that is old by the time it ends is followed by another."""
    change(hub, "1", ping=True)
    [first] = hub.pings(NOW, 9)
    [second] = hub.pings(NOW + MINUTE, 9)
    assert first == second
    change(hub, "2", ping=True)
    hub.pinged([Pinged(first)], NOW)
    assert hub.pings(NOW, 9) == [replace(first, version=first.version + 1)]


def test_subscriptions_do_not_count_as_pings(hub):
    """Nobody is told of what only our own subscribers want."""
    carry_out(hub, intent("a"))
    change(hub, "2")
    assert hub.pings(NOW + HOUR, 9) == []


def test_the_bounds_are_those_of_the_documentation():
    """Large enough for one service that follows everything for many readers, small enough for one machine."""
    assert (websub.MOST_PER_HOST, websub.MOST, websub.MOST_WAITING) == (1000, 10_000, 1000)
