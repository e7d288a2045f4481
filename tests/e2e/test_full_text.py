"""`full_text: true`: from a teaser in a feed to the whole article in ours."""

from html import escape
from importlib.util import find_spec

import pytest

from tests.e2e.program import HEAD

INSTALLED = find_spec("trafilatura") is not None
extra = pytest.mark.skipif(not INSTALLED, reason="the extra `fulltext` is not installed")

TEASER = "The council has decided on the new bridge over the river."
PAGE = (
    "<html><head><title>A new bridge</title></head><body><nav>Home</nav><article>{}</article></body></html>"
)
TEXT = "".join(
    f"<p>{who} said the council has decided on the new bridge over the river, and that work on it begins "
    "in spring. Nobody knows yet what that costs.</p>"
    for who in ("The mayor", "The engineer", "A neighbour")
)


def feed(*links):
    items = "".join(
        f"<item><title>A new bridge {n}</title><link>{escape(link)}</link>"
        f"<guid isPermaLink='false'>{n}</guid>"
        f"<description>{TEASER} {n}</description></item>"
        for n, link in enumerate(links)
    )
    head = "<title>A</title><link>https://example.org/</link><description>d</description>"
    return f"<rss version='2.0'><channel>{head}{items}</channel></rss>".encode()


def served(sources):
    """A feed of three articles: one that may be fetched, one that may not, one that is not there."""
    links = [sources.url(path) for path in ("news/1", "private/2", "news/3")]
    sources.put("a.xml", feed(*links))
    sources.put("robots.txt", b"User-agent: aggregator\nDisallow: /private\n", Content_Type="text/plain")
    for path in ("news/1", "private/2"):
        sources.put(path, PAGE.format(TEXT).encode(), Content_Type="text/html")
    return links


@extra
def test_the_whole_article(place, sources):
    """One round fetches what may be fetched, once; the rest is shown as the feed has it, and said why."""
    links = served(sources)
    place.write(f"feeds: [{{url: '{sources.url('a.xml')}', full_text: true, republish: full}}]\n")
    done = place.run("once")
    assert done.returncode == 0, done.stderr
    said = (place.public / "feed.atom").read_text(encoding="utf-8")
    assert said.count("The engineer said the council") == 1
    assert said.count(TEASER) == 2
    times = {path: sources.times(path) for path in ("robots.txt", "news/1", "private/2", "news/3")}
    assert times == {"robots.txt": 1, "news/1": 1, "private/2": 0, "news/3": 1}
    [asked] = [one for one in sources.log if one.path == "/robots.txt"]
    assert asked.headers["user-agent"].startswith("aggregator/")
    for link, why in zip(
        links,
        (
            f"full text: extracted from {links[0]}",
            "full text: the feed's own content: its site's robots.txt disallows it",
            "full text: the feed's own content: status 404: not found",
        ),
        strict=True,
    ):
        assert why in place.run("explain", link).stdout
    sources.put("a.xml", feed(*links, sources.url("news/1?again")))
    assert place.run("once", "--all").returncode == 0
    assert "The engineer said" in (place.public / "feed.atom").read_text(encoding="utf-8")


@extra
def test_a_daemon_shows_the_article_with_the_post(place, sources):
    """Not before, although the feed was read long ago; and no longer when the file says so."""
    links = served(sources)
    gate = sources.hang("news/1", PAGE.format(TEXT).encode())
    sources.answers["/news/1"].headers["Content-Type"] = "text/html"
    own = f"url: '{sources.url('a.xml')}', full_text: true"
    place.write(f"feeds: [{{{own}, republish: full}}]\n")
    with place.daemon() as daemon:
        sources.wait_for("news/1")
        daemon.wait_for_body("feed.atom", links[1], links[2])
        before = (place.public / "feed.atom").read_text(encoding="utf-8")
        assert links[0] not in before
        gate.set()
        daemon.wait_for_body("feed.atom", "The engineer said")
        place.write(f"feeds: [{{{own}}}]\n")
        daemon.wait_for_body("feed.atom", f"{TEASER} 0")
        place.write(f"feeds: [{{{own}, republish: full}}]\n")
        daemon.wait_for_body("feed.atom", "The engineer said")
    assert sources.times("news/1") == 1


def test_a_feed_that_does_not_say_so_itself(place, sources):
    """Nothing is fetched, and `check` says what is missing."""
    served(sources)
    place.write(f"feeds: [{{url: '{sources.url('a.xml')}', full_text: true}}]\n", HEAD)
    assert "feeds.0.full_text: no effect" in place.run("check").stderr
    assert place.run("once").returncode == 0
    assert {asked.path for asked in sources.log} == {"/a.xml"}


@pytest.mark.skipif(INSTALLED, reason="the extra `fulltext` is installed")
def test_without_the_extra(place, sources):
    """Nothing is fetched for it, and it is said what to install."""
    served(sources)
    place.write(f"feeds: [{{url: '{sources.url('a.xml')}', full_text: true, republish: full}}]\n")
    done = place.run("once")
    assert done.returncode == 0
    assert "feed-republisher[fulltext]" in place.run("check").stderr
    assert {asked.path for asked in sources.log} == {"/a.xml"}
