"""Whatever comes, parsing ends in a value, and one bad thing costs no more than itself."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.model import Fetched, Hints, Parsed, Unreadable, Validators
from aggregator.parse import parse
from aggregator.parse.feed import read as raw_feed
from aggregator.parse.hooks import MOST_ENTRIES

DATA = Path(__file__).parent / "data"
FEEDS = [path.read_bytes() for path in sorted((*DATA.glob("*.xml"), *DATA.glob("*.feed")))]


def read(body: bytes, content_type: str = "application/xml") -> Parsed | Unreadable:
    return parse(Fetched(body, content_type, "https://source.example/f", Validators(), Hints()))


def rss(*items: str, head: str = "") -> bytes:
    inside = "".join(f"<item>{item}</item>" for item in items)
    return f'<rss version="2.0"><channel><title>t</title>{head}{inside}</channel></rss>'.encode()


SOUP = """
    <item> </item> <entry> <link> <link/> </link> <links>x</links> <author> <authors>a</authors>
    <tags>t</tags> <content> </content> <source> <image> <title> </title> <guid> <id> <license>
    <published/> <updated> <category/> <summary> <div> </div> <textinput> <svg> </svg> <generator>
    <enclosure/> <itunes:owner> <media:content/> <media_credit/> </media:credit> </feed> <![CDATA[
    ]]> &#xD800; &nbsp; & <!-- <?x <!DOCTYPE text
"""
WORDS = st.sampled_from(SOUP.split())


def is_judged(result) -> bool:
    """A value, and not one that stands for an error of ours."""
    return isinstance(result, Parsed) or not result.reason.startswith("cannot be parsed")


@settings(max_examples=150, deadline=None)
@given(
    st.lists(WORDS, max_size=40),
    st.sampled_from(["rss version='2.0'", "feed xmlns='http://www.w3.org/2005/Atom'"]),
)
def test_soup_never_raises(words, root):
    """Any sequence of tags and half tags gives a value."""
    assert is_judged(read(f"<{root}>{''.join(words)}".encode()))


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(FEEDS), st.data())
def test_damage_never_raises(feed, data):
    """A real feed that is cut anywhere, with bytes put in anywhere, under any header, gives a value."""
    start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(feed))] * 2)))
    junk, header = data.draw(st.binary(max_size=8)), data.draw(st.text(max_size=30))
    assert is_judged(read(feed[:start] + junk + feed[end:], header))


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300))
def test_bytes_never_raise(body):
    """Any bytes at all give a value."""
    assert is_judged(read(body))


@pytest.mark.parametrize("feed", FEEDS)
def test_every_beginning_of_a_feed(feed):
    """A feed cut short gives its entries before the cut, never more than the whole has, never half a one."""
    whole = read(feed)
    for end in range(0, len(feed), max(1, len(feed) // 40)):
        part = read(feed[:end])
        if isinstance(part, Parsed):
            assert len(part.entries) <= len(whole.entries)
            if not any("removed" in r or "replaced" in r for r in (*whole.repairs, *part.repairs)):
                assert part.entries == whole.entries[: len(part.entries)]


def test_a_fault_inside_feedparser_stays_in_its_entry():
    """A second licence deeper in the entry makes feedparser raise; all three entries are read."""
    ns = 'xmlns:creativeCommons="http://backend.userland.com/creativeCommonsRssModule"'
    licence = f"<creativeCommons:license {ns}>https://licence.example/</creativeCommons:license>"
    parsed = read(
        rss("<title>a</title>", f"{licence}<x>{licence}</x><description>D</description>", "<title>c</title>")
    )
    assert [e.title.value if e.title else e.summary.value for e in parsed.entries] == ["a", "D", "c"]
    assert parsed.repairs == ("entry 1: <creativecommons:license>: KeyError",)


def test_elements_that_take_the_place_of_lists():
    """Unknown elements named like feedparser's own lists do not cost the entry its other fields."""
    odd = "<links>x</links><tags>y</tags><authors>z</authors><content>c</content><title>T</title>"
    parsed = read(
        rss(
            f"{odd}<link>https://a.example/</link><category>k</category><author>A</author>",
            "<title>2</title>",
        )
    )
    assert [e.title.value for e in parsed.entries] == ["T", "2"]


@pytest.mark.parametrize("flaw", ["", "&"])
def test_entries_are_capped(flaw):
    """A document of very many entries gives the first of them, in the strict and in the loose parser."""
    parsed = read(rss(*(f"<guid>{n}</guid>" for n in range(MOST_ENTRIES + 5)), head=flaw))
    assert [e.guid for e in parsed.entries[:2]] == ["0", "1"]
    assert len(parsed.entries) == MOST_ENTRIES
    assert parsed.repairs[-1] == "only the first 5,000 entries are read"


def test_what_feedparser_is_quadratic_in_is_capped():
    """Very many attributes, categories and mail-like characters end soon (without the caps: minutes)."""
    attributes = " ".join(f'a{n}="1"' for n in range(60_000))
    categories = "".join(f"<category>c{n}</category>" for n in range(10_000))
    parsed = read(rss(f"<x {attributes}/>{categories}<author>{'a' * 300_000}</author><title>t</title>"))
    assert parsed.entries[0].title.value == "t"
    assert len(parsed.entries[0].terms) == 200
    raw = raw_feed(
        f"<rss><channel><item><x {attributes}/></item></channel></rss>", "https://source.example/f"
    )
    assert len(raw.entries[0].said["x"]) == 64


def test_nothing_outside_is_read(tmp_path):
    """Entities do not open files, nor grow without bound."""
    (tmp_path / "secret").write_text("hidden words")
    evil = f'<!DOCTYPE r [<!ENTITY x SYSTEM "file://{tmp_path}/secret">]>'.encode()
    assert "hidden" not in repr(read(evil + rss("<title>a &x; b</title>")))
    bomb = b'<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa">' + b"".join(
        b'<!ENTITY %c "%b">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9)
    )
    assert len(repr(read(bomb + b"]>" + rss("<title>&j;</title>")))) < 10_000


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "the body is empty"),
        (b" \r\n ", "the body is empty"),
        (b"\x1f\x8b\x08\0abc", "gzip data that no Content-Encoding announces, not a feed"),
        (b"%PDF-1.7", "a PDF document, not a feed"),
        (b'{"message": "Not Found"}', "JSON, but not a JSON Feed"),
        (b"<html><body>Not found</body></html>", "an HTML page, not a feed, and it links to none"),
        (
            b"<!-- x --><!DOCTYPE HTML PUBLIC '-//W3C'><title>x</title>",
            "an HTML page, not a feed, and it links to none",
        ),
        (
            b"Service temporarily unavailable, come back",
            "neither XML nor HTML: 'Service temporarily unavailable, come ba'",
        ),
        (b"<opml version='2.0'><body/></opml>", "an OPML list of feeds, not a feed"),
        (b"<?xml version='1.0'?><urlset xmlns:a='http://www.w3.org/2005/Atom'/>", "a sitemap, not a feed"),
        (b"<Envelope><x/></Envelope>", "XML, but no feed: the root element is <envelope>"),
        (
            b"<Envelope><x>",
            "not a feed: broken XML (no element found, line 1), the first element is <envelope>",
        ),
    ],
)
def test_why_it_is_no_feed(body, reason):
    """What is no feed is refused with a reason that says what it is."""
    assert read(body) == Unreadable(reason)


@pytest.mark.parametrize(
    "body",
    [
        b"<rss version='2.0'><channel><title>t</title></channel></rss>",
        b"<feed xmlns='http://www.w3.org/2005/Atom'/>",
        b"<!DOCTYPE html><feed xmlns='http://www.w3.org/2005/Atom'><title>t</title></feed>",
        b"<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns='http://purl.org/rss/1.0/'/>",
    ],
)
def test_a_feed_may_be_empty(body):
    """A feed without entries is a feed."""
    parsed = read(body)
    assert isinstance(parsed, Parsed)
    assert parsed.entries == ()
