"""`aggregator takedown`, with and without a daemon: what readers get, and what comes back."""

import re

import pytest

from tests.e2e.source import rss

HERE = "https://example.org"


def said(done, status=0):
    """What it printed; it ended as expected, and without a traceback."""
    assert "Traceback" not in done.stderr
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


def put(sources, **feeds):
    for name, links in feeds.items():
        sources.put(f"{name}.xml", rss(name.upper(), *links))


def write(place, sources, *names, more=""):
    feeds = [f"{{url: '{sources.url(f'{name}.xml')}', category: x}}" for name in names]
    place.write(f"feeds: [{', '.join(feeds)}]\n{more}")


def test_without_a_daemon(place, sources):
    """It publishes by itself: no document has it any more, Atom says so, and no poll brings it back."""
    put(sources, a=[f"{HERE}/one", f"{HERE}/two"])
    jekyll = "output: {jekyll: {directory: site, category_url: '//x/{category}', home_url: '//x/'}}\n"
    write(place, sources, "a", more=jekyll)
    assert place.run("once").returncode == 0
    assert len(list((place.directory / "site").iterdir())) == 2

    words = said(place.run("takedown", f"{HERE}/one?utm_source=mail"))
    assert "taken down: https://example.org/one (" in words
    assert "category/x/*" in words
    documents = place.documents()
    [ended] = re.findall(rb'<at:deleted-entry ref="([^"]+)"', documents["category/x/feed.atom"])
    for path, body in documents.items():
        assert b"example.org/one" not in body, path
    assert ended in documents["feed.atom"]
    assert len(list((place.directory / "site").iterdir())) == 1
    explained = said(place.run("explain", f"{HERE}/one"))
    assert re.search(r"hidden: taken down on 20\S+ \S+ by `aggregator takedown`", explained)

    before = place.documents()
    sources.put(
        "a.xml", rss("A", f"{HERE}/one", f"{HERE}/two", extra="<ttl>9</ttl>").replace(b"Text", b"New")
    )
    assert place.run("once", "--all").returncode == 0
    after = place.documents()["feed.atom"]
    assert b"example.org/one" not in after
    assert b"New of" in after or after == before["feed.atom"]
    assert "already, on 20" in said(place.run("takedown", f"{HERE}/one"))


def test_wrong_usage(place, sources):
    """Nothing found, nothing named, or too much."""
    write(place, sources, "a")
    put(sources, a=[f"{HERE}/one"])
    assert "no store yet" in said(place.run("takedown", f"{HERE}/one"), 1)
    assert place.run("once").returncode == 0
    assert "no post is stored under" in said(place.run("takedown", f"{HERE}/nothing"), 1)
    assert "`--source` takes all of it down" in said(place.run("takedown", sources.url("a.xml")), 1)
    assert "no source is stored under" in said(place.run("takedown", "--source", f"{HERE}/nothing"), 1)
    for arguments in ([], ["x", "--source", "y"], ["--story"], ["--source", "y", "--story"]):
        assert "name one" in said(place.run("takedown", *arguments), 2)
    assert b"example.org/one" in place.documents()["feed.atom"]


def test_beside_a_daemon(place, sources):
    """The daemon publishes it: a post, of which a copy stays under its own id; then a source."""
    put(sources, a=[f"{HERE}/one", f"{HERE}/alone"], b=[f"{HERE}/one", f"{HERE}/other"])
    write(place, sources, "a", "b")
    with place.daemon() as daemon:
        body = daemon.wait_for_body("category/x/feed.atom", "/one", "/alone", "/other")
        [id] = re.findall(rb"<id>(tag:example.org,2026:./0)</id>", body)
        assert "the running daemon renders them" in said(place.run("takedown", id.decode()))
        body = daemon.wait_for_body("category/x/feed.atom", f'deleted-entry ref="{id.decode()}"')
        assert body.count(b"<entry") == 3
        assert f"<id>{id.decode()}</id>".encode() not in body
        words = said(place.run("takedown", "--source", sources.url("b.xml")))
        assert "taken down: https://example.org/other (" in words
        daemon.wait_for_body("category/x/feed.atom", 'deleted-entry ref="tag:example.org,2026:B/1"')
        put(sources, b=[f"{HERE}/one", f"{HERE}/other", f"{HERE}/later"])
        assert "taken down on 20" in said(place.run("status"))
        assert "taken down on 20" in said(place.run("explain", sources.url("b.xml")))


@pytest.mark.parametrize("whole", [False, True])
def test_a_story(place, sources, whole):
    """By its link goes who speaks for it, once, and who tells it still is named; `--story` takes all."""
    put(sources, a=[f"{HERE}/one"], b=[f"{HERE}/one"])
    write(place, sources, "a", "b")
    assert place.run("once").returncode == 0
    words = said(place.run("takedown", f"{HERE}/one", *(["--story"] if whole else [])))
    assert words.count("taken down: ") == (2 if whole else 1)
    if not whole:
        [stays] = re.findall(r"stays: .* \((tag:\S+)\), .*, shown under (tag:\S+)", words)
        assert f"<id>{stays[0]}</id>".encode() in place.documents()["feed.atom"]
        again = said(place.run("takedown", f"{HERE}/one"))
        assert "taken down already" in again
        assert f"others tell it still: {HERE}/one ({stays[0]})" in again
        said(place.run("takedown", "--story", f"{HERE}/one"))
    put(sources, a=[], c=[f"{HERE}/one", f"{HERE}/two"])
    write(place, sources, "a", "b", "c")
    assert place.run("once").returncode == 0
    body = place.documents()["feed.atom"]
    assert b"example.org/two" in body
    assert b"example.org/one" not in body
    assert "it copies what was taken down" in said(place.run("explain", f"{HERE}/one"))
