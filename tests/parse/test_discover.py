"""A page -> the feeds that it offers."""

import pytest

from aggregator.parse.discover import feeds_in

BASE = "https://site.example/blog/page.html"
RSS = 'type="application/rss+xml"'


@pytest.mark.parametrize(
    ("html", "feeds"),
    [
        (f'<link rel="alternate" {RSS} href="/rss">', ["https://site.example/rss"]),
        (
            "<LINK HREF=a.xml TYPE='application/atom+xml' REL='Alternate' />",
            ["https://site.example/blog/a.xml"],
        ),
        (f'<link rel="feed" href="f"><link rel="alternate home" {RSS} href="g?a&amp;b">', ["f", "g?a&b"]),
        (
            f'<base href="https://other.example/x/"><link rel=alternate {RSS} href=r>',
            ["https://other.example/x/r"],
        ),
        (f'<link rel="alternate" {RSS} href="r"><link rel="alternate" {RSS} href="r">', ["r"]),
        (f'<!-- <link rel="alternate" {RSS} href="old"> --><link rel="alternate" {RSS} href="new">', ["new"]),
        ('<link rel="alternate" type="application/json" href="/wp-json">', []),
        ('<link rel="alternate" type="application/json" title="JSON Feed" href="j">', ["j"]),
        ('<link rel="alternate" hreflang="de" href="/de"><link rel="stylesheet" href="s">', []),
        (f'<link rel="alternate" {RSS} href="javascript:x"><link rel="alternate" {RSS} href="http://[">', []),
        (f'<link rel="alternate" {RSS}><links rel="alternate" {RSS} href="x">', []),
        (f'<!-- unclosed <link rel="alternate" {RSS} href="r">', ["r"]),
        ("", []),
    ],
)
def test_feeds_in(html, feeds):
    """The links of a page that say that they are feeds, absolute, in order, each once."""
    assert list(feeds_in(html, BASE)) == [
        f if f.startswith("https:") else f"https://site.example/blog/{f}" for f in feeds
    ]


@pytest.mark.parametrize(
    "piece", ["<link ", "<!--", "<link a='", '<link rel="alternate" href=', "<!-->", "<link" + " a=b" * 99]
)
def test_hostile_pages_end(piece):
    """A megabyte of any half tag is looked through in linear time, and more than 20 feeds are not listed."""
    assert feeds_in(piece * (1_000_000 // len(piece)), BASE) == ()
    assert len(feeds_in("".join(f"<link rel=feed href=/{n}>" for n in range(50)), BASE)) == 20
