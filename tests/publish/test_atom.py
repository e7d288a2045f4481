"""Atom documents: RFC 4287, the order of DESIGN section 6, and bytes that depend on nothing but arguments."""

from __future__ import annotations

import logging
import random
import re
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from lxml import etree

from aggregator.model import (
    Category,
    Enclosure,
    Output,
    Person,
    PostId,
    Shown,
    Slug,
    SourceInfo,
    Story,
    Tombstone,
)
from aggregator.publish import Entry, feed, shown

DATA = Path(__file__).parent / "data"
ATOM = "{http://www.w3.org/2005/Atom}"
LANG = "{http://www.w3.org/XML/1998/namespace}lang"
SCHEMA = etree.RelaxNG(etree.parse(DATA / "atom.rng"))
NASTY = [
    "\x00\x0b\x1f",
    "\ud800 lone",
    "\ufffe\uffff",
    "]]>",
    "<script>alert(1)</script>",
    "&#0;&unknown;",
    '"><x y="',
    "\u202e right to left",
    "{{ site }} {% raw %}",
    "𝕏 😀",
    "a" * 5000,
]


@pytest.fixture
def render(site, identity, categories, output):
    """Renders entries of a category, and gives the root element and what was refused."""

    def build(*entries, category="markets", **changes):
        rendered = feed(
            categories.get(category),
            [Entry(one) for one in entries],
            **{
                "site": site,
                "output": output,
                "identity": identity,
                "categories": categories,
                "updated": datetime.fromisoformat("2026-11-24T13:00:00.75+01:00"),
                **changes,
            },
        )
        root = etree.fromstring(rendered.document.body)
        assert SCHEMA.validate(root), SCHEMA.error_log
        return root, rendered

    return build


def entry_of(root):
    return root.find(ATOM + "entry")


def test_golden_document(render, full, make):
    """The whole document, byte for byte: what subscribers get may only change on purpose."""
    _, rendered = render(full, Shown(make(2, republish="excerpt")), Shown(make(3, republish="link", tags=())))
    assert (DATA / "markets.atom").read_bytes() == rendered.document.body
    assert rendered.document.path == "category/markets/feed.atom"
    assert rendered.document.media_type == "application/atom+xml; charset=utf-8"


def test_children_of_an_entry_are_in_order(render, full):
    """Title, the alternate link, id, dates, authors, categories, content, other links, source (DESIGN 6)."""
    entry = entry_of(render(full)[0])
    names = [child.tag.removeprefix(ATOM) + child.get("rel", "") for child in entry]
    assert names == [
        "title",
        "linkalternate",
        "id",
        "published",
        "updated",
        "author",
        "author",
        "category",
        "category",
        "category",
        "category",
        "content",
        "linkvia",
        "linkenclosure",
        "source",
    ]


def test_links_keep_their_attributes(render, full):
    """feedgen 1.0 alone would leave nothing but `href` (its issue 135)."""
    links = [dict(link.attrib) for link in entry_of(render(full)[0]).findall(ATOM + "link")]
    assert links == [
        {"rel": "alternate", "href": "https://source.example/1?a=1&b=2", "type": "text/html"},
        {"rel": "via", "href": "https://other.example/x?y=1&z=2", "title": "Other & Co"},
        {
            "rel": "enclosure",
            "href": "https://source.example/1.mp3",
            "type": "audio/mpeg",
            "length": "1234",
            "title": "音频",
        },
    ]


def test_source_is_whole_and_has_no_categories(render, full):
    """id, title, updated, links and rights of the feed that an entry comes from (RFC 4287, 4.2.11)."""
    source = entry_of(render(full)[0]).find(ATOM + "source")
    assert [(child.tag.removeprefix(ATOM), child.get("rel") or child.text) for child in source] == [
        ("id", "https://source.example/"),
        ("title", "财新 <网>"),
        ("updated", "2026-11-24T12:00:00Z"),
        ("link", "alternate"),
        ("link", "self"),
        ("link", "license"),
        ("rights", "© 2026 财新"),
    ]


def test_confidential_source_shows_no_address(render, make):
    """What `normalize` left out of a source stays out; its updated falls back to the entry's."""
    origin = SourceInfo(id="urn:uuid:0f0e0d0c-0b0a-4908-8706-050403020107", title="内部")
    post = make(origin=origin, authors=())
    entry = entry_of(render(Shown(post))[0])
    assert b"feed.xml" not in etree.tostring(entry)
    assert entry.find(f"{ATOM}source/{ATOM}updated").text == "2026-11-24T11:59:00Z"
    assert [name.text for name in entry.iterfind(f"{ATOM}author/{ATOM}name")] == ["内部"]


def test_same_arguments_same_bytes_in_any_order(render, make):
    """Stories and members in any order, and a second rendering, give the same bytes."""
    posts = [make(number, published=make(number // 3).published) for number in range(1, 10)]
    stories = [
        Story(post.id, (post, make(20 + n, source="https://b.example/"))) for n, post in enumerate(posts)
    ]
    positions = {posts[0].source: 0, "https://b.example/": 1}
    first = render(*shown(stories, positions, 5))[1].document.body
    shuffle = random.Random(7)
    for _ in range(5):
        shuffle.shuffle(stories)
        mixed = [replace(story, members=tuple(shuffle.sample(story.members, 2))) for story in stories]
        assert first == render(*shown(mixed, positions, 5))[1].document.body
    assert b"+00:00" not in first  # every date in one form


@pytest.mark.parametrize("nasty", NASTY, ids=range(len(NASTY)))
def test_no_text_costs_an_entry_or_the_document(render, make, nasty):
    """Hostile text in every field of an entry still gives a valid document with that entry."""
    post = make(
        title=nasty,
        tags=(nasty, nasty + " "),
        authors=(Person(nasty, nasty),),
        content=f"<p>{nasty}</p>",
        language=nasty,
        enclosures=(Enclosure(nasty, nasty, -1, nasty), Enclosure("https://a.example/x", nasty, -1, nasty)),
        origin=SourceInfo(id="urn:x", title=nasty, home=nasty, feed=nasty, rights=nasty, license=nasty),
    )
    root, rendered = render(Shown(post), Shown(make(2)))
    assert not rendered.refused
    assert len(root.findall(ATOM + "entry")) == 2
    hrefs = [link.get("href") for link in root.iter(ATOM + "link")]
    assert all(re.match("https://[a-z.]+/", href) for href in hrefs)


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "//x", "", "a b"]
)
def test_links_that_a_reader_must_not_follow_are_left_out(render, make, link):
    """An entry without a link that may be followed has content instead (RFC 4287, 4.1.2)."""
    post = make(link=link, republish="link", authors=(Person("A", link),), enclosures=(Enclosure(link),))
    entry = entry_of(render(Shown(post))[0])
    assert entry.find(ATOM + "link") is None
    assert entry.find(ATOM + "content") is not None
    assert link == "" or link not in etree.tostring(entry, encoding="unicode")


def test_entry_that_cannot_be_written_is_left_out_and_named(render, make, caplog):
    """A naive date is a fault of ours: it costs its entry, not the document, and is not silent."""
    bad = make(2, published=datetime(2026, 1, 1))  # noqa: DTZ001
    with caplog.at_level(logging.WARNING):
        root, rendered = render(Shown(make(1)), Shown(bad), Shown(make(3)))
    assert [entry.findtext(ATOM + "id")[-1] for entry in root.iter(ATOM + "entry")] == ["1", "3"]
    assert [refused.id for refused in rendered.refused] == [bad.id]
    assert bad.id in caplog.text


def test_site_feed(render, full):
    """The feed of everything has the site's title and stands at the root."""
    root, rendered = render(full, category=None)
    assert rendered.document.path == "feed.atom"
    assert root.findtext(ATOM + "title") == "金融消息"
    links = {link.get("rel"): link.get("href") for link in root.findall(ATOM + "link")}
    assert links == {
        "self": "https://news.example.org/feed.atom",
        "alternate": "https://news.example.org/",
    }


def test_feed_ids_hold_when_everything_else_moves(render, full, site):
    """A feed's id is the store's: address, titles and languages may change, and no two scopes share one."""
    moved = replace(site, url="https://elsewhere.example/", title="Other", language="en")
    ids = [
        render(full, category=category, site=where)[0].findtext(ATOM + "id")
        for category in ("markets", "macro", None)
        for where in (site, moved)
    ]
    assert ids[0::2] == ids[1::2]
    assert len(set(ids)) == 3
    assert all(one.startswith("urn:uuid:") for one in ids)


def test_empty_document_is_valid_and_dated(render):
    """A category without posts has its document, with the date that it was given."""
    root, _ = render()
    assert root.findtext(ATOM + "updated") == "2026-11-24T12:00:00Z"
    assert root.findtext(ATOM + "subtitle") == "股市与债市"
    assert root.get(LANG) == "zh-CN"


def test_languages(render, make, categories):
    """The category's language on the feed, an entry's on entry and content; where it has none, the feed's."""
    categories["macro"] = Category(Slug("macro"), "宏观", language="ja")
    root, _ = render(Shown(make(1, language="pt_BR")), Shown(make(2, language="")), category="macro")
    assert root.get(LANG) == "ja"
    entries = root.findall(ATOM + "entry")
    assert [entry.get(LANG) for entry in entries] == ["pt-BR", "ja"]
    assert [entry.find(ATOM + "content").get(LANG) for entry in entries] == ["pt-BR", "ja"]


def test_categories_and_tags_each_once(render, make, categories):
    """Ours carry a scheme and a label, tags neither; a tag that is spelled like a category stays a tag."""
    post = make(categories=(Slug("markets"), Slug("new")), tags=("Fed", " Fed", "markets", ""))
    found = [dict(c.attrib) for c in entry_of(render(Shown(post))[0]).iterfind(ATOM + "category")]
    scheme = found[0].pop("scheme")
    assert scheme.startswith("urn:uuid:")
    assert found == [
        {"term": "markets", "label": "市场"},
        {"term": "new", "scheme": scheme, "label": "new"},
        {"term": "Fed"},
        {"term": "markets"},
    ]


@pytest.mark.parametrize("credit", [(), ("author",), ("footer",), ("title",), ("author", "footer", "title")])
def test_author_is_never_ours(render, make, credit):
    """Whatever the credit, an entry without an author is not the feed's author's (RFC 4287, 4.1.1)."""
    entry = entry_of(render(Shown(make(authors=())), output=Output(credit=credit))[0])
    assert [name.text for name in entry.iterfind(f"{ATOM}author/{ATOM}name")] == ["财新 <网>"]


def test_dates_lose_their_fractions_and_zones(render, make):
    """Dates are UTC in whole seconds, whatever zone they came with."""
    moment = datetime.fromisoformat("2026-11-24T20:00:00.999+08:00")
    entry = entry_of(render(Shown(make(published=moment, updated=moment + timedelta(hours=1))))[0])
    assert entry.findtext(ATOM + "published") == "2026-11-24T12:00:00Z"
    assert entry.findtext(ATOM + "updated") == "2026-11-24T13:00:00Z"


def test_ids_are_as_given(render, make):
    """An id is never rewritten, whatever stands in it."""
    given = PostId("http://source.example/?p=1&q=%E4%B8%AD#a")
    assert entry_of(render(Shown(make(id=given)))[0]).findtext(ATOM + "id") == given


def test_tombstones(render, full, make):
    """Entries that have gone stand before the others (RFC 6721); one that is there has not gone."""
    gone = Tombstone(PostId('urn:x:"<&>'), datetime.fromisoformat("2026-11-24T13:00:00.75+01:00"))
    there = replace(gone, id=full.post.id)
    root, _ = render(full, Shown(make(2)), tombstones=[gone, there])
    assert root.nsmap["at"] == "http://purl.org/atompub/tombstones/1.0"
    [found] = root.iterfind("{http://purl.org/atompub/tombstones/1.0}deleted-entry")
    assert dict(found.attrib) == {"ref": 'urn:x:"<&>', "when": "2026-11-24T12:00:00Z"}
    assert found.getnext().tag == ATOM + "entry"
    assert root.findtext(ATOM + "updated") == "2026-11-24T12:00:00Z"


HISTORY = "{http://purl.org/syndication/history/1.0}"


def feed_links(root):
    return {link.get("rel"): link.get("href") for link in root.findall(ATOM + "link")}


def test_an_archive_is_a_document_of_the_same_feed(render, full):
    """RFC 5005, 4: under the id of the feed, marked; its own address, the current one, the one before."""
    subscribed, _ = render(full, previous=4)
    root, rendered = render(full, number=3, previous=1)
    base = "https://news.example.org/category/markets/"
    assert rendered.document.path == "category/markets/archive/3.atom"
    assert [len(one.findall(HISTORY + "archive")) for one in (subscribed, root)] == [0, 1]
    assert feed_links(subscribed) == {
        "self": base + "feed.atom",
        "prev-archive": base + "archive/4.atom",
        "alternate": base,
    }
    assert feed_links(root) == {
        "self": base + "archive/3.atom",
        "current": base + "feed.atom",
        "prev-archive": base + "archive/1.atom",
        "alternate": base,
    }
    assert root.findtext(ATOM + "id") == subscribed.findtext(ATOM + "id")
    assert len(root.findall(ATOM + "entry")) == 1


def test_the_oldest_archive_names_none_before(render):
    """Also where nothing that was in it is shown any more."""
    root, _ = render(number=1)
    assert feed_links(root).keys() == {"self", "current", "alternate"}
    assert root.findall(ATOM + "entry") == []
