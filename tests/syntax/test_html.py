"""HTML: safe, absolute, bounded, and otherwise left alone."""

import json
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.syntax import markup
from aggregator.syntax.html import MOST_OUT, escape, excerpt, paragraphs, sanitize, to_text

BASE = "https://e.com/d/"
PAYLOADS = Path(__file__).parents[3] / "shared" / "xss" / "payloads.json"

HARMLESS_ATTRIBUTES = frozenset({
    "abbr", "align", "alt", "border", "cellpadding", "cellspacing", "cite", "class", "color", "colspan",
    "controls", "datetime", "dir", "face", "headers", "height", "href", "hreflang", "lang", "loading",
    "loop", "media", "muted", "open", "playsinline", "poster", "preload", "rel", "reversed", "rowspan",
    "scope", "size", "sizes", "span", "src", "srcset", "start", "summary", "title", "type", "valign",
    "value", "width",
})  # fmt: skip
ACTIVE = frozenset({
    "applet", "base", "button", "embed", "form", "frame", "frameset", "iframe", "input", "link", "math",
    "meta", "noscript", "object", "option", "param", "script", "select", "style", "svg", "template",
    "textarea", "title",
})  # fmt: skip


class Judge(HTMLParser):
    """An independent reader that notes everything that may run or load."""

    def __init__(self):
        super().__init__()
        self.faults = []

    def handle_starttag(self, tag, attrs):
        if tag in ACTIVE:
            self.faults.append(tag)
        for name, value in attrs:
            if name not in HARMLESS_ATTRIBUTES:
                self.faults.append((tag, name))
            schemes = ("http://", "https://", "mailto:") if name == "href" else ("http://", "https://")
            if name in ("href", "src", "poster", "cite") and not value.startswith(schemes):
                self.faults.append((name, value))
            if name == "srcset" and not all(one.startswith(schemes) for one in value.split(", ")):
                self.faults.append((name, value))

    def handle_comment(self, data):
        self.faults.append(data)


PADDING = "<p>x</p>" * 501  # more tags than go in unguarded


def faults_of(html):
    judge = Judge()
    judge.feed(html.removeprefix(PADDING))
    judge.close()
    return judge.faults


@pytest.mark.parametrize(
    "html",
    [
        "",
        "plain text",
        '<p>2021年以来，<strong>临汾市</strong></p>\n <p class="em_media">（来源）</p>',
        "<p>a &amp; b &lt; c</p><ul>\n<li>one</li>\n<li>two</li>\n</ul><br><hr>",
        '<a href="https://e.com/?a=1&amp;b=2">link</a>',
        '<img src="https://e.com/a.png" alt="A" width="300" height="200">',
        '<table><tbody><tr><td colspan="2">cell</td></tr></tbody></table>',
        '<pre><code class="language-py">a  =  1\n</code></pre>',
        '<p class="a  b">  two  spaces  </p>',
    ],
)
def test_simple_html_keeps_its_bytes(html):
    """Well-formed simple HTML comes out as it went in, class and white space included."""
    assert sanitize(html, BASE) == html


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ('<a href="../x">l</a>', '<a href="https://e.com/x">l</a>'),
        ('<a href="mailto:a@e.com?subject=x y">m</a>', '<a href="mailto:a@e.com?subject=x%20y">m</a>'),
        ('<a href="java\nscript:alert(1)">l</a>', "<a>l</a>"),
        ('<a href="tel:1" target="_blank" onclick="x()" style="color:red" id="i">l</a>', "<a>l</a>"),
        ('<a rel="nofollow me opener" href="/x">l</a>', '<a rel="nofollow" href="https://e.com/x">l</a>'),
        ('<blockquote cite="/q">q</blockquote>', '<blockquote cite="https://e.com/q">q</blockquote>'),
        (
            '<video src="v.mp4" poster="p.jpg" autoplay></video>',
            '<video src="https://e.com/d/v.mp4" poster="https://e.com/d/p.jpg" controls=""></video>',
        ),
        (
            '<img src="a.png" srcset="a.png 1x, b,c.png 2x,d.png, javascript:1 3x">',
            '<img src="https://e.com/d/a.png" srcset="https://e.com/d/a.png 1x, https://e.com/d/b,c.png 2x, https://e.com/d/d.png">',
        ),
        (
            '<img src="spacer.gif" data-src="real.jpg" alt="&quot;A&quot;">',
            '<img src="https://e.com/d/real.jpg" alt="&quot;A&quot;">',
        ),
        ('<img data-original="/o.jpg" class="lazy">', '<img src="https://e.com/o.jpg" class="lazy">'),
        (
            '<img src="s.png" data-srcset="a.png 2x">',
            '<img src="https://e.com/d/s.png" srcset="https://e.com/d/a.png 2x">',
        ),
        (
            '<picture><source data-srcset="a.webp"><img src="a.png"></picture>',
            '<picture><source srcset="https://e.com/d/a.webp"><img src="https://e.com/d/a.png"></picture>',
        ),
        ('x<img src="t.gif" width="1" height="1">y', "xy"),
        ('x<img src="t.gif" width="0px">y', "xy"),
        ('x<img src="https://pixel.wp.com/b.gif?x=1">y', "xy"),
        ('x<img src="data:image/png;base64,AAAA">y', "xy"),
        ("a<script>x</script><style>y</style><!-- z -->b", "ab"),
        ("<svg><a xlink:href=x>1</a></svg><math><mi>2</mi></math>b", "b"),
        ("<p>a<p>b", "<p>a</p><p>b</p>"),
        ("5 < 6 & 7", "5 &lt; 6 &amp; 7"),
        ("a&#x0b;\x00\x1f\ud800b", "ab"),
        ("a\xa0b", "a&nbsp;b"),
        ('<p title="<img data-src=x>">t</p>', '<p title="&lt;img data-src=x&gt;">t</p>'),
    ],
)
def test_sanitize(html, expected):
    """What runs or tracks goes, what is relative or lazily loaded becomes real."""
    assert sanitize(html, BASE) == expected


def test_without_a_base_relative_urls_go():
    """A relative URL that stands against nothing leads nowhere."""
    assert sanitize('<a href="/x">l</a><img src="i.png">', "") == "<a>l</a>"


PIECES = [
    "<div>", "<p ", "<b>", "<i x=1>", "</b>", "</p>", "<img src=", "javascript:1", "data-src=x",
    "onerror=1", ">", '"', "'", "=", "/", "<svg>", "</svg>", "<style>", "</style>", "<script>", "</script>",
    "<!--", "-->", "--!>", "<![CDATA[", "]]>", "<math>", "<table>", "<td>", "<a href=&#106;avascript:1>",
    "<title>", "</title>", "<template>", "<noscript>", "&lt;", "&#0;", "\x00", "<select>", "<option>",
    "<frameset>", "<plaintext>", "中", " ",
]  # fmt: skip
FRAGMENTS = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)


@given(FRAGMENTS)
def test_nothing_active_comes_out(html):
    """However markup is broken, by either way in, nothing active is left and a second pass finds no fault."""
    for made in (sanitize(html, BASE), sanitize(PADDING + html, BASE)):
        assert faults_of(made) == []
        assert faults_of(sanitize(made, BASE)) == []
    assert "\x00" not in to_text(html)


@given(FRAGMENTS)
def test_what_is_plainly_spelled_means_the_same(html):
    """The guard's spelling reads the same again: nothing in it can be seen in two ways."""
    plain = markup.plainly_spelled(html)
    assert plain is not None
    assert markup.plainly_spelled(plain) == plain


@pytest.mark.skipif(not PAYLOADS.exists(), reason="the collected payloads are not beside this checkout")
def test_collected_payloads():
    """None of the payloads that broke other sanitizers gets through, alone or in a long document."""
    for number, payload in enumerate(json.loads(PAYLOADS.read_text())):
        for html in (payload["payload"], PADDING + payload["payload"])[: 1 if number % 5 else 2]:
            assert faults_of(sanitize(html, BASE)) == []


def attributes(count):
    return "<a " + " ".join(f"a{n}" for n in range(count)) + ">x</a>"


@pytest.mark.parametrize(
    "html",
    [
        "<div>" * 50_000,
        "<div>" * 5000 + "deep",
        "<div><table></div></table>" * 5_000,
        "<svg><style>" + "<div>" * 50_000,
        "<script>\"<a b='</script>" + "<div>" * 50_000 + "'>",
        "".join(f"<b i{n}>" for n in range(300)) + "".join(f"<i i{n}>" for n in range(300)) + "x</b>" * 300,
        attributes(50_000),
        '<a "' * 30_000,
        "<a ='" * 30_000,
        "<!--" * 50_000,
        "<svg>" * 50_000,
        "<optgroup>" * 50_000,
        '<img srcset="' + "a," * 50_000 + '">',
    ],
    ids=range(13),
)
def test_hostile_sizes_stay_bounded(html):
    """What is quadratic in a parser is refused before it gets there; what comes out is bounded too."""
    made = sanitize(html, BASE)
    assert len(made) <= MOST_OUT
    assert faults_of(made) == []
    assert len(to_text(html)) <= len(html)


@pytest.mark.parametrize(
    "html",
    [
        "<div>" * 300,
        "<div><table></div></table>" * 300,  # a table hides the div from its closing tag
        "<b><table></b></table>" * 300,
        "<div></x>" * 300,
        "<div title='</div>'>" * 300,
        "<div><!-- </div> -->" * 300,
        "<div><script></div></script>" * 300,
        "<font>" * 70,
        "<path/>" * 300,
    ],
)
def test_the_guard_is_not_talked_out_of_its_count(html):
    """Closing tags that the parser ignores, or does not see, do not hide how deep it gets."""
    assert markup.plainly_spelled(html) is None


def test_too_deep_is_still_readable():
    """Markup that no parser should be given comes out as its text."""
    assert sanitize("<div>" * 2000 + "a &lt; b" + "</div>" * 2000, BASE) == "<p>a &lt; b</p>"


def test_long_but_honest_html_keeps_its_markup():
    """A long article goes through the guard and comes out as a short one would."""
    article = '<h2>一</h2>\n<p class="x">正文 <a href="https://e.com/x">l</a><br></p>\n' * 1000
    assert sanitize(article, BASE) == article


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>a</p><p>b<br>c</p>", "a b c"),
        ("<b>bo</b>ld &amp; &#x4e2d;", "bold & 中"),
        ("a<script>x<b>y</script>b<!-- c -->d<style>e</style>", "abd"),
        ("<![CDATA[x]]>y", "y"),
        ("5 < 6", "5 < 6"),
        ("a <b", "a <b"),
        ("x <img src=y", "x"),
        ('<a title="a > b">l</a>', "l"),
    ],
)
def test_to_text(html, expected):
    """Text is what a reader reads."""
    assert to_text(html) == expected


def test_escape():
    """Text is safe in content and in attributes."""
    assert escape("<a \"b\" 'c' & \x0b>") == "&lt;a &quot;b&quot; &#x27;c&#x27; &amp; &gt;"


def test_paragraphs():
    """Plain text keeps its paragraphs and lines."""
    assert paragraphs("a < b\nc\r\n\r\nd\n") == "<p>a &lt; b<br>c</p>\n<p>d</p>"


@pytest.mark.parametrize(
    ("html", "language", "length", "end"),
    [
        ("<p>Short.</p>", "en", 6, "Short."),
        ("One two three. " * 40, "en", 299, "three."),
        ("今天天气很好。" * 40, "zh-CN", 147, "很好。"),
        ("今天天气很好。" * 40, "", 147, "很好。"),
        ("Version 1.5 is out " * 40, "en", None, "…"),
        ("字" * 400, "ja", 150, "…"),
    ],
)
def test_excerpt(html, language, length, end):
    """An excerpt ends with a sentence where one ends in time, in half the length for dense writing."""
    made = excerpt(html, language)
    assert made.endswith(end)
    assert len(made) == length or (length is None and len(made) <= 300)
