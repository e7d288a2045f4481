"""What is asked of our hub: which requests are intents, and what the others are told."""

from datetime import timedelta
from urllib.parse import urlencode

import pytest

from aggregator import websub
from aggregator.model import Intent, Refusal, Site

SITE = Site(url="https://news.example.org/")
TOPIC = "https://news.example.org/category/markets/feed.atom"
CALLBACK = "https://reader.example/cb?id=1"
FORM = "application/x-www-form-urlencoded"
ASKED = {"hub.mode": "subscribe", "hub.topic": TOPIC, "hub.callback": CALLBACK}


def read(content_type=FORM, body=None, **said):
    """What a request is read as; fields by their names without `hub.`, None to leave one out."""
    fields = ASKED | {f"hub.{name}": value for name, value in said.items()}
    form = urlencode({name: value for name, value in fields.items() if value is not None})
    return websub.intent(content_type, form.encode() if body is None else body, SITE)


def test_a_whole_request():
    """Path of the document, host of the callback, lease and secret."""
    assert read(lease_seconds="86400", secret="s", callback="https://Reader.example:8443/cb") == Intent(
        mode="subscribe",
        callback="https://Reader.example:8443/cb",
        host="reader.example",
        path="category/markets/feed.atom",
        lease=timedelta(days=1),
        secret="s",
    )


def test_what_is_not_known_is_ignored():
    """Other parameters, a charset, and what else a library sends along."""
    assert read(verify="async", foo="bar", content_type=f"{FORM}; charset=UTF-8") == read()
    assert read(f"{FORM.upper()}") == read()


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        (None, timedelta(days=10)),
        ("1", timedelta(minutes=5)),
        ("7200", timedelta(hours=2)),
        ("9" * 400, timedelta(days=30)),
    ],
)
def test_leases_are_bounded(asked, given):
    """Ten days unless asked otherwise, never for ever, never too short to be worth a verification."""
    assert read(lease_seconds=asked).lease == given


def test_what_ends_a_subscription_needs_neither_lease_nor_secret():
    """They are ignored there (W3C WebSub, 5.1), even those that would be refused."""
    ended = read(mode="unsubscribe", lease_seconds="-1", secret="x" * 300)
    assert (ended.mode, ended.lease, ended.secret) == ("unsubscribe", timedelta(0), "")


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"content_type": "application/json"}, 415),
        ({"content_type": ""}, 415),
        ({"body": b"\xff=1"}, 400),
        ({"body": b"&".join(b"a%d=1" % n for n in range(60))}, 400),
        ({"body": b"x" * 20_000}, 413),
        ({"mode": None}, 400),
        ({"mode": "publish"}, 400),
        ({"topic": None}, 404),
        ({"topic": "https://other.example/feed.atom"}, 404),
        ({"topic": "https://news.example.org/"}, 404),
        ({"topic": "https://news.example.org/index.html"}, 404),
        ({"topic": "https://news.example.org/category/../feed.atom/x"}, 404),
        ({"topic": "https://news.example.org/category/markets/archive/1.atom"}, 404),
        ({"topic": TOPIC + "?x"}, 404),
        ({"callback": None}, 400),
        ({"callback": "ftp://reader.example/"}, 400),
        ({"callback": "file:///etc/passwd"}, 400),
        ({"callback": "/cb"}, 400),
        ({"callback": "https://"}, 400),
        ({"callback": "https://reader.example:port/"}, 400),
        ({"callback": "https://user:pw@reader.example/"}, 400),
        ({"callback": "https://reader.example/#x"}, 400),
        ({"callback": "https://reader.example/a b"}, 400),
        ({"callback": "https://reader.example/\r\nX: y"}, 400),
        ({"callback": "https://reader.example/" + "x" * 2048}, 400),
        ({"secret": "x" * 200}, 400),
        ({"secret": "é" * 100}, 400),
        ({"lease_seconds": "0"}, 400),
        ({"lease_seconds": "-5"}, 400),
        ({"lease_seconds": "1e9"}, 400),
        ({"lease_seconds": "١"}, 400),
    ],
)
def test_what_is_refused(said, status):
    """4xx, with a line that says what is wrong."""
    refused = read(**said)
    assert isinstance(refused, Refusal)
    assert refused.status == status
    assert "\n" not in refused.reason


def test_the_longest_secret():
    """Less than 200 bytes (5.1)."""
    assert read(secret="x" * 199).secret == "x" * 199


@pytest.mark.parametrize(
    ("path", "is_topic"),
    [
        ("feed.atom", True),
        ("feed.rss", True),
        ("feed.json", True),
        ("category/a-b/feed.json", True),
        ("category/a/b/feed.atom", False),
        ("outputs.opml", False),
        ("xfeed.atom", False),
        ("feed.atom\n", False),
    ],
)
def test_topics(path, is_topic):
    """Subscription documents, in each of their formats, and nothing else."""
    assert websub.is_topic(path) is is_topic
