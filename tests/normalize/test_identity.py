"""Ids: the source's own, or ours; and the feed that a post comes from."""

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from aggregator.model import EntryLink, FeedFacts, SiteIdentity, Source, Text
from aggregator.normalize import info, mint, wanted_id
from aggregator.syntax.urls import is_iri

SEEN = datetime(2026, 11, 24, 23, 30, tzinfo=UTC)
IDENTITY = SiteIdentity("6f1b3a52-3c1e-4f0e-9d3a-0d6a8f1c2b3d", SEEN)
URL = "https://feeds.example.org/all.xml"


@pytest.mark.parametrize(
    ("source", "authority"),
    [
        (Source(url="https://News.Example.org:8443/feed?key=s3cret"), "news.example.org"),
        (Source(url="https://例子.中国/feed"), "xn--fsqu00a.xn--fiqs8s"),
        (Source(url="https://news.example.org/", confidential=True), "aggregator.invalid"),
        (Source(url="http://rsshub:1200/x"), "aggregator.invalid"),
        (Source(url="http://192.0.2.7/x"), "aggregator.invalid"),
        (Source(url="http://[2001:db8::1]/x"), "aggregator.invalid"),
        (Source(url="http://nas.local/x"), "aggregator.invalid"),
        (Source(url="file:examples/a.xml"), "aggregator.invalid"),
    ],
)
def test_minted_ids(source, authority):
    """An id of ours is a valid tag: URI in which only a public host can be read."""
    id = mint(source, SEEN, "guid:7")
    assert re.fullmatch(rf"tag:{re.escape(authority)},2026-11-24:[0-9a-f]{{32}}", id)
    assert is_iri(id)


def test_minted_ids_tell_apart():
    """The same source, day and key give the same id; another key or source another one."""
    source = Source(url=URL)
    assert mint(source, SEEN, "a") == mint(source, SEEN, "a")
    ids = {mint(source, SEEN, "a"), mint(source, SEEN, "b"), mint(Source(url=URL + "?2"), SEEN, "a")}
    assert len(ids) == 3


def test_a_moved_source_mints_as_before():
    """A source that keeps its history keeps its first URL in new ids."""
    moved = Source(url="https://feeds.example.org/new.xml", was=URL)
    assert mint(moved, SEEN, "a") == mint(Source(url=URL), SEEN, "a")


def test_wanted_id():
    """A guid that can be an id is it, as given."""
    assert wanted_id(" tag:e.com,2026:x\n") == "tag:e.com,2026:x"
    assert wanted_id("post 12") == ""


FACTS = FeedFacts(
    id="tag:example.org,2020:feed",
    title=Text("A &amp; B", "html"),
    links=(
        EntryLink("/feed.json", type="application/json"),
        EntryLink("/home", type="text/html"),
        EntryLink("https://example.org/self.xml", rel="self"),
    ),
    updated="2026-11-24T10:00:00Z",
    rights=" CC\nBY ",
    license="/license",
)


def test_info():
    """What a document says of its feed, absolute and plain."""
    said = info(FACTS, Source(url=URL), URL, IDENTITY)
    assert (said.id, said.title, said.rights) == ("tag:example.org,2020:feed", "A & B", "CC BY")
    assert (said.home, said.feed) == ("https://feeds.example.org/home", "https://example.org/self.xml")
    assert said.license == "https://feeds.example.org/license"
    assert said.updated == datetime(2026, 11, 24, 10, tzinfo=UTC)
    assert info(replace(FACTS, license=" "), Source(url=URL), URL, IDENTITY).license == ""


@pytest.mark.parametrize(
    ("facts", "id", "title"),
    [
        (replace(FACTS, id="7"), "https://example.org/self.xml", "A & B"),
        (FeedFacts(), URL, "feeds.example.org"),
        (FeedFacts(links=(EntryLink("https://www.example.org/"),)), URL, "example.org"),
    ],
)
def test_info_of_a_feed_that_says_little(facts, id, title):
    """A feed without an id is its address; one without a title is its host."""
    said = info(facts, Source(url=URL), URL, IDENTITY)
    assert (said.id, said.title) == (id, title)


def test_the_operator_names_the_source():
    """A configured title is the source's title."""
    assert info(FACTS, Source(url=URL, title="财新"), URL, IDENTITY).title == "财新"


def test_info_of_a_confidential_source():
    """A confidential source has an id of ours, always the same, and no address of its own."""
    secret = "http://rsshub:1200/caixin?key=s3cret"
    source = Source(url=secret, confidential=True)
    for links in (FACTS.links, (EntryLink(secret),)):
        said = info(replace(FACTS, id=secret, license="", links=links), source, secret, IDENTITY)
        assert said.id.startswith("urn:uuid:")
        assert is_iri(said.id)
        assert said.feed == ""
        assert "s3cret" not in repr(said)
    assert said.id == info(FeedFacts(), source, secret, IDENTITY).id
    assert said.home == ""
    assert "rsshub" not in repr(info(FeedFacts(), source, secret, IDENTITY))
