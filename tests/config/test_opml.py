"""Lists of feeds move in from other readers, whatever they hold, and out again without loss."""

import pytest

from aggregator.config import load, opml
from aggregator.config.opml import Folder, Listed
from aggregator.config.pieces import FeedItem, category, feed, listing
from aggregator.errors import AggregatorError
from aggregator.model import Category, SourceInfo


def loaded(text):
    return load(text, name="feeds.yaml", directory="/srv", environment={})


def read(body, head="<?xml version='1.0'?><opml version='2.0'>"):
    return opml.read(f"{head}<body>{body}</body></opml>".encode(), "list.opml")


def test_folders():
    """The innermost folder counts; a feed in several is one feed; what has no name is no folder."""
    got = read(
        "<outline text='News'>"
        "<outline text='A' title='Title of A' type='rss' xmlUrl='https://a.example/'/>"
        "<outline text='Deep'><outline text='B' xmlurl='https://b.example/?a=1&amp;b=2'/></outline></outline>"
        "<outline><outline text='https://c.example/' xmlUrl=' https://c.example/ '/></outline>"
        "<outline title='Again' text=''><outline text='A' xmlUrl='https://a.example/'/></outline>"
    )
    assert got.feeds == (
        Listed("https://a.example/", "Title of A", (Folder("News"), Folder("Again"))),
        Listed("https://b.example/?a=1&b=2", "B", (Folder("Deep"),)),
        Listed("https://c.example/"),
    )
    assert (got.refused, got.repaired) == ((), "")


def test_what_is_not_taken():
    """Files, other schemes and what is no URL are named with the reason, and cost the others nothing."""
    got = read(
        "<outline text='x' xmlUrl='file:///etc/passwd'/><outline text='x' xmlUrl='ftp://a.example/'/>"
        "<outline text='x' xmlUrl='https://a b/'/><outline text='good' xmlUrl='https://a.example/'/>"
    )
    assert [one.url for one in got.feeds] == ["https://a.example/"]
    assert [url for url, _ in got.refused] == ["file:///etc/passwd", "ftp://a.example/", "https://a b/"]
    assert got.refused[0][1] == "only http and https are imported"


def test_lists_as_they_come():
    """An ampersand that is not escaped costs nothing that can be read; UTF-16 and a BOM are read."""
    loose = read("<outline text='Q & A' xmlUrl='https://a.example/?x=1&y=2'/>")
    assert [one.url for one in loose.feeds] != []
    assert loose.repaired
    for encoding in ("utf-16", "utf-8-sig"):
        text = "<opml><body><outline text='é' xmlUrl='https://a.example/'/></body></opml>"
        assert opml.read(text.encode(encoding), "x").feeds == (Listed("https://a.example/", "é"),)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "no OPML"),
        (b"<rss/>", "no OPML"),
        (b"\x00\x01", "no OPML"),
        (b"<!DOCTYPE o [<!ENTITY a 'b'>]><opml><body/></opml>", "declares entities"),
        (
            "<!DOCTYPE o [<!entity a SYSTEM 'file:///etc/passwd'>]><opml/>".encode("utf-16"),
            "declares entities",
        ),
        (b"x" * (opml.LARGEST + 1), "larger than"),
    ],
)
def test_no_lists(content, why):
    """Each is refused with words."""
    with pytest.raises(AggregatorError, match=why):
        opml.read(content, "x.opml")


def test_nesting_ends_somewhere():
    """A list that is nested without end costs its depths, not us."""
    deep = "<outline text='x'>" * 5000
    got = read(f"<outline text='a' xmlUrl='https://a.example/'/>{deep}")
    assert [one.url for one in got.feeds] == ["https://a.example/"]


def test_slugs_of_folders():
    """What the file has is found by title or slug; two titles never become one category."""
    known = [Category("markets", "市场"), Category("tech", "Technology")]
    folders = [
        Folder(t) for t in ("市场", "TECHNOLOGY", "Tech", "New  one", "New-one", "new one", "{author}")
    ]
    slugs, new = opml.named(folders, known)
    assert list(slugs.values()) == ["markets", "tech", "tech", "new-one", "new-one-2", "new-one", "author"]
    assert new == {"new-one": "New  one", "new-one-2": "New-one", "author": "{author}"}


FILE = """\
categories:
  markets:
    title: 市场
    feeds: [https://a.example/rss, {url: 'https://b.example/?x=$$1', title: 'B: #1'}]
  macro: {title: 'Macro & more', feeds: [https://a.example/rss]}
feeds:
  - https://c.example/
  - {url: https://d.example/, category: '{author}', title: D}
  - {url: https://e.example/, category: [macro, '{term}', 宏观]}
"""


def moved(given, **infos):
    """What an export of a configuration gives where nothing is."""
    listed = opml.read(
        opml.written(given.sources, given.categories, infos.get("infos", {}), title="x"), "export"
    )
    slugs, new = opml.named([folder for one in listed.feeds for folder in one.folders], ())
    items = [
        FeedItem(one.url, one.title, (*dict.fromkeys(slugs[f] for f in one.folders), *one.templates))
        for one in listed.feeds
    ]
    return listing([category(*pair) for pair in new.items()], list(map(feed, items)))


def test_out_and_in_again():
    """The same sources, titles and categories, and a second time the same bytes."""
    given = loaded(FILE)
    text = moved(given, infos={given.sources[0].url: SourceInfo("x", "Its own title", "https://a.example/")})
    again = loaded(text)

    def by_slug(source, config):
        titles = {c.title: c.slug for c in config.categories}
        return {titles.get(value, value) for value in source.categories}

    assert {s.url: s.title for s in again.sources} == {s.url: s.title for s in given.sources}
    before = {s.url: by_slug(s, given) for s in given.sources}
    assert {s.url: by_slug(s, again) for s in again.sources} == before
    assert {(c.slug, c.title) for c in again.categories} == {(c.slug, c.title) for c in given.categories}
    assert moved(again) == moved(loaded(moved(again)))
