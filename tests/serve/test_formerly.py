"""Old addresses of feeds: what is written, what is asked for, where it leads."""

from __future__ import annotations

from urllib.parse import urljoin

import pytest

from aggregator.model import Category, Config, Site
from aggregator.serve import formerly
from aggregator.serve.formerly import relative


def leads(*addresses):
    """The old addresses of the site's feed, with a category that has some as well."""
    tech = Category("tech", "T", formerly=("/tech.xml", "/?feed=rss2&cat=3", "/all.xml"))
    return formerly(Config(site=Site(formerly=addresses), categories=(tech,)))


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("/all.xml", "/all.xml"),
        ("all.xml", "/all.xml"),
        ("/feed/", "/feed/"),
        ("/feed/", "/feed"),
        ("/feed", "/feed/"),
        ("/index.php/feed/", "/index.php/feed/"),
        ("https://old.example.org/blog/rss.xml#top", "/blog/rss.xml"),
        ("/%E6%97%A7.xml", "/旧.xml"),
        ("/旧.xml", "/旧.xml"),
        ("/a%20b.xml", "/a b.xml"),
    ],
)
def test_paths(address, path):
    """As it is written in old links, encoded or not, with the slash at its end or without."""
    assert leads(address).by_path(path) == "feed.atom"


@pytest.mark.parametrize("path", ["/", "/feed.atom", "/category/tech/feed.atom", "/all", "/ALL.xml"])
def test_other_paths(path):
    """Nothing else leads anywhere, and no document to itself."""
    old = leads("/feed.atom", "/all.xml", "http://[/x")
    assert old.by_path(path) is old.by_query(path, "") is None


@pytest.mark.parametrize(
    ("path", "query", "document"),
    [
        ("/", "feed=rss2", "feed.atom"),
        ("/", "utm_source=x&feed=rss2", "feed.atom"),
        ("/", "feed=rss2&cat=3", "category/tech/feed.atom"),
        ("/", "cat=3&feed=rss2", "category/tech/feed.atom"),
        ("/", "feed=rss2&feed=rss2", "feed.atom"),
        ("/", "feed=atom", None),
        ("/", "feed=rss20", None),
        ("/", "", None),
        ("/other", "feed=rss2", None),
        ("/i/", "a=rss&user=me&token=a+b%21&hours=24", "feed.atom"),
        ("/i", "token=a%20b!&a=rss&user=me", "feed.atom"),
        ("/i/", "a=rss&user=me", None),
        ("/blog", "rss", "feed.atom"),
        ("/", "&".join(f"a{n}=1" for n in range(200)) + "&feed=rss2", None),
    ],
)
def test_queries(path, query, document):
    """What an old WordPress or FreshRSS asks with counts, in any order, whatever else is added."""
    old = leads("/?feed=rss2", "/i/?a=rss&user=me&token=a%20b!", "https://old.example.org/blog?rss")
    assert document == old.by_query(path, query)


def test_who_names_it_first_has_it():
    """The site before categories."""
    assert leads("/all.xml").by_path("/all.xml") == "feed.atom"
    assert leads().by_path("/all.xml") == "category/tech/feed.atom"


@pytest.mark.parametrize("prefix", ["", "/news"])
@pytest.mark.parametrize("path", ["/", "/all.xml", "/old/feed/", "/old/feed", "/a/b/c/d.xml", "/a%2Fb/c"])
def test_the_way_there_holds_under_a_prefix(prefix, path):
    """Relative, so that what a proxy puts before it stays."""
    place = f"https://news.example.org{prefix}"
    assert urljoin(place + path, relative(path, "feed.atom")) == f"{place}/feed.atom"
