"""`status.atom`: what happened to sources, valid, newest first, and with nobody's secret in it."""

from datetime import timedelta

import pytest
from lxml import etree

from aggregator.model import Event, Source, SourceInfo
from aggregator.publish import status_feed
from tests.publish.conftest import NOON
from tests.publish.test_atom import SCHEMA

ATOM = "{http://www.w3.org/2005/Atom}"
A, SECRET = "https://a.example/feed", "https://user:hunter2@b.example/feed?key=s3cret"
KINDS = ("broke", "gone", "recovered", "moved", "back", "silent", "spoke", "overran")
SOURCES = (Source(A, title="Letters"), Source(SECRET, confidential=True, position=1))
INFOS = {SECRET: SourceInfo("i", "Inside")}


def event(number, kind="broke", source=A, detail="the server says 500"):
    return Event(f"{number:032x}", source, kind, NOON + timedelta(minutes=number), "status 500", detail)


@pytest.fixture
def made(site, identity):
    def make(*events, sources=SOURCES):
        newest = sorted(events, key=lambda one: one.at, reverse=True)
        return status_feed(newest, sources, INFOS, site=site, identity=identity, opened=NOON).body

    return make


def entries(body):
    return etree.fromstring(body).findall(f"{ATOM}entry")


def test_it_is_valid(made):
    """By RFC 4287's schema, with an entry of every kind, and empty."""
    for body in (made(), made(*(event(n, kind) for n, kind in enumerate(KINDS)))):
        SCHEMA.assertValid(etree.fromstring(body))


def test_newest_first_and_no_more_than_fifty(made):
    """Its date is that of the newest, its own where nothing has happened."""
    feed = etree.fromstring(made(*(event(n) for n in range(60))))
    dates = [entry.findtext(f"{ATOM}updated") for entry in feed.findall(f"{ATOM}entry")]
    assert (len(dates), dates) == (50, sorted(dates, reverse=True))
    assert feed.findtext(f"{ATOM}updated") == dates[0] == "2026-11-24T12:59:00Z"
    assert etree.fromstring(made()).findtext(f"{ATOM}updated") == "2026-11-24T12:00:00Z"


def test_ids_are_stable(made):
    """An event keeps its id whatever comes after it, and no two share one."""
    (before,) = entries(made(event(1)))
    after, same = entries(made(event(1), event(2)))
    assert before.findtext(f"{ATOM}id") == same.findtext(f"{ATOM}id") != after.findtext(f"{ATOM}id")
    assert before.findtext(f"{ATOM}id").startswith("urn:uuid:")


def test_what_it_says(made):
    """Who, what and why, in words."""
    said = {
        kind: entries(made(event(1, kind, detail="https://c.example/new")))[0].findtext(f"{ATOM}title")
        for kind in KINDS
    }
    assert said["broke"] == "Letters is broken: https://c.example/new"
    assert said["moved"] == "Letters has moved for good to https://c.example/new"
    assert len(set(said.values())) == len(KINDS)


def test_a_confidential_source_has_no_url(made):
    """Neither its own, nor where it has moved to, nor what an error of it names."""
    error = "redirected to https://user:hunter2@b.example/x"
    body = made(
        event(1, "broke", SECRET, error), event(2, "moved", SECRET, "https://b.example/new?key=s3cret")
    )
    assert b"Inside is broken: status 500" in body
    for part in (b"b.example", b"hunter2", b"s3cret"):
        assert part not in body


def test_what_becomes_of_the_file(made):
    """It is refused, with where and why, and in force again; whichever sources there are."""
    wrong = Event("a", None, "refused", NOON, "2 more", "feeds.yaml:3:5: feeds is no list; begin each item")
    right = Event("b", None, "accepted", NOON + timedelta(minutes=1))
    body = made(wrong, right, sources=())
    SCHEMA.assertValid(etree.fromstring(body))
    newest, older = entries(body)
    assert newest.findtext(f"{ATOM}title") == "The configuration is right again, and in force"
    assert older.findtext(f"{ATOM}title") == (
        "The configuration was refused: feeds.yaml:3:5: feeds is no list; begin each item (2 more)"
    )
    assert "last good version stays in force" in older.findtext(f"{ATOM}content")


def test_a_removed_source_is_left_out(made):
    """Whether its URL may be shown is not known any more; the date of the feed stays."""
    feed = etree.fromstring(made(event(1), event(2), sources=SOURCES[1:]))
    assert feed.findall(f"{ATOM}entry") == []
    assert feed.findtext(f"{ATOM}updated") == "2026-11-24T12:02:00Z"
