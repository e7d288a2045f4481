"""Plain text: cleaned, folded, made of what a source calls text."""

import random

import pytest

from aggregator.model import Text
from aggregator.syntax import chars, markup
from aggregator.syntax.text import clean, fold, plain, shorten


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("a\x00b\x0bc\x1f\x7f", "abc"),
        ("a\ud800b\ufffe\uffff", "ab"),
        ("tab\tline\nend", "tab\tline\nend"),
        ("it\x92s \x80 5", "it’s € 5"),
        ("e\u0301 \U0001f600", "e\u0301 \U0001f600"),
    ],
)
def test_clean(raw, expected):
    """Only XML characters stay, in their own spelling; windows-1252 in disguise is undone."""
    assert clean(raw) == expected


def test_fold():
    """White space of any kind becomes single spaces."""
    assert fold(" a\n\n b\u3000c\xa0\t") == "a b c"


@pytest.mark.parametrize(
    ("value", "type", "expected"),
    [
        ("5 < 6", "text", "5 < 6"),
        ("5 < 6 &amp; 7", "html", "5 < 6 & 7"),
        ("AT&T", "text", "AT&T"),
        ("AT&amp;T", "text", "AT&T"),
        ("AT&amp;amp;T", "html", "AT&amp;T"),
        ("The <b> tag", "text", "The <b> tag"),
        ("<b>Bold</b> move", "text", "Bold move"),
        ("<b>Bold</b> <i>move</i>", "html", "Bold move"),
        ("&lt;b&gt; explained", "html", "<b> explained"),
        ("<script>alert(1)</script>News", "text", "News"),
        ("<img src=x onerror=alert(1)//", "text", ""),
        ("if a <b then", "html", "if a <b then"),
        (" two\n  lines ", "text", "two lines"),
        ("", "html", ""),
    ],
)
def test_plain(value, type, expected):
    """A text construct becomes the one line that its author meant."""
    assert plain(Text(value, type)) == expected


def test_no_construct_is_no_text():
    """A feed without the element has no text."""
    assert plain(None) == ""


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("short", 5, "short"),
        ("one two three", 9, "one two…"),
        ("one two three", 8, "one two…"),
        ("今天天气很好，我们出去", 8, "今天天气很好…"),
        ("unbroken" * 3, 10, "unbrokenu…"),
    ],
)
def test_shorten(text, limit, expected):
    """A cut is between words where there are any, and shown."""
    assert shorten(text, limit) == expected
    assert len(expected) <= limit


def test_tags_as_the_sanitizer_writes_them_leave_the_same_text():
    """The shorter way to the text of simple HTML comes to what walking from tag to tag does."""
    pieces = (
        "<p>", "</p>", " ", "  ", "text", '<a href="x">', "</a>", "<br>", "<br />", '<img src="a" alt="b c">',
        "<b", "&lt;", '<p class="x', '"', ">", "<!-- x -->", "<script>", "</script>", "\0", "\n", "<P>",
        '<h1 title="a<b">', "<pfoo>", "<em>", "</em>", "<p<b>", "<td>", "1 < 2", "<li/>",
    )  # fmt: skip
    chosen = random.Random(7)
    for _ in range(4000):
        html = "".join(chosen.choices(pieces, k=chosen.randint(1, 8)))
        assert markup.to_text(html) == chars.fold("".join(markup._words(html))), html
