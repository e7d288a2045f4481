"""One entry to one post, field by field."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.model import (
    Enclosure,
    Entry,
    EntryLink,
    FeedFacts,
    Person,
    Post,
    SiteIdentity,
    Source,
    Text,
    UnreadEntry,
)
from aggregator.normalize import info, normalize

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
IDENTITY = SiteIdentity("6f1b3a52-3c1e-4f0e-9d3a-0d6a8f1c2b3d", NOW)
URL = "https://feeds.example.org/all/feed.xml"
SOURCE = Source(url=URL, timezone="Asia/Shanghai")
FACTS = FeedFacts(
    id="tag:example.org,2020:feed",
    title=Text("Example &amp; Sons", "html"),
    links=(EntryLink("https://example.org/"), EntryLink(URL, rel="self")),
    updated="2026-11-24T11:00:00Z",
    language="en-us",
)
ENTRY = Entry(
    position=3,
    guid=" https://example.org/?p=7 ",
    title=Text("Seven"),
    link="https://example.org/seven?utm_source=rss",
    published="Tue, 24 Nov 2026 10:00:00 GMT",
    contents=(Text("<p>Body</p>"),),
)


def made(entry=ENTRY, source=SOURCE, facts=FACTS, base=URL, now=NOW):
    return normalize(entry, facts, source, info(facts, source, base, IDENTITY), base, now)


def test_an_ordinary_entry():
    """Every field of an ordinary entry arrives where it belongs."""
    post = made()
    assert isinstance(post, Post)
    assert post.id == post.guid == "https://example.org/?p=7"
    assert (post.title, post.slug, post.position) == ("Seven", "seven", 3)
    assert (post.link, post.names_entry) == ("https://example.org/seven", True)
    assert post.published == post.updated == datetime(2026, 11, 24, 10, tzinfo=UTC)
    assert (post.dated, post.first_seen, post.claims_updated) == ("published", NOW, None)
    assert (post.content, post.summary, post.language) == ("<p>Body</p>", "", "en-US")
    assert post.authors == (Person("Example & Sons", "https://example.org/"),)
    assert post.origin.id == "tag:example.org,2020:feed"
    assert post.origin.updated == datetime(2026, 11, 24, 11, tzinfo=UTC)
    assert (post.said.author, post.said.feed_title) == ("", "Example & Sons")


@pytest.mark.parametrize(
    ("changes", "link", "names_entry"),
    [
        ({"link": "/seven"}, "https://feeds.example.org/seven", True),
        ({"link": "seven", "base": "https://example.org/blog/"}, "https://example.org/blog/seven", True),
        ({"link": "seven", "base": "/blog/"}, "https://feeds.example.org/blog/seven", True),
        ({"link": "", "links": (EntryLink("https://e.org/8", type="text/html"),)}, "https://e.org/8", True),
        ({"link": "javascript:alert(1)", "permalink": True}, "https://example.org/?p=7", True),
        ({"link": "", "enclosures": (Enclosure("https://e.org/7.mp3"),)}, "https://e.org/7.mp3", False),
        ({"link": ""}, "https://example.org/", False),
        ({"link": "https://example.org"}, "https://example.org", False),
        ({"link": "http://status.example.net/"}, "http://status.example.net/", False),
    ],
)  # fmt: skip
def test_link(changes, link, names_entry):
    """The link is the article; what stands in for it, and the home page, name no one entry."""
    post = made(replace(ENTRY, **changes))
    assert (post.link, post.names_entry) == (link, names_entry)


def test_a_source_may_name_its_trackers():
    """`drop_params` and `keep_params` of a source hold for its links."""
    source = replace(SOURCE, drop_params=("ref",), keep_params=("utm_source",))
    entry = replace(ENTRY, link="https://example.org/7?ref=feed&utm_source=a")
    assert made(entry, source).link == "https://example.org/7?utm_source=a"


@pytest.mark.parametrize(
    ("published", "updated", "expected", "dated"),
    [
        ("2026-11-24 18:00", "", "2026-11-24T10:00", "published"),
        ("", "2026-11-23T10:00:00Z", "2026-11-23T10:00", "updated"),
        ("0001-01-01T00:00:00Z", "2026-11-23T10:00:00Z", "2026-11-23T10:00", "updated"),
        ("2027-11-24T10:00:00Z", "", "2026-11-24T12:00", "first-seen"),
        ("2026-11-25T10:00:00Z", "", "2026-11-24T12:00", "published"),
        ("yesterday", "", "2026-11-24T12:00", "first-seen"),
    ],
)
def test_published(published, updated, expected, dated):
    """The first believable date counts, never one after now; without any, we saw it now."""
    post = made(replace(ENTRY, published=published, updated=updated))
    assert (f"{post.published:%Y-%m-%dT%H:%M}", post.dated) == (expected, dated)
    assert post.updated == post.published


def test_claimed_update():
    """The entry's own `updated` is kept apart, where it can be true."""
    assert made(replace(ENTRY, updated="2026-11-24T11:00:00Z")).claims_updated == NOW - timedelta(hours=1)
    assert made(replace(ENTRY, updated="2036-11-24T11:00:00Z")).claims_updated is None


@pytest.mark.parametrize(
    ("changes", "title"),
    [
        ({"title": Text("<b>A</b> &amp;  B")}, "A & B"),
        ({"title": None}, "Body"),
        ({"title": Text(" <br> ")}, "Body"),
        ({"title": None, "contents": (Text("<p>" + "word " * 40),)}, ("word " * 16).strip() + "…"),
        ({"title": None, "contents": ()}, "https://example.org/seven"),
        ({"title": None, "contents": (), "link": "", "guid": "x"}, "https://example.org/"),
    ],
)
def test_title(changes, title):
    """A title is plain text and never empty: the content's first words stand in, then the link."""
    assert made(replace(ENTRY, **changes)).title == title


def test_the_date_is_the_last_title():
    """With an id and a date only, the date is the title."""
    post = made(Entry(0, guid="x", published="2026-11-24T10:00:00Z"), facts=FeedFacts())
    assert (post.title, post.link) == ("2026-11-24 10:00", "")


def test_an_entry_that_says_nothing():
    """An entry without title, link, content, enclosure and id is reported, not published."""
    said = made(Entry(5, published="2026-11-24T10:00:00Z"))
    assert isinstance(said, UnreadEntry)
    assert (said.position, bool(said.reason)) == (5, True)


@pytest.mark.parametrize(
    ("guid", "id"),
    [
        ("urn:uuid:1225c695-cfb8-4ebb-aaaa-80da344efa6a", "urn:uuid:1225c695-cfb8-4ebb-aaaa-80da344efa6a"),
        ("https://example.org/7#x", "https://example.org/7#x"),
        ("7", ""),
        ("https://example.org/a b", ""),
        ("", ""),
    ],
)
def test_id(guid, id):
    """A guid that is a valid URI is the id as given; any other leaves the id open."""
    post = made(replace(ENTRY, guid=guid))
    assert (post.guid, post.id) == (guid, id)


@pytest.mark.parametrize(
    ("said", "names"),
    [
        (("Ann", "Bob", "Ann"), ["Ann", "Bob"]),
        (("ann@example.org (Ann Lee)",), ["Ann Lee"]),
        (("Ann Lee <ann@example.org>",), ["Ann Lee"]),
        (("<b>Ann</b> &amp; Bob",), ["Ann & Bob"]),
        (("中国市场监管新闻网",), ["中国市场监管新闻网"]),
        (("ann@example.org",), ["The Feed"]),
        ((), ["The Feed"]),
    ],
)
def test_authors(said, names):
    """Authors are names, each once, never an address for mail; without any, the feed's."""
    facts = replace(FACTS, authors=(Person("The Feed"),))
    post = made(replace(ENTRY, authors=tuple(Person(name) for name in said)), facts=facts)
    assert [person.name for person in post.authors] == names
    assert post.said.author == (names[0] if names != ["The Feed"] else "")


def test_enclosures():
    """Enclosures are absolute, each once, with a type and length that can be true."""
    said = (
        Enclosure("/7.mp3", " Audio/MPEG; x=y", 12),
        Enclosure("https://feeds.example.org/7.mp3"),
        Enclosure("file:/7.mp3"),
        Enclosure("https://e.com/8.mp3", "nonsense", -1, " A\nB "),
    )
    assert made(replace(ENTRY, enclosures=said)).enclosures == (
        Enclosure("https://feeds.example.org/7.mp3", "audio/mpeg", 12),
        Enclosure("https://e.com/8.mp3", "", None, "A B"),
    )


@pytest.mark.parametrize(
    ("configured", "of_entry", "of_content", "of_feed", "expected"),
    [
        ("ja", "en", "de", "fr", "ja"),
        ("", "zh_hans_cn", "de", "fr", "zh-Hans-CN"),
        ("", "", "DE-at", "fr", "de-AT"),
        ("", "not a language", "", "fr", "fr"),
        ("", "", "", "", ""),
    ],
)
def test_language(configured, of_entry, of_content, of_feed, expected):
    """The configured language, else the nearest that was said, written as a language tag."""
    entry = replace(ENTRY, language=of_entry, contents=(Text("x", language=of_content),))
    post = made(entry, replace(SOURCE, language=configured), replace(FACTS, language=of_feed))
    assert post.language == expected


def test_an_entry_may_name_its_own_source():
    """A planet's entry comes from the feed that it names, with that feed's date."""
    own = FeedFacts(
        id="tag:e.net,2019:f",
        title=Text("Other"),
        links=(EntryLink("https://e.net/"), EntryLink("https://e.net/f", rel="self")),
        updated="2026-11-20T00:00:00Z",
    )
    origin = made(replace(ENTRY, source=own)).origin
    assert (origin.id, origin.title, origin.home, origin.feed) == (
        own.id,
        "Other",
        "https://e.net/",
        "https://e.net/f",
    )
    assert origin.updated == datetime(2026, 11, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("own", "id"),
    [
        (FeedFacts(title=Text("Other"), links=(EntryLink("https://e.net/f", rel="self"),)), "https://e.net/f"),
        (FeedFacts(title=Text("Other"), links=(EntryLink("/f", rel="self"),)), "https://feeds.example.org/f"),
        (FeedFacts(title=Text("Other"), links=(EntryLink("ftp://e.net/f", rel="self"),)), FACTS.id),
        (FeedFacts(title=Text("Other")), FACTS.id),
        (FeedFacts(), FACTS.id),
    ],
)  # fmt: skip
def test_rss_source(own, id):
    """An RSS <source> counts where its URL is http(s); one that names nothing does not."""
    assert made(replace(ENTRY, source=own)).origin.id == id


def test_origin_without_a_feed_date():
    """A feed without a date, or with an impossible one, has the entry's."""
    for said in ("", "2099-01-01T00:00:00Z"):
        facts = replace(FACTS, updated=said)
        assert made(facts=facts).origin.updated == datetime(2026, 11, 24, 10, tzinfo=UTC)
        entry = replace(ENTRY, updated="2026-11-24T11:30:00Z")
        assert made(entry, facts=facts).origin.updated == datetime(2026, 11, 24, 11, 30, tzinfo=UTC)


def test_a_confidential_url_does_not_shine_through():
    """Relative links and fallbacks of a confidential source lead to its home page, never to its feed."""
    secret = "http://rsshub:1200/caixin/latest?key=s3cret"
    source = Source(url=secret, confidential=True, title="财新")
    text = Text('<a href="/a">a</a><img src="b.png">')
    entry = Entry(0, guid=secret, link=secret, title=Text("x"), contents=(text,))
    for links in (
        (),
        (EntryLink("https://caixin.example/"),),
        (EntryLink(secret), EntryLink(secret, rel="self")),
    ):
        facts = FeedFacts(id=secret, title=Text("Hub"), links=links)
        for said in (entry, replace(entry, title=None, contents=(Text('<img src="b.png">'),))):
            post = normalize(said, facts, source, info(facts, source, secret, IDENTITY), secret, NOW)
            shown = repr(replace(post, source="", guid=""))
            assert "rsshub" not in shown
            assert "s3cret" not in shown


HOSTILE = st.text(max_size=30) | st.sampled_from(
    [
        "<script>alert(1)</script>",
        "javascript:alert(1)",
        "http://[",
        "\x00\ud800",
        "&#0;",
        "a@b.c",
        "2026-11-24",
    ]
)
ENTRIES = st.builds(
    Entry,
    position=st.just(0),
    guid=HOSTILE,
    title=st.none() | st.builds(Text, HOSTILE, st.sampled_from(["text", "html"]), HOSTILE, HOSTILE),
    link=HOSTILE,
    links=st.lists(st.builds(EntryLink, HOSTILE, type=HOSTILE), max_size=2).map(tuple),
    authors=st.lists(st.builds(Person, HOSTILE, HOSTILE), max_size=2).map(tuple),
    terms=st.lists(HOSTILE, max_size=2).map(tuple),
    published=HOSTILE,
    updated=HOSTILE,
    contents=st.lists(st.builds(Text, HOSTILE), max_size=2).map(tuple),
    enclosures=st.lists(st.builds(Enclosure, HOSTILE, HOSTILE), max_size=2).map(tuple),
    language=HOSTILE,
    base=HOSTILE,
    source=st.none() | st.builds(FeedFacts, id=HOSTILE, title=st.builds(Text, HOSTILE), updated=HOSTILE),
)


@given(ENTRIES)
def test_no_entry_raises(entry):
    """Whatever a source writes is a post that keeps its promises, or is said to be none."""
    post = made(entry)
    if isinstance(post, UnreadEntry):
        return
    assert post.title
    assert post.link.startswith(("http://", "https://"))
    assert datetime(1990, 1, 1, tzinfo=UTC) <= post.published <= NOW
    repr(post).encode()
