"""Pages of posts: what stands on them, whose it is, and that nothing on them acts."""

from __future__ import annotations

from dataclasses import replace
from posixpath import dirname, join, normpath

import pytest
from lxml import html as parser

from aggregator.model import Enclosure, Output, Person, PostId, Shown, Slug
from aggregator.publish import Entry, category_page, home, post_page, templates
from aggregator.syntax.html import sanitize

PATH = "post/2026/11/one-1a2b3c4d.html"
ALL = ("atom", "rss", "json", "html", "posts")
BASE = "https://source.example/a/"


@pytest.fixture
def page(site, categories, make):
    """Renders a post with these fields, under these settings; the parsed page."""

    def render(shown=None, *, output=(), language="zh-CN", **fields):
        document = post_page(
            PATH,
            shown or Shown(make(**fields)),
            site=replace(site, language=language),
            output=replace(Output(formats=ALL), **dict(output)),
            categories=categories,
        )
        assert (document.path, document.media_type) == (PATH, "text/html; charset=utf-8")
        return parser.document_fromstring(document.body.decode())

    return render


def words(page, path):
    return [" ".join(one.text_content().split()) for one in page.xpath(path)]


def test_what_stands_on_it(page, full):
    """Title, authors, source, date, text, files, credit with who else tells it, categories and tags."""
    found = page(full)
    assert words(found, "//h1") == ["第1条 & 其他"]
    assert found.xpath("//h1/a/@href") == ["https://source.example/1?a=1&b=2"]
    assert words(found, "//article/p") == ["张三、Li Si · 财新 <网> · 2026-11-24 19:00"]
    assert found.xpath("//article//time/@datetime") == ["2026-11-24T11:00:00Z"]
    assert words(found, "//div[@class='text']") == ["正文 1，5 < 6。"]
    assert words(found, "//ul[@class='enclosures']/li") == ["▶ 音频"]
    assert words(found, "//div[@class='credit']/p") == ["来源：财新 <网> · 原文", "另见：Other & Co"]
    assert words(found, "//p[@class='filed']") == ["市场 · 宏观 · Fed · 利率"]
    assert found.xpath("//p[@class='filed']/a/@href") == [
        "../../../category/markets/index.html",
        "../../../category/macro/index.html",
    ]


def test_a_source_that_is_its_author(page):
    """It is named once."""
    found = page(authors=(Person("财新 <网>"), Person("Li Si")))
    assert words(found, "//article/p") == ["Li Si · 财新 <网> · 2026-11-24 19:00"]
    assert words(page(authors=()), "//article/p") == ["财新 <网> · 2026-11-24 19:00"]


def test_files(page):
    """By their titles, else their names, with a size that says something."""
    url = "https://source.example/files/talk.mp3?x=1"
    files = (Enclosure(url, "audio/mpeg", 12_345_678), Enclosure("https://source.example/", "", 999))
    found = page(enclosures=files)
    assert words(found, "//ul[@class='enclosures']/li") == ["▶ talk.mp3 12.3 MB", "▶ source.example"]
    assert found.xpath("//ul[@class='enclosures']//a/@type") == ["audio/mpeg"]


def test_the_original_is_what_search_engines_are_sent_to(page):
    """They may not list the page unless the operator lets them; without a link it stands for itself."""
    for index in (False, True):
        found = page(output={"index": index})
        assert found.xpath("//link[@rel='canonical']/@href") == ["https://source.example/1?a=1&b=2"]
        assert found.xpath("//meta[@name='robots']/@content") == ([] if index else ["noindex"])
    assert page(link="").xpath("//link[@rel='canonical']/@href") == [f"https://news.example.org/{PATH}"]


def test_what_it_may_load(page):
    """Images and our style sheet; no script, no frame, no player."""
    content = sanitize(
        '<h1>Big</h1><p class="lead" style="position:fixed">Text</p><img src="/i.png" srcset="/j.png 2x">'
        '<video src="/v.mp4"></video><iframe src="https://x.example/"></iframe><script>alert(1)</script>',
        BASE,
    )
    found = page(content=content)
    policy = found.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")[0]
    assert "img-src http: https:" in policy
    assert "default-src 'none'" in policy
    image = found.xpath("//img")[0]
    assert (image.get("src"), image.get("loading")) == ("https://source.example/i.png", "lazy")
    assert image.get("referrerpolicy") == "no-referrer"
    assert found.xpath("//script|//iframe|//video|//audio|//object|//*[@style]") == []
    assert words(found, "//div[@class='text']/h2") == ["Big"]
    assert found.xpath("//div[@class='text']//*[@class]") == []
    assert found.xpath("//a[@href='https://source.example/v.mp4']")


def test_a_source_can_put_nothing_into_the_page(page):
    """Its words stay words, its links http(s)."""
    evil = '"><script>alert(1)</script>{{ 7*7 }}'
    found = page(
        title=evil,
        link="javascript:alert(1)",
        tags=(evil,),
        authors=(Person(evil, "javascript:alert(1)"),),
        enclosures=(Enclosure("javascript:alert(1)"), Enclosure("https://x.example/a.mp3", evil, None, evil)),
    )
    assert found.xpath("//script") == []
    assert words(found, "//h1") == [evil]
    assert evil in words(found, "//article/p")[0]
    assert not [href for href in found.xpath("//@href") if href.startswith("javascript")]
    assert len(found.xpath("//ul[@class='enclosures']/li")) == 1


@pytest.mark.parametrize(
    ("republish", "text"),
    [("full", ["正文 1，5 < 6。"]), ("excerpt", ["摘要。"]), ("link", [])],
)
def test_how_much_of_it(page, republish, text):
    """No more than the feeds show."""
    found = page(republish=republish)
    assert words(found, "//div[@class='text']") == text
    assert words(found, "//div[@class='credit']/p") == ["来源：财新 <网> · 原文"]


@pytest.mark.parametrize("credit", [(), ("author",), ("footer",), ("title", "author", "footer")])
def test_credit_is_always_there(page, credit):
    """Source and original are named once, whatever `output.credit` says; `title` puts it before the title."""
    found = page(output={"credit": credit})
    assert words(found, "//div[@class='credit']/p") == ["来源：财新 <网> · 原文"]
    assert "原文" not in words(found, "//article")[0]
    assert words(found, "//h1")[0].endswith("第1条 & 其他")
    assert ("财新 <网>" in words(found, "//h1")[0]) is ("title" in credit)


@pytest.mark.parametrize(
    ("language", "direction", "spoken"),
    [("ar", "rtl", "ar"), ("de", "ltr", "de"), ("", "auto", None)],
)
def test_languages(page, make, language, direction, spoken):
    """The post speaks its own, our words ours."""
    root = page(Shown(make(language=language)), language="en")
    article = root.xpath("//article")[0]
    assert (article.get("dir"), article.get("lang")) == (direction, spoken)
    assert root.get("lang") == (language or "en")
    credit = root.xpath("//div[@class='credit']")[0]
    assert (credit.get("lang"), credit.get("dir")) == (("en", "ltr") if language else (None, None))


def test_where_to_subscribe(page, categories, site, make):
    """To the post's first category; readers find the others and everything in the head."""
    found = page()
    assert found.xpath("//main//p[@class='subscribe']//a/@href")[0] == "../../../category/markets/feed.atom"
    listed = found.xpath("//link[@rel='alternate'][@type='application/atom+xml']/@href")
    assert [normpath(join(dirname(PATH), href)) for href in listed] == [
        "category/markets/feed.atom",
        "category/macro/feed.atom",
        "feed.atom",
    ]
    alone = page(categories=(Slug("unknown"),), tags=())
    assert alone.xpath("//p[@class='filed']") == []
    assert alone.xpath("//main//p[@class='subscribe']//a/@href")[0] == "../../../feed.atom"
    without = page(output={"formats": ("atom", "posts")})
    assert words(without, "//p[@class='filed']") == ["Fed · 利率"]


def test_pages_of_posts_alone(page):
    """Where there are no other pages none is linked to."""
    found = page(output={"formats": ("posts",)})
    assert [href for href in found.xpath("//@href") if not href.startswith(("https:", "#"))] == [
        "../../../style.css"
    ]
    assert words(found, "//p[@class='site']") == ["金融消息"]


def test_other_pages_lead_there(site, categories, make):
    """Where a post has a page; else to the original, as before."""
    entries = [Entry(Shown(make(1))), Entry(Shown(make(2)))]
    posts = {PostId("tag:source.example,2026:1"): PATH}
    output = Output(formats=ALL)
    for document in (
        home([(categories["markets"], entries)], site=site, output=output, posts=posts),
        category_page(categories["markets"], entries, site=site, output=output, posts=posts),
    ):
        hrefs = parser.document_fromstring(document.body.decode()).xpath("//main//@href")
        ours = [normpath(join(dirname(document.path), href)) for href in hrefs if href.endswith(PATH)]
        assert ours == [PATH]
        assert "https://source.example/2?a=1&b=2" in hrefs
        assert "https://source.example/1?a=1&b=2" not in hrefs


def test_the_same_bytes(site, categories, full):
    """A function of the arguments; `templates` tells when they would be others."""
    first, second = (
        post_page(PATH, full, site=site, output=Output(formats=ALL), categories=categories) for _ in range(2)
    )
    assert first == second
    assert templates() == templates() != ""
