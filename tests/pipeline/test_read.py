"""Bytes to proposals: the stages in their order, and what `decide` will ask the store."""

import pickle
import subprocess
import sys

import pytest

from aggregator import pipeline
from aggregator.model import (
    Condition,
    Reading,
    Rule,
    Unreadable,
    UnreadEntry,
    Validators,
)
from aggregator.normalize import mint
from tests.pipeline.given import HOUR, NOW, ROOT, SITE, URL, fetched, item, lease, rss, source

ATOM = b"""<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en"><title>Feed B</title>
<id>tag:b.example,2026:feed</id><updated>2026-11-20T08:00:00Z</updated><link href="https://b.example/"/>
<entry><title>One</title><id>tag:b.example,2026:1</id><link href="https://b.example/1"/>
<updated>2026-11-20T08:00:00Z</updated><published>2026-11-19T08:00:00Z</published>
<content type="html">&lt;p onclick="x()"&gt;Hello&lt;/p&gt;
&lt;script&gt;1&lt;/script&gt;</content></entry></feed>"""


def read(body, held=None):
    return pipeline.read(held or lease(), fetched(body), NOW, SITE)


def labels(post):
    """The categories of a proposal: what is said, and whether a template said it."""
    return [(label.value, label.templated) for label in post.labels]


def test_atom_becomes_a_safe_proposal():
    """An entry comes out dated, sanitized, labelled and stamped, and without anything that is the store's."""
    reading = read(ATOM)
    assert isinstance(reading, Reading)
    assert (reading.info.id, reading.info.title, reading.info.home) == (
        "tag:b.example,2026:feed",
        "Feed B",
        "https://b.example/",
    )
    [post] = reading.posts
    assert (post.id, post.guid, post.title, post.link) == (
        "tag:b.example,2026:1",
        "tag:b.example,2026:1",
        "One",
        "https://b.example/1",
    )
    assert post.content == "<p>Hello</p>"
    assert (post.published.isoformat(), post.dated) == ("2026-11-19T08:00:00+00:00", "published")
    assert labels(post) == [("news", False)]
    assert post.categories == ()
    assert {key[:3] for key in post.keys} == {"e1:", "g1:", "i1:", "u1:", "n1:"}
    assert all((post.digest, post.label_digest, post.text_digest))


def test_labels_come_from_templates_and_rules():
    """Templates are filled from what the entry says, and rules move, add, tag and drop."""
    of = source(
        categories=("{author}",),
        tags=("{term}",),
        rules=(
            Rule("rules.0", when=Condition(title=("Moved",)), category=("elsewhere",)),
            Rule("rules.1", when=Condition(text=("Fed",)), also=("macro",), tags=("Fed",)),
            Rule("rules.2", when=Condition(title=("Advert",)), drop=True),
        ),
    )
    body = rss(
        item("1", author="Ann", term="rates", text="The Fed acts"),
        item("2", title="Moved", author="Ann"),
        item("3", title="Advert", author="Bob"),
    )
    one, two, three = read(body, lease(of)).posts
    assert (labels(one), one.tags) == ([("Ann", True), ("macro", False)], ("rates", "Fed"))
    assert (labels(two), two.tags) == ([("elsewhere", False)], ("Feed A",))
    assert (three.dropped, one.dropped) == ("rules.2", "")


def test_undated_entries_of_a_first_poll_stand_below_the_dated():
    """The archive of a feed that dates nothing is old, not new; later an undated entry is as old as now."""
    body = rss(item("1", date=None), item("2"), item("3", date=None))
    first = {post.guid[-1]: post for post in read(body).posts}
    assert first["2"].published > first["1"].published > first["3"].published
    later = {post.guid[-1]: post for post in read(body, lease(last_success=NOW - HOUR, filled=True)).posts}
    assert later["1"].published == NOW > later["3"].published > later["2"].published


def test_entries_that_cannot_be_posts_are_listed_in_order():
    """Empty entries and repeats cost no other, and are told of by their place in the document."""
    reading = read(rss(item("1"), "<item></item>", item("1"), item("2")))
    assert [post.guid[-1] for post in reading.posts] == ["1", "2"]
    assert [entry.position for entry in reading.unread] == [1, 2]
    assert reading.unread[1] == UnreadEntry(2, "repeats entry 1 of the document")


def test_hints_and_hubs_of_the_document_are_kept():
    """What the body says about coming back reaches the schedule."""
    extra = (
        "<ttl>90</ttl><skipHours><hour>3</hour></skipHours>"
        "<atom:link xmlns:atom='http://www.w3.org/2005/Atom' rel='hub' href='https://hub.example/'/>"
    )
    reading = read(rss(item("1"), extra=extra))
    assert reading.hints.ttl == 1.5 * HOUR
    assert reading.hints.skip_hours == {3}
    assert reading.hubs == ("https://hub.example/",)


@pytest.mark.parametrize(
    ("body", "feeds"),
    [
        (b"", ()),
        (b"   \n", ()),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", ()),
        (
            b"<!doctype html><link rel=alternate type='application/atom+xml' href=/feed.atom>",
            ("https://a.example/feed.atom",),
        ),
    ],
    ids=["nothing", "white space", "an image", "a page"],
)
def test_what_is_no_feed_is_unreadable(body, feeds):
    """A body that is no feed gives a reason, and a page the feeds that it links to."""
    result = read(body)
    assert isinstance(result, Unreadable)
    assert result.reason
    assert result.feeds == feeds


def test_a_feed_without_entries_is_a_feed():
    """Nothing to say today is no failure."""
    assert read(rss()).posts == ()


def test_reading_crosses_processes():
    """Lease, body and reading pickle, and another process with other hash seeds reads the same."""
    held = lease(source(tags=("{term}",), categories=("{author}", "news")))
    body = fetched(rss(*(item(str(n), author=f"Author {n}", term=f"t{n}") for n in range(5)), "<item/>"))
    program = (
        "import pickle, sys; from aggregator import pipeline; "
        "pickle.dump(pipeline.read(*pickle.load(sys.stdin.buffer)), sys.stdout.buffer)"
    )
    there = subprocess.run(
        [sys.executable, "-c", program],
        input=pickle.dumps((held, body, NOW, SITE)),
        capture_output=True,
        check=True,
        timeout=60,
        cwd=ROOT,
        env={"PYTHONHASHSEED": "4242"},
    )
    assert pickle.loads(there.stdout) == pipeline.read(held, body, NOW, SITE)


@pytest.mark.parametrize(
    ("held", "body", "same"),
    [
        (lease(), fetched(b"x"), True),
        (lease(), fetched(b"x", validators=Validators('"v2"')), True),
        (lease(), fetched(b"y"), False),
        (lease(), fetched(b"x", content_type="text/xml; charset=gbk"), False),
        (lease(), fetched(b"x", url="https://elsewhere.example/"), False),
        (lease(source(definition="d2")), fetched(b"x"), False),
    ],
    ids=["same", "other validators", "other bytes", "other charset", "other base", "edited source"],
)
def test_a_body_is_read_once(held, body, same):
    """Everything that decides what a body means decides whether it is read again, and nothing else does."""
    before = pipeline.body_digest(source(), fetched(b"x"))
    held = lease(held.source, body=before)
    assert pipeline.is_known_body(held, body) is same


def test_nothing_is_known_before_the_first_body():
    """An empty memory knows no body, not even an empty one."""
    assert not pipeline.is_known_body(lease(), fetched(b""))


def test_lookup_asks_for_all_that_judging_needs():
    """Keys and ids of all posts, folded labels with the source's title, and the slugs that they wish for."""
    held = lease(source(categories=("{author}",)))
    reading = read(rss(item("1", author="中国 ＡＢＣ"), item("2", guid="no-iri", author="Bob")), held)
    lookup = pipeline.lookup(held, reading, NOW)
    assert lookup.source == URL
    assert lookup.keys == {key for post in reading.posts for key in post.keys}
    first_choices = {mint(held.source, NOW, post.keys[0]) for post in reading.posts}
    assert lookup.ids == {"tag:a.example,2026:1"} | first_choices
    assert lookup.labels >= {"中国 abc", "bob", "feed a"}
    assert {"bob"} < lookup.slugs


@pytest.mark.parametrize("reading", [None, Unreadable("no feed")], ids=["nothing", "unreadable"])
def test_lookup_without_posts_asks_for_nothing(reading):
    """A poll that brought no posts needs to know nothing about posts."""
    lookup = pipeline.lookup(lease(), reading, NOW)
    assert (lookup.source, lookup.keys, lookup.ids, lookup.labels) == (
        URL,
        frozenset(),
        frozenset(),
        frozenset(),
    )
