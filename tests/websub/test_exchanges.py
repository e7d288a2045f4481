"""What a hub and a publisher send, byte by byte, and which answers count."""

import hmac
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest

from aggregator import websub
from aggregator.model import Answer, Delivery, Intent, Site

SITE = Site(url="https://news.example.org/")
INTENT = Intent("subscribe", "https://r.example/cb", "r.example", "feed.atom", timedelta(hours=1), "s")


def to(secret=""):
    return Delivery(1, "https://r.example/cb?a=b", "r.example", "feed.rss", secret, 2, None, 0)


def test_verification_of_a_subscription():
    """Mode, topic, challenge and lease are in the query."""
    letter = websub.verification(INTENT, "CH", SITE, private=False)
    assert (letter.method, letter.body, letter.private) == ("GET", b"", False)
    assert dict(parse_qsl(urlsplit(letter.url).query)) == {
        "hub.mode": "subscribe",
        "hub.topic": "https://news.example.org/feed.atom",
        "hub.challenge": "CH",
        "hub.lease_seconds": "3600",
    }


@pytest.mark.parametrize(
    ("callback", "begins"),
    [
        ("https://r.example/cb?a=b&hub.mode=x", "https://r.example/cb?a=b&hub.mode=x&hub.mode=subscribe&"),
        ("https://r.example/cb?a=%7Eb", "https://r.example/cb?a=%7Eb&hub.mode=subscribe&"),
        ("https://r.example/cb", "https://r.example/cb?hub.mode=subscribe&"),
    ],
)
def test_a_callback_s_own_query_stays(callback, begins):
    """Ours is appended, and replaces nothing (W3C WebSub, 5.1.1)."""
    intent = Intent("subscribe", callback, "r.example", "feed.atom", timedelta(hours=1))
    assert websub.verification(intent, "CH", SITE, private=False).url.startswith(begins)


@pytest.mark.parametrize(
    ("answer", "confirmed"),
    [
        (Answer(200, b"CH"), True),
        (Answer(204, b"CH"), True),
        (Answer(200, b"CH\n"), False),
        (Answer(200, b"CHx"), False),
        (Answer(200, b"C"), False),
        (Answer(200, b""), False),
        (Answer(302, b"CH"), False),
        (Answer(404, b"CH"), False),
        (Answer(500, b"CH"), False),
        (Answer(0, b"CH"), False),
    ],
)
def test_what_confirms(answer, confirmed):
    """2xx with the challenge and nothing else (5.3.1)."""
    assert websub.confirms(answer, "CH") is confirmed


def test_delivery():
    """The topic's type, hub and self in one Link, no signature where none was asked for."""
    letter = websub.delivery(to(), b"<rss/>", "application/rss+xml; charset=utf-8", SITE, private=True)
    assert (letter.method, letter.url, letter.body) == ("POST", "https://r.example/cb?a=b", b"<rss/>")
    assert dict(letter.headers) == {
        "content-type": "application/rss+xml; charset=utf-8",
        "link": '<https://news.example.org/hub>; rel="hub", <https://news.example.org/feed.rss>; rel="self"',
    }
    assert letter.read == 0
    assert letter.private


def test_signature():
    """HMAC of the body with the secret, sha256 (7.1)."""
    letter = websub.delivery(to("secret é"), b"<rss/>", "a/b", SITE, private=False)
    expected = hmac.new("secret é".encode(), b"<rss/>", "sha256").hexdigest()
    assert dict(letter.headers)["x-hub-signature"] == f"sha256={expected}"


def test_ping():
    """The form that hubs ask for; a hub that the operator named may be anywhere."""
    letter = websub.ping("https://hub.example/", "feed.atom", SITE)
    assert (letter.method, letter.url, letter.private) == ("POST", "https://hub.example/", True)
    topic = b"https%3A%2F%2Fnews.example.org%2Ffeed.atom"
    assert letter.body == b"hub.mode=publish&hub.url=%s&hub.topic=%s" % (topic, topic)
    assert dict(letter.headers) == {"content-type": "application/x-www-form-urlencoded"}
