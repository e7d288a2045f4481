"""RSS, JSON Feed and OPML: the posts of the Atom document, under the same ids, in other words."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime

import feedparser
import pytest
from lxml import etree

from aggregator.model import Category, Enclosure, Output, Shown, Slug, Source, SourceInfo, Url
from aggregator.publish import Entry, feed, json_document, outputs, rss_document, sources
from tests.publish.test_atom import ATOM, NASTY

WHEN = datetime.fromisoformat("2026-11-24T13:00:00.75+01:00")
DC = "{http://purl.org/dc/elements/1.1/}"
CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"


@pytest.fixture
def given(site, identity, categories, output):
    return {"site": site, "output": output, "identity": identity, "categories": categories, "updated": WHEN}


@pytest.fixture
def rss(given):
    """Renders entries of a category; the channel."""

    def build(*entries, category="markets", **changes):
        chosen = given["categories"].get(category)
        rendered = rss_document(chosen, [Entry(one) for one in entries], **{**given, **changes})
        assert rendered.refused == ()
        return etree.fromstring(rendered.document.body).find("channel")

    return build


@pytest.fixture
def as_json(given):
    """Renders entries of a category; the feed."""

    def build(*entries, category="markets", **changes):
        said = {name: value for name, value in given.items() if name not in ("identity", "updated")}
        chosen = given["categories"].get(category)
        return json.loads(json_document(chosen, [Entry(one) for one in entries], **{**said, **changes}).body)

    return build


def test_the_ids_of_all_formats_are_the_same(rss, as_json, given, full, make):
    """In the same order: a reader that changes formats sees nothing twice."""
    entries = (full, Shown(make(2)), Shown(make(3)))
    atom = etree.fromstring(
        feed(given["categories"]["markets"], [Entry(one) for one in entries], **given).document.body
    )
    ids = [entry.findtext(f"{ATOM}id") for entry in atom.iter(f"{ATOM}entry")]
    assert [guid.text for guid in rss(*entries).iterfind("item/guid")] == ids
    assert [item["id"] for item in as_json(*entries)["items"]] == ids


def test_rss_channel(rss):
    """Its own address and page, its language, and the date that it is given."""
    channel = rss()
    said = {element.tag: element.text for element in channel}
    assert (said["title"], said["description"], said["language"]) == ("市场", "股市与债市", "zh-CN")
    assert said["link"] == "https://news.example.org/category/markets/"
    assert said["lastBuildDate"] == "Tue, 24 Nov 2026 12:00:00 +0000"
    own = channel.find(f"{ATOM}link")
    assert (own.get("rel"), own.get("href")) == ("self", "https://news.example.org/category/markets/feed.rss")


def test_rss_item(rss, make):
    """Everything that RSS has a place for."""
    files = (
        Enclosure("https://source.example/a.mp3", "audio/mpeg", 5),
        Enclosure("https://source.example/b"),
    )
    post = make(enclosures=files, tags=("tag one",), categories=(Slug("markets"),), content="<p>Whole</p>")
    item = rss(Shown(post)).find("item")
    assert item.findtext("link") == post.link
    assert (item.find("guid").text, item.find("guid").get("isPermaLink")) == (post.id, "false")
    assert item.findtext("pubDate") == "Tue, 24 Nov 2026 11:00:00 +0000"
    assert "<p>Whole</p>" in item.findtext(CONTENT)
    assert "<" not in item.findtext("description")
    assert [c.text for c in item.iterfind("category")] == ["市场", "tag one"]
    assert dict(item.find("enclosure").attrib) == {"url": files[0].url, "length": "5", "type": "audio/mpeg"}
    assert item.find("source").get("url") == post.origin.feed
    assert item.findtext(f"{DC}creator")


def test_text_about_markup_stays_text(rss, as_json, make):
    """A description is taken for HTML: what a source wrote about a script must not become one."""
    post = make(summary="<p>Write &lt;script&gt;alert(1)&lt;/script&gt; &amp;amp; run.</p>")
    said = rss(Shown(post)).findtext("item/description")
    assert said == "Write &lt;script&gt;alert(1)&lt;/script&gt; &amp;amp; run."
    assert as_json(Shown(post))["items"][0]["summary"] == "Write <script>alert(1)</script> &amp; run."


@pytest.mark.parametrize("republish", ["excerpt", "link"])
def test_no_format_gives_more_than_is_republished(rss, as_json, make, republish):
    """What is shown in part is in part everywhere."""
    post = make(content=f"<p>{'A sentence of some length. ' * 40}</p>", summary="", republish=republish)
    item = rss(Shown(post)).find("item")
    assert item.find(CONTENT) is None
    shown = [item.findtext("description"), as_json(Shown(post))["items"][0]["content_html"]]
    most = 0 if republish == "link" else 14
    assert all(said.count("A sentence") <= most for said in shown)
    assert "summary" not in as_json(Shown(post))["items"][0]


def test_a_confidential_source_has_no_address(rss, as_json, make):
    """Its feed is named nowhere; the credit stays."""
    post = make(origin=SourceInfo("urn:uuid:x", "A title", home="https://source.example/"))
    item = rss(Shown(post)).find("item")
    assert item.find("source") is None
    assert "A title" in item.findtext("description") + (item.findtext(CONTENT) or "")
    assert "feed_url" not in as_json(Shown(post))["items"][0]["_aggregator"]["source"]


def test_json_item(as_json, full):
    """Everything that JSON Feed has a place for; ours under a name of ours."""
    post, document = full.post, as_json(full)
    assert document["version"] == "https://jsonfeed.org/version/1.1"
    assert document["feed_url"] == "https://news.example.org/category/markets/feed.json"
    [item] = document["items"]
    assert (item["id"], item["url"]) == (post.id, post.link)
    assert datetime.fromisoformat(item["date_published"]) == post.published
    assert [file["url"] for file in item["attachments"]] == [file.url for file in post.enclosures]
    assert item["_aggregator"]["source"]["title"] == post.origin.title
    assert len(item["_aggregator"]["also_in"]) == len(full.also_in)


@pytest.mark.parametrize("nasty", NASTY, ids=ascii)
def test_nasty_text(rss, as_json, make, nasty):
    """Whatever a title, a name or a category holds, documents are well-formed, and feedparser reads them."""
    post = make(title=nasty, tags=(nasty,), authors=(), content=f"<p>x</p>{'y' * 9}")
    odd = Category(Slug("markets"), nasty, nasty)
    channel = rss(Shown(post), categories={odd.slug: odd})
    read = feedparser.parse(etree.tostring(channel.getparent()))
    assert not read.bozo
    assert len(read.entries) == 1
    assert len(as_json(Shown(post))["items"]) == 1


def test_a_bad_item_is_left_out_and_named(given, make):
    """It takes no other with it."""
    bad = make(1, published=datetime.max.replace(tzinfo=WHEN.tzinfo))
    rendered = rss_document(None, [Entry(Shown(bad)), Entry(Shown(make(2)))], **given)
    assert len(rendered.refused) + rendered.document.body.count(b"<item>") == 2
    assert rendered.document.body.count(b"</item>") >= 1


def test_outputs_opml(site, categories):
    """All that can be subscribed to, in the first format that there is."""
    for formats, file in ((("atom", "rss"), "feed.atom"), (("rss",), "feed.rss")):
        given = {"site": site, "output": Output(formats=formats), "updated": WHEN}
        opml = etree.fromstring(outputs(list(categories.values()), **given).body)
        assert [outline.get("xmlUrl") for outline in opml.iter("outline")] == [
            f"https://news.example.org/{folder}{file}"
            for folder in ("", "category/markets/", "category/macro/")
        ]
    assert opml.findtext("head/dateModified") == "Tue, 24 Nov 2026 12:00:00 GMT"
    nothing = outputs([], site=site, output=Output(formats=("json",)), updated=WHEN)
    assert b"<outline" not in nothing.body


def test_sources_opml(site):
    """In the order of the file, by the file's titles, else their own; none that is confidential."""
    listed = [
        Source(Url("https://b.example/feed"), title="B & co"),
        Source(Url("https://a.example/feed")),
        Source(Url("https://secret.example/feed?key=1"), title="S", confidential=True),
        Source(Url("file:x.xml"), confidential=True),
    ]
    infos = {listed[1].url: SourceInfo("x", "A's own", home="https://a.example/")}
    document = sources(listed, infos, site=site)(WHEN)
    opml = etree.fromstring(document.body)
    assert [(o.get("text"), o.get("xmlUrl"), o.get("htmlUrl")) for o in opml.iter("outline")] == [
        ("B & co", "https://b.example/feed", None),
        ("A's own", "https://a.example/feed", "https://a.example/"),
    ]
    assert b"secret" not in document.body
    assert sources(listed, infos, site=replace(site, author=""))(WHEN).body.count(b"ownerName") == 0


def test_the_hub_is_announced_in_every_format(rss, as_json, given):
    """By the words of each: who subscribes finds hub and self in the document (W3C WebSub, 4)."""
    hub = "https://news.example.org/hub"
    atom = etree.fromstring(feed(given["categories"]["markets"], (), hub=hub, **given).document.body)
    assert [(link.get("rel"), link.get("href")) for link in atom.iterfind(f"{ATOM}link")] == [
        ("self", "https://news.example.org/category/markets/feed.atom"),
        ("alternate", "https://news.example.org/category/markets/"),
        ("hub", hub),
    ]
    channel = rss(hub=hub)
    assert channel.findtext("link") == "https://news.example.org/category/markets/"
    assert [(link.get("rel"), link.get("href")) for link in channel.iterfind(f"{ATOM}link")] == [
        ("self", "https://news.example.org/category/markets/feed.rss"),
        ("hub", hub),
    ]
    assert as_json(hub=hub)["hubs"] == [{"type": "WebSub", "url": hub}]


def test_without_a_hub_none_is_announced(rss, as_json, given):
    """Neither an empty one nor the list of none."""
    atom = etree.fromstring(feed(given["categories"]["markets"], (), **given).document.body)
    for found in (atom, rss()):
        assert [link.get("rel") for link in found.iterfind(f"{ATOM}link") if link.get("rel") == "hub"] == []
    assert "hubs" not in as_json()
