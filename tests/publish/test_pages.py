"""Pages: what stands on them, that a source's words stay words, and that links lead somewhere."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from posixpath import dirname, join, normpath

import pytest
from lxml import html as parser

from aggregator.model import Category, Output, Polling, Shown, Site, Slug, Source, SourceInfo, Url
from aggregator.publish import Entry, about, category_page, home, stylesheet

HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)>'


@pytest.fixture
def sources():
    return (
        Source(Url("https://source.example/feed.xml"), title="财新"),
        Source(Url("https://secret.example/feed?key=hunter2"), title="内部", confidential=True, position=1),
        Source(Url("https://untitled.example/feed"), paused=True, position=2),
        Source(Url("https://nameless.example/feed?key=hunter2"), confidential=True, position=3),
    )


@pytest.fixture
def pages(site, categories, output, full, make, sources):
    """Every kind of page, by path."""
    entries = [Entry(one) for one in (full, Shown(make(2, link="")), Shown(make(30)))]
    rendered = (
        home([(category, entries) for category in categories.values()], site=site, output=output),
        category_page(categories["markets"], entries, site=site, output=output),
        category_page(categories["macro"], (), site=site, output=output),
        about(sources, {}, site=site, output=output, polling=Polling()),
        stylesheet(),
    )
    return {document.path: document for document in rendered}


def test_paths_and_media_types(pages):
    """Where the pages are, and what they are served as."""
    assert {path: document.media_type for path, document in pages.items()} == {
        "index.html": "text/html; charset=utf-8",
        "category/markets/index.html": "text/html; charset=utf-8",
        "category/macro/index.html": "text/html; charset=utf-8",
        "about.html": "text/html; charset=utf-8",
        "style.css": "text/css; charset=utf-8",
    }


def test_links_between_our_pages_are_relative_and_lead_to_documents(pages):
    """No page leads to one that is not there, whatever prefix it is served under."""
    for path, document in pages.items():
        if not path.endswith(".html"):
            continue
        links = parser.document_fromstring(document.body.decode()).xpath("//@href")
        ours = [link for link in links if not re.match("https?:|mailto:|#", link)]
        assert ours
        for link in ours:
            target = normpath(join(dirname(path), link))
            assert target in pages or target.endswith(("feed.atom", "feed.rss", "feed.json")), (path, link)


def test_autodiscovery_and_a_visible_way_to_subscribe(pages):
    """Feed readers find the feeds in the head, people in the page."""
    page = parser.document_fromstring(pages["category/markets/index.html"].body.decode())
    found, *others = page.xpath("//head/link[@rel='alternate']")
    assert [other.get("type") for other in others] == ["application/rss+xml", "application/feed+json"]
    assert dict(found.attrib) == {
        "rel": "alternate",
        "type": "application/atom+xml",
        "title": "市场",
        "href": "../../category/markets/feed.atom",
    }
    assert page.xpath("//main//a[@class='feed']")[0].text == "订阅"
    assert page.xpath("//main//code")[0].text == "https://news.example.org/category/markets/feed.atom"
    front = parser.document_fromstring(pages["index.html"].body.decode())
    assert len(front.xpath("//head/link[@rel='alternate']")) == 9


def test_formats_that_are_not_published_are_not_offered(site, categories):
    """A feed that does not exist is not linked to."""
    page = category_page(categories["markets"], (), site=site, output=Output(formats=("html",)))
    assert b"feed." not in page.body


def test_dates_are_in_the_site_s_time_zone(site, categories, output, make):
    """20:00 UTC is the next day in Shanghai, and days are headings."""
    late = make(published=make().published.replace(hour=20))
    body = category_page(categories["markets"], (Entry(Shown(late)),), site=site, output=output).body.decode()
    assert '<h2 id="d2026-11-25">' in body
    assert '<time datetime="2026-11-24T20:00:00Z">04:00</time>' in body


@pytest.mark.parametrize("language", ["ar", "he", "fa-IR", "ur"])
def test_direction_follows_the_language(site, categories, output, language):
    """A page in a right-to-left language says so."""
    body = category_page(
        categories["markets"], (), site=replace(site, language=language), output=output
    ).body.decode()
    assert f'<html lang="{language}" dir="rtl">' in body
    assert '<nav lang="en" dir="ltr">' in body  # there are no words in it, and ours say so


def test_words_of_a_source_stay_words(site, output, make):
    """Markup in any field is shown as text; links that are not http(s) are none."""
    post = make(
        title=HOSTILE,
        tags=(HOSTILE,),
        link="javascript:alert(1)",
        summary="",
        content="<p>{{ site.contact }} {% raw %}</p>",
        language=HOSTILE,
        origin=SourceInfo(id=HOSTILE, title=HOSTILE, home=f"https://x.example/{HOSTILE}"),
    )
    category = Category(Slug("x"), HOSTILE, HOSTILE)
    evil = Site(title=HOSTILE, contact="javascript:alert(1)", author=HOSTILE, language=HOSTILE)
    source = Source(Url("https://x.example/"), title=HOSTILE)
    for document in (
        home([(category, (Entry(Shown(post)),))], site=evil, output=output),
        category_page(category, (Entry(Shown(post)),), site=evil, output=output),
        about([source], {source.url: post.origin}, site=evil, output=output, polling=Polling()),
    ):
        page = parser.document_fromstring(document.body.decode())
        assert page.xpath("count(//script | //img | //style | //iframe | //@onerror | //@style)") == 0
        assert not [link for link in page.xpath("//@href") if link.startswith(("javascript:", "data:"))]
        assert page.xpath("//main//h1")[0].text_content().strip()


def test_about_names_every_source_but_no_confidential_address(pages, sources):
    """Titles for all, addresses for those that are public."""
    body = pages["about.html"].body.decode()
    assert "财新" in body
    assert "https://source.example/feed.xml" in body
    assert "内部" in body
    assert "https://untitled.example/feed" in body
    assert "secret.example" not in body
    assert "nameless.example" not in body
    assert "hunter2" not in body


def test_about_says_how_often_and_whom_to_ask(site, output):
    """The intervals are those of the configuration, the contact is the operator's."""
    polling = Polling(min_interval=timedelta(minutes=90), max_interval=timedelta(days=2))
    body = about((), {}, site=site, output=output, polling=polling).body.decode()
    assert "90\N{NO-BREAK SPACE}min" in body
    assert "48\N{NO-BREAK SPACE}h" in body
    assert f'<a href="{site.contact}">{site.contact}</a>' in body


def test_about_says_an_address_once_and_in_plain_words(site, output):
    """Where a source has no title its address stands for it; a mail address is shown as people write it."""
    source = Source(Url("https://untitled.example/feed"))
    asked = replace(site, contact="mailto:feeds@example.org")
    body = about([source], {}, site=asked, output=output, polling=Polling()).body.decode()
    assert body.count("https://untitled.example/feed") == 1
    assert '<a href="mailto:feeds@example.org">feeds@example.org</a>' in body


def test_pages_ask_for_nothing_from_elsewhere(pages):
    """No script, no image, no font, no inline style; the policy in the page says so too."""
    for path, document in pages.items():
        if not path.endswith(".html"):
            assert b"url(" not in document.body
            assert b"@import" not in document.body
            continue
        page = parser.document_fromstring(document.body.decode())
        assert page.xpath("//@src | //script | //style | //@style") == []
        assert page.xpath("//link[@rel='stylesheet']/@href") in (["style.css"], ["../../style.css"])
        policy = page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
        assert policy == ["default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'"]


def test_rendering_twice_gives_the_same_bytes(site, categories, output, full):
    """Pages are a function of their arguments."""
    sections = [(category, [Entry(full)]) for category in categories.values()]
    assert home(sections, site=site, output=output) == home(sections, site=site, output=output)


def test_looks_are_not_for_elements_of_a_source():
    """Contents may have headers, footers, menus and articles too: ours are named by where they stand."""
    rules = re.findall(r"^ *([^{}@\n]+) {", stylesheet().body.decode(), re.MULTILINE)
    assert len(rules) > 50
    assert [rule for rule in rules if re.match("(?:header|footer|nav|article)\\b", rule)] == []


def test_dates_keep_their_order_in_pages_from_right_to_left(site, categories, output, make):
    """Else the clock would stand before the day."""
    page = home(
        [(categories["markets"], (Entry(Shown(make())),))], site=replace(site, language="ar"), output=output
    )
    assert 'dir="ltr">2026-11-24 19:00</time>' in page.body.decode()
