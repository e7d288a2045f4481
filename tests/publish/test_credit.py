"""How much of a post is shown, and how its source is named."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aggregator.model import Output, Shown
from aggregator.publish import credit
from aggregator.publish.words import words_for

ENGLISH, CHINESE = words_for("en"), words_for("zh-CN")
NO_FOOTER = Output(credit=("author",))


def test_footer_is_the_last_line_in_the_site_s_language(full):
    """The source and the original, then who else tells it; marked as another language than the post's."""
    body = credit.body(full, Output(), CHINESE).split("\n")
    assert body[-2:] == [
        '<p lang="zh-CN">来源：<a href="https://source.example/">财新 &lt;网&gt;</a> · '
        '<a href="https://source.example/1?a=1&amp;b=2">原文</a></p>',
        '<p lang="zh-CN">另见：<a href="https://other.example/x?y=1&amp;z=2">Other &amp; Co</a></p>',
    ]


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"link": ""}, '<p>Source: <a href="https://source.example/">财新 &lt;网&gt;</a></p>'),
        ({"link": "javascript:x"}, '<p>Source: <a href="https://source.example/">财新 &lt;网&gt;</a></p>'),
        ({"link": "https://a.example/"}, '<p>Source: <a href="https://source.example/">财新 &lt;网&gt;</a> · '
                                         '<a href="https://a.example/">Original</a></p>'),
    ],
)  # fmt: skip
def test_footer_links_only_where_it_leads_somewhere(make, changes, line):
    """A source or original without an http(s) address is text, or left out."""
    assert [line] == credit.footer(Shown(make(language="en", **changes)), ENGLISH)


def test_footer_of_a_source_without_a_home_page(make):
    """The name stands there all the same."""
    post = make(language="en")
    post = replace(post, origin=replace(post.origin, home="javascript:x"), link="")
    assert credit.footer(Shown(post), ENGLISH) == ["<p>Source: 财新 &lt;网&gt;</p>"]


@pytest.mark.parametrize(
    ("changes", "body"),
    [
        ({}, "<p>C</p>"),
        ({"content": ""}, "<p>S</p>"),
        ({"content": "", "summary": ""}, "<p>T &amp; t</p>"),
        ({"republish": "excerpt"}, "<p>S</p>"),
        ({"republish": "excerpt", "summary": ""}, "<p>C</p>"),
        ({"republish": "excerpt", "summary": '<img src="https://a.example/x.png">'}, "<p>C</p>"),
        ({"republish": "excerpt", "summary": "", "content": ""}, "<p>T &amp; t</p>"),
        ({"republish": "excerpt", "summary": "<b>5 &lt; 6</b> &amp;c."}, "<p>5 &lt; 6 &amp;c.</p>"),
        ({"republish": "link"}, "<p>T &amp; t</p>"),
    ],
)
def test_body_is_what_republish_lets_through_and_never_empty(make, changes, body):
    """Full content, an excerpt as text, or nothing of it; the title where there would be nothing at all."""
    post = make(
        **{"title": "T & t", "content": "<p>C</p>", "summary": "<p>S</p>", "language": "en", **changes}
    )
    assert body == credit.body(Shown(post), NO_FOOTER, ENGLISH)


def test_excerpt_of_nothing_is_the_title_before_the_footer(make):
    """The footer alone would be no excerpt."""
    post = make(republish="excerpt", title="T", summary="", content="", language="en")
    assert credit.body(Shown(post), Output(), ENGLISH).startswith("<p>T</p>\n<p>Source: ")


@pytest.mark.parametrize(("language", "limit"), [("en", 300), ("zh-CN", 150)])
def test_excerpt_is_bounded(make, language, limit):
    """An excerpt never is the article, however the source's own summary is."""
    text = "Some words, and more. " * 100 if language == "en" else "很多字，还有更多。" * 100
    for fields in ({"summary": f"<p>{text}</p>"}, {"summary": "", "content": f"<p>{text}</p>"}):
        assert 0 < len(credit.excerpt(make(language=language, **fields))) <= limit


def test_title_with_and_without_its_source(make):
    """The credit `title` puts the source first; a title is one line and never empty."""
    output = Output(credit=("title",))
    assert credit.title(make(title=" a\n b "), Output(), ENGLISH) == "a b"
    assert credit.title(make(title="头条"), output, CHINESE) == "财新 <网>：头条"
    assert credit.title(make(title=" "), Output(), ENGLISH) == "https://source.example/1?a=1&b=2"
