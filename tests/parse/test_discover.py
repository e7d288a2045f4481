"""A page -> the feeds that it offers."""

import pytest

from aggregator.parse.discover import feeds_in, is_about_comments, linked_in, well_known

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
    anchors = piece.replace("link", "a")
    assert linked_in(anchors * (1_000_000 // len(anchors)), BASE) == ()
    assert len(linked_in("".join(f"<a href=/{n}.rss>" for n in range(50)), BASE)) == 20


@pytest.mark.parametrize(
    ("html", "feeds"),
    [
        ('<a class="x" href="/feed/">Subscribe</a>', ["https://site.example/feed/"]),
        ('<a href="a.atom#top">x</a><a href="?feed=rss2">y</a>', ["a.atom", "page.html?feed=rss2"]),
        (
            '<a href="/x/17"> RSS </a><a href="/y">Atom feed</a>',
            ["https://site.example/x/17", "https://site.example/y"],
        ),
        ('<a href="/feedback">Feedback</a><a href="/rssi">x</a><a href="https://feed.example/">x</a>', []),
        ('<a href="/atomic">x</a><a href="mailto:feed@x.example">feed</a><a>RSS</a>', []),
        ('<base href="/x/"><a href="rss.xml">x</a>', ["https://site.example/x/rss.xml"]),
        ('<!-- <a href="/feed">x</a> -->', []),
    ],
)
def test_linked_in(html, feeds):
    """Links that look like feeds by their path or their text, absolute, in order."""
    assert list(linked_in(html, BASE)) == [
        f if f.startswith("https:") else f"https://site.example/blog/{f}" for f in feeds
    ]


def test_well_known():
    """Below the page first, then at the root; each once."""
    assert well_known(BASE)[:2] == ("https://site.example/blog/feed/", "https://site.example/blog/feed.xml")
    assert "https://site.example/feed.xml" in well_known(BASE)
    assert len(well_known("https://site.example/?p=1")) == len(set(well_known("https://site.example")))


@pytest.mark.parametrize(
    ("url", "title", "yes"),
    [
        ("https://a.example/comments/feed/", "A", True),
        ("https://a.example/feed", "Comments on: A", True),
        ("https://a.example/feed", "A 的评论", True),
        ("https://comments.example/feed", "A", False),
        ("https://a.example/commentary.xml", "Commentary", False),
    ],
)
def test_feeds_of_comments(url, title, yes):
    """They say so in their path or title."""
    assert is_about_comments(url, title) is yes
