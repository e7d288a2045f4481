"""Posts as files of a Jekyll site, byte for byte."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from aggregator.model import Category, Jekyll, Shown, Site
from aggregator.publish.jekyll import file_name, post_file
from aggregator.syntax import text
from tests.posts import post

SITE = Site(title="金融消息", url="https://news.example.org/", language="zh-CN", timezone="Asia/Shanghai")
JEKYLL = Jekyll(
    directory="_posts",
    category_url="//news.example.org/category/{category}.html",
    home_url="//news.example.org/",
)
CATEGORIES = {"shichang": Category("shichang", "市场")}
POST = replace(
    post("g1"),
    title="“同步”推进",
    slug="tongbu",
    link="http://source.example/a?id=1",
    content="<p>一</p>\n <p>二</p>",
    published=datetime(2022, 1, 6, 17, 3, 29, tzinfo=UTC),
    categories=("shichang",),
    tags=("市场新闻",),
)


def written(jekyll=JEKYLL, site=SITE, **fields):
    """The file of the post with these fields."""
    return post_file(Shown(replace(POST, **fields)), jekyll=jekyll, site=site, categories=CATEGORIES).decode()


def front(document):
    """What YAML reads in the front matter."""
    return yaml.safe_load(document.split("---\n")[1])


def test_the_contract():
    """Quoted title, the site's time zone, the content as sanitized, link, way back, no newline at the end."""
    assert written() == (
        '---\nlayout: post\ntitle: "“同步”推进"\ndate: 2022-01-07 01:03:29 +0800\n'
        "categories: shichang\ntags: 市场新闻\n---\n<p>一</p>\n <p>二</p>\n\n"
        "<http://source.example/a?id=1>\n\n"
        "[返回市场新闻](//news.example.org/category/shichang.html)｜[返回首页](//news.example.org/)"
    )


def test_name_is_dated_in_the_time_zone_of_the_site():
    """Late in the evening in UTC is the next day in Shanghai."""
    assert file_name(POST, SITE) == "2022-01-07-tongbu.md"


@pytest.mark.parametrize(
    "title", ['He said "no"', "back\\slash", "a: b # c", "{{ x }}", "- ---", "true", "'", "\u2028x", "é😀"]
)
def test_any_title_is_read_back(title):
    """YAML reads the title that was given, whatever it holds."""
    assert front(written(title=title))["title"] == " ".join(title.split())


@pytest.mark.parametrize(
    ("tags", "line"),
    [
        (("a",), "tags: a"),
        (("a", "b"), "tags: [a, b]"),
        (("two words",), 'tags: ["two words"]'),
        (("2026", "no"), 'tags: ["2026", "no"]'),
        (("c++, d]",), 'tags: ["c++, d]"]'),
    ],
)
def test_tags(tags, line):
    """Several are a flow list; Jekyll would split one with a space, and YAML would type `no`."""
    document = written(tags=tags)
    assert line in document.splitlines()
    said = front(document)["tags"]
    assert ([said] if isinstance(said, str) else said) == list(tags)


def test_without_tags_the_way_back_names_the_category():
    """There is no empty key, and the category's title stands in."""
    document = written(tags=())
    assert "tags:" not in document
    assert "[返回市场](" in document


def test_liquid_is_neutralized():
    """A body is text for Jekyll, wherever it comes from."""
    document = written(content="<p>{{ site.x }} {% raw %}</p>", tags=("{{x}}",))
    assert "{{" not in document.split("---\n", 2)[2]
    assert "{%" not in document
    assert "&#123;&#123; site.x }} &#123;% raw %}" in document


def test_republish_binds_here_too():
    """An excerpt is a sentence or two, a link is only that."""
    excerpt = written(republish="excerpt", summary="<p>Only <b>this</b>.</p>")
    assert "<p>Only this.</p>\n\n<http" in excerpt
    assert "<p>一" not in excerpt
    assert written(republish="link").split("---\n")[2].startswith("<http://source.example")


def test_no_address_no_way_back():
    """What is not configured is left out."""
    assert written(jekyll=Jekyll(directory="x")).endswith("<http://source.example/a?id=1>")


def test_names_cannot_break_out_of_the_link():
    """A tag is text in Markdown."""
    assert "[返回a\\](b)](//" in written(tags=("a](b)",))


ANY_TEXT = st.text(st.characters()) | st.text(
    st.sampled_from("\"\\'\n\r\t :-#{}[]%&*!|>@`,?~\x85\u2028\ufeff\x00\ud800ab0")
)


@given(ANY_TEXT)
@example('"\n---\nlayout: evil\n')
@example("\\")
def test_front_matter_is_safe_whatever_a_title_holds(title):
    """YAML gives back the title as plain text on one line, and no key that we did not write."""
    said = front(written(title=title))
    assert said["title"] == text.fold(title)
    assert list(said) == ["layout", "title", "date", "categories", "tags"]


@given(st.lists(ANY_TEXT.filter(text.fold), min_size=1, max_size=3, unique_by=text.fold))
@example(["a\n---\nb"])
@example(["2026-01-01", "null"])
def test_front_matter_is_safe_whatever_tags_hold(tags):
    """Tags are read back as text, one by one, and end no front matter."""
    said = front(written(tags=tuple(tags)))["tags"]
    assert ([said] if isinstance(said, str) else said) == [text.fold(tag) for tag in tags]


@given(st.text(st.sampled_from("{%}- x\n")))
@example("{{{%")
def test_no_liquid_is_left_of_any_body(content):
    """Nothing that Jekyll would run as a template, however braces meet, and nothing else is changed."""
    body = written(content=content).split("---\n", 2)[2]
    assert "{{" not in body
    assert "{%" not in body
    assert body.replace("&#123;", "{").startswith(content)
