"""What a subscriber finds, asks and believes: offers of sources, confirmations, signatures."""

import hmac
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl

import pytest

from aggregator import websub
from aggregator.model import Answer, Following, Letter, Server, Site

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
SITE = Site(url="https://news.example.org/")
FEED, HUB, OTHER = "https://s.example/feed", "https://hub.example/", "https://other.example/hub"
ONE = Following(FEED, HUB, "https://s.example/topic", "TOKEN", "secret")


@pytest.mark.parametrize(
    ("fields", "hubs", "topic", "found"),
    [
        (f'<{HUB}>; rel="hub", <{FEED}>; rel="self"', (), "", (HUB, FEED)),
        (f"<{HUB}>;rel=hub,<{FEED}>;rel=self", (), "", (HUB, FEED)),
        (f'<{HUB}>; title="a, b; rel=x"; rel="hub", <./feed>; REL="x self"', (), "", (HUB, FEED)),
        ('</hub>; rel="hub self"', (), "", ("https://s.example/hub",) * 2),
        ("", (HUB,), FEED, (HUB, FEED)),
        ("", ("/hub",), "/t", ("https://s.example/hub", "https://s.example/t")),
        (f"<{OTHER}>; rel=hub, <{FEED}?x>; rel=self", (HUB,), FEED, (OTHER, f"{FEED}?x")),
        (f"<{OTHER}>; rel=hub", (HUB,), FEED, (OTHER, FEED)),
        (f"<{FEED}?x>; rel=self", (HUB,), FEED, (HUB, f"{FEED}?x")),
        ("", ("http://hub.example/", HUB), FEED, (HUB, FEED)),
        ("", ("http://hub.example/",), FEED, ("http://hub.example/", FEED)),
        ("", (HUB,), "", ("", "")),
        ("", (), FEED, ("", "")),
        (f"<{HUB}>; rel=hubs", (), FEED, ("", "")),
        ("", ("ftp://hub.example/", "javascript:x"), FEED, ("", "")),
        ("<<>;;rel=hub", (HUB,), FEED, (HUB, FEED)),
        ("<a>; rel=" + "x" * 100_000, (HUB,), FEED, (HUB, FEED)),
    ],
)
def test_offers(fields, hubs, topic, found):
    """Link fields first, then the document; both a hub and a topic, or nothing."""
    assert websub.offered(fields, hubs, topic, FEED) == found


@pytest.mark.parametrize(
    ("url", "server", "may"),
    [
        ("https://news.example.org/", Server(), True),
        ("https://news.example.org/", Server(hub=False), True),
        ("https://news.example.org/", Server(listen=None), False),
        ("http://127.0.0.1:8080/", Server(), False),
        ("http://127.0.0.1:8080/", Server(private_hub=True), True),
        ("http://nas.local/", Server(), False),
        ("http://nas/", Server(), False),
    ],
)
def test_where_hubs_can_reach_us(url, server, may):
    """Nobody is asked to push to what only we can reach."""
    assert websub.may_follow(Site(url=url), server) is may


def test_a_request():
    """Topic as it names itself, a callback of its own, a secret, a lease (5.1)."""
    letter = websub.request(ONE, SITE, private=False)
    assert (letter.method, letter.url, letter.private) == ("POST", HUB, False)
    assert dict(parse_qsl(letter.body.decode())) == {
        "hub.mode": "subscribe",
        "hub.topic": ONE.topic,
        "hub.callback": "https://news.example.org/websub/TOKEN",
        "hub.secret": "secret",
        "hub.lease_seconds": "864000",
    }
    ended = websub.request(Following(FEED, HUB, FEED, "T", "s", "unsubscribe"), SITE, private=False)
    assert "hub.secret" not in dict(parse_qsl(ended.body.decode()))


@pytest.mark.parametrize(
    ("said", "echo"),
    [
        ({}, "ch"),
        ({"hub.mode": "unsubscribe"}, ""),
        ({"hub.topic": FEED}, ""),
        ({"hub.challenge": ""}, ""),
        ({"hub.challenge": "x" * 513}, ""),
        ({"hub.challenge": "<p>a b"}, ""),
        ({"hub.challenge": "\x00"}, ""),
    ],
)
def test_only_what_we_asked_for_is_confirmed(said, echo):
    """Mode and topic, and a challenge that is a token and no document (5.3.1, 8.2)."""
    asked = {"hub.mode": "subscribe", "hub.topic": ONE.topic, "hub.challenge": "ch"} | said
    assert websub.challenge(ONE, asked) == echo
    assert websub.challenge(None, asked) == ""


@pytest.mark.parametrize(
    ("seconds", "lease"),
    [
        ("864000", timedelta(days=10)),
        ("1", timedelta(minutes=1)),
        ("99999999999", timedelta(days=90)),
        ("", timedelta(days=10)),
        ("-5", timedelta(days=10)),
        ("9" * 5000, timedelta(days=10)),
    ],
)
def test_leases(seconds, lease):
    """What the hub says within bounds; renewed before it ends."""
    expires, renew = websub.leased({"hub.lease_seconds": seconds}, NOW)
    assert (expires, renew) == (NOW + lease, NOW + lease * 4 / 5)


@pytest.mark.parametrize("method", ["sha1", "sha256", "sha384", "sha512"])
def test_signatures(method):
    """By each method of the recommendation, the body as it came (7.1)."""
    good = hmac.new(b"secret", b"body", method).hexdigest()
    assert websub.is_signed(ONE, f"{method}={good}", b"body")
    assert websub.is_signed(ONE, f"{method.upper()}={good.upper()}", b"body")
    assert not websub.is_signed(ONE, f"{method}={good}", b"body ")
    assert not websub.is_signed(ONE, f"{method}={good[:-1]}0"[:-1], b"body")
    assert not websub.is_signed(Following(FEED, HUB, FEED, "T", "other"), f"{method}={good}", b"body")


@pytest.mark.parametrize("signature", ["", "sha256=", "md5=" + "0" * 32, "sha256=é", "0" * 64])
def test_what_is_no_signature(signature):
    """Missing, unknown, cut short: not signed."""
    assert not websub.is_signed(ONE, signature, b"body")


def test_a_hub_may_hand_on():
    """307 and 308 lead to another hub (5.1.2), and nothing else does."""
    letter = Letter("POST", HUB, (), b"x")
    assert websub.handed_on(letter, Answer(307, location="/other")).url == "https://hub.example/other"
    assert websub.handed_on(letter, Answer(308, location=OTHER)).url == OTHER
    for answer in (Answer(302, location=OTHER), Answer(307), Answer(308, location="ftp://x"), Answer(202)):
        assert websub.handed_on(letter, answer) is None
