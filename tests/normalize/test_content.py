"""Which text is the content, which the summary."""

import pytest

from aggregator.model import Entry, Text
from aggregator.normalize.content import texts

BASE = "https://e.com/d/"
LONG = "<p>" + "A long text. " * 20 + "</p>"


@pytest.mark.parametrize(
    ("summary", "contents", "expected"),
    [
        (None, (), ("", "")),
        (Text("<p>only</p>"), (), ("", "<p>only</p>")),
        (Text("teaser"), (Text(LONG),), ("teaser", LONG)),
        (Text(LONG), (Text("teaser"),), ("teaser", LONG)),
        (Text("<p><b><i>a</i></b></p>"), (Text("longer"),), ("<p><b><i>a</i></b></p>", "longer")),
        (Text("same"), (Text(" same "),), ("", "same")),
        (Text("x"), (Text("<script>alert(1)</script>"),), ("", "x")),
        (Text(" "), (Text("<p> </p>"),), ("", "")),
        (None, (Text("a < b\n\nc", "text"), Text("<b>h</b>", "html")), ("", "<b>h</b>")),
        (None, (Text("a < b\n\nc", "text"),), ("", "<p>a &lt; b</p>\n<p>c</p>")),
        (None, (Text("<p>really HTML</p>", "text"),), ("", "<p>really HTML</p>")),
        (None, (Text('<img src="a.png">'),), ("", '<img src="https://e.com/d/a.png">')),
        (
            None,
            (Text('<a href="x">y</a>', base="https://e.net/z/"),),
            ("", '<a href="https://e.net/z/x">y</a>'),
        ),
        (None, (Text('<a href="x">y</a>', base="/z/"),), ("", '<a href="https://e.com/z/x">y</a>')),
    ],
)
def test_texts(summary, contents, expected):
    """The fullest text is the content, the other the summary, each against its own base."""
    assert texts(Entry(0, summary=summary, contents=contents), BASE) == expected


def test_a_huge_text_is_bounded():
    """Beyond half a megabyte nothing is read."""
    _, content = texts(Entry(0, contents=(Text("<p>x</p>\n" * 100_000),)), BASE)
    assert 400_000 < len(content) <= 512 * 1024
    assert content.endswith("</p>")
