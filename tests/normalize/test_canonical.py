"""The page that an entry stands for, and who may speak for it."""

from dataclasses import replace

import pytest

from aggregator.model import EntryLink, FeedFacts, Text
from tests.normalize.test_post import ENTRY, SOURCE, made

PAGE = "https://example.org/seven"
ELSEWHERE = "https://news.example.net/7"
TAKEN = FeedFacts(id="tag:example.net,2020:news", title=Text("News"))


def with_links(*links, **said):
    return made(replace(ENTRY, links=tuple(EntryLink(href, rel=rel) for rel, href in links), **said))


def test_the_canonical_page_of_a_mobile_form():
    """A feed that links to its mobile pages may say which page each is a form of (RFC 6596)."""
    post = with_links(("canonical", PAGE), link="https://m.example.org/seven")
    assert (post.link, post.canonical) == ("https://m.example.org/seven", PAGE)


def test_an_amp_form_of_the_same_site():
    """Where the entry says so, and only on its own site: anything else would let it speak for a stranger."""
    amp = "https://example.org/seven/amp"
    assert with_links(("amphtml", amp)).forms == (amp,)
    assert with_links(("amphtml", ELSEWHERE)).forms == ()


@pytest.mark.parametrize(
    ("links", "link", "standing"),
    [
        ((), PAGE, 0),
        ((), ELSEWHERE, 1),
        ((("canonical", ELSEWHERE),), PAGE, 1),
        ((("canonical", PAGE),), ELSEWHERE, 1),
    ],
)
def test_who_stands_for_a_page(links, link, standing):
    """A source speaks first only where every address that it gives is on its own site."""
    feed = "https://example.org/feed.xml"
    said = replace(ENTRY, link=link, links=tuple(EntryLink(href, rel=rel) for rel, href in links))
    assert made(said, replace(SOURCE, url=feed)).standing == standing


def test_the_original_that_a_planet_names():
    """`via` is the original of an entry that was taken from another feed; else it is what that is about."""
    assert with_links(("via", ELSEWHERE), source=TAKEN).canonical == ELSEWHERE
    assert with_links(("via", ELSEWHERE)).canonical == ""


def test_a_home_page_is_no_canonical_page():
    """Some templates say `canonical` of the site."""
    assert with_links(("canonical", "https://example.org/")).canonical == ""
